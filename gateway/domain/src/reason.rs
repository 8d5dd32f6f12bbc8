//! Reason codes: why an agent is not ready, wraps up or signs out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a reason is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCategory {
    /// Why an agent takes no contacts.
    NotReady,
    /// What a finished contact was about.
    WrapUp,
    /// Why an agent signs out.
    SignOut,
}

impl ReasonCategory {
    /// Every category.
    pub const ALL: [Self; 3] = [Self::NotReady, Self::WrapUp, Self::SignOut];

    /// The name used in settings files and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotReady => "not_ready",
            Self::WrapUp => "wrap_up",
            Self::SignOut => "sign_out",
        }
    }
}

/// The number of a reason, 0 to 65535. Numbers that the system itself gives lie outside what people
/// configure and are shown as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReasonCode(pub u16);

impl ReasonCode {
    /// A connection was lost, or a phone stopped asking (PHN-20, DSK-03).
    pub const CONNECTION_LOST: Self = Self(255);
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}
