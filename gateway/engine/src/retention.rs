//! What is kept for a time only, and erasure of one person (OPS-13).
//!
//! ```text
//!   settings: days --> plan: what is older, by kind --> shown, or removed from the beginning on, and audited
//!   once an hour the node with the lease looks; it removes once something is a day overdue
//! ```
//!
//! A headset that nobody saw counts from when it was seen last, connected or not.
//! The event log and outcomes are kept for fixed times; the keeper removes them as they fall due. Further kinds
//! are added to [`KeptKind`].

mod contacts;
mod ledger;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::{
    AUDIT_FORGOTTEN_MAX, Actor, AgentId, AgentKey, AuditHead, Command, ConsoleCommand, Deed,
    Document, HEADSETS_FORGOTTEN_MAX, HEADSETS_MAX, HeadsetSerial, Identity, Index, IndexRange,
    Input, InputId, Key, PairName, Timestamp,
};
use store::LOG_SECONDS;

use crate::engine::Engine;
use crate::lease::HeldLease;
use crate::{Outcome, SubmitError};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How often it is looked for what is overdue.
const LOOK_EVERY: Duration = Duration::from_secs(3600);
/// For how long the node that looks holds the lease.
const LEASE: Duration = Duration::from_secs(600);

/// What is kept for as long as the settings say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptKind {
    /// Entries of the audit log.
    Audit,
    /// Headsets that no phone reports any more.
    Headsets,
    /// Contacts that are over, with their mails and answers.
    Contacts,
}

/// What is older than it is kept, of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// Of which kind.
    pub kind: KeptKind,
    /// For how many days it is kept.
    pub days: u32,
    /// How many are older.
    pub count: u64,
    /// When the oldest and the newest of those were written.
    pub between: Option<(Timestamp, Timestamp)>,
    /// The number of the last entry of the audit log to remove.
    last: u64,
}

/// Why nothing is removed.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// By a clock that is wrong everything would look old.
    #[error(
        "the clock moved by more than a day since it was believed last; nothing is removed by it"
    )]
    Clock,
    /// The store did not do its part.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// A rule was against it.
    #[error("it was refused")]
    Refused(domain::Refusal),
}

/// What is kept of one person, and what an erasure leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Documents that go.
    pub documents: Vec<Key>,
    /// Until when lines of the log that name the id are kept.
    pub log_until: Timestamp,
    /// The same of the audit log.
    pub audit_until: Timestamp,
}

impl KeptKind {
    /// Every kind there is.
    pub const ALL: [Self; 3] = [Self::Audit, Self::Headsets, Self::Contacts];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Headsets => "headsets",
            Self::Contacts => "contacts",
        }
    }
}

impl Engine {
    /// What is older than it is kept, kind by kind.
    pub async fn overdue(&self) -> Result<Vec<Overdue>, SubmitError> {
        let mut plan = Vec::new();
        for kind in KeptKind::ALL {
            plan.push(match kind {
                KeptKind::Audit => self.overdue_audit().await?,
                KeptKind::Headsets => self.overdue_headsets().await?,
                KeptKind::Contacts => self.overdue_contacts().await?,
            });
        }
        Ok(plan)
    }

    /// Removes what is older than it is kept; gives what was removed.
    pub async fn retain(&self, by: Actor) -> Result<Vec<Overdue>, RetentionError> {
        self.refuse_wrong_clock()?;
        let plan = self.overdue().await?;
        for overdue in plan.iter().filter(|overdue| overdue.count > 0) {
            match overdue.kind {
                KeptKind::Audit => self.forget_audit(overdue, by.clone()).await?,
                KeptKind::Headsets => self.forget_headsets(overdue, by.clone()).await?,
                KeptKind::Contacts => self.forget_contacts(overdue, by.clone()).await?,
            }
            let (kind, count) = (overdue.kind.name(), overdue.count);
            tracing::info!(
                event = "retention",
                kind,
                count,
                "what was kept long enough is removed"
            );
        }
        Ok(plan)
    }

    pub(crate) fn refuse_wrong_clock(&self) -> Result<(), RetentionError> {
        let now = self.clock.now();
        let believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        if believed.is_doubtful(now) { Err(RetentionError::Clock) } else { Ok(()) }
    }

