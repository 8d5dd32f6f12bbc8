//! Leases, and what may only be done under one.

use std::time::Duration;

use domain::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::reading::{from_sql, to_sql};
use crate::store::fence;
use crate::{Lease, StoreError};

pub(super) fn acquire(
    connection: &Connection,
    name: &str,
    holder: &str,
    now: Timestamp,
    lasting: Duration,
    epoch: u64,
) -> Result<Option<Lease>, StoreError> {
    let sql = "INSERT INTO lease (name, holder, token, expires_at) VALUES (?1, ?2, 1, ?4)
               ON CONFLICT (name) DO UPDATE
               SET token = lease.token + (lease.expires_at <= ?3),
                   holder = excluded.holder, expires_at = excluded.expires_at
               WHERE lease.expires_at <= ?3 OR lease.holder = excluded.holder
               RETURNING token";
    let expires_at = now.after(lasting);
    let bound = params![name, holder, now.microseconds(), expires_at.microseconds()];
    let token: Option<i64> =
        connection.prepare_cached(sql)?.query_row(bound, |row| row.get(0)).optional()?;
    let (name, holder) = (name.to_owned(), holder.to_owned());
    Ok(token.map(|token| Lease { name, holder, fence: fence(epoch, from_sql(token)), expires_at }))
}

pub(super) fn renew(
    connection: &Connection,
    lease: Lease,
    now: Timestamp,
    lasting: Duration,
    epoch: u64,
) -> Result<Lease, StoreError> {
    let expires_at = now.after(lasting);
    let sql = "UPDATE lease SET expires_at = ?4
               WHERE name = ?1 AND holder = ?2 AND token = ?3";
    let token = to_sql(lease.fence.number);
    let bound = params![lease.name, lease.holder, token, expires_at.microseconds()];
    let renewed =
        lease.fence.epoch == epoch && connection.prepare_cached(sql)?.execute(bound)? == 1;
    if renewed { Ok(Lease { expires_at, ..lease }) } else { Err(StoreError::LeaseLost) }
}

pub(super) fn release(
    connection: &Connection,
    lease: &Lease,
    epoch: u64,
) -> Result<(), StoreError> {
    if held(connection, lease, epoch)? {
        let sql = "UPDATE lease SET expires_at = 0 WHERE name = ?1";
        connection.prepare_cached(sql)?.execute([&lease.name])?;
    }
    Ok(())
}

pub(super) fn close_promises(
    connection: &Connection,
    ids: &[String],
    lease: &Lease,
    epoch: u64,
) -> Result<(), StoreError> {
    if !held(connection, lease, epoch)? {
        return Err(StoreError::LeaseLost);
    }
    let mut statement = connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?;
    for id in ids {
        statement.execute([id])?;
    }
    Ok(())
}

fn held(connection: &Connection, lease: &Lease, epoch: u64) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM lease WHERE name = ?1 AND holder = ?2 AND token = ?3";
    let bound = params![lease.name, lease.holder, to_sql(lease.fence.number)];
    let mut statement = connection.prepare_cached(sql)?;
    Ok(lease.fence.epoch == epoch && statement.exists(bound)?)
}
