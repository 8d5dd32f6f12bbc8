//! The line of commits that wait, and the few lanes in which they are made.
//!
//! ```text
//!   commit --> line (at most 512) --> a lane takes the first, and all behind it that go together with it
//!                                     --> one transaction --> an answer for each
//! ```
//!
//! What a transaction costs, a sync above all, is paid once for all that share it. While one is under way
//! the next ones gather, so a lane takes more at once the more there is to do, and a lone commit waits for
//! nobody. Commits that concern something in common go one after the other.
//!
//! Lanes are tasks of their own: a commit goes on when its caller leaves. One that the server refuses takes
//! none of the others with it: they are made one by one then.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::counts::Counts;
use super::fault::Fault;
use super::horizon::PLACES;
use super::locks::{Locks, Wants};
use super::options::{LARGE_WORK, WORK};
use super::pool::Pool;
use super::writing::{self, Answer, Came};
use crate::{Commit, Committed, Cursor, StoreError};

/// How many commits may wait; one more is answered [`StoreError::Busy`].
const WAITING_MAX: usize = 512;
/// The most commits that share a transaction.
const BATCH_MAX: usize = 32;
/// How often commits that met others are tried before their callers are told.
const COLLISIONS_MAX: u32 = 5;
/// What writes more than this takes as long as it needs.
const ORDINARY_WRITES: usize = 64;

/// The line and its lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    pool: Arc<Pool>,
    moved: Arc<Notify>,
    pub(super) counts: Counts,
    line: Mutex<Line>,
    lanes_max: usize,
    /// Rung when the last lane ends.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    lanes: usize,
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    commit: Commit,
    wants: Wants,
    answer: oneshot::Sender<Result<Committed, StoreError>>,
}

/// A lane that panicked is one less, too.
struct Lane<'a> {
    lanes: &'a Lanes,
    has_ended: bool,
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.lanes.end_lane(&mut self.lanes.line());
        }
    }
}

/// Why commits were not made together.
struct Failed {
    error: StoreError,
    /// Whether it may be about one of them alone.
    is_about_some: bool,
}

impl Lanes {
    pub(super) fn new(pool: Arc<Pool>, moved: Arc<Notify>, lanes_max: usize) -> Self {
        Self {
            pool,
            moved,
            counts: Counts::default(),
            line: Mutex::default(),
            lanes_max,
            ended: Notify::new(),
        }
    }

    /// Makes a commit in its turn. It goes on if the caller leaves.
    pub(super) async fn commit(self: &Arc<Self>, commit: Commit) -> Result<Committed, StoreError> {
        let most = usize::try_from(PLACES).unwrap_or(usize::MAX);
        if commit.decision.events.len().max(commit.decision.effects.len()) > most {
            let source = format!("a commit has more than {PLACES} lines or promises").into();
            return Err(StoreError::Unavailable { source });
        }
        let wants = Wants::of(&commit.decision);
        let (answer, answered) = oneshot::channel();
        {
            let mut line = self.line();
            if line.closed {
                return Err(StoreError::Closed);
            }
            if line.waiting.len() >= WAITING_MAX {
                return Err(StoreError::Busy);
            }
            line.waiting.push_back(Waiting { commit, wants, answer });
            if line.lanes < self.lanes_max {
                line.lanes += 1;
                tokio::spawn(Arc::clone(self).run());
            }
        }
        // A lane answers whatever it took; if it is gone, nobody knows what it did.
        answered.await.unwrap_or(Err(StoreError::Unknown))
    }

    /// How many commits wait.
    pub(super) fn waiting(&self) -> u64 {
        u64::try_from(self.line().waiting.len()).unwrap_or(u64::MAX)
    }

