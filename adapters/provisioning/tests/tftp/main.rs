//! TFTP from outside: Debian's clients, and bare sockets that do what no client would.
//!
//! Where a client is not installed its tests print `left out:` and pass.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly, and says why it was left out"
)]

mod bare;
mod bounds;
mod clients;
mod server;
mod unwell;
