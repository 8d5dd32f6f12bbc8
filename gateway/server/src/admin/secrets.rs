//! Sealed secrets on the admin socket: under which keys they are, and all of them under the present one.

use std::collections::BTreeMap;

use console::{Context, Failure};
use engine::{ResealError, SealedSecret};
use serde_json::{Value, json};

use crate::node::Shared;

/// So many secrets that do not open are told one by one; a lost key shuts those of all phones.
const UNOPENED_TOLD_MAX: usize = 100;

/// How many secrets there are by key, which keys are here, and who lacks the one that seals.
pub(super) async fn status(shared: &Shared) -> Result<Value, Failure> {
    let engine = &shared.engine;
    let secrets = engine.sealed_secrets(&shared.sealing).await?;
    let keys = shared.sealing.ids();
    let mut counts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for secret in &secrets {
        *counts.entry(secret.key.as_deref()).or_default() += 1;
    }
    let count = |id: &str| counts.get(&Some(id)).copied().unwrap_or(0);
    let here: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(position, id)| {
            let without = engine.nodes_without_key(id);
            json!({"key": id, "seals": position == 0, "secrets": count(id), "not_on": without})
        })
        .collect();
    let elsewhere = counts.iter().filter_map(|(id, count)| id.map(|id| (id, *count)));
    let missing: Vec<_> = elsewhere
        .filter(|(id, _)| !keys.iter().any(|key| key == id))
        .map(|(id, count)| json!({"key": id, "secrets": count}))
        .collect();
    Ok(json!({
        "node": engine.node(),
        "keys": here,
        "missing_keys": missing,
        "without_id": counts.get(&None).copied().unwrap_or(0),
        "to_reseal": secrets.iter().filter(|it| !it.is_present).count(),
        "unopened": unopened(&secrets),
    }))
}

/// What does not open here, and why; not all of it where that is much.
pub(super) fn unopened(secrets: &[SealedSecret]) -> Value {
    let shut =
        || secrets.iter().filter_map(|secret| Some((&secret.place, secret.problem.as_ref()?)));
    let told = shut().take(UNOPENED_TOLD_MAX);
    let mut told: Vec<_> =
        told.map(|(place, why)| json!({"secret": place, "why": why.to_string()})).collect();
    let more = shut().count().saturating_sub(UNOPENED_TOLD_MAX);
    if let (true, Some((_, why))) = (more > 0, shut().next_back()) {
        told.push(json!({"secret": format!("{more} more"), "why": why.to_string()}));
    }
    told.into()
}

/// Every secret under the key that seals.
pub(super) async fn reseal(shared: &Shared, context: &Context) -> Result<Value, Failure> {
    let resealed = shared.engine.reseal(context.by.clone()).await.map_err(|error| match error {
        ResealError::Submit(error) => error.into(),
        ResealError::NodeWithoutKey { .. } => Failure::new("refused", error.to_string()),
        ResealError::Moved => Failure::new("settings_moved", error.to_string()),
        ResealError::NoRandomness => Failure::new("unavailable", error.to_string()),
    })?;
    let key = shared.sealing.ids().first().cloned();
    Ok(json!({"key": key, "resealed": resealed.count, "left": resealed.left}))
}
