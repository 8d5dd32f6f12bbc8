//! Two nodes, some agents, and what they do to each other.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use domain::settings::{Agent, Documents, Reason};
use domain::{
    AgentCommand, AgentKey, CallDirection, Command, Input, InputId, ReasonCategory, ReasonCode,
    Reply, Settings, SignIn, SignInOn, SignedOutBy, Timestamp, Wish,
};
use engine::testing::SeededRandom;
use engine::{Clock, Engine, EngineOptions, Metrics, Outcome, SealingKeys};
use store::{MemoryStore, Store};
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::chaos::ChaosStore;

const AGENTS: [&str; 5] = ["1001", "1002", "1003", "1004", "1005"];
/// Fewer lines than agents, so that they compete.
const LINES: [&str; 4] = ["2001", "2002", "2003", "2004"];
const NODES: [&str; 2] = ["gw-a.example", "gw-b.example"];
const ROUNDS: u64 = 60;

/// The time of day, following the runtime's own.
pub(crate) struct RuntimeClock(pub(crate) Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000).after(self.0.elapsed())
    }
}

/// A node that runs, until it is killed.
struct Node {
    engine: Arc<Engine>,
    calm: Arc<AtomicBool>,
    /// Wakes its listeners in order, which a `watch` does not.
    died: Arc<Notify>,
}

/// The nodes, and what they are made of.
struct Cluster {
    store: Arc<MemoryStore>,
    clock: Arc<RuntimeClock>,
    random: SeededRandom,
    nodes: RefCell<Vec<Node>>,
    late: Arc<AtomicU64>,
    interrupted: Cell<u64>,
}

/// An input that was acknowledged.
pub(crate) struct Acknowledged {
    pub(crate) command: Command,
    /// All that was replied, in order.
    pub(crate) replies: Vec<Reply>,
}

type Acknowledgements = Rc<RefCell<BTreeMap<InputId, Acknowledged>>>;

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) acknowledged: Acknowledgements,
    cluster: Rc<Cluster>,
    random: SeededRandom,
}

/// How often the seed found a gap to put something into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gaps {
    /// Inputs that were in hand when their node was killed.
    pub(crate) interrupted: u64,
    /// Commits that were done after their node had given up waiting.
    pub(crate) late: u64,
}

impl World {
    pub(crate) async fn new(seed: u64) -> Self {
        let store = Arc::new(MemoryStore::new());
        let random = SeededRandom::new(seed);
        let cluster = Rc::new(Cluster {
            store: Arc::clone(&store),
            clock: Arc::new(RuntimeClock(Instant::now())),
            random: SeededRandom::new(random.next()),
            nodes: RefCell::default(),
            late: Arc::default(),
            interrupted: Cell::new(0),
        });
        for number in 0..NODES.len() {
            let node = cluster.start(number).await;
            cluster.nodes.borrow_mut().push(node);
        }
        let world = Self { seed, store, acknowledged: Rc::default(), cluster, random };
        let command =
            Command::ApplySettings { documents: Documents(settings(20).documents()), source: None };
        let input = Input::command(InputId::new("settings", "first"), command);
        world.nodes()[0].submit(input).await.unwrap();
        world
    }

    /// Agents wish, nodes die.
    pub(crate) async fn live(&mut self) {
        self.be_calm(false);
        for round in 0..ROUNDS {
            let local = LocalSet::new();
            for (number, agent) in AGENTS.iter().enumerate() {
                let actor = SeededRandom::new(self.random.next());
                let cluster = Rc::clone(&self.cluster);
                let acknowledged = Rc::clone(&self.acknowledged);
                let name = format!("{round}/{number}");
                local.spawn_local(act(actor, cluster, agent, name, acknowledged));
            }
            if self.below(6) == 0 {
                let number = usize::try_from(self.below(2)).unwrap();
                let after = Duration::from_micros(self.below(150_000));
                local.spawn_local(kill(Rc::clone(&self.cluster), number, after));
            }
            local.await;
            tokio::time::sleep(Duration::from_millis(self.below(8_000))).await;
        }
    }

    /// The faults end and everything that is due gets done.
    pub(crate) async fn rest(&mut self) {
        self.be_calm(true);
        tokio::time::sleep(Duration::from_secs(120)).await;
    }

