//! Settings: pages, documents with their tags, changes.

use domain::Role;
use http::Method;
use serde_json::{Value, json};

use crate::Failure;
use crate::testing::{Ask, HASH, Place, administrator, agent, person, settings, supervisor};

fn ask(method: Method, target: &str) -> Ask {
    Ask::new(method, target, Some(administrator()))
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn ops_06_a_list_is_paged_filtered_and_tagged() {
    let place = Place::new().await;
    let first = place.get("/api/v1/agents?limit=2", administrator()).await;
    let page = first.json();
    assert_eq!((ids(&page), &page["total"]), (vec!["1001", "1002"], &json!(3)));
    let next = page["next"].as_str().unwrap();
    let second = place.get(&format!("/api/v1/agents?limit=2&after={next}"), administrator()).await;
    assert_eq!((ids(&second.json()), &second.json()["next"]), (vec!["2001"], &Value::Null));
    for (filter, found) in [
        ("team=sales", vec!["1001", "1002"]),
        ("team=a%2Fb+c", vec!["2001"]),
        ("team=nobody", vec![]),
        ("q=200", vec!["2001"]),
        ("q=AGENT%201002", vec!["1002"]),
        ("role=supervisor", vec![]),
        ("role=agent&team=sales&q=1", vec!["1001", "1002"]),
        ("skill=french", vec![]),
        // A name that cannot be one has nothing behind it.
        ("after=JSUl", vec![]),
    ] {
        let page = place.get(&format!("/api/v1/agents?{filter}"), administrator()).await;
        assert_eq!(ids(&page.json()), found, "{filter}");
    }
    let tag = first.header("etag");
    let again = ask(Method::GET, "/api/v1/agents").with("if-none-match", tag);
    assert_eq!(place.ask(again).await.status, 304);
    let reasons = place.get("/api/v1/reason-codes?limit=1", administrator()).await.json();
    let next = reasons["next"].as_str().unwrap();
    let target = format!("/api/v1/reason-codes?after={next}");
    assert_eq!(place.get(&target, administrator()).await.json()["items"][0]["code"], 12);
}

#[tokio::test]
async fn ops_06_every_page_together_is_the_whole_list() {
    let mut many = settings();
    let agents = std::sync::Arc::make_mut(&mut many.agents);
    for number in 0..500 {
        let one = agent(&format!("9{number:04}"), "sales");
        agents.insert(one.id.clone(), one.into());
    }
    let place = Place::with(many).await;
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let target = format!("/api/v1/agents?limit=7&team=sales{next}");
        let page = place.get(&target, administrator()).await.json();
        assert_eq!(page["total"], 502);
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page["next"].as_str() {
            Some(cursor) => next = format!("&after={cursor}"),
            None => break,
        }
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((seen.len(), &seen), (502, &sorted));
}

#[tokio::test]
async fn ops_05_no_secret_is_shown_and_its_change_changes_the_tag() {
    let place = Place::new().await;
    let shown = place.get("/api/v1/agents/1001", administrator()).await;
    assert_eq!(shown.json()["password_hash"], "(set)");
    let mut changed = settings();
    let agents = std::sync::Arc::make_mut(&mut changed.agents);
    let mut other = agent("1001", "sales");
    other.password_hash = Some(format!("{HASH}-of-another"));
    agents.insert(other.id.clone(), other.into());
    let other = Place::with(changed).await;
    let other = other.get("/api/v1/agents/1001", administrator()).await;
    assert_eq!(other.json(), shown.json());
    assert_ne!(other.header("etag"), shown.header("etag"));
    for target in
        ["/api/v1/agents", "/api/v1/accounts", "/api/v1/settings", "/api/v1/accounts/admin"]
    {
        for kind in ["application/json", "application/yaml"] {
            let ask = ask(Method::GET, target).with("accept", kind);
            let reply = place.ask(ask).await;
            assert_eq!(reply.status, 200);
            assert!(reply.text.contains("(set)") && !reply.text.contains("argon2id"), "{target}");
        }
    }
    // Who is no administrator is not even told that there is one.
    for who in [supervisor(), person("reader", &[Role::Report], &[])] {
        let shown = place.get("/api/v1/agents/1001", who.clone()).await;
        assert_eq!(shown.json()["team"], "sales");
        let list = place.get("/api/v1/agents", who).await;
        for text in [shown.text, list.text] {
            assert!(!text.contains("(set)") && !text.contains("password"), "{text}");
        }
    }
}

#[tokio::test]
async fn ops_06_a_document_is_replaced_only_where_it_is_what_was_seen() {
    let place = Place::new().await;
    let shown = place.get("/api/v1/agents/1001", administrator()).await;
    let tag = shown.header("etag").to_owned();
    let unchanged = ask(Method::GET, "/api/v1/agents/1001").with("if-none-match", &tag);
    assert_eq!(place.ask(unchanged).await.status, 304);
    let put = |body: Value| ask(Method::PUT, "/api/v1/agents/1001").json(&body);
    let body = json!({"team": "sales", "password_hash": "(set)"});
    let reply = place.ask(put(body.clone()).with("if-match", &tag)).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["number"]), (200, &json!(2)));
    let bare = tag.trim_matches('"');
    let done = place.node.done();
    let document = json!({"id": "1001", "team": "sales", "password_hash": "(set)"});
    assert_eq!(
        done[0].members,
        json!({
            "edits": [{"put": {"section": "agents", "name": "1001", "document": document}}],
            "if_match": {"section": "agents", "name": "1001", "etag": bare},
        })
    );
    assert_eq!(done[0].deed, "settings_change");
    assert_eq!(done[0].context.by.reference.as_deref(), Some("REF12345"));
    assert_eq!(done[0].context.by.from.as_deref(), Some("192.0.2.7"));
    // Only to make: nothing must be there.
    place.ask(put(body.clone()).with("if-none-match", "*")).await;
    let told = &place.node.done()[0].members["if_match"];
    assert_eq!(told, &json!({"section": "agents", "name": "1001", "etag": null}));
    // What is there no more cannot be what was seen.
    let gone = ask(Method::PUT, "/api/v1/agents/7777").json(&body).with("if-match", "*");
    place.ask(gone).await.assert_problem(412, "precondition_failed");
    let weak = put(body.clone()).with("if-match", "W/\"x\"");
    place.ask(weak).await.assert_problem(412, "precondition_failed");
    place.ask(put(body.clone()).with("if-match", "x")).await.assert_problem(400, "bad_header");
    assert_eq!(place.node.done(), []);
    place.node.answers("settings_change", Err(Failure::new("precondition", "moved")));
    let moved = place.ask(put(body).with("if-match", "\"older\"")).await;
    moved.assert_problem(412, "precondition_failed");
}

