//! What is read. Rows that a newer program wrote and this one cannot read are passed over.

use domain::{Ask, Effect, Event, IndexRange, InputId, Key, OwedUntil, Reply, Timestamp, Wake};
use tokio_postgres::Row;

use super::fault::Fault;
use super::horizon::Horizon;
use super::identity::no_row;
use super::link::{Asked, Bound, Link, pipelined};
use super::loads;
use super::statements as own;
use crate::numbers::{from_sql, to_sql};
use crate::readable::{kind_named, pass_over};
use crate::sql::{self, Sql};
use crate::{Cursor, DueWakes, Indexed, Load, LoadAnswer, LogEntry, LogPage, Promise};

/// Documents and stretches of indexes as of one moment; one round trip.
pub(super) async fn load(link: &Link, load: &Load) -> Result<LoadAnswer, Fault> {
    let ranges: Vec<_> = load
        .asks
        .iter()
        .filter_map(|ask| match ask {
            Ask::Range(range) => Some(range),
            Ask::Document(_) => None,
        })
        .collect();
    if ranges.is_empty() {
        let mut answers = loads::ask(link, std::slice::from_ref(load)).await?;
        return Ok(answers.pop().ok_or_else(no_row)??);
    }
    let mut found = Vec::new();
    let begin: Asked<'_, Vec<Row>> = Box::pin(link.rows(&own::BEGIN_READING, &[]));
    let documents = async {
        found = loads::ask(link, std::slice::from_ref(load)).await?;
        Ok(Vec::new())
    };
    let mut asked = vec![begin, Box::pin(documents)];
    for range in &ranges {
        asked.push(Box::pin(indexed(link, range)));
    }
    asked.push(Box::pin(link.rows(&own::COMMIT, &[])));
    let answers = pipelined(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut answers = answers.into_iter().skip(2);
    let mut answer = found.pop().ok_or_else(no_row)??;
    for range in ranges {
        let rows = answers.next().ok_or_else(no_row)?;
        let (mut found, whole) = readable("index", &rows, range.limit, read_indexed)?;
        if !whole {
            let bound: Bound<'_> = &[&range.index.name(), &range.from, &range.to];
            found = more(link, ("index", &sql::INDEXED), bound, range.limit, read_indexed).await?;
        }
        answer.ranges.push((range.clone(), found));
    }
    Ok(answer)
}

async fn indexed(link: &Link, range: &IndexRange) -> Result<Vec<Row>, Fault> {
    let (name, limit) = (range.index.name(), i64::from(range.limit));
    link.rows(&sql::INDEXED, &[&name, &range.from, &range.to, &limit]).await
}

fn read_indexed(row: &Row) -> Result<Indexed, Fault> {
    let key = Key::new(kind_named(row.try_get(0)?)?, row.try_get::<_, String>(1)?);
    Ok(Indexed { value: row.try_get(2)?, key })
}

pub(super) async fn outcome(link: &Link, input: &InputId) -> Result<Option<Reply>, Fault> {
    let Some(row) = link.row(&sql::OUTCOME, &[&input.as_str()]).await? else { return Ok(None) };
    Ok(Some(serde_json::from_str(row.try_get(0)?)?))
}

/// The lines after a cursor that are whole, in one round trip.
pub(super) async fn log(link: &Link, after: Cursor, limit: u32) -> Result<LogPage, Fault> {
    let mut asking = limit;
    loop {
        let (number, most) = (to_sql(after.number), i64::from(asking));
        let bound: Bound<'_> = &[&number, &most];
        let answers = below_horizon(
            link,
            vec![Box::pin(link.rows(&sql::LOG_AFTER, bound)), Box::pin(link.rows(&own::ENDS, &[]))],
        );
        let (horizon, answers) = answers.await?;
        let [rows, ends] = answers.as_slice() else { return Err(no_row().into()) };
        let end: i64 = ends.first().ok_or_else(no_row)?.try_get(0)?;
        // A cursor that a commit gave may lie beyond what is whole, but not beyond what is there.
        if after.epoch != horizon.epoch || after.number > from_sql(end) {
            return Ok(LogPage::Restarted(end_below(link, horizon).await?));
        }
        let (whole, some_are_later) = whole(rows, horizon)?;
        let (lines, enough) = readable("log", whole, limit, |row| read_line(row, horizon.epoch))?;
        if enough || some_are_later || rows.len() < size(asking) {
            return Ok(LogPage::Lines(lines));
        }
        asking = twice(asking);
    }
}

pub(super) async fn end_of_log(link: &Link) -> Result<Cursor, Fault> {
    let (horizon, _) = below_horizon(link, Vec::new()).await?;
    end_below(link, horizon).await
}

async fn end_below(link: &Link, horizon: Horizon) -> Result<Cursor, Fault> {
    let row = link.row(&sql::END_OF_LOG, &[&to_sql(horizon.number)]).await?;
    let number = from_sql(row.ok_or_else(no_row)?.try_get(0)?);
    Ok(Cursor { epoch: horizon.epoch, number })
}

pub(super) async fn last_lines(link: &Link, limit: u32) -> Result<Vec<LogEntry>, Fault> {
    let (horizon, _) = below_horizon(link, Vec::new()).await?;
    let below = to_sql(horizon.number);
    let read = |row: &Row| read_line(row, horizon.epoch);
    let mut lines = more(link, ("log", &sql::LAST_LINES), &[&below], limit, read).await?;
    lines.reverse();
    Ok(lines)
}

fn read_line(row: &Row, epoch: u64) -> Result<LogEntry, Fault> {
    let event: Event = serde_json::from_str(row.try_get(2)?)?;
    let cursor = Cursor { epoch, number: from_sql(row.try_get(0)?) };
    Ok(LogEntry { cursor, at: Timestamp::from_microseconds(row.try_get(1)?), event })
}

pub(super) async fn due_wakes(link: &Link, now: Timestamp, limit: u32) -> Result<DueWakes, Fault> {
    let at = now.microseconds();
    let due = more(link, ("wake", &sql::DUE_WAKES), &[&at], limit, read_wake).await?;
    // A full page may have left some that are due: look again at once.
    if due.len() >= size(limit) {
        return Ok(DueWakes { due, next_at: Some(now) });
    }
    let row = link.row(&sql::NEXT_WAKE, &[&at]).await?.ok_or_else(no_row)?;
    let next_at = row.try_get::<_, Option<i64>>(0)?.map(Timestamp::from_microseconds);
    Ok(DueWakes { due, next_at })
}

fn read_wake(row: &Row) -> Result<Wake, Fault> {
    Ok(Wake {
        id: row.try_get(0)?,
        due_at: Timestamp::from_microseconds(row.try_get(1)?),
        subject: Key::new(kind_named(row.try_get(2)?)?, row.try_get::<_, String>(3)?),
        generation: from_sql(row.try_get(4)?),
    })
}

/// The promises after a number that are whole, in one round trip.
pub(super) async fn promises(
    link: &Link,
    topic: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<Promise>, Fault> {
    let mut asking = limit;
    loop {
        let (number, most) = (to_sql(after), i64::from(asking));
        let bound: Bound<'_> = &[&topic, &number, &most];
        let asked: Vec<Asked<'_, Vec<Row>>> = vec![Box::pin(link.rows(&sql::PROMISES, bound))];
        let (horizon, answers) = below_horizon(link, asked).await?;
        let rows = answers.into_iter().next().ok_or_else(no_row)?;
        let (whole, some_are_later) = whole(&rows, horizon)?;
        let (found, enough) = readable("outbox", whole, limit, |row| read_promise(row, topic))?;
        if enough || some_are_later || rows.len() < size(asking) {
            return Ok(found);
        }
        asking = twice(asking);
    }
}

fn read_promise(row: &Row, topic: &str) -> Result<Promise, Fault> {
    let owed = match row.try_get::<_, Option<&str>>(4)? {
        None => None,
        Some(kind) => Some(OwedUntil {
            subject: Key::new(kind_named(kind)?, row.try_get::<_, String>(5)?),
            generation: from_sql(row.try_get(6)?),
            deadline: Timestamp::from_microseconds(row.try_get(7)?),
        }),
    };
    Ok(Promise {
        number: from_sql(row.try_get(0)?),
        id: row.try_get(1)?,
        at: Timestamp::from_microseconds(row.try_get(3)?),
        effect: Effect { topic: topic.to_owned(), payload: row.try_get(2)?, owed },
    })
}

/// Asks for rows after asking up to where they are whole; one round trip, each with a moment of its own.
async fn below_horizon<'a>(
    link: &'a Link,
    rows: Vec<Asked<'a, Vec<Row>>>,
) -> Result<(Horizon, Vec<Vec<Row>>), Fault> {
    let mut asked: Vec<Asked<'a, Vec<Row>>> =
        vec![Box::pin(link.rows(&own::HORIZON, &[])), Box::pin(link.rows(&own::UNDER_WAY, &[]))];
    asked.extend(rows);
    let mut answers = pipelined(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let rows = answers.split_off(2);
    let [ended, under_way] = answers.as_slice() else { return Err(no_row().into()) };
    Ok((Horizon::of(ended, under_way)?, rows))
}

/// The rows below the horizon, and whether some are not.
fn whole(rows: &[Row], horizon: Horizon) -> Result<(&[Row], bool), Fault> {
    let mut count = 0;
    for row in rows {
        if from_sql(row.try_get(0)?) >= horizon.number {
            break;
        }
        count += 1;
    }
    Ok((rows.get(..count).unwrap_or(rows), count < rows.len()))
}

/// At most `limit` of the rows that can be read, and whether those are enough: a page full of rows that
/// cannot be read may hide some that can.
fn readable<T>(
    table: &'static str,
    rows: &[Row],
    limit: u32,
    read: impl Fn(&Row) -> Result<T, Fault>,
) -> Result<(Vec<T>, bool), Fault> {
    let mut found = Vec::new();
    for row in rows {
        match read(row) {
            Ok(value) => found.push(value),
            Err(Fault::Store(error)) if error.is_about_one() => pass_over(table, &error),
            Err(fault) => return Err(fault),
        }
    }
    found.truncate(size(limit));
    let enough = found.len() >= size(limit) || rows.len() < size(limit);
    Ok((found, enough))
}

/// Asks for ever larger pages until one has `limit` rows that can be read, or is not full. The page's size is
/// what is bound last.
async fn more<T>(
    link: &Link,
    (table, sql): (&'static str, &'static Sql),
    bound: Bound<'_>,
    limit: u32,
    read: impl Fn(&Row) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut asking = limit;
    loop {
        let most = i64::from(asking);
        let mut all = bound.to_vec();
        all.push(&most);
        let rows = link.rows(sql, &all).await?;
        let (found, enough) = readable(table, &rows, limit, &read)?;
        if enough || rows.len() < size(asking) {
            return Ok(found);
        }
        asking = twice(asking);
    }
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn twice(limit: u32) -> u32 {
    limit.saturating_mul(2).saturating_add(16)
}
