//! Alarms from a part that goes amiss to what receivers really get, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

mod authority;
mod desk;
mod hook;
mod hooks;
mod mailing;
mod post_office;
mod restarts;
