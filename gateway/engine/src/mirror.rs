//! The latest value of every session, for screens and lists; advice, never a guard.
//!
//! `watch` gives the latest value of one agent: a slow listener skips, never queues. `changes` says
//! whose session changed; who falls behind is told so and looks at everything anew.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use domain::{AgentId, AgentKey, AgentSession, SessionNumber, Version};
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
    /// Whose sessions were forgotten and not told of since.
    forgotten: BTreeSet<AgentKey>,
}

/// What this node has seen of sessions.
#[derive(Debug)]
pub(crate) struct Mirror {
    tables: RwLock<Tables>,
    changes: broadcast::Sender<AgentKey>,
    /// Of these alone whose session changed, or who was heard to be signed out: the bridge need not wake
    /// for every state.
    ends: broadcast::Sender<AgentKey>,
}

impl Default for Mirror {
    fn default() -> Self {
        let [changes, ends] = [BEHIND_MAX; 2].map(|behind| broadcast::channel(behind).0);
        Self { tables: RwLock::default(), changes, ends }
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
        let _ = self.ends.send(agent.clone());
        let _ = self.changes.send(agent);
    }

    /// Takes in a session that was loaded on the way, where it is news.
    pub(crate) fn see_loaded(&self, version: Version, session: &AgentSession) {
        let is_news = {
            let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
            tables.sessions.get(&session.agent).is_none_or(|seen| seen.version < version)
        };
        if is_news {
            self.see(version, session.clone());
        }
    }

    /// Forgets the session of an agent that is kept no more.
    pub(crate) fn drop_session(&self, agent: &AgentKey) {
        {
            let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
            let Some(seen) = tables.sessions.remove(agent) else { return };
            tables.agents.remove(&seen.session.number);
            if let Some(watcher) = tables.watchers.get(agent) {
                watcher.send_replace(None);
            }
        }
        // Nobody listening is fine.
        let _ = self.ends.send(agent.clone());
        let _ = self.changes.send(agent.clone());
    }

    /// Forgets everything, for a new epoch. Once it is read anew, [`Mirror::tell_gone`] follows.
    pub(crate) fn forget(&self) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let agents: Vec<_> = tables.sessions.drain().map(|(agent, _)| agent).collect();
        tables.forgotten.extend(agents);
        tables.agents.clear();
    }

    /// Tells listeners of sessions that were forgotten and not seen again.
    pub(crate) fn tell_gone(&self) {
        let gone: Vec<_> = {
            let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
            let mut forgotten = std::mem::take(&mut tables.forgotten);
            forgotten.retain(|agent| !tables.sessions.contains_key(agent));
            for watcher in forgotten.iter().filter_map(|agent| tables.watchers.get(agent)) {
                watcher.send_replace(None);
            }
            forgotten.into_iter().collect()
        };
        for agent in gone {
            // Nobody listening is fine.
            let _ = self.changes.send(agent);
        }
    }

    /// The agents of that id, with whatever pair, of whom a session is known.
    pub(crate) fn agents_called(&self, id: &AgentId) -> Vec<AgentKey> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.sessions.keys().filter(|agent| agent.id == *id).cloned().collect()
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

    /// Whether there is any session, one that is over included.
    pub(crate) fn has_any(&self) -> bool {
        !self.tables.read().unwrap_or_else(PoisonError::into_inner).sessions.is_empty()
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

    /// Sessions that are not over everywhere: signed in, or with a sign-out under way.
    pub(crate) fn not_signed_out(&self) -> Vec<Arc<AgentSession>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let sessions = tables.sessions.values().map(|seen| &seen.session);
        let lasts = |it: &&Arc<AgentSession>| it.signed_in().is_some() || it.leaving().is_some();
        sessions.filter(lasts).cloned().collect()
    }

    /// Tells listeners that something about an agent changed that does not stand in the session.
    pub(crate) fn tell(&self, agent: AgentKey) {
        // Nobody listening is fine.
        let _ = self.changes.send(agent);
    }

    /// Tells the bridge of an agent who was heard to be signed out.
    pub(crate) fn tell_end(&self, agent: AgentKey) {
        let _ = self.ends.send(agent);
    }

    pub(crate) fn ends(&self) -> broadcast::Receiver<AgentKey> {
        self.ends.subscribe()
    }

    pub(crate) fn changes(&self) -> broadcast::Receiver<AgentKey> {
        self.changes.subscribe()
    }
}
