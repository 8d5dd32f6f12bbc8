//! Phones with headsets as one node knows them, and requests of headsets that nobody understood.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{AFTER, LIMIT, PAGE_USUAL, members};
use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Given, Kind, Operation, Parameter};
use crate::problem::Problem;
use crate::sections::{cursor, of_cursor};
use crate::{Console, answer};

const TAG: &str = "Headsets";

const DEVICE: Parameter =
    Parameter { name: "device", kind: Kind::Text(64), about: "Those whose name holds that." };

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            (Method::GET, "/api/v1/headset-phones"),
            "listHeadsetPhones",
            "A page of the phones whose headsets this node tells of agent states, by name",
            ADMINISTRATORS,
            list,
        )
        .tagged(TAG)
        .asks(&[LIMIT, AFTER, DEVICE])
        .gives(
            StatusCode::OK,
            "A page.",
            schema::page(&schema::reference("HeadsetPhone"), false),
        ),
        Operation::new(
            (Method::GET, "/api/v1/headset-unknown-requests"),
            "listHeadsetUnknownRequests",
            "Requests of headsets that the profile does not know, masked, the newest first",
            ADMINISTRATORS,
            |console, asked| async move {
                let listed = console.perform(&asked, "headset_unknown_requests", json!({})).await?;
                let items = items(&listed, "requests");
                Ok(answer::json(StatusCode::OK, &answer::page(items, None, None)))
            },
        )
        .tagged(TAG)
        .gives(
            StatusCode::OK,
            "All that are kept.",
            schema::page(&schema::reference("HeadsetUnknownRequest"), false),
        ),
    ]
}

/// The schema of a phone.
pub(crate) fn headset_phone_schema() -> Value {
    let text = || json!({"type": "string"});
    let maybe = || json!({"type": ["string", "null"]});
    let states = ["signed_in", "signed_out", "not_ready", "ready"];
    schema::told(&[
        ("device", text()),
        ("agent", schema::about(maybe(), "Whose state it shows.")),
        (
            "state",
            schema::about(schema::or_null(schema::choice(&states)), "What it was told last."),
        ),
        ("reason", json!({"type": ["integer", "null"]})),
        (
            "light",
            schema::about(
                schema::choice(&["off", "green", "red"]),
                "What its base shows while there is no call.",
            ),
        ),
        ("reached", schema::about(schema::switch(), "Whether this node can tell it anything.")),
        (
            "dead",
            schema::about(
                schema::switch(),
                "Whether it gave no answer twice; it is told nothing until it registers.",
            ),
        ),
        (
            "discovered_at",
            schema::about(schema::or_null(schema::time()), "When it last asked for its services."),
        ),
        (
            "configured_at",
            schema::about(
                schema::or_null(schema::time()),
                "When it last asked for the configuration.",
            ),
        ),
        (
            "proof",
            schema::about(
                schema::or_null(schema::choice(&["certificate", "token", "address"])),
                "How it last proved to be that phone.",
            ),
        ),
        ("problem", schema::about(maybe(), "What is wrong with it, in words.")),
    ])
}

/// The schema of a request that nobody understood.
pub(crate) fn unknown_request_schema() -> Value {
    let text = || json!({"type": "string"});
    let header = schema::told(&[("name", text()), ("value", text())]);
    schema::told(&[
        ("at", schema::about(schema::time(), "When one of that shape came last.")),
        ("count", json!({"type": "integer", "minimum": 1})),
        ("method", text()),
        ("target", schema::about(text(), "Path and query, values masked.")),
        ("headers", json!({"type": "array", "items": header})),
        ("body", schema::about(text(), "Its shape, values masked.")),
    ])
}

async fn list(console: Arc<Console>, asked: Asked) -> Given {
    let after = match asked.query("after") {
        None => None,
        Some(cursor) => {
            let device = of_cursor(cursor);
            Some(device.ok_or_else(|| Problem::query("after", "is no cursor of a page"))?)
        }
    };
    let wanted = members([
        ("limit", Some(json!(asked.number("limit").unwrap_or(PAGE_USUAL)))),
        ("after", after.map(Value::from)),
        ("device", asked.query("device").map(|text| json!(text))),
    ]);
    let listed = console.perform(&asked, "headset_phones", wanted).await?;
    let next = listed.get("next").and_then(Value::as_str).map(cursor);
    let page = answer::page(items(&listed, "phones"), next, None);
    Ok(answer::json(StatusCode::OK, &page))
}

fn items(listed: &Value, name: &str) -> Vec<Value> {
    let items = listed.get(name).and_then(Value::as_array).into_iter().flatten();
    items.cloned().map(answer::with_times).collect()
}
