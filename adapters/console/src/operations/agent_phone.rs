//! What an agent's phone shows now, and where each state came from (BYD-03).

use domain::Origin;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::agent_states;
use crate::openapi::{documents, schema};
use crate::operation::{LEADERS, Operation};

const TAG: &str = "Agents' states";

pub(super) fn operations() -> Vec<Operation> {
    let id = json!({"type": "string", "pattern": documents::AGENT_ID});
    vec![
        Operation::new(
            (Method::GET, "/api/v1/agents/{id}/phone"),
            "getAgentPhone",
            "What an agent's phone shows now, and where each state came from",
            LEADERS,
            agent_states::phone,
        )
        .tagged(TAG)
        .described(
            "The page is made as the phone would be given it now; its links are told without what they \
             open. `screen` says whether the phone itself is behind.",
        )
        .path_holds("id", id)
        .gives(StatusCode::OK, "What it shows.", schema::reference("AgentPhone")),
    ]
}

/// The schema of what a phone shows.
pub(crate) fn agent_phone_schema() -> Value {
    let text = || json!({"type": "string"});
    let maybe = || schema::or_null(text());
    let moment = || schema::or_null(schema::time());
    let key = schema::told(&[("position", json!({"type": "integer"})), ("name", text())]);
    let page = schema::told(&[
        ("kind", schema::choice(&["home", "call", "reasons"])),
        ("title", maybe()),
        ("prompt", maybe()),
        ("text", maybe()),
        ("items", json!({"type": "array", "items": text()})),
        ("soft_keys", json!({"type": "array", "items": key})),
        ("xml", schema::about(text(), "The object itself, its links without what they open.")),
    ]);
    let screen = schema::told(&[
        ("behind", schema::about(schema::switch(), "What it shows is not so any more.")),
        ("closed", schema::about(schema::switch(), "Its window was closed.")),
        ("lost", schema::about(schema::switch(), "It began anew and shows nothing of it.")),
        ("address", schema::about(maybe(), "Where it is; for administrators.")),
        ("last_push", maybe()),
        ("push_problem", schema::about(maybe(), "What is wrong with pushes, and what to do.")),
        ("last_push_at", moment()),
    ]);
    let whats = [
        "session",
        "voice_state",
        "reason",
        "pending",
        "call",
        "wrap_up_reason",
        "wrap_up_ends",
        "device",
        "registration",
        "headset_light",
    ];
    let state = schema::told(&[
        ("what", schema::choice(&whats)),
        ("value", schema::about(json!({}), "A text or number; null where there is none.")),
        ("owner", schema::choice(&["cti", "gateway", "sip"])),
        (
            "came_from",
            schema::about(
                schema::or_null(schema::choice(&Origin::NAMES)),
                "Who caused it; null where that is not known.",
            ),
        ),
        ("at", moment()),
        ("detail", maybe()),
    ]);
    schema::told(&[
        ("agent", text()),
        ("device", maybe()),
        ("device_model", maybe()),
        ("channel", schema::about(schema::switch(), "Pages reach it without its web server.")),
        ("page", schema::or_null(page)),
        ("shown_at", moment()),
        ("screen", schema::or_null(screen)),
        ("states", json!({"type": "array", "items": state})),
    ])
}
