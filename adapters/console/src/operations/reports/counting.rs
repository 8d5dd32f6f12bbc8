//! Contacts are read and counted: so many at a time, so many in all, and so many reports at once.
//!
//! What was counted is kept for those who read it page by page, so that the pages belong together and cost one count.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use domain::Timestamp;
use domain::report::{Arrivals, EmailReport};
use engine::Port;
use tokio::sync::Semaphore;

use super::period::{Period, Steps};
use crate::problem::Problem;

/// So many contacts are read at once.
const PAGE: u32 = 1_000;
/// So many contacts one report counts.
const CONTACTS_MAX: usize = 500_000;
/// So many reports are counted at once; others wait their turn.
const AT_ONCE: usize = 2;
/// So many counts are kept for further pages.
const KEPT_MAX: usize = 8;

/// What was counted over a stretch of time.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(super) period: Period,
    /// When it was counted.
    pub(super) at: Timestamp,
    pub(super) report: EmailReport,
    pub(super) arrivals: Arrivals,
}

/// The counts of a node.
#[derive(Debug)]
pub(crate) struct Counts {
    turns: Semaphore,
    kept: Mutex<VecDeque<Arc<Counted>>>,
    contacts_max: usize,
}

impl Default for Counts {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), kept: Mutex::default(), contacts_max: CONTACTS_MAX }
    }
}

impl Counts {
    /// Counts what came in it, in those steps.
    pub(super) async fn count(
        &self,
        port: &Port,
        period: Period,
        steps: Option<&Steps>,
    ) -> Result<Arc<Counted>, Problem> {
        let unavailable = |_| Problem::new("unavailable", "the node stops; try another one");
        let _turn = self.turns.acquire().await.map_err(unavailable)?;
        let starts = steps.map(|it| it.starts.clone()).unwrap_or_default();
        let at = port.now();
        let (report, arrivals) = self.read(port, period, Arrivals::new(starts)).await?;
        let counted = Arc::new(Counted { period, at, report, arrivals });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&counted));
        Ok(counted)
    }

    /// What was counted of it at that time, where that is kept still.
    pub(super) fn kept(&self, period: Period, at: Timestamp) -> Option<Arc<Counted>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|it| it.period == period && it.at == at).map(Arc::clone)
    }

    async fn read(
        &self,
        port: &Port,
        period: Period,
        mut arrivals: Arrivals,
    ) -> Result<(EmailReport, Arrivals), Problem> {
        let mut report = EmailReport::default();
        // The stretch ends just before its end, so that what came then counts in the next one alone.
        let last = Timestamp::from_microseconds(period.to.microseconds() - 1);
        let (mut begin, mut limit, mut count) = (period.from, PAGE, 0);
        // Others may have come at the moment that a page ends with, so the next one begins with it once more.
        let mut seen = BTreeSet::new();
        loop {
            let unread =
                |_| Problem::new("unavailable", "the store cannot be read at present; try again");
            let page = port.contacts_arrived(begin, last, limit).await.map_err(unread)?;
            let is_full = u32::try_from(page.len()).is_ok_and(|length| length >= limit);
            let end = page.last().map(|contact| contact.arrived_at);
            for contact in &page {
                if contact.channel == domain::Channel::Email && !seen.contains(&contact.id) {
                    report.add(contact);
                    arrivals.add(contact);
                    count += 1;
                }
            }
            if count > self.contacts_max {
                let most = self.contacts_max;
                let message =
                    format!("more than {most} mails came since; ask for a shorter stretch");
                return Err(Problem::query("from", message));
            }
            match end {
                // A page may be short of what cannot be read, so only one that brings nothing new is the last.
                Some(end) if is_full || end > begin => {
                    limit = if end == begin { limit.saturating_mul(2) } else { PAGE };
                    begin = end;
                    let at_end = page.iter().filter(|it| it.arrived_at == end).map(|it| it.id);
                    seen = at_end.collect();
                }
                _ => return Ok((report, arrivals)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;
    use crate::tests::reports::mails::Mails;

    #[tokio::test]
    async fn rpt_01_more_mails_than_a_report_counts_are_told_and_not_counted_in_part() {
        let mails = Mails::told().await;
        let port = &mails.place.port;
        let period = Period { from: NOW, to: port.now() };
        let counts = Counts { contacts_max: 2, ..Counts::default() };
        let problem = counts.count(port, period, None).await.unwrap_err();
        let told = String::from_utf8(problem.answer("x").body().to_vec()).unwrap();
        assert!(told.contains("more than 2 mails came since; ask for a shorter stretch"), "{told}");
        let counts = Counts { contacts_max: 3, ..Counts::default() };
        let counted = counts.count(port, period, None).await.unwrap();
        assert_eq!(counted.report.queues.values().map(|it| it.arrived).sum::<u64>(), 3);
    }
}
