//! An agent's session: one for each agent over phone and desktop (PHN-22), kept in the store.
//!
//! ```text
//!   (none) -- sign in --> SignedIn -- sign out, forced or asked --> SignedOut
//!                          ^   |                                       |
//!   taken over, generation +1  `----- sign in, new number, generation +1'
//! ```
//!
//! Where a contact-centre server owns voice state, a forced sign-out goes by way of `Leaving`: the
//! session is over, and the sign-out is owed to the server until it is seen there, or its deadline
//! passes. A new sign-in waits for that, since the two could overtake each other on the wire.
//!
//! A page or message made for an older number or generation no longer speaks for the session.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{
    AgentKey, Call, Client, DeviceName, Extension, Mobile, NodeName, Origins, ReasonCode,
    Timestamp, Voice,
};

/// The random number of a session; it changes with each sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionNumber(pub u64);

impl fmt::Display for SessionNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// One holder of a session: it ends when somebody else takes the session over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRef {
    /// Which session.
    pub number: SessionNumber,
    /// The how-manieth holder of the agent's sessions.
    pub generation: u32,
}

/// What a phone must show beside a link, so that a link that leaked opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneProof {
    /// SHA-256 of the cookie given at sign-in, in hexadecimal.
    pub cookie_digest: String,
    /// The address the phone signed in from, for phones that dropped the cookie.
    pub address: IpAddr,
}

/// What is so while the agent is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// When the session began.
    pub at: Timestamp,
    /// The node that answers for its timers.
    pub node: NodeName,
    /// The agent's line.
    pub extension: Extension,
    /// The phone that carries the line's voice.
    pub device: Option<DeviceName>,
    /// The phone that shows the agent's screen, where the session is held by one.
    pub screen: Option<DeviceName>,
    /// Where a mobile agent takes calls.
    pub mobile: Option<Mobile>,
    /// The second proof of the screen.
    pub proof: Option<PhoneProof>,
    /// The desktop client that holds it, where one does; none is waited for that was never there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// What the agent is doing, where the gateway owns that; else whoever owns it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
    /// The call they are in or wrap up, where the gateway owns that.
    pub call: Option<Call>,
    /// Rises with every change; a page made at an older count is stale.
    pub changes: u32,
    /// Who caused what is so.
    #[serde(default, skip_serializing_if = "Origins::is_empty")]
    pub origins: Origins,
}

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedOutBy {
    /// The agent.
    Agent,
    /// A supervisor or administrator.
    Supervisor,
    /// The gateway, for a phone or client that is gone.
    System,
}

/// What is left of a session that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOut {
    /// When.
    pub at: Timestamp,
    /// Why, where a reason was given.
    pub reason: Option<ReasonCode>,
    /// By whom.
    pub by: SignedOutBy,
}

/// A session that is over here, while the sign-out is still owed to the server that owns the agent's
/// voice state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Since when.
    pub at: Timestamp,
    /// Why, where a reason was given.
    pub reason: Option<ReasonCode>,
    /// By whom.
    pub by: SignedOutBy,
    /// It is given up then.
    pub until: Timestamp,
}

/// Whether the agent is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// Signed in.
    SignedIn(Box<SignedIn>),
    /// Signed out here, and the sign-out is under way.
    Leaving(Leaving),
    /// Signed out.
    SignedOut(SignedOut),
}

/// The session document of an agent; it stays after sign-out, so that an old page can say why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSession {
    /// Whose session.
    pub agent: AgentKey,
    /// Its number.
    pub number: SessionNumber,
    /// Its present holder; rises with each sign-in, take-over and sign-out, and never falls.
    pub generation: u32,
    /// Whether it lasts.
    #[serde(flatten)]
    pub status: Status,
}

impl AgentSession {
    /// Who holds it now.
    pub fn holder(&self) -> SessionRef {
        SessionRef { number: self.number, generation: self.generation }
    }

    /// What is so while it lasts.
    pub fn signed_in(&self) -> Option<&SignedIn> {
        match &self.status {
            Status::SignedIn(signed_in) => Some(signed_in),
            Status::Leaving(_) | Status::SignedOut(_) => None,
        }
    }

    /// The sign-out that is under way.
    pub fn leaving(&self) -> Option<&Leaving> {
        match &self.status {
            Status::Leaving(leaving) => Some(leaving),
            _ => None,
        }
    }
}
