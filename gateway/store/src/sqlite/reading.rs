//! What readers answer.
//!
//! A newer program on another node may have written kinds and events that this one does not know.
//! Such rows are passed over, so that they hold up no other.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::{
    Ask, Document, Effect, Event, IndexRange, InputId, Key, Kind, Loaded, OwedUntil, Reply,
    Timestamp, Wake,
};
use rusqlite::{Connection, OptionalExtension as _, Row, Rows, params};

use crate::{Cursor, DueWakes, Indexed, Load, LoadAnswer, LogEntry, LogPage, Promise, StoreError};

/// SQLite keeps signed numbers; ours are compared for equality or stay far below the sign.
pub(super) fn to_sql(number: u64) -> i64 {
    number.cast_signed()
}

/// The number that was kept.
pub(super) fn from_sql(number: i64) -> u64 {
    number.cast_unsigned()
}

pub(super) fn load(
    connection: &Connection,
    load: Load,
    epoch: u64,
) -> Result<LoadAnswer, StoreError> {
    // One moment for all: a reader's transaction sees the file as it was when it began.
    let several = load.asks.len() + usize::from(load.input.is_some()) > 1;
    if several {
        connection.prepare_cached("BEGIN")?.execute([])?;
    }
    let answer = load_all(connection, load, epoch);
    if several {
        connection.prepare_cached("COMMIT")?.execute([])?;
    }
    answer
}

fn load_all(connection: &Connection, load: Load, epoch: u64) -> Result<LoadAnswer, StoreError> {
    let mut answer = LoadAnswer { epoch, ..LoadAnswer::default() };
    if let Some(input) = load.input {
        answer.known = outcome(connection, &input)?;
    }
    for ask in load.asks {
        match ask {
            Ask::Document(key) => {
                let loaded = document(connection, &key)?;
                answer.documents.push((key, loaded));
            }
            Ask::Range(range) => {
                let indexed = indexed(connection, &range)?;
                answer.ranges.push((range, indexed));
            }
        }
    }
    Ok(answer)
}

fn document(connection: &Connection, key: &Key) -> Result<Option<Loaded>, StoreError> {
    let sql = "SELECT version, schema, body FROM document WHERE kind = ?1 AND id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![key.kind.name(), key.id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let version = from_sql(row.get(0)?);
    let schema = row.get(1)?;
    let body = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
    let document = Document::decode(key.kind, schema, body)?;
    Ok(Some(Loaded { version, document }))
}

fn indexed(connection: &Connection, range: &IndexRange) -> Result<Vec<Indexed>, StoreError> {
    let sql = "SELECT kind, id, value FROM index_entry
               WHERE name = ?1 AND value >= ?2 AND value <= ?3
               ORDER BY value, kind, id";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query(params![range.index.name(), range.from, range.to])?;
    readable("index", rows, range.limit, |row| {
        let kind: String = row.get(0)?;
        let key = Key::new(kind_named(&kind)?, row.get::<_, String>(1)?);
        Ok(Indexed { value: row.get(2)?, key })
    })
}

pub(super) fn outcome(
    connection: &Connection,
    input: &InputId,
) -> Result<Option<Reply>, StoreError> {
    let sql = "SELECT reply FROM outcome WHERE input = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let reply: Option<String> =
        statement.query_row([input.as_str()], |row| row.get(0)).optional()?;
    Ok(reply.map(|reply| serde_json::from_str(&reply)).transpose()?)
}

pub(super) fn end_of_log(connection: &Connection, epoch: u64) -> Result<Cursor, StoreError> {
    let sql = "SELECT coalesce(max(number), 0) FROM log";
    let number = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(Cursor { epoch, number: from_sql(number) })
}

