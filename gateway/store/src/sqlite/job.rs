//! Threads that own connections, and the bounded queues that lead to them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode, ffi};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{BATCH_BOUNDS, Statistics, StoreError};

/// The most jobs that share one durable transaction; the last of [`BATCH_BOUNDS`].
const BATCH_MAX: usize = 256;

/// Figures that the writer keeps.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) epoch: AtomicU64,
    pub(super) commits: AtomicU64,
    pub(super) conflicts: AtomicU64,
    /// Moved by the writer itself, so that a commit whose caller is gone wakes others up too.
    pub(super) wake_up: watch::Sender<u64>,
    transactions: AtomicU64,
    batches: [AtomicU64; BATCH_BOUNDS.len()],
    batched: AtomicU64,
    failures: AtomicU64,
    /// Whether the last transaction that was to write something failed.
    failing: AtomicBool,
}

impl Counts {
    pub(super) fn new(epoch: u64) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            epoch: AtomicU64::new(epoch),
            commits: zero(),
            conflicts: zero(),
            wake_up: watch::channel(0).0,
            transactions: zero(),
            batches: BATCH_BOUNDS.map(|_| zero()),
            batched: zero(),
            failures: zero(),
            failing: AtomicBool::new(false),
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(super) fn statistics(&self) -> Statistics {
        Statistics {
            commits: self.commits.load(Ordering::Relaxed),
            conflicts: self.conflicts.load(Ordering::Relaxed),
            transactions: self.transactions.load(Ordering::Relaxed),
            batches: self.batches.each_ref().map(|count| count.load(Ordering::Relaxed)),
            batched: self.batched.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            waiting: 0,
        }
    }

    fn add_batch(&self, jobs: usize) {
        let jobs = u64::try_from(jobs).unwrap_or(u64::MAX);
        self.transactions.fetch_add(1, Ordering::Relaxed);
        self.batched.fetch_add(jobs, Ordering::Relaxed);
        let classes = BATCH_BOUNDS.iter().zip(&self.batches);
        if let Some((_, class)) = classes.into_iter().find(|(bound, _)| jobs <= **bound) {
            class.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Something to do with a connection.
trait Job: Send {
    /// Does it. In the writer this happens inside a savepoint; an error rolls back to it. The error
    /// is kept for the answer; it is told here for those that may share it.
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;

    /// Answers, once the transaction around it ended with `ended`.
    fn finish(self: Box<Self>, ended: Result<(), StoreError>);

    /// Whether it is there to write something: only then does its end say that the disk takes it.
    fn writes(&self) -> bool {
        true
    }

    /// Whether it makes its transactions itself, and shares none.
    fn is_alone(&self) -> bool {
        false
    }
}

/// Shows that the thread is at work, and nothing else.
struct Sign(oneshot::Sender<Result<(), StoreError>>);

impl Job for Sign {
    fn run(&mut self, _: &Connection) -> Result<(), StoreError> {
        Ok(())
    }

    fn finish(self: Box<Self>, ended: Result<(), StoreError>) {
        let _ = self.0.send(ended);
    }

    fn writes(&self) -> bool {
        false
    }
}

struct Task<T, F> {
    work: Option<F>,
    is_alone: bool,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let result = work(connection);
        let ended = result.as_ref().map(|_| ()).map_err(StoreError::again);
        self.result = Some(result);
        ended
    }

    fn finish(self: Box<Self>, ended: Result<(), StoreError>) {
        let result = match (self.result, ended) {
            // A job that failed on its own wrote nothing, whatever became of the others.
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(result)), Ok(())) => Ok(result),
            (_, Err(error)) => Err(error),
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // Whoever asked may be gone; what was written stays written.
        let _ = self.answer.send(result);
    }

    fn is_alone(&self) -> bool {
        self.is_alone
    }
}

type Queue = Mutex<Option<mpsc::Sender<Box<dyn Job>>>>;

/// The way to one or more threads.
#[derive(Debug)]
pub(super) struct Pool {
    queues: Vec<Queue>,
    next: AtomicUsize,
    waiting_max: usize,
}

impl std::fmt::Debug for dyn Job {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("job")
    }
}

