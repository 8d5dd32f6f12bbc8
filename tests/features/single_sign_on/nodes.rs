//! Two nodes with one store: what one took or gave is so at the other.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::browser::Form;
use super::place::{
    AGENT, BOSS, as_client, authorize, body, browser, called_back, refreshed, text, to_console,
    traded, until_in_service, who, worth,
};
use crate::gateway::Gateway;
use crate::node::eventually;
use crate::nodes::{kill, node};

/// By when a token that was revoked at one node is refused at every other.
const REVOKED_WITHIN: Duration = Duration::from_secs(5);

fn service_of(node: &Value) -> String {
    node["identity"].as_str().unwrap().to_owned()
}

/// Two nodes, once both are in service.
fn start() -> Option<(Gateway, [String; 2])> {
    let gateway = Gateway::start_nodes_with_sign_on()?;
    let services = [0, 1].map(|number| service_of(&node(&gateway, number)));
    for service in &services {
        until_in_service(&gateway, service);
    }
    Some((gateway, services))
}

#[test]
fn ids_04_an_answer_of_the_provider_counts_once_whichever_node_it_comes_to() {
    let Some((gateway, [first, second])) = start() else { return };
    let mut person = browser(&gateway);
    let page = person.go_until(&authorize(&gateway, &first), AGENT, "SAMLResponse");
    let form = Form::of(&page.text()).unwrap_or_else(|| panic!("{page:#?}"));
    let flow = person.cookies("__Host-jackfield-flow-");
    let [(name, value)] = &flow[..] else { panic!("{flow:?}") };
    let fields: Vec<_> =
        form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let consumer = |service: &str| format!("{service}/ids/saml/response");
    assert_eq!(form.action, consumer(&first));
    // It was meant for the first node, and is not used up by being shown to the other.
    let elsewhere = person.post(&consumer(&second), &fields, "");
    assert_eq!(elsewhere.status, 403, "{}", elsewhere.text());
    person.keep(name, value);
    let taken = person.post(&consumer(&first), &fields, "");
    assert_eq!(taken.status, 303, "{}", taken.text());
    for service in [&first, &second] {
        let mut thief = browser(&gateway);
        thief.keep(name, value);
        let again = thief.post(&consumer(service), &fields, "");
        assert_eq!(again.status, 403, "{}", again.text());
        assert_eq!(thief.cookie(super::place::SIGN_ON_COOKIE), None);
    }
}

#[test]
fn ids_05_codes_and_tokens_of_one_node_are_so_at_the_other() {
    let Some((gateway, [first, second])) = start() else { return };
    let mut person = browser(&gateway);
    let page = called_back(&gateway, &mut person, &first, AGENT);
    let tokens = eventually("the code at the other node", || {
        let answer = traded(&gateway, &second, &page.code());
        assert_eq!(answer.status, 200, "{}", answer.text());
        Some(body(&answer))
    });
    let access = text(&tokens, "access_token");
    for service in [&first, &second] {
        assert_eq!(worth(&gateway, service, &access)["active"], true);
    }
    // The sign-on is one for both.
    person.forget("__Host-idp-session");
    assert_eq!(called_back(&gateway, &mut person, &second, None).typed, 0);
    let renewed = refreshed(&gateway, &first, &text(&tokens, "refresh_token"));
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let renewed = body(&renewed);
    let token = text(&renewed, "refresh_token");
    assert_eq!(as_client(&gateway, &first, "revoke", &[("token", &token)]).status, 200);
    let revoked_at = Instant::now();
    let access = text(&renewed, "access_token");
    eventually("word of it at the other node", || {
        (worth(&gateway, &second, &access)["active"] == false).then_some(())
    });
    assert!(revoked_at.elapsed() < REVOKED_WITHIN, "it took {:?}", revoked_at.elapsed());
    assert_eq!(body(&refreshed(&gateway, &second, &token))["error"], "invalid_grant");
}

#[test]
fn ids_10_where_the_publisher_is_killed_the_other_console_signs_on_by_its_own_service() {
    let Some((gateway, [first, second])) = start() else { return };
    // The provider has read by then who may ask.
    let mut before = browser(&gateway);
    let page = called_back(&gateway, &mut before, &first, AGENT);
    let tokens = body(&traded(&gateway, &first, &page.code()));
    kill(&node(&gateway, 0));
    eventually("word of it", || node(&gateway, 0)["pid"].is_null().then_some(()));
    let console = node(&gateway, 1)["console"].as_str().unwrap().to_owned();
    let mut person = browser(&gateway);
    let page = to_console(&mut person, &console, BOSS);
    assert_eq!(page.url, format!("{console}#/settings"), "{page:#?}\n{}", page.text());
    let (status, told) = who(&mut person, &console);
    assert_eq!((status, told["roles"][0].as_str()), (200, Some("administrator")), "{told}");
    // Who was signed on at the node that is gone still is, and so are tokens.
    before.forget("__Host-idp-session");
    assert_eq!(called_back(&gateway, &mut before, &second, None).typed, 0);
    assert_eq!(worth(&gateway, &second, &text(&tokens, "access_token"))["active"], true);
    let renewed = refreshed(&gateway, &second, &text(&tokens, "refresh_token"));
    assert_eq!(renewed.status, 200, "{}", renewed.text());
}
