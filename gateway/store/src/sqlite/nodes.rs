//! Signs of life. A file has one process that uses it, so this is there for the same rules everywhere.

use std::time::Duration;

use domain::Timestamp;
use rusqlite::{Connection, params};

use super::reading::{from_sql, to_sql};
use crate::{Beat, Beats, NodeRow, StoreError, holder};

pub(super) fn beat(
    connection: &Connection,
    beat: &Beat,
    now: Timestamp,
) -> Result<Beats, StoreError> {
    let sql = "INSERT INTO node (name, run, status, beat_at, is_gone) VALUES (?1, ?2, ?3, ?4, 0)
               ON CONFLICT (name) DO UPDATE
               SET run = excluded.run, status = excluded.status, beat_at = excluded.beat_at,
                   is_gone = 0
               WHERE node.run = excluded.run OR ?5 = 1";
    let (run, first) = (to_sql(beat.run), i64::from(beat.first));
    let bound = params![beat.node, run, beat.status, now.microseconds(), first];
    if connection.prepare_cached(sql)?.execute(bound)? == 0 {
        return Err(StoreError::Replaced);
    }
    if beat.first {
        // A holder of before runs were told apart is the node's name alone.
        let sql = "UPDATE lease SET expires_at = 0
                   WHERE (holder = ?1 OR substr(holder, 1, length(?1) + 1) = ?1 || '/')
                     AND holder <> ?2";
        let own = holder(&beat.node, beat.run);
        connection.prepare_cached(sql)?.execute([&beat.node, &own])?;
    }
    let sql = "SELECT name, run, status, beat_at, is_gone FROM node ORDER BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
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
    let sql = "UPDATE node SET is_gone = 1 WHERE name = ?1 AND run = ?2";
    connection.prepare_cached(sql)?.execute(params![node, to_sql(run)])?;
    Ok(())
}

fn age(now: Timestamp, beat_at: i64) -> Duration {
    now.since(Timestamp::from_microseconds(beat_at))
}
