//! Phones that are silent: asked, believed or signed out.

use std::sync::Arc;
use std::time::Duration;

use domain::{ReasonCode, SignedOutBy, Wish};
use engine::surface::Surface;
use tokio::sync::watch;

use super::{WebServer, certificates, handset, is_waited_for, run, until, with_push};
use crate::locked;
use crate::testing::{Handset, Node};

#[tokio::test]
async fn phn_20_a_silent_phone_that_answers_the_push_stays_signed_in() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    node.clock.advance(Duration::from_secs(120));
    node.phone.tick().await;
    until("a push", async || server.requests().len() == 1).await;
    phone.get(&server.told()[0]).await;
    node.clock.advance(Duration::from_secs(60));
    node.phone.tick().await;
    assert_eq!(node.state("1001").await, "not_ready");
    // The next time it does not fetch.
    node.clock.advance(Duration::from_secs(60));
    node.phone.tick().await;
    until("the question", async || is_waited_for(&node)).await;
    assert_eq!(server.requests().len(), 2);
    node.clock.advance(Duration::from_secs(15));
    node.phone.tick().await;
    assert_eq!(node.state("1001").await, "signed_out");
}

#[tokio::test]
async fn phn_19_the_question_shows_the_next_person_nothing_of_who_left_by_a_reset() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let mut phone = handset(&node);
    let home = phone.sign_in("1001", "2001").await;
    phone.press(&home, "Refresh").await;
    // The phone restarts and drops its cookies; the question reaches whoever is there now.
    phone.close();
    node.clock.advance(Duration::from_secs(120));
    node.phone.tick().await;
    until("the question", async || is_waited_for(&node)).await;
    let view = phone.get(&server.told()[0]).await;
    assert_eq!((view.title(), view.prompt()), ("Sign in", "Please sign in again"));
    assert!(!phone.seen.contains("1001") && !phone.seen.contains("Ada"), "{}", phone.seen);
    node.clock.advance(Duration::from_secs(15));
    node.phone.tick().await;
    let session = node.session("1001").await.unwrap();
    let domain::Status::SignedOut(end) = &session.status else { panic!("{session:?}") };
    assert_eq!(end.reason, Some(ReasonCode(255)));
}

#[tokio::test]
async fn phn_20_a_phone_that_keeps_no_cookies_answers_the_question_by_its_address() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let mut phone = handset(&node);
    let home = phone.sign_in("1001", "2001").await;
    phone.cookie = None;
    phone.press(&home, "Refresh").await;
    node.clock.advance(Duration::from_secs(120));
    node.phone.tick().await;
    until("the question", async || is_waited_for(&node)).await;
    assert_eq!(phone.get(&server.told()[0]).await.title(), "Not Ready");
    node.clock.advance(Duration::from_secs(15));
    node.phone.tick().await;
    assert_eq!(node.state("1001").await, "not_ready");
}

#[tokio::test]
async fn phn_20_a_phone_silent_for_so_long_that_its_cookie_is_gone_answers_all_questions() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let mut settings = (*node.port.settings()).clone();
    Arc::make_mut(&mut settings.phone_service).inactivity_seconds = 3_600;
    node.apply(&settings).await;
    let mut phone = handset(&node);
    let home = phone.sign_in("1001", "2001").await;
    phone.press(&home, "Refresh").await;
    for question in 0..3 {
        // Idle for half an hour it dropped the cookie as documented.
        phone.cookie = None;
        node.clock.advance(Duration::from_secs(3_600));
        node.phone.tick().await;
        until("the question", async || is_waited_for(&node)).await;
        assert_eq!(phone.get(&server.told()[question]).await.title(), "Not Ready");
        // From then on its address is enough at any time.
        assert_eq!(phone.press(&home, "Refresh").await.title(), "Not Ready");
        node.clock.advance(Duration::from_secs(15));
        node.phone.tick().await;
        assert_eq!(node.state("1001").await, "not_ready");
    }
}

