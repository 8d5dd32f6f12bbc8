//! Phones that register by SIP: what they see of a gateway over each transport, and what they are shown.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::node::eventually;
use crate::phone::{DEVICE, Phone};
use crate::sip_phone::{Harm, SipPhone, figure, judge};
use crate::wire;

const SECOND: &str = "SEP001122334466";
const THIRD: &str = "SEP001122334477";
const BINDINGS: &str = "jackfield_sip_bindings";
const REACHABLE: &str = "jackfield_sip_bindings_reachable";

/// Where what a phone received is kept for another judge.
fn capture(gateway: &Gateway, name: &str) -> PathBuf {
    gateway.folder().join(format!("capture-{name}.jsonl"))
}

/// Until so many registrations are there, and can be reached.
#[track_caller]
fn until_reachable(gateway: &Gateway, count: u64) {
    eventually("registrations", || {
        let is_so = [BINDINGS, REACHABLE].iter().all(|name| figure(gateway, name) == count);
        is_so.then_some(())
    });
}

/// Runs the command line, and panics where that fails.
#[track_caller]
fn command(gateway: &Gateway, arguments: &[&str]) -> String {
    let output = gateway.command(arguments);
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(output.status.success(), "{arguments:?}: {told}");
    told
}

fn status(gateway: &Gateway) -> Value {
    serde_json::from_str(&command(gateway, &["status", "--json"])).unwrap()
}

/// Whether a phone was shown that text in a status line.
fn is_status_line(line: &Value, text: &str) -> bool {
    line["asked"].to_string().contains("statuslineupdatereq")
        && line["asked"].to_string().contains(text)
}

#[test]
fn sip_accept_50_a_phone_lives_its_whole_life_over_each_transport_and_finds_nothing_wrong() {
    let gateway = Gateway::start();
    for transport in ["udp", "tcp", "tls"] {
        let file = capture(&gateway, transport);
        // A refresh comes after 1.15 s.
        let more = ["--time-scale", "100", "--capture", file.to_str().unwrap()];
        let mut phone = SipPhone::of(&gateway, DEVICE, transport, &more);
        assert_eq!(phone.until("registered")["fresh"], true, "{transport}");
        assert_eq!(phone.until("registered")["fresh"], false, "{transport}");
        if transport != "udp" {
            phone.tell_and_see("ping", "pong");
        }
        for (told, what) in [("token", "token"), ("alarm", "alarm"), ("keepalive", "keep_alive")] {
            phone.tell(told);
            phone.until_such("accepted", |line| line["what"] == what);
        }
        // A keep-alive registers nothing.
        until_reachable(&gateway, 1);
        let probed = command(&gateway, &["probe", "sip-device", DEVICE]);
        assert!(probed.contains("answered 202"), "{probed}");
        phone.until_such("refer", |line| is_status_line(line, "Test"));
        phone.tell_and_see("unregister", "unregistered");
        until_reachable(&gateway, 0);
        phone.leave();
        judge(&file);
    }
}

#[test]
fn sip_accept_18_phones_of_old_grammar_register_and_are_refreshed_all_the_same() {
    let gateway = Gateway::start();
    for fault in ["compact", "folded", "old"] {
        let more = ["--fault", fault, "--time-scale", "100"];
        let mut phone = SipPhone::of(&gateway, DEVICE, "tls", &more);
        assert_eq!(phone.until("registered")["fresh"], true, "{fault}");
        assert_eq!(phone.until("registered")["fresh"], false, "{fault}");
        let probed = command(&gateway, &["probe", "sip-device", DEVICE]);
        assert!(probed.contains("answered 202"), "{fault}: {probed}");
        phone.tell_and_see("unregister", "unregistered");
        phone.leave();
    }
}

#[test]
fn a_wrong_password_never_registers_and_is_counted() {
    let gateway = Gateway::start();
    let endpoints = gateway.endpoints_file();
    let wrong = "jackfield_sip_proofs_total{result=\"wrong\"}";
    assert_eq!(figure(&gateway, wrong), 0);
    for (number, transport) in ["udp", "tcp", "tls"].into_iter().enumerate() {
        let mut phone = SipPhone::with(&[
            "--endpoints",
            endpoints.to_str().unwrap(),
            "--device",
            DEVICE,
            "--transport",
            transport,
            "--password",
            "wrong",
        ]);
        phone.until("challenged");
        let refused = phone.until("refused");
        assert!([401, 403].contains(&refused["status"].as_u64().unwrap()), "{refused}");
        assert!(figure(&gateway, wrong) > number as u64, "{transport}");
        assert_eq!(status(&gateway)["sip"]["registered"], 0, "{transport}");
        let probed = gateway.command(&["probe", "sip-device", DEVICE]);
        assert!(!probed.status.success(), "{transport}");
        let (told, code) = phone.end();
        assert_eq!(code, Some(0), "{told:#?}");
        assert!(told.iter().all(|line| line["event"] != "registered"), "{told:#?}");
    }
}

