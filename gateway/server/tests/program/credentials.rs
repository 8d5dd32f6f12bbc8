//! Secrets that the supervisor hands over as credentials rather than as files of the configuration.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::place::{Place, Program, get, get_secure, text};
use crate::run::{configure, start};

const SETTINGS: &str = r#"
teams: [{name: Support}]
agents: [{id: "1001", team: Support, password: secret-1001}]
phone_service: {push: {user: push, password: push-hunter2}}
"#;
const SEALING: &str = "7f1d2c3b4a5968770f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef";
const TOKEN: &str = "token-of-monitoring-1";

/// As the supervisor lays them out: nobody but the service may read them, and it may not write.
fn hand_over(place: &Place, name: &str, bytes: &[u8]) {
    let path = place.path("credentials").join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o400)).unwrap();
}

fn run(place: &Place, credentials: &Path) -> Program {
    let environment = [("CREDENTIALS_DIRECTORY", credentials)];
    place.start(&["run", "--config", "@jackfield.toml"], &environment)
}

#[test]
fn ops_05_a_node_takes_all_its_secrets_as_credentials_and_writes_none_down() {
    let place = Place::new();
    let ports = configure(&place, "metrics_token_file = \"credential:metrics.token\"\n");
    // A pair that fits, made by another node.
    let other = Place::new();
    configure(&other, "");
    assert_eq!(start(&other, &[]).stop(), Some(0));
    let made = |name: &str| other.path(&format!("state/certificates/{name}"));
    let certificate = place.path("certificate.pem");
    std::fs::copy(made("server.pem"), &certificate).unwrap();
    let key = std::fs::read(made("server.key")).unwrap();

    let configuration = std::fs::read_to_string(place.path("jackfield.toml")).unwrap();
    let secrets = format!(
        "sealing_key_file = \"credential:sealing.key\"\n{configuration}\n[certificate]\n\
         certificate_file = \"{}\"\nkey_file = \"credential:tls.key\"\n",
        certificate.display()
    );
    place.write("jackfield.toml", &secrets);
    let credentials = place.path("credentials");
    std::fs::create_dir(&credentials).unwrap();
    hand_over(&place, "sealing.key", SEALING.as_bytes());
    hand_over(&place, "tls.key", &key);
    let mut program = run(&place, &credentials);
    assert_eq!(program.end(), Some(1), "{}", program.log());
    assert!(program.log().contains("metrics.token"), "{}", program.log());

    hand_over(&place, "metrics.token", TOKEN.as_bytes());
    let mut program = run(&place, &credentials);
    program.logs("ready");
    place.write("settings.yaml", SETTINGS);
    let applied = place.run(&["apply", "@settings.yaml", "--config", "@jackfield.toml"]);
    assert!(applied.status.success(), "{}", text(&applied.stderr));
    let url = format!("https://localhost:{}/fippa/SEP001122334455", ports.phone);
    assert!(get_secure(&url, &certificate).unwrap().starts_with("HTTP/1.1 200"));
    let metrics = get(&format!("http://127.0.0.1:{}/metrics", ports.operations));
    assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
    assert_eq!(program.stop(), Some(0));
    // The same key opens what was sealed, and another one does not.
    let mut again = run(&place, &credentials);
    again.logs("ready");
    assert_eq!(again.stop(), Some(0));
    for log in [program.log(), again.log()] {
        assert!(!log.contains(SEALING) && !log.contains(TOKEN), "{log}");
    }
    assert!(!place.path("state/sealing.key").exists());
    hand_over_anew(&place, "sealing.key", &"1".repeat(64));
    let mut wrong = run(&place, &credentials);
    assert_eq!(wrong.end(), Some(1), "{}", wrong.log());
    assert!(wrong.log().contains("sealing_key_file"), "{}", wrong.log());
}

fn hand_over_anew(place: &Place, name: &str, text: &str) {
    std::fs::remove_file(place.path("credentials").join(name)).unwrap();
    hand_over(place, name, text.as_bytes());
}
