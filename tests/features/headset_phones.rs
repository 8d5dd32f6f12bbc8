//! What administrators see of phones with headsets, by the command line and over REST, and what nobody sees.

use std::process::Output;

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::wire;

const PHONE: &str = "SEP001122334455";

#[track_caller]
fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Asks the listener for headsets, as a phone that shows no certificate.
fn asked(gateway: &Gateway, target: &str) -> wire::Answer {
    let authority = wire::authority(&gateway.endpoint("headset"));
    let port = authority.rsplit_once(':').unwrap().1.parse().unwrap();
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    let trusted = wire::roots([gateway.endpoint("ca")]);
    wire::send_to(port, &trusted, request.as_bytes()).unwrap()
}

#[test]
fn hst_11_a_handle_is_told_once_and_stands_in_no_log_list_or_answer() {
    let gateway = Gateway::start();
    printed(gateway.command(&["log-level", "trace"]));
    let file = gateway.command(&["phone-config", PHONE]);
    let note = String::from_utf8_lossy(&file.stderr).into_owned();
    assert!(note.starts_with("note: discoveryURL holds a secret of this phone"), "{note}");
    assert!(note.contains("90 days") && note.contains("token_generation"), "{note}");
    let file = printed(file);
    let base = gateway.endpoint("headset");
    let (_, rest) = file.split_once(&format!("<discoveryURL>{base}")).unwrap();
    let (rest, _) = rest.split_once("</discoveryURL>").unwrap();
    let handle = rest.strip_prefix(&format!("{PHONE}?key=")).unwrap();
    assert!(!note.contains(handle), "{note}");

    assert_eq!(asked(&gateway, &format!("/headset/{rest}")).status, 200);
    for _ in 0..2 {
        assert_eq!(asked(&gateway, &format!("/odd/{PHONE}?key={handle}&n=7")).status, 404);
    }
    let lines = printed(gateway.command(&["headsets", "phones"]));
    let line = lines.lines().find(|line| line.starts_with(PHONE)).unwrap();
    assert!(line.contains("proof token") && line.contains("not reached"), "{line}");
    assert!(!line.contains("never"), "{line}");
    let found = printed(gateway.command(&["headsets", "phones", "--device", "5544", "--json"]));
    assert_eq!(serde_json::from_str::<Value>(&found).unwrap(), json!({"phones": []}));
    let found = printed(gateway.command(&["headsets", "phones", "--device", PHONE, "--json"]));
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["phones"][0]["proof"], "token");
    let unknown = printed(gateway.command(&["headsets", "unknown"]));
    assert!(
        unknown.starts_with("2 times, the last at ") && unknown.contains("  GET /"),
        "{unknown}"
    );
    let status = printed(gateway.command(&["status"]));
    assert!(status.contains("headsets       0 phones told, 0 dead, 0 ambiguous"), "{status}");
    let probe = gateway.command(&["probe", "headset", PHONE]);
    assert_eq!(probe.status.code(), Some(1), "nothing reaches a phone that is not registered");
    let probe = String::from_utf8(probe.stdout).unwrap();
    assert!(probe.contains("discovery: the phone asked this node"), "{probe}");

    let administrator = "Authorization: Basic YWRtaW46ZGVtby1hZG1pbg==\r\n";
    let phones = wire::api(&gateway, "GET /headset-phones?device=SEP", administrator, "").text();
    assert!(phones.contains(PHONE) && phones.contains("\"proof\":\"token\""), "{phones}");
    let requests = wire::api(&gateway, "GET /headset-unknown-requests", administrator, "").text();
    assert!(requests.contains("\"count\":2"), "{requests}");

    let log = gateway.log();
    assert!(log.contains("a headset asked for something that the profile does not know"), "{log}");
    for told in [lines, found.to_string(), unknown, status, probe, phones, requests, log] {
        assert!(!told.contains(handle), "{told}");
    }
}

#[test]
fn the_built_in_profile_is_printed_without_a_node() {
    let output = std::process::Command::new(crate::gateway::program("JACKFIELD_BIN", "jackfield"))
        .arg("headset-profile")
        .output()
        .unwrap();
    let profile = printed(output);
    assert!(profile.contains("\nformat = \"json\"\n"), "{profile}");
    assert!(profile.contains("\nhandle_query = \"key\"\n"), "{profile}");
}
