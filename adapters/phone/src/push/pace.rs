//! When a phone may be pushed to: one push at a time, less and less often while it does not answer,
//! and hardly at all while credentials are refused (OPS-10).
//!
//! ```text
//!   idle --wanted--> in flight --ok--> idle
//!                        |`--failed--> waiting 5 s, 10 s ... 5 min --due, or the phone fetched--> idle
//!                        `--credentials refused--> waiting 1 h --settings changed--> idle
//! ```
//!
//! When three phones refused the credentials and none took them in between, no phone is
//! pushed to but one every ten minutes, so that the account behind them is not locked. A push that
//! goes by a channel shows no credentials: it neither waits for that nor says anything about it. Pure.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use domain::{DeviceName, Timestamp};

use super::channel::Way;
use crate::PushReason;

const BACKOFF_MIN: Duration = Duration::from_secs(5);
const BACKOFF_MAX: Duration = Duration::from_secs(5 * 60);
const REFUSED_PAUSE: Duration = Duration::from_secs(60 * 60);
/// So many phones that refuse, with none that does not in between, are the account's fault.
const REFUSED_MAX: usize = 3;
const PROBE_PAUSE: Duration = Duration::from_secs(10 * 60);
/// Phones whose last push is remembered.
const STATES_MAX: usize = 30_000;

#[derive(Debug, Default)]
struct State {
    in_flight: bool,
    /// Something changed while a push was in flight.
    again: bool,
    /// A push is owed, now or when its time comes.
    wanted: bool,
    failures: u32,
    not_before: Option<Timestamp>,
    /// It refused the credentials: they are not shown to it before.
    account_not_before: Option<Timestamp>,
    /// How the last push went, and since when they go so.
    last: Option<(PushReason, Timestamp)>,
}

/// Whether a push begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// It does; [`Pace::end`] must follow.
    Now,
    /// One is in flight or comes later; it will show what is newest then.
    Later,
    /// No phone is pushed to at present: the credentials are refused, or there are none.
    Held,
}

/// The pace of all pushes.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    states: HashMap<DeviceName, State>,
    /// Phones that refused since one took the credentials, at most [`REFUSED_MAX`].
    refusing: BTreeSet<DeviceName>,
    probe_at: Option<Timestamp>,
}

impl Pace {
    /// A push is wanted. One that is `urgent` does not wait for its time.
    pub(crate) fn begin(
        &mut self,
        device: &DeviceName,
        now: Timestamp,
        urgent: bool,
        way: Way,
    ) -> Begin {
        if !self.states.contains_key(device) && self.states.len() >= STATES_MAX {
            let idle = self.states.iter().find(|(_, state)| !state.in_flight && !state.wanted);
            if let Some(idle) = idle.map(|(device, _)| device.clone()) {
                self.states.remove(&idle);
            }
        }
        let state = self.states.entry(device.clone()).or_default();
        state.wanted = true;
        if state.in_flight {
            state.again = true;
            return Begin::Later;
        }
        if !urgent && state.not_before.is_some_and(|time| now < time) {
            return Begin::Later;
        }
        if way == Way::Web {
            match self.credentials(device, now, urgent) {
                Begin::Now => {}
                not_now => return not_now,
            }
        }
        if let Some(state) = self.states.get_mut(device) {
            state.in_flight = true;
        }
        Begin::Now
    }

    /// Whether the credentials may be shown to a phone now; if so, they have to be.
    pub(crate) fn credentials(
        &mut self,
        device: &DeviceName,
        now: Timestamp,
        urgent: bool,
    ) -> Begin {
        let not_before = self.states.get(device).and_then(|state| state.account_not_before);
        if !urgent && not_before.is_some_and(|time| now < time) {
            return Begin::Later;
        }
        if self.refusing.len() >= REFUSED_MAX {
            if self.probe_at.is_some_and(|time| now < time) {
                return Begin::Held;
            }
            self.probe_at = Some(now.after(PROBE_PAUSE));
        }
        Begin::Now
    }

    /// A push is over, which went that way in the end; `None` where nothing had to be pushed. Gives
    /// whether more was wanted since.
    pub(crate) fn end(
        &mut self,
        device: &DeviceName,
        ended: Option<(PushReason, Way)>,
        now: Timestamp,
    ) -> bool {
        match ended {
            Some((PushReason::CredentialsRefused, _)) if self.refusing.len() < REFUSED_MAX => {
                let is_another = self.refusing.insert(device.clone());
                if is_another && self.refusing.len() == REFUSED_MAX {
                    self.probe_at = Some(now.after(PROBE_PAUSE));
                }
            }
            Some((PushReason::Ok, Way::Web)) => self.refusing.clear(),
            _ => {}
        }
        let Some(state) = self.states.get_mut(device) else { return false };
        state.in_flight = false;
        let again = std::mem::take(&mut state.again);
        let Some((reason, way)) = ended else {
            state.wanted = again;
            return again;
        };
        if state.last.is_none_or(|(before, _)| before != reason) {
            state.last = Some((reason, now));
        }
        match reason {
            PushReason::Ok => {
                (state.failures, state.not_before, state.wanted) = (0, None, again);
                if way == Way::Web {
                    state.account_not_before = None;
                }
            }
            PushReason::CredentialsRefused => {
                state.account_not_before = Some(now.after(REFUSED_PAUSE));
            }
            _ => {
                let doubled = BACKOFF_MIN.saturating_mul(1 << state.failures.min(16));
                state.failures = state.failures.saturating_add(1);
                state.not_before = Some(now.after(doubled.min(BACKOFF_MAX)));
            }
        }
        again && reason == PushReason::Ok
    }

