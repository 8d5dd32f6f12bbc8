//! What the identity service keeps: its keys, sign-ons, grants and what was revoked of them.
//!
//! ```text
//!   message of the IdP --BeginSignOn--> UsedMessage x 3, SignOnSession       all or nothing, so no replay
//!   session --IssueCode--> AuthorizationCode --Redeem--> TokenFamily --Refresh--> its next generation
//!                             `-- a second time, or an old generation: Revocation, the family is gone
//! ```
//!
//! Requests to the IdP that wait for an answer are not kept here: the browser carries them sealed, so nothing
//! grows by strangers. Every document has an end, after which it is removed in small batches.

mod keys;
mod node;
#[cfg(test)]
mod tests;
mod trust;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use keys::{
    EncryptionKey, IdentityKeys, KEYS_MAX, KeyState, SamlKey, TOKEN_LIFE_MAX, TokenKey,
};
pub use node::{Choice, IdentityState, NodeFacts, StateReason, choose, state};
pub use trust::{TRUST_TESTS_MAX, TrustTest, TrustTests, why_not_enabled};

use crate::Timestamp;

/// The most grants that one sign-on keeps in mind to end them with it; older ones end by themselves.
pub const FAMILIES_OF_SESSION_MAX: usize = 64;

/// The longest life of a session in a browser that a sign-on begins: an identity provider is asked no more meanwhile,
/// so whoever leaves keeps a role until then.
pub const SIGNED_ON_SESSION_MAX: Duration = Duration::from_secs(12 * 3_600);

/// Somebody whom an IdP proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The IdP, by its name in the settings.
    pub provider: String,
    /// What they sign in to applications as (attribute `uid`).
    pub uid: String,
    /// `uid@domain` (attribute `user_principal`).
    pub principal: String,
}

impl Person {
    /// The domain of the principal.
    pub fn realm(&self) -> &str {
        self.principal.rsplit_once('@').map_or("", |(_, realm)| realm)
    }
}

/// A browser whose owner was proven; further applications ask no more (IDS-15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOnSession {
    /// Who.
    pub person: Person,
    /// A number that lists and logs show; it opens nothing.
    pub number: String,
    /// Since when.
    pub began_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// The address it began at.
    pub from: String,
    /// What was granted by it, the newest last.
    pub families: Vec<String>,
}

/// What an application trades for tokens, once, soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// For which application.
    pub client_id: String,
    /// Where it was sent, byte for byte.
    pub redirect_uri: String,
    /// S256 of the verifier that must come with it (RFC 7636), where one was announced.
    pub challenge: Option<String>,
    /// Who is granted.
    pub person: Person,
    /// The digest of the sign-on's cookie.
    pub session: String,
    /// What tokens may be used for, as asked.
    pub scope: Vec<String>,
    /// When it can no longer be traded.
    pub ends_at: Timestamp,
    /// When it is forgotten: a second use must be recognised for as long as what came of the first lasts.
    pub kept_until: Timestamp,
    /// What was granted for it, once it was used.
    pub family: Option<String>,
}

/// What was granted to an application: a line of refresh tokens of which one is good at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFamily {
    /// To which application.
    pub client_id: String,
    /// For whom.
    pub person: Person,
    /// What tokens may be used for.
    pub scope: Vec<String>,
    /// Since when.
    pub began_at: Timestamp,
    /// When the last of them ends; counted from the sign-on (IDS-05, IDS-06).
    pub ends_at: Timestamp,
    /// Which refresh token is good; the first is 1.
    pub generation: u32,
    /// Since when it is.
    pub rotated_at: Timestamp,
}

/// What an application was granted, with which its tokens are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The family's id.
    pub family: String,
    /// As it is now.
    pub of: TokenFamily,
}

/// A message, or a request, that must not count twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedMessage {
    /// When it would be refused for its age.
    pub ends_at: Timestamp,
}

/// Tokens that are good no more. Its key says which: `family/ID`, `token/JTI`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Since when.
    pub at: Timestamp,
    /// When the last of those tokens would have ended anyway.
    pub ends_at: Timestamp,
}

/// What tokens a revocation is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revoked {
    /// All of a family.
    Family(String),
    /// One access token.
    Token(String),
}

impl Revoked {
    /// The id of its document.
    pub fn id(&self) -> String {
        match self {
            Self::Family(id) => format!("family/{id}"),
            Self::Token(id) => format!("token/{id}"),
        }
    }
}
