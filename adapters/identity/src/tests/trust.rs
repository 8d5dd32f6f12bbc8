//! Tests of the trust, and what state a node is in.

use std::sync::Arc;
use std::time::Duration;

use domain::IdentityState;
use domain::settings::{IdentitySettings, Settings};
use engine::surface::{Readiness, Surface as _};
use http::{HeaderMap, Method};

use super::browser::{Browser, Sent};
use super::idp::Idp;
use super::log::Log;
use super::place::{OLD, PLAIN, Place, provider, settings};
use crate::{Kinds, TokenRefused};

const COMPONENT: &str = "identity/ids-a.example";

async fn tested(place: &Place, browser: &mut Browser) -> Sent {
    let ticket = place.identity().test_ticket(COMPONENT).unwrap();
    Sent::of(&browser.get(place, &format!("/ids/v1/test?ticket={ticket}")).await)
}

/// Settings whose provider has another key.
fn with_new_key() -> Settings {
    let changed = provider(Idp::other());
    Settings {
        identity_providers: Arc::new(
            [("corp".to_owned(), Arc::new(changed))].into_iter().collect(),
        ),
        ..settings()
    }
}

#[tokio::test]
async fn ids_18_whoever_tests_the_trust_is_told_who_signed_on_or_why_nobody_did() {
    let log = Log::of_this_thread();
    let place = Place::new().await;
    let mut browser = Browser::at(0);
    let sent = tested(&place, &mut browser).await;
    let mut said = sent.statement(&place);
    said.audience = "<b>elsewhere</b>".replace(['<', '>'], "_");
    let reply = browser.brings(&place, &sent, &Idp::usual().says(&said)).await;
    assert_eq!(reply.status, 403, "{reply:?}");
    assert!(
        reply.text.contains("The test failed") && reply.text.contains("_b_elsewhere"),
        "{reply:?}"
    );
    assert!(log.taken().contains("audience"));
    let noted =
        |place: &Place| place.nodes[0].port.trust_tests().borrow().tests.get(COMPONENT).cloned();
    let wait = |place: &Place, passed: bool| {
        let tests = place.nodes[0].port.trust_tests();
        async move {
            let is_so = |it: &Arc<domain::TrustTests>| {
                it.tests.get(COMPONENT).is_some_and(|test| test.passed == passed)
            };
            let mut tests = tests;
            tokio::time::timeout(Duration::from_secs(30), tests.wait_for(is_so))
                .await
                .unwrap()
                .unwrap();
        }
    };
    wait(&place, false).await;
    let test = noted(&place).unwrap();
    assert!(test.reason.unwrap().contains("_b_elsewhere"));
    assert!(place.identity().why_not().iter().any(|why| why.contains("failed")));
    // The same browser once more, nothing of before in its way; nobody is signed on by a test.
    let sent = tested(&place, &mut browser).await;
    let xml = Idp::usual().says(&sent.statement(&place));
    let reply = browser.brings(&place, &sent, &xml).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.text.contains("jdoe (jdoe@corp.example)"), "{reply:?}");
    assert!(browser.cookies.is_empty());
    wait(&place, true).await;
    let test = noted(&place).unwrap();
    assert_eq!((test.reason, test.who.as_deref()), (None, Some("jdoe@corp.example")));
    assert_eq!(test.trust, place.identity().trust());
    // A test's answer opens nothing a second time.
    let reply = browser.brings(&place, &sent, &xml).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn ids_18_the_link_of_a_test_is_good_for_ten_minutes_and_nowhere_else() {
    let place = Place::new().await;
    let ticket = place.identity().test_ticket(COMPONENT).unwrap();
    let target = format!("/ids/v1/test?ticket={ticket}");
    for wrong in [
        "/ids/v1/test",
        "/ids/v1/test?ticket=",
        "/ids/v1/test?ticket=x",
        &target[..target.len() - 2],
    ] {
        let reply = Browser::at(0).get(&place, wrong).await;
        assert_eq!(reply.status, 410, "{wrong}: {reply:?}");
    }
    place.wait(Duration::from_secs(599));
    Sent::of(&Browser::at(0).get(&place, &target).await);
    place.wait(Duration::from_secs(1));
    assert_eq!(Browser::at(0).get(&place, &target).await.status, 410);
}

