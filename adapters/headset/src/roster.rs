//! Which agent a phone's headset belongs to; pure.
//!
//! ```text
//!   sessions, what owners told --place--> Roster <--lines of phones-- settings
//!                                            |
//!                          agent_of(device): one, none and why
//! ```
//!
//! The agent of a phone is the one whose session or whose owner's events name it. Else, where a line is on
//! that phone alone, the agent who is signed in with the line and is not named at another phone. Two
//! candidates mean none: a light must not show somebody else's state.

use std::collections::{BTreeSet, HashMap};

use domain::settings::Settings;
use domain::{AgentKey, AgentSession, DeviceName, Extension, LiveAgent};

/// Where an agent is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The phone that is named.
    pub(crate) device: Option<DeviceName>,
    /// The line.
    pub(crate) line: Option<Extension>,
}

impl Place {
    /// Where an agent is by their session and by what the owner of their voice state told; `None` where
    /// they are surely signed out, or nothing says where they are.
    pub(crate) fn of(session: Option<&AgentSession>, live: Option<&LiveAgent>) -> Option<Self> {
        let signed_in = session.and_then(AgentSession::signed_in);
        let is_signed_in = live.map(|live| live.is_signed_in());
        if is_signed_in == Some(Some(false)) || (is_signed_in.is_none() && signed_in.is_none()) {
            return None;
        }
        // Whoever takes calls elsewhere has no headset of ours.
        if signed_in.is_some_and(|it| it.mobile.is_some()) {
            return None;
        }
        let told = live.and_then(|live| live.device.clone());
        let own = signed_in.and_then(|it| it.device.clone());
        let line = live.and_then(|live| live.extension.clone());
        let place = Self {
            device: told.or(own),
            line: line.or_else(|| signed_in.map(|it| it.extension.clone())),
        };
        (place != Self::default()).then_some(place)
    }
}

/// Whose headset it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// That agent's.
    Agent(AgentKey),
    /// Nobody's: nobody is signed in there.
    Nobody,
    /// Nobody's, since several agents may be meant.
    Several(Vec<AgentKey>),
    /// Nobody's, since the line that an agent is signed in with is on several phones, and none of them is
    /// named.
    SharedLine(Extension),
}

impl Whose {
    /// The agent, where there is one.
    pub fn agent(&self) -> Option<&AgentKey> {
        match self {
            Self::Agent(agent) => Some(agent),
            Self::Nobody | Self::Several(_) | Self::SharedLine(_) => None,
        }
    }

    /// What an administrator is told where it is nobody's though somebody is there.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Agent(_) | Self::Nobody => None,
            Self::Several(agents) => {
                let names: Vec<_> = agents.iter().map(|agent| agent.id.to_string()).collect();
                Some(format!(
                    "several agents are signed in on this phone ({}); sign all but one out",
                    names.join(", ")
                ))
            }
            Self::SharedLine(line) => Some(format!(
                "line {line} is on several phones; have the agent pick this phone at sign-in"
            )),
        }
    }
}

/// Who is where.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    places: HashMap<AgentKey, Place>,
    named: HashMap<DeviceName, BTreeSet<AgentKey>>,
    with_line: HashMap<Extension, BTreeSet<AgentKey>>,
    phones: HashMap<Extension, Vec<DeviceName>>,
    lines: HashMap<DeviceName, Vec<Extension>>,
}

impl Roster {
    /// Takes over which phones have which lines.
    pub(crate) fn set_lines(&mut self, settings: &Settings) {
        self.phones.clear();
        self.lines.clear();
        // A profile's lines are on whichever phone took it: sessions name that.
        for device in settings.devices.values().filter(|device| !device.profile) {
            for line in &device.lines {
                let phones = self.phones.entry(line.clone()).or_default();
                if phones.last() != Some(&device.name) {
                    phones.push(device.name.clone());
                }
            }
            self.lines.insert(device.name.clone(), device.lines.clone());
        }
    }

    /// Takes in where an agent is; gives the phones for which that may be news.
    pub(crate) fn place(&mut self, agent: &AgentKey, place: Option<Place>) -> Vec<DeviceName> {
        let before = self.places.get(agent);
        if before == place.as_ref() {
            return self.phones_of(before);
        }
        let mut touched = self.phones_of(before);
        if let Some(before) = self.places.remove(agent) {
            remove(&mut self.named, before.device.as_ref(), agent);
            remove(&mut self.with_line, before.line.as_ref(), agent);
        }
        touched.extend(self.phones_of(place.as_ref()));
        touched.sort();
        touched.dedup();
        if let Some(place) = place {
            if let Some(device) = &place.device {
                self.named.entry(device.clone()).or_default().insert(agent.clone());
            }
            if let Some(line) = &place.line {
                self.with_line.entry(line.clone()).or_default().insert(agent.clone());
            }
            self.places.insert(agent.clone(), place);
        }
        touched
    }

    /// Agents that are somewhere.
    pub(crate) fn agents(&self) -> Vec<AgentKey> {
        self.places.keys().cloned().collect()
    }

    /// Whose headset is behind that phone.
    pub(crate) fn agent_of(&self, device: &DeviceName) -> Whose {
        if let Some(named) = self.named.get(device).filter(|named| !named.is_empty()) {
            return one_of(named.iter().cloned().collect());
        }
        let mut candidates = BTreeSet::new();
        let mut shared = None;
        for line in self.lines.get(device).into_iter().flatten() {
            let agents = self.with_line.get(line).into_iter().flatten();
            let mut unnamed = agents.filter(|agent| {
                self.places.get(*agent).is_some_and(|place| place.device.is_none())
            });
            if self.phones.get(line).is_some_and(|phones| phones.len() == 1) {
                candidates.extend(unnamed.cloned());
            } else if unnamed.next().is_some() {
                shared.get_or_insert_with(|| line.clone());
            }
        }
        match (candidates.is_empty(), shared) {
            (true, Some(line)) => Whose::SharedLine(line),
            (true, None) => Whose::Nobody,
            (false, _) => one_of(candidates.into_iter().collect()),
        }
    }

    fn phones_of(&self, place: Option<&Place>) -> Vec<DeviceName> {
        let Some(place) = place else { return Vec::new() };
        let with_line = place.line.as_ref().and_then(|line| self.phones.get(line));
        let mut phones: Vec<_> = with_line.into_iter().flatten().cloned().collect();
        phones.extend(place.device.clone().filter(|device| !phones.contains(device)));
        phones
    }
}

fn one_of(mut agents: Vec<AgentKey>) -> Whose {
    match (agents.len(), agents.pop()) {
        (1, Some(agent)) => Whose::Agent(agent),
        (_, None) => Whose::Nobody,
        (_, Some(last)) => {
            agents.push(last);
            Whose::Several(agents)
        }
    }
}

fn remove<K: std::hash::Hash + Eq>(
    all: &mut HashMap<K, BTreeSet<AgentKey>>,
    key: Option<&K>,
    agent: &AgentKey,
) {
    let Some(key) = key else { return };
    if let Some(agents) = all.get_mut(key) {
        agents.remove(agent);
        if agents.is_empty() {
            all.remove(key);
        }
    }
}
