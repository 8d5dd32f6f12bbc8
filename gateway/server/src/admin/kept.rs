//! Retention and erasure on the admin socket.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use console::{Context, Failure};
use domain::settings::Reader;
use domain::{AgentId, Deed};
use engine::{Erasure, Overdue, RetentionError};
use serde_json::{Value, json};

use super::people;
use super::protocol::refused;
use crate::backup::{inspected, when};
use crate::node::Shared;
use crate::support_bundle;
use crate::words::with_causes;

/// Whom to erase, and whether only to tell.
pub(super) struct EraseWish {
    agent: AgentId,
    dry_run: bool,
}

fn failure(error: RetentionError) -> Failure {
    match error {
        RetentionError::Submit(error) => error.into(),
        RetentionError::Refused(refusal) => refused(&refusal),
        RetentionError::Clock => Failure::new("refused", error.to_string()),
    }
}

/// Shows what is older than it is kept, or removes it.
pub(super) async fn retention(
    shared: &Shared,
    dry_run: bool,
    context: &Context,
) -> Result<Value, Failure> {
    let plan = match dry_run {
        true => shared.engine.overdue().await?,
        false => shared.engine.retain(context.by.clone()).await.map_err(failure)?,
    };
    let kinds: Vec<_> = plan.iter().map(told).collect();
    Ok(json!({"kinds": kinds, "dry_run": dry_run}))
}

fn told(overdue: &Overdue) -> Value {
    json!({
        "kind": overdue.kind.name(),
        "days": overdue.days,
        "count": overdue.count,
        "oldest": overdue.between.map(|(oldest, _)| when(oldest)),
        "newest": overdue.between.map(|(_, newest)| when(newest)),
    })
}

pub(super) fn read_erase(reader: &mut Reader<'_>) -> Option<EraseWish> {
    let agent = reader.required("agent");
    let dry_run = reader.switch("dry_run").unwrap_or_default();
    Some(EraseWish { agent: agent?, dry_run })
}

/// Shows what is kept of a person, or removes it.
pub(super) async fn erase(
    shared: &Shared,
    wish: EraseWish,
    context: &Context,
) -> Result<Value, Failure> {
    let EraseWish { agent, dry_run } = wish;
    let Erasure { documents, log_until, audit_until } = match dry_run {
        true => shared.engine.erasure(&agent).await?,
        false => shared.engine.erase(&agent, context.by.clone()).await.map_err(failure)?,
    };
    let documents: Vec<_> = documents.iter().map(|key| key.kind.name()).collect();
    Ok(json!({
        "documents": documents,
        "log_until": when(log_until),
        "audit_until": when(audit_until),
        "dry_run": dry_run,
    }))
}

/// Whether the store is whole.
pub(super) async fn store_check(shared: &Shared) -> Result<Value, Failure> {
    let found = shared.engine.check_store().await;
    let found = found.map_err(|error| Failure::new("unavailable", with_causes(&error)))?;
    Ok(inspected(&found))
}

/// Whether a bundle has what the flight recorder holds.
pub(super) fn read_bundle(reader: &mut Reader<'_>) -> Option<bool> {
    Some(reader.switch("flight_recorder").unwrap_or_default())
}

/// A support bundle, its bytes in base64.
pub(super) async fn support_bundle(
    shared: &Arc<Shared>,
    with_flight_recorder: bool,
    context: &Context,
) -> Result<Value, Failure> {
    let of = Arc::clone(shared);
    let making = move || support_bundle::made(&of, with_flight_recorder);
    let made = tokio::task::spawn_blocking(making).await;
    let bundle = made.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    let bundle = bundle.map_err(|error| Failure::new("unavailable", with_causes(&error)))?;
    people::note(shared, context, bundle_made(with_flight_recorder)).await;
    let name = "jackfield-support.tar";
    Ok(json!({"name": name, "bytes": bundle.len(), "base64": STANDARD.encode(&bundle)}))
}

/// The entry of a bundle in the audit log.
pub(super) fn bundle_made(with_flight_recorder: bool) -> Deed {
    let deed = Deed::done("support_bundle_made", "node");
    if with_flight_recorder { deed.with("flight_recorder", &json!(true)) } else { deed }
}
