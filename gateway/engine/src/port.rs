//! All that an adapter knows of the gateway.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{
    AgentKey, AgentSession, CameFrom, Input, LiveAgent, NodeName, OwnerAnswer, OwnerCommand,
    PairName, Presence, Principal, QueueFigures, Sealed, Secret, SessionNumber, Settings,
    Timestamp,
};
use tokio::sync::{broadcast, watch};

use crate::engine::{Engine, StoreState};
use crate::{
    Admission, Applicant, Attempt, AuthenticationRefusal, Authenticator, Channels,
    ClientConnection, Feed, HeldLease, Metrics, NodeSeen, Outbox, Outcome, Owner, PairChange,
    PairStatus, Recorder, SubmitError, UnsealError,
};

/// An adapter's way to everything else. Cheap to clone.
#[derive(Clone)]
pub struct Port {
    pub(crate) engine: Arc<Engine>,
    pub(crate) authenticator: Arc<dyn Authenticator>,
}

impl std::fmt::Debug for Port {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "port of {:?}", self.engine)
    }
}

impl Engine {
    /// A port for an adapter; who is who is judged by `authenticator`.
    pub fn port(self: &Arc<Self>, authenticator: Arc<dyn Authenticator>) -> Port {
        Port { engine: Arc::clone(self), authenticator }
    }
}

impl Port {
    /// This node.
    pub fn node(&self) -> &NodeName {
        self.engine.node()
    }

    /// The nodes of the deployment as of the last look, by name; this one is among them.
    pub fn nodes(&self) -> Vec<NodeSeen> {
        self.engine.nodes()
    }

    /// Whether this node answers for a session now: follows its phone, pushes to it, and notices its
    /// silence. One node does at a time; none may for as long as a node that is gone is not noticed.
    pub fn answers_for(&self, session: &AgentSession) -> bool {
        self.engine.answers_for(session)
    }

    /// Whether sessions may come to this node: it neither leaves nor is cut off.
    pub fn takes_sessions(&self) -> bool {
        !self.engine.is_leaving() && !self.engine.is_cut_off()
    }

    /// The session of that agent as the store has it now, for what must not be judged by what this node has
    /// seen.
    pub async fn session_now(
        &self,
        agent: &AgentKey,
    ) -> Result<Option<Arc<AgentSession>>, SubmitError> {
        self.engine.see_session(&domain::Key::session(agent)).await?;
        self.engine.session_of(agent).await
    }

    /// Whether another process runs under this node's name; nothing is taken here any more.
    pub fn is_replaced(&self) -> bool {
        self.engine.nodes.is_replaced()
    }

    /// Whether other nodes may answer by now for what was this one's: its signs of life do not get through.
    pub fn is_cut_off(&self) -> bool {
        self.engine.is_cut_off()
    }

    /// Now, by the clock handed in.
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Carries one input through; see [`Engine::submit`].
    pub async fn submit(&self, input: Input) -> Result<Outcome, SubmitError> {
        self.engine.submit(input).await
    }

    /// Notes a desktop client of that agent who is connected to this node, for as long as what is given is
    /// kept; `None` where the machine gives no randomness.
    pub fn connect_client(&self, agent: &AgentKey) -> Option<ClientConnection> {
        self.engine.connect(agent)
    }

    /// Ways to devices, for who has one and for who has something to show.
    pub fn channels(&self) -> &Channels {
        &self.engine.channels
    }

    /// Where messages are noted for the last minutes; never a secret.
    pub fn recorder(&self) -> &Recorder {
        &self.engine.recorder
    }

    /// The settings in force.
    pub fn settings(&self) -> Arc<Settings> {
        self.engine.settings()
    }

    /// Which life of the store the settings are of; another one begins with every restore.
    pub fn store_epoch(&self) -> u64 {
        self.engine.epoch.load(Ordering::Acquire)
    }

    /// Moves with every change of the settings, to their number.
    pub fn settings_changes(&self) -> watch::Receiver<u64> {
        self.engine.settings_number.subscribe()
    }

    /// The session of that number.
    pub async fn session(
        &self,
        number: SessionNumber,
    ) -> Result<Option<Arc<AgentSession>>, SubmitError> {
        self.engine.session(number).await
    }