#[tokio::test]
async fn ids_18_keys_of_before_count_until_new_metadata_are_proven() {
    let mut place = Place::new().await;
    place.runs();
    let mut browser = Browser::at(0);
    let sent = tested(&place, &mut browser).await;
    let xml = Idp::usual().says(&sent.statement(&place));
    assert_eq!(browser.brings(&place, &sent, &xml).await.status, 200);
    let old = Idp::usual().metadata();
    let is_proven = |node: &super::place::Node, text: &str| {
        node.port.trust_tests().borrow().proven.get("corp").is_some_and(|it| it == text)
    };
    place.all("proven", |node| is_proven(node, &old)).await;
    // The administrator has the provider's new file; the provider still signs with the old key.
    place.apply(&with_new_key()).await;
    for idp in [Idp::usual(), Idp::other()] {
        let mut browser = Browser::at(0);
        let sent = browser.sent(&place, OLD).await;
        let reply = browser.brings(&place, &sent, &idp.says(&sent.statement(&place))).await;
        reply.code();
    }
    // A test that the old key signed proves nothing of the new file.
    // With the new key it does, and the old one counts no more.
    let sent = tested(&place, &mut browser).await;
    let xml = Idp::other().says(&sent.statement(&place));
    assert_eq!(browser.brings(&place, &sent, &xml).await.status, 200);
    let new = Idp::other().metadata();
    place.all("proven", |node| is_proven(node, &new)).await;
    let counts =
        |node: &super::place::Node| node.identity.site().provider().unwrap().proven_keys.is_empty();
    place.all("keys of before are gone", counts).await;
    let mut browser = Browser::at(0);
    let sent = browser.sent(&place, OLD).await;
    let reply = browser.brings(&place, &sent, &Idp::usual().says(&sent.statement(&place))).await;
    assert_eq!(reply.status, 403, "{reply:?}");
}

#[tokio::test]
async fn ids_18_a_test_with_the_old_key_does_not_prove_the_new_file() {
    let mut place = Place::new().await;
    place.runs();
    let mut browser = Browser::at(0);
    let sent = tested(&place, &mut browser).await;
    browser.brings(&place, &sent, &Idp::usual().says(&sent.statement(&place))).await;
    let is_proven = |node: &super::place::Node| !node.port.trust_tests().borrow().proven.is_empty();
    place.all("proven", is_proven).await;
    place.apply(&with_new_key()).await;
    let sent = tested(&place, &mut browser).await;
    let reply = browser.brings(&place, &sent, &Idp::usual().says(&sent.statement(&place))).await;
    assert_eq!(reply.status, 403, "{reply:?}");
    assert!(reply.text.contains("no key made the signature"), "{reply:?}");
    let trust = place.identity().trust();
    let is_noted = |node: &super::place::Node| {
        let tests = node.port.trust_tests().borrow().clone();
        tests.tests.get(COMPONENT).is_some_and(|test| test.trust == trust && !test.passed)
    };
    place.all("noted", is_noted).await;
    let old = Idp::usual().metadata();
    assert_eq!(place.nodes[0].port.trust_tests().borrow().proven.get("corp"), Some(&old));
    // Nor does one that fails.
    let sent = tested(&place, &mut browser).await;
    let mut said = sent.statement(&place);
    said.audience = "elsewhere.example".to_owned();
    assert_eq!(browser.brings(&place, &sent, &Idp::other().says(&said)).await.status, 403);
    let has_failed = |node: &super::place::Node| {
        let tests = node.port.trust_tests().borrow().clone();
        tests.tests.get(COMPONENT).is_some_and(|test| !test.passed)
    };
    place.all("failed", has_failed).await;
    assert_eq!(place.nodes[0].port.trust_tests().borrow().proven.get("corp"), Some(&old));
    let mut browser = Browser::at(0);
    let sent = browser.sent(&place, OLD).await;
    browser.brings(&place, &sent, &Idp::usual().says(&sent.statement(&place))).await.code();
}

