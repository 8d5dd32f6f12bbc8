//! How every part of the node stands, and why: the console's first page.

use std::sync::Arc;

use domain::{PresenceState, Role};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::members;
use crate::asked::Asked;
use crate::history::SERIES as HISTORY_SERIES;
use crate::openapi::schema;
use crate::operation::{Given, Kind, LEADERS, Operation, Parameter};
use crate::parts::without_places;
use crate::problem::Problem;
use crate::{AGENTS_SERIES, Console, agent_states, answer, series_unit};

const TAG: &str = "Overview";

const SERIES: Parameter = Parameter {
    name: "series",
    kind: Kind::Text(1_024),
    about: "These alone, separated by commas; all where not set.",
};
const MINUTES: Parameter = Parameter {
    name: "minutes",
    kind: Kind::Number(1, 1_440),
    about: "For so many minutes back; 60 where not set, and in steps of 2 minutes beyond that.",
};
const TEAM: Parameter =
    Parameter { name: "team", kind: Kind::Text(64), about: "Series of that team alone." };

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            (Method::GET, "/api/v1/overview"),
            "getOverview",
            "How every part of this node stands, and why",
            LEADERS,
            overview,
        )
        .tagged(TAG)
        .described(
            "Everything is looked at anew with each question. Supervisors are not told what lies behind \
             faults, which may name machines and files.",
        )
        .gives(StatusCode::OK, "How it stands.", schema::reference("Overview")),
        Operation::new(
            (Method::GET, "/api/v1/history"),
            "getHistory",
            "What figures and agents were in the last hour or day",
            LEADERS,
            history,
        )
        .tagged(TAG)
        .described(
            "From memory of this node: a value each 10 seconds for an hour, and each 2 minutes for a day; null \
             where nothing is known. Series are agents.STATE of all and of each team, and those named under \
             `unit`. Supervisors are told of their teams alone.",
        )
        .asks(&[SERIES, MINUTES, TEAM])
        .refuses(&[404])
        .gives(StatusCode::OK, "The series.", history_schema()),
    ]
}

fn history_schema() -> Value {
    let mut units: Vec<_> = HISTORY_SERIES.iter().map(|(_, unit)| *unit).collect();
    units.push("agents");
    units.sort_unstable();
    units.dedup();
    let text = || json!({"type": "string"});
    let mut names: Vec<String> =
        HISTORY_SERIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.extend(agent_states().map(|state| format!("{AGENTS_SERIES}{state}")));
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let series = schema::told(&[
        ("name", schema::choice(&names)),
        ("team", schema::about(schema::or_null(text()), "Null for the whole node.")),
        ("unit", schema::choice(&units)),
        ("values", json!({"type": "array", "items": {"type": ["number", "null"]}})),
    ]);
    let left_out = "How many teams have no series, being too many.";
    schema::told(&[
        ("step_seconds", schema::number(10, 120)),
        ("ends_at", schema::or_null(schema::time())),
        ("series", json!({"type": "array", "items": series})),
        ("teams_left_out", schema::about(json!({"type": "integer", "minimum": 0}), left_out)),
    ])
}

async fn history(console: Arc<Console>, asked: Asked) -> Given {
    let settings = console.port.settings();
    let principal = asked.principal()?;
    let sees_all = principal.has(Role::Administrator);
    let named = match asked.query("team") {
        None => None,
        Some(name) => {
            let team = settings.teams.keys().find(|team| team.as_str() == name);
            let team = team.filter(|team| sees_all || principal.teams.contains(*team));
            Some(team.ok_or_else(|| Problem::not_found("you lead no such team"))?)
        }
    };
    let series: Vec<_> = asked.query("series").unwrap_or_default().split(',').collect();
    let series: Vec<_> = series.into_iter().filter(|name| !name.is_empty()).collect();
    if let Some(name) = series.iter().find(|name| series_unit(name).is_none()) {
        return Err(Problem::query("series", format!("has {name:?}, which is no series")));
    }
    let teams = match named {
        Some(team) => Some(json!([team])),
        None => (!sees_all).then(|| json!(principal.teams)),
    };
    let members = members([
        ("series", Some(json!(series))),
        ("minutes", asked.number("minutes").map(Value::from)),
        ("teams", teams),
        ("whole", Some(json!(sees_all && named.is_none()))),
    ]);
    let told = console.perform(&asked, "history", members).await?;
    Ok(answer::json(StatusCode::OK, &answer::with_times(told)))
}

/// The schema of the overview.
pub(crate) fn overview_schema() -> Value {
    let count = || json!({"type": "integer", "minimum": 0});
    let agents: Vec<_> = PresenceState::NAMES.iter().map(|name| (*name, count())).collect();
    let steps = ["administrator", "team", "agent", "device", "signed_in"];
    let steps: Vec<_> = steps.iter().map(|name| (*name, schema::switch())).collect();
    let text = || json!({"type": "string"});
    let states =
        ["ready", "degraded", "failing", "maintenance", "draining", "starting", "left", "gone"];
    let node = schema::told(&[
        ("node", text()),
        ("state", schema::choice(&states)),
        ("version", schema::or_null(text())),
        ("agents", schema::or_null(count())),
    ]);
    schema::told(&[
        ("node", text()),
        ("version", text()),
        ("at", schema::time()),
        ("parts", json!({"type": "array", "items": schema::reference("Part")})),
        ("agents", schema::about(schema::told(&agents), "How many agents are in each state.")),
        ("sessions", schema::about(count(), "How many agents are signed in.")),
        ("nodes", json!({"type": "array", "items": node})),
        (
            "first_steps",
            schema::about(schema::told(&steps), "What somebody who begins has done already."),
        ),
        ("phone_url", schema::about(text(), "Where phones reach this node.")),
    ])
}

async fn overview(console: Arc<Console>, asked: Asked) -> Given {
    let done = console.perform(&asked, "overview", json!({})).await?;
    let told = overview_told(done, asked.has(Role::Administrator));
    Ok(answer::json(StatusCode::OK, &told))
}

/// What the deed `overview` gave, as it is told; all but administrators are not told what lies behind faults.
pub(crate) fn overview_told(done: Value, is_administrator: bool) -> Value {
    let mut told = answer::with_times(done);
    if is_administrator {
        return told;
    }
    if let Some(Value::Array(parts)) = told.get_mut("parts") {
        *parts = std::mem::take(parts).into_iter().map(without_places).collect();
    }
    told
}
