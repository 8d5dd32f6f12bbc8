//! A node whose store is a PostgreSQL database.

use std::io::Write as _;
use std::process::{Command, Output};

use rustix::process::Signal;

use crate::gateway::program;
use crate::node::{Node, eventually};

fn store(url: &str) -> String {
    format!("[store]\nurl = \"{url}\"")
}

#[test]
fn a_node_waits_for_a_database_that_is_away_and_heeds_a_stop_meanwhile() {
    let Some(server) = databases::Server::start() else { return };
    let url = server.database("away");
    server.stop(databases::Stop::Fast);
    let mut node = Node::spawn(&store(&url), &[]);
    let waits = |node: &Node| {
        eventually("word that it waits", || node.log().contains("it is waited for").then_some(()));
    };
    waits(&node);
    node.signal(Signal::TERM);
    assert_eq!(node.until_ended(), Some(0), "{}", node.log());
    assert!(node.log().contains("stopped before it was ready"), "{}", node.log());
    node.spawn_again();
    waits(&node);
    server.start_again();
    node.wait_until_ready();
    assert!(!node.folder.join("state/jackfield.db").exists());
}

#[test]
fn ops_05_another_sealing_key_than_that_of_the_store_is_refused_with_what_to_do() {
    let Some(server) = databases::shared() else { return };
    let store = store(&server.database("sealed"));
    drop(Node::start(&store, &[]));
    // Another node on the same store, whose key nobody copied.
    let mut other = Node::spawn(&store, &[]);
    assert_eq!(other.until_ended(), Some(1));
    let log = other.log();
    assert!(log.contains("sealing.key is missing") && log.contains("copy the file"), "{log}");
    let key = other.folder.join("state/sealing.key");
    assert!(!key.exists(), "a key that opens nothing is not kept");
    std::fs::write(&key, "0".repeat(64)).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    other.spawn_again();
    assert_eq!(other.until_ended(), Some(1));
    let log = other.log();
    assert!(log.contains("is not the key") && log.contains("copy the file"), "{log}");
    assert!(key.exists(), "what somebody put there stays");
}

#[test]
fn a_database_that_refuses_us_is_told_at_once() {
    let Some(server) = databases::shared() else { return };
    let url = server.url_of("nowhere");
    let mut node = Node::spawn(&store(&url), &[]);
    assert_eq!(node.until_ended(), Some(1));
    assert!(node.log().contains("nowhere"), "{}", node.log());
}

/// Runs the command line with the node's configuration.
fn configured(node: &Node, arguments: &[&str]) -> Output {
    Command::new(program("JACKFIELD_BIN", "jackfield"))
        .args(arguments)
        .arg("--config")
        .arg(node.folder.join("jackfield.toml"))
        .current_dir(&node.folder)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(err)
}

/// Adds lines at the end of the node's configuration.
fn configure(node: &Node, lines: &str) {
    let mut file =
        std::fs::OpenOptions::new().append(true).open(node.folder.join("jackfield.toml")).unwrap();
    writeln!(file, "\n{lines}").unwrap();
}

#[test]
fn a_store_is_copied_from_sqlite_and_the_node_carries_on() {
    let Some(server) = databases::shared() else { return };
    let mut node = Node::start("", &[]);
    let deeds: [&[&str]; 3] = [
        &["apply", "settings.yaml"],
        &["agent", "sign-in", "1001", "--extension", "2001"],
        &["agent", "ready", "1001"],
    ];
    for deed in deeds {
        let output = node.command(deed);
        assert!(output.status.success(), "{}", text(&output));
    }
    let from = node.folder.join("state/jackfield.db");
    let copy = ["store", "copy", "--from", from.to_str().unwrap()];
    let refused = |node: &Node, why: &str| {
        let output = configured(node, &copy);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output).contains(why), "{}", text(&output));
    };
    refused(&node, "store.url");
    configure(&node, &store(&server.database("copied")));
    refused(&node, "stop the gateway first");
    node.signal(Signal::TERM);
    assert_eq!(node.until_ended(), Some(0));

    let output = configured(&node, &[&copy[..], &["--dry-run"]].concat());
    assert!(output.status.success() && text(&output).contains("rehearsal"), "{}", text(&output));
    let rows = |output: &Output| {
        let lines = text(output);
        let rows = lines.lines().filter(|line| line.contains(" rows of ")).map(str::to_owned);
        rows.collect::<Vec<_>>()
    };
    let rehearsed = rows(&output);
    assert!(rehearsed.iter().any(|line| line.ends_with("rows of document")), "{rehearsed:?}");
    let output = configured(&node, &copy);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(rows(&output), rehearsed);
    refused(&node, "holds something already");

    node.spawn_again();
    node.wait_until_ready();
    let status = text(&node.command(&["status"]));
    assert!(status.contains("1 ready"), "{status}");
    let output = node.command(&["agent", "not-ready", "1001", "--reason", "12"]);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn ops_01_check_tells_of_a_database_that_might_lose_something_and_of_one_that_cannot_be_used() {
    let Some(server) = databases::shared() else { return };
    let node = Node::start("", &[]);
    configure(&node, &store(&server.database("checked")));
    let output = configured(&node, &["check"]);
    let told = text(&output);
    assert!(output.status.success(), "{told}");
    assert!(
        told.contains("warning: store: ") && told.contains("synchronous_standby_names"),
        "{told}"
    );
    assert_eq!(
        server.sql("checked", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "0"
    );
    let node = Node::start("", &[]);
    configure(&node, &store(&server.url_of("unchecked")));
    let output = configured(&node, &["check"]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("store.url: ") && told.contains("unchecked"), "{told}");
    // Over a network the server's certificate is checked: where this machine trusts nobody, somebody has
    // to be named who vouches for it, else the server is looked for.
    let node = Node::start("", &[]);
    configure(&node, &store("postgresql://jackfield@127.0.0.1:1/jackfield"));
    let told = text(&configured(&node, &["check"]));
    let is_told = ["store.authority_file: ", "store.url: "].iter().any(|it| told.starts_with(it));
    assert!(is_told, "{told}");
}
