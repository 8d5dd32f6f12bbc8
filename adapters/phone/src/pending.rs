//! Sign-ins that are not complete: what was prefilled or typed, kept in memory under a handle.
//!
//! A prefilled password must not stand in a page, so the form that asks for the rest carries a
//! random handle instead. A handle is good for five minutes, on one phone, from one address; it is
//! gone once it signed somebody in.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{DeviceName, Secret, Timestamp};

/// How long a handle is good.
pub(crate) const LIFETIME: Duration = Duration::from_secs(5 * 60);
/// How many are kept; beyond that the oldest goes.
pub(crate) const COUNT_MAX: usize = 10_000;

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
    made: u64,
}

impl Pending {
    /// Keeps it under that handle, which must be random.
    pub(crate) fn keep(&mut self, handle: [u8; 16], kept: Kept, now: Timestamp) -> String {
        self.expire(now);
        while self.kept.len() >= COUNT_MAX {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            self.kept.remove(&oldest);
        }
        self.made += 1;
        if let Some((before, ..)) = self.kept.insert(handle, (self.made, now, kept)) {
            self.order.remove(&before);
        }
        self.order.insert(self.made, handle);
        URL_SAFE_NO_PAD.encode(handle)
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
        if let Some(handle) = read(handle)
            && let Some((made, ..)) = self.kept.remove(&handle)
        {
            self.order.remove(&made);
        }
    }

    /// Forgets what is too old.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        while let Some((made, handle)) = self.order.first_key_value() {
            let (made, handle) = (*made, *handle);
            let is_old = |at: &Timestamp| now.since(*at) > LIFETIME;
            if !self.kept.get(&handle).is_none_or(|(_, at, _)| is_old(at)) {
                break;
            }
            self.kept.remove(&handle);
            self.order.remove(&made);
        }
    }

    /// How many are kept.
    pub(crate) fn count(&self) -> usize {
        self.kept.len()
    }
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

    #[test]
    fn phn_03_a_flood_drops_the_oldest_and_no_more_than_10000_are_kept() {
        let mut pending = Pending::default();
        let count = u64::try_from(COUNT_MAX).unwrap();
        let handles: Vec<_> = (0..count + 100)
            .map(|number| pending.keep(handle(number), kept("1001"), NOW))
            .collect();
        assert_eq!((pending.count(), pending.order.len()), (COUNT_MAX, COUNT_MAX));
        let find = |handle: &str| pending.find(handle, &device("SEP1"), HOME, NOW).is_some();
        assert!(!find(&handles[99]) && find(&handles[100]) && find(handles.last().unwrap()));
        pending.keep(handle(1), kept("1"), NOW.after(LIFETIME + Duration::from_secs(1)));
        assert_eq!((pending.count(), pending.order.len()), (1, 1));
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
