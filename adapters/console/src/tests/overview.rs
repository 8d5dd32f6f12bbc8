//! The overview and what stands beside it: who is told what.

use serde_json::{Value, json};

use crate::testing::{Place, administrator, agent_person, supervisor};
use crate::{Part, PartCode, PartKind, PartState};

fn told() -> Value {
    let store = Part::not_ok(PartKind::Store, PartState::Missing, PartCode::StoreFailing)
        .because(Some("/var/lib/jackfield/store.db: disk I/O error"));
    json!({
        "node": "gw-a.example",
        "at": 1_800_000_000_000_000_i64,
        "parts": [Part::ok(PartKind::Clock).json(), store.json()],
    })
}

#[tokio::test]
async fn ops_06_ccp_01_leaders_see_every_part_and_administrators_what_lies_behind_it() {
    let place = Place::new().await;
    place.node.answers("overview", Ok(told()));
    let all = place.get("/api/v1/overview", administrator()).await.json();
    assert_eq!(all["at"], "2027-01-15T08:00:00Z");
    assert!(all["parts"][1]["reason"].as_str().unwrap().contains("/var/lib"), "{all}");
    place.node.answers("overview", Ok(told()));
    let less = place.get("/api/v1/overview", supervisor()).await.json();
    assert!(!less.to_string().contains("/var/lib"), "{less}");
    let store = &less["parts"][1];
    assert_eq!((&store["code"], &store["page"]), (&json!("store_failing"), &Value::Null));
    let refused = place.get("/api/v1/overview", agent_person("1001")).await;
    refused.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn ops_06_history_is_asked_for_by_series_and_within_the_own_teams() {
    let place = Place::new().await;
    let target = "/api/v1/history?series=sessions,agents.ready&minutes=120";
    let told = json!({"ends_at": 1_800_000_000_000_000_i64, "series": []});
    place.node.answers("history", Ok(told));
    let all = place.get(target, administrator()).await.json();
    assert_eq!(all["ends_at"], "2027-01-15T08:00:00Z");
    place.get("/api/v1/history?team=a/b%20c", administrator()).await;
    place.get("/api/v1/history", supervisor()).await;
    let asked: Vec<_> = place.node.done().into_iter().map(|done| done.members).collect();
    let expected = [
        json!({"series": ["sessions", "agents.ready"], "minutes": 120, "whole": true}),
        json!({"series": [], "teams": ["a/b c"], "whole": false}),
        json!({"series": [], "teams": ["sales"], "whole": false}),
    ];
    assert_eq!(asked, expected);
    let others = place.get("/api/v1/history?team=a/b%20c", supervisor()).await;
    others.assert_problem(404, "not_found");
    for query in ["series=agents.signed_out", "series=agents.%3Cscript%3E", "minutes=1441"] {
        let reply = place.get(&format!("/api/v1/history?{query}"), administrator()).await;
        reply.assert_problem(400, "bad_query");
    }
}

#[test]
fn ccp_01_the_description_names_every_code_a_browser_may_have_to_translate() {
    let document = crate::openapi::document();
    let codes = &document["components"]["schemas"]["Part"]["properties"]["code"]["enum"];
    let mut named: Vec<_> = codes.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    named.sort_unstable();
    let mut known: Vec<_> = PartCode::TABLE.iter().map(|(_, name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(named, known);
}

#[tokio::test]
async fn ops_06_phones_are_listed_and_supervisors_see_those_of_their_teams_without_addresses() {
    let place = Place::new().await;
    let told = || {
        json!({
            "devices": [{
                "device": "SEP1",
                "registration": {"peer": "192.0.2.9:5060", "registered_at": 1_800_000_000_000_000_i64},
            }],
            "next": "SEP1",
            "total": 7,
        })
    };
    place.node.answers("device_states", Ok(told()));
    let page = place.get("/api/v1/devices-status?limit=1&q=sep&state=registered", administrator());
    let page = page.await.json();
    let registration = &page["items"][0]["registration"];
    assert_eq!(registration["peer"], "192.0.2.9:5060");
    assert_eq!(registration["registered_at"], "2027-01-15T08:00:00Z");
    assert_eq!(page["total"], 7);
    place.node.answers("device_states", Ok(told()));
    let next = page["next"].as_str().unwrap();
    let own = place.get(&format!("/api/v1/devices-status?after={next}"), supervisor()).await.json();
    assert!(!own.to_string().contains("192.0.2.9"), "{own}");
    let asked: Vec<_> = place.node.done().into_iter().map(|done| done.members).collect();
    let first = json!({"limit": 1, "q": "sep", "state": "registered"});
    assert_eq!(asked, [first, json!({"after": "SEP1", "teams": ["sales"]})]);
    let wrong = place.get("/api/v1/devices-status?state=ok", administrator()).await;
    wrong.assert_problem(400, "bad_query");
}

#[tokio::test]
async fn ops_06_links_to_contact_centres_are_for_administrators_and_about_is_for_leaders() {
    let place = Place::new().await;
    let changes = json!([{"at": 1_800_000_000_000_000_i64, "active_side": "a"}]);
    place.node.answers("cti_status", Ok(json!({"pairs": [{"name": "east", "changes": changes}]})));
    let told = place.get("/api/v1/cti-status", administrator()).await.json();
    assert_eq!(told["pairs"][0]["changes"][0]["at"], "2027-01-15T08:00:00Z");
    place.get("/api/v1/cti-status", supervisor()).await.assert_problem(403, "forbidden");
    let about = json!({"version": "1.2.3", "started_at": 1_800_000_000_000_000_i64});
    place.node.answers("about", Ok(about));
    let about = place.get("/api/v1/about", supervisor()).await.json();
    assert_eq!(about["started_at"], "2027-01-15T08:00:00Z");
}
