//! From an application to the identity provider and back with a code.

use std::time::Duration;

use super::browser::{Browser, Sent, authorize_target};
use super::idp::{Idp, SSO_URL, Statement};
use super::log::Log;
use super::place::{APP, OLD, PLAIN, PUBLIC, Place, REFERENCE, STRICT, pair, settings};

#[tokio::test]
async fn ids_02_the_browser_posts_a_signed_request_as_the_original_sends_it() {
    let place = Place::new().await;
    let mut browser = Browser::at(0);
    let reply = browser.authorize(&place, STRICT).await;
    let sent = Sent::of(&reply);
    for part in [
        "ForceAuthn=\"false\"",
        "IsPassive=\"false\"",
        "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"",
        "AssertionConsumerServiceURL=\"https://ids-a.example:8553/ids/saml/response\"",
        "SPNameQualifier=\"ids-a.example\" AllowCreate=\"true\"",
        "nameid-format:transient",
        "xmldsig-more#rsa-sha256",
        "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">ids-a.example</saml:Issuer>",
        "IssueInstant=\"2027-01-15T08:00:00Z\"",
    ] {
        assert!(sent.xml.contains(part), "{part} is not in {}", sent.xml);
    }
    assert_eq!(sent.attribute("Destination"), SSO_URL);
    // Neither script nor style in the page, and a policy that allows none.
    let policy = reply.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(reply.text.contains("<noscript>"), "{}", reply.text);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    // The flow comes back by another site's POST, so its cookie must too; nothing of it can be read.
    let (name, value) = browser.cookie("__Host-jackfield-flow-").unwrap();
    assert_eq!(name, format!("__Host-jackfield-flow-{}", sent.relay_state));
    let cookie = reply.headers.get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.ends_with("SameSite=None; Max-Age=600"), "{cookie}");
    for secret in [STRICT, "app.example", &sent.attribute("ID")] {
        assert!(!value.contains(secret), "{value}");
    }
}

#[tokio::test]
async fn ids_05_each_node_gives_codes_that_any_node_trades() {
    let place = Place::with(2, settings()).await;
    for (client, node) in [(STRICT, 0), (PLAIN, 1), (PUBLIC, 0), (OLD, 1)] {
        let mut browser = Browser::at(node);
        let sent = browser.sent(&place, client).await;
        let host = ["ids-a", "ids-b"][node];
        let acs = sent.attribute("AssertionConsumerServiceURL");
        assert_eq!(acs, format!("https://{host}.example:8553/ids/saml/response"));
        let reply =
            browser.brings(&place, &sent, &Idp::usual().says(&sent.statement(&place))).await;
        assert!(reply.location().starts_with(&format!("{APP}&code=")), "{reply:?}");
        assert_eq!(reply.parameter("state").as_deref(), Some("s&t=1"));
        assert_eq!(reply.parameter("iss").as_deref(), Some("https://ids-a.example:8553"));
        // The flow's cookie is gone, the sign-on's there.
        assert!(browser.cookie("__Host-jackfield-flow-").is_none());
        assert!(browser.cookie("__Host-jackfield-sso").is_some());
        let traded = place.trade(1 - node, client, &reply.code()).await;
        let (access, _) = pair(&traded);
        let body = traded.json();
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 3_600);
        assert_eq!(body["user_id"], "jdoe");
        assert_eq!(body["realm"], "corp.example");
        assert_eq!(body["user_principal"], "jdoe@corp.example");
        assert_eq!(body["scope"], "one two");
        for node in 0..2 {
            let access = place.check(node, &access).unwrap();
            assert_eq!(access.person.principal, "jdoe@corp.example");
            assert_eq!(access.client_id, client);
            assert_eq!(access.scope, ["one", "two"]);
        }
    }
}

