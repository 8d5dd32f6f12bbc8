//! The trait that every store keeps.

use std::time::Duration;

use async_trait::async_trait;
use domain::{InputId, Reply, Timestamp};
use tokio::sync::watch;

use crate::backup::{Arriving, Pages};
use crate::{
    Beat, Beats, BlobHead, Commit, Committed, Cursor, DueWakes, Fence, Lease, Load, LoadAnswer,
    LogEntry, LogPage, Promise, StoreError,
};

/// The most jobs of a batch, for each class of sizes that [`Statistics::batches`] counts.
pub const BATCH_BOUNDS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Figures of a store since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Commits that are durable.
    pub commits: u64,
    /// Durable transactions; several commits share one.
    pub transactions: u64,
    /// Durable transactions by size: those in the class of one of [`BATCH_BOUNDS`] and in none of a
    /// smaller one.
    pub batches: [u64; BATCH_BOUNDS.len()],
    /// Jobs in all of them together: commits, and what is done with leases.
    pub batched: u64,
    /// Commits whose guard did not hold.
    pub conflicts: u64,
    /// Transactions that failed as a whole.
    pub failures: u64,
    /// Commits waiting now.
    pub waiting: u64,
}

/// How large a store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of its files, or of its database.
    pub bytes: u64,
    /// Bytes that are free on the disk of its files, where it has some here.
    pub free_bytes: Option<u64>,
}

/// What we own, durable.
///
/// Time comes from the caller, except where a store has a clock of its own for all nodes.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Documents by key, keys by index, and an input's outcome, as of one moment.
    async fn load(&self, load: Load) -> Result<LoadAnswer, StoreError>;

    /// Keeps all of a decision or nothing. Only its guards and claims are compared.
    ///
    /// [`StoreError::Unknown`] means that nobody can say; [`Store::outcome`] tells later.
    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError>;

    /// What became of an input in the last 24 hours, where it was committed.
    async fn outcome(&self, input: &InputId) -> Result<Option<Reply>, StoreError>;

    /// At most `limit` lines of the log after `after`.
    async fn read_log(&self, after: Cursor, limit: u32) -> Result<LogPage, StoreError>;

    /// The end of the log now.
    async fn end_of_log(&self) -> Result<Cursor, StoreError>;

    /// The last `limit` lines of the log, in their order.
    async fn last_lines(&self, limit: u32) -> Result<Vec<LogEntry>, StoreError>;

    /// At most `limit` timers due at `now`.
    async fn due_wakes(&self, now: Timestamp, limit: u32) -> Result<DueWakes, StoreError>;

    /// At most `limit` promises of `topic` whose number is above `after`, in order.
    async fn promises(
        &self,
        topic: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Promise>, StoreError>;

    /// Closes promises that were kept or given up, under the lease of who keeps them.
    async fn close_promises(&self, ids: Vec<String>, lease: &Lease) -> Result<(), StoreError>;

    /// Takes a lease that is free, expired at `now` or held by `holder` already; `None` where
    /// somebody else holds it.
    async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Option<Lease>, StoreError>;

    /// Prolongs a lease, or says [`StoreError::LeaseLost`].
    async fn renew_lease(
        &self,
        lease: &Lease,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Lease, StoreError>;

    /// Gives a lease back, so that the next one need not wait for its end.
    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Leaves a sign of life and gives those of all nodes; [`StoreError::Replaced`] where another
    /// process of the same node began since.
    async fn beat(&self, beat: Beat, now: Timestamp) -> Result<Beats, StoreError>;

    /// Notes that this process of that node serves nobody any more.
    async fn leave(&self, node: &str, run: u64) -> Result<(), StoreError>;

    /// Writes one piece of a blob that is not finished, at most [`crate::PIECE_BYTES_MAX`] bytes; one
    /// that is finished is never changed.
    async fn put_piece(&self, id: &str, number: u32, body: Vec<u8>) -> Result<(), StoreError>;

    /// Finishes a blob: from now on it exists. Finishing the same body again changes nothing.
    async fn finish_blob(&self, head: BlobHead) -> Result<(), StoreError>;

    /// Writes a blob of one piece and finishes it, in one step where the store has such.
    async fn put_small_blob(&self, head: BlobHead, body: Vec<u8>) -> Result<(), StoreError> {
        self.put_piece(&head.id, 0, body).await?;
        self.finish_blob(head).await
    }

    /// What is known of a finished blob.
    async fn blob(&self, id: &str) -> Result<Option<BlobHead>, StoreError>;

    /// One piece of a finished blob.
    async fn piece(&self, id: &str, number: u32) -> Result<Option<Vec<u8>>, StoreError>;

    /// Removes a blob, finished or not.
    async fn delete_blob(&self, id: &str) -> Result<(), StoreError>;

    /// Removes outcomes, log lines and signs of life that are older at `now` than they are kept; at most
    /// `limit` of each. Returns how many outcomes and lines it removed.
    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Starts a new epoch, after the content was replaced: cursors, fences and caches of before
    /// hold no longer.
    async fn raise_epoch(&self) -> Result<u64, StoreError>;

    /// Sends all rows as of one moment, and then that these were all.
    async fn send_pages(&self, pages: Pages) -> Result<(), StoreError> {
        drop(pages);
        Err(StoreError::not_kept())
    }

    /// Replaces everything but leases and signs of life by what arrives, all of it or nothing, and starts
    /// a new epoch above the present one and `above`; gives that epoch.
    async fn replace(&self, arriving: Arriving, above: u64) -> Result<u64, StoreError> {
        drop((arriving, above));
        Err(StoreError::not_kept())
    }

    /// What is wrong with its files, apart from what stands in them.
    async fn check_files(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// How large it is.
    async fn sizes(&self) -> Result<Sizes, StoreError> {
        Ok(Sizes::default())
    }

    /// Waits until whatever writes has done something that changes nothing, which shows that it is
    /// at work. A store that has no thread of its own answers at once.
    async fn answer(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether other processes may use it at the same time.
    fn is_shared(&self) -> bool {
        true
    }

    /// Rises after each commit: look again. It never carries the data itself.
    fn wake_up(&self) -> watch::Receiver<u64>;

    /// Figures since it was opened.
    fn statistics(&self) -> Statistics;

    /// Finishes what was accepted and stops.
    async fn close(&self);
}

/// A fence of the epoch `epoch`, for implementations.
pub(crate) fn fence(epoch: u64, number: u64) -> Fence {
    Fence { epoch, number }
}
