//! What an agent is doing, whoever owns that: the gateway itself, or a contact centre's server.
//!
//! Where the gateway owns voice state, a presence is made from the session ([`Presence::owned`]).
//! Where a server owns it, [`LiveAgent`] holds what that server said last, in memory, and says so
//! where that is not known any more.
//!
//! ```text
//!   Never --- heard --> Known <--- heard --- NotSince(t)
//!                         `------ link lost ----^
//! ```

use serde::Serialize;

use crate::{
    AfterCall, AgentKey, Call, DeviceName, Extension, ReasonCode, SignedIn, Timestamp, VoiceState,
};

/// By so much two reports of one state may differ about when it began: whole seconds are told.
const SINCE_APART_MICROSECONDS: u64 = 2_500_000;

/// What an agent is doing, in the words of all peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PresenceState {
    /// Not signed in with whoever owns the voice state.
    SignedOut {
        /// Why, where that is told.
        reason: Option<ReasonCode>,
    },
    /// Signed in and taking no calls.
    NotReady {
        /// Why, where that is told.
        reason: Option<ReasonCode>,
    },
    /// Waiting for a call.
    Ready,
    /// A call is on its way to the agent.
    Reserved,
    /// In a call.
    Talking,
    /// In a call that is on hold.
    Held,
    /// Finishing after a call; what follows.
    WrapUp {
        /// Whether the agent takes calls afterwards.
        ready_afterwards: bool,
    },
    /// Busy with something else than the calls of the contact centre.
    Busy,
    /// The owner itself does not know.
    Unknown,
}

impl PresenceState {
    /// The name used in figures, events and on the admin socket.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignedOut { .. } => "signed_out",
            Self::NotReady { .. } => "not_ready",
            Self::Ready => "ready",
            Self::Reserved => "reserved",
            Self::Talking => "talking",
            Self::Held => "held",
            Self::WrapUp { .. } => "wrap_up",
            Self::Busy => "busy",
            Self::Unknown => "unknown",
        }
    }

    /// Every name there is.
    pub const NAMES: [&'static str; 9] = [
        "signed_out",
        "not_ready",
        "ready",
        "reserved",
        "talking",
        "held",
        "wrap_up",
        "busy",
        "unknown",
    ];

    /// Whether a call or what follows it keeps the agent, so that a wish becomes pending.
    pub fn is_in_call(self) -> bool {
        matches!(self, Self::Reserved | Self::Talking | Self::Held | Self::Busy)
    }
}

impl From<AfterCall> for PresenceState {
    fn from(after: AfterCall) -> Self {
        match after {
            AfterCall::Ready => Self::Ready,
            AfterCall::NotReady(reason) => Self::NotReady { reason },
        }
    }
}

/// What an agent is doing, since when, and what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// What the agent is doing.
    #[serde(flatten)]
    pub state: PresenceState,
    /// Since when.
    pub since: Timestamp,
    /// What was asked for and comes next.
    pub pending: Option<PresenceState>,
    /// When it ends by itself, where that is known.
    pub until: Option<Timestamp>,
    /// The calls there are, the one that matters first; a call stays while it is wrapped up.
    pub calls: Vec<Call>,
    /// Set where what stands here is no longer known, since then.
    pub not_known_since: Option<Timestamp>,
}

impl Presence {
    /// What a signed-in agent is doing whose voice state the gateway owns; `None` where another does.
    pub fn owned(signed_in: &SignedIn) -> Option<Self> {
        let voice = signed_in.voice?;
        let (state, until) = match voice.state {
            VoiceState::NotReady { reason } => (PresenceState::NotReady { reason }, None),
            VoiceState::Ready => (PresenceState::Ready, None),
            VoiceState::Talking { .. } => (PresenceState::Talking, None),
            VoiceState::WrapUp { then, until, .. } => {
                (PresenceState::WrapUp { ready_afterwards: then == AfterCall::Ready }, Some(until))
            }
        };
        Some(Self {
            state,
            since: voice.since,
            pending: voice.state.pending().map(PresenceState::from),
            until,
            calls: signed_in.call.iter().cloned().collect(),
            not_known_since: None,
        })
    }

    /// Nothing is known, since then.
    pub fn unknown(since: Timestamp) -> Self {
        Self {
            state: PresenceState::Unknown,
            since,
            pending: None,
            until: None,
            calls: Vec::new(),
            not_known_since: Some(since),
        }
    }

    /// The call the agent's own line is in; calls on other lines are shown but never this one
    /// (CTI-09).
    pub fn call(&self) -> Option<&Call> {
        self.calls.iter().find(|call| call.other_line.is_none())
    }
}

