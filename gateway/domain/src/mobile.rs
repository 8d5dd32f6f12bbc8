//! Mobile agents: the voice goes to a number that is not their own phone (CTI-04).

use serde::{Deserialize, Serialize};

use crate::Extension;

/// How the remote phone is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MobileMode {
    /// The remote phone is called for each call.
    CallByCall,
    /// The remote phone stays connected from sign-in to sign-out.
    NailedConnection,
}

/// Where a mobile agent takes calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mobile {
    /// The number to dial.
    pub number: Extension,
    /// How it is connected.
    pub mode: MobileMode,
}
