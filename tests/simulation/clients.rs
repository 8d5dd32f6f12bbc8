//! Two nodes, and agents whose desktop clients connect to either, move, stay away and sign in again, while
//! nodes are killed or cut off from the store. By its seed the world has a contact centre or none.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::settings::Documents;
use domain::{
    AgentKey, AgentSession, Ask, Command, Document, Input, InputId, Key, NodeName, Timestamp,
};
use engine::testing::{PlainAuthenticator, SeededRandom};
use engine::{Clock as _, Engine, EngineOptions, Metrics, Port, SealingKeys};
use store::{Cursor, Load, LogEntry, LogPage, MemoryStore, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::agreement;
use crate::centre::{Centre, Record};
use crate::chaos::ChaosStore;
use crate::elsewhere::SignedIn;
use crate::holder::{Holder, pair};
use crate::ledger::{Absences, Ledger};
use crate::person::Person;
use crate::world::RuntimeClock;

const AGENTS: [&str; 3] = ["1001", "1002", "1003"];
const NODES: [&str; 2] = ["gw-a.example", "gw-b.example"];
/// How long all of it goes on.
const LASTS: Duration = Duration::from_secs(900);

/// A node that runs, until it is killed.
struct Node {
    engine: Arc<Engine>,
    port: Port,
    calm: Arc<AtomicBool>,
    cut: Arc<AtomicBool>,
    /// Its link and the keeper of what it owes; they die with it.
    tasks: JoinSet<()>,
    _stop: watch::Sender<bool>,
}

/// What persons act on.
pub(crate) struct Cluster {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) centre: Arc<Centre>,
    pub(crate) ledger: Ledger,
    pub(crate) has_centre: bool,
    /// Sign-ins that were acknowledged.
    pub(crate) signed_in: Mutex<Vec<SignedIn>>,
    pub(crate) attempts: AtomicU64,
    clock: Arc<RuntimeClock>,
    random: SeededRandom,
    /// None while it is down.
    nodes: Mutex<[Option<Node>; 2]>,
    killed: AtomicU64,
}

/// The whole.
pub(crate) struct World {
    seed: u64,
    cluster: Arc<Cluster>,
}

impl World {
    pub(crate) async fn new(seed: u64) -> Self {
        let start = Instant::now();
        let random = SeededRandom::new(seed);
        let centre = Centre::new(random.next(), seed % 4 < 3, seed.is_multiple_of(3), start);
        for agent in AGENTS {
            centre.hire(agent.parse().unwrap());
        }
        let cluster = Arc::new(Cluster {
            store: Arc::new(MemoryStore::new()),
            centre,
            ledger: Ledger::default(),
            has_centre: seed.is_multiple_of(2),
            signed_in: Mutex::default(),
            attempts: AtomicU64::new(0),
            clock: Arc::new(RuntimeClock(start)),
            random,
            nodes: Mutex::default(),
            killed: AtomicU64::new(0),
        });
        for number in 0..NODES.len() {
            cluster.start(number).await;
        }
        let settings = match cluster.has_centre {
            true => crate::elsewhere::settings(),
            false => crate::world::settings(0),
        };
        let documents = Documents(settings.documents());
        let command = Command::ApplySettings { documents, source: None };
        let input = Input::command(InputId::new("settings", "first"), command);
        cluster.port(0).unwrap().1.submit(input).await.unwrap();
        Self { seed, cluster }
    }

    /// All of it, with what was met.
    pub(crate) async fn play(self) -> Absences {
        self.cluster.be_calm(false);
        let until = self.cluster.now().after(LASTS);
        let mut persons = JoinSet::new();
        for agent in AGENTS {
            let cluster = Arc::clone(&self.cluster);
            let random = SeededRandom::new(cluster.random.next());
            persons.spawn(Person::new(cluster, agent, random).live(until));
        }
        let watched = tokio::spawn(watch_sessions(self.seed, Arc::clone(&self.cluster)));
        while self.cluster.now() < until {
            self.something_fails().await;
        }
        // What they hold then they keep.
        let mut kept = Vec::new();
        while let Some(person) = persons.join_next().await {
            kept.push(person.unwrap());
        }
        self.cluster.be_calm(true);
        tokio::time::sleep(Duration::from_secs(180)).await;
        assert!(!watched.is_finished(), "seed {}: {:?}", self.seed, watched.await);
        watched.abort();
        self.check().await
    }

