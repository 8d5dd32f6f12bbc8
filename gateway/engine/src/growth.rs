//! How large the store is, how fast it grows, and a word in the log while its disk fills up.
//!
//! The keeper looks once a minute. Of each hour one look is kept, for a week; growth is told over what was seen
//! of it, an hour at least.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use store::Sizes;

use crate::metrics::{Gauge, Gauges, Metrics};

const HOUR: Duration = Duration::from_secs(3600);
/// A week of hours.
const LOOKS_MAX: usize = 7 * 24;
/// With less than this free, or less than the store has itself, a restore or a busy day may fail.
const FREE_BYTES_LOW: u64 = 1024 * 1024 * 1024;

/// What is known of the store's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreGrowth {
    /// As of the last look.
    pub sizes: Sizes,
    /// Bytes a day, over at most a week; not known in the first hour.
    pub bytes_a_day: Option<i64>,
    /// Whether its disk fills up.
    pub is_low: bool,
}

/// Looks at the size, one after the other.
pub(crate) struct Growth {
    seen: Mutex<Seen>,
    size: Gauge,
    /// Shown where it is known.
    free: Gauges,
}

#[derive(Default)]
struct Seen {
    hours: VecDeque<(Timestamp, u64)>,
    latest: StoreGrowth,
}

impl Growth {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let gauges = |name, help| metrics.gauges(name, help, &[]);
        let size = gauges("jackfield_store_size_bytes", "Size of the store's files or database.");
        Self {
            seen: Mutex::default(),
            size: size.with(&[]),
            free: gauges("jackfield_store_free_bytes", "Free space beside the store's files."),
        }
    }

    pub(crate) fn latest(&self) -> StoreGrowth {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).latest
    }

    /// Takes in a look.
    pub(crate) fn see(&self, now: Timestamp, sizes: Sizes) {
        let number = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.size.set(number(sizes.bytes));
        if let Some(free_bytes) = sizes.free_bytes {
            self.free.with(&[]).set(number(free_bytes));
        }
        let was_low = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let was_low = seen.latest.is_low;
            seen.take(now, sizes);
            was_low
        };
        let latest = self.latest();
        let (bytes, free_bytes) = (sizes.bytes, sizes.free_bytes.unwrap_or_default());
        match (was_low, latest.is_low) {
            (false, true) => tracing::warn!(
                bytes,
                free_bytes,
                bytes_a_day = latest.bytes_a_day,
                "the store's disk fills up: free some space, or move the store"
            ),
            (true, false) => tracing::info!(free_bytes, "the store's disk has room again"),
            _ => {}
        }
    }
}

impl Seen {
    fn take(&mut self, now: Timestamp, sizes: Sizes) {
        // A clock that was set back begins anew.
        if self.hours.back().is_some_and(|(last, _)| *last > now) {
            self.hours.clear();
        }
        if self.hours.back().is_none_or(|(last, _)| now.since(*last) >= HOUR) {
            self.hours.push_back((now, sizes.bytes));
        }
        while self.hours.len() > LOOKS_MAX {
            self.hours.pop_front();
        }
        let first = self.hours.front().filter(|(first, _)| now.since(*first) >= HOUR);
        let bytes_a_day = first.map(|(first, bytes)| {
            let grown = i128::from(sizes.bytes) - i128::from(*bytes);
            let seconds = i128::from(now.since(*first).as_secs().max(1));
            i64::try_from(grown * 86_400 / seconds).unwrap_or(i64::MAX)
        });
        // Some more is needed before it counts as mended, so that it is not told again and again.
        let low = FREE_BYTES_LOW.max(sizes.bytes);
        let low = if self.latest.is_low { low.saturating_add(low / 4) } else { low };
        let is_low = sizes.free_bytes.is_some_and(|free| free < low);
        self.latest = StoreGrowth { sizes, bytes_a_day, is_low };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(growth: &Growth, hour: i64, bytes: u64, free_bytes: Option<u64>) -> StoreGrowth {
        growth.see(Timestamp::from_seconds(hour * 3600), Sizes { bytes, free_bytes });
        growth.latest()
    }

    #[test]
    fn ops_13_growth_is_told_over_what_was_seen() {
        let growth = Growth::new(&Metrics::new());
        assert_eq!(look(&growth, 0, 1_000, None).bytes_a_day, None);
        assert_eq!(look(&growth, 2, 3_000, None).bytes_a_day, Some(24_000));
        assert_eq!(look(&growth, 4, 1_000, None).bytes_a_day, Some(0));
        // The first week is forgotten.
        for hour in 5..400 {
            look(&growth, hour, 1_000, None);
        }
        assert_eq!(look(&growth, 401, 8_000, None).bytes_a_day, Some(1_000));
        assert_eq!(look(&growth, 3, 9_000, None).bytes_a_day, None);
    }

    #[test]
    fn ops_13_a_disk_that_fills_up_is_told_until_there_is_room_again() {
        let growth = Growth::new(&Metrics::new());
        let (mib, gib) = (1024 * 1024, 1024 * 1024 * 1024);
        assert!(!look(&growth, 0, 10 * mib, None).is_low);
        assert!(!look(&growth, 1, 10 * mib, Some(2 * gib)).is_low);
        assert!(look(&growth, 2, 10 * mib, Some(900 * mib)).is_low);
        assert!(look(&growth, 3, 10 * mib, Some(gib + mib)).is_low);
        assert!(!look(&growth, 4, 10 * mib, Some(2 * gib)).is_low);
        assert!(look(&growth, 5, 5 * gib, Some(4 * gib)).is_low);
    }
}
