//! What the console's first page shows: every part of this node with its state and the reason for it.
//!
//! All of it is looked at anew with each question (CCP-11); nothing in it changes by the passing of seconds alone,
//! so that whoever asks again and again sees whether anything is another now.

use std::collections::BTreeMap;
use std::sync::Arc;

use console::Part;
use domain::PresenceState;
use domain::settings::{Reader, Settings};
use serde_json::{Value, json};

use crate::history::{TEAMS_MAX, WantedHistory};
use crate::node::{DriftTold, Shared};

mod identity;
mod own;
pub(super) mod peers;

/// The most series that are named at once.
const SERIES_MAX: usize = 64;
/// So many minutes are remembered.
const HISTORY_MINUTES_MAX: u64 = 1_440;

/// Reads which series are wanted.
pub(super) fn read_history(reader: &mut Reader<'_>) -> Option<WantedHistory> {
    let series = reader.parsed_list("series", SERIES_MAX);
    let minutes = reader.number("minutes", 1..=HISTORY_MINUTES_MAX).unwrap_or(60);
    let teams = reader.has("teams").then(|| reader.parsed_list("teams", TEAMS_MAX));
    let whole = reader.switch("whole").unwrap_or(true);
    Some(WantedHistory { series, minutes, teams, whole })
}

/// The whole of it.
pub(super) async fn overview(shared: &Arc<Shared>) -> Value {
    let parts = parts(shared).await;
    let (engine, config) = (&shared.engine, &shared.config);
    let settings = engine.settings();
    let (agents, sessions) = agents(shared, &settings);
    json!({
        "node": config.name,
        "version": crate::VERSION,
        "at": engine.now().microseconds(),
        "parts": parts.iter().map(Part::json).collect::<Vec<_>>(),
        "agents": agents,
        "sessions": sessions,
        "nodes": nodes(shared),
        "first_steps": first_steps(shared, &settings),
        "phone_url": format!("{}/fippa/", config.phone.base()),
    })
}

/// Every part, looked at now.
pub(crate) async fn parts(shared: &Arc<Shared>) -> Vec<Part> {
    let drift = shared.drift().await;
    let newest_backup = super::backups::newest(shared).await;
    let settings = shared.engine.settings();
    let directories = peers::directories(shared, &settings).await;
    parts_of(shared, &settings, &drift, newest_backup, directories)
}

fn parts_of(
    shared: &Shared,
    settings: &Settings,
    drift: &DriftTold,
    newest_backup: Result<Option<i64>, console::Failure>,
    directories: Vec<Part>,
) -> Vec<Part> {
    let now = shared.engine.now();
    let mut parts = own::node(shared);
    parts.extend(peers::other_nodes(shared, settings));
    parts.push(own::store(shared.engine.store_state()));
    parts.push(own::disk(shared.engine.store_growth()));
    parts.push(own::backups(newest_backup, now));
    parts.push(own::settings_file(drift));
    parts.push(own::secrets(shared.secrets_unopened().len()));
    parts.push(own::clock(shared.engine.clock_ahead_seconds()));
    parts.extend(shared.health.surfaces().iter().map(|(name, it)| own::surface(name, it)));
    parts.extend(own::listeners(shared, settings));
    parts.extend(own::certificates(shared, settings));
    parts.extend(identity::parts(shared, settings));
    parts.extend(peers::cti_pairs(shared, settings));
    parts.extend(directories);
    parts.extend(peers::sip(shared, settings));
    parts.push(peers::phones(shared, settings));
    parts.push(peers::headsets(shared, settings));
    parts.extend(peers::mailboxes(shared, settings));
    parts.extend(peers::syslog(shared.log.syslog().states()));
    parts
}

/// How many agents are in each state, and how many sessions there are.
fn agents(shared: &Shared, settings: &Settings) -> (BTreeMap<&'static str, usize>, usize) {
    let mut counts: BTreeMap<_, _> = PresenceState::NAMES.map(|name| (name, 0_usize)).into();
    let sessions = shared.port.signed_in();
    for session in &sessions {
        if let Some(presence) = shared.engine.presence(session) {
            *counts.entry(presence.state.name()).or_default() += 1;
        }
    }
    // Whoever has no session is signed out, and so is who has one that the contact centre ended.
    let without = settings.agents.len().saturating_sub(sessions.len());
    *counts.entry("signed_out").or_default() += without;
    (counts, sessions.len())
}

/// What somebody who begins has done already.
fn first_steps(shared: &Shared, settings: &Settings) -> Value {
    json!({
        "administrator": domain::administrators(settings) > 0,
        "team": !settings.teams.is_empty(),
        "agent": !settings.agents.is_empty(),
        "device": !settings.devices.is_empty(),
        "signed_in": shared.engine.has_seen_a_session(),
    })
}

/// The nodes of the deployment, this one among them.
fn nodes(shared: &Shared) -> Value {
    let nodes = shared.engine.nodes().into_iter().map(|node| {
        let said = |name: &str| node.said.get(name);
        let number = |name: &str| said(name).and_then(|text| text.parse::<u64>().ok());
        json!({
            "node": node.node,
            "state": super::status::state_of(&node),
            "version": said("version"),
            "agents": number("agents"),
        })
    });
    nodes.collect()
}
