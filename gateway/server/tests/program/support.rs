//! `jackfield support-bundle`: what is in it, and what must never be.

use std::collections::BTreeMap;
use std::io::Read;

use crate::place::{Place, text};
use crate::run::{configure, start};

/// Secrets of every sort, each planted in a place of its own.
const PLANTED: [&str; 4] =
    ["agent-hunter2", "push-hunter2", "client-hunter2", "token-hunter2-token-hunter2"];

const SETTINGS: &str = r#"
teams: [{name: Support}]
agents:
  - {id: "1001", name: "Agent 1001", team: Support, password: agent-hunter2}
phone_service: {push: {user: push, password: push-hunter2}}
cti_pairs:
  - {name: south, dialect: express, side_a: "127.0.0.1:9", client_password: client-hunter2}
"#;

fn files_of(bundle: &[u8]) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(bundle);
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(name.trim_start_matches("jackfield-support/").to_owned(), text(&bytes));
    }
    files
}

#[test]
fn ops_12_a_support_bundle_tells_much_and_no_secret() {
    let place = Place::new();
    let token = place.write("token", "token-hunter2-token-hunter2\n");
    let more = format!("metrics_token_file = \"{}\"\n", token.display());
    configure(&place, &more);
    let mut program = start(&place, &[]);
    place.write("settings.yaml", SETTINGS);
    let run = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--config", "@jackfield.toml"]);
        place.run(&all)
    };
    let debug = run(&["log-level", "debug"]);
    assert!(debug.status.success(), "{}", text(&debug.stderr));
    let applied = run(&["apply", "@settings.yaml"]);
    assert!(applied.status.success(), "{}", text(&applied.stderr));
    let made = run(&["support-bundle", "@support.tar"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let bundle = std::fs::read(place.path("support.tar")).unwrap();
    let sealing = std::fs::read_to_string(place.path("state/sealing.key")).unwrap();
    for secret in PLANTED.iter().copied().chain([sealing.trim()]) {
        let found = bundle.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is in the bundle");
    }
    let files = files_of(&bundle);
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "README.txt",
            "configuration.txt",
            "log.txt",
            "metrics.txt",
            "process.txt",
            "settings.yaml",
            "status.json",
            "store.json"
        ]
    );
    assert!(files["log.txt"].contains("ready"), "{}", files["log.txt"]);
    assert!(files["settings.yaml"].contains("(set)"), "{}", files["settings.yaml"]);
    for hidden in ["argon2", "v1:", "v2:"] {
        assert!(!files["settings.yaml"].contains(hidden), "{}", files["settings.yaml"]);
    }
    assert!(files["metrics.txt"].contains("jackfield_store_size_bytes"));
    assert!(files["status.json"].contains("localhost"));
    assert!(files["process.txt"].contains("Threads:"));
    assert!(files["configuration.txt"].contains("state_directory"));
    let again = run(&["support-bundle", "@support.tar"]);
    assert_eq!(again.status.code(), Some(1));
    let gzip = run(&["support-bundle", "@support.tar.gz"]);
    assert!(text(&gzip.stderr).contains("plain tar"), "{}", text(&gzip.stderr));
    assert_eq!(program.stop(), Some(0));
}
