//! What comes back: a phone, a link, a gateway. The light is right again without anybody's doing.

use serde_json::json;

use crate::gateway::Gateway;
use crate::headset::{signed_in, supervisor};
use crate::phone::{DEVICE, Phone};

#[test]
fn hst_14_a_phone_that_restarts_shows_its_agent_again() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut phone);
    for (state, light) in [("NotReady", "red"), ("Ready", "off")] {
        let before = phone.worn.len();
        let configurations = phone.headset_state()["configurations"].as_u64().unwrap() + 1;
        phone.headset("restart");
        phone.wait_headset(json!({"registered": true, "enabled": true, "state": state,
            "light": light, "mode": "control", "configurations": configurations}));
        assert_eq!(phone.worn_since(before, "unregistered").len(), 1);
        phone.headset("mute");
        let other = if state == "Ready" { "NotReady" } else { "Ready" };
        phone.wait_headset(json!({"state": other, "last_answer": 202}));
    }
    phone.leave();
}

#[test]
fn hst_14_after_the_link_was_lost_the_light_shows_what_became_of_the_agent_meanwhile() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut phone);
    for (state, told, light) in [("ready", "Ready", "off"), ("not-ready", "NotReady", "red")] {
        for side in ["a", "b"] {
            gateway.centre(json!({"command": "side", "what": "down", "side": side}));
        }
        phone.wait(json!({"text": "contact centre unreachable"}));
        supervisor(&gateway, state);
        gateway.centre(json!({"command": "side", "what": "up", "side": "b"}));
        gateway.centre(json!({"command": "side", "what": "active", "side": "b"}));
        phone.wait_headset(json!({"state": told, "light": light}));
        phone.wait(json!({"softkey": "Refresh", "seconds": 25}));
    }
    // Although nothing changed it is told again: what a phone shows may be wrong by its own fault.
    let before = phone.worn.len();
    gateway.centre(json!({"command": "side", "what": "down", "side": "b"}));
    phone.wait(json!({"text": "contact centre unreachable"}));
    let refers = phone.headset_state()["refers"].as_u64().unwrap();
    gateway.centre(json!({"command": "side", "what": "up", "side": "b"}));
    gateway.centre(json!({"command": "side", "what": "active", "side": "b"}));
    phone.wait_headset(json!({"refers": refers + 1, "state": "NotReady", "light": "red"}));
    assert!(
        phone.worn_since(before, "light").is_empty(),
        "{:?}",
        phone.worn_since(before, "light")
    );
    phone.leave();
}

#[test]
fn hst_14_a_gateway_that_was_killed_tells_phones_again_when_it_is_back() {
    let mut gateway = Gateway::start();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut phone);
    for (state, light) in [("Ready", "off"), ("NotReady", "red")] {
        phone.headset("mute");
        phone.wait_headset(json!({"state": state, "light": light}));
        let refers = phone.headset_state()["refers"].as_u64().unwrap();
        gateway.kill_and_restart();
        phone.wait_headset(json!({"registered": true, "refers": refers + 1, "state": state,
            "light": light, "enabled": true}));
    }
    phone.headset("mute");
    phone.wait_headset(json!({"state": "Ready", "light": "off", "last_answer": 202}));
    // What is gone with the simulated server is known to be gone.
    drop(phone);
    let mut gateway = Gateway::start_with_centre();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut phone);
    gateway.kill_and_restart();
    phone.wait_headset(json!({"registered": true, "state": "Logout", "light": "off"}));
    signed_in(&gateway, &mut phone);
}

#[test]
fn hst_14_who_signs_in_is_shown_at_once_and_who_signs_in_elsewhere_no_more() {
    let gateway = Gateway::start();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    let mut other = Phone::with_headset(&gateway, "SEP001122334466", &[]);
    signed_in(&gateway, &mut phone);
    phone.headset("mute");
    phone.wait_headset(json!({"state": "Ready", "light": "off", "signed_in": true}));
    // The same agent with the other phone's line: the first shows nobody.
    other.sign_in(&gateway, "1001", "2002");
    other.wait_headset(json!({"signed_in": true}));
    phone.wait_headset(json!({"signed_in": false, "light": "off"}));
    let (state, light) = match other.headset_state()["state"] == "Ready" {
        true => ("NotReady", "red"),
        false => ("Ready", "off"),
    };
    other.headset("mute");
    other.wait_headset(json!({"state": state, "light": light, "last_answer": 202}));
    phone.headset("mute");
    phone.wait_headset(json!({"muted": true, "light": "red", "signed_in": false}));
    other.leave();
}
