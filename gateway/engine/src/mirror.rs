//! The latest value of every session, for screens and lists; advice, never a guard.
//!
//! `watch` gives the latest value of one agent: a slow listener skips, never queues. `changes` says
//! whose session changed; who falls behind is told so and looks at everything anew.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::{AgentKey, AgentSession, SessionNumber, Version};
use tokio::sync::{broadcast, watch};

/// How many changes a listener may be behind before it is told to look anew.
const BEHIND_MAX: usize = 4096;

#[derive(Debug)]
struct Seen {
    version: Version,
    session: Arc<AgentSession>,
}

#[derive(Debug, Default)]
struct Tables {
    sessions: HashMap<AgentKey, Seen>,
    agents: HashMap<SessionNumber, AgentKey>,
    watchers: HashMap<AgentKey, watch::Sender<Option<Arc<AgentSession>>>>,
}

/// What this node has seen of sessions.
#[derive(Debug)]
pub(crate) struct Mirror {
    tables: RwLock<Tables>,
    changes: broadcast::Sender<AgentKey>,
}

impl Default for Mirror {
    fn default() -> Self {
        let changes = broadcast::channel(BEHIND_MAX).0;
        Self { tables: RwLock::default(), changes }
    }
}

impl Mirror {
    /// Takes in a session of that version, unless a later one was seen before.
    pub(crate) fn see(&self, version: Version, session: AgentSession) {
        let agent = session.agent.clone();
        let session = Arc::new(session);
        {
            let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
            let before = tables.sessions.get(&agent);
            if before.is_some_and(|before| before.version >= version) {
                return;
            }
            let old = before.map(|before| before.session.number);
            if let Some(old) = old.filter(|old| *old != session.number) {
                tables.agents.remove(&old);
            }
            tables.agents.insert(session.number, agent.clone());
            let seen = Seen { version, session: Arc::clone(&session) };
            tables.sessions.insert(agent.clone(), seen);
            if let Some(watcher) = tables.watchers.get(&agent) {
                if watcher.is_closed() {
                    tables.watchers.remove(&agent);
                } else {
                    watcher.send_replace(Some(session));
                }
            }
        }
        // Nobody listening is fine.
        let _ = self.changes.send(agent);
    }

    /// Forgets everything, for a new epoch.
    pub(crate) fn forget(&self) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        tables.sessions.clear();
        tables.agents.clear();
    }

    pub(crate) fn session(&self, number: SessionNumber) -> Option<Arc<AgentSession>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let agent = tables.agents.get(&number)?;
        tables.sessions.get(agent).map(|seen| Arc::clone(&seen.session))
    }

    pub(crate) fn session_of(&self, agent: &AgentKey) -> Option<Arc<AgentSession>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.sessions.get(agent).map(|seen| Arc::clone(&seen.session))
    }

    pub(crate) fn signed_in(&self) -> Vec<Arc<AgentSession>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let sessions = tables.sessions.values().map(|seen| &seen.session);
        sessions.filter(|session| session.signed_in().is_some()).cloned().collect()
    }

    pub(crate) fn watch(&self, agent: &AgentKey) -> watch::Receiver<Option<Arc<AgentSession>>> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let latest = tables.sessions.get(agent).map(|seen| Arc::clone(&seen.session));
        let watcher =
            tables.watchers.entry(agent.clone()).or_insert_with(|| watch::channel(None).0);
        // A listener that comes later must see what the first one saw.
        watcher.send_replace(latest);
        watcher.subscribe()
    }

    pub(crate) fn changes(&self) -> broadcast::Receiver<AgentKey> {
        self.changes.subscribe()
    }
}
