//! The judges: what is wrong with something a server sent, in words.
//!
//! - `outline`: what holds for every message, and for every request and answer.
//! - `registered`: the answer to a REGISTER.
//! - `asked`: REFER and NOTIFY to the phone.
//!
//! All are pure: what the phone knows comes in, problems come out. A problem is a breach of a
//! document; what is merely unusual is none.

pub(crate) mod asked;
pub(crate) mod outline;
pub(crate) mod registered;

/// Problems found, in order.
pub(crate) type Problems = Vec<String>;
