//! The link against a simulated CTI server, which is written from the guide alone and strict.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use domain::settings::{CtiPair, Settings};
use domain::{
    AgentCommand, AgentKey, Command as Wanted, Input, InputId, PresenceState, ReasonCode, Refusal,
    SignInOn, SignedOutBy, Wish,
};
use engine::testing::{PlainAuthenticator, apply, engine_on};
use engine::{Engine, Outcome, Port, SignInAnswer, SignInAttempt, SystemClock};
use serde_json::{Value, json};
use store::MemoryStore;
use tokio::sync::watch;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A simulated server; it ends with the value.
struct Peers {
    child: Child,
    endpoints: Value,
}

impl Peers {
    fn start(arguments: &[&str]) -> Option<Self> {
        let program = program()?;
        let mut child = Command::new(program)
            .args(["cti-server", "--listen-a", "127.0.0.1:0", "--control", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoints = serde_json::from_str(line.strip_prefix("ready ").unwrap()).unwrap();
        Some(Self { child, endpoints })
    }

    fn ask(&self, request: Value) -> Value {
        let address = self.endpoints["peers"].as_str().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        writeln!(stream, "{request}").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    #[track_caller]
    fn done(&self, request: Value) -> Value {
        let answer = self.ask(request.clone());
        assert_eq!(answer["ok"], true, "{request}: {answer}");
        answer
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program beside this test's own, which the test command builds first.
fn program() -> Option<PathBuf> {
    let here = std::env::current_exe().unwrap();
    let folder = here.ancestors().nth(2).unwrap();
    let program = folder.join("jackfield-peers");
    if !program.exists() {
        println!("left out: {} is not built", program.display());
        return None;
    }
    Some(program)
}

struct Bench {
    engine: Arc<Engine>,
    port: Port,
    stop: watch::Sender<bool>,
    pairs: tokio::task::JoinHandle<()>,
}

impl Bench {
    async fn start(peers: &[(&str, &Peers)], change: impl Fn(&mut Value)) -> Self {
        let clock = Arc::new(SystemClock);
        let engine = engine_on(Arc::new(MemoryStore::new()), clock, 1).await;
        let mut settings = Settings::default();
        let mut pairs = BTreeMap::new();
        for (name, peers) in peers {
            let endpoints = &peers.endpoints["cti"];
            let mut pair = json!({
                "name": name, "dialect": "enterprise", "side_a": endpoints["a"], "version": 24,
                "side_b": endpoints["b"], "tag_width": null, "peripheral_id": 5000,
                "client_id": "jackfield", "client_password": null, "heartbeat_seconds": 5,
                "reconnect_seconds": 300, "request_seconds": 5, "open_seconds": 30,
                "sessions": "per_node", "logout_reason": 255, "rmcm_user": null,
            });
            change(&mut pair);
            let pair: CtiPair = serde_json::from_value(pair).unwrap();
            pairs.insert(pair.name.clone(), Arc::new(pair));
        }
        settings.cti_pairs = Arc::new(pairs);
        apply(&engine, &settings).await;
        let port = engine.port(Arc::new(PlainAuthenticator));
        let (stop, stopped) = watch::channel(false);
        let pairs = tokio::spawn(cti::Pairs::new(port.clone()).run(stopped));
        let bench = Self { engine, port, stop, pairs };
        for (name, _) in peers {
            let name = name.parse().unwrap();
            bench
                .until("the link", || {
                    let statuses = bench.port.pair_statuses();
                    statuses.iter().any(|(pair, it)| *pair == name && it.active_side.is_some())
                })
                .await;
        }
        bench
    }

    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !is_so() {
            assert!(tokio::time::Instant::now() < deadline, "never came: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn sign_in(&self, agent: &str, line: &str, password: &str) -> SignInAnswer {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.port
            .sign_in(SignInAttempt {
                id: InputId::new("test", number),
                account: agent.to_owned(),
                password: domain::Secret::new(password),
                extension: Some(line.parse().unwrap()),
                device: None,
                mobile: None,
                on: SignInOn::Local,
                source: [127, 0, 0, 1].into(),
                surface: "test",
            })
            .await
    }

    async fn wish(&self, agent: &str, wish: Wish) -> Outcome {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let command = AgentCommand { agent: key(agent), holder: None, seen_changes: None, wish };
        let input = Input::command(InputId::new("wish", number), Wanted::Agent(command));
        self.port.submit(input).await.unwrap()
    }

    fn state(&self, agent: &str) -> Option<PresenceState> {
        self.port.live(&key(agent)).map(|live| live.state)
    }

    async fn close(self) {
        self.stop.send_replace(true);
        self.pairs.await.unwrap();
        self.engine.close().await;
    }
}

fn key(agent: &str) -> AgentKey {
    format!("east:{agent}").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_01_an_agent_signs_in_works_takes_a_call_and_signs_out() {
    let Some(peers) = Peers::start(&["--listen-b", "127.0.0.1:0"]) else { return };
    let bench = Bench::start(&[("east", &peers)], |_| {}).await;
    let wrong = bench.sign_in("1001", "2001", "wrong").await;
    assert!(matches!(wrong, SignInAnswer::NotProven(_)), "{wrong:?}");
    let right = bench.sign_in("1001", "2001", "12345").await;
    assert!(matches!(right, SignInAnswer::SignedIn { .. }), "{right:?}");
    assert_eq!(bench.wish("1001", Wish::Ready).await, Outcome::Done(domain::Reply::Done));
    assert_eq!(bench.state("1001"), Some(PresenceState::Ready));
    peers.done(json!({"command": "call", "extension": "2001", "ani": "5551234",
        "queue": "Sales", "variables": {"1": "Gold"}}));
    bench
        .until("the call rings", || {
            let live = bench.port.live(&key("1001")).unwrap();
            live.state == PresenceState::Reserved && !live.calls.is_empty()
        })
        .await;
    let call = bench.port.live(&key("1001")).unwrap().calls[0].clone();
    assert_eq!(call.number, "5551234", "{call:?}");
    assert!(call.variables.iter().any(|it| it.name == "callVariable1" && it.value == "Gold"));
    peers.done(json!({"command": "answer", "agent": "1001"}));
    bench.until("talking", || bench.state("1001") == Some(PresenceState::Talking)).await;
    assert_eq!(bench.wish("1001", Wish::NotReady(None)).await, Outcome::Done(domain::Reply::Done));
    let pending = bench.port.live(&key("1001")).unwrap().pending;
    assert_eq!(pending, Some(PresenceState::NotReady { reason: None }));
    peers.done(json!({"command": "clear", "agent": "1001"}));
    bench
        .until("not ready", || matches!(bench.state("1001"), Some(PresenceState::NotReady { .. })))
        .await;
    bench.until("no call", || bench.port.live(&key("1001")).unwrap().calls.is_empty()).await;
    assert_eq!(bench.wish("1001", Wish::SignOut(None)).await, Outcome::Done(domain::Reply::Done));
    let session = bench.port.session_of(&key("1001")).await.unwrap().unwrap();
    assert!(session.signed_in().is_none());
    let violations = peers.done(json!({"command": "violations"}));
    assert_eq!(violations["violations"], json!([]), "{violations}");
    bench.close().await;
}
