//! The flow that a browser carries: whose it is, how old, and what happens to it.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::browser::{Browser, Sent, authorize_target, form};
use super::idp::Idp;
use super::log::Log;
use super::place::{APP, Place, REFERENCE, STRICT, VERIFIER, settings};

const FLOW: &str = "__Host-jackfield-flow-";

#[tokio::test]
async fn ids_04_an_answer_counts_in_the_browser_that_asked() {
    let log = Log::of_this_thread();
    let place = Place::new().await;
    let mut browser = Browser::at(0);
    let sent = browser.sent(&place, STRICT).await;
    let xml = Idp::usual().says(&sent.statement(&place));
    // An attacker's own answer, posted by a page of theirs in the browser of somebody else.
    let mut without = Browser::at(0);
    let mut other = Browser::at(0);
    other.sent(&place, STRICT).await;
    let mut renamed = Browser::at(0);
    let foreign = other.cookie(FLOW).unwrap().1;
    renamed.cookies.push((format!("{FLOW}{}", sent.relay_state), foreign));
    for victim in [&mut without, &mut other, &mut renamed] {
        log.taken();
        let reply = victim.brings(&place, &sent, &xml).await;
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(reply.text.contains(&format!("<strong>{REFERENCE}</strong>")), "{reply:?}");
        assert!(victim.cookie("__Host-jackfield-sso").is_none());
        assert!(log.taken().contains("belongs to no request of that browser"));
    }
    // It was not used up by that.
    browser.brings(&place, &sent, &xml).await.code();
}

#[tokio::test]
async fn ids_04_a_cookie_that_somebody_tossed_in_counts_for_nothing() {
    let place = Place::new().await;
    let mut attacker = Browser::at(0);
    let sent = attacker.sent(&place, STRICT).await;
    let xml = Idp::usual().says(&sent.statement(&place));
    let mut victim = Browser::at(0);
    let own = victim.sent(&place, STRICT).await;
    let name = format!("{FLOW}{}", own.relay_state);
    victim.cookies.push((name, attacker.cookie(FLOW).unwrap().1));
    let reply = victim.clone().brings(&place, &own, &xml).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    // Two sign-ons of one name are none.
    attacker.brings(&place, &sent, &xml).await.code();
    let session = attacker.cookie("__Host-jackfield-sso").unwrap();
    let mut tossed = Browser::at(0);
    tossed.cookies = vec![session.clone(), (session.0, "0".repeat(64))];
    Sent::of(&tossed.authorize(&place, STRICT).await);
}

#[tokio::test]
async fn ids_04_relay_states_name_a_flow_of_ours() {
    let place = Place::new().await;
    let mut browser = Browser::at(0);
    let sent = browser.sent(&place, STRICT).await;
    let xml = Idp::usual().says(&sent.statement(&place));
    let upper = sent.relay_state.to_ascii_uppercase();
    for state in
        ["", "00000000", "../../../", "https://evil.example/", "a\r\nset-cookie: x=y", &upper]
    {
        if *state == sent.relay_state {
            continue;
        }
        let wrong = Sent { relay_state: state.to_owned(), ..sent.clone() };
        let reply = browser.clone().brings(&place, &wrong, &xml).await;
        assert_eq!(reply.status, 400, "{state}: {reply:?}");
        let cookies = reply.headers.get_all("set-cookie").iter();
        assert!(cookies.into_iter().all(|it| !it.to_str().unwrap().contains("evil")), "{reply:?}");
    }
    let body = form(&[("SAMLResponse", "PGEvPg=="), ("RelayState", "x"), ("RelayState", "y")]);
    let reply = browser.clone().post(&place, "/ids/saml/response", &[], &body).await;
    assert_eq!(reply.status, 403, "{reply:?}");
}

