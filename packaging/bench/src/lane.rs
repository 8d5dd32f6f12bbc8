//! The live lane of two nodes beside that of one: what a contact centre tells goes to every node, and no
//! node waits for another on the way.
//!
//! ```text
//!   bench --lane STORE   a node with a server of its own, pinned to one core: "ready", then on "go" a flood
//!                        -> "events/s"
//! ```
//!
//! Each node runs on one core with one thread, so that two have twice as much to work with. The server
//! that floods it is a thread of the same process: writing what was encoded before costs little.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use domain::PresenceState;
use protocols::cti::{AgentState, Dialect, Framing, ProtocolVersion, encode};

use crate::centre::{answer_heartbeats, event, linked, open, until};
use crate::demand::Demand;
use crate::median::median;
use crate::{AnyError, Missed};

/// Agents of the flood.
const AGENTS: usize = 2_000;
/// Events of the flood.
const EVENTS: usize = 400_000;
const SCALES: Demand = Demand::AtLeast(1.6);

pub(crate) fn run(rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    let events = if quick { EVENTS / 20 } else { EVENTS };
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        one.push(together(&[0], events)?);
        two.push(together(&[0, 1], events)?);
    }
    let (one, two) = (median(one), median(two));
    let ratio = two / one;
    println!("lane: one node on one core                   {one:>11.0} events/s");
    println!("lane: two nodes on a core each, together     {two:>11.0} events/s");
    println!("lane: ratio two / one                        {ratio:>11.2}   ({SCALES})");
    Ok(SCALES.missed("lane: the ratio of two nodes to one", ratio).into_iter().collect())
}

/// Events a second of nodes that are flooded at the same time, one on each of these cores.
fn together(cores: &[usize], events: usize) -> Result<f64, AnyError> {
    let mut nodes = Vec::new();
    for core in cores {
        nodes.push(Node::start(*core, events)?);
    }
    for node in &mut nodes {
        node.say("go")?;
    }
    let mut total = 0.0;
    for node in &mut nodes {
        total += node.line()?.trim().parse::<f64>()?;
    }
    Ok(total)
}

struct Node {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Node {
    fn start(core: usize, events: usize) -> Result<Self, AnyError> {
        let program = std::env::current_exe()?;
        let mut child = Command::new("taskset")
            .args(["--cpu-list", &core.to_string()])
            .arg(program)
            .args(["--lane", &events.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("taskset of util-linux pins a node to a core: {error}"))?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut node = Self { child, output };
        match node.line()?.trim() {
            "ready" => Ok(node),
            other => Err(format!("a node said {other:?} instead of being ready").into()),
        }
    }

    fn say(&mut self, line: &str) -> Result<(), AnyError> {
        let input = self.child.stdin.as_mut().ok_or("no input")?;
        writeln!(input, "{line}")?;
        Ok(())
    }

    fn line(&mut self) -> Result<String, AnyError> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One node, for this program's own use.
pub(crate) fn node(events: usize) -> Result<(), AnyError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rate = runtime.block_on(flooded(events))?;
    println!("{rate:.0}");
    Ok(())
}

async fn flooded(events: usize) -> Result<f64, AnyError> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let (go, going) = channel();
    let server = std::thread::spawn(move || flood(&listener, &going, events));
    let (port, stop) = linked(&address, None).await?;
    let key = |number: usize| format!("{}:{}", crate::centre::PAIR, 100_000 + number).parse();
    let last = key(AGENTS - 1)?;
    let state = || port.live(&last).map(|live| live.state);
    until("the first events", || state().is_some()).await?;
    println!("ready");
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    let began = Instant::now();
    go.send(())?;
    // The last event of the flood alone says this.
    let over = || state() == Some(PresenceState::Reserved);
    let deadline = began + Duration::from_secs(120);
    let mut watch = port.watch_live(&last);
    while !over() {
        if Instant::now() > deadline {
            return Err("the flood never ended".into());
        }
        let _ = tokio::time::timeout(Duration::from_secs(1), watch.changed()).await;
    }
    let rate = events as f64 / began.elapsed().as_secs_f64();
    stop.send_replace(true);
    server.join().map_err(|_| "the server failed")??;
    Ok(rate)
}

fn flood(listener: &TcpListener, going: &Receiver<()>, events: usize) -> Result<(), AnyError> {
    let (mut stream, _) = listener.accept()?;
    let version = ProtocolVersion::new(24).ok_or("version 24")?;
    let framing = Framing::new(version, Dialect::Enterprise);
    open(&mut stream, &framing)?;
    {
        let mut answering = stream.try_clone()?;
        std::thread::spawn(move || answer_heartbeats(&mut answering, &framing));
    }
    let round = |state| -> Result<Vec<u8>, AnyError> {
        let mut bytes = Vec::new();
        for number in 0..AGENTS {
            bytes.extend(encode(&framing, &event(number, state, 0))?);
        }
        Ok(bytes)
    };
    let (not_ready, ready) = (round(AgentState::NotReady)?, round(AgentState::Available)?);
    stream.write_all(&ready)?;
    going.recv()?;
    for count in 0..(events / AGENTS).saturating_sub(1) {
        stream.write_all(if count % 2 == 0 { &not_ready } else { &ready })?;
    }
    stream.write_all(&round(AgentState::Reserved)?)?;
    Ok(())
}
