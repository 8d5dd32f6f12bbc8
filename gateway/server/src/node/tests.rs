//! A whole node in this process: start, reload, store faults, stop, and the figures it shows.

mod headset;
mod headset_phones;
mod headsets;
mod identity;
mod overview;
mod peers;
mod stopping;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use engine::SystemClock;
use serde_json::{Value, json};

use super::*;
use crate::temporary::Folder;
use crate::{secret_file, surfaces, tls};

/// A node with its state in a folder of the test.
struct Fixture {
    node: Option<Node>,
    folder: Folder,
}

fn by_nobody() -> console::Context {
    console::Context { by: domain::Actor::gateway(), idempotency: None }
}

/// A port that nobody listens on; each is given once, since the system may name one again.
fn free_port() -> u16 {
    static GIVEN: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());
    loop {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut given = GIVEN.lock().unwrap();
        if !given.contains(&port) {
            given.push(port);
            return port;
        }
    }
}

fn config(folder: &Path) -> Config {
    let listen = || json!({"addresses": ["127.0.0.1"], "port": free_port()});
    let value = json!({
        "name": "gw-a.example",
        "state_directory": folder.join("state"),
        "listeners": {
            "phone": listen(), "console": listen(), "operations": listen(),
            "headset": {"port": 0},
            "identity": {"port": 0},
            "sip": {"tls_port": 0, "tcp_port": 0},
        },
        "limits": {"drain_seconds": 1},
    });
    Config::read(value, folder).unwrap()
}

fn options(folder: &Path) -> Options {
    Options {
        config: config(folder),
        settings_file: None,
        first_settings: None,
        log: LogControl::none(),
        clock: Arc::new(SystemClock),
        surfaces: surfaces::product(),
        inherited: Inherited::default(),
    }
}

async fn start_with(change: impl FnOnce(&Path, &mut Options)) -> Result<Fixture, NodeError> {
    let folder = Folder::new();
    let mut options = options(folder.path());
    change(folder.path(), &mut options);
    Ok(Fixture { node: Some(Node::start(options).await?), folder })
}

async fn start() -> Fixture {
    start_with(|_, _| {}).await.unwrap()
}

impl Fixture {
    fn node(&self) -> &Node {
        self.node.as_ref().unwrap()
    }

    fn state(&self, name: &str) -> PathBuf {
        self.folder.path().join("state").join(name)
    }

    /// One request on the admin socket; errors come as they are.
    async fn ask(&self, request: Value) -> Value {
        self.send(format!("{request}\n").into_bytes()).await
    }

    async fn send(&self, line: Vec<u8>) -> Value {
        let socket = self.node().shared.config.admin_socket();
        let answer = tokio::task::spawn_blocking(move || {
            let stream = UnixStream::connect(socket).unwrap();
            (&stream).write_all(&line).unwrap();
            let mut answer = String::new();
            BufReader::new(&stream).read_line(&mut answer).unwrap();
            answer
        });
        serde_json::from_str(&answer.await.unwrap()).unwrap()
    }

    /// Asks, and compares a part of what comes back.
    async fn check(&self, request: Value, pointer: &str, expected: Value) {
        let answer = self.ask(request.clone()).await;
        assert_eq!(answer.pointer(pointer), Some(&expected), "{request} -> {answer}");
    }

    async fn get(&self, target: &str) -> String {
        self.get_with(target, "").await
    }

