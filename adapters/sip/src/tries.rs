//! Wrong proofs of who asks, counted by user and source: after some, every further one has to wait longer.
//!
//! The table is bounded; where it is full those that are over give way, else the oldest.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::sources::Source;

/// So many wrong ones cost nothing: phones try an old password some times.
const FREE: u32 = 5;
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// After so long without a wrong one nothing is held against anybody.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// Pairs of user and source that are remembered.
const TRIES_MAX: usize = 20_000;

/// Wrong proofs.
#[derive(Debug, Default)]
pub(crate) struct Tries(HashMap<(Source, u64), Tried>);

#[derive(Clone, Copy, Debug)]
struct Tried {
    wrong: u32,
    last: Instant,
}

impl Tries {
    /// How long that user has to wait there; `None` where it does not.
    pub(crate) fn wait(&self, now: Instant, source: Source, user: u64) -> Option<Duration> {
        let tried = self.0.get(&(source, user))?;
        let over = tried.wrong.checked_sub(FREE)?;
        let wait = Duration::from_secs(1_u64.checked_shl(over.min(6)).unwrap_or(64)).min(WAIT_MAX);
        let passed = now.saturating_duration_since(tried.last);
        wait.checked_sub(passed).filter(|left| !left.is_zero())
    }

    /// A proof was wrong.
    pub(crate) fn wrong(&mut self, now: Instant, source: Source, user: u64) {
        if self.0.len() >= TRIES_MAX && !self.0.contains_key(&(source, user)) {
            self.0.retain(|_, tried| now.saturating_duration_since(tried.last) < FORGOTTEN);
            if self.0.len() >= TRIES_MAX {
                let oldest = self.0.iter().min_by_key(|(_, tried)| tried.last).map(|(key, _)| *key);
                oldest.map(|key| self.0.remove(&key));
            }
        }
        let tried = self.0.entry((source, user)).or_insert(Tried { wrong: 0, last: now });
        if now.saturating_duration_since(tried.last) >= FORGOTTEN {
            tried.wrong = 0;
        }
        tried.wrong = tried.wrong.saturating_add(1);
        tried.last = now;
    }

    /// A proof was right.
    pub(crate) fn right(&mut self, source: Source, user: u64) {
        self.0.remove(&(source, user));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_slowed_down_for_one_user_at_one_source() {
        let (here, there) = (Source::V4([192, 0, 2, 1]), Source::V4([192, 0, 2, 2]));
        let mut now = Instant::now();
        let mut tries = Tries::default();
        for _ in 0..FREE {
            assert_eq!(tries.wait(now, here, 1), None);
            tries.wrong(now, here, 1);
        }
        assert_eq!(tries.wait(now, here, 1), Some(Duration::from_secs(1)));
        assert_eq!((tries.wait(now, there, 1), tries.wait(now, here, 2)), (None, None));
        tries.wrong(now, here, 1);
        assert_eq!(tries.wait(now, here, 1), Some(Duration::from_secs(2)));
        for _ in 0..100 {
            tries.wrong(now, here, 1);
        }
        assert_eq!(tries.wait(now, here, 1), Some(WAIT_MAX));
        now += WAIT_MAX;
        assert_eq!(tries.wait(now, here, 1), None);
        tries.right(here, 1);
        tries.wrong(now, here, 1);
        assert_eq!(tries.wait(now, here, 1), None);
    }

    #[test]
    fn the_count_is_bounded() {
        let now = Instant::now();
        let mut tries = Tries::default();
        for user in 0..(TRIES_MAX as u64 + 500) {
            tries.wrong(now, Source::V4([192, 0, 2, 1]), user);
        }
        assert_eq!(tries.0.len(), TRIES_MAX);
    }
}
