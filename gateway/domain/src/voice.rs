//! The voice state of an agent where the gateway itself owns it.
//!
//! ```text
//!              +--------- GoReady ---------+
//!              v                           |
//!   sign in  NotReady(reason) -- GoReady -> Ready
//!              |     ^                      | ^
//!         CallBegins | `- GoNotReady -------+ |  then: what was asked for during the call,
//!              v     |                        |  else where the call found the agent
//!            Talking{then} -- CallEnds -> WrapUp{then, until}
//!                 `-- CallEnds, no wrap-up --> then
//! ```
//!
//! States are conditions; what shall follow a call lives in the states that have a call behind
//! them. The agent asks for a state during a call: it becomes pending and is applied afterwards.

use serde::{Deserialize, Serialize};

use crate::{CallDirection, ReasonCode, Refusal, Timestamp};

/// What an agent is after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterCall {
    /// Takes the next call.
    Ready,
    /// Takes none, with the reason where one was given.
    NotReady(Option<ReasonCode>),
}

/// What an agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum VoiceState {
    /// Signed in and taking no calls.
    NotReady {
        /// Why, where a reason was given.
        reason: Option<ReasonCode>,
    },
    /// Waiting for a call.
    Ready,
    /// In a call.
    Talking {
        /// What follows.
        then: AfterCall,
        /// Whether the agent asked for that during the call, so that it is shown as pending.
        asked: bool,
    },
    /// Finishing after a call.
    WrapUp {
        /// What follows.
        then: AfterCall,
        /// Whether the agent asked for that during the call.
        asked: bool,
        /// When it ends by itself.
        until: Timestamp,
    },
}

/// What may happen to a voice state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoiceChange {
    /// The agent wants calls.
    GoReady,
    /// The agent wants none, for a reason.
    GoNotReady(Option<ReasonCode>),
    /// A call reached the agent or was placed.
    CallBegins(CallDirection),
    /// The call is over; with a time, wrap-up lasts until then.
    CallEnds(Option<Timestamp>),
    /// The time for wrap-up set for that end is over.
    WrapUpOver(Timestamp),
}

impl From<AfterCall> for VoiceState {
    fn from(after: AfterCall) -> Self {
        match after {
            AfterCall::Ready => Self::Ready,
            AfterCall::NotReady(reason) => Self::NotReady { reason },
        }
    }
}

impl VoiceState {
    /// The state after `change`. `Ok(None)` means it is already so, which makes every command safe
    /// to repeat.
    pub fn after(self, change: VoiceChange) -> Result<Option<Self>, Refusal> {
        let next = match (self, change) {
            (state, VoiceChange::GoReady) => state.wished(AfterCall::Ready),
            (state, VoiceChange::GoNotReady(reason)) => state.wished(AfterCall::NotReady(reason)),
            (Self::Talking { .. }, VoiceChange::CallBegins(_)) => {
                return Err(Refusal::CallInProgress);
            }
            (state, VoiceChange::CallBegins(direction)) => state.called(direction),
            (Self::Talking { then, asked }, VoiceChange::CallEnds(Some(until))) => {
                Self::WrapUp { then, asked, until }
            }
            (Self::Talking { then, .. }, VoiceChange::CallEnds(None)) => then.into(),
            (Self::WrapUp { then, until, .. }, VoiceChange::WrapUpOver(end)) if end == until => {
                then.into()
            }
            // Late and repeated news about a call that is over change nothing.
            (unchanged, VoiceChange::CallEnds(_) | VoiceChange::WrapUpOver(_)) => unchanged,
        };
        Ok((next != self).then_some(next))
    }

    /// What the agent asked for while a call keeps it from being so.
    pub fn pending(self) -> Option<AfterCall> {
        match self {
            Self::Talking { then, asked: true } | Self::WrapUp { then, asked: true, .. } => {
                Some(then)
            }
            _ => None,
        }
    }

    /// The name used in events and on the admin socket.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotReady { .. } => "not_ready",
            Self::Ready => "ready",
            Self::Talking { .. } => "talking",
            Self::WrapUp { .. } => "wrap_up",
        }
    }

    fn wished(self, wish: AfterCall) -> Self {
        match self {
            Self::Talking { .. } => Self::Talking { then: wish, asked: true },
            Self::Ready | Self::NotReady { .. } | Self::WrapUp { .. } => wish.into(),
        }
    }

    fn called(self, direction: CallDirection) -> Self {
        let then = match (self, direction) {
            (Self::Ready, CallDirection::Outbound) => AfterCall::NotReady(None),
            (Self::Ready, CallDirection::Inbound) => AfterCall::Ready,
            (Self::NotReady { reason }, _) => AfterCall::NotReady(reason),
            (Self::Talking { then, .. } | Self::WrapUp { then, .. }, _) => then,
        };
        let asked = matches!(self, Self::WrapUp { asked: true, .. });
        Self::Talking { then, asked }
    }
}

/// A voice state and since when it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voice {
    /// What the agent is doing.
    #[serde(flatten)]
    pub state: VoiceState,
    /// Since when; a change of reason counts, a change of what is pending does not.
    pub since: Timestamp,
}

impl Voice {
    /// The state of an agent who has just signed in.
    pub fn signed_in(now: Timestamp) -> Self {
        Self { state: VoiceState::NotReady { reason: None }, since: now }
    }

