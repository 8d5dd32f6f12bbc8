//! Servers that go away and come back.

use databases::{Server, Stop};
use domain::InputId;
use store::{Commit, Committed, PostgresStore, Store, StoreError};

use super::{open, options, until, woken, write};
use crate::cases::{NOW, commit, version};

async fn try_commit(store: &PostgresStore, input: &str) -> Result<Committed, StoreError> {
    let input = InputId::new("test", input);
    store.commit(Commit { input, at: NOW, epoch: None, decision: write("a") }).await
}

#[tokio::test]
async fn a_server_that_dies_and_comes_back_is_used_again_by_itself() {
    let Some(server) = Server::start() else { return };
    let store = open(&options(server.database("gateway"))).await;
    commit(&store, "0", write("a")).await;
    let epoch = store.end_of_log().await.unwrap().epoch;
    for (round, how) in [None, Some(Stop::Fast), Some(Stop::Immediate)].into_iter().enumerate() {
        match how {
            None => server.kill(),
            Some(how) => server.stop(how),
        }
        let id = (round + 1).to_string();
        let came = try_commit(&store, &id).await;
        assert!(matches!(came, Err(StoreError::Unavailable { .. })), "{came:?}");
        store.answer().await.unwrap();
        let mut wake_up = store.wake_up();
        server.start_again();
        // The first commit after that needs no second try, whatever connections were kept.
        until("the server", async || store.end_of_log().await.ok()).await;
        assert!(matches!(try_commit(&store, &id).await, Ok(Committed::Done { .. })));
        woken(&mut wake_up).await;
    }
    assert_eq!(version(&store, "a").await, Some(4));
    assert_eq!(store.end_of_log().await.unwrap().epoch, epoch);
    store.close().await;
    assert!(matches!(store.answer().await, Err(StoreError::Closed)));
}

#[tokio::test]
async fn connections_that_broke_unnoticed_cost_no_commit() {
    let Some(server) = databases::shared() else { return };
    let store = open(&options(server.database("broken_idle"))).await;
    for round in 0..20 {
        let ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = 'broken_idle' AND pid <> pg_backend_pid()";
        server.sql("broken_idle", ending);
        assert!(matches!(try_commit(&store, &round.to_string()).await, Ok(Committed::Done { .. })));
    }
    store.close().await;
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_told_as_such() {
    let Some(server) = databases::shared() else { return };
    let read_only = options(server.database("read_only"));
    let store = open(&read_only).await;
    commit(&store, "1", write("a")).await;
    server.sql("postgres", "ALTER DATABASE read_only SET default_transaction_read_only = on");
    let ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = 'read_only' AND pid <> pg_backend_pid()";
    server.sql("read_only", ending);
    let refused = until("the setting", async || try_commit(&store, "2").await.err()).await;
    assert!(matches!(refused, StoreError::ReadOnly), "{refused:?}");
    assert_eq!(version(&store, "a").await, Some(1));
    store.close().await;
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let Some(server) = databases::shared() else { return };
    let store = open(&options(server.database("closed"))).await;
    store.close().await;
    assert!(matches!(store.end_of_log().await, Err(StoreError::Closed)));
    assert!(matches!(try_commit(&store, "1").await, Err(StoreError::Closed)));
    assert!(matches!(store.answer().await, Err(StoreError::Closed)));
}
