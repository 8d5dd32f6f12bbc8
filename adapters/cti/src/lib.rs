//! A contact centre's CTI servers: what they say of agents and calls, and what agents ask of them.
//!
//! Speaks the protocol of Cisco's "CTI Server Message Reference Guide" (GED-188), versions 9 to 25,
//! and its Express dialect. One link for each pair of servers and node (CTI-02):
//!
//! ```text
//!   settings --> Pairs: one task for each pair, started, replaced and ended as the settings say
//!   Link: Sides decides which side to connect --> Session over TCP
//!     Session events --> translate --> Owner::hear (states), Calls (calls of agents)
//!     Owner's requests --> translate --> Session requests; Asks knows what became of each
//!     OwedSignOuts: forced sign-outs from the outbox, asked like any other
//! ```
//!
//! Who owns what: the pair's task alone owns its sessions, its calls and its requests in flight; the
//! engine owns what was heard. Everything but [`Pairs`], `link` and `owed` is pure.

mod asks;
mod calls;
mod config;
mod figures;
mod link;
mod machine;
mod noted;
mod owed;
mod pairs;
mod probe;
mod queues;
mod translate;

pub use owed::keep as keep_owed_sign_outs;
pub use pairs::Pairs;
pub use probe::probe;
