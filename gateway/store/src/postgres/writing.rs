//! A commit: two round trips in one transaction.
//!
//! ```text
//!   1  BEGIN, locks, the input is noted, everything that decides is read
//!      known before, claim gone, guard moved: ROLLBACK and answer
//!   2  all writes, COMMIT
//! ```
//!
//! The locks come before everything else, so that the snapshots of what follows see what the last holder
//! wrote, and transaction numbers are given in the order of the locks. An error up to the second trip means
//! that nothing was written. After that only the server's own word does; where it says nothing the answer is
//! [`StoreError::Unknown`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Decision, Document, IndexEntry, Key, WakeChange, Write, WriteBody};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::fault::Fault;
use super::horizon::PLACES;
use super::link::{Asked, Bound, Link, pipelined};
use super::locks::Locks;
use super::statements as own;
use crate::numbers::{from_sql, to_sql};
use crate::sql::{self, Sql};
use crate::{Commit, Committed, StoreError};

/// How far a commit came.
#[derive(Debug)]
pub(super) enum Came {
    /// All is written; the last line of the log that it added is told.
    Done { epoch: u64, number: Option<u64> },
    /// Nothing was written, as it must be.
    Answered(Committed),
    /// Nothing was written.
    Failed(Fault),
    /// It was sent, and nobody knows what the server did.
    Unknown,
}

/// What was found under the locks; places count from one.
#[derive(Debug, Default)]
struct Found {
    is_new: bool,
    epoch: u64,
    /// The number of the first line and of the first promise.
    first: u64,
    /// Versions and schema numbers, by place among the documents asked for.
    documents: BTreeMap<i64, (i64, i64)>,
    generations: BTreeMap<i64, i64>,
    entries: BTreeMap<i64, Vec<(String, String)>>,
}

impl Found {
    fn add_documents(&mut self, rows: &[Row]) -> Result<(), Fault> {
        for row in rows {
            let (place, number): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            if place == 0 {
                self.is_new = number == 1;
                self.epoch = from_sql(row.try_get(2)?);
                self.first = from_sql(row.try_get(3)?);
            } else {
                self.documents.insert(place, (number, row.try_get(2)?));
            }
        }
        Ok(())
    }

    fn add_generations(&mut self, rows: &[Row]) -> Result<(), Fault> {
        for row in rows {
            self.generations.insert(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(())
    }

    fn add_entries(&mut self, rows: &[Row]) -> Result<(), Fault> {
        for row in rows {
            let entry = (row.try_get(1)?, row.try_get(2)?);
            self.entries.entry(row.try_get(0)?).or_default().push(entry);
        }
        Ok(())
    }

    fn document(&self, question: &Question<'_>, key: &Key) -> Option<(i64, i64)> {
        self.documents.get(question.documents.get(key)?).copied()
    }
}

/// What decides about a commit.
struct Question<'a> {
    /// What is guarded or written, with its place.
    documents: BTreeMap<&'a Key, i64>,
    claims: Vec<&'a str>,
    /// Documents that may stand in an index and are written, each once with its last body.
    indexed: BTreeMap<&'a Key, &'a WriteBody>,
}

impl<'a> Question<'a> {
    fn of(decision: &'a Decision) -> Self {
        let guarded = decision.guards.iter().map(|guard| &guard.key);
        let written = decision.writes.iter().map(|write| &write.key);
        let keys: BTreeSet<_> = guarded.chain(written).collect();
        let claims = decision.wakes.iter().filter_map(|change| match change {
            WakeChange::Claim { id, .. } => Some(id.as_str()),
            WakeChange::Set(_) | WakeChange::Clear(_) => None,
        });
        let indexed = decision.writes.iter().filter(|write| write.key.kind.is_indexed());
        Self {
            documents: keys.into_iter().zip(1..).collect(),
            claims: claims.collect(),
            indexed: indexed.map(|write| (&write.key, &write.body)).collect(),
        }
    }
}

/// Kinds and ids, as they are bound.
fn columns<'a>(keys: impl Iterator<Item = &'a &'a Key>) -> (Vec<&'static str>, Vec<&'a str>) {
    keys.map(|key| (key.kind.name(), key.id.as_str())).unzip()
}

/// Commits over one connection; `sent` tells when nobody can be sure any more that nothing is written. The
/// connection is in no transaction afterwards, unless the commit [`Came::Failed`] or is [`Came::Unknown`].
pub(super) async fn commit(link: &Link, commit: &Commit, sent: &AtomicBool) -> Came {
    let answer = match decide(link, commit).await {
        Ok(Decided::Write(found)) => return write(link, commit, &found, sent).await,
        Ok(Decided::Answer(answer)) => answer,
        Err(fault) => return Came::Failed(fault),
    };
    match link.execute(&own::ROLLBACK, &[]).await {
        Ok(_) => Came::Answered(answer),
        Err(fault) => Came::Failed(fault),
    }
}

