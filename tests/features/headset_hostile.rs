//! Headsets that lie, repeat themselves, flood or are dead: nobody else is harmed, and nothing is believed.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::headset::{at_the_centre, signed_in};
use crate::headset_wire::{Asking, body};
use crate::node::eventually;
use crate::phone::{DEVICE, Phone};
use crate::planted::{Places, Planted};
use crate::sip_phone::figure;
use crate::wire::{self, Answer};

const SECOND: &str = "SEP001122334466";

/// Asks again as long as it was too often.
#[track_caller]
fn patiently(mut ask: impl FnMut() -> Answer) -> Answer {
    eventually("an answer", || Some(ask()).filter(|answer| answer.status != 429))
}

fn set(gateway: &Gateway, state: &str) {
    gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": state}));
}

#[test]
fn hst_09_who_does_not_prove_to_be_the_device_sees_and_changes_nothing() {
    let gateway = Gateway::start();
    let own = Asking::of(&gateway, DEVICE);
    let other = Asking::of(&gateway, SECOND);
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut phone);
    let now = own.now();
    let update = own.written("forged", "Ready", &now);
    let inventory = json!({"deviceName": DEVICE, "event": "snapshot", "headsets": []}).to_string();
    let kind = "Content-Type: application/json\r\n";
    let altered: String = own.token.chars().rev().collect();
    let proofs = [
        String::new(),
        other.proof(),
        format!("Authorization: Bearer {}\r\n", own.key),
        format!("Authorization: Bearer {altered}\r\n"),
        format!("Authorization: Bearer {}A\r\n", own.token),
        format!("Authorization: Basic {}\r\n", own.token),
        "Authorization: Bearer\r\n".to_owned(),
        format!("Authorization: Bearer {}\r\n", "A".repeat(4_000)),
    ];
    for proof in &proofs {
        let headers = format!("{proof}{kind}");
        for (asked, sent) in [
            (format!("GET /headset/{DEVICE}/cc"), ""),
            (format!("PUT /headset/{DEVICE}/cc/agent-state"), update.as_str()),
            (format!("POST /headset/{DEVICE}/inventory/events"), inventory.as_str()),
            (format!("GET /headset/{DEVICE}/config/templates/562"), ""),
        ] {
            let answer = own.send(&asked, &headers, sent).unwrap();
            assert_eq!(answer.status, 401, "{asked} with {proof}: {answer:?}");
            let mut told = body(&answer);
            // It may be any time.
            told["now"].take();
            let told = told.to_string();
            assert!(!told.contains("1001") && !told.contains("NotReady"), "{told}");
        }
        let found = own.send(&format!("GET /headset/{DEVICE}"), proof, "").unwrap();
        let may_have = found.status != 200 || body(&found)["token"].is_null();
        assert!(may_have || proof.contains(&own.key), "{proof}: {found:?}");
    }
    // The body of one in the path of another.
    let answer = other.update(&update);
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(phone.headset_state()["state"], "NotReady");
    // A higher generation makes all tokens void; the phone itself proves itself by its certificate.
    assert_eq!(own.configuration().status, 200);
    gateway.settings(|settings| settings["headset"]["token_generation"] = json!(1));
    assert_eq!(own.configuration().status, 401);
    phone.headset("mute");
    phone.wait_headset(json!({"state": "Ready", "light": "off", "last_answer": 202}));
    phone.leave();
}

#[test]
fn hst_09_a_certificate_of_another_authority_or_of_another_device_proves_nothing() {
    let (gateway, elsewhere) = (Gateway::start(), Gateway::start());
    gateway.settings(|settings| settings["headset"]["proof"] = json!(["certificate"]));
    let mut endpoints = gateway.endpoints.clone();
    endpoints["phone_ca"] = elsewhere.endpoints["phone_ca"].clone();
    let file = gateway.folder().join("forged.json");
    std::fs::write(&file, endpoints.to_string()).unwrap();
    let more = ["--headset", "--endpoints", file.to_str().unwrap()];
    let mut forger = Phone::at(DEVICE, "CP-8845", &more);
    eventually("an end of discovery", || {
        let worn = forger.headset_state();
        assert_eq!((&worn["has_token"], &worn["agent"]), (&json!(false), &Value::Null), "{worn}");
        let refused = !forger.worn_since(0, "no_configuration").is_empty();
        (refused || worn["failed_discoveries"].as_u64() > Some(0)).then_some(())
    });
    drop(forger);
    // One of the right authority, for the phone beside it.
    let url = format!("{}{DEVICE}", gateway.endpoint("headset"));
    let mut neighbour = Phone::with_any_headset(&gateway, SECOND, &["--discovery-url", &url]);
    eventually("an end of discovery", || {
        let worn = neighbour.headset_state();
        assert_eq!((&worn["has_token"], &worn["agent"]), (&json!(false), &Value::Null), "{worn}");
        let refused = !neighbour.worn_since(0, "no_configuration").is_empty();
        (refused || worn["failed_discoveries"].as_u64() > Some(0)).then_some(())
    });
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    phone.wait_headset(json!({"has_token": true}));
    phone.leave();
}

