//! A restore that is broken off leaves what was there, or all of the new: by a killed process, a full disk, a
//! file that ends.

use std::process::Command;

use domain::Decision;
use store::{SqliteStore, Store, StoreError};

use super::{put_blob, restored, write, written};
use crate::cases::{commit, empty, session, version};
use crate::disk::{again, limit_files, reasons, store_path};
use crate::{Folder, open_when_free};

/// Both contents can be told apart by either file: documents `old` and `new`, bodies likewise.
async fn fill(store: &dyn Store, name: &str) {
    let mut writes: Vec<_> = (0..5_000).map(|id| session(&id.to_string(), id)).collect();
    writes.extend(write(name).writes);
    commit(store, name, Decision { writes, ..empty() }).await;
    put_blob(store, name, 200).await;
}

/// Which content is there, by both files.
async fn holds(store: &SqliteStore) -> &'static str {
    let is_there = async |name| {
        let document = version(store, name).await.is_some();
        assert_eq!(document, store.blob(name).await.unwrap().is_some(), "half of {name}");
        document
    };
    let held = (is_there("old").await, is_there("new").await);
    let found = store::check(store).await.unwrap();
    assert_eq!(found.wrong, 0, "{:?}", found.findings);
    match held {
        (true, false) => "old",
        (false, true) => "new",
        both => panic!("{both:?}"),
    }
}

#[test]
fn ops_04_a_process_killed_while_it_restores_leaves_one_content_whole() {
    let test =
        "backup::broken_off::ops_04_a_process_killed_while_it_restores_leaves_one_content_whole";
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let Some(path) = store_path() {
        // In the process that is killed: restores one content over the other, again and again.
        runtime.block_on(async {
            let store = open_when_free(&path).await.unwrap();
            let backups =
                ["old", "new"].map(|name| std::fs::read(path.with_file_name(name)).unwrap());
            std::fs::write(path.with_file_name("begun"), "").unwrap();
            loop {
                for backup in &backups {
                    restored(&store, backup).await.unwrap();
                }
            }
        });
        return;
    }
    let folder = Folder::new("killed");
    runtime.block_on(async {
        for name in ["new", "old"] {
            let made = Folder::new(&format!("killed-{name}"));
            let store = SqliteStore::open(&made.store()).unwrap();
            fill(&store, name).await;
            std::fs::write(folder.0.join(name), written(&store).await).unwrap();
            store.close().await;
        }
        let store = SqliteStore::open(&folder.store()).unwrap();
        fill(&store, "old").await;
        store.close().await;
    });
    for round in 0..12 {
        let _ = std::fs::remove_file(folder.0.join("begun"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(crate::disk::FOLDER, &folder.0)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        cut_at(round, &folder);
        child.kill().unwrap();
        child.wait().unwrap();
        runtime.block_on(async {
            let store = open_when_free(&folder.store()).await.unwrap();
            holds(&store).await;
            store.close().await;
        });
    }
}

/// Waits for the moment of the other process's work at which that round shall end it.
fn cut_at(round: usize, folder: &Folder) {
    let bytes = |name: &str| std::fs::metadata(folder.0.join(name)).map_or(0, |it| it.len());
    let until = |what: &str, met: &dyn Fn() -> bool| {
        databases::eventually(what, || met().then_some(()));
    };
    until("it began", &|| folder.0.join("begun").exists());
    let staged = |least: u64| move || bytes("store-restored-blobs.db") > least;
    match round % 4 {
        0 => {}
        1 => until("some of it is beside the store", &staged(100_000)),
        2 => until("all of it is beside the store", &staged(1_700_000)),
        _ => {
            until("all of it is beside the store", &staged(1_700_000));
            until("it is in place", &|| bytes("store-restored-blobs.db") == 0);
        }
    }
}

#[test]
fn ops_04_a_full_disk_leaves_what_was_there() {
    let test = "backup::broken_off::ops_04_a_full_disk_leaves_what_was_there";
    let Some(path) = store_path() else {
        let folder = Folder::new("restore-full");
        let ignoring = ["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""];
        let output = again(&ignoring, test, &folder).unwrap();
        print!("{}", reasons(&output));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&path).unwrap();
        fill(&store, "new").await;
        let backup = written(&store).await;
        store.close().await;
        drop(store);
        for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        let store = SqliteStore::open(&path).unwrap();
        commit(&store, "old", write("old")).await;
        put_blob(&store, "old", 1).await;
        // The file that is restored from is written before, in the folder for temporary files.
        let taken = tempfile_of(&backup);
        if let Err(why) = limit_files("300000:unlimited") {
            println!("\n{why}");
            return;
        }
        let key = super::sealing(1);
        let refused = store::restore(&store, taken.try_clone().unwrap(), key).await.unwrap_err();
        assert!(
            matches!(
                refused,
                store::BackupError::Store(StoreError::Full | StoreError::Unwritable { .. })
            ),
            "{refused:?}"
        );
        assert_eq!(limit_files("unlimited"), Ok(()));
        assert_eq!(holds(&store).await, "old");
        store::restore(&store, taken, super::sealing(1)).await.unwrap();
        assert_eq!(holds(&store).await, "new");
        store.close().await;
    });
}

fn tempfile_of(bytes: &[u8]) -> std::fs::File {
    use std::io::Write as _;
    let path = std::env::temp_dir().join(format!("jackfield-taken-{}", std::process::id()));
    let mut file =
        std::fs::File::options().create_new(true).read(true).write(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[tokio::test]
async fn ops_04_a_database_keeps_its_content_where_a_file_ends_early() {
    let Some(options) = crate::postgres_only::database("ends_early") else { return };
    let folder = Folder::new("ends-early");
    let from = SqliteStore::open(&folder.store()).unwrap();
    fill(&from, "new").await;
    let bytes = written(&from).await;
    from.close().await;
    let store = store::PostgresStore::open(options).await.unwrap();
    commit(&store, "old", write("old")).await;
    let epoch = store.end_of_log().await.unwrap().epoch;
    // Nobody looked at the file before: the second look notices as well.
    restored(&store, &bytes[..bytes.len() - 700_000]).await.unwrap_err();
    assert_eq!(version(&store, "old").await, Some(1));
    assert_eq!(version(&store, "new").await, None);
    assert_eq!(store.end_of_log().await.unwrap().epoch, epoch);
    restored(&store, &bytes).await.unwrap();
    assert_eq!(version(&store, "new").await, Some(1));
    store.close().await;
}