    /// A push is no longer wanted: the phone fetched, or shows nothing any more.
    pub(crate) fn unwant(&mut self, device: &DeviceName) {
        if let Some(state) = self.states.get_mut(device) {
            state.wanted = false;
        }
    }

    /// A phone is given its page: no push is wanted, and since it is there the next need not wait.
    pub(crate) fn hear(&mut self, device: &DeviceName) {
        if let Some(state) = self.states.get_mut(device) {
            state.wanted = false;
            (state.failures, state.not_before) = (0, None);
        }
    }

    /// A phone can be reached by another way: what is wanted need not wait for its time.
    pub(crate) fn reach(&mut self, device: &DeviceName) {
        if let Some(state) = self.states.get_mut(device) {
            (state.failures, state.not_before) = (0, None);
        }
    }

    /// Phones whose time has come.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<DeviceName> {
        let is_due = |state: &State| {
            state.wanted && !state.in_flight && state.not_before.is_none_or(|time| time <= now)
        };
        let due = self.states.iter().filter(|(_, state)| is_due(state));
        due.map(|(device, _)| device.clone()).collect()
    }

    /// The settings that pushes depend on changed: what failed is tried at once. Gives the phones.
    pub(crate) fn renew(&mut self) -> Vec<DeviceName> {
        self.refusing.clear();
        self.probe_at = None;
        let mut failed = Vec::new();
        for (device, state) in &mut self.states {
            (state.failures, state.not_before, state.account_not_before) = (0, None, None);
            if state.last.is_some_and(|(reason, _)| reason != PushReason::Ok) {
                failed.push(device.clone());
            }
        }
        failed
    }

    /// How the last push to each phone went, and since when they go so.
    pub(crate) fn states(&self) -> impl Iterator<Item = (&DeviceName, PushReason, Timestamp)> {
        self.states
            .iter()
            .filter_map(|(device, state)| state.last.map(|(reason, since)| (device, reason, since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn later(seconds: u64) -> Timestamp {
        NOW.after(Duration::from_secs(seconds))
    }

    fn device(number: u32) -> DeviceName {
        format!("SEP{number}").parse().unwrap()
    }

    #[test]
    fn phn_18_a_dead_phone_is_tried_less_and_less_often() {
        let (mut pace, sep1) = (Pace::default(), device(1));
        let mut now = NOW;
        for pause in [5, 10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(pace.begin(&sep1, now, false, Way::Web), Begin::Now);
            assert!(!pace.end(&sep1, Some((PushReason::NoAnswer, Way::Web)), now));
            let just_before = now.after(Duration::from_secs(pause - 1));
            assert_eq!(pace.begin(&sep1, just_before, false, Way::Web), Begin::Later);
            assert_eq!(pace.due(just_before), []);
            now = now.after(Duration::from_secs(pause));
            assert_eq!(pace.due(now), std::slice::from_ref(&sep1));
        }
        pace.hear(&sep1);
        assert_eq!(pace.due(now.after(BACKOFF_MAX)), []);
        assert_eq!(pace.begin(&sep1, now, false, Way::Web), Begin::Now);
        pace.end(&sep1, Some((PushReason::NoAnswer, Way::Web)), now);
        assert_eq!(pace.due(now.after(BACKOFF_MIN)), std::slice::from_ref(&sep1));
        let states: Vec<_> = pace.states().collect();
        assert_eq!(states, [(&sep1, PushReason::NoAnswer, NOW)]);
    }

    #[test]
    fn phn_05_pushes_to_one_phone_are_one_at_a_time_and_the_newest_wins() {
        let (mut pace, sep1) = (Pace::default(), device(1));
        assert_eq!(pace.begin(&sep1, NOW, false, Way::Web), Begin::Now);
        assert_eq!(pace.begin(&sep1, NOW, false, Way::Web), Begin::Later);
        assert_eq!(pace.begin(&sep1, NOW, true, Way::Web), Begin::Later);
        assert!(pace.end(&sep1, Some((PushReason::Ok, Way::Web)), NOW));
        assert_eq!(pace.begin(&sep1, NOW, false, Way::Web), Begin::Now);
        assert!(!pace.end(&sep1, Some((PushReason::Ok, Way::Web)), NOW));
        assert_eq!(pace.due(later(1_000)), []);
    }

    #[test]
    fn ops_10_refused_credentials_are_hardly_tried_until_they_change() {
        let mut pace = Pace::default();
        for number in 1..=3 {
            assert_eq!(pace.begin(&device(number), NOW, false, Way::Web), Begin::Now);
            pace.end(&device(number), Some((PushReason::CredentialsRefused, Way::Web)), NOW);
        }
        assert_eq!(pace.begin(&device(4), later(599), true, Way::Web), Begin::Held);
        assert_eq!(pace.begin(&device(4), later(600), false, Way::Web), Begin::Now);
        assert_eq!(pace.begin(&device(5), later(600), false, Way::Web), Begin::Held);
        pace.end(&device(4), Some((PushReason::CredentialsRefused, Way::Web)), later(600));
        // The phones themselves wait an hour, even where they fetch pages.
        pace.hear(&device(1));
        assert_eq!(pace.begin(&device(1), later(3_599), false, Way::Web), Begin::Later);
        let mut renewed = pace.renew();
        renewed.sort();
        assert_eq!(renewed, [device(1), device(2), device(3), device(4)]);
        assert_eq!(pace.begin(&device(1), later(601), false, Way::Web), Begin::Now);
        assert_eq!(pace.begin(&device(5), later(601), false, Way::Web), Begin::Now);
    }

    #[test]
    fn ops_10_one_phone_that_refuses_does_not_hold_up_the_others() {
        let mut pace = Pace::default();
        for round in 0..5 {
            for (number, reason) in [(1, PushReason::CredentialsRefused), (2, PushReason::Ok)] {
                assert_eq!(pace.begin(&device(number), NOW, true, Way::Web), Begin::Now, "{round}");
                pace.end(&device(number), Some((reason, Way::Web)), NOW);
            }
        }
    }

    #[test]
    fn ops_10_one_phone_that_refuses_again_and_again_is_not_the_accounts_fault() {
        let mut pace = Pace::default();
        for round in 0..10 {
            assert_eq!(pace.begin(&device(1), NOW, true, Way::Web), Begin::Now, "{round}");
            pace.end(&device(1), Some((PushReason::CredentialsRefused, Way::Web)), NOW);
        }
        assert_eq!(pace.begin(&device(2), NOW, false, Way::Web), Begin::Now);
        pace.end(&device(2), Some((PushReason::CredentialsRefused, Way::Web)), NOW);
        assert_eq!(pace.begin(&device(3), NOW, false, Way::Web), Begin::Now);
        pace.end(&device(3), Some((PushReason::CredentialsRefused, Way::Web)), NOW);
        assert_eq!(pace.begin(&device(4), NOW, true, Way::Web), Begin::Held);
    }

    #[test]
    fn ops_10_a_channel_neither_waits_for_credentials_nor_proves_them() {
        let mut pace = Pace::default();
        let refused = Some((PushReason::CredentialsRefused, Way::Web));
        for number in 1..=3 {
            assert_eq!(pace.begin(&device(number), NOW, false, Way::Web), Begin::Now);
            pace.end(&device(number), refused, NOW);
        }
        // Phones with a channel are told, one that refused among them.
        for number in [3, 4] {
            assert_eq!(pace.begin(&device(number), NOW, false, Way::Channel), Begin::Now);
            assert_ne!(pace.credentials(&device(number), NOW, true), Begin::Now);
            pace.end(&device(number), Some((PushReason::Ok, Way::Channel)), NOW);
        }
        // That says nothing of the credentials: all others wait still, and that phone too.
        assert_eq!(pace.begin(&device(5), NOW, true, Way::Web), Begin::Held);
        assert_eq!(pace.begin(&device(3), later(3_599), false, Way::Web), Begin::Later);
        // One phone every ten minutes may be shown them, where its channel fails too.
        assert_eq!(pace.begin(&device(6), later(600), false, Way::Channel), Begin::Now);
        assert_eq!(pace.credentials(&device(6), later(600), false), Begin::Now);
        assert_eq!(pace.begin(&device(5), later(600), false, Way::Web), Begin::Held);
        pace.end(&device(6), Some((PushReason::Ok, Way::Web)), later(600));
        assert_eq!(pace.begin(&device(5), later(600), false, Way::Web), Begin::Now);
        // Who was silent on its channel is tried less and less often, as any other.
        assert_eq!(pace.begin(&device(4), later(600), false, Way::Channel), Begin::Now);
        pace.end(&device(4), Some((PushReason::NoAnswer, Way::Channel)), later(600));
        assert_eq!(pace.begin(&device(4), later(604), false, Way::Channel), Begin::Later);
        assert_eq!(pace.begin(&device(4), later(605), false, Way::Channel), Begin::Now);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut pace = Pace::default();
        for number in 0..u32::try_from(STATES_MAX).unwrap() + 10 {
            pace.begin(&device(number), NOW, false, Way::Web);
            pace.end(&device(number), Some((PushReason::Ok, Way::Web)), NOW);
        }
        assert_eq!(pace.states.len(), STATES_MAX);
    }
}
