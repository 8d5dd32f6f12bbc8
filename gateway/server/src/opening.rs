//! Opening the store that a configuration names: what it is opened with, and for how long it may be away.
//!
//! ```text
//!   SQLite: opened, which after an unclean stop takes long
//!   PostgreSQL: tried --cannot be reached--> tried again, up to a limit --> given up
//!               `-- refuses us, or cannot be used --> given up at once
//! ```
//!
//! The supervisor is told meanwhile. Who waits here may be dropped at any moment.

use std::sync::Arc;
use std::time::Duration;

use store::{OpenError, PostgresOptions, PostgresStore, SqliteStore, Store};
use tokio::time::sleep;

use crate::config::{DatabaseConfig, StoreConfig};
use crate::node::NodeError;
use crate::node::notify::telling;
use crate::password_file;
use crate::secret_file::SecretFileError;
use crate::words::with_causes;

/// What the supervisor is told while a store is opened, which after an unclean stop is checked.
const OPENS: &str = "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=Opening the store";
/// What it is told while there is no database.
const WAITS: &str = "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=Waiting for the database";
/// So long a database may be away when a node starts. Then the node ends with what is wrong, and
/// whoever supervises it decides.
const AWAY_MAX: Duration = Duration::from_secs(300);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Opens it.
pub(crate) async fn open(config: &StoreConfig) -> Result<Arc<dyn Store>, NodeError> {
    match config {
        StoreConfig::Sqlite { path } => {
            let path = path.clone();
            let opening = tokio::task::spawn_blocking(move || SqliteStore::open(&path));
            let opened = telling(OPENS, opening).await;
            Ok(Arc::new(opened.map_err(|_| NodeError::StoreOpening)??))
        }
        StoreConfig::Postgresql(database) => {
            let options = options(database)?;
            let open = async || PostgresStore::open(options.clone()).await;
            Ok(Arc::new(telling(WAITS, patiently(open)).await?))
        }
    }
}

/// What a database is opened with.
pub(crate) fn options(database: &DatabaseConfig) -> Result<PostgresOptions, SecretFileError> {
    let password = database.password_file.as_deref().map(password_file::read).transpose()?;
    Ok(PostgresOptions {
        password,
        authority_file: database.authority_file.clone(),
        connections: database.connections,
        ..PostgresOptions::new(&database.url)
    })
}

/// Opens a database that may not be there yet: it is restarted, or this machine came up first.
async fn patiently<T>(mut open: impl AsyncFnMut() -> Result<T, OpenError>) -> Result<T, OpenError> {
    let mut limit = std::pin::pin!(sleep(AWAY_MAX));
    let mut told = false;
    loop {
        let error = match open().await {
            Err(error) if is_away(&error) => error,
            outcome => return outcome,
        };
        if !told {
            let reason = with_causes(&error);
            tracing::warn!(reason, "the database cannot be reached; it is waited for");
            told = true;
        }
        tokio::select! {
            biased;
            () = &mut limit => return Err(error),
            () = sleep(PAUSE) => {}
        }
    }
}

/// Whether the database may be there in a moment, without anybody mending something here.
fn is_away(error: &OpenError) -> bool {
    // A standby may be promoted.
    matches!(error, OpenError::Unreachable { .. } | OpenError::Standby { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> OpenError {
        OpenError::Unreachable { place: "db".to_owned(), source: "refused".into() }
    }

    fn newer() -> OpenError {
        OpenError::Newer { path: "db".to_owned(), found: 9, known: 1 }
    }

    /// Opens with these outcomes in turn, the last one again and again; gives how often it was tried.
    async fn check(outcomes: &[fn() -> Result<(), OpenError>]) -> (Result<(), OpenError>, usize) {
        let mut tries = 0;
        let outcome = patiently(async || {
            let outcome = outcomes.get(tries).or(outcomes.last()).unwrap();
            tries += 1;
            outcome()
        })
        .await;
        (outcome, tries)
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_is_away_is_waited_for_within_a_limit() {
        let (outcome, tries) = check(&[|| Err(away()), || Err(away()), || Ok(())]).await;
        assert!(outcome.is_ok());
        assert_eq!(tries, 3);
        let (outcome, tries) = check(&[|| Err(away())]).await;
        assert!(matches!(outcome, Err(OpenError::Unreachable { .. })));
        assert!((200..=300).contains(&tries), "{tries}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_time_does_not_mend_is_told_at_once() {
        let (outcome, tries) = check(&[|| Err(away()), || Err(newer()), || Ok(())]).await;
        assert!(matches!(outcome, Err(OpenError::Newer { .. })));
        assert_eq!(tries, 2);
    }
}