    pub(crate) async fn end(self) -> Gaps {
        for node in self.nodes() {
            node.close().await;
        }
        let late = self.cluster.late.load(Ordering::Relaxed);
        Gaps { interrupted: self.cluster.interrupted.get(), late }
    }

    pub(crate) fn nodes(&self) -> Vec<Arc<Engine>> {
        self.cluster.nodes.borrow().iter().map(|node| Arc::clone(&node.engine)).collect()
    }

    fn be_calm(&self, calm: bool) {
        for node in &*self.cluster.nodes.borrow() {
            node.calm.store(calm, Ordering::Release);
        }
    }

    fn below(&self, bound: u64) -> u64 {
        self.random.next() % bound
    }
}

impl Cluster {
    /// A new node on a network that works.
    async fn start(&self, number: usize) -> Node {
        let calm = Arc::new(AtomicBool::new(true));
        let network = ChaosStore::new(
            Arc::clone(&self.store),
            self.random.next(),
            Arc::clone(&calm),
            Arc::clone(&self.late),
        );
        let store: Arc<dyn Store> = Arc::new(network);
        let options = EngineOptions {
            store,
            clock: self.clock.clone(),
            random: Arc::new(SeededRandom::new(self.random.next())),
            sealing: Arc::new(SealingKeys::single([1; 32])),
            node: NODES[number].parse().unwrap(),
            metrics: Metrics::new(),
        };
        let engine = Engine::open(options).await.unwrap();
        Node { engine, calm, died: Arc::default() }
    }

    /// Submits on that node; what is in hand there when it is killed is dropped with it.
    async fn submit(&self, number: usize, input: Input) -> Option<Outcome> {
        let (engine, died) = {
            let nodes = self.nodes.borrow();
            (Arc::clone(&nodes[number].engine), Arc::clone(&nodes[number].died))
        };
        tokio::select! {
            biased;
            () = died.notified() => {
                self.interrupted.set(self.interrupted.get() + 1);
                None
            }
            outcome = engine.submit(input) => outcome.ok(),
        }
    }
}

/// Kills a node in the middle of whatever it does, and starts it anew on the same store.
async fn kill(cluster: Rc<Cluster>, number: usize, after: Duration) {
    tokio::time::sleep(after).await;
    {
        let nodes = cluster.nodes.borrow();
        nodes[number].engine.abandon();
        nodes[number].died.notify_waiters();
    }
    let node = cluster.start(number).await;
    node.calm.store(false, Ordering::Release);
    cluster.nodes.borrow_mut()[number] = node;
}

/// One agent's doings in one round.
async fn act(
    random: SeededRandom,
    cluster: Rc<Cluster>,
    agent: &str,
    name: String,
    acknowledged: Acknowledgements,
) {
    for step in 0..3 {
        let command = any_command(&random, agent);
        let id = InputId::new("act", format!("{name}/{step}"));
        let input = Input::command(id.clone(), command.clone());
        // The same input may arrive more than once, at either node.
        for _ in 0..=random.next() % 3 {
            let node = usize::try_from(random.next() % 2).unwrap();
            let patience = Duration::from_micros(random.next() % 200_000);
            let submitted = cluster.submit(node, input.clone());
            let outcome = match random.next().is_multiple_of(6) {
                true => tokio::time::timeout(patience, submitted).await.ok().flatten(),
                false => submitted.await,
            };
            if let Some(Outcome::Done(reply)) = outcome {
                let mut acknowledged = acknowledged.borrow_mut();
                let entry = acknowledged.entry(id.clone());
                let command = command.clone();
                entry.or_insert(Acknowledged { command, replies: Vec::new() }).replies.push(reply);
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
                agent: AgentKey::owned(agent.parse().unwrap()),
                extension: LINES[pick(LINES.len())].parse().unwrap(),
                device: None,
                mobile: None,
                on: SignInOn::Local,
                node: NODES[pick(2)].parse().unwrap(),
                verifier: None,
                follows: None,
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
        8 => Wish::CallEnds { id: None },
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

pub(crate) fn settings(wrap_up_seconds: u32) -> Settings {
    let mut settings = Settings::default();
    let agents = AGENTS.map(|id| Agent {
        id: id.parse().unwrap(),
        name: None,
        team: None,
        pair: None,
        extension: None,
        roles: Vec::new(),
        alias: None,
        skills: BTreeMap::new(),
        origin: None,
        password_hash: None,
        pin_hash: None,
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
