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
