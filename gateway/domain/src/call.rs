//! A call as an agent's screens show it, whoever owns it.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The most call variables one call may carry.
pub const VARIABLES_MAX: usize = 40;
/// The most characters of a call variable's value.
pub const VARIABLE_VALUE_CHARACTERS_MAX: usize = 200;

/// Who began the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// It came to the agent.
    Inbound,
    /// The agent placed it; a ready agent is not ready afterwards.
    Outbound,
}

/// One value that came with a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallVariable {
    /// The variable's name, for example `callVariable1`.
    pub name: String,
    /// Its value, at most [`VARIABLE_VALUE_CHARACTERS_MAX`] characters.
    pub value: String,
}

/// What a call is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// It rings at the agent.
    Alerting,
    /// The agent is dialling, or the other side is called.
    Dialling,
    /// The two talk.
    #[default]
    Active,
    /// It is on hold.
    Held,
    /// It is over and being wrapped up.
    Over,
}

/// The call an agent is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Call {
    /// Its id, unique while it lasts.
    pub id: String,
    /// Who began it.
    pub direction: CallDirection,
    /// The other side's number, as it came.
    pub number: String,
    /// When it began.
    pub began_at: Timestamp,
    /// What came with it, in order.
    pub variables: Vec<CallVariable>,
    /// What the agent noted it was about, where they did.
    pub wrap_up_reason: Option<crate::ReasonCode>,
    /// What it was about in words, as another owner of the call keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrap_up_text: Option<String>,
    /// What it is doing.
    #[serde(default)]
    pub state: CallState,
    /// The line it is on, where that is not the one agents take their calls on (CTI-09).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_line: Option<crate::Extension>,
    /// The queue it came through, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
}
