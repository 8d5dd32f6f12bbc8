//! Whether somebody is who they say: passwords, lock-out, rates, once for all surfaces.
//!
//! ```text
//!   attempt -> source has a try left? -> account in order -> locked? -> remembered? -> pool -> counted
//!                  `-- no: names that never failed from there go on, slowly
//! ```
//!
//! - An account is locked by five wrong passwords in a row, for five minutes; the count is in the
//!   store, so all nodes share it. Tries for one account run one after another, so that parallel
//!   guesses cannot pass the count.
//! - An account that does not exist goes the same way and gives the same answers; its count is kept
//!   here, bounded, and never written. That this costs no commit is hidden by the time at which
//!   every answer that is no yes goes out.
//! - While nothing can be written, wrong passwords of accounts are counted in memory too.
//! - A try whose verification began is counted, whether or not somebody still waits for its answer.
//! - A source (a site behind one address) is never locked: a try is taken from its share and given
//!   back unless it failed. When the share is gone, names without a failure from there are still
//!   tried, one after another, and accounts that were right from there lately at once.
//! - A pair that was right is remembered for ten minutes under a keyed hash, since some clients send
//!   it with every request; a new password hash or a lock forgets it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{AgentId, Identity, Principal, Proof, Secret, Timestamp};
use engine::clock::Clock;
use engine::metrics::{Counters, Metrics};
use engine::{Admission, Applicant, Attempt, AuthenticationRefusal, Authenticator, counted_name};
use tokio::sync::OwnedSemaphorePermit;

mod accounts;
mod admission;
mod counts;
mod hashing;
mod order;
mod pool;
mod remembered;
mod sources;
#[cfg(test)]
mod tests;

pub(crate) use accounts::{Accounts, DirectorySaid, NodeAccounts, StoreAway};
pub(crate) use hashing::{HashingError, is_usable_hash};
pub(crate) use pool::{Busy, Pool};

use crate::log::{Line, LineLimit};
use admission::Admitted;
use counts::Counts;
use order::{Order, Turn};
use remembered::Remembered;
use sources::{Sources, Standing, Taken};

/// The surface of administrators and their programs.
const CONSOLE: &str = "console";
/// How long somebody who came too fast shall wait, in seconds.
const RETRY_SECONDS: u64 = 5;
/// What is looked up for names that cannot be an account's.
const NOBODY: &str = "nobody";
/// Names that are no account, counted at once.
const NAMES_MAX: usize = 16_384;
/// Accounts counted at once, as many as settings may have.
const ACCOUNTS_MAX: usize = 50_000;
/// No try fails sooner after its turn came. It covers a verification and a commit on a machine that
/// is not overloaded, so that neither shows whether an account exists.
const FAILING: Duration = Duration::from_millis(250);

/// Checks passwords for all surfaces.
pub(crate) struct Frame<A>(Arc<Inner<A>>);

struct Inner<A> {
    accounts: A,
    clock: Arc<dyn Clock>,
    pool: Arc<Pool>,
    order: Order,
    sources: Arc<Sources>,
    remembered: Remembered,
    /// What the store does not count: of names that are no account, and of accounts while nothing
    /// can be written. Apart, so that invented names push no account out.
    of_names: Counts,
    of_accounts: Counts,
    results: Counters,
    overload: Counters,
    lines: LineLimit,
}

/// What is known of the account in an attempt.
enum Found {
    /// It exists, with the hash of its password, where it has one.
    Known { identity: Identity, id: AgentId, hash: Option<String> },
    /// It does not.
    Unknown,
}

impl<A: Accounts> Frame<A> {
    /// What it turns away is counted in `overload` by surface; its lines in the log have their
    /// share of `lines`.
    pub(crate) fn new(
        accounts: A,
        pool: Arc<Pool>,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
        overload: Counters,
        lines: LineLimit,
    ) -> Self {
        let results = metrics.counters(
            "jackfield_authentications_total",
            "Password checks by the surface that asked and their result.",
            &["surface", "result"],
        );
        for result in ["right", "wrong", "locked", "busy", "unavailable"] {
            results.with(&["phone", result]);
            results.with(&["console", result]);
        }
        Self(Arc::new(Inner {
            accounts,
            clock,
            pool,
            order: Order::default(),
            sources: Arc::default(),
            remembered: Remembered::new(),
            of_names: Counts::new(NAMES_MAX),
            of_accounts: Counts::new(ACCOUNTS_MAX),
            results,
            overload,
            lines,
        }))
    }
}

