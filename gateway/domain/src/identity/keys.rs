//! The identity service's keys: what signs and seals tokens, and what signs requests to IdPs (IDS-07).
//!
//! ```text
//!   token keys: made --published as next--> active_from --a newer one is active--> retired --25 h--> dropped
//!   SAML keys:  made --next, both in sp.xml--> current, by a test with it or by hand; the one before goes
//! ```
//!
//! States follow from times, so nothing has to happen when one changes. A retired key checks what it signed until
//! the last of that ended, so nobody is logged out by a new one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::settings::TokenSignature;
use crate::{Sealed, Timestamp};

/// The most keys of one sort.
pub const KEYS_MAX: usize = 8;
/// The longest life of what a key signs: a refresh token's, and an hour for clocks that differ.
pub const TOKEN_LIFE_MAX: Duration = Duration::from_secs(25 * 3600);

/// What signs tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKey {
    /// Its name in headers (`kid`).
    pub id: String,
    /// What it signs with.
    pub algorithm: TokenSignature,
    /// The private half, PKCS #8 in base64.
    pub private: Sealed,
    /// The public half in base64: PKCS #1 for RSA, the uncompressed point for P-256.
    pub public: String,
    /// Since when there is one.
    pub made_at: Timestamp,
    /// From when on it signs.
    pub active_from: Timestamp,
}

/// What seals tokens; its secret follows from its id and what all nodes share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionKey {
    /// Its name in headers (`kid`).
    pub id: String,
    /// Since when there is one.
    pub made_at: Timestamp,
    /// From when on it seals.
    pub active_from: Timestamp,
}

/// What signs requests to IdPs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlKey {
    /// The SHA-256 fingerprint of its certificate, in hexadecimal.
    pub id: String,
    /// The private half, PKCS #8 in base64.
    pub private: Sealed,
    /// Its certificate, DER in base64.
    pub certificate: String,
    /// The entity id that the certificate names.
    pub entity_id: String,
    /// When the certificate ends.
    pub not_after: Timestamp,
    /// Since when there is one.
    pub made_at: Timestamp,
}

/// All keys of the deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityKeys {
    /// Rises with every change.
    pub number: u64,
    /// What signs tokens, the newest last.
    pub signing: Vec<TokenKey>,
    /// What seals tokens, the newest last.
    pub encryption: Vec<EncryptionKey>,
    /// What signs requests: the current one, then the next, where there is one.
    pub saml: Vec<SamlKey>,
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// Published, and not used yet.
    Next,
    /// In use.
    Active,
    /// Checks what it made, and makes nothing.
    Retired,
}

impl KeyState {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}

impl IdentityKeys {
    /// What signs at `now` with that algorithm.
    pub fn signs(&self, algorithm: TokenSignature, now: Timestamp) -> Option<&TokenKey> {
        let keys = self.signing.iter().filter(|key| key.algorithm == algorithm);
        keys.filter(|key| key.active_from <= now).max_by_key(|key| key.active_from)
    }

    /// What seals at `now`.
    pub fn seals(&self, now: Timestamp) -> Option<&EncryptionKey> {
        let keys = self.encryption.iter().filter(|key| key.active_from <= now);
        keys.max_by_key(|key| key.active_from)
    }

    /// Where a signing key is in its life.
    pub fn signing_state(&self, key: &TokenKey, now: Timestamp) -> KeyState {
        let active = self.signs(key.algorithm, now).map(|active| active.id.as_str());
        state(key.active_from, active == Some(key.id.as_str()), now)
    }

    /// The same of an encryption key.
    pub fn encryption_state(&self, key: &EncryptionKey, now: Timestamp) -> KeyState {
        let active = self.seals(now).map(|active| active.id.as_str());
        state(key.active_from, active == Some(key.id.as_str()), now)
    }

    /// What signs requests to IdPs.
    pub fn saml_current(&self) -> Option<&SamlKey> {
        self.saml.first()
    }

    /// What signs a request that tries a new trust: the next key where there is one.
    pub fn saml_newest(&self) -> Option<&SamlKey> {
        self.saml.last()
    }

    /// The same keys without those whose work ended.
    #[must_use]
    pub fn pruned(mut self, now: Timestamp) -> Self {
        let kept = self.clone();
        self.signing.retain(|key| kept.checks(&key.id, now));
        self.encryption.retain(|key| kept.opens(&key.id, now));
        self
    }

    /// Whether what the signing key of that name signed may still be good.
    pub fn checks(&self, id: &str, now: Timestamp) -> bool {
        self.signing.iter().find(|key| key.id == id).is_some_and(|key| {
            let newer = self.signing.iter().filter(|it| it.algorithm == key.algorithm);
            !is_dropped(key.active_from, newer.map(|it| it.active_from), now)
        })
    }

    /// Whether what the encryption key of that name sealed may still be good.
    pub fn opens(&self, id: &str, now: Timestamp) -> bool {
        self.encryption.iter().find(|key| key.id == id).is_some_and(|key| {
            let all = self.encryption.iter().map(|it| it.active_from);
            !is_dropped(key.active_from, all, now)
        })
    }

    /// Why there cannot be one more of some sort.
    pub fn is_full(&self) -> bool {
        [self.signing.len(), self.encryption.len(), self.saml.len()]
            .into_iter()
            .any(|count| count > KEYS_MAX)
    }
}

/// Whether one that is active since `active_from` gave way to another of `all` so long ago that nothing of it lasts.
fn is_dropped(
    active_from: Timestamp,
    all: impl Iterator<Item = Timestamp>,
    now: Timestamp,
) -> bool {
    let successor = all.filter(|other| *other > active_from).min();
    successor.is_some_and(|since| now > since && now.since(since) > TOKEN_LIFE_MAX)
}

fn state(active_from: Timestamp, is_active: bool, now: Timestamp) -> KeyState {
    match is_active {
        true => KeyState::Active,
        false if active_from > now => KeyState::Next,
        false => KeyState::Retired,
    }
}
