//! What the service may say and what it may not: one departure at a time.

use serde_json::json;

use super::*;

const DEVICE: &str = "SEP001122334455";

fn right() -> Value {
    json!({
        "schema": 1, "deviceName": DEVICE, "version": "7", "retryAfterSeconds": 300,
        "token": "t0ken", "tokenExpiresAt": "2100-01-01T00:00:00Z", "more": {},
        "services": [
            {"serviceClass": "cc", "enabled": true, "mode": "control",
             "primary": "https://a:9444/headset/SEP001122334455/cc",
             "secondary": "https://b:9444/headset/SEP001122334455/cc",
             "configUrl": "https://a:9444/headset/SEP001122334455/cc"},
            {"serviceClass": "inventory", "enabled": true,
             "primary": "https://a:9444/headset/SEP001122334455/inventory", "secondary": null},
        ],
    })
}

/// What is wrong with a discovery in which `pointer` became `value`.
fn spoilt(pointer: &str, value: Value) -> String {
    let mut document = right();
    *document.pointer_mut(pointer).unwrap() = value;
    let mut problems = Problems::new();
    let members = document.as_object().unwrap();
    discovery(members, DEVICE, Some("\"7\""), 1_800_000_000, &mut problems);
    problems.join("; ")
}

#[test]
fn hst_01_a_right_discovery_is_gone_by() {
    let mut problems = Problems::new();
    let document = right();
    let members = document.as_object().unwrap();
    let found = discovery(members, DEVICE, Some("\"7\""), 0, &mut problems).unwrap();
    assert_eq!(problems, Problems::new());
    assert_eq!(found.mode, Mode::Control);
    assert!(found.contact_centre.enabled && found.contact_centre.secondary.is_some());
    assert_eq!(found.inventory.secondary, None);
    assert_eq!(found.token.as_deref(), Some("t0ken"));
}

#[test]
fn hst_01_each_departure_of_discovery_is_told() {
    for (pointer, value, words) in [
        ("/schema", json!(2), "schema is"),
        ("/deviceName", json!("SEP0"), "deviceName is"),
        ("/version", json!("8"), "is not the version"),
        ("/version", json!(7), "version is no text"),
        ("/retryAfterSeconds", json!(0), "retryAfterSeconds"),
        ("/services", json!({}), "services is no list"),
        ("/services", json!([]), "no service of the class cc"),
        ("/services/1/serviceClass", json!("cc"), "two services"),
        ("/services/1/serviceClass", json!("coffee"), "the class of service coffee"),
        ("/services/0/enabled", json!("yes"), "enabled is no truth value"),
        ("/services/0/mode", json!("both"), "the mode is"),
        ("/services/0/primary", json!("http://a/cc"), "no plain https URL"),
        ("/services/0/primary", json!("https://a/cc/"), "no plain https URL"),
        ("/services/0/primary", Value::Null, "enabled without primary"),
        ("/services/0/configUrl", Value::Null, "without configUrl"),
        (
            "/services/0/secondary",
            json!("https://a:9444/headset/SEP001122334455/cc"),
            "are the same",
        ),
        ("/token", json!("a b"), "no printable text"),
        ("/token", Value::Null, "go together"),
        ("/tokenExpiresAt", json!("tomorrow"), "no time in UTC"),
        ("/tokenExpiresAt", json!("2000-01-01T00:00:00Z"), "over already"),
    ] {
        let told = spoilt(pointer, value);
        assert!(told.contains(words), "{words:?} not in {told:?}");
    }
    for (tag, words) in [(None, "without ETag"), (Some("7"), "is no ETag")] {
        let mut problems = Problems::new();
        discovery(right().as_object().unwrap(), DEVICE, tag, 0, &mut problems);
        assert!(problems.join("; ").contains(words));
    }
}

fn right_configuration() -> Value {
    json!({
        "mode": "control", "agentId": "1001", "agentProblem": null, "state": "NotReady",
        "stateCode": 2, "reasonCode": 7, "since": "2026-01-31T12:00:00Z",
        "notReadyReasons": [{"code": 7, "label": "Lunch"}], "defaultNotReadyReason": 7,
        "muteButton": "readyToggle",
        "led": {"inCall": "green", "inCallMuted": "red", "ready": "off", "notReady": "red"},
    })
}

