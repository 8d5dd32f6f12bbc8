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

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::{
    AgentId, AgentKey, CameFrom, Heard, LiveAgent, Origin, OwnerAnswer, OwnerCommand, PairName,
    PresenceState, QueueFigures, Target, Timestamp, Unclear,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::feed::{Feed, FeedQueue};

/// How many questions to one pair may wait for its link.
const REQUESTS_MAX: usize = 4_096;
/// How many agents of one pair are remembered; beyond, who was never signed in here is not added.
pub(crate) const AGENTS_MAX: usize = 50_000;

/// How many changes of a pair's links are remembered.
const CHANGES_MAX: usize = 50;

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
    /// The state that this node asked for last and saw, and who wanted it.
    asked: Option<(Target, CameFrom)>,
}

impl Entry {
    fn take(&mut self, value: Arc<LiveAgent>) {
        // Another state is the owner's doing, and so is the same one after it.
        let is_so = |state| self.asked.is_some_and(|(target, _)| is_target(target, state));
        if !is_so(value.state) && !value.pending.is_some_and(is_so) {
            self.asked = None;
        }
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
    /// How it stood before and now, the newest last.
    changes: Mutex<VecDeque<PairChange>>,
}

/// How the link to a pair came to stand at a time; how many agents are unknown is no change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairChange {
    /// When.
    pub at: Timestamp,
    /// How.
    pub status: PairStatus,
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

    /// What was asked of an agent's owner is so, since somebody wanted it.
    pub(crate) fn note_asked(&self, agent: &AgentId, target: Option<Target>, came: CameFrom) {
        let Some(target) = target else { return };
        let mut agents = self.agents.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = agents.get_mut(agent) {
            entry.asked = Some((target, came));
        }
    }

    /// Who wanted the agent's state and what comes next, as far as they asked this node; else the owner
    /// itself, or whoever asked it elsewhere.
    pub(crate) fn came_from(&self, agent: &AgentId) -> [Option<CameFrom>; 2] {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = agents.get(agent) else { return [None; 2] };
        let Some(value) = &entry.value else { return [None; 2] };
        let by_owner = CameFrom { from: Origin::Cti, at: value.changed_at };
        let of = |state| match entry.asked {
            Some((target, came)) if is_target(target, state) => came,
            _ => by_owner,
        };
        [Some(of(value.state)), value.pending.map(of)]
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

    /// How it came to stand, the newest first.
    pub(crate) fn changes(&self) -> Vec<PairChange> {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.iter().rev().cloned().collect()
    }

    pub(crate) fn status(&self) -> PairStatus {
        self.status.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_status(&self, now: Timestamp, status: PairStatus) {
        let change = |status: &PairStatus| {
            let problem = status.problem.clone();
            (status.active_side, status.standby_side, problem, status.unknown_agents > 0)
        };
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if changes.back().is_none_or(|last| change(&last.status) != change(&status)) {
            if changes.len() == CHANGES_MAX {
                changes.pop_front();
            }
            changes.push_back(PairChange { at: now, status: status.clone() });
        }
        drop(changes);
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

/// Whether an agent in that state is where somebody wanted them.
fn is_target(target: Target, state: PresenceState) -> bool {
    match target {
        Target::Ready => state == PresenceState::Ready,
        Target::NotReady(reason) => state == PresenceState::NotReady { reason },
        Target::SignedOut(_) => matches!(state, PresenceState::SignedOut { .. }),
    }
}

#[cfg(test)]
mod tests {
    use domain::HeardState;

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
    #[test]
    fn byd_03_a_state_that_another_owns_came_from_whoever_asked_for_it_until_it_is_another() {
        let agent: AgentKey = "north:1001".parse().unwrap();
        let pair = PairLive::default();
        let at = Timestamp::from_seconds;
        let hear = |state, pending, since| {
            let since = at(since);
            let (extension, instrument, device) = (None, None, None);
            let heard = HeardState { state, since, pending, extension, instrument, device };
            pair.hear(&agent, since, Heard::State(heard));
        };
        let from = || pair.came_from(&agent.id).map(|came| came.map(|came| came.from));
        let not_ready = PresenceState::NotReady { reason: None };
        hear(PresenceState::Talking, None, 10);
        assert_eq!(from(), [Some(Origin::Cti), None]);
        // Wanted at the phone during a call, it is pending and then so.
        hear(PresenceState::Talking, Some(not_ready), 11);
        let came = CameFrom { from: Origin::Phone, at: at(11) };
        pair.note_asked(&agent.id, Some(Target::NotReady(None)), came);
        assert_eq!(from(), [Some(Origin::Cti), Some(Origin::Phone)]);
        hear(not_ready, None, 12);
        assert_eq!(from(), [Some(Origin::Phone), None]);
        // The same state once more, after another one, is somebody else's doing.
        hear(PresenceState::Ready, None, 13);
        hear(not_ready, None, 14);
        assert_eq!(from(), [Some(Origin::Cti), None]);
    }
    #[test]
    fn cti_02_the_last_changes_of_a_pairs_links_are_remembered_and_no_more() {
        let pair = PairLive::default();
        let status = |side, unknown_agents| PairStatus {
            active_side: side,
            unknown_agents,
            ..PairStatus::default()
        };
        let at = Timestamp::from_seconds;
        pair.set_status(at(1), status(Some('a'), 900));
        // Agents that come to be known one after the other are no change of the link.
        pair.set_status(at(2), status(Some('a'), 800));
        pair.set_status(at(3), status(Some('a'), 0));
        let times: Vec<_> = pair.changes().into_iter().map(|it| it.at).collect();
        assert_eq!(times, [at(3), at(1)]);
        for second in 10..200 {
            let side = if second % 2 == 0 { 'a' } else { 'b' };
            pair.set_status(at(second), status(Some(side), 0));
        }
        let changes = pair.changes();
        assert_eq!((changes.len(), changes[0].at), (CHANGES_MAX, at(199)));
        assert_eq!(pair.status().active_side, Some('b'));
    }
}
