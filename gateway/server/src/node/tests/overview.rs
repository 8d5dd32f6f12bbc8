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
    // Asked again, only the time is another one.
    let mut again = overview().await;
    again["ok"]["at"] = first["ok"]["at"].clone();
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
