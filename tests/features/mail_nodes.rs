//! Two nodes want to read one mailbox: one does at a time, and whatever becomes of it, each mail is one contact.
//!
//! ```text
//!   dovecot <--round-- holder of the lease --killed--> the other one --frozen for longer than the lease--> the first again
//!                                                          `--wakes in the middle of what it did: the ledger decides
//! ```

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::gateway::{Gateway, ask, program};
use crate::nodes::{kill, node, send};
use crate::wire;

/// Longer than the lease of a mailbox lasts.
const FROZEN: Duration = Duration::from_secs(24);
static TOKEN: OnceLock<String> = OnceLock::new();
const PATIENCE: Duration = Duration::from_secs(150);

/// What a node answers an administrator.
fn get(gateway: &Gateway, node: &Value, path: &str) -> Value {
    let api = node["api"].as_str().unwrap();
    let authority = wire::authority(api);
    // Made once: all nodes know it.
    let token = TOKEN.get_or_init(|| {
        let account = gateway.endpoints["admin"]["user"].clone();
        let make = json!({"do": "token_make", "account": account, "name": "test", "days": 1});
        gateway.admin(make)["token"].as_str().unwrap().to_owned()
    });
    let mut stream = wire::connect(&authority, wire::roots([gateway.endpoint("ca")]));
    write!(
        stream,
        "GET /api/v1{path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {token}\r\n\
         Connection: close\r\n\r\n"
    )
    .unwrap();
    let answer = wire::read(&mut stream).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_str(&answer.text()).unwrap()
}

/// Waits, for longer than a lease lasts.
#[track_caller]
fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whether a node says that it reads the queue's mailbox.
fn reads(gateway: &Gateway, node: &Value) -> bool {
    let overview = get(gateway, node, "/overview");
    let parts = overview["parts"].as_array().unwrap_or_else(|| panic!("{overview}"));
    let is_it = |part: &&Value| part["part"] == "mailbox" && part["name"] == "support";
    let mailbox = parts.iter().find(is_it).unwrap_or_else(|| panic!("{overview}"));
    mailbox["state"] == "ok"
}

/// A customer writes.
fn write_mail(gateway: &Gateway, number: usize) {
    let file = gateway.folder().join("mail.eml");
    let text = format!(
        "From: Ada <customer@else.test>\r\nTo: support@demo.test\r\nSubject: number {number}\r\n\
         Message-ID: <{number}@else.test>\r\n\r\nText {number}\r\n"
    );
    std::fs::write(&file, text).unwrap();
    let smtp = &gateway.endpoints["smtp"];
    let place = format!("{}:{}", smtp["host"].as_str().unwrap(), smtp["port"]);
    let output = Command::new(program("JACKFIELD_PEERS_BIN", "jackfield-peers"))
        .args(["mail-send", "--smtp", &place, "--from", "customer@else.test"])
        .args(["--to", "support@demo.test", "--file"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// How often each subject waits in the queue, as that node has it.
fn waiting(gateway: &Gateway, node: &Value) -> BTreeMap<String, usize> {
    let team = get(gateway, node, "/workspace/team?csq=support");
    let queues = team["queues"].as_array().unwrap();
    let queue = queues.iter().find(|queue| queue["csq"] == "support").unwrap();
    let mut subjects = BTreeMap::new();
    for contact in queue["contacts"].as_array().unwrap() {
        *subjects.entry(contact["subject"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    subjects
}

fn once(numbers: std::ops::Range<usize>) -> BTreeMap<String, usize> {
    numbers.map(|number| (format!("number {number}"), 1)).collect()
}

#[track_caller]
fn until_all(gateway: &Gateway, node: &Value, numbers: std::ops::Range<usize>) {
    let wanted = once(numbers);
    eventually("every mail", || (waiting(gateway, node).len() >= wanted.len()).then_some(()));
    assert_eq!(waiting(gateway, node), wanted);
}

#[test]
fn mail_13_of_two_nodes_one_reads_a_mailbox_and_its_death_or_freeze_loses_and_doubles_nothing() {
    let Some(mut gateway) = Gateway::start_nodes_with_mail() else { return };
    let nodes = [node(&gateway, 0), node(&gateway, 1)];
    let holder = eventually("a node that reads", || {
        let found: Vec<_> = (0..2).filter(|it| reads(&gateway, &nodes[*it])).collect();
        (found.len() == 1).then(|| found[0])
    });
    let (first, second) = (&nodes[holder], &nodes[1 - holder]);
    for number in 0..10 {
        write_mail(&gateway, number);
    }
    until_all(&gateway, second, 0..10);
    assert!(!reads(&gateway, second));

    // It is killed while mails come.
    for number in 10..16 {
        write_mail(&gateway, number);
    }
    kill(first);
    for number in 16..20 {
        write_mail(&gateway, number);
    }
    until_all(&gateway, second, 0..20);
    eventually("the other one reads", || reads(&gateway, second).then_some(()));

    // It is there again, and the one that reads now stands still for longer than its lease lasts.
    gateway.hang_up();
    let first = eventually("the first node again", || {
        let again = node(&gateway, holder);
        let socket = again["admin_socket"].as_str()?;
        let is_there = again["pid"].is_u64() && Path::new(socket).exists();
        let connects = || std::os::unix::net::UnixStream::connect(socket).ok();
        (is_there && connects().is_some() && !ask(socket, json!({"do": "status"}))["ok"].is_null())
            .then_some(again)
    });
    for number in 20..26 {
        write_mail(&gateway, number);
    }
    send(second, Signal::STOP);
    let stopped = Instant::now();
    for number in 26..30 {
        write_mail(&gateway, number);
    }
    until_all(&gateway, &first, 0..30);
    while stopped.elapsed() < FROZEN {
        std::thread::sleep(Duration::from_millis(100));
    }
    // It goes on where it stood, with a lease that is another's.
    send(second, Signal::CONT);
    for number in 30..34 {
        write_mail(&gateway, number);
    }
    until_all(&gateway, &first, 0..34);
    eventually("both nodes agree", || {
        let all = [&first, second].map(|it| waiting(&gateway, it));
        (all[0] == all[1] && all[0] == once(0..34)).then_some(())
    });
    eventually("one of them reads", || {
        let reading = [&first, second].map(|it| reads(&gateway, it));
        (reading[0] != reading[1]).then_some(())
    });
    assert_eq!(gateway.terminate(), Some(0), "{}", gateway.log());
}