impl Pool {
    /// Has `work` done and waits for it. Dropping the wait does not undo the work.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.do_work(work, false).await
    }

    /// Has the writer do `work` outside of any transaction, with nothing else beside it.
    pub(super) async fn run_alone<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.do_work(work, true).await
    }

    async fn do_work<T, F>(&self, work: F, is_alone: bool) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let task = Task { work: Some(work), is_alone, result: None, answer };
        self.ask(Box::new(task), answered).await
    }

    /// Waits for a sign of the thread; nothing is written, and nothing is counted.
    pub(super) async fn answer(&self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Box::new(Sign(answer)), answered).await
    }

    async fn ask<T>(
        &self,
        job: Box<dyn Job>,
        answered: oneshot::Receiver<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.sender()?.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        // The thread answers every job it took; if it is gone, nobody knows what it did.
        answered.await.unwrap_or(Err(StoreError::Unknown))
    }

    /// How many jobs wait.
    pub(super) fn waiting(&self) -> u64 {
        let free = self.sender().map_or(self.waiting_max, |sender| sender.capacity());
        u64::try_from(self.waiting_max.saturating_sub(free)).unwrap_or(0)
    }

    /// Takes no more jobs; those taken are finished.
    pub(super) fn close(&self) {
        for queue in &self.queues {
            queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    fn sender(&self) -> Result<mpsc::Sender<Box<dyn Job>>, StoreError> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let queue = self.queues.get(next % self.queues.len().max(1)).ok_or(StoreError::Closed)?;
        let sender = queue.lock().unwrap_or_else(PoisonError::into_inner);
        sender.clone().ok_or(StoreError::Closed)
    }
}

/// The threads of a store.
#[derive(Debug, Default)]
pub(super) struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Threads {
    /// One thread that writes, grouping what waits.
    pub(super) fn start_writer(
        &self,
        name: &str,
        connection: Connection,
        counts: Arc<Counts>,
        waiting_max: usize,
    ) -> std::io::Result<Pool> {
        let (sender, mut receiver) = mpsc::channel(waiting_max);
        self.start(name, move || write(&connection, &mut receiver, &counts))?;
        Ok(Pool { queues: vec![Mutex::new(Some(sender))], next: AtomicUsize::new(0), waiting_max })
    }

    /// One thread for each connection, all reading.
    pub(super) fn start_readers(
        &self,
        name: &str,
        connections: Vec<Connection>,
        waiting_max: usize,
    ) -> std::io::Result<Pool> {
        let mut queues = Vec::new();
        for connection in connections {
            let (sender, mut receiver) = mpsc::channel(waiting_max);
            self.start(name, move || read(&connection, &mut receiver))?;
            queues.push(Mutex::new(Some(sender)));
        }
        Ok(Pool { queues, next: AtomicUsize::new(0), waiting_max })
    }

    /// Waits until all have ended.
    pub(super) async fn join(&self) {
        let threads = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a store thread panicked");
                }
            }
        });
        if joined.await.is_err() {
            tracing::error!("waiting for the store's threads failed");
        }
    }

    fn start(&self, name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }
}

fn read(connection: &Connection, jobs: &mut mpsc::Receiver<Box<dyn Job>>) {
    while let Some(mut job) = jobs.blocking_recv() {
        // The job keeps its error for its answer. One that panics shall not take the thread, and a
        // share of all reads, with it; a connection that only reads has nothing half done.
        let ran = catch_unwind(AssertUnwindSafe(|| job.run(connection)));
        job.finish(match ran {
            Ok(_) => Ok(()),
            Err(_) => Err(StoreError::Unavailable { source: "a read panicked".into() }),
        });
    }
}

fn write(connection: &Connection, jobs: &mut mpsc::Receiver<Box<dyn Job>>, counts: &Counts) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    let mut later = Vec::new();
    while !later.is_empty() || jobs.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        batch.append(&mut later);
        if let Some(place) = batch.iter().position(|job| job.is_alone()) {
            later = batch.split_off(place.max(1));
            if place == 0 {
                batch.drain(..).for_each(|job| alone(connection, job));
                continue;
            }
        }
        let ended = transaction(connection, &mut batch);
        let writing = batch.iter().filter(|job| job.writes()).count();
        match &ended {
            Ok(()) if writing == 0 => {}
            Ok(()) => {
                counts.failing.store(false, Ordering::Relaxed);
                counts.add_batch(writing);
                counts.wake_up.send_modify(|count| *count += 1);
            }
            Err(Failed { error, said }) => {
                counts.failures.fetch_add(1, Ordering::Relaxed);
                // Once until it works again: whoever asked is told each time.
                if !counts.failing.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, reason = %said, "the store's file is not written");
                }
            }
        }
        for job in batch.drain(..) {
            job.finish(ended.as_ref().map_err(|failed| failed.error.again()).copied());
        }
    }
}

