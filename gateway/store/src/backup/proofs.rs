//! What people and programs prove themselves with does not come back by a restore: sessions of browsers
//! end, and of access tokens only those stay that were good just before. One that was revoked since the
//! backup was written would else open the door again.
//!
//! A store without settings, that of a lost machine, has revoked nothing: there all tokens come back.

use std::collections::BTreeSet;

use domain::{Ask, Index, IndexRange, Key, Kind};

use crate::copy::{Column, Page};
use crate::{Load, Store, StoreError};

/// Which of them stay.
#[derive(Debug)]
pub(super) struct Proofs {
    /// The public halves of the tokens there are; `None` where all stay.
    tokens: Option<BTreeSet<String>>,
}

impl Proofs {
    /// What is good in the store before its content is replaced.
    pub(super) async fn of(store: &dyn Store) -> Result<Self, StoreError> {
        let tokens = IndexRange {
            index: Index::AccessTokenByIdentity,
            from: String::new(),
            to: "~".to_owned(),
            limit: u32::MAX,
        };
        let asked = |ask| Load { asks: vec![ask], input: None };
        let has_settings = match store.load(asked(Ask::Document(Key::settings_head()))).await {
            Ok(answer) => answer.documents.iter().any(|(_, loaded)| loaded.is_some()),
            // They are there; that they cannot be read is why somebody restores a backup.
            Err(StoreError::Unreadable { .. } | StoreError::Newer { .. }) => true,
            Err(error) => return Err(error),
        };
        let answer = store.load(asked(Ask::Range(tokens))).await?;
        let tokens = answer.ranges.into_iter().flat_map(|(_, found)| found);
        let tokens = tokens.map(|indexed| indexed.key.id).collect();
        Ok(Self { tokens: has_settings.then_some(tokens) })
    }

    fn stays(&self, kind: &str, id: &str) -> bool {
        if kind == Kind::AccessToken.name() {
            return self.tokens.as_ref().is_none_or(|tokens| tokens.contains(id));
        }
        kind != Kind::WebSession.name()
    }

    /// Takes what does not stay out of a page, be it a document, what an index has of it, or its timer.
    pub(super) fn leave_out(&self, page: &mut Page) {
        let id = match page.table.name {
            "document" | "index_entry" => "id",
            "wake" => "subject",
            _ => return,
        };
        let place = |name| page.table.columns.iter().position(|(column, _)| *column == name);
        let texts = |name| match page.columns.get(place(name)?) {
            Some(Column::Texts(values)) => Some(values),
            _ => None,
        };
        let (Some(kinds), Some(ids)) = (texts("kind"), texts(id)) else { return };
        let stays: Vec<bool> = kinds
            .iter()
            .zip(ids)
            .map(|pair| match pair {
                (Some(kind), Some(id)) => self.stays(kind, id),
                _ => true,
            })
            .collect();
        if stays.contains(&false) {
            for column in &mut page.columns {
                match column {
                    Column::Texts(values) => retain(values, &stays),
                    Column::Numbers(values) => retain(values, &stays),
                    Column::Bytes(values) => retain(values, &stays),
                }
            }
        }
    }
}

fn retain<Value>(values: &mut Vec<Value>, stays: &[bool]) {
    let mut stays = stays.iter();
    values.retain(|_| stays.next().copied().unwrap_or(true));
}