    async fn get_with(&self, target: &str, fields: &str) -> String {
        let address = self.node().shared.config.operations.addresses[0];
        let asked =
            format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n");
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(asked.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        answer.await.unwrap()
    }

    async fn stop(mut self) {
        self.node.take().unwrap().stop().await;
    }
}

const SETTINGS: &str = include_str!("../../../../packaging/demo-settings.yaml");

#[tokio::test(flavor = "multi_thread")]
async fn ops_05_a_first_start_makes_what_it_needs_for_its_user_alone() {
    let it = start().await;
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(it.folder.path().join("state")), 0o700);
    for name in ["sealing.key", "admin.sock", "certificates/server.key"] {
        assert_eq!(mode(it.state(name)), 0o600, "{name}");
    }
    assert_eq!(mode(it.state("jackfield.db")) & 0o077, 0);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phn_18_who_applies_or_reloads_settings_is_warned_each_time() {
    const KEY: &str = "phone_service.push.user";
    let pair = "cti_pairs: [{name: n, dialect: express, side_a: 'a:12028', rmcm_user: RmCm}]";
    let text = format!("{pair}\nphone_service: {{push: {{user: rmcm, password: demo}}}}\n");
    let it = start().await;
    for changed in [true, false] {
        let answer = it.ask(json!({"do": "settings_apply", "text": text})).await;
        let told = (&answer["ok"]["changed"], &answer["ok"]["warnings"][0]["key"]);
        assert_eq!(told, (&json!(changed), &json!(KEY)), "{answer}");
    }
    let answer = it.ask(json!({"do": "settings_apply", "text": SETTINGS})).await;
    let warnings = answer["ok"]["warnings"].as_array().unwrap();
    // Where its phones register, and who vouches for them, the demo alone adds.
    let of_headsets =
        warnings.iter().filter(|it| it["key"].as_str().unwrap().starts_with("headset."));
    assert_eq!(of_headsets.count(), warnings.len(), "{answer}");
    it.stop().await;
    let with_file = |folder: &Path, options: &mut Options| {
        let file = folder.join("settings.yaml");
        std::fs::write(&file, &text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        options.settings_file = Some(file);
    };
    let it = start_with(with_file).await.unwrap();
    let answer = it.ask(json!({"do": "reload"})).await;
    let line = answer["ok"]["done"][2].as_str().unwrap_or_default();
    assert!(line.starts_with(&format!("warning: settings: {KEY}: ")), "{answer}");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_hop_over_udp_is_warned_of_where_udp_is_off() {
    let hop = json!({"name": "edge", "transport": "udp", "servers": [{"host": "127.0.0.1"}]});
    let text = json!({"sip": {"domains": ["voice.example"], "next_hops": [hop]}}).to_string();
    let apply = json!({"do": "settings_apply", "text": text});
    let it = start().await;
    let key = "/ok/warnings/0/key";
    it.check(apply.clone(), key, json!("sip.next_hops[0].transport")).await;
    it.stop().await;
    let it = start_with(|_, options| {
        options.config.sip.udp = vec!["127.0.0.1:0".parse().unwrap()];
    });
    let it = it.await.unwrap();
    it.check(apply, "/ok/warnings", json!([])).await;
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_socket_does_what_the_command_line_asks() {
    let it = start().await;
    let ok = "/ok/state";
    it.check(json!({"do": "settings_apply", "text": SETTINGS}), "/ok/number", json!(1)).await;
    it.check(
        json!({"id": 7, "do": "agent_sign_in", "agent": "1001", "extension": "2001"}),
        ok,
        json!("not_ready"),
    )
    .await;
    it.check(json!({"do": "agent_state", "agent": "1001", "state": "ready"}), ok, json!("ready"))
        .await;
    let call = json!({
        "do": "call_begin", "agent": "1001", "call": "c1", "number": "+4930123", "variables": {"callVariable1": "x"},
    });
    it.check(call, ok, json!("talking")).await;
    let other = json!({"do": "call_end", "agent": "1001", "call": "other"});
    it.check(other, ok, json!("talking")).await;
    let this = json!({"do": "call_end", "agent": "1001", "call": "c1"});
    it.check(this, ok, json!("wrap_up")).await;
    it.check(json!({"do": "status"}), "/ok/agents/wrap_up", json!(1)).await;
    let state = |state: &str, reason: u16| json!({"do": "agent_state", "agent": "1001", "state": state, "reason": reason});
    it.check(state("not_ready", 12), "/ok/reason", json!(12)).await;
    it.check(state("not_ready", 99), "/error/code", json!("reason_unknown")).await;
    it.check(state("signed_out", 41), ok, json!("signed_out")).await;
    let mobile = json!({
        "do": "agent_sign_in", "agent": "1002", "extension": "2002",
        "mobile": {"number": "+4930999", "mode": "nailed_connection"},
    });
    it.check(mobile, "/ok/mobile/mode", json!("nailed_connection")).await;
    let shared = json!({"do": "agent_sign_in", "agent": "1003", "extension": "2003"});
    it.check(shared, "/error/code", json!("device_choice")).await;
    it.check(json!({"do": "maintenance", "on": true}), "/ok/maintenance", json!(true)).await;
    let refused = json!({"do": "agent_sign_in", "agent": "1001", "extension": "2001"});
    it.check(refused, "/error/code", json!("maintenance")).await;
    it.check(json!({"do": "maintenance", "on": false}), "/ok/maintenance", json!(false)).await;
    it.check(json!({"do": "status"}), "/ok/maintenance", json!(false)).await;
    it.check(json!({"do": "push_states"}), "/ok/push_states", json!([])).await;
    it.check(json!({"id": "x", "do": "status"}), "/id", json!("x")).await;
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_requests_on_the_admin_socket_are_refused() {
    let it = start().await;
    for (request, code) in [
        (json!({"do": "explode"}), "unknown_request"),
        (json!({}), "unknown_request"),
        (json!({"do": "status", "odd": 1}), "malformed"),
        (json!({"do": "agent_state", "agent": "1001"}), "malformed"),
        (json!({"do": "agent_state", "agent": "a b", "state": "ready"}), "malformed"),
        (json!({"do": "agent_state", "agent": "nobody", "state": "ready"}), "agent_unknown"),
        (json!({"do": "agent_state", "agent": "1", "state": "ready", "reason": 1}), "malformed"),
        (json!({"do": "call_begin", "agent": "1001", "number": "a\u{0}"}), "malformed"),
        (json!({"do": "settings_apply", "text": "odd: 1"}), "problems"),
        (json!({"do": "settings_apply"}), "malformed"),
        (json!({"do": "log_level", "level": "loud"}), "malformed"),
        (json!({"do": "maintenance"}), "malformed"),
    ] {
        it.check(request, "/error/code", json!(code)).await;
    }
    for line in [&b"\n"[..], b"[1]\n", b"{\n", b"\xff\n", &vec![b'['; 10_000]] {
        let mut line = line.to_vec();
        line.push(b'\n');
        assert_eq!(it.send(line).await.pointer("/error/code"), Some(&json!("malformed")));
    }
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_08_a_reload_takes_a_new_certificate_and_refuses_a_broken_one() {
    let it = start().await;
    let files = it.node().shared.config.certificate_files();
    let expires = json!({"do": "status"});
    let before = it.ask(expires.clone()).await.pointer("/ok/certificate").cloned();
    std::fs::write(&files.certificate, "nonsense").unwrap();
    let answer = it.ask(json!({"do": "reload"})).await;
    let refused = answer.pointer("/ok/refused/0").and_then(Value::as_str).unwrap();
    assert!(refused.contains("holds no PEM certificate"), "{refused}");
    assert_eq!(it.ask(expires).await.pointer("/ok/certificate").cloned(), before);

    std::fs::remove_file(&files.certificate).unwrap();
    std::fs::remove_file(&files.key).unwrap();
    let names = it.node().shared.config.certificate_names();
    tls::making::self_signed(&files, &names, SystemClock.now()).unwrap();
    it.check(json!({"do": "reload"}), "/ok/done/0", json!("certificate read")).await;
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_01_a_settings_file_rules_until_it_is_reloaded() {
    let it = start_with(|folder, options| {
        let file = folder.join("settings.yaml");
        std::fs::write(&file, "voice: {wrap_up_seconds: 5}\n").unwrap();
        options.settings_file = Some(file);
    })
    .await
    .unwrap();
    let file = it.folder.path().join("settings.yaml");
    let number = json!({"do": "status"});
    it.check(number.clone(), "/ok/settings/number", json!(1)).await;
    let elsewhere = json!({"do": "settings_apply", "text": "voice: {wrap_up_seconds: 6}"});
    it.check(elsewhere, "/error/code", json!("read_only")).await;
    std::fs::write(&file, "voice: {wrap_up_seconds: 6}\n").unwrap();
    it.check(json!({"do": "reload"}), "/ok/refused", json!([])).await;
    it.check(number.clone(), "/ok/settings/number", json!(2)).await;
    std::fs::write(&file, "odd: 1\n").unwrap();
    let answer = it.ask(json!({"do": "reload"})).await;
    let refused = answer.pointer("/ok/refused/0").and_then(Value::as_str).unwrap();
    assert!(refused.contains("odd"), "{refused}");
    it.check(number, "/ok/settings/number", json!(2)).await;
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_applied_is_there_after_a_restart() {
    let folder = Folder::new();
    for round in 0..2 {
        let node = Node::start(options(folder.path())).await.unwrap();
        let shared = Arc::clone(&node.shared);
        if round == 0 {
            shared.apply(SETTINGS.as_bytes(), &by_nobody()).await.unwrap();
        }
        assert_eq!(shared.engine.settings().agents.len(), 4);
        node.stop().await;
        assert!(!shared.config.admin_socket().exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_settings_do_not_replace_what_was_applied_later() {
    let folder = Folder::new();
    let first = |text: &str| {
        let applied = folder.path().join("applied");
        Some(FirstSettings { bytes: text.as_bytes().to_vec(), applied })
    };
    let seconds = async |text: &str, then: Option<&str>| {
        let options = Options { first_settings: first(text), ..options(folder.path()) };
        let node = Node::start(options).await.unwrap();
        let found = node.shared.engine.settings().voice.wrap_up_seconds;
        if let Some(then) = then {
            node.shared.apply(then.as_bytes(), &by_nobody()).await.unwrap();
        }
        node.stop().await;
        found
    };
    assert_eq!(seconds("voice: {wrap_up_seconds: 5}", None).await, 5);
    // A newer program brings newer ones.
    assert_eq!(
        seconds("voice: {wrap_up_seconds: 6}", Some("voice: {wrap_up_seconds: 9}")).await,
        6
    );
    assert_eq!(seconds("voice: {wrap_up_seconds: 7}", None).await, 9);
}

/// Starts a node that must not start, and compares a part of the reason.
async fn check_refused(change: impl FnOnce(&Path, &mut Options), expected: &str) {
    let Err(error) = start_with(change).await else { panic!("it started") };
    let text = error.to_string();
    assert!(text.contains(expected), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_serve_says_why() {
    check_refused(
        |folder, options| {
            let file = folder.join("settings.yaml");
            std::fs::write(&file, "odd: 1\n").unwrap();
            options.settings_file = Some(file);
        },
        "odd: is not known here",
    )
    .await;
    check_refused(
        |_, options| {
            let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
            options.config.phone.addresses = vec![taken.local_addr().unwrap()];
            std::mem::forget(taken);
        },
        "phone cannot listen on 127.0.0.1:",
    )
    .await;
    check_refused(
        |folder, _| {
            let state = folder.join("state");
            secret_file::make_folder(&state).unwrap();
            std::fs::write(state.join("sealing.key"), "00").unwrap();
            let all = PermissionsExt::from_mode(0o644);
            std::fs::set_permissions(state.join("sealing.key"), all).unwrap();
        },
        "sealing_key_file",
    )
    .await;
    check_refused(
        |folder, _| {
            let state = folder.join("state");
            secret_file::make_folder(&state).unwrap();
            secret_file::write(&state.join("sealing.key"), "0".repeat(64).as_bytes()).unwrap();
            secret_file::write(&state.join("jackfield.db"), b"this is no database, far from it")
                .unwrap();
        },
        "jackfield.db",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_05_a_node_does_not_start_anew_with_another_sealing_key() {
    let folder = Folder::new();
    let options = || options(folder.path());
    Node::start(options()).await.unwrap().stop().await;
    let key = folder.path().join("state/sealing.key");
    std::fs::remove_file(&key).unwrap();
    let Err(error) = Node::start(options()).await else { panic!("it started") };
    assert!(error.to_string().contains("sealing.key is missing"), "{error}");
    assert!(!key.exists());
}

/// Phones that refuse the certificate are served no better by a node that does not start.
#[tokio::test(flavor = "multi_thread")]
async fn ops_08_a_certificate_that_has_expired_stops_no_restart() {
    let it = start_with(|folder, options| {
        let files = crate::config::CertificateFiles {
            certificate: folder.join("own.pem"),
            key: folder.join("own.key"),
        };
        let then = Timestamp::from_seconds(SystemClock.now().seconds() - 6 * 365 * 86_400);
        tls::making::self_signed(&files, &options.config.certificate_names(), then).unwrap();
        options.config.certificate = Some(files);
    });
    let it = it.await.unwrap();
    it.check(json!({"do": "status"}), "/ok/certificate/days_left", json!(0)).await;
    // A reload takes no such set.
    let answer = it.ask(json!({"do": "reload"})).await;
    let refused = answer.pointer("/ok/refused/0").and_then(Value::as_str).unwrap();
    assert!(refused.contains("has expired"), "{refused}");
    let mut problems = Problems::default();
    let config = &it.node().shared.config;
    crate::config::check_files(config, SystemClock.now(), &mut problems);
    assert_eq!(problems.as_slice().len(), 1, "{problems}");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_in_the_same_place_does_not_start() {
    let it = start().await;
    let Err(error) = Node::start(options(it.folder.path())).await else { panic!("it started") };
    assert!(error.to_string().contains("in use"), "{error}");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_left_behind_is_replaced() {
    let folder = Folder::new();
    let state = folder.path().join("state");
    secret_file::make_folder(&state).unwrap();
    drop(std::os::unix::net::UnixListener::bind(state.join("admin.sock")).unwrap());
    let node = Node::start(options(folder.path())).await.unwrap();
    node.stop().await;
}

/// Name, kind and labels of every family that a node shows; JACKFIELD_WRITE=1 writes them anew.
#[tokio::test(flavor = "multi_thread")]
async fn ops_02_the_published_list_of_metrics_is_what_a_node_shows() {
    let provisioning = |folder: &Path, options: &mut Options| {
        let provisioning = &mut options.config.provisioning;
        provisioning.folder = Some(folder.to_owned());
        provisioning.tftp = vec![([127, 0, 0, 1], free_port()).into()];
    };
    let it = start_with(provisioning).await.unwrap();
    // Adapters begin with the node, each in a task of its own, and these are their last.
    let last = ["jackfield_sip_sources", "jackfield_tftp_restarts_total"];
    let shown = async {
        loop {
            let answer = it.get("/metrics").await;
            if last.iter().all(|it| answer.contains(it)) {
                return answer;
            }
        }
    };
    let answer =
        tokio::time::timeout(Duration::from_secs(60), shown).await.expect("figures of SIP");
    let mut kinds = BTreeMap::new();
    let mut labels = BTreeMap::<String, std::collections::BTreeSet<String>>::new();
    for line in answer.split("\r\n\r\n").nth(1).unwrap().lines() {
        if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            kinds.insert(name.to_owned(), kind.to_owned());
        } else if let Some((name, rest)) = line.split_once('{') {
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .filter(|family| kinds.contains_key(*family))
                .unwrap_or(name);
            let names = rest.split('}').next().unwrap().split("\",");
            let names = names.filter_map(|pair| pair.split_once('=').map(|(name, _)| name));
            let names = names.filter(|name| *name != "le").map(str::to_owned);
            labels.entry(family.to_owned()).or_default().extend(names);
        }
    }
    let mut text = String::from(
        "# Every metric family of a node: name, kind, labels. A test compares it with a running one.\n",
    );
    for (name, kind) in kinds {
        assert!(name.starts_with("jackfield_") || name.starts_with("process_"), "{name}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        let labels: Vec<_> = labels.remove(&name).unwrap_or_default().into_iter().collect();
        text.push_str(&format!("{name} {kind} {}", labels.join(",")));
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/metrics.txt");
    if std::env::var_os("JACKFIELD_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "schemas/metrics.txt is not what a node shows:\n{text}");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn monitoring_gets_its_answers_over_the_listener() {
    let it = start().await;
    let ready = it.get("/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200 OK") && ready.ends_with("ok\n"), "{ready}");
    assert!(it.get("/readyz?surface=phone").await.ends_with("phone: ok\n"));
    assert!(it.get("/livez").await.starts_with("HTTP/1.1 200"));
    assert!(it.get("/fippa/x").await.starts_with("HTTP/1.1 404"));
    it.stop().await;
}

/// Behind a trusted proxy on this machine a client must not pass for this machine.
#[tokio::test(flavor = "multi_thread")]
async fn ops_14_a_forwarded_address_opens_no_metrics() {
    let trusting = start_with(|_, options| {
        options.config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let it = trusting.await.unwrap();
    for fields in ["X-Forwarded-For: 127.0.0.1\r\n", "Forwarded: for=127.0.0.1\r\n"] {
        let answer = it.get_with("/metrics", fields).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    assert!(it.get("/metrics").await.starts_with("HTTP/1.1 200"));
    it.stop().await;
}

/// Neither on the listener with TLS nor on the plain one.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_no_silent_connection() {
    let it = start_with(|_, options| options.config.limits.drain = Duration::from_secs(600)).await;
    let it = it.unwrap();
    let phone = it.node().shared.config.phone.addresses[0];
    // Neither of them has asked anything.
    let held = [phone, it.node().shared.config.operations.addresses[0]]
        .map(|address| TcpStream::connect(address).unwrap());
    let stopped = tokio::time::timeout(Duration::from_secs(60), it.stop()).await;
    stopped.expect("a stop that waits for nobody");
    drop(held);
}