#[test]
fn a_change_of_state_reaches_a_registered_phone_by_sip_and_not_by_push() {
    let gateway = Gateway::start();
    let file = capture(&gateway, "state");
    let more = ["--capture", file.to_str().unwrap()];
    let mut sip_phone = SipPhone::of(&gateway, DEVICE, "tls", &more);
    sip_phone.until("registered");
    until_reachable(&gateway, 1);
    // Nothing but what it is told to open changes what this phone shows.
    let mut phone = Phone::with(&gateway, DEVICE, "CP-8845", &["--quiet"]);
    phone.sign_in(&gateway, "1001", "2001");
    assert_eq!(phone.screen["title"], "Not Ready");
    for (deed, title) in [
        (&["agent", "ready", "1001"][..], "Ready"),
        (&["agent", "not-ready", "1001", "--reason", "12"][..], "Not Ready - Lunch"),
    ] {
        command(&gateway, deed);
        let refer = sip_phone.until_such("refer", |line| !executed(line).is_empty());
        assert_eq!(refer["answer"], 202, "{refer}");
        phone.act(json!({"open": executed(&refer)}));
        assert_eq!(phone.screen["title"], title);
    }
    assert!(phone.pushes.is_empty(), "{:?}", phone.pushes);
    let told = status(&gateway);
    assert_eq!(told["sip"]["on"], true, "{told}");
    assert_eq!(told["sip"]["registered"], 1, "{told}");
    assert_eq!(told["sip"]["reachable"], 1, "{told}");
    let shown = command(&gateway, &["status"]);
    assert!(shown.contains("1 registrations, 1 of them reachable"), "{shown}");

    // Once it is gone from SIP it is pushed to as ever.
    sip_phone.tell_and_see("unregister", "unregistered");
    sip_phone.leave();
    until_reachable(&gateway, 0);
    command(&gateway, &["agent", "ready", "1001"]);
    phone.wait(json!({"pushes": 1, "title": "Ready", "seconds": 20}));
    phone.leave();
    judge(&file);
}

/// The URL that an execute object in a REFER has the phone open; nothing where there is none.
fn executed(refer: &Value) -> String {
    fn find(value: &Value) -> Option<&str> {
        let items = value.get("execute").and_then(Value::as_array);
        if let Some(url) = items.and_then(|items| items.first()?.get("url")?.as_str()) {
            return Some(url);
        }
        match value {
            Value::Array(values) => values.iter().find_map(find),
            Value::Object(members) => members.values().find_map(find),
            _ => None,
        }
    }
    find(&refer["asked"]).unwrap_or_default().to_owned()
}

#[test]
fn phones_come_back_by_themselves_after_a_crash() {
    let mut gateway = Gateway::start();
    let mut phones: Vec<_> = [(DEVICE, "tcp"), (SECOND, "tls")]
        .into_iter()
        .map(|(device, transport)| {
            let more = ["--time-scale", "100"];
            let mut phone = SipPhone::of(&gateway, device, transport, &more);
            phone.until("registered");
            phone
        })
        .collect();
    // One that sends datagrams notices nothing, and registers anew with its next refresh.
    let more = ["--time-scale", "100"];
    let mut by_datagrams = SipPhone::of(&gateway, THIRD, "udp", &more);
    by_datagrams.until("registered");
    until_reachable(&gateway, 3);
    gateway.kill_and_restart();
    for phone in &mut phones {
        phone.until("lost");
        phone.until("registered");
    }
    until_reachable(&gateway, 3);
    by_datagrams.until("registered");
    for phone in phones {
        phone.leave();
    }
    // What is a refresh to the phone is a new registration to the gateway, which says so.
    let (told, _) = by_datagrams.end();
    let problems: Vec<_> = told.iter().filter(|line| line["event"] == "problem").collect();
    assert!(problems.len() <= 1, "{problems:#?}");
    assert!(
        problems.iter().all(|line| line["words"] == "x-cisco-newreg on a refresh"),
        "{problems:#?}"
    );
}

