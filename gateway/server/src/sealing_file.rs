//! The sealing key on disk: 32 bytes as 64 hexadecimal digits, made at the first start.

use std::path::Path;

use engine::SealingKey;
use zeroize::Zeroizing;

use crate::secret_file::{self, SecretFileError};

/// Reads the key.
pub(crate) fn read(path: &Path) -> Result<SealingKey, SecretFileError> {
    let bytes = secret_file::read(path)?;
    let malformed = || SecretFileError::Malformed {
        path: path.to_owned(),
        what: "must hold 64 hexadecimal digits, the sealing key",
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?.trim();
    let mut key = Zeroizing::new([0_u8; 32]);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != key.len() || !rest.is_empty() {
        return Err(malformed());
    }
    for (byte, pair) in key.iter_mut().zip(pairs) {
        let digits = std::str::from_utf8(pair).map_err(|_| malformed())?;
        if !pair.iter().all(u8::is_ascii_hexdigit) {
            return Err(malformed());
        }
        *byte = u8::from_str_radix(digits, 16).map_err(|_| malformed())?;
    }
    Ok(SealingKey::new(*key))
}

/// Reads the key, or makes one where there is none; says too whether it was made.
pub(crate) fn read_or_make(path: &Path) -> Result<(SealingKey, bool), SecretFileError> {
    if path.exists() {
        return Ok((read(path)?, false));
    }
    let unwritable = |source| SecretFileError::Unwritable { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        secret_file::make_folder(folder).map_err(unwritable)?;
    }
    let key = SealingKey::generate()
        .ok_or_else(|| unwritable(std::io::Error::other("the machine gives no randomness")))?;
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in key.expose() {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    secret_file::write(path, text.as_bytes())?;
    Ok((key, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn ops_05_the_sealing_key_is_made_once_and_read_back() {
        let folder = Folder::new();
        let path = folder.path().join("new/sealing.key");
        let (made, is_new) = read_or_make(&path).unwrap();
        assert!(is_new);
        let (read, is_new) = read_or_make(&path).unwrap();
        assert!(!is_new);
        assert_eq!(read.expose(), made.expose());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = Folder::new();
        let path = folder.path().join("sealing.key");
        for text in ["", "abc", &"0".repeat(63), &"0".repeat(66), &"+1".repeat(32), &"é".repeat(32)]
        {
            secret_file::write(&path, text.as_bytes()).unwrap();
            assert!(matches!(read(&path), Err(SecretFileError::Malformed { .. })), "{text}");
        }
    }
}
