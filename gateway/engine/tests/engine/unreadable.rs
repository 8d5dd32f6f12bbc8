//! Documents that this program cannot read, since a newer one on another node wrote them.

use std::sync::Arc;
use std::time::Duration;

use domain::{Decision, Event, InputId, Key, Reply, Wish};
use engine::testing::{PlainAuthenticator, SeededRandom, engine_on};
use engine::{Engine, EngineOptions, Metrics, OpenError, SealingKeys, StoreState};
use store::{Commit, StoreError};

use crate::store_away::bench;
use crate::{Bench, key};

/// A line of the log about a document, as a newer node would add it.
async fn touch(bench: &Bench, subject: Key) {
    let events = vec![Event::new("touched", subject)];
    let decision = Decision { events, ..Decision::already(Reply::Done) };
    let commit =
        Commit { input: InputId::new("newer", "1"), at: bench.engine.now(), epoch: None, decision };
    bench.store.commit(commit).await.unwrap();
}

#[tokio::test]
async fn a_session_that_cannot_be_read_holds_up_no_other() {
    let (mut bench, store) = bench().await;
    bench.sign_in("1001", "2001").await;
    bench.sign_in("1002", "2002").await;
    *store.newer.lock().unwrap() = Some(Key::session(&key("1001")));
    let other = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    let port = other.port(Arc::new(PlainAuthenticator));
    assert_eq!(port.signed_in().len(), 1);
    touch(&bench, Key::session(&key("1001"))).await;
    let mut latest = port.watch(&key("1002"));
    bench.wish("1002", Wish::Ready).await;
    let ready = latest.wait_for(|session| {
        session
            .as_ref()
            .and_then(|it| it.signed_in())
            .is_some_and(|it| it.voice.unwrap().state.name() == "ready")
    });
    tokio::time::timeout(Duration::from_secs(10), ready).await.expect("the log goes on").unwrap();
    assert!(other.session_of(&key("1001")).await.is_err());
    assert_eq!(other.store_state(), StoreState::Working);
}

#[tokio::test]
async fn ops_04_what_cannot_be_read_at_start_is_told_by_its_kind() {
    let (bench, store) = bench().await;
    for unreadable in [Key::deployment(), Key::settings_head()] {
        *store.newer.lock().unwrap() = Some(unreadable.clone());
        let options = EngineOptions {
            store: Arc::clone(&bench.store),
            clock: bench.clock.clone(),
            random: Arc::new(SeededRandom::new(2)),
            sealing: Arc::new(SealingKeys::single([7; 32])),
            node: "gw-b.example".parse().unwrap(),
            metrics: Metrics::new(),
        };
        let refused = Engine::open(options).await.unwrap_err();
        let OpenError::Store(StoreError::Newer { kind, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(kind, unreadable.kind);
    }
}
