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

    fn with(at_once: usize, waiting_max: usize) -> Arc<Self> {
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

    /// Hashes many passwords, one after another on each core; sign-ins come in between.
    pub(crate) async fn hash_all<K: Send + 'static>(
        &self,
        passwords: Vec<(K, Secret)>,
    ) -> Result<Vec<(K, String)>, HashingError> {
        let mut tasks = tokio::task::JoinSet::new();
        let mut hashed = Vec::with_capacity(passwords.len());
        for (key, password) in passwords {
            let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| HashingError)?;
            tasks.spawn_blocking(move || {
                let hash = hash(&password);
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
