//! What an agent does, what a headset is told of it, and what its base's light then shows; pure.
//!
//! ```text
//!   Presence --status--> HeadsetStatus (REFER) --light(mode, the phone's own calls)--> Light
//! ```
//!
//! Calls are not told: a phone sees its own. While an agent is in one, or finishes one, what was told before
//! stays, and what follows is told afterwards (HST-04).

use domain::settings::HeadsetMode;
use domain::{HeadsetState, HeadsetStatus, Presence, PresenceState, ReasonCode};

/// What a base's light shows (HST-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// Nothing.
    Off,
    /// In a call that is heard.
    Green,
    /// Not Ready, or muted in a call.
    Red,
}

impl Light {
    /// Its name on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Green => "green",
            Self::Red => "red",
        }
    }
}

/// What a phone is told that was told `before`, its agent doing that; `None` where there is nothing to
/// tell. Nobody may be signed in.
pub fn status(presence: Option<&Presence>, before: Option<HeadsetStatus>) -> Option<HeadsetStatus> {
    let told = |state, reason: Option<ReasonCode>| HeadsetStatus {
        state,
        reason: reason.map_or(0, |code| u32::from(code.0)),
    };
    let wanted = match presence {
        None => told(HeadsetState::SignedOut, None),
        // What is not known is not told.
        Some(presence) if presence.not_known_since.is_some() => return None,
        Some(presence) => match presence.state {
            PresenceState::SignedOut { reason } => told(HeadsetState::SignedOut, reason),
            PresenceState::NotReady { reason } => told(HeadsetState::NotReady, reason),
            PresenceState::Ready => told(HeadsetState::Ready, None),
            PresenceState::Unknown => return None,
            PresenceState::Reserved
            | PresenceState::Talking
            | PresenceState::Held
            | PresenceState::Busy
            | PresenceState::WrapUp { .. } => match before.map(|before| before.state) {
                None | Some(HeadsetState::SignedOut) => told(HeadsetState::SignedIn, None),
                Some(_) => return None,
            },
        },
    };
    (before != Some(wanted)).then_some(wanted)
}

/// What a base's light shows, by the mode, by what the phone was told last and by the phone's own call:
/// whether there is one, and whether it is muted.
pub fn light(mode: HeadsetMode, told: Option<HeadsetState>, call: Option<bool>) -> Light {
    let shows_agent =
        mode != HeadsetMode::Disabled && !matches!(told, None | Some(HeadsetState::SignedOut));
    match (shows_agent, call, told) {
        // Mute alone.
        (_, Some(true), _) => Light::Red,
        (false, _, _) => Light::Off,
        (true, Some(false), _) => Light::Green,
        (true, None, Some(HeadsetState::NotReady)) => Light::Red,
        (true, None, _) => Light::Off,
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    const MODES: [HeadsetMode; 3] =
        [HeadsetMode::Disabled, HeadsetMode::Notification, HeadsetMode::NotificationAndControl];

    fn doing(state: PresenceState) -> Presence {
        let since = Timestamp::from_seconds(10);
        Presence { state, since, pending: None, until: None, calls: vec![], not_known_since: None }
    }

    fn all_states() -> Vec<PresenceState> {
        let reason = Some(ReasonCode(7));
        let states = vec![
            PresenceState::SignedOut { reason: None },
            PresenceState::SignedOut { reason },
            PresenceState::NotReady { reason: None },
            PresenceState::NotReady { reason },
            PresenceState::Ready,
            PresenceState::Reserved,
            PresenceState::Talking,
            PresenceState::Held,
            PresenceState::WrapUp { ready_afterwards: true },
            PresenceState::WrapUp { ready_afterwards: false },
            PresenceState::Busy,
            PresenceState::Unknown,
        ];
        let names: std::collections::BTreeSet<_> = states.iter().map(|it| it.name()).collect();
        assert_eq!(names.len(), PresenceState::NAMES.len(), "a state is missing here");
        states
    }

    fn all_told() -> Vec<Option<HeadsetStatus>> {
        let mut told = vec![None];
        for state in HeadsetState::ALL {
            told.extend([0, 7].map(|reason| Some(HeadsetStatus { state, reason })));
        }
        told
    }

    #[test]
    fn hst_04_every_state_has_its_number_and_calls_have_none() {
        for before in all_told() {
            for state in all_states() {
                let told = status(Some(&doing(state)), before);
                let now = told.or(before);
                let expected = match state {
                    PresenceState::SignedOut { reason } => Some((1, reason.map_or(0, |it| it.0))),
                    PresenceState::NotReady { reason } => Some((2, reason.map_or(0, |it| it.0))),
                    PresenceState::Ready => Some((3, 0)),
                    PresenceState::Unknown => {
                        assert_eq!(told, None);
                        None
                    }
                    _ if before.is_none_or(|it| it.state == HeadsetState::SignedOut) => {
                        Some((0, 0))
                    }
                    _ => {
                        assert_eq!(told, None, "{state:?} after {before:?}");
                        None
                    }
                };
                if let Some((number, reason)) = expected {
                    let now = now.unwrap();
                    assert_eq!((now.state.number(), now.reason), (number, u32::from(reason)));
                }
                // Whatever was told is not told again.
                assert_eq!(status(Some(&doing(state)), now), None);
            }
            let gone = status(None, before).or(before);
            assert_eq!(gone, Some(HeadsetStatus::plain(HeadsetState::SignedOut)));
        }
    }

    #[test]
    fn hst_14_what_is_not_known_is_not_told() {
        for before in all_told() {
            for state in all_states() {
                let mut presence = doing(state);
                presence.not_known_since = Some(Timestamp::from_seconds(20));
                assert_eq!(status(Some(&presence), before), None);
            }
        }
    }

    #[test]
    fn hst_03_the_light_follows_state_mode_and_call() {
        let states = std::iter::once(None).chain(HeadsetState::ALL.map(Some));
        for told in states {
            for mode in MODES {
                let signed_in = !matches!(told, None | Some(HeadsetState::SignedOut));
                let shows = mode != HeadsetMode::Disabled && signed_in;
                assert_eq!(light(mode, told, Some(true)), Light::Red, "{mode:?} {told:?}");
                let in_call = if shows { Light::Green } else { Light::Off };
                assert_eq!(light(mode, told, Some(false)), in_call, "{mode:?} {told:?}");
                let idle = match (shows, told) {
                    (true, Some(HeadsetState::NotReady)) => Light::Red,
                    _ => Light::Off,
                };
                assert_eq!(light(mode, told, None), idle, "{mode:?} {told:?}");
            }
        }
        assert_eq!(
            [Light::Off, Light::Green, Light::Red].map(Light::name),
            ["off", "green", "red"]
        );
    }
}
