//! Several nodes on one database.

use std::sync::Arc;

use domain::{Ask, Decision, Guard, IndexRange, InputId, Key, Kind, WakeChange, Write, WriteBody};
use store::{Commit, Committed, Load, PostgresOptions, PostgresStore, Store, StoreError};

use super::{database, open, session, until, write};
use crate::cases::{NOW, commit, empty, key, put, version};

fn is_done(committed: &Committed) -> bool {
    matches!(committed, Committed::Done { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_decide_at_once_one_wins() {
    let Some(options) = database("two_nodes") else { return };
    let stores = [Arc::new(open(&options).await), Arc::new(open(&options).await)];
    for round in 0..200 {
        let claim = |node: usize| {
            let store = Arc::clone(&stores[node]);
            let guard = |id: &str, version| Guard { key: key(id), version };
            // Both guard what the other writes, in the other order.
            let (own, others) = if node == 0 { ("a", "b") } else { ("b", "a") };
            let before = (round > 0).then_some(round);
            let decision = Decision {
                guards: vec![guard("line", before), guard(others, None), guard(own, None)],
                writes: vec![put("line", true), put(own, true), put(others, true)],
                ..empty()
            };
            let clear = ["a", "b"].map(|id| Write { key: key(id), body: WriteBody::Delete });
            let decision =
                Decision { writes: [decision.writes, clear.to_vec()].concat(), ..decision };
            tokio::spawn(async move { commit(&*store, &format!("{node}/{round}"), decision).await })
        };
        let (one, other) = (claim(0), claim(1));
        let (one, other) = (one.await.unwrap(), other.await.unwrap());
        assert!(is_done(&one) != is_done(&other), "round {round}: {one:?} {other:?}");
    }
    assert_eq!(version(&*stores[0], "line").await, Some(200));
    for store in stores {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_holds_until_the_commit_that_has_it_ended() {
    let Some(options) = database("write_skew") else { return };
    let stores = [Arc::new(open(&options).await), Arc::new(open(&options).await)];
    // Each writes one document because the other is not there: both would be wrong.
    for round in 0..100 {
        let keys = ["a", "b"].map(|id| format!("{id}{round}"));
        let tasks = [0, 1].map(|node: usize| {
            let store = Arc::clone(&stores[node]);
            let (own, other) = (keys[node].clone(), keys[1 - node].clone());
            tokio::spawn(async move {
                let decision = Decision {
                    guards: vec![Guard { key: key(&other), version: None }],
                    writes: vec![put(&own, true)],
                    ..empty()
                };
                commit(&*store, &own, decision).await
            })
        });
        let mut done = 0;
        for task in tasks {
            done += usize::from(is_done(&task.await.unwrap()));
        }
        assert_eq!(done, 1, "round {round}");
    }
    for store in stores {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_alone_runs_a_timer() {
    let Some(options) = database("one_timer") else { return };
    let stores = [Arc::new(open(&options).await), Arc::new(open(&options).await)];
    for round in 0..50 {
        let wake =
            domain::Wake { id: "w".into(), due_at: NOW, subject: key("a"), generation: round };
        let set = Decision { wakes: vec![WakeChange::Set(wake)], ..empty() };
        commit(&*stores[0], &format!("set {round}"), set).await;
        let tasks = stores.each_ref().map(|store| {
            let store = Arc::clone(store);
            let claim = WakeChange::Claim { id: "w".into(), generation: round };
            let decision = Decision { wakes: vec![claim], ..write("a") };
            let name = format!("{round} {:p}", Arc::as_ptr(&store));
            tokio::spawn(async move { commit(&*store, &name, decision).await })
        });
        let mut done = 0;
        for task in tasks {
            match task.await.unwrap() {
                Committed::Done { .. } => done += 1,
                other => assert_eq!(other, Committed::ClaimGone),
            }
        }
        assert_eq!(done, 1);
    }
    for store in stores {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_input_at_two_nodes_is_committed_once() {
    let Some(options) = database("same_input") else { return };
    let stores = [Arc::new(open(&options).await), Arc::new(open(&options).await)];
    for round in 0..50 {
        let tasks = stores.each_ref().map(|store| {
            let store = Arc::clone(store);
            tokio::spawn(async move { commit(&*store, &round.to_string(), write("a")).await })
        });
        let mut done = 0;
        for task in tasks {
            done += usize::from(is_done(&task.await.unwrap()));
        }
        assert_eq!(done, 1);
    }
    assert_eq!(version(&*stores[1], "a").await, Some(50));
    for store in stores {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_callers_than_connections_wait_their_turn_and_too_many_are_told() {
    let Some(options) = database("many_callers") else { return };
    let store = Arc::new(open(&options).await);
    let blocking = blocked(&options).await;
    let tasks: Vec<_> = (0..600)
        .map(|caller| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let input = InputId::new("test", caller.to_string());
                let decision = write(&caller.to_string());
                store.commit(Commit { input, at: NOW, epoch: None, decision }).await
            })
        })
        .collect();
    // Two lanes have taken some each, the line behind them is full.
    until("a full line", async || (store.statistics().waiting == 512).then_some(())).await;
    blocking.batch_execute("COMMIT").await.unwrap();
    let (mut done, mut busy) = (0_u64, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(Committed::Done { .. }) => done += 1,
            Err(StoreError::Busy) => busy += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!((512..=512 + 2 * 32).contains(&done), "{done}");
    assert_eq!(busy, 600 - done);
    assert_eq!(store.statistics().commits, done);
    store.close().await;
}

/// Nobody can commit until the session is given back.
async fn blocked(options: &PostgresOptions) -> tokio_postgres::Client {
    let blocking = session(&options.url).await;
    blocking.batch_execute("BEGIN; LOCK TABLE outcome IN ACCESS EXCLUSIVE MODE").await.unwrap();
    blocking
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_wait_share_a_transaction_and_one_that_is_refused_takes_none_with_it() {
    let Some(options) = database("sharing") else { return };
    let store = Arc::new(open(&options).await);
    let blocking = blocked(&options).await;
    let tasks: Vec<_> = (0..60)
        .map(|caller: usize| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                // The database takes no text with a zero byte.
                let payload = if caller == 45 { "\0" } else { "{}" }.to_owned();
                let effects = vec![domain::Effect { topic: "t".into(), payload, owed: None }];
                let guards = match caller {
                    50 => vec![Guard { key: key("none"), version: Some(1) }],
                    _ => Vec::new(),
                };
                let decision = Decision { effects, guards, ..write(&caller.to_string()) };
                let input = InputId::new("test", caller.to_string());
                store.commit(Commit { input, at: NOW, epoch: None, decision }).await
            })
        })
        .collect();
    until("a line", async || (store.statistics().waiting > 40).then_some(())).await;
    blocking.batch_execute("COMMIT").await.unwrap();
    for (caller, task) in tasks.into_iter().enumerate() {
        let came = task.await.unwrap();
        match caller {
            45 => assert!(matches!(came, Err(StoreError::Unreadable { .. })), "{came:?}"),
            50 => assert!(matches!(came, Ok(Committed::Conflict)), "{came:?}"),
            _ => assert!(matches!(came, Ok(Committed::Done { .. })), "{caller}: {came:?}"),
        }
    }
    let statistics = store.statistics();
    assert_eq!((statistics.commits, statistics.conflicts), (58, 1));
    assert_eq!(statistics.batched, 58);
    assert!(statistics.transactions < 58, "{statistics:?}");
    assert_eq!(statistics.batches.iter().sum::<u64>(), statistics.transactions);
    // Of what was refused nothing is there, the input least of all.
    for refused in ["45", "50"] {
        assert_eq!(store.outcome(&InputId::new("test", refused)).await.unwrap(), None);
        assert_eq!(version(&*store, refused).await, None);
    }
    let promises = store.promises("t", 0, 100).await.unwrap();
    assert_eq!(promises.len(), 58);
    assert!(promises.is_sorted_by(|a, b| a.number < b.number));
    assert_eq!(store.last_lines(100).await.unwrap().len(), 58);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_finishes_what_was_accepted() {
    let Some(options) = database("closing") else { return };
    let store = Arc::new(open(&options).await);
    let blocking = blocked(&options).await;
    let tasks: Vec<_> = (0..50)
        .map(|caller| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { commit(&*store, &caller.to_string(), write("a")).await })
        })
        .collect();
    // All concern one document, so the first is under way and all others wait for it.
    until("a line", async || (store.statistics().waiting == 49).then_some(())).await;
    let closing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.close().await })
    };
    blocking.batch_execute("COMMIT").await.unwrap();
    for task in tasks {
        assert!(is_done(&task.await.unwrap()));
    }
    closing.await.unwrap();
    let store = open(&options).await;
    assert_eq!(version(&store, "a").await, Some(50));
    store.close().await;
}

#[tokio::test]
async fn a_commit_of_very_many_documents_is_one() {
    let Some(options) = database("very_many") else { return };
    let store = open(&options).await;
    let sessions = (0..500).map(|id| crate::cases::session(&format!("{id}"), id));
    let decision = Decision { writes: sessions.collect(), ..write("a") };
    assert!(is_done(&commit(&store, "1", decision.clone()).await));
    let range = IndexRange {
        index: domain::Index::SessionByNumber,
        from: String::new(),
        to: "~".to_owned(),
        limit: 1_000,
    };
    let load = Load { asks: vec![Ask::Range(range)], input: None };
    assert_eq!(store.load(load).await.unwrap().ranges[0].1.len(), 500);
    // One that writes more lines than a transaction has numbers is refused, and nothing of it is there.
    let events = vec![domain::Event::new("x", key("a")); 4_097];
    let input = InputId::new("test", "2");
    let decision = Decision { events, ..write("b") };
    let refused = store.commit(Commit { input, at: NOW, epoch: None, decision }).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    assert_eq!(version(&store, "b").await, None);
    store.close().await;
}

#[tokio::test]
async fn a_newer_document_is_neither_read_nor_changed() {
    let Some(options) = database("newer_document") else { return };
    let store = open(&options).await;
    commit(&store, "1", write("a")).await;
    session(&options.url).await.batch_execute("UPDATE document SET schema = 7").await.unwrap();
    let load = Load { asks: vec![Ask::Document(key("a"))], input: None };
    let refused = store.load(load).await.unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 7, known: 1, .. }));
    for body in [put("a", false).body, WriteBody::Delete] {
        let writes = vec![put("b", true), Write { key: key("a"), body }];
        let (input, decision) = (InputId::new("test", "2"), Decision { writes, ..empty() });
        let refused = store.commit(Commit { input, at: NOW, epoch: None, decision }).await;
        assert!(matches!(refused, Err(StoreError::Newer { found: 7, .. })), "{refused:?}");
    }
    assert_eq!(version(&store, "b").await, None);
    store.close().await;
}

