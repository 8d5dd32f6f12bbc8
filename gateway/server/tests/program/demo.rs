//! `jackfield demo`: ready with one command, and again after it was killed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::place::{Place, Program, get, get_secure, text};

pub(crate) fn start(place: &Place) -> (Program, Value) {
    let endpoints = place.path("endpoints.json");
    // What a killed demo left behind is not what the next one writes.
    let _ = std::fs::remove_file(&endpoints);
    let mut demo = place.start(&["demo", "--dir", "@state", "--endpoints", "@endpoints.json"], &[]);
    let written = demo.writes(&endpoints);
    (demo, written)
}

pub(crate) fn string<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}: {value}"))
}

/// Asks the demo's node and gives standard output.
#[track_caller]
pub(crate) fn ask(place: &Place, endpoints: &Value, arguments: &[&str]) -> String {
    let mut all = arguments.to_vec();
    all.extend(["--socket", string(endpoints, "/admin_socket")]);
    let output = place.run(&all);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_demo_answers_when_its_endpoints_file_is_there() {
    let place = Place::new();
    let (mut demo, endpoints) = start(&place);
    let file = place.path("endpoints.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let phone = string(&endpoints, "/phone");
    assert!(phone.ends_with("/fippa/"), "{phone}");
    let ca = Path::new(string(&endpoints, "/ca"));
    let page = get_secure(&format!("{phone}SEP001122334455"), ca).unwrap();
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("<CiscoIPPhone"), "{page}");
    let headset = string(&endpoints, "/headset");
    assert!(headset.ends_with("/headset/"), "{headset}");
    assert_eq!(string(&endpoints, "/nodes/0/headset"), headset);
    // Whatever is answered, it is over TLS with the demo's certificate.
    assert!(get_secure(headset, ca).unwrap().starts_with("HTTP/1.1 "));
    assert!(get(string(&endpoints, "/health")).starts_with("HTTP/1.1 200"));
    assert!(get(string(&endpoints, "/metrics")).contains("jackfield_build_info"));

    let ids: Vec<_> =
        endpoints["agents"].as_array().unwrap().iter().map(|it| string(it, "/id")).collect();
    assert_eq!(ids, ["1001", "1002", "1003", "1900"]);
    assert_eq!(string(&endpoints, "/agents/0/extension"), "2001");
    assert_eq!(endpoints["devices"].as_array().unwrap().len(), 3);
    assert_eq!(string(&endpoints, "/devices/0"), "SEP001122334455");
    for key in ["/phone_ca/certificate", "/phone_ca/key"] {
        assert!(Path::new(string(&endpoints, key)).exists(), "{key}");
    }

    let status = ask(&place, &endpoints, &["status"]);
    assert!(status.contains("4 agents, 3 devices") && status.contains("phone"), "{status}");
    let json: Value =
        serde_json::from_str(&ask(&place, &endpoints, &["status", "--json"])).unwrap();
    assert_eq!(json.pointer("/surfaces/phone/state"), Some(&Value::from("ready")));
    assert_eq!(demo.stop(), Some(0));
    assert!(!Path::new(string(&endpoints, "/admin_socket")).exists());
    assert!(!file.exists());
}

#[test]
fn phn_03_one_button_sign_in_works_with_what_the_endpoints_file_says() {
    let place = Place::new();
    let (mut demo, endpoints) = start(&place);
    let (id, extension, password) = (
        string(&endpoints, "/agents/0/id"),
        string(&endpoints, "/agents/0/extension"),
        string(&endpoints, "/agents/0/password"),
    );
    let url = format!(
        "{}SEP001122334455?id={id}&extension={extension}&password={password}",
        string(&endpoints, "/phone")
    );
    let page = get_secure(&url, Path::new(string(&endpoints, "/ca"))).unwrap();
    assert!(!page.contains(password), "{page}");
    let status: Value =
        serde_json::from_str(&ask(&place, &endpoints, &["status", "--json"])).unwrap();
    assert_eq!(status.pointer("/agents/not_ready"), Some(&Value::from(1)), "{page}");
    assert_eq!(demo.stop(), Some(0));
    assert!(!demo.log().contains(password), "{}", demo.log());
}

/// An endpoints file but for the numbers of processes, which are new at each start.
fn without_processes(mut endpoints: Value) -> Value {
    for pointer in ["/pid", "/demo_pid", "/nodes/0/pid"] {
        assert!(endpoints.pointer(pointer).is_some_and(Value::is_u64), "{pointer}");
        endpoints.pointer_mut(pointer).map(Value::take);
    }
    endpoints
}

#[test]
fn a_killed_demo_starts_again_where_it_was() {
    let place = Place::new();
    let (mut demo, endpoints) = start(&place);
    ask(&place, &endpoints, &["agent", "sign-in", "1001", "--extension", "2001"]);
    let ready = ask(&place, &endpoints, &["agent", "ready", "1001"]);
    assert_eq!(ready, "agent 1001 is ready on extension 2001, phone SEP001122334455\n");
    demo.signal(rustix::process::Signal::KILL);
    assert_eq!(demo.end(), None);

    let (mut demo, again) = start(&place);
    assert_eq!(without_processes(again.clone()), without_processes(endpoints));
    let begun = ask(
        &place,
        &again,
        &["call", "begin", "1001", "--number", "+4930123", "--var", "callVariable1=x"],
    );
    assert!(begun.contains("is talking"), "{begun}");
    assert!(ask(&place, &again, &["call", "end", "1001"]).contains("is wrapping up"));
    assert!(ask(&place, &again, &["agent", "sign-out", "1001"]).contains("is signed out"));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn the_end_of_another_call_ends_nothing() {
    let place = Place::new();
    let (mut demo, endpoints) = start(&place);
    ask(&place, &endpoints, &["agent", "sign-in", "1001", "--extension", "2001"]);
    let call = |deed: &[&str]| ask(&place, &endpoints, &[&["call"], deed].concat());
    let begun = call(&["begin", "1001", "--number", "+4930123", "--call", "call-2"]);
    assert!(begun.contains("is talking"), "{begun}");
    assert!(call(&["end", "1001", "--call", "call-1"]).contains("is talking"));
    assert!(call(&["end", "1001", "--call", "call-2"]).contains("is wrapping up"));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn phn_14_the_certificate_that_phones_must_trust_is_printed() {
    let place = Place::new();
    let (mut demo, endpoints) = start(&place);
    let printed = ask(&place, &endpoints, &["certificate"]);
    let file = std::fs::read_to_string(place.path("state/server.pem")).unwrap();
    assert!(!printed.contains("PRIVATE"));
    let certificates = |text: &str| -> Vec<String> {
        let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
        blocks.map(|block| block.split_whitespace().collect()).collect()
    };
    assert!(!certificates(&printed).is_empty(), "{printed}");
    assert_eq!(certificates(&printed), certificates(&file));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn settings_applied_to_a_demo_stay() {
    let place = Place::new();
    let (mut demo, endpoints) = start(&place);
    let exported = ask(&place, &endpoints, &["export"]);
    assert!(exported.contains("$argon2id$") && !exported.contains("demo-1001"), "{exported}");
    place.write("settings.yaml", &exported.replace("Agent 1001", "Agent A"));
    let settings = place.path("settings.yaml");
    let applied = ask(&place, &endpoints, &["apply", settings.to_str().unwrap()]);
    assert_eq!(applied, "applied, settings number 2\n");
    assert_eq!(demo.stop(), Some(0));

    let (mut demo, endpoints) = start(&place);
    assert!(ask(&place, &endpoints, &["export"]).contains("Agent A"));
    place.write("settings.yaml", "agents: [{id: 'a b'}, {id: '1', odd: 2}]");
    let refused =
        place.run(&["apply", "@settings.yaml", "--socket", string(&endpoints, "/admin_socket")]);
    assert_eq!(refused.status.code(), Some(1));
    let error = text(&refused.stderr);
    let keys: Vec<_> = error.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(keys, ["agents[0].id", "agents[1].odd"], "{error}");
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_second_demo_in_the_same_folder_is_refused_and_harms_nothing() {
    let place = Place::new();
    let (mut demo, endpoints) = start(&place);
    let ports = std::fs::read(place.path("state/ports.json")).unwrap();
    let output = place.run(&["demo", "--dir", "@state", "--endpoints", "@endpoints.json"]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains("runs in") && error.contains("--dir"), "{error}");
    let left: Value =
        serde_json::from_slice(&std::fs::read(place.path("endpoints.json")).unwrap()).unwrap();
    assert_eq!(left, endpoints);
    assert_eq!(std::fs::read(place.path("state/ports.json")).unwrap(), ports);
    assert!(ask(&place, &endpoints, &["status"]).contains("4 agents"));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_port_in_use_is_told() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let arguments = ["demo", "--dir", "@state", "--endpoints", "@endpoints.json", "--port", &port];
    let output = place.run(&arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is in use"), "{}", text(&output.stderr));
    assert!(!place.path("endpoints.json").exists());
}