#[test]
fn a_configuration_is_gone_by_and_each_departure_told() {
    let mut problems = Problems::new();
    let document = right_configuration();
    let found = configuration(document.as_object().unwrap(), &mut problems);
    assert_eq!(problems, Problems::new());
    assert_eq!((found.state, found.reason), (Some(AgentState::NotReady), 7));
    assert_eq!((found.mute_key, found.default_reason), (MuteKey::ReadyToggle, Some(7)));
    for (name, value, words) in [
        ("mode", json!("on"), "the mode is"),
        ("agentId", json!(1001), "agentId is"),
        ("agentId", Value::Null, "nobody is in the state"),
        ("state", json!("Talking"), "the state is"),
        ("state", Value::Null, "a stateCode without state"),
        ("stateCode", json!(3), "the stateCode of NotReady"),
        ("reasonCode", json!(-1), "the reasonCode is"),
        ("since", json!("noon"), "since is"),
        ("notReadyReasons", Value::Null, "no list"),
        ("notReadyReasons", json!([{"code": 1, "label": "x".repeat(101)}]), "too long a label"),
        ("defaultNotReadyReason", json!("7"), "defaultNotReadyReason is"),
        ("muteButton", json!("ready"), "muteButton is"),
        ("led", Value::Null, "led is no object"),
        ("led", json!({"inCall": "red"}), "inCall is"),
        ("agentProblem", json!(3), "agentProblem is"),
    ] {
        let mut document = right_configuration();
        document[name] = value;
        let mut problems = Problems::new();
        configuration(document.as_object().unwrap(), &mut problems);
        let told = problems.join("; ");
        assert!(told.contains(words), "{words:?} not in {told:?}");
    }
}

#[test]
fn hst_11_a_file_names_the_discovery_url_once() {
    let read = |inner: &str| {
        discovery_url_in(
            format!("<device><vendorConfig>{inner}</vendorConfig></device>").as_bytes(),
        )
    };
    let element = "<discoveryURL>https://a:9444/headset/SEP1?key=a&amp;b=c</discoveryURL>";
    assert_eq!(read(element).unwrap(), "https://a:9444/headset/SEP1?key=a&b=c");
    assert!(read("").is_err());
    assert!(read(&element.repeat(2)).is_err());
    assert!(read("<discoveryURL>http://a/headset/SEP1</discoveryURL>").is_err());
    assert!(read("<discoveryURL>").is_err());
}

#[test]
fn answers_are_judged_by_their_status() {
    let judged = |status, body: Value| {
        let mut problems = Problems::new();
        answer(status, &[200, 202, 409, 503], body.as_object(), &mut problems);
        problems.join("; ")
    };
    let full = json!({"error": "not_now", "message": "In a call", "state": "Ready",
        "stateCode": 3, "now": "2026-01-31T12:00:00Z"});
    assert_eq!(judged(409, full), "");
    assert_eq!(judged(202, json!({"state": "Ready", "stateCode": 3})), "");
    assert!(judged(204, json!({})).contains("the status 204"));
    assert!(judged(503, json!({"message": "a"})).contains("without a code"));
    assert!(judged(503, json!({"error": "a"})).contains("without words"));
    assert!(judged(409, json!({"error": "a", "message": "a"})).contains("current state"));
    assert!(judged(202, json!({"state": "Ready", "stateCode": 2})).contains("stateCode"));
}

#[test]
fn a_template_is_judged() {
    let judged = |body: Value| {
        let mut problems = Problems::new();
        template(body.as_object().unwrap(), "562", &mut problems);
        problems.len()
    };
    let right = json!({"model": "562", "templateVersion": "1-10", "settings": {},
        "firmware": "remain"});
    assert_eq!(judged(right), 0);
    assert_eq!(judged(json!({})), 4);
}
