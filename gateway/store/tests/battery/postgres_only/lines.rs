//! No line of the log and no promise is ever passed over, in whatever order commits become visible.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{Decision, Effect, Event};
use store::{Cursor, LogPage, PostgresStore, Store};

use super::{DEADLINE, database, open, session, until, woken, write};
use crate::cases::{commit, empty, key};

async fn names(store: &PostgresStore, after: Cursor) -> Vec<String> {
    let LogPage::Lines(lines) = store.read_log(after, 100).await.unwrap() else {
        panic!("restarted")
    };
    lines.into_iter().map(|line| line.event.name).collect()
}

/// Begins a transaction that writes a line and a promise, and leaves it open.
async fn begin_late(session: &tokio_postgres::Client) {
    let event = serde_json::to_string(&Event::new("late", key("a"))).unwrap();
    let text = format!(
        "BEGIN;
         INSERT INTO log (number, at, event)
             VALUES (pg_current_xact_id()::text::int8 * 4096, 1, '{event}');
         INSERT INTO outbox (number, id, topic, payload, at)
             VALUES (pg_current_xact_id()::text::int8 * 4096, 'late', 't', 'late', 1);"
    );
    session.batch_execute(&text).await.unwrap();
}

fn early() -> Decision {
    let effects = vec![Effect { topic: "t".into(), payload: "early".into(), owed: None }];
    Decision { events: vec![Event::new("early", key("a"))], effects, ..empty() }
}

async fn promised(store: &PostgresStore) -> Vec<String> {
    let promises = store.promises("t", 0, 9).await.unwrap();
    promises.into_iter().map(|promise| promise.effect.payload).collect()
}

#[tokio::test]
async fn a_line_that_becomes_visible_after_a_later_one_is_not_passed_over() {
    let Some(options) = database("late_line") else { return };
    let store = open(&options).await;
    let start = store.end_of_log().await.unwrap();
    let other = session(&options.url).await;
    // The first has its number, the second a higher one, and commits before it.
    begin_late(&other).await;
    commit(&store, "1", early()).await;
    let mut wake_up = store.wake_up();
    assert_eq!(names(&store, start).await, Vec::<String>::new());
    assert_eq!(promised(&store).await, Vec::<String>::new());
    assert_eq!(store.end_of_log().await.unwrap(), start);
    assert!(store.last_lines(9).await.unwrap().is_empty());
    // Nothing new is committed by this, but now everything is whole: readers are woken up.
    wake_up.mark_unchanged();
    other.batch_execute("COMMIT").await.unwrap();
    until("both lines", async || {
        woken(&mut wake_up).await;
        (names(&store, start).await == ["late", "early"]).then_some(())
    })
    .await;
    assert_eq!(promised(&store).await, ["late", "early"]);
    let lines = store.last_lines(1).await.unwrap();
    assert_eq!(lines[0].cursor, store.end_of_log().await.unwrap());
    store.close().await;
}

#[tokio::test]
async fn a_line_that_is_rolled_back_holds_up_no_other() {
    let Some(options) = database("rolled_back_line") else { return };
    let store = open(&options).await;
    let start = store.end_of_log().await.unwrap();
    let other = session(&options.url).await;
    begin_late(&other).await;
    commit(&store, "1", early()).await;
    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(names(&store, start).await, ["early"]);
    store.close().await;
}

