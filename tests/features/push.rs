//! Pushing to phones, and phones that cannot be pushed to.

use serde_json::json;

use crate::gateway::Gateway;
use crate::phone::{DEVICE, Phone};
use crate::wire;

fn change(gateway: &Gateway, state: &str) {
    gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": state}));
}

/// Waits until the status names the phone with that reason.
fn wait_for_problem(gateway: &Gateway, reason: &str) {
    let deadline = std::time::Instant::now() + crate::gateway::PATIENCE;
    loop {
        let states = gateway.admin(json!({"do": "push_states"})).to_string();
        if states.contains(DEVICE) && states.contains(reason) {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{reason} is not in {states}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn phn_18_a_phone_that_cannot_be_pushed_to_is_served_by_refresh_and_named() {
    let gateway = Gateway::start();
    for (more, reason) in [
        (&["--no-web-access"][..], "connection_refused"),
        (&["--push-plain"][..], "not_https"),
        (&["--no-push-certificate"][..], "certificate_unknown"),
        // The last, since refused credentials are hardly tried again.
        (&["--fault", "push-401"][..], "credentials_refused"),
    ] {
        let mut phone = Phone::with(&gateway, DEVICE, "CP-8845", more);
        phone.sign_in(&gateway, "1001", "2001");
        change(&gateway, "ready");
        wait_for_problem(&gateway, reason);
        phone.act(json!({"open": "SoftKey:Update"}));
        assert_eq!(phone.screen["title"], "Ready", "{more:?}");
        phone.leave();
        change(&gateway, "signed_out");
    }
}

#[test]
fn phn_12_no_credentials_go_to_a_phone_whose_certificate_is_not_trusted() {
    let gateway = Gateway::start();
    gateway.settings(|settings| settings["trust"] = json!([]));
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    change(&gateway, "ready");
    wait_for_problem(&gateway, "certificate_unknown");
    assert!(phone.pushes.is_empty());
    phone.leave();
}

#[test]
fn phn_13_the_callback_answers_exactly_and_only_for_our_own_pushes() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    let user = gateway.endpoints["phone_push"]["user"].as_str().unwrap();
    let password = gateway.endpoints["phone_push"]["password"].as_str().unwrap();
    let ask = |user: &str, password: &str, device: &str| {
        let target = format!("/phone-auth?UserID={user}&Password={password}&devicename={device}");
        let answer = wire::get(&gateway, &target, "");
        assert_eq!(answer.status, 200);
        assert!(answer.header("strict-transport-security").is_none());
        answer.body
    };
    assert_eq!(ask(user, password, DEVICE), b"AUTHORIZED");
    assert_eq!(ask(user, "wrong", DEVICE), b"UN-AUTHORIZED");
    assert_eq!(ask("wrong", password, DEVICE), b"UN-AUTHORIZED");
    assert_eq!(ask(user, password, "SEPFFFFFFFFFFFF"), b"UN-AUTHORIZED");
    assert_eq!(ask(user, "", DEVICE), b"UN-AUTHORIZED");
    assert!(!gateway.log().contains(password));
    phone.leave();
}

#[test]
fn phn_14_a_certificate_imported_is_trusted_without_restart() {
    let gateway = Gateway::start();
    let mut trust = json!(null);
    gateway.settings(|settings| trust = std::mem::replace(&mut settings["trust"], json!([])));
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    change(&gateway, "ready");
    wait_for_problem(&gateway, "certificate_unknown");
    gateway.settings(|settings| settings["trust"] = trust);
    change(&gateway, "not_ready");
    phone.wait(json!({"pushes": 1, "seconds": 20, "title": "Not Ready"}));
    phone.leave();
}
