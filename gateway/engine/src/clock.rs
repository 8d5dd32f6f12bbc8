//! The one clock, handed to whoever needs the time of day.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::Timestamp;

/// Gives the time of day.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;

    /// The store of all nodes says what time it is, after a question that took `round_trip` there and
    /// back.
    fn follow(&self, _store: Timestamp, _round_trip: Duration) {}

    /// How far the machine's clock is ahead of the store's, in seconds; negative where it is behind.
    fn machine_ahead_seconds(&self) -> i64 {
        0
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_microseconds(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// From this difference on, an operator is told that the machine's clock is wrong.
const TOLD: Duration = Duration::from_secs(1);
/// What the scheduler may add to a round trip.
const SLACK: Duration = Duration::from_millis(20);

/// The clock of a store that several nodes share, so that timers mean the same on each of them and a
/// machine's clock may jump. Between two words of the store, and while it is away, it goes on by the
/// monotonic clock; before the first one it is the machine's.
#[derive(Debug, Default)]
pub struct StoreClock(RwLock<Option<Set>>);

#[derive(Clone, Copy, Debug)]
struct Set {
    at: Instant,
    now: Timestamp,
    told: bool,
    /// How far the machine's clock is ahead.
    ahead_seconds: i64,
}

impl Set {
    fn now(&self) -> Timestamp {
        self.now.after(self.at.elapsed())
    }
}

impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        let set = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        set.map_or_else(|| SystemClock.now(), |set| set.now())
    }

    fn machine_ahead_seconds(&self) -> i64 {
        let set = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        set.map_or(0, |set| set.ahead_seconds)
    }

    fn follow(&self, store: Timestamp, round_trip: Duration) {
        let now = store.after(round_trip / 2);
        let mut set = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let machine = SystemClock.now();
        let ahead_seconds = (machine.microseconds() - now.microseconds()) / 1_000_000;
        let machine = apart(machine, now);
        let wrong = machine > TOLD + round_trip;
        let told = set.is_some_and(|set| set.told);
        if wrong && !told {
            let milliseconds = u64::try_from(machine.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(milliseconds, "this machine's clock differs from the store's; mend NTP");
        }
        // Only what the round trip cannot explain sets the clock.
        let keeps = set.filter(|set| apart(set.now(), now) <= round_trip / 2 + SLACK);
        *set = Some(match keeps {
            Some(kept) => Set { told: wrong, ahead_seconds, ..kept },
            None => Set { at: Instant::now(), now, told: wrong, ahead_seconds },
        });
    }
}

fn apart(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stores_time_counts_and_small_differences_do_not() {
        let clock = StoreClock::default();
        assert_eq!(clock.machine_ahead_seconds(), 0);
        assert!(apart(clock.now(), SystemClock.now()) < Duration::from_secs(5));
        let store = SystemClock.now().after(Duration::from_secs(3_600));
        clock.follow(store, Duration::from_millis(2));
        let first = clock.now();
        assert!(apart(first, store) < Duration::from_secs(5));
        assert!(first >= store);
        assert!((-3_600..-3_590).contains(&clock.machine_ahead_seconds()));
        // What may be the way there and back changes nothing, so time does not go back.
        let before = clock.now();
        clock.follow(before, Duration::from_secs(60));
        assert!(clock.now() >= before);
        // A jump of the store's clock is followed.
        let jumped = store.after(Duration::from_secs(86_400));
        clock.follow(jumped, Duration::from_millis(2));
        assert!(clock.now() >= jumped);
    }
}
