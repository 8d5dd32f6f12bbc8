//! How often each source may ask.
//!
//! A source is an IPv4 address or the first 64 bits of an IPv6 one. The table is bounded: where it is full of sources
//! that asked just now, newcomers share one bucket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Sources that are remembered.
const SOURCES_MAX: usize = 65_536;
/// So many seconds' requests may come at once.
const SECONDS_AT_ONCE: u32 = 2;
/// A full table is looked through at most so often.
const FORGET_EVERY: Duration = Duration::from_secs(1);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    V4([u8; 4]),
    V6([u8; 8]),
    /// All that no place is left for.
    Others,
}

impl Source {
    /// An address that is mapped counts as what it is mapped from.
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

/// When what each source asked is paid for. Sources that owe nothing may be missing.
#[derive(Debug)]
pub(super) struct Rates {
    paid: HashMap<Source, Instant>,
    /// One more is earned in this time.
    every: Duration,
    at_once: Duration,
    forget_at: Option<Instant>,
}

impl Rates {
    pub(super) fn new(requests_per_second: u32) -> Self {
        let per_second = requests_per_second.max(1);
        let every = Duration::from_secs(1) / per_second;
        Self {
            paid: HashMap::new(),
            every,
            at_once: every * per_second.saturating_mul(SECONDS_AT_ONCE),
            forget_at: None,
        }
    }

    /// Whether that source may ask once more, which then counts.
    pub(super) fn take(&mut self, now: Instant, source: Source) -> bool {
        let source = self.place(now, source);
        let paid = self.paid.get(&source).copied().unwrap_or(now).max(now);
        let then = paid + self.every;
        let may = then.saturating_duration_since(now) <= self.at_once;
        if may {
            self.paid.insert(source, then);
        }
        may
    }

    /// Where it is counted.
    fn place(&mut self, now: Instant, source: Source) -> Source {
        if self.paid.len() < SOURCES_MAX || self.paid.contains_key(&source) {
            return source;
        }
        if self.forget_at.is_none_or(|at| at <= now) {
            self.forget_at = Some(now + FORGET_EVERY);
            self.paid.retain(|_, paid| *paid > now);
        }
        if self.paid.len() < SOURCES_MAX { source } else { Source::Others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(rates: &mut Rates, now: Instant, source: Source) -> usize {
        (0..1_000).filter(|_| rates.take(now, source)).count()
    }

    #[test]
    fn a_source_may_ask_some_at_once_and_then_so_much_a_second_and_others_as_much() {
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|it| Source::of(it.parse().unwrap()));
        let mut rates = Rates::new(10);
        let now = Instant::now();
        assert_eq!(taken(&mut rates, now, one), 20);
        assert_eq!(taken(&mut rates, now, other), 20);
        assert_eq!(taken(&mut rates, now + Duration::from_secs(1), one), 10);
        assert_eq!(taken(&mut rates, now + Duration::from_secs(60), one), 20);
    }

    #[test]
    fn hosts_of_one_network_of_ipv6_are_one_source_and_mapped_addresses_what_they_are() {
        let source = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }

    #[test]
    fn a_full_table_shares_one_bucket_until_some_owe_nothing() {
        let mut rates = Rates::new(1);
        let now = Instant::now();
        let source = |number: usize| Source::V4(u32::try_from(number).unwrap().to_be_bytes());
        for number in 0..SOURCES_MAX {
            assert!(rates.take(now, source(number)));
        }
        let late = |from: usize| (from..from + 10).map(source);
        let count = late(SOURCES_MAX).filter(|it| rates.take(now, *it)).count();
        assert_eq!(count, 2, "newcomers share what one may");
        assert!(rates.paid.len() <= SOURCES_MAX + 1);
        let later = now + Duration::from_secs(2);
        let count = late(2 * SOURCES_MAX).filter(|it| rates.take(later, *it)).count();
        assert_eq!(count, 10);
        assert!(rates.paid.len() < 100);
    }
}
