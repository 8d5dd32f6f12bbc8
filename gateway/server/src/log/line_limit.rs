//! A limit for lines that peers cause, so that nobody fills the disk by being refused.

use std::sync::{Arc, Mutex, PoisonError};

use domain::Timestamp;

/// Lines a second that peers cause, all kinds together; what is beyond is counted and told in one.
const LINES_MAX: u32 = 20;

/// How many more lines may be written now; clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineLimit(Arc<Mutex<Lines>>);

/// Lines written in one second.
#[derive(Debug, Default)]
struct Lines {
    second: i64,
    written: u32,
    suppressed: u64,
}

impl LineLimit {
    /// Whether one more line may be written at `now`; else it counts as suppressed.
    pub(crate) fn may_write(&self, now: Timestamp) -> bool {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.second != now.seconds() {
            if lines.suppressed > 0 {
                tracing::info!(suppressed = lines.suppressed, "lines that peers caused");
            }
            *lines = Lines { second: now.seconds(), ..Lines::default() };
        }
        let may = lines.written < LINES_MAX;
        if may {
            lines.written += 1;
        } else {
            lines.suppressed += 1;
        }
        may
    }

    /// Lines not written in the present second.
    #[cfg(test)]
    pub(crate) fn suppressed(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).suppressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_limit_of_a_second_are_counted() {
        let (limit, at) = (LineLimit::default(), Timestamp::from_seconds);
        let other = limit.clone();
        let written = (0..100).filter(|_| limit.may_write(at(1))).count();
        assert_eq!((written, limit.suppressed()), (20, 80));
        assert!(!other.may_write(at(1)));
        assert!(other.may_write(at(2)));
        assert_eq!(limit.suppressed(), 0);
        // A clock set back begins a second too.
        assert!(limit.may_write(at(1)));
    }
}
