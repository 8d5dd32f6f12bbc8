//! Nodes: how they stand, maintenance, log level, reload, tests of peers.

use std::sync::Arc;

use domain::{NodeName, Role};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Body, Given, LEADERS, Operation};
use crate::problem::Problem;
use crate::{Console, answer};

const TAG: &str = "Node";
const PEERS: [&str; 13] = [
    "cti",
    "phone",
    "directory",
    "syslog",
    "alarm",
    "proxy",
    "store",
    "certificate",
    "sip_device",
    "sip_next_hop",
    "headset",
    "idp",
    "mail",
];
pub(super) const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

pub(super) fn operations() -> Vec<Operation> {
    let maintenance = schema::object(&[("on", schema::switch())], &[]);
    let level = schema::object(
        &[("level", schema::choice(&LEVELS))],
        &[(
            "minutes",
            schema::about(schema::number(1, 1_440), "Until it is as configured again; 30."),
        )],
    );
    let node = json!({"type": "string", "pattern": "^[A-Za-z0-9.-]{1,253}$"});
    let probe = schema::object(
        &[("kind", schema::choice(&PEERS))],
        &[("name", schema::about(schema::short(256), "Which of that kind."))],
    );
    vec![
        Operation::new(
            (Method::GET, "/api/v1/status"),
            "getStatus",
            "How this node stands",
            LEADERS,
            |console, asked| async move {
                let status = console.perform(&asked, "status", json!({})).await?;
                let status = match asked.has(Role::Administrator) {
                    true => status,
                    false => without_places(status),
                };
                Ok(answer::json(StatusCode::OK, &status))
            },
        )
        .tagged(TAG)
        .gives(
            StatusCode::OK,
            "How it stands.",
            schema::open("Store, surfaces, links, agents."),
        ),
        Operation::new(
            (Method::GET, "/api/v1/nodes"),
            "listNodes",
            "The nodes of the deployment",
            ADMINISTRATORS,
            |console, asked| async move {
                let status = console.perform(&asked, "status", json!({})).await?;
                let nodes = status.get("nodes").and_then(Value::as_array).cloned();
                let body = answer::page(nodes.unwrap_or_default(), None, None);
                Ok(answer::json(StatusCode::OK, &body))
            },
        )
        .tagged(TAG)
        .gives(
            StatusCode::OK,
            "Every node as this one last saw it.",
            schema::page(&schema::open("A node."), false),
        ),
        Operation::new(
            (Method::PUT, "/api/v1/nodes/{name}/maintenance"),
            "putMaintenance",
            "Begin or end maintenance of a node, in which it refuses sign-ins",
            ADMINISTRATORS,
            maintain,
        )
        .tagged(TAG)
        .path_holds("name", node)
        .takes(Body::Json(maintenance), 16 * 1024)
        .refuses(&[409])
        .gives(
            StatusCode::OK,
            "As asked for.",
            schema::open("Whether it is in maintenance."),
        ),
        Operation::new(
            (Method::PUT, "/api/v1/log-level"),
            "putLogLevel",
            "Change the log level for a while",
            ADMINISTRATORS,
            log_level,
        )
        .tagged(TAG)
        .takes(Body::Json(level), 16 * 1024)
        .refuses(&[409])
        .gives(
            StatusCode::OK,
            "As asked for.",
            schema::open("The level, and for how long."),
        ),
        Operation::new(
            (Method::POST, "/api/v1/reload"),
            "reload",
            "Read configuration, certificates and the settings file again",
            ADMINISTRATORS,
            |console, asked| async move {
                let done = console.perform(&asked, "reload", json!({})).await?;
                Ok(answer::json(StatusCode::OK, &done))
            },
        )
        .tagged(TAG)
        .refuses(&[409])
        .gives(
            StatusCode::OK,
            "What was done and what not.",
            schema::open("What was read."),
        ),
        Operation::new(
            (Method::GET, "/api/v1/probes"),
            "listProbes",
            "Which tests of peers there are",
            ADMINISTRATORS,
            |console, asked| async move {
                let listed = console.perform(&asked, "probes", json!({})).await?;
                let peers = listed.get("peers").and_then(Value::as_array).cloned();
                let body = answer::page(peers.unwrap_or_default(), None, None);
                Ok(answer::json(StatusCode::OK, &body))
            },
        )
        .tagged(TAG)
        .gives(
            StatusCode::OK,
            "What can be tested by the settings in force.",
            schema::page(&schema::open("`kind`, and `name` of that kind."), false),
        ),
        Operation::new(
            (Method::POST, "/api/v1/probes"),
            "probe",
            "Test a peer",
            ADMINISTRATORS,
            probe_peer,
        )
        .tagged(TAG)
        .takes(Body::Json(probe), 16 * 1024)
        .refuses(&[404, 409, 504])
        .gives(StatusCode::OK, "How it went.", schema::open("What was tried and seen.")),
    ]
}

