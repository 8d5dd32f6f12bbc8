//! What goes wrong with the database, and what it means for a caller.

use tokio_postgres::error::SqlState;

use crate::StoreError;

/// Why something asked of the database was not done.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server refused it, or the connection broke.
    Server(tokio_postgres::Error),
    /// No answer came in time.
    Late,
    /// What is there cannot be read, or must not be changed.
    Store(StoreError),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Fault {
    /// Whether the connection is gone, rather than the statement wrong.
    pub(super) fn is_broken_connection(&self) -> bool {
        let Self::Server(error) = self else { return false };
        let ended = [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ];
        match error.code() {
            // A pooler in between says so with a code of class 08.
            Some(code) => ended.contains(code) || code.code().starts_with("08"),
            None => {
                error.is_closed()
                    || std::error::Error::source(error)
                        .is_some_and(|source| source.is::<std::io::Error>())
            }
        }
    }

    /// Whether the same may be done again at once: two transactions met.
    pub(super) fn is_collision(&self) -> bool {
        let Self::Server(error) = self else { return false };
        error.code().is_some_and(|code| {
            *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
        })
    }

    /// Whether the server said that it could not do it now, whatever it was: a lock that somebody holds, a
    /// limit of time, a want of memory, disk or connections. Done one by one it would take as long each time.
    pub(super) fn is_of_the_moment(&self) -> bool {
        let Self::Server(error) = self else { return false };
        error.code().is_some_and(|code| {
            *code == SqlState::LOCK_NOT_AVAILABLE
                || *code == SqlState::QUERY_CANCELED
                || code.code().starts_with("53")
        })
    }

    /// Whether the server itself said that it did not do it.
    pub(super) fn is_answer(&self) -> bool {
        matches!(self, Self::Server(error) if error.code().is_some())
    }
}

impl From<Fault> for StoreError {
    /// Nothing was written; where that is not sure, [`StoreError::Unknown`] is said instead.
    fn from(fault: Fault) -> Self {
        let error = match fault {
            Fault::Store(error) => return error,
            Fault::Late => {
                return Self::Unavailable { source: "the database does not answer".into() };
            }
            Fault::Server(error) => error,
        };
        let Some(code) = error.code() else {
            return Self::Unavailable { source: described(error) };
        };
        if *code == SqlState::DISK_FULL {
            return Self::Full;
        }
        if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
            return Self::ReadOnly;
        }
        if *code == SqlState::LOCK_NOT_AVAILABLE {
            return Self::Busy;
        }
        if *code == SqlState::IO_ERROR {
            return Self::Unwritable { source: described(error) };
        }
        // A value that the server does not take, such as a text with a zero byte.
        if code.code().starts_with("22") {
            return Self::Unreadable { source: described(error) };
        }
        if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
            return Self::Damaged { source: described(error) };
        }
        Self::Unavailable { source: described(error) }
    }
}

/// An error with its cause in one line: the driver's own text names the kind alone.
pub(super) fn described(error: tokio_postgres::Error) -> Box<dyn std::error::Error + Send + Sync> {
    Box::new(Described(error))
}

#[derive(Debug)]
struct Described(tokio_postgres::Error);

impl std::fmt::Display for Described {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0.as_db_error(), std::error::Error::source(&self.0)) {
            (Some(error), _) => write!(formatter, "{} ({})", error.message(), error.code().code()),
            (None, Some(source)) => write!(formatter, "{}: {source}", self.0),
            (None, None) => write!(formatter, "{}", self.0),
        }
    }
}

impl std::error::Error for Described {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_as_such_and_leaves_no_doubt() {
        let error = StoreError::from(Fault::Late);
        assert!(matches!(error, StoreError::Unavailable { .. }));
        assert!(!Fault::Late.is_broken_connection() && !Fault::Late.is_answer());
    }
}
