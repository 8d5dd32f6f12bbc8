//! The contact-centre service: its configuration, what a phone wants of it, and what it hears back.

use super::{AgentState, DeviceName, Light, Mode, Moment, MuteButton, Refusal};

/// What a phone has to know to show an agent's state and to change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// How far the integration goes.
    pub mode: Mode,
    /// Who is signed in.
    pub agent: Option<String>,
    /// Why nobody is taken for signed in, where that needs somebody to act.
    pub agent_problem: Option<String>,
    /// Their state, where it is known.
    pub current: Option<Current>,
    /// Reasons to be not ready that the phone may offer.
    pub reasons: Vec<Reason>,
    /// The reason that the mute button gives.
    pub default_reason: Option<u32>,
    /// What the mute button does while no call is up.
    pub mute_button: MuteButton,
    /// What the base shows; nothing where it shows mute alone.
    pub lights: Option<Lights>,
}

/// A state, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Current {
    /// The state.
    pub state: AgentState,
    /// The reason that was given for it.
    pub reason: Option<u32>,
    /// Since when it is so.
    pub since: Option<Moment>,
}

/// A reason to be not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its code.
    pub code: u32,
    /// What agents read.
    pub label: String,
}

/// What the base shows while somebody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lights {
    /// In a call.
    pub in_call: Light,
    /// In a call, muted.
    pub in_call_muted: Light,
    /// Ready.
    pub ready: Light,
    /// Not ready.
    pub not_ready: Light,
}

impl Lights {
    /// The table that phones of the source have.
    pub const USUAL: Self = Self {
        in_call: Light::Green,
        in_call_muted: Light::Red,
        ready: Light::Off,
        not_ready: Light::Red,
    };
}

/// A change of state that a phone asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Which device says that it asks, where the body names one.
    pub device: Option<DeviceName>,
    /// The same in a repeat to the other node.
    pub request_id: Option<String>,
    /// `Ready` or `NotReady`; nothing else can be asked for.
    pub state: AgentState,
    /// Why.
    pub reason: Option<u32>,
    /// When the button was pressed, by the phone's clock.
    pub sent_at: Option<Moment>,
}

/// The answer to an update, and to whatever was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Why nothing was done, and the same for people.
    pub refused: Option<(Refusal, String)>,
    /// The agent's state now, where it is known.
    pub current: Option<Current>,
    /// The time here, so that a phone's clock can be compared.
    pub now: Option<Moment>,
}
