//! What the service knows of phones and agents, in memory alone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use domain::settings::{HeadsetMode, Settings};
use domain::{AgentKey, DeviceName, Known, LiveAgent, PairName, SessionNumber, Timestamp};

use crate::identity::Proven;
use crate::roster::Roster;
use crate::rounds::Rounds;
use crate::services::Nodes;
use crate::teller::Teller;
use crate::time;

/// What is known of phones and agents.
pub(crate) struct State {
    pub(crate) roster: Roster,
    pub(crate) teller: Teller,
    pub(crate) rounds: Rounds,
    pub(crate) nodes: Nodes,
    pub(crate) seen: HashMap<DeviceName, Seen>,
    /// Phones to which nothing could be sent at the last look.
    pub(crate) later: HashSet<DeviceName>,
    /// Whether the contact centre told of everybody: before that nobody is known to be signed out.
    pub(crate) is_centre_known: bool,
    /// Phones that did not take news.
    pub(crate) missed: HashSet<DeviceName>,
    /// Phones that asked this node without a proof, from where they may be.
    pub(crate) asked: HashSet<DeviceName>,
    /// How often it was looked at nodes and figures.
    pub(crate) ticks: u32,
    pub(crate) survey: Survey,
    /// The pair by whose nodes a phone without one of its own is served.
    pub(crate) pairs: HashMap<DeviceName, PairName>,
    /// When phones that gave no answer twice are tried once more.
    pub(crate) dead: HashMap<DeviceName, Instant>,
    /// Agents of whom nothing is known since their owner's link was lost.
    pub(crate) lost: HashSet<AgentKey>,
    /// The session each agent was last seen with.
    pub(crate) sessions: HashMap<AgentKey, SessionNumber>,
    pub(crate) settings: Arc<Settings>,
}

/// A look at all phones that goes on.
#[derive(Default)]
pub(crate) struct Survey {
    pub(crate) left: Vec<DeviceName>,
    pub(crate) phones: usize,
    pub(crate) dead: usize,
    /// Phones whose headset is nobody's, though somebody is there.
    pub(crate) ambiguous: usize,
}

/// A phone that asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// When it last discovered its services.
    pub(crate) discovered_at: Option<Timestamp>,
    /// When it last fetched the configuration.
    pub(crate) configured_at: Option<Timestamp>,
    /// How that was proven.
    pub(crate) proven: Option<Proven>,
}

impl State {
    /// Nothing is known yet.
    pub(crate) fn new(settings: Arc<Settings>, nodes: Nodes) -> Self {
        Self {
            roster: Roster::default(),
            teller: Teller::default(),
            rounds: Rounds::new(time::now(), settings.headset.news_per_second),
            nodes,
            seen: HashMap::new(),
            later: HashSet::new(),
            is_centre_known: false,
            missed: HashSet::new(),
            asked: HashSet::new(),
            ticks: 0,
            survey: Survey::default(),
            pairs: HashMap::new(),
            dead: HashMap::new(),
            lost: HashSet::new(),
            sessions: HashMap::new(),
            settings,
        }
    }

    /// A phone cannot be told any more.
    pub(crate) fn forget(&mut self, device: &DeviceName) {
        self.teller.forget(device);
        self.rounds.forget(device);
        self.dead.remove(device);
        self.missed.remove(device);
    }

    /// Whether a phone would find a node where it asks: it asked here before, or all nodes are there. One that is
    /// told that headsets are off loses nothing.
    pub(crate) fn may_discover(&self, device: &DeviceName) -> bool {
        let has_asked = self.seen.get(device).is_some_and(|seen| seen.discovered_at.is_some())
            || self.asked.contains(device);
        let is_off = self.settings.headset.mode == HeadsetMode::Disabled;
        has_asked || is_off || !self.nodes.is_any_away()
    }

    /// Whether the agent of a phone without a pair of its own belongs to another one than before, whose nodes
    /// serve it then (HST-13).
    pub(crate) fn has_other_pair(&mut self, device: &DeviceName) -> bool {
        if self.settings.cti_pairs.len() < 2 || !self.seen.contains_key(device) {
            return false;
        }
        if self.settings.devices.get(device).is_some_and(|device| device.pair.is_some()) {
            return false;
        }
        let Some(pair) = self.roster.agent_of(device).agent().map(|agent| agent.pair.clone())
        else {
            return false;
        };
        let before = self.pairs.insert(device.clone(), pair.clone());
        let named = |pair: &PairName| {
            let pair = self.settings.cti_pairs.get(pair);
            pair.map(|it| (it.primary_node.clone(), it.secondary_node.clone()))
        };
        before.as_ref() != Some(&pair) && named(&pair) != before.as_ref().and_then(named)
    }

    /// Whether an agent signed in anew, or is known again after their owner's link was lost: then phones are
    /// told although they may have been told the same before (HST-14).
    pub(crate) fn is_anew(
        &mut self,
        agent: &AgentKey,
        number: Option<SessionNumber>,
        live: Option<&LiveAgent>,
    ) -> bool {
        let before = match number {
            Some(number) => self.sessions.insert(agent.clone(), number),
            None => self.sessions.remove(agent),
        };
        let is_other_session = number.is_some() && before != number;
        let is_back = match live.map(|live| live.known) {
            Some(Known::NotSince(_)) => {
                self.lost.insert(agent.clone());
                false
            }
            Some(Known::Now) => self.lost.remove(agent),
            None => false,
        };
        is_other_session || is_back
    }
}
