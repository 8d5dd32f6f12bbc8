//! Backups: written from one sort of store and restored into any, while work goes on; wrong files; what a
//! failure leaves.

mod archives;
mod broken_off;
mod checked;
mod proofs;

use std::io::{Seek, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::mail::{MailOut, OpenMail};
use domain::{Ask, Decision, Document, InputId, Key, Timestamp, Write, WriteBody};
use proptest::prelude::*;
use store::{
    BackupError, BackupInside, BackupKey, BackupOrigin, BlobHead, Commit, Committed, Load, LogPage,
    PostgresStore, SealingBackupKey, SqliteStore, Store, StoreError, backup, inspect, restore,
};

use crate::cases::{NOW, commit, empty, key, put, session, version};
use crate::model::{Work, any_work, picture, play};
use crate::{Folder, open_when_free};

pub(crate) fn sealing(byte: u8) -> BackupKey {
    BackupKey::Sealing(vec![SealingBackupKey { key: [byte; 32].into(), id: format!("id{byte}") }])
}

pub(crate) async fn written(store: &dyn Store) -> Vec<u8> {
    let (out, mut parts) = tokio::sync::mpsc::channel(2);
    let epoch = store.end_of_log().await.unwrap().epoch;
    let origin = BackupOrigin::new("1.2.3", "gw.example", "sqlite", epoch, NOW);
    let writing = backup(store, sealing(1), origin, out);
    let taking = async {
        let mut bytes = Vec::new();
        while let Some(part) = parts.recv().await {
            bytes.extend(part);
        }
        bytes
    };
    let (written, bytes) = tokio::join!(writing, taking);
    assert_eq!(written.unwrap().bytes, bytes.len() as u64);
    bytes
}

pub(crate) fn inside(bytes: &[u8]) -> Result<BackupInside, BackupError> {
    inspect(bytes, &sealing(1), &mut |_| ())
}

pub(crate) async fn restored(store: &dyn Store, bytes: &[u8]) -> Result<u64, BackupError> {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("jackfield-{}-{number}", std::process::id()));
    let mut file =
        std::fs::File::options().create_new(true).read(true).write(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    restore(store, file, sealing(1)).await
}

fn write(id: &str) -> Decision {
    Decision { writes: vec![put(id, true)], ..empty() }
}

async fn put_blob(store: &dyn Store, id: &str, pieces: u32) {
    let digest = ring::digest::digest(&ring::digest::SHA256, &vec![7; 9_000 * pieces as usize]);
    let digest = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    for number in 0..pieces {
        store.put_piece(id, number, vec![7; 9_000]).await.unwrap();
    }
    let bytes = u64::from(pieces) * 9_000;
    let head = BlobHead { id: id.into(), bytes, pieces, digest, at: NOW };
    store.finish_blob(head).await.unwrap();
}

#[tokio::test]
async fn ops_04_a_backup_is_restored_into_a_store_in_use() {
    let folder = Folder::new("restored");
    let store = SqliteStore::open(&folder.store()).unwrap();
    ops_04_restores(&store).await;
    store.close().await;
    drop(store);
    // It is all there, and nothing else, once it is opened anew.
    let store = open_when_free(&folder.store()).await.unwrap();
    assert_eq!(version(&store, "a").await, Some(1));
    assert_eq!(store.piece("kept", 2).await.unwrap(), Some(vec![7; 9_000]));
    let names: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|it| it.unwrap()).collect();
    let left = names.iter().any(|it| it.file_name().to_string_lossy().contains("restored"));
    assert!(!left, "{names:?}");
    store.close().await;
}

#[tokio::test]
async fn ops_04_a_backup_is_restored_into_a_database_in_use() {
    let Some(options) = crate::postgres_only::database("restored") else { return };
    let store = PostgresStore::open(options).await.unwrap();
    ops_04_restores(&store).await;
    store.close().await;
}

