//! What a backup is encrypted with: a key made of a passphrase, or of the deployment's sealing key.
//!
//! ```text
//!   passphrase --argon2id(salt)--> 32 bytes --.
//!   sealing key --keyed digest---> 32 bytes --+-- HKDF(salt, "content") --> key of this file
//!                                             '-- HKDF(salt, "check")   --> tells a wrong key from damage
//! ```

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use ring::hkdf;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::BackupError;

/// What making a key of a passphrase costs, some 200 ms.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// The most that a file may ask for: it may come from anybody.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 8;
const LANES_MAX: u32 = 4;

/// What a backup is encrypted with, and opened.
pub enum BackupKey {
    /// Keys that follow from the deployment's sealing keys: the first one encrypts, any of them opens.
    Sealing(Vec<SealingBackupKey>),
    /// A passphrase.
    Passphrase(Zeroizing<Vec<u8>>),
}

/// A key that follows from a sealing key.
#[derive(Clone)]
pub struct SealingBackupKey {
    /// Which one it is, for people; nothing follows from it.
    pub id: String,
    /// The key.
    pub key: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for SealingBackupKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(key of a backup)")
    }
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(key of a backup)")
    }
}

/// What a file says of its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum KeyNote {
    SealingKey { id: String },
    Passphrase { memory_kib: u32, passes: u32, lanes: u32 },
}

impl BackupKey {
    /// What is noted of it in a new file.
    pub(super) fn note(&self) -> KeyNote {
        match self {
            Self::Sealing(keys) => {
                let id = keys.first().map(|key| key.id.clone()).unwrap_or_default();
                KeyNote::SealingKey { id }
            }
            Self::Passphrase(_) => {
                KeyNote::Passphrase { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES }
            }
        }
    }
}

/// The keys of one file.
pub(super) struct FileKeys {
    /// Encrypts its content.
    pub(super) content: Zeroizing<[u8; 32]>,
    /// Stands in the file.
    pub(super) check: [u8; 16],
}

/// Makes the keys of a file with that note and salt.
pub(super) fn derive(
    key: &BackupKey,
    note: &KeyNote,
    salt: &[u8],
) -> Result<FileKeys, BackupError> {
    let whole = match (key, note) {
        (BackupKey::Sealing(keys), KeyNote::SealingKey { id: wanted }) => {
            match keys.iter().find(|key| key.id == *wanted) {
                Some(found) => found.key.clone(),
                None => {
                    let here: Vec<_> = keys.iter().map(|key| key.id.as_str()).collect();
                    let (wanted, here) = (shown(wanted), here.join(", "));
                    return Err(BackupError::OtherSealingKey { wanted, here });
                }
            }
        }
        (BackupKey::Passphrase(text), KeyNote::Passphrase { memory_kib, passes, lanes }) => {
            stretched(text, salt, (*memory_kib, *passes, *lanes))?
        }
        (BackupKey::Sealing(_), KeyNote::Passphrase { .. }) => {
            return Err(BackupError::WantsPassphrase);
        }
        (BackupKey::Passphrase(_), KeyNote::SealingKey { id }) => {
            return Err(BackupError::WantsSealingKey { id: shown(id) });
        }
    };
    let salted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(whole.as_ref());
    let mut keys = FileKeys { content: Zeroizing::new([0; 32]), check: [0; 16] };
    expand(&salted, b"content", keys.content.as_mut())?;
    expand(&salted, b"check", &mut keys.check)?;
    Ok(keys)
}

/// What a file says of itself is no text of ours until it was opened.
fn shown(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).take(32).collect()
}

fn stretched(
    text: &[u8],
    salt: &[u8],
    (memory_kib, passes, lanes): (u32, u32, u32),
) -> Result<Zeroizing<[u8; 32]>, BackupError> {
    if memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX || lanes > LANES_MAX {
        return Err(BackupError::Dear { memory_kib, passes });
    }
    let wrong = |_| BackupError::Header { what: "its figures for the passphrase make no sense" };
    let parameters = Params::new(memory_kib, passes, lanes, Some(32)).map_err(wrong)?;
    let mut whole = Zeroizing::new([0; 32]);
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    argon.hash_password_into(text, salt, whole.as_mut()).map_err(wrong)?;
    Ok(whole)
}

/// So many bytes.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(salted: &hkdf::Prk, purpose: &[u8], into: &mut [u8]) -> Result<(), BackupError> {
    let purpose = [purpose];
    let expanded = salted.expand(&purpose, Length(into.len()));
    let filled = expanded.and_then(|expanded| expanded.fill(into));
    filled.map_err(|_| BackupError::Header { what: "no key can be made" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; 16] = [3; 16];

    fn named(id: &str) -> SealingBackupKey {
        SealingBackupKey { id: id.to_owned(), key: Zeroizing::new([1; 32]) }
    }

    fn passphrase(text: &str) -> BackupKey {
        BackupKey::Passphrase(Zeroizing::new(text.as_bytes().to_vec()))
    }

    fn small() -> KeyNote {
        KeyNote::Passphrase { memory_kib: 64, passes: 1, lanes: 1 }
    }

    #[test]
    fn ops_04_a_passphrase_makes_one_key_for_each_file() {
        let derived = |text: &str, salt: &[u8]| derive(&passphrase(text), &small(), salt).unwrap();
        let first = derived("correct horse", &SALT);
        assert_eq!(derived("correct horse", &SALT).check, first.check);
        assert_ne!(derived("correct hors", &SALT).check, first.check);
        assert_ne!(derived("correct horse", &[4; 16]).content, first.content);
        assert!(!format!("{:?}", passphrase("correct horse")).contains("horse"));
    }

    #[test]
    fn ops_04_a_file_cannot_ask_for_much_work() {
        for (memory_kib, passes, lanes) in
            [(256 * 1024 + 1, 1, 1), (64, 9, 1), (64, 1, 5), (u32::MAX, u32::MAX, u32::MAX)]
        {
            let note = KeyNote::Passphrase { memory_kib, passes, lanes };
            let refused = derive(&passphrase("x"), &note, &SALT).err().unwrap();
            assert!(matches!(refused, BackupError::Dear { .. }), "{refused:?}");
        }
        let none = KeyNote::Passphrase { memory_kib: 0, passes: 0, lanes: 0 };
        let refused = derive(&passphrase("x"), &none, &SALT).err().unwrap();
        assert!(matches!(refused, BackupError::Header { .. }), "{refused:?}");
    }

    #[test]
    fn ops_04_the_other_sort_of_key_is_told() {
        let sealing = |id: &str| BackupKey::Sealing(vec![named(id)]);
        let noted = KeyNote::SealingKey { id: "ab12".into() };
        assert!(derive(&sealing("ab12"), &noted, &SALT).is_ok());
        let refused = derive(&sealing("cd34"), &noted, &SALT).err().unwrap().to_string();
        assert!(refused.contains("ab12") && refused.contains("cd34"), "{refused}");
        let several = BackupKey::Sealing(vec![named("cd34"), named("ab12")]);
        assert!(derive(&several, &noted, &SALT).is_ok());
        assert_eq!(several.note(), KeyNote::SealingKey { id: "cd34".into() });
        let refused = derive(&passphrase("x"), &noted, &SALT).err().unwrap();
        assert!(matches!(refused, BackupError::WantsSealingKey { .. }));
        let refused = derive(&sealing("ab12"), &small(), &SALT).err().unwrap();
        assert!(matches!(refused, BackupError::WantsPassphrase));
    }
}
