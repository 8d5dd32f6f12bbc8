//! The adapter against a real directory server: Debian's slapd, private to each test.
//!
//! Where slapd is not installed every test prints `left out:` and passes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly, and says why it was left out"
)]

mod server;

use server::Slapd;

/// Says why a test does nothing here.
macro_rules! slapd_or_leave {
    ($what:expr) => {
        match $crate::Slapd::start($what) {
            Some(server) => server,
            None => {
                println!("left out: slapd is not installed (Debian's package slapd)");
                return;
            }
        }
    };
}

mod signing_in;
mod taking_over;
mod unwell;