async fn ops_04_restores(store: &dyn Store) {
    let lasting = Duration::from_secs(3600);
    let sessions = (0..1_200).map(|id| session(&id.to_string(), id));
    commit(store, "0", Decision { writes: sessions.collect(), ..empty() }).await;
    let promise = domain::Effect { topic: "t".into(), payload: "1".into(), owed: None };
    commit(store, "1", Decision { effects: vec![promise], ..write("a") }).await;
    put_blob(store, "kept", 3).await;
    let bytes = written(store).await;
    let found = inside(&bytes).unwrap();
    assert_eq!(found.inspection.rows["document"], 1_201);
    assert_eq!(found.inspection.rows["piece"], 3);
    assert_eq!((found.inspection.wrong, found.inspection.of_newer), (0, 0));
    assert_eq!(found.origin.node, "gw.example");

    // What comes afterwards is gone with the restore, and so is what was thought of it.
    commit(store, "2", Decision { writes: vec![put("a", false), put("b", true)], ..empty() }).await;
    put_blob(store, "late", 2).await;
    store.delete_blob("kept").await.unwrap();
    let before = store.end_of_log().await.unwrap();
    let lease = store.acquire_lease("poll", "a", NOW, lasting).await.unwrap().unwrap();
    let beat = store::Beat { node: "n".into(), run: 1, first: true, status: "{}".into() };
    store.beat(beat.clone(), NOW).await.unwrap();
    let mut woken = store.wake_up();
    woken.mark_unchanged();
    let epoch = restored(store, &bytes).await.unwrap();
    assert!(epoch > before.epoch);
    assert_eq!(store.end_of_log().await.unwrap().epoch, epoch);
    assert_eq!((version(store, "a").await, version(store, "b").await), (Some(1), None));
    assert_eq!(store.blob("late").await.unwrap(), None);
    assert_eq!(store.piece("kept", 2).await.unwrap(), Some(vec![7; 9_000]));
    assert_eq!(store.promises("t", 0, 9).await.unwrap().len(), 1);
    let changed = tokio::time::timeout(Duration::from_secs(60), woken.changed());
    changed.await.unwrap().unwrap();
    assert!(matches!(store.read_log(before, 9).await.unwrap(), LogPage::Restarted(_)));
    // What was decided before does not count, and no lease of before does.
    let stale = Commit {
        input: InputId::new("test", "3"),
        at: NOW,
        epoch: Some(before.epoch),
        decision: write("c"),
    };
    assert_eq!(store.commit(stale).await.unwrap(), Committed::Conflict);
    let refused = store.close_promises(vec!["test:1/0".into()], &lease).await.unwrap_err();
    assert!(matches!(refused, StoreError::LeaseLost), "{refused:?}");
    // Signs of life stay: the nodes are there.
    let beats = store.beat(store::Beat { first: false, ..beat }, NOW).await.unwrap();
    assert_eq!(beats.nodes.len(), 1);
    // A repeat of what the backup knows is recognised, work goes on, and all fits.
    assert!(matches!(commit(store, "1", write("a")).await, Committed::Known(_)));
    assert!(matches!(commit(store, "4", write("b")).await, Committed::Done { .. }));
    let again = restored(store, &bytes).await.unwrap();
    assert!(again > epoch);
    let checked = store::check(store).await.unwrap();
    assert_eq!((checked.wrong, checked.of_newer), (0, 0), "{:?}", checked.findings);
}

#[tokio::test]
async fn ops_04_a_backup_taken_while_commits_go_on_is_of_one_moment() {
    let folder = Folder::new("moment");
    let store = std::sync::Arc::new(SqliteStore::open(&folder.store()).unwrap());
    let filler = (0..3_000).map(|id| session(&id.to_string(), id));
    commit(&*store, "0", Decision { writes: filler.collect(), ..empty() }).await;
    let going_on = std::sync::Arc::clone(&store);
    let writer = tokio::spawn(async move {
        for number in 1_u64.. {
            // The two are always changed together.
            let writes = vec![put("a", true), put("z", true)];
            commit(&*going_on, &number.to_string(), Decision { writes, ..empty() }).await;
        }
    });
    for round in 0..5 {
        let bytes = written(&*store).await;
        let other = Folder::new(&format!("moment-{round}"));
        let target = SqliteStore::open(&other.store()).unwrap();
        restored(&target, &bytes).await.unwrap();
        assert_eq!(version(&target, "a").await, version(&target, "z").await);
        assert_eq!(store::check(&target).await.unwrap().wrong, 0);
        target.close().await;
    }
    writer.abort();
    let _ = writer.await;
    store.close().await;
}

