//! The connections of a store: a bounded number, each lent to one caller at a time.
//!
//! ```text
//!   caller --> queue (in order of arrival) --> an idle connection, or a new one --> work --> idle again
//!                                                      | greeted: writable? which content?
//!                                                      '-- identity changed: a new epoch for all nodes
//! ```
//!
//! A connection goes back only after work that came to its end; any other is closed. Connections that were
//! opened in an older epoch are closed, too: they may lead to a server that is no more.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_postgres::Config;

use super::fault::Fault;
use super::identity;
use super::link::Link;
use super::options::{WAIT, WORK};
use super::tls::Tls;
use crate::StoreError;

/// How many may wait for a connection; one more is answered [`StoreError::Busy`].
const WAITING_MAX: u64 = 512;

/// What this process knows of the content.
#[derive(Debug, Default)]
pub(super) struct Known {
    epoch: AtomicU64,
    /// The highest line of the log that was seen in that epoch, whole or not.
    log_end: AtomicU64,
}

impl Known {
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Notes an epoch that was read; an older one changes nothing.
    pub(super) fn see_epoch(&self, epoch: u64) {
        let before = self.epoch.fetch_max(epoch, Ordering::AcqRel);
        if before < epoch {
            self.log_end.store(0, Ordering::Release);
        }
    }

    /// The last line that was seen.
    pub(super) fn log_end(&self) -> u64 {
        self.log_end.load(Ordering::Acquire)
    }

    /// Notes where the log ends; `false` where it ended later before, in the same epoch.
    pub(super) fn see_log_end(&self, epoch: u64, number: u64) -> bool {
        epoch != self.epoch() || self.log_end.fetch_max(number, Ordering::AcqRel) <= number
    }
}

/// The connections of a store.
#[derive(Debug)]
pub(super) struct Pool {
    config: Config,
    tls: Tls,
    pub(super) known: Known,
    doors: Arc<Semaphore>,
    connections: u32,
    idle: Mutex<Vec<(u64, Arc<Link>)>>,
    waiting: AtomicU64,
    closed: AtomicBool,
}

/// A connection that is lent.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) link: Arc<Link>,
    epoch: u64,
    /// Whether it was used before: then it may be gone without anybody having noticed.
    pub(super) was_idle: bool,
    _door: OwnedSemaphorePermit,
}

/// Counts one that waits, for as long as it does.
struct Waiting<'a>(&'a AtomicU64);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    pub(super) fn new(config: Config, tls: Tls, connections: usize) -> Self {
        let connections = u32::try_from(connections.clamp(4, 64)).unwrap_or(4);
        Self {
            config,
            tls,
            known: Known::default(),
            doors: Arc::new(Semaphore::new(usize::try_from(connections).unwrap_or(4))),
            connections,
            idle: Mutex::default(),
            waiting: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        }
    }

    /// A connection for one caller.
    pub(super) async fn lend(&self) -> Result<Lent, StoreError> {
        self.lend_any(true).await
    }

    async fn lend_any(&self, idle_too: bool) -> Result<Lent, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= WAITING_MAX {
            return Err(StoreError::Busy);
        }
        let found = timeout(WAIT, async {
            let door = Arc::clone(&self.doors).acquire_owned().await;
            let door = door.map_err(|_| StoreError::Closed)?;
            if idle_too && let Some((epoch, link)) = self.take_idle() {
                return Ok(Lent { link, epoch, was_idle: true, _door: door });
            }
            let (epoch, link) = self.connect().await?;
            Ok(Lent { link: Arc::new(link), epoch, was_idle: false, _door: door })
        });
        let late = |_| StoreError::Unavailable {
            source: "no connection to the database is free in time".into(),
        };
        found.await.map_err(late)?
    }

    /// Takes a connection back after work that came to its end.
    pub(super) fn give_back(&self, lent: Lent) {
        let Lent { link, epoch, _door, .. } = lent;
        if epoch == self.known.epoch() && !self.closed.load(Ordering::Acquire) {
            self.idle().push((epoch, link));
        }
    }

    /// Has `work` done over a connection, at most for [`WORK`]; over a new one once more where an idle one
    /// turns out to be gone. So it must be work that may be done twice.
    pub(super) async fn with<T, F, W>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(Arc<Link>) -> W,
        W: Future<Output = Result<T, Fault>>,
    {
        let mut idle_too = true;
        loop {
            let lent = self.lend_any(idle_too).await?;
            match within(WORK, work(Arc::clone(&lent.link))).await {
                Ok(done) => {
                    self.give_back(lent);
                    return Ok(done);
                }
                Err(Fault::Store(error)) => {
                    self.give_back(lent);
                    return Err(error);
                }
                Err(fault) if lent.was_idle && fault.is_broken_connection() => {
                    self.forget_idle();
                    idle_too = false;
                }
                Err(fault) => return Err(fault.into()),
            }
        }
    }

    /// Connects and looks at what is there.
    pub(super) async fn connect(&self) -> Result<(u64, Link), StoreError> {
        let mut link = Link::connect(&self.config, &self.tls).await?;
        link.prepare().await?;
        let epoch = identity::greet(&link, &self.known).await?;
        Ok((epoch, link))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Closes all connections that nobody uses: one of them was found to be gone.
    pub(super) fn forget_idle(&self) {
        self.idle().clear();
    }

    /// Lends nothing more, waits for what is lent, closes all.
    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // Every call ends within this time, whatever the database does.
        let _ = timeout(2 * WORK, self.doors.acquire_many(self.connections)).await;
        self.doors.close();
        self.forget_idle();
    }

    fn take_idle(&self) -> Option<(u64, Arc<Link>)> {
        let epoch = self.known.epoch();
        let mut idle = self.idle();
        loop {
            let (opened_in, link) = idle.pop()?;
            if opened_in == epoch && !link.is_closed() {
                return Some((opened_in, link));
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(u64, Arc<Link>)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the database, but not for ever: one that cannot be reached says nothing.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    timeout(limit, work).await.unwrap_or(Err(Fault::Late))
}
