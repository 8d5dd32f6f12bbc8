//! Browsers of agents that are connected to this node, and what is told of them (DSK-03).
//!
//! ```text
//!   an adapter holds a DeskConnection while a browser's stream is open
//!     the desk does not name the newest of them here --------> Available is told
//!     the desk names one that is not here any more ----------> Unavailable is told
//!   a node is gone that a desk names ------------------------> its heir tells Unavailable in its place
//! ```
//!
//! What is so is compared with what the desk says until there is no difference, as with desktop clients. Browsers that
//! are there are told of first and many at once: after a start thousands come back, and none may be given up meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::{
    AgentId, ClientPresence, ConnectionNumber, DeskNews, Input, InputId, Key, NodeName, Report,
};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::Port;
use crate::engine::Engine;

/// How often all desks are compared.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How many desks are told of at once.
const AT_ONCE: usize = 64;
/// So long after its start a node waits for browsers of its life before; they try every few seconds.
const RETURN_WITHIN: Duration = Duration::from_secs(15);

/// Connections of this node by agent, the newest last.
#[derive(Debug)]
pub(crate) struct Presences {
    /// Since when this node lives.
    began: Instant,
    held: Mutex<BTreeMap<AgentId, Vec<ConnectionNumber>>>,
    /// Agents who were connected here since then.
    seen: Mutex<BTreeSet<AgentId>>,
    changed: Mutex<BTreeSet<AgentId>>,
    ring: Notify,
}

impl Default for Presences {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            held: Mutex::default(),
            seen: Mutex::default(),
            changed: Mutex::default(),
            ring: Notify::new(),
        }
    }
}

impl Presences {
    /// Whether an agent's browser may still come back that was here in this node's life before.
    fn may_return(&self, agent: &AgentId) -> bool {
        self.began.elapsed() < RETURN_WITHIN
            && !self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(agent)
    }

    /// Compares that agent's desk anew.
    pub(crate) fn changed(&self, agent: &AgentId) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(agent.clone());
        self.ring.notify_one();
    }

    fn newest(&self, agent: &AgentId) -> Option<ConnectionNumber> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(agent).and_then(|of| of.last().copied())
    }

    fn has(&self, agent: &AgentId, number: ConnectionNumber) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(agent).is_some_and(|of| of.contains(&number))
    }

    fn take_changed(&self) -> BTreeSet<AgentId> {
        std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A browser of an agent that is connected to this node, for as long as this is kept.
#[derive(Debug)]
pub struct DeskConnection {
    engine: Arc<Engine>,
    agent: AgentId,
    number: ConnectionNumber,
}

impl Drop for DeskConnection {
    fn drop(&mut self) {
        let presences = &self.engine.digital.presences;
        {
            let mut held = presences.held.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(of) = held.get_mut(&self.agent) {
                of.retain(|it| *it != self.number);
                if of.is_empty() {
                    held.remove(&self.agent);
                }
            }
        }
        presences.changed(&self.agent);
    }
}

impl Port {
    /// Notes a browser of that agent that is connected to this node, for as long as what is given is kept; `None`
    /// where the machine gives no randomness.
    pub fn connect_desk(&self, agent: &AgentId) -> Option<DeskConnection> {
        let number = ConnectionNumber(u64::from_be_bytes(self.random()?));
        let presences = &self.engine.digital.presences;
        {
            let mut held = presences.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.entry(agent.clone()).or_default().push(number);
            let mut seen = presences.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if !seen.contains(agent) {
                seen.insert(agent.clone());
            }
        }
        presences.changed(agent);
        Some(DeskConnection { engine: Arc::clone(&self.engine), agent: agent.clone(), number })
    }
}

impl Engine {
    /// What a desk says wrongly of browsers here, or of those of a node that is gone and whose heir this one is.
    fn desk_news(&self, agent: &AgentId) -> Option<DeskNews> {
        let desk = self.digital.desk(agent)?;
        let signed_in = desk.signed_in()?;
        let presences = &self.digital.presences;
        let news = |connection, node: &NodeName, presence| DeskNews {
            agent: agent.clone(),
            desk: desk.number,
            connection,
            node: node.clone(),
            presence,
        };
        let said = signed_in.client.connection(&self.node);
        if let Some(newest) = presences.newest(agent) {
            if said.is_none_or(|said| said != newest && !presences.has(agent, said)) {
                return Some(news(newest, &self.node, ClientPresence::Available));
            }
        } else if let Some(said) = said {
            if presences.may_return(agent) {
                return None;
            }
            return Some(news(said, &self.node, ClientPresence::Unavailable));
        }
        if self.heir(&format!("desk/{agent}")) != self.node {
            return None;
        }
        let gone = signed_in.client.nodes().find(|node| **node != self.node && self.is_gone(node));
        let gone = gone?;
        let connection = signed_in.client.connection(gone)?;
        Some(news(connection, gone, ClientPresence::Unavailable))
    }

    async fn tell_desk(&self, agent: &AgentId) {
        let settings = self.settings();
        let desk = self.digital.desk(agent);
        let is_over = desk.as_ref().is_some_and(|desk| desk.signed_in().is_some())
            && !settings.agents.contains_key(agent);
        let report = match self.desk_news(agent) {
            _ if is_over => Report::DeskOver { agent: agent.clone() },
            Some(news) => Report::DeskPresence(news),
            None => return,
        };
        let mut id = [0; 8];
        if !self.random.fill(&mut id) {
            return;
        }
        let id = InputId::new("desk-presence", format_args!("{:016x}", u64::from_be_bytes(id)));
        if let Err(error) = self.submit(Input::report(id, report)).await {
            tracing::debug!(%error, "an agent's browser is told of later");
        }
        // What was decided elsewhere is seen before it is compared again.
        if let Err(error) = self.look_at_digital(&Key::desk(agent)).await {
            tracing::debug!(%error, "a desk is looked at later");
        }
    }
}

/// Tells of browsers until the engine stops.
pub(crate) async fn tell(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let agents = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = engine.digital.presences.ring.notified() => engine.digital.presences.take_changed(),
            _ = look.tick() => {
                engine.digital.desks().into_iter().map(|desk| desk.agent.clone()).collect()
            }
        };
        let agents: BTreeSet<AgentId> = agents;
        let is_here = |agent: &AgentId| engine.digital.presences.newest(agent).is_some();
        let (here, away): (Vec<_>, Vec<_>) = agents.into_iter().partition(is_here);
        for agents in [here, away] {
            let mut going = JoinSet::new();
            for agent in agents {
                if going.len() >= AT_ONCE {
                    going.join_next().await;
                }
                let engine = Arc::clone(&engine);
                going.spawn(async move { engine.tell_desk(&agent).await });
            }
            while going.join_next().await.is_some() {}
        }
    }
}
