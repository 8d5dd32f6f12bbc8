//! Settings documents as the store keeps them.

use serde::{Deserialize, Serialize};

use super::{Agent, CtiPair, Device, Layout, PhoneService, Reason, Team, Trust, Voice};
use crate::{Key, Kind};

/// Which part of the settings a document belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Teams.
    Team,
    /// Agents.
    Agent,
    /// Reason codes.
    Reason,
    /// Call-variable layouts.
    Layout,
    /// Phones and device profiles.
    Device,
    /// Certificates we trust.
    Trust,
    /// Pairs of contact-centre servers.
    CtiPair,
    /// How phones are served.
    PhoneService,
    /// What holds for voice state that the gateway owns.
    Voice,
}

impl Section {
    /// Every section.
    pub const ALL: [Self; 9] = [
        Self::Team,
        Self::Agent,
        Self::Reason,
        Self::Layout,
        Self::Device,
        Self::Trust,
        Self::CtiPair,
        Self::PhoneService,
        Self::Voice,
    ];

    /// The name under which the store keeps it. It never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Agent => "agent",
            Self::Reason => "reason",
            Self::Layout => "layout",
            Self::Device => "device",
            Self::Trust => "trust",
            Self::CtiPair => "cti_pair",
            Self::PhoneService => "phone_service",
            Self::Voice => "voice",
        }
    }
}

/// One settings document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "section", rename_all = "snake_case")]
pub enum SettingDocument {
    /// A team.
    Team(Team),
    /// An agent.
    Agent(Agent),
    /// A reason code.
    Reason(Reason),
    /// A call-variable layout.
    Layout(Layout),
    /// A phone or device profile.
    Device(Device),
    /// Certificates we trust.
    Trust(Trust),
    /// A pair of contact-centre servers.
    CtiPair(Box<CtiPair>),
    /// How phones are served.
    PhoneService(Box<PhoneService>),
    /// What holds for voice state that the gateway owns.
    Voice(Voice),
}

impl SettingDocument {
    /// The part of the settings it belongs to.
    pub fn section(&self) -> Section {
        match self {
            Self::Team(_) => Section::Team,
            Self::Agent(_) => Section::Agent,
            Self::Reason(_) => Section::Reason,
            Self::Layout(_) => Section::Layout,
            Self::Device(_) => Section::Device,
            Self::Trust(_) => Section::Trust,
            Self::CtiPair(_) => Section::CtiPair,
            Self::PhoneService(_) => Section::PhoneService,
            Self::Voice(_) => Section::Voice,
        }
    }

    /// Where the store keeps it.
    pub fn key(&self) -> Key {
        let section = self.section().name();
        let id = match self {
            Self::Team(team) => format!("{section}/{}", team.name),
            Self::Agent(agent) => format!("{section}/{}", agent.id),
            Self::Reason(reason) => {
                format!("{section}/{}/{}", reason.category.name(), reason.code)
            }
            Self::Layout(layout) => format!("{section}/{}", layout.name),
            Self::Device(device) => format!("{section}/{}", device.name),
            Self::Trust(trust) => format!("{section}/{}", trust.name),
            Self::CtiPair(pair) => format!("{section}/{}", pair.name),
            Self::PhoneService(_) | Self::Voice(_) => section.to_owned(),
        };
        Key::new(Kind::Setting, id)
    }
}

/// The number of the settings as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsHead {
    /// Rises with every change.
    pub number: u64,
    /// A keyed digest of the file they came from, where they came from one.
    pub source: Option<String>,
}