#[tokio::test]
async fn ops_06_what_is_new_is_made_with_its_place() {
    let place = Place::new().await;
    let put = ask(Method::PUT, "/api/v1/teams/n%2Fw%20x%C3%A9").json(&json!({}));
    let reply = place.ask(put).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("location"), "/api/v1/teams/n%2Fw%20x%C3%A9");
    let edit = &place.node.done()[0].members["edits"][0]["put"];
    assert_eq!((&edit["name"], &edit["document"]["name"]), (&json!("n/w xé"), &json!("n/w xé")));
    let reason =
        ask(Method::PUT, "/api/v1/reason-codes/wrap_up/21").json(&json!({"label": "Sale"}));
    let reply = place.ask(reason).await;
    assert_eq!(reply.header("location"), "/api/v1/reason-codes/wrap_up/21");
    let edit = &place.node.done()[0].members["edits"][0]["put"];
    assert_eq!(edit["document"], json!({"category": "wrap_up", "code": 21, "label": "Sale"}));
}

#[tokio::test]
async fn a_document_keeps_its_name() {
    let place = Place::new().await;
    for (target, body, field) in [
        ("/api/v1/agents/1001", json!({"id": "1002"}), "/id"),
        ("/api/v1/teams/sales", json!({"name": "Sales"}), "/name"),
        ("/api/v1/reason-codes/not_ready/12", json!({"label": "x", "code": 13}), "/code"),
        ("/api/v1/reason-codes/not_ready/12", json!({"category": "wrap_up"}), "/category"),
        ("/api/v1/agents/1001", json!({"id": ["1001"]}), "/id"),
    ] {
        for method in [Method::PUT, Method::PATCH] {
            let reply = place.ask(ask(method, target).json(&body)).await;
            reply.assert_problem(422, "invalid");
            assert_eq!(reply.json()["errors"][0]["pointer"], field);
        }
    }
    // A number stands for its digits, as in a settings file.
    let put = ask(Method::PUT, "/api/v1/agents/1001").json(&json!({"id": 1001}));
    assert_eq!(place.ask(put).await.status, 200);
    for odd in ["/api/v1/reason-codes/not_ready/012", "/api/v1/reason-codes/not_ready/+12"] {
        let put = ask(Method::PUT, odd).json(&json!({"label": "x"}));
        place.ask(put).await.assert_problem(404, "not_found");
        place.get(odd, administrator()).await.assert_problem(404, "not_found");
    }
}

