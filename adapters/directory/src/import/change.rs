//! The change from the settings in force to those with what was taken over: a plan to show, documents to
//! write.

use std::collections::BTreeMap;

use domain::settings::{
    Documents, SettingDocument, Settings, SettingsFile, export, export_document, masked,
};
use domain::{Actor, Command, Key, Problems, Sealed};
use serde_json::Value;

use super::{Imported, Mode, merged};

/// The most characters of a value in a plan.
const VALUE_CHARACTERS_MAX: usize = 80;

/// What taking over would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The number of the settings that it was made for.
    pub base: u64,
    /// What is made or replaced.
    pub put: Vec<SettingDocument>,
    /// What is removed.
    pub removed: Vec<Key>,
    /// The plan in words: `+` new, `~` changed, `-` removed; secrets masked.
    pub lines: Vec<String>,
    /// How many are new.
    pub added_count: usize,
    /// How many are changed.
    pub changed_count: usize,
    /// Agents that are there already and did not come from that origin, so they stay as they are.
    pub held_up: Vec<String>,
}

impl Change {
    /// What taking `imported` over would change; every problem is told where that makes no settings.
    pub fn new(settings: &Settings, imported: &Imported, mode: Mode) -> Result<Self, Problems> {
        let merged = merged(export(settings), imported, mode);
        let file = SettingsFile::read(merged.settings)?;
        // What is exported holds hashes and sealed secrets alone, and nothing taken over is secret.
        let Documents(documents) = file.into_documents(|_| None, |_, _| Sealed::from_text(""));
        let by_key = |documents: Vec<SettingDocument>| -> BTreeMap<Key, SettingDocument> {
            documents.into_iter().map(|document| (document.key(), document)).collect()
        };
        let before = by_key(settings.documents());
        let after = by_key(documents);
        let mut change = Self {
            base: settings.number,
            put: Vec::new(),
            removed: Vec::new(),
            lines: Vec::new(),
            added_count: 0,
            changed_count: 0,
            held_up: merged.held_up,
        };
        for (key, old) in &before {
            if !after.contains_key(key) {
                change.lines.push(format!("- {}", name(old)));
                change.removed.push(key.clone());
            }
        }
        for (key, new) in after {
            match before.get(&key) {
                Some(old) if *old == new => continue,
                Some(old) => {
                    change.changed_count += 1;
                    change.lines.push(format!("~ {}{}", name(&new), differences(old, &new)));
                }
                None => {
                    change.added_count += 1;
                    let told = short(&masked(export_document(&new)));
                    change.lines.push(format!("+ {} {told}", name(&new)));
                }
            }
            change.put.push(new);
        }
        Ok(change)
    }

    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.removed.is_empty()
    }

    /// The wish to change settings so, for the one who is to stand in the audit log.
    #[must_use]
    pub fn command(&self, by: Actor) -> Command {
        let (base, put, removed) = (self.base, self.put.clone(), self.removed.clone());
        let change = Command::ChangeSettings { base, put, removed };
        Command::Audited { by, deed: None, command: Some(Box::new(change)) }
    }
}

fn name(document: &SettingDocument) -> String {
    let section = document.section().file_key();
    document.name().map_or_else(|| section.to_owned(), |name| format!("{section}/{name}"))
}

fn differences(old: &SettingDocument, new: &SettingDocument) -> String {
    let (old, new) = (export_document(old), export_document(new));
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return String::new() };
    let mut members: Vec<_> = old.keys().chain(new.keys()).collect();
    members.sort_unstable();
    members.dedup();
    let told = |of: &serde_json::Map<String, Value>, member: &String| match of.get(member) {
        None => "nothing".to_owned(),
        Some(value) => {
            // Masked with its name beside it, since the name tells what is secret.
            let one = serde_json::Map::from_iter([(member.clone(), value.clone())]);
            masked(Value::Object(one)).get(member).map(short).unwrap_or_default()
        }
    };
    let differ = members.into_iter().filter(|member| old.get(*member) != new.get(*member));
    differ.map(|it| format!(", {it}: {} -> {}", told(&old, it), told(&new, it))).collect()
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{} ...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
