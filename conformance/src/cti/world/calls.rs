//! Calls and their parties: who is told what, and what the parties' agents become.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Output, World};
use crate::cti::call_events::{self, Connection, Context, NO_CAUSE, Who, connection, kind};
use crate::cti::numbers::{call_bit, message, service, state};
use crate::cti::wire::Message;

/// Parties of one call.
pub(super) const PARTIES_MAX: usize = 16;
/// ConnectionCallID of the first call; ids count up.
const FIRST_CALL: u32 = 16_777_217;

/// One leg of a call.
#[derive(Clone, Debug)]
pub(super) struct Party {
    /// Unlike its place in a call, this number never changes.
    pub(super) leg: u32,
    /// Extension or number.
    pub(super) number: String,
    /// ConnectionDeviceID.
    pub(super) connection: String,
    /// The agent at that extension.
    pub(super) agent: Option<usize>,
    /// On the phone's other line, which is nothing to the agent's state.
    pub(super) second: bool,
    /// LocalConnectionState.
    pub(super) state: u16,
    /// Was connected at some time.
    pub(super) answered: bool,
    pub(super) generation: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: u32,
    pub(super) call_type: u16,
    pub(super) line_type: u16,
    /// Direction as the agent's state event says it.
    pub(super) direction: u32,
    pub(super) calling: String,
    pub(super) called: String,
    pub(super) context: Context,
    pub(super) parties: Vec<Party>,
    /// Skill group that queued it.
    pub(super) group: Option<u32>,
    /// Waits in that group.
    pub(super) waiting: bool,
    pub(super) connections_made: u32,
}

impl Call {
    pub(super) fn who<'a>(&'a self, acting: &'a str) -> Who<'a> {
        Who { acting, calling: &self.calling, called: &self.called }
    }

    /// An event's view of one party; of the call itself where there is none.
    pub(super) fn at<'a>(&'a self, party: Option<&'a Party>, world: &World) -> Connection<'a> {
        let first = party.or_else(|| self.parties.first());
        Connection {
            peripheral: world.settings.peripheral,
            express: world.settings.express,
            call: self.id,
            device: first.map_or("", |party| party.connection.as_str()),
            state: first.map_or(connection::NULL, |party| party.state),
            cause: NO_CAUSE,
            group: self.group,
            line_type: self.line_type,
        }
    }

    pub(super) fn is_second_line(&self) -> bool {
        self.call_type == kind::CALL_NON_ACD
    }

    pub(super) fn to_json(&self, world: &World) -> Value {
        let parties = self.parties.iter().map(|party| {
            let agent = party.agent.and_then(|agent| world.agents.get(agent));
            json!({
                "number": party.number,
                "agent": agent.map(|agent| agent.person.id.clone()),
                "state": connection_name(party.state),
                "second_line": party.second,
                "connection": party.connection,
            })
        });
        let variables = self.context.variables.iter().zip(1..);
        let variables = variables.filter(|(value, _)| !value.is_empty());
        json!({
            "call": self.id,
            "calling": self.calling,
            "called": self.called,
            "call_type": self.call_type,
            "queue": self.group,
            "waiting": self.waiting,
            "parties": parties.collect::<Vec<_>>(),
            "variables": variables
                .map(|(value, number)| (number.to_string(), json!(value)))
                .collect::<serde_json::Map<_, _>>(),
            "named": self.context.named,
            "wrap_up": self.context.wrap_up,
        })
    }
}

fn connection_name(state: u16) -> &'static str {
    match state {
        connection::INITIATE => "initiated",
        connection::ALERTING => "alerting",
        connection::CONNECT => "connected",
        connection::HOLD => "held",
        connection::QUEUED => "queued",
        _ => "none",
    }
}

impl World {
    /// A call with no parties yet; nobody is told.
    pub(super) fn new_call(
        &mut self,
        call_type: u16,
        calling: &str,
        called: &str,
        context: Context,
    ) -> u32 {
        let id = FIRST_CALL.wrapping_add(self.calls_made);
        self.calls_made += 1;
        let (line_type, direction) = match call_type {
            kind::CALL_ACD_IN => (kind::LINE_INBOUND_ACD, 1),
            kind::CALL_OUT => (7, 2),
            kind::CALL_NON_ACD => (kind::LINE_NON_ACD_IN, 3),
            kind::CALL_OTHER_IN => (kind::LINE_INSIDE, 3),
            _ => (kind::LINE_INSIDE, 4),
        };
        self.calls.insert(
            id,
            Call {
                id,
                call_type,
                line_type,
                direction,
                calling: calling.to_owned(),
                called: called.to_owned(),
                context,
                parties: Vec::new(),
                group: None,
                waiting: false,
                connections_made: 0,
            },
        );
        id
    }

