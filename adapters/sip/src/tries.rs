//! Wrong proofs of who asks, counted by user and source: after some, every further one has to wait longer.
//!
//! The table is bounded: where it is full the pair that was quiet for longest gives way, and the users that one
//! source guesses at beyond some share one count, so that it pushes out nobody else's.

use std::collections::{HashMap, VecDeque};
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
/// Users of one source that have a count of their own.
const USERS_OF_SOURCE_MAX: usize = 256;
/// Stands for all further users of a source.
const FURTHER: u64 = 0;

type Pair = (Source, u64);

/// Wrong proofs.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    pairs: HashMap<Pair, Tried>,
    /// How many users of a source have a count.
    of_sources: HashMap<Source, usize>,
    /// When each was wrong, in order; entries of pairs that were wrong again since count no more.
    order: VecDeque<(Instant, Pair)>,
}

#[derive(Clone, Copy, Debug)]
struct Tried {
    wrong: u32,
    last: Instant,
}

impl Tries {
    /// How long that user has to wait there; `None` where it does not.
    pub(crate) fn wait(&self, now: Instant, source: Source, user: u64) -> Option<Duration> {
        let tried = self.pairs.get(&self.pair(source, user))?;
        let over = tried.wrong.checked_sub(FREE)?;
        let wait = Duration::from_secs(1_u64.checked_shl(over.min(6)).unwrap_or(64)).min(WAIT_MAX);
        let passed = now.saturating_duration_since(tried.last);
        wait.checked_sub(passed).filter(|left| !left.is_zero())
    }

    /// A proof was wrong.
    pub(crate) fn wrong(&mut self, now: Instant, source: Source, user: u64) {
        let pair = self.pair(source, user);
        if !self.pairs.contains_key(&pair) {
            while self.pairs.len() >= TRIES_MAX {
                let Some((at, oldest)) = self.order.pop_front() else { break };
                if self.pairs.get(&oldest).is_some_and(|tried| tried.last == at) {
                    self.forget(oldest);
                }
            }
            *self.of_sources.entry(source).or_default() += 1;
        }
        let known = self.pairs.get(&pair).map(|tried| tried.last);
        let tried = self.pairs.entry(pair).or_insert(Tried { wrong: 0, last: now });
        if now.saturating_duration_since(tried.last) >= FORGOTTEN {
            tried.wrong = 0;
        }
        tried.wrong = tried.wrong.saturating_add(1);
        tried.last = now;
        if known == Some(now) {
            return;
        }
        self.order.push_back((now, pair));
        if self.order.len() > 2 * TRIES_MAX {
            let pairs = &self.pairs;
            self.order.retain(|(at, pair)| pairs.get(pair).is_some_and(|it| it.last == *at));
        }
    }

    /// A proof was right.
    pub(crate) fn right(&mut self, source: Source, user: u64) {
        self.forget((source, user));
    }

    fn pair(&self, source: Source, user: u64) -> Pair {
        let is_known = self.pairs.contains_key(&(source, user));
        let users = self.of_sources.get(&source).copied().unwrap_or_default();
        if is_known || users < USERS_OF_SOURCE_MAX { (source, user) } else { (source, FURTHER) }
    }

    fn forget(&mut self, pair: Pair) {
        if self.pairs.remove(&pair).is_none() {
            return;
        }
        if let Some(users) = self.of_sources.get_mut(&pair.0) {
            *users -= 1;
            if *users == 0 {
                self.of_sources.remove(&pair.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u32) -> Source {
        Source::V4(number.to_be_bytes())
    }

    #[test]
    fn guessing_is_slowed_down_for_one_user_at_one_source() {
        let (here, there) = (source(1), source(2));
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
    fn the_count_is_bounded_and_the_quietest_give_way() {
        let mut now = Instant::now();
        let mut tries = Tries::default();
        for number in 0..60_000 {
            tries.wrong(now, source(number), 1);
            now += Duration::from_millis(1);
        }
        assert_eq!((tries.pairs.len(), tries.of_sources.len()), (TRIES_MAX, TRIES_MAX));
        assert!(tries.order.len() <= 2 * TRIES_MAX + 1);
        assert!(tries.pairs.contains_key(&(source(59_999), 1)));
        assert!(!tries.pairs.contains_key(&(source(0), 1)));
    }

    #[test]
    fn one_source_that_makes_users_up_pushes_out_nobody_elses_count() {
        let now = Instant::now();
        let mut tries = Tries::default();
        for _ in 0..=FREE {
            tries.wrong(now, source(1), 7);
        }
        for user in 1..100_000 {
            tries.wrong(now, source(2), user);
        }
        assert!(tries.wait(now, source(1), 7).is_some());
        assert!(tries.pairs.len() <= USERS_OF_SOURCE_MAX + 2, "{}", tries.pairs.len());
        // Whoever it guesses at next waits as well.
        assert!(tries.wait(now, source(2), 200_000).is_some());
    }
}
