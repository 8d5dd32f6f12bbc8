//! Which agents are at which lines.

use std::collections::{BTreeSet, HashMap};

use domain::AgentId;

/// What a device is to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The line that the contact centre's calls come to.
    Own,
    /// The phone or port, as the server names it; calls on any of its lines may be told with it.
    Phone,
    /// Another line of the phone (CTI-09), which may be another agent's own.
    Other,
}

/// A device an agent is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) device: Box<str>,
    pub(super) role: Role,
}

/// Which agents are at which lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    agents: HashMap<Box<str>, BTreeSet<AgentId>>,
    of: HashMap<AgentId, Vec<Placed>>,
}

impl Lines {
    /// Everybody who sees calls of that device.
    pub(super) fn agents(&self, device: &str) -> impl Iterator<Item = &AgentId> {
        self.agents.get(device).into_iter().flatten()
    }

    /// Whoever is signed on at that line, or with that phone.
    pub(super) fn owners(&self, device: &str) -> impl Iterator<Item = &AgentId> {
        self.agents(device).filter(|agent| self.has_own(agent, device))
    }

    /// Whether it is the line or phone some agent is signed on with.
    pub(super) fn is_own(&self, device: &str) -> bool {
        self.owners(device).next().is_some()
    }

    /// Where an agent is.
    pub(super) fn of(&self, agent: &AgentId) -> &[Placed] {
        self.of.get(agent).map_or(&[], Vec::as_slice)
    }

    /// Puts an agent there; where the agent was before, if that is not the same.
    pub(super) fn set(&mut self, agent: &AgentId, placed: Vec<Placed>) -> Option<Vec<Placed>> {
        if self.of.get(agent) == Some(&placed) {
            return None;
        }
        let before = self.remove(agent);
        for Placed { device, role } in &placed {
            if *role != Role::Other {
                self.take_from_others(device);
            }
            self.agents.entry(device.clone()).or_default().insert(agent.clone());
        }
        self.of.insert(agent.clone(), placed);
        Some(before)
    }

    /// An agent is nowhere; where it was before.
    pub(super) fn remove(&mut self, agent: &AgentId) -> Vec<Placed> {
        let placed = self.of.remove(agent).unwrap_or_default();
        for Placed { device, .. } in &placed {
            self.forget(device, agent);
        }
        placed
    }

    fn has_own(&self, agent: &AgentId, device: &str) -> bool {
        let mut placed = self.of(agent).iter();
        placed.any(|it| *it.device == *device && it.role != Role::Other)
    }

    /// No two agents are signed on at one line: whoever was there is gone, though nobody said so.
    fn take_from_others(&mut self, device: &str) {
        for agent in self.owners(device).cloned().collect::<Vec<_>>() {
            self.forget(device, &agent);
            if let Some(placed) = self.of.get_mut(&agent) {
                placed.retain(|it| *it.device != *device);
            }
        }
    }

    fn forget(&mut self, device: &str, agent: &AgentId) {
        if let Some(agents) = self.agents.get_mut(device) {
            agents.remove(agent);
            if agents.is_empty() {
                self.agents.remove(device);
            }
        }
    }
}
