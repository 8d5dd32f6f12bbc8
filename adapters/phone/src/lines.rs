//! How many lines strangers may have written into the log: what anybody can cause is told at `info`
//! only so often, and the rest is counted.
//!
//! Pure: time comes as an argument. It does not know what the lines say.

use std::time::Duration;

use domain::Timestamp;

/// Lines in one [`WINDOW`].
pub(crate) const LINES_MAX: u32 = 20;
const WINDOW: Duration = Duration::from_secs(1);

/// Counts lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    since: Option<Timestamp>,
    written: u32,
    suppressed: u64,
}

impl Lines {
    /// Whether another line may be written; if not, it counts as suppressed.
    pub(crate) fn allows(&mut self, now: Timestamp) -> bool {
        // A clock that was set back begins anew too.
        let is_over = |since: Timestamp| now < since || now.since(since) >= WINDOW;
        if self.since.is_none_or(is_over) {
            (self.since, self.written) = (Some(now), 0);
        }
        if self.written >= LINES_MAX {
            self.suppressed = self.suppressed.saturating_add(1);
            return false;
        }
        self.written += 1;
        true
    }

    /// How many were suppressed since this was asked last, where any were.
    pub(crate) fn take_suppressed(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.suppressed)).filter(|count| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn ops_12_so_many_lines_a_second_and_the_rest_is_counted() {
        let mut lines = Lines::default();
        let allowed = |lines: &mut Lines, now| (0..100).filter(|_| lines.allows(now)).count();
        assert_eq!(allowed(&mut lines, NOW), 20);
        assert_eq!(allowed(&mut lines, NOW.after(Duration::from_millis(999))), 0);
        assert_eq!((lines.take_suppressed(), lines.take_suppressed()), (Some(180), None));
        assert_eq!(allowed(&mut lines, NOW.after(WINDOW)), 20);
        assert_eq!(allowed(&mut lines, NOW), 20);
    }
}
