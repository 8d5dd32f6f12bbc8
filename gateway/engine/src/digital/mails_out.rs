//! Mails on their way out as their index tells of them, in pages. Bodies are read of those alone that a program before
//! this one put into the index, which tells less of them; one that cannot be read is passed over.

use std::collections::{BTreeMap, BTreeSet};

use domain::mail::OpenMail;
use domain::{Ask, Document, Index, IndexRange, Key, Loaded, Timestamp};
use store::Indexed;

use crate::{Engine, Port, SubmitError};

/// How many entries are read at once.
const PAGE: u32 = 500;
/// How many bodies are read at once.
const FORMER: usize = 100;
/// Greater than whatever follows a time in the index.
const AFTER_ALL: char = '~';

impl Port {
    /// Mails that something is to be done for at that time, the earliest due first.
    pub async fn mails_out_due(&self, now: Timestamp) -> Result<Vec<OpenMail>, SubmitError> {
        let mut due =
            self.engine.mails_out_until(format!("{}{AFTER_ALL}", Index::seen_value(now))).await?;
        due.retain(|mail| mail.due_at <= now);
        Ok(due)
    }

    /// Mails that are not over, the earliest due first.
    pub async fn mails_out_open(&self) -> Result<Vec<OpenMail>, SubmitError> {
        self.engine.mails_out_until(AFTER_ALL.to_string()).await
    }
}

impl Engine {
    /// How many mails each CSQ owes that are not sent for certain.
    pub(crate) async fn owed_by_csq(&self) -> Result<BTreeMap<String, usize>, SubmitError> {
        let mut counts = BTreeMap::new();
        for mail in self.mails_out_until(AFTER_ALL.to_string()).await? {
            if !mail.stage.is_settled() {
                *counts.entry(mail.csq).or_default() += 1;
            }
        }
        Ok(counts)
    }

    async fn mails_out_until(&self, to: String) -> Result<Vec<OpenMail>, SubmitError> {
        let (mut from, mut limit) = (String::new(), PAGE);
        let (mut mails, mut former) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        loop {
            let index = Index::MailOutOpen;
            let range = IndexRange { index, from: from.clone(), to: to.clone(), limit };
            let page = self.indexed(range).await?;
            let is_full = u32::try_from(page.len()).is_ok_and(|length| length >= limit);
            // Others may stand under the same value, so the next page begins with it once more; a page of nothing else
            // must be a longer one.
            let last = page.last().map(|last| last.value.clone()).unwrap_or_default();
            limit = if last == from { limit.saturating_mul(2) } else { PAGE };
            from = last;
            for Indexed { key, value } in page {
                if !seen.insert(key.clone()) {
                    continue;
                }
                let id = key.id.parse().ok();
                match id.and_then(|id| OpenMail::from_index(id, &value)) {
                    Some(mail) => mails.push(mail),
                    None => former.push(key),
                }
            }
            if !is_full {
                break;
            }
        }
        self.with_former(&mut mails, former).await?;
        Ok(mails)
    }

    /// Those of which the index tells nothing are looked at themselves.
    async fn with_former(
        &self,
        mails: &mut Vec<OpenMail>,
        former: Vec<Key>,
    ) -> Result<(), SubmitError> {
        if former.is_empty() {
            return Ok(());
        }
        for keys in former.chunks(FORMER) {
            let asks = keys.iter().cloned().map(Ask::Document).collect();
            for (key, loaded) in self.documents_one_by_one(asks).await? {
                let loaded = self.passing_over(&key, Ok(loaded))?;
                if let Some(Loaded { document: Document::MailOut(mail), .. }) = loaded {
                    mails.extend(OpenMail::of(&mail));
                }
            }
        }
        mails.sort_by_key(|mail| (mail.due_at, mail.id));
        Ok(())
    }
}