impl<A: Accounts> Inner<A> {
    /// Waits until `attempt` may be tried; whoever gives up waiting is forgotten.
    async fn turn(&self, name: &str, source: IpAddr) -> Result<Turns, AuthenticationRefusal> {
        let busy = || AuthenticationRefusal::Busy { retry_seconds: RETRY_SECONDS };
        let source = source.into();
        let (taken, slowly) = match self.sources.take(source, name, self.clock.now()) {
            Standing::Good(taken) => (taken, None),
            Standing::UsedUp { failed_before: true, .. } => return Err(busy()),
            // Who never failed from there gets in, but slowly, so that guessing stays slow too.
            Standing::UsedUp { lane, .. } => {
                let turn = lane.acquire_owned();
                let turn = tokio::time::timeout(Duration::from_secs(RETRY_SECONDS), turn).await;
                let turn = turn.ok().and_then(Result::ok).ok_or_else(busy)?;
                match self.sources.take(source, name, self.clock.now()) {
                    // Tries were given back meanwhile, and the lane is not needed.
                    Standing::Good(taken) => (taken, None),
                    Standing::UsedUp { .. } => (self.sources.owe(source, name), Some(turn)),
                }
            }
        };
        let account = self.order.wait(name).await.ok_or_else(busy)?;
        // A try of the same name may have failed in front of this one.
        if slowly.is_some() && self.sources.failed_before(source, name) {
            return Err(busy());
        }
        Ok(Turns { _account: account, taken, slowly })
    }

    /// Tries and counts, to the end.
    async fn check(
        &self,
        attempt: &Attempt,
        turns: Turns,
    ) -> Result<Principal, AuthenticationRefusal> {
        let found = self.find(&attempt.account, attempt.surface);
        let result = self.in_turn(attempt, &found).await;
        let Turns { _account, taken, slowly } = turns;
        match result {
            Ok(_) => taken.right(self.clock.now()),
            Err(AuthenticationRefusal::Wrong | AuthenticationRefusal::Locked { .. }) => {
                taken.failed();
            }
            Err(AuthenticationRefusal::Busy { .. } | AuthenticationRefusal::Unavailable) => {
                drop(taken);
            }
        }
        drop(slowly);
        result
    }

    /// Agents sign in everywhere, local accounts in consoles alone.
    fn find(&self, account: &str, surface: &str) -> Found {
        let settings = self.accounts.settings();
        let Ok(id) = account.parse::<AgentId>() else { return Found::Unknown };
        if let Some(agent) = settings.agents.get(&id) {
            let identity = Identity::Agent { id: id.clone() };
            return Found::Known { identity, id, hash: agent.password_hash.clone() };
        }
        match settings.accounts.get(&id).filter(|it| surface == CONSOLE && !it.disabled) {
            Some(account) => {
                let identity = Identity::Account { name: id.clone() };
                Found::Known { identity, id, hash: account.password_hash.clone() }
            }
            None => Found::Unknown,
        }
    }

    /// Somebody proven, with what they may do now.
    fn principal(&self, identity: Identity) -> Result<Principal, AuthenticationRefusal> {
        let settings = self.accounts.settings();
        // Whoever may do nothing any more is like somebody unknown.
        let standing = identity.standing(&settings).ok_or(AuthenticationRefusal::Wrong)?;
        Ok(Principal {
            who: identity.who().to_owned(),
            roles: standing.roles,
            how: Proof::Password,
            session: None,
            identity: Some(identity),
            teams: standing.teams,
        })
    }

