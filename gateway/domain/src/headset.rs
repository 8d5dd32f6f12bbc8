//! What a headset behind a phone is told of its agent (HST-03, HST-04, HST-05).

use serde::Serialize;

/// A state that headsets know. Calls are none of them: a phone sees those by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadsetState {
    /// Somebody is signed in, and what they do is not known yet, or a call.
    SignedIn,
    /// Nobody is signed in.
    SignedOut,
    /// The agent takes no calls.
    NotReady,
    /// The agent takes calls.
    Ready,
}

impl HeadsetState {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::SignedIn, Self::SignedOut, Self::NotReady, Self::Ready];

    /// Its number on the wire (HST-04): 0 to 3.
    pub fn number(self) -> u8 {
        match self {
            Self::SignedIn => 0,
            Self::SignedOut => 1,
            Self::NotReady => 2,
            Self::Ready => 3,
        }
    }

    /// Its name in figures and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::SignedOut => "signed_out",
            Self::NotReady => "not_ready",
            Self::Ready => "ready",
        }
    }
}

/// A state with its reason, as a phone is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct HeadsetStatus {
    /// The state.
    pub state: HeadsetState,
    /// The code of the reason; 0 where none came.
    pub reason: u32,
}

impl HeadsetStatus {
    /// That state, without a reason.
    pub fn plain(state: HeadsetState) -> Self {
        Self { state, reason: 0 }
    }
}

/// What changed for headsets, so that phones ask anew (HST-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeadsetNews {
    /// The contact centre's configuration, which phones fetch again.
    ConfigurationChanged,
    /// The services, which phones discover anew; they fetch the configuration then as well.
    ServicesChanged,
}

impl HeadsetNews {
    /// Both, the lesser first.
    pub const ALL: [Self; 2] = [Self::ConfigurationChanged, Self::ServicesChanged];

    /// Its name in figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfigurationChanged => "configuration_changed",
            Self::ServicesChanged => "services_changed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hst_04_states_have_the_numbers_of_the_source() {
        let numbers = HeadsetState::ALL.map(HeadsetState::number);
        assert_eq!(numbers, [0, 1, 2, 3]);
        let names = HeadsetState::ALL.map(HeadsetState::name);
        assert_eq!(names, ["signed_in", "signed_out", "not_ready", "ready"]);
    }
}
