//! An agent's shift at the phone, and what the screen says meanwhile.

use serde_json::json;

use crate::gateway::Gateway;
use crate::phone::{DEVICE, Phone};

#[test]
fn phn_05_ready_not_ready_with_a_reason_and_sign_out() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    assert_eq!(phone.screen["title"], "Not Ready");
    phone.press("Ready");
    assert_eq!(phone.screen["title"], "Ready");
    phone.press("NotReady");
    assert_eq!(phone.kind(), "Menu");
    let lunch = phone.items()[0].clone();
    phone.select(&lunch);
    assert_eq!(phone.screen["title"], format!("Not Ready - {lunch}"));
    // PHN-21: another reason without going Ready.
    phone.press("NotReady");
    let other = phone.items()[1].clone();
    phone.select(&other);
    assert_eq!(phone.screen["title"], format!("Not Ready - {other}"));
    phone.press("SignOut");
    let reason = phone.items()[0].clone();
    phone.select(&reason);
    assert_eq!(phone.kind(), "Input");
    assert_eq!(
        gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "signed_out"}))["state"],
        "signed_out"
    );
    phone.leave();
}

#[test]
fn phn_21_home_shows_state_reason_and_duration() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    assert!(phone.shown().contains("00:00:0"), "{}", phone.shown());
    assert!(phone.shown().contains("2001"), "{}", phone.shown());
    assert_eq!(
        phone.screen["refresh"]["seconds"].as_u64().or(phone.screen["refresh"].as_u64()),
        Some(15)
    );
    phone.leave();
}

#[test]
fn phn_05_a_change_made_elsewhere_reaches_the_phone_by_push() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.act(json!({"quiet": true}));
    gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "ready"}));
    phone.wait(json!({"title": "Ready", "seconds": 20, "pushes": 1}));
    assert_eq!(phone.pushes[0]["result"], "success");
    assert_eq!(phone.pushes[0]["https"], true);
    gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "signed_out"}));
    phone.wait(json!({"kind": "Input", "seconds": 20}));
    assert!(phone.shown().contains("supervisor"), "{}", phone.shown());
    phone.leave();
}

#[test]
fn phn_05_an_own_press_is_not_pushed_again() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    for _ in 0..3 {
        phone.press("Ready");
        phone.press("NotReady");
        let item = phone.items()[0].clone();
        phone.select(&item);
    }
    // A push that was on its way comes before one that is made now.
    gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "ready"}));
    phone.wait(json!({"title": "Ready", "seconds": 20, "pushes": 1}));
    assert_eq!(phone.pushes.len(), 1, "{:?}", phone.pushes);
    phone.leave();
}

#[test]
fn phn_04_a_supervisor_does_an_agents_tasks_and_no_others() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1900", "2001");
    let known = ["Ready", "NotReady", "SignOut", "Refresh"];
    for key in phone.soft_keys() {
        assert!(known.contains(&key.as_str()), "{key}");
    }
    phone.press("Ready");
    assert_eq!(phone.screen["title"], "Ready");
    phone.leave();
}

#[test]
fn an_action_fetched_again_from_history_changes_nothing() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    let keys = phone.screen["softkeys_all"].as_array().unwrap().clone();
    let ready = keys.iter().find(|key| key["name"] == "Ready").unwrap()["url"].clone();
    phone.press("Ready");
    phone.press("NotReady");
    let item = phone.items()[0].clone();
    phone.select(&item);
    // The same link once more: a repeat is recognised, and shows home as it is now.
    phone.act(json!({"open": ready}));
    assert_eq!(phone.screen["title"], format!("Not Ready - {item}"));
    phone.leave();
}
