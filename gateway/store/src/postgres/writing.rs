//! Commits: several in one transaction, in two round trips.
//!
//! ```text
//!   1  BEGIN, locks, the inputs are noted, everything that decides is read
//!      each by itself: known before, claim gone, guard moved, or it is written
//!   2  all writes of those that are written, COMMIT; ROLLBACK where there is none
//! ```
//!
//! The locks come before everything else, so that the snapshots of what follows see what the last holder
//! wrote, and transaction numbers are given in the order of the locks. Commits that share a transaction
//! concern nothing in common (`lanes` sees to that), so none changes what another is decided by.
//!
//! An error up to the second trip means that nothing was written. After that only the server's own word
//! does; where it says nothing the answer is [`StoreError::Unknown`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Decision, Document, Key, Reply, WakeChange};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::fault::Fault;
use super::link::{Asked, Bound, Link, pipelined};
use super::locks::Locks;
use super::statements as own;
use super::steps::{Firsts, Present, Step, steps};
use crate::numbers::{from_sql, to_sql};
use crate::{Commit, Committed, StoreError, sql};

/// What became of one commit of several.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is written; the last line of the log that it added is told.
    Done { epoch: u64, number: Option<u64> },
    /// Nothing of it was written, as it must be.
    Refused(Result<Committed, StoreError>),
}

/// How far they came together.
#[derive(Debug)]
pub(super) enum Came {
    /// To the end: an answer for each. The connection is in no transaction.
    Answered(Vec<Answer>),
    /// Nothing was written.
    Failed(Fault),
    /// All was sent, and nobody knows what the server did.
    Unknown,
}

/// What was found under the locks.
#[derive(Debug, Default)]
struct Found {
    epoch: u64,
    /// The number of the first line and of the first promise.
    first: u64,
    /// Inputs that were not known before.
    noted: BTreeSet<String>,
    /// Versions and schema numbers.
    documents: BTreeMap<Key, (i64, i64)>,
    generations: BTreeMap<String, i64>,
    present: Present,
}

/// Commits over one connection; `sent` tells when nobody can be sure any more that nothing is written.
pub(super) async fn commit(
    link: &Link,
    commits: &[&Commit],
    locks: &Locks,
    sent: &AtomicBool,
) -> Came {
    match decide(link, commits, locks).await {
        Ok((found, decided)) => write(link, commits, &found, decided, sent).await,
        Err(fault) => Came::Failed(fault),
    }
}

/// The first trip. Those that are to be written have no answer yet.
async fn decide(
    link: &Link,
    commits: &[&Commit],
    locks: &Locks,
) -> Result<(Found, Vec<Option<Answer>>), Fault> {
    let replies = commits.iter().map(|commit| serde_json::to_string(&commit.decision.reply));
    let replies = replies.collect::<Result<Vec<_>, _>>()?;
    let found = ask(link, commits, &replies, locks).await?;
    let mut decided = Vec::with_capacity(commits.len());
    for commit in commits {
        decided.push(match found.noted.contains(commit.input.as_str()) {
            true => judge(commit, &found).map(Answer::Refused),
            false => Some(Answer::Refused(Ok(known(link, commit).await?))),
        });
    }
    Ok((found, decided))
}

async fn known(link: &Link, commit: &Commit) -> Result<Committed, Fault> {
    let row = link.row(&sql::OUTCOME, &[&commit.input.as_str()]).await?;
    // Swept in between: then it is as if it had never been there, and is tried again.
    let Some(row) = row else { return Ok(Committed::Conflict) };
    let reply: Reply = serde_json::from_str(row.try_get(0)?)?;
    Ok(Committed::Known(reply))
}

/// Why a commit is not to be written; nothing where it is.
fn judge(commit: &Commit, found: &Found) -> Option<Result<Committed, StoreError>> {
    let decision = &commit.decision;
    if !claims_hold(decision, found) {
        return Some(Ok(Committed::ClaimGone));
    }
    let is_of_this = commit.epoch.is_none_or(|epoch| epoch == found.epoch);
    if !is_of_this || !guards_hold(decision, found) {
        return Some(Ok(Committed::Conflict));
    }
    refuse_newer(decision, found).err().map(Err)
}

