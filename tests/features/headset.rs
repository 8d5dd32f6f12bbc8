//! A phone's headset: discovery, the three modes, its light, and what it hears of changed settings.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::headset_wire::{Asking, body};
use crate::phone::{DEVICE, Phone};

const NEWS: &str = "service_change";

/// Signs agent 1001 in at the phone; the headset shows that.
#[track_caller]
pub(crate) fn signed_in(gateway: &Gateway, phone: &mut Phone) {
    phone.sign_in(gateway, "1001", "2001");
    phone.wait(json!({"title": "Not Ready"}));
    phone.wait_headset(json!({"light": "red", "state": "NotReady"}));
}

/// The state of an agent at the simulated contact centre.
#[track_caller]
pub(crate) fn at_the_centre(gateway: &Gateway, agent: &str) -> String {
    let told = gateway.centre(json!({"command": "agent", "agent": agent}));
    match told["agent"]["state"].as_str().unwrap() {
        "available" => "ready".to_owned(),
        other => other.to_owned(),
    }
}

#[track_caller]
pub(crate) fn supervisor(gateway: &Gateway, state: &str) {
    gateway.centre(json!({"command": "state", "agent": "1001", "state": state}));
}

fn news(phone: &Phone, since: usize) -> Vec<String> {
    let told = phone.worn_since(since, NEWS);
    told.iter().map(|it| it["status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn hst_01_a_phone_discovers_its_services_over_tls_and_whether_they_are_on() {
    let gateway = Gateway::start();
    let base = gateway.endpoint("headset");
    assert!(base.starts_with("https://localhost:") && base.ends_with("/headset/"), "{base}");
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    let found = phone.worn_since(0, "discovered").remove(0);
    assert_eq!(found["primary"], format!("{base}{DEVICE}/cc"), "{found}");
    assert_eq!(found["secondary"], Value::Null, "one node has no second: {found}");
    assert_eq!((&found["enabled"], &found["mode"]), (&json!(true), &json!("control")));
    phone.wait_headset(json!({"has_token": true, "inventories": 1, "mute_button": "readyToggle"}));
    gateway.settings(|settings| settings["headset"]["mode"] = json!("disabled"));
    phone.wait_headset(json!({"discovered": true, "enabled": false, "mode": "disabled"}));
    phone.leave();

    // Who does not trust the certificate learns nothing, and shows the key to nobody.
    let stranger = gateway.endpoints["phone_ca"]["certificate"].as_str().unwrap().to_owned();
    let mut phone = Phone::with_any_headset(&gateway, DEVICE, &["--ca", &stranger]);
    phone.wait_headset(json!({"failed_discoveries": 1, "discovered": false}));
    let why = phone.worn_since(0, "not_discovered").remove(0);
    assert!(why["words"].as_str().unwrap().contains("TLS"), "{why}");
}

#[test]
fn hst_01_an_unchanged_discovery_is_not_sent_twice_and_one_without_proof_has_no_token() {
    let gateway = Gateway::start();
    let asking = Asking::of(&gateway, DEVICE);
    let discovery = |headers: &str, query: &str| {
        asking.send(&format!("GET /headset/{DEVICE}{query}"), headers, "").unwrap()
    };
    let query = format!("?key={}", asking.key);
    let first = discovery("", &query);
    let tag = first.header("etag").unwrap();
    let again = discovery(&format!("If-None-Match: {tag}\r\n"), &query);
    assert_eq!((again.status, again.body.len()), (304, 0), "{again:?}");
    let unproven = discovery("", "");
    let told = body(&unproven);
    assert_eq!((unproven.status, &told["token"]), (200, &Value::Null), "{told}");
    assert_eq!(told["services"][0]["enabled"], true, "{told}");
    let unknown = asking.send("GET /headset/NOSUCHPHONE!", "", "").unwrap();
    assert!([400, 404].contains(&unknown.status), "{unknown:?}");
}

#[test]
fn hst_02_three_modes_are_changed_while_phones_work() {
    let gateway = Gateway::start_with_centre();
    let asking = Asking::of(&gateway, DEVICE);
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut phone);
    let set = |mode: &str| {
        gateway.settings(|settings| settings["headset"]["mode"] = json!(mode));
    };

    // One way: the light follows, and the key mutes alone.
    let before = phone.worn.len();
    set("notification");
    phone.wait_headset(json!({"mode": "notify", "mute_button": "mute", "light": "red"}));
    assert_eq!(news(&phone, before), ["SERVICE_CONFIG_CHANGE"]);
    phone.headset("mute");
    phone.wait_headset(json!({"muted": true, "light": "red", "state": "NotReady", "updates": 0}));
    phone.headset("mute");
    let refused = asking.update(&asking.written("one", "Ready", &asking.now()));
    let told = body(&refused);
    assert_eq!((refused.status, &told["state"]), (409, &json!("NotReady")), "{told}");
    assert_eq!(at_the_centre(&gateway, "1001"), "not-ready");
    supervisor(&gateway, "ready");
    phone.wait_headset(json!({"light": "off", "state": "Ready", "muted": false}));

    // None: mute alone, and nothing is told.
    let before = phone.worn.len();
    set("disabled");
    phone.wait_headset(json!({"enabled": false, "mode": "disabled"}));
    assert_eq!(news(&phone, before), ["SERVICE_CONFIG_CHANGE"]);
    supervisor(&gateway, "not-ready");
    phone.wait(json!({"title": "Not Ready - 999"}));
    phone.headset("mute");
    phone.wait_headset(json!({"muted": true, "light": "red"}));
    phone.headset("mute");
    phone.wait_headset(json!({"muted": false, "light": "off", "updates": 0}));
    assert_eq!(phone.worn_since(before, "told"), Vec::<Value>::new());
    let refused = asking.update(&asking.written("two", "Ready", &asking.now()));
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(at_the_centre(&gateway, "1001"), "not-ready");

    // Two ways.
    let before = phone.worn.len();
    set("notification_and_control");
    phone.wait_headset(json!({"mode": "control", "mute_button": "readyToggle", "light": "red",
        "state": "NotReady"}));
    assert_eq!(news(&phone, before), ["SERVICE_CONFIG_CHANGE"]);
    for (light, centre, title) in [("off", "ready", "Ready"), ("red", "not-ready", "Not Ready")] {
        phone.headset("mute");
        phone.wait_headset(json!({"light": light, "muted": false, "last_answer": 202}));
        assert_eq!(at_the_centre(&gateway, "1001"), centre);
        phone.wait(json!({"title": title}));
    }
    phone.leave();
}

#[test]
fn hst_03_the_light_follows_the_agent_through_a_call() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    // Nobody is signed in: mute alone.
    phone.wait_headset(json!({"light": "off", "signed_in": false}));
    phone.headset("mute");
    phone.wait_headset(json!({"light": "red", "muted": true}));
    phone.headset("mute");
    signed_in(&gateway, &mut phone);
    phone.headset("mute");
    phone.wait_headset(json!({"light": "off", "state": "Ready"}));
    let updates = phone.headset_state()["updates"].clone();

    let before = phone.worn.len();
    gateway.centre(json!({"command": "call", "extension": "1001", "ani": "5551234",
        "queue": "Support"}));
    gateway.centre(json!({"command": "answer", "agent": "1001"}));
    phone.headset("call");
    phone.wait(json!({"title": "Talking"}));
    phone.wait_headset(json!({"light": "green"}));
    phone.headset("mute");
    phone.wait_headset(json!({"light": "red", "muted": true}));
    phone.headset("mute");
    phone.wait_headset(json!({"light": "green", "muted": false, "updates": updates}));
    // HST-04: what is no state of a headset is not told during the call.
    assert_eq!(phone.worn_since(before, "told"), Vec::<Value>::new());
    gateway.centre(json!({"command": "clear", "agent": "1001"}));
    phone.headset("hangup");
    phone.wait(json!({"title": "Wrap-up"}));
    phone.press("NotReady");
    phone.select("Lunch");
    phone.wait_headset(json!({"light": "red", "state": "NotReady", "reason": 12}));
    phone.press("SignOut");
    phone.select("End of shift");
    phone.wait_headset(json!({"light": "off", "state": "Logout", "signed_in": false}));
    phone.leave();
}

