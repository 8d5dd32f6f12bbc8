//! What agents are doing: supervisors read and change it for their teams, agents for themselves.

use std::sync::Arc;

use domain::settings::{Agent, PairOf, Settings};
use domain::{
    AgentId, AgentKey, AgentSession, Presence, PresenceState, ReasonCategory, ReasonCode, Role,
    Status, TeamName,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{AFTER, LIMIT, PAGE_USUAL, members};
use crate::asked::Asked;
use crate::openapi::{documents, schema};
use crate::operation::{Body, Given, Kind, LEADERS, Operation, Parameter, STAFF};
use crate::problem::Problem;
use crate::sections::{Page, Wanted, of_cursor, sees};
use crate::{Console, answer};

const TAG: &str = "Agents' states";
const HOLDING: Parameter = Parameter {
    name: "q",
    kind: Kind::Text(128),
    about: "Those whose id, name or alias holds that, small and capital letters alike.",
};
const STATES: [&str; 3] = ["ready", "not_ready", "signed_out"];

pub(super) fn operations() -> Vec<Operation> {
    let team = Parameter { name: "team", kind: Kind::Text(64), about: "Agents of that team." };
    let wish = schema::object(
        &[("state", schema::choice(&STATES))],
        &[(
            "reason_code",
            schema::about(schema::number(0, 65_535), "For not_ready and signed_out only."),
        )],
    );
    let id = || json!({"type": "string", "pattern": documents::AGENT_ID});
    let state = || schema::reference("AgentState");
    let path = "/api/v1/agents/{id}/state";
    vec![
        Operation::new(
            (Method::GET, "/api/v1/team-states"),
            "listTeamStates",
            "A page of what the agents of my teams are doing",
            LEADERS,
            list,
        )
        .tagged(TAG)
        .asks(&[LIMIT, AFTER, HOLDING, team])
        .refuses(&[404])
        .gives(StatusCode::OK, "A page.", schema::page(&state(), true)),
        Operation::new((Method::GET, path), "getAgentState", "What an agent is doing", STAFF, one)
            .tagged(TAG)
            .path_holds("id", id())
            .gives(StatusCode::OK, "What it is.", state()),
        Operation::new(
            (Method::PUT, path),
            "putAgentState",
            "Ask for another state of an agent",
            STAFF,
            wish_for,
        )
        .tagged(TAG)
        .path_holds("id", id())
        .takes(Body::Json(wish), 16 * 1024)
        .refuses(&[409, 504])
        .gives(StatusCode::OK, "What the agent is doing then.", state()),
    ]
}

/// The schema of what an agent is doing.
pub(crate) fn state_schema() -> Value {
    let text = || json!({"type": "string"});
    let call = schema::told(&[
        ("id", text()),
        ("direction", schema::choice(&["inbound", "outbound"])),
        ("number", text()),
        ("state", schema::choice(&["alerting", "dialling", "active", "held", "over"])),
        ("began_at", schema::time()),
    ]);
    let reason = schema::told(&[
        ("code", schema::number(0, 65_535)),
        ("label", json!({"type": ["string", "null"]})),
    ]);
    schema::told(&[
        ("agent", text()),
        ("name", text()),
        ("team", json!({"type": ["string", "null"]})),
        ("state", schema::choice(&PresenceState::NAMES)),
        ("reason", schema::or_null(reason)),
        ("pending", schema::or_null(schema::choice(&PresenceState::NAMES))),
        ("since", schema::or_null(schema::time())),
        ("not_known_since", schema::or_null(schema::time())),
        ("extension", json!({"type": ["string", "null"]})),
        ("device", json!({"type": ["string", "null"]})),
        ("call", schema::or_null(call)),
    ])
}

async fn list(console: Arc<Console>, asked: Asked) -> Given {
    let settings = console.port.settings();
    let principal = asked.principal()?;
    let visible = (!principal.has(Role::Administrator)).then_some(principal.teams.as_slice());
    led_team(&asked, &settings)?;
    let after = match asked.query("after") {
        None => None,
        Some(cursor) => {
            let name = of_cursor(cursor);
            Some(name.ok_or_else(|| Problem::query("after", "is no cursor of a page"))?)
        }
    };
    let limit = asked.number("limit").unwrap_or(PAGE_USUAL);
    let wanted = Wanted {
        after,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        holding: asked.query("q"),
        team: asked.query("team"),
        visible,
        ..Wanted::default()
    };
    let page = Page::of(&settings, domain::settings::Section::Agent, &wanted);
    let items = page.documents.iter().filter_map(|document| match document {
        domain::settings::SettingDocument::Agent(agent) => Some(agent),
        _ => None,
    });
    let items = items.map(|agent| {
        let session = seen_session(&console, &settings, &agent.id);
        told(&console, &settings, agent, session.as_deref())
    });
    let body = answer::page(items.collect(), page.next, Some(page.total));
    Ok(answer::json(StatusCode::OK, &body))
}

/// The team of the query, which the caller leads.
pub(crate) fn led_team(asked: &Asked, settings: &Settings) -> Result<Option<TeamName>, Problem> {
    let Some(wanted) = asked.query("team") else { return Ok(None) };
    let principal = asked.principal()?;
    let leads =
        |team: &TeamName| principal.has(Role::Administrator) || principal.teams.contains(team);
    let team = settings.teams.keys().find(|team| team.as_str() == wanted && leads(team));
    team.cloned().map(Some).ok_or_else(|| Problem::not_found("you lead no such team"))
}

/// What the phone of an agent shows, for those who lead the agent.
pub(super) async fn phone(console: Arc<Console>, asked: Asked) -> Given {
    let settings = console.port.settings();
    let agent = seen(&asked, &settings)?;
    if !leads(&asked, &agent) {
        return Err(Problem::not_found("there is no such agent, or none that you lead"));
    }
    let mut told = console.perform(&asked, "agent_phone", json!({"agent": agent.id})).await?;
    // As in the list of phones, where they are is for administrators.
    if !asked.has(Role::Administrator)
        && let Some(address) = told.pointer_mut("/screen/address")
    {
        *address = Value::Null;
    }
    Ok(answer::json(StatusCode::OK, &answer::with_times(told)))
}

/// The agent of the path, where the caller may look at it; others are as if they were not there.
fn seen(asked: &Asked, settings: &Settings) -> Result<Arc<Agent>, Problem> {
    let nobody = || Problem::not_found("there is no such agent, or none that you lead");
    let id: AgentId = asked.path("id").parse().map_err(|_| nobody())?;
    let agent = settings.agents.get(&id).cloned();
    agent.filter(|agent| is_own(asked, &agent.id) || leads(asked, agent)).ok_or_else(nobody)
}

/// Whether the caller may look after that agent.
fn leads(asked: &Asked, agent: &Agent) -> bool {
    asked.request.principal.as_ref().is_some_and(|principal| {
        principal.has(Role::Administrator)
            || (principal.has(Role::Supervisor) && sees(&principal.teams, agent))
    })
}

/// In which role somebody asks for a state: whoever asks for themselves is an agent like others.
fn role(asked: &Asked, agent: &Agent) -> &'static str {
    match (is_own(asked, &agent.id), asked.has(Role::Administrator)) {
        (true, _) => "agent",
        (false, true) => "administrator",
        (false, false) => "supervisor",
    }
}