    /// Takes no more, and waits for what was taken.
    pub(super) async fn close(&self) {
        let ended = self.ended.notified();
        tokio::pin!(ended);
        ended.as_mut().enable();
        let lanes = {
            let mut line = self.line();
            line.closed = true;
            line.lanes
        };
        if lanes > 0 {
            // Each ends by itself within this time, whatever the database does.
            let _ = timeout(4 * WORK, ended).await;
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self: Arc<Self>) {
        let mut lane = Lane { lanes: &self, has_ended: false };
        while let Some((batch, wants)) = self.next() {
            self.make(batch, &wants).await;
        }
        lane.has_ended = true;
    }

    /// The first that waits, with all that go together with it. Where none does the lane ends, under the
    /// same lock, so that nobody comes to wait in between.
    fn next(&self) -> Option<(Vec<Waiting>, Wants)> {
        let mut line = self.line();
        if line.waiting.is_empty() {
            self.end_lane(&mut line);
            return None;
        }
        Some(take(&mut line.waiting))
    }

    fn end_lane(&self, line: &mut Line) {
        line.lanes = line.lanes.saturating_sub(1);
        if line.lanes == 0 {
            self.ended.notify_waiters();
        }
    }

    async fn make(&self, batch: Vec<Waiting>, wants: &Wants) {
        match self.together(&batch, wants).await {
            Ok(answers) => {
                for (waiting, answer) in batch.into_iter().zip(answers) {
                    self.answer(waiting, answer);
                }
            }
            Err(failed) if failed.is_about_some && batch.len() > 1 => {
                for waiting in batch {
                    let one = std::slice::from_ref(&waiting);
                    match self.together(one, &waiting.wants).await {
                        Ok(answers) => match answers.into_iter().next() {
                            Some(answer) => self.answer(waiting, answer),
                            None => self.refuse(waiting, StoreError::Unknown),
                        },
                        Err(failed) => self.refuse(waiting, failed.error),
                    }
                }
            }
            Err(failed) => {
                for waiting in batch {
                    self.refuse(waiting, failed.error.again());
                }
            }
        }
    }

    fn answer(&self, waiting: Waiting, answer: Answer) {
        let answer = match answer {
            Answer::Done { epoch, number } => {
                let number = number.unwrap_or_else(|| self.pool.known.log_end());
                Ok(Committed::Done { cursor: Cursor { epoch, number } })
            }
            Answer::Refused(answer) => answer,
        };
        self.counts.note_commit(&answer);
        if matches!(answer, Ok(Committed::Done { .. })) {
            self.moved.notify_one();
        }
        // Whoever asked may be gone; what was written stays written.
        let _ = waiting.answer.send(answer);
    }

    fn refuse(&self, waiting: Waiting, error: StoreError) {
        // It may be there all the same.
        self.moved.notify_one();
        let _ = waiting.answer.send(Err(error));
    }

    async fn together(&self, batch: &[Waiting], wants: &Wants) -> Result<Vec<Answer>, Failed> {
        let done = self.try_together(batch, wants).await;
        let writes = |answer: &Answer| matches!(answer, Answer::Done { .. });
        match &done {
            Ok(answers) => match answers.iter().filter(|answer| writes(answer)).count() {
                0 => {}
                jobs => self.counts.note_transaction(jobs),
            },
            Err(failed) => self.counts.note_failure(&failed.error),
        }
        done
    }

    async fn try_together(&self, batch: &[Waiting], wants: &Wants) -> Result<Vec<Answer>, Failed> {
        let whole = |error| Failed { error, is_about_some: false };
        let commits: Vec<_> = batch.iter().map(|waiting| &waiting.commit).collect();
        let locks = Locks::of(wants);
        let limit = match commits.iter().map(|commit| commit.decision.writes.len()).sum() {
            0..=ORDINARY_WRITES => WORK,
            _ => LARGE_WORK,
        };
        let mut collisions = 0;
        loop {
            let lent = self.pool.lend().await.map_err(whole)?;
            let sent = AtomicBool::new(false);
            let came = timeout(limit, writing::commit(&lent.link, &commits, &locks, &sent)).await;
            let came = came.unwrap_or_else(|_| match sent.load(Ordering::Acquire) {
                true => Came::Unknown,
                false => Came::Failed(Fault::Late),
            });
            match came {
                Came::Answered(answers) => {
                    self.pool.give_back(lent);
                    return Ok(answers);
                }
                Came::Failed(fault) if fault.is_collision() && collisions < COLLISIONS_MAX => {
                    collisions += 1;
                }
                Came::Failed(fault) if lent.was_idle && fault.is_broken_connection() => {
                    self.pool.forget_idle();
                }
                Came::Failed(fault) => {
                    let is_about_some = !fault.is_broken_connection()
                        && (fault.is_answer() || matches!(fault, Fault::Store(_)));
                    return Err(Failed { error: fault.into(), is_about_some });
                }
                Came::Unknown => return Err(whole(StoreError::Unknown)),
            }
        }
    }
}

/// Takes the first that waits, and all that go together with it and with each other.
fn take(waiting: &mut VecDeque<Waiting>) -> (Vec<Waiting>, Wants) {
    let most = usize::try_from(PLACES).unwrap_or(usize::MAX);
    let mut batch: Vec<Waiting> = Vec::new();
    let mut wants = Wants::nothing();
    let (mut lines, mut promises, mut inputs) = (0, 0, BTreeSet::new());
    let mut left = VecDeque::with_capacity(waiting.len());
    for each in waiting.drain(..) {
        let decision = &each.commit.decision;
        let (more_lines, more_promises) = (decision.events.len(), decision.effects.len());
        let input = each.commit.input.as_str().to_owned();
        if batch.is_empty() {
            wants = each.wants.clone();
        } else if batch.len() >= BATCH_MAX
            || lines + more_lines > most
            || promises + more_promises > most
            || inputs.contains(&input)
            || !wants.take_in(&each.wants)
        {
            left.push_back(each);
            continue;
        }
        lines += more_lines;
        promises += more_promises;
        inputs.insert(input);
        batch.push(each);
    }
    *waiting = left;
    (batch, wants)
}

#[cfg(test)]
mod tests {
    use domain::{Decision, Event, InputId, Key, Kind, Reply, Timestamp, Write, WriteBody};

