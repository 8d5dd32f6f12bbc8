//! `jackfield backup`, `restore` and `store check`, on a node that runs and where none does.

use std::os::unix::fs::PermissionsExt;

use crate::place::{Place, text, until};
use crate::run::{DEMO, configure, start};

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs a command that must do well, with the configuration of the place; gives what it says.
#[track_caller]
fn done(place: &Place, arguments: &[&str]) -> String {
    let output = with_config(place, arguments);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {said}{}", text(&output.stderr));
    said
}

#[track_caller]
fn refused(place: &Place, arguments: &[&str]) -> String {
    let output = with_config(place, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

fn with_config(place: &Place, arguments: &[&str]) -> std::process::Output {
    let mut all = arguments.to_vec();
    all.extend(["--config", "@jackfield.toml"]);
    place.run(&all)
}

#[test]
fn ops_04_a_backup_is_written_and_restored_while_the_node_serves() {
    let place = Place::new();
    configure(&place, "");
    let mut program = start(&place, &[]);
    place.write("demo.yaml", DEMO);
    done(&place, &["apply", "@demo.yaml"]);
    let signed_in = ["agent", "sign-in", "1001", "--extension", "2001"];
    done(&place, &signed_in);
    let before = done(&place, &["export"]);
    done(&place, &["backup", "@one.backup"]);
    let file = place.path("one.backup");
    assert_eq!(mode(&file), 0o600);
    let bytes = std::fs::read(&file).unwrap();
    for secret in ["Agent 1001", "argon2id", "1001"] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} stands in the backup as it is");
    }
    assert!(refused(&place, &["backup", "@one.backup"]).contains("is there already"));
    let inside = done(&place, &["backup", "--verify", "@one.backup"]);
    assert!(inside.contains("settings number 1") && inside.contains("1 signed in"), "{inside}");

    done(&place, &["agent", "sign-out", "1001"]);
    place.write("other.yaml", &DEMO.replace("Agent 1001", "Agent A"));
    done(&place, &["apply", "@other.yaml"]);
    let would = done(&place, &["restore", "--dry-run", "@one.backup"]);
    assert!(would.contains("it would replace: settings number 2"), "{would}");
    assert_ne!(done(&place, &["export"]), before);
    let restored = done(&place, &["restore", "@one.backup"]);
    assert!(restored.contains("restored"), "{restored}");
    // The node goes by it at once.
    assert_eq!(done(&place, &["export"]), before);
    let status = done(&place, &["status"]);
    assert!(status.contains("1 not ready") || status.contains("not_ready"), "{status}");
    assert!(status.contains(" free"), "{status}");
    assert!(done(&place, &["store", "check"]).contains("all of it fits"));
    done(&place, &["agent", "ready", "1001"]);
    assert_eq!(program.stop(), Some(0));
    assert!(program.log().contains("a backup was restored"), "{}", program.log());
}