#[test]
fn hst_09_what_is_replayed_or_comes_in_another_order_changes_nothing() {
    for gateway in [Gateway::start(), Gateway::start_with_centre()] {
        let asking = Asking::of(&gateway, DEVICE);
        let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
        signed_in(&gateway, &mut phone);
        let first = asking.written("first", "Ready", &asking.now());
        assert_eq!(asking.update(&first).status, 202);
        let again = asking.update(&first);
        let told = body(&again);
        assert_eq!((again.status, &told["state"]), (200, &json!("Ready")), "{told}");
        phone.wait_headset(json!({"state": "Ready"}));
        set(&gateway, "not_ready");
        phone.wait_headset(json!({"state": "NotReady"}));
        for _ in 0..3 {
            let late = asking.update(&first);
            let told = body(&late);
            assert_eq!((late.status, &told["state"]), (409, &json!("NotReady")), "{told}");
        }
        // The later of two comes first.
        let earlier = asking.written("earlier", "NotReady", &asking.now());
        set(&gateway, "ready");
        set(&gateway, "not_ready");
        phone.wait_headset(json!({"state": "NotReady"}));
        let later = asking.written("later", "Ready", &asking.now());
        assert_eq!(patiently(|| asking.update(&later)).status, 202);
        // However often: a phone's clock is learnt from what is new alone.
        for _ in 0..12 {
            let late = patiently(|| asking.update(&earlier));
            assert_eq!((late.status, &body(&late)["state"]), (409, &json!("Ready")), "{late:?}");
        }
        for far in ["2001-01-01T00:00:00Z", "2100-01-01T00:00:00Z"] {
            let answer = patiently(|| asking.update(&asking.written(far, "NotReady", far)));
            assert_eq!((answer.status, &body(&answer)["state"]), (409, &json!("Ready")), "{far}");
        }
        phone.wait_headset(json!({"state": "Ready", "light": "off"}));
        phone.wait(json!({"title": "Ready"}));
        phone.leave();
    }
}

#[test]
fn hst_02_ready_asked_for_in_a_call_is_refused_and_the_call_goes_on() {
    let gateway = Gateway::start_with_centre();
    let more = ["--headset-fault", "ready-in-call"];
    let mut phone = Phone::with_headset(&gateway, DEVICE, &more);
    signed_in(&gateway, &mut phone);
    phone.headset("mute");
    phone.wait_headset(json!({"state": "Ready"}));
    gateway.centre(json!({"command": "call", "extension": "1001", "ani": "5551234",
        "queue": "Support"}));
    gateway.centre(json!({"command": "answer", "agent": "1001"}));
    phone.wait(json!({"title": "Talking"}));
    phone.headset("call");
    for _ in 0..4 {
        phone.headset("mute");
        phone.wait_headset(json!({"last_answer": 409, "in_call": true}));
    }
    assert_eq!(at_the_centre(&gateway, "1001"), "talking");
    phone.wait_headset(json!({"light": "green", "muted": false}));
    let log = gateway.centre(json!({"command": "log", "request": "SET_AGENT_STATE"}));
    let asked = log["log"].as_array().or_else(|| log["requests"].as_array()).unwrap().len();
    assert!(asked <= 2, "the sign-in and one change: {log}");
    phone.leave();
}

#[test]
fn hst_09_a_phone_whose_clock_is_wrong_is_told_so_and_keeps_the_right_light() {
    let gateway = Gateway::start();
    let more = ["--headset-fault", "clock-back=3600"];
    let mut phone = Phone::with_headset(&gateway, DEVICE, &more);
    signed_in(&gateway, &mut phone);
    phone.headset("mute");
    phone.wait_headset(json!({"last_answer": 409, "state": "NotReady", "light": "red"}));
    let update = phone.worn_since(0, "update").pop().unwrap();
    assert!(update["answer"]["now"].is_string(), "{update}");
    assert_eq!(figure(&gateway, "jackfield_headset_updates_total{result=\"clock\"}"), 1);
    phone.act(json!({"headset_fault": null}));
    phone.headset("mute");
    phone.wait_headset(json!({"last_answer": 202, "state": "Ready", "light": "off"}));
    phone.leave();
}

