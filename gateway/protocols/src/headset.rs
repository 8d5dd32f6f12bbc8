//! The headset service: what phones ask of it over HTTP, in the words that a profile gives.
//!
//! Which paths, members and values real phones use is not public. So there is one set of typed documents and
//! one [`Profile`] that says how they stand on the wire; the built-in one is a proposal of ours.
//!
//! ```text
//!  request line --Profile::route--> Routed: Asked | WrongMethod | Unknown --masked--> kept for whoever
//!  body --json | xml--> tree --read--> Update | InventoryEvent                        writes a profile
//!  Discovery | Configuration | Answer | Template --write--> tree --json | xml--> body
//! ```
//!
//! Nothing is kept here and nothing is decided: who asks, what an agent's state is and what a phone is told are
//! the adapter's. Bodies are read within named limits; a document type, a member that stands twice and a value
//! beyond its limit are refused with the name that the wire gave it, and members nobody knows are passed over.

mod answer;
mod content;
mod device;
mod enumeration;
mod fuzz;
mod inventory;
mod json;
mod mask;
mod member;
mod moment;
mod profile;
mod read;
mod service;
mod template;
mod tree;
mod write;
mod xml;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Configuration, Current, Lights, Reason, Update};
pub use content::BadBody;
pub use device::{BadDeviceName, DeviceName, Token, is_model};
pub use enumeration::{
    AgentState, FirmwareChoice, HeadsetEvent, HeadsetKind, HeadsetStatus, Light, Mode, MuteButton,
    Refusal, ServiceClass,
};
pub use fuzz::{fuzz_headset_documents, fuzz_headset_profile};
pub use inventory::{HeadsetSeen, InventoryEvent};
pub use mask::{MaskedRequest, masked};
pub use moment::{Moment, TimeFormat};
pub use profile::{Asked, Format, Profile, ProfileProblem, Request, Routed};
pub use service::{Discovery, Service};
pub use template::{HeadsetSettings, Template};

/// The number that discovery gives itself: it rises when members change their meaning.
pub const SCHEMA: u32 = 1;
/// Bytes of an update that are read.
pub const UPDATE_BYTES_MAX: usize = 16 * 1_024;
/// Bytes of an inventory event that are read.
pub const INVENTORY_BYTES_MAX: usize = 64 * 1_024;
/// Bytes of one of our own answers that are read.
pub const ANSWER_BYTES_MAX: usize = 256 * 1_024;
/// How deep members of a body may stand in each other.
pub const DEPTH_MAX: usize = 16;
/// Members and entries that a body may have.
pub const NODES_MAX: usize = 4_096;
/// Headsets that one inventory event may tell of.
pub const HEADSETS_MAX: usize = 50;
/// Services that discovery may tell of.
pub const SERVICES_MAX: usize = 16;
/// Reasons that a configuration may offer.
pub const REASONS_MAX: usize = 500;
/// Characters of a device's name.
pub const DEVICE_CHARACTERS_MAX: usize = 15;
/// Characters of a headset's model.
pub const MODEL_CHARACTERS_MAX: usize = 64;
/// Characters of a request's id, all of them printable ASCII.
pub const REQUEST_ID_CHARACTERS_MAX: usize = 64;
/// Characters of a version or an `ETag`.
pub const VERSION_CHARACTERS_MAX: usize = 64;
/// Characters of an address of a service.
pub const ADDRESS_CHARACTERS_MAX: usize = 1_024;
/// Characters of what agents read of a reason; what is longer is cut when it is written.
pub const REASON_LABEL_CHARACTERS_MAX: usize = 100;
/// Characters of a text that people read.
pub const LABEL_CHARACTERS_MAX: usize = 200;
/// Characters of what an inventory tells: serial number, model, owner and the like.
pub const INVENTORY_TEXT_CHARACTERS_MAX: usize = 64;
/// Characters of a template's value that is a word.
pub const WORD_CHARACTERS_MAX: usize = 32;
/// Characters of a token.
pub const TOKEN_CHARACTERS_MAX: usize = 512;
/// The largest code of a reason.
pub const REASON_CODE_MAX: u32 = 65_535;
/// The loudest speaker volume of a template.
pub const SPEAKER_VOLUME_MAX: u32 = 15;
/// The longest that discovery asks a phone to wait.
pub const RETRY_SECONDS_MAX: u32 = 86_400;
/// The greatest age of a headset that is read: a century.
pub const AGE_DAYS_MAX: u32 = 36_525;
