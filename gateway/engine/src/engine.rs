//! The engine: what it holds, how it is opened and closed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use domain::settings::PairOf;
use domain::{
    AgentId, AgentKey, AgentSession, Index, IndexRange, Key, Kind, NodeName, PairName, Presence,
    PresenceState, Refusal, SessionNumber, Settings, Timestamp,
};
use ring::hmac;
use store::{BATCH_BOUNDS, Cursor, Statistics, Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::channels::Channels;
use crate::clients::Clients;
use crate::growth::{Growth, StoreGrowth};
use crate::keeper::Believed;
use crate::lanes::Lanes;
use crate::live::Live;
use crate::maintenance::Maintenance;
use crate::metrics::{Counter, Gauge, Gauges, Histogram, ShownHistogram};
use crate::mirror::Mirror;
use crate::nodes::Nodes;
use crate::tasks::keep_running;
use crate::{Clock, Metrics, OpenError, Random, Recorder, SealingKeys, SubmitError};

/// How long a full line of commits may stand still and count as moving.
const LINE_MOVES: Duration = Duration::from_secs(1);

/// What an engine is made of.
pub struct EngineOptions {
    /// Where what we own is kept.
    pub store: Arc<dyn Store>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Opens and seals secrets.
    pub sealing: Arc<SealingKeys>,
    /// This node.
    pub node: NodeName,
    /// Where figures go.
    pub metrics: Metrics,
}

/// Whether the store does its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreState {
    /// It does.
    Working,
    /// It does not, since then, for that reason.
    Failing {
        /// Since when.
        since: Timestamp,
        /// Why, in words for an operator.
        why: String,
    },
}

/// The one way in.
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) sealing: Arc<SealingKeys>,
    pub(crate) node: NodeName,
    pub(crate) metrics: Metrics,
    pub(crate) lanes: Lanes,
    pub(crate) mirror: Mirror,
    pub(crate) live: Live,
    pub(crate) nodes: Nodes,
    pub(crate) clients: Clients,
    pub(crate) channels: Channels,
    pub(crate) recorder: Recorder,
    /// The epoch of the store as far as it was read.
    pub(crate) epoch: AtomicU64,
    pub(crate) wake_set: Notify,
    pub(crate) settings: RwLock<Arc<Settings>>,
    pub(crate) settings_number: watch::Sender<u64>,
    pub(crate) refreshing: tokio::sync::Mutex<()>,
    /// Held, after an input's own lane, from load to commit by those that write to the audit log: they would
    /// only find each other's head moved. Between nodes the head's guard decides.
    pub(crate) audit_head_turn: tokio::sync::Mutex<()>,
    /// Held while everything is read anew, since the store has another epoch.
    pub(crate) meeting: tokio::sync::Mutex<()>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) maintenance: Maintenance,
    pub(crate) identity: crate::identity::Identity,
    pub(crate) digital: crate::digital::Digital,
    own: Mutex<BTreeSet<Cursor>>,
    /// How far the log was followed.
    pub(crate) followed: Mutex<Cursor>,
    pub(crate) unreadable: Mutex<BTreeSet<Key>>,
    /// How far the time of day is believed.
    pub(crate) believed: Mutex<Believed>,
    store_state: Mutex<StoreState>,
    pub(crate) growth: Growth,
    root: Zeroizing<[u8; 32]>,
    tasks: Mutex<JoinSet<()>>,
    observing: Mutex<()>,
    figures: Figures,
}

struct Figures {
    sessions: Gauges,
    nodes: Gauges,
    clock_ahead: Gauge,
    queue_length: Gauge,
    batch_size: ShownHistogram,
    store: [StoreFigure; 2],
    transactions: [[Counter; 4]; 2],
    durations: [Histogram; 2],
}

/// What is asked of the store, for figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To read.
    Load,
    /// To keep a decision.
    Commit,
}

/// What came of it, for figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It was done.
    Done,
    /// A guard did not hold, or it was done before.
    Conflict,
    /// Nobody knows.
    Unknown,
    /// It was not done.
    Failed,
}

/// A counter and what it follows in the store's statistics.
struct StoreFigure {
    counter: Counter,
    read: fn(&Statistics) -> u64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "engine of {}", self.node)
    }
}

