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

/// A name as it was typed, under which tries are counted: nothing that is typed has a control character
/// afterwards, so names with one are those of counts that nobody reaches by typing.
pub fn counted_name(typed: &str) -> String {
    typed.replace(char::is_control, "\u{fffd}")
}

/// Somebody whose password another judges.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// The account's name, by [`counted_name`] where it was typed.
    pub account: String,
    /// The client's address.
    pub source: IpAddr,
    /// The surface that asks, for the log.
    pub surface: &'static str,
}

/// What another said of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong,
    /// It was not judged.
    None,
}

/// An attempt that is under way elsewhere; nobody else tries that account meanwhile. Dropped without a
/// word it counts as not judged.
#[async_trait]
pub trait Admission: Send {
    /// Counts what came of it; what the client is told where it was wrong. That answer takes as long
    /// as any that is no yes.
    async fn judged(self: Box<Self>, judgement: Judgement) -> Result<(), AuthenticationRefusal>;
}

/// Checks passwords.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// Checks one attempt.
    async fn authenticate(&self, attempt: Attempt) -> Result<Principal, AuthenticationRefusal>;

    /// Lets an attempt be judged by another, under the same limits: rates of the source, one at a time
    /// for an account, lock-out.
    async fn admit(
        &self,
        applicant: Applicant,
    ) -> Result<Box<dyn Admission>, AuthenticationRefusal>;

    /// Whether a password is that of an argon2id hash; without one it takes as long and is wrong.
    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, AuthenticationRefusal>;

    /// The argon2id hash of a password that another judged right; `None` where none can be made now.
    async fn hash(&self, password: &Secret) -> Option<String>;
}
