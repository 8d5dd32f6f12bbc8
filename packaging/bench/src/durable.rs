//! Durable commits: grouped beside one sync each, and whole inputs through the engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::settings::{Agent, Documents};
use domain::{
    AgentCommand, AgentKey, Command, Decision, Document, Guard, Input, InputId, Key, Kind, Node,
    NodeName, Reply, Settings, SignIn, SignInOn, Timestamp, Wish, Write, WriteBody,
};
use engine::{Engine, EngineOptions, Metrics, SealingKeys, SystemClock, SystemRandom};
use store::{Commit, SqliteStore, Store};

use crate::demand::Demand;
use crate::median::median;
use crate::{AnyError, Missed};

const CALLERS: usize = 64;

const GROUPED: Demand = Demand::AtLeast(5.0);
const SUBMITTED: Demand = Demand::AtLeast(10_000.0);

pub(crate) fn run(rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    let lasting = Duration::from_millis(if quick { 300 } else { 2_000 });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut single, mut grouped, mut submitted) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        single.push(runtime.block_on(commits(1, lasting)));
        grouped.push(runtime.block_on(commits(CALLERS, lasting)));
        submitted.push(runtime.block_on(submits_to_file(lasting)));
    }
    let (single, grouped, submitted) = (median(single), median(grouped), median(submitted));
    println!("store: one commit per caller, 1 caller      {single:>9.0} /s");
    println!("store: group commit, {CALLERS} callers            {grouped:>9.0} /s");
    let ratio = grouped / single;
    println!("store: ratio grouped / single               {ratio:>9.1}   ({GROUPED})");
    println!("engine: submit, {CALLERS} callers, SQLite         {submitted:>9.0} /s ({SUBMITTED})");
    let missed = [
        GROUPED.missed("store: the ratio of grouped to single commits", ratio),
        SUBMITTED.missed("engine: inputs a second", submitted),
    ];
    Ok(missed.into_iter().flatten().collect())
}

/// Commits a second of `callers`, each of which waits for its own before the next.
async fn commits(callers: usize, lasting: Duration) -> f64 {
    let folder = Folder::new();
    let Ok(store) = SqliteStore::open(&folder.0.join("store.db")) else { return f64::NAN };
    let store = Arc::new(store);
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let key = Key::new(Kind::Node, caller.to_string());
                let mut done = 0u64;
                while start.elapsed() < lasting {
                    let version = (done > 0).then_some(done);
                    let node = Document::Node(Node { maintenance: done.is_multiple_of(2) });
                    let decision = Decision {
                        guards: vec![Guard { key: key.clone(), version }],
                        writes: vec![Write { key: key.clone(), body: WriteBody::Put(node) }],
                        ..Decision::already(Reply::Done)
                    };
                    let input = InputId::new("bench", format!("{caller}/{done}"));
                    let commit = Commit { input, at: Timestamp::default(), epoch: None, decision };
                    if store.commit(commit).await.is_err() {
                        return done;
                    }
                    done += 1;
                }
                done
            })
        })
        .collect();
    let rate = total(tasks).await / start.elapsed().as_secs_f64();
    store.close().await;
    rate
}

async fn submits_to_file(lasting: Duration) -> f64 {
    let folder = Folder::new();
    let Ok(store) = SqliteStore::open(&folder.0.join("store.db")) else { return f64::NAN };
    submits(Arc::new(store), CALLERS, lasting).await
}

/// Inputs a second through the engine: agents going ready and not ready.
pub(crate) async fn submits(store: Arc<dyn Store>, callers: usize, lasting: Duration) -> f64 {
    let Ok(node) = "bench.example".parse::<NodeName>() else { return f64::NAN };
    let options = EngineOptions {
        store,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::new()),
        sealing: Arc::new(SealingKeys::single([1; 32])),
        node: node.clone(),
        metrics: Metrics::new(),
    };
    let Ok(engine) = Engine::open(options).await else { return f64::NAN };
    sign_in(&engine, &node, callers).await;
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                let Some(agent) = agent(caller) else { return 0 };
                let mut done = 0u64;
                while start.elapsed() < lasting {
                    let wish =
                        if done.is_multiple_of(2) { Wish::Ready } else { Wish::NotReady(None) };
                    let command = AgentCommand {
                        agent: agent.clone(),
                        holder: None,
                        seen_changes: None,
                        wish,
                    };
                    let id = InputId::new("bench", format!("{caller}/{done}"));
                    let input = Input::command(id, Command::Agent(command));
                    if engine.submit(input).await.is_err() {
                        return done;
                    }
                    done += 1;
                }
                done
            })
        })
        .collect();
    let rate = total(tasks).await / start.elapsed().as_secs_f64();
    engine.close().await;
    rate
}

async fn sign_in(engine: &Engine, node: &NodeName, callers: usize) {
    let agents = (0..callers).filter_map(agent).map(|agent| Agent {
        id: agent.id,
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
    let agents = agents.map(|agent| (agent.id.clone(), Arc::new(agent))).collect();
    let settings = Settings { agents: Arc::new(agents), ..Settings::default() };
    let documents = Documents(settings.documents());
    let command = Command::ApplySettings { documents, source: None };
    let _ = engine.submit(Input::command(InputId::new("bench", "settings"), command)).await;
    for caller in 0..callers {
        let (Some(agent), Ok(extension)) = (agent(caller), (2000 + caller).to_string().parse())
        else {
            continue;
        };
        let wish = SignIn {
            agent,
            extension,
            device: None,
            mobile: None,
            on: SignInOn::Local,
            node: node.clone(),
            verifier: None,
            follows: None,
        };
        let id = InputId::new("bench-in", caller);
        let _ = engine.submit(Input::command(id, Command::SignIn(Box::new(wish)))).await;
    }
}

fn agent(caller: usize) -> Option<AgentKey> {
    (1000 + caller).to_string().parse().ok().map(AgentKey::owned)
}

async fn total(tasks: Vec<tokio::task::JoinHandle<u64>>) -> f64 {
    let mut total = 0u64;
    for task in tasks {
        total += task.await.unwrap_or(0);
    }
    // Counts of a few seconds are far below where a float loses whole numbers.
    u32::try_from(total).map_or(f64::NAN, f64::from)
}

/// A folder that goes with the measurement.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("jackfield-bench-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        let _ = std::fs::create_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