#[test]
fn a_gateway_that_is_to_stop_does_not_wait_for_phones() {
    let mut gateway = Gateway::start();
    let mut phones: Vec<_> = ["tcp", "tls", "udp"]
        .into_iter()
        .zip([DEVICE, SECOND, DEVICE])
        .map(|(transport, device)| {
            let mut phone = SipPhone::of(&gateway, device, transport, &[]);
            phone.until("registered");
            phone
        })
        .collect();
    let mute = wire::tcp(&gateway.endpoint("sip_tcp"));
    let more = ["--phones", "4", "--seconds", "60"];
    let harm = ["tcp", "tls"].map(|it| Harm::start(&gateway, "never-reading", it, &more));
    let taken = "jackfield_sip_requests_total{method=\"REGISTER\"}";
    eventually("requests of peers that never stop", || {
        (figure(&gateway, taken) > 100).then_some(())
    });
    assert_eq!(gateway.terminate(), Some(0));
    let log = gateway.log();
    assert!(log.contains(" stopped") && !log.contains("did not end in time"), "{log}");
    for phone in &mut phones[..2] {
        phone.until("lost");
    }
    for phone in phones {
        phone.leave();
    }
    for each in harm {
        assert_eq!(each.total()["still_open"], 0);
    }
    drop(mute);
}

#[test]
fn ops_08_phones_stay_connected_while_the_certificate_is_changed() {
    let (gateway, other) = (Gateway::start(), Gateway::start());
    let mut phone = SipPhone::of(&gateway, DEVICE, "tls", &["--time-scale", "100"]);
    phone.until("registered");
    let trusted = wire::roots([gateway.endpoint("ca"), other.endpoint("ca")]);
    let shown = |gateway: &Gateway| {
        let place = gateway.endpoint("sip_tls");
        wire::shown_certificate(place.rsplit(':').next().unwrap().parse().unwrap(), &trusted)
    };
    assert_ne!(shown(&gateway), shown(&other));
    for name in ["server.pem", "server.key"] {
        let file = |gateway: &Gateway| gateway.folder().join("state").join(name);
        std::fs::copy(file(&other), file(&gateway)).unwrap();
    }
    command(&gateway, &["reload"]);
    assert_eq!(shown(&gateway), shown(&other));
    phone.tell_and_see("ping", "pong");
    for _ in 0..2 {
        phone.until_such("registered", |line| line["fresh"] == false);
    }
    let ca = other.endpoint("ca");
    let mut second = SipPhone::of(&gateway, SECOND, "tls", &["--ca", &ca]);
    second.until("registered");
    second.leave();
    let (told, code) = phone.end();
    assert_eq!(code, Some(0), "{told:#?}");
    assert!(told.iter().all(|line| line["event"] != "lost"), "{told:#?}");
}

#[test]
fn ops_05_no_proof_of_a_phone_is_in_log_metrics_or_support_bundle() {
    let gateway = Gateway::start();
    command(&gateway, &["log-level", "trace"]);
    let devices = gateway.endpoints["sip_devices"].as_array().unwrap();
    let passwords: Vec<_> =
        devices.iter().map(|it| it["password"].as_str().unwrap().to_owned()).collect();
    for transport in ["udp", "tcp", "tls"] {
        let mut phone = SipPhone::of(&gateway, DEVICE, transport, &["--time-scale", "100"]);
        phone.until("registered");
        phone.until("registered");
        command(&gateway, &["probe", "sip-device", DEVICE]);
        phone.tell_and_see("alarm", "accepted");
        phone.tell_and_see("unregister", "unregistered");
        phone.leave();
        let more = ["--password", "guessed-by-somebody"];
        let mut guessing = SipPhone::of(&gateway, SECOND, transport, &more);
        guessing.until("refused");
        guessing.end();
    }
    // What cannot be read is told of, and may hold anything.
    let mut stream = wire::tcp(&gateway.endpoint("sip_tcp"));
    let broken = "REGISTER sip:localhost SIP/2.0\r\nAuthorization: Digest username=\"x\", \
                  response=\"0123456789abcdef0123456789abcdef\"\r\nContent-Length: x\r\n\r\n";
    stream.write_all(broken.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let bundle = gateway.folder().join("support.tar");
    command(&gateway, &["support-bundle", bundle.to_str().unwrap()]);
    let bundle = String::from_utf8_lossy(&std::fs::read(bundle).unwrap()).into_owned();
    let log = gateway.log();
    for told in ["a wrong user or password for SIP", "breaks the grammar", "an alarm"] {
        assert!(log.contains(told), "{told} is not in the log: {log}");
    }
    for (place, text) in [
        ("log", log),
        ("metrics", wire::get_plain(&gateway.endpoint("metrics")).text()),
        ("support bundle", bundle),
        ("status", status(&gateway).to_string()),
        ("export", command(&gateway, &["export"])),
    ] {
        let lower = text.to_lowercase();
        let mut sought = vec!["response=", "authorization:", "cnonce=", "guessed-by-somebody"];
        sought.extend(passwords.iter().map(String::as_str));
        for secret in sought {
            assert!(!lower.contains(secret), "{secret} is in the {place}");
        }
    }
}