    use super::*;

    fn waiting(input: &str, writes: &[&str], lines: usize) -> Waiting {
        let write = |id: &&str| Write { key: Key::new(Kind::Line, *id), body: WriteBody::Delete };
        let decision = Decision {
            writes: writes.iter().map(write).collect(),
            events: vec![Event::new("x", Key::settings_head()); lines],
            ..Decision::already(Reply::Done)
        };
        let (wants, input) = (Wants::of(&decision), InputId::new("test", input));
        let commit = Commit { input, at: Timestamp::default(), epoch: None, decision };
        Waiting { commit, wants, answer: oneshot::channel().0 }
    }

    fn taken(line: &mut VecDeque<Waiting>) -> Vec<String> {
        let (batch, _) = take(line);
        batch.iter().map(|it| it.commit.input.as_str().to_owned()).collect()
    }

    #[test]
    fn what_has_nothing_in_common_goes_together_and_the_rest_stays_in_order() {
        let mut line = VecDeque::from([
            waiting("1", &["a"], 1),
            waiting("2", &["a", "b"], 1),
            waiting("3", &["b"], 1),
            waiting("1", &["c"], 1),
            waiting("4", &["d"], 4_095),
            waiting("5", &["e"], 2_000),
        ]);
        assert_eq!(taken(&mut line), ["test/1", "test/3", "test/5"]);
        assert_eq!(taken(&mut line), ["test/2", "test/1"]);
        assert_eq!(taken(&mut line), ["test/4"]);
        assert!(line.is_empty());
    }

    #[test]
    fn a_batch_is_bounded() {
        let ids: Vec<_> = (0..40).map(|id| id.to_string()).collect();
        let mut line: VecDeque<_> = ids.iter().map(|id| waiting(id, &[id], 0)).collect();
        assert_eq!(taken(&mut line).len(), BATCH_MAX);
        assert_eq!(taken(&mut line).len(), 8);
    }
}
