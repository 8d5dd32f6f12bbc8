//! Everything is replaced: what arrives is kept beside the files until all of it is there.
//!
//! ```text
//!   rows --> store-restored.db, store-restored-blobs.db    (1) nobody is held up; a failure leaves the store as is
//!   main file: one transaction, all tables, a new epoch, and a token   (2) from here on it counts
//!   blobs: one transaction, while no body is written                   (3) done at the next start where it was not
//! ```
//!
//! The two files cannot change in one transaction. So the main one decides: the file of bodies beside it
//! carries the same token, and whoever opens the store next and finds both puts it into place.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params, params_from_iter};
use tokio::sync::mpsc;

use super::job::translate;
use super::open;
use crate::copy::{BLOBS, Column, MAIN, Page, Table};
use crate::numbers::to_sql;
use crate::{OpenError, StoreError};

/// What the staged file of bodies has beside its tables.
const TOKEN: &str = "CREATE TABLE restored (token TEXT NOT NULL) STRICT";

/// Says that the writers are at it, for as long as it lives.
pub(super) struct AtWork(Arc<AtomicBool>);

impl AtWork {
    pub(super) fn new(flag: &Arc<AtomicBool>) -> Self {
        flag.store(true, Ordering::Release);
        Self(Arc::clone(flag))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A file that goes when nobody needs it any more.
struct Beside {
    path: PathBuf,
    keep: bool,
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.keep {
            // The next start removes it otherwise.
            let _ = remove(&self.path);
        }
    }
}

/// All that arrived.
pub(super) struct Staged {
    main: Beside,
    blobs: Beside,
    token: String,
}

/// What replaces the main file's content.
pub(super) struct Main {
    file: Beside,
    token: String,
}

/// What replaces bodies.
pub(super) struct Blobs(Beside);

/// Keeps all that arrives in files of their own. It blocks.
pub(super) fn stage(
    path: &Path,
    mut pages: mpsc::Receiver<Option<Page>>,
) -> Result<Staged, StoreError> {
    let beside = |suffix| {
        let path = open::beside(path, suffix);
        remove(&path).map(|()| Beside { path, keep: false })
    };
    let io = |error: std::io::Error| StoreError::Unwritable { source: error.into() };
    let (main, blobs) = (beside("-restored").map_err(io)?, beside("-restored-blobs").map_err(io)?);
    let unavailable = |error: OpenError| StoreError::Unavailable { source: error.into() };
    let main_connection = open::staging(&main.path, true).map_err(unavailable)?;
    let blob_connection = open::staging(&blobs.path, false).map_err(unavailable)?;
    let token = token()?;
    blob_connection.execute_batch(TOKEN)?;
    blob_connection.execute("INSERT INTO restored VALUES (?1)", [&token])?;
    for connection in [&main_connection, &blob_connection] {
        connection.execute_batch("BEGIN")?;
    }
    loop {
        match pages.blocking_recv() {
            Some(Some(page)) => {
                let is_main = MAIN.iter().any(|table| table.name == page.table.name);
                insert(if is_main { &main_connection } else { &blob_connection }, &page)?;
            }
            Some(None) => break,
            None => return Err(StoreError::Closed),
        }
    }
    for (connection, file) in [(main_connection, &main), (blob_connection, &blobs)] {
        connection.execute_batch("COMMIT")?;
        drop(connection);
        File::open(&file.path).and_then(|file| file.sync_all()).map_err(io)?;
    }
    let staged = Staged { main, blobs, token };
    staged.fits(path)?;
    Ok(staged)
}

impl Staged {
    pub(super) fn parts(self) -> (Main, Blobs) {
        (Main { file: self.main, token: self.token }, Blobs(self.blobs))
    }

