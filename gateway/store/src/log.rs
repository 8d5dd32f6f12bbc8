//! The log of events, read after a cursor.

use domain::{Event, Timestamp};

/// A place in the log. Numbers of different epochs cannot be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// Rises when the store's content was replaced or lost its tail.
    pub epoch: u64,
    /// The line's number; 0 is before the first.
    pub number: u64,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place.
    pub cursor: Cursor,
    /// When it was decided.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// Some lines of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogPage {
    /// What follows the cursor, in order; fewer than asked for means that was all.
    Lines(Vec<LogEntry>),
    /// The cursor is not of this log: drop what was cached, load anew, go on from here.
    Restarted(Cursor),
}
