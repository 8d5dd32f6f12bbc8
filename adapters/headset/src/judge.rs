//! What becomes of a state that a headset asks for; pure.
//!
//! ```text
//!   mode takes none ----> not allowed       already so ----------------> already (200, not sent again)
//!   nobody, several ----> no agent          in a call -----------------> in call
//!   state not known ----> not known         older than the last change-> stale (the state is told, not changed)
//!   clock too far off --> clock             else ----------------------> asked of the owner
//! ```
//!
//! So an update repeated to another node needs no memory that the nodes share: once it was carried out it is
//! already so, and where something changed since, it is older than that change (HST-06).

use std::time::Duration;

use domain::settings::{HeadsetMode, MuteButton, Settings};
use domain::{AgentKey, Presence, PresenceState, ReasonCategory, ReasonCode, Timestamp, Wish};
use protocols::headset as wire;

/// What a headset may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Calls.
    Ready,
    /// No calls.
    NotReady,
}

impl Wanted {
    /// What a headset may ask for.
    pub(crate) fn of(state: wire::AgentState) -> Option<Self> {
        match state {
            wire::AgentState::Ready => Some(Self::Ready),
            wire::AgentState::NotReady => Some(Self::NotReady),
            wire::AgentState::Login | wire::AgentState::Logout => None,
        }
    }
}

/// An update, as far as it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Update {
    /// What is wanted.
    pub(crate) wanted: Wanted,
    /// Why, where it is said.
    pub(crate) reason: Option<u32>,
    /// When it was sent, by the phone's clock.
    pub(crate) sent_at: Option<Timestamp>,
    /// The same by our clock, as far as the phone's is known.
    pub(crate) sent_at_ours: Option<Timestamp>,
}

/// Why an update is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The mode lets headsets change nothing.
    NotAllowed,
    /// Nobody is signed in there.
    NoAgent,
    /// Several agents may be meant.
    Several,
    /// What the agent does is not known now.
    NotKnown,
    /// It was sent too long ago, or the phone's clock is wrong.
    Clock,
    /// The agent is in a call, where the key mutes alone.
    InCall,
    /// Something changed since it was sent.
    Stale,
    /// No such reason is configured for the agent.
    ReasonUnknown,
    /// This node stood still, and has not read what it missed.
    CatchingUp,
}

impl Why {
    /// All of them, for figures.
    pub(crate) const ALL: [Self; 9] = [
        Self::NotAllowed,
        Self::NoAgent,
        Self::Several,
        Self::NotKnown,
        Self::Clock,
        Self::InCall,
        Self::Stale,
        Self::ReasonUnknown,
        Self::CatchingUp,
    ];

    /// Its name in figures and answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotAllowed => "not_allowed",
            Self::NoAgent => "no_agent",
            Self::Several => "several_agents",
            Self::NotKnown => "state_not_known",
            Self::Clock => "clock",
            Self::InCall => "in_call",
            Self::Stale => "stale",
            Self::ReasonUnknown => "reason_unknown",
            Self::CatchingUp => "catching_up",
        }
    }
}

/// What becomes of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is so already.
    Already,
    /// It is not carried out.
    Refused(Why),
    /// The owner is asked for it.
    Ask(Wish),
}

/// Judges an update of a headset whose agent does that; `changed_at` is when that was last heard to change.
pub(crate) fn judge(
    settings: &Settings,
    agent: &AgentKey,
    presence: &Presence,
    changed_at: Timestamp,
    update: Update,
    now: Timestamp,
) -> Verdict {
    if !takes_updates(settings) {
        return Verdict::Refused(Why::NotAllowed);
    }
    if presence.not_known_since.is_some() || presence.state == PresenceState::Unknown {
        return Verdict::Refused(Why::NotKnown);
    }
    if matches!(presence.state, PresenceState::SignedOut { .. }) {
        return Verdict::Refused(Why::NoAgent);
    }
    let age_max = Duration::from_secs(settings.headset.update_age_seconds.into());
    if update.sent_at.is_some_and(|sent| apart(sent, now) > age_max) {
        return Verdict::Refused(Why::Clock);
    }
    let given = update.reason.filter(|_| update.wanted == Wanted::NotReady);
    let is_so = match (update.wanted, presence.state) {
        (Wanted::Ready, PresenceState::Ready) => true,
        (Wanted::NotReady, PresenceState::NotReady { reason }) => {
            given.is_none_or(|given| reason.map_or(0, |it| u32::from(it.0)) == given)
        }
        _ => false,
    };
    if is_so {
        return Verdict::Already;
    }
    // A call on another line is one, too.
    let is_on_other_line = presence.calls.iter().any(|call| call.other_line.is_some());
    if presence.state.is_in_call() || is_on_other_line {
        return Verdict::Refused(Why::InCall);
    }
    if update.sent_at_ours.is_some_and(|sent| sent < changed_at) {
        return Verdict::Refused(Why::Stale);
    }
    match update.wanted {
        Wanted::Ready => Verdict::Ask(Wish::Ready),
        Wanted::NotReady => match reason(settings, agent, given) {
            Ok(reason) => Verdict::Ask(Wish::NotReady(reason)),
            Err(why) => Verdict::Refused(why),
        },
    }
}

/// Whether headsets may change states at all.
pub(crate) fn takes_updates(settings: &Settings) -> bool {
    settings.headset.mode == HeadsetMode::NotificationAndControl
        && settings.headset.mute_button == MuteButton::ReadyToggle
}

/// The reason to give: the one that came, where it is configured for that agent, else the usual one.
fn reason(
    settings: &Settings,
    agent: &AgentKey,
    given: Option<u32>,
) -> Result<Option<ReasonCode>, Why> {
    // 0 stands for none.
    let Some(given) = given.filter(|code| *code != 0) else {
        return Ok(settings.headset.default_not_ready_reason);
    };
    let code = u16::try_from(given).map(ReasonCode).map_err(|_| Why::ReasonUnknown)?;
    let is_known =
        settings.reasons_for(&agent.id, ReasonCategory::NotReady).any(|reason| reason.code == code);
    if is_known { Ok(Some(code)) } else { Err(Why::ReasonUnknown) }
}

fn apart(one: Timestamp, other: Timestamp) -> Duration {
    Duration::from_micros(one.microseconds().abs_diff(other.microseconds()))
}
