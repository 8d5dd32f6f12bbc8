//! The real gateway with simulated phones over loopback: one module for each promise.
//!
//! The programs are `JACKFIELD_BIN`, `JACKFIELD_PEERS_BIN` and `JACKFIELD_ORACLES_BIN`, else those where
//! `cargo xtask test` builds them, near this test's own folder. Every test starts a gateway of its own,
//! on free ports, in a folder of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly"
)]

mod gateway;
mod headset_wire;
mod mail_site;
mod node;
mod phone;
mod planted;
mod sip_phone;
mod supervisor;
mod wire;

mod administration;
mod call;
mod contact_centre;
mod database;
mod durability;
mod events;
mod flight_recorder;
mod guides;
mod headset;
mod headset_back;
mod headset_hostile;
mod headset_nodes;
mod headset_phones;
mod headset_remote;
mod headset_sync;
mod hostile;
mod languages;
mod mail_crashes;
mod mail_nodes;
mod models;
mod nodes;
mod observability;
mod old_phones;
mod production;
mod provisioning;
mod push;
mod reasons;
mod rest;
mod restart;
mod secrets;
mod shift;
mod sign_in;
mod single_sign_on;
mod sip;
mod sip_hostile;
mod syslog;
mod take_over;
