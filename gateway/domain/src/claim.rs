//! Small documents that keep a promise: who uses a line or phone, how many wrong passwords came,
//! whether a node is in maintenance, and the secrets that all nodes share.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{AgentKey, LOCK_SECONDS, Sealed, SessionNumber, Timestamp};

/// Who uses a line or a phone's screen. It is written and removed with the session that it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The agent.
    pub agent: AgentKey,
    /// The agent's session.
    pub session: SessionNumber,
}

/// Wrong passwords counted for one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// How many in a row.
    pub wrong_passwords: u8,
    /// When the last one came.
    pub last_at: Timestamp,
    /// Until when no password is tried at all.
    pub locked_until: Option<Timestamp>,
}

impl Account {
    /// Until when the account is locked, where it is at `now`. A lock that would last longer than
    /// any does, since the clock was set back, counts no longer.
    pub fn lock_at(&self, now: Timestamp) -> Option<Timestamp> {
        let latest = now.after(Duration::from_secs(LOCK_SECONDS));
        self.locked_until.filter(|until| now < *until && *until <= latest)
    }
}

/// What is so for one node only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Whether it refuses sign-ins (PHN-09).
    pub maintenance: bool,
}

/// Secrets that every node of the deployment shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// 32 random bytes from which keys for links and the like are derived, sealed.
    pub root: Sealed,
}

/// What an agent's password is compared with where the server that owns voice state cannot be asked,
/// since the agent is signed on already. Kept from the last sign-in that the server accepted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifier {
    /// The argon2id hash of the password.
    pub hash: String,
    /// When it was accepted.
    pub at: Timestamp,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Verifier").field("at", &self.at).finish_non_exhaustive()
    }
}
