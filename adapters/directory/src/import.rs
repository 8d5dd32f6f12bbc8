//! What is taken over from elsewhere, and how it is laid over present settings (OPS-16, CTI-08).
//!
//! ```text
//!   Finesse, CSV, LDAP --> Imported (members to set, by section and key)
//!   present settings (as exported) + Imported --merged--> settings file --> plan, apply
//! ```
//!
//! Pure: whoever calls reads the present settings, shows the plan and applies.

mod change;
pub mod csv;
pub mod finesse;
mod merge;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use change::Change;
pub use merge::{Merged, Mode, merged};

/// A section of a settings file that things are taken over into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Teams, by name.
    Teams,
    /// Agents, by id.
    Agents,
    /// Reasons, by category and code.
    Reasons,
    /// Layouts of call variables, by name.
    Layouts,
    /// Phones and profiles, by name.
    Devices,
}

impl Section {
    /// Every section.
    pub const ALL: [Self; 5] =
        [Self::Teams, Self::Agents, Self::Reasons, Self::Layouts, Self::Devices];

    /// Its name in a settings file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Teams => "teams",
            Self::Agents => "agents",
            Self::Reasons => "reason_codes",
            Self::Layouts => "layouts",
            Self::Devices => "devices",
        }
    }

    /// The members that tell one entry from another.
    pub(crate) fn key_members(self) -> &'static [&'static str] {
        match self {
            Self::Agents => &["id"],
            Self::Reasons => &["category", "code"],
            Self::Teams | Self::Layouts | Self::Devices => &["name"],
        }
    }

    /// The key of an entry; `None` where it has none.
    pub(crate) fn key(self, entry: &Map<String, Value>) -> Option<String> {
        let parts = self.key_members().iter().map(|name| match entry.get(*name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        Some(parts.collect::<Option<Vec<_>>>()?.join(" "))
    }
}

/// What is taken over: for each entry the members that are set, or with null removed. Members that are
/// not named, a password for example, stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// Marks agents as coming from there; only those are changed or removed then.
    pub origin: Option<String>,
    /// Entries by section.
    pub entries: BTreeMap<Section, Vec<Map<String, Value>>>,
    /// What could not be taken over, and why; in words, a line each.
    pub left_out: Vec<String>,
}

impl Imported {
    /// The entries by names of sections, as [`Imported::from_json`] reads them.
    #[must_use]
    pub fn json(&self) -> Value {
        let sections = self.entries.iter().map(|(section, entries)| {
            let entries = entries.iter().cloned().map(Value::Object).collect();
            (section.name().to_owned(), Value::Array(entries))
        });
        Value::Object(sections.collect())
    }

    /// Reads entries by names of sections; in words what is wrong with them.
    pub fn from_json(value: Value) -> Result<Self, String> {
        let Value::Object(sections) = value else { return Err("must be a table".to_owned()) };
        let mut imported = Self::default();
        for (name, entries) in sections {
            let section = Section::ALL.into_iter().find(|section| section.name() == name);
            let section =
                section.ok_or_else(|| format!("has {name:?}, which is not taken over"))?;
            let Value::Array(entries) = entries else {
                return Err(format!("{name} must be a list"));
            };
            // An empty list says that there are none.
            imported.entries.entry(section).or_default();
            for (position, entry) in entries.into_iter().enumerate() {
                let Value::Object(members) = entry else {
                    return Err(format!("{name}[{position}] must be a table"));
                };
                if section.key(&members).is_none() {
                    let keys = section.key_members().join(" and ");
                    return Err(format!("{name}[{position}] lacks its {keys}"));
                }
                let secret = domain::settings::SECRET_MEMBERS;
                // Nor is where somebody comes from, which only a directory itself knows.
                let is_kept = |it: &&String| secret.contains(&it.as_str()) || *it == "origin";
                if let Some(member) = members.keys().find(is_kept) {
                    return Err(format!(
                        "{name}[{position}] has {member}, which is not taken over"
                    ));
                }
                imported.add(section, members);
            }
        }
        Ok(imported)
    }

    /// Adds an entry.
    pub(crate) fn add(&mut self, section: Section, members: Map<String, Value>) {
        self.entries.entry(section).or_default().push(members);
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self, section: Section) -> usize {
        self.entries.get(&section).map_or(0, Vec::len)
    }
}
