//! Wrong passwords that the store does not count: of names that are no account, so that these lock
//! like others and cannot be told apart, and of accounts while nothing can be written.
//!
//! In memory and bounded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{LOCK_SECONDS, Timestamp, WRONG_PASSWORDS_MAX};
use ring::digest;

use super::is_recent;

/// Names counted at once.
const NAMES_MAX: usize = 16_384;
const LASTING: Duration = Duration::from_secs(LOCK_SECONDS);

/// Counts by name.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<HashMap<[u8; 32], Count>>);

#[derive(Clone, Copy, Debug)]
struct Count {
    wrong: u8,
    last_at: Timestamp,
    locked_until: Option<Timestamp>,
}

impl Counts {
    /// Until when that name is locked, if it is.
    pub(super) fn locked_until(&self, name: &str, now: Timestamp) -> Option<Timestamp> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&digest_of(name))?.locked_until.filter(|until| is_locked(*until, now))
    }

    /// Counts a try; the time until which the name is locked now, if it is.
    pub(super) fn failed(&self, name: &str, now: Timestamp) -> Option<Timestamp> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = digest_of(name);
        if names.len() >= NAMES_MAX && !names.contains_key(&name) {
            names.retain(|_, count| is_recent(count.last_at, now, LASTING));
            if names.len() >= NAMES_MAX {
                return None;
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
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
