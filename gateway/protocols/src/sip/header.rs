//! Typed values of header fields, read from a [`Message`](super::Message) only when they are asked for.
//!
//! Their grammar is read by our own scanner (`grammar`), which checked the message when it came: a second
//! reader could see something else there than the first. `ezk-sip-types` gives a second opinion, in tests: in
//! what comes from outside it decodes percent signs in parameters, looks parameter names up with case, refuses
//! `\"` in display names and all schemes but two, and takes an unreadable number for none.

mod address;
mod cseq;
mod event;
mod get;
mod media;
mod parameters;
mod refer;
mod via;

pub use address::{Contacts, NameAddress};
pub use cseq::CSeq;
pub use event::{Event, SubscriptionState, SubscriptionStatus};
pub use media::MediaType;
pub use parameters::Parameters;
pub use refer::{ReferTo, ReferToProblem};
pub use via::Via;

pub(super) use event::token_and_parameters;
pub(super) use via::is_unique;

/// A header field that cannot be read, or must not be there twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {words}")]
pub struct BadHeader {
    /// Its name.
    pub field: &'static str,
    /// What is wrong, as the end of a sentence that begins with the field.
    pub words: String,
}

impl BadHeader {
    pub(super) fn new(field: &'static str, words: impl Into<String>) -> Self {
        Self { field, words: words.into() }
    }
}
