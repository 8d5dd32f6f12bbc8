//! Applications and their tokens: had, renewed, asked about, given back, and good after new keys.

use serde_json::{Value, json};

use super::place::{
    AGENT, BOSS, as_client, body, browser, called_back, client, refreshed, start, text, to_console,
    traded, who, worth,
};
use crate::gateway::Gateway;
use crate::node::eventually;

/// A sign-on and its tokens.
#[track_caller]
fn tokens(gateway: &Gateway) -> (Value, String) {
    let service = gateway.endpoint("identity");
    let page = called_back(gateway, &mut browser(gateway), &service, AGENT);
    let answer = traded(gateway, &service, &page.code());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
    (body(&answer), page.code())
}

#[test]
fn ids_05_a_code_is_traded_once_and_tokens_are_renewed_in_turn() {
    let gateway = start();
    let service = gateway.endpoint("identity");
    let (first, code) = tokens(&gateway);
    assert_eq!(first["token_type"], "Bearer");
    assert_eq!(
        (text(&first, "user_id"), text(&first, "user_principal")),
        ("1001".to_owned(), "1001@demo.example".to_owned())
    );
    let access = text(&first, "access_token");
    let told = worth(&gateway, &service, &access);
    assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!("1001")), "{told}");
    assert_eq!(told["iss"], service.as_str());

    let second = refreshed(&gateway, &service, &text(&first, "refresh_token"));
    assert_eq!(second.status, 200, "{}", second.text());
    let second = body(&second);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_ne!(first["access_token"], second["access_token"]);
    // Given back, it and all that came of the same sign-on is worth nothing.
    let token = text(&second, "refresh_token");
    assert_eq!(as_client(&gateway, &service, "revoke", &[("token", &token)]).status, 200);
    for name in ["access_token", "refresh_token"] {
        let told = worth(&gateway, &service, &text(&second, name));
        assert_eq!(told, json!({"active": false}), "{name}");
    }
    assert_eq!(worth(&gateway, &service, &access)["active"], false);
    assert_eq!(body(&refreshed(&gateway, &service, &token))["error"], "invalid_grant");
    assert_eq!(body(&traded(&gateway, &service, &code))["error"], "invalid_grant");
}

#[test]
fn ids_05_a_code_that_comes_again_ends_what_it_was_traded_for() {
    let gateway = start();
    let service = gateway.endpoint("identity");
    let (first, code) = tokens(&gateway);
    let again = traded(&gateway, &service, &code);
    assert_eq!((again.status, &body(&again)["error"]), (400, &json!("invalid_grant")));
    assert_eq!(worth(&gateway, &service, &text(&first, "access_token"))["active"], false);
    assert!(gateway.log().contains("was used twice"), "{}", gateway.log());
    // Nobody's log has what opens anything.
    for secret in [code, text(&first, "access_token"), client(&gateway, "secret")] {
        assert!(!gateway.log().contains(&secret));
    }
}

#[test]
fn ids_05_a_code_is_for_its_application_its_address_and_its_verifier() {
    let gateway = start();
    let service = gateway.endpoint("identity");
    let redirect = client(&gateway, "redirect");
    let other = format!("{redirect}/");
    let verifier = super::place::VERIFIER;
    for (address, verifier) in
        [(other.as_str(), verifier), (redirect.as_str(), &"a".repeat(43)), (redirect.as_str(), "")]
    {
        let page = called_back(&gateway, &mut browser(&gateway), &service, AGENT);
        let code = page.code();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", address),
            ("code_verifier", verifier),
        ];
        let answer = as_client(&gateway, &service, "token", &fields);
        assert_eq!(answer.status, 400, "{address} {verifier}: {}", answer.text());
    }
    let mut wrong = browser(&gateway);
    let id = client(&gateway, "id");
    let fields = [("client_id", id.as_str()), ("client_secret", "x"), ("token", "y")];
    let answer = wrong.post(&format!("{service}/ids/v1/oauth/revoke"), &fields, "");
    assert_eq!((answer.status, &body(&answer)["error"]), (401, &json!("invalid_client")));
}

#[test]
fn ids_06_expiry_and_sealing_follow_the_settings_at_once() {
    let gateway = start();
    let service = gateway.endpoint("identity");
    let (sealed, _) = tokens(&gateway);
    // Ends are whole seconds.
    let lasts = |tokens: &Value| tokens["expires_in"].as_u64().unwrap();
    assert!((3_599..=3_600).contains(&lasts(&sealed)), "{}", lasts(&sealed));
    // Five parts are a sealed token, three one that may be read.
    assert_eq!(text(&sealed, "access_token").split('.').count(), 5);
    gateway.settings(|settings| {
        settings["identity"]["access_token_minutes"] = json!(5);
        settings["identity"]["encrypt_tokens"] = json!(false);
    });
    let (plain, _) = tokens(&gateway);
    assert!((299..=300).contains(&lasts(&plain)), "{}", lasts(&plain));
    assert_eq!(text(&plain, "access_token").split('.').count(), 3);
    for token in [&sealed, &plain] {
        assert_eq!(worth(&gateway, &service, &text(token, "access_token"))["active"], true);
    }
}

