//! A call as the gateway knows it while it owns voice state itself.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The most call variables one call may carry.
pub const VARIABLES_MAX: usize = 40;
/// The most characters of a call variable's value.
pub const VARIABLE_VALUE_CHARACTERS_MAX: usize = 200;

/// Who began the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// It came to the agent.
    Inbound,
    /// The agent placed it; a ready agent is not ready afterwards.
    Outbound,
}

/// One value that came with a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallVariable {
    /// The variable's name, for example `callVariable1`.
    pub name: String,
    /// Its value, at most [`VARIABLE_VALUE_CHARACTERS_MAX`] characters.
    pub value: String,
}

/// The call an agent is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}