/// Does a job that makes its transactions itself; one that panics leaves none open.
fn alone(connection: &Connection, mut job: Box<dyn Job>) {
    let ran = catch_unwind(AssertUnwindSafe(|| job.run(connection)));
    if !connection.is_autocommit() {
        let _ = execute(connection, "ROLLBACK");
    }
    job.finish(match ran {
        Ok(_) => Ok(()),
        Err(_) => Err(StoreError::Unavailable { source: "a job panicked".into() }),
    });
}

fn transaction(connection: &Connection, batch: &mut [Box<dyn Job>]) -> Result<(), Failed> {
    execute(connection, "BEGIN IMMEDIATE").map_err(|error| Failed::new(error, false))?;
    for job in batch {
        if let Err(failed) = savepoint(connection, job.as_mut()) {
            let _ = execute(connection, "ROLLBACK");
            return Err(failed);
        }
    }
    if let Err(error) = execute(connection, "COMMIT") {
        let _ = execute(connection, "ROLLBACK");
        return Err(Failed::new(error, true));
    }
    Ok(())
}

/// Why a transaction failed as a whole.
struct Failed {
    error: StoreError,
    /// What SQLite said, for an operator.
    said: String,
}

impl Failed {
    fn new(error: rusqlite::Error, committing: bool) -> Self {
        let said = match error.sqlite_extended_error_code() {
            Some(code) => format!("{error} (SQLite {code})"),
            None => error.to_string(),
        };
        Self { error: translate(error, committing), said }
    }
}

fn savepoint(connection: &Connection, job: &mut dyn Job) -> Result<(), Failed> {
    let step = |sql| execute(connection, sql).map_err(|error| Failed::new(error, false));
    step("SAVEPOINT job")?;
    if let Err(error) = job.run(connection) {
        // A disk that takes no more makes SQLite roll everything back, not only to the savepoint.
        if connection.is_autocommit() {
            let said = "the whole transaction was rolled back".to_owned();
            return Err(Failed { error, said });
        }
        step("ROLLBACK TO job")?;
    }
    step("RELEASE job")
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

/// What an error of SQLite means for the caller.
pub(super) fn translate(error: rusqlite::Error, committing: bool) -> StoreError {
    let extended = error.sqlite_extended_error_code();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { source: error.into() }
        }
        Some(ErrorCode::SystemIoFailure) if committing && extended.is_some_and(leaves_doubt) => {
            StoreError::Unknown
        }
        Some(ErrorCode::SystemIoFailure) if extended.is_some_and(is_writing) => {
            StoreError::Unwritable { source: error.into() }
        }
        _ => StoreError::Unavailable { source: error.into() },
    }
}

/// Whether a commit that failed so may be there after a restart all the same: its last frame stands
/// in the log, but was not surely synced, or not entered into the shared index behind it.
fn leaves_doubt(extended: i32) -> bool {
    matches!(
        extended,
        ffi::SQLITE_IOERR_FSYNC
            | ffi::SQLITE_IOERR_DIR_FSYNC
            | ffi::SQLITE_IOERR_SHMOPEN
            | ffi::SQLITE_IOERR_SHMSIZE
            | ffi::SQLITE_IOERR_SHMMAP
    )
}

