//! Whether somebody is who they say: passwords, lock-out, rates, once for all surfaces.
//!
//! ```text
//!   attempt -> source has tries left? -> account in order -> locked? -> remembered? -> pool -> counted
//!                  `-- no: accounts that never failed from there go on, slowly
//! ```
//!
//! - An account is locked by five wrong passwords in a row, for five minutes; the count is in the
//!   store, so all nodes share it. Tries for one account run one after another, so that parallel
//!   guesses cannot pass the count.
//! - An account that does not exist takes the same time and gives the same answers; its count is
//!   kept here, bounded, and never written.
//! - A source (a site behind one address) is never locked: only failed tries use up its share, and
//!   when that is gone, accounts without a failure from there still get in.
//! - A pair that was right is remembered for ten minutes under a keyed hash, since some clients send
//!   it with every request; a new password hash or a lock forgets it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{AgentId, Principal, Proof, Role, Secret, Timestamp};
use engine::clock::Clock;
use engine::metrics::{Counters, Metrics};
use engine::{Attempt, AuthenticationRefusal, Authenticator};

mod accounts;
mod hashing;
mod order;
mod pool;
mod remembered;
mod sources;
#[cfg(test)]
mod tests;
mod unknown;

pub(crate) use accounts::{Accounts, StoreAway};
pub(crate) use hashing::{HashingError, is_usable_hash};
pub(crate) use pool::{Busy, Pool};

use order::Order;
use remembered::Remembered;
use sources::{Sources, Standing};
use unknown::UnknownAccounts;

/// How long somebody who came too fast shall wait, in seconds.
const RETRY_SECONDS: u64 = 5;
/// Tries at once for accounts from a source that used up its share.
const SLOW_LANE: usize = 1;

/// Checks passwords for all surfaces.
pub(crate) struct Frame<A> {
    accounts: A,
    clock: Arc<dyn Clock>,
    pool: Arc<Pool>,
    order: Order,
    sources: Sources,
    remembered: Remembered,
    unknown: UnknownAccounts,
    slow_lane: tokio::sync::Semaphore,
    results: Counters,
}

/// What is known of the account in an attempt.
enum Found {
    /// It exists, with its roles and the hash of its password, where it has one.
    Known { id: AgentId, roles: Vec<Role>, hash: Option<String> },
    /// It does not.
    Unknown,
}

