//! One transaction for a group of commits: two round trips.
//!
//! ```text
//!   1  BEGIN, locks, the inputs are noted, everything that decides is read
//!      each: known before, claim gone, guard moved: that is its answer, its input is forgotten again
//!   2  all writes of the others, COMMIT
//! ```
//!
//! The locks come before everything else, so that the snapshots of what follows see what the last holder
//! wrote, and transaction numbers are given in the order of the locks. An error up to the second trip means
//! that nothing was written. After that only the server's own word does; where it says nothing the answer is
//! [`StoreError::Unknown`].

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Decision, Document, IndexEntry, Key, Reply, WakeChange, WriteBody};
use tokio_postgres::Row;

use super::fault::Fault;
use super::group::has_twice;
use super::horizon::PLACES;
use super::link::{Asked, Bound, Link, pipelined};
use super::locks::Locks;
use super::rows::{Rows, Step};
use super::statements as own;
use crate::numbers::{from_sql, to_sql};
use crate::{Commit, Committed, Cursor, StoreError};

/// How far a group came.
#[derive(Debug)]
pub(super) enum Came {
    /// To its end: what became of each.
    Over { epoch: u64, answers: Vec<Result<Decided, StoreError>> },
    /// Nothing was written.
    Failed(Fault),
    /// It was sent, and nobody knows what the server did.
    Unknown,
}

/// What became of one commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decided {
    /// It is written; the last line of the log that it added is told.
    Written(Option<u64>),
    /// Nothing was written, as it must be.
    Answered(Committed),
}

impl Decided {
    pub(super) fn committed(self, cursor: &dyn Fn(Option<u64>) -> Cursor) -> Committed {
        match self {
            Self::Written(number) => Committed::Done { cursor: cursor(number) },
            Self::Answered(answer) => answer,
        }
    }
}

/// What was found under the locks.
#[derive(Debug, Default)]
struct Found {
    epoch: u64,
    /// The number of the first line and of the first promise.
    first: u64,
    /// Versions and schema numbers, by place among the documents asked for.
    documents: BTreeMap<i64, (i64, i64)>,
    generations: BTreeMap<i64, i64>,
    entries: BTreeMap<i64, Vec<(String, String)>>,
}

impl Found {
    fn of(rows: &[Row]) -> Result<Self, Fault> {
        let mut found = Self::default();
        for row in rows {
            let (part, place): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            match part {
                0 => {
                    found.epoch = from_sql(row.try_get(2)?);
                    found.first = row.try_get::<_, Option<i64>>(3)?.map_or(0, from_sql);
                }
                1 => {
                    found.documents.insert(place, (row.try_get(2)?, row.try_get(3)?));
                }
                2 => {
                    found.generations.insert(place, row.try_get(2)?);
                }
                _ => {
                    let entry = (row.try_get(4)?, row.try_get(5)?);
                    found.entries.entry(place).or_default().push(entry);
                }
            }
        }
        Ok(found)
    }
}

/// What decides about a group, in the order in which it is asked for.
#[derive(Default)]
struct Question<'a> {
    kinds: Vec<&'static str>,
    ids: Vec<&'a str>,
    claims: Vec<&'a str>,
    indexed_kinds: Vec<&'static str>,
    indexed_ids: Vec<&'a str>,
}

/// Where what decides about one commit stands in the answers.
struct Asking<'a> {
    commit: &'a Commit,
    documents: usize,
    claims: usize,
    indexed: usize,
    /// Documents that are written, each once with its last body.
    bodies: BTreeMap<&'a Key, &'a WriteBody>,
}

