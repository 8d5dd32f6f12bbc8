//! Commits that wait, and the few that write them down: whatever waits when a writer is free goes into one
//! transaction, so that a sync and the statements around it are shared.
//!
//! ```text
//!   commit --> waiting (in order of arrival) --> a writer takes those that concern different things
//!                                                --> one transaction --> each gets its own answer
//!     refused as a whole by the server --> each once more, alone
//! ```
//!
//! A group never holds two commits of which one writes what the other writes or guards, nor the same input
//! twice: so each is decided as if it were alone. A commit that is taken is carried to its end, whatever
//! became of its caller.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Decision, Key, WakeChange};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::fault::Fault;
use super::horizon::PLACES;
use super::locks::KEYS_MAX;
use super::options::{LARGE_WORK, WORK};
use super::pool::Pool;
use super::writing::{self, Came};
use crate::{BATCH_BOUNDS, Commit, Committed, Cursor, StoreError};

/// How many commits may wait; one more is answered [`StoreError::Busy`].
const WAITING_MAX: usize = 512;
/// The most commits of a group.
const GROUP_MAX: usize = 64;
/// A commit that writes more than this goes alone, and takes as long as it needs.
const ORDINARY_WRITES: usize = 64;
/// How often a group that met another transaction is tried before its callers are told.
const COLLISIONS_MAX: u32 = 5;

type Answer = Result<Committed, StoreError>;

/// A commit that waits.
struct Waiting {
    commit: Commit,
    answer: oneshot::Sender<Answer>,
}

/// The commits of a store on their way.
pub(super) struct Groups {
    pool: Arc<Pool>,
    /// Told of whatever may have been written.
    moved: Arc<Notify>,
    waiting: Mutex<VecDeque<Waiting>>,
    arrived: Notify,
    /// Commits that are taken and not answered yet.
    in_hand: AtomicU64,
    answered: Notify,
    closed: AtomicBool,
    pub(super) counts: Counts,
}

/// Figures of what was written.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) commits: AtomicU64,
    pub(super) conflicts: AtomicU64,
    pub(super) transactions: AtomicU64,
    pub(super) batches: [AtomicU64; BATCH_BOUNDS.len()],
    pub(super) batched: AtomicU64,
    pub(super) failures: AtomicU64,
}

impl Counts {
    /// A transaction of so many jobs came to its end.
    pub(super) fn written(&self, jobs: usize) {
        let jobs = u64::try_from(jobs).unwrap_or(u64::MAX);
        self.transactions.fetch_add(1, Ordering::Relaxed);
        self.batched.fetch_add(jobs, Ordering::Relaxed);
        let mut classes = BATCH_BOUNDS.iter().zip(&self.batches);
        if let Some((_, class)) = classes.find(|(bound, _)| jobs <= **bound) {
            class.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What else was written came to that end.
    pub(super) fn note<T>(&self, done: &Result<T, StoreError>) {
        match done {
            Ok(_) => self.written(1),
            Err(error) if is_failure(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {}
        }
    }
}

impl std::fmt::Debug for Groups {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Groups").field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl Groups {
    pub(super) fn new(pool: Arc<Pool>, moved: Arc<Notify>) -> Self {
        Self {
            pool,
            moved,
            waiting: Mutex::default(),
            arrived: Notify::new(),
            in_hand: AtomicU64::new(0),
            answered: Notify::new(),
            closed: AtomicBool::new(false),
            counts: Counts::default(),
        }
    }

    /// Has a commit written and waits for its answer. Dropping the wait does not undo it.
    pub(super) async fn commit(&self, commit: Commit) -> Answer {
        let (answer, answered) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            if self.closed.load(Ordering::Acquire) {
                return Err(StoreError::Closed);
            }
            if waiting.len() >= WAITING_MAX {
                return Err(StoreError::Busy);
            }
            waiting.push_back(Waiting { commit, answer });
        }
        self.arrived.notify_one();
        answered.await.unwrap_or(Err(StoreError::Unknown))
    }

    /// How many wait.
    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.waiting().len()).unwrap_or(u64::MAX)
    }

