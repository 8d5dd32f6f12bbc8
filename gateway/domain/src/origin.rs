//! Where the states of an agent came from: who asked last for what is so (BYD-03).
//!
//! Noted where a decision is made, by comparing the session before and after it: so nothing that changes a
//! session is left out, and no rule has to think of it. The kind of an input's id says which peer asks.

use serde::{Deserialize, Serialize};

use crate::step::{Command, Input, InputBody, Report};
use crate::view::Loaded;
use crate::{
    AgentSession, Decision, Document, SignInOn, SignedIn, Status, Timestamp, View, VoiceState,
    WriteBody,
};

/// Kinds of input ids whose inputs agents or those who lead them cause.
const KINDS: [(&str, Origin); 5] = [
    ("phone", Origin::Phone),
    ("headset", Origin::Headset),
    ("supervisor", Origin::Supervisor),
    ("desktop", Origin::Desktop),
    ("admin", Origin::Administrator),
];

/// Who caused something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The agent, on their phone's screen.
    Phone,
    /// The agent, on their headset.
    Headset,
    /// The agent, in a desktop client or browser.
    Desktop,
    /// Somebody who leads the agent's team.
    Supervisor,
    /// An administrator, in the console or on the command line.
    Administrator,
    /// The contact centre's server.
    Cti,
    /// The gateway, by its rules.
    Gateway,
    /// A time that was set and is over.
    Timer,
}

impl Origin {
    /// Every name there is.
    pub const NAMES: [&'static str; 8] =
        ["phone", "headset", "desktop", "supervisor", "administrator", "cti", "gateway", "timer"];

    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Headset => "headset",
            Self::Desktop => "desktop",
            Self::Supervisor => "supervisor",
            Self::Administrator => "administrator",
            Self::Cti => "cti",
            Self::Gateway => "gateway",
            Self::Timer => "timer",
        }
    }

    /// Who caused an input.
    pub fn of(input: &Input) -> Self {
        match &input.body {
            InputBody::Command(Command::SignIn(sign_in)) => match sign_in.on {
                SignInOn::Phone { .. } => Self::Phone,
                SignInOn::Client { .. } => Self::Desktop,
                SignInOn::Local => Self::Administrator,
            },
            InputBody::Command(_) => {
                let kind = input.id.as_str().split('/').next().unwrap_or_default();
                let known = KINDS.iter().find(|(known, _)| *known == kind);
                known.map_or(Self::Gateway, |(_, origin)| *origin)
            }
            InputBody::Report(Report::WakeDue(_)) => Self::Timer,
            InputBody::Report(Report::VoiceSignedOut { .. } | Report::Left { .. }) => Self::Cti,
            InputBody::Report(Report::ClientPresence { .. }) => Self::Desktop,
            InputBody::Report(_) => Self::Gateway,
        }
    }
}

/// Who caused something, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameFrom {
    /// Who.
    pub from: Origin,
    /// When.
    pub at: Timestamp,
}

/// Where what stands in a session came from; nothing where it was so before that was noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origins {
    /// The session itself, its line and its phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<CameFrom>,
    /// The voice state, where the gateway owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<CameFrom>,
    /// What follows a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<CameFrom>,
    /// The call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CameFrom>,
    /// What the call was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrap_up_reason: Option<CameFrom>,
}

impl Origins {
    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is so after `next`, compared with what was before.
    fn followed(before: Option<&SignedIn>, next: &SignedIn, came: CameFrom) -> Self {
        let mut origins = before.map(|before| before.origins).unwrap_or_default();
        let held = |it: &SignedIn| {
            let phones = (it.device.clone(), it.screen.clone(), it.mobile.clone());
            (it.at, it.extension.clone(), phones, it.client.is_some())
        };
        if before.map(held) != Some(held(next)) {
            origins.session = Some(came);
        }
        let shown = |it: &SignedIn| {
            it.voice.map(|voice| match voice.state {
                VoiceState::NotReady { reason } => ("not_ready", reason),
                state => (state.name(), None),
            })
        };
        if before.and_then(shown) != shown(next) {
            origins.state = next.voice.map(|_| came);
        }
        let pending = |it: &SignedIn| it.voice.and_then(|voice| voice.state.pending());
        if before.and_then(pending) != pending(next) {
            origins.pending = pending(next).map(|_| came);
        }
        let call = |it: &SignedIn| it.call.as_ref().map(|call| call.id.clone());
        if before.and_then(call) != call(next) {
            origins.call = next.call.as_ref().map(|_| came);
        }
        let reason = |it: &SignedIn| it.call.as_ref().and_then(|call| call.wrap_up_reason);
        if before.and_then(reason) != reason(next) {
            origins.wrap_up_reason = reason(next).map(|_| came);
        }
        origins
    }
}

/// The decision with the origin of what it changes in sessions.
pub(crate) fn noted(
    mut decision: Decision,
    now: Timestamp,
    input: &Input,
    view: &View,
) -> Decision {
    let came = CameFrom { from: Origin::of(input), at: now };
    for write in &mut decision.writes {
        let WriteBody::Put(Document::Session(AgentSession {
            status: Status::SignedIn(next), ..
        })) = &mut write.body
        else {
            continue;
        };
        let before = match view.document(&write.key) {
            Ok(Some(Loaded { document: Document::Session(session), .. })) => session.signed_in(),
            _ => None,
        };
        next.origins = Origins::followed(before, next, came);
    }
    decision
}
