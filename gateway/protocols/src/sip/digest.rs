//! Digest proofs: challenges and their judgement as a server, answers as a client.
//!
//! ```text
//!   server   request --no proof--> challenges() --401 or 407--> request with a proof --> judge()
//!              Proven           right, the nonce is ours, young, and its count is new
//!              Stale            right, but the nonce is not good any more: challenge again, stale=true
//!              Replayed         right, but this count was used: challenge again, stale=true, and count it
//!              Wrong            wrong secret or no such user, at the same price
//!              NoProof          nothing for our realm: challenge
//!              Malformed        400
//!   client   401 or 407 --> answer_challenge() --> the request again, once per nonce
//!            preempt() --> the next request carries the nonce that was good last time
//! ```
//!
//! - [`Challenger`] owns the key of its nonces and the counts used with them (`nonce` tells how they are
//!   bounded); [`ClientNonces`] is what a client keeps of one peer.
//! - `qop=auth` is what is offered and required, but of users whose [`Account`] says that their phone knows
//!   none; a nonce is good for one of their requests. `auth-int` is not offered and verified where it comes.
//!   `userhash` and `opaque` are not offered.
//! - The `uri` of a proof is the Request-URI: as text, or where both are sip or sips by `Uri::is_resource_of`.
//! - Values are read by a tokenizer of our own. That of ezk-sip-types takes names in one case only, takes
//!   the last of two parameters of one name and counts of any length, and keeps escapes in quoted texts.
//! - A quoted text is hashed without its escapes. A session (`-sess`) is hashed with the client's nonce of
//!   the request or of the session's first one, since clients differ.
//! - Passwords, nonces and proofs do not print.
//!
//! Sources: RFC 7616, RFC 8760, RFC 3261 section 22, RFC 2069 for what has no `qop`.

mod algorithm;
mod client;
mod fuzz;
mod nonce;
mod parameters;
mod password;
mod response;
mod server;
#[cfg(test)]
mod tests;

use super::Method;

pub use algorithm::Algorithm;
pub use client::{
    ClientNonces, Credentials, NoAnswer, Protection, answer_challenge, preempt, protection,
};
pub use fuzz::fuzz_digest;
pub use password::{Ha1, Password};
pub use server::{Account, Challenger, ChallengerSettings, Judged};

/// The request that a proof is about.
#[derive(Clone, Copy, Debug)]
pub struct Proving<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its Request-URI as it is written.
    pub uri: &'a str,
    /// Its body.
    pub body: &'a [u8],
}