enum Decided {
    Write(Found),
    Answer(Committed),
}

async fn decide(link: &Link, commit: &Commit) -> Result<Decided, Fault> {
    let decision = &commit.decision;
    let most = usize::try_from(PLACES).unwrap_or(usize::MAX);
    if decision.events.len() > most || decision.effects.len() > most {
        let source = format!("a commit has more than {PLACES} lines or promises").into();
        return Err(StoreError::Unavailable { source }.into());
    }
    let Locks { keys, shared } = Locks::of(decision);
    let input = commit.input.as_str();
    let (reply, at) = (serde_json::to_string(&decision.reply)?, commit.at.microseconds());
    let question = Question::of(decision);
    let Some(found) = ask(link, &question, (input, &reply, at), &keys, &shared).await? else {
        let row = link.row(&sql::OUTCOME, &[&input]).await?;
        // Swept in between: then it is as if it had never been there, and is tried again.
        let Some(row) = row else { return Ok(Decided::Answer(Committed::Conflict)) };
        let known = serde_json::from_str(row.try_get(0)?)?;
        return Ok(Decided::Answer(Committed::Known(known)));
    };
    if !claims_hold(decision, &found) {
        return Ok(Decided::Answer(Committed::ClaimGone));
    }
    let is_of_this = commit.epoch.is_none_or(|epoch| epoch == found.epoch);
    if !is_of_this || !guards_hold(decision, &question, &found) {
        return Ok(Decided::Answer(Committed::Conflict));
    }
    refuse_newer(decision, &question, &found)?;
    Ok(Decided::Write(found))
}

/// The first trip; nothing where the input was known before.
async fn ask(
    link: &Link,
    question: &Question<'_>,
    (input, reply, at): (&str, &str, i64),
    keys: &Vec<i64>,
    shared: &Vec<bool>,
) -> Result<Option<Found>, Fault> {
    let locks: Bound<'_> = &[keys, shared];
    let (kinds, ids) = columns(question.documents.keys());
    let (indexed_kinds, indexed_ids) = columns(question.indexed.keys());
    let claimed: Bound<'_> = &[&question.claims];
    let entries: Bound<'_> = &[&indexed_kinds, &indexed_ids];
    let mut bound: Vec<&(dyn ToSql + Sync)> = vec![&input, &reply, &at];
    let deciding = match (kinds.as_slice(), ids.as_slice()) {
        ([kind], [id]) => {
            bound.extend([kind as &(dyn ToSql + Sync), id]);
            &own::DECIDE_ONE
        }
        _ => {
            bound.extend([&kinds as &(dyn ToSql + Sync), &ids]);
            &own::DECIDE
        }
    };
    let mut asked: Vec<Asked<'_, Vec<Row>>> = vec![
        Box::pin(link.rows(&own::BEGIN, &[])),
        Box::pin(link.rows(&own::LOCK, locks)),
        Box::pin(link.rows(deciding, &bound)),
    ];
    if !question.claims.is_empty() {
        asked.push(Box::pin(link.rows(&own::CLAIMED, claimed)));
    }
    if !question.indexed.is_empty() {
        asked.push(Box::pin(link.rows(&own::ENTRIES, entries)));
    }
    let answers = pipelined(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut answers = answers.into_iter().skip(2);
    let mut next = || answers.next().unwrap_or_default();
    let mut found = Found::default();
    found.add_documents(&next())?;
    if !question.claims.is_empty() {
        found.add_generations(&next())?;
    }
    if !question.indexed.is_empty() {
        found.add_entries(&next())?;
    }
    Ok(found.is_new.then_some(found))
}

fn place(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1)
}

fn guards_hold(decision: &Decision, question: &Question<'_>, found: &Found) -> bool {
    decision.guards.iter().all(|guard| {
        let version = found.document(question, &guard.key).map(|(version, _)| version);
        version == guard.version.map(to_sql)
    })
}

/// Whether every timer that this commit claims is set as it says.
fn claims_hold(decision: &Decision, found: &Found) -> bool {
    let claims = decision.wakes.iter().filter_map(|change| match change {
        WakeChange::Claim { generation, .. } => Some(to_sql(*generation)),
        WakeChange::Set(_) | WakeChange::Clear(_) => None,
    });
    claims
        .enumerate()
        .all(|(index, generation)| found.generations.get(&place(index)) == Some(&generation))
}

