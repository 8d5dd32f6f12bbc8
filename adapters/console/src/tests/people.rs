//! Sign-in, sign-out, tokens and sessions.

use domain::{Identity, Principal, Proof, Role};
use http::Method;
use serde_json::json;

use crate::testing::{Ask, NOW, Place, administrator, agent_person, person};
use crate::{Failure, SignInRefusal};

fn sign_in(body: serde_json::Value) -> Ask {
    Ask::new(Method::POST, "/api/v1/session", None).json(&body)
}

#[tokio::test]
async fn ids_17_clients_learn_the_mode_and_the_message_before_sign_in() {
    let place = Place::new().await;
    let reply = place.ask(Ask::new(Method::GET, "/api/v1/sign-on", None)).await;
    let expected = json!({
        "mode": "local", "message": null, "set_up": true, "single_sign_on": false, "local_sign_in": true,
    });
    assert_eq!(reply.json(), expected);
    let mut with_message = crate::testing::settings();
    let message = Some("For <b>staff</b> only".to_owned());
    let sign_on = domain::settings::SignOn { message, ..Default::default() };
    with_message.sign_on = std::sync::Arc::new(sign_on);
    let place = Place::with(with_message).await;
    let reply = place.ask(Ask::new(Method::GET, "/api/v1/sign-on", None)).await;
    assert_eq!(reply.json()["message"], "For <b>staff</b> only");
}

#[tokio::test]
async fn ops_06_whoever_signs_in_gets_a_cookie_for_this_host_alone() {
    let place = Place::new().await;
    let body = json!({"account": "admin", "password": "right", "acknowledged": true});
    let reply = place.ask(sign_in(body)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(
        reply.header("set-cookie"),
        "__Host-jackfield=cookie-of-a-session; Path=/; Secure; HttpOnly; SameSite=Strict"
    );
    assert!(!reply.text.contains("cookie-of-a-session"));
    assert_eq!(reply.json()["known_by"], "account");
    assert_eq!(reply.json()["ends_at"], "2027-01-15T08:00:00Z");
}

#[tokio::test]
async fn dsk_06_a_sign_in_within_a_page_that_the_settings_name_gets_a_cookie_of_its_own() {
    let body = || json!({"account": "admin", "password": "right", "acknowledged": true});
    let framed = |site: Option<&str>| {
        let ask = Ask::new(Method::POST, "/api/v1/session?framed=true", None).json(&body());
        match site {
            Some(site) => ask.with("sec-fetch-site", site),
            None => ask,
        }
    };
    // Nobody may show the workspace: there is no such cookie.
    let place = Place::new().await;
    place.ask(framed(Some("same-origin"))).await.assert_problem(403, "forbidden");
    let mut settings = crate::testing::settings();
    let origins = vec!["https://desktop.example:8445".to_owned()];
    let channels =
        domain::settings::Channels { workspace_frame_origins: origins, ..Default::default() };
    settings.channels = std::sync::Arc::new(channels);
    let place = Place::with(settings).await;
    for site in [None, Some("cross-site"), Some("same-site"), Some("none")] {
        place.ask(framed(site)).await.assert_problem(403, "forbidden");
    }
    let reply = place.ask(framed(Some("same-origin"))).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(
        reply.header("set-cookie"),
        "__Host-jackfield-framed=cookie-of-a-session; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
    );
    // Elsewhere nothing changed.
    let reply = place.ask(sign_in(body())).await;
    assert!(reply.header("set-cookie").ends_with("SameSite=Strict"));
}

#[tokio::test]
async fn ops_07_each_refusal_of_a_sign_in_has_its_own_code() {
    let place = Place::new().await;
    let refusals = [
        (SignInRefusal::Unacknowledged, 403, "unacknowledged", ""),
        (SignInRefusal::Wrong, 401, "wrong", ""),
        (SignInRefusal::OneTimeNeeded, 401, "one_time_needed", ""),
        (SignInRefusal::OneTimeWrong, 401, "one_time_wrong", ""),
        (
            SignInRefusal::Locked { until: NOW.after(std::time::Duration::from_secs(90)) },
            429,
            "locked",
            "90",
        ),
        (SignInRefusal::NoRole, 403, "no_role", ""),
        (SignInRefusal::Busy { retry_seconds: 7 }, 429, "busy", "7"),
        (SignInRefusal::Unavailable, 503, "unavailable", "5"),
    ];
    for (refusal, status, code, retry) in refusals {
        place.node.refuses(refusal);
        let reply = place.ask(sign_in(json!({"account": "admin", "password": "right"}))).await;
        reply.assert_problem(status, code);
        assert_eq!(reply.header("retry-after"), retry);
        assert_eq!(reply.header("set-cookie"), "");
    }
    for (body, pointer) in [
        (json!({"password": "x"}), "/account"),
        (json!({"account": "a"}), "/password"),
        (json!({"account": "a", "password": ""}), "/password"),
        (json!({"account": "a", "password": "x", "acknowledged": "yes"}), "/acknowledged"),
        (json!({"account": "a", "password": "planted", "passw0rd": 1}), "/passw0rd"),
        (json!({"account": "a", "password": ["planted"]}), "/password"),
    ] {
        let reply = place.ask(sign_in(body)).await;
        reply.assert_problem(422, "invalid");
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
        assert!(!reply.text.contains("planted"), "{}", reply.text);
    }
}

#[tokio::test]
async fn ops_06_the_set_up_link_makes_the_first_administrator() {
    let place = Place::new().await;
    let set_up = |body| Ask::new(Method::POST, "/api/v1/set-up", None).json(&body);
    let body = json!({"secret": "the-link", "account": "first", "password": "long enough"});
    let reply = place.ask(set_up(body)).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (201, json!({"account": "first"})));
    let wrong = json!({"secret": "another", "account": "first", "password": "long enough"});
    place.ask(set_up(wrong)).await.assert_problem(401, "link_over");
    let reply = place.ask(set_up(json!({"account": "a b", "password": "short"}))).await;
    reply.assert_problem(422, "invalid");
    let fields: Vec<_> = reply.json()["errors"].as_array().unwrap().clone();
    let fields: Vec<_> = fields.iter().map(|it| it["field"].as_str().unwrap().to_owned()).collect();
    assert_eq!(fields, ["secret", "account", "password"]);
}

