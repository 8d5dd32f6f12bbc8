//! A node whose store is a PostgreSQL database.

use rustix::process::Signal;

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