    /// Entries stand in the order they were written in, so the last old one is found by halving.
    async fn overdue_audit(&self) -> Result<Overdue, SubmitError> {
        let days = self.settings().retention.audit_days;
        let cut = before(self.clock.now(), days);
        let nothing = Overdue { kind: KeptKind::Audit, days, count: 0, between: None, last: 0 };
        let Some(head) = self.audit_head().await else { return Ok(nothing) };
        let Some(oldest) = self.audit_at(head.first).await?.filter(|at| *at < cut) else {
            return Ok(nothing);
        };
        // At `old` stands one that is older; nothing beyond `end` is.
        let (mut old, mut newest, mut end) = (head.first, oldest, head.number);
        while old < end {
            let middle = old + (end - old).div_ceil(2);
            match self.audit_at(middle).await? {
                Some(at) if at < cut => (old, newest) = (middle, at),
                _ => end = middle - 1,
            }
        }
        let count = old.saturating_sub(head.first) + 1;
        Ok(Overdue { count, between: Some((oldest, newest)), last: old, ..nothing })
    }

    async fn audit_at(&self, number: u64) -> Result<Option<Timestamp>, SubmitError> {
        let loaded = self.document(&Key::audit(number)).await?;
        Ok(loaded.and_then(|loaded| match loaded.document {
            Document::Audit(entry) => Some(entry.at),
            _ => None,
        }))
    }

    /// In steps that a commit bears, each told by the entry that is written with it.
    async fn forget_audit(&self, overdue: &Overdue, by: Actor) -> Result<(), RetentionError> {
        let last = overdue.last;
        let mut first = self.audit_head().await.map_or(0, |head| head.first);
        while first <= last {
            let step = last.min(first.saturating_add(AUDIT_FORGOTTEN_MAX - 1));
            let deed = Deed::done("audit_removed", "audit")
                .with("days", &overdue.days.into())
                .with("count", &(step - first + 1).into())
                .with("last", &step.into());
            let forget = Command::Console(ConsoleCommand::ForgetAudit { last: step });
            let command = Command::Audited {
                by: by.clone(),
                deed: Some(deed),
                command: Some(Box::new(forget)),
            };
            let id = InputId::new("forget_audit", format!("{first}/{step}"));
            self.refused(Input::command(id, command)).await?;
            let Some(AuditHead { first: next, .. }) = self.audit_head().await else { break };
            if next <= first {
                break;
            }
            first = next;
        }
        Ok(())
    }

    /// Headsets stand in an index in the order that they were seen last in.
    async fn overdue_headsets(&self) -> Result<Overdue, SubmitError> {
        let days = self.settings().retention.headset_days;
        let keys = self.keys(unseen_since(before(self.clock.now(), days), HEADSETS_MAX)).await?;
        let seen = |key: Option<&Key>| {
            let key = key.cloned();
            async move {
                let Some(key) = key else { return Ok::<_, SubmitError>(None) };
                Ok(self.document(&key).await?.and_then(|loaded| match loaded.document {
                    Document::Headset(headset) => Some(headset.last_seen),
                    _ => None,
                }))
            }
        };
        let between = seen(keys.first()).await?.zip(seen(keys.last()).await?);
        let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        Ok(Overdue { kind: KeptKind::Headsets, days, count, between, last: 0 })
    }

    /// In steps that a commit bears, as with the audit log.
    async fn forget_headsets(&self, overdue: &Overdue, by: Actor) -> Result<(), RetentionError> {
        let cut = before(self.clock.now(), overdue.days);
        let most = u32::try_from(HEADSETS_FORGOTTEN_MAX).unwrap_or(u32::MAX);
        loop {
            let keys = self.keys(unseen_since(cut, most)).await?;
            let serials: Vec<HeadsetSerial> =
                keys.iter().filter_map(|key| key.id.parse().ok()).collect();
            let Some(first) = serials.first() else { return Ok(()) };
            let deed = Deed::done("headsets_removed", "headsets")
                .with("days", &overdue.days.into())
                .with("count", &serials.len().into());
            let id = InputId::new("forget_headsets", format!("{}/{first}", cut.microseconds()));
            let forget = Command::ForgetHeadsets { before: cut, serials };
            let command = Command::Audited {
                by: by.clone(),
                deed: Some(deed),
                command: Some(Box::new(forget)),
            };
            self.refused(Input::command(id, command)).await?;
            if self.keys(unseen_since(cut, most)).await? == keys {
                // They are seen again by now, or cannot be read: what is behind them waits for the next look.
                return Ok(());
            }
        }
    }

    pub(crate) async fn refused(&self, input: Input) -> Result<(), RetentionError> {
        match self.submit(input).await? {
            Outcome::Done(_) => Ok(()),
            Outcome::Refused(refusal) => Err(RetentionError::Refused(refusal)),
            Outcome::Unclear(_) => Err(SubmitError::Undecided.into()),
        }
    }

