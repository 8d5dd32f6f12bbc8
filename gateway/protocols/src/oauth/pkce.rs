//! Proof that whoever redeems a code is who asked for it (RFC 7636), by S256 alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Characters of a verifier.
const VERIFIER_CHARACTERS: std::ops::RangeInclusive<usize> = 43..=128;

/// The challenge that a verifier belongs to; none where it is no verifier.
#[must_use]
pub fn challenge_of(verifier: &str) -> Option<String> {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_verifier =
        VERIFIER_CHARACTERS.contains(&verifier.len()) && verifier.bytes().all(is_unreserved);
    is_verifier.then(|| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)))
}

/// Whether a text can be a challenge: base64url of 32 bytes, in the one way they are written.
#[must_use]
pub fn is_challenge(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok()
}

/// Whether what came with a code proves what was asked for at authorization: a verifier that answers the
/// challenge, or neither. A verifier for which nobody asked refuses, since then somebody took the challenge
/// away. How long it takes tells nothing of where the two differ.
#[must_use]
pub fn is_answered(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => challenge_of(verifier)
            .is_some_and(|answer| bool::from(answer.as_bytes().ct_eq(challenge.as_bytes()))),
        _ => false,
    }
}
