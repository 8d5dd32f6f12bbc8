//! Signs of life. A file has one process that uses it, so this is there for the same rules everywhere.

use std::time::Duration;

use domain::Timestamp;
use rusqlite::{Connection, params};

use crate::numbers::{from_sql, to_sql};
use crate::{Beat, Beats, NodeRow, StoreError, holder, sql};

pub(super) fn beat(
    connection: &Connection,
    beat: &Beat,
    now: Timestamp,
) -> Result<Beats, StoreError> {
    let (run, first) = (to_sql(beat.run), i64::from(beat.first));
    let bound = params![beat.node, run, beat.status, now.microseconds(), first];
    if connection.prepare_cached(sql::BEAT.sqlite())?.execute(bound)? == 0 {
        return Err(StoreError::Replaced);
    }
    if beat.first {
        let own = holder(&beat.node, beat.run);
        connection.prepare_cached(sql::END_LEASES_OF_NODE.sqlite())?.execute([&beat.node, &own])?;
    }
    let mut statement = connection.prepare_cached(sql::NODES.sqlite())?;
    let rows = statement.query_map([now.microseconds()], |row| {
        Ok(NodeRow {
            node: row.get(0)?,
            run: from_sql(row.get(1)?),
            status: row.get(2)?,
            age: age(now, row.get(3)?),
            left: row.get::<_, i64>(4)? != 0,
        })
    })?;
    Ok(Beats { now: None, nodes: rows.collect::<Result<_, _>>()? })
}

pub(super) fn leave(connection: &Connection, node: &str, run: u64) -> Result<(), StoreError> {
    connection.prepare_cached(sql::LEAVE.sqlite())?.execute(params![node, to_sql(run)])?;
    Ok(())
}

fn age(now: Timestamp, beat_at: i64) -> Duration {
    now.since(Timestamp::from_microseconds(beat_at))
}
