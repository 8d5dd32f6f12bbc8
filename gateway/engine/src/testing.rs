//! An engine in memory under a clock that moves by hand, for adapters' tests and simulations.

mod unsteady;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::settings::Documents;
use domain::{Command, Input, InputId, Principal, Proof, Role, Secret, Settings, Timestamp};
use store::{BlobHead, MemoryStore, SqliteStore, Store};

use crate::{
    Admission, Applicant, Attempt, AuthenticationRefusal, Authenticator, Clock, Engine,
    EngineOptions, Judgement, Metrics, Port, Random, SealingKeys,
};

pub use unsteady::UnsteadyStore;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.microseconds()))
    }

    /// Moves it on.
    pub fn advance(&self, duration: Duration) {
        let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_add(microseconds, Ordering::AcqRel);
    }

    /// Sets it back, as an operator or a time server may.
    pub fn set_back(&self, duration: Duration) {
        let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_sub(microseconds, Ordering::AcqRel);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microseconds(self.0.load(Ordering::Acquire))
    }
}

/// Numbers that look random and repeat with the seed. Never for anything secret.
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// The numbers of that seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number (splitmix64).
    pub fn next(&self) -> u64 {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::AcqRel);
        let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        for chunk in bytes.chunks_mut(8) {
            let next = self.next().to_be_bytes();
            for (byte, random) in chunk.iter_mut().zip(next) {
                *byte = random;
            }
        }
        true
    }
}

/// Takes `password-ID` for the password of the agent ID, and nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainAuthenticator;

#[async_trait]
impl Authenticator for PlainAuthenticator {
    async fn authenticate(&self, attempt: Attempt) -> Result<Principal, AuthenticationRefusal> {
        if attempt.password.expose() != format!("password-{}", attempt.account) {
            return Err(AuthenticationRefusal::Wrong);
        }
        Ok(Principal {
            who: attempt.account,
            roles: vec![Role::Agent],
            how: Proof::Password,
            session: None,
            identity: None,
            teams: Vec::new(),
        })
    }

    async fn admit(&self, _: Applicant) -> Result<Box<dyn Admission>, AuthenticationRefusal> {
        Ok(Box::new(OpenAdmission))
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, AuthenticationRefusal> {
        Ok(hash.and_then(|hash| hash.strip_prefix("hash-of-")) == Some(password.expose()))
    }

    async fn hash(&self, password: &Secret) -> Option<String> {
        Some(format!("hash-of-{}", password.expose()))
    }
}

/// Counts nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenAdmission;

#[async_trait]
impl Admission for OpenAdmission {
    async fn judged(self: Box<Self>, judgement: Judgement) -> Result<(), AuthenticationRefusal> {
        match judgement {
            Judgement::Wrong => Err(AuthenticationRefusal::Wrong),
            Judgement::Right | Judgement::None => Ok(()),
        }
    }
}

/// An engine on `store` as the node `gw-a.example`, under that clock.
pub async fn engine_on(store: Arc<dyn Store>, clock: Arc<dyn Clock>, seed: u64) -> Arc<Engine> {
    engine_at("gw-a.example", store, clock, seed).await
}

/// Engines as the nodes of those names, all on one store in memory, under that clock.
pub async fn memory_engines(nodes: &[&str], clock: Arc<dyn Clock>) -> Vec<Arc<Engine>> {
    engines_on(Arc::new(MemoryStore::new()), nodes, clock).await
}

/// The same on one store that does not always work.
pub async fn unsteady_engines(
    store: &Arc<UnsteadyStore>,
    nodes: &[&str],
    clock: Arc<dyn Clock>,
) -> Vec<Arc<Engine>> {
    engines_on(Arc::clone(store) as _, nodes, clock).await
}

/// The same on one store in the file at `path`.
pub async fn file_engines(path: &Path, nodes: &[&str], clock: Arc<dyn Clock>) -> Vec<Arc<Engine>> {
    engines_on(Arc::new(SqliteStore::open(path).expect("a new file")), nodes, clock).await
}

/// Puts bytes under `id` that are not those that its digest is of, as a disk may that goes bad.
pub async fn damage_blob(engine: &Engine, id: &str) {
    let (id, digest, at) = (id.to_owned(), "other".to_owned(), engine.now());
    engine.store.delete_blob(&id).await.expect("a store that works");
    engine.store.put_piece(&id, 0, vec![0; 9]).await.expect("a store that works");
    let head = BlobHead { id, bytes: 9, pieces: 1, digest, at };
    engine.store.finish_blob(head).await.expect("a store that works");
}

async fn engines_on(
    store: Arc<dyn Store>,
    nodes: &[&str],
    clock: Arc<dyn Clock>,
) -> Vec<Arc<Engine>> {
    let mut engines = Vec::new();
    for (node, seed) in nodes.iter().zip(1..) {
        engines.push(engine_at(node, Arc::clone(&store), Arc::clone(&clock), seed).await);
    }
    engines
}

/// An engine on `store` as the node of that name, under that clock.
pub async fn engine_at(
    node: &str,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    seed: u64,
) -> Arc<Engine> {
    let options = EngineOptions {
        store,
        clock,
        random: Arc::new(SeededRandom::new(seed)),
        sealing: Arc::new(SealingKeys::single([7; 32])),
        node: node.parse().expect("a host name"),
        metrics: Metrics::new(),
    };
    Engine::open(options).await.expect("a store that works")
}

/// Puts settings in force.
pub async fn apply(engine: &Engine, settings: &Settings) {
    let number = engine.settings().number;
    let documents = Documents(settings.documents());
    let command = Command::ApplySettings { documents, source: None };
    let input = Input::command(InputId::new("test-settings", number), command);
    engine.submit(input).await.expect("a store that works");
}

/// A port to an engine in memory with those settings.
pub async fn memory_port(
    settings: &Settings,
    authenticator: Arc<dyn Authenticator>,
    clock: Arc<dyn Clock>,
) -> Port {
    let engine = engine_on(Arc::new(MemoryStore::new()), clock, 1).await;
    apply(&engine, settings).await;
    engine.port(authenticator)
}
