//! LDAP version 3 as a client speaks it: simple bind, search with pages, StartTLS (RFC 4511).
//!
//! ```text
//!   Filter::parse (RFC 4515, with places to fill) --+
//!   Request --encode--> bytes        bytes --split--> one message --decode--> Response
//! ```
//!
//! What somebody typed never becomes part of a filter's text: a filter is parsed once, with named
//! places in it, and a value is put into a place as bytes. So there is nothing to escape, and nothing
//! to forget escaping. No name is put together either: entries are bound by the name the server gave.

mod ber;
mod error;
mod filter;
mod fuzz;
mod message;
mod name;
#[cfg(test)]
mod tests;

pub use error::{DecodeError, FilterError};
pub use filter::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, Filter};
pub use fuzz::fuzz;
pub use message::{
    Attribute, BindPolicy, Entry, MESSAGE_BYTES_MAX, Operation, Outcome, Request, Response,
    ResultCode, START_TLS, Scope, Search, VALUES_MAX, decode, encode, split,
};
pub use name::normalised;
