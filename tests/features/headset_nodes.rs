//! Headsets with two nodes: what the first did, the second goes on with, for light and screen alike.

use std::time::Duration;

use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::headset::at_the_centre;
use crate::node::eventually;
use crate::nodes::{kill, node, send, status};
use crate::phone::{DEVICE, Phone};

/// Waits for the first node to serve again.
#[track_caller]
fn start_again(gateway: &Gateway) -> Value {
    let mut looks = 0_u32;
    eventually("the first node again", || {
        let again = node(gateway, 0);
        // Whoever else chose its port while it was down gives it back in a moment.
        if again["pid"].is_null() && looks.is_multiple_of(100) {
            gateway.hang_up();
        }
        looks += 1;
        let socket = again["admin_socket"].as_str()?;
        let answers = again["pid"].is_u64() && Path::new(socket).exists();
        (answers && std::os::unix::net::UnixStream::connect(socket).is_ok()).then_some(again)
    })
}

/// The phone with its headset at that node, which knows the other node by then.
#[track_caller]
fn phone_at(gateway: &Gateway, name: &str, more: &[&str]) -> Phone {
    let mut phone = Phone::with_headset(gateway, DEVICE, &[&["--node", name], more].concat());
    eventually("a secondary service", || {
        phone.headset_state();
        let found = phone.worn_since(0, "discovered");
        found.last()?["secondary"].is_string().then_some(())
    });
    phone
}

/// Presses the mute key. Nodes go by the store's clock: one that is some milliseconds ahead of the phone's takes a
/// press that comes so soon after a change for an older one, and a person would press again.
#[track_caller]
fn press(phone: &mut Phone) {
    eventually("a press that is taken", || {
        phone.headset("mute");
        (phone.headset_state()["last_answer"] != 409).then_some(())
    });
}

/// Presses the mute key until light, screen and contact centre have toggled.
#[track_caller]
fn toggles(gateway: &Gateway, phone: &mut Phone) {
    let is_ready = phone.headset_state()["state"] == "Ready";
    let both = [("ready", "Ready", "off", "Ready"), ("not-ready", "NotReady", "red", "Not Ready")];
    let mut order = both;
    if is_ready {
        order.reverse();
    }
    for (centre, state, light, title) in order {
        press(phone);
        phone.wait_headset(json!({"state": state, "light": light, "muted": false}));
        phone.wait(json!({"title": title, "seconds": 25}));
        assert_eq!(at_the_centre(gateway, "1001"), centre);
    }
}

#[test]
fn hst_06_mute_toggles_and_the_screen_follows_through_the_death_of_a_node() {
    let Some(gateway) = Gateway::start_nodes_with_centre() else { return };
    let (first, second) = (node(&gateway, 0), node(&gateway, 1));
    let mut phone = phone_at(&gateway, "node-a", &[]);
    let found = phone.worn_since(0, "discovered").pop().unwrap();
    let base = |node: &Value| format!("{}{DEVICE}/cc", node["headset"].as_str().unwrap());
    assert_eq!(found["primary"], base(&first), "{found}");
    assert_eq!(found["secondary"], base(&second), "{found}");
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait_headset(json!({"light": "red", "state": "NotReady"}));
    toggles(&gateway, &mut phone);
    phone.wait_headset(json!({"service": "primary", "registrar": first["sip_tcp"]}));

    kill(&first);
    // Whatever the phone noticed by now: its update goes to the node that is left.
    let before = phone.worn.len();
    phone.headset("mute");
    phone.wait_headset(json!({"last_answer": 202, "state": "Ready", "light": "off"}));
    let sent = phone.worn_since(before, "update");
    assert_eq!(sent.last().unwrap()["status"], 202, "{sent:?}");
    phone.wait_headset(json!({"registered": true, "registrar": second["sip_tcp"]}));
    phone.wait(json!({"title": "Ready", "seconds": 25}));
    assert_eq!(at_the_centre(&gateway, "1001"), "ready");
    toggles(&gateway, &mut phone);

    start_again(&gateway);
    toggles(&gateway, &mut phone);
    phone.leave();
}

