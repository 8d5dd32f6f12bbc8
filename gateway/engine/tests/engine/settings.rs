//! Settings: all or nothing, in force at once on every node.

use std::sync::Arc;
use std::time::Duration;

use domain::settings::Documents;
use domain::{Command, Decision, Input, InputId, Key, Refusal, Reply, Wish, Write, WriteBody};
use engine::Outcome;
use engine::testing::{PlainAuthenticator, apply, engine_on};
use store::Commit;

use crate::{Bench, settings};

#[tokio::test]
async fn the_same_settings_again_change_nothing() {
    let mut bench = Bench::new().await;
    let documents = Documents(settings().documents());
    let outcome = bench.submit(Command::ApplySettings { documents, source: None }).await;
    assert_eq!(outcome, Outcome::Done(Reply::Settings { number: 1 }));
    assert_eq!(bench.engine.settings().number, 1);
}

#[tokio::test]
async fn what_is_left_out_is_removed() {
    let mut bench = Bench::new().await;
    let mut documents = settings().documents();
    documents.retain(|document| !document.key().id.ends_with("/1003"));
    let documents = Documents(documents);
    bench.submit(Command::ApplySettings { documents, source: Some("s".into()) }).await;
    let settings = bench.engine.settings();
    assert_eq!((settings.number, settings.agents.len()), (2, 2));
    assert_eq!(settings.source.as_deref(), Some("s"));
}

#[tokio::test]
async fn an_agent_who_is_removed_is_signed_out() {
    let mut bench = Bench::new().await;
    bench.sign_in("1003", "2009").await;
    bench.sign_in("1001", "2001").await;
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    let mut session = port.watch(&crate::key("1003"));
    let mut documents = settings().documents();
    documents.retain(|document| !document.key().id.ends_with("/1003"));
    let documents = Documents(documents);
    bench.submit(Command::ApplySettings { documents, source: None }).await;
    let out = session.wait_for(|it| it.as_ref().is_some_and(|it| it.signed_in().is_none()));
    tokio::time::timeout(Duration::from_secs(10), out).await.expect("signed out").unwrap();
    assert_eq!(bench.state("1001").await, "not_ready");
}

