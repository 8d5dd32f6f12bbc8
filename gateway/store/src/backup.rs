//! Backups: one encrypted file with all that a store holds, the same for every sort of store.
//!
//! ```text
//!   store --rows of one moment--> `records` --content--> `sealed` --parts--> whoever keeps the file
//!   file --all of it read and compared--> inspection   (1)
//!        --read once more--> rows --> store: replaced in one transaction, under a new epoch   (2)
//! ```
//!
//! Nothing is replaced before the whole file was read, opened and found to be what was written. Leases and
//! signs of life are not part of it: they are those of the nodes that run. Promises are; what was kept after
//! the backup was written is promised again, under the same ids, so whoever remembers those does it once.
//!
//! Bodies stand in a file of their own beside SQLite's main one. Both are read as of one moment, bodies a blink
//! later: they are finished before anything refers to them, and never change.

mod error;
mod header;
mod key;
mod records;
mod sealed;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use domain::Timestamp;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

pub use error::BackupError;
pub use key::{BackupKey, SealingBackupKey};

use crate::copy::Page;
use crate::inspection::{Inspection, Inspector};
use crate::{Store, StoreError};
use header::Header;
use records::{Read as Record, Reader, Writer};
use sealed::{Opening, Sealing};

/// Pages that wait for the next one to take them.
const PAGES_WAITING: usize = 2;
/// How much of a file is read at once.
const READ_BYTES: usize = 512 * 1024;

/// Rows on their way out of a store.
#[derive(Debug)]
pub struct Pages(pub(crate) mpsc::Sender<Option<Page>>);

/// Rows on their way into a store.
#[derive(Debug)]
pub struct Arriving(pub(crate) mpsc::Receiver<Option<Page>>);

/// Where a backup comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupOrigin {
    /// The version of the program that wrote it.
    pub program: String,
    /// Which tables and columns it has.
    pub(crate) tables: u32,
    /// The schema number of each kind of documents, by that program.
    pub(crate) schemas: BTreeMap<String, u32>,
    /// When it was begun.
    pub at: Timestamp,
    /// Which sort of store it is of.
    pub store: String,
    /// The node that wrote it.
    pub node: String,
    /// The epoch of the store then.
    pub epoch: u64,
}

/// A backup that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupWritten {
    /// Rows of each table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Its size.
    pub bytes: u64,
}

/// What was found in a backup that is whole.
#[derive(Clone, Debug)]
pub struct BackupInside {
    /// Where it comes from.
    pub origin: BackupOrigin,
    /// What it holds.
    pub inspection: Inspection,
    /// Bytes of its content.
    pub bytes: u64,
}

impl BackupInside {
    /// Why it cannot be restored by this program.
    pub fn refuse_newer(&self) -> Result<(), BackupError> {
        let Some((kind, found, known)) = self.inspection.newer else { return Ok(()) };
        let what = format!(
            "the backup was written by version {} and holds {} documents of schema {found}, this \
             program knows up to {known}",
            self.origin.program,
            kind.name()
        );
        Err(BackupError::Newer { what })
    }
}

/// Writes all that the store holds into `out`, piece by piece, while it goes on. What was given is a backup
/// only once this returns well.
pub async fn backup(
    store: &dyn Store,
    key: BackupKey,
    origin: BackupOrigin,
    out: mpsc::Sender<Vec<u8>>,
) -> Result<BackupWritten, BackupError> {
    let (pages, mut arriving) = mpsc::channel(PAGES_WAITING);
    let writing = spawn_blocking(move || {
        let (beginning, cipher) = Header::begin(&origin, &key)?;
        let mut bytes = 0;
        let mut give = |part: Vec<u8>| {
            bytes += u64::try_from(part.len()).unwrap_or(u64::MAX);
            out.blocking_send(part).map_err(|_| BackupError::BrokenOff)
        };
        give(beginning)?;
        let mut writer = Writer::new(Sealing::new(cipher, &mut give));
        loop {
            match arriving.blocking_recv() {
                Some(Some(page)) => writer.write(&page)?,
                Some(None) => break,
                None => return Err(BackupError::BrokenOff),
            }
        }
        let rows = writer.finish()?;
        Ok(BackupWritten { rows, bytes })
    });
    let (sent, written) = tokio::join!(store.send_pages(Pages(pages)), writing);
    let written = written.unwrap_or(Err(BackupError::BrokenOff));
    // The side that knows why tells: one that breaks off ends the other.
    match (sent, written) {
        (Ok(()), written) => written,
        (Err(error), Ok(_) | Err(BackupError::BrokenOff)) => Err(error.into()),
        (Err(StoreError::Closed), Err(error)) => Err(error),
        (Err(error), Err(_)) => Err(error.into()),
    }
}