#[test]
fn ops_04_a_backup_is_written_and_restored_where_no_node_runs() {
    let place = Place::new();
    configure(&place, "");
    let mut program = start(&place, &[]);
    place.write("demo.yaml", DEMO);
    done(&place, &["apply", "@demo.yaml"]);
    let before = done(&place, &["export"]);
    assert_eq!(program.stop(), Some(0));
    place.write("words", "correct horse battery\n");
    let with = |name| ["backup", "--passphrase-file", "@words", name];
    done(&place, &with("@two.backup"));
    let error = refused(&place, &["backup", "--verify", "@two.backup"]);
    assert!(error.contains("--passphrase-file"), "{error}");
    place.write("wrong", "correct horse batteries\n");
    let wrong = ["backup", "--verify", "--passphrase-file", "@wrong", "@two.backup"];
    assert!(refused(&place, &wrong).contains("is not the one"));
    assert!(done(&place, &["store", "check"]).contains("all of it fits"));
    // A machine that has nothing but the configuration, the sealing key and the backup.
    std::fs::remove_file(place.path("state/jackfield.db")).unwrap();
    std::fs::remove_file(place.path("state/jackfield-blobs.db")).unwrap();
    for command in [&["backup", "@none"][..], &["store", "check"]] {
        assert!(refused(&place, command).contains("there is no store"));
    }
    done(&place, &["restore", "--passphrase-file", "@words", "@two.backup"]);
    let mut program = start(&place, &[]);
    assert_eq!(done(&place, &["export"]), before);
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn ops_04_a_backup_of_another_deployment_is_told_before_anything_is_replaced() {
    let (ours, theirs) = (Place::new(), Place::new());
    for place in [&ours, &theirs] {
        configure(place, "");
        let mut program = start(place, &[]);
        place.write("demo.yaml", DEMO);
        if std::ptr::eq(place, &theirs) {
            done(place, &["apply", "@demo.yaml"]);
        }
        place.write("words", "correct horse battery\n");
        done(place, &["backup", "--passphrase-file", "@words", "@b"]);
        done(place, &["backup", "@own"]);
        assert_eq!(program.stop(), Some(0));
    }
    for name in ["b", "own"] {
        std::fs::copy(theirs.path(name), ours.path(&format!("their-{name}"))).unwrap();
    }
    let mut program = start(&ours, &[]);
    let error = refused(&ours, &["restore", "@their-own"]);
    assert!(error.contains("sealing key"), "{error}");
    let with = ["restore", "--passphrase-file", "@words", "@their-b"];
    let error = refused(&ours, &with);
    assert!(error.contains("do not open here") && error.contains("--other-deployment"), "{error}");
    assert!(!done(&ours, &["export"]).contains("Agent 1001"));
    let mut all = with.to_vec();
    all.push("--other-deployment");
    assert!(done(&ours, &all).contains("warning: "));
    assert!(done(&ours, &["export"]).contains("Agent 1001"));
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn ops_04_what_is_no_backup_is_told_and_leaves_the_node_as_it_is() {
    let place = Place::new();
    configure(&place, "");
    let mut program = start(&place, &[]);
    place.write("demo.yaml", DEMO);
    done(&place, &["apply", "@demo.yaml"]);
    place.write("text", "no backup at all");
    assert!(refused(&place, &["restore", "@text"]).contains("this is no backup"));
    done(&place, &["backup", "@b"]);
    let bytes = std::fs::read(place.path("b")).unwrap();
    std::fs::write(place.path("short"), &bytes[..bytes.len() - 9]).unwrap();
    assert!(refused(&place, &["restore", "@short"]).contains("cut off"));
    assert!(refused(&place, &["restore", "@missing"]).contains("missing"));
    place.write("words", "short\n");
    let error = refused(&place, &["backup", "--passphrase-file", "@words", "@c"]);
    assert!(error.contains("12 to"), "{error}");
    std::fs::set_permissions(place.path("words"), PermissionsExt::from_mode(0o644)).unwrap();
    let error = refused(&place, &["backup", "--passphrase-file", "@words", "@c"]);
    assert!(error.contains("every user"), "{error}");
    assert!(done(&place, &["export"]).contains("Agent 1001"));
    // Nothing is left of what was sent.
    let left = std::fs::read_dir(place.path("state")).unwrap();
    let left = left.map(|it| it.unwrap().file_name().to_string_lossy().into_owned());
    assert!(left.into_iter().all(|name| !name.contains("restore")));
    let files = std::fs::read_dir(place.path(".")).unwrap();
    let files = files.map(|it| it.unwrap().file_name().to_string_lossy().into_owned());
    assert!(files.into_iter().all(|name| !name.contains("partial")));
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn ops_04_a_client_that_goes_while_it_restores_changes_nothing() {
    use std::io::{Read as _, Write as _};
    let place = Place::new();
    configure(&place, "");
    let mut program = start(&place, &[]);
    place.write("demo.yaml", DEMO);
    done(&place, &["apply", "@demo.yaml"]);
    let socket = place.path("state/admin.sock");
    let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    stream.write_all(b"{\"id\": 1, \"do\": \"restore\"}\n").unwrap();
    let mut begun = [0; 9];
    stream.read_exact(&mut begun).unwrap();
    // A part that says to be larger than any is refused, and so is one that never comes.
    stream.write_all(&u32::MAX.to_be_bytes()).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    stream.write_all(b"{\"id\": 1, \"do\": \"restore\"}\n").unwrap();
    stream.write_all(&[0, 0, 0, 9, 1]).unwrap();
    drop(stream);
    until(|| done(&place, &["export"]).contains("Agent 1001").then_some(()));
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn ops_13_a_person_is_erased_and_what_is_old_is_shown() {
    let place = Place::new();
    configure(&place, "");
    let mut program = start(&place, &[]);
    place.write("demo.yaml", DEMO);
    done(&place, &["apply", "@demo.yaml"]);
    done(&place, &["agent", "sign-in", "1001", "--extension", "2001"]);
    let shown = done(&place, &["retention", "--dry-run"]);
    assert!(shown.contains("audit: kept for 400 days, nothing is older"), "{shown}");
    done(&place, &["retention"]);
    let error = refused(&place, &["erase", "--agent", "1001", "--yes"]);
    assert!(error.contains("is in the settings still"), "{error}");
    place.write("none.yaml", "teams: []\n");
    done(&place, &["apply", "@none.yaml"]);
    // The node signs out who was removed.
    until(|| {
        let output = with_config(&place, &["erase", "--agent", "1001", "--yes"]);
        output.status.success().then_some(())
    });
    let left = done(&place, &["erase", "--agent", "1001", "--dry-run"]);
    assert!(left.contains("nothing is kept") && left.contains("until 20"), "{left}");
    let neither = with_config(&place, &["erase", "--agent", "1001"]);
    assert_eq!(neither.status.code(), Some(2));
    assert!(done(&place, &["store", "check"]).contains("all of it fits"));
    assert_eq!(program.stop(), Some(0));
}
