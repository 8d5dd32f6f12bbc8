//! What a node says of itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Timestamp;
use engine::surface::Readiness;
use engine::{NodeSeen, StoreState};
use serde_json::{Value, json};
use sip::SipStatus;

use crate::node::{DriftTold, Shared};
use crate::surfaces::Push;

pub(crate) fn status(shared: &Shared) -> Value {
    let (engine, config) = (&shared.engine, &shared.config);
    let now = engine.now();
    let mut store = match engine.store_state() {
        StoreState::Working => json!({"state": "working"}),
        StoreState::Failing { since, why } => {
            json!({"state": "failing", "since_seconds": seconds_ago(now, since), "why": why})
        }
    };
    let growth = engine.store_growth();
    if let Some(members) = store.as_object_mut() {
        members.insert("size_bytes".into(), json!(growth.sizes.bytes));
        members.insert("free_bytes".into(), json!(growth.sizes.free_bytes));
        members.insert("bytes_a_day".into(), json!(growth.bytes_a_day));
        members.insert("disk_fills_up".into(), json!(growth.is_low));
    }
    let surfaces: BTreeMap<_, _> = shared
        .health
        .surfaces()
        .into_iter()
        .map(|(name, readiness)| (name, readiness_told(&readiness)))
        .collect();
    let settings = engine.settings();
    let mut agents =
        BTreeMap::from([("not_ready", 0_u64), ("ready", 0), ("talking", 0), ("wrap_up", 0)]);
    for session in shared.port.signed_in() {
        if let Some(presence) = engine.presence(&session) {
            *agents.entry(presence.state.name()).or_default() += 1;
        }
    }
    let expires_at = shared.certificates.expires_at();
    json!({
        "node": config.name,
        "version": crate::VERSION,
        "uptime_seconds": seconds_ago(now, shared.started_at),
        "store": store,
        "settings": {
            "number": settings.number,
            "agents": settings.agents.len(),
            "devices": settings.devices.len(),
            "from_file": shared.settings_file,
        },
        "nodes": nodes(shared),
        "surfaces": surfaces,
        "agents": agents,
        "cti_pairs": cti_pairs(shared, now),
        "sip": shared.sip.as_ref().map(|sip| sip_told(&sip.status())),
        "headsets": super::headset_phones::counts(shared),
        "push_problems": push_problems(shared),
        "maintenance": engine.in_maintenance(),
        "secrets_unopened": super::secrets::unopened(&shared.secrets_unopened()),
        "certificate": {
            "expires_at": expires_at.seconds(),
            "days_left": expires_at.since(now).as_secs() / 86_400,
            "acme": shared.certificates.acme_state(),
        },
        "phone_url": format!("{}/fippa/", config.phone.base()),
    })
}

/// What a node says of itself, and how the file that rules its settings differs from what is in force.
pub(super) async fn with_drift(shared: &Arc<Shared>) -> Value {
    let mut told = status(shared);
    let drift = match shared.drift().await {
        DriftTold::NoFile => return told,
        DriftTold::BeingCompared => json!({}),
        DriftTold::Differs(changes) => json!({"changes": changes}),
        DriftTold::Wrong(problem) => json!({"problem": problem}),
    };
    if let Some(settings) = told.get_mut("settings").and_then(Value::as_object_mut) {
        settings.insert("drift".to_owned(), drift);
    }
    told
}

/// The nodes of the deployment, this one among them, as of its last look.
fn nodes(shared: &Shared) -> Value {
    let nodes = shared.engine.nodes().into_iter();
    let told = nodes.map(|node| {
        let state = state_of(&node);
        let part = |name: &str| node.said.get(name).cloned();
        let number = |name: &str| part(name).and_then(|text| text.parse::<u64>().ok());
        json!({
            "node": node.node,
            "live": node.live,
            "state": state,
            "seen_seconds": node.age.as_secs(),
            "console_url": part(engine::SAID_CONSOLE).map(|base| format!("{base}/")),
            "phone_url": part(engine::SAID_PHONE).map(|base| format!("{base}/fippa/")),
            "version": part("version"),
            "agents": number("agents"),
            "settings": number("settings"),
        })
    });
    told.collect()
}

/// How a node is, as it says itself while it is there.
pub(super) fn state_of(node: &NodeSeen) -> &str {
    match (node.live, node.left) {
        (true, _) => node.said.get("state").map_or("starting", String::as_str),
        (false, true) => "left",
        (false, false) => "gone",
    }
}

/// How the links to the contact centre's servers stand.
fn cti_pairs(shared: &Shared, now: Timestamp) -> Value {
    let pairs = shared.port.pair_statuses().into_iter();
    let told = pairs.map(|(name, status)| {
        let told = json!({
            "active_side": status.active_side,
            "standby_side": status.standby_side,
            "since_seconds": status.since.map(|since| seconds_ago(now, since)),
            "problem": status.problem,
            "unknown_agents": status.unknown_agents,
        });
        (name.to_string(), told)
    });
    Value::Object(told.collect())
}

/// How SIP stands on this node: who is registered here, and which next hops answer.
fn sip_told(status: &SipStatus) -> Value {
    let hops = status.next_hops.iter().map(|hop| {
        let up = hop.servers.iter().find(|server| server.is_up);
        let problem = hop.servers.iter().find_map(|server| server.problem.clone());
        let servers = hop.servers.iter().map(|server| {
            json!({
                "up": server.is_up,
                "address": server.peer.map(|peer| peer.to_string()),
                "problem": server.problem,
            })
        });
        json!({
            "name": hop.name,
            "up": up.is_some(),
            "server": up.and_then(|server| server.peer).map(|peer| peer.to_string()),
            "problem": problem,
            "servers": servers.collect::<Vec<_>>(),
        })
    });
    let devices = status.devices.iter().map(|device| {
        json!({
            "device": device.device,
            "address": device.address,
            "transport": device.transport.to_ascii_lowercase(),
            "peer": device.peer.to_string(),
            "reachable": device.is_reachable,
            "registered_seconds": device.age.as_secs(),
            "refreshed_seconds": device.refreshed.as_secs(),
            "user_agent": device.user_agent,
            "takes_screens": device.takes_remotecc,
        })
    });
    let listeners = status.listeners.iter().map(
        |(transport, address)| json!({"transport": transport, "address": address.to_string()}),
    );
    json!({
        "on": status.is_on,
        "listeners": listeners.collect::<Vec<_>>(),
        "devices": devices.collect::<Vec<_>>(),
        "registered": status.bindings,
        "reachable": status.reachable,
        "connections": status.connections,
        "next_hops": hops.collect::<Vec<_>>(),
    })
}

/// How the last push to each phone went.
pub(super) fn push_states(shared: &Shared) -> Value {
    let states: Vec<_> = (shared.pushes)().iter().map(push).collect();
    json!({"push_states": states})
}

/// Phones that refuse our push, with the reason (PHN-18).
fn push_problems(shared: &Shared) -> Value {
    (shared.pushes)().iter().filter(|it| it.problem.is_some()).map(push).collect()
}

fn push(push: &Push) -> Value {
    json!({
        "device": push.device,
        "reason": push.reason,
        "why": push.problem,
        "since": push.since.seconds(),
    })
}

fn readiness_told(readiness: &Readiness) -> Value {
    match readiness {
        Readiness::Ready => json!({"state": "ready"}),
        Readiness::Degraded(why) => json!({"state": "degraded", "why": why}),
        Readiness::Failing(why) => json!({"state": "failing", "why": why}),
    }
}

fn seconds_ago(now: Timestamp, then: Timestamp) -> u64 {
    now.since(then).as_secs()
}
