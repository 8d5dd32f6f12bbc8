//! Opening the files: locks, pragmas, migrations, the check after an unclean stop.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::{OpenError, Sizes, StoreError};

/// Migrations of the main file; the n-th leads to schema n.
const MIGRATIONS: [&str; 2] = [
    include_str!("../../../../schemas/store/0001_documents.sql"),
    include_str!("../../../../schemas/store/0002_nodes.sql"),
];
/// Migrations of the file for blobs.
const BLOB_MIGRATIONS: [&str; 1] =
    [include_str!("../../../../schemas/store/blobs_0001_pieces.sql")];
/// Pages that the log of a file may hold before they are moved into it, 16 MB: each move waits for the disk, and a
/// mailbox that is read for the first time brings thousands of commits and bodies.
const PAGES_LOGGED: u32 = 4_096;
/// Prepared statements kept by each connection.
const STATEMENTS: usize = 64;

/// Takes the lock that keeps a second process out; the system drops it when a process dies.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let at = beside(path, "-lock");
    let file = private(OpenOptions::new().create(true).truncate(false).write(true))
        .open(&at)
        .map_err(|source| failed(&at, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: text(path) }),
        Err(TryLockError::Error(source)) => Err(failed(&at, source)),
    }
}

/// Opens the main file for writing; gives its epoch too, and whether it was closed the last time.
pub(super) fn main(path: &Path) -> Result<(Connection, u64, bool), OpenError> {
    let connection = writing(path, &MIGRATIONS)?;
    let step = |source: rusqlite::Error| failed(path, source);
    let meta = |name: &str| -> rusqlite::Result<Option<String>> {
        let sql = "SELECT value FROM meta WHERE name = ?1";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([name])?;
        rows.next()?.map(|row| row.get(0)).transpose()
    };
    let epoch = meta("epoch").map_err(step)?.and_then(|text| text.parse().ok()).unwrap_or(1);
    let was_clean = meta("clean").map_err(step)?.is_none_or(|clean| clean == "yes");
    if !was_clean {
        check(&connection, path)?;
    }
    let set = "INSERT INTO meta (name, value) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.execute(set, ["epoch", &epoch.to_string()]).map_err(step)?;
    connection.execute(set, ["clean", "no"]).map_err(step)?;
    Ok((connection, epoch, was_clean))
}

/// Opens the file for blobs for writing. Nobody will finish what was not finished.
pub(super) fn blobs(path: &Path, was_clean: bool) -> Result<Connection, OpenError> {
    let connection = writing(path, &BLOB_MIGRATIONS)?;
    if !was_clean {
        check(&connection, path)?;
    }
    let sql = "DELETE FROM piece WHERE id NOT IN (SELECT id FROM blob)";
    connection.execute(sql, []).map_err(|source| failed(path, source))?;
    Ok(connection)
}

/// Opens a file for reading.
pub(super) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|source| failed(path, source))?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(|it| failed(path, it))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn writing(path: &Path, migrations: &[&str]) -> Result<Connection, OpenError> {
    // Made by us first, so that nobody else may read it.
    private(OpenOptions::new().create(true).truncate(false).write(true))
        .open(path)
        .map_err(|source| failed(path, source))?;
    let step = |source: rusqlite::Error| match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            OpenError::Damaged { path: text(path), found: source.to_string() }
        }
        _ => failed(path, source),
    };
    let connection = Connection::open(path).map_err(step)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA journal_size_limit = 67108864;",
        )
        .map_err(step)?;
    connection.pragma_update(None, "wal_autocheckpoint", PAGES_LOGGED).map_err(step)?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(step)?;
    migrate(&connection, path, migrations)?;
    Ok(connection)
}

fn migrate(connection: &Connection, path: &Path, migrations: &[&str]) -> Result<(), OpenError> {
    let step = |source: rusqlite::Error| match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            OpenError::Damaged { path: text(path), found: source.to_string() }
        }
        _ => failed(path, source),
    };
    let found: u32 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(step)?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(OpenError::Newer { path: text(path), found, known });
    }
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    for (place, migration) in migrations.iter().enumerate().skip(done) {
        let number = place + 1;
        let whole = format!("BEGIN IMMEDIATE; {migration} PRAGMA user_version = {number}; COMMIT;");
        connection.execute_batch(&whole).map_err(step)?;
    }
    Ok(())
}

fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|source| OpenError::Damaged { path: text(path), found: source.to_string() })?;
    if found == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: text(path), found }) }
}

/// What SQLite's own thorough check finds in both files; nothing where they are whole.
pub(super) fn check_all(path: &Path) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for path in [path.to_owned(), beside(path, "-blobs")] {
        let unavailable = |error: OpenError| StoreError::Unavailable { source: error.into() };
        let connection = reader(&path).map_err(unavailable)?;
        let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.extend(lines.iter().filter(|it| *it != "ok").map(|line| format!("{name}: {line}")));
    }
    Ok(found)
}

/// Bytes of both files with their logs, and those that are free beside them.
pub(super) fn sizes(path: &Path) -> Result<Sizes, StoreError> {
    let unavailable = |error: rustix::io::Errno| StoreError::Unavailable {
        source: std::io::Error::from(error).into(),
    };
    let files = [path.to_owned(), beside(path, "-blobs")];
    let files = files.iter().flat_map(|file| ["", "-wal"].map(|suffix| with(file, suffix)));
    let bytes = files.map(|file| std::fs::metadata(file).map_or(0, |file| file.len())).sum();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let disk = rustix::fs::statvfs(folder.unwrap_or(Path::new("."))).map_err(unavailable)?;
    Ok(Sizes { bytes, free_bytes: Some(disk.f_bavail.saturating_mul(disk.f_frsize)) })
}

/// `store.db` and `-wal` give `store.db-wal`.
pub(super) fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A new file that only its owner may read, with the tables of the main file or that for blobs. It is synced by
/// who fills it.
pub(super) fn staging(path: &Path, is_main: bool) -> Result<Connection, OpenError> {
    private(OpenOptions::new().create_new(true).write(true))
        .open(path)
        .map_err(|source| failed(path, source))?;
    let step = |source: rusqlite::Error| failed(path, source);
    let connection = Connection::open(path).map_err(step)?;
    let settings =
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA trusted_schema = OFF;
                    PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -16000;";
    connection.execute_batch(settings).map_err(step)?;
    let migrations: &[&str] = if is_main { &MIGRATIONS } else { &BLOB_MIGRATIONS };
    migrate(&connection, path, migrations)?;
    Ok(connection)
}

/// `store.db` and `-blobs` give `store-blobs.db`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(suffix);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

pub(super) fn failed(
    path: &Path,
    source: impl std::error::Error + Send + Sync + 'static,
) -> OpenError {
    OpenError::Failed { path: text(path), source: Box::new(source) }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
