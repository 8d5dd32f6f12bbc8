//! What an agent's phone shows now, and where each state of the agent came from (BYD-03).

use std::sync::Arc;

use console::Failure;
use domain::settings::{PairOf, Settings};
use domain::{
    AgentId, AgentKey, AgentSession, CameFrom, DeviceName, Origin, Presence, PresenceState,
    ReasonCategory, SignedIn, SignedOutBy, Status, Timestamp,
};
use phone::{PhonePage, PhoneSight};
use serde_json::{Value, json};

use crate::node::Shared;

/// One state, told.
struct State {
    what: &'static str,
    value: Value,
    owner: &'static str,
    came: Option<CameFrom>,
    at: Option<Timestamp>,
    detail: Option<String>,
}

impl State {
    fn new(what: &'static str, value: impl Into<Value>, owner: &'static str) -> Self {
        Self { what, value: value.into(), owner, came: None, at: None, detail: None }
    }

    /// The same, by whom it was caused and when.
    fn from(mut self, came: Option<CameFrom>) -> Self {
        self.at = self.at.or(came.map(|came| came.at));
        self.came = came;
        self
    }

    fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }

    fn with(mut self, detail: Option<String>) -> Self {
        self.detail = detail;
        self
    }

    fn json(self) -> Value {
        json!({
            "what": self.what,
            "value": self.value,
            "owner": self.owner,
            "came_from": self.came.map(|came| came.from.name()),
            "at": self.at.map(Timestamp::microseconds),
            "detail": self.detail,
        })
    }
}

pub(super) fn agent_phone(shared: &Shared, id: &AgentId) -> Result<Value, Failure> {
    let settings = shared.engine.settings();
    if !settings.agents.contains_key(id) {
        return Err(Failure::new("agent_unknown", "no agent has that id"));
    }
    let session = session_of(shared, &settings, id);
    let sight = session.as_deref().and_then(|it| (shared.sights)(it).into_iter().next());
    let signed_in = session.as_deref().and_then(AgentSession::signed_in);
    let device = sight.as_ref().map(|sight| sight.device.clone());
    let device =
        device.or_else(|| signed_in.and_then(|it| it.screen.clone().or(it.device.clone())));
    let states = states(shared, &settings, session.as_deref(), device.as_ref());
    let push = device.as_ref().and_then(|device| {
        let mut pushes = (shared.pushes)().into_iter();
        pushes.find(|push| push.device == device.as_str())
    });
    let screen = sight.as_ref().map(|sight| {
        json!({
            "behind": sight.is_behind,
            "closed": sight.is_closed,
            "lost": sight.is_lost,
            "address": sight.address,
            "last_push": push.as_ref().map(|it| it.reason),
            "push_problem": push.as_ref().and_then(|it| it.problem),
            "last_push_at": push.as_ref().map(|it| it.since.microseconds()),
        })
    });
    Ok(json!({
        "agent": id,
        "device": device,
        "device_model": sight.as_ref().and_then(|it| it.model.as_deref()),
        "channel": sight.as_ref().is_some_and(|it| it.has_channel),
        "page": sight.as_ref().map(|it| page(&it.page)),
        "shown_at": sight.as_ref().map(|it: &PhoneSight| it.shown_at.microseconds()),
        "screen": screen,
        "states": states.into_iter().map(State::json).collect::<Vec<_>>(),
    }))
}

/// The agent's session, on whichever pair they are; one that lasts before one that is over.
fn session_of(shared: &Shared, settings: &Settings, id: &AgentId) -> Option<Arc<AgentSession>> {
    let keys = match settings.pair_of(id) {
        PairOf::Owned => vec![AgentKey::owned(id.clone())],
        PairOf::One(pair) => vec![AgentKey { pair, id: id.clone() }],
        PairOf::Unsettled(pairs) => {
            pairs.into_iter().map(|pair| AgentKey { pair, id: id.clone() }).collect()
        }
    };
    let sessions = keys.iter().filter_map(|key| shared.port.seen_session(key));
    let mut sessions: Vec<_> = sessions.collect();
    let lasting = sessions.iter().position(|session| session.signed_in().is_some());
    (!sessions.is_empty()).then(|| sessions.swap_remove(lasting.unwrap_or(0)))
}

fn page(page: &PhonePage) -> Value {
    let keys = page.soft_keys.iter();
    let keys = keys.map(|key| json!({"position": key.position, "name": key.name}));
    json!({
        "kind": page.kind,
        "title": page.title,
        "prompt": page.prompt,
        "text": page.text,
        "items": page.items,
        "soft_keys": keys.collect::<Vec<_>>(),
        "xml": page.xml,
    })
}