    /// Adds a leg; answers its place.
    pub(super) fn add_party(
        &mut self,
        call: u32,
        number: &str,
        agent: Option<(usize, bool)>,
        state: u16,
    ) -> usize {
        let Some(call) = self.calls.get_mut(&call) else { return 0 };
        self.legs_made += 1;
        call.connections_made += 1;
        // Opaque: scattered, so that no client finds an extension or a call id in it.
        let scattered = call.id.wrapping_mul(2_654_435_761).rotate_left(7);
        call.parties.push(Party {
            leg: self.legs_made,
            number: number.to_owned(),
            connection: format!("{scattered:08x}.{}", call.connections_made),
            agent: agent.map(|(agent, _)| agent),
            second: agent.is_some_and(|(_, second)| second),
            state,
            answered: state == connection::CONNECT,
            generation: 0,
        });
        call.parties.len() - 1
    }

    /// Tells sessions an event of a call: `BEGIN_CALL` first to whoever has not had it.
    pub(super) fn tell_call(&mut self, id: u32, event: &Message) {
        let Some(call) = self.calls.get(&id) else { return };
        let begin = call_events::begin_call(&call.at(None, self), call.call_type, &call.context);
        let parties: Vec<usize> = call.parties.iter().filter_map(|party| party.agent).collect();
        let second = call.is_second_line();
        let mut outputs = Vec::new();
        let mut known: Vec<(u32, _, std::sync::Arc<Vec<u8>>)> = Vec::new();
        for (number, session) in &mut self.sessions {
            if !session.is_open() || session.standby {
                continue;
            }
            let acd_only = session.services & service::ACD_LINE_ONLY != 0;
            let own = session.services & service::CLIENT_EVENTS != 0
                && session.device.is_some_and(|agent| parties.contains(&agent));
            let framing = session.framing;
            let after = self.faults.delay(session.side);
            let mut push = |message: &Message, monitor: u32| {
                let key = (message.number, (framing, monitor));
                let found = known.iter().find(|(a, b, _)| (*a, *b) == key);
                let bytes = match found {
                    Some((.., bytes)) => bytes.clone(),
                    None => {
                        let bytes = message.for_monitor(monitor).encode(framing);
                        let bytes = std::sync::Arc::new(bytes);
                        known.push((key.0, key.1, bytes.clone()));
                        bytes
                    }
                };
                outputs.push(Output::Send { session: *number, bytes, after });
            };
            let mask = session.call_mask;
            if (session.hears_all() || own) && !(acd_only && second) {
                let first = session.begun.insert(id);
                let begins = mask & call_bit(message::BEGIN_CALL) != 0;
                if first && event.number != message::BEGIN_CALL && begins {
                    push(&begin, 0);
                }
                if mask & call_bit(event.number) != 0 {
                    push(event, 0);
                }
            }
            if event.number == message::END_CALL {
                session.begun.remove(&id);
            }
            for monitor in &session.monitors {
                let watches = monitor.call == id
                    || monitor.agent.is_some_and(|agent| parties.contains(&agent));
                if watches && monitor.call_mask & call_bit(event.number) != 0 {
                    push(event, monitor.number);
                }
            }
        }
        self.outputs.append(&mut outputs);
    }

