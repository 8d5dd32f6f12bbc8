//! Two nodes, some agents, and what they do to each other.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::settings::{Agent, Documents, Reason};
use domain::{
    AgentCommand, AgentKey, CallDirection, Command, Input, InputId, ReasonCategory, ReasonCode,
    Reply, Settings, SignIn, SignInOn, SignedOutBy, Timestamp, Wish,
};
use engine::testing::SeededRandom;
use engine::{Clock, Engine, EngineOptions, Metrics, Outcome, SealingKey};
use store::{MemoryStore, Store};
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::chaos::ChaosStore;

const AGENTS: [&str; 5] = ["1001", "1002", "1003", "1004", "1005"];
/// Fewer lines than agents, so that they compete.
const LINES: [&str; 4] = ["2001", "2002", "2003", "2004"];
const NODES: [&str; 2] = ["gw-a.example", "gw-b.example"];
const ROUNDS: u64 = 60;

/// The time of day, following the runtime's own.
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000).after(self.0.elapsed())
    }
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) nodes: Vec<Arc<Engine>>,
    /// Inputs that were acknowledged, with all that was replied, in order.
    pub(crate) acknowledged: Rc<RefCell<BTreeMap<String, Vec<Reply>>>>,
    clock: Arc<RuntimeClock>,
    calm: Arc<AtomicBool>,
    random: SeededRandom,
}

impl World {
    pub(crate) async fn new(seed: u64) -> Self {
        let mut world = Self {
            seed,
            store: Arc::new(MemoryStore::new()),
            nodes: Vec::new(),
            acknowledged: Rc::default(),
            clock: Arc::new(RuntimeClock(Instant::now())),
            calm: Arc::new(AtomicBool::new(true)),
            random: SeededRandom::new(seed),
        };
        for number in 0..NODES.len() {
            let node = world.start(number).await;
            world.nodes.push(node);
        }
        let command =
            Command::ApplySettings { documents: Documents(settings(20).documents()), source: None };
        let input = Input::command(InputId::new("settings", "first"), command);
        world.nodes[0].submit(input).await.unwrap();
        world
    }

    /// Agents wish, nodes die.
    pub(crate) async fn live(&mut self) {
        self.calm.store(false, Ordering::Release);
        for round in 0..ROUNDS {
            let local = LocalSet::new();
            for (number, agent) in AGENTS.iter().enumerate() {
                let actor = SeededRandom::new(self.random.next());
                let nodes = self.nodes.clone();
                let acknowledged = Rc::clone(&self.acknowledged);
                let name = format!("{round}/{number}");
                local.spawn_local(act(actor, nodes, agent, name, acknowledged));
            }
            local.await;
            if self.below(8) == 0 {
                self.kill().await;
            }
            tokio::time::sleep(Duration::from_millis(self.below(8_000))).await;
        }
    }

    /// The faults end and everything that is due gets done.
    pub(crate) async fn rest(&mut self) {
        self.calm.store(true, Ordering::Release);
        tokio::time::sleep(Duration::from_secs(120)).await;
    }

    pub(crate) async fn end(self) {
        for node in self.nodes {
            node.close().await;
        }
    }

    /// Kills a node in the middle of whatever it does, and starts it anew.
    async fn kill(&mut self) {
        let number = usize::try_from(self.below(2)).unwrap();
        self.nodes[number].abandon();
        // It starts on a network that works; whatever was in hand is gone.
        self.calm.store(true, Ordering::Release);
        self.nodes[number] = self.start(number).await;
        self.calm.store(false, Ordering::Release);
    }

    async fn start(&self, number: usize) -> Arc<Engine> {
        let network =
            ChaosStore::new(Arc::clone(&self.store), self.random.next(), Arc::clone(&self.calm));
        let store: Arc<dyn Store> = Arc::new(network);
        let options = EngineOptions {
            store,
            clock: self.clock.clone(),
            random: Arc::new(SeededRandom::new(self.random.next())),
            sealing: Arc::new(SealingKey::new([1; 32])),
            node: NODES[number].parse().unwrap(),
            metrics: Metrics::new(),
        };
        Engine::open(options).await.unwrap()
    }

    fn below(&self, bound: u64) -> u64 {
        self.random.next() % bound
    }
}

/// One agent's doings in one round.
async fn act(
    random: SeededRandom,
    nodes: Vec<Arc<Engine>>,
    agent: &str,
    name: String,
    acknowledged: Rc<RefCell<BTreeMap<String, Vec<Reply>>>>,
) {
    for step in 0..3 {
        let input = Input::command(
            InputId::new("act", format!("{name}/{step}")),
            any_command(&random, agent),
        );
        // The same input may arrive more than once, at either node.
        for _ in 0..=random.next() % 3 {
            let node = usize::try_from(random.next() % 2).unwrap();
            let patience = Duration::from_micros(random.next() % 200_000);
            let submitted = nodes[node].submit(input.clone());
            let outcome = match random.next().is_multiple_of(6) {
                true => tokio::time::timeout(patience, submitted).await,
                false => Ok(submitted.await),
            };
            if let Ok(Ok(Outcome::Done(reply))) = outcome {
                let id = input.id.as_str().to_owned();
                acknowledged.borrow_mut().entry(id).or_default().push(reply);
            }
        }
        tokio::time::sleep(Duration::from_micros(random.next() % 50_000)).await;
    }
}

fn any_command(random: &SeededRandom, agent: &str) -> Command {
    let pick = |bound: usize| usize::try_from(random.next()).unwrap() % bound;
    let reason = random.next().is_multiple_of(2).then_some(ReasonCode(12));
    let wish = match random.next() % 12 {
        0..=2 => {
            return Command::SignIn(Box::new(SignIn {
                agent: agent.parse().unwrap(),
                extension: LINES[pick(LINES.len())].parse().unwrap(),
                device: None,
                mobile: None,
                on: SignInOn::Local,
                node: NODES[pick(2)].parse().unwrap(),
            }));
        }
        3 | 4 => Wish::Ready,
        5 => Wish::NotReady(reason),
        6 | 7 => Wish::CallBegins {
            id: random.next().to_string(),
            direction: CallDirection::Inbound,
            number: "1".into(),
            variables: Vec::new(),
        },
        8 => Wish::CallEnds,
        9 => Wish::SignOut(None),
        10 => Wish::ForceSignOut { reason, by: SignedOutBy::System },
        _ => {
            let wrap_up = u32::try_from(pick(3) * 10).unwrap();
            let documents = Documents(settings(wrap_up).documents());
            return Command::ApplySettings { documents, source: None };
        }
    };
    let agent = AgentKey::owned(agent.parse().unwrap());
    Command::Agent(AgentCommand { agent, holder: None, seen_changes: None, wish })
}

fn settings(wrap_up_seconds: u32) -> Settings {
    let mut settings = Settings::default();
    let agents = AGENTS.map(|id| Agent {
        id: id.parse().unwrap(),
        name: None,
        team: None,
        extension: None,
        roles: Vec::new(),
        password_hash: None,
    });
    settings.agents =
        Arc::new(agents.into_iter().map(|agent| (agent.id.clone(), Arc::new(agent))).collect());
    let lunch = Reason {
        category: ReasonCategory::NotReady,
        code: ReasonCode(12),
        label: "Lunch".into(),
        teams: Vec::new(),
    };
    settings.reasons = Arc::new(BTreeMap::from([((lunch.category, lunch.code), Arc::new(lunch))]));
    Arc::make_mut(&mut settings.voice).wrap_up_seconds = wrap_up_seconds;
    settings
}
