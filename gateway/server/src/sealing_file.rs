//! The sealing keys on disk: each 32 bytes as 64 hexadecimal digits on a line of its own.
//!
//! The first one seals, all of them open. A file with one key is made at the first start, but never a
//! credential, which whoever starts the node gives.

use std::path::Path;

use engine::{SealingKey, SealingKeys};
use zeroize::Zeroizing;

use crate::config::credential;
use crate::secret_file::{self, SecretFileError};

/// The most keys of a file.
const KEYS_MAX: usize = 16;

/// Reads the keys.
pub(crate) fn read(path: &Path) -> Result<SealingKeys, SecretFileError> {
    let mut keys = read_list(path)?;
    let present = keys.remove(0);
    Ok(SealingKeys::new(present, keys))
}

/// Reads the keys in their order; there is at least one.
pub(crate) fn read_list(path: &Path) -> Result<Vec<SealingKey>, SecretFileError> {
    let bytes = secret_file::read(path)?;
    let malformed = || SecretFileError::Malformed {
        path: path.to_owned(),
        what: "must hold 64 hexadecimal digits, the sealing key, and further keys on lines of their \
               own, 16 at most",
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Option<Vec<_>> = lines.map(key).collect();
    let keys = keys.ok_or_else(malformed)?;
    if (1..=KEYS_MAX).contains(&keys.len()) { Ok(keys) } else { Err(malformed()) }
}

fn key(line: &str) -> Option<SealingKey> {
    let mut key = Zeroizing::new([0_u8; 32]);
    let (pairs, rest) = line.as_bytes().as_chunks::<2>();
    if pairs.len() != key.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(pairs) {
        if !pair.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(SealingKey::new(*key))
}

/// Writes keys into the place of those in a file, for the same owner; it is made where it is missing.
pub(crate) fn write(path: &Path, keys: &[SealingKey]) -> Result<(), SecretFileError> {
    let mut text = Zeroizing::new(String::with_capacity(65 * keys.len()));
    for byte in keys.iter().flat_map(|key| key.expose().iter().map(Some).chain([None])) {
        match byte {
            Some(byte) => text.push_str(&format!("{byte:02x}")),
            None => text.push('\n'),
        }
    }
    secret_file::write(path, text.as_bytes())
}

/// A new key.
pub(crate) fn generate(path: &Path) -> Result<SealingKey, SecretFileError> {
    SealingKey::generate().ok_or_else(|| {
        let source = std::io::Error::other("the machine gives no randomness");
        SecretFileError::Unwritable { path: path.to_owned(), source }
    })
}

/// Reads the keys, or makes one where there is none; says too whether it was made.
pub(crate) fn read_or_make(path: &Path) -> Result<(SealingKeys, bool), SecretFileError> {
    if path.exists() || credential::is_one(path) {
        return Ok((read(path)?, false));
    }
    if let Some(folder) = path.parent() {
        let unwritable = |source| SecretFileError::Unwritable { path: path.to_owned(), source };
        secret_file::make_folder(folder).map_err(unwritable)?;
    }
    let key = generate(path)?;
    write(path, std::slice::from_ref(&key))?;
    Ok((SealingKeys::new(key, []), true))
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
        assert_eq!(read.ids(), made.ids());
    }

    #[test]
    fn ops_05_several_keys_stand_on_lines_and_the_first_one_seals() {
        let folder = Folder::new();
        let path = folder.path().join("sealing.key");
        let keys = [7_u8, 8, 9].map(|byte| SealingKey::new([byte; 32]));
        write(&path, &keys).unwrap();
        assert_eq!(read(&path).unwrap().ids(), keys.each_ref().map(SealingKey::id));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3);
        // As people write it.
        secret_file::write(&path, text.replace('\n', "\r\n\n").to_uppercase().as_bytes()).unwrap();
        assert_eq!(read(&path).unwrap().ids(), keys.each_ref().map(SealingKey::id));
    }

    #[test]
    fn ops_05_a_credential_is_never_made() {
        let path = Path::new("/run/credentials/jackfield.service/no-such-key");
        assert!(matches!(read_or_make(path), Err(SecretFileError::Unreadable { .. })));
        assert!(!path.exists());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = Folder::new();
        let path = folder.path().join("sealing.key");
        let good = "0".repeat(64);
        for text in [
            "",
            "\n",
            "abc",
            &"0".repeat(63),
            &"0".repeat(66),
            &"+1".repeat(32),
            &"é".repeat(32),
            &format!("{good}\nabc\n"),
            &format!("{good} {good}\n"),
            &format!("{good}\n").repeat(17),
        ] {
            secret_file::write(&path, text.as_bytes()).unwrap();
            assert!(matches!(read(&path), Err(SecretFileError::Malformed { .. })), "{text}");
        }
    }
}
