//! The headset and its base: what the light shows and what the mute key does, without network or clock.
//!
//! ```text
//!   mode      mute key, idle    mute key, in a call    light
//!   disabled  mutes             mutes                  mute
//!   notify    mutes             mutes                  agent
//!   control   asks for a state  mutes                  agent
//! ```
//!
//! The light shows the agent only while one is signed in, and only what the service told: a press of the
//! key never turns it. A call is the phone's own knowledge; mute ends with it.

use serde_json::{Value, json};

/// What the integration lets the headset do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Disabled,
    Notify,
    Control,
}

impl Mode {
    /// By the service's name for it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Disabled, Self::Notify, Self::Control].into_iter().find(|it| it.name() == name)
    }

    /// As the service names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Notify => "notify",
            Self::Control => "control",
        }
    }
}

/// What the mute key is for while there is no call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MuteKey {
    Mute,
    #[default]
    ReadyToggle,
}

impl MuteKey {
    /// By the service's name for it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Mute, Self::ReadyToggle].into_iter().find(|it| it.name() == name)
    }

    /// As the service names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::ReadyToggle => "readyToggle",
        }
    }
}

/// The agent's state as headsets know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentState {
    Login,
    Logout,
    NotReady,
    Ready,
}

impl AgentState {
    /// All of them, each at the place of its number.
    pub(crate) const ALL: [Self; 4] = [Self::Login, Self::Logout, Self::NotReady, Self::Ready];

    /// By the number in a REFER.
    pub(crate) fn numbered(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.number() == number)
    }

    /// By the service's name for it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The number in a REFER.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Login => 0,
            Self::Logout => 1,
            Self::NotReady => 2,
            Self::Ready => 3,
        }
    }

    /// As the service names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Login => "Login",
            Self::Logout => "Logout",
            Self::NotReady => "NotReady",
            Self::Ready => "Ready",
        }
    }
}

/// The base's light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Light {
    Off,
    Green,
    Red,
}

impl Light {
    /// In a word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Green => "green",
            Self::Red => "red",
        }
    }
}

/// What a press of the mute key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    /// The microphone is muted now, or not any more.
    Muted(bool),
    /// The service is asked for that state.
    Ask(AgentState),
}

/// One headset with its base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Base {
    /// What the service allows.
    pub(crate) mode: Mode,
    /// What it says the mute key is for.
    pub(crate) mute_key: MuteKey,
    /// The state last told, and its reason; `None` where none was.
    pub(crate) state: Option<AgentState>,
    pub(crate) reason: u64,
    pub(crate) in_call: bool,
    pub(crate) muted: bool,
    /// Whether the headset is there at all.
    pub(crate) plugged: bool,
}

impl Default for Base {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            mute_key: MuteKey::default(),
            state: None,
            reason: 0,
            in_call: false,
            muted: false,
            plugged: true,
        }
    }
}

impl Base {
    /// Whether an agent is signed in, as far as the service told.
    pub(crate) fn is_signed_in(&self) -> bool {
        !matches!(self.state, None | Some(AgentState::Logout))
    }

    /// What the light shows.
    pub(crate) fn light(&self) -> Light {
        let shows_agent = self.mode != Mode::Disabled && self.is_signed_in();
        match (shows_agent, self.in_call, self.muted) {
            _ if !self.plugged => Light::Off,
            (false, _, true) | (true, true, true) => Light::Red,
            (false, _, false) => Light::Off,
            (true, true, false) => Light::Green,
            (true, false, _) => match self.state {
                Some(AgentState::NotReady) => Light::Red,
                _ => Light::Off,
            },
        }
    }

    /// The state the mute key asks for, were it pressed now; `None` where it mutes.
    pub(crate) fn would_ask(&self) -> Option<AgentState> {
        let toggles = self.mode == Mode::Control && self.mute_key == MuteKey::ReadyToggle;
        (toggles && self.is_signed_in() && !self.in_call).then(|| self.other_state())
    }

    /// Not Ready for who is Ready, else Ready.
    pub(crate) fn other_state(&self) -> AgentState {
        match self.state {
            Some(AgentState::Ready) => AgentState::NotReady,
            _ => AgentState::Ready,
        }
    }