async fn ask(
    link: &Link,
    commits: &[&Commit],
    replies: &[String],
    locks: &Locks,
) -> Result<Found, Fault> {
    let guarded = commits.iter().flat_map(|it| &it.decision.guards).map(|guard| &guard.key);
    let written = commits.iter().flat_map(|it| &it.decision.writes).map(|write| &write.key);
    let keys: Vec<_> =
        guarded.chain(written.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let indexed = written.filter(|key| key.kind.is_indexed());
    let indexed: Vec<_> = indexed.collect::<BTreeSet<_>>().into_iter().collect();
    let claims = commits.iter().flat_map(|it| &it.decision.wakes);
    let claims: Vec<_> = claims.filter_map(claimed).map(|(id, _)| id).collect();
    let inputs: Vec<_> = commits.iter().map(|commit| commit.input.as_str()).collect();
    let times: Vec<_> = commits.iter().map(|commit| commit.at.microseconds()).collect();
    let (kinds, ids) = columns(&keys);
    let (indexed_kinds, indexed_ids) = columns(&indexed);
    let noting = (inputs.as_slice(), replies, times.as_slice());
    let (deciding, bound): (_, [&(dyn ToSql + Sync); 5]) = match (noting, &kinds[..], &ids[..]) {
        (([input], [reply], [at]), [kind], [id]) => {
            (&own::DECIDE_ONE, [input, reply, at, kind, id])
        }
        _ => (&own::DECIDE, [&inputs, &replies, &times, &kinds, &ids]),
    };
    let locking: Bound<'_> = &[&locks.keys, &locks.shared];
    let claiming: Bound<'_> = &[&claims];
    let standing: Bound<'_> = &[&indexed_kinds, &indexed_ids];
    let mut asked: Vec<Asked<'_, Vec<Row>>> = vec![
        Box::pin(link.rows(&own::BEGIN, &[])),
        Box::pin(link.rows(&own::LOCK, locking)),
        Box::pin(link.rows(deciding, &bound)),
    ];
    if !claims.is_empty() {
        asked.push(Box::pin(link.rows(&own::CLAIMED, claiming)));
    }
    if !indexed.is_empty() {
        asked.push(Box::pin(link.rows(&own::ENTRIES, standing)));
    }
    let answers = pipelined(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut answers = answers.into_iter().skip(2);
    let mut next = || answers.next().unwrap_or_default();
    let mut found = Found::default();
    found.add_decisive(&next(), &keys)?;
    if !claims.is_empty() {
        found.add_generations(&next())?;
    }
    if !indexed.is_empty() {
        found.add_entries(&next(), &indexed)?;
    }
    Ok(found)
}

/// Kinds and ids, as they are bound.
fn columns<'a>(keys: &[&'a Key]) -> (Vec<&'static str>, Vec<&'a str>) {
    keys.iter().map(|key| (key.kind.name(), key.id.as_str())).unzip()
}

fn claimed(change: &WakeChange) -> Option<(&str, u64)> {
    match change {
        WakeChange::Claim { id, generation } => Some((id, *generation)),
        WakeChange::Set(_) | WakeChange::Clear(_) => None,
    }
}

/// The key at a place, which counts from one.
fn at_place(keys: &[&Key], place: i64) -> Option<Key> {
    let index = usize::try_from(place).ok()?.checked_sub(1)?;
    keys.get(index).map(|key| (*key).clone())
}

