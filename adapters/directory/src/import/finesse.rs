//! Users, teams, reasons and layouts of a Finesse server, read by its REST interface.
//!
//! ```text
//!   Server --GET, Basic over TLS--> Users, Teams, ReasonCodes, WrapUpReasons, layouts
//!          `-- for each team what is not for everybody --> Gathered --> Imported
//! ```
//!
//! A refused password ends it at once: the fifth wrong one locks the account for minutes. Passwords are
//! nowhere to be read there, and lines only of who is signed in.

mod client;
mod mapping;
#[cfg(test)]
mod tests;

pub use client::{FinesseError, Server, gather};
pub use mapping::{Gathered, TeamReasons, imported};