impl<A: Accounts> Frame<A> {
    pub(crate) fn new(
        accounts: A,
        pool: Arc<Pool>,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Self {
        let results = metrics.counters(
            "jackfield_authentications_total",
            "Password checks by the surface that asked and their result.",
            &["surface", "result"],
        );
        for result in ["right", "wrong", "locked", "busy", "unavailable"] {
            results.with(&["phone", result]);
        }
        Self {
            accounts,
            clock,
            pool,
            order: Order::default(),
            sources: Sources::default(),
            remembered: Remembered::new(),
            unknown: UnknownAccounts::default(),
            slow_lane: tokio::sync::Semaphore::new(SLOW_LANE),
            results,
        }
    }

    async fn check(&self, attempt: &Attempt) -> Result<Principal, AuthenticationRefusal> {
        let busy = AuthenticationRefusal::Busy { retry_seconds: RETRY_SECONDS };
        let found = self.find(&attempt.account);
        let source = attempt.source.into();
        let standing = self.sources.standing(source, &attempt.account, self.clock.now());
        let slowly = match (standing, &found) {
            (Standing::Good, _) => None,
            // Who never failed from there gets in, but slowly, so that guessing stays slow too.
            (Standing::UsedUp { failed_before: false }, Found::Known { .. }) => {
                let turn = tokio::time::timeout(
                    Duration::from_secs(RETRY_SECONDS),
                    self.slow_lane.acquire(),
                );
                Some(turn.await.map_err(|_| busy.clone())?)
            }
            (Standing::UsedUp { .. }, _) => return Err(busy),
        };
        let Some(turn) = self.order.wait(&attempt.account).await else { return Err(busy) };
        let result = self.in_turn(attempt, &found).await;
        if matches!(
            result,
            Err(AuthenticationRefusal::Wrong | AuthenticationRefusal::Locked { .. })
        ) {
            self.sources.failed(source, &attempt.account, self.clock.now());
        }
        drop((turn, slowly));
        result
    }

    fn find(&self, account: &str) -> Found {
        let settings = self.accounts.settings();
        let agent =
            account.parse::<AgentId>().ok().and_then(|id| settings.agents.get(&id).cloned());
        agent.map_or(Found::Unknown, |agent| Found::Known {
            id: agent.id.clone(),
            roles: agent.roles.clone(),
            hash: agent.password_hash.clone(),
        })
    }

    /// The check itself; nobody else tries this account meanwhile.
    async fn in_turn(
        &self,
        attempt: &Attempt,
        found: &Found,
    ) -> Result<Principal, AuthenticationRefusal> {
        match found {
            Found::Known { id, roles, hash } => {
                self.known(attempt, id, hash.as_deref()).await?;
                Ok(Principal {
                    who: id.as_str().to_owned(),
                    roles: roles.clone(),
                    how: Proof::Password,
                    session: None,
                })
            }
            Found::Unknown => {
                let now = self.clock.now();
                if let Some(until) = self.unknown.locked_until(&attempt.account, now) {
                    return Err(AuthenticationRefusal::Locked { until });
                }
                self.verify(&attempt.password, None).await?;
                Err(match self.unknown.failed(&attempt.account, self.clock.now()) {
                    Some(until) => AuthenticationRefusal::Locked { until },
                    None => AuthenticationRefusal::Wrong,
                })
            }
        }
    }

    async fn known(
        &self,
        attempt: &Attempt,
        id: &AgentId,
        hash: Option<&str>,
    ) -> Result<(), AuthenticationRefusal> {
        let now = self.clock.now();
        let remembered =
            hash.is_some_and(|hash| self.remembered.knows(id, hash, &attempt.password, now));
        let counted = match self.accounts.account(id).await {
            Ok(counted) => counted,
            // With the store away, who was right a moment ago stays right (OPS-11).
            Err(StoreAway) if remembered => return Ok(()),
            Err(StoreAway) => return Err(AuthenticationRefusal::Unavailable),
        };
        let locked = counted.as_ref().and_then(|account| account.locked_until);
        if let Some(until) = locked.filter(|until| now < *until) {
            self.remembered.forget(id);
            return Err(AuthenticationRefusal::Locked { until });
        }
        let right = remembered || self.verify(&attempt.password, hash).await?;
        if right {
            if counted.is_some() && self.accounts.checked(id, true).await.is_err() {
                return Err(AuthenticationRefusal::Unavailable);
            }
            if let Some(hash) = hash.filter(|_| !remembered) {
                self.remembered.keep(id, hash, &attempt.password, self.clock.now());
            }
            return Ok(());
        }
        match self.accounts.checked(id, false).await {
            Ok(None) => Err(AuthenticationRefusal::Wrong),
            Ok(Some(until)) => {
                self.remembered.forget(id);
                tracing::warn!(surface = attempt.surface, "an account was locked");
                Err(AuthenticationRefusal::Locked { until })
            }
            Err(StoreAway) => Err(AuthenticationRefusal::Unavailable),
        }
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, AuthenticationRefusal> {
        let verified = self.pool.verify(password.clone(), hash.map(str::to_owned)).await;
        verified.map_err(|Busy| AuthenticationRefusal::Busy { retry_seconds: RETRY_SECONDS })
    }
}

#[async_trait]
impl<A: Accounts> Authenticator for Frame<A> {
    async fn authenticate(&self, attempt: Attempt) -> Result<Principal, AuthenticationRefusal> {
        let result = self.check(&attempt).await;
        let name = match &result {
            Ok(_) => "right",
            Err(AuthenticationRefusal::Wrong) => "wrong",
            Err(AuthenticationRefusal::Locked { .. }) => "locked",
            Err(AuthenticationRefusal::Busy { .. }) => "busy",
            Err(AuthenticationRefusal::Unavailable) => "unavailable",
        };
        self.results.with(&[attempt.surface, name]).increment();
        // Who and from where is personal data, so it is told at level debug alone.
        tracing::info!(surface = attempt.surface, result = name, "password checked");
        tracing::debug!(account = ?attempt.account, source = %attempt.source, result = name,
            "password checked for");
        result
    }
}

/// Whether `at` lies less than `lasting` before `now`.
fn is_recent(at: Timestamp, now: Timestamp, lasting: Duration) -> bool {
    now.since(at) < lasting
}
