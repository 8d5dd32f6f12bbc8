//! Statements that both database engines take, written once.
//!
//! They are in the subset both understand, with `$1` for what is bound. PostgreSQL gets them as they
//! are; SQLite takes `$1` for a name, so it gets `?1`. `DATABASE_CLOCK` stands for the time now as the
//! database's own clock says, where it has one for all nodes.

use std::sync::OnceLock;

/// PostgreSQL's clock, in microseconds since 1970. It goes on within a transaction.
const CLOCK: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// One statement.
#[derive(Debug)]
pub(crate) struct Sql {
    written: &'static str,
    postgres: OnceLock<String>,
    sqlite: OnceLock<String>,
}

impl Sql {
    pub(crate) const fn new(written: &'static str) -> Self {
        Self { written, postgres: OnceLock::new(), sqlite: OnceLock::new() }
    }

    /// As it was written; it names the statement, too.
    pub(crate) fn written(&self) -> &'static str {
        self.written
    }

    /// As PostgreSQL takes it.
    pub(crate) fn postgres(&self) -> &str {
        self.postgres.get_or_init(|| self.written.replace("DATABASE_CLOCK", CLOCK))
    }

    /// As SQLite takes it, where time is handed in.
    pub(crate) fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| self.written.replace("DATABASE_CLOCK", "NULL").replace('$', "?"))
    }
}

macro_rules! shared {
    ($($name:ident = $file:literal,)*) => {
        $(pub(crate) static $name: Sql = Sql::new(include_str!($file));)*

        /// All of them.
        pub(crate) static ALL: &[&Sql] = &[$(&$name,)*];
    };
}

shared! {
    ACQUIRE_LEASE = "sql/acquire_lease.sql",
    ADD_BLOB = "sql/add_blob.sql",
    ADD_INDEX_ENTRY = "sql/add_index_entry.sql",
    BEAT = "sql/beat.sql",
    BLOB = "sql/blob.sql",
    CLEAR_WAKE = "sql/clear_wake.sql",
    DELETE_BLOB = "sql/delete_blob.sql",
    DELETE_DOCUMENT = "sql/delete_document.sql",
    DELETE_PIECES = "sql/delete_pieces.sql",
    DUE_WAKES = "sql/due_wakes.sql",
    END_LEASES_OF_NODE = "sql/end_leases_of_node.sql",
    END_OF_LOG = "sql/end_of_log.sql",
    FORGET_OUTCOME = "sql/forget_outcome.sql",
    INDEXED = "sql/indexed.sql",
    LAST_LINES = "sql/last_lines.sql",
    LEAVE = "sql/leave.sql",
    LOG_AFTER = "sql/log_after.sql",
    NEXT_WAKE = "sql/next_wake.sql",
    NODES = "sql/nodes.sql",
    NOTE_OUTCOME = "sql/note_outcome.sql",
    OUTCOME = "sql/outcome.sql",
    PIECE = "sql/piece.sql",
    PROMISES = "sql/promises.sql",
    PUT_DOCUMENT = "sql/put_document.sql",
    PUT_PIECE = "sql/put_piece.sql",
    RELEASE_LEASE = "sql/release_lease.sql",
    REMOVE_INDEX_ENTRY = "sql/remove_index_entry.sql",
    RENEW_LEASE = "sql/renew_lease.sql",
    SET_WAKE = "sql/set_wake.sql",
    SURPLUS_PIECES = "sql/surplus_pieces.sql",
    SWEEP_LOG = "sql/sweep_log.sql",
    SWEEP_NODES = "sql/sweep_nodes.sql",
    SWEEP_OUTCOMES = "sql/sweep_outcomes.sql",
}