fn refuse_newer(
    decision: &Decision,
    question: &Question<'_>,
    found: &Found,
) -> Result<(), StoreError> {
    for write in &decision.writes {
        let known = Document::schema(write.key.kind);
        let stored = found.document(question, &write.key);
        if let Some((_, schema)) = stored.filter(|(_, schema)| *schema > i64::from(known)) {
            let found = u32::try_from(schema).unwrap_or(u32::MAX);
            return Err(StoreError::Newer { kind: write.key.kind, found, known });
        }
    }
    Ok(())
}

async fn write(link: &Link, commit: &Commit, found: &Found, sent: &AtomicBool) -> Came {
    let first = found.first;
    let steps = match steps(commit, found) {
        Ok(steps) => steps,
        Err(error) => return Came::Failed(error.into()),
    };
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
        return Came::Failed(fault);
    }
    match committed {
        Ok(_) => {
            let lines = u64::try_from(commit.decision.events.len()).unwrap_or(0);
            let number = lines.checked_sub(1).map(|last| first + last);
            Came::Done { epoch: found.epoch, number }
        }
        Err(fault) if fault.is_collision() => Came::Failed(fault),
        Err(_) => Came::Unknown,
    }
}

/// One statement of the second trip.
struct Step {
    sql: &'static Sql,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Step {
    fn bound(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| -> &(dyn ToSql + Sync) { &**value }).collect()
    }
}

macro_rules! step {
    ($sql:expr, $($value:expr),+ $(,)?) => {
        Step { sql: $sql, values: vec![$(Box::new($value)),+] }
    };
}

/// All that is written. What cannot be encoded is noticed here, before anything is sent.
fn steps(commit: &Commit, found: &Found) -> Result<Vec<Step>, StoreError> {
    let (decision, at) = (&commit.decision, commit.at.microseconds());
    let mut steps = Vec::new();
    for write in &decision.writes {
        steps.push(document(write)?);
    }
    index(decision, found, &mut steps);
    for (number, event) in (found.first..).zip(&decision.events) {
        steps.push(step!(&own::APPEND, to_sql(number), at, serde_json::to_string(event)?));
    }
    for (place, effect) in decision.effects.iter().enumerate() {
        let number = found.first + u64::try_from(place).unwrap_or(0);
        let owed = effect.owed.as_ref();
        steps.push(step!(
            &own::PROMISE,
            to_sql(number),
            format!("{}/{place}", commit.input.as_str()),
            effect.topic.clone(),
            effect.payload.clone(),
            at,
            owed.map(|owed| owed.subject.kind.name()),
            owed.map(|owed| owed.subject.id.clone()),
            owed.map(|owed| to_sql(owed.generation)),
            owed.map(|owed| owed.deadline.microseconds()),
        ));
    }
    for change in &decision.wakes {
        steps.push(match change {
            WakeChange::Set(wake) => step!(
                &sql::SET_WAKE,
                wake.id.clone(),
                wake.due_at.microseconds(),
                wake.subject.kind.name(),
                wake.subject.id.clone(),
                to_sql(wake.generation),
            ),
            WakeChange::Clear(id) | WakeChange::Claim { id, .. } => {
                step!(&sql::CLEAR_WAKE, id.clone())
            }
        });
    }
    Ok(steps)
}

fn document(write: &Write) -> Result<Step, StoreError> {
    let (kind, id) = (write.key.kind.name(), write.key.id.clone());
    let known = i64::from(Document::schema(write.key.kind));
    Ok(match &write.body {
        WriteBody::Put(document) => {
            step!(&sql::PUT_DOCUMENT, kind, id, known, document.encode()?)
        }
        WriteBody::Delete => step!(&sql::DELETE_DOCUMENT, kind, id, known),
    })
}

/// Entries of indexes that go or come. Those that stay are not touched.
fn index(decision: &Decision, found: &Found, steps: &mut Vec<Step>) {
    for (index, (key, body)) in Question::of(decision).indexed.into_iter().enumerate() {
        let none = Vec::new();
        let present = found.entries.get(&place(index)).unwrap_or(&none);
        let wanted = match body {
            WriteBody::Put(document) => document.index_entries(),
            WriteBody::Delete => Vec::new(),
        };
        let (kind, id) = (key.kind.name(), &key.id);
        for (name, value) in present {
            let stays = |entry: &IndexEntry| entry.index.name() == name && entry.value == *value;
            if !wanted.iter().any(stays) {
                let (name, value) = (name.clone(), value.clone());
                steps.push(step!(&sql::REMOVE_INDEX_ENTRY, name, value, kind, id.clone()));
            }
        }
        for entry in wanted {
            let name = entry.index.name();
            if !present.iter().any(|(present, value)| present == name && *value == entry.value) {
                steps.push(step!(&sql::ADD_INDEX_ENTRY, name, entry.value, kind, id.clone()));
            }
        }
    }
}