fn is_own(asked: &Asked, agent: &AgentId) -> bool {
    let identity = asked.request.principal.as_ref().and_then(|it| it.identity.as_ref());
    identity.as_ref().is_some_and(|identity| identity.is_agent(agent))
}

async fn one(console: Arc<Console>, asked: Asked) -> Given {
    let settings = console.port.settings();
    let agent = seen(&asked, &settings)?;
    Ok(answer::json(StatusCode::OK, &state_of(&console, &settings, &agent)))
}

async fn wish_for(console: Arc<Console>, asked: Asked) -> Given {
    let settings = console.port.settings();
    let agent = seen(&asked, &settings)?;
    let (state, reason) = asked.read(|reader| {
        if !reader.has("state") {
            reader.problem("state", "is missing");
        }
        let state = reader.choice("state", &STATES.map(|state| (state, state)));
        let reason = reader.number("reason_code", 0..=65_535);
        if state == Some("ready") && reason.is_some() {
            reader.problem("reason_code", "is for not_ready and signed_out only");
        }
        Some((state?, reason))
    })?;
    let own = state == "signed_out" && !leads(&asked, &agent);
    if own {
        // Agents sign out by the rule of their phones; a supervisor may force it.
        let session = seen_session(&console, &settings, &agent.id);
        let presence = session.and_then(|session| console.port.presence(&session));
        let may = presence.is_none_or(|it| matches!(it.state, PresenceState::NotReady { .. }));
        if !may {
            let detail = "be not ready first, then sign out";
            return Err(Problem::new("sign_out_needs_not_ready", detail));
        }
    }
    let members = members([
        ("agent", Some(json!(agent.id))),
        ("state", Some(json!(state))),
        ("reason", reason.map(Value::from)),
        ("own", own.then_some(json!(true))),
        ("by", Some(json!(role(&asked, &agent)))),
    ]);
    console.perform(&asked, "agent_state", members).await?;
    Ok(answer::json(StatusCode::OK, &state_of(&console, &settings, &agent)))
}

