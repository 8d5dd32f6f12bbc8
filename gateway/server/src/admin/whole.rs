//! What REST asks for and gets in one answer, where the command line reads files itself or is sent a stream:
//! tables to take over, the support bundle, the look at the store.

use std::sync::Arc;

use ::console::{Context, Failure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use directory::import::csv::{self, Kind};
use domain::settings::Reader;
use domain::{Deed, Problems};
use serde_json::{Value, json};

use super::{directories, people};
use crate::backup::inspected;
use crate::node::Shared;
use crate::support_bundle;
use crate::words::with_causes;

/// A table whose rows are to be laid over the settings.
pub(super) struct Table {
    kind: Kind,
    text: String,
    mirror: bool,
    apply: bool,
}

pub(super) fn read_table(reader: &mut Reader<'_>) -> Option<Table> {
    let kinds = [
        ("agents", Kind::Agents),
        ("teams", Kind::Teams),
        ("reason_codes", Kind::Reasons),
        ("devices", Kind::Devices),
    ];
    if !reader.has("kind") {
        reader.problem("kind", "is missing");
    }
    let kind = reader.choice("kind", &kinds);
    let text = reader.text("text");
    let mirror = reader.switch("mirror").unwrap_or(false);
    let apply = reader.switch("apply").unwrap_or(false);
    Some(Table { kind: kind?, text: text?, mirror, apply })
}

/// Tells the plan; changes something only where that is asked for.
pub(super) async fn import(
    shared: &Arc<Shared>,
    table: Table,
    context: &Context,
) -> Result<Value, Failure> {
    let Table { kind, text, mirror, apply } = table;
    let read = tokio::task::spawn_blocking(move || csv::read(text.as_bytes(), kind)).await;
    let read = read.map_err(|error| Failure::new("broken", error.to_string()))?;
    let imported = read.map_err(|faults| {
        let mut problems = Problems::default();
        for fault in faults {
            problems.add("text", fault);
        }
        Failure::problems("problems", problems)
    })?;
    let left_out = imported.left_out.clone();
    let mut told = directories::lay(shared, imported, mirror, apply, context).await?;
    if let Some(members) = told.as_object_mut() {
        members.insert("left_out".to_owned(), json!(left_out));
    }
    Ok(told)
}

/// The support bundle, in base64.
pub(super) async fn support_bundle(
    shared: &Arc<Shared>,
    context: &Context,
) -> Result<Value, Failure> {
    let of = Arc::clone(shared);
    let made = tokio::task::spawn_blocking(move || support_bundle::made(&of)).await;
    let made = made.map_err(|error| Failure::new("broken", error.to_string()))?;
    let bundle = made.map_err(|error| Failure::new("unavailable", with_causes(&error)))?;
    people::note(shared, context, Deed::done("support_bundle_made", "node")).await;
    Ok(json!({"bundle": BASE64_STANDARD.encode(bundle)}))
}

/// What is in the store, and what is wrong with it.
pub(super) async fn store_check(shared: &Shared) -> Result<Value, Failure> {
    let found = shared.engine.check_store().await;
    let found = found.map_err(|error| Failure::new("unavailable", with_causes(&error)))?;
    Ok(inspected(&found))
}
