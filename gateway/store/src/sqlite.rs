//! The store in one SQLite file: WAL, synchronous FULL, one writer, readers apart.
//!
//! ```text
//!   commit --> bounded queue --> writer thread: BEGIN, a savepoint for each job, COMMIT --> answers
//!   load   --> reader threads, each with a connection of its own
//!   blobs  --> a second file with its own writer and reader, so that a big mail holds up nobody
//! ```
//!
//! The writer takes all that waits into one durable transaction: the sync is the dear part. Several
//! writing connections would wait for the lock unfairly, for seconds at the tail; there is one.

mod blobs;
mod job;
mod leases;
mod nodes;
mod open;
mod pages;
mod reading;
mod replacing;
mod writing;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::{InputId, Reply, Timestamp};
use rusqlite::Connection;
use tokio::sync::{Mutex, oneshot, watch};
use tokio::task::spawn_blocking;

use crate::backup::{Arriving, Pages};
use crate::store::{Sizes, Store};
use crate::{
    Beat, Beats, BlobHead, Commit, Committed, Cursor, DueWakes, Lease, Load, LoadAnswer, LogEntry,
    LogPage, OpenError, PIECE_BYTES_MAX, Promise, Statistics, StoreError,
};
use job::{Counts, Pool, Threads};

/// How many commits may wait; one more is answered [`StoreError::Busy`].
const WAITING_MAX: usize = 512;
/// Connections that read.
const READERS: usize = 2;

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Pool,
    readers: Pool,
    blob_writer: Pool,
    blob_reader: Pool,
    counts: Arc<Counts>,
    threads: Threads,
    /// Held by whoever replaces everything.
    replacing: Mutex<()>,
    /// Whether the writers are at that, which takes them long.
    is_replacing: Arc<AtomicBool>,
    /// Held for as long as the store is open: no second process may write beside us.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store at `path`, making it where there is none. Blobs stand beside it in a file
    /// with `-blobs` before the ending.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let lock = open::lock(path)?;
        let (main, epoch, was_clean) = open::main(path)?;
        let blobs_path = open::beside(path, "-blobs");
        replacing::finish(path, &main)?;
        let blobs = open::blobs(&blobs_path, was_clean)?;
        let readers = (0..READERS).map(|_| open::reader(path)).collect::<Result<Vec<_>, _>>()?;
        let blob_readers = vec![open::reader(&blobs_path)?];
        let counts = Arc::new(Counts::new(epoch));
        let blob_counts = Arc::new(Counts::new(epoch));
        let threads = Threads::default();
        let started =
            |started: std::io::Result<Pool>| started.map_err(|source| open::failed(path, source));
        let writer = threads.start_writer("store-writer", main, Arc::clone(&counts), WAITING_MAX);
        let blob_writer = threads.start_writer("store-blobs", blobs, blob_counts, WAITING_MAX);
        Ok(Self {
            path: path.to_owned(),
            writer: started(writer)?,
            readers: started(threads.start_readers("store-reader", readers, WAITING_MAX))?,
            blob_writer: started(blob_writer)?,
            blob_reader: started(threads.start_readers("blob-reader", blob_readers, WAITING_MAX))?,
            counts,
            threads,
            replacing: Mutex::default(),
            is_replacing: Arc::default(),
            _lock: lock,
        })
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.counts.epoch()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, load: Load) -> Result<LoadAnswer, StoreError> {
        let epoch = self.epoch();
        self.readers.run(move |connection| reading::load(connection, load, epoch)).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let counts = Arc::clone(&self.counts);
        // The epoch when its turn comes: it may be another one by then.
        let work = move |it: &Connection| writing::commit(it, &commit, counts.epoch());
        let committed = self.writer.run(work).await?;
        match &committed {
            Committed::Done { .. } => {
                self.counts.commits.fetch_add(1, Ordering::Relaxed);
            }
            Committed::Conflict => {
                self.counts.conflicts.fetch_add(1, Ordering::Relaxed);
            }
            Committed::Known(_) | Committed::ClaimGone => {}
        }
        Ok(committed)
    }

    async fn outcome(&self, input: &InputId) -> Result<Option<Reply>, StoreError> {
        let input = input.clone();
        self.readers.run(move |connection| reading::outcome(connection, &input)).await
    }

    async fn read_log(&self, after: Cursor, limit: u32) -> Result<LogPage, StoreError> {
        let epoch = self.epoch();
        self.readers.run(move |connection| reading::log(connection, epoch, after, limit)).await
    }

    async fn end_of_log(&self) -> Result<Cursor, StoreError> {
        let epoch = self.epoch();
        self.readers.run(move |connection| reading::end_of_log(connection, epoch)).await
    }

    async fn last_lines(&self, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        let epoch = self.epoch();
        self.readers.run(move |connection| reading::last_lines(connection, epoch, limit)).await
    }

    async fn due_wakes(&self, now: Timestamp, limit: u32) -> Result<DueWakes, StoreError> {
        self.readers.run(move |connection| reading::due_wakes(connection, now, limit)).await
    }

    async fn promises(
        &self,
        topic: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Promise>, StoreError> {
        let topic = topic.to_owned();
        self.readers.run(move |it| reading::promises(it, &topic, after, limit)).await
    }

    async fn close_promises(&self, ids: Vec<String>, lease: &Lease) -> Result<(), StoreError> {
        let (lease, counts) = (lease.clone(), Arc::clone(&self.counts));
        let work = move |it: &Connection| leases::close_promises(it, &ids, &lease, counts.epoch());
        self.writer.run(work).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        let counts = Arc::clone(&self.counts);
        let work = move |it: &Connection| {
            leases::acquire(it, &name, &holder, now, lasting, counts.epoch())
        };
        self.writer.run(work).await
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Lease, StoreError> {
        let lease = lease.clone();
        self.writer.run(move |it| leases::renew(it, lease, now, lasting)).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.writer.run(move |it| leases::release(it, &lease)).await
    }

    async fn beat(&self, beat: Beat, now: Timestamp) -> Result<Beats, StoreError> {
        self.writer.run(move |connection| nodes::beat(connection, &beat, now)).await
    }

    async fn leave(&self, node: &str, run: u64) -> Result<(), StoreError> {
        let node = node.to_owned();
        self.writer.run(move |connection| nodes::leave(connection, &node, run)).await
    }

    async fn put_piece(&self, id: &str, number: u32, body: Vec<u8>) -> Result<(), StoreError> {
        if body.len() > PIECE_BYTES_MAX {
            return Err(StoreError::PieceTooLarge { bytes: body.len() });
        }
        let id = id.to_owned();
        self.blob_writer.run(move |it| blobs::put_piece(it, &id, number, &body)).await
    }

    async fn finish_blob(&self, head: BlobHead) -> Result<(), StoreError> {
        self.blob_writer.run(move |connection| blobs::finish(connection, &head)).await
    }

    async fn put_small_blob(&self, head: BlobHead, body: Vec<u8>) -> Result<(), StoreError> {
        if body.len() > PIECE_BYTES_MAX {
            return Err(StoreError::PieceTooLarge { bytes: body.len() });
        }
        let work = move |connection: &Connection| {
            blobs::put_piece(connection, &head.id, 0, &body)?;
            blobs::finish(connection, &head)
        };
        self.blob_writer.run(work).await
    }

    async fn blob(&self, id: &str) -> Result<Option<BlobHead>, StoreError> {
        let id = id.to_owned();
        self.blob_reader.run(move |connection| blobs::head(connection, &id)).await
    }

    async fn piece(&self, id: &str, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let id = id.to_owned();
        self.blob_reader.run(move |connection| blobs::piece(connection, &id, number)).await
    }

    async fn delete_blob(&self, id: &str) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.blob_writer.run(move |connection| blobs::delete(connection, &id)).await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.writer.run(move |connection| writing::sweep(connection, now, limit)).await
    }

    async fn raise_epoch(&self) -> Result<u64, StoreError> {
        let epoch = self.writer.run(writing::raise_epoch).await?;
        self.counts.epoch.store(epoch, Ordering::Release);
        self.counts.wake_up.send_modify(|count| *count += 1);
        Ok(epoch)
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn wake_up(&self) -> watch::Receiver<u64> {
        self.counts.wake_up.subscribe()
    }

    fn statistics(&self) -> Statistics {
        Statistics { waiting: self.writer.waiting(), ..self.counts.statistics() }
    }

    async fn answer(&self) -> Result<(), StoreError> {
        if self.is_replacing.load(Ordering::Acquire) {
            // It is at work, and would say so late.
            return Ok(());
        }
        self.writer.answer().await
    }

    async fn send_pages(&self, pages: Pages) -> Result<(), StoreError> {
        let path = self.path.clone();
        let sent = spawn_blocking(move || pages::send(&path, &pages.0)).await;
        sent.unwrap_or(Err(StoreError::Closed))
    }

    async fn replace(&self, arriving: Arriving, above: u64) -> Result<u64, StoreError> {
        let _alone = self.replacing.lock().await;
        let path = self.path.clone();
        let staged = spawn_blocking(move || replacing::stage(&path, arriving.0)).await;
        let staged = staged.unwrap_or(Err(StoreError::Closed))?;
        let (main, blobs) = staged.parts();
        let (done, is_done) = oneshot::channel();
        let counts = Arc::clone(&self.counts);
        let at_work = replacing::AtWork::new(&self.is_replacing);
        // Nobody writes a body between the two. Both go on where this call is dropped.
        let blobs = self.blob_writer.run_alone(move |connection| {
            let _at_work = at_work;
            match is_done.blocking_recv() {
                Ok(Some(true)) => blobs.replace(connection),
                Ok(Some(false)) | Err(_) => Ok(()),
                Ok(None) => {
                    blobs.keep();
                    Ok(())
                }
            }
        });
        let main = self.writer.run_alone(move |connection| {
            let replaced = main.replace(connection, above);
            if let Ok(epoch) = replaced {
                counts.epoch.store(epoch, Ordering::Release);
                counts.wake_up.send_modify(|count| *count += 1);
            }
            // Whether it counts is not known after some faults; the next start knows.
            let doubtful = matches!(replaced, Err(StoreError::Unknown));
            let _ = done.send((!doubtful).then_some(replaced.is_ok()));
            replaced
        });
        let (blobs, main) = tokio::join!(blobs, main);
        let epoch = main?;
        blobs.map(|()| epoch).map_err(|error| StoreError::Unavailable {
            source: format!(
                "all but the bodies is restored; they follow when the node is started again ({error})"
            )
            .into(),
        })
    }

    async fn check_files(&self) -> Result<Vec<String>, StoreError> {
        let path = self.path.clone();
        let checked = spawn_blocking(move || open::check_all(&path)).await;
        checked.unwrap_or(Err(StoreError::Closed))
    }

    async fn sizes(&self) -> Result<Sizes, StoreError> {
        let path = self.path.clone();
        let sizes = spawn_blocking(move || open::sizes(&path)).await;
        sizes.unwrap_or(Err(StoreError::Closed))
    }

    async fn close(&self) {
        // Errors here mean that it is closed already.
        let _ = self.writer.run(writing::note_clean).await;
        self.writer.close();
        self.readers.close();
        self.blob_writer.close();
        self.blob_reader.close();
        self.threads.join().await;
    }
}
