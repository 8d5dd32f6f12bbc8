//! All rows of both files, in pages, for a copy.

use rusqlite::Connection;
use tokio::sync::mpsc;

use crate::StoreError;
use crate::copy::{Column, Page, Table};

/// Where pages go; at the end an empty word that says it was all.
pub(super) type Pages = mpsc::Sender<Option<Page>>;

/// Sends all rows of those tables as of one moment.
pub(super) fn send(
    connection: &Connection,
    tables: &'static [Table],
    pages: &Pages,
) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN")?;
    let sent = tables.iter().try_for_each(|table| send_table(connection, table, pages));
    connection.execute_batch("COMMIT")?;
    sent
}

fn send_table(
    connection: &Connection,
    table: &'static Table,
    pages: &Pages,
) -> Result<(), StoreError> {
    let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
    let sql = format!("SELECT {} FROM {}", names.join(", "), table.name);
    let mut statement = connection.prepare(&sql)?;
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