    /// Takes no more; those that wait are written.
    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        loop {
            let answered = self.answered.notified();
            if self.waiting().is_empty() && self.in_hand.load(Ordering::Acquire) == 0 {
                return;
            }
            // A writer that failed has dropped what it had in hand.
            if timeout(LARGE_WORK, answered).await.is_err() {
                return;
            }
        }
    }

    /// Writes groups until it is dropped; several do so at the same time.
    pub(super) async fn write(self: Arc<Self>) {
        loop {
            let arrived = self.arrived.notified();
            let group = self.take();
            if group.is_empty() {
                arrived.await;
                continue;
            }
            // Others may begin with what is left.
            self.arrived.notify_one();
            let count = u64::try_from(group.len()).unwrap_or(0);
            self.write_group(group).await;
            self.in_hand.fetch_sub(count, Ordering::AcqRel);
            self.answered.notify_one();
        }
    }

    /// The oldest that waits, and those after it that concern something else.
    fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        let mut group = Vec::new();
        let mut concerned = Concerned::default();
        let mut left = VecDeque::new();
        while let Some(next) = waiting.pop_front() {
            if group.len() < GROUP_MAX && concerned.takes(&next.commit) {
                group.push(next);
            } else {
                // Whatever comes after it and concerns the same waits for it.
                concerned.waits(&next.commit);
                left.push_back(next);
            }
        }
        *waiting = left;
        self.in_hand.fetch_add(u64::try_from(group.len()).unwrap_or(0), Ordering::AcqRel);
        group
    }

    async fn write_group(&self, group: Vec<Waiting>) {
        let (commits, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|waiting| (waiting.commit, waiting.answer)).unzip();
        let all: Vec<&Commit> = commits.iter().collect();
        let done = match self.write_all(&all).await {
            // One of them is what the server does not take: it alone shall be told so.
            Err(failed) if all.len() > 1 && failed.may_be_of_one() => {
                let mut done = Vec::with_capacity(all.len());
                for commit in &all {
                    done.push(match self.write_all(&[*commit]).await {
                        Ok(mut alone) => alone.pop().unwrap_or(Err(StoreError::Unknown)),
                        Err(failed) => Err(failed.into()),
                    });
                }
                done
            }
            Ok(done) => done,
            Err(failed) => {
                let error: StoreError = failed.into();
                if is_failure(&error) {
                    self.counts.failures.fetch_add(1, Ordering::Relaxed);
                }
                all.iter().map(|_| Err(error.same())).collect()
            }
        };
        for (answer, done) in answers.into_iter().zip(done) {
            self.count(&done);
            // Whoever asked may be gone; what was written stays written.
            let _ = answer.send(done);
        }
        // It may be there even where nobody knows.
        self.moved.notify_one();
    }

    fn count(&self, done: &Answer) {
        match done {
            Ok(Committed::Done { .. }) => {
                self.counts.commits.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Committed::Conflict) => {
                self.counts.conflicts.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Committed::Known(_) | Committed::ClaimGone) | Err(_) => {}
        }
    }

    /// One transaction for all of them, tried again where it met another one.
    async fn write_all(&self, commits: &[&Commit]) -> Result<Vec<Answer>, Failed> {
        let writes: usize = commits.iter().map(|commit| commit.decision.writes.len()).sum();
        let limit = if is_ordinary(commits, writes) { WORK } else { LARGE_WORK };
        let mut collisions = 0;
        loop {
            let lent = self.pool.lend().await.map_err(|error| Failed::of(error.into()))?;
            let sent = AtomicBool::new(false);
            let came = timeout(limit, writing::commit(&lent.link, commits, &sent)).await;
            let came = came.unwrap_or_else(|_| match sent.load(Ordering::Acquire) {
                true => Came::Unknown,
                false => Came::Failed(Fault::Late),
            });
            match came {
                Came::Over { epoch, answers } => {
                    self.pool.give_back(lent);
                    self.counts.written(commits.len());
                    let end = self.pool.known.log_end();
                    let cursor =
                        |number: Option<u64>| Cursor { epoch, number: number.unwrap_or(end) };
                    let told =
                        answers.into_iter().map(|answer| answer.map(|it| it.committed(&cursor)));
                    return Ok(told.collect());
                }
                Came::Failed(fault) if fault.is_collision() && collisions < COLLISIONS_MAX => {
                    collisions += 1;
                }
                Came::Failed(fault) if lent.was_idle && fault.is_broken_connection() => {
                    self.pool.forget_idle();
                }
                Came::Failed(fault) => return Err(Failed::of(fault)),
                Came::Unknown => {
                    return Err(Failed { fault: Fault::Late, is_unsure: true });
                }
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_ordinary(commits: &[&Commit], writes: usize) -> bool {
    commits.len() > 1 || writes <= ORDINARY_WRITES
}

/// Whether the database did not do its work, rather than refuse something for what it is.
fn is_failure(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Unavailable { .. }
            | StoreError::Unknown
            | StoreError::Full
            | StoreError::ReadOnly
            | StoreError::Unwritable { .. }
            | StoreError::Damaged { .. }
    )
}

/// Why a group was not written.
struct Failed {
    fault: Fault,
    /// Whether it may be written all the same.
    is_unsure: bool,
}

impl Failed {
    /// Whether one commit of several may be at fault: nothing is written, and the database works.
    fn may_be_of_one(&self) -> bool {
        let is_of_one = self.fault.is_answer() && !self.fault.is_broken_connection();
        !self.is_unsure && (is_of_one || matches!(self.fault, Fault::Store(_)))
    }

    fn of(fault: Fault) -> Self {
        Self { fault, is_unsure: false }
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        if failed.is_unsure { Self::Unknown } else { failed.fault.into() }
    }
}

/// What a group concerns, and what those that wait before others do.
#[derive(Default)]
struct Concerned {
    count: usize,
    keys: usize,
    lines: u64,
    inputs: HashSet<String>,
    written: HashSet<Key>,
    guarded: HashSet<Key>,
    timers: HashSet<String>,
    is_full: bool,
}

impl Concerned {
    /// Takes a commit in, where it concerns nothing of what is there already.
    fn takes(&mut self, commit: &Commit) -> bool {
        let decision = &commit.decision;
        let keys = decision.guards.len() + decision.writes.len() + decision.wakes.len();
        let lines = u64::try_from(decision.events.len().max(decision.effects.len()));
        let lines = lines.unwrap_or(u64::MAX);
        if goes_alone(decision) && self.count == 0 && !self.is_full && self.is_apart(commit) {
            self.is_full = true;
            self.count = 1;
            return true;
        }
        if self.is_full
            || goes_alone(decision)
            || self.keys + keys > KEYS_MAX
            || self.lines.saturating_add(lines) > PLACES
            || !self.is_apart(commit)
        {
            return false;
        }
        self.count += 1;
        self.keys += keys;
        self.lines += lines;
        self.waits(commit);
        true
    }

    fn is_apart(&self, commit: &Commit) -> bool {
        let decision = &commit.decision;
        !self.inputs.contains(commit.input.as_str())
            && decision.writes.iter().all(|write| {
                !self.written.contains(&write.key) && !self.guarded.contains(&write.key)
            })
            && decision.guards.iter().all(|guard| !self.written.contains(&guard.key))
            && timers(decision).all(|id| !self.timers.contains(id))
    }

    fn waits(&mut self, commit: &Commit) {
        let decision = &commit.decision;
        self.inputs.insert(commit.input.as_str().to_owned());
        self.written.extend(decision.writes.iter().map(|write| write.key.clone()));
        self.guarded.extend(decision.guards.iter().map(|guard| guard.key.clone()));
        self.timers.extend(timers(decision).map(str::to_owned));
    }
}

fn timers(decision: &Decision) -> impl Iterator<Item = &str> {
    decision.wakes.iter().map(|change| match change {
        WakeChange::Set(wake) => wake.id.as_str(),
        WakeChange::Clear(id) | WakeChange::Claim { id, .. } => id.as_str(),
    })
}

/// Whether a commit is too large for company, or changes one thing twice, which statements for several
/// commits cannot.
fn goes_alone(decision: &Decision) -> bool {
    decision.writes.len() > ORDINARY_WRITES
        || decision.guards.len() > ORDINARY_WRITES
        || decision.events.len() > ORDINARY_WRITES
        || decision.effects.len() > ORDINARY_WRITES
        || decision.wakes.len() > ORDINARY_WRITES
        || writing::repeats(decision)
}

/// Whether something stands twice in it.
pub(super) fn has_twice<T: Eq + Hash>(all: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    !all.into_iter().all(|each| seen.insert(each))
}

#[cfg(test)]
mod tests {
    use domain::{Guard, InputId, Kind, Reply, Timestamp, Write, WriteBody};

    use super::*;

    fn commit(input: &str, guards: &[u32], writes: &[u32]) -> Commit {
        let key = |id: &u32| Key::new(Kind::Line, id.to_string());
        let decision = Decision {
            guards: guards.iter().map(|id| Guard { key: key(id), version: None }).collect(),
            writes: writes
                .iter()
                .map(|id| Write { key: key(id), body: WriteBody::Delete })
                .collect(),
            ..Decision::already(Reply::Done)
        };
        let at = Timestamp::default();
        Commit { input: InputId::new("test", input), at, epoch: None, decision }
    }

    #[test]
    fn those_that_concern_the_same_are_never_written_together() {
        let mut concerned = Concerned::default();
        assert!(concerned.takes(&commit("1", &[1], &[1])));
        assert!(concerned.takes(&commit("2", &[9], &[2])));
        // Guards may be shared; what one writes nobody else may guard or write.
        assert!(concerned.takes(&commit("3", &[9], &[3])));
        assert!(!concerned.takes(&commit("4", &[1], &[4])));
        assert!(!concerned.takes(&commit("5", &[], &[9])));
        assert!(!concerned.takes(&commit("6", &[], &[1])));
        assert!(!concerned.takes(&commit("1", &[], &[7])));
    }

    #[test]
    fn one_that_waits_is_not_overtaken_by_what_concerns_the_same() {
        let mut concerned = Concerned::default();
        assert!(concerned.takes(&commit("1", &[], &[1])));
        let waits = commit("2", &[1], &[2]);
        assert!(!concerned.takes(&waits));
        concerned.waits(&waits);
        assert!(!concerned.takes(&commit("3", &[], &[2])));
    }

    #[test]
    fn a_large_one_and_one_that_writes_a_thing_twice_go_alone() {
        let large: Vec<_> = (0..100).collect();
        for odd in [commit("1", &[], &large), commit("1", &[], &[5, 5])] {
            let mut concerned = Concerned::default();
            assert!(concerned.takes(&odd));
            assert!(!concerned.takes(&commit("2", &[], &[200])));
            let mut concerned = Concerned::default();
            assert!(concerned.takes(&commit("2", &[], &[200])));
            assert!(!concerned.takes(&odd));
        }
    }
}
