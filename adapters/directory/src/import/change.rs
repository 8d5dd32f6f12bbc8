//! The change from the settings in force to those with what was taken over: a plan to show, documents to
//! write.

use std::collections::BTreeMap;

use domain::settings::{
    Becomes, Documents, Planned, SettingDocument, Settings, SettingsFile, export, plan,
};
use domain::{Actor, Command, Key, Problems, Sealed};

use super::{Imported, Mode, merged};

/// What taking over would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The number of the settings that it was made for.
    pub base: u64,
    /// What is made or replaced.
    pub put: Vec<SettingDocument>,
    /// What is removed.
    pub removed: Vec<Key>,
    /// The plan for people; secrets masked.
    pub plan: Vec<Planned>,
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
        let plan = plan(settings, &documents);
        let after = by_key(documents);
        let removed = before.keys().filter(|key| !after.contains_key(key)).cloned().collect();
        let differs = |(key, document): &(Key, SettingDocument)| before.get(key) != Some(document);
        let put = after.into_iter().filter(differs).map(|(_, document)| document).collect();
        Ok(Self { base: settings.number, put, removed, plan, held_up: merged.held_up })
    }

    /// How many documents become so.
    #[must_use]
    pub fn count(&self, becomes: Becomes) -> usize {
        self.plan.iter().filter(|planned| planned.becomes == becomes).count()
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
