//! What became of mails, for as long as somebody may ask: rows that matter no more go, a fixed time later.
//!
//! An index by time gives what is old enough, and the step decides which of those goes. What stays, a few hundred rows of
//! each folder at most, is passed over at each look.

use domain::mail::LEDGER_DAYS;
use domain::{CONTACTS_FORGOTTEN_MAX, Command, Index, IndexRange, Input, InputId, Key, Timestamp};

use super::{RetentionError, before};
use crate::SubmitError;
use crate::engine::Engine;

/// How many rows are read at once.
const PAGE: u32 = 500;

impl Engine {
    /// Forgets rows of the ledger by this node's clock, which whoever asks has to believe.
    pub async fn forget_ledger(&self) -> Result<(), RetentionError> {
        let cut = before(self.clock.now(), LEDGER_DAYS);
        let last = Timestamp::from_microseconds(cut.microseconds().saturating_sub(1));
        let to = Index::seen_value(last);
        let mut step = 0_u64;
        for index in [Index::MailSeenByTime, Index::MailKnownByTime, Index::AcknowledgedByTime] {
            let (mut from, mut limit) = (String::new(), PAGE);
            loop {
                let range = IndexRange { index, from: from.clone(), to: to.clone(), limit };
                let page = self.indexed(range).await?;
                let is_full = u32::try_from(page.len()).is_ok_and(|length| length >= limit);
                let end = page.last().map(|row| row.value.clone()).unwrap_or_default();
                let rows: Vec<_> = page.into_iter().map(|row| row.key).collect();
                for rows in rows.chunks(CONTACTS_FORGOTTEN_MAX) {
                    step += 1;
                    let id = format!("{}/{step}", cut.microseconds());
                    self.forget_rows(cut, &id, rows).await?;
                }
                if !is_full {
                    break;
                }
                // Others may stand under the same time, so the next page begins with it once more; a page of nothing else
                // must be a longer one.
                limit = if end == from { limit.saturating_mul(2) } else { PAGE };
                from = end;
            }
        }
        Ok(())
    }

    /// Those rows; one by one where one of them cannot be read, which stays.
    async fn forget_rows(
        &self,
        cut: Timestamp,
        id: &str,
        rows: &[Key],
    ) -> Result<(), RetentionError> {
        let forget = |id: &str, rows: &[Key]| {
            let forget = Command::ForgetLedger { before: cut, rows: rows.to_vec() };
            self.refused(Input::command(InputId::new("forget_ledger", id), forget))
        };
        match forget(id, rows).await {
            Err(RetentionError::Submit(SubmitError::Unavailable { source }))
                if source.is_about_one() => {}
            done => return done,
        }
        for (number, key) in rows.iter().enumerate() {
            match forget(&format!("{id}/{number}"), std::slice::from_ref(key)).await {
                Err(RetentionError::Submit(error)) => {
                    self.passing_over::<()>(key, Err(error))?;
                }
                done => done?,
            }
        }
        Ok(())
    }
}