/// What of a status is for administrators: files, what peers and machines said of troubles, where they are, and
/// lists of phones that others lead. `None` stands for the whole part.
const FOR_ADMINISTRATORS: [(&str, Option<&str>); 7] = [
    ("settings", Some("from_file")),
    ("settings", Some("drift")),
    ("sip", Some("devices")),
    ("sip", Some("listeners")),
    ("certificate", Some("acme")),
    ("push_problems", None),
    ("secrets_unopened", None),
];
/// The same, wherever it stands.
const ANYWHERE_FOR_ADMINISTRATORS: [&str; 5] = ["why", "problem", "address", "peer", "server"];

/// The status as it is told to all but administrators.
fn without_places(mut status: Value) -> Value {
    let Some(parts) = status.as_object_mut() else { return status };
    for (part, member) in FOR_ADMINISTRATORS {
        match member {
            None => _ = parts.remove(part),
            Some(member) => {
                if let Some(members) = parts.get_mut(part).and_then(Value::as_object_mut) {
                    members.remove(member);
                }
            }
        }
    }
    without_causes(&mut status);
    status
}

fn without_causes(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !ANYWHERE_FOR_ADMINISTRATORS.contains(&name.as_str()));
            members.values_mut().for_each(without_causes);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_causes),
        _ => {}
    }
}

async fn maintain(console: Arc<Console>, asked: Asked) -> Given {
    let none = || Problem::not_found("there is no node of that name");
    let node: NodeName = asked.path("name").parse().map_err(|_| none())?;
    let known = console.port.nodes().iter().any(|seen| seen.node == node);
    if !known && *console.port.node() != node {
        return Err(none());
    }
    let on = asked.read(|reader| {
        if !reader.has("on") {
            reader.problem("on", "is missing");
        }
        reader.switch("on")
    })?;
    let members = json!({"node": node, "on": on});
    let done = console.perform(&asked, "maintenance", members).await?;
    Ok(answer::json(StatusCode::OK, &done))
}

async fn log_level(console: Arc<Console>, asked: Asked) -> Given {
    let members = asked.read(|reader| {
        if !reader.has("level") {
            reader.problem("level", "is missing");
        }
        let level = reader.choice("level", &LEVELS.map(|level| (level, level)));
        let minutes = reader.number("minutes", 1..=1_440).unwrap_or(30);
        Some(json!({"level": level?, "minutes": minutes}))
    })?;
    let done = console.perform(&asked, "log_level", members).await?;
    Ok(answer::json(StatusCode::OK, &done))
}

async fn probe_peer(console: Arc<Console>, asked: Asked) -> Given {
    let members = asked.read(|reader| {
        if !reader.has("kind") {
            reader.problem("kind", "is missing");
        }
        let kind = reader.choice("kind", &PEERS.map(|kind| (kind, kind)));
        let name = reader.short_text("name", 256);
        Some(super::members([("kind", Some(json!(kind?))), ("name", name.map(Value::String))]))
    })?;
    let done = console.perform(&asked, "probe", members).await?;
    Ok(answer::json(StatusCode::OK, &done))
}
