//! Compact JWS: writing with a key of the caller's, and proving.

use serde_json::json;

use super::header::{Header, means};
use super::{Algorithm, JoseRefused, TOKEN_BYTES_MAX, VerificationKey, is_key_id, segment};

/// What the header of a signed token says.
#[derive(Clone, Copy, Debug)]
pub struct JwsHeader<'a> {
    /// How it is signed.
    pub algorithm: Algorithm,
    /// Which key signs.
    pub kid: &'a str,
    /// What the token is for, such as `at+jwt`.
    pub typ: &'a str,
}

/// Writes a signed token. None where `sign` gives none or a signature that the algorithm does not have, where
/// the header cannot be written, or where it became too long.
#[must_use]
pub fn sign(
    header: &JwsHeader<'_>,
    payload: &[u8],
    sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Option<String> {
    if !is_key_id(header.kid) || payload.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let alg = header.algorithm.name();
    let written = json!({"alg": alg, "kid": header.kid, "typ": header.typ}).to_string();
    let mut token = segment::write(written.as_bytes());
    token.push('.');
    token.push_str(&segment::write(payload));
    let signature =
        sign(token.as_bytes()).filter(|made| header.algorithm.is_signature_length(made.len()))?;
    token.push('.');
    token.push_str(&segment::write(&signature));
    let is_readable = written.len() <= super::HEADER_BYTES_MAX && token.len() <= TOKEN_BYTES_MAX;
    is_readable.then_some(token)
}

/// Proves a token that is for `typ`, and gives its payload. `key_of` gives the key with an identifier.
pub fn verify<'k>(
    token: &str,
    typ: &str,
    key_of: impl FnOnce(&str) -> Option<&'k VerificationKey>,
) -> Result<Vec<u8>, JoseRefused> {
    let [protected, payload, signature] = segment::split(token)?;
    let header = Header::read(protected)?;
    if header.enc.is_some() || header.cty.is_some() {
        return Err(JoseRefused::Parameter);
    }
    let key = key_of(header.key_id()?).ok_or(JoseRefused::UnknownKey)?;
    if header.alg.as_deref() != Some(key.algorithm().name()) {
        return Err(JoseRefused::Algorithm);
    }
    if !header.typ.is_some_and(|value| means(&value, typ)) {
        return Err(JoseRefused::Purpose);
    }
    let (payload_bytes, signature) = (segment::read(payload)?, segment::read(signature)?);
    let signed = token.get(..protected.len() + 1 + payload.len()).ok_or(JoseRefused::Segments)?;
    key.prove(signed.as_bytes(), &signature)?;
    Ok(payload_bytes)
}
