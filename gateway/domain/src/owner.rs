//! What may be asked of whoever owns an agent's voice state, and what comes of it.
//!
//! A command is *done* when the agent is seen in the state asked for, or that is announced as next;
//! *refused* with the owner's code; *unknown* when the link was lost or nothing was seen in time.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AgentId, DeviceName, Extension, Mobile, ReasonCode, Secret};

/// A state that may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Taking calls.
    Ready,
    /// Taking none.
    NotReady(Option<ReasonCode>),
    /// Signed out.
    SignedOut(Option<ReasonCode>),
}

/// Something asked of the owner of an agent's voice state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerCommand {
    /// Whom it is about.
    pub agent: AgentId,
    /// What is asked.
    pub ask: OwnerAsk,
}

impl OwnerCommand {
    /// The state it asks for, where it asks for one.
    pub fn target(&self) -> Option<Target> {
        match self.ask {
            OwnerAsk::Set { target, .. } => Some(target),
            _ => None,
        }
    }
}

/// What may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerAsk {
    /// To sign the agent in; done proves the password.
    SignIn(OwnerSignIn),
    /// Whether the password is right, without any change; refused as not possible where the owner
    /// offers no such thing.
    CheckPassword {
        /// The line the agent is signed on with.
        extension: Extension,
        /// The password.
        password: Secret,
    },
    /// To bring the agent into a state.
    Set {
        /// Which.
        target: Target,
        /// The line, where it is known.
        extension: Option<Extension>,
    },
    /// To sign the agent out whatever the state, since nobody speaks for them any more. Done also
    /// where the owner makes it Not Ready instead.
    ForceOut {
        /// The code to give.
        reason: ReasonCode,
        /// The line, where it is known.
        extension: Option<Extension>,
    },
    /// To note what a call was about.
    WrapUp {
        /// Which call, by the id it has here.
        call: String,
        /// The text; owners cut it at 39 bytes.
        text: String,
    },
    /// What the agent is doing; done means that it was heard.
    Query,
}

/// A sign-in to be judged by the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerSignIn {
    /// The line.
    pub extension: Extension,
    /// The password; none where the gateway proved the agent itself, as single sign-on has it.
    pub password: Option<Secret>,
    /// The remote phone, for a mobile agent.
    pub mobile: Option<Mobile>,
    /// The phone picked among several that share the line.
    pub device: Option<DeviceName>,
}

/// Why the owner refused, as far as the gateway acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerRefusalKind {
    /// The agent, or the agent's password, is wrong; not told apart.
    WrongPassword,
    /// The agent is signed on already.
    AlreadySignedOn,
    /// The owner knows no such agent.
    AgentUnknown,
    /// The line is in use by another agent.
    ExtensionInUse,
    /// The line or phone is not one that an agent may sign on with.
    Device,
    /// The account is locked.
    Locked,
    /// Mobile sign-in, or its mode, is not possible.
    Mobile,
    /// The state does not allow it.
    State,
    /// A reason is required, or that one is not valid.
    Reason,
    /// The call is not there any more.
    Call,
    /// The owner cannot do it at present.
    Away,
    /// It is nothing that this owner offers.
    NotOffered,
    /// Anything else.
    Other,
}

/// Why the owner refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerRefusal {
    /// What follows from it.
    pub kind: OwnerRefusalKind,
    /// The owner's code, as it came.
    pub code: u32,
    /// The code in English words, for logs and administrators.
    pub words: String,
}

impl fmt::Display for OwnerRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.words, self.code)
    }
}

/// Why nobody knows what came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The link to the owner was lost, or there is none.
    LinkLost,
    /// Nothing was seen in time.
    NotSeen,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerAnswer {
    /// It is so.
    Done,
    /// It is not, for that reason.
    Refused(OwnerRefusal),
    /// Nobody knows; the agent is asked about.
    Unknown(Unclear),
    /// There is no link to the owner, so nothing was asked.
    Unreachable,
}