#[tokio::test]
async fn ids_03_what_is_refused_says_a_number_and_the_log_says_why() {
    let log = Log::of_this_thread();
    let place = Place::new().await;
    type Change = fn(&mut Statement);
    let cases: [(Change, &str); 8] = [
        (|it| it.issuer = "https://evil.example/saml".to_owned(), "issuer"),
        (
            |it| it.destination = "https://ids-b.example:8553/ids/saml/response".to_owned(),
            "destination",
        ),
        (|it| it.request = "_another".to_owned(), "in_response_to"),
        (|it| it.audience = "elsewhere.example".to_owned(), "audience"),
        (|it| it.principal = "root@corp.example".to_owned(), "attribute"),
        (|it| it.status = "urn:oasis:names:tc:SAML:2.0:status:Responder".to_owned(), "status"),
        (|it| it.issued_at = it.issued_at.after(Duration::from_secs(61)), "too_early"),
        (
            |it| it.session_ends_at = Some(domain::Timestamp::from_seconds(1_799_999_930)),
            "session_over",
        ),
    ];
    for (change, reason) in cases {
        let mut browser = Browser::at(0);
        let sent = browser.sent(&place, STRICT).await;
        let mut said = sent.statement(&place);
        change(&mut said);
        log.taken();
        let reply = browser.brings(&place, &sent, &Idp::usual().says(&said)).await;
        assert_eq!(reply.status, 403, "{reason}: {reply:?}");
        assert!(reply.text.contains(&format!("<strong>{REFERENCE}</strong>")), "{reply:?}");
        let told = log.taken();
        assert!(told.contains(REFERENCE) && told.contains(reason), "{reason}: {told}");
        for secret in ["jdoe", reason, "evil", "IdP"] {
            assert!(!reply.text.contains(secret), "{secret} is in {}", reply.text);
        }
        assert!(!told.contains("jdoe"), "{told}");
        // That flow is over, and nobody is signed on.
        assert!(browser.cookies.is_empty(), "{browser:?}", browser = browser.cookies);
    }
    // Signed by somebody else, and too old.
    let mut browser = Browser::at(0);
    let sent = browser.sent(&place, STRICT).await;
    let reply = browser.brings(&place, &sent, &Idp::other().says(&sent.statement(&place))).await;
    assert_eq!(reply.status, 403);
    let sent = browser.sent(&place, STRICT).await;
    let xml = Idp::usual().says(&sent.statement(&place));
    place.wait(Duration::from_secs(301));
    let reply = browser.brings(&place, &sent, &xml).await;
    assert_eq!(reply.status, 403);
    assert!(log.taken().contains("too_late"));
}

#[tokio::test]
async fn ids_04_a_response_counts_once_at_every_node() {
    let place = Place::with(2, settings()).await;
    let mut browser = Browser::at(0);
    let sent = browser.sent(&place, STRICT).await;
    let before = browser.clone();
    let xml = Idp::usual().says(&sent.statement(&place));
    browser.brings(&place, &sent, &xml).await.code();
    // The browser has no such flow any more.
    assert_eq!(browser.brings(&place, &sent, &xml).await.status, 400);
    // Whoever kept the cookie gets no further, at either node.
    for node in [0, 1] {
        let mut kept = Browser { node, ..before.clone() };
        let reply = kept.brings(&place, &sent, &xml).await;
        assert_eq!(reply.status, 403, "{reply:?}");
        assert!(kept.cookie("__Host-jackfield-sso").is_none());
    }
    // Another answer to the same request counts neither, nor the same assertion in another answer.
    let mut said = sent.statement(&place);
    said.id = "_other".to_owned();
    said.assertion_id = "_other_assertion".to_owned();
    let reply = before.clone().brings(&place, &sent, &Idp::usual().says(&said)).await;
    assert_eq!(reply.status, 403, "{reply:?}");
    let mut again = Browser::at(0);
    let second = again.sent(&place, STRICT).await;
    let mut said = second.statement(&place);
    said.assertion_id = sent.statement(&place).assertion_id;
    let reply = again.brings(&place, &second, &Idp::usual().says(&said)).await;
    assert_eq!(reply.status, 403, "{reply:?}");
    // As long as an answer would be taken for its age, the memory lasts.
    place.wait(Duration::from_secs(299));
    let reply = before.clone().brings(&place, &sent, &xml).await;
    assert_eq!(reply.status, 403, "{reply:?}");
}