impl Engine {
    /// Reads settings, sessions and shared secrets from the store, making the secrets where there
    /// are none, and starts the engine's own tasks on the runtime it is called from.
    pub async fn open(options: EngineOptions) -> Result<Arc<Self>, OpenError> {
        let figures = Figures::new(&options.metrics);
        let growth = Growth::new(&options.metrics);
        let channels = Channels::new(&options.metrics);
        let recorder = Recorder::new(&options.metrics, Arc::clone(&options.clock));
        let now = options.clock.now();
        let mut run = [0; 8];
        if !options.random.fill(&mut run) {
            return Err(OpenError::NoRandomness);
        }
        let mut engine = Self {
            store: options.store,
            clock: options.clock,
            random: options.random,
            sealing: options.sealing,
            node: options.node,
            metrics: options.metrics,
            lanes: Lanes::default(),
            mirror: Mirror::default(),
            live: Live::default(),
            nodes: Nodes::new(u64::from_be_bytes(run)),
            clients: Clients::default(),
            channels,
            recorder,
            epoch: AtomicU64::new(0),
            wake_set: Notify::new(),
            settings: RwLock::default(),
            settings_number: watch::channel(0).0,
            refreshing: tokio::sync::Mutex::default(),
            audit_head_turn: tokio::sync::Mutex::default(),
            meeting: tokio::sync::Mutex::default(),
            stop: watch::channel(false).0,
            maintenance: Maintenance::default(),
            identity: crate::identity::Identity::default(),
            digital: crate::digital::Digital::default(),
            own: Mutex::default(),
            followed: Mutex::default(),
            unreadable: Mutex::default(),
            believed: Mutex::new(Believed::since(now)),
            store_state: Mutex::new(StoreState::Working),
            growth,
            root: Zeroizing::new([0; 32]),
            tasks: Mutex::default(),
            observing: Mutex::default(),
            figures,
        };
        engine.beat(true).await?;
        // Taken before anything is read: what is committed meanwhile is read twice, never missed.
        let cursor = engine.store.end_of_log().await?;
        engine.epoch = AtomicU64::new(cursor.epoch);
        engine.believed = Mutex::new(Believed::at_start(&engine).await?);
        engine.root = engine.open_root().await?;
        engine.load_everything().await.map_err(OpenError::reading)?;
        crate::keeper::look_at_size(&engine).await;
        let engine = Arc::new(engine);
        engine.start(cursor);
        Ok(engine)
    }

    /// Lets what is in hand finish, stops the tasks and closes the store.
    pub async fn close(&self) {
        self.stop.send_replace(true);
        let mut tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
        if !self.is_leaving() {
            self.leave().await;
        }
        self.store.close().await;
    }

    /// Stops at once, as a process that is killed: nothing is finished, nothing is closed.
    pub fn abandon(&self) {
        self.stop.send_replace(true);
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// This node.
    pub fn node(&self) -> &NodeName {
        &self.node
    }

    /// Now, by the clock handed in.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The settings in force.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The last minutes of every link's messages.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Whether this node refuses sign-ins.
    pub fn in_maintenance(&self) -> bool {
        self.maintenance.is_on()
    }

    /// Whether the store does its work.
    pub fn store_state(&self) -> StoreState {
        self.store_state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How large the store is and how fast it grows, as of the last minute.
    pub fn store_growth(&self) -> StoreGrowth {
        self.growth.latest()
    }

    /// How far the machine's clock is ahead of the store's, in whole seconds.
    pub fn clock_ahead_seconds(&self) -> i64 {
        self.clock.machine_ahead_seconds()
    }

    /// Whether anybody ever signed in, as far as that is kept.
    pub fn has_seen_a_session(&self) -> bool {
        self.mirror.has_any()
    }

    /// Figures of the store since it was opened.
    pub fn store_statistics(&self) -> Statistics {
        self.store.statistics()
    }

    /// Whether what writes in the store is at work, however that goes. It answers late or never
    /// where that hangs.
    pub async fn writer_answers(&self) -> bool {
        let batches = || {
            let statistics = self.store.statistics();
            (statistics.transactions, statistics.failures)
        };
        let before = batches();
        match self.store.answer().await {
            Err(StoreError::Closed | StoreError::Unknown) => false,
            // The line is full, which says nothing of whether it moves.
            Err(StoreError::Busy) => {
                tokio::time::sleep(LINE_MOVES).await;
                batches() != before
            }
            _ => true,
        }
    }

    /// The session of that number: what this node has seen, else what the store has.
    pub async fn session(
        &self,
        number: SessionNumber,
    ) -> Result<Option<Arc<AgentSession>>, SubmitError> {
        if let Some(session) = self.mirror.session(number) {
            return Ok(Some(session));
        }
        let range = IndexRange::exactly(Index::SessionByNumber, number.to_string(), 1);
        for key in self.keys(range).await? {
            self.see_session(&key).await?;
        }
        Ok(self.mirror.session(number))
    }

    /// The session of that agent: what this node has seen, else what the store has.
    pub async fn session_of(
        &self,
        agent: &AgentKey,
    ) -> Result<Option<Arc<AgentSession>>, SubmitError> {
        if let Some(session) = self.mirror.session_of(agent) {
            return Ok(Some(session));
        }
        self.see_session(&Key::session(agent)).await?;
        Ok(self.mirror.session_of(agent))
    }

    /// What a signed-in agent is doing, by whoever owns that; `None` where nobody is signed in.
    pub fn presence(&self, session: &AgentSession) -> Option<Presence> {
        let signed_in = session.signed_in()?;
        if let Some(owned) = Presence::owned(signed_in) {
            return Some(owned);
        }
        let live = self.live.value(&session.agent);
        Some(live.map_or_else(|| Presence::unknown(signed_in.at), |live| live.presence()))
    }

    /// The agent of that id: by the settings, else the one pair that is known to have it (CTI-10).
    pub fn agent_key(&self, id: &AgentId) -> Result<AgentKey, Refusal> {
        let key = |pair: PairName| AgentKey { pair, id: id.clone() };
        let settings = self.settings();
        match settings.pair_of(id) {
            PairOf::Owned if settings.agents.contains_key(id) => Ok(AgentKey::owned(id.clone())),
            PairOf::Owned => Err(Refusal::AgentUnknown),
            PairOf::One(pair) => Ok(key(pair)),
            PairOf::Unsettled(pairs) => {
                let known = |pair: &PairName| self.live.value(&key(pair.clone())).is_some();
                let mut pairs: Vec<_> = pairs.into_iter().filter(known).collect();
                match (pairs.pop(), pairs.is_empty()) {
                    (None, _) => Err(Refusal::AgentUnknown),
                    (Some(pair), true) => Ok(key(pair)),
                    (Some(pair), false) => {
                        pairs.push(pair);
                        Err(Refusal::SeveralPairs { pairs })
                    }
                }
            }
        }
    }

    /// Stands for this node in marks of pages.
    pub(crate) fn node_mark(&self) -> u8 {
        let bytes = self.node.as_str().bytes();
        bytes.fold(0x5a, |mark: u8, byte| mark.rotate_left(3) ^ byte)
    }

    /// A key derived from the secret that all nodes share.
    pub fn link_key(&self, purpose: &str) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.root.as_ref());
        let tag = hmac::sign(&key, purpose.as_bytes());
        let mut derived = [0; 32];
        derived.copy_from_slice(tag.as_ref());
        derived
    }

