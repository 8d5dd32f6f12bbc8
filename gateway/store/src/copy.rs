//! Moves a store from SQLite to PostgreSQL, whole or not at all.
//!
//! ```text
//!   SQLite: one reading transaction --pages--> a short queue --> PostgreSQL: one transaction
//! ```
//!
//! Both stores are opened by the caller, so no other process writes the file; nobody may use it meanwhile
//! in this one. The copy begins a new epoch, so whatever was remembered of the file counts for nothing.
//! Leases and signs of life stay behind: they are those of a process that has ended.

use tokio::sync::mpsc;

use crate::backup::Pages;
use crate::{PostgresStore, SqliteStore, Store, StoreError};

/// Pages that wait to be written.
const PAGES_WAITING: usize = 2;

/// A table that is copied as it is.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Its columns, each with its sort.
    pub(crate) columns: &'static [(&'static str, Sort)],
    /// How many rows make a page.
    pub(crate) page_rows: usize,
}

/// What a column holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sort {
    Text,
    Number,
    Bytes,
}

impl Table {
    /// Asks for all of it; of bodies only what is finished, piece after piece.
    pub(crate) fn selection(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        let (names, table) = (names.join(", "), self.name);
        match table {
            "piece" => format!(
                "SELECT {names} FROM piece
                 WHERE EXISTS (SELECT 1 FROM blob WHERE blob.id = piece.id) ORDER BY id, number"
            ),
            _ => format!("SELECT {names} FROM {table}"),
        }
    }
}

/// Some rows of a table, column by column.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) table: &'static Table,
    pub(crate) columns: Vec<Column>,
}

/// The values of one column.
#[derive(Debug)]
pub(crate) enum Column {
    Texts(Vec<Option<String>>),
    Numbers(Vec<Option<i64>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

use Sort::{Bytes, Number, Text};

/// Tables of the main file.
pub(crate) static MAIN: [Table; 6] = [
    Table {
        name: "document",
        columns: &[
            ("kind", Text),
            ("id", Text),
            ("version", Number),
            ("schema", Number),
            ("body", Text),
        ],
        page_rows: 500,
    },
    Table {
        name: "index_entry",
        columns: &[("name", Text), ("value", Text), ("kind", Text), ("id", Text)],
        page_rows: 2_000,
    },
    Table {
        name: "outcome",
        columns: &[("input", Text), ("reply", Text), ("at", Number)],
        page_rows: 2_000,
    },
    Table {
        name: "log",
        columns: &[("number", Number), ("at", Number), ("event", Text)],
        page_rows: 2_000,
    },
    Table {
        name: "wake",
        columns: &[
            ("id", Text),
            ("due_at", Number),
            ("kind", Text),
            ("subject", Text),
            ("generation", Number),
        ],
        page_rows: 2_000,
    },
    Table {
        name: "outbox",
        columns: &[
            ("number", Number),
            ("id", Text),
            ("topic", Text),
            ("payload", Text),
            ("at", Number),
            ("kind", Text),
            ("subject", Text),
            ("generation", Number),
            ("deadline", Number),
        ],
        page_rows: 500,
    },
];

/// Tables of the file for blobs.
pub(crate) static BLOBS: [Table; 2] = [
    Table {
        name: "blob",
        columns: &[
            ("id", Text),
            ("bytes", Number),
            ("pieces", Number),
            ("digest", Text),
            ("at", Number),
        ],
        page_rows: 2_000,
    },
    Table {
        name: "piece",
        columns: &[("id", Text), ("number", Number), ("body", Bytes)],
        page_rows: 8,
    },
];

impl Page {
    /// An empty page.
    pub(crate) fn of(table: &'static Table) -> Self {
        let columns = table.columns.iter().map(|(_, sort)| match sort {
            Text => Column::Texts(Vec::new()),
            Number => Column::Numbers(Vec::new()),
            Bytes => Column::Bytes(Vec::new()),
        });
        Self { table, columns: columns.collect() }
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| match column {
            Column::Texts(values) => values.len(),
            Column::Numbers(values) => values.len(),
            Column::Bytes(values) => values.len(),
        })
    }
}

/// Whether a copy is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyMode {
    /// It is.
    Keep,
    /// All of it is done, and taken back at the end.
    Rehearse,
}

/// How many rows of a table were copied so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Which table.
    pub table: &'static str,
    /// Its rows so far.
    pub rows: u64,
}

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is something in the target.
    #[error("the database holds something already ({table}); copy into an empty one")]
    NotEmpty {
        /// A table that has rows.
        table: String,
    },
    /// Fewer or more rows arrived than were sent. Nothing was written.
    #[error("{table} has {written} rows after {read} were copied; nothing was kept")]
    Counts {
        /// Which table.
        table: &'static str,
        /// How many were read.
        read: u64,
        /// How many are there.
        written: u64,
    },
    /// One of the stores failed.
    #[error("the copy was not made")]
    Store(
        /// What it said.
        #[from]
        StoreError,
    ),
}

/// Copies everything but leases and signs of life into an empty database, in one transaction; `told` hears
/// how far it is. Gives the counts of all tables.
pub async fn copy(
    from: &SqliteStore,
    to: &PostgresStore,
    mode: CopyMode,
    told: &mut (dyn FnMut(&Copied) + Send),
) -> Result<Vec<Copied>, CopyError> {
    let (pages, received) = mpsc::channel(PAGES_WAITING);
    let sending = from.send_pages(Pages(pages));
    let receiving = to.receive_pages(received, mode, from.epoch(), told);
    let (sent, copied) = tokio::join!(sending, receiving);
    // A side that fails ends the other: nobody takes the pages, or no more come. It knows why.
    match (sent, copied) {
        (Ok(()), copied) => copied,
        (Err(error), Ok(_) | Err(CopyError::Store(StoreError::Closed))) => Err(error.into()),
        (Err(_), Err(error)) => Err(error),
    }
}