#[tokio::test]
async fn ids_04_two_nodes_at_once_take_one_answer_once() {
    let place = Place::with(2, settings()).await;
    let mut browser = Browser::at(0);
    let sent = browser.sent(&place, STRICT).await;
    let mut said = sent.statement(&place);
    let xml = Idp::usual().says(&said);
    said.id = "_second".to_owned();
    let second = Idp::usual().says(&said);
    let (mut one, mut other) = (browser.clone(), browser.clone());
    let (one, other) =
        tokio::join!(one.brings(&place, &sent, &xml), other.brings(&place, &sent, &second));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 403]);
}

#[tokio::test]
async fn ids_15_further_applications_open_without_the_provider() {
    let place = Place::new().await;
    let mut browser = Browser::at(0);
    let first = browser.signs_on(&place, STRICT).await;
    let second = browser.authorize(&place, PLAIN).await.code();
    let third = browser.get(&place, &authorize_target(OLD, APP, None)).await.code();
    let (first, _) = pair(&place.trade(0, STRICT, &first).await);
    let (second, refresh) = pair(&place.trade(0, PLAIN, &second).await);
    let (third, _) = pair(&place.trade(0, OLD, &third).await);
    // Another site's page signs nobody off.
    for more in [
        vec![],
        vec![("origin", "https://evil.example")],
        vec![("sec-fetch-site", "cross-site"), ("origin", "https://ids-a.example:8553")],
        vec![("sec-fetch-site", "same-site")],
    ] {
        let reply = browser.post(&place, "/ids/sign-off", &more, "").await;
        assert_eq!(reply.status, 403, "{more:?}");
    }
    assert!(place.check(0, &first).is_ok());
    let asked = browser.get(&place, "/ids/sign-off").await;
    assert!(asked.text.contains("<form method=\"post\" action=\"/ids/sign-off\">"));
    // Signing off ends everything that was opened.
    let kept = browser.clone();
    let more = [("sec-fetch-site", "same-origin")];
    let reply = browser.post(&place, "/ids/sign-off", &more, "").await;
    assert_eq!(reply.status, 200);
    assert!(browser.cookies.is_empty());
    for access in [&first, &second, &third] {
        place.all_refuse(access).await;
    }
    place.refresh(0, PLAIN, &refresh, None).await.assert_error(400, "invalid_grant");
    // Whoever kept the cookie has to sign on anew.
    Sent::of(&kept.clone().authorize(&place, PLAIN).await);
}

#[tokio::test]
async fn ids_15_a_code_of_before_signing_off_is_worth_nothing() {
    let place = Place::new().await;
    let mut browser = Browser::at(0);
    let code = browser.signs_on(&place, PLAIN).await;
    let more = [("origin", "https://ids-a.example:8553")];
    assert_eq!(browser.post(&place, "/ids/sign-off", &more, "").await.status, 200);
    place.trade(0, PLAIN, &code).await.assert_error(400, "invalid_grant");
}

#[tokio::test]
async fn ids_15_a_sign_on_ends_with_refresh_tokens_or_with_the_providers_session() {
    let place = Place::new().await;
    let mut browser = Browser::at(0);
    browser.signs_on(&place, PLAIN).await;
    place.wait(Duration::from_secs(10 * 3_600 - 1));
    browser.authorize(&place, PLAIN).await.code();
    place.wait(Duration::from_secs(1));
    let sent = browser.sent(&place, PLAIN).await;
    let mut said = sent.statement(&place);
    said.session_ends_at = Some(place.now().after(Duration::from_secs(600)));
    browser.brings(&place, &sent, &Idp::usual().says(&said)).await.code();
    place.wait(Duration::from_secs(599));
    browser.authorize(&place, PLAIN).await.code();
    place.wait(Duration::from_secs(1));
    browser.sent(&place, PLAIN).await;
}
