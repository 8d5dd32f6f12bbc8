//! Contacts that are over and kept long enough: they go with their mails and answers (OPS-13).

use domain::{
    Actor, CONTACTS_FORGOTTEN_MAX, Command, ContactId, Deed, Document, Index, IndexRange, Input,
    InputId, Key, Place, Timestamp,
};

use super::{KeptKind, Overdue, RetentionError, before};
use crate::SubmitError;
use crate::engine::Engine;

/// So many are counted at most.
const COUNTED_MAX: u32 = 100_000;

impl Engine {
    /// Contacts stand in an index in the order that they ended in.
    pub(super) async fn overdue_contacts(&self) -> Result<Overdue, SubmitError> {
        let days = self.settings().retention.contact_days;
        let keys = self.keys(ended_before(before(self.clock.now(), days), COUNTED_MAX)).await?;
        let first = self.ended_at(keys.first()).await?;
        let between = first.zip(self.ended_at(keys.last()).await?);
        let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        Ok(Overdue { kind: KeptKind::Contacts, days, count, between, last: 0 })
    }

    async fn ended_at(&self, key: Option<&Key>) -> Result<Option<Timestamp>, SubmitError> {
        let Some(key) = key else { return Ok(None) };
        let loaded = self.document(key).await?;
        Ok(loaded.and_then(|loaded| match loaded.document {
            Document::Contact(contact) => match contact.place {
                Place::Closed { at, .. } => Some(at),
                Place::Queued | Place::Active { .. } => None,
            },
            _ => None,
        }))
    }

    /// In steps that a commit bears.
    pub(super) async fn forget_contacts(
        &self,
        overdue: &Overdue,
        by: Actor,
    ) -> Result<(), RetentionError> {
        let cut = before(self.clock.now(), overdue.days);
        let most = u32::try_from(CONTACTS_FORGOTTEN_MAX).unwrap_or(u32::MAX);
        loop {
            let keys = self.keys(ended_before(cut, most)).await?;
            let contacts: Vec<ContactId> =
                keys.iter().filter_map(|key| key.id.parse().ok()).collect();
            let Some(first) = contacts.first() else { return Ok(()) };
            let deed = Deed::done("contacts_removed", "contacts")
                .with("days", &overdue.days.into())
                .with("count", &contacts.len().into());
            let id = InputId::new("forget_contacts", format!("{}/{first}", cut.microseconds()));
            let forget = Command::ForgetContacts { before: cut, contacts };
            let command = Command::Audited {
                by: by.clone(),
                deed: Some(deed),
                command: Some(Box::new(forget)),
            };
            self.refused(Input::command(id, command)).await?;
            if self.keys(ended_before(cut, most)).await? == keys {
                // They cannot be read: what is behind them waits for the next look.
                return Ok(());
            }
        }
    }
}

/// Contacts that ended before that.
fn ended_before(cut: Timestamp, limit: u32) -> IndexRange {
    let last = Timestamp::from_microseconds(cut.microseconds().saturating_sub(1));
    let to = Index::seen_value(last);
    IndexRange { index: Index::ContactByEnd, from: String::new(), to, limit }
}
