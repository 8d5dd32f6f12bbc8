//! The overview of a whole node, looked at again and again.

use super::*;

fn part<'a>(told: &'a Value, kind: &str, name: &Value) -> &'a Value {
    let parts = told["ok"]["parts"].as_array().unwrap();
    let found = parts.iter().find(|it| it["part"] == kind && it["name"] == *name);
    found.unwrap_or_else(|| panic!("no {kind} in {told}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn ccp_11_the_overview_is_looked_at_anew_each_time_and_every_reason_says_what_to_do() {
    let it = start().await;
    let overview = || it.ask(json!({"do": "overview"}));
    let first = overview().await;
    for (kind, name, state) in [
        ("node", json!("gw-a.example"), "ok"),
        ("store", Value::Null, "ok"),
        ("surface", json!("phone"), "ok"),
        ("listener", json!("console"), "ok"),
        ("certificate", json!("server"), "ok"),
        ("backups", Value::Null, "partial"),
        ("cti_pair", Value::Null, "off"),
        ("registrations", Value::Null, "off"),
        ("maintenance", Value::Null, "ok"),
    ] {
        assert_eq!(part(&first, kind, &name)["state"], state, "{first}");
    }
    for part in first["ok"]["parts"].as_array().unwrap() {
        let is_ok = part["state"] == "ok";
        assert_eq!(part["code"].is_null(), is_ok, "{part}");
        assert_eq!(part["reason"].is_null(), is_ok, "{part}");
        assert!(part["page"].as_str().unwrap().starts_with("#/"), "{part}");
    }
    let steps = &first["ok"]["first_steps"];
    assert_eq!((&steps["team"], &steps["signed_in"]), (&json!(false), &json!(false)));
    // Asked again, only the time is another one, and what nodes said of themselves meanwhile.
    let mut again = overview().await;
    for name in ["at", "nodes"] {
        again["ok"][name] = first["ok"][name].clone();
    }
    assert_eq!(again, first);

    it.ask(json!({"do": "maintenance", "on": true})).await;
    it.ask(json!({"do": "settings_apply", "text": SETTINGS})).await;
    let sign_in = json!({"do": "agent_sign_in", "agent": "1001", "extension": "2001"});
    it.ask(json!({"do": "maintenance", "on": false})).await;
    it.check(sign_in, "/ok/agent", json!("1001")).await;
    it.ask(json!({"do": "maintenance", "on": true})).await;
    let after = overview().await;
    assert_eq!(part(&after, "maintenance", &Value::Null)["code"], "maintenance_on");
    let told = &after["ok"];
    assert_eq!((&told["sessions"], &told["agents"]["not_ready"]), (&json!(1), &json!(1)));
    let steps = &told["first_steps"];
    for step in ["team", "agent", "device", "signed_in"] {
        assert_eq!(steps[step], true, "{step}: {steps}");
    }
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn byd_03_an_agents_states_are_told_with_who_caused_them() {
    let it = start().await;
    it.ask(json!({"do": "settings_apply", "text": SETTINGS})).await;
    let phone = || it.ask(json!({"do": "agent_phone", "agent": "1001"}));
    let state = |told: &Value, what: &str| {
        let states = told["ok"]["states"].as_array().unwrap();
        states.iter().find(|it| it["what"] == what).cloned().unwrap_or_default()
    };
    let before = phone().await;
    assert_eq!(state(&before, "session")["value"], "none");
    assert_eq!((&before["ok"]["page"], &before["ok"]["channel"]), (&Value::Null, &json!(false)));
    it.ask(json!({"do": "agent_sign_in", "agent": "1001", "extension": "2001"})).await;
    let wish = json!({"do": "agent_state", "agent": "1001", "state": "ready", "by": "supervisor"});
    it.check(wish, "/ok/state", json!("ready")).await;
    let told = phone().await;
    let voice = state(&told, "voice_state");
    assert_eq!((&voice["value"], &voice["owner"]), (&json!("ready"), &json!("gateway")));
    assert_eq!(voice["came_from"], "supervisor");
    assert_eq!(state(&told, "session")["came_from"], "administrator");
    assert_eq!(told["ok"]["device"], state(&told, "device")["value"]);
    // The same phone among all of them.
    let device = told["ok"]["device"].clone();
    let all = it.ask(json!({"do": "device_states", "q": "1001"})).await;
    assert_eq!(all["ok"]["devices"][0]["device"], device, "{all}");
    assert_eq!(all["ok"]["devices"][0]["agent"], "1001");
    let total = all["ok"]["total"].as_u64().unwrap();
    let page = it.ask(json!({"do": "device_states", "limit": 1, "state": "without_sip"})).await;
    assert!(page["ok"]["total"].as_u64().unwrap() > total, "{page}");
    assert_eq!(page["ok"]["next"], page["ok"]["devices"][0]["device"]);
    it.check(
        json!({"do": "agent_phone", "agent": "nobody"}),
        "/error/code",
        json!("agent_unknown"),
    )
    .await;
    it.check(json!({"do": "cti_status"}), "/ok/pairs", json!([])).await;
    let about = it.ask(json!({"do": "about"})).await;
    assert_eq!(about["ok"]["version"], crate::VERSION);
    let licences = about["ok"]["licences"].as_array().unwrap();
    assert!(licences.iter().any(|it| it["name"] == "tokio" && it["licence"] == "MIT"));
    // The first sample is taken when the node begins.
    let sampled = async {
        loop {
            let asked = json!({"do": "history", "series": ["sessions"], "minutes": 1});
            let history = it.ask(asked).await;
            if history["ok"]["series"][0]["values"][5].is_number() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), sampled).await.unwrap();
    it.stop().await;
}
