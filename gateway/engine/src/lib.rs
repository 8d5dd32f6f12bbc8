//! The one way in: load what a decision needs, decide, commit, publish, and keep promises.
//!
//! ```text
//!   adapter --Input--> lane (order of arrival) --> step --Load--> store
//!                                                   |  `--Refuse--> Outcome::Refused
//!                                                   Decide --> store.commit --> mirror, watchers
//!   store's log --> follower --> mirror, settings, node        (what other nodes committed)
//!   wakes due --> Report::WakeDue --> lane                     (any node may run them)
//!   step asks the owner of voice state --> Owner (the adapter with the link) --> Outcome
//!   Owner hears --> live values --> watchers, feeds, bridge --> Report::VoiceSignedOut
//!   Show --> the best channel that an adapter registered for a device; keys pressed come back
//! ```
//!
//! An adapter knows the [`Port`] and nothing of the store or of other adapters. The mirror is
//! advice: a decision loads what it must be sure of and guards it.

pub mod authenticate;
mod backup;
mod blob;
mod bridge;
mod channels;
mod clients;
pub mod clock;
mod digital;
mod engine;
mod error;
mod feed;
mod follower;
mod growth;
mod identity;
mod inventory;
mod keeper;
mod lanes;
mod lease;
mod live;
mod loading;
mod maintenance;
pub mod metrics;
mod mirror;
mod nodes;
mod outbox;
mod owner;
mod port;
pub mod probe;
mod random;
pub mod recorder;
mod resealing;
mod retention;
pub mod sealing;
mod settings;
mod sign_ins;
mod signing_in;
mod submit;
pub mod surface;
mod tasks;
pub mod testing;
mod waker;

pub use authenticate::{
    Admission, Applicant, Attempt, AuthenticationRefusal, Authenticator, Judgement, counted_name,
};
pub use backup::Kinship;
pub use channels::{
    Channel, ChannelKind, ChannelRequest, Channels, Notice, PRESS_BYTES_MAX, Presenter, Pressed,
    Reach, Registered, SHOW_TIME, Show, ShowFailure, ShowOutcome, ShowPriority, TellOutcome,
    Wanted,
};
pub use clients::ClientConnection;
pub use clock::{Clock, StoreClock, SystemClock};
pub use digital::{DeskConnection, DigitalChange};
pub use engine::{Engine, EngineOptions, StoreState};
pub use error::{OpenError, SubmitError};
pub use feed::{Feed, FeedItem};
pub use growth::StoreGrowth;
pub use lease::HeldLease;
pub use live::{OwnerRequest, PairChange, PairStatus};
pub use metrics::Metrics;
pub use nodes::{
    Describe, NodeSeen, SAID_CONSOLE, SAID_HEADSET, SAID_HOPS, SAID_PHONE, Said, said_hops,
};
pub use outbox::Outbox;
pub use owner::{Owner, QUESTIONS_MAX};
pub use port::Port;
pub use random::{Random, SystemRandom};
pub use recorder::Recorder;
pub use resealing::{ResealError, Resealed, SAID_SEALING_KEYS, SealedSecret};
pub use retention::{Erasure, KeptKind, Overdue, RetentionError};
pub use sealing::{SealingKey, SealingKeys, UnsealError, sealed_under};
pub use signing_in::{SignInAnswer, SignInAttempt};
pub use submit::Outcome;
