//! Rounds of news: which phones are to ask anew, at what pace; pure.
//!
//! ```text
//!   announce --> all phones wait --next, so many a second--> in flight --done--> over
//!      ^  a newer change begins again                          `--failed--> once more at the end, then over
//!   invite(phone, from) --> it waits, from then on, unless it asks by itself before
//! ```
//!
//! News of services stands for news of the configuration too, since phones fetch that after discovery. A phone
//! that asks by itself needs not be told any more.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use domain::{DeviceName, HeadsetNews};

/// How often a phone is told of the same news.
const TRIES_MAX: u8 = 2;
/// What may be caught up after a pause, so that a late timer does not slow a round down.
const BURST: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiting {
    news: HeadsetNews,
    tries: u8,
}

/// News that phones are to hear.
#[derive(Debug)]
pub(crate) struct Rounds {
    per_second: u32,
    /// When the next one may go.
    next_at: Instant,
    waiting: HashMap<DeviceName, Waiting>,
    queue: VecDeque<DeviceName>,
    /// Phones whose turn comes later.
    invited: BTreeSet<(Instant, DeviceName)>,
    invited_at: BTreeMap<DeviceName, Instant>,
    in_flight: HashMap<DeviceName, Waiting>,
    /// The phone that was told last.
    last: Option<DeviceName>,
}

impl Rounds {
    pub(crate) fn new(now: Instant, per_second: u32) -> Self {
        Self {
            per_second: per_second.max(1),
            next_at: now,
            waiting: HashMap::new(),
            queue: VecDeque::new(),
            invited: BTreeSet::new(),
            invited_at: BTreeMap::new(),
            in_flight: HashMap::new(),
            last: None,
        }
    }

    /// Sets the pace: so many phones a second.
    pub(crate) fn set_pace(&mut self, per_second: u32) {
        self.per_second = per_second.max(1);
    }

    /// There are news for these phones. A round that goes on begins again, with what it had still to tell.
    pub(crate) fn announce(
        &mut self,
        devices: impl IntoIterator<Item = DeviceName>,
        news: HeadsetNews,
    ) {
        for device in devices {
            let told = self.in_flight.get(&device);
            let before = self.waiting.get(&device).or(told).map(|it| it.news);
            let news = before.map_or(news, |before| before.max(news));
            self.waiting.insert(device, Waiting { news, tries: 0 });
        }
        let mut all: Vec<_> = self.waiting.keys().cloned().collect();
        all.sort();
        // It goes on after the phone that was told last: changes that come often starve nobody.
        let next =
            all.partition_point(|device| self.last.as_ref().is_some_and(|last| device <= last));
        all.rotate_left(next);
        self.queue = all.into();
    }

    /// A phone discovers its services at `at`, unless it does so by itself before.
    pub(crate) fn invite(&mut self, device: &DeviceName, at: Instant) {
        self.uninvite(device);
        self.invited.insert((at, device.clone()));
        self.invited_at.insert(device.clone(), at);
    }

    /// A phone asked by itself: for its services, or for the configuration alone.
    pub(crate) fn asked(&mut self, device: &DeviceName, news: HeadsetNews) {
        if news == HeadsetNews::ServicesChanged {
            self.uninvite(device);
        }
        if self.waiting.get(device).is_some_and(|waiting| waiting.news <= news) {
            self.waiting.remove(device);
        }
        if let Some(told) = self.in_flight.get_mut(device)
            && told.news <= news
        {
            // What it has is new; whether it answers matters no more.
            told.tries = TRIES_MAX;
        }
    }

    /// A phone cannot be told any more; when it comes back it is invited.
    pub(crate) fn forget(&mut self, device: &DeviceName) {
        self.uninvite(device);
        self.waiting.remove(device);
        self.in_flight.remove(device);
    }

    /// Whom to tell of what now, if anybody; ask again until nobody is left.
    pub(crate) fn next(&mut self, now: Instant) -> Option<(DeviceName, HeadsetNews)> {
        while let Some((at, _)) = self.invited.first()
            && *at <= now
            && let Some((_, device)) = self.invited.pop_first()
        {
            self.invited_at.remove(&device);
            let news = HeadsetNews::ServicesChanged;
            if self.waiting.insert(device.clone(), Waiting { news, tries: 0 }).is_none() {
                self.queue.push_back(device);
            }
        }
        if now < self.next_at {
            return None;
        }
        while let Some(device) = self.queue.pop_front() {
            if self.in_flight.contains_key(&device) {
                // Its answer puts it back.
                continue;
            }
            let Some(mut waiting) = self.waiting.remove(&device) else { continue };
            let pause = Duration::from_secs(1) / self.per_second;
            let earliest = now.checked_sub(BURST).unwrap_or(now);
            self.next_at = self.next_at.max(earliest) + pause;
            waiting.tries += 1;
            self.in_flight.insert(device.clone(), waiting);
            self.last = Some(device.clone());
            return Some((device, waiting.news));
        }
        None
    }

    /// A phone was told, or was not.
    pub(crate) fn done(&mut self, device: &DeviceName, was_told: bool) {
        let Some(told) = self.in_flight.remove(device) else { return };
        if !was_told && told.tries < TRIES_MAX && !self.waiting.contains_key(device) {
            self.waiting.insert(device.clone(), told);
        }
        if self.waiting.contains_key(device) {
            self.queue.push_back(device.clone());
        }
    }

