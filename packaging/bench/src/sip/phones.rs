//! Ten thousand phones over TLS, one connection each: what each takes of memory, and how soon all are back.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::node::Node;
use super::{DOMAIN, FIRST, PASSWORD};
use crate::demand::Demand;
use crate::gateway::peers_program;
use crate::{AnyError, Missed};

const MEMORY: Demand = Demand::AtMost(40.0);
const BACK: Demand = Demand::AtMost(60.0);
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(240);

pub(crate) fn run(quick: bool) -> Result<Missed, AnyError> {
    let count = if quick { 500 } else { super::PHONES };
    let mut node = Node::start(count)?;
    let before = node.resident_megabytes()?;
    let spent_before = node.cpu_seconds()?;
    let load = Load::start(&node, count)?;
    let registered = load.wait("all_registered")?;
    let with = node.resident_megabytes()?;
    let each = (with - before) * 1024.0 / count as f64;
    let spent = (node.cpu_seconds()? - spent_before) * 1e6 / count as f64;
    println!("sip: {count} phones over TLS, memory of each   {each:>11.1} KB ({MEMORY})");
    println!("sip: resident without and with them          {before:>6.1} and {with:.1} MB");
    println!("sip: their first registrations, CPU of each  {spent:>11.1} us");
    if let Some(refused) = registered.get("refused").filter(|it| it.as_u64() != Some(0)) {
        println!("sip: refused meanwhile                       {refused:>11}");
    }
    let begun = Instant::now();
    node.restart()?;
    let up = begun.elapsed().as_secs_f64();
    load.wait("all_back")?;
    let back = begun.elapsed().as_secs_f64();
    println!("sip: killed and started again after          {up:>11.1} s");
    println!("sip: all registered again after              {back:>11.1} s ({BACK})");
    let missed = [
        MEMORY.missed("sip: memory of a phone over TLS in KB", each),
        BACK.missed("sip: seconds until all phones are back", back),
    ];
    Ok(missed.into_iter().flatten().collect())
}

/// The simulated phones as a process of their own.
struct Load {
    child: Child,
    lines: Receiver<Value>,
}

impl Load {
    fn start(node: &Node, phones: usize) -> Result<Self, AnyError> {
        let mut child = Command::new(peers_program()?)
            .args(["sip-load", "--server", &node.tls.to_string(), "--transport", "tls"])
            .args(["--domain", DOMAIN, "--phones", &phones.to_string(), "--losses", "1"])
            .args(["--first", &FIRST.to_string(), "--user", "{n}", "--password", PASSWORD])
            .args(["--rate", "250", "--patience", "200"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let values = BufReader::new(output).lines().map_while(Result::ok);
            for value in values.filter_map(|line| serde_json::from_str(&line).ok()) {
                if sender.send(value).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, lines })
    }

    /// Waits for that to have happened.
    fn wait(&self, event: &str) -> Result<Value, AnyError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line: Value = self.lines.recv_timeout(left)?;
            match line.get("event").and_then(Value::as_str) {
                Some(it) if it == event => return Ok(line),
                Some("total") => return Err(format!("no {event}: {line}").into()),
                _ => {}
            }
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