#[tokio::test]
async fn ops_06_a_patch_changes_what_it_names_and_nothing_that_was_not_seen() {
    let place = Place::new().await;
    let shown = place.get("/api/v1/agents/1001", administrator()).await;
    let patch = || {
        let body = json!({"name": null, "password": "a new password"});
        ask(Method::PATCH, "/api/v1/agents/1001").json(&body)
    };
    assert_eq!(place.ask(patch()).await.status, 200);
    let members = &place.node.done()[0].members;
    assert_eq!(
        members["edits"][0]["put"]["document"],
        json!({"id": "1001", "team": "sales", "roles": ["agent"], "password": "a new password"})
    );
    let tag = shown.header("etag").trim_matches('"');
    assert_eq!(members["if_match"]["etag"], tag);
    // Somebody else was quicker: it is merged anew, and in the end told.
    place.node.answers("settings_change", Err(Failure::new("precondition", "moved")));
    assert_eq!(place.ask(patch()).await.status, 200);
    assert_eq!(place.node.done().len(), 2);
    // Whoever names what they saw is told at once.
    place.node.answers("settings_change", Err(Failure::new("precondition", "moved")));
    let reply = place.ask(patch().with("if-match", shown.header("etag"))).await;
    reply.assert_problem(412, "precondition_failed");
    assert_eq!(place.node.done().len(), 1);
    let nobody = ask(Method::PATCH, "/api/v1/agents/7777").json(&json!({"name": "x"}));
    place.ask(nobody).await.assert_problem(404, "not_found");
    let plain = ask(Method::PATCH, "/api/v1/agents/1001").sending("application/json", "{}");
    place.ask(plain).await.assert_problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn ops_06_what_others_name_stays_and_who_names_it_is_told() {
    let place = Place::new().await;
    let mut problems = domain::Problems::default();
    problems.add("agents[3].team", "names \"sales\", which is not in teams");
    place.node.answers("settings_change", Err(Failure::problems("problems", problems)));
    let reply = place.ask(ask(Method::DELETE, "/api/v1/teams/sales")).await;
    reply.assert_problem(409, "in_use");
    assert_eq!(reply.json()["errors"][0]["field"], "agents[3].team");
    let edit = json!({"remove": {"section": "teams", "name": "sales"}});
    assert_eq!(place.node.done()[0].members["edits"], json!([edit]));
    for (code, status) in [
        ("last_administrator", 409),
        ("read_only", 409),
        ("settings_moved", 409),
        ("refused", 409),
        ("not_found", 404),
        ("unavailable", 503),
        ("stopping", 503),
        ("busy", 429),
        ("what nobody knows", 409),
    ] {
        place.node.answers("settings_change", Err(Failure::new(code, "why")));
        let reply = place.ask(ask(Method::DELETE, "/api/v1/accounts/admin")).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code));
    }
}

#[tokio::test]
async fn ops_06_a_repeat_has_the_clients_key_with_who_and_what() {
    let place = Place::new().await;
    let put = |who, target| {
        let ask = Ask::new(Method::PUT, target, Some(who)).json(&json!({}));
        ask.with("idempotency-key", "one")
    };
    let mut keys = Vec::new();
    for (who, target) in [
        (administrator(), "/api/v1/teams/sales"),
        (administrator(), "/api/v1/teams/service"),
        (person("other", &[Role::Administrator], &[]), "/api/v1/teams/sales"),
        (administrator(), "/api/v1/teams/sales"),
    ] {
        place.ask(put(who, target)).await;
        keys.push(place.node.done()[0].context.idempotency.clone().unwrap());
    }
    assert_eq!(keys[0], keys[3]);
    keys.dedup();
    assert_eq!(keys.len(), 4, "{keys:?}");
    assert!(keys.iter().all(|key| key.len() < 100 && !key.contains("one")));
    // The same key before another body is no repeat.
    let other = Ask::new(Method::PUT, "/api/v1/teams/sales", Some(administrator()));
    let other = other.json(&json!({"wrap_up_seconds": 5})).with("idempotency-key", "one");
    place.ask(other).await;
    assert_ne!(place.node.done()[0].context.idempotency.as_ref(), Some(&keys[0]));
    place.ask(ask(Method::PUT, "/api/v1/teams/sales").json(&json!({}))).await;
    assert_eq!(place.node.done()[0].context.idempotency, None);
    for bad in ["", "a b", "é", &"x".repeat(129)] {
        let ask = ask(Method::PUT, "/api/v1/teams/sales").json(&json!({}));
        let mut bytes = Ask::with(ask, "idempotency-key", "x");
        if let Ok(value) = http::HeaderValue::from_bytes(bad.as_bytes()) {
            bytes.set("idempotency-key", value);
        }
        place.ask(bytes).await.assert_problem(400, "bad_header");
    }
}