impl<'a> Question<'a> {
    fn add(&mut self, commit: &'a Commit) -> Asking<'a> {
        let decision = &commit.decision;
        let written = decision.writes.iter().filter(|write| write.key.kind.is_indexed());
        let bodies: BTreeMap<_, _> = written.map(|write| (&write.key, &write.body)).collect();
        let (documents, claims) = (self.kinds.len(), self.claims.len());
        let asking =
            Asking { commit, documents, claims, indexed: self.indexed_kinds.len(), bodies };
        let guarded = decision.guards.iter().map(|guard| &guard.key);
        for key in guarded.chain(decision.writes.iter().map(|write| &write.key)) {
            self.kinds.push(key.kind.name());
            self.ids.push(&key.id);
        }
        self.claims.extend(decision.wakes.iter().filter_map(|change| match change {
            WakeChange::Claim { id, .. } => Some(id.as_str()),
            WakeChange::Set(_) | WakeChange::Clear(_) => None,
        }));
        for key in asking.bodies.keys() {
            self.indexed_kinds.push(key.kind.name());
            self.indexed_ids.push(&key.id);
        }
        asking
    }
}

/// Whether a commit changes one thing twice: then its changes are made one after the other.
pub(super) fn repeats(decision: &Decision) -> bool {
    has_twice(decision.writes.iter().map(|write| &write.key))
        || has_twice(decision.wakes.iter().map(|change| match change {
            WakeChange::Set(wake) => &wake.id,
            WakeChange::Clear(id) | WakeChange::Claim { id, .. } => id,
        }))
}

/// Writes a group over one connection; `sent` tells when nobody can be sure any more that nothing is
/// written. The connection is in no transaction afterwards, unless the group [`Came::Failed`] or is
/// [`Came::Unknown`].
pub(super) async fn commit(link: &Link, commits: &[&Commit], sent: &AtomicBool) -> Came {
    let mut question = Question::default();
    let asking: Vec<_> = commits.iter().map(|commit| question.add(commit)).collect();
    let (found, known) = match ask(link, commits, &question).await {
        Ok(answers) => answers,
        Err(fault) => return Came::Failed(fault),
    };
    let mut answers = Vec::with_capacity(asking.len());
    let (mut written, mut forgotten) = (Vec::new(), Vec::new());
    for asked in &asking {
        let decided = match known.get(asked.commit.input.as_str()) {
            Some(Some(reply)) => Some(Ok(Committed::Known(reply.clone()))),
            // Swept in between: then it is as if it had never been there, and is tried again.
            Some(None) => Some(Ok(Committed::Conflict)),
            None => {
                let refused = asked.refused(&found);
                match refused {
                    Some(_) => forgotten.push(asked.commit.input.as_str().to_owned()),
                    None => written.push(asked),
                }
                refused
            }
        };
        answers.push(decided.map(|answer| answer.map(Decided::Answered)));
    }
    if written.is_empty() {
        return match link.execute(&own::ROLLBACK, &[]).await {
            Ok(_) => {
                Came::Over { epoch: found.epoch, answers: answers.into_iter().flatten().collect() }
            }
            Err(fault) => Came::Failed(fault),
        };
    }
    let (steps, numbers) = match steps(&written, forgotten, &found) {
        Ok(steps) => steps,
        Err(error) => return Came::Failed(error.into()),
    };
    if let Some(came) = write(link, &steps, sent).await {
        return came;
    }
    let mut numbers = numbers.into_iter();
    let written = |numbers: &mut std::vec::IntoIter<Option<u64>>| {
        Ok(Decided::Written(numbers.next().flatten()))
    };
    let answers = answers.into_iter().map(|it| it.unwrap_or_else(|| written(&mut numbers)));
    Came::Over { epoch: found.epoch, answers: answers.collect() }
}

/// The first trip; of inputs that were noted before, what they were answered.
async fn ask(
    link: &Link,
    commits: &[&Commit],
    question: &Question<'_>,
) -> Result<(Found, BTreeMap<String, Option<Reply>>), Fault> {
    let most = usize::try_from(PLACES).unwrap_or(usize::MAX);
    let too_many = |it: &Decision| it.events.len() > most || it.effects.len() > most;
    if commits.iter().any(|commit| too_many(&commit.decision)) {
        let source = format!("a commit has more than {PLACES} lines or promises").into();
        return Err(StoreError::Unavailable { source }.into());
    }
    let Locks { keys, shared } = Locks::of(commits.iter().map(|commit| &commit.decision));
    let inputs: Vec<_> = commits.iter().map(|commit| commit.input.as_str()).collect();
    let replies = commits.iter().map(|commit| serde_json::to_string(&commit.decision.reply));
    let replies: Vec<_> = replies.collect::<Result<_, _>>()?;
    let times: Vec<_> = commits.iter().map(|commit| commit.at.microseconds()).collect();
    let Question { kinds, ids, claims, indexed_kinds, indexed_ids } = question;
    let locks: Bound<'_> = &[&keys, &shared];
    let noting: Bound<'_> = &[&inputs, &replies, &times];
    let deciding: Bound<'_> = &[kinds, ids, claims, indexed_kinds, indexed_ids];
    let asked: Vec<Asked<'_, Vec<Row>>> = vec![
        Box::pin(link.rows(&own::BEGIN, &[])),
        Box::pin(link.rows(&own::LOCK, locks)),
        Box::pin(link.rows(&own::NOTE_OUTCOMES, noting)),
        Box::pin(link.rows(&own::CHECK, deciding)),
    ];
    let mut answers = pipelined(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let found = Found::of(&answers.pop().unwrap_or_default())?;
    let noted = answers.pop().unwrap_or_default();
    let noted: HashSet<&str> = noted.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let before = inputs.into_iter().filter(|input| !noted.contains(input));
    let mut known: BTreeMap<String, Option<Reply>> =
        before.map(|input| (input.to_owned(), None)).collect();
    if !known.is_empty() {
        let inputs: Vec<_> = known.keys().cloned().collect();
        for row in link.rows(&own::OUTCOMES, &[&inputs]).await? {
            let reply = serde_json::from_str(row.try_get(1)?)?;
            known.insert(row.try_get(0)?, Some(reply));
        }
    }
    Ok((found, known))
}

impl Asking<'_> {
    /// Why it is not written; `None` where it is.
    fn refused(&self, found: &Found) -> Option<Result<Committed, StoreError>> {
        if !self.claims_hold(found) {
            return Some(Ok(Committed::ClaimGone));
        }
        let is_of_this = self.commit.epoch.is_none_or(|epoch| epoch == found.epoch);
        if !is_of_this || !self.guards_hold(found) {
            return Some(Ok(Committed::Conflict));
        }
        self.newer(found).map(Err)
    }

