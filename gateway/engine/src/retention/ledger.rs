//! What became of mails, for as long as somebody may ask: rows that matter no more go, a fixed time later.
//!
//! An index by time gives what is old enough, and the step decides which of those goes. What stays, a few hundred rows of
//! each folder at most, is passed over at each look.

use std::time::Duration;

use domain::mail::LEDGER_DAYS;
use domain::{CONTACTS_FORGOTTEN_MAX, Command, Index, IndexRange, Input, InputId, Timestamp};

use super::{RetentionError, before};
use crate::engine::Engine;

impl Engine {
    /// Forgets rows of the ledger by this node's clock, which whoever asks has to believe.
    pub async fn forget_ledger(&self) -> Result<(), RetentionError> {
        let cut = before(self.clock.now(), LEDGER_DAYS);
        let most = u32::try_from(CONTACTS_FORGOTTEN_MAX).unwrap_or(u32::MAX);
        let mut step = 0_u64;
        for index in [Index::MailSeenByTime, Index::MailKnownByTime, Index::AcknowledgedByTime] {
            let mut from = Timestamp::from_microseconds(0);
            loop {
                let last = Timestamp::from_microseconds(cut.microseconds().saturating_sub(1));
                let (begin, to) = (Index::seen_value(from), Index::seen_value(last));
                let page = self.indexed(IndexRange { index, from: begin, to, limit: most }).await?;
                let is_full = u32::try_from(page.len()).is_ok_and(|length| length >= most);
                let end = page.last().and_then(|row| row.value.parse().ok());
                let rows: Vec<_> = page.into_iter().map(|row| row.key).collect();
                if rows.is_empty() {
                    break;
                }
                step += 1;
                let id = format!("{}/{step}", cut.microseconds());
                let forget = Command::ForgetLedger { before: cut, rows };
                self.refused(Input::command(InputId::new("forget_ledger", id), forget)).await?;
                let Some(end) = end.map(Timestamp::from_microseconds).filter(|_| is_full) else {
                    break;
                };
                // Others may stand under the same time; where all of a page do, the next look finds them.
                from = if end > from { end } else { from.after(Duration::from_micros(1)) };
            }
        }
        Ok(())
    }
}