#[tokio::test]
async fn ops_06_a_session_is_shown_and_ended() {
    let place = Place::new().await;
    let who = Principal {
        how: Proof::Cookie,
        session: Some("00000000000000aa".to_owned()),
        ..administrator()
    };
    let sessions = json!({"sessions": [
        {"number": "00000000000000bb", "ends_at": 5},
        {"number": "00000000000000aa", "ends_at": 1_800_000_000},
    ]});
    place.node.answers("web_sessions", Ok(sessions));
    let shown = place.get("/api/v1/session", who.clone()).await.json();
    assert_eq!((&shown["who"], &shown["how"]), (&json!("admin"), &json!("cookie")));
    assert_eq!(
        (&shown["roles"], &shown["ends_at"]),
        (&json!(["administrator"]), &json!("2027-01-15T08:00:00Z"))
    );
    let end = Ask::new(Method::DELETE, "/api/v1/session", Some(who.clone()))
        .with("cookie", "a=b; __Host-jackfield=xyz");
    let reply = place.ask(end).await;
    assert_eq!(reply.status, 204);
    assert!(reply.header("set-cookie").starts_with("__Host-jackfield=; Path=/"));
    assert!(reply.header("set-cookie").ends_with("Max-Age=0"));
    assert_eq!(reply.header("clear-site-data"), "\"cache\", \"storage\"");
    assert_eq!(*place.node.signed_out.lock().unwrap(), ["xyz"]);
    // A token's request ends nobody's session, whatever cookie stands beside it.
    let token = Principal { how: Proof::Bearer, ..who };
    let end = Ask::new(Method::DELETE, "/api/v1/session", Some(token))
        .with("cookie", "__Host-jackfield=xyz");
    place.ask(end).await.assert_problem(409, "no_session");
    assert_eq!(place.node.signed_out.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn ops_06_a_token_never_has_more_roles_than_its_owner() {
    let place = Place::new().await;
    let make = |who: Principal, roles: serde_json::Value| {
        let body = json!({"name": "wallboard", "roles": roles, "days": 30});
        Ask::new(Method::POST, "/api/v1/tokens", Some(who)).json(&body)
    };
    let reader = || person("reader", &[Role::Report], &[]);
    let reply = place.ask(make(reader(), json!(["report", "administrator"]))).await;
    reply.assert_problem(422, "invalid");
    assert_eq!(reply.json()["errors"][0]["pointer"], "/roles/1");
    for roles in [json!([]), json!(["root"]), json!("report"), json!(null)] {
        place.ask(make(reader(), roles)).await.assert_problem(422, "invalid");
    }
    let token = Principal { how: Proof::Bearer, ..reader() };
    place.ask(make(token, json!(["report"]))).await.assert_problem(403, "token_not_enough");
    assert_eq!(place.node.done(), []);
    let made = json!({"id": "ab", "token": "jf_ab_secret", "ends_at": 1_800_000_000});
    place.node.answers("token_make", Ok(made));
    let reply = place.ask(make(reader(), json!(["report"]))).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["ends_at"]),
        (201, &json!("2027-01-15T08:00:00Z"))
    );
    assert_eq!(reply.header("cache-control"), "no-store");
    let identity = json!({"known_by": "account", "name": "reader"});
    assert_eq!(
        place.node.done()[0].members,
        json!({"identity": identity, "name": "wallboard", "roles": ["report"], "days": 30})
    );
}

