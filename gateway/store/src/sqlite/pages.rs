//! All rows of both files, in pages, for a copy or a backup; on connections of their own, so that nobody
//! else's reads wait behind them.

use std::path::Path;

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::open;
use crate::StoreError;
use crate::copy::{BLOBS, Column, MAIN, Page, Table};

/// Where pages go; at the end an empty word that says it was all.
pub(super) type Pages = mpsc::Sender<Option<Page>>;

/// Sends all rows of both files, and then that these were all. It blocks.
pub(super) fn send(path: &Path, pages: &Pages) -> Result<(), StoreError> {
    let main = reader(path)?;
    let blobs = reader(&open::beside(path, "-blobs"))?;
    MAIN.iter().try_for_each(|table| send_table(&main, table, pages))?;
    // Its log may be written over from now on.
    main.execute_batch("COMMIT")?;
    drop(main);
    BLOBS.iter().try_for_each(|table| send_table(&blobs, table, pages))?;
    blobs.execute_batch("COMMIT")?;
    pages.blocking_send(None).map_err(|_| StoreError::Closed)
}

/// A connection that sees the file as it is now.
fn reader(path: &Path) -> Result<Connection, StoreError> {
    let unavailable = |error: crate::OpenError| StoreError::Unavailable { source: error.into() };
    let connection = open::reader(path).map_err(unavailable)?;
    // The moment is that of the first read.
    connection.execute_batch("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1")?;
    Ok(connection)
}

fn send_table(
    connection: &Connection,
    table: &'static Table,
    pages: &Pages,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare(&table.selection())?;
    let mut rows = statement.query([])?;
    let mut page = Page::of(table);
    while let Some(row) = rows.next()? {
        for (index, column) in page.columns.iter_mut().enumerate() {
            match column {
                Column::Texts(values) => values.push(row.get(index)?),
                Column::Numbers(values) => values.push(row.get(index)?),
                Column::Bytes(values) => values.push(row.get(index)?),
            }
        }
        if page.rows() >= table.page_rows {
            give(pages, std::mem::replace(&mut page, Page::of(table)))?;
        }
    }
    // The last one may be empty, and tells that the table was not forgotten.
    give(pages, page)
}

fn give(pages: &Pages, page: Page) -> Result<(), StoreError> {
    pages.blocking_send(Some(page)).map_err(|_| StoreError::Closed)
}
