//! Whether the time of day is believed: every end of a message, a code or a token rests on it.
//!
//! It is looked at every 20 seconds, so a clock that moved by more than a day jumped. One that went back would make
//! good again what had ended, so it is believed once it is set right, or by a node that starts. One that went ahead
//! may have been wrong before, and is believed when it stayed there for a while.

use std::time::Duration;

use domain::Timestamp;

/// No look comes so long after the one before.
const STEP_MAX: Duration = Duration::from_secs(24 * 3600);
/// After so many looks, ten minutes' worth, a clock that went ahead is believed.
const DOUBTS_MAX: u32 = 30;

/// The time of day as it was when it was believed last.
#[derive(Debug)]
pub(crate) struct Believed {
    at: Timestamp,
    doubts: u32,
}

impl Believed {
    pub(crate) fn since(at: Timestamp) -> Self {
        Self { at, doubts: 0 }
    }

    /// Whether `now` is believed.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        let went_back = self.at > now && self.at.since(now) > STEP_MAX;
        let went_ahead = now > self.at && now.since(self.at) > STEP_MAX;
        if went_back || (went_ahead && self.doubts < DOUBTS_MAX) {
            self.doubts = if went_ahead { self.doubts + 1 } else { 0 };
            return false;
        }
        *self = Self::since(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const DAY: i64 = 86_400;

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(NOW.seconds() + seconds)
    }

    #[test]
    fn ids_09_a_clock_that_went_back_is_believed_once_it_is_set_right() {
        let mut believed = Believed::since(NOW);
        assert!(believed.take(after(20)));
        assert!(believed.take(after(-3_600)));
        for look in 0..100 {
            assert!(!believed.take(after(look * 20 - 2 * DAY)));
        }
        assert!(believed.take(after(2_100)));
    }

    #[test]
    fn ids_09_a_clock_that_went_ahead_is_believed_when_it_stayed_there() {
        let mut believed = Believed::since(NOW);
        assert!(!believed.take(after(2 * DAY)));
        assert!(believed.take(after(40)));
        let looks = (0..).take_while(|look| !believed.take(after(look * 20 + 50 * DAY))).count();
        assert_eq!(looks, 30);
    }
}
