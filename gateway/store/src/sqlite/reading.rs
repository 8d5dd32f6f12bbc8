//! What readers answer.
//!
//! Rows that a newer program wrote and this one cannot read are passed over.

use domain::{
    Ask, Document, Effect, Event, IndexRange, InputId, Key, Loaded, OwedUntil, Reply, Timestamp,
    Wake,
};
use rusqlite::{Connection, OptionalExtension as _, Row, Rows, params};

use crate::numbers::{from_sql, to_sql};
use crate::readable::{kind_named, pass_over};
use crate::{
    Cursor, DueWakes, Indexed, Load, LoadAnswer, LogEntry, LogPage, Promise, StoreError, sql,
};

/// Rows are taken from the file one by one until there are enough that can be read.
const ALL: i64 = -1;

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
    let mut statement = connection.prepare_cached(sql::INDEXED.sqlite())?;
    let rows = statement.query(params![range.index.name(), range.from, range.to, ALL])?;
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
    let mut statement = connection.prepare_cached(sql::OUTCOME.sqlite())?;
    let reply: Option<String> =
        statement.query_row([input.as_str()], |row| row.get(0)).optional()?;
    Ok(reply.map(|reply| serde_json::from_str(&reply)).transpose()?)
}

pub(super) fn end_of_log(connection: &Connection, epoch: u64) -> Result<Cursor, StoreError> {
    let mut statement = connection.prepare_cached(sql::END_OF_LOG.sqlite())?;
    let number = statement.query_row([i64::MAX], |row| row.get(0))?;
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
    let mut statement = connection.prepare_cached(sql::LOG_AFTER.sqlite())?;
    let rows = statement.query([to_sql(after.number), ALL])?;
    Ok(LogPage::Lines(readable("log", rows, limit, |row| line(row, epoch))?))
}

pub(super) fn last_lines(
    connection: &Connection,
    epoch: u64,
    limit: u32,
) -> Result<Vec<LogEntry>, StoreError> {
    let mut statement = connection.prepare_cached(sql::LAST_LINES.sqlite())?;
    let mut lines =
        readable("log", statement.query([i64::MAX, ALL])?, limit, |row| line(row, epoch))?;
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
    let mut statement = connection.prepare_cached(sql::DUE_WAKES.sqlite())?;
    let rows = statement.query([now.microseconds(), ALL])?;
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
    let mut statement = connection.prepare_cached(sql::NEXT_WAKE.sqlite())?;
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
    let mut statement = connection.prepare_cached(sql::PROMISES.sqlite())?;
    let rows = statement.query(params![topic, to_sql(after), ALL])?;
    readable("outbox", rows, limit, |row| {
        Ok(Promise {
            number: from_sql(row.get(0)?),
            id: row.get(1)?,
            at: Timestamp::from_microseconds(row.get(3)?),
            effect: Effect { topic: topic.to_owned(), payload: row.get(2)?, owed: owed(row)? },
        })
    })
}

/// At most `limit` of the rows that can be read.
fn readable<T>(
    table: &str,
    mut rows: Rows<'_>,
    limit: u32,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        match read(row) {
            Ok(value) => found.push(value),
            Err(error) if error.is_about_one() => pass_over(table, &error),
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
