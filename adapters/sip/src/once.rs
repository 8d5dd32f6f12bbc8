//! What is said of a peer in the log: once a minute for each, with how often it was so since.
//!
//! Peers that proved nothing decide how often something is so, and must not decide how much is written.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::flows::locked;

/// How long nothing is said after something was.
const HUSHED: Duration = Duration::from_secs(60);
/// Of how many it is known; where there are more, all others share one.
const KEYS_MAX: usize = 4_096;
/// Stands for all others.
const OTHERS: u64 = 0;

/// What was said lately.
#[derive(Debug, Default)]
pub(crate) struct Once(Mutex<HashMap<u64, Said>>);

#[derive(Clone, Copy, Debug)]
struct Said {
    at: Instant,
    since: u64,
}

impl Once {
    /// Whether to say it now: how often it was so since it was said last; `None` where it was said just now.
    pub(crate) fn says(&self, now: Instant, what: impl Hash) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let mut said = locked(&self.0);
        let mut key = hasher.finish().max(1);
        if said.len() >= KEYS_MAX && !said.contains_key(&key) {
            said.retain(|_, it| now.saturating_duration_since(it.at) < HUSHED);
            if said.len() >= KEYS_MAX {
                key = OTHERS;
            }
        }
        match said.get_mut(&key) {
            Some(it) if now.saturating_duration_since(it.at) < HUSHED => {
                it.since = it.since.saturating_add(1);
                None
            }
            Some(it) => {
                let since = it.since;
                *it = Said { at: now, since: 0 };
                Some(since)
            }
            None => {
                said.insert(key, Said { at: now, since: 0 });
                Some(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_said_once_a_minute_with_its_count() {
        let once = Once::default();
        let mut now = Instant::now();
        assert_eq!(once.says(now, ("wrong", 1)), Some(0));
        for _ in 0..9 {
            assert_eq!(once.says(now, ("wrong", 1)), None);
        }
        assert_eq!(once.says(now, ("wrong", 2)), Some(0));
        now += HUSHED;
        assert_eq!(once.says(now, ("wrong", 1)), Some(9));
        assert_eq!(once.says(now, ("wrong", 1)), None);
    }

    #[test]
    fn peers_without_number_share_one_line() {
        let once = Once::default();
        let now = Instant::now();
        let said = (0..20_000).filter(|number| once.says(now, number).is_some()).count();
        assert_eq!(said, KEYS_MAX + 1);
    }
}