    /// The session of that agent.
    pub async fn session_of(
        &self,
        agent: &AgentKey,
    ) -> Result<Option<Arc<AgentSession>>, SubmitError> {
        self.engine.session_of(agent).await
    }

    /// The session of that agent as far as this node has seen it, without a look into the store.
    pub fn seen_session(&self, agent: &AgentKey) -> Option<Arc<AgentSession>> {
        self.engine.mirror.session_of(agent)
    }

    /// The sessions of all signed-in agents that this node has seen.
    pub fn signed_in(&self) -> Vec<Arc<AgentSession>> {
        self.engine.mirror.signed_in()
    }

    /// The latest session of one agent; a slow listener skips.
    pub fn watch(&self, agent: &AgentKey) -> watch::Receiver<Option<Arc<AgentSession>>> {
        self.engine.mirror.watch(agent)
    }

    /// What a signed-in agent is doing, by whoever owns that; `None` where nobody is signed in.
    pub fn presence(&self, session: &AgentSession) -> Option<Presence> {
        self.engine.presence(session)
    }

    /// The mark that a page of that session carries, so that a press on an older page is recognised:
    /// the session's count of changes, or what stands for the state that another owns.
    pub fn page_mark(&self, session: &AgentSession) -> u32 {
        if session.agent.is_owned() {
            return session.signed_in().map_or(0, |signed_in| signed_in.changes);
        }
        let live = self.engine.live.value(&session.agent);
        live.map_or(0, |live| live.mark(self.engine.node_mark()))
    }

    /// What the owner of an agent's voice state said last.
    pub fn live(&self, agent: &AgentKey) -> Option<Arc<LiveAgent>> {
        self.engine.live.value(agent)
    }

    /// Who caused what such an agent does and what comes next, as far as that is known here.
    pub fn came_from(&self, agent: &AgentKey) -> [Option<CameFrom>; 2] {
        self.engine.live.pair(&agent.pair).came_from(&agent.id)
    }

    /// All agents of a pair that its owner told of.
    pub fn live_agents(&self, pair: &PairName) -> Vec<Arc<LiveAgent>> {
        self.engine.live.pair(pair).values()
    }

    /// The live node that `what` falls to, where any node could do it and one is enough.
    pub fn heir(&self, what: &str) -> NodeName {
        self.engine.heir(what)
    }

    /// The same among those nodes alone that may have it, as far as one of them is there.
    pub fn heir_among(&self, what: &str, may_have: impl Fn(&NodeSeen) -> bool) -> NodeName {
        self.engine.heir_among(what, may_have)
    }

    /// The calls that wait in an agent's queues, where the owner of their voice state tells.
    pub fn queue_figures(&self, agent: &AgentKey) -> Option<QueueFigures> {
        self.engine.live.queue_figures(agent)
    }

    /// The latest value of an agent whose voice state another owns; a slow listener skips.
    pub fn watch_live(&self, agent: &AgentKey) -> watch::Receiver<Option<Arc<LiveAgent>>> {
        self.engine.live.pair(&agent.pair).watch(&agent.id)
    }

    /// The changes of such an agent in order, from what is so now on; a slow listener gets one resync.
    pub fn feed(&self, agent: &AgentKey) -> Feed {
        self.engine.live.pair(&agent.pair).feed(&agent.id)
    }

    /// Makes the caller the owner of that pair's voice state on this node.
    pub fn own(&self, pair: &PairName) -> Owner {
        self.engine.own(pair)
    }

    /// Asks the owner of a pair's voice state; `None` where too much is in hand. For what is owed: what
    /// agents ask goes by [`Port::submit`].
    pub async fn ask_owner(&self, pair: &PairName, command: OwnerCommand) -> Option<OwnerAnswer> {
        self.engine.live.ask(pair, command).await
    }

    /// Whether a sign-out of that agent is under way, as far as this node has seen.
    pub fn is_leaving(&self, agent: &AgentKey) -> bool {
        let session = self.engine.mirror.session_of(agent);
        session.is_some_and(|session| session.leaving().is_some())
    }

