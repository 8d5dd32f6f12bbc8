//! Alarms by mail and webhook, for sites that watch no metrics: judged, kept, told and repeated.
//!
//! - `judge`: what becomes an alarm and when it is over, pure;
//! - `outgoing`: what waits for one receiver, retries and digests, pure;
//! - `letter`, `webhook`, `mail`, `tls`: how it reads and how it gets there;
//! - `service`: the task that owns all of it; `kept` is what survives a restart.
//!
//! The server hands in how parts stand; nothing here knows what a part is.

mod figures;
mod judge;
mod kept;
mod letter;
mod mail;
mod outgoing;
mod receiver;
mod service;
mod tls;
mod webhook;

pub use judge::{Event, Found, Judge, Notice, PartKey, Seen};
pub use outgoing::{Failure, Letter};
pub use service::{Alarms, Look, Looking, ReceiverState};
