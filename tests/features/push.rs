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
    // Everything the phone told up to then is read, and a push would be among it.
    phone.wait(json!({"no_handshakes": 1, "seconds": 20}));
    assert!(phone.pushes.is_empty(), "{:?}", phone.pushes);
    phone.leave();
}

#[test]
fn phn_12_a_push_carries_the_application_users_credentials_over_https_in_one_field() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    change(&gateway, "ready");
    phone.wait(json!({"title": "Ready", "pushes": 1, "seconds": 20}));
    let push = phone.pushes[0].clone();
    assert_eq!(push["https"], true, "{push}");
    assert_eq!(push["user"], gateway.endpoints["phone_push"]["user"], "{push}");
    // The password is right: the callback, which is asked with it, says so.
    assert_eq!(push["callback"]["authorized"], true, "{push}");
    assert_eq!(push["result"], "success", "{push}");
    assert!((1..512).contains(&push["bytes"].as_u64().unwrap()), "{push}");
    // Another field than the one named XML would be a violation.
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
    assert_eq!(ask(user, "", DEVICE), b"UN-AUTHORIZED");
    // Any phone may sign in until the settings list those that may, and any node may push to it.
    assert_eq!(ask(user, password, "SEPFFFFFFFFFFFF"), b"AUTHORIZED");
    gateway.settings(|settings| settings["phone_service"]["devices"] = json!("listed"));
    assert_eq!(ask(user, password, DEVICE), b"AUTHORIZED");
    assert_eq!(ask(user, password, "SEPFFFFFFFFFFFF"), b"UN-AUTHORIZED");
    assert!(!gateway.log().contains(password));
    phone.leave();
}

#[test]
fn phn_14_a_certificate_imported_is_trusted_without_restart() {
    let gateway = Gateway::start();
    let mut trust = json!(null);
    gateway.settings(|settings| trust = std::mem::replace(&mut settings["trust"], json!([])));
    // Nothing but a push changes what this phone shows.
    let mut phone = Phone::with(&gateway, DEVICE, "CP-8845", &["--quiet"]);
    phone.sign_in(&gateway, "1001", "2001");
    change(&gateway, "ready");
    wait_for_problem(&gateway, "certificate_unknown");
    phone.wait(json!({"no_handshakes": 1, "title": "Not Ready", "seconds": 20}));
    assert!(phone.pushes.is_empty(), "{:?}", phone.pushes);
    gateway.settings(|settings| settings["trust"] = trust);
    gateway.admin(json!({
        "do": "agent_state", "agent": "1001", "state": "not_ready", "reason": 12,
    }));
    phone.wait(json!({"pushes": 1, "title": "Not Ready - Lunch", "seconds": 20}));
    for push in &phone.pushes {
        assert_eq!(push["result"], "success", "{push}");
    }
    phone.leave();
}
