//! Public keys that prove signatures, and how they are published (RFC 7517).

use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use super::{JoseRefused, is_key_id, segment};

/// Algorithms of signatures; there are no others here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256, both numbers one after the other.
    Es256,
}

impl Algorithm {
    /// The word in headers and keys, whose case matters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    /// Lengths that a signature can have: of RSA keys from 2,048 to 8,192 bits, or of two numbers.
    pub(super) fn is_signature_length(self, bytes: usize) -> bool {
        match self {
            Self::Rs256 => (256..=1024).contains(&bytes),
            Self::Es256 => bytes == 64,
        }
    }
}

/// A public key. Its kind says which algorithm proves with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerificationKey {
    /// RSA of 2,048 to 8,192 bits.
    Rs256 {
        /// An `RSAPublicKey` of PKCS #1 in DER.
        pkcs1_der: Vec<u8>,
    },
    /// A point on P-256.
    Es256 {
        /// The byte 4 and both coordinates, uncompressed.
        point: Vec<u8>,
    },
}

impl VerificationKey {
    /// The only algorithm that this key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rs256 { .. } => Algorithm::Rs256,
            Self::Es256 { .. } => Algorithm::Es256,
        }
    }

    /// Proves a signature over `message`.
    pub(super) fn prove(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseRefused> {
        let proven = match self {
            Self::Rs256 { pkcs1_der } => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1_der)
                    .verify(message, signature)
            }
            Self::Es256 { point } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
        };
        proven.map_err(|_| JoseRefused::Signature)
    }
}

/// A key as applications load it; none where `kid` or the key cannot be used.
#[must_use]
pub fn jwk(kid: &str, key: &VerificationKey) -> Option<Value> {
    if !is_key_id(kid) {
        return None;
    }
    let alg = key.algorithm().name();
    match key {
        VerificationKey::Rs256 { pkcs1_der } => {
            let (modulus, exponent) = rsa_numbers(pkcs1_der)?;
            let (n, e) = (segment::write(modulus), segment::write(exponent));
            Some(json!({"kty": "RSA", "use": "sig", "alg": alg, "kid": kid, "n": n, "e": e}))
        }
        VerificationKey::Es256 { point } => {
            let [4, coordinates @ ..] = point.as_slice() else { return None };
            let (x, y) = coordinates.split_at_checked(32).filter(|(_, y)| y.len() == 32)?;
            let (x, y) = (segment::write(x), segment::write(y));
            Some(json!({
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": alg, "kid": kid, "x": x, "y": y,
            }))
        }
    }
}

/// A set of keys as applications load it; none where one of them cannot be used.
#[must_use]
pub fn jwks<'k>(keys: impl IntoIterator<Item = (&'k str, &'k VerificationKey)>) -> Option<Value> {
    let keys: Option<Vec<_>> = keys.into_iter().map(|(kid, key)| jwk(kid, key)).collect();
    Some(json!({ "keys": keys? }))
}

/// Modulus and exponent, both without leading zeros.
fn rsa_numbers(pkcs1_der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, []) = element(pkcs1_der, 0x30)? else { return None };
    let (modulus, rest) = element(content, 0x02)?;
    let (exponent, []) = element(rest, 0x02)? else { return None };
    Some((unsigned(modulus)?, unsigned(exponent)?))
}

/// A positive number, whose first byte is zero only where the next one would make it negative.
fn unsigned(number: &[u8]) -> Option<&[u8]> {
    match number {
        [0, rest @ ..] => rest.first().is_some_and(|first| *first > 127).then_some(rest),
        [1..=127, ..] => Some(number),
        _ => None,
    }
}

/// The content of one element of DER and what follows it; lengths of at most two bytes.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = match rest {
        [length @ 0..=0x7F, rest @ ..] => (usize::from(*length), rest),
        [0x81, length @ 0x80..=0xFF, rest @ ..] => (usize::from(*length), rest),
        [0x82, high @ 1..=0xFF, low, rest @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    if *first == tag { rest.split_at_checked(length) } else { None }
}
