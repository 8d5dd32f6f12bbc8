//! Desktop clients that are connected to this node, and what is told of them.
//!
//! ```text
//!   an adapter holds a ClientConnection for as long as a client is connected
//!     it speaks for a session, and the session does not say so ------> Available is told
//!     it is gone, and no other one of that session is here ----------> Unavailable is told
//!   a session names a connection of this node that is not here ------> Unavailable is told
//! ```
//!
//! Adapters say what is so; what sessions say is compared with that, and the difference is told until there
//! is none, one report for an agent at a time. So the news of one node are in order, as the rule needs it,
//! and whatever went wrong is found by the same comparison: the node was killed, others took it for gone
//! meanwhile, a commit came late. A client that came and went before it could be told is told as both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{
    AgentKey, AgentSession, ClientPresence, ConnectionNumber, Input, InputId, Key, NodeName,
    Report, SessionRef,
};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use crate::engine::Engine;

/// After how long what could not be told is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How often all sessions are looked at, in retries.
const LOOK_EVERY: u32 = 5;
/// Of how many agents something is told at once.
const TOLD_AT_ONCE: usize = 64;

/// One connection of this node.
#[derive(Clone, Copy, Debug)]
struct Held {
    number: ConnectionNumber,
    /// The holder it speaks for; none before that is known.
    session: Option<SessionRef>,
    is_gone: bool,
    is_told: bool,
}

/// The connections of this node.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    /// By agent, in the order in which they spoke for a session.
    held: Mutex<BTreeMap<AgentKey, Vec<Held>>>,
    changed: Mutex<BTreeSet<AgentKey>>,
    ring: Notify,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct News {
    session: SessionRef,
    connection: ConnectionNumber,
    presence: ClientPresence,
}

impl Clients {
    fn held(&self) -> MutexGuard<'_, BTreeMap<AgentKey, Vec<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the connections of an agent, and has them compared anew.
    fn change(&self, agent: &AgentKey, change: impl FnOnce(&mut Vec<Held>)) {
        {
            let mut held = self.held();
            let of_agent = held.entry(agent.clone()).or_default();
            change(of_agent);
            if of_agent.is_empty() {
                held.remove(agent);
            }
        }
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(agent.clone());
        self.ring.notify_one();
    }

    fn take_changed(&self) -> BTreeSet<AgentKey> {
        std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn agents(&self) -> Vec<AgentKey> {
        self.held().keys().cloned().collect()
    }

    /// Whether something has to be told, or forgotten.
    fn is_due(&self, agent: &AgentKey, session: Option<&AgentSession>, node: &NodeName) -> bool {
        let held = self.held();
        let held = held.get(agent).map_or(&[][..], Vec::as_slice);
        let said = said(session, node);
        held.iter().any(|it| it.is_gone || said.is_some_and(|said| it.begins(said)))
            || news(held, session, node).is_some()
    }

    /// What the session, as it was just read, does not say yet. Where there is nothing, connections that
    /// are gone are forgotten.
    fn next(
        &self,
        agent: &AgentKey,
        session: Option<&AgentSession>,
        node: &NodeName,
    ) -> Option<News> {
        let mut all = self.held();
        let Some(held) = all.get_mut(agent) else { return news(&[], session, node) };
        if let Some(said) = said(session, node) {
            for it in held.iter_mut().filter(|it| it.number == said.1) {
                if it.begins(said) {
                    it.session = Some(said.0);
                }
                it.is_told |= it.session == Some(said.0);
            }
        }
        let news = news(held, session, node);
        if news.is_none() {
            held.retain(|it| !it.is_gone);
            if held.is_empty() {
                all.remove(agent);
            }
        }
        news
    }

    fn note_told(&self, agent: &AgentKey, news: News) {
        if let Some(held) = self.held().get_mut(agent) {
            let told = held
                .iter_mut()
                .filter(|it| it.number == news.connection && it.session == Some(news.session));
            told.for_each(|it| it.is_told = true);
        }
    }
}

impl Held {
    /// Whether a session begins with this connection, since somebody signed in over it. It speaks for that
    /// one then, whether or not the adapter waited for the answer.
    fn begins(&self, (session, number): (SessionRef, ConnectionNumber)) -> bool {
        let is_newer = self.session.is_none_or(|before| before.generation < session.generation);
        self.number == number && is_newer
    }
}

/// The connection of this node that a session names.
fn said(session: Option<&AgentSession>, node: &NodeName) -> Option<(SessionRef, ConnectionNumber)> {
    let client = session?.signed_in()?.client.as_ref();
    Some((session?.holder(), client?.connection(node)?))
}

/// What a session does not say yet of the connections that are, or were, here.
fn news(held: &[Held], session: Option<&AgentSession>, node: &NodeName) -> Option<News> {
    let said = said(session, node).map(|(_, number)| number);
    // A phone's session has no client.
    let session = session.filter(|it| it.signed_in().is_some_and(|it| it.screen.is_none()));
    let session = session?.holder();
    let news = |connection, presence| Some(News { session, connection, presence });
    let mut of_session = held.iter().rev().filter(|it| it.session == Some(session));
    // The newest that is here stands for all; one that came and went is told as both.
    let here = of_session.clone().find(|it| !it.is_gone);
    if let Some(here) = here.or_else(|| of_session.find(|it| !it.is_told && said.is_none())) {
        return match said == Some(here.number) {
            true => None,
            false => news(here.number, ClientPresence::Available),
        };
    }
    let said = said?;
    let is_here = held.iter().any(|it| it.number == said && !it.is_gone);
    if is_here { None } else { news(said, ClientPresence::Unavailable) }
}

/// A client that is connected to this node; dropped once it is not.
#[derive(Debug)]
pub struct ClientConnection {
    engine: Arc<Engine>,
    agent: AgentKey,
    number: ConnectionNumber,
}

impl ClientConnection {
    /// Its number, for a sign-in over it ([`domain::SignInOn::Client`]).
    pub fn number(&self) -> ConnectionNumber {
        self.number
    }

