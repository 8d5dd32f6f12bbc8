//! The flight recorder: what every link said in the last minutes, to look at and to take along.

use std::sync::Arc;

use domain::Timestamp;
use http::header::CONTENT_DISPOSITION;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::members;
use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Given, Kind, Operation, Parameter};
use crate::problem::Problem;
use crate::{Console, answer};

const TAG: &str = "Flight recorder";
const TEXT: &str = "text/plain";
const LINES: &str = "application/jsonl";
const LINKS: [&str; 9] =
    ["engine", "cti", "sip", "phone", "push", "headset", "provisioning", "directory", "identity"];
const WAYS: [&str; 3] = ["in", "out", "here"];

const QUERY: [Parameter; 7] = [
    Parameter {
        name: "agent",
        kind: Kind::Text(200),
        about: "Those of that agent, on all links: what devices, lines and calls of theirs said too.",
    },
    Parameter {
        name: "device",
        kind: Kind::Text(200),
        about: "Those of that device, and of whoever was at it.",
    },
    Parameter {
        name: "contact",
        kind: Kind::Text(200),
        about: "Those of that call or contact, and of its agents meanwhile.",
    },
    Parameter { name: "link", kind: Kind::Choice(&LINKS), about: "Those of that sort of link." },
    Parameter { name: "from", kind: Kind::Time, about: "Not before that." },
    Parameter { name: "to", kind: Kind::Time, about: "Not after that." },
    Parameter {
        name: "limit",
        kind: Kind::Number(1, 10_000),
        about: "At most so many, the newest; 1000 where not set.",
    },
];

const FORMAT: Parameter = Parameter {
    name: "format",
    kind: Kind::Choice(&["text", "jsonl"]),
    about: "Lines of text, or one JSON object a line; text where not set.",
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            (Method::GET, "/api/v1/flight-recorder"),
            "readFlightRecorder",
            "What every link of this node said in the last minutes, as one timeline",
            ADMINISTRATORS,
            |console, asked| async move {
                let wanted = Value::Object(wanted(&asked));
                let found = console.perform(&asked, "flight_recorder", wanted).await?;
                Ok(answer::json(StatusCode::OK, &answer::with_times(found)))
            },
        )
        .tagged(TAG)
        .described(
            "Kept in memory alone, within the bounds of the node's configuration. It holds no secrets, but \
             personal data such as numbers of callers.",
        )
        .asks(&QUERY)
        .gives(StatusCode::OK, "The timeline, the oldest first.", timeline_schema()),
        Operation::new(
            (Method::GET, "/api/v1/flight-recorder/export"),
            "exportFlightRecorder",
            "The same as a file; the audit log tells who took it",
            ADMINISTRATORS,
            export,
        )
        .tagged(TAG)
        .asks(&QUERY)
        .asks(&[FORMAT])
        .gives_as(
            StatusCode::OK,
            "The timeline, the oldest first.",
            vec![(TEXT, json!({"type": "string"})), (LINES, json!({"type": "string"}))],
        ),
    ]
}

fn timeline_schema() -> Value {
    schema::told(&[
        ("node", json!({"type": "string"})),
        (
            "since_at",
            schema::about(schema::or_null(schema::time()), "Since when everything is there."),
        ),
        (
            "left_out",
            schema::about(
                json!({"type": "integer", "minimum": 0}),
                "How many older ones were wanted beyond the limit.",
            ),
        ),
        ("records", json!({"type": "array", "items": schema::reference("FlightRecord")})),
    ])
}

/// The schema of a record.
pub(crate) fn flight_record_schema() -> Value {
    let text = || json!({"type": "string"});
    let maybe = || json!({"type": ["string", "null"]});
    schema::told(&[
        (
            "number",
            schema::about(
                json!({"type": "integer", "minimum": 1}),
                "Rises by one with each record of the node since it started.",
            ),
        ),
        ("at", schema::time()),
        ("node", text()),
        ("link", schema::choice(&LINKS)),
        ("way", schema::choice(&WAYS)),
        ("message", schema::about(text(), "The name of the message.")),
        ("peer", maybe()),
        ("agent", maybe()),
        (
            "agent_inferred",
            schema::about(
                schema::switch(),
                "Whether the message does not name the agent, but its device, line or call does.",
            ),
        ),
        ("device", maybe()),
        ("line", maybe()),
        ("calls", json!({"type": "array", "items": {"type": "string"}})),
        ("said", schema::open("What else it said, by name: texts and numbers.")),
        ("cut", schema::about(schema::switch(), "Whether something was left out for its length.")),
        ("words", schema::about(text(), "All of it on one line.")),
    ])
}

fn wanted(asked: &Asked) -> serde_json::Map<String, Value> {
    let text = |name: &str| asked.query(name).map(|text| json!(text));
    let time =
        |name: &str| asked.time(name).map(|time: Timestamp| json!(time.microseconds().max(0)));
    let wanted = members([
        ("agent", text("agent")),
        ("device", text("device")),
        ("contact", text("contact")),
        ("link", text("link")),
        ("from", time("from")),
        ("to", time("to")),
        ("limit", asked.number("limit").map(Value::from)),
    ]);
    match wanted {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    }
}

async fn export(console: Arc<Console>, asked: Asked) -> Given {
    let format = asked.query("format").unwrap_or("text");
    let (media_type, name) = match format {
        "jsonl" => (LINES, "flight-recorder.jsonl"),
        _ => ("text/plain; charset=utf-8", "flight-recorder.txt"),
    };
    let mut wanted = wanted(&asked);
    wanted.insert("format".to_owned(), json!(format));
    let made = console.perform(&asked, "flight_recorder_export", Value::Object(wanted)).await?;
    let text = made.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| Problem::new("broken", "the export could not be made"))?;
    let answer = answer::text(StatusCode::OK, media_type, text.to_owned());
    let name = format!("attachment; filename=\"{name}\"");
    Ok(answer::with(answer, CONTENT_DISPOSITION, &name))
}
