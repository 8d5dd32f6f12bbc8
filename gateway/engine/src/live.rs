//! The live lane: voice state that others own, as this node heard it last. In memory, never written.
//!
//! Each pair of servers has one [`Owner`](crate::Owner) on a node, held by the adapter that has the
//! link. What it hears goes in here; what is asked of the pair goes out through it. Listeners either
//! `watch` the latest value (a slow one skips) or take a `feed` of an agent's changes in order (a slow
//! one gets one [`FeedItem::Resync`](crate::FeedItem::Resync) and the state anew).
//!
//! ```text
//!   Owner::hear --> value --> watch, feed, changes --> bridge: sessions of who is signed out
//!   Owner lost  --> every value of the pair is "not known since" --> questions, 64 in flight --> heard
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::{
    AgentId, AgentKey, Heard, LiveAgent, OwnerAnswer, OwnerCommand, PairName, QueueFigures,
    Timestamp, Unclear,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::feed::{Feed, FeedQueue};

/// How many questions to one pair may wait for its link.
const REQUESTS_MAX: usize = 4_096;
/// How many agents of one pair are remembered; beyond, who was never signed in here is not added.
pub(crate) const AGENTS_MAX: usize = 50_000;

/// A question to the owner of an agent's voice state.
#[derive(Debug)]
pub struct OwnerRequest {
    /// What is asked.
    pub command: OwnerCommand,
    /// Where the answer goes; dropping it means that the link was lost.
    pub answer: oneshot::Sender<OwnerAnswer>,
}

#[derive(Debug, Default)]
struct Entry {
    value: Option<Arc<LiveAgent>>,
    watch: Option<watch::Sender<Option<Arc<LiveAgent>>>>,
    feeds: Vec<Arc<FeedQueue>>,
    queues: Option<QueueFigures>,
}

impl Entry {
    fn take(&mut self, value: Arc<LiveAgent>) {
        if let Some(watch) = &self.watch {
            if watch.is_closed() {
                self.watch = None;
            } else {
                watch.send_replace(Some(Arc::clone(&value)));
            }
        }
        self.feeds.retain(|feed| feed.push(&value));
        self.value = Some(value);
    }
}

/// What is known of one pair.
#[derive(Debug, Default)]
pub(crate) struct PairLive {
    agents: RwLock<HashMap<AgentId, Entry>>,
    requests: Mutex<Option<mpsc::Sender<OwnerRequest>>>,
    status: RwLock<PairStatus>,
}

/// How the link to a pair of servers stands, for screens and operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairStatus {
    /// The side that serves us, `a` or `b`, where one does.
    pub active_side: Option<char>,
    /// The side that is kept open in reserve.
    pub standby_side: Option<char>,
    /// Since when that is so.
    pub since: Option<Timestamp>,
    /// Why no side serves us, in words for an operator; or what is not as it should be.
    pub problem: Option<String>,
    /// How many agents are not known again yet after the link came back.
    pub unknown_agents: usize,
}

/// All that is known of voice state that others own.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pairs: RwLock<HashMap<PairName, Arc<PairLive>>>,
}

impl Live {
    pub(crate) fn pair(&self, name: &PairName) -> Arc<PairLive> {
        if let Some(pair) = self.known_pair(name) {
            return pair;
        }
        let mut pairs = self.pairs.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pairs.entry(name.clone()).or_default())
    }

    fn known_pair(&self, name: &PairName) -> Option<Arc<PairLive>> {
        self.pairs.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn value(&self, agent: &AgentKey) -> Option<Arc<LiveAgent>> {
        self.known_pair(&agent.pair)?.value(&agent.id)
    }

    pub(crate) fn queue_figures(&self, agent: &AgentKey) -> Option<QueueFigures> {
        self.known_pair(&agent.pair)?.queue_figures(&agent.id)
    }

    pub(crate) fn statuses(&self) -> Vec<(PairName, PairStatus)> {
        let pairs = self.pairs.read().unwrap_or_else(PoisonError::into_inner);
        let mut statuses: Vec<_> = pairs
            .iter()
            .filter(|(_, pair)| pair.is_owned())
            .map(|(name, pair)| (name.clone(), pair.status()))
            .collect();
        statuses.sort_by(|(a, _), (b, _)| a.cmp(b));
        statuses
    }

    /// Asks the owner; `None` where the pair has too much in hand.
    pub(crate) async fn ask(&self, pair: &PairName, command: OwnerCommand) -> Option<OwnerAnswer> {
        let requests = self.known_pair(pair).and_then(|pair| pair.requests());
        let Some(requests) = requests else { return Some(OwnerAnswer::Unreachable) };
        let (answer, answered) = oneshot::channel();
        match requests.try_send(OwnerRequest { command, answer }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return None,
            Err(mpsc::error::TrySendError::Closed(_)) => return Some(OwnerAnswer::Unreachable),
        }
        Some(answered.await.unwrap_or(OwnerAnswer::Unknown(Unclear::LinkLost)))
    }
}

