//! What holds for SQLite files alone: reopening, damage, newer programs. Disks that cannot be
//! written are in `disk`.

use domain::{Ask, Decision, InputId};
use rusqlite::Connection;
use store::{
    BlobHead, Commit, Committed, Cursor, Indexed, Load, LogPage, OpenError, SqliteStore, Store,
    StoreError,
};

use crate::cases::{NOW, commit, empty, key, put, session, version};
use crate::{Folder, open_when_free};

fn write(id: &str) -> Decision {
    Decision { writes: vec![put(id, true)], ..empty() }
}

#[tokio::test]
async fn ops_04_what_was_committed_is_there_after_reopening() {
    let folder = Folder::new("reopen");
    let store = SqliteStore::open(&folder.store()).unwrap();
    commit(&store, "1", write("a")).await;
    let end = store.end_of_log().await.unwrap();
    store.close().await;
    drop(store);
    let store = open_when_free(&folder.store()).await.unwrap();
    assert_eq!(version(&store, "a").await, Some(1));
    assert_eq!(store.end_of_log().await.unwrap(), end);
    assert!(matches!(commit(&store, "1", write("a")).await, Committed::Known(_)));
    store.close().await;
}

#[tokio::test]
async fn the_writer_answers_as_long_as_it_is_at_work() {
    let folder = Folder::new("answer");
    let store = SqliteStore::open(&folder.store()).unwrap();
    assert!(store.answer().await.is_ok());
    store.close().await;
    assert!(matches!(store.answer().await, Err(StoreError::Closed)));
}

#[tokio::test]
async fn a_store_dropped_without_closing_is_checked_and_whole() {
    let folder = Folder::new("unclean");
    let store = SqliteStore::open(&folder.store()).unwrap();
    commit(&store, "1", write("a")).await;
    drop(store);
    let store = open_when_free(&folder.store()).await.unwrap();
    assert_eq!(version(&store, "a").await, Some(1));
    store.close().await;
}

#[tokio::test]
async fn a_second_process_is_kept_out() {
    let folder = Folder::new("second");
    let store = SqliteStore::open(&folder.store()).unwrap();
    assert!(matches!(SqliteStore::open(&folder.store()), Err(OpenError::InUse { .. })));
    store.close().await;
}

#[tokio::test]
async fn ops_04_a_newer_schema_is_refused_clearly() {
    let folder = Folder::new("newer");
    SqliteStore::open(&folder.store()).unwrap().close().await;
    let connection = Connection::open(folder.store()).unwrap();
    connection.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(connection);
    let error = open_when_free(&folder.store()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, known: 2, .. }));
    assert!(error.to_string().contains("install the newer program"));
}

#[tokio::test]
async fn a_newer_document_is_neither_read_nor_changed() {
    let folder = Folder::new("newer-document");
    let store = SqliteStore::open(&folder.store()).unwrap();
    commit(&store, "1", write("a")).await;
    store.close().await;
    drop(store);
    let connection = Connection::open(folder.store()).unwrap();
    connection.execute_batch("UPDATE document SET schema = 7").unwrap();
    drop(connection);
    let store = open_when_free(&folder.store()).await.unwrap();
    let load = Load { asks: vec![Ask::Document(key("a"))], input: None };
    let refused = store.load(load).await.unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 7, known: 1, .. }));
    for body in [put("a", false).body, domain::WriteBody::Delete] {
        let writes = vec![put("b", true), domain::Write { key: key("a"), body }];
        let input = InputId::new("test", "2");
        let at = domain::Timestamp::default();
        let decision = Decision { writes, ..empty() };
        let refused = store.commit(Commit { input, at, epoch: None, decision }).await.unwrap_err();
        assert!(matches!(refused, StoreError::Newer { .. }));
    }
    assert_eq!(version(&store, "b").await, None);
    store.close().await;
}

