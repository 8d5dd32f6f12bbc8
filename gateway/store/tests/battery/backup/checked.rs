//! A check finds what does not fit, whatever put it there.

use domain::{Decision, Wake, WakeChange};
use rusqlite::Connection;
use store::{Inspection, PostgresStore, Severity, SqliteStore, Store, check};

use super::put_blob;
use crate::cases::{NOW, commit, empty, key, put, session};
use crate::{Folder, open_when_free};

/// Statements that break one thing each, with what is told of it.
const BREAKS: [(&str, &str); 8] = [
    ("DELETE FROM index_entry WHERE kind = 'session'", "is missing in the index session_by_number"),
    (
        "UPDATE index_entry SET value = 'zzz' WHERE kind = 'session'",
        "stands in the index session_by_number where it should not",
    ),
    ("UPDATE document SET body = '{' WHERE kind = 'node'", "node/a: a node document is damaged"),
    ("DELETE FROM document WHERE kind = 'node'", "is about node/a, which is not there"),
    ("UPDATE log SET event = 'x'", "of the log cannot be read"),
    ("DELETE FROM piece WHERE number = 1", "has 2 pieces with 18000 bytes instead of 3"),
    ("UPDATE blob SET digest = 'x'", "its digest is another one"),
    ("DELETE FROM piece", "has no pieces, 3 are missing"),
];

async fn fill(store: &dyn Store) {
    let wake = Wake { id: "w".into(), due_at: NOW, subject: key("a"), generation: 1 };
    let writes = vec![put("a", true), session("1001", 5)];
    let events = vec![domain::Event::new("x", key("a"))];
    let wakes = vec![WakeChange::Set(wake)];
    commit(store, "1", Decision { writes, events, wakes, ..empty() }).await;
    put_blob(store, "m", 3).await;
}

#[track_caller]
fn told(found: &Inspection, wanted: &str) {
    assert!(found.wrong > 0, "{wanted}");
    let told =
        found.findings.iter().any(|it| it.severity == Severity::Wrong && it.what.contains(wanted));
    assert!(told, "{wanted}: {:?}", found.findings);
}

#[tokio::test]
async fn ops_04_a_check_finds_what_does_not_fit_in_files() {
    for (number, (statement, wanted)) in BREAKS.iter().enumerate() {
        let folder = Folder::new(&format!("checked-{number}"));
        let store = SqliteStore::open(&folder.store()).unwrap();
        fill(&store).await;
        let found = check(&store).await.unwrap();
        assert_eq!((found.wrong, found.of_newer), (0, 0), "{:?}", found.findings);
        let is_blob = statement.contains("piece") || statement.contains("blob");
        let file = if is_blob { folder.0.join("store-blobs.db") } else { folder.store() };
        // A node that runs does not notice by itself.
        Connection::open(file).unwrap().execute_batch(statement).unwrap();
        told(&check(&store).await.unwrap(), wanted);
        store.close().await;
    }
}

#[tokio::test]
async fn ops_04_a_check_finds_what_does_not_fit_in_a_database() {
    for (number, (statement, wanted)) in BREAKS.iter().enumerate() {
        let name = format!("checked_{number}");
        let Some(options) = crate::postgres_only::database(&name) else { return };
        let store = PostgresStore::open(options.clone()).await.unwrap();
        fill(&store).await;
        assert_eq!(check(&store).await.unwrap().wrong, 0);
        let session = crate::postgres_only::session(&options.url).await;
        session.batch_execute(statement).await.unwrap();
        told(&check(&store).await.unwrap(), wanted);
        store.close().await;
    }
}

#[tokio::test]
async fn rows_of_a_newer_program_are_told_as_such_and_are_not_wrong() {
    let folder = Folder::new("checked-newer");
    let store = SqliteStore::open(&folder.store()).unwrap();
    fill(&store).await;
    Connection::open(folder.store())
        .unwrap()
        .execute_batch(
            "INSERT INTO document VALUES ('kind_of_tomorrow', 'c', 1, 1, '{}');
             INSERT INTO index_entry VALUES ('tomorrow_by_x', '0', 'kind_of_tomorrow', 'c');
             INSERT INTO wake VALUES ('v', 1, 'kind_of_tomorrow', 'c', 1);
             INSERT INTO log (at, event) VALUES (1, '{\"new\": true}');",
        )
        .unwrap();
    let found = check(&store).await.unwrap();
    assert_eq!((found.wrong, found.of_newer), (0, 4), "{:?}", found.findings);
    store.close().await;
}

#[tokio::test]
async fn ops_04_a_check_finds_pages_that_were_written_over() {
    let folder = Folder::new("checked-pages");
    let store = SqliteStore::open(&folder.store()).unwrap();
    let sessions = (0..3_000).map(|id| session(&id.to_string(), id));
    commit(&store, "1", Decision { writes: sessions.collect(), ..empty() }).await;
    store.close().await;
    drop(store);
    Connection::open(folder.store())
        .unwrap()
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let mut bytes = std::fs::read(folder.store()).unwrap();
    let end = bytes.len();
    bytes[end - 8_192..end - 4_096].fill(7);
    std::fs::write(folder.store(), bytes).unwrap();
    let store = open_when_free(&folder.store()).await.unwrap();
    match check(&store).await {
        Ok(found) => told(&found, "store.db: "),
        // Or the reading itself fails at that page.
        Err(error) => assert!(matches!(error, store::StoreError::Damaged { .. }), "{error:?}"),
    }
    store.close().await;
}
