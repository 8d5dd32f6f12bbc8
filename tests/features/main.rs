//! The real gateway with simulated phones over loopback: one module for each promise.
//!
//! The programs are `JACKFIELD_BIN` and `JACKFIELD_PEERS_BIN`, else those beside this test's own
//! folder. Every test starts a gateway of its own, on free ports, in a folder of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly"
)]

mod gateway;
mod node;
mod phone;
mod planted;
mod wire;

mod administration;
mod call;
mod contact_centre;
mod database;
mod durability;
mod hostile;
mod languages;
mod models;
mod nodes;
mod observability;
mod old_phones;
mod production;
mod push;
mod reasons;
mod rest;
mod secrets;
mod shift;
mod sign_in;
mod syslog;
mod take_over;
