//! What an operator does with a node: check, run, settings files, certificates, ports.

use std::process::Command;

use rustix::process::Signal;

use crate::gateway::program;
use crate::node::{Node, eventually, free_port};
use crate::wire;

fn check(configuration: &str) -> (Option<i32>, String) {
    let file = std::env::temp_dir().join(format!(
        "jackfield-check-{}-{}.toml",
        std::process::id(),
        configuration.len()
    ));
    std::fs::write(&file, configuration).unwrap();
    let output = Command::new(program("JACKFIELD_BIN", "jackfield"))
        .arg("check")
        .arg("--config")
        .arg(&file)
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(told).unwrap())
}

#[test]
fn ops_01_check_tells_every_problem_at_once_by_its_key() {
    let (code, told) = check(
        "name = \"192.0.2.1\"\nstate_directory = true\nodd = 1\n\
         [listeners.phone]\nport = 70000\n[limits]\nhandshake_seconds = \"soon\"\n",
    );
    assert_eq!(code, Some(1), "{told}");
    for key in
        ["name", "state_directory", "odd", "listeners.phone.port", "limits.handshake_seconds"]
    {
        assert!(told.lines().any(|line| line.contains(key)), "{key} is not in {told}");
    }
}

#[test]
fn ops_01_check_passes_what_runs() {
    let node = Node::start("", &[]);
    let output = Command::new(program("JACKFIELD_BIN", "jackfield"))
        .arg("check")
        .arg("--config")
        .arg(node.folder.join("jackfield.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn settings_of_a_file_are_read_only_elsewhere_and_read_again_on_sighup() {
    let node = Node::start("", &["--settings", "settings.yaml"]);
    let export = || String::from_utf8(node.command(&["export"]).stdout).unwrap();
    assert!(export().contains("1001"));
    let refused = node.command(&["apply", "settings.yaml"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("settings.yaml"));
    let changed = crate::node::SETTINGS.replace("Lunch", "Mittag");
    std::fs::write(node.folder.join("settings.yaml"), changed).unwrap();
    node.signal(Signal::HUP);
    eventually("the changed label", || export().contains("Mittag").then_some(()));
    // A file that is wrong changes nothing, and says so.
    std::fs::write(node.folder.join("settings.yaml"), "teams: 7").unwrap();
    node.signal(Signal::HUP);
    eventually("a complaint", || node.log().contains("teams").then_some(()));
    assert!(export().contains("Mittag"));
}

#[test]
fn phn_02_the_plain_port_answers_only_with_the_secure_url() {
    let port = free_port();
    let node = Node::start("", &[&format!("refusal_port = {port}")]);
    for path in ["fippa/SEP001122334455", "", "x?password=secret"] {
        let answer = wire::get_plain(&format!("http://127.0.0.1:{port}/{path}"));
        let secure = format!("https://localhost:{}/fippa/", node.phone_port);
        assert!(answer.text().contains(&secure), "{}", answer.text());
        assert!(!answer.text().contains("secret"));
    }
}

#[test]
fn ops_08_a_certificate_is_changed_without_restart_and_a_wrong_one_refused() {
    let first = Node::start("", &[]);
    let second = Node::start("", &[]);
    // Both are trusted, since which one is shown is the question.
    let trusted = wire::roots([first.certificate(), second.certificate()]);
    let shown = |node: &Node| wire::shown_certificate(node.phone_port, &trusted);
    let before = shown(&first);
    assert_ne!(before, shown(&second));
    let copy = |node: &Node, to: &Node| {
        let from = node.folder.join("state/certificates");
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.folder.join("state/certificates").join(path.file_name().unwrap());
            std::fs::copy(path, target).unwrap();
        }
    };
    // A certificate without its key does not verify: the old one stays.
    std::fs::copy(second.certificate(), first.certificate()).unwrap();
    let refused = first.command(&["reload"]);
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stdout));
    assert_eq!(shown(&first), before);
    copy(&second, &first);
    let taken = first.command(&["reload"]);
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    assert_eq!(shown(&first), shown(&second));
}