/// Reads a whole backup and compares all of it; `told` hears how many bytes of it were read. It blocks.
pub fn inspect(
    file: impl Read,
    key: &BackupKey,
    told: &mut dyn FnMut(u64),
) -> Result<BackupInside, BackupError> {
    let mut file = BufReader::with_capacity(READ_BYTES, file);
    let (origin, cipher) = Header::read(&mut file, key)?;
    origin.refuse_other_tables()?;
    let mut reader = Reader::new(Opening::new(cipher, file));
    let mut inspector = Inspector::default();
    loop {
        match reader.read()? {
            Record::Page(page) => inspector.take(&page),
            Record::End(rows) => {
                let (bytes, mut inspection) = (reader.bytes(), inspector.finish());
                inspection.rows = rows;
                return Ok(BackupInside { origin, inspection, bytes });
            }
        }
        told(reader.bytes());
    }
}

/// Replaces all that the store holds by what is in that file, or changes nothing. The file was read with
/// [`inspect`] before; should it be another one by now, it is not taken either. Gives the new epoch.
pub async fn restore(store: &dyn Store, file: File, key: BackupKey) -> Result<u64, BackupError> {
    let (pages, arriving) = mpsc::channel(PAGES_WAITING);
    let (origin, mut reader) = spawn_blocking(move || -> Result<_, BackupError> {
        let mut file = BufReader::with_capacity(READ_BYTES, file);
        file.seek(SeekFrom::Start(0))?;
        let (origin, cipher) = Header::read(&mut file, &key)?;
        origin.refuse_other_tables()?;
        Ok((origin, Reader::new(Opening::new(cipher, file))))
    })
    .await
    .unwrap_or(Err(BackupError::BrokenOff))?;
    let reading = spawn_blocking(move || {
        loop {
            let page = match reader.read()? {
                Record::Page(page) => Some(page),
                Record::End(_) => None,
            };
            let was_last = page.is_none();
            pages.blocking_send(page).map_err(|_| BackupError::BrokenOff)?;
            if was_last {
                return Ok(());
            }
        }
    });
    let (read, replaced) = tokio::join!(reading, store.replace(Arriving(arriving), origin.epoch));
    let read: Result<(), BackupError> = read.unwrap_or(Err(BackupError::BrokenOff));
    match (read, replaced) {
        (_, Ok(epoch)) => Ok(epoch),
        (Ok(()) | Err(BackupError::BrokenOff), Err(error)) => Err(error.into()),
        (Err(error), Err(_)) => Err(error),
    }
}

/// Looks at all that a store holds, as of one moment, while it goes on.
pub async fn check(store: &dyn Store) -> Result<Inspection, StoreError> {
    let (pages, mut arriving) = mpsc::channel(PAGES_WAITING);
    let looking = spawn_blocking(move || {
        let mut inspector = Inspector::default();
        while let Some(Some(page)) = arriving.blocking_recv() {
            inspector.take(&page);
        }
        inspector.finish()
    });
    let (sent, looked) = tokio::join!(store.send_pages(Pages(pages)), looking);
    sent?;
    let mut inspection = looked.map_err(|_| StoreError::Closed)?;
    for what in store.check_files().await? {
        inspection.add_wrong(what);
    }
    Ok(inspection)
}
