//! What we own, durable: documents under guards, their log, timers, promises, leases and blobs.
//!
//! One small trait, [`Store`], and one battery of tests that every implementation passes:
//! [`MemoryStore`] for tests and simulation, [`SqliteStore`] for one node, [`PostgresStore`] for several.
//!
//! Who owns what: the store compares guards and keeps order; what a document means is the domain's
//! affair, when to look again is the engine's.

mod backup;
mod blob;
mod commit;
mod copy;
mod error;
mod inspection;
mod lease;
mod log;
mod memory;
mod node;
mod numbers;
mod outbox;
mod postgres;
mod readable;
mod sql;
mod sqlite;
mod store;

pub use backup::{
    Arriving, BackupError, BackupInside, BackupKey, BackupOrigin, BackupWritten, Pages,
    SealingBackupKey, backup, check, inspect, restore,
};
pub use blob::{BlobHead, PIECE_BYTES_MAX};
pub use commit::{Commit, Committed, Indexed, Load, LoadAnswer};
pub use copy::{Copied, CopyError, CopyMode, copy};
pub use error::{OpenError, StoreError};
pub use inspection::{Finding, Inspection, Severity};
pub use lease::{Fence, Lease};
pub use log::{Cursor, LogEntry, LogPage};
pub use memory::MemoryStore;
pub use node::{Beat, Beats, NODE_SECONDS, NodeRow, holder};
pub use outbox::{DueWakes, Promise};
pub use postgres::{LeaseClock, PostgresOptions, PostgresStore, postgres_advice};
pub use sqlite::SqliteStore;
pub use store::{BATCH_BOUNDS, Sizes, Statistics, Store};

/// For how long the outcome of an input is kept, in seconds.
pub const OUTCOME_SECONDS: u64 = 24 * 3600;
/// For how long the event log is kept, in seconds.
pub const LOG_SECONDS: u64 = 90 * 24 * 3600;
