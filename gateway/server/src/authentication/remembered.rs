//! Pairs of account and password that were right a moment ago.
//!
//! Kept as a keyed hash under a key of this process, together with the account's password hash: a
//! new password makes the old pair strange by itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{AgentId, Secret, Timestamp};
use ring::hmac;
use ring::rand::SystemRandom;

use super::is_recent;

/// How long a pair is remembered.
const LASTING: Duration = Duration::from_secs(600);
/// Accounts remembered at once.
const ACCOUNTS_MAX: usize = 32_768;

#[derive(Debug)]
pub(super) struct Remembered {
    /// Without randomness nothing is remembered.
    key: Option<hmac::Key>,
    pairs: Mutex<HashMap<AgentId, Pair>>,
}

#[derive(Debug)]
struct Pair {
    tag: hmac::Tag,
    at: Timestamp,
}

impl Remembered {
    pub(super) fn new() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok();
        Self { key, pairs: Mutex::default() }
    }

    /// Whether that pair was right less than ten minutes ago.
    pub(super) fn knows(
        &self,
        account: &AgentId,
        hash: &str,
        password: &Secret,
        now: Timestamp,
    ) -> bool {
        let Some(key) = &self.key else { return false };
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pair) = pairs.get(account) else { return false };
        if !is_recent(pair.at, now, LASTING) {
            pairs.remove(account);
            return false;
        }
        hmac::verify(key, &message(account, hash, password), pair.tag.as_ref()).is_ok()
    }

    /// Whether anything is remembered of an account.
    pub(super) fn holds(&self, account: &AgentId) -> bool {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner).contains_key(account)
    }

    /// Remembers a pair that was right at `now`.
    pub(super) fn keep(&self, account: &AgentId, hash: &str, password: &Secret, now: Timestamp) {
        let Some(key) = &self.key else { return };
        let tag = hmac::sign(key, &message(account, hash, password));
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        if pairs.len() >= ACCOUNTS_MAX && !pairs.contains_key(account) {
            pairs.retain(|_, pair| is_recent(pair.at, now, LASTING));
            if pairs.len() >= ACCOUNTS_MAX {
                return;
            }
        }
        pairs.insert(account.clone(), Pair { tag, at: now });
    }

    /// Forgets an account.
    pub(super) fn forget(&self, account: &AgentId) {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
    }
}

/// Neither an account's name nor a hash holds a zero byte, so no two triples look alike.
fn message(account: &AgentId, hash: &str, password: &Secret) -> zeroize::Zeroizing<Vec<u8>> {
    let parts = [account.as_str(), hash, password.expose()];
    zeroize::Zeroizing::new(parts.join("\0").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_known_for_ten_minutes_and_under_its_hash_alone() {
        let (remembered, account) = (Remembered::new(), "1001".parse().unwrap());
        let at = Timestamp::from_seconds;
        let secret = Secret::new("demo");
        remembered.keep(&account, "hash", &secret, at(0));
        assert!(remembered.knows(&account, "hash", &secret, at(599)));
        assert!(!remembered.knows(&account, "hash", &Secret::new("other"), at(1)));
        assert!(!remembered.knows(&account, "new hash", &secret, at(1)));
        assert!(!remembered.knows(&"1002".parse().unwrap(), "hash", &secret, at(1)));
        assert!(!remembered.knows(&account, "hash", &secret, at(600)));
        remembered.keep(&account, "hash", &secret, at(700));
        remembered.forget(&account);
        assert!(!remembered.knows(&account, "hash", &secret, at(701)));
    }
}
