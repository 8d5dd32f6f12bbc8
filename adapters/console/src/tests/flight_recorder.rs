//! The flight recorder: what is handed on, what comes back, and who may see it.

use domain::Role;
use engine::recorder::Link;
use engine::surface::Callers;
use serde_json::{Value, json};

use crate::openapi;
use crate::testing::{Place, administrator};

#[tokio::test]
async fn byd_02_the_timeline_is_asked_for_by_agent_device_contact_link_and_window() {
    let place = Place::new().await;
    let record = json!({"number": 1, "at": 1_800_000_000_000_000_i64, "said": {"reason": 3}});
    let answer =
        json!({"node": "gw-a.example", "since_at": null, "left_out": 0, "records": [record]});
    place.node.answers("flight_recorder", Ok(answer));
    let target = "/api/v1/flight-recorder?agent=1001&device=SEP1&contact=east/7&link=sip\
                  &from=2027-01-15T08:00:00Z&to=2027-01-15T08:00:01Z&limit=5";
    let reply = place.get(target, administrator()).await.json();
    assert_eq!(reply["records"][0]["at"], "2027-01-15T08:00:00Z");
    assert_eq!(
        (&reply["since_at"], &reply["records"][0]["said"]["reason"]),
        (&Value::Null, &json!(3))
    );
    let asked = place.node.done().pop().unwrap();
    let expected = json!({
        "agent": "1001", "device": "SEP1", "contact": "east/7", "link": "sip",
        "from": 1_800_000_000_000_000_i64, "to": 1_800_000_001_000_000_i64, "limit": 5,
    });
    assert_eq!((asked.deed, asked.members), ("flight_recorder", expected));
    for (query, name) in [
        ("link=fax", "link"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("from=yesterday", "from"),
        ("other=1", "other"),
    ] {
        let reply = place.get(&format!("/api/v1/flight-recorder?{query}"), administrator()).await;
        reply.assert_problem(400, "bad_query");
        assert_eq!(reply.json()["errors"][0]["field"], name, "{query}");
    }
}

#[tokio::test]
async fn byd_02_the_timeline_is_taken_along_as_text_or_lines_of_json() {
    let place = Place::new().await;
    for (query, format, media_type, name) in [
        ("", "text", "text/plain; charset=utf-8", "flight-recorder.txt"),
        ("?format=text", "text", "text/plain; charset=utf-8", "flight-recorder.txt"),
        ("?format=jsonl", "jsonl", "application/jsonl", "flight-recorder.jsonl"),
    ] {
        place.node.answers("flight_recorder_export", Ok(json!({"text": "a line\n"})));
        let target = format!("/api/v1/flight-recorder/export{query}");
        let reply = place.get(&target, administrator()).await;
        assert_eq!((reply.text.as_str(), reply.header("content-type")), ("a line\n", media_type));
        assert!(reply.header("content-disposition").contains(name));
        let asked = place.node.done().pop().unwrap();
        assert_eq!(
            (asked.deed, asked.members),
            ("flight_recorder_export", json!({"format": format}))
        );
    }
}

#[tokio::test]
async fn byd_02_only_administrators_see_the_flight_recorder() {
    let place = Place::new().await;
    let routes = place.routes().iter();
    let routes = routes.filter(|route| route.path.starts_with("/api/v1/flight-recorder"));
    let callers: Vec<_> = routes.map(|route| &route.callers).collect();
    assert_eq!(callers, [&Callers::Roles(&[Role::Administrator]); 2]);
}

#[test]
fn byd_02_the_description_has_every_sort_of_link() {
    let document = openapi::document();
    let links = &document["components"]["schemas"]["FlightRecord"]["properties"]["link"]["enum"];
    assert_eq!(*links, json!(Link::ALL.map(Link::name)));
}
