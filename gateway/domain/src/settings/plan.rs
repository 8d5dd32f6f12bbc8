//! What would change, before it does: additions, changes and removals, secrets masked.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{SettingDocument, Settings, export_document, masked};
use crate::audit::short;
use crate::{FieldChange, Key};

/// What becomes of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Becomes {
    /// It is new.
    Added,
    /// It is another.
    Changed,
    /// It is gone.
    Removed,
}

impl Becomes {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The document, as `agents/1001`.
    pub name: String,
    /// What becomes of it.
    pub becomes: Becomes,
    /// The members that differ.
    pub changes: Vec<FieldChange>,
}

/// What settings become when those documents are all there are, in the order of sections and names.
pub fn plan(before: &Settings, wanted: &[SettingDocument]) -> Vec<Planned> {
    let by_key = |documents: Vec<SettingDocument>| -> BTreeMap<Key, SettingDocument> {
        documents.into_iter().map(|document| (document.key(), document)).collect()
    };
    let (before, wanted) = (by_key(before.documents()), by_key(wanted.to_vec()));
    let mut planned: Vec<_> = Vec::new();
    for (key, document) in &wanted {
        let old = before.get(key);
        if old != Some(document) {
            let becomes = if old.is_some() { Becomes::Changed } else { Becomes::Added };
            planned.push((document.section(), becomes, name(document), old, Some(document)));
        }
    }
    for (key, document) in before.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
        let _ = key;
        planned.push((document.section(), Becomes::Removed, name(document), Some(document), None));
    }
    planned.sort_by(|a, b| (a.0, &a.2).cmp(&(b.0, &b.2)));
    planned
        .into_iter()
        .map(|(_, becomes, name, old, new)| {
            let changes = changes(&name, old, new);
            Planned { name, becomes, changes }
        })
        .collect()
}

/// How a document is called in plans and in the audit log.
pub(crate) fn name(document: &SettingDocument) -> String {
    let section = document.section().file_key();
    document.name().map_or_else(|| section.to_owned(), |name| format!("{section}/{name}"))
}

/// The members that differ; a whole document where it is new or gone.
pub(crate) fn changes(
    name: &str,
    old: Option<&SettingDocument>,
    new: Option<&SettingDocument>,
) -> Vec<FieldChange> {
    let (old, new) = (old.map(export_document), new.map(export_document));
    let text = |value: &Value| short(&masked(value.clone()));
    let (Some(Value::Object(old)), Some(Value::Object(new))) = (&old, &new) else {
        let (before, after) = (old.as_ref().map(text), new.as_ref().map(text));
        return vec![FieldChange { field: name.to_owned(), before, after }];
    };
    let mut members: Vec<_> = old.keys().chain(new.keys()).collect();
    members.sort_unstable();
    members.dedup();
    let differ = members.into_iter().filter(|member| old.get(*member) != new.get(*member));
    differ
        .map(|member| {
            // Masked with its name beside it, since the name tells what is secret.
            let told = |of: &Map<String, Value>| {
                let one = Map::from_iter([(member.clone(), of.get(member)?.clone())]);
                masked(Value::Object(one)).get(member).map(short)
            };
            let field = format!("{name} {member}");
            FieldChange { field, before: told(old), after: told(new) }
        })
        .collect()
}
