//! A token as segments, and base64url as RFC 7515 section 2 has it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{JoseRefused, TOKEN_BYTES_MAX};

/// Splits a token into exactly `N` segments.
pub(super) fn split<const N: usize>(token: &str) -> Result<[&str; N], JoseRefused> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(JoseRefused::TooLarge);
    }
    let mut segments = token.split('.');
    let mut parts = [""; N];
    for part in &mut parts {
        *part = segments.next().ok_or(JoseRefused::Segments)?;
    }
    if segments.next().is_some() { Err(JoseRefused::Segments) } else { Ok(parts) }
}

/// Writes bytes in the only way that [`read`] takes.
pub(super) fn write(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads bytes; padding, white space, other alphabets and bits left over refuse, so that no two texts are one
/// value.
pub(super) fn read(segment: &str) -> Result<Vec<u8>, JoseRefused> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| JoseRefused::Encoding)
}
