//! Lays what is taken over on present settings.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{Imported, Section};

/// What becomes of entries that are not among those taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They stay.
    AddAndChange,
    /// They go, from the sections that are taken over; agents only where they came from the same origin,
    /// and with an origin nothing but agents.
    Mirror,
}

/// Settings with what was taken over.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// In the form of a settings file.
    pub settings: Value,
    /// Keys of agents that were added.
    pub added: Vec<String>,
    /// Keys of agents that were changed.
    pub changed: Vec<String>,
    /// Keys of agents that were removed.
    pub removed: Vec<String>,
    /// Agents that are there already and did not come from that origin, so they stay as they are.
    pub held_up: Vec<String>,
}

/// Lays `imported` on `present`, settings as they are exported.
#[must_use]
pub fn merged(present: Value, imported: &Imported, mode: Mode) -> Merged {
    let mut file = match present {
        Value::Object(file) => file,
        _ => Map::new(),
    };
    let mut merged = Merged {
        settings: Value::Null,
        added: Vec::new(),
        changed: Vec::new(),
        removed: Vec::new(),
        held_up: Vec::new(),
    };
    for (section, entries) in &imported.entries {
        let here = match file.remove(section.name()) {
            Some(Value::Array(here)) => here,
            _ => Vec::new(),
        };
        let here = lay(*section, here, entries, imported, mode, &mut merged);
        file.insert(section.name().to_owned(), Value::Array(here));
    }
    merged.settings = Value::Object(file);
    merged
}

fn lay(
    section: Section,
    mut here: Vec<Value>,
    entries: &[Map<String, Value>],
    imported: &Imported,
    mode: Mode,
    merged: &mut Merged,
) -> Vec<Value> {
    let origin = imported.origin.as_deref().filter(|_| section == Section::Agents);
    let is_told = section == Section::Agents;
    let mut places = HashMap::new();
    for (place, entry) in here.iter().enumerate() {
        if let Some(key) = entry.as_object().and_then(|entry| section.key(entry)) {
            places.insert(key, place);
        }
    }
    let mut named = HashSet::new();
    for members in entries {
        let Some(key) = section.key(members) else { continue };
        match places.get(&key).and_then(|place| here.get_mut(*place)).and_then(Value::as_object_mut)
        {
            // Whoever an agent was taken over from alone changes and removes them.
            Some(entry) if is_told && origin_of(entry) != origin => {
                merged.held_up.push(key.clone());
            }
            Some(entry) => {
                let before = entry.clone();
                set(entry, members);
                if is_told && *entry != before {
                    merged.changed.push(key.clone());
                }
            }
            None => {
                let mut entry = Map::new();
                set(&mut entry, members);
                if let Some(origin) = origin {
                    entry.insert("origin".to_owned(), origin.into());
                }
                places.insert(key.clone(), here.len());
                here.push(Value::Object(entry));
                if is_told {
                    merged.added.push(key.clone());
                }
            }
        }
        named.insert(key);
    }
    let is_removable = |entry: &Value| match mode {
        Mode::AddAndChange => false,
        Mode::Mirror if is_told => entry.as_object().and_then(origin_of) == origin,
        // Teams and the like have no origin, so a directory cannot tell which are its own.
        Mode::Mirror => imported.origin.is_none(),
    };
    here.retain(|entry| {
        let key = entry.as_object().and_then(|entry| section.key(entry)).unwrap_or_default();
        let goes = is_removable(entry) && !named.contains(&key);
        if goes && is_told {
            merged.removed.push(key);
        }
        !goes
    });
    here
}

fn origin_of(entry: &Map<String, Value>) -> Option<&str> {
    entry.get("origin").and_then(Value::as_str)
}

fn set(entry: &mut Map<String, Value>, members: &Map<String, Value>) {
    for (name, value) in members {
        match value {
            Value::Null => {
                entry.remove(name);
            }
            value => {
                entry.insert(name.clone(), value.clone());
            }
        }
    }
}
