//! Which content this is, and what happens when it is another than before.
//!
//! A database is known by its system's number and its timeline, which changes when a standby is promoted
//! or a backup is played back. Each new connection compares it with the one that is kept in `meta`. Whoever
//! first sees another one raises the epoch, in one transaction with the new identity, so that it is done
//! once for all nodes: cursors, leases and caches of before hold no longer, and whatever was committed last
//! may be lost.
//!
//! The same happens where the log ends earlier than this process saw it end: the content was restored in
//! place. Each time numbers are moved on above all that are there (`origin`), since a new server counts its
//! transactions from the beginning.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::Row;

use super::fault::Fault;
use super::link::{Link, pipelined};
use super::locks::Locks;
use super::pool::Known;
use super::statements as own;
use crate::StoreError;
use crate::numbers::{from_sql, to_sql};

/// Why an epoch ends.
#[derive(Debug)]
pub(super) enum Because<'a> {
    /// Somebody says so.
    Asked,
    /// The database is another one.
    Identity(&'a str),
    /// The log was longer in that epoch.
    LostTail(u64),
}

/// Looks at what a new connection leads to; gives its epoch.
pub(super) async fn greet(link: &Link, known: &Known) -> Result<u64, Fault> {
    // Before it is asked: another node may start a new one right after.
    let known_epoch = known.epoch();
    let identity = identity(link).await?;
    let row = link.row(&own::GREETING, &[]).await?.ok_or_else(no_row)?;
    if row.try_get(0)? {
        return Err(StoreError::ReadOnly.into());
    }
    let epoch = from_sql(row.try_get(1)?);
    let noted: Option<String> = row.try_get(2)?;
    let epoch = match (&identity, &noted) {
        (Some(identity), None) => {
            link.execute(&own::NOTE_FIRST_IDENTITY, &[identity]).await?;
            epoch
        }
        (Some(identity), Some(noted)) if identity != noted => {
            raise(link, known, Because::Identity(identity)).await?
        }
        _ if epoch < known_epoch => raise(link, known, Because::LostTail(known_epoch)).await?,
        _ => epoch,
    };
    known.see_epoch(epoch);
    Ok(epoch)
}

/// The system's number and the timeline, where the role may know them.
async fn identity(link: &Link) -> Result<Option<String>, Fault> {
    let asked = "SELECT system_identifier || '/' || CASE
                     WHEN pg_is_in_recovery() THEN ''
                     ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END
                 FROM pg_control_system()";
    match link.first(asked).await {
        Ok(columns) => Ok(columns.into_iter().next().flatten()),
        Err(fault) if fault.is_answer() && !fault.is_broken_connection() => {
            // Each new connection asks.
            static TOLD: AtomicBool = AtomicBool::new(false);
            if !TOLD.swap(true, Ordering::Relaxed) {
                let reason = StoreError::from(fault);
                let reason = std::error::Error::source(&reason).map(ToString::to_string);
                tracing::warn!(
                    reason,
                    "another database in this one's place is not noticed: grant the role \
                     pg_control_system, pg_walfile_name and pg_current_wal_lsn"
                );
            }
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

/// Starts a new epoch unless somebody else did so already for the same reason; gives the present one.
pub(super) async fn raise(link: &Link, known: &Known, because: Because<'_>) -> Result<u64, Fault> {
    let Locks { keys, shared } = Locks::everything();
    for done in pipelined(vec![
        Box::pin(link.execute(&own::BEGIN, &[])),
        Box::pin(link.execute(&own::LOCK, &[&keys, &shared])),
    ])
    .await
    {
        done?;
    }
    let seen = to_sql(known.epoch());
    let raised = match &because {
        Because::Asked => link.row(&own::RAISE_EPOCH, &[&seen]).await?,
        Because::Identity(identity) => {
            match link.execute(&own::NOTE_IDENTITY, &[identity]).await? {
                0 => None,
                _ => link.row(&own::RAISE_EPOCH, &[&seen]).await?,
            }
        }
        Because::LostTail(epoch) => link.row(&own::RAISE_EPOCH_ONCE, &[&to_sql(*epoch)]).await?,
    };
    if raised.is_some() {
        link.execute(&own::RAISE_ORIGIN, &[]).await?;
    }
    link.execute(&own::COMMIT, &[]).await?;
    let Some(row) = raised else {
        return epoch_of(link.row(&own::EPOCH, &[]).await?.as_ref());
    };
    let epoch = epoch_of(Some(&row))?;
    match because {
        Because::Asked => tracing::info!(epoch, "the content of the store counts as replaced"),
        Because::Identity(identity) => tracing::error!(
            epoch,
            identity,
            "the database is another one than before, a promoted standby or a restored backup: \
             what was committed last may be lost"
        ),
        Because::LostTail(_) => tracing::error!(
            epoch,
            "the content of the database is older than what was seen of it: what was committed \
             last is lost"
        ),
    }
    Ok(epoch)
}

fn epoch_of(row: Option<&Row>) -> Result<u64, Fault> {
    Ok(from_sql(row.ok_or_else(no_row)?.try_get(0)?))
}

pub(super) fn no_row() -> StoreError {
    StoreError::Damaged { source: "its table meta lacks a row".into() }
}
