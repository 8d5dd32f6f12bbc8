//! Why a wish is not carried out: a code with its arguments, for which adapters find the words.

use serde::{Deserialize, Serialize};

use crate::{
    AgentKey, DeviceName, Extension, OwnerRefusal, PairName, ReasonCategory, ReasonCode, Timestamp,
};

/// Why a command changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// A code or refresh token is unknown, over, or another's.
    GrantInvalid,
    /// No agent has that id.
    AgentUnknown,
    /// The agent is not signed in, or the session was taken over or ended.
    NotSignedIn,
    /// The page is older than the agent's state.
    Stale,
    /// The node refuses sign-ins; the other one's name where configured (PHN-09).
    Maintenance {
        /// What the service to use meanwhile is called.
        alternate: Option<String>,
    },
    /// No phone has that line.
    ExtensionUnknown {
        /// The line.
        extension: Extension,
    },
    /// Another agent uses the line.
    ExtensionInUse {
        /// The line.
        extension: Extension,
        /// Who uses it.
        by: AgentKey,
    },
    /// The phone is not among the listed ones (PHN-16).
    DeviceUnknown {
        /// The phone.
        device: DeviceName,
    },
    /// Another agent is signed in on the phone's screen.
    DeviceInUse {
        /// The phone.
        device: DeviceName,
        /// Who is signed in there.
        by: AgentKey,
    },
    /// Several phones have the line; one must be picked.
    DeviceChoice {
        /// The phones.
        devices: Vec<DeviceName>,
    },
    /// Mobile sign-in is not allowed here.
    MobileNotAllowed,
    /// The reason is not configured for the agent's team.
    ReasonUnknown {
        /// For what.
        category: ReasonCategory,
        /// The number given.
        code: ReasonCode,
    },
    /// Only an agent who is Not Ready signs out.
    SignOutNeedsNotReady,
    /// The agent is in a call.
    CallInProgress,
    /// The agent is in no call.
    NoCall,
    /// A call carries too much.
    CallTooLarge {
        /// Which limit was passed, in words.
        limit: String,
    },
    /// Mobile sign-in is not possible with the agent's contact-centre server (CTI-04).
    MobileNotOffered,
    /// The server that owns the agent's voice state refused.
    Owner {
        /// Why.
        why: OwnerRefusal,
    },
    /// There is no link to the server that owns the agent's voice state.
    OwnerAway {
        /// Which pair of servers.
        pair: PairName,
    },
    /// A server owns the agent's calls, so none begins or ends here.
    VoiceNotOwned,
    /// What the agent is doing is not known at present, so nothing is changed.
    NotKnown {
        /// Since when.
        since: Timestamp,
    },
    /// A sign-out is under way that a new sign-in has to wait for.
    Leaving {
        /// It is given up then.
        until: Timestamp,
    },
    /// The agent is signed on elsewhere, and the password cannot be checked meanwhile, or the line is
    /// another.
    SignedOnElsewhere {
        /// The line there, where it is known.
        extension: Option<Extension>,
    },
    /// Several pairs of servers know that agent id (CTI-10).
    SeveralPairs {
        /// Which.
        pairs: Vec<PairName>,
    },
    /// Settings changed in a way that signed-in agents do not allow.
    SettingsInUse {
        /// What stands in the way, in words.
        why: String,
    },
    /// The settings changed since they were looked at; look again.
    SettingsMoved,
    /// A one-time password was taken already.
    UsedAlready,
    /// The link is no longer good, or never was.
    LinkOver,
    /// The account has as many of them as it may.
    TooMany {
        /// The most there may be.
        limit: usize,
    },
    /// There is no such contact.
    ContactUnknown,
    /// Another agent has the contact, or nobody.
    ContactNotYours,
    /// The contact is over.
    ContactClosed,
    /// There is no such CSQ for that channel.
    CsqUnknown,
    /// The agent is not Ready, or has as many contacts as they may.
    AgentHasNoPlace,
    /// A mail that is being sent on is not given back.
    ForwardOpen,
    /// What is sent on takes no further files with it.
    ForwardTakesNoFiles,
    /// Nothing is written yet.
    NothingWritten,
    /// Nobody is named to whom it goes.
    NoRecipient,
    /// The text, subject or files of an answer are larger than they may be.
    AnswerTooLarge,
    /// There is no such wrap-up reason for the contact.
    WrapUpUnknown,
}
