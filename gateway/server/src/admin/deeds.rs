//! What an administrator does to a node: settings, maintenance, reload, log level.

use std::sync::Arc;
use std::time::Duration;

use domain::settings::Reader;
use domain::{Command, Input, InputId};
use engine::Outcome;
use serde_json::{Value, json};

use super::protocol::Failure;
use crate::log::LEVELS;
use crate::node::Shared;
use crate::settings::{ApplyError, exported};

/// A changed log level goes back by itself after so many minutes, so that nobody forgets it.
const LOG_LEVEL_MINUTES: u64 = 30;
const LOG_LEVEL_MINUTES_MAX: u64 = 1_440;

pub(super) async fn settings_apply(shared: &Arc<Shared>, bytes: &[u8]) -> Result<Value, Failure> {
    match shared.apply(bytes).await {
        Ok(applied) => {
            let warnings = shared.engine.settings().warnings();
            let warnings = warnings.iter().map(|it| json!({"key": it.key, "message": it.message}));
            let warnings: Vec<_> = warnings.collect();
            let (number, changed) = (applied.number, applied.changed);
            Ok(json!({"number": number, "changed": changed, "warnings": warnings}))
        }
        Err(ApplyError::Problems(problems)) => Err(Failure::problems("problems", problems)),
        Err(ApplyError::Refused(why)) => Err(Failure::new("refused", why)),
        Err(ApplyError::Submit(error)) => Err(error.into()),
        Err(error @ (ApplyError::Hashing(_) | ApplyError::Sealing | ApplyError::Broken)) => {
            Err(Failure::new("unavailable", error.to_string()))
        }
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

pub(super) async fn maintenance(shared: &Shared, on: bool) -> Result<Value, Failure> {
    let node = shared.engine.node().clone();
    let id = InputId::new("admin", super::agents::fresh_number()?);
    let input = Input::command(id, Command::SetMaintenance { node, on });
    match shared.engine.submit(input).await? {
        Outcome::Done(_) => {
            tracing::info!(on, "maintenance");
            Ok(json!({"maintenance": on}))
        }
        Outcome::Refused(refusal) => Err(refusal.into()),
        // No owner of voice state is asked about a node.
        Outcome::Unclear(_) => Err(engine::SubmitError::Undecided.into()),
    }
}

pub(super) async fn reload(shared: &Shared) -> Value {
    let reloaded = shared.reload().await;
    json!({"done": reloaded.done, "refused": reloaded.refused})
}

pub(super) fn read_log_level(reader: &mut Reader<'_>) -> Option<(&'static str, u64)> {
    let choices = LEVELS.map(|level| (level, level));
    let level = reader.choice("level", &choices);
    let minutes = reader.number("minutes", 1..=LOG_LEVEL_MINUTES_MAX);
    Some((level?, minutes.unwrap_or(LOG_LEVEL_MINUTES)))
}

pub(super) fn log_level(
    shared: &Arc<Shared>,
    level: &'static str,
    minutes: u64,
) -> Result<Value, Failure> {
    let Some(change) = shared.log.set_level(level) else {
        return Err(Failure::new("unavailable", "the log level cannot be changed here"));
    };
    tracing::info!(level, minutes, "log level changed");
    let (log, configured) = (shared.log.clone(), shared.config.log.level);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(minutes * 60)).await;
        // A later command has its own end.
        if log.set_back(configured, change) {
            tracing::info!(level = configured, "log level as configured again");
        }
    });
    Ok(json!({"level": level, "minutes": minutes}))
}
