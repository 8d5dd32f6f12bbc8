//! Signing in: what is prefilled, what is asked for, what is refused.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::phone::{DEVICE, Phone};
use crate::wire;

#[test]
fn phn_03_each_of_the_eight_prefills_asks_only_for_what_is_missing() {
    let gateway = Gateway::start();
    let password = gateway.password("1001");
    for subset in 0..8u8 {
        let given = |bit: u8| subset & bit != 0;
        let mut prefill = Vec::new();
        let mut missing = Vec::new();
        let mut typed = serde_json::Map::new();
        for (bit, name, value) in
            [(1, "id", "1001"), (2, "extension", "2001"), (4, "password", password.as_str())]
        {
            if given(bit) {
                prefill.extend([format!("--{name}"), value.to_owned()]);
            } else {
                missing.push(name.to_owned());
                typed.insert(name.to_owned(), json!(value));
            }
        }
        let prefill: Vec<&str> = prefill.iter().map(String::as_str).collect();
        let mut phone = Phone::with(&gateway, DEVICE, "CP-8845", &prefill);
        phone.open();
        if !missing.is_empty() {
            let mut fields = phone.fields();
            // A remote phone may be offered beside what is missing.
            fields.retain(|field| ["id", "extension", "password"].contains(&field.as_str()));
            fields.sort();
            missing.sort();
            assert_eq!(fields, missing, "prefill {subset}");
            phone.fill(Value::Object(typed));
            phone.press("SignIn");
        }
        if phone.kind() == "Menu" {
            phone.select("Call me for each call");
        }
        assert_eq!(phone.screen["title"], "Not Ready", "prefill {subset}: {:#}", phone.screen);
        for page in &phone.pages {
            assert!(!page.contains(&password), "prefill {subset}: the password is in {page}");
        }
        phone.leave();
        gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "signed_out"}));
    }
    assert!(!gateway.log().contains(&password));
    let metrics = wire::get_plain(&gateway.endpoint("metrics")).text();
    assert!(!metrics.contains(&password));
}

#[test]
fn phn_01_parameter_names_are_exactly_lower_case() {
    let gateway = Gateway::start();
    let answer = wire::get(&gateway, &format!("/fippa/{DEVICE}?ID=1001&Extension=2001"), "");
    assert_eq!(answer.status, 200);
    let text = answer.text();
    assert!(text.contains("<QueryStringParam>id</QueryStringParam>"), "{text}");
    assert!(text.contains("<QueryStringParam>extension</QueryStringParam>"), "{text}");
    assert!(!text.contains("1001") && !text.contains("2001"), "{text}");
}

#[test]
fn phn_01_links_name_the_host_never_an_address() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    for page in &phone.pages {
        assert!(!page.contains("//127.") && !page.contains("//[::"), "{page}");
        for url in page.split("<URL>").skip(1).filter_map(|rest| rest.split("</URL>").next()) {
            assert!(url.chars().count() <= 256, "{url}");
        }
    }
    phone.leave();
}

#[test]
fn a_wrong_password_is_told_and_five_lock_the_account() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    for round in 0..6 {
        phone.open();
        phone.fill(json!({"id": "1002", "extension": "2002", "password": "nonsense"}));
        phone.press("SignIn");
        let locked = phone.shown().contains("locked for another");
        assert_eq!(locked, round >= 5 || (round == 4 && locked), "{round}: {}", phone.shown());
    }
    // The right one does not help now, and another account is not touched.
    phone.sign_in(&gateway, "1002", "2002");
    assert!(phone.shown().contains("locked"), "{}", phone.shown());
    phone.sign_in(&gateway, "1001", "2001");
    assert_eq!(phone.screen["title"], "Not Ready");
    assert!(!gateway.log().contains("nonsense"));
    phone.leave();
}

#[test]
fn an_unknown_agent_looks_like_a_wrong_password() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    let mut shown = Vec::new();
    for agent in ["1001", "7777"] {
        phone.open();
        phone.fill(json!({"id": agent, "extension": "2001", "password": "nonsense"}));
        phone.press("SignIn");
        let text = phone.shown();
        let (text, reference) = text.split_once("Reference").unwrap();
        assert!(!reference.trim().is_empty());
        shown.push(text.to_owned());
    }
    assert_eq!(shown[0], shown[1]);
    phone.leave();
}

#[test]
fn ops_12_the_reference_on_an_error_page_finds_the_log_line() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.open();
    phone.fill(json!({"id": "1001", "extension": "2001", "password": "nonsense"}));
    phone.press("SignIn");
    let shown = phone.shown();
    let reference = shown.split("Reference: ").nth(1).unwrap().trim().to_owned();
    assert!(gateway.log().contains(&reference), "{reference} is not in the log");
    phone.leave();
}

#[test]
fn phn_16_only_listed_phones_where_the_policy_says_so() {
    let gateway = Gateway::start();
    let mut any = Phone::new(&gateway, "SEPAAAAAAAAAAAA", "CP-8845");
    any.open();
    assert_eq!(any.kind(), "Input");
    gateway.settings(|settings| settings["phone_service"]["devices"] = json!("listed"));
    any.open();
    assert_eq!(any.kind(), "Text");
    assert!(any.shown().contains("SEPAAAAAAAAAAAA"), "{}", any.shown());
    any.leave();
    let mut listed = Phone::new(&gateway, DEVICE, "CP-8845");
    listed.sign_in(&gateway, "1001", "2001");
    assert_eq!(listed.screen["title"], "Not Ready");
    listed.leave();
}

#[test]
fn cti_05_a_shared_line_lets_the_agent_pick_the_phone() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1003", "2003");
    assert_eq!(phone.kind(), "Menu", "{:#}", phone.screen);
    let picked = phone.items()[1].clone();
    assert_eq!(phone.items().len(), 2);
    phone.select(&picked);
    assert_eq!(phone.screen["title"], "Not Ready");
    phone.leave();
}

#[test]
fn phn_09_maintenance_refuses_sign_in_and_names_the_alternate() {
    let gateway = Gateway::start();
    gateway.settings(|settings| {
        settings["phone_service"]["alternates"] = json!({"localhost": "gw-b.example"});
    });
    let mut working = Phone::new(&gateway, DEVICE, "CP-8845");
    working.sign_in(&gateway, "1001", "2001");
    gateway.admin(json!({"do": "maintenance", "on": true}));
    let password = gateway.password("1002");
    let prefill = ["--id", "1002", "--extension", "2002", "--password", &password];
    for more in [&[][..], &prefill[..]] {
        let mut phone = Phone::with(&gateway, "SEP00000000000A", "CP-8845", more);
        phone.open();
        assert!(phone.shown().contains("maintenance"), "{}", phone.shown());
        assert!(phone.shown().contains("gw-b.example"), "{}", phone.shown());
        phone.leave();
    }
    working.press("Ready");
    assert_eq!(working.screen["title"], "Ready");
    working.leave();
    gateway.admin(json!({"do": "maintenance", "on": false}));
    let mut phone = Phone::with(&gateway, "SEP00000000000A", "CP-8845", &prefill);
    phone.open();
    assert_eq!(phone.screen["title"], "Not Ready");
    phone.leave();
}