    /// Tells an event made from one party of a call.
    pub(super) fn tell_party(
        &mut self,
        id: u32,
        party: usize,
        event: impl FnOnce(&Call, &Party, Connection<'_>) -> Message,
    ) {
        let Some(call) = self.calls.get(&id) else { return };
        let Some(leg) = call.parties.get(party) else { return };
        let message = event(call, leg, call.at(Some(leg), self));
        self.tell_call(id, &message);
    }

    /// The call and place where a leg is now.
    pub(super) fn place_of(&self, leg: u32) -> Option<(u32, usize)> {
        self.calls.values().find_map(|call| {
            let place = call.parties.iter().position(|party| party.leg == leg)?;
            Some((call.id, place))
        })
    }

    pub(super) fn party_mut(&mut self, call: u32, party: usize) -> Option<&mut Party> {
        self.calls.get_mut(&call)?.parties.get_mut(party)
    }

    /// A leg changes its state.
    pub(super) fn set_party(&mut self, call: u32, party: usize, wanted: u16) {
        if let Some(leg) = self.party_mut(call, party) {
            leg.state = wanted;
            leg.answered |= wanted == connection::CONNECT;
            leg.generation = leg.generation.wrapping_add(1);
        }
    }

    /// An agent's state follows its calls on the ACD line.
    pub(super) fn settle_agent(&mut self, index: usize, answered: bool) {
        let mut found: Vec<(u16, u32)> = Vec::new();
        for call in self.calls.values() {
            let legs = call.parties.iter().filter(|leg| leg.agent == Some(index) && !leg.second);
            found.extend(legs.map(|leg| (leg.state, call.direction)));
        }
        let Some(agent) = self.agents.get_mut(index).filter(|agent| agent.signed_on()) else {
            return;
        };
        let with = |wanted: &[u16]| found.iter().find(|(state, _)| wanted.contains(state)).copied();
        let talking = with(&[connection::CONNECT, connection::INITIATE]);
        let (wanted, direction) = match (talking, with(&[connection::HOLD])) {
            (Some((_, direction)), _) => (state::TALKING, direction),
            (None, Some((_, direction))) => (state::HOLD, direction),
            (None, None) if with(&[connection::ALERTING]).is_some() => return,
            (None, None) => return self.call_over(index, answered),
        };
        if !agent.on_call() {
            agent.before = (agent.state, agent.reason);
        }
        if agent.state != wanted {
            agent.direction = direction;
            let next = agent.next;
            self.become_state(index, wanted, 0);
            if let Some(agent) = self.agents.get_mut(index) {
                agent.next = next;
            }
        }
    }

    /// A leg leaves; with fewer than two left, or nobody inside, the call is over.
    pub(super) fn leave(&mut self, id: u32, party: usize, cause: u16) {
        let Some(leg) = self.party_mut(id, party) else { return };
        leg.state = connection::NULL;
        let (agent, answered) = (leg.agent, leg.answered);
        self.tell_party(id, party, |_, leg, at| {
            let at = Connection { cause, ..at };
            call_events::of_party(message::CONNECTION_CLEARED, &at, &leg.number)
        });
        let Some(call) = self.calls.get_mut(&id) else { return };
        let waits = call.waiting;
        if call.parties.len() > 2 || (waits && call.parties.len() > 1) {
            call.parties.remove(party);
            if let Some(agent) = agent {
                self.settle_agent(agent, answered);
            }
            return;
        }
        self.finish(id, cause);
    }

    /// The call ends for everybody.
    pub(super) fn finish(&mut self, id: u32, cause: u16) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.waiting = false;
        let legs: Vec<_> = call.parties.iter().map(|leg| (leg.agent, leg.answered)).collect();
        for leg in 0..legs.len() {
            let open = self.party_mut(id, leg).filter(|leg| leg.state != connection::NULL);
            let Some(open) = open else { continue };
            open.state = connection::NULL;
            self.tell_party(id, leg, |_, leg, at| {
                let at = Connection { cause, ..at };
                call_events::of_party(message::CONNECTION_CLEARED, &at, &leg.number)
            });
        }
        let Some(call) = self.calls.get(&id) else { return };
        let at = Connection { cause, ..call.at(None, self) };
        let (cleared, ended) = (call_events::cleared(&at), call_events::end_call(&at));
        self.tell_call(id, &cleared);
        self.tell_call(id, &ended);
        if let Some(call) = self.calls.remove(&id) {
            self.past_calls.insert(id, PastCall::new(&call, self.now.instant));
            while self.past_calls.len() > PAST_CALLS_MAX {
                self.past_calls.pop_first();
            }
        }
        for (agent, answered) in legs {
            if let Some(agent) = agent {
                self.settle_agent(agent, answered);
            }
        }
    }
}

/// How long wrap-up data may still come after a call: the guide's default of two minutes.
const PAST: Duration = Duration::from_secs(120);
/// Past calls remembered at once.
const PAST_CALLS_MAX: usize = 10_000;

/// A call that is over.
pub(super) struct PastCall {
    until: Instant,
    connections: Vec<String>,
    pub(super) agents: Vec<usize>,
}

impl PastCall {
    fn new(call: &Call, now: Instant) -> Self {
        Self {
            until: now + PAST,
            connections: call.parties.iter().map(|leg| leg.connection.clone()).collect(),
            agents: call.parties.iter().filter_map(|leg| leg.agent).collect(),
        }
    }

    /// Whether a request may still name it by that connection.
    pub(super) fn answers(&self, connection: &str, now: Instant) -> bool {
        let named = connection.is_empty() || self.connections.iter().any(|it| it == connection);
        named && now < self.until
    }
}
