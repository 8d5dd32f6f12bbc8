//! Files below a folder, and none beside it: part by part, links never followed.

use std::fs::{File, Metadata};
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use super::name::Name;
use crate::stamp::Stamp;
use crate::{NotServed, ServedFile};

/// A folder that may be exchanged or be away at any moment.
#[derive(Debug)]
pub(super) struct Beneath {
    path: PathBuf,
    file_bytes_max: u64,
}

/// An open file.
pub(super) struct Opened {
    pub(super) file: File,
    metadata: Metadata,
}

impl Opened {
    pub(super) fn stamp(&self) -> Stamp {
        Stamp::of(&self.metadata)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.metadata.len()
    }

    /// As it is on the disk.
    pub(super) fn served(self) -> ServedFile {
        let bytes = self.bytes();
        ServedFile::kept(Arc::new(self.file), bytes)
    }
}

impl Beneath {
    pub(super) fn new(path: PathBuf, file_bytes_max: u64) -> Self {
        Self { path, file_bytes_max }
    }

    /// Opens a file that is there and is one.
    pub(super) fn open(&self, name: &Name<'_>) -> Result<Opened, NotServed> {
        let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // The folder itself may be a link: who runs the node chose it.
        let mut at = openat(CWD, &self.path, folder, Mode::empty()).map_err(|error| {
            let why = error.to_string();
            tracing::debug!(why, "the folder of provisioning cannot be opened");
            NotServed::Unreadable
        })?;
        for part in &name.folders {
            at = openat(&at, *part, folder | OFlags::NOFOLLOW, Mode::empty()).map_err(refused)?;
        }
        // A pipe would otherwise be waited for.
        let plain = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = openat(&at, name.file, plain | OFlags::CLOEXEC, Mode::empty());
        let file = File::from(file.map_err(refused)?);
        let metadata = file.metadata().map_err(|_| NotServed::Unreadable)?;
        if !metadata.is_file() {
            return Err(NotServed::Unknown);
        }
        if metadata.len() > self.file_bytes_max {
            return Err(NotServed::TooLarge);
        }
        Ok(Opened { file, metadata })
    }
}

fn refused(error: Errno) -> NotServed {
    match error {
        Errno::NOENT | Errno::NOTDIR | Errno::NXIO => NotServed::Unknown,
        // A link.
        Errno::LOOP => NotServed::Forbidden,
        _ => NotServed::Unreadable,
    }
}