#[tokio::test]
async fn a_transaction_of_another_database_holds_up_nothing() {
    let Some(options) = database("other_database") else { return };
    let store = open(&options).await;
    let start = store.end_of_log().await.unwrap();
    let elsewhere = session(&databases::shared().unwrap().url()).await;
    elsewhere.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    commit(&store, "1", early()).await;
    assert_eq!(names(&store, start).await, ["early"]);
    assert_eq!(promised(&store).await, ["early"]);
    elsewhere.batch_execute("COMMIT").await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn the_cursor_of_a_commit_can_be_read_on_from_before_it_is_whole() {
    let Some(options) = database("own_cursor") else { return };
    let store = open(&options).await;
    let other = session(&options.url).await;
    begin_late(&other).await;
    let store::Committed::Done { cursor } = commit(&store, "1", early()).await else {
        panic!("not done")
    };
    assert_eq!(store.read_log(cursor, 9).await.unwrap(), LogPage::Lines(Vec::new()));
    other.batch_execute("COMMIT").await.unwrap();
    store.close().await;
}

/// Reads on from the beginning whenever it is woken up, in small pages, until it has that many lines.
async fn follow(store: Arc<PostgresStore>, count: usize) -> Vec<String> {
    let mut wake_up = store.wake_up();
    let mut cursor = store.end_of_log().await.unwrap();
    cursor.number = 0;
    let mut seen = Vec::new();
    while seen.len() < count {
        wake_up.mark_unchanged();
        loop {
            let LogPage::Lines(lines) = store.read_log(cursor, 7).await.unwrap() else {
                panic!("restarted")
            };
            let Some(last) = lines.last() else { break };
            cursor = last.cursor;
            seen.extend(lines.into_iter().map(|line| line.event.details["of"].clone()));
        }
        if seen.len() < count {
            woken(&mut wake_up).await;
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_at_two_nodes_miss_no_line_of_many_writers() {
    const WRITERS: usize = 8;
    const EACH: usize = 40;
    let Some(options) = database("many_writers") else { return };
    let stores = [Arc::new(open(&options).await), Arc::new(open(&options).await)];
    let followers =
        stores.each_ref().map(|store| tokio::spawn(follow(Arc::clone(store), 2 * WRITERS * EACH)));
    let mut writers = Vec::new();
    for (node, store) in stores.iter().enumerate() {
        for writer in 0..WRITERS {
            let store = Arc::clone(store);
            writers.push(tokio::spawn(async move {
                for round in 0..EACH {
                    let id = format!("{node}/{writer}/{round}");
                    let event = Event::new("x", key("a")).with("of", &id);
                    commit(&*store, &id, Decision { events: vec![event], ..empty() }).await;
                }
            }));
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut orders = Vec::new();
    for follower in followers {
        let seen = tokio::time::timeout(DEADLINE, follower).await.unwrap().unwrap();
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 2 * WRITERS * EACH);
        orders.push(seen);
    }
    assert_eq!(orders[0], orders[1]);
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn a_commit_at_one_node_wakes_up_the_other() {
    let Some(options) = database("woken_node") else { return };
    let (one, other) = (open(&options).await, open(&options).await);
    let mut wake_up = other.wake_up();
    // What it finds at its start is news, too.
    let start = other.end_of_log().await.unwrap();
    commit(&one, "1", write("a")).await;
    until("the line at the other node", async || {
        woken(&mut wake_up).await;
        (names(&other, start).await == ["x"]).then_some(())
    })
    .await;
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn rows_that_a_newer_program_wrote_hold_up_no_others() {
    let Some(options) = database("newer_rows") else { return };
    let store = open(&options).await;
    let newer = session(&options.url).await;
    newer
        .batch_execute(
            r#"INSERT INTO wake VALUES ('w', 1, 'contract', 'c', 1), ('v', 1, 'contract', 'c', 1);
               INSERT INTO log (number, at, event) VALUES
                   (1, 1, '{"name":"n","subject":{"kind":"contract","id":"c"},"details":{}}');
               INSERT INTO outbox (number, id, topic, payload, at, kind, subject, generation, deadline)
                   VALUES (1, 'p', 't', '{}', 1, 'contract', 'c', 1, 1);
               INSERT INTO index_entry VALUES ('session_by_number', '0', 'contract', 'c');"#,
        )
        .await
        .unwrap();
    let wake = domain::Wake {
        id: "a".into(),
        due_at: crate::cases::NOW,
        subject: key("a"),
        generation: 1,
    };
    let ours = Decision {
        writes: vec![crate::cases::session("1001", 5)],
        wakes: vec![domain::WakeChange::Set(wake.clone())],
        ..early()
    };
    commit(&store, "1", ours).await;
    assert_eq!(store.due_wakes(crate::cases::NOW, 1).await.unwrap().due, [wake]);
    assert_eq!(store.promises("t", 0, 1).await.unwrap()[0].effect.payload, "early");
    let start = Cursor { epoch: 1, number: 0 };
    let LogPage::Lines(lines) = store.read_log(start, 1).await.unwrap() else {
        panic!("restarted")
    };
    assert_eq!(lines[0].event.name, "early");
    assert_eq!(store.last_lines(1).await.unwrap(), lines);
    let (index, from, to) = (domain::Index::SessionByNumber, String::new(), "~".to_owned());
    let range = domain::IndexRange { index, from, to, limit: 1 };
    let load = store::Load { asks: vec![domain::Ask::Range(range)], input: None };
    assert_eq!(store.load(load).await.unwrap().ranges[0].1[0].key.id, "owned:1001");
    store.close().await;
}
