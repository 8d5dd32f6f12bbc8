//! The adapter over real sockets, from the side of phones, proxies and strangers who write text.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly, and says what it measured"
)]

mod authority;
mod bench;
mod certificates;
mod changes;
mod cisco;
mod crowd;
mod deliveries;
mod flows;
mod given_up;
mod grammar;
mod methods;
mod next_hops;
mod peer;
mod phone;
mod recorded;
mod registrations;
mod strangers;
mod told;
mod words;
