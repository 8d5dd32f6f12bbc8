//! Two nodes and one contact-centre server that owns voice state: sign-ins on one node race with
//! forced sign-outs of the other.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::settings::{CtiDialect, CtiPair, CtiSessions, Documents, Reason};
use domain::{
    AgentCommand, AgentId, AgentKey, Command, Input, InputId, PhoneProof, ReasonCategory,
    ReasonCode, Secret, Settings, SignInOn, SignedOutBy, Wish,
};
use engine::testing::{PlainAuthenticator, SeededRandom};
use engine::{Engine, EngineOptions, Metrics, Port, SealingKeys, SignInAnswer, SignInAttempt};
use store::{MemoryStore, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::centre::Centre;
use crate::chaos::ChaosStore;
use crate::holder::{Holder, pair};
use crate::world::RuntimeClock;

const AGENTS: [&str; 3] = ["1001", "1002", "1003"];
const NODES: [&str; 2] = ["gw-a.example", "gw-b.example"];
/// Fewer than agents, so that some sign-ins are taken back.
const SCREENS: [&str; 2] = ["SEPAAAAAAAAAAA1", "SEPAAAAAAAAAAA2"];
const ROUNDS: u64 = 25;
/// Why agents sign out by their own wish.
const OWN_WISH: ReasonCode = ReasonCode(5);

/// A sign-in that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) agent: AgentId,
    pub(crate) attempt: String,
    pub(crate) generation: u32,
    /// How much was on record at the server then, and whether the agent was signed on there.
    pub(crate) recorded: usize,
    pub(crate) is_signed_on: bool,
}

/// A node that runs, until it is killed.
struct Node {
    engine: Arc<Engine>,
    port: Port,
    calm: Arc<AtomicBool>,
    /// Its link and the keeper of what it owes; they die with it.
    tasks: JoinSet<()>,
    _stop: watch::Sender<bool>,
}

struct Cluster {
    store: Arc<MemoryStore>,
    centre: Arc<Centre>,
    clock: Arc<RuntimeClock>,
    random: SeededRandom,
    nodes: Mutex<Vec<Node>>,
    signed_in: Mutex<Vec<SignedIn>>,
    attempts: AtomicU64,
}

/// The whole.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) centre: Arc<Centre>,
    cluster: Arc<Cluster>,
}

impl World {
    pub(crate) async fn new(seed: u64) -> Self {
        let start = Instant::now();
        let store = Arc::new(MemoryStore::new());
        let random = SeededRandom::new(seed);
        let centre = Centre::new(random.next(), seed % 4 < 3, seed.is_multiple_of(2), start);
        for agent in AGENTS {
            centre.hire(agent.parse().unwrap());
        }
        let cluster = Arc::new(Cluster {
            store: Arc::clone(&store),
            centre: Arc::clone(&centre),
            clock: Arc::new(RuntimeClock(start)),
            random,
            nodes: Mutex::default(),
            signed_in: Mutex::default(),
            attempts: AtomicU64::new(0),
        });
        for number in 0..NODES.len() {
            let node = cluster.start(number).await;
            cluster.nodes.lock().unwrap().push(node);
        }
        let documents = Documents(settings().documents());
        let command = Command::ApplySettings { documents, source: None };
        let input = Input::command(InputId::new("settings", "first"), command);
        let world = Self { seed, store, centre, cluster };
        world.engines()[0].submit(input).await.unwrap();
        world
    }

    /// Agents sign in and out, links break, nodes die.
    pub(crate) async fn live(&self) {
        self.be_calm(false);
        for round in 0..ROUNDS {
            let mut doing = JoinSet::new();
            for (number, agent) in AGENTS.iter().enumerate() {
                for hand in 0..2 {
                    let random = SeededRandom::new(self.cluster.random.next());
                    let name = format!("{round}/{number}/{hand}");
                    doing.spawn(act(random, Arc::clone(&self.cluster), agent, name));
                }
            }
            match self.below(6) {
                0 => {
                    let number = usize::try_from(self.below(2)).unwrap();
                    tokio::time::sleep(Duration::from_micros(self.below(4_000_000))).await;
                    self.cluster.kill(number).await;
                }
                1 | 2 => {
                    tokio::time::sleep(Duration::from_micros(self.below(4_000_000))).await;
                    self.centre.lose_one();
                }
                _ => {}
            }
            while let Some(done) = doing.join_next().await {
                done.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(self.below(4_000))).await;
        }
    }

