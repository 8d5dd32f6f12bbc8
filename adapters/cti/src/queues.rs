//! Calls that wait in queues, as far as events tell: for the home screens of those who serve them
//! (PHN-21); pure.
//!
//! `CALL_QUEUED_EVENT` and `CALL_DEQUEUED_EVENT` name the skill groups a call waits for, and events of
//! agents the groups they serve. Calls queued before the link was there are not known.

use std::collections::{HashMap, HashSet};

use domain::{AgentId, QueueFigures, Timestamp};
use protocols::cti::{AgentStateEvent, Event, NULL, SkillGroupEntry};

/// Calls remembered as waiting; more are not counted.
const WAITING_MAX: usize = 20_000;
/// Groups remembered of one agent.
const GROUPS_MAX: usize = 20;

/// Waiting calls and who serves them.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    /// By call id: for which groups, since when.
    waiting: HashMap<u32, (Vec<u32>, Timestamp)>,
    by_group: HashMap<u32, HashSet<u32>>,
    groups_of: HashMap<AgentId, Vec<u32>>,
    changed: bool,
}

impl Queues {
    /// Takes in what a call event tells of waiting.
    pub(crate) fn event(&mut self, event: &Event, now: Timestamp) {
        match event {
            Event::CallQueued(it) => {
                self.leave(it.connection.call_id);
                let groups = groups(&it.skill_groups);
                if !groups.is_empty() && self.waiting.len() < WAITING_MAX {
                    for group in &groups {
                        self.by_group.entry(*group).or_default().insert(it.connection.call_id);
                        self.changed = true;
                    }
                    self.waiting.insert(it.connection.call_id, (groups, now));
                }
            }
            Event::CallDequeued(it) => self.leave(it.connection.call_id),
            Event::CallEstablished(it) => self.leave(it.connection.call_id),
            Event::CallCleared(it) => self.leave(it.connection.call_id),
            Event::EndCall(it) => self.leave(it.connection.call_id),
            _ => {}
        }
    }

    /// Takes in which groups an agent serves.
    pub(crate) fn agent(&mut self, agent: &AgentId, event: &AgentStateEvent, signed_in: bool) {
        let mut told = groups(&event.skill_groups);
        if event.skill_group.number != NULL && !told.contains(&event.skill_group.number) {
            told.push(event.skill_group.number);
        }
        if !signed_in {
            return self.forget(agent);
        }
        if told.is_empty() {
            return;
        }
        let known = self.groups_of.entry(agent.clone()).or_default();
        for group in told {
            // One event for each group may come, so they add up until the agent signs out.
            if !known.contains(&group) && known.len() < GROUPS_MAX {
                known.push(group);
                self.changed = true;
            }
        }
    }

    /// An agent serves nothing any more.
    pub(crate) fn forget(&mut self, agent: &AgentId) {
        self.groups_of.remove(agent);
    }

    /// Whether anything may have changed since this was asked last.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Forgets everything: the link was lost.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What waits for an agent; `None` where their groups are not known.
    pub(crate) fn figures(&self, agent: &AgentId) -> Option<QueueFigures> {
        let groups = self.groups_of.get(agent)?;
        let calls: HashSet<u32> =
            groups.iter().filter_map(|group| self.by_group.get(group)).flatten().copied().collect();
        let since = calls.iter().filter_map(|call| self.waiting.get(call)).map(|(_, since)| *since);
        Some(QueueFigures {
            calls: u32::try_from(calls.len()).unwrap_or(u32::MAX),
            longest_since: since.min(),
        })
    }

    fn leave(&mut self, call: u32) {
        let Some((groups, _)) = self.waiting.remove(&call) else { return };
        for group in groups {
            self.changed = true;
            if let Some(calls) = self.by_group.get_mut(&group) {
                calls.remove(&call);
                if calls.is_empty() {
                    self.by_group.remove(&group);
                }
            }
        }
    }
}

fn groups(entries: &[SkillGroupEntry]) -> Vec<u32> {
    let mut groups: Vec<u32> =
        entries.iter().map(|entry| entry.number).filter(|number| *number != NULL).collect();
    groups.sort_unstable();
    groups.dedup();
    groups.truncate(GROUPS_MAX);
    groups
}

#[cfg(test)]
mod tests {
    use protocols::cti::{CallDequeuedEvent, CallQueuedEvent, Connection, EndCallEvent};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn connection(call_id: u32) -> Connection {
        Connection { call_id, ..Connection::default() }
    }

    fn entries(groups: &[u32]) -> Vec<SkillGroupEntry> {
        let entry = |number: &u32| SkillGroupEntry { number: *number, ..Default::default() };
        groups.iter().map(entry).collect()
    }

    fn queued(call_id: u32, groups: &[u32]) -> Event {
        Event::CallQueued(CallQueuedEvent {
            connection: connection(call_id),
            skill_groups: entries(groups),
            ..Default::default()
        })
    }

    fn serves(queues: &mut Queues, agent: &str, groups: &[u32]) {
        let event = AgentStateEvent { skill_groups: entries(groups), ..Default::default() };
        queues.agent(&agent.parse().unwrap(), &event, true);
    }

    #[track_caller]
    fn check(queues: &Queues, agent: &str, expected: Option<(u32, Option<i64>)>) {
        let figures = queues.figures(&agent.parse().unwrap());
        let told = figures.map(|it| (it.calls, it.longest_since.map(Timestamp::seconds)));
        assert_eq!(told, expected);
    }

    #[test]
    fn phn_21_calls_waiting_are_told_to_those_who_serve_them() {
        let mut queues = Queues::default();
        serves(&mut queues, "1001", &[1, 2]);
        serves(&mut queues, "1002", &[3]);
        queues.event(&queued(7, &[1]), at(10));
        queues.event(&queued(8, &[1, 2]), at(20));
        check(&queues, "1001", Some((2, Some(10))));
        check(&queues, "1002", Some((0, None)));
        let gone = CallDequeuedEvent { connection: connection(7), ..Default::default() };
        queues.event(&Event::CallDequeued(gone), at(30));
        check(&queues, "1001", Some((1, Some(20))));
        let ended = EndCallEvent { connection: connection(8), ..Default::default() };
        queues.event(&Event::EndCall(ended), at(40));
        check(&queues, "1001", Some((0, None)));
        assert!(queues.take_changed() && !queues.take_changed());
        assert!(queues.by_group.is_empty() && queues.waiting.is_empty());
    }

    #[test]
    fn who_signed_out_serves_nothing_and_waiting_calls_are_bounded() {
        let mut queues = Queues::default();
        serves(&mut queues, "1001", &[1]);
        queues.agent(&"1001".parse().unwrap(), &AgentStateEvent::default(), false);
        for call in 0..30_000 {
            queues.event(&queued(call, &[1]), at(1));
        }
        check(&queues, "1001", None);
        assert_eq!(queues.waiting.len(), WAITING_MAX);
    }
}
