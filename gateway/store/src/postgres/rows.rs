//! What a group writes, table by table: each statement takes all rows of one kind at once.

use domain::{Document, Effect, Event, Key, Timestamp, WakeChange, Write, WriteBody};
use tokio_postgres::types::ToSql;

use super::statements as own;
use crate::StoreError;
use crate::numbers::to_sql;
use crate::sql::Sql;

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

/// Rows to write; each list has one value for each row.
#[derive(Default)]
pub(super) struct Rows {
    put: Documents,
    gone: Documents,
    removed: Entries,
    added: Entries,
    lines: Lines,
    promises: Promises,
    set: Timers,
    cleared: Vec<String>,
    forgotten: Vec<String>,
}

#[derive(Default)]
struct Documents {
    kinds: Vec<&'static str>,
    ids: Vec<String>,
    schemas: Vec<i64>,
    bodies: Vec<String>,
}

#[derive(Default)]
struct Entries {
    names: Vec<String>,
    values: Vec<String>,
    kinds: Vec<&'static str>,
    ids: Vec<String>,
}

#[derive(Default)]
struct Lines {
    numbers: Vec<i64>,
    times: Vec<i64>,
    events: Vec<String>,
}

#[derive(Default)]
struct Promises {
    numbers: Vec<i64>,
    ids: Vec<String>,
    topics: Vec<String>,
    payloads: Vec<String>,
    times: Vec<i64>,
    kinds: Vec<Option<&'static str>>,
    subjects: Vec<Option<String>>,
    generations: Vec<Option<i64>>,
    deadlines: Vec<Option<i64>>,
}

#[derive(Default)]
struct Timers {
    ids: Vec<String>,
    times: Vec<i64>,
    kinds: Vec<&'static str>,
    subjects: Vec<String>,
    generations: Vec<i64>,
}

impl Rows {
    pub(super) fn write(&mut self, write: &Write) -> Result<(), StoreError> {
        let documents = match &write.body {
            WriteBody::Put(document) => {
                self.put.bodies.push(document.encode()?);
                &mut self.put
            }
            WriteBody::Delete => &mut self.gone,
        };
        documents.kinds.push(write.key.kind.name());
        documents.ids.push(write.key.id.clone());
        documents.schemas.push(i64::from(Document::schema(write.key.kind)));
        Ok(())
    }

    pub(super) fn remove_entry(&mut self, name: &str, value: &str, key: &Key) {
        self.removed.push(name, value, key);
    }

    pub(super) fn add_entry(&mut self, name: &str, value: &str, key: &Key) {
        self.added.push(name, value, key);
    }

    pub(super) fn line(
        &mut self,
        number: u64,
        at: Timestamp,
        event: &Event,
    ) -> Result<(), StoreError> {
        self.lines.events.push(serde_json::to_string(event)?);
        self.lines.numbers.push(to_sql(number));
        self.lines.times.push(at.microseconds());
        Ok(())
    }

    pub(super) fn promise(&mut self, number: u64, id: String, at: Timestamp, effect: &Effect) {
        let (promises, owed) = (&mut self.promises, effect.owed.as_ref());
        promises.numbers.push(to_sql(number));
        promises.ids.push(id);
        promises.topics.push(effect.topic.clone());
        promises.payloads.push(effect.payload.clone());
        promises.times.push(at.microseconds());
        promises.kinds.push(owed.map(|owed| owed.subject.kind.name()));
        promises.subjects.push(owed.map(|owed| owed.subject.id.clone()));
        promises.generations.push(owed.map(|owed| to_sql(owed.generation)));
        promises.deadlines.push(owed.map(|owed| owed.deadline.microseconds()));
    }

    pub(super) fn timer(&mut self, change: &WakeChange) {
        match change {
            WakeChange::Set(wake) => {
                self.set.ids.push(wake.id.clone());
                self.set.times.push(wake.due_at.microseconds());
                self.set.kinds.push(wake.subject.kind.name());
                self.set.subjects.push(wake.subject.id.clone());
                self.set.generations.push(to_sql(wake.generation));
            }
            WakeChange::Clear(id) | WakeChange::Claim { id, .. } => self.cleared.push(id.clone()),
        }
    }

    /// Inputs that were noted and came to nothing.
    pub(super) fn forget(&mut self, inputs: Vec<String>) {
        self.forgotten.extend(inputs);
    }

    /// The statements for what there is to write.
    pub(super) fn into_steps(self) -> Vec<Step> {
        let Self { put, gone, removed, added, lines, promises, set, cleared, forgotten } = self;
        let steps = [
            (!forgotten.is_empty()).then(|| step!(&own::FORGET_OUTCOMES, forgotten)),
            (!gone.ids.is_empty())
                .then(|| step!(&own::DELETE_DOCUMENTS, gone.kinds, gone.ids, gone.schemas)),
            (!put.ids.is_empty())
                .then(|| step!(&own::PUT_DOCUMENTS, put.kinds, put.ids, put.schemas, put.bodies)),
            removed.into_step(&own::REMOVE_INDEX_ENTRIES),
            added.into_step(&own::ADD_INDEX_ENTRIES),
            (!lines.numbers.is_empty())
                .then(|| step!(&own::APPEND_LINES, lines.numbers, lines.times, lines.events)),
            promises.into_step(),
            (!cleared.is_empty()).then(|| step!(&own::CLEAR_WAKES, cleared)),
            set.into_step(),
        ];
        steps.into_iter().flatten().collect()
    }
}

impl Entries {
    fn push(&mut self, name: &str, value: &str, key: &Key) {
        self.names.push(name.to_owned());
        self.values.push(value.to_owned());
        self.kinds.push(key.kind.name());
        self.ids.push(key.id.clone());
    }

    fn into_step(self, sql: &'static Sql) -> Option<Step> {
        let Self { names, values, kinds, ids } = self;
        (!ids.is_empty()).then(|| step!(sql, names, values, kinds, ids))
    }
}

impl Promises {
    fn into_step(self) -> Option<Step> {
        (!self.ids.is_empty()).then(|| {
            step!(
                &own::ADD_PROMISES,
                self.numbers,
                self.ids,
                self.topics,
                self.payloads,
                self.times,
                self.kinds,
                self.subjects,
                self.generations,
                self.deadlines,
            )
        })
    }
}

impl Timers {
    fn into_step(self) -> Option<Step> {
        let Self { ids, times, kinds, subjects, generations } = self;
        (!ids.is_empty()).then(|| step!(&own::SET_WAKES, ids, times, kinds, subjects, generations))
    }
}
