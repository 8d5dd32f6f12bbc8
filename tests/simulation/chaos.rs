//! A store in memory behind a bad network.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::{InputId, Reply, Timestamp};
use engine::testing::SeededRandom;
use store::{
    Beat, Beats, BlobHead, Commit, Committed, Cursor, DueWakes, Lease, Load, LoadAnswer, LogEntry,
    LogPage, MemoryStore, Promise, Statistics, Store, StoreError,
};
use tokio::sync::watch;

/// What all nodes reach, each over a network of its own.
pub(crate) struct ChaosStore {
    inner: Arc<MemoryStore>,
    random: SeededRandom,
    calm: Arc<AtomicBool>,
    late: Arc<AtomicU64>,
    cut: Arc<AtomicBool>,
}

impl ChaosStore {
    /// Counts in `late` the commits that were done after nobody waited for them any more.
    pub(crate) fn new(
        inner: Arc<MemoryStore>,
        seed: u64,
        calm: Arc<AtomicBool>,
        late: Arc<AtomicU64>,
    ) -> Self {
        Self { inner, random: SeededRandom::new(seed), calm, late, cut: Arc::default() }
    }

    /// The same network; nothing gets through while `cut` is true.
    pub(crate) fn with_cut(self, cut: Arc<AtomicBool>) -> Self {
        Self { cut, ..self }
    }

    /// Leaves a commit under way: it arrives some time later, whatever its sender does meanwhile,
    /// even die.
    fn on_its_own(&self, commit: Commit) {
        let (inner, late) = (Arc::clone(&self.inner), Arc::clone(&self.late));
        let delay = Duration::from_micros(self.below(400_000));
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            if let Ok(Committed::Done { .. }) = inner.commit(commit).await {
                late.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    /// A number below `bound`.
    fn below(&self, bound: u64) -> u64 {
        self.random.next() % bound
    }

    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Acquire)
    }

    /// Takes its time, then perhaps fails before anything was done.
    async fn way_there(&self) -> Result<(), StoreError> {
        if self.cut.load(Ordering::Acquire) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            return Err(StoreError::Unavailable { source: "the network is cut".into() });
        }
        if self.is_calm() {
            return Ok(());
        }
        if self.below(3) == 0 {
            tokio::time::sleep(Duration::from_micros(self.below(30_000))).await;
        }
        match self.below(40) {
            0 => Err(StoreError::Busy),
            1 => Err(StoreError::Unavailable { source: "the network is down".into() }),
            2 => Err(StoreError::Full),
            _ => Ok(()),
        }
    }

    async fn way_back(&self) {
        if !self.is_calm() && self.below(3) == 0 {
            tokio::time::sleep(Duration::from_micros(self.below(30_000))).await;
        }
    }
}

#[async_trait]
impl Store for ChaosStore {
    async fn load(&self, load: Load) -> Result<LoadAnswer, StoreError> {
        self.way_there().await?;
        let answer = self.inner.load(load).await;
        self.way_back().await;
        answer
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        self.way_there().await?;
        if !self.is_calm() {
            match self.below(40) {
                0 => return Err(StoreError::Unknown),
                1 | 2 => {
                    self.on_its_own(commit);
                    return Err(StoreError::Unknown);
                }
                _ => {}
            }
        }
        let committed = self.inner.commit(commit).await;
        self.way_back().await;
        if !self.is_calm() && self.below(20) == 0 {
            return Err(StoreError::Unknown);
        }
        committed
    }

    async fn outcome(&self, input: &InputId) -> Result<Option<Reply>, StoreError> {
        self.way_there().await?;
        self.inner.outcome(input).await
    }

    async fn read_log(&self, after: Cursor, limit: u32) -> Result<LogPage, StoreError> {
        self.way_there().await?;
        let page = self.inner.read_log(after, limit).await;
        self.way_back().await;
        page
    }

    async fn end_of_log(&self) -> Result<Cursor, StoreError> {
        self.inner.end_of_log().await
    }

    async fn due_wakes(&self, now: Timestamp, limit: u32) -> Result<DueWakes, StoreError> {
        self.way_there().await?;
        self.inner.due_wakes(now, limit).await
    }

    async fn promises(
        &self,
        topic: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Promise>, StoreError> {
        self.way_there().await?;
        self.inner.promises(topic, after, limit).await
    }

    async fn close_promises(&self, ids: Vec<String>, lease: &Lease) -> Result<(), StoreError> {
        self.way_there().await?;
        self.inner.close_promises(ids, lease).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.way_there().await?;
        self.inner.acquire_lease(name, holder, now, lasting).await
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Lease, StoreError> {
        self.way_there().await?;
        self.inner.renew_lease(lease, now, lasting).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.way_there().await?;
        self.inner.release_lease(lease).await
    }

    async fn beat(&self, beat: Beat, now: Timestamp) -> Result<Beats, StoreError> {
        self.way_there().await?;
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
        self.way_there().await?;
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

    async fn close(&self) {}
}
