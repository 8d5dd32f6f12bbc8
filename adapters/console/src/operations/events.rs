//! What happens, as it happens: server-sent events, and the last lines of the log.

use std::sync::Arc;

use bytes::Bytes;
use domain::{NodeName, Role};
use engine::SAID_CONSOLE;
use engine::surface::{Body, Pieces};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::agent_states::led_team;
use super::node::LEVELS;
use crate::asked::Asked;
use crate::event_stream::{EventStream, FAREWELL, View};
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Begun, Given, Kind, LEADERS, Operation, Parameter};
use crate::problem::Problem;
use crate::{Console, LogLine, answer};

const TAG: &str = "Node";
const EVENTS: &str = "text/event-stream";
/// What may be watched; the last one by administrators alone.
const TOPICS: [&str; 4] = ["settings", "overview", "states", LOG];
const LOG: &str = "log";
/// The least that matters where nobody says.
const LEVEL_USUAL: &str = "info";
/// The lines of an answer, and where nobody says.
const LINES_MAX: u64 = 5_000;
const LINES_USUAL: u64 = 200;

const LEVEL: Parameter = Parameter {
    name: "level",
    kind: Kind::Choice(&LEVELS),
    about: "Lines of the log that matter so much or more; info where not set.",
};

pub(super) fn operations() -> Vec<Operation> {
    let topics = Parameter {
        name: "topics",
        kind: Kind::Text(64),
        about: "settings, overview, states, log: some of them, with commas between; all that the \
            caller may see where not set.",
    };
    let team = Parameter { name: "team", kind: Kind::Text(64), about: "States of that team." };
    let lines = Parameter {
        name: "lines",
        kind: Kind::Number(1, LINES_MAX),
        about: "At most so many, the newest; 200 where not set.",
    };
    let node = Parameter {
        name: "node",
        kind: Kind::Text(253),
        about: "Of that node; another one than this has the code other_node and says where it is.",
    };
    let page = schema::told(&[
        ("items", json!({"type": "array", "items": schema::reference("LogLine")})),
        ("node", json!({"type": "string"})),
    ]);
    vec![
        Operation::in_pieces(
            (Method::GET, "/api/v1/events"),
            "watchEvents",
            "What happens, as it happens (server-sent events)",
            LEADERS,
            watch,
        )
        .described(
            "It begins with what is so now. `settings` has the number in force; `overview` what \
             /overview gives; `states` has `agents`, as /team-states gives them, of those that \
             changed, some of them possibly not; `log` has `lines`; `resync` names `topics` of which \
             something was left out, and those that can be told anew follow; `bye` comes last, when \
             the node stops or the caller may no longer. Comments come at least every 15 seconds.",
        )
        .tagged(TAG)
        .asks(&[topics, team, LEVEL])
        .refuses(&[404])
        .gives_as(StatusCode::OK, "Events, until either side ends.", vec![(
            EVENTS,
            json!({"type": "string"}),
        )]),
        Operation::new(
            (Method::GET, "/api/v1/log"),
            "listLog",
            "The last lines of this node's log, the oldest first",
            ADMINISTRATORS,
            log,
        )
        .tagged(TAG)
        .asks(&[LEVEL, lines, node])
        .refuses(&[404, 409])
        .gives(StatusCode::OK, "Lines.", page),
    ]
}

/// The schema of a line of the log.
pub(crate) fn log_line_schema() -> Value {
    let text = || json!({"type": "string"});
    schema::told(&[
        ("at", schema::time()),
        ("level", schema::choice(&LEVELS)),
        ("target", schema::about(text(), "Which part of the program it is from.")),
        ("message", text()),
        ("fields", json!({"type": "object", "additionalProperties": {"type": "string"}})),
    ])
}

/// A line of the log, as it is told.
pub(crate) fn log_line(line: &LogLine) -> Value {
    let fields = line.fields.iter().map(|(name, value)| (name.clone(), json!(value)));
    json!({
        "at": answer::time(line.at),
        "level": line.level,
        "target": line.target,
        "message": line.message,
        "fields": fields.collect::<Map<_, _>>(),
    })
}

async fn watch(console: Arc<Console>, asked: Asked) -> Begun {
    let principal = asked.principal()?;
    let is_administrator = principal.has(Role::Administrator);
    let topics: Vec<_> = match asked.query("topics") {
        Some(topics) => topics.split(',').collect(),
        None => TOPICS.into_iter().filter(|topic| is_administrator || *topic != LOG).collect(),
    };
    if topics.iter().any(|topic| !TOPICS.contains(topic)) {
        let known = TOPICS.join(", ");
        return Err(Problem::query("topics", format!("must be some of {known}")));
    }
    if topics.contains(&LOG) && !is_administrator {
        return Err(Problem::new("forbidden", "only administrators watch the log"));
    }
    let settings = console.port.settings();
    let team = led_team(&asked, &settings)?;
    let teams = match team {
        Some(team) => Some(vec![team]),
        None => (!is_administrator).then(|| principal.teams.clone()),
    };
    let view = View { teams, is_administrator };
    let place = console.news.enter(principal)?;
    let mut stream = EventStream::new(Arc::clone(&console), view, place);
    for topic in topics {
        stream = match topic {
            "settings" => stream.with_settings(),
            "overview" => stream.with_overview(),
            "states" => stream.with_states(),
            _ => {
                let moves = console.administration.log_moves();
                let moves = moves.map_err(|it| Problem::of_failure(it, asked.body()))?;
                stream.with_log(asked.query("level").unwrap_or(LEVEL_USUAL), moves)
            }
        };
    }
    let pieces = Pieces::news(stream, Bytes::from_static(FAREWELL.as_bytes()));
    let mut answer = Response::new(Body::Pieces(pieces));
    let fields = [
        (CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        // A proxy that gathers an answer before it hands it on would never hand on this one.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    for (name, value) in fields {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

async fn log(console: Arc<Console>, asked: Asked) -> Given {
    if let Some(wanted) = asked.query("node") {
        on_this_node(&console, wanted)?;
    }
    let level = asked.query("level").unwrap_or(LEVEL_USUAL);
    let lines = asked.number("lines").unwrap_or(LINES_USUAL);
    let most = usize::try_from(lines).unwrap_or(usize::MAX);
    let found = console.administration.log_lines(0, level, most);
    let found = found.map_err(|failure| Problem::of_failure(failure, asked.body()))?;
    let items: Vec<_> = found.lines.iter().map(log_line).collect();
    let body = json!({"items": items, "node": console.port.node()});
    Ok(answer::json(StatusCode::OK, &body))
}

/// Nodes do not speak with each other, so what only one of them knows is asked there.
fn on_this_node(console: &Console, wanted: &str) -> Result<(), Problem> {
    let none = || Problem::not_found("there is no node of that name");
    let wanted: NodeName = wanted.parse().map_err(|_| none())?;
    if wanted == *console.port.node() {
        return Ok(());
    }
    let seen = console.port.nodes().into_iter().find(|seen| seen.node == wanted);
    let seen = seen.ok_or_else(none)?;
    let detail = match seen.said.get(SAID_CONSOLE) {
        Some(base) => format!("that is the log of {wanted}, which its own console shows: {base}/"),
        None => format!("that is the log of {wanted}, which is not there now"),
    };
    Err(Problem::new("other_node", detail))
}