    /// The check itself; nobody else tries this account meanwhile.
    async fn in_turn(
        &self,
        attempt: &Attempt,
        found: &Found,
    ) -> Result<Principal, AuthenticationRefusal> {
        match found {
            // Whoever has no password here may have one in a directory.
            Found::Known { identity, id, hash: None } if attempt.surface == CONSOLE => {
                self.unlocked(&attempt.account)?;
                match self.accounts.directory(&attempt.account, &attempt.password).await {
                    DirectorySaid::Right(of) if self.came_from(id, &of) => {
                        self.of_names.right(&attempt.account);
                        self.principal(identity.clone())
                    }
                    DirectorySaid::Unavailable => Err(AuthenticationRefusal::Unavailable),
                    _ => self.nobody(attempt).await,
                }
            }
            Found::Known { identity, id, hash } => {
                self.known(attempt, id, hash.as_deref()).await?;
                self.principal(identity.clone())
            }
            Found::Unknown => {
                // Looked up like others: it takes time, and with the store away it fails.
                let id = attempt.account.parse().or_else(|_| NOBODY.parse::<AgentId>());
                if let Ok(id) = id {
                    let looked_up = self.accounts.account(&id).await;
                    looked_up.map_err(|StoreAway| AuthenticationRefusal::Unavailable)?;
                }
                self.unlocked(&attempt.account)?;
                if attempt.surface == CONSOLE {
                    match self.accounts.directory(&attempt.account, &attempt.password).await {
                        DirectorySaid::Right(identity) => {
                            self.of_names.right(&attempt.account);
                            return self.principal(identity);
                        }
                        DirectorySaid::Unavailable => {
                            return Err(AuthenticationRefusal::Unavailable);
                        }
                        DirectorySaid::Nobody => {}
                    }
                }
                self.nobody(attempt).await
            }
        }
    }

    /// Whether the directory that proved somebody is the one that the agent was taken over from.
    fn came_from(&self, id: &AgentId, proven: &Identity) -> bool {
        let settings = self.accounts.settings();
        let origin = settings.agents.get(id).and_then(|agent| agent.origin.as_ref());
        matches!(proven, Identity::Directory { directory, user, .. }
            if origin == Some(directory) && user == id.as_str())
    }

    fn unlocked(&self, name: &str) -> Result<(), AuthenticationRefusal> {
        match self.of_names.locked_until(name, self.clock.now()) {
            Some(until) => Err(AuthenticationRefusal::Locked { until }),
            None => Ok(()),
        }
    }

    /// Nobody that is known here: as slow and as often as with somebody.
    async fn nobody(&self, attempt: &Attempt) -> Result<Principal, AuthenticationRefusal> {
        self.verify(&attempt.password, None).await?;
        Err(match self.of_names.failed(&attempt.account, self.clock.now()) {
            Some(until) => AuthenticationRefusal::Locked { until },
            None => AuthenticationRefusal::Wrong,
        })
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
            // With the store away, who was right a moment ago stays right (OPS-11), unless what is
            // remembered of them would be guessed by asking for it.
            Err(StoreAway) if remembered => return Ok(()),
            Err(StoreAway) => {
                if self.remembered.holds(id) && self.of_accounts.failed(id.as_str(), now).is_some()
                {
                    self.remembered.forget(id);
                }
                return Err(AuthenticationRefusal::Unavailable);
            }
        };
        let locked = counted.as_ref().and_then(|account| account.lock_at(now));
        let locked = locked.filter(|until| now < *until);
        if let Some(until) = locked.or_else(|| self.of_accounts.locked_until(id.as_str(), now)) {
            self.remembered.forget(id);
            return Err(AuthenticationRefusal::Locked { until });
        }
        let right = remembered || self.verify(&attempt.password, hash).await?;
        if right {
            if counted.is_some() && self.accounts.checked(id, true).await.is_err() {
                tracing::debug!("a count of wrong passwords stays: it cannot be written");
            }
            self.of_accounts.right(id.as_str());
            if let Some(hash) = hash.filter(|_| !remembered) {
                self.remembered.keep(id, hash, &attempt.password, self.clock.now());
            }
            return Ok(());
        }
        let counted = self.accounts.checked(id, false).await;
        // Nothing may be guessed for as long as nothing can be written.
        let counted = counted
            .unwrap_or_else(|StoreAway| self.of_accounts.failed(id.as_str(), self.clock.now()));
        let Some(until) = counted else { return Err(AuthenticationRefusal::Wrong) };
        self.remembered.forget(id);
        if self.lines.may_write(Line::AccountLocked, self.clock.now()) {
            tracing::warn!(surface = attempt.surface, "an account was locked");
        }
        Err(AuthenticationRefusal::Locked { until })
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, AuthenticationRefusal> {
        let verified = self.pool.verify(password.clone(), hash.map(str::to_owned)).await;
        verified.map_err(|Busy| AuthenticationRefusal::Busy { retry_seconds: RETRY_SECONDS })
    }

