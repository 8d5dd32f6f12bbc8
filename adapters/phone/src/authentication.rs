//! The callback by which a phone asks whether a push comes from us (PHN-13).
//!
//! The phone hands over the name and password that the push carried, and its own name. The answer is
//! one word without a line end: anything else, and on some models any further header, refuses.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use domain::{DeviceName, Secret, Timestamp};
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

use crate::source::Source;

/// The body that lets a push pass.
pub(crate) const AUTHORIZED: &str = "AUTHORIZED";
/// The body that does not.
pub(crate) const UNAUTHORIZED: &str = "UN-AUTHORIZED";

/// Wrong answers that one phone at one source may give in [`WINDOW`].
const WRONG_MAX: u32 = 10;
/// Wrong answers that one source may give in [`WINDOW`], whatever phones it names.
const SOURCE_WRONG_MAX: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);
/// Counts that are kept; beyond that the oldest is forgotten.
const COUNTED_MAX: usize = 10_000;

/// Whether both are those of the push user; the time it takes says nothing about either.
pub(crate) fn matches(user: &str, password: &str, expected: (&str, &Secret)) -> bool {
    let same = |one: &str, other: &str| {
        let (one, other) = (digest(&SHA256, one.as_bytes()), digest(&SHA256, other.as_bytes()));
        one.as_ref().ct_eq(other.as_ref())
    };
    (same(user, expected.0) & same(password, expected.1.expose())).into()
}

/// Counts wrong answers by source, and by phone and source.
#[derive(Default)]
pub(crate) struct Guesses {
    counted: HashMap<Counted, u32>,
    /// What is counted and since when, oldest first.
    order: VecDeque<(Timestamp, Counted)>,
}

/// What wrong answers are counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Counted {
    Source(Source),
    /// A phone that we know, or any other: names can be invented.
    Phone(Source, Option<DeviceName>),
}

impl Guesses {
    /// Whether a phone at that address may be answered at all; `device` is one that we know.
    pub(crate) fn allows(
        &mut self,
        address: IpAddr,
        device: Option<&DeviceName>,
        now: Timestamp,
    ) -> bool {
        self.expire(now);
        let source = Source::of(address);
        let has_left =
            |counted: &Counted, most| self.counted.get(counted).is_none_or(|wrong| *wrong < most);
        has_left(&Counted::Source(source), SOURCE_WRONG_MAX)
            && has_left(&Counted::Phone(source, device.cloned()), WRONG_MAX)
    }

    /// Notes a wrong one.
    pub(crate) fn note(&mut self, address: IpAddr, device: Option<&DeviceName>, now: Timestamp) {
        self.expire(now);
        let source = Source::of(address);
        for counted in [Counted::Source(source), Counted::Phone(source, device.cloned())] {
            if let Some(wrong) = self.counted.get_mut(&counted) {
                *wrong = wrong.saturating_add(1);
                continue;
            }
            if self.order.len() >= COUNTED_MAX
                && let Some((_, oldest)) = self.order.pop_front()
            {
                self.counted.remove(&oldest);
            }
            self.order.push_back((now, counted.clone()));
            self.counted.insert(counted, 1);
        }
    }

    /// Forgets what was counted long enough ago.
    fn expire(&mut self, now: Timestamp) {
        while let Some((since, counted)) = self.order.front()
            && now.since(*since) >= WINDOW
        {
            self.counted.remove(counted);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn phn_13_only_our_own_user_and_password_match() {
        let secret = Secret::new("s3cret");
        let check = |user, password| matches(user, password, ("push", &secret));
        assert!(check("push", "s3cret"));
        for (user, password) in [
            ("push", "s3cre"),
            ("push", "S3cret"),
            ("Push", "s3cret"),
            ("", ""),
            ("s3cret", "push"),
        ] {
            assert!(!check(user, password), "{user} {password}");
        }
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 8));

    fn device(number: u32) -> DeviceName {
        format!("SEP{number}").parse().unwrap()
    }

    #[test]
    fn phn_13_guessing_is_slowed_down_for_one_phone_at_one_address() {
        let mut guesses = Guesses::default();
        let (sep1, sep2) = (device(1), device(2));
        for _ in 0..WRONG_MAX {
            assert!(guesses.allows(HERE, Some(&sep1), NOW));
            guesses.note(HERE, Some(&sep1), NOW);
        }
        assert!(!guesses.allows(HERE, Some(&sep1), NOW));
        assert!(guesses.allows(THERE, Some(&sep1), NOW) && guesses.allows(HERE, Some(&sep2), NOW));
        assert!(guesses.allows(HERE, None, NOW));
        assert!(guesses.allows(HERE, Some(&sep1), NOW.after(WINDOW)));
        guesses.note(HERE, Some(&sep1), NOW.after(WINDOW));
        assert!(guesses.allows(HERE, Some(&sep1), NOW.after(WINDOW)));
    }

    #[test]
    fn phn_13_one_source_guesses_only_so_often_whatever_phones_it_names() {
        let mut guesses = Guesses::default();
        let mut answered = 0;
        for number in 0..1_000 {
            let sep = device(number);
            if guesses.allows(HERE, Some(&sep), NOW) {
                guesses.note(HERE, Some(&sep), NOW);
                answered += 1;
            }
        }
        assert_eq!(answered, SOURCE_WRONG_MAX);
        assert!(!guesses.allows(HERE, None, NOW) && guesses.allows(THERE, Some(&device(1)), NOW));
        assert!(guesses.allows(HERE, None, NOW.after(WINDOW)));
        // A network of IPv6 is one source.
        let mut guesses = Guesses::default();
        let address = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        for last in 0..10 {
            assert!(guesses.allows(address(last), None, NOW));
            guesses.note(address(last), None, NOW);
        }
        assert!(!guesses.allows(address(10), None, NOW));
    }

    #[test]
    fn phn_13_the_count_is_bounded() {
        let mut guesses = Guesses::default();
        for number in 0..u32::try_from(COUNTED_MAX).unwrap() {
            guesses.note(IpAddr::from(number.to_be_bytes()), None, NOW);
        }
        assert_eq!((guesses.counted.len(), guesses.order.len()), (COUNTED_MAX, COUNTED_MAX));
        assert!(guesses.allows(HERE, None, NOW.after(WINDOW)));
        assert_eq!((guesses.counted.len(), guesses.order.len()), (0, 0));
    }
}
