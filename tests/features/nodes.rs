//! Several nodes on one database: what one took, another carries on.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::gateway::{Gateway, ask};
use crate::node::eventually;
use crate::phone::{DEVICE, Phone};
use crate::wire;

const MODEL: &str = "CP-8845";

/// A node as the endpoints file has it now.
pub(crate) fn node(gateway: &Gateway, number: usize) -> Value {
    let text = std::fs::read_to_string(gateway.endpoints_file()).unwrap();
    let endpoints: Value = serde_json::from_str(&text).unwrap();
    endpoints["nodes"][number].clone()
}

pub(crate) fn status(node: &Value) -> Value {
    ask(node["admin_socket"].as_str().unwrap(), json!({"do": "status"}))["ok"].clone()
}

pub(crate) fn kill(node: &Value) {
    send(node, Signal::KILL);
}

fn send(node: &Value, signal: Signal) {
    let process = node["pid"].as_i64().and_then(|pid| pid.try_into().ok());
    kill_process(Pid::from_raw(process.unwrap()).unwrap(), signal).unwrap();
}

/// Command lines of processes that work in that folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|it| std::fs::read(it.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder.to_str().unwrap())).collect()
}

/// Waits until none is left.
#[track_caller]
fn until_nothing_is_left(folder: &Path) {
    let mut left = Vec::new();
    eventually("the end of all processes", || {
        left = processes_in(folder);
        left.is_empty().then_some(())
    });
}

#[test]
fn phn_10_the_second_node_carries_on_where_the_first_was_killed() {
    let Some(mut gateway) = Gateway::start_nodes() else { return };
    let (first, second) = (node(&gateway, 0), node(&gateway, 1));
    assert_ne!(first["phone"], second["phone"]);
    assert_ne!(first["pid"], second["pid"]);
    assert_eq!(gateway.endpoints["phone"], first["phone"], "the first one stands at the top too");
    let mut phone = Phone::with(&gateway, DEVICE, MODEL, &["--node", "node-a"]);
    phone.sign_in(&gateway, "1001", "2001");
    phone.press("Ready");
    eventually("the agent at the other node", || {
        (status(&second)["agents"]["ready"] == 1).then_some(())
    });

    kill(&first);
    eventually("word of it", || node(&gateway, 0)["pid"].is_null().then_some(()));
    assert!(gateway.log().contains("node-b goes on"), "{}", gateway.log());
    phone.act(json!({"open": "SoftKey:Update"}));
    assert_eq!(phone.kind(), "message", "nobody answers there: {:#}", phone.screen);
    phone.leave();
    let mut phone = Phone::with(&gateway, DEVICE, MODEL, &["--node", "node-b"]);
    phone.sign_in(&gateway, "1001", "2001");
    assert_eq!(phone.screen["title"], "Ready", "the state is kept");
    let change = json!({"do": "agent_state", "agent": "1001", "state": "not_ready"});
    let changed = ask(second["admin_socket"].as_str().unwrap(), change);
    assert_eq!(changed["ok"]["state"], "not_ready", "{changed}");
    phone.wait(json!({"title": "Not Ready", "seconds": 20, "pushes": 1}));
    phone.leave();
    assert_eq!(wire::get_plain(second["health"].as_str().unwrap()).status, 200);

    gateway.hang_up();
    let again = eventually("the first node again", || {
        let again = node(&gateway, 0);
        let answers = again["pid"].is_u64() && Path::new(again["admin_socket"].as_str()?).exists();
        let connects =
            || std::os::unix::net::UnixStream::connect(again["admin_socket"].as_str()?).ok();
        (answers && connects().is_some()).then_some(again)
    });
    assert_ne!(again["pid"], first["pid"]);
    assert_eq!(status(&again)["agents"]["not_ready"], 1);
    assert_eq!(status(&again)["settings"]["number"], status(&second)["settings"]["number"]);

    assert_eq!(gateway.terminate(), Some(0), "{}", gateway.log());
    assert!(!gateway.endpoints_file().exists());
    until_nothing_is_left(gateway.folder());
}

#[test]
fn several_nodes_end_with_a_demo_that_is_killed() {
    let Some(mut gateway) = Gateway::start_nodes() else { return };
    assert!(!processes_in(gateway.folder()).is_empty());
    gateway.kill();
    until_nothing_is_left(gateway.folder());
    // And in the same folder it starts again, with what it knew.
    gateway.kill_and_restart();
    assert_eq!(status(&node(&gateway, 1))["settings"]["agents"], 4);
    assert_eq!(gateway.terminate(), Some(0), "{}", gateway.log());
}

