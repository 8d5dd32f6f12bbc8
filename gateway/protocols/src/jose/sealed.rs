//! Compact JWE with a key that both sides have: `dir` and A256GCM (RFC 7516, RFC 7518 sections 4.5 and 5.3).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::json;
use zeroize::Zeroizing;

use super::header::{Header, means};
use super::{JoseRefused, TOKEN_BYTES_MAX, is_key_id, segment};

pub(super) const SEGMENTS: usize = 5;
const TAG_BYTES: usize = 16;

/// Seals a signed token. None where `kid` can name no key or the sealed token became too long. A nonce must
/// never be used twice with one key.
#[must_use]
pub fn encrypt(
    kid: &str,
    key: &[u8; 32],
    nonce: [u8; NONCE_LEN],
    plaintext: &[u8],
) -> Option<String> {
    if !is_key_id(kid) || plaintext.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let header = json!({"alg": "dir", "cty": "JWT", "enc": "A256GCM", "kid": kid}).to_string();
    let protected = segment::write(header.as_bytes());
    let (ciphertext, tag) = seal(key, nonce, protected.as_bytes(), plaintext)?;
    let nonce = segment::write(&nonce);
    let (ciphertext, tag) = (segment::write(&ciphertext), segment::write(&tag));
    let token = format!("{protected}..{nonce}.{ciphertext}.{tag}");
    (token.len() <= TOKEN_BYTES_MAX).then_some(token)
}

/// Opens a sealed token. `key_of` gives the key with an identifier. What comes out still has to be proven by
/// its signature.
pub fn decrypt(
    token: &str,
    key_of: impl FnOnce(&str) -> Option<[u8; 32]>,
) -> Result<Vec<u8>, JoseRefused> {
    let [protected, encrypted_key, nonce, ciphertext, tag] = segment::split(token)?;
    if !encrypted_key.is_empty() {
        return Err(JoseRefused::Segments);
    }
    let header = Header::read(protected)?;
    if header.typ.is_some() {
        return Err(JoseRefused::Parameter);
    }
    if header.alg.as_deref() != Some("dir") {
        return Err(JoseRefused::Algorithm);
    }
    if header.enc.as_deref() != Some("A256GCM") {
        return Err(JoseRefused::Encryption);
    }
    if !header.cty.as_deref().is_some_and(|value| means(value, "JWT")) {
        return Err(JoseRefused::Content);
    }
    let key = Zeroizing::new(key_of(header.key_id()?).ok_or(JoseRefused::UnknownKey)?);
    let (nonce, ciphertext, tag) =
        (segment::read(nonce)?, segment::read(ciphertext)?, segment::read(tag)?);
    open(&key, &nonce, protected.as_bytes(), ciphertext, &tag)
}

/// Ciphertext and tag; `protected` is bound to both.
pub(super) fn seal(
    key: &[u8; 32],
    nonce: [u8; NONCE_LEN],
    protected: &[u8],
    plaintext: &[u8],
) -> Option<(Vec<u8>, Vec<u8>)> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let mut bytes = plaintext.to_vec();
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(protected), &mut bytes).ok()?;
    Some((bytes, tag.as_ref().to_vec()))
}

/// The plaintext. Lengths are looked at first: a tag that was cut would otherwise take bytes of the ciphertext.
pub(super) fn open(
    key: &[u8; 32],
    nonce: &[u8],
    protected: &[u8],
    mut ciphertext: Vec<u8>,
    tag: &[u8],
) -> Result<Vec<u8>, JoseRefused> {
    if tag.len() != TAG_BYTES {
        return Err(JoseRefused::Seal);
    }
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| JoseRefused::Seal)?;
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| JoseRefused::Seal)?;
    let plaintext_bytes = ciphertext.len();
    ciphertext.extend_from_slice(tag);
    LessSafeKey::new(key)
        .open_in_place(nonce, Aad::from(protected), &mut ciphertext)
        .map_err(|_| JoseRefused::Seal)?;
    ciphertext.truncate(plaintext_bytes);
    Ok(ciphertext)
}
