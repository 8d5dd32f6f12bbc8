//! How the links to contact centres stand, and how they came to stand so.

use domain::settings::{CtiPair, CtiSide};
use engine::{PairChange, PairStatus};
use serde_json::{Value, json};

use super::overview::peers::cti_pair;
use crate::node::Shared;

/// Every pair of the settings with its sides and their last changes, from the memory of this node.
pub(super) fn status(shared: &Shared) -> Value {
    let settings = shared.engine.settings();
    let statuses = shared.port.pair_statuses();
    let pairs = settings.cti_pairs.values().map(|pair| {
        let status = statuses.iter().find(|(name, _)| *name == pair.name).map(|(_, it)| it);
        let changes = shared.port.pair_changes(&pair.name);
        told(pair, status, &changes)
    });
    json!({"pairs": pairs.collect::<Vec<_>>()})
}

fn told(pair: &CtiPair, status: Option<&PairStatus>, changes: &[PairChange]) -> Value {
    let mut told = cti_pair(status).named(pair.name.to_string()).json();
    let (active, standby) = (
        status.and_then(|status| status.active_side),
        status.and_then(|status| status.standby_side),
    );
    let side = |name: char, side: &CtiSide| {
        let state = match name {
            _ if active == Some(name) => "active",
            _ if standby == Some(name) => "standby",
            _ => "down",
        };
        json!({"side": name, "host": side.host(), "port": side.port(), "state": state})
    };
    let mut sides = vec![side('a', &pair.side_a)];
    sides.extend(pair.side_b.as_ref().map(|it| side('b', it)));
    let changes = changes.iter().map(|change| {
        json!({
            "at": change.at.microseconds(),
            "active_side": change.status.active_side,
            "standby_side": change.status.standby_side,
            "problem": change.status.problem,
        })
    });
    if let Some(members) = told.as_object_mut() {
        members.insert("dialect".to_owned(), json!(pair.dialect));
        members.insert("sides".to_owned(), sides.into());
        members.insert("problem".to_owned(), json!(status.and_then(|it| it.problem.as_deref())));
        let unknown = status.map_or(0, |status| status.unknown_agents);
        members.insert("unknown_agents".to_owned(), json!(unknown));
        members.insert("changes".to_owned(), changes.collect::<Vec<_>>().into());
    }
    told
}
