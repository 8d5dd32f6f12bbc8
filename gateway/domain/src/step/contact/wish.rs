//! What may be wished for contacts and desks, and what nodes say of agents' browsers.

use super::work::DraftChange;
use crate::{
    AgentId, ClientPresence, ConnectionNumber, ContactId, NodeName, ReasonCode, SignedOutBy,
    WrapUpChoice,
};

/// A wish about a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactCommand {
    /// Which.
    pub contact: ContactId,
    /// The agent who works on it; none where a supervisor or the router asks.
    pub by: Option<AgentId>,
    /// What is wished for.
    pub wish: ContactWish,
}

/// What may be wished for a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactWish {
    /// The router found an agent for it.
    Assign {
        /// Whom.
        agent: AgentId,
    },
    /// It goes back to a CSQ, and never to who gives it back.
    Requeue {
        /// Which one.
        csq: String,
    },
    /// It is over without an answer.
    Discard,
    /// What it is about.
    WrapUp {
        /// At most [`crate::WRAP_UP_CHOSEN_MAX`].
        chosen: Vec<WrapUpChoice>,
    },
    /// What is being written changes.
    SaveDraft {
        /// How.
        change: Box<DraftChange>,
    },
    /// What is written goes out.
    Send {
        /// Its version.
        version: u32,
        /// The domain of the account, for the Message-ID.
        domain: String,
    },
    /// A supervisor gives it to an agent.
    Reassign {
        /// To whom.
        agent: AgentId,
    },
    /// A supervisor takes it back into a queue.
    TakeBack {
        /// Into which; its own where none is named.
        csq: Option<String>,
    },
    /// It waits for one agent no longer.
    Release,
}

/// A wish about a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskCommand {
    /// Whose.
    pub agent: AgentId,
    /// The number of the sign-in that the asker knows; another one since is not theirs.
    pub desk: Option<u64>,
    /// What is wished for.
    pub wish: DeskWish,
}

/// What may be wished for a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskWish {
    /// The agent sits down.
    SignIn {
        /// Whether with a line too.
        has_extension: bool,
    },
    /// Contacts may come.
    Ready,
    /// No new contacts.
    NotReady {
        /// Why.
        reason: Option<ReasonCode>,
    },
    /// Everything in hand goes back to its CSQ.
    SignOut {
        /// Why.
        reason: Option<ReasonCode>,
        /// By whom.
        by: SignedOutBy,
    },
}

/// One node's news of an agent's browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskNews {
    /// Whose.
    pub agent: AgentId,
    /// The number of the sign-in.
    pub desk: u64,
    /// Which connection.
    pub connection: ConnectionNumber,
    /// The node that has or had it.
    pub node: NodeName,
    /// Whether it is there.
    pub presence: ClientPresence,
}
