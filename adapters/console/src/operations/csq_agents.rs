//! The agents who qualify for a contact service queue now (CCP-14).

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use domain::routing::{competence, qualifies};
use domain::settings::{Agent, Channel, Csq, Settings};
use domain::{AgentId, Desk, PresenceState};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::settings_documents::name_schema;
use super::{AFTER, LIMIT, PAGE_USUAL, state_of};
use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Given, Operation};
use crate::problem::Problem;
use crate::sections::{RESOURCES, cursor, of_cursor};
use crate::{Console, answer};

const DESK_STATES: [&str; 3] = ["ready", "not_ready", "signed_out"];

pub(super) fn operations() -> Vec<Operation> {
    let resource = RESOURCES.iter().find(|it| it.item == "/api/v1/csqs/{name}");
    let Some(resource) = resource else { return Vec::new() };
    vec![
        Operation::new(
            (Method::GET, "/api/v1/csqs/{name}/agents"),
            "listCsqAgents",
            "A page of the agents who qualify for a contact service queue now",
            ADMINISTRATORS,
            list,
        )
        .described(
            "Whoever has every skill of the queue at the least competence or above, by id, signed in or not. \
             States are as this node has seen them.",
        )
        .tagged("Agents' states")
        .path_holds("name", name_schema(resource, "name"))
        .asks(&[LIMIT, AFTER])
        .gives(StatusCode::OK, "A page.", schema::page(&schema::reference("CsqAgent"), true)),
    ]
}

/// The schema of an agent who qualifies.
pub(crate) fn csq_agent_schema() -> Value {
    let text = || json!({"type": "string"});
    let channel = schema::told(&[
        ("channel", schema::choice(&Channel::NAMED.map(|(name, _)| name))),
        (
            "places",
            schema::about(schema::number(1, 5), "How many contacts at once, by the settings."),
        ),
        (
            "free",
            schema::about(
                schema::or_null(schema::number(0, 5)),
                "How many more could come now; null where that is not known.",
            ),
        ),
    ]);
    schema::told(&[
        ("agent", text()),
        ("name", text()),
        ("team", schema::or_null(text())),
        ("competence", schema::about(schema::number(1, 10_000), "In the queue's skills, in sum.")),
        ("skills", json!({"type": "object", "additionalProperties": {"type": "integer"}})),
        (
            "channels",
            schema::about(
                json!({"type": "array", "items": channel}),
                "By what contacts come to the agent, as the skills over all queues give.",
            ),
        ),
        ("state", schema::about(schema::choice(&DESK_STATES), "For digital contacts.")),
        ("since", schema::or_null(schema::time())),
        ("voice_state", schema::choice(&PresenceState::NAMES)),
    ])
}

async fn list(console: Arc<Console>, asked: Asked) -> Given {
    let settings = console.port.settings();
    let nothing = || Problem::not_found("there is no such contact service queue");
    let csq = settings.csqs.get(asked.path("name")).ok_or_else(nothing)?;
    let after = match asked.query("after") {
        None => None,
        Some(text) => {
            let id = of_cursor(text).and_then(|id| id.parse::<AgentId>().ok());
            Some(id.ok_or_else(|| Problem::query("after", "is no cursor of a page"))?)
        }
    };
    let limit = usize::try_from(asked.number("limit").unwrap_or(PAGE_USUAL)).unwrap_or(usize::MAX);
    let is_one = |agent: &Agent| qualifies(&agent.skills, &csq.skills);
    let total = settings.agents.values().filter(|agent| is_one(agent)).count();
    let begin = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
    let rest = settings.agents.range::<AgentId, _>((begin, Bound::Unbounded));
    let mut rest = rest.map(|(_, agent)| agent).filter(|agent| is_one(agent));
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let next = rest.next().and(page.last()).map(|agent| cursor(agent.id.as_str()));
    let items = page.into_iter().map(|agent| told(&console, &settings, csq, agent)).collect();
    Ok(answer::json(StatusCode::OK, &answer::page(items, next, Some(total))))
}

fn told(console: &Console, settings: &Settings, csq: &Csq, agent: &Agent) -> Value {
    let desk = console.port.desk(&agent.id);
    let signed_in = desk.as_deref().and_then(Desk::signed_in);
    let skills: BTreeMap<&str, u8> = csq
        .skills
        .keys()
        .filter_map(|name| Some((name.as_str(), *agent.skills.get(name)?)))
        .collect();
    let channels: Vec<Value> = Channel::NAMED
        .into_iter()
        .filter(|(_, channel)| {
            settings.csqs_of(*channel).any(|csq| qualifies(&agent.skills, &csq.skills))
        })
        .map(|(name, channel)| {
            let places = match channel {
                Channel::Email => settings.channels.emails_per_agent,
                Channel::Chat => settings.channels.chats_per_agent,
            };
            let in_hand = match channel {
                Channel::Email => signed_in.map(|desk| desk.mails.len()),
                // Who has how many chats nobody knows yet.
                Channel::Chat => None,
            };
            let is_ready = signed_in.is_some_and(|desk| desk.state == domain::DeskState::Ready);
            let free = in_hand
                .filter(|_| is_ready)
                .map(|in_hand| usize::try_from(places).unwrap_or_default().saturating_sub(in_hand));
            json!({"channel": name, "places": places, "free": free})
        })
        .collect();
    let voice = state_of(console, settings, agent);
    json!({
        "agent": agent.id,
        "name": agent.called(),
        "team": agent.team,
        "competence": competence(&agent.skills, &csq.skills),
        "skills": skills,
        "channels": channels,
        "state": signed_in.map_or("signed_out", |desk| desk.state.name()),
        "since": signed_in.map(|desk| answer::time(desk.since)),
        "voice_state": voice.get("state"),
    })
}
