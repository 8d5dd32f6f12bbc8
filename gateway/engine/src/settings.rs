//! The settings in force on this node: read as a whole, replaced as a whole.

use std::sync::{Arc, PoisonError};

use domain::settings::{Section, SettingDocument, SettingsHead};
use domain::{Ask, Document, Index, IndexRange, Key, Kind, Settings};
use store::Load;

use crate::SubmitError;
use crate::engine::Engine;

/// The most settings documents of one section.
const SECTION_MAX: u32 = 1_000_000;
/// How many documents are asked for at once.
const PAGE: usize = 1_000;
/// How often settings that move while they are read are read again.
const TRIES: usize = 8;

impl Engine {
    /// The settings of that number: those in force, or read anew where they are older.
    pub(crate) async fn settings_numbered(
        &self,
        number: u64,
    ) -> Result<Arc<Settings>, SubmitError> {
        if self.settings().number != number {
            self.refresh_settings().await?;
        }
        Ok(self.settings())
    }

    /// Reads the settings from the store and puts them in force, unless newer ones are.
    pub(crate) async fn refresh_settings(&self) -> Result<(), SubmitError> {
        self.read_settings(false).await
    }

    /// Reads the settings from the store; `anew` where the same number may mean others than before,
    /// as after a restore.
    pub(crate) async fn read_settings(&self, anew: bool) -> Result<(), SubmitError> {
        // One after the other: a slow reader must not put older settings in force after newer ones.
        let _turn = self.refreshing.lock().await;
        for _ in 0..TRIES {
            let before = self.head().await?;
            if !anew && before.number == self.settings().number {
                return Ok(());
            }
            let current = self.settings();
            let follows = !anew && before.number == current.number.wrapping_add(1);
            let settings = match before.changed.as_ref().filter(|_| follows) {
                Some(changed) => self.changed_settings(&current, &before, changed).await?,
                None => Settings::from_documents(&before, self.setting_documents().await?),
            };
            if self.head().await? != before {
                continue;
            }
            let settings = Arc::new(settings);
            {
                let mut current = self.settings.write().unwrap_or_else(PoisonError::into_inner);
                // After a restore the number may be lower than before: what the store says counts.
                *current = settings;
            }
            self.settings_number.send_replace(before.number);
            tracing::info!(number = before.number, "settings are in force");
            return Ok(());
        }
        Err(SubmitError::Busy)
    }

    async fn head(&self) -> Result<SettingsHead, SubmitError> {
        let loaded = self.document(&Key::settings_head()).await?;
        Ok(match loaded.map(|loaded| loaded.document) {
            Some(Document::SettingsHead(head)) => head,
            _ => SettingsHead::default(),
        })
    }

    /// The settings after a change of few documents, the rest of which is known.
    async fn changed_settings(
        &self,
        current: &Settings,
        head: &SettingsHead,
        changed: &[String],
    ) -> Result<Settings, SubmitError> {
        let keys = changed.iter().map(|id| Key::new(Kind::Setting, id.clone()));
        let asks = keys.map(Ask::Document).collect();
        let answer = self.noting(self.store.load(Load { asks, input: None }).await)?;
        let (mut put, mut removed) = (Vec::new(), Vec::new());
        for (key, loaded) in answer.documents {
            match loaded.map(|loaded| loaded.document) {
                Some(Document::Setting(setting)) => put.push(*setting),
                _ => removed.push(key),
            }
        }
        Ok(current.changed(head, put, &removed))
    }

    async fn setting_documents(&self) -> Result<Vec<SettingDocument>, SubmitError> {
        let mut documents = Vec::new();
        for section in Section::ALL {
            let range = IndexRange::exactly(Index::SettingBySection, section.name(), SECTION_MAX);
            let keys = self.keys(range).await?;
            for page in keys.chunks(PAGE) {
                let asks = page.iter().cloned().map(Ask::Document).collect();
                let answer = self.noting(self.store.load(Load { asks, input: None }).await)?;
                documents.extend(answer.documents.into_iter().filter_map(|(_, loaded)| {
                    match loaded?.document {
                        Document::Setting(setting) => Some(*setting),
                        _ => None,
                    }
                }));
            }
        }
        Ok(documents)
    }
}
