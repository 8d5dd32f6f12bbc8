//! Phones have no browser: a PIN signs in where an administrator allows it.

use serde_json::json;

use super::place::start;
use crate::phone::{DEVICE, Phone};

#[test]
fn phn_15_a_phone_asks_for_the_pin_and_the_password_is_none() {
    let gateway = start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.open();
    let inputs = phone.screen["inputs"].to_string();
    assert!(inputs.contains("PIN"), "{:#}", phone.screen);
    phone.fill(json!({"id": "1001", "extension": "2001", "password": "100199"}));
    phone.press("SignIn");
    assert!(phone.shown().contains("PIN"), "{}", phone.shown());
    phone.open();
    // The demo's PINs are the id and its last two digits once more.
    phone.fill(json!({"id": "1001", "extension": "2001", "password": "100101"}));
    phone.press("SignIn");
    assert_eq!(phone.screen["title"], "Not Ready", "{:#}", phone.screen);
    phone.press("Ready");
    assert_eq!(phone.screen["title"], "Ready");
    phone.leave();
    gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "signed_out"}));
    // The password that is good elsewhere is no PIN.
    let target = format!("/fippa/{DEVICE}?id=1001&extension=2001&password=demo-1001");
    let page = crate::wire::get(&gateway, &target, "").text();
    assert!(page.contains("PIN"), "{page}");
    assert_eq!(gateway.admin(json!({"do": "status"}))["agents"]["not_ready"], 0);
    assert!(!gateway.log().contains("100101"));
}

#[test]
fn phn_15_without_pins_a_phone_says_that_single_sign_on_is_on() {
    let gateway = start();
    gateway.settings(|settings| settings["phone_service"]["single_sign_on_pin"] = json!(false));
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.open();
    assert_eq!(phone.kind(), "Text", "{:#}", phone.screen);
    assert!(phone.shown().contains("Single sign-on is on"), "{}", phone.shown());
    assert_eq!(phone.fields(), Vec::<String>::new());
    phone.leave();
    // What a phone sends all the same is refused, with whatever is right.
    for secret in ["100101", "demo-1001"] {
        let target = format!("/fippa/{DEVICE}?id=1001&extension=2001&password={secret}");
        let page = crate::wire::get(&gateway, &target, "").text();
        assert!(page.contains("Single sign-on is on"), "{page}");
    }
    assert_eq!(gateway.admin(json!({"do": "status"}))["agents"]["not_ready"], 0);
}
