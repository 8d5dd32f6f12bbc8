//! Sealing: secrets we must present ourselves are encrypted before they reach the store.
//!
//! ```text
//!   v2:<id of the key>:<base64url of nonce and ciphertext>     AES-256-GCM
//!   v1:<base64url of nonce and ciphertext>                     as before there were ids; opened still
//! ```
//!
//! The keys are given from outside the store: the first one seals, all of them open, so that nodes may be
//! given another key one after the other. The purpose is authenticated, so that a sealed text cannot be
//! moved to another place and opened there.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Sealed, Secret};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

const VERSION: &str = "v2:";
const VERSION_WITHOUT_ID: &str = "v1:";
/// Hexadecimal digits of an id.
const ID_DIGITS: usize = 16;

/// A key that opens a deployment's secrets; 32 bytes from a file or credential.
#[derive(Clone)]
pub struct SealingKey {
    bytes: Zeroizing<[u8; 32]>,
    id: Arc<str>,
}

/// The keys that a node has. The first one seals.
pub struct SealingKeys {
    keys: RwLock<Arc<[SealingKey]>>,
}

/// Why a sealed secret stays shut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// It is not what a sealing key makes.
    #[error("not a sealed secret")]
    Malformed,
    /// It was sealed for another purpose, or was altered, or no key here is the one it was made with.
    #[error("a secret was sealed under another key; give the sealing key it was made with")]
    Foreign,
    /// Its key is not here.
    #[error("a secret was sealed under the key {id}, which is not among the sealing keys here")]
    Missing {
        /// Which key.
        id: String,
    },
}

impl SealingKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let tag = hmac::sign(&key, b"key id\0");
        let digits = tag.as_ref().iter().map(|byte| format!("{byte:02x}"));
        let id = digits.collect::<String>().chars().take(ID_DIGITS).collect::<String>();
        Self { bytes: Zeroizing::new(bytes), id: id.into() }
    }

    /// A new random key, or `None` where the machine gives no randomness.
    pub fn generate() -> Option<Self> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Self::new(bytes))
    }

    /// The bytes, for the one place that writes a new key down.
    pub fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Which key it is, for people and in what it sealed: whoever has the key can tell, and nothing
    /// follows from it.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn seal(&self, purpose: &str, secret: &Secret) -> Option<Sealed> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut text = secret.expose().as_bytes().to_vec();
        let aad = Aad::from(purpose.as_bytes());
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.cipher()?.seal_in_place_append_tag(nonce_used, aad, &mut text).ok()?;
        let sealed = URL_SAFE_NO_PAD.encode([&nonce[..], &text].concat());
        Some(Sealed::from_text(format!("{VERSION}{}:{sealed}", self.id())))
    }

    fn open(&self, purpose: &str, nonce: [u8; NONCE_LEN], text: &[u8]) -> Option<Secret> {
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let aad = Aad::from(purpose.as_bytes());
        let open = self.cipher()?.open_in_place(nonce, aad, &mut text).ok()?;
        std::str::from_utf8(open).ok().map(Secret::new)
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.bytes.as_ref()).ok().map(LessSafeKey::new)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("(sealing key)")
    }
}

impl SealingKeys {
    /// The key that seals, and others that open what was sealed before, or will be.
    pub fn new(present: SealingKey, others: impl IntoIterator<Item = SealingKey>) -> Self {
        let keys = std::iter::once(present).chain(others).collect();
        Self { keys: RwLock::new(keys) }
    }

    /// The one key of these bytes.
    pub fn single(bytes: [u8; 32]) -> Self {
        Self::new(SealingKey::new(bytes), [])
    }

    /// The keys, the one that seals first.
    pub fn keys(&self) -> Arc<[SealingKey]> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Which keys there are, the one that seals first.
    pub fn ids(&self) -> Vec<String> {
        self.keys().iter().map(|key| key.id().to_owned()).collect()
    }

    /// Goes on with the keys of `others`.
    pub fn replace(&self, others: &Self) {
        let keys = others.keys();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Encrypts `secret` for `purpose`; `None` where the machine gives no randomness.
    pub fn seal(&self, purpose: &str, secret: &Secret) -> Option<Sealed> {
        self.keys().first()?.seal(purpose, secret)
    }

    /// Opens what was sealed for `purpose`.
    pub fn unseal(&self, purpose: &str, sealed: &Sealed) -> Result<Secret, UnsealError> {
        let (id, text) = parts(sealed)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| UnsealError::Malformed)?;
        let (nonce, text) = bytes.split_first_chunk().ok_or(UnsealError::Malformed)?;
        let keys = self.keys();
        let named: Vec<_> = match id {
            Some(id) => keys.iter().filter(|key| key.id() == id).collect(),
            None => keys.iter().collect(),
        };
        match (named.iter().find_map(|key| key.open(purpose, *nonce, text)), id) {
            (Some(secret), _) => Ok(secret),
            (None, Some(id)) if named.is_empty() => Err(UnsealError::Missing { id: id.to_owned() }),
            (None, _) => Err(UnsealError::Foreign),
        }
    }