/// The phone registered at the first node, whose pair names the second as primary service.
#[track_caller]
fn phone_between(gateway: &Gateway) -> Phone {
    let base = node(gateway, 1)["headset"].as_str().unwrap().to_owned();
    let mut phone = phone_at(gateway, "node-a", &[]);
    gateway.settings(|settings| {
        settings["cti_pairs"][0]["primary_node"] = json!("node-b.localhost");
        settings["cti_pairs"][0]["secondary_node"] = json!("node-a.localhost");
    });
    eventually("the nodes of the pair", || {
        phone.headset_state();
        let found = phone.worn_since(0, "discovered");
        found.last()?["primary"].as_str()?.starts_with(&base).then_some(())
    });
    phone.sign_in(gateway, "1001", "2001");
    phone.wait_headset(json!({"light": "red", "state": "NotReady"}));
    toggles(gateway, &mut phone);
    phone.wait_headset(json!({"service": "primary"}));
    phone
}

#[test]
fn hst_13_a_pairs_nodes_are_what_phones_use_and_the_second_serves_when_the_first_is_dead() {
    let Some(gateway) = Gateway::start_nodes_with_centre() else { return };
    let mut phone = phone_between(&gateway);
    kill(&node(&gateway, 1));
    toggles(&gateway, &mut phone);
    phone.wait_headset(json!({"service": "secondary"}));
    phone.leave();
}

#[test]
fn hst_06_a_node_that_was_frozen_brings_nothing_back_that_is_over() {
    let Some(gateway) = Gateway::start_nodes_with_centre() else { return };
    let mut phone = phone_between(&gateway);
    let second = node(&gateway, 1);
    send(&second, Signal::STOP);
    let asked = || {
        let log = gateway.centre(json!({"command": "log", "request": "SET_AGENT_STATE"}));
        log.to_string().matches("SET_AGENT_STATE").count()
    };
    let before = asked();
    toggles(&gateway, &mut phone);
    phone.wait_headset(json!({"service": "secondary", "state": "NotReady"}));
    assert_eq!(asked(), before + 2);
    send(&second, Signal::CONT);
    eventually("the thawed node", || {
        let nodes = status(&second)["nodes"].clone();
        let live = |it: &Value| it["live"] == true;
        nodes.as_array().is_some_and(|all| all.iter().all(live)).then_some(())
    });
    phone.wait_headset(json!({"light": "red", "state": "NotReady"}));
    assert_eq!(at_the_centre(&gateway, "1001"), "not-ready");
    assert_eq!(asked(), before + 2);
    // It takes nothing before it has read what it missed, and to it that is news of now, so that a key pressed
    // before is late. Nobody presses more often than is taken of one phone.
    eventually("an update that is taken", || {
        phone.headset("mute");
        let is_taken = phone.headset_state()["last_answer"] == 202;
        std::thread::sleep(Duration::from_millis(if is_taken { 0 } else { 400 }));
        is_taken.then_some(())
    });
    phone.wait_headset(json!({"service": "primary", "light": "off", "state": "Ready"}));
    toggles(&gateway, &mut phone);
    phone.leave();
}

