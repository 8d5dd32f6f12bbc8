//! What happens to a call: it rings, waits in a queue, is answered, held, joined with another.

use super::calls::PARTIES_MAX;
use super::{Timer, World};
use crate::cti::call_events::{
    self, Connection, Context, NO_CAUSE, NOT_ANSWERED, Who, connection, kind,
};
use crate::cti::numbers::{failure, message, state};
use crate::cti::wire::NONE;

/// A call from outside, as a command wants it.
pub(super) struct Incoming {
    /// Agent and whether it is the second line; none for a queue alone.
    pub(super) to: Option<(usize, bool)>,
    pub(super) called: String,
    pub(super) calling: String,
    pub(super) context: Context,
    /// Skill group.
    pub(super) group: Option<u32>,
}

impl World {
    /// A call from outside: into a queue, or straight to an agent's line.
    pub(super) fn incoming(&mut self, incoming: Incoming) -> Result<u32, String> {
        let Incoming { to, called, calling, context, group } = incoming;
        let ready = |world: &Self, agent: usize| {
            world.agents.get(agent).is_some_and(|agent| agent.state == state::AVAILABLE)
        };
        let call_type = match to {
            Some((_, true)) => kind::CALL_NON_ACD,
            Some((agent, false)) if group.is_none() && !ready(self, agent) => kind::CALL_OTHER_IN,
            _ => kind::CALL_ACD_IN,
        };
        if let Some((agent, second)) = to {
            let found = self.agents.get(agent).ok_or("no such agent")?;
            if !second && found.on_call() {
                return Err(format!(
                    "agent {} is on a call; `calls` lists it, `clear` ends it",
                    found.person.id
                ));
            }
            if group.is_some() && found.state != state::AVAILABLE {
                let words = crate::cti::numbers::state_name(found.state);
                return Err(format!("agent {} is {words}, not available", found.person.id));
            }
            let place = found.place;
            if self.agents.get(place).is_some_and(|place| place.out_of_service) {
                return Err("the phone is out of service".into());
            }
        }
        let id = self.new_call(call_type, &calling, &called, context);
        let caller = self.add_party(id, &calling, None, connection::CONNECT);
        if let (Some(group), Some(call)) = (group, self.calls.get_mut(&id)) {
            call.group = Some(group);
            call.waiting = true;
        }
        if group.is_some() {
            self.tell_queued(id, caller);
        }
        match to {
            Some((agent, second)) => self.ring(id, agent, second),
            None => {
                if let Some(agent) = self.longest_ready(group) {
                    self.ring(id, agent, false);
                }
            }
        }
        Ok(id)
    }

    fn waiting_in(&self, group: Option<u32>) -> u16 {
        let waiting = self.calls.values().filter(|call| call.waiting && call.group == group);
        u16::try_from(waiting.count()).unwrap_or(u16::MAX)
    }

    fn tell_queued(&mut self, id: u32, caller: usize) {
        let group = self.calls.get(&id).and_then(|call| call.group);
        let waiting = self.waiting_in(group);
        let name = format!("queue{}", group.unwrap_or_default());
        self.tell_party(id, caller, |call, _, at| {
            let at = Connection { state: connection::QUEUED, ..at };
            call_events::queued(&at, Who { acting: &name, ..call.who("") }, waiting)
        });
    }

    /// Whoever of a group has been ready longest.
    fn longest_ready(&self, group: Option<u32>) -> Option<usize> {
        let group = group?;
        let ready = self.agents.iter().enumerate().filter(|(_, agent)| {
            agent.state == state::AVAILABLE && agent.person.skill_groups.contains(&group)
        });
        ready.min_by_key(|(_, agent)| agent.since()).map(|(index, _)| index)
    }

    /// An agent became available: the oldest waiting call of its groups rings.
    pub(super) fn serve_queues(&mut self, agent: usize) {
        let Some(found) = self.agents.get(agent) else { return };
        let groups = &found.person.skill_groups;
        let waits = |call: &&super::calls::Call| {
            call.waiting && call.group.is_some_and(|group| groups.contains(&group))
        };
        if let Some(id) = self.calls.values().find(waits).map(|call| call.id) {
            self.ring(id, agent, false);
        }
    }