    /// Presses the mute key.
    pub(crate) fn press(&mut self) -> Press {
        match self.would_ask() {
            Some(state) => Press::Ask(state),
            None => {
                self.muted = !self.muted;
                Press::Muted(self.muted)
            }
        }
    }

    /// The service told the agent's state.
    pub(crate) fn told(&mut self, state: AgentState, reason: u64) {
        (self.state, self.reason) = (Some(state), reason);
    }

    /// A call begins on the phone's line.
    pub(crate) fn call_begins(&mut self) {
        self.in_call = true;
    }

    /// It ends, and mute with it.
    pub(crate) fn call_ends(&mut self) {
        (self.in_call, self.muted) = (false, false);
    }

    /// All of it for programs.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "light": self.light().name(), "muted": self.muted, "in_call": self.in_call,
            "plugged": self.plugged, "mode": self.mode.name(), "mute_button": self.mute_key.name(),
            "state": self.state.map(AgentState::name), "reason": self.reason,
            "signed_in": self.is_signed_in(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODES: [Mode; 3] = [Mode::Disabled, Mode::Notify, Mode::Control];

    /// Every base there can be with its headset plugged in.
    fn all() -> Vec<Base> {
        let states = AgentState::ALL.map(Some).into_iter().chain([None]);
        let mut bases = Vec::new();
        for state in states {
            for mode in MODES {
                for mute_key in [MuteKey::Mute, MuteKey::ReadyToggle] {
                    for (in_call, muted) in
                        [(false, false), (false, true), (true, false), (true, true)]
                    {
                        let (reason, plugged) = (0, true);
                        bases.push(Base { mode, mute_key, state, reason, in_call, muted, plugged });
                    }
                }
            }
        }
        bases
    }

    #[test]
    fn hst_03_the_light_follows_the_agent_where_the_mode_shows_one() {
        use AgentState::{Login, NotReady, Ready};
        let mut seen = 0;
        for base in all() {
            let signed_in = matches!(base.state, Some(Login | NotReady | Ready));
            let expected = if base.mode != Mode::Disabled && signed_in {
                // The table of the reference, row by row.
                match (base.in_call, base.muted, base.state) {
                    (true, false, _) => "green",
                    (true, true, _) => "red",
                    (false, _, Some(Ready)) => "off",
                    (false, _, Some(NotReady)) => "red",
                    // The table has no row for somebody who has just signed in.
                    (false, _, _) => "off",
                }
            } else if base.muted {
                "red"
            } else {
                "off"
            };
            assert_eq!(base.light().name(), expected, "{base:?}");
            assert_eq!(Base { plugged: false, ..base }.light(), Light::Off);
            seen += 1;
        }
        assert_eq!(seen, 5 * 3 * 2 * 4);
    }

    #[test]
    fn hst_02_the_mute_key_asks_in_control_while_idle_and_mutes_else() {
        for base in all() {
            let mut after = base.clone();
            let press = after.press();
            let asks = base.mode == Mode::Control
                && base.mute_key == MuteKey::ReadyToggle
                && base.is_signed_in()
                && !base.in_call;
            if asks {
                let wanted = match base.state {
                    Some(AgentState::Ready) => AgentState::NotReady,
                    _ => AgentState::Ready,
                };
                assert_eq!(press, Press::Ask(wanted), "{base:?}");
                assert_eq!(after, base, "the key turned something by itself");
            } else {
                assert_eq!(press, Press::Muted(!base.muted), "{base:?}");
                assert_eq!(after, Base { muted: !base.muted, ..base });
            }
        }
    }

    #[test]
    fn mute_ends_with_the_call() {
        let mut base = Base { mode: Mode::Control, ..Base::default() };
        base.told(AgentState::Ready, 0);
        base.call_begins();
        assert_eq!((base.press(), base.light()), (Press::Muted(true), Light::Red));
        base.call_ends();
        assert_eq!((base.muted, base.light()), (false, Light::Off));
    }

    #[test]
    fn hst_04_states_have_the_numbers_of_the_reference() {
        let named = |number| AgentState::numbered(number).map(AgentState::name);
        let expected = [(0, "Login"), (1, "Logout"), (2, "NotReady"), (3, "Ready")];
        for (number, name) in expected {
            assert_eq!(named(number), Some(name));
            assert_eq!(AgentState::named(name).map(AgentState::number), Some(number));
        }
        assert_eq!(named(4), None);
    }
}
