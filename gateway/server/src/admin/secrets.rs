//! Sealed secrets on the admin socket: under which keys they are, and all of them under the present one.

use std::collections::BTreeMap;

use console::{Context, Failure};
use engine::{ResealError, SealedSecret};
use serde_json::{Value, json};

use crate::node::Shared;

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

/// What does not open here, and why.
pub(super) fn unopened(secrets: &[SealedSecret]) -> Value {
    let told = secrets.iter().filter_map(|secret| {
        let problem = secret.problem.as_ref()?;
        Some(json!({"secret": secret.place, "why": problem.to_string()}))
    });
    told.collect()
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
