//! The link against a simulated CTI server, which is written from the guide alone and strict.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly, and says what it measured"
)]

mod agents;
mod hostile;
mod lines;
mod openings;
mod probes;
mod proofs;
mod sides;
mod sign_outs;
mod work;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use domain::settings::{CtiPair, Settings};
use domain::{
    AgentCommand, AgentKey, AgentSession, Command as Wanted, Input, InputId, Known, PresenceState,
    SignInOn, Wish,
};
use engine::testing::{PlainAuthenticator, memory_port};
use engine::{Outcome, PairStatus, Port, SignInAnswer, SignInAttempt, SystemClock};
use serde_json::{Value, json};
use tokio::sync::watch;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

const NOT_READY: PresenceState = PresenceState::NotReady { reason: None };

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

    fn a(&self) -> String {
        self.endpoints["cti"]["a"].as_str().unwrap().to_owned()
    }

    /// A command as words, as on the command line.
    #[track_caller]
    fn say(&self, words: &str) -> Value {
        let address = self.endpoints["peers"].as_str().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        writeln!(stream, "{words}").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["ok"], true, "{words}: {answer}");
        answer
    }

    /// Requests of that name it saw, the latest last; at most 500.
    fn log(&self, request: &str) -> Vec<Value> {
        let answer = self.say(&format!("log --limit 500 --request {request}"));
        answer["requests"].as_array().unwrap().clone()
    }

    /// The member of an agent as the server sees it.
    fn agent(&self, agent: &str, member: &str) -> Value {
        self.say(&format!("agent {agent}"))["agent"][member].clone()
    }

    #[track_caller]
    fn nothing_was_broken(&self) {
        let violations = self.say("violations");
        assert_eq!(violations["violations"], json!([]), "{violations}");
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
    port: Port,
    stop: watch::Sender<bool>,
    pairs: tokio::task::JoinHandle<()>,
}

impl Bench {
    async fn start(peers: &[(&str, &Peers)], change: impl Fn(&mut Value)) -> Self {
        Self::with(peers, change, |_| {}).await
    }

    /// One pair that speaks that version of the Enterprise dialect.
    async fn of_version(peers: &Peers, version: u32) -> Self {
        Self::start(&[("east", peers)], |pair| pair["version"] = json!(version)).await
    }

    /// The same for Express.
    async fn express(peers: &Peers, version: u32) -> Self {
        Self::start(&[("east", peers)], |pair| {
            pair["dialect"] = json!("express");
            pair["version"] = json!(version);
            pair["peripheral_id"] = json!(1);
        })
        .await
    }

    async fn with(
        peers: &[(&str, &Peers)],
        change: impl Fn(&mut Value),
        settle: impl Fn(&mut Settings),
    ) -> Self {
        let bench = Self::begin(peers, change, settle).await;
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

    /// The same, but nobody has to serve the pairs.
    async fn begin(
        peers: &[(&str, &Peers)],
        change: impl Fn(&mut Value),
        settle: impl Fn(&mut Settings),
    ) -> Self {
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
        settle(&mut settings);
        let authenticator = Arc::new(PlainAuthenticator);
        let port = memory_port(&settings, authenticator, Arc::new(SystemClock)).await;
        let (stop, stopped) = watch::channel(false);
        let pairs = tokio::spawn(cti::Pairs::new(port.clone()).run(stopped));
        Self { port, stop, pairs }
    }

    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !is_so() {
            assert!(tokio::time::Instant::now() < deadline, "never came: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn sign_in(&self, agent: &str, line: &str, password: &str) -> SignInAnswer {
        self.attempt(agent, password, |attempt| {
            attempt.extension = Some(line.parse().unwrap());
        })
        .await
    }

    /// Signed in, or the test fails.
    async fn signed_in(&self, agent: &str, line: &str) {
        let answer = self.sign_in(agent, line, "12345").await;
        assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    }

    async fn attempt(
        &self,
        agent: &str,
        password: &str,
        change: impl FnOnce(&mut SignInAttempt),
    ) -> SignInAnswer {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut attempt = SignInAttempt {
            id: InputId::new("test", number),
            account: agent.to_owned(),
            password: domain::Secret::new(password),
            extension: None,
            device: None,
            mobile: None,
            on: SignInOn::Local,
            source: [127, 0, 0, 1].into(),
            surface: "test",
        };
        change(&mut attempt);
        self.port.sign_in(attempt).await
    }

    async fn wish(&self, agent: &str, wish: Wish) -> Outcome {
        self.wish_of(key(agent), wish).await
    }

    async fn wish_of(&self, agent: AgentKey, wish: Wish) -> Outcome {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let command = AgentCommand { agent, holder: None, seen_changes: None, wish };
        let input = Input::command(InputId::new("wish", number), Wanted::Agent(command));
        self.port.submit(input).await.unwrap()
    }

    fn state(&self, agent: &str) -> Option<PresenceState> {
        self.port.live(&key(agent)).map(|live| live.state)
    }

    /// Asks for a state, and it is so.
    async fn goes(&self, agent: &str, wish: Wish) {
        let outcome = self.wish(agent, wish.clone()).await;
        assert_eq!(outcome, Outcome::Done(domain::Reply::Done), "{wish:?}");
    }

    async fn session(&self, agent: &str) -> Arc<AgentSession> {
        self.port.session_of(&key(agent)).await.unwrap().unwrap()
    }

    async fn until_state(&self, agent: &str, state: PresenceState) {
        self.until(state.name(), || {
            self.port
                .live(&key(agent))
                .is_some_and(|it| it.known == Known::Now && it.state == state)
        })
        .await;
    }

    fn calls(&self, agent: &str) -> Vec<domain::Call> {
        self.port.live(&key(agent)).map(|live| live.calls.clone()).unwrap_or_default()
    }

    fn status(&self) -> PairStatus {
        self.port.pair_statuses().into_iter().next().map(|(_, status)| status).unwrap_or_default()
    }

    async fn until_active(&self, side: Option<char>) {
        self.until(&format!("active side {side:?}"), || self.status().active_side == side).await;
    }

    /// Waits until the session that serves counts as one that lasted.
    async fn lasted(&self) {
        let since = self.status().since.unwrap();
        let is_old = || self.port.now().since(since) > Duration::from_secs(1);
        self.until("a session that lasted", is_old).await;
    }

    /// A figure by its name and labels as they are written.
    fn figure(&self, figure: &str) -> u64 {
        let text = String::from_utf8(self.port.metrics().text()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(figure));
        line.map_or(0, |value| value.trim().parse().unwrap())
    }

    /// How often a session with a side ended for that reason.
    fn closed(&self, side: char, reason: &str) -> u64 {
        let name = "jackfield_cti_sessions_closed_total";
        self.figure(&format!("{name}{{pair=\"east\",reason=\"{reason}\",side=\"{side}\"}}"))
    }

    async fn close(self) {
        self.stop.send_replace(true);
        self.pairs.await.unwrap();
    }
}

fn key(agent: &str) -> AgentKey {
    format!("east:{agent}").parse().unwrap()
}