#[test]
fn ids_07_new_keys_are_published_and_nobody_is_logged_out() {
    let gateway = start();
    let (service, console) = (gateway.endpoint("identity"), gateway.endpoint("console"));
    let mut boss = browser(&gateway);
    to_console(&mut boss, &console, BOSS);
    let (before, _) = tokens(&gateway);
    let published = || {
        let answer = browser(&gateway).ask(&format!("GET {service}/ids/v1/oauth/jwks"), "", b"");
        assert_eq!(answer.status, 200);
        let keys = body(&answer)["keys"].as_array().unwrap().clone();
        keys.iter().map(|key| text(key, "kid")).collect::<Vec<_>>()
    };
    let old = published();
    let origin = console.trim_end_matches('/');
    let headers = format!("Content-Type: application/json\r\nOrigin: {origin}\r\n");
    for kind in ["signing", "encryption", "saml"] {
        let wish = json!({"kind": kind, "invalidate": false}).to_string();
        let asked = format!("POST {console}api/v1/identity/keys");
        let answer = boss.ask(&asked, &headers, wish.as_bytes());
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
    }
    let new = eventually("the new keys", || Some(published()).filter(|new| new.len() > old.len()));
    assert!(old.iter().all(|kid| new.contains(kid)), "{old:?} {new:?}");
    assert_eq!(worth(&gateway, &service, &text(&before, "access_token"))["active"], true);
    let after = refreshed(&gateway, &service, &text(&before, "refresh_token"));
    assert_eq!(after.status, 200, "{}", after.text());
    let access = text(&body(&after), "access_token");
    assert_eq!(worth(&gateway, &service, &access)["active"], true);
    assert_eq!(who(&mut boss, &console).0, 200);
    // The certificate for the provider waits until somebody puts it in force; people sign on meanwhile and then.
    let told = body(&boss.ask(&format!("GET {console}api/v1/identity"), "", b""));
    let states = |told: &Value| {
        let keys = told["keys"]["saml"].as_array().unwrap();
        keys.iter().map(|key| text(key, "state")).collect::<Vec<_>>()
    };
    assert_eq!(states(&told), ["active", "next"], "{told}");
    for node in told["nodes"].as_array().unwrap() {
        assert!(node["certificate"]["not_after"].is_number(), "{node}");
    }
    tokens(&gateway);
    let asked = format!("POST {console}api/v1/identity/keys/saml/activate");
    let answer = boss.ask(&asked, &headers, b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = body(&boss.ask(&format!("GET {console}api/v1/identity"), "", b""));
    assert_eq!(states(&told), ["active"]);
    tokens(&gateway);
    assert_eq!(who(&mut boss, &console).0, 200);
    // Replaced at once, what the old ones made is worth nothing, and a refresh gets what is.
    let wish = json!({"kind": "signing", "invalidate": true}).to_string();
    let asked = format!("POST {console}api/v1/identity/keys");
    assert_eq!(boss.ask(&asked, &headers, wish.as_bytes()).status, 200);
    assert_eq!(worth(&gateway, &service, &access)["active"], false);
    let renewed = refreshed(&gateway, &service, &text(&body(&after), "refresh_token"));
    let access = text(&body(&renewed), "access_token");
    assert_eq!(worth(&gateway, &service, &access)["active"], true);
}

#[test]
fn ids_05_the_service_says_of_itself_where_everything_is() {
    let gateway = start();
    let service = gateway.endpoint("identity");
    let mut anybody = browser(&gateway);
    let place = format!("GET {service}/.well-known/oauth-authorization-server");
    let answer = anybody.ask(&place, "", b"");
    assert_eq!(answer.header("content-type").as_deref(), Some("application/json"));
    let told = body(&answer);
    assert_eq!(text(&told, "issuer"), service);
    assert_eq!(told["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(told["authorization_response_iss_parameter_supported"], true);
    for (member, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("jwks_uri", "jwks"),
        ("introspection_endpoint", "introspect"),
        ("revocation_endpoint", "revoke"),
    ] {
        assert_eq!(text(&told, member), format!("{service}/ids/v1/oauth/{path}"));
    }
    let state = body(&anybody.ask(&format!("GET {service}/ids/v1/status"), "", b""));
    assert_eq!((&state["state"], &state["publisher"]), (&json!("IN_SERVICE"), &json!(true)));
    let metadata = anybody.ask(&format!("GET {service}/ids/saml/sp.xml"), "", b"");
    assert!(metadata.text().contains(&format!("{service}/ids/saml/response")));
}
