//! What phones were told and are to be told; pure.
//!
//! ```text
//!   look --> waiting --next--> asked by the caller: what now? --begin--> in flight --done--> told
//!               ^                                                  |          |
//!               `---------- looked at meanwhile -------------------'          `--failed--> once more, then
//!                                                                                silence until it registers
//! ```
//!
//! One notice is in flight for a phone, and what it is to be told is found out when its turn comes: of several
//! states that waited only the newest goes (HST-14). Two tries, then a phone counts as dead until it registers or
//! shows otherwise that it is alive.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::{AgentKey, DeviceName, HeadsetStatus};

/// How often a phone is told the same before it counts as dead.
pub(crate) const TRIES_MAX: u8 = 2;
/// Of the places, this part is for phones that did not answer last.
const SUSPECTS_SHARE: usize = 8;

/// What came of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// The phone shows that now.
    It(HeadsetStatus),
    /// It did not answer, or refused; whoever knows when looks at it again.
    No,
    /// Nothing could be sent for now; it is looked at again by whoever knows when.
    Later,
}

/// A phone that takes notices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    /// What it took last.
    status: Option<HeadsetStatus>,
    /// Whose state that was.
    agent: Option<AgentKey>,
    in_flight: bool,
    looked_at_meanwhile: bool,
    /// Set where what is in flight says nothing of what it will show.
    in_doubt: bool,
    failures: u8,
    /// Whether it had not answered before what is in flight.
    was_suspect: bool,
}

/// What all phones were told.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    phones: HashMap<DeviceName, Told>,
    waiting: VecDeque<DeviceName>,
    waits: HashSet<DeviceName>,
    in_flight: usize,
    /// How many of those had not answered before.
    suspects: usize,
}

impl Teller {
    /// A phone took a channel: nothing is known of what it shows.
    pub(crate) fn register(&mut self, device: &DeviceName) {
        let phone = self.phones.entry(device.clone()).or_default();
        phone.failures = 0;
        self.doubt(device);
    }

    /// A phone has no channel any more.
    pub(crate) fn forget(&mut self, device: &DeviceName) {
        if self.phones.get(device).is_some_and(|phone| !phone.in_flight) {
            self.phones.remove(device);
        }
    }

    /// What a phone shows may differ from what it was told: it is told anew.
    pub(crate) fn doubt(&mut self, device: &DeviceName) {
        if let Some(phone) = self.phones.get_mut(device) {
            phone.status = None;
            phone.in_doubt = phone.in_flight;
            self.look(device);
        }
    }

    /// A phone that gave no answer twice gets one more try.
    pub(crate) fn revive(&mut self, device: &DeviceName) {
        if let Some(phone) = self.phones.get_mut(device) {
            phone.failures = phone.failures.min(TRIES_MAX - 1);
            self.look(device);
        }
    }

    /// There may be something to tell a phone; one that takes no notices is passed over.
    pub(crate) fn look(&mut self, device: &DeviceName) {
        let Some(phone) = self.phones.get_mut(device) else { return };
        if phone.in_flight {
            phone.looked_at_meanwhile = true;
        } else if phone.failures < TRIES_MAX && self.waits.insert(device.clone()) {
            self.waiting.push_back(device.clone());
        }
    }

    /// The next phone to be looked at, of those of which none is in flight, while fewer than `max` are.
    pub(crate) fn next(&mut self, max: usize) -> Option<DeviceName> {
        if self.in_flight >= max {
            return None;
        }
        // Phones that did not answer last may not take the places of those that do.
        let is_suspect = |phones: &HashMap<DeviceName, Told>, device: &DeviceName| {
            phones.get(device).is_some_and(|phone| phone.failures > 0)
        };
        let full = self.suspects >= max / SUSPECTS_SHARE;
        let at = match full {
            false => 0,
            true => self.waiting.iter().position(|device| !is_suspect(&self.phones, device))?,
        };
        let device = self.waiting.remove(at)?;
        self.waits.remove(&device);
        Some(device)
    }