    /// A phone could not be told for now, which was no try.
    pub(crate) fn put_back(&mut self, device: &DeviceName) {
        if let Some(told) = self.in_flight.get_mut(device) {
            told.tries = told.tries.saturating_sub(1);
        }
        self.done(device, false);
    }

    /// When to ask again; `None` where nobody waits.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let invited = self.invited.first().map(|(at, _)| *at);
        let waiting = (!self.queue.is_empty()).then_some(self.next_at);
        [invited, waiting].into_iter().flatten().min()
    }

    /// How many phones are still to be told.
    pub(crate) fn left(&self) -> usize {
        self.waiting.len() + self.in_flight.len() + self.invited.len()
    }

    fn uninvite(&mut self, device: &DeviceName) {
        if let Some(at) = self.invited_at.remove(device) {
            self.invited.remove(&(at, device.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use HeadsetNews::{ConfigurationChanged, ServicesChanged};

    fn devices(count: usize) -> Vec<DeviceName> {
        (0..count).map(|number| format!("SEP{number:012}").parse().unwrap()).collect()
    }

    /// Whom it tells until then, a look every so often, all of them answering.
    fn told(rounds: &mut Rounds, from: Instant, to: Duration) -> Vec<(DeviceName, HeadsetNews)> {
        let mut told = Vec::new();
        let mut now = from;
        while now < from + to {
            while let Some((device, news)) = rounds.next(now) {
                rounds.done(&device, true);
                told.push((device, news));
            }
            now += Duration::from_millis(10);
        }
        told
    }

    #[test]
    fn hst_05_two_hundred_phones_a_second_are_told_and_each_once() {
        let now = Instant::now();
        let mut rounds = Rounds::new(now, 200);
        rounds.announce(devices(1_000), ServicesChanged);
        let first = told(&mut rounds, now, Duration::from_secs(1)).len();
        assert!((180..=221).contains(&first), "{first}");
        let rest = told(&mut rounds, now + Duration::from_secs(1), Duration::from_secs(5));
        assert_eq!((first + rest.len(), rounds.left(), rounds.deadline()), (1_000, 0, None));
        assert!(rest.iter().all(|(_, news)| *news == ServicesChanged));
    }

    #[test]
    fn hst_05_a_newer_change_begins_the_round_again_and_news_of_services_stand_for_both() {
        let now = Instant::now();
        let mut rounds = Rounds::new(now, 200);
        rounds.announce(devices(400), ServicesChanged);
        let before = told(&mut rounds, now, Duration::from_secs(1)).len();
        rounds.announce(devices(400), ConfigurationChanged);
        assert_eq!(rounds.left(), 400);
        let after = told(&mut rounds, now + Duration::from_secs(1), Duration::from_secs(5));
        let services = after.iter().filter(|(_, news)| *news == ServicesChanged).count();
        assert_eq!((after.len(), services), (400, 400 - before));
    }

    #[test]
    fn hst_05_a_phone_that_asks_by_itself_is_not_told() {
        let now = Instant::now();
        let mut rounds = Rounds::new(now, 1_000);
        let all = devices(3);
        rounds.announce(all.clone(), ServicesChanged);
        rounds.asked(&all[0], ServicesChanged);
        rounds.asked(&all[1], ConfigurationChanged);
        let told = told(&mut rounds, now, Duration::from_secs(1));
        assert_eq!(told.len(), 2);
        assert!(!told.iter().any(|(device, _)| *device == all[0]));
    }

    #[test]
    fn hst_05_a_dead_phone_is_told_twice_and_then_no_more() {
        let now = Instant::now();
        let mut rounds = Rounds::new(now, 1_000);
        let phone = &devices(1)[0];
        rounds.announce([phone.clone()], ConfigurationChanged);
        for round in 1..=2 {
            let at = now + Duration::from_secs(round);
            assert_eq!(rounds.next(at), Some((phone.clone(), ConfigurationChanged)));
            assert_eq!(rounds.next(at), None, "one is in flight");
            rounds.done(phone, false);
        }
        assert_eq!(rounds.next(now + Duration::from_secs(9)), None);
        assert_eq!((rounds.left(), rounds.deadline()), (0, None));
    }

    #[test]
    fn hst_10_a_phone_is_invited_unless_it_comes_by_itself() {
        let now = Instant::now();
        let later = now + Duration::from_secs(2);
        let mut rounds = Rounds::new(now, 1_000);
        let all = devices(3);
        rounds.invite(&all[0], later);
        rounds.invite(&all[1], later);
        rounds.invite(&all[2], later);
        rounds.forget(&all[2]);
        assert_eq!((rounds.next(now), rounds.deadline()), (None, Some(later)));
        rounds.asked(&all[0], ServicesChanged);
        assert_eq!(rounds.next(later), Some((all[1].clone(), ServicesChanged)));
        rounds.done(&all[1], true);
        assert_eq!((rounds.next(later + BURST), rounds.left()), (None, 0));
    }

    #[test]
    fn hst_05_news_that_come_while_a_phone_is_told_are_told_after_its_answer() {
        let now = Instant::now();
        let mut rounds = Rounds::new(now, 1_000);
        let phone = &devices(1)[0];
        rounds.announce([phone.clone()], ConfigurationChanged);
        rounds.next(now).unwrap();
        rounds.announce([phone.clone()], ServicesChanged);
        assert_eq!(rounds.next(now + BURST), None);
        rounds.done(phone, true);
        assert_eq!(rounds.next(now + BURST), Some((phone.clone(), ServicesChanged)));
    }
}
