//! Hashing of passwords (argon2id), as much at once as there are cores, in a line of bounded length.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::Secret;
use tokio::sync::Semaphore;

use super::hashing::{HashingError, hash, verify};

/// So many checks may wait for each core; at 20 ms each the last one waits a second.
const WAITING_PER_CORE_MAX: usize = 50;

/// The line is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

/// Where passwords are hashed and verified.
#[derive(Debug)]
pub(crate) struct Pool {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
}

impl Pool {
    /// A pool for this machine.
    pub(crate) fn new() -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with(cores, cores * WAITING_PER_CORE_MAX)
    }

    /// One that verifies so many at once, with so many under way or waiting.
    pub(super) fn with(at_once: usize, waiting_max: usize) -> Arc<Self> {
        let turns = Arc::new(Semaphore::new(at_once));
        Arc::new(Self { turns, waiting: AtomicUsize::new(0), waiting_max })
    }

    /// Whether `password` is that of `hash`; without a hash it takes as long and is wrong.
    pub(crate) async fn verify(
        &self,
        password: Secret,
        hash: Option<String>,
    ) -> Result<bool, Busy> {
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= self.waiting_max {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Busy);
        }
        let _waiting = Waiting(&self.waiting);
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Busy)?;
        let verified = tokio::task::spawn_blocking(move || {
            let right = verify(&password, hash.as_deref());
            drop(turn);
            right
        });
        verified.await.map_err(|_| Busy)
    }

    /// Hashes many passwords, one after another on each core; sign-ins come in between. One that
    /// is that of the old hash given with it keeps it.
    pub(crate) async fn hash_all<K: Send + 'static>(
        &self,
        passwords: Vec<(K, Secret, Option<String>)>,
    ) -> Result<Vec<(K, String)>, HashingError> {
        let mut tasks = tokio::task::JoinSet::new();
        let mut hashed = Vec::with_capacity(passwords.len());
        for (key, password, old) in passwords {
            let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| HashingError)?;
            tasks.spawn_blocking(move || {
                let kept = old.filter(|old| verify(&password, Some(old)));
                let hash = kept.map_or_else(|| hash(&password), Ok);
                drop(turn);
                hash.map(|hash| (key, hash))
            });
        }
        while let Some(done) = tasks.join_next().await {
            hashed.push(done.map_err(|_| HashingError)??);
        }
        Ok(hashed)
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_many_passwords_those_that_did_not_change_keep_their_hash() {
        let pool = Pool::with(2, 1);
        let asked = |old: Option<&str>| {
            (0..3).map(|it| (it, Secret::new(format!("{it}")), old.map(str::to_owned))).collect()
        };
        let mut first = pool.hash_all(asked(None)).await.unwrap();
        first.sort();
        let (number, old) = first[1].clone();
        let mut again = pool.hash_all(asked(Some(&old))).await.unwrap();
        again.sort();
        assert_eq!(again[1], (number, old.clone()));
        assert!(again[0].1 != old && again[2].1 != old);
    }

    #[tokio::test]
    async fn the_line_is_bounded() {
        let pool = Pool::with(1, 1);
        let turn = Arc::clone(&pool.turns).acquire_owned().await.unwrap();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.verify(Secret::new("x"), None).await }
        });
        while pool.waiting.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.verify(Secret::new("x"), None).await, Err(Busy));
        drop(turn);
        assert_eq!(first.await.unwrap(), Ok(false));
        assert_eq!(pool.verify(Secret::new("x"), None).await, Ok(false));
    }
}
