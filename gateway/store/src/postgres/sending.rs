//! All rows as of one moment, in pages, for a backup; on a connection that may take its time.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_postgres::Row;

use super::fault::Fault;
use super::link::Link;
use super::options::LARGE_WORK;
use super::pool::within;
use crate::copy::{BLOBS, Column, MAIN, Page, Table};
use crate::{PostgresStore, StoreError};

/// A cursor is read a page at a time, since the driver keeps all that arrives.
const BEGIN: &str = "
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL statement_timeout = 0; SET LOCAL enable_seqscan = on;
    SET LOCAL idle_in_transaction_session_timeout = '300s'";
/// So long whoever takes pages may take for one.
const TAKING: Duration = Duration::from_secs(240);

impl PostgresStore {
    /// Sends all rows, and then that these were all.
    pub(super) async fn send_rows(
        &self,
        pages: &mpsc::Sender<Option<Page>>,
    ) -> Result<(), StoreError> {
        // One of its own: half read, it is closed with this call.
        let (_, link) = self.pool.connect().await?;
        within(LARGE_WORK, link.run(BEGIN)).await?;
        for table in MAIN.iter().chain(&BLOBS) {
            let declare = format!("DECLARE pages NO SCROLL CURSOR FOR {}", table.selection());
            within(LARGE_WORK, link.run(&declare)).await?;
            loop {
                let page = within(LARGE_WORK, fetch(&link, table)).await?;
                let rows = page.rows();
                give(pages, Some(page)).await?;
                if rows < table.page_rows {
                    break;
                }
            }
            within(LARGE_WORK, link.run("CLOSE pages")).await?;
        }
        within(LARGE_WORK, link.run("COMMIT")).await?;
        give(pages, None).await
    }

    /// Bytes of the database.
    pub(super) async fn database_bytes(&self) -> Result<u64, StoreError> {
        let asked = async |link: std::sync::Arc<Link>| {
            link.first("SELECT pg_database_size(current_database())").await
        };
        let columns = self.pool.with(asked).await?;
        let bytes = columns.into_iter().flatten().next().and_then(|text| text.parse().ok());
        Ok(bytes.unwrap_or_default())
    }
}

async fn give(pages: &mpsc::Sender<Option<Page>>, page: Option<Page>) -> Result<(), StoreError> {
    match tokio::time::timeout(TAKING, pages.send(page)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(StoreError::Closed),
    }
}

async fn fetch(link: &Link, table: &'static Table) -> Result<Page, Fault> {
    let rows = link.rows_of(&format!("FETCH FORWARD {} FROM pages", table.page_rows)).await?;
    let mut page = Page::of(table);
    for row in &rows {
        add(&mut page, row)?;
    }
    Ok(page)
}

fn add(page: &mut Page, row: &Row) -> Result<(), Fault> {
    for (place, column) in page.columns.iter_mut().enumerate() {
        match column {
            Column::Texts(values) => values.push(row.try_get(place)?),
            Column::Numbers(values) => values.push(row.try_get(place)?),
            Column::Bytes(values) => values.push(row.try_get(place)?),
        }
    }
    Ok(())
}
