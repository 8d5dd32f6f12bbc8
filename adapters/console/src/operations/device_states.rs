//! Every phone there is and how it is doing: configured ones, registered ones, those that show something.

use std::sync::Arc;

use domain::Role;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{AFTER, LIMIT, members};
use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{Given, Kind, LEADERS, Operation, Parameter};
use crate::problem::Problem;
use crate::sections::{cursor, of_cursor};
use crate::{Console, answer};

const TAG: &str = "Overview";

/// How a phone is registered with the node that is asked.
pub const DEVICE_STATES: [&str; 5] =
    ["registered", "unreachable", "not_registered", "next_hop", "without_sip"];

const HOLDING: Parameter = Parameter {
    name: "q",
    kind: Kind::Text(128),
    about: "Those whose name, description, line or agent holds that.",
};
const STATE: Parameter = Parameter {
    name: "state",
    kind: Kind::Choice(&DEVICE_STATES),
    about: "Those that are registered so.",
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            (Method::GET, "/api/v1/devices-status"),
            "listDeviceStates",
            "A page of all phones and how each is doing",
            LEADERS,
            list,
        )
        .tagged(TAG)
        .described(
            "Phones of the settings, those that are registered with this node, and those that an agent is \
             signed in with. Supervisors see phones that agents of their teams are signed in with.",
        )
        .asks(&[LIMIT, AFTER, HOLDING, STATE])
        .gives(
            StatusCode::OK,
            "A page.",
            schema::page(&schema::reference("DeviceState"), true),
        ),
    ]
}

/// The schema of how a phone is doing.
pub(crate) fn device_state_schema() -> Value {
    let text = || json!({"type": "string"});
    let maybe = || schema::or_null(text());
    let registration = schema::told(&[
        ("transport", text()),
        ("peer", schema::about(maybe(), "Where it comes from; for administrators.")),
        ("registered_at", schema::time()),
        ("refreshed_at", schema::time()),
        ("user_agent", maybe()),
        ("takes_screens", schema::switch()),
    ]);
    let push = schema::told(&[
        ("result", text()),
        ("reason", schema::about(maybe(), "What is wrong and what to do.")),
        ("since_at", schema::time()),
    ]);
    let headset = schema::told(&[
        ("light", schema::choice(&["off", "green", "red"])),
        ("told", maybe()),
        ("amiss", schema::about(schema::switch(), "The list of headsets says why.")),
    ]);
    schema::told(&[
        ("device", text()),
        ("description", maybe()),
        ("lines", json!({"type": "array", "items": text()})),
        ("configured", schema::about(schema::switch(), "Whether the settings have it.")),
        ("state", schema::choice(&DEVICE_STATES)),
        ("registration", schema::or_null(registration)),
        ("last_push", schema::or_null(push)),
        ("channel", schema::about(schema::switch(), "Pages reach it without its web server.")),
        ("agent", schema::about(maybe(), "Who is signed in with it.")),
        ("headset", schema::or_null(headset)),
    ])
}

async fn list(console: Arc<Console>, asked: Asked) -> Given {
    let after = match asked.query("after") {
        None => None,
        Some(text) => {
            let name = of_cursor(text);
            Some(name.ok_or_else(|| Problem::query("after", "is no cursor of a page"))?)
        }
    };
    let sees_all = asked.has(Role::Administrator);
    let teams = match sees_all {
        true => None,
        false => Some(json!(asked.principal()?.teams)),
    };
    let members = members([
        ("limit", asked.number("limit").map(Value::from)),
        ("after", after.map(Value::from)),
        ("q", asked.query("q").map(Value::from)),
        ("state", asked.query("state").map(Value::from)),
        ("teams", teams),
    ]);
    let told = console.perform(&asked, "device_states", members).await?;
    let items = told.get("devices").and_then(Value::as_array).cloned().unwrap_or_default();
    let items = items.into_iter().map(answer::with_times);
    let items = items.map(|item| if sees_all { item } else { without_peer(item) });
    let next = told.get("next").and_then(Value::as_str).map(cursor);
    let total = told.get("total").and_then(Value::as_u64);
    let total = total.and_then(|total| usize::try_from(total).ok());
    Ok(answer::json(StatusCode::OK, &answer::page(items.collect(), next, Some(total.unwrap_or(0)))))
}

/// The same without the address, which is for administrators.
fn without_peer(mut item: Value) -> Value {
    if let Some(peer) = item.pointer_mut("/registration/peer") {
        *peer = Value::Null;
    }
    item
}
