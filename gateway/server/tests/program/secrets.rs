//! `jackfield secrets`: the sealing key is replaced while the node runs, and old backups open still.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::place::{Place, text};
use crate::run::{configure, start};

const SETTINGS: &str = r#"
teams: [{name: Support}]
agents: [{id: "1001", team: Support, password: secret-1001}]
accounts: [{name: boss, roles: [administrator], password: boss-hunter2,
            totp: GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ}]
phone_service: {push: {user: push, password: push-hunter2}}
"#;

/// Runs a command that must do well; gives what it says.
#[track_caller]
fn done(place: &Place, arguments: &[&str]) -> String {
    let (code, said) = ended(place, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {said}");
    said
}

#[track_caller]
fn refused(place: &Place, arguments: &[&str]) -> String {
    let (code, said) = ended(place, arguments);
    assert_eq!(code, Some(1), "{arguments:?}: {said}");
    said
}

fn ended(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let mut all = arguments.to_vec();
    all.extend(["--config", "@jackfield.toml"]);
    let output = place.run(&all);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

fn status(place: &Place) -> Value {
    serde_json::from_str(&done(place, &["secrets", "status", "--json"])).unwrap()
}

/// The ids of the node's keys, and how many secrets are under each.
fn keys(place: &Place) -> Vec<(String, u64)> {
    let status = status(place);
    let keys = status["keys"].as_array().unwrap().iter();
    let key =
        |it: &Value| (it["key"].as_str().unwrap().to_owned(), it["secrets"].as_u64().unwrap());
    keys.map(key).collect()
}

#[test]
fn ops_05_the_sealing_key_is_replaced_while_the_node_runs() {
    let place = Place::new();
    configure(&place, "");
    let mut program = start(&place, &[]);
    place.write("settings.yaml", SETTINGS);
    done(&place, &["apply", "@settings.yaml"]);
    let file = place.path("state/sealing.key");
    let first_text = std::fs::read_to_string(&file).unwrap();
    // The push password, the second factor, and what all nodes share.
    let [(old, 3)] = &keys(&place)[..] else { panic!("{:?}", keys(&place)) };
    done(&place, &["backup", "@old.backup"]);
    let exported = done(&place, &["export"]);
    assert!(exported.contains(&format!("v2:{old}:")), "{exported}");

    let said = done(&place, &["secrets", "new-key"]);
    let new = said.split_whitespace().nth(1).unwrap().to_owned();
    let both = std::fs::read_to_string(&file).unwrap();
    assert!(both.starts_with(&first_text) && both.lines().count() == 2);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!said.contains(both.lines().nth(1).unwrap()));
    done(&place, &["reload"]);
    assert_eq!(keys(&place), [(old.clone(), 3), (new.clone(), 0)]);
    // What is sealed already under the key that seals stays as it is.
    assert!(done(&place, &["secrets", "reseal"]).contains("nothing"));
    assert_eq!(done(&place, &["export"]), exported);

    done(&place, &["secrets", "use-key", &new]);
    done(&place, &["reload"]);
    assert_eq!(keys(&place), [(new.clone(), 0), (old.clone(), 3)]);
    assert!(refused(&place, &["secrets", "remove-key", &new]).contains("seals"));
    // Too early: the node refuses to go on without it, and goes on with it.
    done(&place, &["secrets", "remove-key", old]);
    assert!(refused(&place, &["reload"]).contains("would not open any more"));
    assert_eq!(keys(&place).len(), 2);
    let both_again = format!("{}\n{first_text}", both.lines().nth(1).unwrap());
    place.write("state/sealing.key", &both_again);

    assert!(done(&place, &["secrets", "reseal"]).contains("3 secrets"));
    assert!(done(&place, &["secrets", "reseal"]).contains("nothing"));
    assert_eq!(keys(&place), [(new.clone(), 3), (old.clone(), 0)]);
    let resealed = done(&place, &["export"]);
    assert!(resealed.contains(&format!("v2:{new}:")) && !resealed.contains(old.as_str()));
    // The settings that were applied are in force still.
    assert!(done(&place, &["apply", "@settings.yaml"]).contains("already in force"));

    done(&place, &["secrets", "remove-key", old]);
    done(&place, &["reload"]);
    assert_eq!(keys(&place), [(new.clone(), 3)]);
    let wants = refused(&place, &["backup", "--verify", "@old.backup"]);
    assert!(wants.contains(old.as_str()), "{wants}");
    assert_eq!(program.stop(), Some(0));
    assert!(program.log().contains("secrets sealed anew"), "{}", program.log());

    // The new key is enough for another start, and the old one no more.
    place.write("state/sealing.key", &first_text);
    let again = place.run(&["run", "--config", "@jackfield.toml"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("sealing_key_file"), "{}", text(&again.stderr));
    place.write("state/sealing.key", &both_again);
    let mut program = start(&place, &[]);
    assert_eq!(keys(&place)[0], (new.clone(), 3));
    // A backup of before is restored with the old key beside, and its secrets are sealed anew.
    done(&place, &["restore", "@old.backup"]);
    assert_eq!(keys(&place), [(new.clone(), 0), (old.clone(), 3)]);
    assert!(done(&place, &["secrets", "reseal"]).contains("3 secrets"));
    done(&place, &["backup", "@new.backup"]);
    done(&place, &["secrets", "remove-key", old]);
    done(&place, &["backup", "--verify", "@new.backup"]);
    assert_eq!(program.stop(), Some(0));
    let mut program = start(&place, &[]);
    assert_eq!(status(&place)["unopened"], Value::Array(Vec::new()));
    assert_eq!(program.stop(), Some(0));
}