#[test]
fn hst_06_an_update_that_both_nodes_got_is_carried_out_once() {
    let Some(gateway) = Gateway::start_nodes_with_centre() else { return };
    let more = ["--headset-fault", "late-answer-ignored"];
    let mut phone = phone_at(&gateway, "node-a", &more);
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait_headset(json!({"light": "red", "state": "NotReady"}));
    let asked = || {
        let log = gateway.centre(json!({"command": "log", "request": "SET_AGENT_STATE"}));
        log.to_string().matches("SET_AGENT_STATE").count()
    };
    for round in 0..4 {
        let (before, asked_before) = (phone.worn.len(), asked());
        let was = phone.headset_state()["state"].clone();
        phone.headset("mute");
        eventually("both answers", || {
            phone.headset_state();
            (phone.worn_since(before, "update").len() == 2).then_some(())
        });
        let sent = phone.worn_since(before, "update");
        assert_eq!((&sent[0]["to"], &sent[1]["to"]), (&json!("primary"), &json!("secondary")));
        assert_eq!(sent[0]["request_id"], sent[1]["request_id"], "round {round}");
        let statuses = [0, 1].map(|at: usize| sent[at]["status"].as_u64().unwrap());
        // As it was meant, and, within milliseconds of the last change, late for the one whose clock is ahead.
        assert!([[202, 200], [409, 202], [409, 409]].contains(&statuses), "{statuses:?}");
        let is_taken = statuses.contains(&202);
        let (state, light) = match (was == "Ready") == is_taken {
            true => ("NotReady", "red"),
            false => ("Ready", "off"),
        };
        phone.wait_headset(json!({"state": state, "light": light}));
        assert_eq!(asked(), asked_before + usize::from(is_taken), "round {round}");
    }
    // Repeated after the state went on, it is old news at the other node too.
    let last = phone.worn_since(0, "update").pop().unwrap()["state"].clone();
    let (other, told) = match last == "Ready" {
        true => ("not-ready", "NotReady"),
        false => ("ready", "Ready"),
    };
    gateway.centre(json!({"command": "state", "agent": "1001", "state": other}));
    phone.wait_headset(json!({"state": told}));
    let asked_before = asked();
    phone.headset("repeat");
    phone.wait_headset(json!({"last_answer": 409, "state": told}));
    assert_eq!((asked(), at_the_centre(&gateway, "1001").as_str()), (asked_before, other));
    phone.leave();
}

#[test]
fn hst_10_a_service_that_was_down_when_the_phone_started_is_found_without_a_restart() {
    let Some(gateway) = Gateway::start_nodes() else { return };
    let (first, second) = (node(&gateway, 0), node(&gateway, 1));
    kill(&first);
    eventually("word of it", || node(&gateway, 0)["pid"].is_null().then_some(()));
    // Its file names the node that is down.
    let registrar = second["sip_tcp"].as_str().unwrap();
    let discovery = first["headset"].as_str().unwrap();
    let more = ["--sip-server", registrar, "--discovery-url", discovery];
    let mut phone = Phone::with_any_headset(&gateway, DEVICE, &more);
    phone.wait_headset(json!({"registered": true, "failed_discoveries": 1, "discovered": false}));
    eventually("word of it at the other node", || {
        let nodes = status(&second)["nodes"].clone();
        let gone = |it: &Value| it["node"] == first["name"] && it["live"] == false;
        nodes.as_array()?.iter().any(gone).then_some(())
    });
    let before = phone.worn.len();
    start_again(&gateway);
    phone.wait_headset(json!({"discovered": true, "enabled": true, "configurations": 1}));
    assert!(phone.worn_since(before, "registered").iter().all(|it| it["fresh"] == false));
    assert!(phone.worn_since(before, "unregistered").is_empty());
    phone.leave();
}

#[test]
fn hst_10_a_phone_whose_node_fails_finds_the_service_of_the_other_node() {
    let Some(gateway) = Gateway::start_nodes() else { return };
    let (first, second) = (node(&gateway, 0), node(&gateway, 1));
    let mut phone = phone_at(&gateway, "node-a", &[]);
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait_headset(json!({"light": "red", "state": "NotReady"}));
    let before = phone.worn.len();
    kill(&first);
    phone.wait_headset(json!({"registered": true, "registrar": second["sip_tcp"]}));
    eventually("discovery at the other node", || {
        phone.headset_state();
        let found = phone.worn_since(before, "discovered");
        let primary = found.last()?["primary"].as_str()?;
        primary.starts_with(second["headset"].as_str().unwrap()).then_some(())
    });
    phone.wait_headset(json!({"agent": "1001", "state": "NotReady", "light": "red"}));
    phone.headset("mute");
    phone.wait_headset(json!({"state": "Ready", "light": "off", "last_answer": 202}));
    phone.leave();
}
