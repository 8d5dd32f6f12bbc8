//! What stands in the clear at the beginning of a backup; all of it is authenticated with its content.
//!
//! ```text
//!   "JFBACKUP" | format, 2 bytes | length, 4 bytes | JSON | parts, see `sealed`
//! ```

use std::collections::BTreeMap;
use std::io::Read;

use domain::{Document, Kind, Timestamp};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use super::key::{self, BackupKey, KeyNote};
use super::sealed::Cipher;
use super::{BackupError, BackupOrigin};

const MAGIC: &[u8; 8] = b"JFBACKUP";
/// The format of the file, which this module and `sealed` and `records` make.
const FORMAT: u16 = 1;
/// The tables and columns, as in `copy`.
const TABLES: u32 = 1;
/// The most bytes of the JSON.
const BYTES_MAX: usize = 16 * 1024;

/// The JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// The program that wrote it.
    program: String,
    /// Which tables and columns there are.
    tables: u32,
    /// The schema number of each kind of documents that the program wrote.
    schemas: BTreeMap<String, u32>,
    /// When it was written, in microseconds since 1970.
    at: i64,
    /// Which sort of store it was.
    store: String,
    /// The node that wrote it.
    node: String,
    /// The store's epoch.
    epoch: u64,
    key: KeyNote,
    salt: String,
    check: String,
}

impl Header {
    /// The beginning of a new file, and what encrypts the rest.
    pub(super) fn begin(
        origin: &BackupOrigin,
        key: &BackupKey,
    ) -> Result<(Vec<u8>, Cipher), BackupError> {
        let mut salt = [0; 32];
        SystemRandom::new().fill(&mut salt).map_err(|_| BackupError::NoRandomness)?;
        let note = key.note();
        let keys = key::derive(key, &note, &salt)?;
        let schemas = Kind::ALL.map(|kind| (kind.name().to_owned(), Document::schema(kind)));
        let header = Self {
            program: origin.program.clone(),
            tables: TABLES,
            schemas: schemas.into(),
            at: origin.at.microseconds(),
            store: origin.store.clone(),
            node: origin.node.clone(),
            epoch: origin.epoch,
            key: note,
            salt: hexadecimal(&salt),
            check: hexadecimal(&keys.check),
        };
        let json = serde_json::to_vec(&header)
            .map_err(|_| BackupError::Header { what: "it cannot be written" })?;
        let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_be_bytes());
        bytes.extend(length.to_be_bytes());
        bytes.extend(json);
        let cipher = Cipher::new(&keys.content, digest(&SHA256, &bytes).as_ref())?;
        Ok((bytes, cipher))
    }

    /// Reads the beginning of a file that may come from anybody, and makes what opens the rest.
    pub(super) fn read(
        file: &mut impl Read,
        key: &BackupKey,
    ) -> Result<(BackupOrigin, Cipher), BackupError> {
        let (header, bytes) = Self::read_unopened(file)?;
        let unreadable = || BackupError::Header { what: "its key cannot be told" };
        let salt = bytes_of(&header.salt).filter(|it| it.len() == 32).ok_or_else(unreadable)?;
        let check = bytes_of(&header.check).ok_or_else(unreadable)?;
        let keys = key::derive(key, &header.key, &salt)?;
        if keys.check.as_slice() != check {
            return Err(match key {
                BackupKey::Passphrase(_) => BackupError::OtherPassphrase,
                BackupKey::Sealing(_) => {
                    BackupError::Header { what: "it does not belong to the key it names" }
                }
            });
        }
        let cipher = Cipher::new(&keys.content, digest(&SHA256, &bytes).as_ref())?;
        Ok((header.origin(), cipher))
    }

    fn read_unopened(file: &mut impl Read) -> Result<(Self, Vec<u8>), BackupError> {
        let mut bytes = vec![0; MAGIC.len()];
        fill(file, &mut bytes)?;
        if bytes != MAGIC {
            return Err(BackupError::NoBackup);
        }
        let mut format = [0; 2];
        fill(file, &mut format)?;
        let found = u16::from_be_bytes(format);
        if found != FORMAT {
            return Err(BackupError::Format { found, known: FORMAT });
        }
        let mut length = [0; 4];
        fill(file, &mut length)?;
        let size = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if size > BYTES_MAX {
            return Err(BackupError::Header { what: "it is far too long" });
        }
        let mut json = vec![0; size];
        fill(file, &mut json)?;
        let header: Self = serde_json::from_slice(&json)
            .map_err(|_| BackupError::Header { what: "it is not what this format has" })?;
        bytes.extend(format);
        bytes.extend(length);
        bytes.extend(json);
        Ok((header, bytes))
    }

    fn origin(self) -> BackupOrigin {
        BackupOrigin {
            program: self.program,
            tables: self.tables,
            schemas: self.schemas,
            at: Timestamp::from_microseconds(self.at),
            store: self.store,
            node: self.node,
            epoch: self.epoch,
        }
    }
}

impl BackupOrigin {
    /// What this program writes.
    pub fn new(program: &str, node: &str, store: &str, epoch: u64, at: Timestamp) -> Self {
        Self {
            program: program.to_owned(),
            tables: TABLES,
            schemas: BTreeMap::new(),
            at,
            store: store.to_owned(),
            node: node.to_owned(),
            epoch,
        }
    }

    /// Refuses what a newer program wrote into tables that are not known here. Older ones than those of
    /// today were never written.
    pub(super) fn refuse_other_tables(&self) -> Result<(), BackupError> {
        if self.tables == TABLES {
            return Ok(());
        }
        let what = format!(
            "the backup was written by version {} with tables of number {}, this program knows {TABLES}",
            self.program, self.tables
        );
        Err(BackupError::Newer { what })
    }
}

fn fill(file: &mut impl Read, bytes: &mut [u8]) -> Result<(), BackupError> {
    file.read_exact(bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => BackupError::NoBackup,
        _ => BackupError::File(error),
    })
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let digits = pair.iter().all(u8::is_ascii_hexdigit).then_some(pair)?;
        u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    rest.is_empty().then(|| pairs.iter().map(byte).collect()).flatten()
}
