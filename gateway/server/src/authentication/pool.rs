//! Hashing of passwords (argon2id), as much at once as there are cores, in a line of bounded length.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use domain::Secret;
use tokio::sync::Semaphore;

/// So many checks may wait for each core; at 20 ms each the last one waits a second.
const WAITING_PER_CORE_MAX: usize = 50;
/// What is verified where there is no hash, so that it takes as long: of a password nobody knows.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGtub3dzIHRoaXM$\
                      3Zk9n3o2bqV0bQ6i7y0q1v3m8s2nq0mJm5r9d7Xk4oE";

/// The line is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

/// A password cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password cannot be hashed on this machine")]
pub(crate) struct HashingError;

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

/// Argon2id with 19 MiB, two passes, one lane: about 20 ms.
fn hash(password: &Secret) -> Result<String, HashingError> {
    let hash = Argon2::default().hash_password(password.expose().as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|_| HashingError)
}

fn verify(password: &Secret, hash: Option<&str>) -> bool {
    let (text, known) = (hash.unwrap_or(NOBODY), hash.is_some());
    let Ok(parsed) = PasswordHash::new(text) else { return false };
    let right = Argon2::default().verify_password(password.expose().as_bytes(), &parsed).is_ok();
    right && known
}

/// Whether `hash` is an argon2id hash that can be verified here at a bearable price.
pub(crate) fn is_usable_hash(hash: &str) -> bool {
    /// Kibibytes; a larger hash could take the node's memory with a few sign-ins.
    const MEMORY_MAX: u32 = 256 * 1024;
    const PASSES_MAX: u32 = 16;
    const LANES_MAX: u32 = 16;
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    let Ok(parameters) = argon2::Params::try_from(&parsed) else { return false };
    parsed.algorithm.as_str() == "argon2id"
        && parsed.hash.is_some()
        && parsed.salt.is_some()
        && parameters.m_cost() <= MEMORY_MAX
        && parameters.t_cost() <= PASSES_MAX
        && parameters.p_cost() <= LANES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_password_and_no_other() {
        let hashed = hash(&Secret::new("demo-1001")).unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(verify(&Secret::new("demo-1001"), Some(&hashed)));
        assert!(!verify(&Secret::new("demo-1002"), Some(&hashed)));
        assert!(!verify(&Secret::new("demo-1001"), None));
        assert!(!verify(&Secret::new("demo-1001"), Some("$argon2id$broken")));
    }

    /// Otherwise an account that does not exist would be told by the time it takes.
    #[test]
    fn the_hash_of_nobody_costs_what_others_cost() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let somebody = hash(&Secret::new("x")).unwrap();
        let somebody = PasswordHash::new(&somebody).unwrap();
        assert_eq!(nobody.algorithm, somebody.algorithm);
        let cost = |hash| argon2::Params::try_from(hash).unwrap();
        let (nobody, somebody) = (cost(&nobody), cost(&somebody));
        assert_eq!(nobody.m_cost(), somebody.m_cost());
        assert_eq!(nobody.t_cost(), somebody.t_cost());
        assert_eq!(nobody.p_cost(), somebody.p_cost());
        assert_eq!(nobody.output_len(), somebody.output_len());
    }

    #[test]
    fn only_bearable_hashes_are_taken() {
        assert!(is_usable_hash(&hash(&Secret::new("x")).unwrap()));
        assert!(is_usable_hash(NOBODY));
        let tail = NOBODY.split_once("p=1").unwrap().1;
        for bad in [
            "$argon2id$x".to_owned(),
            format!("$argon2i$v=19$m=19456,t=2,p=1{tail}"),
            format!("$argon2id$v=19$m=4194304,t=2,p=1{tail}"),
            format!("$argon2id$v=19$m=19456,t=1000,p=1{tail}"),
            "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
        ] {
            assert!(!is_usable_hash(&bad), "{bad}");
        }
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