    /// The faults end and everything that is due gets done.
    pub(crate) async fn rest(&self) {
        self.be_calm(true);
        tokio::time::sleep(Duration::from_secs(180)).await;
    }

    pub(crate) fn engines(&self) -> Vec<Arc<Engine>> {
        let nodes = self.cluster.nodes.lock().unwrap();
        nodes.iter().map(|node| Arc::clone(&node.engine)).collect()
    }

    pub(crate) fn ports(&self) -> Vec<Port> {
        self.cluster.nodes.lock().unwrap().iter().map(|node| node.port.clone()).collect()
    }

    pub(crate) fn agents(&self) -> Vec<AgentKey> {
        AGENTS.iter().map(|agent| key(agent)).collect()
    }

    pub(crate) fn signed_in(&self) -> Vec<SignedIn> {
        self.cluster.signed_in.lock().unwrap().clone()
    }

    fn be_calm(&self, calm: bool) {
        self.centre.be_calm(calm);
        for node in &*self.cluster.nodes.lock().unwrap() {
            node.calm.store(calm, Ordering::Release);
        }
    }

    fn below(&self, bound: u64) -> u64 {
        self.cluster.random.next() % bound
    }
}

impl Cluster {
    async fn start(&self, number: usize) -> Node {
        let calm = Arc::new(AtomicBool::new(true));
        let inner = Arc::clone(&self.store);
        let chaos = ChaosStore::new(inner, self.random.next(), Arc::clone(&calm), Arc::default());
        let store: Arc<dyn Store> = Arc::new(chaos);
        let options = EngineOptions {
            store,
            clock: self.clock.clone(),
            random: Arc::new(SeededRandom::new(self.random.next())),
            sealing: Arc::new(SealingKeys::single([1; 32])),
            node: NODES[number].parse().unwrap(),
            metrics: Metrics::new(),
        };
        let engine = Engine::open(options).await.unwrap();
        let port = engine.port(Arc::new(PlainAuthenticator));
        let holder = Holder {
            owner: port.own(&pair()),
            centre: Arc::clone(&self.centre),
            store: Arc::clone(&self.store),
            random: SeededRandom::new(self.random.next()),
        };
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(holder.run());
        tasks.spawn(cti::keep_owed_sign_outs(port.clone(), pair(), stopped));
        Node { engine, port, calm, tasks, _stop: stop }
    }

    /// Kills a node in the middle of whatever it does, and starts it anew on the same store.
    async fn kill(&self, number: usize) {
        {
            let mut nodes = self.nodes.lock().unwrap();
            nodes[number].engine.abandon();
            nodes[number].tasks.abort_all();
        }
        let node = self.start(number).await;
        node.calm.store(false, Ordering::Release);
        self.nodes.lock().unwrap()[number] = node;
    }

    fn port(&self, number: usize) -> Port {
        self.nodes.lock().unwrap()[number].port.clone()
    }
}

