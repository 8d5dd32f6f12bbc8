//! Settings as they would be with one document that somebody typed and did not save: judged as if it were saved,
//! and kept nowhere.

use std::sync::Arc;

use domain::settings::{Section, Settings, SettingsHead};
use serde_json::Value;

use super::{ApplyError, Edit, Edits, Maker, made};

/// The settings in force with that document in its place. Nothing is written.
pub(crate) async fn with_unsaved(
    make: Maker<'_>,
    section: Section,
    name: &str,
    document: Value,
) -> Result<Settings, ApplyError> {
    let before = make.engine.settings();
    let edit = Edit { section, name: Some(name.to_owned()), document: Some(document) };
    let key = edit.key();
    let edits = Edits { edits: vec![edit], seen: None };
    let (wanted, in_force) = (edits.clone(), Arc::clone(&before));
    let looked = tokio::task::spawn_blocking(move || wanted.looked(&in_force)).await;
    let (looked, names) = looked.map_err(|_| ApplyError::Broken)??;
    let documents = made(make, &before, looked).await.map_err(|error| match error {
        ApplyError::Problems(problems) => ApplyError::Problems(names.told(&problems)),
        error => error,
    })?;
    edits.check_made(&documents.0)?;
    let unsaved = documents.0.into_iter().filter(|document| document.key() == key);
    let head = SettingsHead { number: before.number, ..SettingsHead::default() };
    Ok(before.changed(&head, unsaved, &[]))
}