    /// One thing at a time, so that one node is always there to notice.
    async fn something_fails(&self) {
        let cluster = &self.cluster;
        tokio::time::sleep(Duration::from_micros(cluster.below(40_000_000))).await;
        let number = usize::try_from(cluster.below(2)).unwrap();
        match cluster.below(5) {
            0 => {
                cluster.kill(number);
                cluster.start(number).await;
            }
            1 => {
                cluster.kill(number);
                // At times longer than anybody waits for a client that was connected to it.
                let longest = [20, 200][usize::try_from(cluster.below(2)).unwrap()] * 1_000_000;
                tokio::time::sleep(Duration::from_micros(cluster.below(longest))).await;
                cluster.start(number).await;
            }
            2 | 3 => {
                let lasts = Duration::from_micros(cluster.below(30_000_000));
                let now = cluster.now();
                cluster.ledger.cut(now, &NODES[number].parse().unwrap(), now.after(lasts));
                cluster.cut(number, true);
                tokio::time::sleep(lasts).await;
                cluster.cut(number, false);
            }
            _ => cluster.centre.lose_one(),
        }
    }

    async fn check(&self) -> Absences {
        let (seed, cluster) = (self.seed, &self.cluster);
        let sessions = cluster.sessions().await;
        let log = cluster.log().await;
        let (mut met, forced) = cluster.ledger.nobody_was_forced_out_wrongly(seed, &sessions, &log);
        met.killed = usize::try_from(cluster.killed.load(Ordering::Relaxed)).unwrap();
        for session in sessions.values() {
            cluster.ledger.session_is_right(seed, session);
            for number in 0..NODES.len() {
                let port = cluster.port(number).unwrap().1;
                let shown = port.session_of(&session.agent).await.unwrap();
                assert_eq!(shown.as_deref(), Some(session), "seed {seed}");
            }
        }
        let end_of_time = Timestamp::from_microseconds(i64::MAX);
        let wakes = cluster.store.due_wakes(end_of_time, 100).await.unwrap().due;
        assert_eq!(wakes, [], "seed {seed}: timers are left over");
        let (record, signed_in) = (cluster.centre.record(), cluster.signed_in.lock().unwrap());
        agreement::sign_outs_hit_no_newer_session(seed, &record, &signed_in);
        for entry in &record {
            let Record::OwedArrived { agent, generation, reason } = entry else { continue };
            if forced.contains(&(key(agent.as_str(), true), *generation)) {
                assert_eq!(*reason, domain::ReasonCode(255), "seed {seed}: {entry:?}");
                met.arrived += 1;
            }
        }
        met
    }
}

impl Cluster {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A node that is there, and its number.
    pub(crate) fn any_port(&self, random: &SeededRandom) -> Option<(usize, Port)> {
        let number = usize::try_from(random.next() % 2).unwrap();
        let is_cut = |number: usize| {
            let nodes = self.nodes.lock().unwrap();
            nodes[number].as_ref().is_none_or(|node| node.cut.load(Ordering::Acquire))
        };
        [number, 1 - number].into_iter().find(|it| !is_cut(*it)).and_then(|it| self.port(it))
    }

    /// That node, where it is there.
    pub(crate) fn port(&self, number: usize) -> Option<(usize, Port)> {
        let nodes = self.nodes.lock().unwrap();
        Some((number, nodes[number].as_ref()?.port.clone()))
    }

    pub(crate) fn node(number: usize) -> NodeName {
        NODES[number].parse().unwrap()
    }

