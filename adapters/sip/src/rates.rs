//! How often one phone may ask for what everybody here has to deal with: keys and other requests by REFER,
//! and new registrations. A phone that does more is put off; refreshes are free.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::DeviceName;

/// One more is earned in this time.
const EVERY: Duration = Duration::from_millis(100);
/// So many may come at once: a phone registers all its lines together.
const AT_ONCE: u32 = 64;

/// When what each phone did is paid for. Phones that owe nothing are not in it.
#[derive(Debug, Default)]
pub(crate) struct Rates(HashMap<DeviceName, Instant>);

impl Rates {
    /// Whether the phone may do one more, which then counts.
    pub(crate) fn take(&mut self, now: Instant, device: &DeviceName) -> bool {
        let paid_at = self.0.get(device).copied().unwrap_or(now).max(now);
        let then = paid_at + EVERY;
        let may = then.saturating_duration_since(now) <= EVERY * AT_ONCE;
        if may {
            self.0.insert(device.clone(), then);
        }
        may
    }

    /// Forgets phones that owe nothing.
    pub(crate) fn forget(&mut self, now: Instant) {
        self.0.retain(|_, paid_at| *paid_at > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_may_do_some_at_once_and_then_ten_a_second_and_others_as_much() {
        let [one, other]: [DeviceName; 2] =
            ["SEP001122334455", "SEP001122334466"].map(|name| name.parse().unwrap());
        let mut rates = Rates::default();
        let mut now = Instant::now();
        let taken =
            |rates: &mut Rates, now, device| (0..500).filter(|_| rates.take(now, device)).count();
        assert_eq!(taken(&mut rates, now, &one), 64);
        assert_eq!(taken(&mut rates, now, &other), 64);
        now += Duration::from_secs(1);
        assert_eq!(taken(&mut rates, now, &one), 10);
        rates.forget(now);
        assert_eq!(rates.0.len(), 2);
        rates.forget(now + Duration::from_secs(10));
        assert!(rates.0.is_empty());
        assert_eq!(taken(&mut rates, now + Duration::from_secs(10), &one), 64);
    }
}
