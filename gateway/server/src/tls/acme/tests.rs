//! Certificates that an authority signs by itself: against pebble, and against nobody (OPS-08).

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use engine::{Clock, SystemClock};
use serde_json::{Value, json};

use super::*;
use crate::config::{CertificateFiles, Config};
use crate::inherited::Inherited;
use crate::log::LogControl;
use crate::node::{Node, NodeError, Options};
use crate::temporary::Folder;
use crate::tls::making::Authority;

const NAMES: [&str; 2] = ["gw-a.example.com", "phones.example.com"];
const PATIENCE: Duration = Duration::from_secs(150);

/// A port that nobody listens on; each is given once, since the system may name one again.
fn free_port() -> u16 {
    static GIVEN: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut given = GIVEN.lock().unwrap();
        if !given.contains(&port) {
            given.push(port);
            return port;
        }
    }
}

/// An ACME authority on this machine, with the names it asks for, until dropped.
struct Pebble {
    children: Vec<Child>,
    folder: Folder,
    directory: String,
    /// Where it asks over plain HTTP and where it shakes hands.
    http_port: u16,
    tls_port: u16,
}

impl Pebble {
    /// `None` where the program is missing.
    fn start() -> Option<Self> {
        let missing = |name: &str| Command::new(name).arg("-h").output().is_err();
        if let Some(name) = ["pebble", "pebble-challtestsrv"].into_iter().find(|it| missing(it)) {
            eprintln!("left out: {name} is not installed (Debian: pebble)");
            return None;
        }
        let folder = Folder::new();
        let files = |name: &str| CertificateFiles {
            certificate: folder.path().join(format!("{name}.pem")),
            key: folder.path().join(format!("{name}.key")),
        };
        let now = SystemClock.now();
        let authority = Authority::keep(&files("ca"), "Test", now).unwrap();
        let names = ["localhost".parse().unwrap()];
        authority.issue(&files("pebble"), &names, &[], now).unwrap();
        let [listen, management, dns, names_management] = [(); 4].map(|()| free_port());
        let [http_port, tls_port] = [(); 2].map(|()| free_port());
        let here = |port: u16| format!("127.0.0.1:{port}");
        let config = json!({"pebble": {
            "listenAddress": here(listen),
            "managementListenAddress": here(management),
            "certificate": files("pebble").certificate,
            "privateKey": files("pebble").key,
            "httpPort": http_port,
            "tlsPort": tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        let path = folder.path().join("pebble.json");
        std::fs::write(&path, config.to_string()).unwrap();
        let spawn = |command: &mut Command| {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        };
        let names = spawn(
            Command::new("pebble-challtestsrv")
                .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", ""])
                .args(["-https01", "", "-tlsalpn01", "", "-dns01", &here(dns)])
                .args(["-management", &here(names_management)]),
        );
        let pebble = spawn(
            Command::new("pebble")
                .arg("-config")
                .arg(&path)
                .args(["-dnsserver", &here(dns)])
                .env("PEBBLE_VA_NOSLEEP", "1"),
        );
        let started = Self {
            children: vec![names, pebble],
            directory: format!("https://localhost:{listen}/dir"),
            folder,
            http_port,
            tls_port,
        };
        let deadline = Instant::now() + PATIENCE;
        // Without its names it would look for them for a long time.
        for port in [listen, names_management, dns] {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(Instant::now() < deadline, "pebble does not answer");
                std::thread::yield_now();
            }
        }
        Some(started)
    }

    /// The configuration of a node that asks it.
    fn config(&self, folder: &Path, more: Value) -> Config {
        let listen = |port| json!({"addresses": ["127.0.0.1"], "port": port});
        let mut acme = json!({
            "directory": self.directory,
            "contact": ["admin@example.com"],
            "terms_agreed": true,
            "authority_file": self.folder.path().join("ca.pem"),
        });
        acme.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut phone = listen(self.tls_port);
        phone["public_name"] = NAMES[1].into();
        let value = json!({
            "name": NAMES[0],
            "state_directory": folder.join("state"),
            "certificate": {"acme": acme},
            "listeners": {
                "phone": phone,
                "console": listen(free_port()),
                "operations": listen(free_port()),
                "headset": {"port": 0},
            "identity": {"port": 0},
            },
            "limits": {"drain_seconds": 1},
        });
        Config::read(value, folder).unwrap()
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

async fn start(config: Config) -> Node {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let options = Options {
            config: config.clone(),
            settings_file: None,
            first_settings: None,
            log: LogControl::none(),
            clock: Arc::new(SystemClock),
            surfaces: crate::surfaces::product(),
            inherited: Inherited::default(),
        };
        match Node::start(options).await {
            Ok(node) => return node,
            // A connection from this machine may have the port for a moment.
            Err(NodeError::Bind(error)) => assert!(Instant::now() < deadline, "{error}"),
            Err(error) => panic!("{error}"),
        }
        tokio::task::yield_now().await;
    }
}

/// One request on the admin socket.
async fn ask(folder: &Path, request: Value) -> Value {
    let socket = folder.join("state/admin.sock");
    let asking = tokio::task::spawn_blocking(move || {
        let stream = UnixStream::connect(socket).unwrap();
        (&stream).write_all(format!("{request}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    });
    asking.await.unwrap()
}

/// The list of certificates once it is as wanted.
async fn listed(folder: &Path, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let list = ask(folder, json!({"do": "certificates"})).await["ok"].take();
        if wanted(&list) {
            return list;
        }
        assert!(Instant::now() < deadline, "{list:#}");
        tokio::task::yield_now().await;
    }
}

async fn check_signed(more: impl Fn(&Pebble) -> Value) {
    let Some(pebble) = Pebble::start() else { return };
    let folder = Folder::new();
    let config = pebble.config(folder.path(), more(&pebble));
    let node = start(config.clone()).await;
    let list = listed(folder.path(), |list| list["in_force"][0]["self_signed"] == false).await;
    let shown = &list["in_force"][0];
    assert!(shown["issuer"].as_str().unwrap().contains("Pebble"), "{list:#}");
    let mut names: Vec<_> =
        shown["names"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, NAMES);
    let list = listed(folder.path(), |list| list["acme"]["failures"] == 0).await;
    let acme = &list["acme"];
    assert_eq!((&acme["problem"], &acme["sha256"]), (&Value::Null, &shown["sha256"]));
    // Renewed when a third of its time is left.
    let [from, to, next] = [&shown["not_before"], &shown["not_after"], &acme["next_at"]];
    let [from, to] = [from, to].map(|it| it.as_i64().unwrap());
    let due = to - (to - from) / 3;
    if next.as_i64() != Some(due) {
        listed(folder.path(), |list| list["acme"]["next_at"] == due).await;
    }
    let account = folder.path().join("state/certificates/acme-account.json");
    let mode = std::fs::metadata(account).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // What it keeps signed is not replaced by hand.
    let request = json!({"do": "certificate_renew", "replace": true});
    let refused = ask(folder.path(), request).await.to_string();
    assert!(refused.contains("an authority keeps this certificate signed"), "{refused}");
    let before = shown["sha256"].clone();
    assert_eq!(ask(folder.path(), json!({"do": "certificate_order"})).await["ok"]["asked"], true);
    listed(folder.path(), |list| list["in_force"][0]["sha256"] != before).await;
    let list = listed(folder.path(), |list| list["acme"]["failures"] == 0).await;
    node.stop().await;

    // A node that starts again shows it and does not ask; under another name it asks anew.
    let node = start(config.clone()).await;
    let again = listed(folder.path(), |list| !list["acme"]["next_at"].is_null()).await;
    assert_eq!(again["in_force"][0]["sha256"], list["in_force"][0]["sha256"]);
    assert_eq!(again["acme"]["tried_at"], list["acme"]["tried_at"]);
    node.stop().await;
    let mut renamed = config;
    renamed.name = "gw-b.example.com".parse().unwrap();
    let node = start(renamed).await;
    listed(folder.path(), |list| {
        list["in_force"][0]["names"].as_array().unwrap().contains(&"gw-b.example.com".into())
    })
    .await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_08_an_authority_that_asks_over_http_signs_the_certificate() {
    check_signed(|pebble| json!({"http_port": pebble.http_port})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_08_an_authority_that_shakes_hands_signs_the_certificate() {
    check_signed(|_| json!({"challenge": "tls_alpn_01"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_08_an_authority_that_refuses_is_told_and_not_asked_again_and_again() {
    let Some(pebble) = Pebble::start() else { return };
    let folder = Folder::new();
    // It asks at a port where nobody answers.
    let config = pebble.config(folder.path(), json!({"http_port": free_port()}));
    let node = start(config.clone()).await;
    let told = |list: &Value| !list["acme"]["problem"].is_null();
    let list = listed(folder.path(), told).await;
    let acme = &list["acme"];
    let problem = acme["problem"].as_str().unwrap();
    assert!(problem.starts_with("the authority refused"), "{problem}");
    assert!(
        problem.contains("gw-a.example.com") || problem.contains("phones.example.com"),
        "{problem}"
    );
    let wait = acme["next_at"].as_i64().unwrap() - acme["tried_at"].as_i64().unwrap();
    assert!(wait >= 900, "{wait}");
    assert_eq!(list["in_force"][0]["self_signed"], true);
    node.stop().await;
    // Neither by a restart.
    let node = start(config).await;
    let again = listed(folder.path(), |list| !list["acme"]["next_at"].is_null()).await;
    assert_eq!(again["acme"]["next_at"], acme["next_at"]);
    assert_eq!(again["acme"]["failures"], 1);
    // But when somebody says so.
    ask(folder.path(), json!({"do": "certificate_order"})).await;
    listed(folder.path(), |list| list["acme"]["failures"] == 2).await;
    node.stop().await;
}

#[test]
fn ops_08_pauses_grow_and_end() {
    let grows = |pauses, expected: [u64; 3]| {
        assert_eq!([1, 2, 99].map(|failures| pause(pauses, failures).as_secs()), expected);
    };
    grows(AWAY, [60, 120, 3_600]);
    grows(REFUSED, [900, 1_800, 86_400]);
    assert_eq!(pause(REFUSED, 0).as_secs(), 900);
}

#[tokio::test]
async fn ops_08_an_authority_that_is_away_is_told_as_such() {
    let folder = Folder::new();
    let files = CertificateFiles {
        certificate: folder.path().join("ca.pem"),
        key: folder.path().join("ca.key"),
    };
    Authority::keep(&files, "Test", SystemClock.now()).unwrap();
    let mut config = AcmeConfig {
        directory: format!("https://localhost:{}/dir", free_port()),
        contact: Vec::new(),
        authority_file: Some(files.certificate),
        challenge: AcmeChallenge::TlsAlpn01,
    };
    let names = ["gw-a.example.com".parse().unwrap()];
    let order = async |config: &AcmeConfig| {
        let ordered = order::order(config, folder.path(), &names, &Challenges::default()).await;
        ordered.map(|_| ()).unwrap_err()
    };
    let why = order(&config).await;
    assert!(matches!(&why, NotSigned::Away(why) if why.contains("localhost")), "{why}");
    // One that is no authority at all.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    config.directory = format!("https://localhost:{}/dir", listener.local_addr().unwrap().port());
    let closing = std::thread::spawn(move || drop(listener.accept()));
    assert!(matches!(order(&config).await, NotSigned::Away(_)));
    closing.join().unwrap();
    config.authority_file = Some(folder.path().join("ca.key"));
    assert!(matches!(order(&config).await, NotSigned::Away(_)));
}

#[test]
fn ops_08_nobody_but_the_authority_finds_anything_on_the_plain_port() {
    let challenges = Challenges::default();
    challenges.answer_http("token".to_owned(), "token.print".to_owned());
    let at = |path: &str| challenges.at(path);
    assert_eq!(at("/.well-known/acme-challenge/token").as_deref(), Some("token.print"));
    for path in
        ["/", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/../token", "/token"]
    {
        assert_eq!(at(path), None, "{path}");
    }
    challenges.forget();
    assert_eq!(at("/.well-known/acme-challenge/token"), None);
}
