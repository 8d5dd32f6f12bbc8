//! A copy arrives, or a backup: one transaction, on a connection that may take its time.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_postgres::types::ToSql;

use super::fault::Fault;
use super::identity::no_row;
use super::link::Link;
use super::locks::Locks;
use super::options::LARGE_WORK;
use super::pool::within;
use super::statements as own;
use crate::copy::{Column, Copied, CopyError, CopyMode, Page, Sort, Table};
use crate::numbers::to_sql;
use crate::{PostgresStore, StoreError};

impl From<Fault> for CopyError {
    fn from(fault: Fault) -> Self {
        Self::Store(fault.into())
    }
}

impl PostgresStore {
    /// Writes what arrives until it is told that this was all; nothing is kept otherwise.
    pub(crate) async fn receive_pages(
        &self,
        mut pages: mpsc::Receiver<Option<Page>>,
        mode: CopyMode,
        epoch: u64,
        told: &mut (dyn FnMut(&Copied) + Send),
    ) -> Result<Vec<Copied>, CopyError> {
        let pool = &self.pool;
        // One of its own: half done, it is closed with this call.
        let (_, link) = pool.connect().await?;
        within(LARGE_WORK, begin(&link)).await?;
        let holding = within(LARGE_WORK, link.first(&not_empty())).await?;
        if let Some(table) = holding.into_iter().flatten().next() {
            return Err(CopyError::NotEmpty { table });
        }
        let copied = take_in(&link, &mut pages, told).await?;
        if mode == CopyMode::Rehearse {
            within(LARGE_WORK, link.run("ROLLBACK")).await?;
            return Ok(copied);
        }
        self.keep(&link, epoch).await?;
        Ok(copied)
    }

    /// Replaces everything but leases and signs of life by what arrives. Until it is committed others read
    /// what was there before, and nobody commits.
    pub(super) async fn replace_pages(
        &self,
        mut pages: mpsc::Receiver<Option<Page>>,
        above: u64,
    ) -> Result<u64, StoreError> {
        let (_, link) = self.pool.connect().await?;
        within(LARGE_WORK, begin(&link)).await?;
        for table in crate::copy::MAIN.iter().chain(&crate::copy::BLOBS) {
            within(REMOVING, link.run(&format!("DELETE FROM {}", table.name))).await?;
        }
        within(LARGE_WORK, link.run("DELETE FROM unfinished")).await?;
        match take_in(&link, &mut pages, &mut |_| ()).await {
            Ok(_) => {}
            Err(CopyError::Store(error)) => return Err(error),
            Err(error) => return Err(StoreError::Unavailable { source: error.into() }),
        }
        self.keep(&link, above).await
    }

    /// Commits, under a new epoch.
    async fn keep(&self, link: &Link, above: u64) -> Result<u64, StoreError> {
        let epoch = within(LARGE_WORK, end(link, above)).await?;
        within(LARGE_WORK, link.run("COMMIT")).await.map_err(|_| StoreError::Unknown)?;
        self.pool.known.see_epoch(epoch);
        self.moved.notify_one();
        Ok(epoch)
    }
}

/// How long removing all of a large table may take.
const REMOVING: Duration = Duration::from_secs(1_800);

/// Writes what arrives until it is told that this was all, and compares the counts.
async fn take_in(
    link: &Link,
    pages: &mut mpsc::Receiver<Option<Page>>,
    told: &mut (dyn FnMut(&Copied) + Send),
) -> Result<Vec<Copied>, CopyError> {
    let mut counts = BTreeMap::new();
    loop {
        let page = match pages.recv().await {
            Some(Some(page)) => page,
            Some(None) => break,
            None => return Err(StoreError::Closed.into()),
        };
        let rows = within(LARGE_WORK, insert(link, &page)).await?;
        let count = counts.entry(page.table.name).or_insert(0);
        *count += rows;
        told(&Copied { table: page.table.name, rows: *count });
    }
    for (table, read) in &counts {
        let counted = format!("SELECT count(*) FROM {table}");
        let columns = within(LARGE_WORK, link.first(&counted)).await?;
        let written = columns.into_iter().flatten().next().and_then(|text| text.parse().ok());
        let written = written.ok_or_else(|| StoreError::from(Fault::from(no_row())))?;
        if written != *read {
            return Err(CopyError::Counts { table, read: *read, written });
        }
    }
    Ok(counts.into_iter().map(|(table, rows)| Copied { table, rows }).collect())
}

async fn begin(link: &Link) -> Result<(), Fault> {
    let text = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;
                SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL enable_seqscan = on";
    link.run(text).await?;
    let Locks { keys, shared } = Locks::everything();
    link.execute(&own::LOCK, &[&keys, &shared]).await.map(|_| ())
}

/// Asks for a table that has rows.
fn not_empty() -> String {
    let others = ["lease", "node"];
    let copied = crate::copy::MAIN.iter().chain(&crate::copy::BLOBS).map(|table| table.name);
    let asked =
        copied.chain(others).map(|table| format!("(SELECT '{table}' FROM {table} LIMIT 1)"));
    format!("SELECT coalesce({})", asked.collect::<Vec<_>>().join(", "))
}

async fn insert(link: &Link, page: &Page) -> Result<u64, Fault> {
    if page.rows() == 0 {
        return Ok(0);
    }
    let bound: Vec<_> = page
        .columns
        .iter()
        .map(|column| -> &(dyn ToSql + Sync) {
            match column {
                Column::Texts(values) => values,
                Column::Numbers(values) => values,
                Column::Bytes(values) => values,
            }
        })
        .collect();
    link.execute_text(&insertion(page.table), &bound).await
}

fn insertion(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
    let arrays = (1..).zip(table.columns).map(|(number, (_, sort))| {
        let sort = match sort {
            Sort::Text => "text",
            Sort::Number => "int8",
            Sort::Bytes => "bytea",
        };
        format!("${number}::{sort}[]")
    });
    let (names, arrays) = (names.join(", "), arrays.collect::<Vec<_>>().join(", "));
    format!("INSERT INTO {} ({names}) SELECT * FROM unnest({arrays})", table.name)
}

/// A new epoch above that of the source, and numbers above all that came.
async fn end(link: &Link, epoch: u64) -> Result<u64, Fault> {
    let row = link.row(&own::RAISE_EPOCH, &[&to_sql(epoch)]).await?.ok_or_else(no_row)?;
    link.execute(&own::RAISE_ORIGIN, &[]).await?;
    Ok(crate::numbers::from_sql(row.try_get(0)?))
}
