//! A contact-centre server owns voice state and calls: the whole way from the phone's key over the wire
//! and back.

use std::process::Command;

use serde_json::json;

use crate::gateway::{Gateway, program};
use crate::node::eventually;
use crate::phone::Phone;

const FIRST: &str = "SEP001122334455";
const SECOND: &str = "SEP001122334466";

#[track_caller]
fn without_violations(gateway: &Gateway) {
    let violations = gateway.centre(json!({"command": "violations"}));
    assert_eq!(violations["violations"], json!([]), "{violations}");
}

#[test]
fn cti_01_an_agent_works_through_a_whole_call() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::new(&gateway, FIRST, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait(json!({"title": "Not Ready"}));
    phone.press("Ready");
    phone.wait(json!({"title": "Ready"}));
    gateway.centre(json!({"command": "call", "extension": "1001", "ani": "5551234",
        "queue": "Support", "variables": {"1": "Gold customer", "2": "4711"}}));
    phone.wait(json!({"title": "Call arriving", "text": "Call from 5551234"}));
    gateway.centre(json!({"command": "answer", "agent": "1001"}));
    phone.wait(json!({"title": "Talking"}));
    phone.press("CData");
    let data = phone.shown();
    assert!(data.contains("Customer: Gold customer\nContract: 4711"), "{data}");
    phone.press("NotReady");
    phone.select("Lunch");
    phone.wait(json!({"title": "Talking", "text": "Next: Not Ready"}));
    gateway.centre(json!({"command": "hold", "agent": "1001"}));
    phone.wait(json!({"title": "On hold"}));
    gateway.centre(json!({"command": "retrieve", "agent": "1001"}));
    phone.wait(json!({"title": "Talking"}));
    gateway.centre(json!({"command": "clear", "agent": "1001"}));
    phone.wait(json!({"title": "Wrap-up"}));
    phone.press("WrapUp");
    phone.select("Question answered");
    phone.wait(json!({"text": "Wrap-up: Question answered"}));
    phone.press("Ready");
    phone.wait(json!({"title": "Ready"}));
    phone.press("NotReady");
    phone.select("Lunch");
    phone.wait(json!({"title": "Not Ready - Lunch"}));
    phone.press("SignOut");
    phone.select("End of shift");
    phone.wait(json!({"prompt": "You are signed out"}));
    without_violations(&gateway);
    phone.leave();
}

#[test]
fn phn_05_a_change_made_anywhere_else_reaches_the_phone_once() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::new(&gateway, FIRST, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait(json!({"title": "Not Ready"}));
    gateway.centre(json!({"command": "state", "agent": "1001", "state": "ready"}));
    phone.wait(json!({"title": "Ready", "pushes": 1}));
    // What the answer to a press shows is not pushed as well.
    phone.press("NotReady");
    phone.select("Lunch");
    phone.wait(json!({"title": "Not Ready - Lunch"}));
    gateway.centre(json!({"command": "state", "agent": "1001", "state": "ready"}));
    phone.wait(json!({"title": "Ready"}));
    // Where the page asked anew by itself first, it needs no push.
    assert!((1..=2).contains(&phone.pushes.len()), "{:?}", phone.pushes);
    phone.leave();
}

#[test]
fn cti_02_the_other_side_takes_over_and_with_none_the_phone_says_so() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::new(&gateway, FIRST, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait(json!({"title": "Not Ready"}));
    gateway.centre(json!({"command": "side", "what": "down", "side": "a"}));
    phone.wait(json!({"text": "For: "}));
    // Until the agent is known again a press is refused in words, and changes nothing.
    while !phone.shown().starts_with("Ready\n") {
        phone.wait(json!({"softkey": "Ready", "title": "Not Ready"}));
        phone.press("Ready");
    }
    gateway.centre(json!({"command": "side", "what": "down", "side": "b"}));
    phone.wait(json!({"text": "contact centre unreachable"}));
    assert_eq!(phone.soft_keys(), ["Refresh"]);
    let mut other = Phone::new(&gateway, SECOND, "CP-7841");
    other.sign_in(&gateway, "1002", "2002");
    other.wait(json!({"text": "The contact centre cannot be reached right now"}));
    gateway.centre(json!({"command": "side", "what": "up", "side": "b"}));
    gateway.centre(json!({"command": "side", "what": "active", "side": "b"}));
    phone.wait(json!({"softkey": "NotReady", "title": "Ready"}));
    without_violations(&gateway);
    phone.leave();
    other.leave();
}

#[test]
fn phn_10_a_sign_in_elsewhere_proves_the_password_though_the_centre_says_signed_on() {
    let gateway = Gateway::start_with_centre();
    let mut first = Phone::new(&gateway, FIRST, "CP-8845");
    first.sign_in(&gateway, "1001", "2001");
    first.wait(json!({"title": "Not Ready"}));
    first.press("Ready");
    let mut second = Phone::new(&gateway, SECOND, "CP-7841");
    second.open();
    second.fill(json!({"id": "1001", "extension": "2001", "password": "guessed"}));
    second.press("SignIn");
    second.wait(json!({"title": "Not possible"}));
    second.sign_in(&gateway, "1001", "2001");
    second.wait(json!({"title": "Ready"}));
    // One session per agent: the old page becomes the sign-in page (PHN-22).
    first.wait(json!({"prompt": "You signed in elsewhere"}));
    without_violations(&gateway);
    first.leave();
    second.leave();
}