/// Somebody acts for, or on, one agent.
async fn act(random: SeededRandom, cluster: Arc<Cluster>, agent: &'static str, name: String) {
    for step in 0..3 {
        let port = cluster.port(usize::try_from(random.next() % 2).unwrap());
        let name = format!("{name}/{step}");
        match random.next() % 10 {
            0..=3 => sign_in(&random, &cluster, &port, agent, &name).await,
            4..=6 => {
                // The code tells them apart at the server.
                let number = cluster.attempts.fetch_add(1, Ordering::AcqRel);
                let reason = Some(ReasonCode(u16::try_from(1_000 + number).unwrap()));
                let wish = Wish::ForceSignOut { reason, by: SignedOutBy::System };
                for _ in 0..=random.next() % 2 {
                    submit(&port, agent, &name, wish.clone()).await;
                }
            }
            7 => submit(&port, agent, &name, Wish::SignOut(Some(OWN_WISH))).await,
            8 => submit(&port, agent, &name, Wish::Ready).await,
            _ => {
                let signs_on = random.next().is_multiple_of(3);
                cluster.centre.at_the_desktop(&agent.parse().unwrap(), signs_on);
            }
        }
        tokio::time::sleep(Duration::from_micros(random.next() % 1_000_000)).await;
    }
}

async fn submit(port: &Port, agent: &str, name: &str, wish: Wish) {
    let command = AgentCommand { agent: key(agent), holder: None, seen_changes: None, wish };
    let input = Input::command(InputId::new("act", name), Command::Agent(command));
    // What came of it shows in what is so afterwards.
    let _ = port.submit(input).await;
}

async fn sign_in(
    random: &SeededRandom,
    cluster: &Arc<Cluster>,
    port: &Port,
    agent: &'static str,
    name: &str,
) {
    let number = cluster.attempts.fetch_add(1, Ordering::AcqRel);
    let attempt = format!("SEP{number:012}");
    let screen = SCREENS.get(usize::try_from(random.next() % 4).unwrap());
    let address = IpAddr::from([127, 0, 0, 1]);
    let on = screen.map_or(SignInOn::Local, |screen| SignInOn::Phone {
        device: screen.parse().unwrap(),
        proof: PhoneProof { cookie_digest: String::new(), address },
    });
    let asked = SignInAttempt {
        id: InputId::new("sign-in", name),
        account: agent.to_owned(),
        password: Secret::new("right"),
        extension: Some("2001".parse().unwrap()),
        device: Some(attempt.parse().unwrap()),
        mobile: None,
        on,
        source: address,
        surface: "simulation",
    };
    let (port, cluster) = (port.clone(), Arc::clone(cluster));
    // It goes on should the caller not wait.
    let mut signing_in = tokio::spawn(async move {
        let SignInAnswer::SignedIn { agent, session } = port.sign_in(asked).await else { return };
        let recorded = cluster.centre.record().len();
        let is_signed_on = cluster.centre.is_signed_on(&agent.id);
        let generation = session.generation;
        let done = SignedIn { agent: agent.id, attempt, generation, recorded, is_signed_on };
        cluster.signed_in.lock().unwrap().push(done);
    });
    let patience = Duration::from_micros(random.next() % 10_000_000);
    if random.next().is_multiple_of(4) {
        let _ = tokio::time::timeout(patience, &mut signing_in).await;
    } else {
        signing_in.await.unwrap();
    }
}

pub(crate) fn key(agent: &str) -> AgentKey {
    AgentKey { pair: pair(), id: agent.parse().unwrap() }
}

pub(crate) fn settings() -> Settings {
    let east = CtiPair {
        name: pair(),
        dialect: CtiDialect::Enterprise,
        side_a: "cti.example:42027".parse().unwrap(),
        side_b: None,
        version: 24,
        tag_width: None,
        peripheral_id: 1,
        client_id: "gateway".to_owned(),
        client_password: None,
        heartbeat_seconds: 5,
        reconnect_seconds: 300,
        request_seconds: 5,
        open_seconds: 5,
        sessions: CtiSessions::PerNode,
        logout_reason: 255,
        rmcm_user: None,
    };
    let shift = Reason {
        category: ReasonCategory::SignOut,
        code: OWN_WISH,
        label: "End of shift".into(),
        teams: Vec::new(),
    };
    Settings {
        cti_pairs: Arc::new(BTreeMap::from([(pair(), Arc::new(east))])),
        reasons: Arc::new(BTreeMap::from([((shift.category, shift.code), Arc::new(shift))])),
        ..Settings::default()
    }
}
