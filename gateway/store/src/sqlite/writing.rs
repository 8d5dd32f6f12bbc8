//! What the writer does with a decision: compare its guards, write all of it.

use domain::{
    Document, Effect, Event, Guard, InputId, Key, Reply, Timestamp, Wake, WakeChange, Write,
    WriteBody,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::numbers::{from_sql, to_sql};
use crate::sql::{self, Sql};
use crate::{Commit, Committed, Cursor, LOG_SECONDS, NODE_SECONDS, OUTCOME_SECONDS, StoreError};

pub(super) fn commit(
    connection: &Connection,
    commit: &Commit,
    epoch: u64,
) -> Result<Committed, StoreError> {
    let decision = &commit.decision;
    if commit.epoch.is_some_and(|decided_in| decided_in != epoch) {
        let known = super::reading::outcome(connection, &commit.input)?;
        return Ok(known.map_or(Committed::Conflict, Committed::Known));
    }
    if !note_outcome(connection, &commit.input, &decision.reply, commit.at)? {
        let known = super::reading::outcome(connection, &commit.input)?;
        return Ok(known.map_or(Committed::Conflict, Committed::Known));
    }
    if !claims_hold(connection, &decision.wakes)? {
        forget_outcome(connection, &commit.input)?;
        return Ok(Committed::ClaimGone);
    }
    if !guards_hold(connection, &decision.guards)? {
        forget_outcome(connection, &commit.input)?;
        return Ok(Committed::Conflict);
    }
    for write in &decision.writes {
        write_document(connection, write)?;
    }
    let mut number = None;
    for event in &decision.events {
        number = Some(append(connection, commit.at, event)?);
    }
    for (place, effect) in decision.effects.iter().enumerate() {
        promise(connection, &commit.input, place, commit.at, effect)?;
    }
    for change in &decision.wakes {
        match change {
            WakeChange::Set(wake) => set_wake(connection, wake)?,
            WakeChange::Clear(id) | WakeChange::Claim { id, .. } => clear_wake(connection, id)?,
        }
    }
    let cursor = match number {
        Some(number) => Cursor { epoch, number },
        None => super::reading::end_of_log(connection, epoch)?,
    };
    Ok(Committed::Done { cursor })
}

/// Whether the input is new; it is noted with its reply.
fn note_outcome(
    connection: &Connection,
    input: &InputId,
    reply: &Reply,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let reply = serde_json::to_string(reply)?;
    let mut statement = connection.prepare_cached(sql::NOTE_OUTCOME.sqlite())?;
    Ok(statement.execute(params![input.as_str(), reply, at.microseconds()])? == 1)
}

fn forget_outcome(connection: &Connection, input: &InputId) -> Result<(), StoreError> {
    connection.prepare_cached(sql::FORGET_OUTCOME.sqlite())?.execute([input.as_str()])?;
    Ok(())
}

fn guards_hold(connection: &Connection, guards: &[Guard]) -> Result<bool, StoreError> {
    let sql = "SELECT version FROM document WHERE kind = ?1 AND id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    for guard in guards {
        let key = &guard.key;
        let version: Option<i64> =
            statement.query_row(params![key.kind.name(), key.id], |row| row.get(0)).optional()?;
        if version != guard.version.map(to_sql) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether every timer that this commit claims is set as it says.
fn claims_hold(connection: &Connection, changes: &[WakeChange]) -> Result<bool, StoreError> {
    let sql = "SELECT generation FROM wake WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    for change in changes {
        let WakeChange::Claim { id, generation } = change else { continue };
        let set: Option<i64> = statement.query_row([id], |row| row.get(0)).optional()?;
        if set != Some(to_sql(*generation)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn write_document(connection: &Connection, write: &Write) -> Result<(), StoreError> {
    let key = &write.key;
    let known = Document::schema(key.kind);
    match &write.body {
        WriteBody::Put(document) => {
            let body = document.encode()?;
            let mut statement = connection.prepare_cached(sql::PUT_DOCUMENT.sqlite())?;
            let written = statement.execute(params![key.kind.name(), key.id, known, body])?;
            if written == 0 {
                return Err(newer(connection, key, known)?);
            }
            index(connection, key, document)
        }
        WriteBody::Delete => {
            let mut statement = connection.prepare_cached(sql::DELETE_DOCUMENT.sqlite())?;
            let removed = statement.execute(params![key.kind.name(), key.id, known])?;
            if removed == 0 {
                return match stored_schema(connection, key)? {
                    None => Ok(()),
                    Some(_) => Err(newer(connection, key, known)?),
                };
            }
            let sql = "DELETE FROM index_entry WHERE kind = ?1 AND id = ?2";
            let mut statement = connection.prepare_cached(sql)?;
            statement.execute(params![key.kind.name(), key.id])?;
            Ok(())
        }
    }
}

fn index(connection: &Connection, key: &Key, document: &Document) -> Result<(), StoreError> {
    let wanted = document.index_entries();
    let sql = "SELECT name, value FROM index_entry WHERE kind = ?1 AND id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![key.kind.name(), key.id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    let present = rows.collect::<Result<Vec<_>, _>>()?;
    for (name, value) in &present {
        let keep = |entry: &domain::IndexEntry| entry.index.name() == name && entry.value == *value;
        if !wanted.iter().any(keep) {
            let mut statement = connection.prepare_cached(sql::REMOVE_INDEX_ENTRY.sqlite())?;
            statement.execute(params![name, value, key.kind.name(), key.id])?;
        }
    }
    for entry in &wanted {
        let name = entry.index.name();
        if !present.iter().any(|(present, value)| present == name && *value == entry.value) {
            let mut statement = connection.prepare_cached(sql::ADD_INDEX_ENTRY.sqlite())?;
            statement.execute(params![name, entry.value, key.kind.name(), key.id])?;
        }
    }
    Ok(())
}

fn stored_schema(connection: &Connection, key: &Key) -> Result<Option<u32>, StoreError> {
    let sql = "SELECT schema FROM document WHERE kind = ?1 AND id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![key.kind.name(), key.id], |row| row.get(0)).optional()?)
}

fn newer(connection: &Connection, key: &Key, known: u32) -> Result<StoreError, StoreError> {
    let found = stored_schema(connection, key)?.unwrap_or(known);
    Ok(StoreError::Newer { kind: key.kind, found, known })
}

fn append(connection: &Connection, at: Timestamp, event: &Event) -> Result<u64, StoreError> {
    let sql = "INSERT INTO log (at, event) VALUES (?1, ?2)";
    let event = serde_json::to_string(event)?;
    connection.prepare_cached(sql)?.execute(params![at.microseconds(), event])?;
    Ok(from_sql(connection.last_insert_rowid()))
}

/// A promise that is open still stays as it is: its input came again after its outcome was forgotten.
fn promise(
    connection: &Connection,
    input: &InputId,
    place: usize,
    at: Timestamp,
    effect: &Effect,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO outbox
                   (id, topic, payload, at, kind, subject, generation, deadline)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (id) DO NOTHING";
    let owed = effect.owed.as_ref();
    connection.prepare_cached(sql)?.execute(params![
        format!("{}/{place}", input.as_str()),
        effect.topic,
        effect.payload,
        at.microseconds(),
        owed.map(|owed| owed.subject.kind.name()),
        owed.map(|owed| owed.subject.id.as_str()),
        owed.map(|owed| to_sql(owed.generation)),
        owed.map(|owed| owed.deadline.microseconds()),
    ])?;
    Ok(())
}

fn set_wake(connection: &Connection, wake: &Wake) -> Result<(), StoreError> {
    let (kind, subject) = (wake.subject.kind.name(), &wake.subject.id);
    let due_at = wake.due_at.microseconds();
    let mut statement = connection.prepare_cached(sql::SET_WAKE.sqlite())?;
    statement.execute(params![wake.id, due_at, kind, subject, to_sql(wake.generation)])?;
    Ok(())
}

fn clear_wake(connection: &Connection, id: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql::CLEAR_WAKE.sqlite())?.execute([id])?;
    Ok(())
}

pub(super) fn sweep(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let before = |seconds: u64| {
        let microseconds = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        now.microseconds().saturating_sub(microseconds)
    };
    let remove = |sql: &Sql, seconds| {
        connection.prepare_cached(sql.sqlite())?.execute(params![before(seconds), limit])
    };
    let outcomes = remove(&sql::SWEEP_OUTCOMES, OUTCOME_SECONDS)?;
    let lines = remove(&sql::SWEEP_LOG, LOG_SECONDS)?;
    connection.prepare_cached(sql::SWEEP_NODES.sqlite())?.execute([before(NODE_SECONDS)])?;
    Ok(u64::try_from(outcomes + lines).unwrap_or(u64::MAX))
}

pub(super) fn raise_epoch(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)
               WHERE name = 'epoch' RETURNING value";
    let epoch: String = connection.query_row(sql, [], |row| row.get(0))?;
    epoch
        .parse()
        .map_err(|error: std::num::ParseIntError| StoreError::Damaged { source: error.into() })
}

/// Notes that nothing was in hand when the store was closed.
pub(super) fn note_clean(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("UPDATE meta SET value = 'yes' WHERE name = 'clean'", [])?;
    Ok(())
}
