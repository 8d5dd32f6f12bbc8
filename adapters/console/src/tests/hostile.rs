//! What nobody who means well sends.

use http::Method;
use serde_json::json;

use crate::testing::{Ask, Place, administrator};

fn put(target: &str) -> Ask {
    Ask::new(Method::PUT, target, Some(administrator()))
}

#[tokio::test]
async fn ops_06_bodies_that_are_deep_double_or_no_objects_are_refused_with_their_place() {
    let place = Place::new().await;
    let deep = format!("{}1{}", "{\"a\":".repeat(70), "}".repeat(70));
    let huge = format!("{{\"name\": \"{}\"", "x".repeat(200_000));
    for (body, part) in [
        ("", "line 1"),
        ("{\"name\":", "line 1"),
        ("{\n\"name\": 1,\n}", "line 3"),
        ("{\"roles\": [\"agent\"], \"roles\": [\"administrator\"]}", "twice"),
        ("{\"a\": {\"b\": 1, \"\\u0062\": 2}}", "twice"),
        ("[]", "object"),
        ("null", "object"),
        ("\"x\"", "object"),
        ("{} {}", "line 1"),
        (deep.as_str(), "deeper"),
        (huge.as_str(), "line 1"),
        ("{\"a\": \"\\ud800\"}", "line 1"),
    ] {
        let reply = place.ask(put("/api/v1/agents/1001").sending("application/json", body)).await;
        reply.assert_problem(400, "bad_json");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(part), "{detail}");
        assert!(detail.len() < 200);
    }
    let not_utf_8 =
        put("/api/v1/agents/1001").sending("application/json", b"{\"a\":\"\xff\"}".to_vec());
    place.ask(not_utf_8).await.assert_problem(400, "bad_json");
    assert_eq!(place.node.done(), []);
}

#[tokio::test]
async fn ops_06_other_media_types_and_unexpected_bodies_are_refused() {
    let place = Place::new().await;
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""]
    {
        // A form of another site can send these without asking.
        let ask = put("/api/v1/agents/1001").sending(kind, "{}");
        place.ask(ask).await.assert_problem(415, "unsupported_media_type");
    }
    let ask = put("/api/v1/agents/1001").sending("Application/JSON ; charset=utf-8", "{}");
    assert_eq!(place.ask(ask).await.status, 200);
    let delete = Ask::new(Method::DELETE, "/api/v1/agents/1001", Some(administrator()));
    place.ask(delete.json(&json!({}))).await.assert_problem(400, "unexpected_body");
    let limits = place.routes().iter().map(|route| route.body_bytes_max);
    assert!(limits.clone().all(|limit| limit <= 32 * 1024 * 1024));
    let big: Vec<_> =
        place.routes().iter().filter(|route| route.body_bytes_max > 300_000).collect();
    assert_eq!(big.len(), 7, "{big:?}");
    assert!(big.iter().all(|route| !matches!(route.callers, engine::surface::Callers::Anyone)));
}

#[tokio::test]
async fn ops_06_names_are_names_whatever_is_in_them() {
    let place = Place::new().await;
    for name in [
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e",
        "%E2%80%AE1001",
        "1001%20",
        "%D0%B0dmin",
        "1001%00",
        "a%2Fb",
        "*",
        "%3Cscript%3E",
        "1001%0D%0ASet-Cookie:%20x=y",
    ] {
        for section in ["agents", "accounts", "devices", "teams", "layouts", "directories"] {
            let target = format!("/api/v1/{section}/{name}");
            let reply = place.get(&target, administrator()).await;
            reply.assert_problem(404, "not_found");
            assert_eq!(reply.header("set-cookie"), "");
        }
    }
    // A team of that name is another one than the team it looks like.
    let reply = place.get("/api/v1/teams/a%2Fb%20c", administrator()).await;
    assert_eq!(reply.json()["name"], "a/b c");
    let reply = place.ask(put("/api/v1/teams/x%0Ay%C2%85").json(&json!({}))).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("location"), "/api/v1/teams/x%0Ay%C2%85");
}

#[tokio::test]
async fn ops_06_markup_comes_back_as_data() {
    let place = Place::new().await;
    let reply = place.get("/api/v1/reason-codes/not_ready/7", administrator()).await;
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.json()["label"], "<script>alert(1)</script>");
    let reply = place.get("/api/v1/agents?%3Cscript%3E=1", administrator()).await;
    reply.assert_problem(400, "bad_query");
    let policies = place.routes().iter().map(|route| route.policy);
    assert!(policies.into_iter().all(|it| it == engine::surface::ResponsePolicy::Browser));
}

#[tokio::test]
async fn ops_06_queries_are_read_once_and_whole() {
    let place = Place::new().await;
    for query in [
        "limit=1001",
        "limit=-1",
        "limit=1e3",
        "limit=",
        "limit=99999999999999999999999",
        "after=%ff",
        "after=!!",
        "after=a",
        "q=",
        "q=%0A",
        "role=root",
        "team=x&team=y",
        "limit",
        "unknown=1",
        "LIMIT=1",
    ] {
        let target = format!("/api/v1/agents?{query}");
        place.get(&target, administrator()).await.assert_problem(400, "bad_query");
    }
    let long = format!("/api/v1/agents?q={}", "x".repeat(65));
    place.get(&long, administrator()).await.assert_problem(400, "bad_query");
    assert_eq!(place.get("/api/v1/agents?&limit=1&", administrator()).await.status, 200);
}