    /// What that phone was told last of that agent, or of nobody; nothing where it was told of another one.
    pub(crate) fn told(
        &self,
        device: &DeviceName,
        agent: Option<&AgentKey>,
    ) -> Option<HeadsetStatus> {
        let phone = self.phones.get(device)?;
        if agent.is_some() && phone.agent.as_ref() != agent {
            return None;
        }
        phone.status
    }

    /// What that phone was told last.
    pub(crate) fn last_told(&self, device: &DeviceName) -> Option<HeadsetStatus> {
        self.phones.get(device)?.status
    }

    /// Whether a phone gave no answer twice, so that nothing is sent to it.
    pub(crate) fn is_dead(&self, device: &DeviceName) -> bool {
        self.phones.get(device).is_some_and(|phone| phone.failures >= TRIES_MAX)
    }

    /// A notice goes to a phone.
    pub(crate) fn begin(&mut self, device: &DeviceName) {
        if let Some(phone) = self.phones.get_mut(device).filter(|phone| !phone.in_flight) {
            phone.in_flight = true;
            phone.looked_at_meanwhile = false;
            phone.in_doubt = false;
            phone.was_suspect = phone.failures > 0;
            self.suspects += usize::from(phone.was_suspect);
            self.in_flight += 1;
        }
    }

    /// A phone took a notice, or did not.
    pub(crate) fn done(&mut self, device: &DeviceName, agent: Option<AgentKey>, took: Took) {
        let Some(phone) = self.phones.get_mut(device).filter(|phone| phone.in_flight) else {
            return;
        };
        phone.in_flight = false;
        self.in_flight -= 1;
        self.suspects -= usize::from(phone.was_suspect);
        let look = match took {
            Took::It(status) => {
                phone.status = Some(status).filter(|_| !phone.in_doubt);
                phone.agent = agent;
                phone.failures = 0;
                phone.looked_at_meanwhile
            }
            // One that registered meanwhile has its tries before it.
            Took::No if phone.in_doubt => true,
            Took::Later => false,
            Took::No => {
                // It may have taken it, and only its answer was lost.
                phone.status = None;
                phone.failures = phone.failures.saturating_add(1);
                false
            }
        };
        if look {
            self.look(device);
        }
    }

    /// Phones that take notices.
    pub(crate) fn devices(&self) -> Vec<DeviceName> {
        self.phones.keys().cloned().collect()
    }

    /// How many notices are in flight, and how many phones wait.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.in_flight, self.waiting.len())
    }
}

#[cfg(test)]
mod tests {
    use domain::HeadsetState;

    use super::*;

    fn device(name: &str) -> DeviceName {
        name.parse().unwrap()
    }

    fn agent(id: &str) -> AgentKey {
        format!("east:{id}").parse().unwrap()
    }

    const READY: HeadsetStatus = HeadsetStatus { state: HeadsetState::Ready, reason: 0 };
    const NOT_READY: HeadsetStatus = HeadsetStatus { state: HeadsetState::NotReady, reason: 3 };

    fn registered(name: &str) -> (Teller, DeviceName) {
        let (mut teller, device) = (Teller::default(), device(name));
        teller.register(&device);
        (teller, device)
    }

    #[test]
    fn hst_14_one_is_in_flight_and_only_the_newest_follows() {
        let (mut teller, phone) = registered("SEP1");
        assert_eq!(teller.next(9).as_ref(), Some(&phone));
        teller.begin(&phone);
        for _ in 0..5 {
            teller.look(&phone);
            assert_eq!(teller.next(9), None, "one is in flight");
        }
        teller.done(&phone, Some(agent("1")), Took::It(NOT_READY));
        assert_eq!(teller.told(&phone, Some(&agent("1"))), Some(NOT_READY));
        // What it was told of another agent says nothing.
        assert_eq!(teller.told(&phone, Some(&agent("2"))), None);
        assert_eq!(teller.next(9).as_ref(), Some(&phone), "looked at once more, not five times");
        assert_eq!(teller.next(9), None);
    }

