//! Agents taken over from a directory: what is read, and what it would change (CTI-08).
//!
//! ```text
//!   pages of entries -> a row each: id, name, line, team of the first group that has one
//!        `-- cannot be used: failed     `-- id that is ours: held up
//!   rows -> Change (additions, changes, removals of its own agents) -> too many removals? held back
//! ```

use std::collections::BTreeSet;

use domain::settings::{Becomes, DirectorySync, Settings};
use domain::{AgentId, Extension, Problems, Timestamp};
use protocols::ldap::{Entry, normalised};
use serde_json::{Map, Value, json};

use crate::import::{Change, Imported, Mode, Section};

/// The most entries that are taken over from one directory.
pub const ENTRIES_MAX: usize = 50_000;
/// The most rows that a report names.
const ROWS_MAX: usize = 200;

/// One that was not taken over, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The id, or the entry's name where there is none.
    pub who: String,
    /// Why.
    pub why: String,
}

/// How taking over from a directory went the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncReport {
    /// When.
    pub at: Timestamp,
    /// How.
    pub result: SyncResult,
    /// Entries that were found.
    pub found: usize,
    /// Agents that became so.
    pub added: usize,
    /// Agents that changed.
    pub changed: usize,
    /// Agents that went, or would have.
    pub removed: usize,
    /// What stays as it is, and why: agents that are ours. At most 200 are named.
    pub held_up: Vec<Row>,
    /// What cannot be used, and why. At most 200 are named.
    pub failed: Vec<Row>,
    /// How many of both there are.
    pub not_taken: usize,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncResult {
    /// It is in force.
    Done,
    /// It would remove more agents at once than it may; somebody has to tell it to.
    TooManyRemovals {
        /// The most per cent it may remove.
        percent_max: u8,
    },
    /// The directory could not be read, or what it says makes no settings.
    Failed(String),
}

/// An entry with the groups it is in, in the form that compares.
pub(crate) struct Found {
    pub(crate) entry: Entry,
    pub(crate) groups: BTreeSet<String>,
}

/// What a directory says, as rows to take over; and rows that cannot be.
pub(crate) fn rows(
    directory: &domain::settings::Directory,
    sync: &DirectorySync,
    found: &[Found],
) -> (Imported, Vec<Row>) {
    let teams: Vec<_> = sync.teams.iter().map(|it| (normalised(&it.group), &it.team)).collect();
    let mut imported = Imported { origin: Some(directory.name.clone()), ..Imported::default() };
    // A directory that lists nobody is mirrored too; whether that is believed is decided later.
    imported.entries.insert(Section::Agents, Vec::new());
    let (mut failed, mut seen) = (Vec::new(), BTreeSet::new());
    for Found { entry, groups } in found {
        let first = |name: &str| entry.texts(name).next().map(str::to_owned);
        let mut fail = |who: &str, why: String| {
            let who: String = who.chars().take(256).collect();
            failed.push(Row { who, why });
        };
        let Some(id) = first(&directory.id_attribute) else {
            fail(&entry.name, format!("the entry has no {}", directory.id_attribute));
            continue;
        };
        let id = match id.parse::<AgentId>() {
            Ok(id) => id,
            Err(error) => {
                fail(&id, format!("{} {error}", directory.id_attribute));
                continue;
            }
        };
        if !seen.insert(id.clone()) {
            fail(id.as_str(), "another entry has the same id".to_owned());
            continue;
        }
        let name = first(&directory.name_attribute).map(|name| {
            let plain = name.trim().chars().filter(|it| !it.is_control()).take(64);
            plain.collect::<String>()
        });
        let team = teams.iter().find(|(group, _)| groups.contains(group)).map(|(_, team)| *team);
        let mut members = Map::new();
        members.insert("id".to_owned(), json!(id));
        members.insert("name".to_owned(), json!(name.filter(|name| !name.is_empty())));
        if !teams.is_empty() {
            members.insert("team".to_owned(), json!(team));
        }
        if let Some(attribute) = &sync.extension_attribute {
            let extension = first(attribute);
            match extension.as_deref().map(str::trim).map(str::parse::<Extension>).transpose() {
                Ok(extension) => {
                    members.insert("extension".to_owned(), json!(extension));
                }
                // The agent is taken over all the same; their line stays as it was.
                Err(error) => fail(id.as_str(), format!("{attribute} {error}")),
            }
        }
        imported.add(Section::Agents, members);
    }
    (imported, failed)
}

