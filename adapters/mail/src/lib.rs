//! Mailboxes and the servers they lie on: reading by IMAP, sending by SMTP, and the ways there.
//!
//! ```text
//!   Account --connect (straight | HTTP CONNECT | SOCKS5)--> TLS --> IMAP session | SMTP submission
//!                 token (client credentials | signed assertion), kept, one refresh at a time
//!   Draft --compose--> the bytes of a mail, the same ones each time
//!
//!   settings --> Mailboxes: for each CSQ a link, under its lease --rounds--> intake --> the ledger, contacts
//!                           one Outgoing for all: what is owed is made, sent, filed
//!                           one Records: contacts that ended, told the site's own systems
//! ```
//!
//! Who owns what: a connection belongs to whoever opened it and asks one thing at a time; it is dropped
//! after the first thing that did not come in time. `Tokens` owns the tokens of an account. The lower half
//! (`connect` to `compose`) knows nothing of contacts or agents; what became of a mail is decided in the domain.

pub mod account;
mod accounts;
pub mod compose;
pub mod connect;
mod figures;
mod http;
pub mod imap;
mod intake;
mod keeping;
mod link;
mod mailboxes;
mod outgoing;
mod own_copy;
mod probe;
mod reading;
mod records;
mod room;
mod round;
pub mod smtp;
mod status;
#[cfg(test)]
mod testing;
pub mod token;
pub mod trial;
mod trouble;
mod way_out;

pub use account::Account;
pub use mailboxes::Mailboxes;
pub use status::{MailboxState, MailboxStatus, SAID_MAILBOXES, said_mailboxes};
pub use trouble::Trouble;