    /// Each file is written twice: into its log, and from there into its place.
    fn fits(&self, path: &Path) -> Result<(), StoreError> {
        let size = |file: &Beside| std::fs::metadata(&file.path).map_or(0, |file| file.len());
        let needed = size(&self.main).saturating_add(size(&self.blobs)).saturating_mul(2);
        let free = open::sizes(path)?.free_bytes;
        if free.is_some_and(|free| free < needed) { Err(StoreError::Full) } else { Ok(()) }
    }
}

impl Main {
    /// Replaces all in one transaction; gives the new epoch.
    pub(super) fn replace(self, connection: &Connection, above: u64) -> Result<u64, StoreError> {
        let replaced = with_attached(connection, &self.file.path, |connection| {
            replace_tables(connection, &MAIN)?;
            connection.execute(SET_META, ["restored", &self.token])?;
            let raise = "UPDATE main.meta
                         SET value = CAST(max(CAST(value AS INTEGER), ?1) + 1 AS TEXT)
                         WHERE name = 'epoch' RETURNING CAST(value AS INTEGER)";
            Ok(connection.query_row(raise, [to_sql(above)], |row| row.get::<_, i64>(0))?)
        });
        replaced.map(crate::numbers::from_sql)
    }
}

const SET_META: &str = "INSERT INTO main.meta (name, value) VALUES (?1, ?2)
                        ON CONFLICT (name) DO UPDATE SET value = excluded.value";

impl Blobs {
    pub(super) fn replace(mut self, connection: &Connection) -> Result<(), StoreError> {
        let replaced = with_attached(connection, &self.0.path, |it| replace_tables(it, &BLOBS));
        if let Err(error) = &replaced {
            self.0.keep = true;
            tracing::error!(%error, "restored bodies are not in place; the next start puts them there");
        }
        replaced
    }

    /// Keeps the file: whether it counts is not known.
    pub(super) fn keep(mut self) {
        self.0.keep = true;
    }
}

/// Does `work` in one transaction, with that file's tables under the name `staged`.
fn with_attached<T>(
    connection: &Connection,
    file: &Path,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute("ATTACH ?1 AS staged", params![file.to_string_lossy()])?;
    let done =
        connection.execute_batch("BEGIN IMMEDIATE").map_err(StoreError::from).and_then(|()| {
            let done = work(connection)?;
            connection.execute_batch("COMMIT").map_err(|error| translate(error, true))?;
            Ok(done)
        });
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    connection.flush_prepared_statement_cache();
    let detached = connection.execute_batch("DETACH staged");
    if let Err(error) = detached {
        tracing::warn!(%error, "a file that was restored from stays open");
    }
    done
}

/// SQLite copies whole tables of the same form much faster than rows.
fn replace_tables(connection: &Connection, tables: &[Table]) -> Result<(), StoreError> {
    for Table { name, .. } in tables {
        connection.execute_batch(&format!(
            "DELETE FROM main.{name}; INSERT INTO main.{name} SELECT * FROM staged.{name};"
        ))?;
    }
    Ok(())
}

fn insert(connection: &Connection, page: &Page) -> Result<(), StoreError> {
    let names: Vec<_> = page.table.columns.iter().map(|(name, _)| *name).collect();
    let places: Vec<_> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    let (name, names, places) = (page.table.name, names.join(", "), places.join(", "));
    let sql = format!("INSERT INTO {name} ({names}) VALUES ({places})");
    let mut statement = connection.prepare_cached(&sql)?;
    for row in 0..page.rows() {
        let values = page.columns.iter().map(|column| ToSqlOutput::Borrowed(value(column, row)));
        statement.execute(params_from_iter(values))?;
    }
    Ok(())
}

fn value(column: &Column, row: usize) -> ValueRef<'_> {
    let value = match column {
        Column::Texts(values) => {
            values.get(row).and_then(Option::as_ref).map(|text| ValueRef::Text(text.as_bytes()))
        }
        Column::Numbers(values) => values.get(row).copied().flatten().map(ValueRef::Integer),
        Column::Bytes(values) => {
            values.get(row).and_then(Option::as_ref).map(|bytes| ValueRef::Blob(bytes))
        }
    };
    value.unwrap_or(ValueRef::Null)
}