    /// This voice in `state` from `now` on.
    #[must_use]
    pub fn with(self, state: VoiceState, now: Timestamp) -> Self {
        let only_pending =
            matches!((self.state, state), (VoiceState::Talking { .. }, VoiceState::Talking { .. }));
        Self { state, since: if only_pending { self.since } else { now } }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LUNCH: Option<ReasonCode> = Some(ReasonCode(12));
    const END: Timestamp = Timestamp::from_seconds(30);

    /// Plays `changes` from a fresh sign-in; a refused one leaves the state as it was.
    #[track_caller]
    fn check(changes: &[VoiceChange], expected: VoiceState) {
        let mut state = VoiceState::NotReady { reason: None };
        for &change in changes {
            state = state.after(change).ok().flatten().unwrap_or(state);
        }
        assert_eq!(state, expected);
    }

    #[test]
    fn phn_05_ready_and_not_ready_with_a_reason() {
        use VoiceChange::{GoNotReady, GoReady};
        check(&[GoReady], VoiceState::Ready);
        check(&[GoReady, GoNotReady(LUNCH)], VoiceState::NotReady { reason: LUNCH });
    }

    #[test]
    fn phn_21_the_reason_changes_without_going_ready() {
        use VoiceChange::GoNotReady;
        let other = Some(ReasonCode(13));
        check(&[GoNotReady(LUNCH), GoNotReady(other)], VoiceState::NotReady { reason: other });
    }

    #[test]
    fn phn_21_a_wish_during_a_call_is_pending_until_it_ends() {
        use VoiceChange::{CallBegins, CallEnds, GoNotReady, GoReady};
        let then = AfterCall::NotReady(LUNCH);
        let inbound = CallBegins(CallDirection::Inbound);
        check(&[GoReady, inbound, GoNotReady(LUNCH)], VoiceState::Talking { then, asked: true });
        check(&[GoReady, inbound, GoNotReady(LUNCH), CallEnds(None)], then.into());
        check(&[GoReady, inbound, CallEnds(None)], VoiceState::Ready);
    }

    #[test]
    fn an_outbound_call_leaves_a_ready_agent_not_ready() {
        use VoiceChange::{CallBegins, CallEnds, GoReady};
        check(
            &[GoReady, CallBegins(CallDirection::Outbound), CallEnds(None)],
            VoiceState::NotReady { reason: None },
        );
    }

    #[test]
    fn wrap_up_ends_by_its_own_timer_or_by_a_new_state() {
        use VoiceChange::{CallBegins, CallEnds, GoNotReady, GoReady, WrapUpOver};
        let call = [GoReady, CallBegins(CallDirection::Inbound), CallEnds(Some(END))];
        check(&[&call[..], &[WrapUpOver(END)]].concat(), VoiceState::Ready);
        check(
            &[&call[..], &[WrapUpOver(Timestamp::from_seconds(29))]].concat(),
            VoiceState::WrapUp { then: AfterCall::Ready, asked: false, until: END },
        );
        check(&[&call[..], &[GoNotReady(LUNCH)]].concat(), VoiceState::NotReady { reason: LUNCH });
    }

    #[test]
    fn a_second_call_is_refused() {
        let talking = VoiceState::Talking { then: AfterCall::Ready, asked: false };
        let second = VoiceChange::CallBegins(CallDirection::Inbound);
        assert_eq!(talking.after(second), Err(Refusal::CallInProgress));
    }

    fn any_change() -> impl Strategy<Value = VoiceChange> {
        let reason = prop::option::of((0u16..4).prop_map(ReasonCode));
        let time = (0i64..4).prop_map(Timestamp::from_seconds);
        prop_oneof![
            Just(VoiceChange::GoReady),
            reason.prop_map(VoiceChange::GoNotReady),
            Just(VoiceChange::CallBegins(CallDirection::Inbound)),
            Just(VoiceChange::CallBegins(CallDirection::Outbound)),
            prop::option::of(time.clone()).prop_map(VoiceChange::CallEnds),
            time.prop_map(VoiceChange::WrapUpOver),
        ]
    }

    proptest! {
        /// A command repeated is a no-op (architecture: rules that hold everywhere).
        #[test]
        fn a_repeated_change_does_nothing(changes in prop::collection::vec(any_change(), 0..24)) {
            let mut state = VoiceState::NotReady { reason: None };
            for change in changes {
                let Ok(next) = state.after(change) else { continue };
                state = next.unwrap_or(state);
                let again = state.after(change);
                let repeated_call = matches!(change, VoiceChange::CallBegins(_));
                prop_assert!(again == Ok(None) || repeated_call, "{state:?} {change:?}");
            }
        }

        /// What an agent asks for holds at once, or is pending.
        #[test]
        fn a_wish_is_never_lost(
            changes in prop::collection::vec(any_change(), 0..24),
            reason in prop::option::of((0u16..4).prop_map(ReasonCode)),
        ) {
            let mut state = VoiceState::Ready;
            for change in changes {
                state = state.after(change).ok().flatten().unwrap_or(state);
            }
            let state = state.after(VoiceChange::GoNotReady(reason)).unwrap().unwrap_or(state);
            let wish = AfterCall::NotReady(reason);
            prop_assert!(state == wish.into() || state.pending() == Some(wish));
        }
    }
}
