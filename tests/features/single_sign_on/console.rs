//! People sign on to the console by the identity provider, and off again.

use serde_json::json;

use super::place::{
    AGENT, BOSS, CONSOLE_COOKIE, SIGN_ON_COOKIE, STRANGER, as_client, body, browser, called_back,
    refreshed, start, text, to_console, traded, who, worth,
};

#[test]
fn ids_11_a_person_signs_on_to_the_console_and_has_the_role_that_was_granted() {
    let gateway = start();
    let console = gateway.endpoint("console");
    let mut person = browser(&gateway);
    assert_eq!(who(&mut person, &console).0, 401);
    let page = to_console(&mut person, &console, BOSS);
    assert_eq!(page.url, format!("{console}#/settings"), "{page:#?}\n{}", page.text());
    assert_eq!(page.typed, 1);
    assert_eq!(person.cookies("__Host-jackfield-single-"), [], "what is over is taken away");
    assert_eq!(person.cookies("__Host-jackfield-flow-"), []);
    let (status, told) = who(&mut person, &console);
    assert_eq!((status, &told["known_by"]), (200, &json!("signed_on")), "{told}");
    assert_eq!(told["roles"], json!(["administrator"]));
    assert!(told["who"].as_str().unwrap().contains("boss@demo.example"), "{told}");
    // Which of the two is so is told to whoever asks before anybody signs in; local accounts always may.
    let told = body(&person.ask(&format!("GET {console}api/v1/sign-on"), "", b""));
    assert_eq!((&told["single_sign_on"], &told["local_sign_in"]), (&json!(true), &json!(true)));
    let mut local = browser(&gateway);
    let account = json!({"account": "admin", "password": "demo-admin"}).to_string();
    let headers =
        format!("Content-Type: application/json\r\nOrigin: {}\r\n", console.trim_end_matches('/'));
    let asked = format!("POST {console}api/v1/session");
    assert_eq!(local.ask(&asked, &headers, account.as_bytes()).status, 200);
}

#[test]
fn ids_16_whoever_is_proven_and_unknown_here_is_told_so_and_has_no_session() {
    let gateway = start();
    let console = gateway.endpoint("console");
    let mut person = browser(&gateway);
    let page = to_console(&mut person, &console, STRANGER);
    let begins = format!("{console}#/signed-out?error=unknown_person&reference=");
    let reference = page.url.strip_prefix(&begins).unwrap_or_else(|| panic!("{page:#?}"));
    assert_eq!(person.cookie(CONSOLE_COOKIE), None);
    assert_eq!(who(&mut person, &console).0, 401);
    let log = gateway.log();
    let line = log.lines().find(|line| line.contains("nobody is signed in")).unwrap();
    assert!(line.contains(reference) && line.contains("stranger@demo.example"), "{line}");
}

#[test]
fn ids_16_an_agent_is_known_by_uid_and_gets_no_more_than_agents_may() {
    let gateway = start();
    let console = gateway.endpoint("console");
    let mut person = browser(&gateway);
    let page = to_console(&mut person, &console, AGENT);
    let (status, told) = who(&mut person, &console);
    assert_eq!(status, 200, "{page:#?} {told}");
    assert_eq!(told["roles"], json!(["agent"]), "{told}");
    let refused = person.ask(&format!("GET {console}api/v1/identity"), "", b"");
    assert_eq!(refused.status, 403, "{}", refused.text());
}

#[test]
fn ids_15_one_sign_on_opens_every_application_until_it_ends() {
    let gateway = start();
    let (console, service) = (gateway.endpoint("console"), gateway.endpoint("identity"));
    let mut person = browser(&gateway);
    to_console(&mut person, &console, BOSS);
    // It is ours that is asked, not once more the provider's.
    person.forget("__Host-idp-session");
    let page = called_back(&gateway, &mut person, &service, None);
    assert_eq!(page.typed, 0);
    let tokens = body(&traded(&gateway, &service, &page.code()));
    let access = text(&tokens, "access_token");
    assert_eq!(text(&tokens, "user_id"), "boss");
    assert_eq!(worth(&gateway, &service, &access)["active"], true);
    // Another browser knows nothing of it.
    let page = browser(&gateway).go(&super::place::authorize(&gateway, &service), None);
    assert!(page.text().contains("type=\"password\""), "{page:#?}");

    let asked = person.go(&format!("{service}/ids/sign-off"), None);
    assert!(asked.text().contains("<form method=\"post\" action=\"/ids/sign-off\">"));
    // A page of another site signs nobody off.
    let off = format!("{service}/ids/sign-off");
    let foreign = person.post(&off, &[], "Origin: https://evil.example\r\n");
    assert_eq!(foreign.status, 403, "{}", foreign.text());
    assert_eq!(who(&mut person, &console).0, 200);
    let kept = person.cookie(SIGN_ON_COOKIE).unwrap();
    let done = person.post(&off, &[], &format!("Origin: {service}\r\n"));
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(person.cookie(SIGN_ON_COOKIE), None);
    crate::node::eventually("the end of the console's session", || {
        (who(&mut person, &console).0 == 401).then_some(())
    });
    assert_eq!(worth(&gateway, &service, &access)["active"], false);
    let refused = refreshed(&gateway, &service, &text(&tokens, "refresh_token"));
    assert_eq!(body(&refused)["error"], "invalid_grant");
    // The cookie is worth nothing either, to whoever kept it.
    person.keep(SIGN_ON_COOKIE, &kept);
    let page = person.go(&super::place::authorize(&gateway, &service), None);
    assert!(page.text().contains("type=\"password\""), "{page:#?}");
    // And nobody but applications may ask what a token is worth.
    let asked = browser(&gateway).post(
        &format!("{service}/ids/v1/oauth/introspect"),
        &[("token", &access)],
        "",
    );
    assert_eq!(asked.status, 401, "{}", asked.text());
    assert_eq!(as_client(&gateway, &service, "revoke", &[("token", "nonsense")]).status, 200);
}
