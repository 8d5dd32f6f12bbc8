//! What goes wrong with a store, sorted by what to do about it.

use domain::{DecodeDocumentError, Kind};

/// Why a store did not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Too much is waiting; try again later. Nothing was written.
    #[error("the store has too much to do")]
    Busy,
    /// No space is left. Nothing was written.
    #[error("the store's disk is full; free some space, the store goes on by itself")]
    Full,
    /// The disk or file cannot be written. Nothing was written.
    #[error("the store's file or disk is read-only; make it writable")]
    ReadOnly,
    /// The disk does not take what is written: a quota, a limit, a fault. Nothing was written.
    #[error("the store's disk cannot be written; look after the disk, the store goes on by itself")]
    Unwritable {
        /// What noticed it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It cannot be reached or read. Nothing was written.
    #[error("the store cannot be used")]
    Unavailable {
        /// What noticed it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The commit may or may not have happened; ask for the input's outcome.
    #[error("it is not known whether the store wrote it")]
    Unknown,
    /// A newer program wrote the document; this one must not touch it.
    #[error("a {} document has schema {found}, this program knows up to {known}", kind.name())]
    Newer {
        /// Its kind.
        kind: Kind,
        /// Its schema number.
        found: u32,
        /// The highest one known here.
        known: u32,
    },
    /// One document, line or blob is not what was written; the others can be read.
    #[error("something in the store cannot be read")]
    Unreadable {
        /// What noticed it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store as a whole is damaged.
    #[error("the store is damaged; restore a backup")]
    Damaged {
        /// What noticed it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The lease under which something was done is held by somebody else now. Nothing was written.
    #[error("the lease is lost")]
    LeaseLost,
    /// Another process began under this node's name since. Nothing was written.
    #[error(
        "another process runs as this node; give every node a name of its own, then start this one again"
    )]
    Replaced,
    /// A piece of a blob is larger than allowed.
    #[error("a piece of a blob has {bytes} bytes, at most {}", crate::PIECE_BYTES_MAX)]
    PieceTooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A blob of that id is finished, and is never changed. Nothing was written.
    #[error("blob {id:?} is there already")]
    BlobFinished {
        /// Its id.
        id: String,
    },
    /// It was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Of a store that ends with its process.
    pub(crate) fn not_kept() -> Self {
        Self::Unavailable { source: "what is only in memory is neither copied nor replaced".into() }
    }

    /// The same error once more, for everybody whose work shared a transaction that failed as a whole.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Full => Self::Full,
            Self::ReadOnly => Self::ReadOnly,
            Self::Unknown => Self::Unknown,
            Self::Closed => Self::Closed,
            Self::Unwritable { source } => Self::Unwritable { source: source.to_string().into() },
            Self::Damaged { source } => Self::Damaged { source: source.to_string().into() },
            Self::Unavailable { source } => Self::Unavailable { source: source.to_string().into() },
            Self::Unreadable { source } => Self::Unreadable { source: source.to_string().into() },
            other => Self::Unavailable { source: other.to_string().into() },
        }
    }

    /// Whether the same may be tried again in a while without anybody mending something.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Busy | Self::Unknown)
    }

    /// Whether it is about one document or blob alone, while the store does its work.
    pub fn is_about_one(&self) -> bool {
        matches!(
            self,
            Self::Newer { .. }
                | Self::Unreadable { .. }
                | Self::PieceTooLarge { .. }
                | Self::BlobFinished { .. }
        )
    }
}

impl From<DecodeDocumentError> for StoreError {
    fn from(error: DecodeDocumentError) -> Self {
        match error {
            DecodeDocumentError::Newer { kind, found, known } => Self::Newer { kind, found, known },
            error @ DecodeDocumentError::Damaged { .. } => {
                Self::Unreadable { source: error.into() }
            }
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable { source: error.into() }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer program wrote it.
    #[error(
        "the store at {path} has schema {found}, this program knows up to {known}; install the \
         newer program again, or restore a backup made before it"
    )]
    Newer {
        /// Where it is.
        path: String,
        /// Its schema number.
        found: u32,
        /// The highest one known here.
        known: u32,
    },
    /// Another process has it open.
    #[error("the store at {path} is in use by another process")]
    InUse {
        /// Where it is.
        path: String,
    },
    /// It fails its own check.
    #[error("the store at {path} is damaged ({found}); restore a backup")]
    Damaged {
        /// Where it is.
        path: String,
        /// What the check found first.
        found: String,
    },
    /// It cannot be read or written.
    #[error("the store at {path} cannot be opened; check that its folder exists and is writable")]
    Failed {
        /// Where it is.
        path: String,
        /// What noticed it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The URL of a database cannot be read. It is not repeated: it may hold a password.
    #[error(
        "the database's URL cannot be read; write postgresql://USER@HOST:PORT/DATABASE, with %20 and \
         the like for characters that are not plain, and no option that the driver does not know"
    )]
    Url,
    /// Something that was asked for cannot be had.
    #[error("the database cannot be used as asked: {reason}")]
    Options {
        /// What.
        reason: String,
    },
    /// Nobody is named who vouches for the server.
    #[error(
        "nothing says who may vouch for the database server at {place}; name a file with the \
         certificate of its authority, or write sslmode=disable into the URL if the way there is safe"
    )]
    NoAuthority {
        /// Which database.
        place: String,
    },
    /// The certificates of authorities cannot be read.
    #[error("the authorities' certificates in {path} cannot be read")]
    Authorities {
        /// Where they are.
        path: String,
        /// What noticed it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server lets us not in.
    #[error(
        "the database at {place} refuses us: {reason}; check user, password and rights, and that the \
         database is there"
    )]
    Refused {
        /// Which database.
        place: String,
        /// What it says.
        reason: String,
    },
    /// The server does not answer as it should.
    #[error("the database at {place} cannot be used; check that it runs and can be reached")]
    Unreachable {
        /// Which database.
        place: String,
        /// What noticed it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server lacks what is needed.
    #[error("the database server at {place} has version {found}; at least {oldest} is needed")]
    OldServer {
        /// Which database.
        place: String,
        /// Its version.
        found: u32,
        /// The oldest that will do.
        oldest: u32,
    },
    /// The server is a copy that takes no writes.
    #[error(
        "the database server at {place} is a standby and takes no writes; name the primary, or all \
         hosts with a comma between"
    )]
    Standby {
        /// Which database.
        place: String,
    },
}