impl Found {
    fn add_decisive(&mut self, rows: &[Row], keys: &[&Key]) -> Result<(), Fault> {
        for row in rows {
            let (place, number, other) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            match place {
                0 => (self.epoch, self.first) = (from_sql(number), from_sql(other)),
                -1 => {
                    self.noted.insert(row.try_get(3)?);
                }
                place => {
                    let key = at_place(keys, place);
                    self.documents.extend(key.map(|key| (key, (number, other))));
                }
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

    fn add_entries(&mut self, rows: &[Row], keys: &[&Key]) -> Result<(), Fault> {
        for row in rows {
            if let Some(key) = at_place(keys, row.try_get(0)?) {
                let entry = (row.try_get(1)?, row.try_get(2)?);
                self.present.entry(key).or_default().push(entry);
            }
        }
        Ok(())
    }
}

fn guards_hold(decision: &Decision, found: &Found) -> bool {
    decision.guards.iter().all(|guard| {
        let version = found.documents.get(&guard.key).map(|(version, _)| *version);
        version == guard.version.map(to_sql)
    })
}

/// Whether every timer that this commit claims is set as it says.
fn claims_hold(decision: &Decision, found: &Found) -> bool {
    let mut claims = decision.wakes.iter().filter_map(claimed);
    claims.all(|(id, generation)| found.generations.get(id) == Some(&to_sql(generation)))
}

fn refuse_newer(decision: &Decision, found: &Found) -> Result<(), StoreError> {
    for write in &decision.writes {
        let known = Document::schema(write.key.kind);
        let stored = found.documents.get(&write.key);
        if let Some((_, schema)) = stored.filter(|(_, schema)| *schema > i64::from(known)) {
            let found = u32::try_from(*schema).unwrap_or(u32::MAX);
            return Err(StoreError::Newer { kind: write.key.kind, found, known });
        }
    }
    Ok(())
}

/// The second trip.
async fn write(
    link: &Link,
    commits: &[&Commit],
    found: &Found,
    decided: Vec<Option<Answer>>,
    sent: &AtomicBool,
) -> Came {
    let (steps, answers) = match plan(commits, found, decided) {
        Ok(planned) => planned,
        Err(error) => return Came::Failed(error.into()),
    };
    if !answers.iter().any(|answer| matches!(answer, Answer::Done { .. })) {
        return match link.execute(&own::ROLLBACK, &[]).await {
            Ok(_) => Came::Answered(answers),
            Err(fault) => Came::Failed(fault),
        };
    }
    // What cannot be sent must not be missed between what is.
    if let Err(fault) = steps.iter().try_for_each(|step| link.statement(step.sql).map(|_| ())) {
        return Came::Failed(fault);
    }
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
    let refused = |done: &Result<u64, Fault>| matches!(done, Err(fault) if fault.is_answer());
    if let Some(Err(fault)) = done.into_iter().find(refused) {
        return Came::Failed(fault);
    }
    match committed {
        Ok(_) => Came::Answered(answers),
        Err(fault) if fault.is_collision() => Came::Failed(fault),
        Err(_) => Came::Unknown,
    }
}

/// Everything that is written, and the answers that hold once it is. What cannot be encoded is noticed here.
fn plan(
    commits: &[&Commit],
    found: &Found,
    decided: Vec<Option<Answer>>,
) -> Result<(Vec<Step>, Vec<Answer>), StoreError> {
    let mut planned = Vec::new();
    let mut answers = Vec::with_capacity(commits.len());
    let mut firsts = Firsts { line: found.first, promise: found.first };
    let mut free = Vec::new();
    for (commit, decided) in commits.iter().zip(decided) {
        if let Some(answer) = decided {
            if found.noted.contains(commit.input.as_str()) {
                free.push(commit.input.as_str().to_owned());
            }
            answers.push(answer);
            continue;
        }
        steps(commit, firsts, &found.present, &mut planned)?;
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let lines = count(commit.decision.events.len());
        let number = lines.checked_sub(1).map(|last| firsts.line + last);
        answers.push(Answer::Done { epoch: found.epoch, number });
        firsts.line += lines;
        firsts.promise += count(commit.decision.effects.len());
    }
    if !free.is_empty() {
        planned.push(Step::freeing(free));
    }
    Ok((planned, answers))
}
