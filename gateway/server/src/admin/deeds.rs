//! What an administrator does to a node: settings, maintenance, reload, log level.

use std::sync::Arc;
use std::time::Duration;

use console::{Context, Failure};
use domain::settings::{Becomes, Reader};
use domain::{Command, Deed, Input, InputId, NodeName};
use engine::Outcome;
use serde_json::{Value, json};

use super::people;
use super::protocol::refused;
use crate::log::LEVELS;
use crate::node::Shared;
use crate::settings::{Applied, ApplyError, Edits, NOT_TESTED, exported};

/// A changed log level goes back by itself after so many minutes, so that nobody forgets it.
const LOG_LEVEL_MINUTES: u64 = 30;
const LOG_LEVEL_MINUTES_MAX: u64 = 1_440;
/// The most lines of a plan that are told.
const PLANNED_MAX: usize = 10_000;

pub(super) async fn settings_apply(
    shared: &Shared,
    bytes: &[u8],
    context: &Context,
) -> Result<Value, Failure> {
    let applied = shared.apply(bytes, context).await;
    told(shared, context, applied).await
}

/// A few documents changed.
pub(super) async fn settings_change(
    shared: &Shared,
    edits: &Edits,
    context: &Context,
) -> Result<Value, Failure> {
    let applied = shared.change(edits, context).await;
    told(shared, context, applied).await
}

async fn told(
    shared: &Shared,
    context: &Context,
    applied: Result<Applied, ApplyError>,
) -> Result<Value, Failure> {
    match applied {
        Ok(applied) => {
            let warnings = shared.warnings();
            let warnings = warnings.iter().map(|it| json!({"key": it.key, "message": it.message}));
            let warnings: Vec<_> = warnings.collect();
            let (number, changed) = (applied.number, applied.changed);
            Ok(json!({"number": number, "changed": changed, "warnings": warnings}))
        }
        Err(error) => {
            let failure = failure(error);
            let deed = Deed::done("settings_changed", "settings").with_outcome(&failure.code);
            people::note(shared, context, deed).await;
            Err(failure)
        }
    }
}

/// What a file would change, line by line.
pub(super) async fn settings_plan(shared: &Shared, bytes: &[u8]) -> Result<Value, Failure> {
    let planned = shared.planned(bytes).await.map_err(failure)?;
    let count = |becomes| planned.iter().filter(|it| it.becomes == becomes).count();
    let counts = json!({
        "added": count(Becomes::Added),
        "changed": count(Becomes::Changed),
        "removed": count(Becomes::Removed),
    });
    let lines = planned
        .iter()
        .take(PLANNED_MAX)
        .map(|it| json!({"name": it.name, "becomes": it.becomes.name(), "changes": it.changes}));
    let lines: Vec<_> = lines.collect();
    let more = planned.len().saturating_sub(PLANNED_MAX);
    Ok(json!({"counts": counts, "plan": lines, "more": more}))
}

pub(super) fn failure(error: ApplyError) -> Failure {
    let code = match &error {
        ApplyError::Problems(_) => "problems",
        ApplyError::Refused(_) => "refused",
        ApplyError::Precondition => "precondition",
        ApplyError::NotFound(_) => "not_found",
        ApplyError::ReadOnly(_) => "read_only",
        ApplyError::LastAdministrator(_) => "last_administrator",
        ApplyError::NotTested(_) => NOT_TESTED,
        ApplyError::Moved => "settings_moved",
        ApplyError::Submit(_)
        | ApplyError::Hashing(_)
        | ApplyError::Sealing
        | ApplyError::Broken => "unavailable",
    };
    match error {
        ApplyError::Problems(problems) => Failure::problems(code, problems),
        ApplyError::Refused(why) => Failure::new(code, why),
        ApplyError::Submit(error) => error.into(),
        error => Failure::new(code, error.to_string()),
    }
}

pub(super) fn settings_export(shared: &Shared) -> Result<Value, Failure> {
    let text = exported(&shared.engine.settings());
    text.map(|text| json!({"text": text})).map_err(|error| Failure::new("unavailable", error))
}

/// The certificates in force, for phones' trust stores (PHN-14).
pub(super) fn certificate(shared: &Shared) -> Result<Value, Failure> {
    let text = shared.certificates.pem();
    text.map(|text| json!({"text": text})).map_err(|error| Failure::new("unavailable", error))
}

pub(super) async fn maintenance(
    shared: &Shared,
    node: Option<NodeName>,
    on: bool,
    context: &Context,
) -> Result<Value, Failure> {
    let node = node.unwrap_or_else(|| shared.engine.node().clone());
    if !shared.engine.nodes().iter().any(|it| it.node == node) {
        return Err(Failure::new("not_found", format!("there is no node {node}")));
    }
    let id = InputId::new("admin", super::agents::fresh_number()?);
    let action = if on { "maintenance_on" } else { "maintenance_off" };
    let command = Command::Audited {
        by: context.by.clone(),
        deed: Some(Deed::done(action, format!("nodes/{node}"))),
        command: Some(Box::new(Command::SetMaintenance { node, on })),
    };
    let submitted = shared.engine.submit(Input::command(id, command)).await;
    match submitted? {
        Outcome::Done(_) => {
            tracing::info!(on, "maintenance");
            Ok(json!({"maintenance": on}))
        }
        Outcome::Refused(refusal) => Err(refused(&refusal)),
        // No owner of voice state is asked about a node.
        Outcome::Unclear(_) => Err(engine::SubmitError::Undecided.into()),
    }
}

pub(super) async fn reload(shared: &Shared, context: &Context) -> Value {
    let reloaded = shared.reload().await;
    let outcome = if reloaded.refused.is_empty() { "done" } else { "refused in part" };
    let deed = Deed::done("reloaded", format!("nodes/{}", shared.engine.node()));
    people::note(shared, context, deed.with_outcome(outcome)).await;
    json!({"done": reloaded.done, "refused": reloaded.refused})
}

pub(super) fn read_log_level(reader: &mut Reader<'_>) -> Option<(&'static str, u64)> {
    let choices = LEVELS.map(|level| (level, level));
    let level = reader.choice("level", &choices);
    let minutes = reader.number("minutes", 1..=LOG_LEVEL_MINUTES_MAX);
    Some((level?, minutes.unwrap_or(LOG_LEVEL_MINUTES)))
}

pub(super) async fn log_level(
    shared: &Arc<Shared>,
    level: &'static str,
    minutes: u64,
    context: &Context,
) -> Result<Value, Failure> {
    let Some(change) = shared.log.set_level(level) else {
        return Err(Failure::new("unavailable", "the log level cannot be changed here"));
    };
    tracing::info!(level, minutes, "log level changed");
    let deed = Deed::done("log_level_changed", format!("nodes/{}", shared.engine.node()));
    let deed = deed.with("level", &json!(level)).with("minutes", &json!(minutes));
    people::note(shared, context, deed).await;
    let log = shared.log.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(minutes * 60)).await;
        // A later command has its own end.
        if let Some(level) = log.set_back(change) {
            tracing::info!(level, "log level as configured again");
        }
    });
    Ok(json!({"level": level, "minutes": minutes}))
}
