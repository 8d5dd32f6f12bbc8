//! The store in a PostgreSQL database, for several nodes at once.
//!
//! ```text
//!   commit --> line --> a lane, with others --> a connection --> locks, guards | writes, COMMIT --> answer
//!   load --> line --> a question, with others --> a connection --> answers
//!   log, leases, blobs ---> a connection --> one round trip mostly
//!   ticker: every 50 ms whether anything moved, here or elsewhere --> wake_up
//! ```
//!
//! - `pool` owns the connections, `link` is one of them; `identity` says which content they lead to.
//! - `lanes` has the commits that wait; `writing` makes some of them, under the locks of `locks`, by the
//!   statements of `steps`; `horizon` says up to where lines are whole.
//! - `fault` sorts what goes wrong. Every call ends within about six seconds, twelve where a connection
//!   that was kept turns out to be gone, whatever the network does.
//!
//! Nothing is kept in a connection but its prepared statements and the settings it began with, so a pooler
//! may stand between. There is no LISTEN: a NOTIFY in a transaction would let one commit at a time.

mod advice;
mod blobs;
mod counts;
mod fault;
mod horizon;
mod identity;
mod lanes;
mod leases;
mod link;
mod loads;
mod locks;
mod open;
mod options;
mod pool;
mod reading;
mod receiving;
mod sending;
mod statements;
mod steps;
mod ticker;
mod tls;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{InputId, Reply, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use crate::backup::{Arriving, Pages};
use crate::store::{Sizes, Store};
use crate::{
    Beat, Beats, BlobHead, Commit, Committed, Cursor, DueWakes, Lease, Load, LoadAnswer, LogEntry,
    LogPage, OpenError, PIECE_BYTES_MAX, Promise, Statistics, StoreError,
};
pub use advice::postgres_advice;
use fault::Fault;
use lanes::Lanes;
use link::Link;
use loads::Loads;
use options::{CONNECT, WORK};
pub use options::{LeaseClock, PostgresOptions};
use pool::{Pool, within};
use tls::Tls;

/// How many questions for documents are under way at once; with more of them each would have fewer loads.
const READERS: usize = 2;

/// A store in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    pool: Arc<Pool>,
    lanes: Arc<Lanes>,
    loads: Arc<Loads>,
    moved: Arc<Notify>,
    clock: LeaseClock,
    wake_up: watch::Sender<u64>,
    questions: mpsc::Sender<ticker::Question>,
    tasks: Vec<AbortHandle>,
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl PostgresStore {
    /// Opens the store in that database, making its tables where there are none.
    pub async fn open(options: PostgresOptions) -> Result<Self, OpenError> {
        let config = options.config()?;
        let place = options::place(&config);
        let tls = tls_of(&options, &config)?;
        let link = within(CONNECT, Link::connect(&config, &tls)).await;
        let link = link.map_err(|fault| open::failed(&place, fault))?;
        open::prepare(&link, &place).await?;
        drop(link);
        let pool = Arc::new(Pool::new(config, tls, options.connections));
        let first = pool.lend().await;
        pool.give_back(first.map_err(|error| open::failed(&place, error.into()))?);
        let moved = Arc::new(Notify::new());
        let wake_up = watch::channel(0).0;
        let (questions, asked) = mpsc::channel(8);
        let watching = ticker::watch(Arc::clone(&pool), Arc::clone(&moved), asked);
        let mut tasks = vec![
            tokio::spawn(watching).abort_handle(),
            tokio::spawn(ticker::wake(Arc::clone(&moved), wake_up.clone())).abort_handle(),
        ];
        let lanes = Arc::new(Lanes::new(Arc::clone(&pool), Arc::clone(&moved)));
        let loads = Arc::new(Loads::new(Arc::clone(&pool)));
        for _ in 0..READERS {
            tasks.push(tokio::spawn(Arc::clone(&loads).read()).abort_handle());
        }
        Ok(Self { pool, lanes, loads, moved, clock: options.clock, wake_up, questions, tasks })
    }

    /// The time by which leases end, where it is not the database's own.
    fn time(&self, now: Timestamp) -> Option<i64> {
        (self.clock == LeaseClock::Callers).then(|| now.microseconds())
    }

    async fn read<T, F, W>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(Arc<Link>) -> W,
        W: Future<Output = Result<T, Fault>>,
    {
        self.pool.with(work).await
    }

    /// Counts a transaction of its own.
    async fn write<T, F, W>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(Arc<Link>) -> W,
        W: Future<Output = Result<T, Fault>>,
    {
        let done = self.pool.with(work).await;
        match &done {
            Ok(_) => self.lanes.counts.note_transaction(1),
            Err(error) => self.lanes.counts.note_failure(error),
        }
        done
    }
}

fn tls_of(options: &PostgresOptions, config: &Config) -> Result<Tls, OpenError> {
    match &options.authority_file {
        Some(file) => Tls::of_file(file),
        None if config.get_ssl_mode() == SslMode::Disable => Tls::of_nobody(),
        None => Tls::of_system()?.ok_or(OpenError::NoAuthority { place: options::place(config) }),
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn load(&self, load: Load) -> Result<LoadAnswer, StoreError> {
        if loads::is_ordinary(&load) {
            return self.loads.load(load).await;
        }
        self.read(async |link: Arc<Link>| reading::load(&link, &load).await).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        self.lanes.commit(commit).await
    }

    async fn outcome(&self, input: &InputId) -> Result<Option<Reply>, StoreError> {
        self.read(async |link: Arc<Link>| reading::outcome(&link, input).await).await
    }

    async fn read_log(&self, after: Cursor, limit: u32) -> Result<LogPage, StoreError> {
        self.read(async |link: Arc<Link>| reading::log(&link, after, limit).await).await
    }

    async fn end_of_log(&self) -> Result<Cursor, StoreError> {
        self.read(async |link: Arc<Link>| reading::end_of_log(&link).await).await
    }

    async fn last_lines(&self, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.read(async |link: Arc<Link>| reading::last_lines(&link, limit).await).await
    }

    async fn due_wakes(&self, now: Timestamp, limit: u32) -> Result<DueWakes, StoreError> {
        self.read(async |link: Arc<Link>| reading::due_wakes(&link, now, limit).await).await
    }

    async fn promises(
        &self,
        topic: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Promise>, StoreError> {
        self.read(async |link: Arc<Link>| reading::promises(&link, topic, after, limit).await).await
    }

    async fn close_promises(&self, ids: Vec<String>, lease: &Lease) -> Result<(), StoreError> {
        self.write(async |link: Arc<Link>| leases::close_promises(&link, &ids, lease).await).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let now = self.time(now);
        self.write(async |link: Arc<Link>| leases::acquire(&link, name, holder, now, lasting).await)
            .await
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Lease, StoreError> {
        let now = self.time(now);
        self.write(async |link: Arc<Link>| leases::renew(&link, lease, now, lasting).await).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.write(async |link: Arc<Link>| leases::release(&link, lease).await).await
    }

    async fn beat(&self, beat: Beat, now: Timestamp) -> Result<Beats, StoreError> {
        let now = self.time(now);
        self.write(async |link: Arc<Link>| leases::beat(&link, &beat, now).await).await
    }

    async fn leave(&self, node: &str, run: u64) -> Result<(), StoreError> {
        self.write(async |link: Arc<Link>| leases::leave(&link, node, run).await).await
    }

    async fn put_piece(&self, id: &str, number: u32, body: Vec<u8>) -> Result<(), StoreError> {
        if body.len() > PIECE_BYTES_MAX {
            return Err(StoreError::PieceTooLarge { bytes: body.len() });
        }
        self.write(async |link: Arc<Link>| blobs::put_piece(&link, id, number, &body).await).await
    }

    async fn finish_blob(&self, head: BlobHead) -> Result<(), StoreError> {
        self.write(async |link: Arc<Link>| blobs::finish(&link, &head).await).await
    }

    async fn blob(&self, id: &str) -> Result<Option<BlobHead>, StoreError> {
        self.read(async |link: Arc<Link>| blobs::head(&link, id).await).await
    }

    async fn piece(&self, id: &str, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(async |link: Arc<Link>| blobs::piece(&link, id, number).await).await
    }

    async fn delete_blob(&self, id: &str) -> Result<(), StoreError> {
        self.write(async |link: Arc<Link>| blobs::delete(&link, id).await).await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.write(async |link: Arc<Link>| leases::sweep(&link, now, limit).await).await
    }

    async fn raise_epoch(&self) -> Result<u64, StoreError> {
        let pool = &self.pool;
        let lent = pool.lend().await?;
        let raising = identity::raise(&lent.link, &pool.known, identity::Because::Asked);
        let epoch = within(WORK, raising).await?;
        pool.known.see_epoch(epoch);
        self.moved.notify_one();
        Ok(epoch)
    }

    async fn send_pages(&self, pages: Pages) -> Result<(), StoreError> {
        self.send_rows(&pages.0).await
    }

    async fn replace(&self, arriving: Arriving, above: u64) -> Result<u64, StoreError> {
        self.replace_pages(arriving.0, above).await
    }

    async fn sizes(&self) -> Result<Sizes, StoreError> {
        Ok(Sizes { bytes: self.database_bytes().await?, free_bytes: None })
    }

    /// Whether the ticker is at work. A database that is away holds up nobody here.
    async fn answer(&self) -> Result<(), StoreError> {
        if self.pool.is_closed() {
            return Err(StoreError::Closed);
        }
        let (question, answered) = oneshot::channel();
        self.questions.send(question).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)
    }

    fn wake_up(&self) -> watch::Receiver<u64> {
        self.wake_up.subscribe()
    }

    fn statistics(&self) -> Statistics {
        self.lanes.counts.statistics(self.lanes.waiting())
    }

    async fn close(&self) {
        self.lanes.close().await;
        self.pool.close().await;
        for task in &self.tasks {
            task.abort();
        }
    }
}