/// Puts bodies into place that were restored while the process ended, and removes what was not.
pub(super) fn finish(path: &Path, main: &Connection) -> Result<(), OpenError> {
    let failed = |source: std::io::Error| open::failed(path, source);
    remove(&open::beside(path, "-restored")).map_err(failed)?;
    let staged = open::beside(path, "-restored-blobs");
    if !staged.exists() {
        return Ok(());
    }
    let sql = "SELECT value FROM meta WHERE name = 'restored'";
    let wanted: Option<String> = main.query_row(sql, [], |row| row.get(0)).ok();
    let found: Option<String> = open::reader(&staged)
        .ok()
        .and_then(|it| it.query_row("SELECT token FROM restored", [], |row| row.get(0)).ok());
    if wanted.is_none() || wanted != found {
        return remove(&staged).map_err(failed);
    }
    let blobs = open::beside(path, "-blobs");
    for suffix in ["", "-wal", "-shm"] {
        remove(&open::with(&blobs, suffix)).map_err(failed)?;
    }
    std::fs::rename(&staged, &blobs).map_err(failed)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    tracing::info!("bodies of the backup that was restored last are in place now");
    Ok(())
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn token() -> Result<String, StoreError> {
    let mut bytes = [0_u8; 16];
    let filled = SystemRandom::new().fill(&mut bytes);
    let none = |_| StoreError::Unavailable { source: "the machine gives no random numbers".into() };
    filled.map_err(none)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SqliteStore, Store};

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Opens the store at that path, once nobody has it any more.
    async fn opened(path: &Path) -> SqliteStore {
        for _ in 0..1_000 {
            match SqliteStore::open(path) {
                Err(OpenError::InUse { .. }) => {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                opened => return opened.unwrap(),
            }
        }
        panic!("the store stays locked")
    }

    async fn put(store: &SqliteStore, id: &str) {
        store.put_piece(id, 0, vec![1]).await.unwrap();
        let digest = String::new();
        let head = crate::BlobHead {
            id: id.into(),
            bytes: 1,
            pieces: 1,
            digest,
            at: domain::Timestamp::default(),
        };
        store.finish_blob(head).await.unwrap();
    }

    /// All that the store holds, kept beside it.
    async fn staged(store: &SqliteStore, path: &Path) -> Staged {
        let (pages, arriving) = mpsc::channel(2);
        let path = path.to_owned();
        let staging = tokio::task::spawn_blocking(move || stage(&path, arriving));
        store.send_pages(crate::Pages(pages)).await.unwrap();
        staging.await.unwrap().unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn ops_04_a_process_that_ends_between_the_two_files_goes_on_at_its_next_start() {
        let unique = format!("jackfield-replacing-{}", std::process::id());
        let folder = Folder(std::env::temp_dir().join(unique));
        std::fs::create_dir_all(&folder.0).unwrap();
        let path = folder.0.join("store.db");
        let store = opened(&path).await;
        put(&store, "old").await;
        let (main, blobs) = staged(&store, &path).await.parts();
        store.delete_blob("old").await.unwrap();
        put(&store, "new").await;
        // The main file was not replaced: the next start keeps what is there.
        blobs.keep();
        drop(main);
        store.close().await;
        drop(store);
        let store = opened(&path).await;
        assert!(store.blob("new").await.unwrap().is_some());
        let kept = staged(&store, &path).await;
        store.delete_blob("new").await.unwrap();
        put(&store, "late").await;
        let (main, blobs) = kept.parts();
        let epoch = store.writer.run_alone(move |it| main.replace(it, 7)).await.unwrap();
        assert_eq!(epoch, 8);
        blobs.keep();
        store.close().await;
        drop(store);
        let store = opened(&path).await;
        assert!(store.blob("new").await.unwrap().is_some());
        assert_eq!(store.piece("new", 0).await.unwrap(), Some(vec![1]));
        assert_eq!(store.blob("late").await.unwrap(), None);
        assert_eq!(store.end_of_log().await.unwrap().epoch, 8);
        // Once only.
        store.delete_blob("new").await.unwrap();
        store.close().await;
        drop(store);
        let store = opened(&path).await;
        assert_eq!(store.blob("new").await.unwrap(), None);
        store.close().await;
    }
}