    /// Whether it was sealed under the key that seals now, and says so.
    pub fn is_present(&self, sealed: &Sealed) -> bool {
        let keys = self.keys();
        let present = keys.first().map(SealingKey::id);
        sealed_under(sealed).is_some_and(|id| present == Some(id))
    }
}

impl std::fmt::Debug for SealingKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("(sealing keys)")
    }
}

/// The id of the key that a secret was sealed under, where it says so.
pub fn sealed_under(sealed: &Sealed) -> Option<&str> {
    parts(sealed).ok()?.0
}

fn parts(sealed: &Sealed) -> Result<(Option<&str>, &str), UnsealError> {
    if let Some(text) = sealed.as_text().strip_prefix(VERSION_WITHOUT_ID) {
        return Ok((None, text));
    }
    let text = sealed.as_text().strip_prefix(VERSION).ok_or(UnsealError::Malformed)?;
    let (id, text) = text.split_once(':').ok_or(UnsealError::Malformed)?;
    let is_id = id.len() == ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { Ok((Some(id), text)) } else { Err(UnsealError::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_05_a_sealed_secret_opens_only_under_its_key_and_purpose() {
        let keys = SealingKeys::single([7; 32]);
        let secret = Secret::new("hunter2");
        let sealed = keys.seal("push", &secret).unwrap();
        assert!(!sealed.as_text().contains("hunter2"));
        assert_ne!(keys.seal("push", &secret).unwrap(), sealed);
        assert_eq!(keys.unseal("push", &sealed).unwrap(), secret);
        assert_eq!(keys.unseal("mail", &sealed), Err(UnsealError::Foreign));
        let id = keys.ids().remove(0);
        assert_eq!(sealed_under(&sealed), Some(id.as_str()));
        let other = SealingKeys::single([8; 32]);
        assert_eq!(other.unseal("push", &sealed), Err(UnsealError::Missing { id }));
        let altered = Sealed::from_text(format!("{}A", sealed.as_text()));
        assert!(keys.unseal("push", &altered).is_err());
        for text in
            ["x", "v2:", "v2:x:AAAA", "v2:0123456789abcdeg:AAAA", "v3:0123456789abcdef:AAAA"]
        {
            let unsealed = keys.unseal("push", &Sealed::from_text(text));
            assert_eq!(unsealed, Err(UnsealError::Malformed), "{text}");
        }
    }

    #[test]
    fn ops_05_a_key_is_replaced_on_one_node_after_the_other() {
        let (old, new) = (SealingKey::new([7; 32]), SealingKey::new([8; 32]));
        let (one, other) = (SealingKeys::single([7; 32]), SealingKeys::single([7; 32]));
        let secret = Secret::new("hunter2");
        let before = one.seal("push", &secret).unwrap();
        let opens =
            |keys: &SealingKeys, sealed| keys.unseal("push", sealed).as_ref() == Ok(&secret);
        // Both may open with the new key before one of them seals with it.
        one.replace(&SealingKeys::new(old.clone(), [new.clone()]));
        other.replace(&SealingKeys::new(old.clone(), [new.clone()]));
        assert!(opens(&one, &before) && one.is_present(&before));
        one.replace(&SealingKeys::new(new.clone(), [old]));
        let after = one.seal("push", &secret).unwrap();
        assert!(one.is_present(&after) && !one.is_present(&before));
        for sealed in [&before, &after] {
            assert!(opens(&one, sealed) && opens(&other, sealed));
        }
        one.replace(&SealingKeys::new(new, []));
        assert!(opens(&one, &after) && !opens(&one, &before));
    }

    #[test]
    fn ops_05_what_was_sealed_before_keys_had_ids_opens_still() {
        let keys = SealingKeys::single([7; 32]);
        let secret = Secret::new("hunter2");
        let sealed = keys.seal("push", &secret).unwrap();
        let text = sealed.as_text().rsplit(':').next().unwrap();
        let old = Sealed::from_text(format!("v1:{text}"));
        assert_eq!(sealed_under(&old), None);
        assert!(!keys.is_present(&old));
        assert_eq!(keys.unseal("push", &old).unwrap(), secret);
        let both = SealingKeys::new(SealingKey::new([8; 32]), keys.keys().iter().cloned());
        assert_eq!(both.unseal("push", &old).unwrap(), secret);
        let other = SealingKeys::single([8; 32]);
        assert_eq!(other.unseal("push", &old), Err(UnsealError::Foreign));
    }

    #[test]
    fn ops_05_what_names_a_sealing_key_is_no_part_of_it() {
        let key = SealingKey::new([0xab; 32]);
        assert_eq!(key.id().len(), ID_DIGITS);
        assert!(!key.id().contains("abab"));
        assert_ne!(key.id(), SealingKey::new([0xac; 32]).id());
        let keys = SealingKeys::new(key.clone(), []);
        assert_eq!(format!("{key:?} {keys:?}"), "(sealing key) (sealing keys)");
    }
}