    /// How the links to pairs of servers stand.
    pub fn pair_statuses(&self) -> Vec<(PairName, PairStatus)> {
        self.engine.live.statuses()
    }

    /// How the links to a pair came to stand since this node started, the newest first; not all of it.
    pub fn pair_changes(&self, pair: &PairName) -> Vec<PairChange> {
        self.engine.live.pair(pair).changes()
    }

    /// Whose session changed, or who was heard to be signed out: much less than [`Port::changes`] where a
    /// contact centre owns states.
    pub fn session_changes(&self) -> broadcast::Receiver<AgentKey> {
        self.engine.mirror.ends()
    }

    /// Whose session, or state, changed; who lags looks at [`Port::signed_in`] anew.
    pub fn changes(&self) -> broadcast::Receiver<AgentKey> {
        self.engine.mirror.changes()
    }

    /// Whether this node refuses sign-ins.
    pub fn in_maintenance(&self) -> bool {
        self.engine.in_maintenance()
    }

    /// Checks a password inside a protocol of the adapter's own.
    pub async fn authenticate(&self, attempt: Attempt) -> Result<Principal, AuthenticationRefusal> {
        self.authenticator.authenticate(attempt).await
    }

    /// Lets something shown beside a password be judged, under the limits of passwords.
    pub async fn admit(
        &self,
        applicant: Applicant,
    ) -> Result<Box<dyn Admission>, AuthenticationRefusal> {
        self.authenticator.admit(applicant).await
    }

    /// The argon2id hash of a new password; `None` where none can be made now.
    pub async fn hash(&self, password: &Secret) -> Option<String> {
        self.authenticator.hash(password).await
    }

    /// A key for `purpose` that all nodes of the deployment share.
    pub fn link_key(&self, purpose: &str) -> [u8; 32] {
        self.engine.link_key(purpose)
    }

    /// Opens what was sealed for `purpose`.
    pub fn unseal(&self, purpose: &str, sealed: &Sealed) -> Result<Secret, UnsealError> {
        self.engine.sealing.unseal(purpose, sealed)
    }

    /// Whether two sealed texts are of one secret: one that was sealed anew is.
    pub fn is_same_secret(&self, purpose: &str, one: &Sealed, other: &Sealed) -> bool {
        let opened = |sealed| self.unseal(purpose, sealed).ok();
        one == other || opened(one).is_some_and(|opened_one| opened(other) == Some(opened_one))
    }

    /// Seals for `purpose`; `None` where the machine gives no randomness.
    pub fn seal(&self, purpose: &str, secret: &Secret) -> Option<Sealed> {
        self.engine.sealing.seal(purpose, secret)
    }

    /// Random bytes; `None` where the machine gives no randomness.
    pub fn random<const N: usize>(&self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.engine.random.fill(&mut bytes).then_some(bytes)
    }

    /// Where figures go.
    pub fn metrics(&self) -> &Metrics {
        &self.engine.metrics
    }

    /// Whether the store does its work.
    pub fn store_state(&self) -> StoreState {
        self.engine.store_state()
    }

    /// The promises of one topic, kept by one node at a time.
    pub fn outbox(&self, topic: &str) -> Outbox {
        Outbox::new(Arc::clone(&self.engine), topic)
    }

    /// The same, kept by a node for so long after it was last heard of: for promises each of which takes its time.
    pub fn outbox_lasting(&self, topic: &str, lasting: Duration) -> Outbox {
        Outbox::lasting(Arc::clone(&self.engine), topic, lasting)
    }

    /// A lease that this node wants to hold.
    pub fn lease(&self, name: impl Into<String>, lasting: Duration) -> HeldLease {
        HeldLease::new(Arc::clone(&self.engine), name.into(), lasting)
    }

    /// Keeps a big body.
    pub async fn put_blob(&self, id: &str, body: &[u8]) -> Result<(), SubmitError> {
        self.engine.put_blob(id, body).await
    }

    /// A big body that was kept.
    pub async fn blob(&self, id: &str) -> Result<Option<Vec<u8>>, SubmitError> {
        self.engine.blob(id).await
    }

    /// Removes a big body.
    pub async fn delete_blob(&self, id: &str) -> Result<(), SubmitError> {
        self.engine.delete_blob(id).await
    }
}
