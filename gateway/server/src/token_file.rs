//! The bearer token for `/metrics` on disk.

use std::path::Path;

use domain::Secret;

use crate::secret_file::{self, SecretFileError};

/// Reads the token: 16 to 256 visible ASCII characters.
pub(crate) fn read(path: &Path) -> Result<Secret, SecretFileError> {
    let bytes = secret_file::read(path)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default().trim();
    if (16..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Secret::new(text));
    }
    Err(SecretFileError::Malformed {
        path: path.to_owned(),
        what: "must hold a token of 16 to 256 visible ASCII characters",
    })
}
