//! The line of commits that wait, and the few lanes in which they are made.
//!
//! ```text
//!   commit --> line (at most 512) --> a lane takes the first, and all behind it that go together with it
//!                                     --> one transaction --> an answer for each
//! ```
//!
//! What a transaction costs, a sync above all, is paid once for all that share it. While one is under way
//! the next ones gather, so a lane takes more at once the more there is to do, and a lone commit waits for
//! nobody. There are two lanes: with more of them each would take fewer, and all be slower. Commits that
//! concern something in common go one after the other, in the same lane or when the other has ended: what
//! another node holds up holds up one lane.
//!
//! Lanes are tasks of their own: a commit goes on when its caller leaves. One that the server refuses takes
//! none of the others with it: they are made one by one then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
/// How many transactions are under way at once.
const LANES: usize = 2;
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
    /// Rung when the last lane ends.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    /// What each open lane has in hand.
    lanes: BTreeMap<u64, Wants>,
    /// Tells lanes apart.
    next_lane: u64,
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
    number: u64,
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        self.lanes.end_lane(&mut self.lanes.line(), self.number);
    }
}

/// Why commits were not made together.
struct Failed {
    error: StoreError,
    /// Whether it may be about one of them alone.
    is_about_some: bool,
    /// Whether the database says nothing or cannot be reached.
    is_silent: bool,
}

impl Lanes {
    pub(super) fn new(pool: Arc<Pool>, moved: Arc<Notify>) -> Self {
        Self {
            pool,
            moved,
            counts: Counts::default(),
            line: Mutex::default(),
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
            if line.lanes.len() < LANES {
                let number = line.next_lane;
                line.next_lane += 1;
                line.lanes.insert(number, Wants::nothing());
                tokio::spawn(Arc::clone(self).run(number));
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
            line.lanes.len()
        };
        if lanes > 0 {
            // Each ends by itself within this time, whatever the database does.
            let _ = timeout(4 * WORK, ended).await;
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self: Arc<Self>, number: u64) {
        let _lane = Lane { lanes: &self, number };
        while let Some((batch, wants)) = self.next(number) {
            self.make(batch, &wants).await;
        }
    }

    /// The first that can be made now, with all that go together with it. Where there is none the lane ends,
    /// under the same lock, so that nobody comes to wait in between; what meets the other lane's work is
    /// that one's to take when it has ended.
    fn next(&self, number: u64) -> Option<(Vec<Waiting>, Wants)> {
        let mut line = self.line();
        line.lanes.insert(number, Wants::nothing());
        let Line { waiting, lanes, .. } = &mut *line;
        let (batch, wants) = take(waiting, lanes);
        if batch.is_empty() {
            self.end_lane(&mut line, number);
            return None;
        }
        line.lanes.insert(number, wants.clone());
        Some((batch, wants))
    }

    fn end_lane(&self, line: &mut Line, number: u64) {
        line.lanes.remove(&number);
        if line.lanes.is_empty() {
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
                if failed.is_silent {
                    self.refuse_waiting();
                }
                for waiting in batch {
                    self.refuse(waiting, failed.error.again());
                }
            }
        }
    }

    /// Where the database is silent, those behind would each wait for it in their turn; nothing of theirs
    /// was sent.
    fn refuse_waiting(&self) {
        let waiting = std::mem::take(&mut self.line().waiting);
        for each in waiting {
            let source = "the database does not answer".into();
            self.refuse(each, StoreError::Unavailable { source });
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
        let silent = |error| Failed { error, is_about_some: false, is_silent: true };
        let commits: Vec<_> = batch.iter().map(|waiting| &waiting.commit).collect();
        let locks = Locks::of(wants);
        let limit = match commits.iter().map(|commit| commit.decision.writes.len()).sum() {
            0..=ORDINARY_WRITES => WORK,
            _ => LARGE_WORK,
        };
        let mut collisions = 0;
        loop {
            let lent = self.pool.lend().await.map_err(silent)?;
            let sent = AtomicBool::new(false);
            let came = timeout(limit, writing::commit(&lent.link, &commits, &locks, &sent)).await;
            // One connection that broke says nothing of the others.
            let is_silent = came.is_err();
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
                        && !fault.is_of_the_moment()
                        && (fault.is_answer() || matches!(fault, Fault::Store(_)));
                    return Err(Failed { error: fault.into(), is_about_some, is_silent });
                }
                Came::Unknown => {
                    let error = StoreError::Unknown;
                    return Err(Failed { error, is_about_some: false, is_silent });
                }
            }
        }
    }
}

/// Takes the first that waits and meets nothing that is under way, and all that go together with it.
fn take(
    waiting: &mut VecDeque<Waiting>,
    under_way: &BTreeMap<u64, Wants>,
) -> (Vec<Waiting>, Wants) {
    let most = usize::try_from(PLACES).unwrap_or(usize::MAX);
    let mut batch: Vec<Waiting> = Vec::new();
    let mut wants = Wants::nothing();
    let (mut lines, mut promises, mut inputs) = (0, 0, BTreeSet::new());
    let mut left = VecDeque::with_capacity(waiting.len());
    while let Some(each) = waiting.pop_front() {
        let decision = &each.commit.decision;
        let (more_lines, more_promises) = (decision.events.len(), decision.effects.len());
        let input = each.commit.input.as_str().to_owned();
        let is_free = !under_way.values().any(|others| others.meets(&each.wants));
        if each.wants == Wants::Everything {
            // Alone, and before whatever came after it: or it would wait for ever.
            match batch.is_empty() && left.is_empty() && is_free {
                true => return (vec![each], Wants::Everything),
                false => left.push_back(each),
            }
            break;
        }
        if batch.len() >= BATCH_MAX
            || lines + more_lines > most
            || promises + more_promises > most
            || inputs.contains(&input)
            || !is_free
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
    left.append(waiting);
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
        let (batch, _) = take(line, &BTreeMap::new());
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
    fn what_the_other_lane_has_in_hand_waits_for_it() {
        let mut line = VecDeque::from([waiting("1", &["a"], 1), waiting("2", &["b"], 1)]);
        let other = BTreeMap::from([(1, Wants::of(&waiting("0", &["a"], 0).commit.decision))]);
        let (batch, _) = take(&mut line, &other);
        assert_eq!(batch[0].commit.input.as_str(), "test/2");
        assert!(take(&mut line, &other).0.is_empty());
        assert_eq!(taken(&mut line), ["test/1"]);
    }

    #[test]
    fn very_much_is_made_alone_and_before_what_came_later() {
        let ids: Vec<_> = (0..100).map(|id| id.to_string()).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let mut line = VecDeque::from([
            waiting("1", &["a"], 1),
            waiting("2", &ids, 1),
            waiting("3", &["b"], 1),
        ]);
        assert_eq!(taken(&mut line), ["test/1"]);
        let other = BTreeMap::from([(1, Wants::of(&waiting("0", &["c"], 0).commit.decision))]);
        assert!(take(&mut line, &other).0.is_empty());
        assert_eq!(taken(&mut line), ["test/2"]);
        let everything = BTreeMap::from([(1, Wants::Everything)]);
        assert!(take(&mut line, &everything).0.is_empty());
        assert_eq!(taken(&mut line), ["test/3"]);
    }

    #[test]
    fn a_batch_is_bounded() {
        let ids: Vec<_> = (0..40).map(|id| id.to_string()).collect();
        let mut line: VecDeque<_> = ids.iter().map(|id| waiting(id, &[id], 0)).collect();
        assert_eq!(taken(&mut line).len(), BATCH_MAX);
        assert_eq!(taken(&mut line).len(), 8);
    }
}
