//! How every part of the node stands, and why: the console's first page.

use std::sync::Arc;

use domain::{PresenceState, Role};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{Given, LEADERS, Operation};
use crate::parts::without_places;
use crate::{Console, answer};

const TAG: &str = "Overview";

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
    ]
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
    let told = console.perform(&asked, "overview", json!({})).await?;
    let told = answer::with_times(told);
    let told = match asked.has(Role::Administrator) {
        true => told,
        false => for_supervisors(told),
    };
    Ok(answer::json(StatusCode::OK, &told))
}

/// The overview without what lies behind faults.
fn for_supervisors(mut told: Value) -> Value {
    if let Some(Value::Array(parts)) = told.get_mut("parts") {
        *parts = std::mem::take(parts).into_iter().map(without_places).collect();
    }
    told
}