    fn tell(
        &self,
        surface: &'static str,
        account: &str,
        source: IpAddr,
        refusal: Option<&AuthenticationRefusal>,
    ) {
        let name = match refusal {
            None => "right",
            Some(AuthenticationRefusal::Wrong) => "wrong",
            Some(AuthenticationRefusal::Locked { .. }) => "locked",
            Some(AuthenticationRefusal::Busy { .. }) => "busy",
            Some(AuthenticationRefusal::Unavailable) => "unavailable",
        };
        self.results.with(&[surface, name]).increment();
        if name == "busy" {
            self.overload.with(&[surface]).increment();
        }
        // Who and from where is personal data, so it is told at level debug alone.
        if self.lines.may_write(Line::PasswordChecked, self.clock.now()) {
            tracing::info!(surface, result = name, "password checked");
        }
        tracing::debug!(account = ?account, %source, result = name,
            "password checked for");
    }
}

/// What a try holds while it is made.
struct Turns {
    _account: Turn,
    taken: Taken,
    slowly: Option<OwnedSemaphorePermit>,
}

#[async_trait]
impl<A: Accounts> Authenticator for Frame<A> {
    async fn authenticate(&self, attempt: Attempt) -> Result<Principal, AuthenticationRefusal> {
        let attempt = Attempt { account: counted_name(&attempt.account), ..attempt };
        let turns = self.0.turn(&attempt.account, attempt.source).await.inspect_err(|busy| {
            self.0.tell(attempt.surface, &attempt.account, attempt.source, Some(busy));
        })?;
        // Counts from here, and is waited for only by a try that fails.
        let failing = tokio::time::sleep(FAILING);
        let inner = Arc::clone(&self.0);
        // A task of its own, which nobody ends by hanging up before the answer.
        let checking = tokio::spawn(async move {
            let result = inner.check(&attempt, turns).await;
            inner.tell(attempt.surface, &attempt.account, attempt.source, result.as_ref().err());
            result
        });
        let result = checking.await.unwrap_or(Err(AuthenticationRefusal::Unavailable));
        if result.is_err() {
            failing.await;
        }
        result
    }

    async fn admit(
        &self,
        applicant: Applicant,
    ) -> Result<Box<dyn Admission>, AuthenticationRefusal> {
        let Applicant { account, source, surface } = applicant.clone();
        let admitting = async {
            let turns = self.0.turn(&account, source).await?;
            Admitted::new(Arc::clone(&self.0), applicant, turns).await
        };
        let admitted = admitting.await.inspect_err(|refusal| {
            self.0.tell(surface, &account, source, Some(refusal));
        })?;
        Ok(Box::new(admitted))
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, AuthenticationRefusal> {
        self.0.verify(password, hash).await
    }

    async fn hash(&self, password: &Secret) -> Option<String> {
        let asked = vec![((), password.clone(), None)];
        let hashed = self.0.pool.hash_all(asked).await.ok()?;
        hashed.into_iter().next().map(|((), hash)| hash)
    }
}

/// Whether `at` lies less than `lasting` before `now`. What lies as far in the future was noted by a
/// clock that was set back since, and must not last until that time comes again.
fn is_recent(at: Timestamp, now: Timestamp, lasting: Duration) -> bool {
    now.since(at) < lasting && at.since(now) < lasting
}
