//! Sign-ins that are not complete: what was prefilled or typed, kept in memory under a handle.
//!
//! A prefilled password must not stand in a page, so the form that asks for the rest carries a
//! random handle instead; so does one before which a phone or a mode was chosen. A handle is good for
//! ten minutes, on one phone, from one address; it is gone once it signed somebody in. So it outlasts
//! the five minutes for which an account is locked.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{DeviceName, MobileMode, Secret, Timestamp};

use crate::source::Source;

/// How long a handle is good.
pub(crate) const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How many are kept; beyond that the oldest goes.
pub(crate) const COUNT_MAX: usize = 10_000;
/// How many are kept for one source; beyond that its own oldest goes.
pub(crate) const SOURCE_COUNT_MAX: usize = 64;

/// What is known so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) device: DeviceName,
    pub(crate) source: IpAddr,
    pub(crate) id: Option<String>,
    pub(crate) extension: Option<String>,
    pub(crate) password: Option<Secret>,
    /// The phone picked for the line's voice.
    pub(crate) phone: Option<DeviceName>,
    pub(crate) mobile: Option<String>,
    pub(crate) mode: Option<MobileMode>,
    /// Whether id and extension are to be looked over before another attempt.
    pub(crate) edit: bool,
}

impl Kept {
    /// Nothing yet.
    pub(crate) fn nothing(device: DeviceName, source: IpAddr) -> Self {
        Self {
            device,
            source,
            id: None,
            extension: None,
            password: None,
            phone: None,
            mobile: None,
            mode: None,
            edit: false,
        }
    }
}

/// All that is kept.
#[derive(Default)]
pub(crate) struct Pending {
    kept: HashMap<[u8; 16], (u64, Timestamp, Kept)>,
    /// Handles in the order they were made.
    order: BTreeMap<u64, [u8; 16]>,
    /// The same numbers by source.
    by_source: HashMap<Source, BTreeSet<u64>>,
    made: u64,
}

impl Pending {
    /// Keeps it under that handle, which must be random.
    pub(crate) fn keep(&mut self, handle: [u8; 16], kept: Kept, now: Timestamp) -> String {
        self.expire(now);
        self.remove(handle);
        let source = Source::of(kept.source);
        let theirs = self.by_source.get(&source);
        let full = theirs.filter(|theirs| theirs.len() >= SOURCE_COUNT_MAX);
        let oldest = match full.and_then(BTreeSet::first) {
            Some(made) => self.order.get(made),
            None if self.kept.len() >= COUNT_MAX => self.order.values().next(),
            None => None,
        };
        if let Some(oldest) = oldest.copied() {
            self.remove(oldest);
        }
        self.made += 1;
        self.by_source.entry(source).or_default().insert(self.made);
        self.order.insert(self.made, handle);
        self.kept.insert(handle, (self.made, now, kept));
        written(handle)
    }

    /// What is kept under that handle for that phone at that address.
    pub(crate) fn find(
        &self,
        handle: &str,
        device: &DeviceName,
        source: IpAddr,
        now: Timestamp,
    ) -> Option<Kept> {
        let (_, at, kept) = self.kept.get(&read(handle)?)?;
        let is_theirs = kept.device == *device && kept.source == source;
        (is_theirs && now.since(*at) <= LIFETIME).then(|| kept.clone())
    }

    /// Forgets a handle.
    pub(crate) fn forget(&mut self, handle: &str) {
        if let Some(handle) = read(handle) {
            self.remove(handle);
        }
    }

    fn remove(&mut self, handle: [u8; 16]) {
        let Some((made, _, kept)) = self.kept.remove(&handle) else { return };
        self.order.remove(&made);
        let source = Source::of(kept.source);
        if let Some(theirs) = self.by_source.get_mut(&source) {
            theirs.remove(&made);
            if theirs.is_empty() {
                self.by_source.remove(&source);
            }
        }
    }

    /// Forgets what is too old.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        while let Some((_, handle)) = self.order.first_key_value() {
            let handle = *handle;
            let at = self.kept.get(&handle).map(|(_, at, _)| *at);
            if at.is_none_or(|at| now.since(at) <= LIFETIME) {
                break;
            }
            self.remove(handle);
        }
    }

    /// How many are kept.
    pub(crate) fn count(&self) -> usize {
        self.kept.len()
    }
}

