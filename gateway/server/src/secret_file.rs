//! Files that hold secrets: refused where every user of the machine may read them, made with 0600.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The most bytes of a file with a secret.
const BYTES_MAX: u64 = 64 * 1024;

/// Why a file with a secret is not used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Every user of the machine may read or change it.
    #[error(
        "{path} has mode {mode:04o}, so every user of this machine may reach it; take that away: chmod o-rwx",
        path = path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is far too large for a secret.
    #[error("{path} has more than {BYTES_MAX} bytes", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("{path} cannot be written: {source}", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What stands in it is no such secret.
    #[error("{path} {what}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
}

/// The bytes of a file that only its owner and group may reach.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let unreadable = |source| SecretFileError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
    if mode & 0o007 != 0 {
        return Err(SecretFileError::Open { path: path.to_owned(), mode });
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(SecretFileError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

/// Writes a file of mode 0600 so that it is there whole or not at all. One that is there already keeps its
/// owner: whoever writes may be root, and whoever reads the node's own user.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), SecretFileError> {
    write_whole(path, bytes, 0o600)
        .map_err(|source| SecretFileError::Unwritable { path: path.to_owned(), source })
}

/// Writes a file of that mode so that it is there whole or not at all, also after a power cut.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    if let Ok(before) = std::fs::metadata(path) {
        let now = file.metadata()?;
        if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
            match fchown(&file, Some(before.uid()), Some(before.gid())) {
                // Only root gives files away.
                Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
                _ => {}
            }
        }
    }
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Makes a folder that only its owner may enter, with those above it, unless it is there.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn ops_05_a_secret_file_open_to_everybody_is_refused() {
        let folder = Folder::new();
        let path = folder.path().join("secret");
        write(&path, b"hunter2").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600);
        assert_eq!(read(&path).unwrap().as_slice(), b"hunter2");
        for mode in [0o604, 0o602, 0o644] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("{mode:04o}")), "{error}");
        }
        // Of a group, and a credential of systemd: 0400, or 0440 where its user stands in a list beside.
        for mode in [0o640, 0o400, 0o440] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert!(read(&path).is_ok());
        }
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
        assert!(matches!(read(&path), Err(SecretFileError::Open { .. })));
    }

    #[test]
    fn ops_05_a_secret_file_written_by_root_stays_its_owners() {
        let folder = Folder::new();
        let path = folder.path().join("secret");
        write(&path, b"one").unwrap();
        if std::os::unix::fs::chown(&path, Some(12_345), Some(12_346)).is_err() {
            println!("not permitted here: files of other users");
            return;
        }
        write(&path, b"two").unwrap();
        let found = std::fs::metadata(&path).unwrap();
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o7777), (12_345, 12_346, 0o600));
    }

    #[test]
    fn a_secret_file_is_bounded() {
        let folder = Folder::new();
        let path = folder.path().join("secret");
        write(&path, &vec![b'x'; 64 * 1024 + 1]).unwrap();
        assert!(matches!(read(&path), Err(SecretFileError::TooLarge { .. })));
    }
}