pub(super) fn log(
    connection: &Connection,
    epoch: u64,
    after: Cursor,
    limit: u32,
) -> Result<LogPage, StoreError> {
    let end = end_of_log(connection, epoch)?;
    if after.epoch != epoch || after.number > end.number {
        return Ok(LogPage::Restarted(end));
    }
    let sql = "SELECT number, at, event FROM log WHERE number > ?1 ORDER BY number";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query([to_sql(after.number)])?;
    Ok(LogPage::Lines(readable("log", rows, limit, |row| line(row, epoch))?))
}

pub(super) fn last_lines(
    connection: &Connection,
    epoch: u64,
    limit: u32,
) -> Result<Vec<LogEntry>, StoreError> {
    let sql = "SELECT number, at, event FROM log ORDER BY number DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut lines = readable("log", statement.query([])?, limit, |row| line(row, epoch))?;
    lines.reverse();
    Ok(lines)
}

fn line(row: &Row<'_>, epoch: u64) -> Result<LogEntry, StoreError> {
    let event = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
    let event: Event = serde_json::from_str(event)?;
    let cursor = Cursor { epoch, number: from_sql(row.get(0)?) };
    Ok(LogEntry { cursor, at: Timestamp::from_microseconds(row.get(1)?), event })
}

pub(super) fn due_wakes(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<DueWakes, StoreError> {
    let sql = "SELECT id, due_at, kind, subject, generation FROM wake
               WHERE due_at <= ?1 ORDER BY due_at, id";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query([now.microseconds()])?;
    let due = readable("wake", rows, limit, |row| {
        let kind: String = row.get(2)?;
        Ok(Wake {
            id: row.get(0)?,
            due_at: Timestamp::from_microseconds(row.get(1)?),
            subject: Key::new(kind_named(&kind)?, row.get::<_, String>(3)?),
            generation: from_sql(row.get(4)?),
        })
    })?;
    // A full page may have left some that are due: look again at once.
    let sql = "SELECT min(due_at) FROM wake WHERE due_at > ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let full = u32::try_from(due.len()).is_ok_and(|length| length >= limit);
    let next_at = match full {
        true => Some(now),
        false => statement
            .query_row([now.microseconds()], |row| row.get::<_, Option<i64>>(0))?
            .map(Timestamp::from_microseconds),
    };
    Ok(DueWakes { due, next_at })
}

pub(super) fn promises(
    connection: &Connection,
    topic: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<Promise>, StoreError> {
    let sql = "SELECT number, id, payload, at, kind, subject, generation, deadline FROM outbox
               WHERE topic = ?1 AND number > ?2 ORDER BY number";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query(params![topic, to_sql(after)])?;
    readable("outbox", rows, limit, |row| {
        Ok(Promise {
            number: from_sql(row.get(0)?),
            id: row.get(1)?,
            at: Timestamp::from_microseconds(row.get(3)?),
            effect: Effect { topic: topic.to_owned(), payload: row.get(2)?, owed: owed(row)? },
        })
    })
}

/// At most `limit` of the rows that can be read; of the others the first is told.
fn readable<T>(
    table: &str,
    mut rows: Rows<'_>,
    limit: u32,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    /// They are met again each time, and are no news then.
    static TOLD: AtomicBool = AtomicBool::new(false);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        match read(row) {
            Ok(value) => found.push(value),
            Err(error) if error.is_about_one() => {
                if !TOLD.swap(true, Ordering::Relaxed) {
                    let reason = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(
                        table,
                        reason,
                        "rows that this program cannot read are left out"
                    );
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn owed(row: &Row<'_>) -> Result<Option<OwedUntil>, StoreError> {
    let kind: Option<String> = row.get(4)?;
    let Some(kind) = kind else { return Ok(None) };
    let subject: String = row.get(5)?;
    Ok(Some(OwedUntil {
        subject: Key::new(kind_named(&kind)?, subject),
        generation: from_sql(row.get(6)?),
        deadline: Timestamp::from_microseconds(row.get(7)?),
    }))
}

fn kind_named(name: &str) -> Result<Kind, StoreError> {
    Kind::from_name(name)
        .ok_or_else(|| StoreError::Unreadable { source: format!("no kind {name:?}").into() })
}
