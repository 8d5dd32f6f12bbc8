//! An agent's Cisco IP phone as a peer: XML screens, push, and the authentication callback.
//!
//! The phone fetches a URL and shows the object it gets; every key and item holds the next URL. It
//! is told of changes by a push, upon which it fetches its page anew. Sources: Cisco's "IP Phone
//! Services Application Development Notes" for objects, headers and push; the chapter "Manage
//! Finesse IP Phone Agent" for what agents see and what the service URL looks like.
//!
//! ```text
//!   phone --GET page--> routes --Input--> engine            translate: session + settings -> page
//!   phone <--object---- routes <-session-               `-- press -> wish
//!   phone <--push "fetch your page"-- push <--changes-- engine
//!   phone --is that push yours?--> routes (authentication)
//! ```
//!
//! A page holds nothing that the next person at the phone could use: links need the cookie of the
//! sign-in or its address, and a prefilled password never stands in a page, a URL or the log.

mod activity;
mod authentication;
mod client;
mod config;
mod elsewhere;
mod error;
mod lines;
mod link;
mod metrics;
mod models;
mod noted;
mod pending;
mod prefill;
mod proof;
mod push;
mod query;
mod routes;
mod sight;
mod source;
mod surface;
#[cfg(test)]
mod testing;
mod texts;
mod translate;

pub use error::PushReason;
pub use link::HOST_CHARACTERS_MAX;
pub use models::{Cuts, cuts};
pub use push::PushState;
pub use sight::{PhoneKey, PhonePage, PhoneSight};
pub use surface::Phone;
pub(crate) use surface::locked;
