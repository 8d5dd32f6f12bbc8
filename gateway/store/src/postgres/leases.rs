//! Leases, signs of life, and what is swept. Time is the database's: `now` is none, except in tests.

use std::time::Duration;

use domain::Timestamp;

use super::fault::Fault;
use super::identity::no_row;
use super::link::{Bound, Link};
use super::statements as own;
use crate::numbers::{from_sql, to_sql};
use crate::store::fence;
use crate::{
    Beat, Beats, LOG_SECONDS, Lease, NODE_SECONDS, NodeRow, OUTCOME_SECONDS, StoreError, holder,
    sql,
};

pub(super) async fn acquire(
    link: &Link,
    name: &str,
    holder: &str,
    now: Option<i64>,
    lasting: Duration,
) -> Result<Option<Lease>, Fault> {
    let bound: Bound<'_> = &[&name, &holder, &now, &microseconds(lasting)];
    let Some(row) = link.row(&sql::ACQUIRE_LEASE, bound).await? else { return Ok(None) };
    let epoch = row.try_get::<_, &str>(2)?.parse().map_err(|_| no_row())?;
    Ok(Some(Lease {
        name: name.to_owned(),
        holder: holder.to_owned(),
        fence: fence(epoch, from_sql(row.try_get(0)?)),
        expires_at: Timestamp::from_microseconds(row.try_get(1)?),
    }))
}

pub(super) async fn renew(
    link: &Link,
    lease: &Lease,
    now: Option<i64>,
    lasting: Duration,
) -> Result<Lease, Fault> {
    let (token, epoch) = (to_sql(lease.fence.number), lease.fence.epoch.to_string());
    let bound: Bound<'_> =
        &[&lease.name, &lease.holder, &token, &epoch, &now, &microseconds(lasting)];
    let row = link.row(&sql::RENEW_LEASE, bound).await?.ok_or(StoreError::LeaseLost)?;
    let expires_at = Timestamp::from_microseconds(row.try_get(0)?);
    Ok(Lease { expires_at, ..lease.clone() })
}

pub(super) async fn release(link: &Link, lease: &Lease) -> Result<(), Fault> {
    let (token, epoch) = (to_sql(lease.fence.number), lease.fence.epoch.to_string());
    let bound: Bound<'_> = &[&lease.name, &lease.holder, &token, &epoch];
    link.execute(&sql::RELEASE_LEASE, bound).await.map(|_| ())
}

pub(super) async fn close_promises(
    link: &Link,
    ids: &[String],
    lease: &Lease,
) -> Result<(), Fault> {
    let (token, epoch) = (to_sql(lease.fence.number), lease.fence.epoch.to_string());
    let bound: Bound<'_> = &[&ids, &lease.name, &lease.holder, &token, &epoch];
    let held: i64 = link.row(&own::CLOSE_PROMISES, bound).await?.ok_or_else(no_row)?.try_get(0)?;
    if held == 1 { Ok(()) } else { Err(StoreError::LeaseLost.into()) }
}

/// A sign of life, and those of all. The first one of a process ends the leases of the one before, which
/// may be done twice.
pub(super) async fn beat(link: &Link, beat: &Beat, now: Option<i64>) -> Result<Beats, Fault> {
    let (run, first) = (to_sql(beat.run), i64::from(beat.first));
    let bound: Bound<'_> = &[&beat.node, &run, &beat.status, &now, &first];
    if link.execute(&sql::BEAT, bound).await? == 0 {
        return Err(StoreError::Replaced.into());
    }
    if beat.first {
        let own = holder(&beat.node, beat.run);
        link.execute(&sql::END_LEASES_OF_NODE, &[&beat.node, &own]).await?;
    }
    let mut beats = Beats::default();
    for row in link.rows(&sql::NODES, &[&now]).await? {
        let at = Timestamp::from_microseconds(row.try_get(5)?);
        beats.now = now.is_none().then_some(at);
        beats.nodes.push(NodeRow {
            node: row.try_get(0)?,
            run: from_sql(row.try_get(1)?),
            status: row.try_get(2)?,
            age: at.since(Timestamp::from_microseconds(row.try_get(3)?)),
            left: row.try_get::<_, i64>(4)? != 0,
        });
    }
    Ok(beats)
}

pub(super) async fn leave(link: &Link, node: &str, run: u64) -> Result<(), Fault> {
    link.execute(&sql::LEAVE, &[&node, &to_sql(run)]).await.map(|_| ())
}

pub(super) async fn sweep(link: &Link, now: Timestamp, limit: u32) -> Result<u64, Fault> {
    let before =
        |seconds| now.microseconds().saturating_sub(microseconds(Duration::from_secs(seconds)));
    let most = i64::from(limit);
    let outcomes = link.execute(&sql::SWEEP_OUTCOMES, &[&before(OUTCOME_SECONDS), &most]).await?;
    let lines = link.execute(&sql::SWEEP_LOG, &[&before(LOG_SECONDS), &most]).await?;
    link.execute(&sql::SWEEP_NODES, &[&before(NODE_SECONDS)]).await?;
    super::blobs::sweep(link, limit).await?;
    Ok(outcomes + lines)
}

fn microseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
