//! Names that stand in paths, and the token that proves who asks.

use std::fmt;

use super::{DEVICE_CHARACTERS_MAX, MODEL_CHARACTERS_MAX};

/// Why a text is no device's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device name has 1 to {DEVICE_CHARACTERS_MAX} letters, digits, '.', '_' and '-'")]
pub struct BadDeviceName;

/// The name of a device, as phones write it: `SEP` and twelve digits, `CSF` and a user's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceName(Box<str>);

impl DeviceName {
    /// Takes a name that may stand in a path.
    pub fn new(name: &str) -> Result<Self, BadDeviceName> {
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let is_good = (1..=DEVICE_CHARACTERS_MAX).contains(&name.len())
            && name.bytes().all(is_allowed)
            && !is_way_up(name);
        if is_good { Ok(Self(name.into())) } else { Err(BadDeviceName) }
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether `text` can be a headset's model and can stand in a path.
#[must_use]
pub fn is_model(text: &str) -> bool {
    (1..=MODEL_CHARACTERS_MAX).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(|one| !is_printable(one) || matches!(one, '/' | '\\'))
        && !is_way_up(text)
}

/// Whether a character shows and can stand in XML.
pub(super) fn is_printable(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{FFFE}' | '\u{FFFF}')
}

/// Whether a segment of a path means a folder rather than a name.
pub(super) fn is_way_up(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// A token that proves a device for some hours. Neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

impl Token {
    /// Wraps a token.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The token itself, for whoever has to send or compare it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}