    /// A call alerts at an agent's line.
    pub(super) fn ring(&mut self, id: u32, index: usize, second: bool) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let queued = std::mem::take(&mut call.waiting);
        let (group, direction, call_type) = (call.group, call.direction, call.call_type);
        if queued {
            let left = self.waiting_in(group);
            self.tell_party(id, 0, |_, _, at| call_events::dequeued(&at, left));
        }
        let Some(agent) = self.agents.get_mut(index) else { return };
        let number = if second { agent.second_line.clone() } else { agent.extension.clone() };
        let reserves = agent.state == state::AVAILABLE
            && !second
            && (call_type == kind::CALL_ACD_IN || group.is_some());
        if reserves {
            agent.before = (state::AVAILABLE, 0);
            agent.direction = direction;
            self.become_state(index, state::RESERVED, 0);
        }
        let party = self.add_party(id, &number, Some((index, second)), connection::ALERTING);
        self.tell_party(id, party, |call, leg, at| {
            call_events::delivered(&at, call.who(&leg.number), &call.context)
        });
        if let Some((leg, generation)) = self.party_mut(id, party).map(|it| (it.leg, it.generation))
        {
            self.after(self.settings.ring, Timer::Ring { leg, generation });
        }
    }

    /// Nobody answered: the agent is made not ready, a queued call goes back into its queue.
    pub(super) fn ring_over(&mut self, leg: u32, generation: u32) {
        let Some((id, party)) = self.place_of(leg) else { return };
        let Some(leg) = self.party_mut(id, party) else { return };
        if leg.generation != generation || leg.state != connection::ALERTING {
            return;
        }
        let (agent, second) = (leg.agent, leg.second);
        let reason = if self.settings.express { 32_763 } else { 32_767 };
        if let Some(agent) = agent.filter(|_| !second).and_then(|it| self.agents.get_mut(it))
            && agent.state == state::RESERVED
        {
            agent.next = Some((state::NOT_READY, reason));
        }
        let group = self.calls.get(&id).and_then(|call| call.group);
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.waiting = group.is_some();
        self.leave(id, party, NOT_ANSWERED);
        if group.is_some() && self.calls.contains_key(&id) {
            self.tell_queued(id, 0);
            if let Some(agent) = self.longest_ready(group) {
                self.ring(id, agent, false);
            }
        }
    }

    /// The alerting leg of an agent, of the given call or of any.
    pub(super) fn leg_of(&self, agent: usize, call: u32, states: &[u16]) -> Option<(u32, usize)> {
        let calls = self.calls.values().filter(|it| call == NONE || it.id == call);
        calls
            .flat_map(|call| {
                call.parties.iter().enumerate().map(move |(at, leg)| (call.id, at, leg))
            })
            .find(|(_, _, leg)| leg.agent == Some(agent) && states.contains(&leg.state))
            .map(|(call, at, _)| (call, at))
    }

    /// An alerting leg answers; whatever the agent talks on is held first.
    pub(super) fn answer(&mut self, id: u32, party: usize) {
        let agent = self.party_mut(id, party).and_then(|leg| leg.agent);
        if let Some(other) = agent.and_then(|it| self.leg_of(it, NONE, &[connection::CONNECT])) {
            self.hold(other.0, other.1);
        }
        self.set_party(id, party, connection::CONNECT);
        self.tell_party(id, party, |call, leg, at| {
            call_events::established(&at, call.who(&leg.number))
        });
        if let Some(agent) = agent {
            self.settle_agent(agent, true);
        }
    }

    pub(super) fn hold(&mut self, id: u32, party: usize) {
        self.set_party(id, party, connection::HOLD);
        self.tell_and_settle(message::HELD, id, party);
    }

    pub(super) fn retrieve(&mut self, id: u32, party: usize) {
        self.set_party(id, party, connection::CONNECT);
        self.tell_and_settle(message::RETRIEVED, id, party);
    }

    fn tell_and_settle(&mut self, number: u32, id: u32, party: usize) {
        self.tell_party(id, party, |_, leg, at| call_events::of_party(number, &at, &leg.number));
        if let Some(agent) = self.party_mut(id, party).and_then(|leg| leg.agent) {
            self.settle_agent(agent, true);
        }
    }

    /// An agent's line calls a number, inside or outside.
    pub(super) fn dial(
        &mut self,
        agent: usize,
        second: bool,
        number: &str,
        context: Context,
        consult: bool,
    ) -> Result<u32, u16> {
        let found = self.agents.get(agent).ok_or(failure::UNKNOWN_OBJECT)?;
        let own = if second { found.second_line.clone() } else { found.extension.clone() };
        let inside = self.agent_at(number);
        if inside.is_some_and(|(other, _)| other == agent) || number.is_empty() {
            return Err(6);
        }
        let call_type = match (second, consult, inside) {
            (true, ..) => kind::CALL_NON_ACD,
            (_, true, _) => kind::CALL_CONSULT,
            (.., Some(_)) => kind::CALL_AGENT_INSIDE,
            _ => kind::CALL_OUT,
        };
        let id = self.new_call(call_type, &own, number, context);
        let party = self.add_party(id, &own, Some((agent, second)), connection::INITIATE);
        self.tell_party(id, party, |_, leg, at| call_events::service_initiated(&at, &leg.number));
        self.set_party(id, party, connection::CONNECT);
        self.tell_party(id, party, |call, _, at| call_events::originated(&at, call.who("")));
        if !second {
            self.settle_agent(agent, true);
        }
        self.reach(id, number);
        Ok(id)
    }

    /// A number joins a call: it rings inside, or the network is reached.
    pub(super) fn reach(&mut self, id: u32, number: &str) {
        if let Some((agent, second)) = self.agent_at(number) {
            return self.ring(id, agent, second);
        }
        let party = self.add_party(id, number, None, connection::ALERTING);
        self.tell_party(id, party, |_, leg, at| call_events::reached_network(&at, &leg.number));
        if let Some(leg) = self.party_mut(id, party).map(|it| it.leg) {
            self.after(self.settings.external_answer, Timer::ExternalAnswer { leg });
        }
    }

    pub(super) fn external_answers(&mut self, leg: u32) {
        let Some((id, party)) = self.place_of(leg) else { return };
        if self.party_mut(id, party).is_some_and(|leg| leg.state == connection::ALERTING) {
            self.answer(id, party);
        }
    }

    /// Two calls of an agent become one: with the agent (a conference) or without (a transfer).
    pub(super) fn join(
        &mut self,
        agent: usize,
        first: u32,
        second: u32,
        number: u32,
    ) -> Result<Vec<(u32, String)>, u16> {
        let both = self.calls.get(&first).map_or(0, |call| call.parties.len())
            + self.calls.get(&second).map_or(0, |call| call.parties.len());
        if both > PARTIES_MAX + 1 {
            return Err(failure::CONFERENCE_LIMIT);
        }
        let stays = number == message::CONFERENCED;
        let call = self.calls.get(&second).ok_or(failure::NO_HELD_CALL)?.clone();
        let own = |leg: &super::calls::Party| leg.agent == Some(agent);
        let place = call.parties.iter().find(|leg| own(leg)).map(|leg| leg.connection.clone());
        let others: Vec<_> = call.parties.iter().filter(|leg| !own(leg)).cloned().collect();
        let added = others.first().map(|leg| leg.number.clone()).unwrap_or_default();
        let controller = self.agents.get(agent).map(|it| it.extension.clone()).unwrap_or_default();
        let into = self.calls.get_mut(&first).ok_or(failure::NO_ACTIVE_CALL)?;
        let mine = into.parties.iter().position(own).ok_or(failure::NO_ACTIVE_CALL)?;
        for leg in others {
            into.connections_made += 1;
            into.parties.push(leg);
        }
        if let Some(leg) = into.parties.get_mut(mine).filter(|_| stays) {
            leg.state = connection::CONNECT;
        }
        let staying = into.parties.iter().enumerate().filter(|(at, _)| stays || *at != mine);
        let parties: Vec<_> = staying.map(|(_, leg)| (first, leg.connection.clone())).collect();
        let list = parties.clone();
        self.tell_party(first, mine, |call, _, at| {
            let who = Who { acting: &controller, called: &added, ..call.who("") };
            let secondary = (second, place.as_deref().unwrap_or_default());
            let at = Connection { cause: NO_CAUSE, ..at };
            call_events::joined(number, &at, secondary, who, &list)
        });
        // The second call's parties go on in the first; only its association ends.
        if let Some(call) = self.calls.get(&second) {
            let ended = call_events::end_call(&call.at(None, self));
            self.tell_call(second, &ended);
            self.calls.remove(&second);
        }
        if !stays && let Some(call) = self.calls.get_mut(&first) {
            call.parties.remove(mine);
        }
        self.settle_agent(agent, true);
        Ok(parties)
    }
}