#[tokio::test]
async fn phn_19_a_change_elsewhere_is_pushed_to_nobody_who_came_after_the_agent() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    let _stop = run(&node);
    with_push(&node, server.port, &certificates.authority, None).await;
    let mut phone = handset(&node);
    let home = phone.sign_in("1001", "2001").await;
    phone.press(&home, "Refresh").await;
    // The agent leaves by a reset, which closes the window.
    phone.close();
    node.wish("1001", Wish::Ready).await;
    until("a push", async || server.requests().len() == 1).await;
    let view = phone.get(&server.told()[0]).await;
    assert_eq!((view.title(), view.prompt()), ("Sign in", "Please sign in again"));
    assert!(!phone.seen.contains("1001") && !phone.seen.contains("Ada"), "{}", phone.seen);
    assert_eq!(node.state("1001").await, "ready");
    // It counts as no answer, and from then on whoever stands there is left alone.
    node.wish("1001", Wish::NotReady(None)).await;
    node.clock.advance(Duration::from_secs(120));
    until("the end", async || node.state("1001").await == "signed_out").await;
    until("the phone is forgotten", async || locked(&node.phone.screens).count() == 0).await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn phn_19_whoever_opened_the_service_is_not_disturbed_by_the_session_before() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    let _stop = run(&node);
    with_push(&node, server.port, &certificates.authority, None).await;
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    phone.open("").await;
    node.wish("1001", Wish::Ready).await;
    node.clock.advance(Duration::from_secs(120));
    until("the end", async || node.state("1001").await == "signed_out").await;
    until("the phone is forgotten", async || locked(&node.phone.screens).count() == 0).await;
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn phn_20_a_silent_phone_is_not_signed_out_before_it_could_be_asked() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    handset(&node).sign_in("1001", "2001").await;
    let others = node.phone.permits.acquire_many(64).await.unwrap();
    for seconds in [120, 15, 60] {
        node.clock.advance(Duration::from_secs(seconds));
        node.phone.tick().await;
        assert_eq!((node.state("1001").await.as_str(), is_waited_for(&node)), ("not_ready", false));
    }
    drop(others);
    until("the question", async || is_waited_for(&node)).await;
    assert_eq!(server.requests().len(), 1);
    node.clock.advance(Duration::from_secs(14));
    node.phone.tick().await;
    assert_eq!(node.state("1001").await, "not_ready");
    node.clock.advance(Duration::from_secs(1));
    node.phone.tick().await;
    assert_eq!(node.state("1001").await, "signed_out");
}

#[tokio::test]
async fn phn_20_a_phone_that_refuses_the_question_is_signed_out_at_once() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    server.answers(200, "<CiscoIPPhoneError Number=\"1\"/>");
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    node.clock.advance(Duration::from_secs(120));
    node.phone.tick().await;
    until("the end", async || node.state("1001").await == "signed_out").await;
    let session = node.session("1001").await.unwrap();
    let domain::Status::SignedOut(end) = &session.status else { panic!("{session:?}") };
    assert_eq!((end.reason, end.by), (Some(ReasonCode(255)), SignedOutBy::System));
}

#[tokio::test]
async fn phn_20_after_a_restart_the_time_counts_from_the_start() {
    let node = Node::new().await;
    Handset::new(&node, "SEP1").sign_in("1001", "2001").await;
    node.clock.advance(Duration::from_secs(500));
    let restarted = crate::Phone::new(node.port.clone());
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(Arc::clone(&restarted).run(stopped));
    until("taken up", async || locked(&restarted.screens).count() == 1).await;
    restarted.tick().await;
    assert_eq!(node.state("1001").await, "not_ready");
    node.clock.advance(Duration::from_secs(120));
    restarted.tick().await;
    until("the end", async || node.state("1001").await == "signed_out").await;
}

#[tokio::test]
async fn phn_20_a_phone_that_hung_up_on_its_own_sign_in_is_watched() {
    let node = Node::new().await;
    let _stop = run(&node);
    // What is left of a sign-in whose answer nobody took.
    let address = [192, 0, 2, 7].into();
    let proof = domain::PhoneProof { cookie_digest: "0".repeat(64), address };
    let wish = domain::SignIn {
        agent: "owned:1001".parse().unwrap(),
        extension: "2001".parse().unwrap(),
        device: None,
        mobile: None,
        on: domain::SignInOn::Phone { device: "SEP1".parse().unwrap(), proof },
        node: node.port.node().clone(),
        verifier: None,
        follows: None,
    };
    let command = domain::Command::SignIn(Box::new(wish));
    let input = domain::Input::command(domain::InputId::new("test", "hung up"), command);
    node.port.submit(input).await.unwrap();
    until("it is watched", async || locked(&node.phone.screens).count() == 1).await;
    node.clock.advance(Duration::from_secs(120));
    until("the end", async || node.state("1001").await == "signed_out").await;
    until("it is forgotten", async || locked(&node.phone.screens).count() == 0).await;
}