#[test]
fn phn_22_who_is_signed_on_at_a_desktop_signs_out_there_first() {
    let gateway = Gateway::start_with_centre();
    gateway.centre(json!({"command": "sign-in", "agent": "1002"}));
    let mut phone = Phone::new(&gateway, SECOND, "CP-8845");
    phone.sign_in(&gateway, "1002", "2002");
    phone.wait(json!({"text": "You are signed on elsewhere"}));
    gateway.centre(json!({"command": "sign-out", "agent": "1002"}));
    phone.sign_in(&gateway, "1002", "2002");
    phone.wait(json!({"title": "Not Ready"}));
    phone.leave();
}

#[test]
fn cti_07_a_phone_out_of_service_and_a_supervisor_end_the_session_with_the_reason() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::new(&gateway, FIRST, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait(json!({"title": "Not Ready"}));
    gateway.centre(json!({"command": "device", "agent": "1001", "in": "out"}));
    phone.wait(json!({"prompt": "Signed out by the system (50003)"}));
    gateway.centre(json!({"command": "device", "agent": "1001", "in": "in"}));
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait(json!({"title": "Not Ready"}));
    gateway.centre(json!({"command": "sign-out", "agent": "1001"}));
    phone.wait(json!({"prompt": "Signed out by a supervisor"}));
    without_violations(&gateway);
    phone.leave();
}

#[test]
fn cti_03_a_forced_sign_out_passes_the_wire_and_the_session_is_over() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::new(&gateway, FIRST, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait(json!({"title": "Not Ready"}));
    phone.press("Ready");
    gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "signed_out",
        "reason": 255}));
    phone.wait(json!({"title": "Sign in"}));
    // With LOAD 0 the centre makes the agent Not Ready.
    gateway.centre(json!({"command": "wait", "what": "agent", "value": "1001",
        "more": "not-ready", "seconds": 20}));
    // The sign-in waits until that is seen, then goes the way of somebody who is signed on.
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait(json!({"text": "State: Not Ready"}));
    without_violations(&gateway);
    phone.leave();
}

#[test]
fn cti_04_a_mobile_agents_number_reaches_the_centre() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::new(&gateway, FIRST, "CP-8845");
    phone.open();
    let password = gateway.password("1001");
    phone.fill(json!({"id": "1001", "extension": "2001", "password": password,
        "mobile": "015512345"}));
    phone.press("SignIn");
    phone.select("Keep me connected");
    phone.wait(json!({"title": "Not Ready", "text": "Calls go to 015512345"}));
    let agent = gateway.centre(json!({"command": "agent", "agent": "1001"})).to_string();
    assert!(agent.contains("2001;015512345"), "{agent}");
    without_violations(&gateway);
    phone.leave();
}

#[test]
fn cti_05_the_phone_picked_for_a_shared_line_reaches_the_centre() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::new(&gateway, SECOND, "CP-8845");
    phone.sign_in(&gateway, "1003", "2003");
    let items = phone.items();
    let picked = items.iter().find(|item| item.contains("Third phone")).unwrap_or(&items[1]);
    phone.select(&picked.clone());
    phone.wait(json!({"title": "Not Ready"}));
    let log = gateway.centre(json!({"command": "log"})).to_string();
    assert!(log.contains("SEP001122334477"), "{log}");
    without_violations(&gateway);
    phone.leave();
}

#[test]
fn phn_11_a_gateway_that_was_killed_knows_the_agent_again() {
    let mut gateway = Gateway::start_with_centre();
    let mut phone = Phone::new(&gateway, FIRST, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait(json!({"title": "Not Ready"}));
    // The simulated server ends with the gateway that started it, and the agent is unknown there.
    gateway.kill_and_restart();
    phone.wait(json!({"title": "Sign in"}));
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait(json!({"title": "Not Ready"}));
    phone.leave();
}

#[test]
fn ops_02_a_demo_without_the_simulated_server_says_what_is_missing() {
    let folder = std::env::temp_dir().join(format!("jackfield-alone-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let alone = folder.join("jackfield");
    std::fs::copy(program("JACKFIELD_BIN", "jackfield"), &alone).unwrap();
    let mut demo = Command::new(&alone);
    demo.args(["demo", "--cti", "--dir"])
        .arg(folder.join("state"))
        .arg("--endpoints")
        .arg(folder.join("endpoints.json"))
        .env("PATH", &folder);
    // Another test may start a process at the moment of the copy, which then has it open for writing.
    let output = eventually("a program that is no longer written", || match demo.output() {
        Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => None,
        output => Some(output.unwrap()),
    });
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(!output.status.success());
    assert!(told.contains("jackfield-peers does not run"), "{told}");
}
