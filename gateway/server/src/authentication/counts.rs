//! Wrong passwords that the store does not count: of names that are no account, so that these lock
//! like others and cannot be told apart, and of accounts while nothing can be written.
//!
//! In memory and bounded; where it is full, what was counted longest ago is forgotten.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{LOCK_SECONDS, Timestamp, WRONG_PASSWORDS_MAX};
use ring::digest;

use super::is_recent;

const LASTING: Duration = Duration::from_secs(LOCK_SECONDS);

/// Counts by name.
#[derive(Debug)]
pub(super) struct Counts {
    names: Mutex<HashMap<[u8; 32], Count>>,
    names_max: usize,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    wrong: u8,
    last_at: Timestamp,
    locked_until: Option<Timestamp>,
}

impl Counts {
    /// Counts so many names at once.
    pub(super) fn new(names_max: usize) -> Self {
        Self { names: Mutex::default(), names_max }
    }

    /// Until when that name is locked, if it is.
    pub(super) fn locked_until(&self, name: &str, now: Timestamp) -> Option<Timestamp> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&digest_of(name))?.locked_until.filter(|until| is_locked(*until, now))
    }

    /// Counts a try; the time until which the name is locked now, if it is.
    pub(super) fn failed(&self, name: &str, now: Timestamp) -> Option<Timestamp> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let name = digest_of(name);
        if names.len() >= self.names_max && !names.contains_key(&name) {
            names.retain(|_, count| is_recent(count.last_at, now, LASTING));
            let oldest = names.iter().min_by_key(|(_, count)| count.last_at).map(|(name, _)| *name);
            if let Some(oldest) = oldest.filter(|_| names.len() >= self.names_max) {
                names.remove(&oldest);
            }
        }
        let fresh = Count { wrong: 0, last_at: now, locked_until: None };
        let count = names.entry(name).or_insert(fresh);
        if !is_recent(count.last_at, now, LASTING) {
            *count = fresh;
        }
        count.wrong = count.wrong.saturating_add(1);
        count.last_at = now;
        if count.wrong >= WRONG_PASSWORDS_MAX {
            let until = now.after(LASTING);
            *count = Count { wrong: 0, last_at: now, locked_until: Some(until) };
            return Some(until);
        }
        None
    }

    /// The right password came: what was counted is over.
    pub(super) fn right(&self, name: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.remove(&digest_of(name));
    }
}

/// Nobody is locked for longer than a lock lasts, whatever the clock did since.
fn is_locked(until: Timestamp, now: Timestamp) -> bool {
    now < until && until.since(now) <= LASTING
}

fn digest_of(name: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_forgets_what_was_counted_longest_ago() {
        let counts = Counts::new(3);
        let at = |second: i64| Timestamp::from_seconds(1_000_000 + second);
        for (second, name) in (0..).zip(["a", "b", "c", "a", "d"]) {
            assert_eq!(counts.failed(name, at(second)), None);
        }
        // The newcomer and the others go on, and only what was forgotten begins anew.
        for name in ["a", "b"] {
            for _ in 0..2 {
                assert_eq!(counts.failed(name, at(10)), None);
            }
        }
        assert_eq!(counts.failed("a", at(10)), Some(at(10).after(LASTING)));
        for _ in 0..2 {
            assert_eq!(counts.failed("b", at(10)), None);
        }
        assert_eq!(counts.failed("b", at(10)), Some(at(10).after(LASTING)));
        assert_eq!(counts.names.lock().unwrap().len(), 3);
    }
}
