//! How the links to contact centres stand, side by side, and their last changes.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Given, Operation};
use crate::{Console, answer, parts};

const TAG: &str = "Overview";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            (Method::GET, "/api/v1/cti-status"),
            "getCtiStatus",
            "How the links to pairs of contact-centre servers stand, and their last changes",
            ADMINISTRATORS,
            status,
        )
        .tagged(TAG)
        .described(
            "Changes are from the memory of this node, the newest first; at most 50 of a pair.",
        )
        .gives(StatusCode::OK, "How they stand.", schema::reference("CtiStatus")),
    ]
}

/// The schema of how pairs stand: each is a part, with more.
pub(crate) fn cti_status_schema() -> Value {
    let side = || schema::choice(&["a", "b"]);
    let text = || json!({"type": "string"});
    let one = schema::told(&[
        ("side", side()),
        ("host", text()),
        ("port", schema::number(1, 65_535)),
        ("state", schema::choice(&["active", "standby", "down"])),
    ]);
    let change = schema::told(&[
        ("at", schema::time()),
        ("active_side", schema::or_null(side())),
        ("standby_side", schema::or_null(side())),
        ("problem", schema::or_null(text())),
    ]);
    let more = schema::told(&[
        ("dialect", schema::choice(&["enterprise", "express"])),
        ("sides", json!({"type": "array", "items": one})),
        ("problem", schema::or_null(text())),
        ("unknown_agents", json!({"type": "integer", "minimum": 0})),
        ("changes", json!({"type": "array", "items": change})),
    ]);
    let pair = json!({"allOf": [parts::part_schema(), more]});
    schema::told(&[("pairs", json!({"type": "array", "items": pair}))])
}

async fn status(console: Arc<Console>, asked: Asked) -> Given {
    let told = console.perform(&asked, "cti_status", json!({})).await?;
    Ok(answer::json(StatusCode::OK, &answer::with_times(told)))
}
