//! Figures of a store since it was opened.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{BATCH_BOUNDS, Committed, Statistics, StoreError};

#[derive(Debug, Default)]
pub(super) struct Counts {
    commits: AtomicU64,
    conflicts: AtomicU64,
    transactions: AtomicU64,
    batches: [AtomicU64; BATCH_BOUNDS.len()],
    batched: AtomicU64,
    failures: AtomicU64,
}

impl Counts {
    /// What one caller is answered.
    pub(super) fn note_commit(&self, answer: &Result<Committed, StoreError>) {
        match answer {
            Ok(Committed::Done { .. }) => self.commits.fetch_add(1, Ordering::Relaxed),
            Ok(Committed::Conflict) => self.conflicts.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }

    /// A durable transaction of that many jobs.
    pub(super) fn note_transaction(&self, jobs: usize) {
        let jobs = u64::try_from(jobs).unwrap_or(u64::MAX);
        self.transactions.fetch_add(1, Ordering::Relaxed);
        self.batched.fetch_add(jobs, Ordering::Relaxed);
        let classes = BATCH_BOUNDS.iter().zip(&self.batches);
        if let Some((_, class)) = classes.into_iter().find(|(bound, _)| jobs <= **bound) {
            class.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One that failed as a whole; what is refused for good reason is no failure.
    pub(super) fn note_failure(&self, error: &StoreError) {
        let failed = matches!(
            error,
            StoreError::Unavailable { .. }
                | StoreError::Unknown
                | StoreError::Full
                | StoreError::ReadOnly
                | StoreError::Unwritable { .. }
                | StoreError::Damaged { .. }
        );
        self.failures.fetch_add(u64::from(failed), Ordering::Relaxed);
    }

    pub(super) fn statistics(&self, waiting: u64) -> Statistics {
        Statistics {
            commits: self.commits.load(Ordering::Relaxed),
            conflicts: self.conflicts.load(Ordering::Relaxed),
            transactions: self.transactions.load(Ordering::Relaxed),
            batches: self.batches.each_ref().map(|count| count.load(Ordering::Relaxed)),
            batched: self.batched.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            waiting,
        }
    }
}
