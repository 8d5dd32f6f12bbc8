//! What a commit writes, statement by statement. Nothing is sent here.

use std::collections::BTreeMap;

use domain::{Decision, Document, IndexEntry, Key, WakeChange, Write, WriteBody};
use tokio_postgres::types::ToSql;

use super::statements as own;
use crate::numbers::to_sql;
use crate::sql::{self, Sql};
use crate::{Commit, StoreError};

/// Where documents stand in indexes.
pub(super) type Present = BTreeMap<Key, Vec<(String, String)>>;

/// The numbers that a commit begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Firsts {
    pub(super) line: u64,
    pub(super) promise: u64,
}

/// One statement of the second trip.
pub(super) struct Step {
    pub(super) sql: &'static Sql,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Step {
    pub(super) fn bound(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| -> &(dyn ToSql + Sync) { &**value }).collect()
    }
}

macro_rules! step {
    ($sql:expr, $($value:expr),+ $(,)?) => {
        Step { sql: $sql, values: vec![$(Box::new($value)),+] }
    };
}

impl Step {
    /// Inputs that were noted and not committed after all are as if they had never been there.
    pub(super) fn freeing(inputs: Vec<String>) -> Self {
        step!(&own::FREE_INPUTS, inputs)
    }
}

/// All that a commit writes.
pub(super) fn steps(
    commit: &Commit,
    firsts: Firsts,
    present: &Present,
    steps: &mut Vec<Step>,
) -> Result<(), StoreError> {
    let (decision, at) = (&commit.decision, commit.at.microseconds());
    for write in &decision.writes {
        steps.push(document(write)?);
    }
    index(decision, present, steps);
    for (number, event) in (firsts.line..).zip(&decision.events) {
        steps.push(step!(&own::APPEND, to_sql(number), at, serde_json::to_string(event)?));
    }
    for (place, effect) in decision.effects.iter().enumerate() {
        let number = firsts.promise + u64::try_from(place).unwrap_or(0);
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
    Ok(())
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
fn index(decision: &Decision, present: &Present, steps: &mut Vec<Step>) {
    let written = decision.writes.iter().filter(|write| write.key.kind.is_indexed());
    // Of a document that is written twice, the last body counts.
    let last: BTreeMap<_, _> = written.map(|write| (&write.key, &write.body)).collect();
    for (key, body) in last {
        let none = Vec::new();
        let present = present.get(key).unwrap_or(&none);
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
