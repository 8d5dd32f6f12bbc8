//! The inventory of headsets: what phones reported, page by page and as a table.

use std::sync::Arc;

use http::header::CONTENT_DISPOSITION;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{AFTER, LIMIT, PAGE_MAX, PAGE_USUAL, members};
use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Given, Kind, Operation, Parameter};
use crate::problem::Problem;
use crate::sections::{cursor, of_cursor};
use crate::{Console, answer, csv};

const TAG: &str = "Headsets";
const CSV: &str = "text/csv";

const QUERY: [Parameter; 4] = [
    Parameter {
        name: "serial",
        kind: Kind::Text(64),
        about: "Those whose serial number holds that.",
    },
    Parameter {
        name: "device",
        kind: Kind::Text(64),
        about: "Those at a phone whose name holds that.",
    },
    Parameter {
        name: "owner",
        kind: Kind::Text(64),
        about: "Those of somebody whose name holds that.",
    },
    Parameter { name: "model", kind: Kind::Text(64), about: "Those whose model holds that." },
];

/// The columns of the table, each with where it stands in a headset.
const COLUMNS: [(&str, &str); 20] = [
    ("serial", "/serial"),
    ("model", "/model"),
    ("vendor", "/vendor"),
    ("type", "/type"),
    ("firmware", "/firmware"),
    ("user", "/user"),
    ("template", "/template"),
    ("status", "/status"),
    ("since", "/since_at"),
    ("dock_model", "/dock_model"),
    ("device", "/device"),
    ("device_model", "/device_model"),
    ("software_version", "/software_version"),
    ("owner", "/owner"),
    ("device_owner", "/device_owner"),
    ("first_seen", "/first_seen_at"),
    ("last_seen", "/last_seen_at"),
    ("age_days", "/age_days"),
    ("active", "/active"),
    ("owner_has_too_many", "/owner_has_too_many"),
];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            (Method::GET, "/api/v1/headsets"),
            "listHeadsets",
            "A page of the headsets that phones reported, by serial number",
            ADMINISTRATORS,
            list,
        )
        .tagged(TAG)
        .asks(&[LIMIT, AFTER])
        .asks(&QUERY)
        .gives(
            StatusCode::OK,
            "A page.",
            schema::page(&schema::reference("SeenHeadset"), false),
        ),
        Operation::new(
            (Method::GET, "/api/v1/headsets.csv"),
            "exportHeadsets",
            "The headsets that phones reported as a table",
            ADMINISTRATORS,
            export,
        )
        .tagged(TAG)
        .asks(&QUERY)
        .gives_as(StatusCode::OK, "All of them.", vec![(CSV, json!({"type": "string"}))]),
    ]
}

/// The schema of a headset.
pub(crate) fn headset_schema() -> Value {
    let text = || json!({"type": "string"});
    let maybe = || json!({"type": ["string", "null"]});
    schema::told(&[
        ("serial", text()),
        ("model", maybe()),
        ("vendor", maybe()),
        ("type", schema::choice(&["wired", "dect_wireless", "unknown"])),
        ("firmware", maybe()),
        ("user", maybe()),
        ("template", maybe()),
        ("status", schema::choice(&["connected", "disconnected"])),
        ("since_at", schema::about(schema::time(), "Since when it has that status at that phone.")),
        ("dock_model", maybe()),
        ("device", schema::about(text(), "The phone that it is, or was last, at.")),
        ("device_model", maybe()),
        ("software_version", schema::about(maybe(), "Of that phone.")),
        ("owner", maybe()),
        ("device_owner", schema::about(maybe(), "Whose that phone is.")),
        ("first_seen_at", schema::time()),
        ("last_seen_at", schema::about(schema::time(), "To within a day.")),
        (
            "age_days",
            schema::about(json!({"type": "integer", "minimum": 0}), "Since it was seen first."),
        ),
        (
            "active",
            schema::about(schema::switch(), "Whether it was connected in the last 30 days."),
        ),
        (
            "owner_has_too_many",
            schema::about(schema::switch(), "Whether its owner, or user, has more than 15."),
        ),
    ])
}

/// What a deed takes of what was asked.
fn wanted(asked: &Asked, limit: u64, after: Option<String>) -> Value {
    let text = |name: &str| asked.query(name).map(|text| json!(text));
    members([
        ("limit", Some(json!(limit))),
        ("after", after.map(Value::from)),
        ("serial", text("serial")),
        ("device", text("device")),
        ("owner", text("owner")),
        ("model", text("model")),
    ])
}

async fn list(console: Arc<Console>, asked: Asked) -> Given {
    let after = match asked.query("after") {
        None => None,
        Some(cursor) => {
            let serial = of_cursor(cursor);
            Some(serial.ok_or_else(|| Problem::query("after", "is no cursor of a page"))?)
        }
    };
    let limit = asked.number("limit").unwrap_or(PAGE_USUAL);
    let listed = console.perform(&asked, "headsets_list", wanted(&asked, limit, after)).await?;
    let items = headsets(&listed).map(answer::with_times).collect();
    let next = listed.get("next").and_then(Value::as_str).map(cursor);
    Ok(answer::json(StatusCode::OK, &answer::page(items, next, None)))
}

async fn export(console: Arc<Console>, asked: Asked) -> Given {
    let mut text = headset_csv_head();
    let mut after = None;
    loop {
        let members = wanted(&asked, PAGE_MAX, after);
        let listed = console.perform(&asked, "headsets_list", members).await?;
        text.push_str(&headset_csv_lines(&listed));
        after = listed.get("next").and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    let answer = answer::text(StatusCode::OK, "text/csv; charset=utf-8", text);
    Ok(answer::with(answer, CONTENT_DISPOSITION, "attachment; filename=\"headsets.csv\""))
}

fn headsets(listed: &Value) -> impl Iterator<Item = Value> {
    listed.get("headsets").and_then(Value::as_array).into_iter().flatten().cloned()
}

/// The first line of the inventory as a table.
pub fn headset_csv_head() -> String {
    csv::head(&COLUMNS)
}

/// The lines of that table for what the deed `headsets_list` answered.
pub fn headset_csv_lines(listed: &Value) -> String {
    headsets(listed).map(|it| csv::line(&COLUMNS, &answer::with_times(it))).collect()
}
