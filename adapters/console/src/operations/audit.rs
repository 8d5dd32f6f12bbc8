//! The audit log: who did what, newest first, and whether it is whole.

use std::sync::Arc;

use http::header::{CONTENT_DISPOSITION, VARY};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{LIMIT, PAGE_USUAL, members};
use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Given, Kind, Operation, Parameter};
use crate::{Console, answer, csv};

const TAG: &str = "Audit log";
const CSV: &str = "text/csv";

const QUERY: [Parameter; 6] = [
    Parameter {
        name: "before",
        kind: Kind::Number(1, u64::MAX >> 1),
        about: "Entries before that number; the `next` of the page before.",
    },
    Parameter { name: "who", kind: Kind::Text(128), about: "What that account did." },
    Parameter { name: "action", kind: Kind::Text(64), about: "Entries of that action." },
    Parameter { name: "object", kind: Kind::Text(256), about: "What was done to what begins so." },
    Parameter { name: "from", kind: Kind::Time, about: "Not before that." },
    Parameter { name: "to", kind: Kind::Time, about: "Before that." },
];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            (Method::GET, "/api/v1/audit"),
            "listAudit",
            "A page of the audit log, newest first",
            ADMINISTRATORS,
            list,
        )
        .tagged(TAG)
        .asks(&[LIMIT])
        .asks(&QUERY)
        .gives_as(
            StatusCode::OK,
            "A page; as CSV where that is asked for.",
            vec![("application/json", page_schema()), (CSV, json!({"type": "string"}))],
        ),
        Operation::new(
            (Method::GET, "/api/v1/audit/check"),
            "checkAudit",
            "Whether the audit log is whole and unaltered",
            ADMINISTRATORS,
            |console, asked| async move {
                let found = console.perform(&asked, "audit_check", json!({})).await?;
                Ok(answer::json(StatusCode::OK, &answer::with_times(found)))
            },
        )
        .tagged(TAG)
        .gives(StatusCode::OK, "What was found.", schema::open("Whether the chain holds.")),
    ]
}

fn page_schema() -> Value {
    let next = json!({"type": ["integer", "null"], "description": "What `before` is next."});
    let items = json!({"type": "array", "items": schema::reference("AuditEntry")});
    schema::told(&[("items", items), ("next", next)])
}

/// The schema of an entry.
pub(crate) fn entry_schema() -> Value {
    let text = || json!({"type": "string"});
    let maybe = || json!({"type": ["string", "null"]});
    let by = schema::told(&[
        ("who", text()),
        ("how", maybe()),
        ("from", maybe()),
        ("reference", maybe()),
    ]);
    let change = schema::told(&[("field", text()), ("before", maybe()), ("after", maybe())]);
    let deed = schema::told(&[
        ("action", text()),
        ("object", text()),
        ("changes", json!({"type": "array", "items": change})),
        ("more", json!({"type": "integer", "minimum": 0})),
        ("outcome", text()),
    ]);
    schema::told(&[
        ("number", json!({"type": "integer", "minimum": 1})),
        ("at", schema::time()),
        ("by", by),
        ("deed", deed),
        ("previous", text()),
        ("hash", text()),
    ])
}

async fn list(console: Arc<Console>, asked: Asked) -> Given {
    let text = |name: &str| asked.query(name).map(|text| json!(text));
    let time = |name: &str| asked.time(name).map(|time| json!(time.seconds().max(0)));
    let members = members([
        ("limit", Some(json!(asked.number("limit").unwrap_or(PAGE_USUAL)))),
        ("before", asked.number("before").map(Value::from)),
        ("who", text("who")),
        ("action", text("action")),
        ("object", text("object")),
        ("from", time("from")),
        ("to", time("to")),
    ]);
    let listed = console.perform(&asked, "audit_list", members).await?;
    let next = listed.get("before").cloned().unwrap_or_default();
    let entries = listed.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
    let entries: Vec<_> = entries.into_iter().map(answer::with_times).collect();
    let answer = match asked.wants(CSV) {
        false => answer::json(StatusCode::OK, &json!({"items": entries, "next": next})),
        true => {
            let lines = entries.iter().map(|entry| csv::line(&COLUMNS, entry));
            let text = csv::head(&COLUMNS) + &lines.collect::<String>();
            let answer = answer::text(StatusCode::OK, "text/csv; charset=utf-8", text);
            answer::with(answer, CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\"")
        }
    };
    Ok(answer::with(answer, VARY, "Accept"))
}

/// The columns of a table, each with where it stands in an entry.
const COLUMNS: [(&str, &str); 10] = [
    ("number", "/number"),
    ("at", "/at"),
    ("who", "/by/who"),
    ("how", "/by/how"),
    ("from", "/by/from"),
    ("reference", "/by/reference"),
    ("action", "/deed/action"),
    ("object", "/deed/object"),
    ("outcome", "/deed/outcome"),
    ("changes", "/deed/changes"),
];
