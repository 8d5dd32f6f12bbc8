//! Sealing: secrets we must present ourselves are encrypted before they reach the store.
//!
//! AES-256-GCM under a key that is given from outside the store; the text is
//! `v1:` and base64url of nonce and ciphertext. The purpose is authenticated with it, so that a
//! sealed text cannot be moved to another place and opened there.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Sealed, Secret};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

const VERSION: &str = "v1:";

/// The key that opens a deployment's secrets; 32 bytes from a file or credential.
pub struct SealingKey {
    bytes: Zeroizing<[u8; 32]>,
}

/// Why a sealed secret stays shut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// It is not what a sealing key makes.
    #[error("not a sealed secret")]
    Malformed,
    /// It was sealed under another key or for another purpose, or was altered.
    #[error("a secret was sealed under another key; give the sealing key it was made with")]
    Foreign,
}

impl SealingKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { bytes: Zeroizing::new(bytes) }
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

    /// Encrypts `secret` for `purpose`; `None` where the machine gives no randomness.
    pub fn seal(&self, purpose: &str, secret: &Secret) -> Option<Sealed> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut text = secret.expose().as_bytes().to_vec();
        let aad = Aad::from(purpose.as_bytes());
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.cipher()?.seal_in_place_append_tag(nonce_used, aad, &mut text).ok()?;
        let sealed = [&nonce[..], &text].concat();
        Some(Sealed::from_text(format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(sealed))))
    }

    /// Opens what was sealed for `purpose`.
    pub fn unseal(&self, purpose: &str, sealed: &Sealed) -> Result<Secret, UnsealError> {
        let text = sealed.as_text().strip_prefix(VERSION).ok_or(UnsealError::Malformed)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| UnsealError::Malformed)?;
        let (nonce, text) = bytes.split_first_chunk().ok_or(UnsealError::Malformed)?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let aad = Aad::from(purpose.as_bytes());
        let cipher = self.cipher().ok_or(UnsealError::Malformed)?;
        let open = cipher.open_in_place(nonce, aad, &mut text).map_err(|_| UnsealError::Foreign)?;
        let open = std::str::from_utf8(open).map_err(|_| UnsealError::Malformed)?;
        Ok(Secret::new(open))
    }

    /// A keyed digest of `bytes` for `purpose`, in hexadecimal.
    pub fn digest(&self, purpose: &str, bytes: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.bytes.as_ref());
        let mut context = hmac::Context::with_key(&key);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(bytes);
        context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_05_a_sealed_secret_opens_only_under_its_key_and_purpose() {
        let key = SealingKey::new([7; 32]);
        let secret = Secret::new("hunter2");
        let sealed = key.seal("push", &secret).unwrap();
        assert!(!sealed.as_text().contains("hunter2"));
        assert_ne!(key.seal("push", &secret).unwrap(), sealed);
        assert_eq!(key.unseal("push", &sealed).unwrap(), secret);
        assert_eq!(key.unseal("mail", &sealed), Err(UnsealError::Foreign));
        let other = SealingKey::new([8; 32]);
        assert_eq!(other.unseal("push", &sealed), Err(UnsealError::Foreign));
        let altered = Sealed::from_text(format!("{}A", sealed.as_text()));
        assert!(key.unseal("push", &altered).is_err());
        assert_eq!(key.unseal("push", &Sealed::from_text("x")), Err(UnsealError::Malformed));
    }
}
