//! Retention and erasure on the admin socket.

use console::{Context, Failure};
use domain::AgentId;
use domain::settings::Reader;
use engine::{Erasure, Overdue, RetentionError};
use serde_json::{Value, json};

use super::protocol::refused;
use crate::backup::when;
use crate::node::Shared;

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
