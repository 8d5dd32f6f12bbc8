//! Opening: which server it is, and its schema.
//!
//! Each migration is one transaction under a lock, so several nodes that start at once do each once. The
//! schema's number stands in `meta`.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::fault::{Fault, described};
use super::link::Link;
use super::locks::SCHEMA;
use super::options::WORK;
use super::pool::within;
use crate::OpenError;

/// Migrations; the n-th leads to schema n.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../../../schemas/store/postgresql_0001_documents.sql"),
    include_str!("../../../../schemas/store/postgresql_0002_reports.sql"),
    include_str!("../../../../schemas/store/postgresql_0003_closings.sql"),
];
/// The oldest server that has all that is asked.
const OLDEST: u32 = 13;
/// How long another node may take for its migrations, and this one for its own.
const PATIENCE: Duration = Duration::from_secs(600);

/// Checks that the server is one that can be used; gives the schema's number.
pub(super) async fn check(link: &Link, place: &str) -> Result<u32, OpenError> {
    let failed = |fault| failed(place, fault);
    let asked = "SELECT current_setting('server_version_num'), pg_is_in_recovery()";
    let columns = within(WORK, link.first(asked)).await.map_err(failed)?;
    let mut columns = columns.into_iter().flatten();
    let version: u32 = columns.next().and_then(|text| text.parse().ok()).unwrap_or_default();
    if version / 10_000 < OLDEST {
        let found = version / 10_000;
        return Err(OpenError::OldServer { place: place.to_owned(), found, oldest: OLDEST });
    }
    let found = within(WORK, schema(link)).await.map_err(failed)?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(OpenError::Newer { path: place.to_owned(), found, known });
    }
    if columns.next().is_some_and(|answer| answer == "t") {
        return Err(OpenError::Standby { place: place.to_owned() });
    }
    Ok(found)
}

/// Brings the schema up to date.
pub(super) async fn prepare(link: &Link, place: &str) -> Result<(), OpenError> {
    let done = usize::try_from(check(link, place).await?).unwrap_or(usize::MAX);
    for (number, migration) in (1..).zip(MIGRATIONS).skip(done) {
        let migrating = within(PATIENCE, migrate(link, number, migration));
        migrating.await.map_err(|fault| failed(place, fault))?;
    }
    Ok(())
}

async fn migrate(link: &Link, number: u32, migration: &str) -> Result<(), Fault> {
    let begin = format!(
        "BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;
         SELECT pg_advisory_xact_lock({SCHEMA});"
    );
    link.run(&begin).await?;
    // Another node may have been first.
    if schema(link).await? < number {
        link.run(migration).await?;
        let note = format!(
            "INSERT INTO meta (name, value) VALUES ('schema', '{number}')
             ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        );
        link.run(&note).await?;
    }
    link.run("COMMIT").await
}

/// The schema's number; 0 where there is nothing yet.
async fn schema(link: &Link) -> Result<u32, Fault> {
    // Looked up in its table, which brings what this session remembers of names up to date.
    let columns = link.first("SELECT 1 FROM pg_class WHERE oid = to_regclass('meta')").await?;
    if columns.is_empty() {
        return Ok(0);
    }
    let columns = link.first("SELECT value FROM meta WHERE name = 'schema'").await?;
    let number = columns.into_iter().next().flatten();
    Ok(number.and_then(|number| number.parse().ok()).unwrap_or_default())
}

/// Why it cannot be opened, told without the password.
pub(super) fn failed(place: &str, fault: Fault) -> OpenError {
    let place = place.to_owned();
    let error = match fault {
        Fault::Server(error) => error,
        Fault::Late => {
            return OpenError::Unreachable { place, source: "it does not answer in time".into() };
        }
        Fault::Store(error) => return OpenError::Unreachable { place, source: error.into() },
    };
    let refused = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ];
    if error.code().is_some_and(|code| refused.contains(code)) {
        return OpenError::Refused { place, reason: described(error).to_string() };
    }
    OpenError::Unreachable { place, source: described(error) }
}