#[tokio::test]
async fn ids_07_a_test_with_the_next_saml_key_makes_it_the_current_one() {
    let place = Place::new().await;
    let kinds = Kinds { signing: false, encryption: false, saml: true };
    place.identity().renew_keys(kinds, false).await.unwrap();
    place.all("keys", |node| node.port.identity_keys().borrow().saml.len() == 2).await;
    let next = place.identity().keyring().saml_newest().unwrap().id.clone();
    let certificate = place.identity().keyring().keys.saml[1].certificate.clone();
    let mut browser = Browser::at(0);
    let sent = tested(&place, &mut browser).await;
    assert!(sent.xml.contains(&certificate), "{}", sent.xml);
    let xml = Idp::usual().says(&sent.statement(&place));
    assert_eq!(browser.brings(&place, &sent, &xml).await.status, 200);
    place.all("keys", |node| node.port.identity_keys().borrow().saml.len() == 1).await;
    assert_eq!(place.identity().keyring().saml_current().unwrap().id, next);
    // One that nobody accepts stays the next one.
    place.identity().renew_keys(kinds, false).await.unwrap();
    place.all("keys", |node| node.port.identity_keys().borrow().saml.len() == 2).await;
    let sent = tested(&place, &mut browser).await;
    let mut said = sent.statement(&place);
    said.status = "urn:oasis:names:tc:SAML:2.0:status:Requester".to_owned();
    assert_eq!(browser.brings(&place, &sent, &Idp::usual().says(&said)).await.status, 403);
    assert_eq!(place.identity().keyring().saml_current().unwrap().id, next);
    assert_eq!(place.identity().keyring().keys.saml.len(), 2);
}

async fn told(place: &Place, node: usize) -> (String, Vec<String>) {
    let reply = place.ask(node, Method::GET, "/ids/v1/status", HeaderMap::new(), "").await;
    let body = reply.json();
    let reasons = body["reasons"].as_array().unwrap().iter();
    let reasons = reasons.map(|it| it.as_str().unwrap().to_owned()).collect();
    (body["state"].as_str().unwrap().to_owned(), reasons)
}

#[tokio::test]
async fn ids_09_each_node_tells_its_state_and_why() {
    let mut place = Place::with(2, settings()).await;
    for node in 0..2 {
        assert_eq!(told(&place, node).await, ("IN_SERVICE".to_owned(), vec![]));
    }
    let reply = place.ask(1, Method::GET, "/ids/v1/status", HeaderMap::new(), "").await;
    assert_eq!(
        (&reply.json()["publisher"], &reply.json()["node"]),
        (&false.into(), &"ids-b.example".into())
    );
    let alone = |hosts: &[&str]| Settings {
        identity: Arc::new(IdentitySettings {
            hosts: hosts.iter().map(ToString::to_string).collect(),
            ..IdentitySettings::default()
        }),
        ..settings()
    };
    place.apply(&alone(&["ids-a.example"])).await;
    assert_eq!(
        told(&place, 1).await,
        ("PARTIAL_SERVICE".to_owned(), vec!["not_a_host".to_owned()])
    );
    // What signs people on is gone; what was issued is refreshed and checked.
    assert_eq!(Browser::at(1).authorize(&place, OLD).await.status, 503);
    place.apply(&alone(&["renamed.example", "ids-a.example"])).await;
    let (state, reasons) = told(&place, 0).await;
    assert_eq!(
        (state.as_str(), reasons),
        ("PARTIAL_SERVICE", vec!["certificate_for_another_name".to_owned()])
    );
    place.apply(&alone(&[])).await;
    assert_eq!(told(&place, 0).await.0, "NOT_CONFIGURED");
    for target in ["/.well-known/oauth-authorization-server", "/ids/saml/sp.xml"] {
        let reply = place.ask(0, Method::GET, target, HeaderMap::new(), "").await;
        assert_eq!(reply.status, 503, "{target}");
    }
    place.apply(&settings()).await;
    place.nodes[0].identity.set_clock(false);
    assert_eq!(told(&place, 0).await, ("PARTIAL_SERVICE".to_owned(), vec!["clock".to_owned()]));
    assert_eq!(place.nodes[0].identity.state().0, IdentityState::PartialService);
    place.nodes[0].identity.set_clock(true);
    let reply = Browser::at(0).authorize(&place, OLD).await;
    Sent::of(&reply);
    place.nodes.truncate(1);
}