#[tokio::test]
async fn keys_are_sorted_by_their_bytes_whatever_the_database_likes() {
    let Some(server) = databases::shared() else { return };
    server.sql(
        "postgres",
        "CREATE DATABASE in_english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'",
    );
    let options = PostgresOptions::new(server.url_of("in_english"));
    let store = PostgresStore::open(options).await.unwrap();
    let ids = ["B", "_", "a", "b", "ä"];
    for id in ids {
        let wake = domain::Wake { id: id.into(), due_at: NOW, subject: key("a"), generation: 1 };
        commit(&store, id, Decision { wakes: vec![WakeChange::Set(wake)], ..empty() }).await;
    }
    let due = store.due_wakes(NOW, 9).await.unwrap().due;
    assert_eq!(due.iter().map(|wake| wake.id.as_str()).collect::<Vec<_>>(), ids);
    store.close().await;
}

#[tokio::test]
async fn what_two_nodes_write_of_one_body_is_whole() {
    let Some(options) = database("one_body") else { return };
    let (one, other) = (open(&options).await, open(&options).await);
    one.put_piece("left", 0, vec![1]).await.unwrap();
    other.put_piece("m", 0, vec![2]).await.unwrap();
    // Opening at another node removes nothing: somebody may still be at it.
    open(&options).await.close().await;
    let head = store::BlobHead { id: "m".into(), bytes: 1, pieces: 1, digest: "d".into(), at: NOW };
    one.finish_blob(head).await.unwrap();
    assert_eq!(other.piece("m", 0).await.unwrap(), Some(vec![2]));
    let count = async || {
        let rows = session(&options.url).await.query("SELECT DISTINCT id FROM piece", &[]).await;
        rows.unwrap().len()
    };
    one.sweep(NOW, 10).await.unwrap();
    assert_eq!(count().await, 2);
    session(&options.url).await.batch_execute("UPDATE unfinished SET since = 1").await.unwrap();
    one.sweep(NOW, 10).await.unwrap();
    assert_eq!(count().await, 1);
    assert_eq!(other.piece("m", 0).await.unwrap(), Some(vec![2]));
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn documents_of_kinds_in_no_index_ask_nothing_of_indexes() {
    let Some(options) = database("no_index") else { return };
    let store = open(&options).await;
    let indexed = Kind::ALL.into_iter().filter(|kind| kind.is_indexed());
    let expected = [
        Kind::Session,
        Kind::Setting,
        Kind::Audit,
        Kind::WebSession,
        Kind::AccessToken,
        Kind::Headset,
        Kind::SignOnSession,
        Kind::AuthorizationCode,
        Kind::TokenFamily,
        Kind::UsedMessage,
        Kind::Revocation,
        Kind::Contact,
        Kind::Desk,
        Kind::Conversation,
        Kind::MailSeen,
        Kind::MailOut,
    ];
    assert_eq!(indexed.collect::<Vec<_>>(), expected);
    let gone = Write { key: Key::new(Kind::Line, "1"), body: WriteBody::Delete };
    assert!(is_done(&commit(&store, "1", Decision { writes: vec![gone], ..empty() }).await));
    store.close().await;
}
