//! SIP: what phones, proxies and registrars say to each other, and the conversations they form.
//!
//! ```text
//!   bytes --wire--> Message --header--> typed values
//!                      |
//!     Flow, Message -> Element (who may, which method) -> Registrar, digest, subscriptions
//!                      |    ^
//!                      v    |  answer, request
//!                   Transactions -- Transmit{flow, bytes} --> whoever has the sockets
//! ```
//!
//! - [`Flow`] names the way a message came by; whoever has the sockets gives stream flows their numbers.
//!   What goes to a registered phone goes over the flow it opened, never to an address it wrote down.
//! - `wire` owns framing, limits and strictness: a [`Message`] that exists is one that every parser reads
//!   alike. Values that are sent are made by constructors that take no control characters.
//! - `Transactions` owns what is sent again, absorbed or matched, and every timer of it.
//! - `Subscriptions` and `Notifier` own who is told of what after a REFER or a SUBSCRIBE, `NextHop` which of a
//!   next hop's servers is used.
//! - `Registrar` owns bindings, `digest` nonces, `body` what Cisco phones carry: multipart, remotecc, options
//!   indications, service control.
//!
//! Sources: RFC 3261, 3263, 3327, 3428, 3515, 3581, 4320, 4488, 5118, 5626, 5923, 6026, 6665, 7616, 7647, 8760.
//! Knows nothing of sockets, clocks, devices of ours or settings files.

pub mod body;
pub mod digest;
mod flow;
mod fuzz;
mod grammar;
mod header;
mod message;
mod method;
mod name;
mod next_hop;
pub mod registrar;
mod reply;
mod status;
mod subscription;
mod transaction;
mod uri;
mod wire;

pub use bytesstr::BytesStr as Text;
pub use flow::Flow;
pub use fuzz::{fuzz_headers, fuzz_wire};
pub use header::{
    BadHeader, CSeq, Contacts, Event, MediaType, NameAddress, Parameters, ReferTo, ReferToProblem,
    SubscriptionState, SubscriptionStatus, Via,
};
pub use message::{Header, Headers, Message, Repeated, StartLine, Unwritable, Value};
pub use method::Method;
pub use name::{Known, Name};
pub use next_hop::{HopFailure, NextHop, NextHopOutput, NextHopSettings, Standing};
pub use reply::{note_source, reply};
pub use status::Status;
pub use subscription::{
    Notified, Referred, SubscriptionId, SubscriptionOutput, SubscriptionSettings, Subscriptions,
    declines_subscription,
};
pub use transaction::{
    ClientId, Failure, Received, ServerId, TransactionCounts, TransactionLimits, TransactionOutput,
    TransactionTimers, Transactions, Unsendable, fuzz_transactions,
};
pub use uri::{BadUri, Host, HostPort, Uri, UriParameter, canonical};
pub use wire::{Breach, Cut, Decoder, Limits, Malformed, datagram, encode, is_keep_alive};

#[cfg(test)]
mod tests;