#[tokio::test]
async fn ids_09_without_keys_or_provider_programs_and_people_are_told_to_wait() {
    let place = Place::without_keys(1, settings()).await;
    assert_eq!(told(&place, 0).await, ("OUT_OF_SERVICE".to_owned(), vec!["no_keys".to_owned()]));
    let page = Browser::at(0).authorize(&place, OLD).await;
    assert_eq!((page.status, page.header("retry-after")), (503, "30"));
    assert!(page.text.contains("Nobody can sign on right now"), "{page:?}");
    let target = super::browser::authorize_target(OLD, super::place::APP, None);
    let reply = place.ask(0, Method::GET, &target, HeaderMap::new(), "").await;
    reply.assert_error(503, "service_unavailable");
}

#[tokio::test]
async fn ids_09_a_node_that_would_not_hear_of_revocations_takes_no_token() {
    let place = Place::with(2, settings()).await;
    let (access, _) = place.tokens(PLAIN).await;
    assert!(place.check(1, &access).is_ok());
    // Its signs of life end, and it knows that others are there.
    place.nodes[1].engine.abandon();
    place
        .all("cut off", |node| node.identity.base().contains("ids-a") || node.port.is_cut_off())
        .await;
    assert_eq!(place.check(1, &access), Err(TokenRefused::Unavailable));
    assert_eq!(told(&place, 1).await, ("OUT_OF_SERVICE".to_owned(), vec!["cut_off".to_owned()]));
    assert!(matches!(place.nodes[1].identity.readiness(), Readiness::Failing(_)));
    assert!(place.nodes[1].identity.said().starts_with("out_of_service "));
    let parameters = [("token", access.as_str())];
    for target in ["/ids/v1/oauth/introspect", "/ids/v1/oauth/revoke"] {
        let reply = place.posts(1, PLAIN, target, &parameters).await;
        reply.assert_error(503, "temporarily_unavailable");
    }
    assert_eq!(Browser::at(1).authorize(&place, OLD).await.status, 503);
    // The other one goes on.
    assert!(place.check(0, &access).is_ok());
    assert_eq!(told(&place, 0).await.0, "IN_SERVICE");
}

#[tokio::test]
async fn ids_14_addresses_are_names_over_https() {
    let place = Place::new().await;
    let xml = place.identity().service_metadata().unwrap();
    let locations: Vec<_> = xml.split("Location=\"").skip(1).collect();
    assert_eq!(locations.len(), 2, "{xml}");
    for (location, host) in locations.iter().zip(["ids-a", "ids-b"]) {
        let wanted = format!("https://{host}.example:8553/ids/saml/response\"");
        assert!(location.starts_with(&wanted), "{location}");
    }
    let reply = place.ask(0, Method::GET, "/ids/saml/sp.xml", HeaderMap::new(), "").await;
    assert_eq!(reply.text, xml);
    assert_eq!(reply.header("content-type"), "application/samlmetadata+xml");
}
