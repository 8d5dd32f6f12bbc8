//! A store in memory that refuses for a while, as one does whose disk is full, and that has a document which a newer program
//! wrote.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Ask, InputId, Key, Reply, Timestamp};
use store::{
    Beat, Beats, BlobHead, Commit, Committed, Cursor, DueWakes, Lease, Load, LoadAnswer, LogEntry,
    LogPage, MemoryStore, Promise, Statistics, Store, StoreError,
};
use tokio::sync::watch;

/// The store and what a test has it do.
#[derive(Debug, Default)]
pub struct UnsteadyStore {
    inner: MemoryStore,
    takes_nothing: AtomicBool,
    newer: Mutex<Option<Key>>,
    loads: AtomicU64,
}

impl UnsteadyStore {
    /// A store that works.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Whether it refuses every commit from now on.
    pub fn take_nothing(&self, so: bool) {
        self.takes_nothing.store(so, Ordering::Release);
    }

    /// How often something was read, so that a test sees who reads on and on.
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::Acquire)
    }

    /// That document cannot be read from now on.
    pub fn has_newer(&self, key: Key) {
        *self.newer.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
    }
}

#[async_trait]
impl Store for UnsteadyStore {
    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        match self.takes_nothing.load(Ordering::Acquire) {
            true => Err(StoreError::Full),
            false => self.inner.commit(commit).await,
        }
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.inner.acquire_lease(name, holder, now, lasting).await
    }

    async fn load(&self, load: Load) -> Result<LoadAnswer, StoreError> {
        self.loads.fetch_add(1, Ordering::AcqRel);
        let newer = self.newer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(key) = newer
            && load.asks.contains(&Ask::Document(key.clone()))
        {
            return Err(StoreError::Newer { kind: key.kind, found: 2, known: 1 });
        }
        self.inner.load(load).await
    }

    async fn outcome(&self, input: &InputId) -> Result<Option<Reply>, StoreError> {
        self.inner.outcome(input).await
    }

    async fn read_log(&self, after: Cursor, limit: u32) -> Result<LogPage, StoreError> {
        self.inner.read_log(after, limit).await
    }

    async fn end_of_log(&self) -> Result<Cursor, StoreError> {
        self.inner.end_of_log().await
    }

    async fn due_wakes(&self, now: Timestamp, limit: u32) -> Result<DueWakes, StoreError> {
        self.inner.due_wakes(now, limit).await
    }

    async fn promises(
        &self,
        topic: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Promise>, StoreError> {
        self.inner.promises(topic, after, limit).await
    }

    async fn close_promises(&self, ids: Vec<String>, lease: &Lease) -> Result<(), StoreError> {
        self.inner.close_promises(ids, lease).await
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Lease, StoreError> {
        self.inner.renew_lease(lease, now, lasting).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release_lease(lease).await
    }

    async fn beat(&self, beat: Beat, now: Timestamp) -> Result<Beats, StoreError> {
        self.inner.beat(beat, now).await
    }

    async fn leave(&self, node: &str, run: u64) -> Result<(), StoreError> {
        self.inner.leave(node, run).await
    }

    async fn last_lines(&self, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.inner.last_lines(limit).await
    }

    async fn put_piece(&self, id: &str, number: u32, body: Vec<u8>) -> Result<(), StoreError> {
        self.inner.put_piece(id, number, body).await
    }

    async fn finish_blob(&self, head: BlobHead) -> Result<(), StoreError> {
        self.inner.finish_blob(head).await
    }

    async fn blob(&self, id: &str) -> Result<Option<BlobHead>, StoreError> {
        self.inner.blob(id).await
    }

    async fn piece(&self, id: &str, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.piece(id, number).await
    }

    async fn delete_blob(&self, id: &str) -> Result<(), StoreError> {
        self.inner.delete_blob(id).await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.sweep(now, limit).await
    }

    async fn raise_epoch(&self) -> Result<u64, StoreError> {
        self.inner.raise_epoch().await
    }

    fn wake_up(&self) -> watch::Receiver<u64> {
        self.inner.wake_up()
    }

    fn statistics(&self) -> Statistics {
        self.inner.statistics()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