#[tokio::test]
async fn rows_that_a_newer_program_wrote_hold_up_no_others() {
    let folder = Folder::new("newer-rows");
    let store = SqliteStore::open(&folder.store()).unwrap();
    let from_newer = Connection::open(folder.store()).unwrap();
    from_newer
        .execute_batch(
            r#"INSERT INTO wake VALUES ('w', 1, 'kind_of_tomorrow', 'c', 1);
               INSERT INTO log (at, event) VALUES
                   (1, '{"name":"n","subject":{"kind":"kind_of_tomorrow","id":"c"},"details":{}}');
               INSERT INTO outbox (id, topic, payload, at, kind, subject, generation, deadline)
                   VALUES ('p', 't', '{}', 1, 'kind_of_tomorrow', 'c', 1, 1);
               INSERT INTO index_entry VALUES ('session_by_number', '0', 'kind_of_tomorrow', 'c');"#,
        )
        .unwrap();
    let wake = domain::Wake { id: "a".into(), due_at: NOW, subject: key("a"), generation: 1 };
    let agent: domain::AgentKey = "owned:1001".parse().unwrap();
    let ours = Decision {
        writes: vec![session("1001", 5)],
        events: vec![domain::Event::new("ours", key("a"))],
        effects: vec![domain::Effect { topic: "t".into(), payload: "1".into(), owed: None }],
        wakes: vec![domain::WakeChange::Set(wake.clone())],
        ..empty()
    };
    commit(&store, "1", ours).await;
    assert_eq!(store.due_wakes(NOW, 1).await.unwrap().due, [wake]);
    assert_eq!(store.promises("t", 0, 1).await.unwrap()[0].effect.payload, "1");
    let start = Cursor { epoch: 1, number: 0 };
    let LogPage::Lines(lines) = store.read_log(start, 1).await.unwrap() else {
        panic!("restarted")
    };
    assert_eq!(lines[0].event.name, "ours");
    let (index, from, to) = (domain::Index::SessionByNumber, String::new(), "~".to_owned());
    let range = domain::IndexRange { index, from, to, limit: 1 };
    let load = Load { asks: vec![Ask::Range(range)], input: None };
    let (key, value) = (domain::Key::session(&agent), domain::SessionNumber(5).to_string());
    assert_eq!(store.load(load).await.unwrap().ranges[0].1, [Indexed { value, key }]);
    store.close().await;
}

#[tokio::test]
async fn a_damaged_file_is_told_with_what_to_do() {
    let folder = Folder::new("damaged");
    std::fs::write(folder.store(), vec![7; 8192]).unwrap();
    let error = SqliteStore::open(&folder.store()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("restore a backup"));
}

#[tokio::test]
async fn pieces_that_were_not_finished_go_at_the_next_start() {
    let folder = Folder::new("unfinished");
    let store = SqliteStore::open(&folder.store()).unwrap();
    store.put_piece("kept", 0, vec![1]).await.unwrap();
    let (id, digest) = ("kept".to_owned(), "d".to_owned());
    store.finish_blob(BlobHead { id, bytes: 1, pieces: 1, digest, at: NOW }).await.unwrap();
    store.put_piece("left", 0, vec![1]).await.unwrap();
    store.close().await;
    drop(store);
    let store = open_when_free(&folder.store()).await.unwrap();
    assert_eq!(store.piece("kept", 0).await.unwrap(), Some(vec![1]));
    store.close().await;
    let connection = Connection::open(folder.0.join("store-blobs.db")).unwrap();
    let count = connection.query_row("SELECT count(*) FROM piece", [], |row| row.get(0));
    assert_eq!(count, Ok(1));
}

#[tokio::test]
async fn damaged_blobs_are_found_after_an_unclean_stop() {
    let folder = Folder::new("damaged-blobs");
    let store = SqliteStore::open(&folder.store()).unwrap();
    for number in 0..9 {
        store.put_piece("m", number, vec![1; 9_000]).await.unwrap();
    }
    let (id, digest) = ("m".to_owned(), "d".to_owned());
    store.finish_blob(BlobHead { id, bytes: 81_000, pieces: 9, digest, at: NOW }).await.unwrap();
    drop(store);
    drop(open_when_free(&folder.store()).await.unwrap());
    let path = folder.0.join("store-blobs.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(connection);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4_096..].fill(7);
    std::fs::write(&path, bytes).unwrap();
    let error = open_when_free(&folder.store()).await.unwrap_err();
    assert!(
        matches!(&error, OpenError::Damaged { path, .. } if path.contains("blobs")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told_by_its_path() {
    let folder = Folder::new("missing");
    let error = SqliteStore::open(&folder.0.join("no/store.db")).unwrap_err();
    assert!(error.to_string().contains("no/store"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn ops_05_the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("private");
    let store = SqliteStore::open(&folder.store()).unwrap();
    commit(&store, "1", write("a")).await;
    for entry in std::fs::read_dir(&folder.0).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
    }
    store.close().await;
}

#[tokio::test]
async fn many_commits_share_one_durable_transaction() {
    let folder = Folder::new("grouped");
    let store = std::sync::Arc::new(SqliteStore::open(&folder.store()).unwrap());
    let tasks: Vec<_> = (0..200)
        .map(|caller| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move {
                let id = caller.to_string();
                commit(&*store, &id, write(&id)).await
            })
        })
        .collect();
    for task in tasks {
        assert!(matches!(task.await.unwrap(), Committed::Done { .. }));
    }
    let statistics = store.statistics();
    assert_eq!(statistics.commits, 200);
    assert!(statistics.transactions < 200, "{statistics:?}");
    assert_eq!(statistics.batches.iter().sum::<u64>(), statistics.transactions);
    assert_eq!(statistics.batched, 200);
    store.close().await;
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = Folder::new("closed");
    let store = SqliteStore::open(&folder.store()).unwrap();
    store.close().await;
    assert!(matches!(store.end_of_log().await, Err(StoreError::Closed)));
}