/// Everything a store holds goes through a backup into another one.
async fn through(from: &dyn Store, to: &dyn Store) {
    let bytes = written(from).await;
    assert_eq!(inside(&bytes).unwrap().inspection.of_newer, 0);
    restored(to, &bytes).await.unwrap();
    // Every epoch is another, and nothing else is.
    let (ours, theirs) = (from.end_of_log().await.unwrap(), to.end_of_log().await.unwrap());
    for _ in ours.epoch..theirs.epoch {
        from.raise_epoch().await.unwrap();
    }
    assert_eq!(picture(to).await, picture(from).await);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn ops_04_a_backup_goes_from_any_sort_of_store_into_any(
        all in prop::collection::vec(any_work(), 1..40),
        before in prop::collection::vec(any_work(), 0..20),
    ) {
        static DATABASES: AtomicUsize = AtomicUsize::new(0);
        let name = format!("backup_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (first, second) = (Folder::new(&name), Folder::new(&format!("{name}-2")));
        let database = crate::postgres_only::database(&name);
        runtime.block_on(async {
            let from = open_when_free(&first.store()).await.unwrap();
            let to = open_when_free(&second.store()).await.unwrap();
            for work in all.iter().filter(|work| !matches!(work, Work::Reopen)) {
                play(&from, work).await;
            }
            for work in before.iter().filter(|work| !matches!(work, Work::Reopen)) {
                play(&to, work).await;
            }
            through(&from, &to).await;
            if let Some(options) = database {
                let postgres = PostgresStore::open(options).await.unwrap();
                for work in before.iter().filter(|work| !matches!(work, Work::Reopen)) {
                    play(&postgres, work).await;
                }
                through(&from, &postgres).await;
                through(&postgres, &to).await;
                postgres.close().await;
            }
            from.close().await;
            to.close().await;
        });
    }
}

/// A document as it stands in a file that nobody uses.
pub(crate) fn schema_set(path: &Path, schema: u32) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute("UPDATE document SET schema = ?1", [schema]).unwrap();
}

#[tokio::test]
async fn ops_04_mails_in_an_index_of_a_program_before_are_no_damage() {
    let folder = Folder::new("former");
    let mail: MailOut = serde_json::from_value(serde_json::json!({
        "id": "00000000000000000000000000000001", "contact": "00000000000000000000000000000002",
        "csq": "support", "message_id": "1@x.test", "at": 1_000_000_000_000_u64,
        "what": "acknowledgement", "to": {"address": "ada@customer.test", "name": ""},
        "state": {"state": "queued"}, "tries": 0, "next_try_at": 2_000_000_000_000_u64,
    }))
    .unwrap();
    let value = OpenMail::former_value(&mail);
    let damaged = "00000000000000000007";
    for (value, wrong) in [(None, 0), (Some(value.as_str()), 0), (Some(damaged), 2)] {
        let store = open_when_free(&folder.store()).await.unwrap();
        let body = WriteBody::Put(Document::MailOut(Box::new(mail.clone())));
        let writes = vec![Write { key: Key::mail_out(mail.id), body }];
        let decision = Decision { writes, ..empty() };
        commit(&store, &format!("{value:?}"), decision).await;
        store.close().await;
        drop(store);
        if let Some(value) = value {
            let connection = rusqlite::Connection::open(folder.store()).unwrap();
            connection.execute("UPDATE index_entry SET value = ?1", [value]).unwrap();
        }
        let store = open_when_free(&folder.store()).await.unwrap();
        let found = inside(&written(&store).await).unwrap();
        assert_eq!(found.inspection.wrong, wrong, "{value:?}");
        store.close().await;
    }
}

#[tokio::test]
async fn ops_13_how_large_a_store_is_is_told() {
    let folder = Folder::new("sizes");
    let store = SqliteStore::open(&folder.store()).unwrap();
    let before = store.sizes().await.unwrap();
    put_blob(&store, "m", 50).await;
    let after = store.sizes().await.unwrap();
    assert!(after.bytes >= before.bytes + 450_000, "{before:?} {after:?}");
    assert!(after.free_bytes.is_some_and(|free| free > 0));
    store.close().await;
    let Some(options) = crate::postgres_only::database("sizes") else { return };
    let store = PostgresStore::open(options).await.unwrap();
    assert!(store.sizes().await.unwrap().bytes > 1_000_000);
    store.close().await;
}

#[tokio::test]
async fn what_is_only_in_memory_is_not_backed_up() {
    let store = store::MemoryStore::new();
    let (out, _parts) = tokio::sync::mpsc::channel(9);
    let origin = BackupOrigin::new("1", "n", "memory", 1, Timestamp::default());
    let refused = backup(&store, sealing(1), origin, out).await.unwrap_err();
    assert!(matches!(refused, BackupError::Store(StoreError::Unavailable { .. })), "{refused:?}");
    let load = Load { asks: vec![Ask::Document(key("a"))], input: None };
    assert!(store.load(load).await.unwrap().documents[0].1.is_none());
    assert!(matches!(put("a", true).body, WriteBody::Put(Document::Node(_))));
}
