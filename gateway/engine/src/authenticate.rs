//! Asking the server whether somebody is who they say, from inside a protocol of its own.
//!
//! Lock-out, rate limits and the record of sign-ins are in the server, once for all surfaces.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::{Principal, Secret, Timestamp};

/// Somebody types or sends a password.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The account's name as it was typed.
    pub account: String,
    /// The password as it was typed.
    pub password: Secret,
    /// The client's address.
    pub source: IpAddr,
    /// The surface that asks, for the log.
    pub surface: &'static str,
}

/// Why nobody was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthenticationRefusal {
    /// The account is unknown, or the password wrong; the two must look alike.
    Wrong,
    /// Too many wrong passwords came for the account; none is tried until then.
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// The source or the whole node has too much in hand; it may be tried again so many seconds on.
    Busy {
        /// How many.
        retry_seconds: u64,
    },
    /// The store that counts wrong passwords cannot be reached.
    Unavailable,
}

/// Checks passwords.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// Checks one attempt.
    async fn authenticate(&self, attempt: Attempt) -> Result<Principal, AuthenticationRefusal>;
}
