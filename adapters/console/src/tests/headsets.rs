//! The inventory of headsets: what is handed on, and what comes back.

use domain::Role;
use engine::surface::Callers;
use http::Method;
use serde_json::{Value, json};

use crate::testing::{Ask, Place, administrator};

fn headset(serial: &str, owner: &str) -> Value {
    json!({
        "serial": serial, "model": "CP-HS-562", "vendor": "Cisco", "type": "dect_wireless",
        "firmware": "2-1-0001", "user": null, "template": "1-10", "status": "connected",
        "since_at": 1_800_000_000_000_000_i64, "dock_model": "base", "device": "SEP001122334455",
        "device_model": "CP-8865", "software_version": "12.8", "owner": owner,
        "device_owner": "@SUM(A1)", "first_seen_at": 1_700_000_000_000_000_i64,
        "last_seen_at": 1_800_000_000_000_000_i64, "age_days": 1_157, "active": true,
        "owner_has_too_many": false,
    })
}

#[tokio::test]
async fn ops_06_headsets_are_paged_and_looked_for() {
    let place = Place::new().await;
    let page = json!({"headsets": [headset("WTN1", "1001")], "next": "WTN1"});
    place.node.answers("headsets_list", Ok(page));
    let target = "/api/v1/headsets?limit=1&serial=wtn&device=SEP&owner=10&model=562";
    let first = place.get(target, administrator()).await.json();
    assert_eq!(first["items"][0]["since_at"], "2027-01-15T08:00:00Z");
    assert_eq!(first["items"][0]["serial"], "WTN1");
    let next = first["next"].as_str().unwrap();
    let last = json!({"headsets": [headset("WTN2", "1002")], "next": null});
    place.node.answers("headsets_list", Ok(last));
    let second = place.get(&format!("/api/v1/headsets?after={next}"), administrator()).await.json();
    assert_eq!(second["next"], Value::Null);
    let asked: Vec<_> = place.node.done().into_iter().map(|done| done.members).collect();
    let expected = [
        json!({"limit": 1, "serial": "wtn", "device": "SEP", "owner": "10", "model": "562"}),
        json!({"limit": 100, "after": "WTN1"}),
    ];
    assert_eq!(asked, expected);
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("after=%C3%A4", "after"),
        ("serial=", "serial"),
        (&format!("owner={}", "x".repeat(65)), "owner"),
        ("vendor=x", "vendor"),
    ] {
        let reply = place.get(&format!("/api/v1/headsets?{query}"), administrator()).await;
        reply.assert_problem(400, "bad_query");
        assert_eq!(reply.json()["errors"][0]["field"], name, "{query}");
    }
}

#[tokio::test]
async fn ops_02_headsets_are_a_table_of_all_pages_without_formulas() {
    let place = Place::new().await;
    let first = json!({"headsets": [headset("=1+1", "-2")], "next": "=1+1"});
    place.node.answers("headsets_list", Ok(first));
    let second = json!({"headsets": [headset("WTN2", "a \"b\", c")], "next": null});
    place.node.answers("headsets_list", Ok(second));
    let ask = Ask::new(Method::GET, "/api/v1/headsets.csv?model=562", Some(administrator()));
    let csv = place.ask(ask).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let disposition = csv.header("content-disposition");
    assert!(disposition.contains("headsets.csv"), "{disposition}");
    let lines: Vec<_> = csv.text.split("\r\n").collect();
    assert!(lines[0].starts_with("serial,model,vendor,type,firmware,user,template,status,since,"));
    assert!(lines[1].starts_with("\"'=1+1\",\"CP-HS-562\",\"Cisco\",\"dect_wireless\","));
    assert!(lines[1].contains(",\"'-2\",\"'@SUM(A1)\","), "{}", lines[1]);
    assert!(lines[2].contains("\"a \"\"b\"\", c\""), "{}", lines[2]);
    assert_eq!((lines.len(), lines[3]), (4, ""));
    let asked: Vec<_> = place.node.done().into_iter().map(|done| done.members).collect();
    let expected = [
        json!({"limit": 1_000, "model": "562"}),
        json!({"limit": 1_000, "after": "=1+1", "model": "562"}),
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn ops_06_only_administrators_see_headsets() {
    let place = Place::new().await;
    let routes = place.routes().iter().filter(|route| route.path.starts_with("/api/v1/headsets"));
    let callers: Vec<_> = routes.map(|route| &route.callers).collect();
    assert_eq!(callers, [&Callers::Roles(&[Role::Administrator]); 2]);
}