/// How a handle stands in a URL.
pub(crate) fn written(handle: [u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(handle)
}

fn read(handle: &str) -> Option<[u8; 16]> {
    const HANDLE_CHARACTERS: usize = 22;
    if handle.len() != HANDLE_CHARACTERS {
        return None;
    }
    URL_SAFE_NO_PAD.decode(handle).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 8));
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn kept(id: &str) -> Kept {
        Kept {
            id: Some(id.to_owned()),
            password: Some(Secret::new("hunter2")),
            ..Kept::nothing(device("SEP1"), HOME)
        }
    }

    fn device(name: &str) -> DeviceName {
        name.parse().unwrap()
    }

    fn handle(number: u64) -> [u8; 16] {
        let mut handle = [0; 16];
        handle[..8].copy_from_slice(&number.to_be_bytes());
        handle
    }

    #[test]
    fn phn_03_a_prefilled_password_is_kept_for_one_phone_at_one_address() {
        let mut pending = Pending::default();
        let text = pending.keep(handle(1), kept("1001"), NOW);
        assert_eq!(text.len(), 22);
        let find = |device: DeviceName, source, now| pending.find(&text, &device, source, now);
        assert_eq!(find(device("SEP1"), HOME, NOW), Some(kept("1001")));
        assert_eq!(find(device("SEP2"), HOME, NOW), None);
        assert_eq!(find(device("SEP1"), AWAY, NOW), None);
        assert!(find(device("SEP1"), HOME, NOW.after(LIFETIME)).is_some());
        let late = NOW.after(LIFETIME + Duration::from_secs(1));
        assert_eq!(find(device("SEP1"), HOME, late), None);
        for foreign in ["", "A", &"A".repeat(22), &"A".repeat(10_000), "!".repeat(22).as_str()] {
            assert_eq!(pending.find(foreign, &device("SEP1"), HOME, NOW), None);
        }
        pending.forget(&text);
        assert_eq!((pending.find(&text, &device("SEP1"), HOME, NOW), pending.count()), (None, 0));
        assert_eq!(pending.order.len(), 0);
    }

    fn kept_from(address: u32) -> Kept {
        Kept { source: IpAddr::from(address.to_be_bytes()), ..kept("1001") }
    }

    #[test]
    fn phn_03_a_flood_drops_the_oldest_and_no_more_than_10000_are_kept() {
        let mut pending = Pending::default();
        let count = u32::try_from(COUNT_MAX).unwrap();
        let handles: Vec<_> = (0..count + 100)
            .map(|number| pending.keep(handle(number.into()), kept_from(number), NOW))
            .collect();
        assert_eq!((pending.count(), pending.order.len()), (COUNT_MAX, COUNT_MAX));
        assert_eq!(pending.by_source.len(), COUNT_MAX);
        let find = |number: u32| {
            let text = &handles[usize::try_from(number).unwrap()];
            pending.find(text, &device("SEP1"), kept_from(number).source, NOW).is_some()
        };
        assert!(!find(99) && find(100) && find(count + 99));
        pending.keep(handle(1), kept("1"), NOW.after(LIFETIME + Duration::from_secs(1)));
        assert_eq!((pending.count(), pending.order.len(), pending.by_source.len()), (1, 1, 1));
    }

    #[test]
    fn phn_03_a_flood_from_one_source_drops_nothing_of_others() {
        let mut pending = Pending::default();
        let text = pending.keep(handle(0), Kept { source: AWAY, ..kept("1001") }, NOW);
        let address = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        let handles: Vec<_> = (1..=20_000_u16)
            .map(|number| {
                let kept = Kept { source: address(number), ..kept("1001") };
                pending.keep(handle(number.into()), kept, NOW)
            })
            .collect();
        assert_eq!(pending.count(), 1 + SOURCE_COUNT_MAX);
        assert!(pending.find(&text, &device("SEP1"), AWAY, NOW).is_some());
        let find = |number: u16| {
            let text = &handles[usize::from(number) - 1];
            pending.find(text, &device("SEP1"), address(number), NOW).is_some()
        };
        assert!(find(20_000) && find(19_937) && !find(19_936));
    }

    #[test]
    fn the_same_handle_twice_is_one() {
        let mut pending = Pending::default();
        pending.keep(handle(1), kept("1"), NOW);
        let text = pending.keep(handle(1), kept("2"), NOW);
        assert_eq!((pending.count(), pending.order.len()), (1, 1));
        assert_eq!(pending.find(&text, &device("SEP1"), HOME, NOW), Some(kept("2")));
    }
}
