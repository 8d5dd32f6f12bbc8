//! Names that came from outside and were checked once: agent ids, extensions, devices, teams, nodes.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What one sort of name may hold.
pub trait Rule: Clone + Copy + fmt::Debug + PartialEq + Eq + PartialOrd + Ord {
    /// What people call it, for error texts.
    const CALLED: &'static str;
    /// The most characters it may have; the least is one.
    const CHARACTERS_MAX: usize;
    /// The characters it may hold, in words.
    const ALLOWED: &'static str;
    /// Whether the character may stand in it.
    fn allows(character: char) -> bool;
}

/// A text that keeps the rule `R`; it cannot be had unchecked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier<R>(String, PhantomData<R>);

/// Why a text is no such name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a {called} of 1 to {characters_max} characters out of {allowed}")]
pub struct InvalidIdentifier {
    called: &'static str,
    characters_max: usize,
    allowed: &'static str,
}

impl<R: Rule> Identifier<R> {
    /// Checks `text` against the rule.
    pub fn parse(text: &str) -> Result<Self, InvalidIdentifier> {
        let length = text.chars().take(R::CHARACTERS_MAX + 1).count();
        if (1..=R::CHARACTERS_MAX).contains(&length) && text.chars().all(R::allows) {
            return Ok(Self(text.to_owned(), PhantomData));
        }
        Err(InvalidIdentifier {
            called: R::CALLED,
            characters_max: R::CHARACTERS_MAX,
            allowed: R::ALLOWED,
        })
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<R: Rule> FromStr for Identifier<R> {
    type Err = InvalidIdentifier;

    fn from_str(text: &str) -> Result<Self, InvalidIdentifier> {
        Self::parse(text)
    }
}

impl<R> fmt::Display for Identifier<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<R> fmt::Debug for Identifier<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl<R> Serialize for Identifier<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, R: Rule> Deserialize<'de> for Identifier<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The rule of [`AgentId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentIdRule;

impl Rule for AgentIdRule {
    const CALLED: &'static str = "agent id";
    const CHARACTERS_MAX: usize = 32;
    const ALLOWED: &'static str = "letters, digits, '.', '_', '-' and '@'";

    fn allows(character: char) -> bool {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-' | '@')
    }
}

/// The rule of [`Extension`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtensionRule;

impl Rule for ExtensionRule {
    const CALLED: &'static str = "extension";
    const CHARACTERS_MAX: usize = 24;
    const ALLOWED: &'static str = "digits, '*', '#' and '+'";

    fn allows(character: char) -> bool {
        character.is_ascii_digit() || matches!(character, '*' | '#' | '+')
    }
}

/// The rule of [`DeviceName`]: what a call manager accepts as the name of a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceNameRule;

impl Rule for DeviceNameRule {
    const CALLED: &'static str = "device name";
    const CHARACTERS_MAX: usize = 15;
    const ALLOWED: &'static str = "letters, digits, '.', '_' and '-'";

    fn allows(character: char) -> bool {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-')
    }
}

/// The rule of [`TeamName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TeamNameRule;

impl Rule for TeamNameRule {
    const CALLED: &'static str = "team name";
    const CHARACTERS_MAX: usize = 64;
    const ALLOWED: &'static str = "all but control characters";

    fn allows(character: char) -> bool {
        !character.is_control()
    }
}

/// The rule of [`NodeName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeNameRule;

impl Rule for NodeNameRule {
    const CALLED: &'static str = "full host name";
    const CHARACTERS_MAX: usize = 253;
    const ALLOWED: &'static str = "letters, digits, '.' and '-'";

    fn allows(character: char) -> bool {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '-')
    }
}

/// The rule of [`PairName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairNameRule;

impl Rule for PairNameRule {
    const CALLED: &'static str = "name of a server pair";
    const CHARACTERS_MAX: usize = 32;
    const ALLOWED: &'static str = "letters, digits, '_' and '-'";

    fn allows(character: char) -> bool {
        character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
    }
}

/// The id an agent signs in with.
pub type AgentId = Identifier<AgentIdRule>;
/// The number of a line.
pub type Extension = Identifier<ExtensionRule>;
/// The name of a phone, `SEP` and twelve hexadecimal digits for a desk phone.
pub type DeviceName = Identifier<DeviceNameRule>;
/// The name of a team of agents.
pub type TeamName = Identifier<TeamNameRule>;
/// The full host name of a node of this deployment.
pub type NodeName = Identifier<NodeNameRule>;
/// The name of a pair of contact-centre servers.
pub type PairName = Identifier<PairNameRule>;

impl PairName {
    /// The pair that stands for voice state owned by the gateway itself.
    pub fn owned() -> Self {
        Self("owned".to_owned(), PhantomData)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<R: Rule>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(Identifier::<R>::parse(text).expect(text).as_str(), *text);
        }
        for text in bad {
            assert!(Identifier::<R>::parse(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn phn_16_device_names_are_well_formed() {
        let longest = "A".repeat(15);
        let too_long = "A".repeat(16);
        check::<DeviceNameRule>(
            &["SEP001122334455", "CSFjdoe", "A", &longest],
            &["", &too_long, "SEP 1", "SEP/..", "SEP\r\n", "SEP\0", "Ä"],
        );
    }

    #[test]
    fn identifiers_keep_their_limits() {
        check::<AgentIdRule>(&["1001", "a.b@example.org"], &["", "10 01", "a/b", "<a>"]);
        check::<ExtensionRule>(&["2001", "+4930*#"], &["", "20a", "2001 "]);
        check::<NodeNameRule>(&["gw-a.example"], &["", "gw_a", "gw a", "[::1]"]);
    }

    #[test]
    fn a_stored_name_is_checked_when_it_is_read() {
        assert!(serde_json::from_str::<DeviceName>("\"SEP1\"").is_ok());
        assert!(serde_json::from_str::<DeviceName>("\"../etc\"").is_err());
    }
}