#[tokio::test]
async fn ops_06_several_documents_change_at_once() {
    let place = Place::new().await;
    let change =
        |edits: Value| ask(Method::POST, "/api/v1/settings/changes").json(&json!({"edits": edits}));
    let edits = json!([
        {"put": {"section": "agents", "name": "1001", "document": {"team": "sales", "password": "(set)"}}},
        {"remove": {"section": "teams", "name": "a/b c"}},
        {"put": {"section": "voice", "document": {"wrap_up_seconds": 5}}},
    ]);
    assert_eq!(place.ask(change(edits)).await.status, 200);
    let document = json!({"id": "1001", "team": "sales", "password_hash": "(set)"});
    assert_eq!(
        place.node.done()[0].members,
        json!({"if_match": null, "edits": [
            {"put": {"section": "agents", "name": "1001", "document": document}},
            {"remove": {"section": "teams", "name": "a/b c"}},
            {"put": {"section": "voice", "document": {"wrap_up_seconds": 5}}},
        ]})
    );
    for (edits, pointer) in [
        (json!([]), "/edits"),
        (json!({}), "/edits"),
        (json!(["x"]), "/edits/0"),
        (json!([{"put": {}, "remove": {}}]), "/edits/0"),
        (json!([{"remove": {"section": "nowhere", "name": "x"}}]), "/edits/0/remove/section"),
        (json!([{"remove": {"section": "voice", "name": "x"}}]), "/edits/0/remove/name"),
        (json!([{"put": {"section": "teams", "name": "x"}}]), "/edits/0/put/document"),
        (
            json!([{"put": {"section": "teams", "name": "x", "document": {}, "y": 1}}]),
            "/edits/0/put/y",
        ),
        (
            json!([{"put": {"section": "teams", "name": "x", "document": {"name": "y"}}}]),
            "/edits/0/put/document",
        ),
    ] {
        let reply = place.ask(change(edits)).await;
        reply.assert_problem(422, "invalid");
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(place.node.done(), []);
}

#[tokio::test]
async fn a_settings_file_is_shown_planned_and_applied() {
    let place = Place::new().await;
    let shown = place.get("/api/v1/settings", administrator()).await;
    let read = domain::settings::SettingsFile::read(shown.json());
    assert!(read.is_err(), "what is masked is no file to apply");
    let yaml = ask(Method::GET, "/api/v1/settings").with("accept", "application/yaml, */*;q=0.1");
    let yaml = place.ask(yaml).await;
    assert_eq!(yaml.header("content-type"), "application/yaml");
    assert!(yaml.text.contains("teams:\n  - {"), "{}", yaml.text);
    for (method, target, deed) in [
        (Method::POST, "/api/v1/settings/plan", "settings_plan"),
        (Method::PUT, "/api/v1/settings", "settings_apply"),
    ] {
        let file = "teams:\n  - name: sales\n";
        let ask = ask(method.clone(), target).sending("application/yaml; charset=utf-8", file);
        assert_eq!(place.ask(ask.clone()).await.status, 200);
        let done = place.node.done();
        assert_eq!((done[0].deed, &done[0].members), (deed, &json!({"text": file})));
        place
            .ask(ask.clone().sending("text/html", file))
            .await
            .assert_problem(415, "unsupported_media_type");
        place
            .ask(ask.sending("application/yaml", b"\xff".to_vec()))
            .await
            .assert_problem(400, "bad_json");
    }
}

/// A page of 24,000 agents is made out of its own agents alone. Prints what it took.
#[tokio::test]
async fn a_page_of_many_agents_touches_no_others() {
    let mut many = settings();
    let agents = std::sync::Arc::make_mut(&mut many.agents);
    for number in 0..24_000 {
        let one = agent(&format!("5{number:05}"), "sales");
        agents.insert(one.id.clone(), one.into());
    }
    use crate::sections::{Page, Wanted};
    let wanted = Wanted { limit: 100, after: Some("512000".to_owned()), ..Wanted::default() };
    let page = Page::of(&many, domain::settings::Section::Agent, &wanted);
    assert_eq!((page.documents.len(), page.total), (100, 24_003));
    assert_eq!(page.documents[0].name().as_deref(), Some("512001"));
}

#[tokio::test]
async fn what_one_browser_kept_for_a_person_is_not_shown_to_the_next() {
    let place = Place::new().await;
    let first = place.get("/api/v1/agents", administrator()).await;
    let tag = first.header("etag").to_owned();
    assert_eq!(first.header("vary"), "Cookie, Authorization");
    let ask = |who| Ask::new(Method::GET, "/api/v1/agents", Some(who)).with("if-none-match", &tag);
    assert_eq!(place.ask(ask(administrator())).await.status, 304);
    let other_role = domain::Principal { roles: vec![Role::Report], ..administrator() };
    let other_teams = person("admin", &[Role::Administrator], &["sales"]);
    for who in [supervisor(), other_role, other_teams] {
        let reply = place.ask(ask(who)).await;
        assert_eq!(reply.status, 200);
        assert_ne!(reply.header("etag"), tag);
    }
    let whole = place.get("/api/v1/settings", administrator()).await;
    assert_eq!(whole.header("vary"), "Accept, Cookie, Authorization");
}
