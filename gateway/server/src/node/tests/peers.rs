//! Tests of peers, and what is taken over from elsewhere, asked of a whole node.

use super::*;

fn steps(answer: &Value) -> Vec<(String, String)> {
    let steps = answer["ok"]["steps"].as_array().cloned().unwrap_or_default();
    let text = |step: &Value, name: &str| step[name].as_str().unwrap_or_default().to_owned();
    steps.iter().map(|step| (text(step, "outcome"), text(step, "words"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_15_store_and_certificate_are_tested_and_everything_is_listed() {
    let it = start().await;
    let settings = format!(
        "cti_pairs: [{{name: east, peripheral_id: 5000, side_a: '127.0.0.1:{}'}}]\n\
         directories: [{{name: site, servers: [{{host: localhost, port: {}}}], bind_dn: cn=x, \
         bind_password: secret, base_dn: dc=x, security: plain}}]\n",
        free_port(),
        free_port()
    );
    let applied = it.ask(json!({"do": "settings_apply", "text": settings})).await;
    assert!(applied.get("ok").is_some(), "{applied}");
    let listed = it.ask(json!({"do": "probe_list"})).await;
    assert_eq!(
        listed["ok"]["peers"],
        json!([{"kind": "store"}, {"kind": "certificate"}, {"kind": "cti", "name": "east"},
               {"kind": "directory", "name": "site"}])
    );
    let store = it.ask(json!({"do": "probe", "kind": "store"})).await;
    assert_eq!(store["ok"]["verdict"], "ok", "{store}");
    assert_eq!(steps(&store).len(), 3);
    it.check(json!({"do": "probe", "kind": "certificate"}), "/ok/verdict", json!("ok")).await;
    // Nobody listens at either; each says so in words.
    let pair = it.ask(json!({"do": "probe", "kind": "cti", "name": "east"})).await;
    assert_eq!(pair["ok"]["verdict"], "failed", "{pair}");
    assert!(steps(&pair)[0].1.contains("refused"), "{pair}");
    let directory = it.ask(json!({"do": "probe", "kind": "directory", "name": "site"})).await;
    assert_eq!(directory["ok"]["verdict"], "failed", "{directory}");
    assert!(steps(&directory)[0].1.contains("cannot be reached"), "{directory}");
    let phone = it.ask(json!({"do": "probe", "kind": "phone", "name": "SEP001122334455"})).await;
    assert!(steps(&phone)[0].1.contains("push is not configured"), "{phone}");
    for (kind, name) in [("cti", "west"), ("directory", "other")] {
        let request = json!({"do": "probe", "kind": kind, "name": name});
        it.check(request, "/error/code", json!("not_found")).await;
    }
    it.check(json!({"do": "probe"}), "/error/problems/0/key", json!("kind")).await;
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_15_a_receiver_of_alarms_is_listed_and_tested_by_its_name() {
    let it = start().await;
    let settings = format!(
        "alarms: {{receivers: [{{name: people, mail: {{host: localhost, port: {}, security: plain, \
         from: a@example.com, to: [b@example.com]}}}}]}}\n",
        free_port()
    );
    let applied = it.ask(json!({"do": "settings_apply", "text": settings})).await;
    assert!(applied.get("ok").is_some(), "{applied}");
    let listed = it.ask(json!({"do": "probe_list"})).await;
    let peers = listed["ok"]["peers"].as_array().cloned().unwrap_or_default();
    assert!(peers.contains(&json!({"kind": "alarm", "name": "people"})), "{listed}");
    // Nobody listens there, which it says in words.
    let tested = it.ask(json!({"do": "probe", "kind": "alarm", "name": "people"})).await;
    assert_eq!(tested["ok"]["verdict"], "failed", "{tested}");
    assert!(steps(&tested)[0].1.contains("localhost"), "{tested}");
    let unknown = json!({"do": "probe", "kind": "alarm", "name": "other"});
    it.check(unknown, "/error/code", json!("not_found")).await;
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_16_an_import_is_a_plan_first_and_changes_nothing_by_itself() {
    let it = start().await;
    it.ask(json!({"do": "settings_apply", "text": SETTINGS})).await;
    let before = it.node().shared.engine.settings();
    let entries = json!({
        "teams": [{"name": "Night"}],
        "agents": [{"id": "1001", "team": "Night"}, {"id": "3001", "name": "<b>New</b>"}],
    });
    let planned = it.ask(json!({"do": "import", "entries": entries})).await;
    let counts = |answer: &Value| {
        ["added", "changed", "removed"].map(|name| answer["ok"][name].as_u64().unwrap_or(99))
    };
    assert_eq!(counts(&planned), [2, 1, 0], "{planned}");
    assert_eq!(planned["ok"]["applied"], Value::Null);
    assert_eq!(*it.node().shared.engine.settings(), *before);
    let applied = it.ask(json!({"do": "import", "entries": entries, "apply": true})).await;
    assert_eq!(applied["ok"]["applied"], json!(before.number + 1), "{applied}");
    let settings = it.node().shared.engine.settings();
    let moved = &settings.agents[&"1001".parse().unwrap()];
    assert_eq!(moved.team.as_ref().map(|team| team.as_str()), Some("Night"));
    // What was not named stays: the password above all.
    let old = &before.agents[&"1001".parse().unwrap()];
    assert!(old.password_hash.is_some());
    assert_eq!((&moved.password_hash, &moved.extension), (&old.password_hash, &old.extension));
    let mirror = json!({"do": "import", "entries": {"agents": [{"id": "3001"}]}, "mirror": true});
    assert_eq!(counts(&it.ask(mirror).await), [0, 0, 4]);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_16_an_import_brings_no_secrets_and_no_settings_that_make_no_sense() {
    let it = start().await;
    let refused = |entries: Value| json!({"do": "import", "entries": entries, "apply": true});
    for entries in [
        json!({"agents": [{"id": "1", "password": "x"}]}),
        json!({"agents": [{"id": "1", "origin": "site"}]}),
        json!({"agents": [{"name": "nobody"}]}),
        json!({"trust": [{"name": "x"}]}),
        json!([]),
    ] {
        it.check(refused(entries), "/error/problems/0/key", json!("entries")).await;
    }
    let unknown = refused(json!({"agents": [{"id": "1", "team": "Nowhere"}]}));
    it.check(unknown, "/error/problems/0/key", json!("agents[0].team")).await;
    assert_eq!(it.node().shared.engine.settings().number, 0);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_01_a_settings_file_is_not_overruled_by_what_is_taken_over() {
    let it = start_with(|folder, options| {
        let file = folder.join("settings.yaml");
        std::fs::write(&file, "teams: [{name: Day}]\n").unwrap();
        options.settings_file = Some(file);
    });
    let it = it.await.unwrap();
    let entries = json!({"teams": [{"name": "Night"}]});
    let request = json!({"do": "import", "entries": entries, "apply": true});
    it.check(request, "/error/code", json!("read_only")).await;
    it.check(json!({"do": "import", "entries": entries}), "/ok/added", json!(1)).await;
    let sync = it.ask(json!({"do": "directory_sync", "name": "site"})).await;
    assert_eq!(sync["ok"]["result"], "failed");
    assert!(sync["ok"]["why"].as_str().unwrap().contains("file"), "{sync}");
    it.stop().await;
}