#[test]
fn hst_04_a_dead_phone_is_tried_twice_and_then_left_alone_until_it_registers() {
    let gateway = Gateway::start();
    let mut dead = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut dead);
    let mut other = Phone::with_headset(&gateway, SECOND, &[]);
    other.sign_in(&gateway, "1002", "2002");
    other.wait_headset(json!({"light": "red"}));
    dead.act(json!({"headset_fault": "dead"}));
    let tried = |gateway: &Gateway| {
        let name = "jackfield_device_notices_total{notice=\"agent_status\",result=\"no_answer\"}";
        figure(gateway, name)
    };
    assert_eq!(tried(&gateway), 0);
    set(&gateway, "ready");
    eventually("silence", || {
        (figure(&gateway, "jackfield_headset_phones_dead") == 1).then_some(())
    });
    assert_eq!(tried(&gateway), 2);
    for round in ["not_ready", "ready", "not_ready"] {
        set(&gateway, round);
        // The other phone is told all the while, after this one would have been.
        other.headset("mute");
        other.wait_headset(json!({"last_answer": 202}));
    }
    assert_eq!(tried(&gateway), 2);
    assert_eq!(figure(&gateway, "jackfield_headset_tells_waiting"), 0);
    assert_eq!(dead.headset_state()["state"], "NotReady", "it heard nothing");
    set(&gateway, "ready");
    dead.act(json!({"headset_fault": null}));
    dead.headset("restart");
    dead.wait_headset(json!({"registered": true, "state": "Ready", "light": "off"}));
    eventually("life", || (figure(&gateway, "jackfield_headset_phones_dead") == 0).then_some(()));
    other.leave();
}

#[test]
fn hst_09_one_that_floods_is_slowed_down_and_others_work_on() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::with_headset(&gateway, SECOND, &[]);
    phone.sign_in(&gateway, "1002", "2002");
    phone.wait_headset(json!({"light": "red", "state": "NotReady"}));
    let asking = Asking::of(&gateway, DEVICE);
    let update = asking.written("flood", "Ready", &asking.now());
    // Somebody else names that phone, and proves nothing.
    let put = format!("PUT /headset/{SECOND}/cc/agent-state");
    let kind = "Content-Type: application/json\r\n";
    let forged = update.replace(DEVICE, SECOND);
    let (mut answered, mut refused) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let known = [0, 1].map(|_| {
            scope.spawn(|| (0..60).map(|_| asking.update(&update).status).collect::<Vec<_>>())
        });
        let unknown = [0, 1].map(|_| {
            let ask = || asking.send(&put, kind, &forged).unwrap().status;
            scope.spawn(move || (0..60).map(|_| ask()).collect::<Vec<_>>())
        });
        for _ in 0..3 {
            for (state, light) in [("Ready", "off"), ("NotReady", "red")] {
                phone.headset("mute");
                phone.wait_headset(json!({"state": state, "light": light, "last_answer": 202}));
            }
        }
        answered.extend(known.into_iter().flat_map(|it| it.join().unwrap()));
        refused.extend(unknown.into_iter().flat_map(|it| it.join().unwrap()));
    });
    // Nobody is signed in there.
    assert!(answered.iter().all(|status| [404, 429].contains(status)), "{answered:?}");
    assert!(answered.iter().filter(|status| **status == 429).count() > 50, "{answered:?}");
    assert!(refused.iter().all(|status| *status == 401), "{refused:?}");
    phone.leave();
}