#[test]
fn phn_11_a_page_opens_the_other_node_and_outlives_its_own() {
    let Some(gateway) = Gateway::start_nodes() else { return };
    let (first, second) = (node(&gateway, 0), node(&gateway, 1));
    let mut phone = Phone::with(&gateway, DEVICE, MODEL, &["--node", "node-a"]);
    phone.sign_in(&gateway, "1001", "2001");
    // The first page after a start may not know of the other node yet.
    eventually("the key for the other node", || {
        phone.press("Refresh");
        phone.soft_keys().contains(&"Backup".to_owned()).then_some(())
    });
    kill(&first);
    phone.press("Backup");
    assert_eq!(phone.screen["title"], "Not Ready", "without a new sign-in: {:#}", phone.screen);
    phone.press("Ready");
    assert_eq!(phone.screen["title"], "Ready");
    let state = |node: &Value| status(node)["agents"]["ready"].clone();
    assert_eq!(state(&second), 1);
    let change = json!({"do": "agent_state", "agent": "1001", "state": "not_ready"});
    ask(second["admin_socket"].as_str().unwrap(), change);
    phone.wait(json!({"title": "Not Ready", "seconds": 20, "pushes": 1}));
    phone.leave();
}

#[test]
fn phn_22_signing_in_at_the_other_node_takes_over_and_nothing_is_pushed_twice() {
    let Some(gateway) = Gateway::start_nodes() else { return };
    let (first, second) = (node(&gateway, 0), node(&gateway, 1));
    let mut phone = Phone::with(&gateway, DEVICE, MODEL, &["--node", "node-a"]);
    phone.sign_in(&gateway, "1001", "2001");
    // Changes at either node reach the phone once each.
    for (at, state, title) in [
        (&second, "ready", "Ready"),
        (&first, "not_ready", "Not Ready"),
        (&second, "ready", "Ready"),
    ] {
        let change = json!({"do": "agent_state", "agent": "1001", "state": state});
        ask(at["admin_socket"].as_str().unwrap(), change);
        phone.wait(json!({"title": title, "seconds": 20}));
    }
    let mut other = Phone::with(&gateway, "SEP00000000000B", "CP-7841", &["--node", "node-b"]);
    other.sign_in(&gateway, "1001", "2001");
    assert_eq!(other.screen["title"], "Ready", "the state is kept");
    phone.wait(json!({"kind": "Input", "seconds": 30}));
    assert!(phone.shown().contains("elsewhere"), "{}", phone.shown());
    // Both nodes have seen all of it by now: what they answer for is told in their next sign of life.
    let pushed = |phone: &Phone| phone.pushes.len();
    assert_eq!(pushed(&phone), 4, "{:#?}", phone.pushes);
    assert_eq!(pushed(&other), 0, "{:#?}", other.pushes);
    other.press("NotReady");
    phone.leave();
    other.leave();
}

#[test]
fn ops_03_nodes_are_restarted_one_after_the_other_and_nobody_signs_in_again() {
    let Some(gateway) = Gateway::start_nodes() else { return };
    let mut phone = Phone::with(&gateway, DEVICE, MODEL, &["--node", "node-a"]);
    phone.sign_in(&gateway, "1001", "2001");
    for (stopped, other, wish, title) in [(0, 1, "Ready", "Ready"), (1, 0, "NotReady", "Reasons")] {
        eventually("the key for the other node", || {
            phone.press("Refresh");
            phone.soft_keys().contains(&"Backup".to_owned()).then_some(())
        });
        let before = node(&gateway, stopped);
        send(&before, Signal::TERM);
        eventually("its end", || node(&gateway, stopped)["pid"].is_null().then_some(()));
        assert!(gateway.log().contains("it ended with exit code 0"), "{}", gateway.log());
        // The node that left is not waited for as one that died is.
        let name = before["name"].as_str().unwrap();
        eventually("word that it left", || {
            let told = status(&node(&gateway, other))["nodes"].clone();
            let left = |it: &Value| it["node"] == name && it["state"] == "left";
            told.as_array()?.iter().any(left).then_some(())
        });
        // The phone goes over by the key of its page, unless the other node pushed its own by then, and works
        // on there.
        let there = node(&gateway, other)["phone"].as_str().unwrap().to_owned();
        let is_there =
            |phone: &Phone| phone.screen["url"].as_str().is_some_and(|url| url.starts_with(&there));
        // What is on display now, which may have come by a push.
        phone.wait(json!({"kind": "CiscoIPPhoneText", "seconds": 5}));
        if !is_there(&phone) {
            phone.press("Backup");
        }
        // A page that is pushed at that moment takes the place of what was pressed for.
        eventually("what was pressed for", || {
            phone.try_act(&json!({"press": wish}));
            (phone.shown().contains(title) || phone.kind() == "Menu").then_some(())
        });
        if phone.kind() == "Menu" {
            let reason = phone.items()[0].clone();
            phone.select(&reason);
        }
        gateway.hang_up();
        eventually("both nodes", || {
            let nodes = [0, 1].map(|number| node(&gateway, number));
            let all = nodes.iter().all(|it| it["pid"].is_u64());
            let answers = all
                && std::os::unix::net::UnixStream::connect(
                    nodes[stopped]["admin_socket"].as_str()?,
                )
                .is_ok();
            let live = |it: &Value| it["live"] == true && it["state"] == "ready";
            let both = || {
                let told = status(&nodes[other])["nodes"].clone();
                told.as_array().is_some_and(|told| told.len() == 2 && told.iter().all(live))
            };
            (answers && both()).then_some(())
        });
    }
    phone.press("Refresh");
    assert_eq!(phone.screen["title"].as_str().unwrap_or_default().split(' ').next(), Some("Not"));
    phone.leave();
}