fn states(
    shared: &Shared,
    settings: &Settings,
    session: Option<&AgentSession>,
    device: Option<&DeviceName>,
) -> Vec<State> {
    let mut states = vec![of_session(session)];
    if let Some((session, signed_in)) = session.and_then(|it| Some((it, it.signed_in()?))) {
        if let Some(presence) = shared.engine.presence(session) {
            let came = match session.agent.is_owned() {
                true => [signed_in.origins.state, signed_in.origins.pending],
                false => shared.port.came_from(&session.agent),
            };
            states.extend(of_voice(settings, session, signed_in, &presence, came));
        }
        let came = signed_in.origins.session;
        states.push(State::new("device", json!(signed_in.device), "gateway").from(came));
    }
    states.extend(device.and_then(|device| registration(shared, device)));
    states.extend(device.and_then(|device| headset(shared, device)));
    states
}

fn of_session(session: Option<&AgentSession>) -> State {
    let what = "session";
    let by = |by, at| {
        let from = match by {
            SignedOutBy::Agent => return None,
            SignedOutBy::Supervisor => Origin::Supervisor,
            SignedOutBy::System => Origin::Gateway,
        };
        Some(CameFrom { from, at })
    };
    match session.map(|session| &session.status) {
        None => State::new(what, "none", "gateway"),
        Some(Status::SignedIn(it)) => State::new(what, "signed_in", "gateway")
            .at(it.at)
            .from(it.origins.session)
            .with(Some(format!("line {} at node {}", it.extension, it.node))),
        Some(Status::Leaving(it)) => {
            State::new(what, "leaving", "gateway").at(it.at).from(by(it.by, it.at))
        }
        Some(Status::SignedOut(it)) => {
            State::new(what, "signed_out", "gateway").at(it.at).from(by(it.by, it.at))
        }
    }
}

fn of_voice(
    settings: &Settings,
    session: &AgentSession,
    signed_in: &SignedIn,
    presence: &Presence,
    [state_came, pending_came]: [Option<CameFrom>; 2],
) -> Vec<State> {
    let owner = if session.agent.is_owned() { "gateway" } else { "cti" };
    let unknown = presence.not_known_since.map(|_| "not known any more".to_owned());
    let mut states = vec![
        State::new("voice_state", presence.state.name(), owner)
            .at(presence.since)
            .from(state_came)
            .with(unknown),
    ];
    let reason = match presence.state {
        PresenceState::NotReady { reason } => reason.map(|code| (ReasonCategory::NotReady, code)),
        PresenceState::SignedOut { reason } => reason.map(|code| (ReasonCategory::SignOut, code)),
        _ => None,
    };
    if let Some((category, code)) = reason {
        let label = settings.reasons.get(&(category, code)).map(|it| it.label.clone());
        let state = State::new("reason", json!(code), owner).at(presence.since);
        states.push(state.from(state_came).with(label));
    }
    if let Some(pending) = presence.pending {
        states.push(State::new("pending", pending.name(), owner).from(pending_came));
    }
    if let Some(call) = presence.call() {
        let by_owner = CameFrom { from: Origin::Cti, at: call.began_at };
        let came = if session.agent.is_owned() { signed_in.origins.call } else { Some(by_owner) };
        states.push(State::new("call", json!(call.state), owner).at(call.began_at).from(came));
        if let Some(code) = call.wrap_up_reason {
            let label = settings.reasons.get(&(ReasonCategory::WrapUp, code));
            let state = State::new("wrap_up_reason", json!(code), owner);
            let state = state.from(signed_in.origins.wrap_up_reason);
            states.push(state.with(label.map(|it| it.label.clone())));
        }
    }
    if let Some(until) = presence.until {
        let came = CameFrom { from: Origin::Timer, at: until };
        states.push(State::new("wrap_up_ends", Value::Null, owner).from(Some(came)));
    }
    states
}

/// Whether the phone is registered here.
fn registration(shared: &Shared, device: &DeviceName) -> Option<State> {
    let sip = shared.sip.as_ref().filter(|_| shared.engine.settings().sip.is_on())?;
    let found = sip.registered().into_iter().find(|it| it.device == device.as_str());
    let state = match &found {
        None => "not_registered",
        Some(it) if it.is_reachable => "registered",
        Some(_) => "unreachable",
    };
    let transport = found.map(|it| it.transport.to_ascii_lowercase());
    Some(State::new("registration", state, "sip").with(transport))
}

/// What the light of the phone's headset shows.
fn headset(shared: &Shared, device: &DeviceName) -> Option<State> {
    let seen = shared.headset.as_ref()?.seen().into_iter().find(|it| it.device == *device)?;
    let detail = seen.problem.clone().or_else(|| {
        let told = seen.told.map(|told| told.state.name());
        told.map(|state| format!("told {state}"))
    });
    Some(State::new("headset_light", seen.light.name(), "gateway").with(detail))
}
