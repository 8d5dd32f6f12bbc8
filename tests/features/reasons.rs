//! Reason lists on the phone.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::phone::{DEVICE, Phone};

fn reason(category: &str, code: u32, label: &str) -> Value {
    json!({"category": category, "code": code, "label": label})
}

#[test]
fn phn_06_the_first_hundred_that_apply_are_shown() {
    let gateway = Gateway::start();
    gateway.settings(|settings| {
        let mut reasons: Vec<_> =
            (1..=120).map(|code| reason("not_ready", code, &format!("Reason {code}"))).collect();
        // What applies to another team only takes no place.
        let agents = settings["agents"].as_array().unwrap();
        let own = &agents.iter().find(|agent| agent["id"] == "1001").unwrap()["team"];
        let teams = settings["teams"].as_array().unwrap();
        let other = teams.iter().find(|team| team["name"] != *own).unwrap();
        reasons[0]["teams"] = json!([other["name"]]);
        settings["reason_codes"] = Value::Array(reasons);
    });
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.press("NotReady");
    assert_eq!(phone.items().len(), 100);
    assert_eq!(phone.items()[0], "Reason 2");
    assert_eq!(phone.items()[99], "Reason 101");
    phone.leave();
}

#[test]
fn phn_06_labels_are_cut_per_model_on_a_character() {
    let gateway = Gateway::start();
    let label = "Ü".repeat(40);
    gateway.settings(|settings| {
        settings["reason_codes"] = json!([reason("not_ready", 1, &label)]);
        settings["phone_service"]["label_limits"] = json!([
            {"model": "CP-88", "characters_max": 30},
            {"model": "CP-8845", "characters_max": 11},
        ]);
    });
    for (model, characters) in [("CP-8845", 11), ("CP-8841", 30)] {
        let mut phone = Phone::new(&gateway, DEVICE, model);
        phone.sign_in(&gateway, "1001", "2001");
        phone.press("NotReady");
        let shown = phone.items()[0].clone();
        assert_eq!(shown.chars().count(), characters, "{model}: {shown}");
        assert!(shown.starts_with(&"Ü".repeat(characters - 1)), "{shown}");
        phone.leave();
        gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "signed_out"}));
    }
}

#[test]
fn without_reasons_the_keys_act_at_once() {
    let gateway = Gateway::start();
    gateway.settings(|settings| settings["reason_codes"] = json!([]));
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.press("Ready");
    phone.press("NotReady");
    assert_eq!(phone.screen["title"], "Not Ready");
    phone.press("SignOut");
    assert_eq!(phone.kind(), "Input");
    phone.leave();
}
