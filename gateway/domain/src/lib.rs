//! What agents, calls and settings are, and what may happen to them next.
//!
//! Pure: no sockets, no clock, no runtime, no log. Time and randomness are arguments. The engine
//! calls [`step()`] with an [`Input`] and a [`View`] of what is loaded, and carries out the
//! [`Decision`] it gets. Whatever has to survive is a [`Document`] with a schema number.
//!
//! ```text
//!   Input --> step(now, entropy, input, view) --> Load(asks)      ask again with more loaded
//!                                             \-> Decide(...)     commit all of it or nothing
//!                                             \-> Refuse(code)    nothing changes
//! ```

mod audit;
mod call;
mod claim;
mod client;
mod console;
mod contact;
mod decision;
mod desk;
mod device_choice;
mod document;
mod headset;
mod identifier;
mod identity;
mod index;
mod inventory;
mod key;
pub mod mail;
mod mobile;
mod origin;
mod owner;
mod presence;
mod principal;
mod problem;
mod reason;
mod refusal;
pub mod report;
pub mod routing;
mod secret;
mod session;
pub mod settings;
mod sign_in;
mod step;
mod time;
mod view;
mod voice;

pub use audit::{
    Actor, AuditEntry, AuditHead, BrokenChain, CHANGES_MAX, ChainCheck, Deed, FieldChange, Past,
    TakenUpTo,
};
pub use call::{
    Call, CallDirection, CallState, CallVariable, VARIABLE_VALUE_CHARACTERS_MAX, VARIABLES_MAX,
};
pub use claim::{Account, Claim, Deployment, Node, Verifier};
pub use client::{CLIENT_SECONDS, Client, ClientPresence, ConnectionNumber};
pub use console::{
    AccessToken, GROUPS_MAX, Identity, SESSIONS_MAX, SecondFactor, SetUpLink, Standing, TOKENS_MAX,
    WebSession, administrators,
};
pub use contact::{
    CategoryTerms, Closing, Contact, ContactId, ContactMail, ContactTerms, Customer, Ending,
    FAILED_ANSWERS_MAX, InvalidContactId, LEGS_MAX, LedgerPlace, Leg, LegEnd, MailNotice, Place,
    SUBJECT_CHARACTERS_MAX, Sticky, WRAP_UP_CHOSEN_MAX, WrapUpChoice,
};
pub use decision::{
    Asked, Decision, Effect, Event, Guard, OwedUntil, Reply, Wake, WakeChange, Write, WriteBody,
};
pub use desk::{Desk, DeskState, DeskStatus, SignedInDesk};
pub use device_choice::{DeviceChoice, choose_device};
pub use document::{DecodeDocumentError, Document, IndexEntry};
pub use headset::{HeadsetNews, HeadsetState, HeadsetStatus};
pub use identifier::{
    AgentId, DeviceName, Extension, Identifier, InvalidIdentifier, NodeName, PairName, Rule,
    TeamName,
};
pub use identity::{
    AuthorizationCode, Choice, EncryptionKey, FAMILIES_OF_SESSION_MAX, Grant, IdentityKeys,
    IdentityState, KEYS_MAX, KeyState, NodeFacts, Person, Revocation, Revoked,
    SIGNED_ON_SESSION_MAX, SamlKey, SignOnSession, StateReason, TOKEN_LIFE_MAX, TRUST_TESTS_MAX,
    TokenFamily, TokenKey, TrustTest, TrustTests, UsedMessage, choose, state as identity_state,
    why_not_enabled,
};
pub use index::{Index, IndexRange};
pub use inventory::{
    HEADSET_TEXT_CHARACTERS_MAX, HEADSETS_MAX, HEADSETS_OF_DEVICE_MAX, HEADSETS_OF_OWNER_MAX,
    HEADSETS_OF_REPORT_MAX, HeadsetConnection, HeadsetEvent, HeadsetFacts, HeadsetPresence,
    HeadsetSerial, HeadsetSerialRule, HeadsetTally, KnownHeadset, SeenHeadset,
};
pub use key::{AgentKey, Key, Kind, Version};
pub use mobile::{Mobile, MobileMode};
pub use origin::{CameFrom, Origin, Origins};
pub use owner::{
    OwnerAnswer, OwnerAsk, OwnerCommand, OwnerRefusal, OwnerRefusalKind, OwnerSignIn, Target,
    Unclear,
};
pub use presence::{Heard, HeardState, Known, LiveAgent, Presence, PresenceState, QueueFigures};
pub use principal::{Principal, Proof, Role};
pub use problem::{Problem, Problems};
pub use reason::{ReasonCategory, ReasonCode};
pub use refusal::Refusal;
pub use secret::{Sealed, Secret};
pub use session::{
    AgentSession, Leaving, PhoneProof, SessionNumber, SessionRef, SignedIn, SignedOut, SignedOutBy,
    Status,
};
pub use settings::{Channel, Settings};
pub use sign_in::{LOCK_SECONDS, WRONG_PASSWORDS_MAX, sign_in_possible};
pub use step::{
    AUDIT_FORGOTTEN_MAX, AgentCommand, CONTACTS_FORGOTTEN_MAX, Command, ConsoleCommand,
    ContactCommand, ContactWish, DeskCommand, DeskNews, DeskWish, DraftChange, ERASED, Entropy,
    HEADSETS_FORGOTTEN_MAX, Halt, IDENTITY_FORGOTTEN_MAX, IdentityCommand, Input, InputBody,
    InputId, LEAVING_SECONDS, MAIL_TOPIC, OWED_SECONDS, OwedSignOut, RECORD_TOPIC, Report,
    SWEEP_TOPIC, SignIn, SignInOn, Step, Wish, identity_over, step,
};
pub use time::Timestamp;
pub use view::{Ask, Loaded, View};
pub use voice::{AfterCall, Voice, VoiceChange, VoiceState};
