//! Headsets as their phones report them: what is kept of each, and how much of it at most.
//!
//! ```text
//!   connected, snapshot --> Connected at that phone --disconnected, snapshot without it--> Disconnected
//!        ^----------------- the same, or another phone -----------------------------------------'
//!   unseen for retention.headset_days, or a bound --> gone
//! ```
//!
//! A document for each, keyed by its serial number, and one that counts them. What phones say is never proven, so
//! no rule about agents looks at it: any phone may name any serial number as connected to it, and has the headset
//! from then on. The rules are in `step::inventory`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{DeviceName, Identifier, Rule, Timestamp};

/// The most headsets of one report that are looked at.
pub const HEADSETS_OF_REPORT_MAX: usize = 50;
/// The most headsets that are kept.
pub const HEADSETS_MAX: u32 = 50_000;
/// The most headsets that are kept of one phone: those at it, and those that were at it last.
pub const HEADSETS_OF_DEVICE_MAX: usize = 50;
/// The most headsets that one person should have.
pub const HEADSETS_OF_OWNER_MAX: u32 = 15;
/// The most characters of one text that a phone reports of a headset; what is longer is cut.
pub const HEADSET_TEXT_CHARACTERS_MAX: usize = 64;
/// A headset that was connected within that time is active.
const ACTIVE: Duration = Duration::from_secs(30 * 86_400);
/// So often it is written that a headset was seen where nothing else is new.
pub(crate) const SEEN_EVERY: Duration = Duration::from_secs(86_400);

/// The rule of [`HeadsetSerial`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeadsetSerialRule;

impl Rule for HeadsetSerialRule {
    const CALLED: &'static str = "serial number";
    const CHARACTERS_MAX: usize = 64;
    const ALLOWED: &'static str = "printable characters of ASCII";

    fn allows(character: char) -> bool {
        matches!(character, ' '..='~')
    }
}

/// The serial number of a headset.
pub type HeadsetSerial = Identifier<HeadsetSerialRule>;

/// How a headset is connected to its base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadsetConnection {
    /// By a cable.
    Wired,
    /// By DECT.
    DectWireless,
    /// Nobody said.
    #[default]
    Unknown,
}

impl HeadsetConnection {
    /// The name used towards programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wired => "wired",
            Self::DectWireless => "dect_wireless",
            Self::Unknown => "unknown",
        }
    }
}

/// What a phone says of a headset beside its serial number; what it does not say stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeadsetFacts {
    /// The model.
    pub model: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
    /// How it is connected to its base.
    pub connection: HeadsetConnection,
    /// Its firmware.
    pub firmware: Option<String>,
    /// Whoever uses it.
    pub user: Option<String>,
    /// The template that it was set up by.
    pub template: Option<String>,
    /// The model of its base.
    pub dock_model: Option<String>,
    /// The model of the phone that it was seen at.
    pub device_model: Option<String>,
    /// The software of that phone.
    pub software_version: Option<String>,
    /// Whose it is.
    pub owner: Option<String>,
    /// Whose that phone is.
    pub device_owner: Option<String>,
}

impl HeadsetFacts {
    fn texts(&mut self) -> [&mut Option<String>; 10] {
        let Self {
            model,
            vendor,
            connection: _,
            firmware,
            user,
            template,
            dock_model,
            device_model,
            software_version,
            owner,
            device_owner,
        } = self;
        [
            model,
            vendor,
            firmware,
            user,
            template,
            dock_model,
            device_model,
            software_version,
            owner,
            device_owner,
        ]
    }

    /// The same, each text without control characters and cut where it is too long; an empty one says
    /// nothing.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        for text in self.texts() {
            *text = text.take().and_then(|text| bounded(&text));
        }
        self
    }

    /// The same with what `newer` says in the place of what was known.
    #[must_use]
    pub(crate) fn with(mut self, mut newer: Self) -> Self {
        if newer.connection != HeadsetConnection::Unknown {
            self.connection = newer.connection;
        }
        for (text, newer) in self.texts().into_iter().zip(newer.texts()) {
            if newer.is_some() {
                *text = newer.take();
            }
        }
        self
    }
}

fn bounded(text: &str) -> Option<String> {
    let printable = text.chars().filter(|character| !character.is_control());
    let cut: String = printable
        .skip_while(|character| character.is_whitespace())
        .take(HEADSET_TEXT_CHARACTERS_MAX)
        .collect();
    let cut = cut.trim_end();
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadsetEvent {
    /// Those headsets were connected.
    Connected,
    /// Those headsets were taken away.
    Disconnected,
    /// Those headsets are connected, and no others.
    Snapshot,
}

/// A headset in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenHeadset {
    /// Which one.
    pub serial: HeadsetSerial,
    /// What the phone says of it.
    pub facts: HeadsetFacts,
}

/// Whether a headset is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadsetPresence {
    /// It is at its phone.
    Connected,
    /// It is at no phone; it was at its phone last.
    Disconnected,
}

impl HeadsetPresence {
    /// The name used towards programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        }
    }
}

/// What is kept of a headset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHeadset {
    /// Its serial number.
    pub serial: HeadsetSerial,
    /// What phones said of it.
    pub facts: HeadsetFacts,
    /// The phone that it is, or was last, at.
    pub device: DeviceName,
    /// Whether it is connected.
    pub presence: HeadsetPresence,
    /// Since when that is so, at that phone.
    pub since: Timestamp,
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was seen last, to within a day.
    pub last_seen: Timestamp,
}

impl KnownHeadset {
    /// Whether it was connected within the last 30 days.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.presence == HeadsetPresence::Connected || now.since(self.since) <= ACTIVE
    }

    /// For how many whole days it is known.
    pub fn age_days(&self, now: Timestamp) -> u64 {
        now.since(self.first_seen).as_secs() / 86_400
    }

    /// Whose it is, as far as anybody said.
    pub fn owner(&self) -> Option<&str> {
        self.facts.owner.as_deref().or(self.facts.user.as_deref())
    }

    /// Everybody whom phones named with it.
    pub fn people(&self) -> impl Iterator<Item = &str> {
        let HeadsetFacts { owner, user, device_owner, .. } = &self.facts;
        [owner, user, device_owner].into_iter().filter_map(|name| name.as_deref())
    }
}

/// How many headsets are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsetTally {
    /// So many.
    pub count: u32,
}
