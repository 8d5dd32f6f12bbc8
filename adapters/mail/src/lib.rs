//! Mailboxes and the servers they lie on: reading by IMAP, sending by SMTP, and the ways there.
//!
//! ```text
//!   Account --connect (straight | HTTP CONNECT | SOCKS5)--> TLS --> IMAP session | SMTP submission
//!                 token (client credentials | signed assertion), kept, one refresh at a time
//!   Answer --compose--> the bytes of a mail, the same ones each time
//! ```
//!
//! Who owns what: a connection belongs to whoever opened it and asks one thing at a time; it is dropped
//! after the first thing that did not come in time. `Tokens` owns the tokens of all accounts. Nothing here knows
//! of contacts or agents.

pub mod account;
pub mod compose;
pub mod connect;
mod http;
pub mod imap;
pub mod smtp;
pub mod token;
mod trouble;

pub use account::Account;
pub use trouble::Trouble;