#[tokio::test]
async fn ops_06_tokens_and_sessions_are_the_callers_own() {
    let place = Place::new().await;
    let who = agent_person("1001");
    let identity = json!({"known_by": "agent", "id": "1001"});
    place.node.answers("tokens_list", Ok(json!({"tokens": [{"id": "ab", "made_at": 0}]})));
    let list = place.get("/api/v1/tokens", who.clone()).await.json();
    assert_eq!(list["items"], json!([{"id": "ab", "made_at": "1970-01-01T00:00:00Z"}]));
    let revoke = Ask::new(Method::DELETE, "/api/v1/tokens/ab", Some(who.clone()));
    assert_eq!(place.ask(revoke).await.status, 204);
    let end = Ask::new(Method::DELETE, "/api/v1/sessions/cd", Some(who.clone()));
    assert_eq!(place.ask(end).await.status, 204);
    let done = place.node.done();
    assert_eq!(done[0].members, json!({"identity": identity}));
    assert_eq!(done[1].members, json!({"identity": identity, "token": "ab"}));
    assert_eq!(done[2].members, json!({"identity": identity, "session": "cd"}));
    for method in [Method::GET, Method::DELETE] {
        for list in ["sessions", "tokens"] {
            let one = if method == Method::GET { "" } else { "/cd" };
            let other = format!("/api/v1/{list}{one}?account=admin");
            let ask = Ask::new(method.clone(), &other, Some(who.clone()));
            place.ask(ask).await.assert_problem(403, "forbidden");
        }
    }
    place.node.answers("token_revoke", Err(Failure::new("not_found", "there is no token ab")));
    let revoke = Ask::new(Method::DELETE, "/api/v1/tokens/ab", Some(who));
    place.ask(revoke).await.assert_problem(404, "not_found");
    // An administrator names an account, and ends what is that account's alone.
    let all = || {
        json!({"sessions": [
            {"number": "cd", "who": "reader"}, {"number": "ef", "who": "admin"},
        ]})
    };
    place.node.done();
    for _ in 0..3 {
        place.node.answers("web_sessions", Ok(all()));
    }
    let list = place.get("/api/v1/sessions?account=reader", administrator()).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let end = |number: &str| {
        let target = format!("/api/v1/sessions/{number}?account=reader");
        Ask::new(Method::DELETE, &target, Some(administrator()))
    };
    place.ask(end("ef")).await.assert_problem(404, "not_found");
    assert_eq!(place.ask(end("cd")).await.status, 204);
    assert_eq!(place.node.done().pop().unwrap().members, json!({"session": "cd"}));
    let all = || json!({"tokens": [{"id": "ab", "for": "reader"}, {"id": "cd", "for": "admin"}]});
    for _ in 0..3 {
        place.node.answers("tokens_list", Ok(all()));
    }
    let list = place.get("/api/v1/tokens?account=reader", administrator()).await.json();
    assert_eq!(list["items"], json!([{"id": "ab", "for": "reader"}]));
    let revoke = |id: &str| {
        let target = format!("/api/v1/tokens/{id}?account=reader");
        Ask::new(Method::DELETE, &target, Some(administrator()))
    };
    place.ask(revoke("cd")).await.assert_problem(404, "not_found");
    assert_eq!(place.ask(revoke("ab")).await.status, 204);
    assert_eq!(place.node.done().pop().unwrap().members, json!({"token": "ab"}));
    let nobody = Principal { identity: None, ..administrator() };
    place.get("/api/v1/tokens", nobody).await.assert_problem(403, "forbidden");
    let identity = Identity::Account { name: "admin".parse().unwrap() };
    assert_eq!(administrator().identity, Some(identity));
}
