//! A limit for lines that peers cause, so that nobody fills the disk by being refused.
//!
//! Each kind of line has a share of its own: a flood of one hides no other.

use std::sync::{Arc, Mutex, PoisonError};

use domain::Timestamp;

/// Lines of one kind in a second; what is beyond is counted and told in one.
const LINES_MAX: u32 = 10;

/// Lines that peers cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A password was checked.
    PasswordChecked,
    /// An account was locked.
    AccountLocked,
    /// A request was the peer's mistake.
    RequestRefused,
    /// A request was ours.
    RequestFailed,
    /// A handler panicked.
    HandlerPanicked,
    /// The machine gave us no connection, which lasts: one line a minute.
    NotAccepted,
}

/// How many more lines of each kind may be written now; clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineLimit(Arc<Mutex<[Lines; KINDS]>>);

const KINDS: usize = 6;

/// Lines of one kind in one span of time.
#[derive(Clone, Copy, Debug, Default)]
struct Lines {
    span: i64,
    written: u32,
    suppressed: u64,
}

impl Line {
    fn name(self) -> &'static str {
        match self {
            Self::PasswordChecked => "password_checked",
            Self::AccountLocked => "account_locked",
            Self::RequestRefused => "request_refused",
            Self::RequestFailed => "request_failed",
            Self::HandlerPanicked => "handler_panicked",
            Self::NotAccepted => "not_accepted",
        }
    }

    /// Seconds that are counted together, and the most lines in them.
    fn share(self) -> (i64, u32) {
        match self {
            Self::NotAccepted => (60, 1),
            _ => (1, LINES_MAX),
        }
    }

    fn tell_suppressed(self, suppressed: u64) {
        let event = self.name();
        match self {
            Self::PasswordChecked | Self::RequestRefused => {
                tracing::info!(event, suppressed, "lines not written");
            }
            // Where these are shown, so is how many there were.
            _ => tracing::warn!(event, suppressed, "lines not written"),
        }
    }
}

impl LineLimit {
    /// Whether one more line of that kind may be written at `now`; else it counts as suppressed.
    pub(crate) fn may_write(&self, line: Line, now: Timestamp) -> bool {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lines) = kinds.get_mut(line as usize) else { return true };
        let (seconds, lines_max) = line.share();
        let span = now.seconds().div_euclid(seconds);
        if lines.span != span {
            if lines.suppressed > 0 {
                line.tell_suppressed(lines.suppressed);
            }
            *lines = Lines { span, ..Lines::default() };
        }
        let may = lines.written < lines_max;
        if may {
            lines.written += 1;
        } else {
            lines.suppressed += 1;
        }
        may
    }

    /// Lines of that kind not written in the present span.
    #[cfg(test)]
    pub(crate) fn suppressed(&self, line: Line) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[line as usize].suppressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_limit_of_a_second_are_counted() {
        let (limit, at) = (LineLimit::default(), Timestamp::from_seconds);
        let other = limit.clone();
        let refused = Line::RequestRefused;
        let written = (0..100).filter(|_| limit.may_write(refused, at(1))).count();
        assert_eq!((written, limit.suppressed(refused)), (10, 90));
        assert!(!other.may_write(refused, at(1)));
        assert!(other.may_write(refused, at(2)));
        assert_eq!(limit.suppressed(refused), 0);
        // A clock set back begins a second too.
        assert!(limit.may_write(refused, at(1)));
    }

    #[test]
    fn a_flood_of_one_kind_hides_no_other() {
        let (limit, now) = (LineLimit::default(), Timestamp::from_seconds(1));
        let kinds = [
            Line::RequestRefused,
            Line::PasswordChecked,
            Line::AccountLocked,
            Line::RequestFailed,
            Line::HandlerPanicked,
            Line::NotAccepted,
        ];
        assert_eq!(kinds.len(), KINDS);
        for line in kinds {
            assert!(limit.may_write(line, now), "{line:?}");
            (0..100).for_each(|_| {
                limit.may_write(line, now);
            });
        }
    }

    #[test]
    fn that_no_connection_is_given_is_told_once_a_minute() {
        let (limit, at) = (LineLimit::default(), Timestamp::from_seconds);
        let written = |second| limit.may_write(Line::NotAccepted, at(second));
        assert_eq!([600, 601, 659, 660].map(written), [true, false, false, true]);
    }
}
