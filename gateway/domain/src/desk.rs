//! Where an agent works on digital contacts: one desk for chat and mail together, apart from the voice session
//! (RTE-04), so that it needs no line (RTE-08).
//!
//! ```text
//!   SignedOut --sign in--> NotReady(reason) <--> Ready        contacts in hand, the oldest first
//!       ^                        |                            client: where the agent's browser is connected
//!       `-- sign out, 60 s without a browser, a supervisor: what is in hand goes back to its CSQ
//! ```
//!
//! Assigning and ending a contact change the desk and the contact in one commit. Who decides: the agent about the
//! state, the router about contacts. A browser's presence is told as that of a desktop client is
//! ([`crate::Client`]): by each node of its own connections.

use serde::{Deserialize, Serialize};

use crate::{AgentId, Client, ContactId, ReasonCode, SignedOutBy, Timestamp};

/// Whether an agent takes digital contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeskState {
    /// No new ones.
    NotReady {
        /// Why.
        reason: Option<ReasonCode>,
    },
    /// They may come.
    Ready,
}

impl DeskState {
    /// The name used in events, figures and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotReady { .. } => "not_ready",
            Self::Ready => "ready",
        }
    }
}

/// A desk with its agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedInDesk {
    /// Since when.
    pub at: Timestamp,
    /// Whether contacts may come.
    #[serde(flatten)]
    pub state: DeskState,
    /// Since when.
    pub since: Timestamp,
    /// Since when there is a place for another mail while the agent is Ready (RTE-01).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_since: Option<Timestamp>,
    /// Mails in hand, the oldest first.
    #[serde(default)]
    pub mails: Vec<ContactId>,
    /// Where the browser is connected.
    pub client: Client,
    /// Whether the agent signed in with a line as well.
    #[serde(default)]
    pub has_extension: bool,
    /// Rises with every change.
    pub changes: u32,
}

impl SignedInDesk {
    /// Whether another mail may come, where so many may be in hand.
    pub fn takes_mail(&self, mails_max: usize) -> bool {
        self.state == DeskState::Ready && self.mails.len() < mails_max
    }

    /// Notes since when there is a place.
    pub(crate) fn note_place(&mut self, now: Timestamp, mails_max: usize) {
        self.free_since = match (self.takes_mail(mails_max), self.free_since) {
            (true, Some(since)) => Some(since),
            (true, None) => Some(now),
            (false, _) => None,
        };
    }
}

/// Whether somebody sits there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum DeskStatus {
    /// The agent.
    SignedIn(Box<SignedInDesk>),
    /// Nobody.
    SignedOut {
        /// Since when.
        at: Timestamp,
        /// By whom it was ended.
        by: SignedOutBy,
        /// Why, where a reason was given.
        reason: Option<ReasonCode>,
    },
}

/// The desk of an agent; it stays after sign-out, so that an old page can say why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// Whose.
    pub agent: AgentId,
    /// Random and new with each sign-in.
    pub number: u64,
    /// Whether somebody sits there.
    #[serde(flatten)]
    pub status: DeskStatus,
}

impl Desk {
    /// What is so while the agent is there.
    pub fn signed_in(&self) -> Option<&SignedInDesk> {
        match &self.status {
            DeskStatus::SignedIn(signed_in) => Some(signed_in),
            DeskStatus::SignedOut { .. } => None,
        }
    }
}
