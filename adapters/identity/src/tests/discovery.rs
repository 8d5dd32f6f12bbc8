//! What anybody may know, and where browsers are sent.

use http::HeaderMap;
use http::Method;
use serde_json::Value;

use super::browser::{Browser, authorize_target, escaped};
use super::place::{
    APP, OLD, PLAIN, PUBLIC, Place, REFERENCE, STRICT, VERIFIER, settings_with_client,
};

const ISSUER: &str = "https://ids-a.example:8553";

#[tokio::test]
async fn ids_05_clients_learn_endpoints_and_keys_by_themselves() {
    let place = Place::new().await;
    let get = async |target: &str| place.ask(0, Method::GET, target, HeaderMap::new(), "").await;
    let reply = get("/.well-known/oauth-authorization-server").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    let told = reply.json();
    assert_eq!(told["issuer"], ISSUER);
    assert_eq!(told["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    for name in ["authorization", "token", "introspection", "revocation"] {
        let place = told[format!("{name}_endpoint")].as_str().unwrap().to_owned();
        assert!(place.starts_with("https://ids-a.example:8553/ids/v1/oauth/"), "{place}");
    }
    let keys = get(told["jwks_uri"].as_str().unwrap().strip_prefix(ISSUER).unwrap()).await;
    let keys = keys.json()["keys"].as_array().unwrap().clone();
    let names: Vec<_> = keys.iter().map(|key| key["alg"].as_str().unwrap()).collect();
    assert_eq!(names, ["RS256", "ES256"]);
    for key in keys {
        assert!(["d", "p", "q", "k"].iter().all(|private| key[private] == Value::Null), "{key}");
    }
}

#[tokio::test]
async fn ids_05_no_browser_is_sent_anywhere_but_where_the_application_registered() {
    let place = Place::new().await;
    for redirect in [
        "https://evil.example/callback",
        "https://app.example/callback",
        "https://app.example/callback?kept=1&more=2",
        "https://app.example/callback?kept=1#x",
        "https://app.example/callback?kept=1/",
        "https://app.example/callback/../callback?kept=1",
        "https://app.example/%63allback?kept=1",
        "https://APP.EXAMPLE/callback?kept=1",
        "https://app.example:443/callback?kept=1",
        "https://app.example@evil.example/callback?kept=1",
        "https://app.example.evil.example/callback?kept=1",
        "http://app.example/callback?kept=1",
        "//app.example/callback?kept=1",
        "https://app.example\\@evil.example/callback?kept=1",
        "https://app.example/callback?kept=1\r\nset-cookie: a=b",
        "javascript:alert(1)",
        " https://app.example/callback?kept=1",
        "http://127.0.0.1:1234/callback",
    ] {
        let target = authorize_target(STRICT, redirect, Some(VERIFIER));
        let reply = Browser::at(0).get(&place, &target).await;
        assert!([400, 401].contains(&reply.status), "{redirect}: {reply:?}");
        assert_eq!(reply.header("location"), "", "{redirect}");
        assert!(!reply.text.contains("evil"), "{reply:?}");
        assert!(reply.text.contains(REFERENCE), "{reply:?}");
    }
    for client in
        ["", "nobody", "5555555555555555555555555555555555555555", &STRICT.replace('1', "%00")]
    {
        let target = authorize_target(client, APP, Some(VERIFIER));
        let reply = Browser::at(0).get(&place, &target).await;
        assert!([400, 401].contains(&reply.status), "{client}: {reply:?}");
        assert_eq!(reply.header("location"), "", "{client}");
    }
    // A parameter twice says nothing, wherever the first one leads.
    let good = authorize_target(STRICT, APP, Some(VERIFIER));
    for more in [
        format!("&redirect_uri={}", escaped("https://evil.example/")),
        format!("&redirect_uri={}", escaped(APP)),
        format!("&client_id={STRICT}"),
        "&state=2".to_owned(),
        "&response_type=token".to_owned(),
        "&code_challenge_method=plain".to_owned(),
        "&%73tate=2".to_owned(),
    ] {
        let reply = Browser::at(0).get(&place, &format!("{good}{more}")).await;
        assert_eq!((reply.status, reply.header("location")), (400, ""), "{more}: {reply:?}");
    }
    // Programs are told in JSON.
    let target = authorize_target(STRICT, "https://evil.example/", Some(VERIFIER));
    let reply = place.ask(0, Method::GET, &target, HeaderMap::new(), "").await;
    reply.assert_error(401, "invalid_redirectUri");
}

#[tokio::test]
async fn ids_05_errors_that_are_sent_on_carry_state_and_issuer() {
    let place = Place::new().await;
    let good = authorize_target(PLAIN, APP, Some(VERIFIER));
    let challenge = format!("code_challenge={}", protocols::oauth::challenge_of(VERIFIER).unwrap());
    let plain = good.replace("method=S256", "method=plain");
    let cases = [
        (good.replace("response_type=code", "response_type=token"), "unsupported_response_type"),
        (good.replace("response_type=code&", ""), "invalid_request"),
        (plain, "invalid_request"),
        (good.replace(&challenge, "code_challenge=short"), "invalid_request"),
        (good.replace(&format!("&{challenge}"), ""), "invalid_request"),
        (authorize_target(PLAIN, APP, None), "invalid_request"),
        (authorize_target(PUBLIC, APP, None), "invalid_request"),
        (good.replace("one%20two", "one%22"), "invalid_scope"),
        (good.replace("one%20two", &"a%20".repeat(17).replace("a%20a", "a%20b")), "invalid_scope"),
    ];
    for (target, error) in cases {
        let reply = Browser::at(0).get(&place, &target).await;
        assert!(reply.location().starts_with(&format!("{APP}&error=")), "{target}: {reply:?}");
        assert_eq!(reply.parameter("error").as_deref(), Some(error), "{target}");
        assert_eq!(reply.parameter("state").as_deref(), Some("s&t=1"), "{target}");
        assert_eq!(reply.parameter("iss").as_deref(), Some(ISSUER), "{target}");
        assert_eq!(reply.parameter("code"), None);
    }
}

#[tokio::test]
async fn ids_05_a_native_application_listens_on_any_port_of_its_own_machine() {
    let native = settings_with_client(PUBLIC, |mut it| {
        it.native = true;
        it.redirect_urls = vec!["http://127.0.0.1/callback".to_owned()];
        Some(it)
    });
    let place = Place::with(1, native).await;
    let redirect = "http://127.0.0.1:49152/callback";
    let mut browser = Browser::at(0);
    let target = authorize_target(PUBLIC, redirect, Some(VERIFIER));
    let sent = super::browser::Sent::of(&browser.get(&place, &target).await);
    let xml = super::idp::Idp::usual().says(&sent.statement(&place));
    let reply = browser.brings(&place, &sent, &xml).await;
    assert!(reply.location().starts_with("http://127.0.0.1:49152/callback?code="), "{reply:?}");
    let code = reply.code();
    let other = "http://127.0.0.1:49153/callback";
    let traded = place.trade_with(0, PUBLIC, &code, other, Some(VERIFIER)).await;
    traded.assert_error(400, "invalid_grant");
    let traded = place.trade_with(0, PUBLIC, &code, redirect, Some(VERIFIER)).await;
    assert_eq!(traded.status, 200, "{traded:?}");
    for wrong in ["http://localhost:49152/callback", "http://127.0.0.2:1/callback"] {
        let target = authorize_target(PUBLIC, wrong, Some(VERIFIER));
        assert_eq!(Browser::at(0).get(&place, &target).await.status, 401, "{wrong}");
    }
}

#[tokio::test]
async fn ids_05_pages_of_public_applications_alone_read_tokens() {
    let place = Place::new().await;
    let parameters =
        [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", PUBLIC)];
    let ask = async |client: &str, origin: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        headers.insert("origin", origin.parse().unwrap());
        let mut parameters = parameters.to_vec();
        if client == OLD {
            headers.insert(
                "authorization",
                super::place::basic(OLD, super::place::SECRET).parse().unwrap(),
            );
            parameters.pop();
        }
        let body = super::browser::form(&parameters);
        place.ask(0, Method::POST, "/ids/v1/oauth/token", headers, &body).await
    };
    let allowed =
        |reply: &super::browser::Reply| reply.header("access-control-allow-origin").to_owned();
    assert_eq!(allowed(&ask(PUBLIC, "https://app.example").await), "https://app.example");
    assert_eq!(allowed(&ask(PUBLIC, "https://app.exampl").await), "");
    assert_eq!(allowed(&ask(PUBLIC, "https://evil.example").await), "");
    assert_eq!(allowed(&ask(PUBLIC, "null").await), "");
    assert_eq!(allowed(&ask(OLD, "https://app.example").await), "");
}
