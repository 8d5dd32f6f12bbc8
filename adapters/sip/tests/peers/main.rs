//! The adapter against programs that others wrote: Debian's Kamailio and SIPp, and PJSUA2 from Python.
//!
//! Each test starts its own on free ports. The gateway is 127.0.0.1, Kamailio 127.0.0.2 and phones are 127.0.0.3,
//! so that a proxy whose word counts is another machine than a phone. Where a program is missing a test prints
//! `left out:` and passes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly, and says why it was left out"
)]

mod behind;
mod edge;
mod kamailio;
mod node;
mod pjsua;
mod process;

mod scenarios;
mod sipp;