/// The agent's session as this node has seen it, on whichever pair it is.
fn seen_session(console: &Console, settings: &Settings, id: &AgentId) -> Option<Arc<AgentSession>> {
    let pairs = match settings.pair_of(id) {
        PairOf::Owned => return console.port.seen_session(&AgentKey::owned(id.clone())),
        PairOf::One(pair) => vec![pair],
        PairOf::Unsettled(pairs) => pairs,
    };
    let keys = pairs.into_iter().map(|pair| AgentKey { pair, id: id.clone() });
    let mut sessions: Vec<_> = keys.filter_map(|key| console.port.seen_session(&key)).collect();
    // One that lasts counts before one that is over.
    let lasting = sessions.iter().position(|session| session.signed_in().is_some());
    (!sessions.is_empty()).then(|| sessions.swap_remove(lasting.unwrap_or(0)))
}

/// What an agent is doing, as it is told.
pub(crate) fn state_of(console: &Console, settings: &Settings, agent: &Agent) -> Value {
    let session = seen_session(console, settings, &agent.id);
    told(console, settings, agent, session.as_deref())
}

fn told(
    console: &Console,
    settings: &Settings,
    agent: &Agent,
    session: Option<&AgentSession>,
) -> Value {
    let signed_in = session.and_then(AgentSession::signed_in);
    let presence = session.and_then(|session| console.port.presence(session));
    let over = session.and_then(|session| match &session.status {
        Status::SignedIn(_) => None,
        Status::Leaving(leaving) => Some((leaving.at, leaving.reason)),
        Status::SignedOut(signed_out) => Some((signed_out.at, signed_out.reason)),
    });
    let (state, since) = match (&presence, over) {
        (Some(presence), _) => (presence.state, Some(presence.since)),
        (None, Some((at, reason))) => (PresenceState::SignedOut { reason }, Some(at)),
        (None, None) => (PresenceState::SignedOut { reason: None }, None),
    };
    let reason = |category, code: ReasonCode| {
        let label = settings.reasons.get(&(category, code)).map(|reason| &reason.label);
        json!({"code": code, "label": label})
    };
    let reason = match state {
        PresenceState::NotReady { reason: Some(code) } => reason(ReasonCategory::NotReady, code),
        PresenceState::SignedOut { reason: Some(code) } => reason(ReasonCategory::SignOut, code),
        _ => Value::Null,
    };
    let call = presence.as_ref().and_then(Presence::call).map(|call| {
        json!({
            "id": call.id,
            "direction": call.direction,
            "number": call.number,
            "state": call.state,
            "began_at": answer::time(call.began_at),
        })
    });
    json!({
        "agent": agent.id,
        "name": agent.called(),
        "team": agent.team,
        "state": state.name(),
        "reason": reason,
        "pending": presence.as_ref().and_then(|it| it.pending).map(PresenceState::name),
        "since": since.map(answer::time),
        "not_known_since": presence.as_ref().and_then(|it| it.not_known_since).map(answer::time),
        "extension": signed_in.map(|it| &it.extension),
        "device": signed_in.and_then(|it| it.device.as_ref()),
        "call": call,
    })
}
