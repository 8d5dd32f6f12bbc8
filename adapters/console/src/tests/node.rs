//! The node itself, the audit log, certificates and upkeep: what is handed on, and what comes back.

use domain::Role;
use http::Method;
use serde_json::{Value, json};

use crate::Failure;
use crate::testing::{Ask, Place, administrator, person, supervisor};

fn post(target: &str, body: Option<Value>) -> Ask {
    let ask = Ask::new(Method::POST, target, Some(administrator()));
    match body {
        Some(body) => ask.json(&body),
        None => ask,
    }
}

fn entry(number: u64, object: &str) -> Value {
    json!({
        "number": number,
        "at": 1_800_000_000_000_000_i64,
        "by": {"who": "=cmd|' /C calc'!A0", "how": "cookie", "from": "192.0.2.7", "reference": null},
        "deed": {"action": "signed_in", "object": object, "changes": [], "more": 0, "outcome": "done"},
        "previous": "00", "hash": "11",
    })
}

#[tokio::test]
async fn ops_02_the_audit_log_is_paged_filtered_and_a_table_without_formulas() {
    let place = Place::new().await;
    let listed =
        || json!({"entries": [entry(9, "a \"b\""), entry(8, "+1")], "before": 8, "last": 9});
    place.node.answers("audit_list", Ok(listed()));
    let target = "/api/v1/audit?limit=2&who=admin&from=2027-01-15T08:00:00Z&to=2027-01-15T09:00:00.5%2B01:00";
    let page = place.get(target, administrator()).await.json();
    assert_eq!(
        (&page["next"], &page["items"][0]["at"]),
        (&json!(8), &json!("2027-01-15T08:00:00Z"))
    );
    assert_eq!(
        place.node.done()[0].members,
        json!({"limit": 2, "who": "admin", "from": 1_800_000_000, "to": 1_800_000_000})
    );
    place.node.answers("audit_list", Ok(listed()));
    let ask = Ask::new(Method::GET, "/api/v1/audit", Some(administrator()));
    let csv = place.ask(ask.with("accept", "text/csv")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.header("content-disposition").starts_with("attachment"));
    let lines: Vec<_> = csv.text.split("\r\n").collect();
    assert_eq!(lines[0], "number,at,who,how,from,reference,action,object,outcome,changes");
    assert!(lines[1].contains("\"'=cmd|' /C calc'!A0\"") && lines[1].contains("\"a \"\"b\"\"\""));
    assert!(lines[2].contains("\"'+1\""), "{}", lines[2]);
    for (query, name) in [
        ("before=0", "before"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=+5", "limit"),
        ("limit=5&limit=6", "limit"),
        ("from=yesterday", "from"),
        ("who=", "who"),
        ("who=%00", "who"),
        ("whom=x", "whom"),
    ] {
        let reply = place.get(&format!("/api/v1/audit?{query}"), administrator()).await;
        reply.assert_problem(400, "bad_query");
        assert_eq!(reply.json()["errors"][0]["field"], name, "{query}");
    }
}

#[tokio::test]
async fn what_administrators_ask_for_is_handed_on() {
    let place = Place::new().await;
    let node = place.port.node().to_string();
    let maintenance = format!("/api/v1/nodes/{node}/maintenance");
    let put = |target: &str, body: Value| {
        Ask::new(Method::PUT, target, Some(administrator())).json(&body)
    };
    let cases = [
        (put(&maintenance, json!({"on": true})), "maintenance", json!({"node": node, "on": true})),
        (
            put("/api/v1/log-level", json!({"level": "debug"})),
            "log_level",
            json!({"level": "debug", "minutes": 30}),
        ),
        (post("/api/v1/reload", None), "reload", json!({})),
        (post("/api/v1/backups", None), "backup_make", json!({})),
        (
            post("/api/v1/backups/b.jackfield/restore", Some(json!({"passphrase": "x"}))),
            "backup_restore",
            json!({"name": "b.jackfield", "passphrase": "x"}),
        ),
        (
            post("/api/v1/backups/b.jackfield/verify", None),
            "backup_verify",
            json!({"name": "b.jackfield"}),
        ),
        (post("/api/v1/store/check", None), "store_check", json!({})),
        (post("/api/v1/retention-run", None), "retention_run", json!({})),
        (
            post("/api/v1/erasures", Some(json!({"agent": "1001", "dry_run": true}))),
            "erase",
            json!({"agent": "1001", "dry_run": true}),
        ),
        (
            post("/api/v1/probes", Some(json!({"kind": "cti", "name": "east"}))),
            "probe",
            json!({"kind": "cti", "name": "east"}),
        ),
        (
            post("/api/v1/import/csv", Some(json!({"kind": "agents", "text": "id\n=1"}))),
            "import_csv",
            json!({"kind": "agents", "text": "id\n=1"}),
        ),
        (
            post(
                "/api/v1/import/finesse",
                Some(json!({"url": "https://f.example", "user": "u", "password": "p"})),
            ),
            "import_finesse",
            json!({"url": "https://f.example", "user": "u", "password": "p"}),
        ),
        (
            post("/api/v1/import", Some(json!({"entries": {"teams": []}, "apply": true}))),
            "import",
            json!({"entries": {"teams": []}, "apply": true}),
        ),
        (post("/api/v1/certificates/order", None), "certificate_order", json!({})),
        (
            post("/api/v1/certificates/import", Some(json!({"pem": "..."}))),
            "certificate_import",
            json!({"pem": "..."}),
        ),
        (post("/api/v1/certificates/request", None), "certificate_request", json!({})),
        (post("/api/v1/certificates/renew", None), "certificate_renew", json!({})),
    ];
    for (ask, deed, members) in cases {
        let reply = place.ask(ask).await;
        assert!(reply.status.is_success(), "{deed}: {}", reply.text);
        let done = place.node.done();
        assert_eq!((done.len(), done[0].deed, &done[0].members), (1, deed, &members));
    }
    let elsewhere = put("/api/v1/nodes/gw-z.example/maintenance", json!({"on": true}));
    place.ask(elsewhere).await.assert_problem(404, "not_found");
    // One name for one backup.
    let two = post("/api/v1/backups/b.jackfield/restore", Some(json!({"name": "c.jackfield"})));
    place.ask(two).await.assert_problem(422, "invalid");
    let sync = post("/api/v1/directories/main/sync", None);
    place.ask(sync).await.assert_problem(404, "not_found");
    let nodes =
        json!({"nodes": [{"node": "a", "text": "-----BEGIN"}, {"node": "b", "text": null}]});
    place.node.answers("certificate_export", Ok(nodes));
    let pem = place.get("/api/v1/certificates/export", administrator()).await;
    assert_eq!(
        (pem.header("content-type"), pem.text.as_str()),
        ("application/x-pem-file", "-----BEGIN")
    );
    place.node.answers("status", Ok(json!({"nodes": [{"node": "gw-a.example"}]})));
    let nodes = place.get("/api/v1/nodes", administrator()).await.json();
    assert_eq!(nodes["items"][0]["node"], "gw-a.example");
    place.node.answers("support_bundle", Ok(json!({"base64": "dGFy"})));
    let bundle = place.ask(post("/api/v1/support-bundles", None)).await;
    assert_eq!((bundle.header("content-type"), bundle.text.as_str()), ("application/x-tar", "tar"));
    place.node.answers("probes", Err(Failure::new("unknown_request", "there is no request")));
    place.get("/api/v1/probes", administrator()).await.assert_problem(501, "unknown_request");
}

#[tokio::test]
async fn ids_16_every_operation_asks_for_its_role() {
    let place = Place::new().await;
    let nobody = person("nobody", &[], &[]);
    let mut asked = 0;
    for route in place.routes().to_vec() {
        let engine::surface::Callers::Roles(roles) = route.callers else { continue };
        let target = route.path.replace(['{', '}'], "");
        let method = route.methods[0].clone();
        for role in [Role::Agent, Role::Supervisor, Role::Administrator, Role::Report] {
            let ask = Ask::new(method.clone(), &target, Some(person("x", &[role], &["sales"])));
            let reply = place.ask(ask).await;
            let is_refused = reply.status == 403 && reply.code() == "forbidden";
            assert_eq!(is_refused, !roles.contains(&role), "{role:?} {method} {target}");
        }
        let ask = Ask::new(method.clone(), &target, Some(nobody.clone()));
        place.ask(ask).await.assert_problem(403, "forbidden");
        place.ask(Ask::new(method, &target, None)).await.assert_problem(401, "unauthorized");
        asked += 1;
    }
    assert!(asked > 80, "{asked}");
    // Who reads reports changes nothing, and a supervisor no settings.
    for target in ["/api/v1/accounts", "/api/v1/audit", "/api/v1/settings", "/api/v1/trust"] {
        place.get(target, supervisor()).await.assert_problem(403, "forbidden");
    }
}

#[tokio::test]
async fn supervisors_are_not_told_of_files_and_of_what_the_store_says() {
    let place = Place::new().await;
    let told = json!({
        "store": {"state": "failing", "why": "/var/lib/x: disk I/O error"},
        "settings": {"number": 1, "from_file": "/etc/x.yaml", "drift": {"problem": "/etc/x.yaml"}},
        "surfaces": {"phone": {"state": "degraded", "why": "/var/lib/y"}},
        "cti_pairs": {"east": {"active_side": "a", "problem": "192.0.2.1:42027 refused us"}},
        "sip": {
            "registered": 1,
            "devices": [{"device": "SEP1", "peer": "192.0.2.9:5060"}],
            "next_hops": [{"name": "hop", "up": false, "servers": [{"address": "192.0.2.3:5061"}]}],
        },
        "push_problems": [{"device": "SEP1", "reason": "no_answer"}],
        "certificate": {"days_left": 3, "acme": {"problem": "https://ca.example said no"}},
    });
    for (who, whole) in [(administrator(), true), (supervisor(), false)] {
        place.node.answers("status", Ok(told.clone()));
        let status = place.get("/api/v1/status", who).await.json();
        assert_eq!(
            (&status["store"]["state"], &status["settings"]["number"]),
            (&json!("failing"), &json!(1))
        );
        assert_eq!(status == told, whole);
        assert_eq!(status.to_string().contains("/etc"), whole);
        assert_eq!(status.to_string().contains("/var"), whole);
        for hidden in ["192.0.2", "SEP1", "ca.example"] {
            assert_eq!(status.to_string().contains(hidden), whole, "{hidden}");
        }
        assert_eq!(status["cti_pairs"]["east"]["active_side"], "a");
        assert_eq!(status["sip"]["next_hops"][0]["name"], "hop");
    }
    let cause = Some("host=db.example: refused".to_owned());
    let failure = Failure { cause, ..Failure::new("unavailable", "the store cannot be reached") };
    place.node.answers("status", Err(failure));
    let reply = place.get("/api/v1/status", supervisor()).await;
    reply.assert_problem(503, "unavailable");
    assert!(!reply.text.contains("db.example"), "{}", reply.text);
}