/// Whether it was a write that failed: a quota, a limit, a disk that became read-only or breaks.
/// SQLite says `SQLITE_FULL` for want of space alone.
fn is_writing(extended: i32) -> bool {
    matches!(
        extended,
        ffi::SQLITE_IOERR_WRITE
            | ffi::SQLITE_IOERR_FSYNC
            | ffi::SQLITE_IOERR_DIR_FSYNC
            | ffi::SQLITE_IOERR_TRUNCATE
            | ffi::SQLITE_IOERR_DELETE
            | ffi::SQLITE_IOERR_SHMOPEN
            | ffi::SQLITE_IOERR_SHMSIZE
            | ffi::SQLITE_IOERR_SHMMAP
    )
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        translate(error, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = oneshot::Receiver<Result<usize, StoreError>>;

    fn insert(bytes: usize) -> (Box<dyn Job>, Answer) {
        let (answer, answered) = oneshot::channel();
        let work = move |connection: &Connection| {
            Ok(connection.execute("INSERT INTO t VALUES (?1)", [vec![7u8; bytes]])?)
        };
        (Box::new(Task { work: Some(work), is_alone: false, result: None, answer }), answered)
    }

    /// Does one batch as the writer does, and gives the answers.
    fn batch(connection: &Connection, sizes: &[usize]) -> Vec<Result<usize, StoreError>> {
        let (mut jobs, answers): (Vec<_>, Vec<_>) = sizes.iter().map(|size| insert(*size)).unzip();
        let ended = transaction(connection, &mut jobs);
        for job in jobs {
            job.finish(ended.as_ref().map_err(|failed| failed.error.again()).copied());
        }
        answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect()
    }

    #[test]
    fn a_disk_that_fills_up_within_a_batch_is_told_to_all_of_it() {
        let connection = Connection::open_in_memory().unwrap();
        let prepare = "CREATE TABLE t (body BLOB); PRAGMA max_page_count = 8;";
        connection.execute_batch(prepare).unwrap();
        let answers = batch(&connection, &[10, 100_000, 10]);
        assert!(answers.iter().all(|it| matches!(it, Err(StoreError::Full))), "{answers:?}");
        let count = "SELECT count(*) FROM t";
        assert_eq!(connection.query_row(count, [], |row| row.get(0)), Ok(0));
        assert!(batch(&connection, &[10, 20]).iter().all(|it| matches!(it, Ok(1))));
    }

    #[tokio::test]
    async fn a_sign_of_the_writer_is_no_work_and_no_proof_that_the_disk_takes_it() {
        let connection = Connection::open_in_memory().unwrap();
        let prepare = "CREATE TABLE t (body BLOB); PRAGMA max_page_count = 8;";
        connection.execute_batch(prepare).unwrap();
        let (threads, counts) = (Threads::default(), Arc::new(Counts::new(1)));
        let writer = threads.start_writer("writer", connection, Arc::clone(&counts), 8).unwrap();
        let woken = counts.wake_up.subscribe();
        let insert = |bytes: usize| {
            let sql = "INSERT INTO t VALUES (?1)";
            writer.run(move |connection| Ok(connection.execute(sql, [vec![7u8; bytes]])?))
        };
        let failing = || counts.failing.load(Ordering::Relaxed);
        assert!(matches!(insert(100_000).await, Err(StoreError::Full)));
        assert!(failing());
        writer.answer().await.unwrap();
        assert!(failing());
        let statistics = counts.statistics();
        assert_eq!((statistics.transactions, statistics.batched), (0, 0));
        assert!(!woken.has_changed().unwrap());
        assert!(matches!(insert(10).await, Ok(1)));
        assert!(!failing());
        let statistics = counts.statistics();
        assert_eq!((statistics.transactions, statistics.batched, statistics.failures), (1, 1, 1));
        assert!(woken.has_changed().unwrap());
        writer.close();
        threads.join().await;
    }

    #[tokio::test]
    async fn a_read_that_panics_ends_no_other() {
        let threads = Threads::default();
        let connection = Connection::open_in_memory().unwrap();
        let readers = threads.start_readers("reader", vec![connection], 8).unwrap();
        let one = "SELECT 1";
        let panicked = readers.run(|connection| -> Result<(), StoreError> {
            let mut statement = connection.prepare_cached(one)?;
            let _rows = statement.query([])?;
            panic!("as planned")
        });
        assert!(matches!(panicked.await, Err(StoreError::Unavailable { .. })));
        let read = readers.run(|it| Ok(it.query_row(one, [], |row| row.get::<_, u32>(0))?));
        assert!(matches!(read.await, Ok(1)));
        readers.close();
        threads.join().await;
    }
}
