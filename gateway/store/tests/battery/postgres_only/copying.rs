//! A store that moves from SQLite to PostgreSQL.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{Decision, Event};
use proptest::prelude::*;
use store::{
    BlobHead, Copied, CopyError, CopyMode, Cursor, LogPage, PostgresStore, SqliteStore, Store, copy,
};

use super::{database, open, session, write};
use crate::cases::{NOW, commit, empty, key, version};
use crate::model::{Work, any_work, picture, play};
use crate::{Folder, open_when_free};

async fn copied(from: &SqliteStore, to: &PostgresStore) -> Result<Vec<Copied>, CopyError> {
    let mut told = Vec::new();
    let counts = copy(from, to, CopyMode::Keep, &mut |so_far| told.push(so_far.clone())).await?;
    for count in &counts {
        let last = told.iter().rfind(|so_far| so_far.table == count.table);
        assert_eq!(last, Some(count));
    }
    Ok(counts)
}

#[tokio::test]
async fn a_store_moves_to_postgresql_with_all_it_holds() {
    let Some(options) = database("moved") else { return };
    let folder = Folder::new("moved");
    let from = SqliteStore::open(&folder.store()).unwrap();
    let sessions = (0..1_200).map(|id| crate::cases::session(&id.to_string(), id));
    commit(&from, "1", Decision { writes: sessions.collect(), ..write("a") }).await;
    for piece in 0..20 {
        from.put_piece("m", piece, vec![7; 100_000]).await.unwrap();
    }
    let digest = "d".to_owned();
    let head = BlobHead { id: "m".into(), bytes: 2_000_000, pieces: 20, digest, at: NOW };
    from.finish_blob(head).await.unwrap();
    from.raise_epoch().await.unwrap();
    let lasting = std::time::Duration::from_secs(3600);
    from.acquire_lease("poll", "a", NOW, lasting).await.unwrap();
    let end = from.end_of_log().await.unwrap();
    let to = open(&options).await;
    let counts = copied(&from, &to).await.unwrap();
    let count = |table| counts.iter().find(|count| count.table == table).unwrap().rows;
    assert_eq!((count("document"), count("index_entry")), (1_200, 1_200));
    assert_eq!((count("piece"), count("blob"), count("wake")), (20, 1, 0));
    assert_eq!(to.piece("m", 19).await.unwrap(), Some(vec![7; 100_000]));
    // The same lines under the same numbers, in an epoch that neither has had; no lease is held.
    let now = to.end_of_log().await.unwrap();
    assert_eq!(now, Cursor { epoch: end.epoch + 1, ..end });
    assert!(to.acquire_lease("poll", "b", NOW, lasting).await.unwrap().is_some());
    commit(&to, "2", Decision { events: vec![Event::new("new", key("a"))], ..empty() }).await;
    let LogPage::Lines(lines) = to.read_log(now, 9).await.unwrap() else { panic!("restarted") };
    assert_eq!(lines[0].event.name, "new");
    from.close().await;
    to.close().await;
}

#[tokio::test]
async fn a_store_moves_only_into_an_empty_database() {
    let Some(options) = database("not_empty") else { return };
    let folder = Folder::new("not-empty");
    let from = SqliteStore::open(&folder.store()).unwrap();
    commit(&from, "1", write("a")).await;
    let to = open(&options).await;
    let beat = store::Beat { node: "a".into(), run: 1, first: true, status: "{}".into() };
    to.beat(beat, NOW).await.unwrap();
    let refused = copied(&from, &to).await.unwrap_err();
    assert!(matches!(&refused, CopyError::NotEmpty { table } if table == "node"), "{refused:?}");
    session(&options.url).await.batch_execute("DELETE FROM node").await.unwrap();
    assert_eq!(version(&to, "a").await, None);
    copied(&from, &to).await.unwrap();
    assert_eq!(version(&to, "a").await, Some(1));
    let refused = copied(&from, &to).await.unwrap_err();
    assert!(matches!(refused, CopyError::NotEmpty { .. }), "{refused:?}");
    from.close().await;
    to.close().await;
}

#[tokio::test]
async fn a_copy_that_is_rehearsed_counts_all_and_leaves_nothing() {
    let Some(options) = database("rehearsed") else { return };
    let folder = Folder::new("rehearsed");
    let from = SqliteStore::open(&folder.store()).unwrap();
    commit(&from, "1", write("a")).await;
    let to = open(&options).await;
    let rehearsed = copy(&from, &to, CopyMode::Rehearse, &mut |_| ()).await.unwrap();
    assert!(rehearsed.iter().any(|count| count.table == "document" && count.rows == 1));
    assert_eq!(version(&to, "a").await, None);
    assert_eq!(copied(&from, &to).await.unwrap(), rehearsed);
    let refused = copy(&from, &to, CopyMode::Rehearse, &mut |_| ()).await.unwrap_err();
    assert!(matches!(refused, CopyError::NotEmpty { .. }), "{refused:?}");
    from.close().await;
    to.close().await;
}

#[tokio::test]
async fn a_copy_that_fails_leaves_nothing() {
    let Some(options) = database("failing_copy") else { return };
    let folder = Folder::new("failing-copy");
    let from = SqliteStore::open(&folder.store()).unwrap();
    commit(&from, "1", write("a")).await;
    let to = open(&options).await;
    let mending = session(&options.url).await;
    mending.batch_execute("ALTER TABLE log ADD CONSTRAINT no CHECK (false)").await.unwrap();
    let refused = copied(&from, &to).await.unwrap_err();
    assert!(matches!(refused, CopyError::Store(_)), "{refused:?}");
    assert_eq!(version(&to, "a").await, None);
    mending.batch_execute("ALTER TABLE log DROP CONSTRAINT no").await.unwrap();
    copied(&from, &to).await.unwrap();
    assert_eq!(version(&to, "a").await, Some(1));
    // A source that cannot be read says so itself.
    from.close().await;
    let refused = copied(&from, &to).await.unwrap_err();
    assert!(!matches!(refused, CopyError::Counts { .. }), "{refused:?}");
    to.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn a_copy_holds_what_the_store_held(all in prop::collection::vec(any_work(), 1..40)) {
        static DATABASES: AtomicUsize = AtomicUsize::new(0);
        let name = format!("copied_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let Some(options) = database(&name) else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = Folder::new(&name);
        runtime.block_on(async {
            let from = open_when_free(&folder.store()).await.unwrap();
            for work in all.iter().filter(|work| !matches!(work, Work::Reopen)) {
                play(&from, work).await;
            }
            let to = open(&options).await;
            copied(&from, &to).await.unwrap();
            // Every epoch is another, and nothing else is.
            from.raise_epoch().await.unwrap();
            assert_eq!(picture(&to).await, picture(&from).await);
            from.close().await;
            to.close().await;
        });
    }
}