/// The calls that wait in an agent's queues, where the owner of the queues tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QueueFigures {
    /// How many wait.
    pub calls: u32,
    /// Since when the one waits that waits longest.
    pub longest_since: Option<Timestamp>,
}

/// What the owner of an agent's voice state said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The agent is doing that.
    State(HeardState),
    /// These are all of the agent's calls now.
    Calls(Vec<Call>),
    /// A call of the agent's own line is at that phone.
    Phone(DeviceName),
    /// The owner knows no such agent.
    Absent,
}

/// A state as the owner told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardState {
    /// What the agent is doing.
    pub state: PresenceState,
    /// Since when, as far as the owner told.
    pub since: Timestamp,
    /// What comes next.
    pub pending: Option<PresenceState>,
    /// The agent's line, where told.
    pub extension: Option<Extension>,
    /// The phone or port as the owner names it, where told; at most 64 bytes.
    pub instrument: Option<String>,
    /// The phone that the agent uses, where its name is told.
    pub device: Option<DeviceName>,
}

/// Whether what was heard last still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It does.
    Now,
    /// Nobody knows since the link to the owner was lost.
    NotSince(Timestamp),
}

/// What the owner of an agent's voice state said last, as this node heard it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveAgent {
    /// Whom it is about.
    pub agent: AgentKey,
    /// Whether it still holds.
    pub known: Known,
    /// What the agent is doing.
    pub state: PresenceState,
    /// Since when.
    pub since: Timestamp,
    /// What comes next.
    pub pending: Option<PresenceState>,
    /// The agent's line.
    pub extension: Option<Extension>,
    /// The phone or port as the owner names it.
    pub instrument: Option<String>,
    /// The phone that the agent uses, where the owner's events named it.
    pub device: Option<DeviceName>,
    /// Whether only a call named that phone; what a state names counts for more.
    pub is_device_of_call: bool,
    /// The agent's calls, the one that matters first.
    pub calls: Vec<Call>,
    /// When state or what is pending last changed, by this node's clock.
    pub changed_at: Timestamp,
    /// Rises with every change of anything here.
    pub count: u64,
}

impl LiveAgent {
    /// What is so after `heard`, `before` being what was so; `None` where nothing changed.
    pub fn after(
        agent: &AgentKey,
        before: Option<&Self>,
        now: Timestamp,
        heard: Heard,
    ) -> Option<Self> {
        let mut next = before.cloned().unwrap_or_else(|| Self {
            agent: agent.clone(),
            known: Known::NotSince(now),
            state: PresenceState::Unknown,
            since: now,
            pending: None,
            extension: None,
            instrument: None,
            device: None,
            is_device_of_call: false,
            calls: Vec::new(),
            changed_at: now,
            count: 0,
        });
        match heard {
            Heard::State(heard) => next.take_state(heard, now),
            Heard::Calls(calls) => next.calls = calls,
            // Nothing is known of whom only a call tells.
            Heard::Phone(_) if before.is_none() => return None,
            Heard::Phone(device) => next.take_phone(device),
            Heard::Absent => {
                next.known = Known::Now;
                let gone = PresenceState::SignedOut { reason: None };
                if !matches!(next.state, PresenceState::SignedOut { .. }) {
                    (next.state, next.since, next.changed_at) = (gone, now, now);
                }
                next.pending = None;
                next.leave();
            }
        }
        if before == Some(&next) {
            return None;
        }
        next.count = next.count.wrapping_add(1);
        Some(next)
    }

    /// The same, once the link to its owner is lost; `None` where that is known already.
    pub fn lost(&self, now: Timestamp) -> Option<Self> {
        (self.known == Known::Now).then(|| Self {
            known: Known::NotSince(now),
            count: self.count.wrapping_add(1),
            ..self.clone()
        })
    }

    /// Whether the agent is surely signed in, or surely not; `None` where that is not known.
    pub fn is_signed_in(&self) -> Option<bool> {
        match (self.known, self.state) {
            (Known::NotSince(_), _) | (_, PresenceState::Unknown) => None,
            (Known::Now, state) => Some(!matches!(state, PresenceState::SignedOut { .. })),
        }
    }

    /// What it is to whoever shows it.
    pub fn presence(&self) -> Presence {
        Presence {
            state: self.state,
            since: self.since,
            pending: self.pending,
            until: None,
            calls: self.calls.clone(),
            not_known_since: match self.known {
                Known::Now => None,
                Known::NotSince(since) => Some(since),
            },
        }
    }

    /// A number that stands for the present state on a page, so that a press on an older page is
    /// recognised: 8 bits for the node, 24 for the time of the last change in units of 64 ms.
    pub fn mark(&self, node: u8) -> u32 {
        (u32::from(node) << 24) | Self::units(self.changed_at)
    }

