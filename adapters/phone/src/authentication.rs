//! The callback by which a phone asks whether a push comes from us (PHN-13).
//!
//! The phone hands over the name and password that the push carried, and its own name. The answer is
//! one word without a line end: anything else, and on some models any further header, refuses.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use domain::{Secret, Timestamp};
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

/// The body that lets a push pass.
pub(crate) const AUTHORIZED: &str = "AUTHORIZED";
/// The body that does not.
pub(crate) const UNAUTHORIZED: &str = "UN-AUTHORIZED";

/// Wrong answers that one phone at one address may give in [`WINDOW`].
const WRONG_MAX: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Phones and addresses that are counted; beyond that the oldest is forgotten.
const COUNTED_MAX: usize = 10_000;

/// Whether both are those of the push user; the time it takes says nothing about either.
pub(crate) fn matches(user: &str, password: &str, expected: (&str, &Secret)) -> bool {
    let same = |one: &str, other: &str| {
        let (one, other) = (digest(&SHA256, one.as_bytes()), digest(&SHA256, other.as_bytes()));
        one.as_ref().ct_eq(other.as_ref())
    };
    (same(user, expected.0) & same(password, expected.1.expose())).into()
}

/// Counts wrong answers by phone and address.
#[derive(Default)]
pub(crate) struct Guesses {
    counted: HashMap<(IpAddr, String), (Timestamp, u32)>,
}

impl Guesses {
    /// Whether that phone may be answered at all.
    pub(crate) fn allows(&self, source: IpAddr, device: &str, now: Timestamp) -> bool {
        let counted = self.counted.get(&(source, device.to_owned()));
        counted.is_none_or(|(since, wrong)| now.since(*since) >= WINDOW || *wrong < WRONG_MAX)
    }

    /// Notes a wrong one.
    pub(crate) fn note(&mut self, source: IpAddr, device: &str, now: Timestamp) {
        let key = (source, device.to_owned());
        if self.counted.len() >= COUNTED_MAX && !self.counted.contains_key(&key) {
            self.counted.retain(|_, (since, _)| now.since(*since) < WINDOW);
            if self.counted.len() >= COUNTED_MAX {
                let oldest = self.counted.iter().min_by_key(|(_, (since, _))| *since);
                if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                    self.counted.remove(&oldest);
                }
            }
        }
        let entry = self.counted.entry(key).or_insert((now, 0));
        if now.since(entry.0) >= WINDOW {
            *entry = (now, 0);
        }
        entry.1 = entry.1.saturating_add(1);
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

    #[test]
    fn phn_13_guessing_is_slowed_down_for_one_phone_at_one_address() {
        let mut guesses = Guesses::default();
        let (here, there) = (IpAddr::from([192, 0, 2, 7]), IpAddr::from([192, 0, 2, 8]));
        for _ in 0..WRONG_MAX {
            assert!(guesses.allows(here, "SEP1", NOW));
            guesses.note(here, "SEP1", NOW);
        }
        assert!(!guesses.allows(here, "SEP1", NOW));
        assert!(guesses.allows(there, "SEP1", NOW) && guesses.allows(here, "SEP2", NOW));
        assert!(guesses.allows(here, "SEP1", NOW.after(WINDOW)));
        guesses.note(here, "SEP1", NOW.after(WINDOW));
        assert!(guesses.allows(here, "SEP1", NOW.after(WINDOW)));
    }

    #[test]
    fn phn_13_the_count_is_bounded() {
        let mut guesses = Guesses::default();
        let here = IpAddr::from([192, 0, 2, 7]);
        for number in 0..COUNTED_MAX + 50 {
            guesses.note(here, &number.to_string(), NOW);
        }
        assert_eq!(guesses.counted.len(), COUNTED_MAX);
    }
}
