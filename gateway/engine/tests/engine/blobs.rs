//! Bodies that several keep at once, on each kind of store.

use std::sync::Arc;

use engine::testing::{ManualClock, engine_at};
use store::{MemoryStore, PostgresOptions, PostgresStore, SqliteStore, Store};

use crate::START;

/// Of two bodies under one id the one that is kept is whole, and the other is refused.
async fn check(store: Arc<dyn Store>) {
    let engine = engine_at("gw-a.example", store, Arc::new(ManualClock::new(START)), 1).await;
    let (one, other) = (vec![1; 600_000], vec![2; 600_000]);
    for number in 0..10 {
        let id = format!("mail/{number}");
        let (first, second) =
            tokio::join!(engine.put_blob(&id, &one), engine.put_blob(&id, &other));
        assert_eq!((first.is_ok(), second.is_ok()), (true, false), "{number}");
        let kept = engine.blob(&id).await;
        assert!(kept.is_ok_and(|kept| kept.as_ref() == Some(&one)), "{number} is neither");
    }
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_01_two_bodies_under_one_id_are_never_mixed() {
    check(Arc::new(MemoryStore::new())).await;
    let folder = std::env::temp_dir().join(format!("jackfield-bodies-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    check(Arc::new(SqliteStore::open(&folder.join("store.db")).unwrap())).await;
    std::fs::remove_dir_all(&folder).unwrap();
    let Some(server) = databases::shared() else { return };
    let options = PostgresOptions::new(server.database("two_bodies"));
    check(Arc::new(PostgresStore::open(options).await.unwrap())).await;
}
