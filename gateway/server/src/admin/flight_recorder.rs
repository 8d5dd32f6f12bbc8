//! The flight recorder on the admin socket: looked at, or taken out as a text, which the audit log tells.

use std::sync::Arc;

use console::{Context, Failure};
use domain::Deed;
use domain::settings::Reader;
use engine::recorder::Wanted;
use serde_json::{Value, json};

use super::people;
use crate::flight_recorder::{self, Format};
use crate::node::Shared;

pub(super) fn read(reader: &mut Reader<'_>, shared: &Shared) -> Option<Wanted> {
    flight_recorder::read(reader, shared.engine.now())
}

pub(super) fn read_export(reader: &mut Reader<'_>, shared: &Shared) -> Option<(Wanted, Format)> {
    let formats = [("text", Format::Text), ("jsonl", Format::JsonLines)];
    let format = match reader.has("format") {
        true => reader.choice("format", &formats)?,
        false => Format::Text,
    };
    Some((read(reader, shared)?, format))
}

/// A look.
pub(super) async fn look(shared: &Arc<Shared>, wanted: Wanted) -> Value {
    let timeline = flight_recorder::timeline(&shared.engine, wanted).await;
    flight_recorder::json(shared.engine.node(), &timeline)
}

/// All of it to keep. What was asked for stands in the audit log, whoever it is about.
pub(super) async fn export(
    shared: &Arc<Shared>,
    (wanted, format): (Wanted, Format),
    context: &Context,
) -> Result<Value, Failure> {
    let node = shared.engine.node();
    let mut deed = Deed::done("flight_recorder_exported", format!("nodes/{node}"));
    let about =
        [("agent", &wanted.agent), ("device", &wanted.device), ("contact", &wanted.contact)];
    for (name, value) in about {
        if let Some(value) = value {
            deed = deed.with(name, &json!(value));
        }
    }
    let timeline = flight_recorder::timeline(&shared.engine, wanted).await;
    let deed = deed.with("records", &json!(timeline.records.len()));
    people::note(shared, context, deed).await;
    Ok(json!({"text": flight_recorder::written(node, &timeline, format)}))
}