#[test]
fn ops_05_malformed_requests_are_refused_in_words_and_no_key_is_told_anywhere() {
    let gateway = Gateway::start();
    let output = gateway.command(&["log-level", "trace"]);
    assert!(output.status.success());
    let asking = Asking::of(&gateway, DEVICE);
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut phone);
    let now = asking.now();
    let with = |name: &str, value: Value| {
        let mut written: Value =
            serde_json::from_str(&asking.written("malformed", "Ready", &now)).unwrap();
        written[name] = value;
        written.to_string()
    };
    let mut bodies = vec![
        String::new(),
        "{".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "\"Ready\"".to_owned(),
        "\u{0}".to_owned(),
        "{\"state\":\"Ready\"".to_owned(),
        "[".repeat(5_000),
        "{\"a\":".repeat(5_000),
        format!("{} trailing", asking.written("x", "Ready", &now)),
        "<update><state>Ready</state></update>".to_owned(),
    ];
    for (name, values) in [
        ("state", vec![json!(3), json!("Talking"), json!("ready"), json!(""), json!(["Ready"])]),
        ("state", vec![json!("Login"), json!("Logout"), Value::Null, json!("R".repeat(9_000))]),
        ("requestId", vec![json!("x".repeat(65)), json!("a\nb"), json!("é"), json!([])]),
        ("sentAt", vec![json!("yesterday"), json!("2026-13-01T00:00:00Z"), json!({}), json!(true)]),
        ("reasonCode", vec![json!(-1), json!("x"), json!(1.5), json!(1e300), json!([12])]),
        ("deviceName", vec![json!(1), json!("../etc"), json!("a b"), json!("S".repeat(999))]),
    ] {
        bodies.extend(values.into_iter().map(|value| with(name, value)));
    }
    for sent in &bodies {
        let answer = patiently(|| asking.update(sent));
        let shown: String = sent.chars().take(80).collect();
        assert!([400, 403].contains(&answer.status), "{shown}: {answer:?}");
        assert!(body(&answer)["message"].is_string(), "{shown}: {answer:?}");
    }
    let answer = patiently(|| asking.update(&with("reasonCode", json!(65_000))));
    assert!([200, 202, 409, 422].contains(&answer.status), "{answer:?}");
    phone.wait_headset(json!({"registered": true}));

    let (proof, kind) = (asking.proof(), "Content-Type: application/json\r\n");
    let put = format!("PUT /headset/{DEVICE}/cc/agent-state");
    let events = format!("POST /headset/{DEVICE}/inventory/events");
    let huge = "x".repeat(2_000_000);
    let update = asking.written("x", "Ready", &now);
    for (asked, headers, sent, statuses) in [
        (put.clone(), format!("{proof}Content-Type: text/plain\r\n"), update.as_str(), &[415][..]),
        (put.clone(), format!("{proof}{kind}"), &huge, &[400, 413]),
        (put.replace("PUT", "GET"), proof.clone(), "", &[405]),
        (put.replace("PUT", "DELETE"), proof.clone(), "", &[404, 405]),
        (events.clone(), format!("{proof}{kind}"), "{", &[400]),
        (events.clone(), format!("{proof}{kind}"), "{\"event\":\"exploded\"}", &[400]),
        (events, format!("{proof}{kind}"), &huge, &[400, 413]),
        (format!("GET /headset/{DEVICE}/config/templates/%00"), proof.clone(), "", &[400, 404]),
        (format!("GET /headset/{DEVICE}/secret?key={}", asking.key), proof.clone(), "", &[404]),
        ("GET /headset/../../etc/passwd".to_owned(), String::new(), "", &[400, 404]),
        ("GET /headset/%2e%2e%2fetc".to_owned(), String::new(), "", &[400, 404]),
        (format!("GET /headset/{}", "S".repeat(6_000)), String::new(), "", &[400, 404, 414]),
        ("GET /headset/".to_owned(), String::new(), "", &[400, 404]),
    ] {
        // One who sends too much may be cut off before the answer is read.
        let Some(answer) = asking.send(&asked, &headers, sent) else {
            assert_eq!(sent.len(), huge.len(), "{asked}");
            continue;
        };
        let shown: String = asked.chars().take(80).collect();
        let is_right = statuses.contains(&answer.status) || answer.status == 429;
        assert!(is_right, "{shown}: {answer:?}");
    }
    for bytes in [&b"\0\0\0\0"[..], b"PUT\r\n\r\n", b"GET /headset/\xff\xfe HTTP/1.1\r\n\r\n"] {
        let answer = asking.bytes(&[bytes, b"\r\n\r\n"].concat());
        assert!(answer.is_none_or(|answer| (400..500).contains(&answer.status)));
    }
    assert_eq!(patiently(|| asking.configuration()).status, 200);

    let mut planted = Planted::default();
    planted.exactly("the key", &asking.key);
    planted.exactly("the token", &asking.token);
    let mut places = Places::default();
    let log = gateway.log();
    assert!(!log.contains("panicked"), "{log}");
    places.text("the log", log);
    places.text("the metrics", wire::get_plain(&gateway.endpoint("metrics")).text());
    let bundle = gateway.folder().join("support.tar");
    let output = gateway.command(&["support-bundle", bundle.to_str().unwrap()]);
    assert!(output.status.success());
    places.bytes("the support bundle", std::fs::read(bundle).unwrap());
    for what in [&["status", "--json"][..], &["export"], &["headsets"], &["headsets", "unknown"]] {
        let output = gateway.command(what);
        places.text(&what.join(" "), String::from_utf8_lossy(&output.stdout).into_owned());
    }
    places.check(&planted, &[]);
    // And it works on.
    phone.headset("mute");
    phone.wait_headset(json!({"last_answer": 202}));
    phone.leave();
}
