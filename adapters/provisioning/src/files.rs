//! What is served, whoever asks for it and however.
//!
//! A file is either whole in memory (a device file that was made for one phone) or open (firmware, which is
//! tens of megabytes and read by many phones at once). Both are read in pieces, so that a transfer needs no more
//! memory than its piece.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::readers::Readers;
use crate::stamp::Stamp;

/// By which door a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// TFTP.
    Tftp,
    /// HTTP without TLS.
    Http,
    /// HTTP over TLS, where phones want unsigned content under signed names.
    Https,
}

/// Why a file is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotServed {
    /// The name is none that could ever be served.
    #[error("that is no name of a file")]
    BadName,
    /// There is no such file.
    #[error("there is no such file")]
    Unknown,
    /// It is there and not for this source, or not by this door.
    #[error("that file is not served here")]
    Forbidden,
    /// It is larger than what is served.
    #[error("that file is too large")]
    TooLarge,
    /// It is there and could not be read.
    #[error("that file cannot be read")]
    Unreadable,
    /// Too much is read already.
    #[error("too much is being read")]
    Busy,
}

/// Finds files by the names that phones ask for.
#[async_trait]
pub trait Files: Send + Sync {
    /// The file that `source` gets under that name. The name is as it was asked for: nothing of it was checked
    /// but that it is short and printable.
    async fn open(&self, source: IpAddr, name: &str, by: Via) -> Result<ServedFile, NotServed>;
}

/// A file as it was when it was asked for.
#[derive(Clone, Debug)]
pub struct ServedFile(Content);

#[derive(Clone, Debug)]
enum Content {
    Made(Bytes),
    Kept { file: Arc<File>, bytes: u64, readers: Readers },
}

impl ServedFile {
    /// A file that is whole in memory.
    pub fn made(content: Bytes) -> Self {
        Self(Content::Made(content))
    }

    /// An open file of that length. What it grows by later is not served; where it became shorter, reading fails.
    pub fn kept(file: Arc<File>, bytes: u64) -> Self {
        Self(Content::Kept { file, bytes, readers: Readers::default() })
    }

    /// The same, read by those.
    pub(crate) fn read_by(mut self, by: &Readers) -> Self {
        if let Content::Kept { readers, .. } = &mut self.0 {
            *readers = by.clone();
        }
        self
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        match &self.0 {
            Content::Made(content) => content.len() as u64,
            Content::Kept { bytes, .. } => *bytes,
        }
    }

    /// What tells it from other files; nothing for one that was made.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        match &self.0 {
            Content::Made(_) => None,
            Content::Kept { file, .. } => file.metadata().ok().as_ref().map(Stamp::of),
        }
    }

    /// At most `bytes_max` bytes from `offset` on; fewer only where the file ends. It may take as long as the
    /// disk does.
    pub async fn piece(&self, offset: u64, bytes_max: usize) -> io::Result<Bytes> {
        let left = self.length().saturating_sub(offset);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(bytes_max);
        match &self.0 {
            Content::Made(content) => {
                let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
                Ok(content.slice(begin..begin + wanted))
            }
            Content::Kept { file, readers, .. } => {
                let file = Arc::clone(file);
                let read = move || {
                    let mut piece = vec![0; wanted];
                    file.read_exact_at(&mut piece, offset).map(|()| Bytes::from(piece))
                };
                let read = readers.read(read).await;
                read.unwrap_or_else(|_| Err(io::Error::other("reading ended early")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn kept(content: &[u8]) -> (ServedFile, File) {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("jackfield-piece-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        file.write_all(content).unwrap();
        let other = file.try_clone().unwrap();
        (ServedFile::kept(Arc::new(file), content.len() as u64), other)
    }

    #[tokio::test]
    async fn both_sorts_of_file_are_read_alike_piece_by_piece() {
        let content = Bytes::from_static(b"0123456789");
        let (kept, _) = kept(&content);
        for file in [ServedFile::made(content.clone()), kept] {
            assert_eq!(file.length(), 10);
            assert_eq!(file.piece(0, 4).await.unwrap(), content.slice(0..4));
            assert_eq!(file.piece(8, 4).await.unwrap(), content.slice(8..));
            assert!(file.piece(10, 4).await.unwrap().is_empty());
            assert!(file.piece(u64::MAX, 4).await.unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn a_file_that_was_cut_while_it_is_served_fails_and_one_that_grew_ends_where_it_ended() {
        let (file, mut other) = kept(b"0123456789");
        other.write_all(b"more").unwrap();
        assert_eq!(file.piece(8, 100).await.unwrap().as_ref(), b"89");
        other.set_len(9).unwrap();
        assert!(file.piece(8, 100).await.is_err());
    }
}