    pub(crate) fn key(&self, agent: &str) -> AgentKey {
        key(agent, self.has_centre)
    }

    async fn start(&self, number: usize) {
        let calm = Arc::new(AtomicBool::new(true));
        let cut = Arc::new(AtomicBool::new(false));
        let inner = Arc::clone(&self.store);
        let chaos = ChaosStore::new(inner, self.random.next(), Arc::clone(&calm), Arc::default());
        let store: Arc<dyn Store> = Arc::new(chaos.with_cut(Arc::clone(&cut)));
        let options = EngineOptions {
            store,
            clock: self.clock.clone(),
            random: Arc::new(SeededRandom::new(self.random.next())),
            sealing: Arc::new(SealingKeys::single([1; 32])),
            node: Self::node(number),
            metrics: Metrics::new(),
        };
        let engine = Engine::open(options).await.unwrap();
        let port = engine.port(Arc::new(PlainAuthenticator));
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        if self.has_centre {
            let holder = Holder {
                owner: port.own(&pair()),
                centre: Arc::clone(&self.centre),
                store: Arc::clone(&self.store),
                random: SeededRandom::new(self.random.next()),
            };
            tasks.spawn(holder.run());
            tasks.spawn(cti::keep_owed_sign_outs(port.clone(), pair(), stopped));
        }
        let is_calm = self.is_calm();
        calm.store(is_calm, Ordering::Release);
        let node = Node { engine, port, calm, cut, tasks, _stop: stop };
        self.nodes.lock().unwrap()[number] = Some(node);
    }

    /// Kills a node in the middle of whatever it does; connections end with it.
    fn kill(&self, number: usize) {
        let Some(mut node) = self.nodes.lock().unwrap()[number].take() else { return };
        node.engine.abandon();
        node.tasks.abort_all();
        let ended = self.ledger.kill(self.now(), &Self::node(number));
        self.killed.fetch_add(u64::try_from(ended).unwrap(), Ordering::Relaxed);
    }

    fn cut(&self, number: usize, is_cut: bool) {
        if let Some(node) = &self.nodes.lock().unwrap()[number] {
            node.cut.store(is_cut, Ordering::Release);
        }
    }

    fn be_calm(&self, calm: bool) {
        self.centre.be_calm(calm);
        for node in self.nodes.lock().unwrap().iter().flatten() {
            node.calm.store(calm, Ordering::Release);
        }
    }

    fn is_calm(&self) -> bool {
        let nodes = self.nodes.lock().unwrap();
        nodes.iter().flatten().all(|node| node.calm.load(Ordering::Acquire))
    }

    /// What the store holds.
    async fn sessions(&self) -> BTreeMap<AgentKey, AgentSession> {
        let mut sessions = BTreeMap::new();
        for agent in AGENTS {
            let asks = vec![Ask::Document(Key::session(&self.key(agent)))];
            let load = Load { asks, input: None };
            let kept = self.store.load(load).await.unwrap().documents.pop().unwrap().1;
            if let Some(Document::Session(session)) = kept.map(|loaded| loaded.document) {
                sessions.insert(session.agent.clone(), session);
            }
        }
        sessions
    }

    async fn log(&self) -> Vec<LogEntry> {
        let start = Cursor { epoch: 1, number: 0 };
        match self.store.read_log(start, 100_000).await.unwrap() {
            LogPage::Lines(lines) => lines,
            LogPage::Restarted(_) => panic!("restarted"),
        }
    }

    fn below(&self, bound: u64) -> u64 {
        self.random.next() % bound
    }
}

/// Looks every second, not only at the end.
async fn watch_sessions(seed: u64, cluster: Arc<Cluster>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for session in cluster.sessions().await.values() {
            cluster.ledger.nobody_is_overdue(seed, cluster.now(), session);
        }
    }
}

fn key(agent: &str, has_centre: bool) -> AgentKey {
    let id = agent.parse().unwrap();
    if has_centre { AgentKey { pair: pair(), id } } else { AgentKey::owned(id) }
}