    /// Whether a page with that mark shows what is so now. Marks of another node are compared with
    /// some tolerance, since clocks and links of two nodes differ.
    pub fn is_fresh(&self, mark: u32, node: u8) -> bool {
        /// 2 seconds.
        const TOLERANCE_UNITS: u32 = 32;
        let (marked, now) = (mark & 0x00FF_FFFF, Self::units(self.changed_at));
        if mark >> 24 == u32::from(node) {
            return marked == now;
        }
        let apart = marked.wrapping_sub(now) & 0x00FF_FFFF;
        apart <= TOLERANCE_UNITS || apart >= 0x0100_0000 - TOLERANCE_UNITS
    }

    fn units(at: Timestamp) -> u32 {
        let units = at.microseconds().unsigned_abs() / 64_000;
        u32::try_from(units & 0x00FF_FFFF).unwrap_or(0)
    }

    /// Whoever is signed out has no calls, and signs in elsewhere perhaps.
    fn leave(&mut self) {
        self.calls.clear();
        self.extension = None;
        self.instrument = None;
        (self.device, self.is_device_of_call) = (None, false);
    }

    /// Calls come in no order with states: whoever is not there, as far as is known, has no phone.
    fn take_phone(&mut self, device: DeviceName) {
        let is_named = self.device.is_some() && !self.is_device_of_call;
        if !is_named && self.is_signed_in() == Some(true) {
            (self.device, self.is_device_of_call) = (Some(device), true);
        }
    }

    fn take_state(&mut self, heard: HeardState, now: Timestamp) {
        let same = self.state == heard.state;
        let apart = self.since.microseconds().abs_diff(heard.since.microseconds());
        if !same || apart > SINCE_APART_MICROSECONDS {
            self.since = heard.since;
            self.changed_at = now;
        }
        if self.pending != heard.pending {
            self.changed_at = now;
        }
        self.known = Known::Now;
        self.state = heard.state;
        self.pending = heard.pending;
        if matches!(heard.state, PresenceState::SignedOut { .. }) {
            // Whoever is signed out has no line, though the news may name the one before.
            return self.leave();
        }
        let moved = is_another(self.extension.as_ref(), heard.extension.as_ref())
            || is_another(self.instrument.as_ref(), heard.instrument.as_ref());
        if heard.device.is_some() {
            (self.device, self.is_device_of_call) = (heard.device, false);
        } else if moved {
            (self.device, self.is_device_of_call) = (None, false);
        }
        self.extension = heard.extension.or_else(|| self.extension.take());
        self.instrument = heard.instrument.or_else(|| self.instrument.take());
    }
}