#[test]
fn hst_04_each_change_of_state_is_told_with_its_reason_and_0_where_none_came() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut phone);
    let before = phone.worn.len();
    let centre = |state: &str, reason: u16| {
        gateway.centre(json!({"command": "state", "agent": "1001", "state": state,
            "reason": reason}));
    };
    centre("ready", 0);
    phone.wait_headset(json!({"state": "Ready", "reason": 0}));
    centre("not-ready", 13);
    phone.wait_headset(json!({"state": "NotReady", "reason": 13}));
    centre("not-ready", 12);
    phone.wait_headset(json!({"state": "NotReady", "reason": 12}));
    centre("ready", 0);
    phone.wait_headset(json!({"state": "Ready", "reason": 0}));
    centre("logout", 0);
    phone.wait_headset(json!({"state": "Logout", "signed_in": false}));
    let told = phone.worn_since(before, "told");
    let mut told: Vec<_> = told.iter().map(|it| it["status"].as_u64().unwrap()).collect();
    told.dedup();
    // Who signs in anew is told of again.
    assert!(told.ends_with(&[3, 2, 3, 1]) && told.len() < 6, "{told:?}");
    phone.leave();
}

#[test]
fn hst_05_only_what_phones_must_know_anew_is_told_them() {
    let gateway = Gateway::start();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut phone);
    let before = phone.worn.len();
    // Labels of reasons and names of teams are no matter of a headset.
    gateway.settings(|settings| {
        settings["reason_codes"][0]["label"] = json!("Long lunch");
        settings["teams"][0]["wrap_up_seconds"] = json!(21);
    });
    gateway.settings(|settings| settings["headset"]["default_not_ready_reason"] = json!(13));
    phone.wait_headset(json!({"default_reason": 13}));
    // A round in the wrong order would have told of the first change before.
    assert_eq!(news(&phone, before), ["HS_CONFIG_CHANGE"]);
    phone.headset("mute");
    phone.wait_headset(json!({"state": "Ready"}));
    phone.headset("mute");
    phone.wait_headset(json!({"state": "NotReady", "reason": 13}));
    let before = phone.worn.len();
    gateway.settings(|settings| settings["headset"]["mute_button"] = json!("mute"));
    phone.wait_headset(json!({"mute_button": "mute", "mode": "control"}));
    assert_eq!(news(&phone, before), ["HS_CONFIG_CHANGE"]);
    phone.headset("mute");
    phone.wait_headset(json!({"muted": true, "state": "NotReady"}));
    let before = phone.worn.len();
    gateway.settings(|settings| settings["headset"]["mode"] = json!("notification"));
    phone.wait_headset(json!({"mode": "notify"}));
    assert_eq!(news(&phone, before), ["SERVICE_CONFIG_CHANGE"]);
    phone.leave();
}