#[tokio::test]
async fn ids_04_a_flow_lasts_ten_minutes() {
    let place = Place::new().await;
    for (seconds, status) in [(600, 303), (601, 400)] {
        let mut browser = Browser::at(0);
        let sent = browser.sent(&place, STRICT).await;
        place.wait(Duration::from_secs(seconds));
        let reply =
            browser.brings(&place, &sent, &Idp::usual().says(&sent.statement(&place))).await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
    // One of the future is none either: somebody set the clock back.
    let mut browser = Browser::at(0);
    let sent = browser.sent(&place, STRICT).await;
    place.clock.set_back(Duration::from_secs(30));
    let reply = browser.brings(&place, &sent, &Idp::usual().says(&sent.statement(&place))).await;
    assert_eq!(reply.status, 400, "{reply:?}");
}

#[tokio::test]
async fn ids_04_a_provider_that_was_removed_meanwhile_proves_nobody() {
    let log = Log::of_this_thread();
    let place = Place::new().await;
    let mut signed_on = Browser::at(0);
    signed_on.signs_on(&place, STRICT).await;
    let mut browser = Browser::at(0);
    let sent = browser.sent(&place, STRICT).await;
    let mut without = settings();
    without.identity_providers = Arc::default();
    place.apply(&without).await;
    let reply = browser.brings(&place, &sent, &Idp::usual().says(&sent.statement(&place))).await;
    assert_eq!(reply.status, 403, "{reply:?}");
    assert!(log.taken().contains("the identity provider was removed"));
    // Whoever was signed on by it is no more.
    assert_eq!(signed_on.authorize(&place, STRICT).await.status, 503);
}

#[tokio::test]
async fn ids_15_a_browser_carries_a_few_flows_at_a_time() {
    let place = Place::new().await;
    let mut browser = Browser::at(0);
    let mut all = Vec::new();
    for _ in 0..6 {
        all.push(browser.sent(&place, STRICT).await);
    }
    assert_eq!(browser.cookies.len(), 4);
    let xml = Idp::usual().says(&all[0].statement(&place));
    assert_eq!(browser.brings(&place, &all[0], &xml).await.status, 400);
    // Two tabs each come to their end.
    for sent in &all[2..] {
        let xml = Idp::usual().says(&sent.statement(&place));
        browser.brings(&place, sent, &xml).await.code();
    }
}

#[tokio::test]
async fn ids_04_pictures_and_frames_of_other_pages_leave_no_cookies_behind() {
    let place = Place::new().await;
    let target = authorize_target(STRICT, APP, Some(VERIFIER));
    let asked = async |destination: Option<&str>| {
        let mut headers = HeaderMap::new();
        headers.insert("accept", "text/html".parse().unwrap());
        headers.extend(destination.map(|it| {
            (HeaderName::from_static("sec-fetch-dest"), HeaderValue::from_str(it).unwrap())
        }));
        place.ask(0, Method::GET, &target, headers, "").await
    };
    for destination in ["image", "iframe", "empty", "script", "embed"] {
        let reply = asked(Some(destination)).await;
        assert_eq!(reply.status, 403, "{destination}: {reply:?}");
        assert_eq!(reply.header("set-cookie"), "", "{destination}");
    }
    for destination in [None, Some("document")] {
        Sent::of(&asked(destination).await);
    }
}

#[tokio::test]
async fn ids_04_sign_ons_that_wait_never_fill_the_header_of_a_browser() {
    let place = Place::new().await;
    let target = |state: &str, scope: &str| {
        let target = authorize_target(STRICT, APP, Some(VERIFIER));
        target.replace("s%26t%3D1", state).replace("one%20two", scope)
    };
    let mut browser = Browser::at(0);
    let mut last = None;
    for _ in 0..6 {
        let reply = browser.get(&place, &target(&"s".repeat(2_000), "one")).await;
        last = Some(Sent::of(&reply));
        let bytes: usize =
            browser.cookies.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(bytes <= 6 * 1024, "{bytes}");
    }
    let sent = last.unwrap();
    let xml = Idp::usual().says(&sent.statement(&place));
    browser.brings(&place, &sent, &xml).await.code();
    // What no browser keeps is not begun.
    let reply = Browser::at(0).get(&place, &target(&"s".repeat(2_000), &"o".repeat(1_000))).await;
    assert_eq!(reply.parameter("error").as_deref(), Some("invalid_request"), "{reply:?}");
    assert_eq!(reply.header("set-cookie"), "");
}
