//! The keys below `store`: which back end they choose, and where they contradict each other.

use std::path::Path;

use domain::Problems;
use percent_encoding::percent_decode_str;

use super::raw::Raw;
use super::{DatabaseConfig, StoreConfig};

/// What a URL begins with.
const SCHEME: &str = "postgresql://";

/// Keys that PostgreSQL alone has.
const POSTGRESQL_KEYS: [&str; 3] =
    ["store.password_file", "store.authority_file", "store.connections"];

/// The store that was asked for; where keys contradict each other, one of those.
pub(super) fn store(raw: &Raw, state_directory: &Path, problems: &mut Problems) -> StoreConfig {
    let kind = Some(raw.word("store.kind")).filter(|_| raw.is_written("store.kind"));
    let has_url = raw.was_given("store.url");
    let postgresql = kind == Some("postgresql") || has_url;
    if kind == Some("sqlite") && has_url {
        let message = "is for PostgreSQL, and store.kind is \"sqlite\": remove one of the two";
        problems.add("store.url", message);
    }
    if postgresql && !has_url {
        problems.add(
            "store.url",
            format_args!(
                "is missing, and store.kind is \"postgresql\": name the database, such as \
                 \"{SCHEME}jackfield@db.example.com/jackfield\""
            ),
        );
    }
    if postgresql && raw.was_given("store.path") {
        problems.add("store.path", "is SQLite's file, and the store is PostgreSQL: remove it");
    }
    if !postgresql {
        for key in POSTGRESQL_KEYS.into_iter().filter(|key| raw.was_given(key)) {
            let message = "is for PostgreSQL, and the store is SQLite: remove it or give store.url";
            problems.add(key, message);
        }
    }
    if raw.was_given("store.authority_file")
        && raw.database_url("store.url").is_some_and(|url| url.contains("sslmode=disable"))
    {
        let message = "is of no use: store.url says sslmode=disable; remove one of the two";
        problems.add("store.authority_file", message);
    }
    if postgresql {
        return StoreConfig::Postgresql(DatabaseConfig {
            url: raw.database_url("store.url").unwrap_or_default(),
            password_file: raw.path("store.password_file"),
            authority_file: raw.path("store.authority_file"),
            connections: usize::try_from(raw.number("store.connections")).unwrap_or(usize::MAX),
        });
    }
    let path = raw.path("store.path");
    StoreConfig::Sqlite { path: path.unwrap_or_else(|| state_directory.join("jackfield.db")) }
}

/// Whether that is the URL of a PostgreSQL database without a password. No message repeats it.
pub(super) fn checked_url(url: &str) -> Result<(), String> {
    let Some(rest) = url.strip_prefix(SCHEME) else {
        return Err(format!(
            "must begin with {SCHEME:?}, such as \"{SCHEME}jackfield@db.example.com/jackfield\""
        ));
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let names = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    let decoded = names.map(|name| percent_decode_str(name).decode_utf8_lossy().to_lowercase());
    let mut names: Vec<_> = decoded.collect();
    // What stands before the last @ is the user, with a password behind a colon.
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    if user.contains(':') || names.iter().any(|name| name == "password") {
        return Err(
            "must hold no password: write it into a file and name that in store.password_file"
                .to_owned(),
        );
    }
    if user.is_empty() && !names.iter().any(|name| name == "user") {
        return Err("must name the user before the host and an @".to_owned());
    }
    names.retain(|name| name == "dbname");
    if database.is_empty() && names.is_empty() {
        return Err("must name a database behind the host and a slash".to_owned());
    }
    Ok(())
}
