//! Settings: all or nothing, in force at once on every node.

use std::sync::Arc;
use std::time::Duration;

use domain::settings::Documents;
use domain::{Command, Reply, Wish};
use engine::Outcome;
use engine::testing::{PlainAuthenticator, apply, engine_on};

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
        let ready = |it: &domain::SignedIn| it.voice.state.name() == "ready";
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