    #[test]
    fn hst_14_a_phone_that_registers_is_told_anew_even_while_it_is_told() {
        let (mut teller, phone) = registered("SEP1");
        teller.next(9).unwrap();
        teller.begin(&phone);
        teller.register(&phone);
        teller.done(&phone, Some(agent("1")), Took::It(READY));
        assert_eq!(teller.last_told(&phone), None);
        assert_eq!(teller.next(9).as_ref(), Some(&phone));
    }

    #[test]
    fn hst_04_a_dead_phone_gets_two_tries_and_then_silence_until_it_registers() {
        let (mut teller, phone) = registered("SEP1");
        for _ in 0..TRIES_MAX {
            assert_eq!(teller.next(9).as_ref(), Some(&phone));
            teller.begin(&phone);
            teller.done(&phone, Some(agent("1")), Took::No);
            assert_eq!(teller.next(9), None, "not at once");
            teller.look(&phone);
        }
        teller.look(&phone);
        assert_eq!((teller.next(9), teller.is_dead(&phone)), (None, true));
        teller.revive(&phone);
        assert_eq!(teller.next(9).as_ref(), Some(&phone), "one try after a long while");
        teller.begin(&phone);
        teller.done(&phone, Some(agent("1")), Took::No);
        assert_eq!((teller.next(9), teller.is_dead(&phone)), (None, true));
        teller.register(&phone);
        assert_eq!((teller.next(9), teller.is_dead(&phone)), (Some(phone), false));
    }

    #[test]
    fn hst_14_a_phone_whose_answer_was_lost_is_told_even_what_it_was_told_before() {
        let (mut teller, phone) = registered("SEP1");
        for (status, took) in [(READY, Took::It(READY)), (NOT_READY, Took::No)] {
            teller.look(&phone);
            teller.next(9).unwrap();
            teller.begin(&phone);
            teller.done(&phone, Some(agent("1")), took);
            let told = (took != Took::No).then_some(status);
            assert_eq!(teller.told(&phone, Some(&agent("1"))), told);
        }
    }

    #[test]
    fn phones_that_do_not_answer_hold_up_no_others() {
        let mut teller = Teller::default();
        let silent: Vec<_> = (0..10).map(|it| device(&format!("SEP{it}"))).collect();
        for phone in &silent {
            teller.register(phone);
            assert_eq!(teller.next(16).as_ref(), Some(phone));
            teller.begin(phone);
            teller.done(phone, None, Took::No);
        }
        silent.iter().for_each(|phone| teller.look(phone));
        for phone in &silent[..2] {
            assert_eq!(teller.next(16).as_ref(), Some(phone));
            teller.begin(phone);
        }
        assert_eq!(teller.next(16), None, "others that were silent wait");
        teller.register(&device("SEPA"));
        assert_eq!(teller.next(16), Some(device("SEPA")));
        teller.done(&silent[0], None, Took::It(READY));
        assert_eq!(teller.next(16).as_ref(), Some(&silent[2]));
    }

    #[test]
    fn no_more_than_so_many_are_in_flight_and_phones_without_a_channel_are_passed_over() {
        let mut teller = Teller::default();
        teller.look(&device("SEP9"));
        assert_eq!(teller.next(9), None);
        for name in ["SEP1", "SEP2", "SEP3"] {
            teller.register(&device(name));
        }
        for _ in 0..2 {
            let next = teller.next(2).unwrap();
            teller.begin(&next);
        }
        assert_eq!((teller.next(2), teller.counts()), (None, (2, 1)));
        teller.done(&device("SEP1"), None, Took::It(READY));
        assert_eq!(teller.next(2), Some(device("SEP3")));
        teller.forget(&device("SEP3"));
        teller.look(&device("SEP3"));
        assert_eq!(teller.next(2), None);
    }
}
