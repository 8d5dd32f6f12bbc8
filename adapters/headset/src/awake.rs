//! Whether this node ran without a pause lately.
//!
//! ```text
//!   beat ... beat ....... (stood still) ....... beat ... CAUGHT_UP ... beat
//!   <--- awake --->|<--- not awake, since what was missed is not read --->|<--- awake
//! ```
//!
//! A machine that was frozen finds old updates of phones and newer states of agents waiting side by side. The
//! phone went to its other service meanwhile; were its old update carried out before the states are read, it
//! would bring back what is over (HST-06). So a node that stood still takes no updates until it has caught up.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// About so long a phone waits for an answer, so that what is older was repeated elsewhere.
const STOOD_STILL: Duration = Duration::from_secs(2);
/// So long after a pause what came meanwhile is read.
const CAUGHT_UP: Duration = Duration::from_secs(1);

/// When this node's loop turned.
#[derive(Default)]
pub(crate) struct Awake(Mutex<Beats>);

#[derive(Default)]
struct Beats {
    last: Option<Instant>,
    /// When it went on after the latest pause.
    resumed: Option<Instant>,
}

impl Awake {
    /// The loop turns.
    pub(crate) fn beat(&self, now: Instant) {
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if beats.last.is_some_and(|last| now.saturating_duration_since(last) >= STOOD_STILL) {
            beats.resumed = Some(now);
        }
        beats.last = Some(now);
    }

    /// Whether what waits was read as it came; also true before the loop turned at all.
    pub(crate) fn is_awake(&self, now: Instant) -> bool {
        let beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        since(beats.last).is_none_or(|since| since < STOOD_STILL)
            && since(beats.resumed).is_none_or(|since| since >= CAUGHT_UP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hst_06_a_node_that_stood_still_is_not_awake_until_it_caught_up() {
        let awake = Awake::default();
        let start = Instant::now();
        let at = |milliseconds: u64| start + Duration::from_millis(milliseconds);
        assert!(awake.is_awake(at(0)));
        awake.beat(at(0));
        awake.beat(at(1_900));
        assert!(awake.is_awake(at(3_800)));
        // Whoever looks first after the pause, the loop or an update, sees it.
        assert!(!awake.is_awake(at(3_900)));
        awake.beat(at(9_000));
        assert!(!awake.is_awake(at(9_000)));
        awake.beat(at(9_500));
        assert!(!awake.is_awake(at(9_999)));
        assert!(awake.is_awake(at(10_000)));
    }
}
