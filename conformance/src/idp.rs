//! A SAML identity provider, simulated, and messages to try service providers with.
//!
//! Written from the SAML 2.0 documents, XML Signature and Exclusive XML Canonicalization alone; it knows
//! nothing of any gateway's code.
//!
//! - `canonical`: exclusive canonicalization; `signing`: signatures made over it; `keys`, `legacy`: the keys.
//! - `metadata`: what the provider says of itself.
//! - `corpus`: good messages and attacks, as files.

mod canonical;
mod corpus;
mod keys;
mod legacy;
mod metadata;
mod signing;

pub(crate) use self::corpus::{MessagesArguments, run as run_messages};
