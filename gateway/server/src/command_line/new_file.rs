//! A file that is written by a command: private, whole or not at all, and never in place of another one.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::Problem;
use crate::backup::size;

/// Between two words about how far it is.
const TOLD_EVERY_BYTES: u64 = 64 * 1024 * 1024;

pub(super) fn about(file: &Path, error: &std::io::Error) -> Problem {
    Problem(format!("error: {}: {error}", file.display()))
}

/// Tells on a terminal how far something is.
pub(super) struct Progress {
    what: &'static str,
    told: u64,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, told: 0, is_terminal: std::io::stderr().is_terminal() }
    }

    pub(super) fn tell(&mut self, bytes: u64) {
        if self.is_terminal && bytes >= self.told.saturating_add(TOLD_EVERY_BYTES) {
            self.told = bytes;
            let _ = writeln!(std::io::stderr(), "{} {}", size(bytes), self.what);
        }
    }
}

/// A file that is there whole or not at all, and never in place of another one.
pub(super) struct NewFile {
    file: File,
    path: PathBuf,
    pub(super) bytes: u64,
    is_done: bool,
}

impl NewFile {
    pub(super) fn begin(path: &Path) -> Result<Self, Problem> {
        if path.exists() {
            return Err(Problem(format!(
                "error: {} is there already; name another file",
                path.display()
            )));
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = PathBuf::from(partial);
        let file = File::options().write(true).create_new(true).mode(0o600).open(&partial);
        let file = file.map_err(|error| about(&partial, &error))?;
        Ok(Self { file, path: partial, bytes: 0, is_done: false })
    }

    pub(super) fn write(&mut self, part: &[u8]) -> std::io::Result<()> {
        self.file.write_all(part)?;
        self.bytes += u64::try_from(part.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    pub(super) fn finish(mut self, path: &Path) -> Result<(), Problem> {
        self.file.sync_all()?;
        renameat_with(CWD, &self.path, CWD, path, RenameFlags::NOREPLACE)
            .map_err(|error| about(path, &error.into()))?;
        self.is_done = true;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn ops_05_a_new_file_is_private_and_whole_and_writes_over_nothing() {
        let folder = Folder::new();
        let path = folder.path().join("backup");
        let mut new = NewFile::begin(&path).unwrap();
        new.write(b"some").unwrap();
        assert!(!path.exists());
        // Broken off, nothing is left.
        drop(new);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut new = NewFile::begin(&path).unwrap();
        new.write(b"all").unwrap();
        new.finish(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"all");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(NewFile::begin(&path).is_err());
        // One that came meanwhile stays, too.
        let other = folder.path().join("other");
        let new = NewFile::begin(&other).unwrap();
        std::fs::write(&other, "theirs").unwrap();
        assert!(new.finish(&other).is_err());
        assert_eq!(std::fs::read(&other).unwrap(), b"theirs");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