    /// The client speaks for that holder of its agent's session from now on, and for no other. It speaks for
    /// a session that begins with a sign-in over it without this.
    pub fn speak_for(&self, session: SessionRef) {
        self.engine.clients.change(&self.agent, |held| {
            held.retain(|it| it.number != self.number || it.is_gone);
            let number = self.number;
            held.push(Held { number, session: Some(session), is_gone: false, is_told: false });
        });
    }
}

impl Drop for ClientConnection {
    fn drop(&mut self) {
        self.engine.clients.change(&self.agent, |held| {
            for it in held.iter_mut().filter(|it| it.number == self.number) {
                it.is_gone = true;
            }
        });
    }
}

impl Engine {
    /// Notes a client of that agent who is connected to this node; `None` where the machine gives no
    /// randomness.
    pub(crate) fn connect(self: &Arc<Self>, agent: &AgentKey) -> Option<ClientConnection> {
        let mut number = [0; 8];
        if !self.random.fill(&mut number) {
            return None;
        }
        let number = ConnectionNumber(u64::from_be_bytes(number));
        self.clients.change(agent, |held| {
            held.push(Held { number, session: None, is_gone: false, is_told: false });
        });
        Some(ClientConnection { engine: Arc::clone(self), agent: agent.clone(), number })
    }

    fn is_client_due(&self, agent: &AgentKey) -> bool {
        let session = self.mirror.session_of(agent);
        self.clients.is_due(agent, session.as_deref(), &self.node)
    }

    /// Agents of whom something has to be told.
    fn due_clients(&self) -> BTreeSet<AgentKey> {
        let is_here = |session: &Arc<AgentSession>| {
            let client = session.signed_in().and_then(|it| it.client.as_ref());
            client.is_some_and(|client| client.connection(&self.node).is_some())
        };
        let sessions = self.mirror.signed_in();
        let named = sessions.iter().filter(|it| is_here(it)).map(|it| it.agent.clone());
        let agents = self.clients.agents().into_iter().chain(named);
        agents.filter(|agent| self.is_client_due(agent)).collect()
    }

    /// Tells one thing of an agent's client, where something has to be told; false where that has to be
    /// tried again.
    async fn tell_client(&self, agent: &AgentKey) -> bool {
        // What other nodes did may not have come here yet.
        if self.see_session(&Key::session(agent)).await.is_err() {
            return false;
        }
        let session = self.mirror.session_of(agent);
        let Some(news) = self.clients.next(agent, session.as_deref(), &self.node) else {
            return true;
        };
        let mut id = [0; 8];
        if !self.random.fill(&mut id) {
            return false;
        }
        let report = Report::ClientPresence {
            agent: agent.clone(),
            session: news.session,
            connection: news.connection,
            node: self.node.clone(),
            presence: news.presence,
        };
        let name = format!("{agent}/{:016x}", u64::from_be_bytes(id));
        match self.submit(Input::report(InputId::new("client", name), report)).await {
            Ok(_) => {
                self.clients.note_told(agent, news);
                true
            }
            Err(error) => {
                tracing::debug!(%error, "where a client is could not be told");
                false
            }
        }
    }
}

/// Tells of clients until the engine stops.
pub(crate) async fn tell(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut sessions = engine.mirror.ends();
    let mut retry = tokio::time::interval(RETRY);
    retry.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut wanted, mut in_hand) = (BTreeSet::new(), BTreeSet::new());
    let (mut failed, mut rounds) = (BTreeSet::new(), 0u32);
    let mut telling: JoinSet<(AgentKey, bool)> = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            Some(done) = telling.join_next(), if !telling.is_empty() => {
                if let Ok((agent, told)) = done {
                    in_hand.remove(&agent);
                    if !told {
                        failed.insert(agent);
                    } else if engine.is_client_due(&agent) {
                        wanted.insert(agent);
                    }
                }
            }
            () = engine.clients.ring.notified() => wanted.append(&mut engine.clients.take_changed()),
            changed = sessions.recv() => match changed {
                Ok(agent) if engine.is_client_due(&agent) => drop(wanted.insert(agent)),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => wanted.append(&mut engine.due_clients()),
                Err(RecvError::Closed) => return,
            },
            _ = retry.tick() => {
                wanted.append(&mut failed);
                if rounds.is_multiple_of(LOOK_EVERY) {
                    wanted.append(&mut engine.due_clients());
                }
                rounds = rounds.wrapping_add(1);
            }
        }
        let free = TOLD_AT_ONCE.saturating_sub(telling.len());
        let next: Vec<_> =
            wanted.iter().filter(|agent| !in_hand.contains(*agent)).take(free).cloned().collect();
        for agent in next {
            wanted.remove(&agent);
            in_hand.insert(agent.clone());
            let engine = Arc::clone(&engine);
            telling.spawn(async move {
                let told = engine.tell_client(&agent).await;
                (agent, told)
            });
        }
    }
}