    fn guards_hold(&self, found: &Found) -> bool {
        self.commit.decision.guards.iter().enumerate().all(|(index, guard)| {
            let stored = found.documents.get(&place(self.documents + index));
            stored.map(|(version, _)| *version) == guard.version.map(to_sql)
        })
    }

    /// Whether every timer that this commit claims is set as it says.
    fn claims_hold(&self, found: &Found) -> bool {
        let claims = self.commit.decision.wakes.iter().filter_map(|change| match change {
            WakeChange::Claim { generation, .. } => Some(to_sql(*generation)),
            WakeChange::Set(_) | WakeChange::Clear(_) => None,
        });
        claims.enumerate().all(|(index, generation)| {
            found.generations.get(&place(self.claims + index)) == Some(&generation)
        })
    }

    /// What a newer program wrote is not changed.
    fn newer(&self, found: &Found) -> Option<StoreError> {
        let decision = &self.commit.decision;
        decision.writes.iter().enumerate().find_map(|(index, write)| {
            let known = Document::schema(write.key.kind);
            let at = place(self.documents + decision.guards.len() + index);
            let (_, schema) = found.documents.get(&at)?;
            let found = u32::try_from(*schema).unwrap_or(u32::MAX);
            (found > known).then_some(StoreError::Newer { kind: write.key.kind, found, known })
        })
    }

    /// Entries of indexes that go or come. Those that stay are not touched.
    fn index(&self, found: &Found, rows: &mut Rows) {
        for (index, (key, body)) in self.bodies.iter().enumerate() {
            let none = Vec::new();
            let present = found.entries.get(&place(self.indexed + index)).unwrap_or(&none);
            let wanted = match body {
                WriteBody::Put(document) => document.index_entries(),
                WriteBody::Delete => Vec::new(),
            };
            for (name, value) in present {
                let stays =
                    |entry: &IndexEntry| entry.index.name() == name && entry.value == *value;
                if !wanted.iter().any(stays) {
                    rows.remove_entry(name, value, key);
                }
            }
            for entry in wanted {
                let name = entry.index.name();
                if !present.iter().any(|(there, value)| there == name && *value == entry.value) {
                    rows.add_entry(name, &entry.value, key);
                }
            }
        }
    }
}

fn place(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1)
}

/// All that is written, with the number of each commit's last line. What cannot be encoded is noticed here,
/// before anything is sent.
fn steps(
    written: &[&Asking<'_>],
    forgotten: Vec<String>,
    found: &Found,
) -> Result<(Vec<Step>, Vec<Option<u64>>), StoreError> {
    let (mut line, mut promise) = (found.first, found.first);
    let (mut all, mut numbers) = (Rows::default(), Vec::new());
    let mut steps = Vec::new();
    for asked in written {
        let commit = asked.commit;
        let decision = &commit.decision;
        // Such a one is alone.
        let one_by_one = repeats(decision);
        for write in &decision.writes {
            all.write(write)?;
            if one_by_one {
                steps.extend(std::mem::take(&mut all).into_steps());
            }
        }
        asked.index(found, &mut all);
        for event in &decision.events {
            all.line(line, commit.at, event)?;
            line += 1;
        }
        numbers.push((!decision.events.is_empty()).then(|| line - 1));
        for (place, effect) in decision.effects.iter().enumerate() {
            let id = format!("{}/{place}", commit.input.as_str());
            all.promise(promise, id, commit.at, effect);
            promise += 1;
        }
        for change in &decision.wakes {
            all.timer(change);
            if one_by_one {
                steps.extend(std::mem::take(&mut all).into_steps());
            }
        }
    }
    all.forget(forgotten);
    steps.extend(all.into_steps());
    Ok((steps, numbers))
}

/// The second trip; what it came to, unless all is written.
async fn write(link: &Link, steps: &[Step], sent: &AtomicBool) -> Option<Came> {
    let bound: Vec<_> = steps.iter().map(Step::bound).collect();
    let mut asked: Vec<Asked<'_, u64>> = Vec::with_capacity(steps.len() + 1);
    for (step, bound) in steps.iter().zip(&bound) {
        asked.push(Box::pin(link.execute(step.sql, bound)));
    }
    asked.push(Box::pin(link.execute(&own::COMMIT, &[])));
    sent.store(true, Ordering::Release);
    let mut done = pipelined(asked).await;
    let committed = done.pop().unwrap_or(Err(Fault::Late));
    // The server refused one: then it did not commit, whatever its answer to that was.
    if let Some(Err(fault)) =
        done.into_iter().find(|done| matches!(done, Err(it) if it.is_answer()))
    {
        return Some(Came::Failed(fault));
    }
    match committed {
        Ok(_) => None,
        Err(fault) if fault.is_collision() => Some(Came::Failed(fault)),
        Err(_) => Some(Came::Unknown),
    }
}
