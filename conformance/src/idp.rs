//! A SAML identity provider, simulated, and messages to try service providers with.
//!
//! Written from the SAML 2.0 documents, XML Signature and Exclusive XML Canonicalization alone; it knows
//! nothing of any gateway's code.
//!
//! - `canonical`: exclusive canonicalization; `signing`: signatures made over it; `keys`, `legacy`: the keys.
//! - `request`: the judge of AuthnRequests; `service`: metadata of those who ask; `form`: bodies of forms.
//! - `provider`: the provider as one machine without sockets; `pages`: what people see; `metadata`: what it
//!   says of itself.
//! - `server`: the sockets around it; `options`: its command line.
//! - `messages`: good messages and attacks, as files.

mod canonical;
pub(crate) mod form;
pub(crate) mod keys;
mod legacy;
mod messages;
mod metadata;
mod options;
mod pages;
mod provider;
mod request;
mod server;
mod service;
mod signing;
#[cfg(test)]
mod tests;

pub(crate) use self::messages::{MessagesArguments, run as run_messages};
pub(crate) use self::options::{IdpArguments, run};
pub(crate) use self::server::tls_of;