    /// Brings figures that are read rather than counted up to date.
    pub fn observe(&self) {
        // One at a time: what two add to a counter at once would count twice.
        let _observing = self.observing.lock().unwrap_or_else(PoisonError::into_inner);
        let statistics = self.store.statistics();
        for figure in &self.figures.store {
            let counted = figure.counter.value();
            figure.counter.add((figure.read)(&statistics).saturating_sub(counted));
        }
        self.recorder.sweep();
        self.figures.batch_size.set(&statistics.batches, statistics.batched);
        let waiting = i64::try_from(statistics.waiting).unwrap_or(i64::MAX);
        self.figures.queue_length.set(waiting);
        self.figures.clock_ahead.set(self.clock.machine_ahead_seconds());
        let nodes = self.nodes();
        for (state, count) in [
            ("live", nodes.iter().filter(|it| it.live).count()),
            ("left", nodes.iter().filter(|it| it.left).count()),
            ("gone", nodes.iter().filter(|it| !it.live && !it.left).count()),
        ] {
            self.figures.nodes.with(&[state]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let mut counts: BTreeMap<_, i64> = BTreeMap::new();
        for state in PresenceState::NAMES {
            counts.extend(["phone", "none"].map(|surface| ((surface, state), 0)));
        }
        for session in self.mirror.signed_in() {
            let (Some(signed_in), Some(presence)) = (session.signed_in(), self.presence(&session))
            else {
                continue;
            };
            let surface = if signed_in.screen.is_some() { "phone" } else { "none" };
            *counts.entry((surface, presence.state.name())).or_default() += 1;
        }
        for ((surface, state), count) in counts {
            self.figures.sessions.with(&[surface, state]).set(count);
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Counts what was asked of the store since `began`, and what came of it.
    pub(crate) fn count(&self, asked: Asked, came: Came, began: Timestamp) {
        let kind = asked as usize;
        if let (Some(results), Some(duration)) =
            (self.figures.transactions.get(kind), self.figures.durations.get(kind))
        {
            if let Some(counter) = results.get(came as usize) {
                counter.increment();
            }
            duration.observe(self.clock.now().since(began));
        }
    }

    /// Notes whether the store did its work, for readiness.
    pub(crate) fn noting<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result
            && !error.passes()
            && !error.is_about_one()
            && !matches!(error, StoreError::LeaseLost | StoreError::Replaced)
            // A store that is closed without our doing lost a thread.
            && !(matches!(error, StoreError::Closed) && self.is_stopping())
        {
            self.note_failing(error);
        }
        result
    }

    /// Notes that the store does not do its work, for that reason.
    pub(crate) fn note_failing(&self, error: &StoreError) {
        let mut state = self.store_state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == StoreState::Working {
            let why = crate::error::with_causes(error);
            tracing::error!(reason = %why, "the store does not work");
            *state = StoreState::Failing { since: self.clock.now(), why };
        }
    }

    /// Notes that the store wrote something.
    pub(crate) fn note_written(&self) {
        let mut state = self.store_state.lock().unwrap_or_else(PoisonError::into_inner);
        if let StoreState::Failing { .. } = &*state {
            tracing::info!("the store works again");
            *state = StoreState::Working;
        }
    }

    /// Notes lines of the log that were committed and published here.
    pub(crate) fn note_own(&self, cursor: Cursor, count: u64) {
        let first = cursor.number.saturating_sub(count) + 1;
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.extend((first..=cursor.number).map(|number| Cursor { number, ..cursor }));
    }

    /// Whether a line of the log was published here already; forgets the ones before it.
    pub(crate) fn was_own(&self, cursor: Cursor) -> bool {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        *own = own.split_off(&cursor);
        own.contains(&cursor)
    }

    fn start(self: &Arc<Self>, cursor: Cursor) {
        *self.followed.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = || Arc::clone(self);
        tasks.spawn(keep_running(engine(), "follower", crate::follower::follow));
        tasks.spawn(keep_running(engine(), "waker", crate::waker::run));
        tasks.spawn(keep_running(engine(), "keeper", crate::keeper::keep));
        tasks.spawn(keep_running(engine(), "retention", crate::retention::keep));
        tasks.spawn(keep_running(engine(), "identity", crate::identity::keep));
        tasks.spawn(keep_running(engine(), "sign-ins", crate::sign_ins::keep));
        tasks.spawn(keep_running(engine(), "nodes", crate::nodes::keep));
        tasks.spawn(keep_running(engine(), "heir", crate::nodes::succeed));
        tasks.spawn(keep_running(engine(), "bridge", crate::bridge::bridge));
        tasks.spawn(keep_running(engine(), "clients", crate::clients::tell));
        tasks.spawn(keep_running(engine(), "desks", crate::digital::tell));
        tasks.spawn(keep_running(engine(), "router", crate::digital::route));
        tasks.spawn(keep_running(engine(), "sweeper", crate::digital::sweep));
    }
}

impl Asked {
    const NAMES: [&str; 2] = ["load", "commit"];
}

impl Came {
    const NAMES: [&str; 4] = ["done", "conflict", "unknown", "failed"];
}

impl Figures {
    fn new(metrics: &Metrics) -> Self {
        let follow = |name: &str, help: &str, read: fn(&Statistics) -> u64| StoreFigure {
            counter: metrics.counters(name, help, &[]).with(&[]),
            read,
        };
        let transactions = metrics.counters(
            "jackfield_store_transactions_total",
            "What was asked of the store, and what came of it.",
            &["kind", "result"],
        );
        let durations = metrics.seconds(
            "jackfield_store_transaction_duration_seconds",
            "Time from asking the store to its answer, waiting included.",
            &["kind"],
        );
        Self {
            sessions: metrics.gauges(
                "jackfield_agent_sessions",
                "Signed-in agents by the surface that holds the session and by state.",
                &["surface", "state"],
            ),
            nodes: metrics.gauges(
                "jackfield_nodes",
                "Nodes of the deployment as this one sees them, by whether they are there.",
                &["state"],
            ),
            clock_ahead: metrics
                .gauges(
                    "jackfield_clock_ahead_seconds",
                    "How far the machine's clock is ahead of the store's, whole seconds.",
                    &[],
                )
                .with(&[]),
            queue_length: metrics
                .gauges("jackfield_store_queue_length", "Commits that wait for the writer.", &[])
                .with(&[]),
            batch_size: metrics.shown(
                "jackfield_store_batch_size",
                "Commits and changes of leases that shared one durable transaction.",
                &BATCH_BOUNDS,
            ),
            store: [
                follow(
                    "jackfield_store_batches_total",
                    "Durable transactions; commits done in between share one.",
                    |it| it.transactions,
                ),
                follow("jackfield_store_batch_failures_total", "Durable ones that failed.", |it| {
                    it.failures
                }),
            ],
            transactions: Asked::NAMES
                .map(|kind| Came::NAMES.map(|result| transactions.with(&[kind, result]))),
            durations: Asked::NAMES.map(|kind| durations.with(&[kind])),
        }
    }
}

/// Only the kinds below are kept in memory; the rest is read when it is needed.
pub(crate) fn is_mirrored(kind: Kind) -> bool {
    matches!(kind, Kind::Session | Kind::Node | Kind::SettingsHead)
        || crate::identity::is_of_identity(kind)
        || crate::digital::is_digital(kind)
}
