//! Attempts whose password another judges: the same limits, the same counts, the same answers.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{AgentId, Timestamp};
use engine::{Admission, Applicant, AuthenticationRefusal, Judgement};
use tokio::time::Instant;

use super::{Accounts, FAILING, Inner, StoreAway, Turns};

/// One attempt on its way.
pub(super) struct Admitted<A> {
    inner: Arc<Inner<A>>,
    applicant: Applicant,
    turns: Turns,
    /// The account, where the settings have it, and whether wrong passwords are counted for it.
    account: Option<(AgentId, bool)>,
    /// When an answer that is no yes may go out.
    failing_at: Instant,
}

impl<A: Accounts> Admitted<A> {
    /// Lets an attempt go on that has its turn, unless its account is locked.
    pub(super) async fn new(
        inner: Arc<Inner<A>>,
        applicant: Applicant,
        turns: Turns,
    ) -> Result<Self, AuthenticationRefusal> {
        let failing_at = Instant::now() + FAILING;
        let id = applicant.account.parse::<AgentId>().ok();
        let settings = inner.accounts.settings();
        let is_known =
            |id: &AgentId| settings.agents.contains_key(id) || settings.accounts.contains_key(id);
        let known = id.filter(is_known);
        let now = inner.clock.now();
        let (locked, account) = match known {
            Some(id) => {
                let counted = inner.accounts.account(&id).await;
                let counted = counted.map_err(|StoreAway| AuthenticationRefusal::Unavailable)?;
                let locked = counted.as_ref().and_then(|account| account.lock_at(now));
                let locked = locked.or_else(|| inner.of_accounts.locked_until(id.as_str(), now));
                (locked, Some((id, counted.is_some())))
            }
            None => (inner.of_names.locked_until(&applicant.account, now), None),
        };
        if let Some(until) = locked.filter(|until| now < *until) {
            turns.taken.failed();
            tokio::time::sleep_until(failing_at).await;
            return Err(AuthenticationRefusal::Locked { until });
        }
        Ok(Self { inner, applicant, turns, account, failing_at })
    }

    async fn count_wrong(&self) -> Option<Timestamp> {
        let now = self.inner.clock.now();
        match &self.account {
            Some((id, _)) => {
                let counted = self.inner.accounts.checked(id, false).await;
                counted.unwrap_or_else(|StoreAway| self.inner.of_accounts.failed(id.as_str(), now))
            }
            None => self.inner.of_names.failed(&self.applicant.account, now),
        }
    }
}

#[async_trait]
impl<A: Accounts> Admission for Admitted<A> {
    async fn judged(self: Box<Self>, judgement: Judgement) -> Result<(), AuthenticationRefusal> {
        let now = self.inner.clock.now();
        let result = match judgement {
            Judgement::None => return Ok(()),
            Judgement::Right => {
                if let Some((id, true)) = &self.account
                    && self.inner.accounts.checked(id, true).await.is_err()
                {
                    tracing::debug!("a count of wrong passwords stays: it cannot be written");
                }
                if let Some((id, _)) = &self.account {
                    self.inner.of_accounts.right(id.as_str());
                } else {
                    self.inner.of_names.right(&self.applicant.account);
                }
                Ok(())
            }
            Judgement::Wrong => Err(match self.count_wrong().await {
                Some(until) => AuthenticationRefusal::Locked { until },
                None => AuthenticationRefusal::Wrong,
            }),
        };
        let Self { inner, applicant, turns, failing_at, .. } = *self;
        match &result {
            Ok(()) => turns.taken.right(now),
            Err(_) => turns.taken.failed(),
        }
        inner.tell(applicant.surface, &applicant.account, applicant.source, result.as_ref().err());
        if result.is_err() {
            tokio::time::sleep_until(failing_at).await;
        }
        result
    }
}