/// What is to be done about what a directory says, and the report of it; nothing where it is held back.
pub(crate) fn planned(
    settings: &Settings,
    sync: &DirectorySync,
    (mut imported, mut failed): (Imported, Vec<Row>),
    removals_wanted: bool,
    at: Timestamp,
) -> (Option<Change>, SyncReport) {
    let origin = imported.origin.clone();
    let mut report = SyncReport::failed(at, String::new());
    report.found = imported.count(Section::Agents);
    // One entry that cannot be an agent keeps no other from being one.
    if let Some(entries) = imported.entries.get_mut(&Section::Agents) {
        entries.retain(|members| {
            let id = Section::Agents.key(members).and_then(|id| id.parse::<AgentId>().ok());
            let account = id.filter(|id| settings.accounts.contains_key(id));
            let why = "is the name of a local account here";
            let row = account.map(|id| Row { who: id.to_string(), why: why.to_owned() });
            let is_account = row.is_some();
            failed.extend(row);
            !is_account
        });
    }
    report.not_taken = failed.len();
    report.failed = failed;
    report.failed.truncate(ROWS_MAX);
    let change = match Change::new(settings, &imported, Mode::Mirror) {
        Ok(change) => change,
        Err(problems) => {
            report.result = SyncResult::Failed(told(&problems));
            return (None, report);
        }
    };
    report.not_taken += change.held_up.len();
    let why = "is an agent here already, who did not come from this directory";
    let ours = change.held_up.iter().take(ROWS_MAX);
    report.held_up = ours.map(|who| Row { who: who.clone(), why: why.to_owned() }).collect();
    report.added = change.count(Becomes::Added);
    report.changed = change.count(Becomes::Changed);
    report.removed = change.count(Becomes::Removed);
    let own = settings.agents.values().filter(|agent| agent.origin == origin).count();
    let percent = usize::from(sync.removal_percent_max);
    // One may always go, or a small team could never lose anybody.
    if !removals_wanted && report.removed > 1 && report.removed * 100 > own * percent {
        report.result = SyncResult::TooManyRemovals { percent_max: sync.removal_percent_max };
        return (None, report);
    }
    report.result = SyncResult::Done;
    (Some(change), report)
}

impl SyncReport {
    pub(crate) fn failed(at: Timestamp, why: String) -> Self {
        Self {
            at,
            result: SyncResult::Failed(why),
            found: 0,
            added: 0,
            changed: 0,
            removed: 0,
            held_up: Vec::new(),
            failed: Vec::new(),
            not_taken: 0,
        }
    }

    /// The report as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let rows = |rows: &[Row]| -> Vec<Value> {
            rows.iter().map(|row| json!({"who": row.who, "why": row.why})).collect()
        };
        let (result, why) = match &self.result {
            SyncResult::Done => ("done", None),
            SyncResult::TooManyRemovals { percent_max } => (
                "too_many_removals",
                Some(format!(
                    "{} agents would go, more than {percent_max} per cent of the directory's; if \
                     that is meant, take over by hand with removals",
                    self.removed
                )),
            ),
            SyncResult::Failed(why) => ("failed", Some(why.clone())),
        };
        json!({
            "at": self.at.microseconds(),
            "result": result,
            "why": why,
            "found": self.found,
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "held_up": rows(&self.held_up),
            "failed": rows(&self.failed),
            "not_taken": self.not_taken,
        })
    }
}

fn told(problems: &Problems) -> String {
    let lines = problems.as_slice().iter().take(5).map(ToString::to_string);
    lines.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
