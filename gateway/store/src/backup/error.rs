//! What keeps a backup from being written, read or restored.

use std::io;

use crate::StoreError;

/// Why a backup was not written, read or restored. A store stays as it was, except where it says so.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It begins with something else.
    #[error("this is no backup: it does not begin as one")]
    NoBackup,
    /// Its format is not the one known here.
    #[error(
        "the backup has format {found}, this program reads format {known}; use the program that wrote it"
    )]
    Format {
        /// Its number.
        found: u16,
        /// The one known here.
        known: u16,
    },
    /// What stands before the encrypted part cannot be read.
    #[error("the beginning of the backup cannot be read: {what}")]
    Header {
        /// What is wrong with it.
        what: &'static str,
    },
    /// It asks for more work to make its key than any backup needs.
    #[error(
        "the backup asks for {memory_kib} KiB and {passes} passes to make its key, which is refused"
    )]
    Dear {
        /// The memory it asks for.
        memory_kib: u32,
        /// The passes over it.
        passes: u32,
    },
    /// It was written with a passphrase.
    #[error("the backup was written with a passphrase; name its file: --passphrase-file FILE")]
    WantsPassphrase,
    /// It was written without a passphrase.
    #[error("the backup was written under the sealing key {id}, not with a passphrase")]
    WantsSealingKey {
        /// Which key.
        id: String,
    },
    /// Another sealing key is in use.
    #[error(
        "the backup was written under the sealing key {wanted}, and here is {here}; put that key in \
         place first, as a further line of the file"
    )]
    OtherSealingKey {
        /// Under which it was written.
        wanted: String,
        /// Which are here.
        here: String,
    },
    /// The passphrase is another one.
    #[error("the passphrase is not the one that the backup was written with")]
    OtherPassphrase,
    /// A part is not what was written.
    #[error("the backup is damaged: part {part} is not what was written")]
    Damaged {
        /// Which part, from 1 on.
        part: u64,
    },
    /// Its end is missing.
    #[error("the backup is cut off after {bytes} bytes of its content; copy it again")]
    CutOff {
        /// How much of its content is there.
        bytes: u64,
    },
    /// It was written as it is, and is no content of a store all the same.
    #[error("the content of the backup cannot be read: {what}")]
    Content {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A newer program wrote it.
    #[error("{what}; install the newer program first")]
    Newer {
        /// What is newer, with both numbers.
        what: String,
    },
    /// A machine without random numbers.
    #[error("the machine gives no random numbers")]
    NoRandomness,
    /// Its file cannot be read or written.
    #[error("the backup's file: {0}")]
    File(#[from] io::Error),
    /// Nobody takes it any more, or nobody gives the rest.
    #[error("it was broken off")]
    BrokenOff,
    /// The store did not do its part.
    #[error("the store could not be read or written")]
    Store(
        /// What it said.
        #[from]
        StoreError,
    ),
}