    /// What is kept of that person, and until when what names them by id alone.
    pub async fn erasure(&self, id: &AgentId) -> Result<Erasure, SubmitError> {
        let mut keys = vec![Key::account(id), Key::second_factor(id)];
        for agent in self.called(id) {
            keys.extend([Key::session(&agent), Key::verifier(&agent)]);
        }
        for identity in Identity::all_of(id, &self.settings()) {
            for index in [Index::WebSessionByIdentity, Index::AccessTokenByIdentity] {
                let range = IndexRange::exactly(index, identity.index_value(), 1_000);
                keys.extend(self.keys(range).await?);
            }
        }
        let person = Index::person_value(id.as_str());
        keys.extend(self.keys(IndexRange::exactly(Index::HeadsetByPerson, person, 1_000)).await?);
        let mut documents = Vec::new();
        for key in keys {
            if self.document(&key).await?.is_some() {
                documents.push(key);
            }
        }
        let now = self.clock.now();
        let audit = DAY * self.settings().retention.audit_days;
        let log_until = now.after(Duration::from_secs(LOG_SECONDS));
        Ok(Erasure { documents, log_until, audit_until: now.after(audit) })
    }

    /// Erases that person; refused while they are in the settings or signed in.
    pub async fn erase(&self, id: &AgentId, by: Actor) -> Result<Erasure, RetentionError> {
        let erasure = self.erasure(id).await?;
        let mut number = [0; 16];
        if !self.random.fill(&mut number) {
            return Err(SubmitError::Undecided.into());
        }
        let erase = Command::Erase { id: id.clone(), agents: self.called(id) };
        let count = u64::try_from(erasure.documents.len()).unwrap_or(u64::MAX);
        let deed = Deed::done("erased", format!("agents/{id}")).with("documents", &count.into());
        let command = Command::Audited { by, deed: Some(deed), command: Some(Box::new(erase)) };
        let name = format!("{:032x}", u128::from_be_bytes(number));
        self.refused(Input::command(InputId::new("erase", name), command)).await?;
        tracing::info!(event = "erased", documents = count, "what was kept of a person is removed");
        Ok(erasure)
    }

    /// All that a person of that id may be called: by the pairs there are, and by those of sessions.
    fn called(&self, id: &AgentId) -> Vec<AgentKey> {
        let settings = self.settings();
        let pairs = settings.cti_pairs.keys().cloned().chain([PairName::owned()]);
        let mut called: Vec<_> = pairs.map(|pair| AgentKey { pair, id: id.clone() }).collect();
        called.extend(self.mirror.agents_called(id));
        called.sort_unstable();
        called.dedup();
        called
    }
}

/// Headsets that were seen last before that time, the longest unseen first.
fn unseen_since(cut: Timestamp, limit: u32) -> IndexRange {
    let last = Timestamp::from_microseconds(cut.microseconds().saturating_sub(1));
    let (from, to) = (Index::seen_value(Timestamp::default()), Index::seen_value(last));
    IndexRange { index: Index::HeadsetBySeen, from, to, limit }
}

/// So many days before.
fn before(now: Timestamp, days: u32) -> Timestamp {
    let days = i64::try_from((DAY * days).as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_microseconds(now.microseconds().saturating_sub(days))
}

/// Removes what is overdue until the engine stops, on one node at a time.
pub(crate) async fn keep(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut lease = HeldLease::new(Arc::clone(&engine), "retention".to_owned(), LEASE);
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if matches!(lease.hold().await, Ok(Some(_))) {
            for error in look(&engine).await.into_iter().filter_map(Result::err) {
                let reason = crate::error::with_causes(&error);
                tracing::warn!(reason, "what was kept long enough is not removed");
            }
            // The next one need not wait for its end; one that cannot be given back ends by itself.
            let _ = lease.release().await;
        }
    }
}

/// The ledger of mails, and what is kept for as long as the settings say: neither waits for the other to be in order.
async fn look(engine: &Engine) -> [Result<(), RetentionError>; 2] {
    if let Err(error) = engine.refuse_wrong_clock() {
        return [Err(error), Ok(())];
    }
    [engine.forget_ledger().await, retain_overdue(engine).await]
}

/// Removes once something is a day overdue, so that it is done about once a day.
async fn retain_overdue(engine: &Engine) -> Result<(), RetentionError> {
    let now = engine.clock.now();
    let is_due = |overdue: &Overdue| {
        let cut = before(now, overdue.days.saturating_add(1));
        overdue.between.is_some_and(|(oldest, _)| oldest < cut)
    };
    if engine.overdue().await?.iter().any(is_due) {
        engine.retain(Actor::gateway()).await?;
    }
    Ok(())
}