#[tokio::test(start_paused = true)]
async fn an_agent_who_is_removed_is_signed_out_even_if_the_store_failed_just_then() {
    let (mut bench, store) = crate::store_away::bench().await;
    bench.sign_in("1003", "2009").await;
    store.refuse_removals(true);
    let mut documents = settings().documents();
    documents.retain(|document| !document.key().id.ends_with("/1003"));
    let documents = Documents(documents);
    bench.submit(Command::ApplySettings { documents, source: None }).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while bench.engine.store_state() == engine::StoreState::Working {
        assert!(tokio::time::Instant::now() < deadline, "nobody is signed out");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(bench.state("1003").await, "not_ready");
    store.refuse_removals(false);
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    let mut session = port.watch(&crate::key("1003"));
    let out = session.wait_for(|it| it.as_ref().is_some_and(|it| it.signed_in().is_none()));
    tokio::time::timeout(Duration::from_secs(30), out).await.expect("signed out").unwrap();
}

#[tokio::test]
async fn phn_18_another_node_sees_changed_settings_and_sessions_at_once() {
    let mut bench = Bench::new().await;
    let other = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    let port = other.port(Arc::new(PlainAuthenticator));
    let mut numbers = port.settings_changes();
    let mut session = port.watch(&crate::key("1001"));
    let mut changed = settings();
    Arc::make_mut(&mut changed.voice).wrap_up_seconds = 77;
    apply(&bench.engine, &changed).await;
    bench.sign_in("1001", "2001").await;
    bench.wish("1001", Wish::Ready).await;
    let wait = async {
        numbers.wait_for(|number| *number == 2).await.unwrap();
        let ready = |it: &domain::SignedIn| it.voice.unwrap().state.name() == "ready";
        let is_ready = |it: &Option<Arc<domain::AgentSession>>| {
            it.as_ref().and_then(|it| it.signed_in()).is_some_and(ready)
        };
        session.wait_for(is_ready).await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the log is followed");
    assert_eq!(port.settings().voice.wrap_up_seconds, 77);
}

#[tokio::test]
async fn a_new_epoch_makes_a_node_look_at_everything_anew() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    let mut changes = port.changes();
    bench.store.raise_epoch().await.unwrap();
    let seen = tokio::time::timeout(Duration::from_secs(10), changes.recv()).await;
    assert_eq!(seen.expect("looked anew").unwrap(), crate::key("1001"));
    assert_eq!(port.signed_in().len(), 1);
}

#[tokio::test]
async fn a_session_that_a_new_epoch_does_not_have_is_told_as_gone() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let port = bench.engine.port(Arc::new(PlainAuthenticator));
    let mut latest = port.watch(&crate::key("1001"));
    let mut changes = port.changes();
    let key = Key::session(&crate::key("1001"));
    let writes = vec![Write { key, body: WriteBody::Delete }];
    let decision = Decision { writes, ..Decision::already(Reply::Done) };
    let input = InputId::new("restored", "1");
    let commit = Commit { input, at: bench.engine.now(), epoch: None, decision };
    bench.store.commit(commit).await.unwrap();
    bench.store.raise_epoch().await.unwrap();
    let gone = tokio::time::timeout(Duration::from_secs(10), latest.wait_for(Option::is_none));
    assert!(gone.await.is_ok(), "the session is shown still");
    let seen = tokio::time::timeout(Duration::from_secs(10), changes.recv()).await;
    assert_eq!(seen.expect("told").unwrap(), crate::key("1001"));
}

#[tokio::test]
async fn who_was_refused_is_shown_the_session_that_refused_them() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    let other = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    let port = other.port(Arc::new(PlainAuthenticator));
    bench.wish("1001", Wish::Ready).await;
    // The other node has had no time to follow the log: nothing here waits.
    let mut stale = crate::command("1001", Wish::NotReady(None));
    stale.seen_changes = Some(0);
    let input = Input::command(InputId::new("stale", "1"), Command::Agent(stale));
    let outcome = port.submit(input).await.unwrap();
    assert_eq!(outcome, Outcome::Refused(Refusal::Stale));
    let shown = port.session_of(&crate::key("1001")).await.unwrap().unwrap();
    assert_eq!(shown.signed_in().unwrap().voice.unwrap().state.name(), "ready");
}

#[tokio::test]
async fn every_session_is_read_at_start_even_over_several_pages() {
    let bench = Bench::new().await;
    for page in 0..3u64 {
        let sessions = (0..500).map(|place| {
            let number = page * 500 + place;
            let agent = crate::key(&format!("{}", 10_000 + number));
            let by = domain::SignedOutBy::Agent;
            let ended = domain::SignedOut { at: bench.engine.now(), reason: None, by };
            let session = domain::AgentSession {
                agent: agent.clone(),
                number: domain::SessionNumber(number),
                generation: 1,
                status: domain::Status::SignedOut(ended),
            };
            let body = WriteBody::Put(domain::Document::Session(session));
            Write { key: Key::session(&agent), body }
        });
        let decision = Decision { writes: sessions.collect(), ..Decision::already(Reply::Done) };
        let input = InputId::new("many", page);
        let commit = Commit { input, at: bench.engine.now(), epoch: None, decision };
        bench.store.commit(commit).await.unwrap();
    }
    let other = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    let port = other.port(Arc::new(PlainAuthenticator));
    let missing = (0..1_500u64).filter(|number| {
        let agent = crate::key(&format!("{}", 10_000 + number));
        port.watch(&agent).borrow().is_none()
    });
    assert_eq!(missing.count(), 0);
}
