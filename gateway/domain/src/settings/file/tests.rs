//! Files as a whole: limits, references, round trips.

use serde_json::json;

use super::*;
use crate::settings::{Settings, SettingsHead, export};

fn sample() -> Value {
    json!({
        "teams": [{"name": "Support", "layout": "default", "wrap_up_seconds": 20}],
        "agents": [
            {"id": 1001, "team": "Support", "extension": "2001", "password_hash": "$argon2id$x"},
            {"id": "1900", "roles": ["agent", "supervisor"], "password_hash": "$argon2id$y"},
        ],
        "reason_codes": [
            {"category": "not_ready", "code": 12, "label": "Lunch"},
            {"category": "wrap_up", "code": 1, "label": "Sale", "teams": ["Support"]},
        ],
        "layouts": [{
            "name": "default",
            "header": {"label": "Customer", "variable": "callVariable1"},
            "left": [{"label": "Order", "variable": "callVariable2"}],
        }],
        "devices": [{"name": "SEP001122334455", "lines": [2001]}],
        "phone_service": {
            "devices": "listed",
            "inactivity_seconds": 300,
            "alternates": {"gw-a.example": "gw-b.example"},
            "push": {"user": "push", "password_sealed": "v1:xyz", "port": 8443},
        },
        "voice": {"wrap_up_seconds": 0},
    })
}

fn documents(value: Value) -> Documents {
    let seal = |_: SecretOf, _: &Secret| Sealed::from_text("sealed");
    SettingsFile::read(value).unwrap().into_documents(|_| None, seal)
}

/// Reads `sample` with `key` set to `value` and compares the keys of all problems.
#[track_caller]
fn check(pointer: &str, value: Value, expected: &[&str]) {
    let mut sample = sample();
    *sample.pointer_mut(pointer).unwrap() = value;
    let keys: Vec<_> = match SettingsFile::read(sample) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.as_slice().iter().map(|it| it.key.clone()).collect(),
    };
    assert_eq!(keys, expected);
}

#[test]
fn what_is_exported_is_read_back_as_it_was() {
    let documents = documents(sample());
    let settings = Settings::from_documents(&SettingsHead::default(), documents.0);
    let again = self::documents(export(&settings));
    assert_eq!(Settings::from_documents(&SettingsHead::default(), again.0), settings);
}

#[test]
fn phn_12_push_credentials_are_ascii_and_at_most_95_characters() {
    let push = |password: &str| json!({"user": "u", "password": password});
    check("/phone_service/push", push(&"x".repeat(95)), &[]);
    check("/phone_service/push", push(&"x".repeat(96)), &["phone_service.push.password"; 2]);
    check("/phone_service/push", push("p\u{e4}ss"), &["phone_service.push.password"]);
    let user = |user: &str| json!({"user": user, "password": "x"});
    check("/phone_service/push", user(&"u".repeat(95)), &[]);
    check("/phone_service/push", user(&"u".repeat(96)), &["phone_service.push.user"]);
}

#[test]
fn phn_20_inactivity_is_off_or_120_to_86400_seconds() {
    let key = "/phone_service/inactivity_seconds";
    for seconds in [0, 120, 86_400] {
        check(key, json!(seconds), &[]);
    }
    for seconds in [1, 119, 86_401] {
        check(key, json!(seconds), &["phone_service.inactivity_seconds"]);
    }
}

#[test]
fn phn_20_a_phone_on_the_home_screen_never_passes_for_silent() {
    let service = |inactivity: u32, refresh: u32| json!({"inactivity_seconds": inactivity, "home_refresh_seconds": refresh});
    for (inactivity, refresh) in [(120, 60), (1_200, 600), (0, 600)] {
        check("/phone_service", service(inactivity, refresh), &[]);
    }
    for (inactivity, refresh) in [(120, 61), (1_199, 600)] {
        let expected = ["phone_service.home_refresh_seconds"];
        check("/phone_service", service(inactivity, refresh), &expected);
    }
    check(
        "/phone_service",
        json!({"home_refresh_seconds": 61}),
        &["phone_service.home_refresh_seconds"],
    );
}

#[test]
fn phn_09_an_alternate_is_called_what_the_phones_menu_calls_it() {
    let key = "/phone_service/alternates";
    for name in ["gw-b.example", "Agent B (Zürich)", "代替サービス", &"x".repeat(64)] {
        check(key, json!({"gw-a.example": name}), &[]);
    }
    for name in [json!(""), json!("x".repeat(65)), json!("a\nb"), json!(2), json!(null)] {
        check(key, json!({"gw-a.example": name}), &["phone_service.alternates"]);
    }
    check(key, json!({"no name": "gw-b.example"}), &["phone_service.alternates"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let mut bad = sample();
    bad["agents"][0]["id"] = json!("no spaces");
    bad["agents"][1]["roles"] = json!(["king"]);
    bad["reason_codes"][0]["label"] = json!("x".repeat(41));
    bad["devices"][0]["odd"] = json!(1);
    bad["teams"][0]["layout"] = json!("missing");
    let problems = SettingsFile::read(bad).unwrap_err();
    let keys: Vec<_> = problems.as_slice().iter().map(|it| it.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "teams[0].layout",
            "agents[0].id",
            "agents[1].roles",
            "reason_codes[0].label",
            "devices[0].odd"
        ]
    );
}

#[test]
fn phn_06_reasons_are_global_or_the_teams() {
    let settings = Settings::from_documents(&SettingsHead::default(), documents(sample()).0);
    let codes = |agent: &str, category| -> Vec<u16> {
        let agent = agent.parse().unwrap();
        settings.reasons_for(&agent, category).map(|reason| reason.code.0).collect()
    };
    use crate::ReasonCategory::{NotReady, WrapUp};
    assert_eq!(codes("1001", NotReady), [12]);
    assert_eq!(codes("1001", WrapUp), [1]);
    assert_eq!(codes("1900", NotReady), [12]);
    assert_eq!(codes("1900", WrapUp), [0u16; 0]);
}

#[test]
fn phn_07_two_columns_fold_into_one() {
    let settings = Settings::from_documents(&SettingsHead::default(), documents(sample()).0);
    let layout = settings.layout_for(&"1001".parse().unwrap()).unwrap();
    let labels: Vec<_> = layout.folded().map(|field| field.label.as_str()).collect();
    assert_eq!(labels, ["Customer", "Order"]);
}
