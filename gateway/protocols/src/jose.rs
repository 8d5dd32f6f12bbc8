//! Tokens that are signed and sealed: compact JWS and JWE, and the keys that go with them (RFC 7515 to 7518).
//!
//! ```text
//!   payload --sign----> header.payload.signature                 RS256 or ES256, `typ` says what it is for
//!   token   --encrypt-> header..nonce.ciphertext.tag             `dir` and A256GCM, `cty` JWT
//!   text    --decrypt-> token --verify--> payload
//! ```
//!
//! There is one way to write each, and nothing else is read. A header holds the parameters of its form, each
//! once, and no other, so that no header can name a key, a place to load one from, or a rule to follow. `kid`
//! names a key that the caller already has, and that key says which algorithm may stand beside it.
//!
//! Private keys stay with the caller, who signs through a closure; nonces are handed in, each used once per key.
//! What a payload says is the caller's to judge, time included.

mod error;
pub mod fuzz;
mod header;
mod key;
mod sealed;
mod segment;
mod signed;
#[cfg(test)]
mod tests;

pub use error::JoseRefused;
pub use key::{Algorithm, VerificationKey, jwk, jwks};
pub use sealed::{decrypt, encrypt};
pub use signed::{JwsHeader, sign, verify};

/// Bytes of a token, written or read.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a header before it is encoded.
pub const HEADER_BYTES_MAX: usize = 512;
/// Bytes of a key's identifier; letters, digits, `.`, `_` and `-` may stand in it.
pub const KEY_ID_BYTES_MAX: usize = 64;

/// Whether a text has the form of a sealed token, so that it is for [`decrypt`] and not for [`verify`].
#[must_use]
pub fn is_sealed(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == sealed::SEGMENTS - 1
}

/// Whether a text can name a key in a token of ours.
#[must_use]
pub fn is_key_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=KEY_ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_allowed)
}
