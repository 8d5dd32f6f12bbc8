//! Agents' clients: each acts on any node that serves, one thing after the other, and keeps what it was
//! told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use databases::eventually;
use engine::testing::SeededRandom;
use serde_json::{Value, json};

use crate::ledger::{Act, Deed, Told};
use crate::machines::{Cluster, Node, REASONS, agent};

/// People are no faster, and the machine has other work too.
const PACE: Duration = Duration::from_millis(5);

/// Longer than others wait before they take over.
const A_WHILE: Duration = Duration::from_secs(9);

/// What a client remembers from one round to the next.
pub(crate) struct Clients {
    random: SeededRandom,
    clients: Vec<Client>,
}

struct Client {
    agent: String,
    number: usize,
    random: SeededRandom,
    next: u64,
}

/// What all clients did together so far.
#[derive(Default)]
pub(crate) struct Progress {
    done: AtomicU64,
    staying: AtomicBool,
}

/// What clients did in one round.
pub(crate) struct Acted {
    pub(crate) acts: BTreeMap<String, Vec<Act>>,
    pub(crate) longest_wait: Duration,
}

impl Progress {
    /// From now on half of the agents stay where they are signed in.
    pub(crate) fn let_agents_stay(&self) {
        self.staying.store(true, Ordering::Release);
    }

    /// Waits until so many more acts were acknowledged.
    pub(crate) fn wait_for_done(&self, more: u64) {
        let target = self.done.load(Ordering::Acquire) + more;
        eventually("acts that are acknowledged", || {
            (self.done.load(Ordering::Acquire) >= target).then_some(())
        });
    }

    /// Waits for so many more acts, and not for long where nothing can be done.
    pub(crate) fn wait_a_while_for_done(&self, more: u64) {
        let target = self.done.load(Ordering::Acquire) + more;
        let deadline = Instant::now() + A_WHILE;
        while self.done.load(Ordering::Acquire) < target && Instant::now() < deadline {
            std::thread::sleep(PACE);
        }
    }
}

impl Clients {
    pub(crate) fn new(count: usize, seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        let clients = (0..count).map(|number| Client {
            agent: agent(number),
            number,
            random: SeededRandom::new(random.next()),
            next: 0,
        });
        Self { clients: clients.collect(), random }
    }

    pub(crate) fn agents(&self) -> Vec<String> {
        self.clients.iter().map(|client| client.agent.clone()).collect()
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.random.next() % bound
    }

    /// All of them act while `during` goes on.
    pub(crate) fn act_while<T>(
        &mut self,
        cluster: &Cluster,
        during: impl FnOnce(&Progress) -> T,
    ) -> (Acted, T) {
        let (progress, ended) = (Progress::default(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .clients
                .iter_mut()
                .map(|client| {
                    let (progress, ended) = (&progress, &ended);
                    scope.spawn(move || client.act(cluster, progress, ended))
                })
                .collect();
            // However that ends, the clients must, or nothing would.
            let end = End(&ended);
            let done = during(&progress);
            drop(end);
            let mut acted = Acted { acts: BTreeMap::new(), longest_wait: Duration::ZERO };
            for thread in threads {
                let (agent, acts, wait) = thread.join().unwrap();
                acted.acts.insert(agent, acts);
                acted.longest_wait = acted.longest_wait.max(wait);
            }
            (acted, done)
        })
    }
}

struct End<'e>(&'e AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Client {
    fn act(
        &mut self,
        cluster: &Cluster,
        progress: &Progress,
        ended: &AtomicBool,
    ) -> (String, Vec<Act>, Duration) {
        let (mut acts, mut longest_wait) = (Vec::new(), Duration::ZERO);
        let mut known: Option<String> = None;
        while !ended.load(Ordering::Acquire) {
            std::thread::sleep(PACE);
            let state = known.take().unwrap_or_else(|| cluster.record.state(&self.agent));
            let stays = self.number.is_multiple_of(2) && progress.staying.load(Ordering::Acquire);
            let Some((deed, request)) = self.next_act(&state, stays) else { continue };
            let nodes = cluster.serving();
            if nodes.is_empty() {
                continue;
            }
            let node = nodes[self.below(nodes.len())];
            let began = Instant::now();
            let (told, state) = ask(node, request);
            longest_wait = longest_wait.max(began.elapsed());
            known = state;
            acts.push(Act { deed, told });
            if told == Told::Done {
                progress.done.fetch_add(1, Ordering::AcqRel);
            }
        }
        (self.agent.clone(), acts, longest_wait)
    }

    /// What an agent in that state does next; nothing while a wrap-up lasts, which a timer ends.
    fn next_act(&mut self, state: &str, stays: bool) -> Option<(Deed, Value)> {
        self.next += 1;
        let code = u16::try_from(self.next % u64::from(REASONS)).unwrap() + 1;
        let agent = self.agent.clone();
        let deed = match (state, self.below(12)) {
            ("signed_out", _) => Deed::SignIn,
            ("not_ready", 0) if !stays => Deed::SignIn,
            ("not_ready" | "ready", 1) if !stays => Deed::SignOut(code),
            ("ready", 2) => Deed::CallBegins,
            ("ready", _) | ("not_ready", 2..=6) => Deed::NotReady(code),
            ("not_ready", _) => Deed::Ready,
            ("talking", _) => Deed::CallEnds,
            _ => return None,
        };
        let state = |state: &str, reason: Option<u16>| {
            let mut request = json!({"do": "agent_state", "agent": agent, "state": state});
            if let Some(reason) = reason {
                request["reason"] = json!(reason);
            }
            request
        };
        let request = match deed {
            Deed::SignIn => {
                // Its own line, or one that another agent wants too.
                let extension = match self.below(2) {
                    0 => 3_000 + self.number,
                    _ => 4_000 + self.number / 2,
                };
                json!({"do": "agent_sign_in", "agent": agent, "extension": extension.to_string()})
            }
            Deed::Ready => state("ready", None),
            Deed::NotReady(code) => state("not_ready", Some(code)),
            Deed::SignOut(code) => state("signed_out", Some(code)),
            Deed::CallBegins => {
                let call = format!("call-{}", self.next);
                json!({"do": "call_begin", "agent": agent, "number": "1", "call": call})
            }
            Deed::CallEnds => json!({"do": "call_end", "agent": agent}),
        };
        Some((deed, request))
    }

    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.random.next() % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// What the client is told, and the state the agent is in by that.
fn ask(node: &Node, request: Value) -> (Told, Option<String>) {
    let Some(answer) = node.ask(request) else { return (Told::Nothing, None) };
    if let Some(state) = answer["ok"]["state"].as_str() {
        return (Told::Done, Some(state.to_owned()));
    }
    let code = answer["error"]["code"].as_str().unwrap();
    let unsure = ["busy", "stopping", "unknown", "unavailable", "unclear"].contains(&code);
    assert!(code != "malformed", "{answer}");
    (if unsure { Told::Nothing } else { Told::Refused }, None)
}
