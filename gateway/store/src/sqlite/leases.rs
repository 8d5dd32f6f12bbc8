//! Leases, and what may only be done under one. Time is handed in.

use std::time::Duration;

use domain::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::numbers::{from_sql, to_sql};
use crate::store::fence;
use crate::{Lease, StoreError, sql};

pub(super) fn acquire(
    connection: &Connection,
    name: &str,
    holder: &str,
    now: Timestamp,
    lasting: Duration,
    epoch: u64,
) -> Result<Option<Lease>, StoreError> {
    let bound = params![name, holder, now.microseconds(), microseconds(lasting)];
    let mut statement = connection.prepare_cached(sql::ACQUIRE_LEASE.sqlite())?;
    let taken = statement.query_row(bound, |row| {
        Ok(Lease {
            name: name.to_owned(),
            holder: holder.to_owned(),
            fence: fence(epoch, from_sql(row.get(0)?)),
            expires_at: Timestamp::from_microseconds(row.get(1)?),
        })
    });
    Ok(taken.optional()?)
}

pub(super) fn renew(
    connection: &Connection,
    lease: Lease,
    now: Timestamp,
    lasting: Duration,
) -> Result<Lease, StoreError> {
    let (token, epoch) = (to_sql(lease.fence.number), lease.fence.epoch.to_string());
    let (at, lasting) = (now.microseconds(), microseconds(lasting));
    let bound = params![lease.name, lease.holder, token, epoch, at, lasting];
    let mut statement = connection.prepare_cached(sql::RENEW_LEASE.sqlite())?;
    let expires_at: Option<i64> = statement.query_row(bound, |row| row.get(0)).optional()?;
    let expires_at = Timestamp::from_microseconds(expires_at.ok_or(StoreError::LeaseLost)?);
    Ok(Lease { expires_at, ..lease })
}

pub(super) fn release(connection: &Connection, lease: &Lease) -> Result<(), StoreError> {
    let (token, epoch) = (to_sql(lease.fence.number), lease.fence.epoch.to_string());
    let bound = params![lease.name, lease.holder, token, epoch];
    connection.prepare_cached(sql::RELEASE_LEASE.sqlite())?.execute(bound)?;
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

fn microseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