/// Whether what is told is something else than what is known, where both are there.
fn is_another<T: PartialEq>(known: Option<&T>, told: Option<&T>) -> bool {
    known.zip(told).is_some_and(|(known, told)| known != told)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agent() -> AgentKey {
        "east:1001".parse().unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn told(state: PresenceState, since: i64) -> Heard {
        Heard::State(HeardState {
            state,
            since: at(since),
            pending: None,
            extension: None,
            instrument: None,
            device: None,
        })
    }

    #[test]
    fn a_repeated_report_changes_nothing() {
        let first = LiveAgent::after(&agent(), None, at(10), told(PresenceState::Ready, 10));
        let first = first.unwrap();
        let again = told(PresenceState::Ready, 11);
        assert_eq!(LiveAgent::after(&agent(), Some(&first), at(12), again), None);
        assert_eq!(first.is_signed_in(), Some(true));
    }

    #[test]
    fn what_was_lost_is_not_known_until_it_is_heard_again() {
        let ready = told(PresenceState::Ready, 10);
        let first = LiveAgent::after(&agent(), None, at(10), ready.clone()).unwrap();
        let lost = first.lost(at(20)).unwrap();
        assert_eq!((lost.is_signed_in(), lost.lost(at(30))), (None, None));
        assert_eq!(lost.presence().not_known_since, Some(at(20)));
        let again = LiveAgent::after(&agent(), Some(&lost), at(25), ready).unwrap();
        assert_eq!((again.is_signed_in(), again.since), (Some(true), at(10)));
    }

    #[test]
    fn cti_07_whoever_is_signed_out_has_no_line_and_no_calls_any_more() {
        let signed_out = told(PresenceState::SignedOut { reason: None }, 20);
        for gone in [signed_out, Heard::Absent] {
            let ready = Heard::State(HeardState {
                state: PresenceState::Ready,
                since: at(10),
                pending: None,
                extension: Some("2001".parse().unwrap()),
                instrument: Some("SEP001122334455".to_owned()),
                device: Some("SEP001122334455".parse().unwrap()),
            });
            let first = LiveAgent::after(&agent(), None, at(10), ready).unwrap();
            let gone = LiveAgent::after(&agent(), Some(&first), at(20), gone).unwrap();
            assert_eq!((gone.is_signed_in(), &gone.extension), (Some(false), &None));
            assert_eq!((gone.instrument, gone.calls, gone.device), (None, vec![], None));
        }
    }

    /// What was heard of an agent one after the other: phone named by a state (and line), by a call.
    fn phones(news: &[(Option<&str>, &str, Option<&str>)]) -> Vec<Option<DeviceName>> {
        let mut live = None;
        let device = |name: &str| name.parse::<DeviceName>().unwrap();
        let mut after = |heard| {
            live = LiveAgent::after(&agent(), live.as_ref(), at(10), heard).or(live.clone());
            live.as_ref().and_then(|it| it.device.clone())
        };
        let each = news.iter().map(|(by_state, line, by_call)| {
            let Heard::State(mut heard) = told(PresenceState::Ready, 10) else { unreachable!() };
            heard.extension = line.parse().ok();
            heard.device = by_state.map(device);
            let known = after(Heard::State(heard));
            by_call.map_or(known, |phone| after(Heard::Phone(device(phone))))
        });
        each.collect()
    }

    #[test]
    fn hst_09_a_phone_once_named_is_the_agents_until_other_news_or_another_line() {
        let a = Some("SEP0011223344AA".parse::<DeviceName>().unwrap());
        let b = Some("SEP0011223344BB".parse::<DeviceName>().unwrap());
        let [name_a, name_b] = [Some("SEP0011223344AA"), Some("SEP0011223344BB")];
        let known = phones(&[
            (name_a, "2001", None),
            (None, "2001", None),
            (None, "", None),
            (name_b, "2001", None),
            (None, "2002", None),
        ]);
        assert_eq!(known, [a.clone(), a.clone(), a.clone(), b.clone(), None]);
        // A call names the phone where no state does, and each call anew.
        let known = phones(&[
            (None, "2001", name_a),
            (None, "2001", name_b),
            (name_a, "2001", None),
            (None, "2001", name_b),
        ]);
        assert_eq!(known, [a.clone(), b, a.clone(), a]);
    }

    #[test]
    fn hst_09_whoever_is_not_known_to_be_there_has_no_phone_by_a_call() {
        let phone = || Heard::Phone("SEP0011223344AA".parse().unwrap());
        let first = LiveAgent::after(&agent(), None, at(10), phone());
        assert_eq!(first, None);
        let out = told(PresenceState::SignedOut { reason: None }, 10);
        let out = LiveAgent::after(&agent(), None, at(10), out).unwrap();
        assert_eq!(LiveAgent::after(&agent(), Some(&out), at(11), phone()), None);
    }

    #[test]
    fn phn_21_a_page_of_an_older_state_is_recognised() {
        let ready = LiveAgent::after(&agent(), None, at(10), told(PresenceState::Ready, 10));
        let ready = ready.unwrap();
        let mark = ready.mark(7);
        assert!(ready.is_fresh(mark, 7) && ready.is_fresh(mark, 8));
        let not_ready = PresenceState::NotReady { reason: None };
        let later = LiveAgent::after(&agent(), Some(&ready), at(11), told(not_ready, 11));
        let later = later.unwrap();
        // Another node's clock may differ by so much; by more it is old there too.
        assert!(!later.is_fresh(mark, 7) && later.is_fresh(mark, 8));
        let latest = LiveAgent::after(&agent(), Some(&later), at(40), told(not_ready, 40));
        assert!(!latest.unwrap().is_fresh(mark, 8));
    }

    proptest! {
        /// Whatever is heard in whatever order, the value is the last one heard.
        #[test]
        fn the_latest_value_wins(reports in prop::collection::vec((0u8..5, 0i64..100), 1..40)) {
            let mut value = None;
            for (index, (state, since)) in reports.iter().copied().enumerate() {
                let state = match state {
                    0 => PresenceState::Ready,
                    1 => PresenceState::NotReady { reason: Some(ReasonCode(3)) },
                    2 => PresenceState::Talking,
                    3 => PresenceState::SignedOut { reason: None },
                    _ => PresenceState::Held,
                };
                let now = at(100 + i64::try_from(index).unwrap());
                let next = LiveAgent::after(&agent(), value.as_ref(), now, told(state, since));
                value = next.or(value);
                prop_assert_eq!(value.as_ref().unwrap().state, state);
            }
        }
    }
}
