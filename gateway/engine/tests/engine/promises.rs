//! Promises: durable ones are repeated until closed, owed ones only while they are meant.

use std::sync::Arc;
use std::time::Duration;

use domain::{Decision, Effect, InputId, Key, OwedUntil, Reply, SignedOutBy, Timestamp, Wish};
use engine::testing::{PlainAuthenticator, engine_on};
use store::{BlobHead, Commit};

use crate::{Bench, key};

async fn promise(bench: &Bench, input: &str, owed: Option<OwedUntil>) {
    let effect = Effect { topic: "test".into(), payload: input.into(), owed };
    let decision = Decision { effects: vec![effect], ..Decision::already(Reply::Done) };
    let commit = Commit {
        input: InputId::new("promise", input),
        at: bench.engine.now(),
        epoch: None,
        decision,
    };
    bench.store.commit(commit).await.unwrap();
}

fn payloads(promises: &[store::Promise]) -> Vec<&str> {
    promises.iter().map(|promise| promise.effect.payload.as_str()).collect()
}

#[tokio::test]
async fn a_durable_promise_is_given_again_until_it_is_closed() {
    let bench = Bench::new().await;
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    let mut outbox = port.outbox("test");
    promise(&bench, "one", None).await;
    promise(&bench, "two", None).await;
    assert_eq!(payloads(&outbox.take(0, 9).await.unwrap()), ["one", "two"]);
    let again = outbox.take(0, 9).await.unwrap();
    assert_eq!(payloads(&again), ["one", "two"]);
    outbox.close(vec![again[0].id.clone()]).await.unwrap();
    assert_eq!(payloads(&outbox.take(0, 9).await.unwrap()), ["two"]);
}

#[tokio::test]
async fn an_owed_promise_ends_with_its_generation_or_deadline() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let until = |generation, seconds| OwedUntil {
        subject: Key::session(&key("1001")),
        generation,
        deadline: bench.engine.now().after(Duration::from_secs(seconds)),
    };
    promise(&bench, "meant", Some(until(1, 60))).await;
    promise(&bench, "other", Some(until(2, 60))).await;
    promise(&bench, "short", Some(until(1, 5))).await;
    bench.clock.advance(Duration::from_secs(5));
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    let mut outbox = port.outbox("test");
    assert_eq!(payloads(&outbox.take(0, 9).await.unwrap()), ["meant"]);
    let by = SignedOutBy::Supervisor;
    bench.wish("1001", Wish::ForceSignOut { reason: None, by }).await;
    assert!(outbox.take(0, 9).await.unwrap().is_empty());
    assert!(bench.store.promises("test", 0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_owed_to_a_session_never_reaches_the_next_one() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let first = bench.engine.session_of(&key("1001")).await.unwrap().unwrap();
    let owed = OwedUntil {
        subject: Key::session(&key("1001")),
        generation: first.generation.into(),
        deadline: bench.engine.now().after(Duration::from_secs(60)),
    };
    promise(&bench, "logout", Some(owed)).await;
    let by = SignedOutBy::Supervisor;
    bench.wish("1001", Wish::ForceSignOut { reason: None, by }).await;
    bench.sign_in("1001", "2001").await;
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    assert!(port.outbox("test").take(0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn promises_that_are_stuck_or_void_do_not_hold_up_later_ones() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    promise(&bench, "stuck", None).await;
    for name in ["void-1", "void-2", "void-3"] {
        let (subject, deadline) = (Key::session(&key("1001")), Timestamp::from_seconds(0));
        promise(&bench, name, Some(OwedUntil { subject, generation: 1, deadline })).await;
    }
    promise(&bench, "later", None).await;
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    let mut outbox = port.outbox("test");
    let first = outbox.take(0, 1).await.unwrap();
    assert_eq!(payloads(&first), ["stuck"]);
    assert_eq!(payloads(&outbox.take(first[0].number, 1).await.unwrap()), ["later"]);
    assert_eq!(payloads(&outbox.take(0, 9).await.unwrap()), ["stuck", "later"]);
    assert_eq!(bench.store.promises("test", 0, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_owed_is_looked_at_once_more_right_before_it_is_sent() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let deadline = bench.engine.now().after(Duration::from_secs(60));
    let owed = OwedUntil { subject: Key::session(&key("1001")), generation: 1, deadline };
    promise(&bench, "logout", Some(owed)).await;
    promise(&bench, "mail", None).await;
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    let mut outbox = port.outbox("test");
    let taken = outbox.take(0, 9).await.unwrap();
    assert!(outbox.still_due(&taken[0]).await.unwrap());
    bench.sign_in("1001", "2001").await;
    assert!(!outbox.still_due(&taken[0]).await.unwrap());
    assert!(outbox.still_due(&taken[1]).await.unwrap());
    outbox.release().await.unwrap();
    assert!(!outbox.still_due(&taken[1]).await.unwrap());
}

#[tokio::test]
async fn one_node_at_a_time_keeps_a_topic() {
    let bench = Bench::new().await;
    promise(&bench, "one", None).await;
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    let mut first = port.outbox("test");
    assert_eq!(first.take(0, 9).await.unwrap().len(), 1);
    // Somebody else's lease, as another node would take it.
    let now = Timestamp::from_seconds(bench.engine.now().seconds() + 7);
    let taken = bench.store.acquire_lease("outbox/test", "gw-b", now, Duration::from_secs(6)).await;
    assert!(taken.unwrap().is_some());
    let mut late = port.outbox("test");
    assert!(late.take(0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_big_body_comes_back_as_it_was() {
    let bench = Bench::new().await;
    let body: Vec<u8> = (0..700_000u32).map(|number| number.to_le_bytes()[0]).collect();
    bench.engine.put_blob("m", &body).await.unwrap();
    assert_eq!(bench.engine.blob("m").await.unwrap(), Some(body.clone()));
    // Again is fine, another body is not.
    bench.engine.put_blob("m", &body).await.unwrap();
    assert!(bench.engine.put_blob("m", b"other").await.is_err());
    assert_eq!(bench.engine.blob("m").await.unwrap(), Some(body));
    bench.store.put_piece("damaged", 0, vec![0; 9]).await.unwrap();
    let (id, digest, at) = ("damaged".to_owned(), "other".to_owned(), bench.engine.now());
    bench.store.finish_blob(BlobHead { id, bytes: 9, pieces: 1, digest, at }).await.unwrap();
    assert!(bench.engine.blob("damaged").await.is_err());
    assert_eq!(bench.engine.store_state(), engine::StoreState::Working);
    bench.engine.delete_blob("m").await.unwrap();
    assert_eq!(bench.engine.blob("m").await.unwrap(), None);
}

#[tokio::test]
async fn shared_keys_are_the_same_for_every_engine_on_the_store() {
    let bench = Bench::new().await;
    let other = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 99).await;
    assert_eq!(bench.engine.link_key("a"), other.link_key("a"));
    assert_ne!(bench.engine.link_key("a"), bench.engine.link_key("b"));
}
