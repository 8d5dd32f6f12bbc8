//! Phones with headsets: what is handed on, what comes back, and who may see it.

use domain::Role;
use engine::surface::Callers;
use serde_json::{Value, json};

use crate::testing::{Place, administrator};

fn phone(device: &str) -> Value {
    json!({
        "device": device, "agent": "east:1001", "state": "not_ready", "reason": 7, "light": "red",
        "reached": true, "dead": false, "discovered_at": 1_800_000_000_000_000_i64,
        "configured_at": null, "proof": "token", "problem": null,
    })
}

#[tokio::test]
async fn ops_06_phones_with_headsets_are_paged_and_looked_for() {
    let place = Place::new().await;
    let page = json!({"phones": [phone("SEP1")], "next": "SEP1"});
    place.node.answers("headset_phones", Ok(page));
    let first = place.get("/api/v1/headset-phones?limit=1&device=SEP", administrator()).await;
    let first = first.json();
    assert_eq!(first["items"][0]["discovered_at"], "2027-01-15T08:00:00Z");
    assert_eq!(first["items"][0]["configured_at"], Value::Null);
    let next = first["next"].as_str().unwrap();
    place.node.answers("headset_phones", Ok(json!({"phones": [phone("SEP2")], "next": null})));
    let second = place.get(&format!("/api/v1/headset-phones?after={next}"), administrator()).await;
    assert_eq!(second.json()["next"], Value::Null);
    let asked: Vec<_> = place.node.done().into_iter().map(|done| done.members).collect();
    let expected = [json!({"limit": 1, "device": "SEP"}), json!({"limit": 100, "after": "SEP1"})];
    assert_eq!(asked, expected);
    for (query, name) in [("limit=0", "limit"), ("after=%C3%A4", "after"), ("agent=1", "agent")] {
        let reply = place.get(&format!("/api/v1/headset-phones?{query}"), administrator()).await;
        reply.assert_problem(400, "bad_query");
        assert_eq!(reply.json()["errors"][0]["field"], name, "{query}");
    }
}

#[tokio::test]
async fn ops_06_requests_of_headsets_that_nobody_understood_are_shown() {
    let place = Place::new().await;
    let request = json!({
        "at": 1_800_000_000_000_000_i64, "count": 3, "method": "PUT", "target": "/x",
        "headers": [{"name": "Accept", "value": "*/*"}], "body": "",
    });
    place.node.answers("headset_unknown_requests", Ok(json!({"requests": [request]})));
    let reply = place.get("/api/v1/headset-unknown-requests", administrator()).await.json();
    assert_eq!(reply["items"][0]["at"], "2027-01-15T08:00:00Z");
    assert_eq!((&reply["items"][0]["count"], &reply["next"]), (&json!(3), &Value::Null));
}

#[tokio::test]
async fn ops_06_only_administrators_see_phones_with_headsets() {
    let place = Place::new().await;
    let routes = place.routes().iter();
    let routes = routes.filter(|route| route.path.starts_with("/api/v1/headset-"));
    let callers: Vec<_> = routes.map(|route| &route.callers).collect();
    assert_eq!(callers, [&Callers::Roles(&[Role::Administrator]); 2]);
}
