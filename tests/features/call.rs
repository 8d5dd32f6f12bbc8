//! A call on owned voice state, as the phone shows it.

use serde_json::json;

use crate::gateway::Gateway;
use crate::phone::{DEVICE, Phone};

fn begin(gateway: &Gateway, variables: serde_json::Value) {
    gateway.admin(json!({
        "do": "call_begin", "agent": "1001", "number": "+4930123456", "variables": variables,
    }));
}

#[test]
fn phn_07_call_variables_stand_in_one_column() {
    let gateway = Gateway::start();
    gateway.settings(|settings| {
        settings["layouts"] = json!([{
            "name": "default",
            "header": {"label": "Customer", "variable": "callVariable1"},
            "left": [{"label": "Order", "variable": "callVariable2"}],
            "right": [{"label": "Tier", "variable": "callVariable3"}],
        }]);
        for team in settings["teams"].as_array_mut().unwrap() {
            team.as_object_mut().unwrap().remove("layout");
        }
    });
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.press("Ready");
    begin(
        &gateway,
        json!({"callVariable1": "Muster & Co", "callVariable2": "4711", "callVariable3": "Gold"}),
    );
    phone.wait(json!({"softkey": "CData", "seconds": 20}));
    phone.press("CData");
    let text = phone.screen["text"].as_str().unwrap().to_owned();
    let at = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("no {needle} in {text}"));
    assert!(at("Muster & Co") < at("4711") && at("4711") < at("Gold"), "{text}");
    assert!(at("Customer") < at("Order") && at("Order") < at("Tier"), "{text}");
    phone.leave();
}

#[test]
fn phn_21_a_state_asked_for_during_a_call_is_pending_then_so() {
    let gateway = Gateway::start();
    gateway.settings(|settings| {
        for team in settings["teams"].as_array_mut().unwrap() {
            team["wrap_up_seconds"] = json!(0);
        }
    });
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.press("Ready");
    begin(&gateway, json!({}));
    phone.wait(json!({"title": "Talking", "seconds": 20}));
    phone.press("NotReady");
    let item = phone.items()[0].clone();
    phone.select(&item);
    assert!(phone.shown().contains(&format!("Next: Not Ready - {item}")), "{}", phone.shown());
    gateway.admin(json!({"do": "call_end", "agent": "1001"}));
    phone.wait(json!({"title": format!("Not Ready - {item}"), "seconds": 20}));
    phone.leave();
}

#[test]
fn phn_05_a_wrap_up_reason_is_chosen_and_wrap_up_ends_by_itself() {
    let gateway = Gateway::start();
    gateway.settings(|settings| {
        for team in settings["teams"].as_array_mut().unwrap() {
            team["wrap_up_seconds"] = json!(2);
        }
        settings["reason_codes"] = json!([{"category": "wrap_up", "code": 7, "label": "Sale"}]);
    });
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.press("Ready");
    begin(&gateway, json!({}));
    phone.wait(json!({"title": "Talking", "seconds": 20}));
    phone.press("WrapUp");
    phone.select("Sale");
    assert!(phone.shown().contains("Sale"), "{}", phone.shown());
    gateway.admin(json!({"do": "call_end", "agent": "1001"}));
    phone.wait(json!({"title": "Wrap-up", "seconds": 20}));
    phone.wait(json!({"title": "Ready", "seconds": 20}));
    phone.leave();
}
