//! Commits of which nobody knows what became of them, and what their input's id tells later.

use std::time::Duration;

use databases::{Mode, Proxy};
use domain::InputId;
use store::{Commit, Committed, PostgresOptions, PostgresStore, Store, StoreError};

use super::{options, session, until, write};
use crate::cases::{NOW, commit, version};

/// A store behind a network that can be cut; none where PostgreSQL is missing.
async fn behind_proxy(name: &str) -> Option<(PostgresStore, Proxy, PostgresOptions)> {
    let server = databases::shared()?;
    let direct = options(server.database(name));
    let proxy = Proxy::to(server);
    let store = PostgresStore::open(options(format!("{}?sslmode=disable", proxy.url_of(name))));
    Some((store.await.unwrap(), proxy, direct))
}

async fn try_commit(store: &PostgresStore, input: &str) -> Result<Committed, StoreError> {
    let input = InputId::new("test", input);
    store.commit(Commit { input, at: NOW, epoch: None, decision: write("a") }).await
}

/// From now on a commit takes that long after everything was sent.
async fn slow_down(direct: &PostgresOptions, seconds: f32) {
    let text = format!(
        "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END';
         DROP TRIGGER IF EXISTS slow ON outcome;
         CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON outcome DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION slow();"
    );
    session(&direct.url).await.batch_execute(&text).await.unwrap();
}

/// Waits until some commit is at its very end; gives the server's process.
async fn committing(direct: &PostgresOptions) -> i32 {
    let watching = session(&direct.url).await;
    until("a commit at its end", async || {
        let sql = "SELECT pid FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event = 'PgSleep'";
        watching.query_opt(sql, &[]).await.unwrap().map(|row| row.get(0))
    })
    .await
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_unknown_and_found_by_its_input() {
    let Some((store, proxy, direct)) = behind_proxy("lost_answer").await else { return };
    slow_down(&direct, 0.5).await;
    let (came, ()) = tokio::join!(try_commit(&store, "1"), async {
        committing(&direct).await;
        proxy.cut();
    });
    assert!(matches!(came, Err(StoreError::Unknown)), "{came:?}");
    let input = InputId::new("test", "1");
    until("the outcome", async || store.outcome(&input).await.unwrap()).await;
    // Once more, as the engine does: it is known, and nothing is doubled.
    assert!(matches!(try_commit(&store, "1").await.unwrap(), Committed::Known(_)));
    assert_eq!(version(&store, "a").await, Some(1));
    assert_eq!(store.last_lines(9).await.unwrap().len(), 1);
    store.close().await;
}

#[tokio::test]
async fn a_commit_that_the_server_ends_is_unknown_and_may_be_made_again() {
    let Some((store, _proxy, direct)) = behind_proxy("ended_backend").await else { return };
    slow_down(&direct, 30.0).await;
    let (came, ()) = tokio::join!(try_commit(&store, "1"), async {
        let process = committing(&direct).await;
        let ending = session(&direct.url).await;
        ending.execute("SELECT pg_terminate_backend($1)", &[&process]).await.unwrap();
    });
    assert!(matches!(came, Err(StoreError::Unknown)), "{came:?}");
    assert_eq!(store.outcome(&InputId::new("test", "1")).await.unwrap(), None);
    slow_down(&direct, 0.0).await;
    assert!(matches!(try_commit(&store, "1").await, Ok(Committed::Done { .. })));
    assert_eq!(version(&store, "a").await, Some(1));
    store.close().await;
}

#[tokio::test]
async fn a_silent_network_ends_every_call_and_leaves_no_doubt_before_the_end() {
    let Some((store, proxy, direct)) = behind_proxy("silent").await else { return };
    commit(&store, "1", write("a")).await;
    proxy.set(Mode::Hold);
    let calls = async {
        let came = try_commit(&store, "2").await;
        assert!(matches!(came, Err(StoreError::Unavailable { .. })), "{came:?}");
        assert!(matches!(store.end_of_log().await, Err(StoreError::Unavailable { .. })));
        // This process is well all the same.
        store.answer().await.unwrap();
    };
    tokio::time::timeout(super::DEADLINE, calls).await.unwrap();
    proxy.set(Mode::Pass);
    proxy.cut();
    until("the way back", async || store.outcome(&InputId::new("test", "2")).await.ok()).await;
    assert!(matches!(try_commit(&store, "2").await, Ok(Committed::Done { .. })));
    assert_eq!(version(&store, "a").await, Some(2));
    drop(direct);
    store.close().await;
}

#[tokio::test]
async fn a_commit_in_a_silent_network_is_unknown_once_it_was_sent() {
    let Some((store, proxy, direct)) = behind_proxy("silent_end").await else { return };
    slow_down(&direct, 0.5).await;
    let (came, ()) = tokio::join!(try_commit(&store, "1"), async {
        committing(&direct).await;
        proxy.set(Mode::Hold);
    });
    assert!(matches!(came, Err(StoreError::Unknown)), "{came:?}");
    proxy.set(Mode::Pass);
    proxy.cut();
    let input = InputId::new("test", "1");
    until("the outcome", async || store.outcome(&input).await.ok().flatten()).await;
    store.close().await;
}

/// Cuts connections anywhere, again and again: what was said of each commit is so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_of_commits_over_a_network_that_breaks_is_so() {
    let Some((store, proxy, direct)) = behind_proxy("breaking").await else { return };
    let mut acknowledged = 0;
    for round in 0..100_u64 {
        // Connecting takes some 14 000 bytes of answers, a commit some 600.
        let bytes = match round % 4 {
            0 => 15_000,
            _ => round * 37 % 1_500,
        };
        proxy.set(match round % 2 {
            0 => Mode::CutAnswersAfter(bytes),
            _ => Mode::CutRequestsAfter(bytes),
        });
        let id = round.to_string();
        for _ in 0..200 {
            match try_commit(&store, &id).await {
                Ok(Committed::Done { .. } | Committed::Known(_)) => {
                    acknowledged += 1;
                    break;
                }
                Ok(other) => panic!("{other:?}"),
                Err(StoreError::Unknown | StoreError::Unavailable { .. }) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    proxy.set(Mode::Pass);
    assert_eq!(acknowledged, 100);
    let direct = PostgresStore::open(direct).await.unwrap();
    assert_eq!(version(&direct, "a").await, Some(100));
    until("all lines", async || (direct.last_lines(200).await.unwrap().len() == 100).then_some(()))
        .await;
    direct.close().await;
    store.close().await;
}