impl PairLive {
    pub(crate) fn value(&self, agent: &AgentId) -> Option<Arc<LiveAgent>> {
        self.agents.read().unwrap_or_else(PoisonError::into_inner).get(agent)?.value.clone()
    }

    pub(crate) fn queue_figures(&self, agent: &AgentId) -> Option<QueueFigures> {
        self.agents.read().unwrap_or_else(PoisonError::into_inner).get(agent)?.queues
    }

    /// Takes in how many calls wait for an agent who was heard of; true where their number is
    /// another.
    pub(crate) fn set_queues(&self, agent: &AgentId, figures: Option<QueueFigures>) -> bool {
        let mut agents = self.agents.write().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = agents.get_mut(agent) else { return false };
        let before = std::mem::replace(&mut entry.queues, figures);
        before.map(|it| it.calls) != figures.map(|it| it.calls)
    }

    pub(crate) fn values(&self) -> Vec<Arc<LiveAgent>> {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        agents.values().filter_map(|entry| entry.value.clone()).collect()
    }

    pub(crate) fn watch(&self, agent: &AgentId) -> watch::Receiver<Option<Arc<LiveAgent>>> {
        let mut agents = self.agents.write().unwrap_or_else(PoisonError::into_inner);
        let entry = agents.entry(agent.clone()).or_default();
        let value = entry.value.clone();
        entry.watch.get_or_insert_with(|| watch::channel(value).0).subscribe()
    }

    pub(crate) fn feed(&self, agent: &AgentId) -> Feed {
        let mut agents = self.agents.write().unwrap_or_else(PoisonError::into_inner);
        let entry = agents.entry(agent.clone()).or_default();
        let (feed, queue) = Feed::new(entry.value.clone());
        // An agent of whom nothing is heard must not gather listeners that have gone.
        entry.feeds.retain(|feed| feed.is_heard());
        entry.feeds.push(queue);
        feed
    }

    /// Takes in what was heard; true where it was news.
    pub(crate) fn hear(&self, agent: &AgentKey, now: Timestamp, heard: Heard) -> bool {
        let mut agents = self.agents.write().unwrap_or_else(PoisonError::into_inner);
        let before = agents.get(&agent.id).and_then(|entry| entry.value.as_deref());
        let Some(value) = LiveAgent::after(agent, before, now, heard) else { return false };
        if let Some(entry) = agents.get_mut(&agent.id) {
            entry.take(Arc::new(value));
            return true;
        }
        if agents.len() >= AGENTS_MAX {
            return false;
        }
        let mut entry = Entry::default();
        entry.take(Arc::new(value));
        agents.insert(agent.id.clone(), entry);
        true
    }

    /// Nothing of the pair is known any more; whose values that changed.
    pub(crate) fn lose(&self, now: Timestamp) -> Vec<AgentKey> {
        let mut agents = self.agents.write().unwrap_or_else(PoisonError::into_inner);
        let mut lost = Vec::new();
        for entry in agents.values_mut() {
            entry.queues = None;
            if let Some(value) = entry.value.as_ref().and_then(|value| value.lost(now)) {
                lost.push(value.agent.clone());
                entry.take(Arc::new(value));
            }
        }
        lost
    }

    pub(crate) fn status(&self) -> PairStatus {
        self.status.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_status(&self, status: PairStatus) {
        *self.status.write().unwrap_or_else(PoisonError::into_inner) = status;
    }

    fn is_owned(&self) -> bool {
        self.requests().is_some_and(|requests| !requests.is_closed())
    }

    fn requests(&self) -> Option<mpsc::Sender<OwnerRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts whoever holds the link in the place of the one before.
    pub(crate) fn attach(&self) -> mpsc::Receiver<OwnerRequest> {
        let (sender, receiver) = mpsc::channel(REQUESTS_MAX);
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }
}

#[cfg(test)]
mod tests {
    use domain::{HeardState, PresenceState};

    use super::*;

    #[test]
    fn how_long_a_call_waits_is_no_news_and_how_many_wait_is() {
        let agent: AgentKey = "north:1001".parse().unwrap();
        let pair = PairLive::default();
        let figures = |calls, at| {
            let longest_since = Some(Timestamp::from_seconds(at));
            Some(QueueFigures { calls, longest_since })
        };
        assert!(!pair.set_queues(&agent.id, figures(3, 10)), "nobody heard of the agent");
        let now = Timestamp::from_seconds(20);
        let (state, since) = (PresenceState::Ready, now);
        let heard = HeardState {
            state,
            since,
            pending: None,
            extension: None,
            instrument: None,
            device: None,
        };
        assert!(pair.hear(&agent, now, Heard::State(heard)));
        assert!(pair.set_queues(&agent.id, figures(3, 10)));
        assert!(!pair.set_queues(&agent.id, figures(3, 15)));
        assert_eq!(pair.queue_figures(&agent.id), figures(3, 15));
        assert!(pair.set_queues(&agent.id, figures(4, 15)));
        // What is not known any more is not shown either.
        assert_eq!(pair.lose(now), vec![agent.clone()]);
        assert_eq!(pair.queue_figures(&agent.id), None);
    }
}
