//! Requests about calls: confirmed, or refused in the switch's name.

use super::World;
use crate::cti::call_events::{self, Context, NO_CAUSE, connection, kind};
use crate::cti::events;
use crate::cti::numbers::{failure, message, service, status, tag};
use crate::cti::request::{Malformed, Request, text};
use crate::cti::wire::{Message, NONE};

impl World {
    pub(super) fn call_request(
        &mut self,
        session: u64,
        request: &Request,
    ) -> Result<(), Malformed> {
        let invoke = request.invoke();
        let outcome = match request.number {
            message::MAKE_CALL_REQ => {
                for (field, name) in
                    [(tag::INSTRUMENT, "AgentInstrument"), (tag::DIALED_NUMBER, "DialedNumber")]
                {
                    if !request.has(field) {
                        return Err(Self::required(&format!("MAKE_CALL_REQ without {name}")));
                    }
                }
                self.make_call(request)
            }
            message::SNAPSHOT_DEVICE_REQ | message::QUERY_DEVICE_INFO_REQ => {
                if !request.has(tag::INSTRUMENT) {
                    let words = format!("{} without AgentInstrument", request.name);
                    return Err(Self::required(&words));
                }
                if request.field("Reserved") != 0 {
                    let words = format!("{}: Reserved is not zero", request.name);
                    return Err(Self::malformed(status::RESERVED_FIELD, words));
                }
                self.ask_device(request)
            }
            message::SNAPSHOT_CALL_REQ => self.snapshot_call(request),
            message::SET_CALL_DATA_REQ => {
                let changed = Self::context(request)?;
                if let Some(call) = self.known_call(request) {
                    self.change_data(call, &changed);
                } else if let Some(past) = self.past_call(request) {
                    let agents = self.past_calls.get(&past).map(|it| it.agents.clone());
                    for agent in agents.unwrap_or_default() {
                        if let Some(agent) = self.agents.get_mut(agent) {
                            agent.wrapped_up |= !changed.wrap_up.is_empty();
                        }
                    }
                } else {
                    self.refuse(session, invoke, status::CALL_ID);
                    return Ok(());
                }
                Ok(events::plain_conf(message::SET_CALL_DATA_REQ + 1, invoke))
            }
            message::RELEASE_CALL_REQ => {
                if self.known_call(request).is_none() {
                    let Some(past) = self.past_call(request) else {
                        self.refuse(session, invoke, status::CALL_ID);
                        return Ok(());
                    };
                    self.past_calls.remove(&past);
                }
                Ok(events::plain_conf(message::RELEASE_CALL_REQ + 1, invoke))
            }
            message::SUPERVISOR_ASSIST_REQ
            | message::EMERGENCY_CALL_REQ
            | message::SUPERVISE_CALL_REQ
            | message::DEFLECT_CALL_REQ
            | message::RECONNECT_CALL_REQ => {
                self.refuse(session, invoke, status::FUNCTION_NOT_AVAILABLE);
                return Ok(());
            }
            _ => self.leg_request(session, request),
        };
        match outcome {
            Ok(conf) => {
                // Events of the request were made before; the confirmation goes first all the same.
                let before = self.outputs.len();
                self.confirm(session, &conf);
                let start = self.request_start.min(before);
                if self.outputs.len() > before
                    && let Some(tail) = self.outputs.get_mut(start..)
                {
                    tail.rotate_right(1);
                }
            }
            Err(code) => self.fail(session, invoke, code),
        }
        Ok(())
    }

    /// Requests about a leg of the agent named by AgentInstrument, or by the connection.
    fn leg_request(&mut self, session: u64, request: &Request) -> Result<Message, u16> {
        let plain = events::plain_conf(request.number + 1, request.invoke());
        let agent = self.acting_agent(session, request)?;
        let call = request.field("ConnectionCallID");
        let active = request.field("ActiveConnectionCallID");
        let held = request.field("HeldConnectionCallID");
        let (talks, waits) = ([connection::CONNECT], [connection::HOLD]);
        match request.number {
            message::ANSWER_CALL_REQ => {
                let leg = self.leg_of(agent, call, &[connection::ALERTING]);
                let (id, party) = leg.ok_or(failure::NO_CALL_TO_ANSWER)?;
                self.answer(id, party);
                Ok(plain)
            }
            message::CLEAR_CALL_REQ => {
                let any = [
                    connection::ALERTING,
                    connection::CONNECT,
                    connection::HOLD,
                    connection::INITIATE,
                ];
                let leg = self.leg_of(agent, call, &any);
                let (id, _) = leg.ok_or(failure::NO_CALL_TO_CLEAR)?;
                self.finish(id, NO_CAUSE);
                Ok(plain)
            }
            message::CLEAR_CONNECTION_REQ => {
                let any = [connection::CONNECT, connection::HOLD, connection::INITIATE];
                let leg = self.leg_of(agent, call, &any);
                let (id, party) = leg.ok_or(failure::NO_CONNECTION_TO_CLEAR)?;
                self.leave(id, party, NO_CAUSE);
                Ok(plain)
            }
            message::HOLD_CALL_REQ => {
                let leg = self.leg_of(agent, call, &talks);
                let (id, party) = leg.ok_or(failure::NO_ACTIVE_CALL)?;
                self.hold(id, party);
                Ok(plain)
            }
            message::RETRIEVE_CALL_REQ => {
                let leg = self.leg_of(agent, held, &waits);
                let (id, party) = leg.ok_or(failure::NO_HELD_CALL)?;
                if self.leg_of(agent, NONE, &talks).is_some() {
                    return Err(failure::INVALID_OBJECT_STATE);
                }
                self.retrieve(id, party);
                Ok(plain)
            }
            message::ALTERNATE_CALL_REQ => {
                let other = request.field("OtherConnectionCallID");
                let other = self.leg_of(agent, other, &waits).ok_or(failure::NO_HELD_CALL)?;
                let leg = self.leg_of(agent, active, &talks).ok_or(failure::NO_ACTIVE_CALL)?;
                self.hold(leg.0, leg.1);
                self.retrieve(other.0, other.1);
                Ok(plain)
            }
            message::CONSULTATION_CALL_REQ => {
                if !matches!(request.field("ConsultType"), 0..=2) {
                    return Err(273);
                }
                let leg = self.leg_of(agent, active, &talks).ok_or(failure::NO_ACTIVE_CALL)?;
                let context = self.calls.get(&leg.0).map(|call| call.context.clone());
                self.hold(leg.0, leg.1);
                let number = request.text(tag::DIALED_NUMBER);
                let id = self.dial(agent, false, &number, context.unwrap_or_default(), true);
                match id {
                    Ok(id) => Ok(self.new_call_conf(request, id)),
                    Err(code) => {
                        self.retrieve(leg.0, leg.1);
                        Err(code)
                    }
                }
            }
            message::TRANSFER_CALL_REQ | message::CONFERENCE_CALL_REQ => {
                let leg = self.leg_of(agent, active, &talks).ok_or(failure::NO_ACTIVE_CALL)?;
                let event = if request.number == message::TRANSFER_CALL_REQ {
                    message::TRANSFERRED
                } else {
                    message::CONFERENCED
                };
                if held == NONE && request.has(tag::DIALED_NUMBER) {
                    return self.single_step(agent, leg, event, request);
                }
                let other = self.leg_of(agent, held, &waits).ok_or(failure::NO_HELD_CALL)?;
                let parties = self.join(agent, other.0, leg.0, event)?;
                Ok(joined_conf(request, other.0, &parties))
            }
            message::SEND_DTMF_SIGNAL_REQ => {
                self.leg_of(agent, call, &talks).ok_or(failure::NO_ACTIVE_CALL)?;
                Ok(plain)
            }
            _ => Err(15),
        }
    }

    /// A number joins the active call at once; the agent leaves it where it is a transfer.
    fn single_step(
        &mut self,
        agent: usize,
        (id, party): (u32, usize),
        event: u32,
        request: &Request,
    ) -> Result<Message, u16> {
        let number = request.text(tag::DIALED_NUMBER);
        if self.agent_at(&number).is_some_and(|(other, _)| other == agent) {
            return Err(6);
        }
        self.reach(id, &number);
        let stays = event == message::CONFERENCED;
        let Some(call) = self.calls.get(&id) else { return Err(failure::NO_ACTIVE_CALL) };
        let staying = call.parties.iter().enumerate().filter(|(at, _)| stays || *at != party);
        let parties: Vec<_> = staying.map(|(_, leg)| (id, leg.connection.clone())).collect();
        let list = parties.clone();
        self.tell_party(id, party, |call, leg, at| {
            let who = call_events::Who { called: &number, ..call.who(&leg.number) };
            call_events::joined(event, &at, (NONE, ""), who, &list)
        });
        if !stays && let Some(call) = self.calls.get_mut(&id) {
            call.parties.remove(party);
        }
        self.settle_agent(agent, true);
        Ok(joined_conf(request, id, &parties))
    }

    fn acting_agent(&self, session: u64, request: &Request) -> Result<usize, u16> {
        let own = self.sessions.get(&session);
        let bound = own.filter(|it| it.services & service::CLIENT_EVENTS != 0);
        let bound = bound.and_then(|it| it.device);
        let instrument = request.text(tag::INSTRUMENT);
        let connection_tags =
            [tag::CONNECTION_DEVICE, tag::ACTIVE_CONNECTION_DEVICE, tag::HELD_CONNECTION_DEVICE];
        let named = if instrument.is_empty() {
            let connections: Vec<_> =
                connection_tags.iter().map(|each| request.text(*each)).collect();
            let legs = self.calls.values().flat_map(|call| &call.parties);
            let mut legs = legs.filter(|leg| connections.contains(&leg.connection));
            legs.find_map(|leg| leg.agent)
        } else {
            self.agent_at(&instrument).map(|(agent, _)| agent)
        };
        match (named, bound) {
            (Some(named), Some(bound)) if named != bound => Err(8),
            (Some(agent), _) | (None, Some(agent)) => Ok(agent),
            (None, None) => Err(failure::UNKNOWN_OBJECT),
        }
    }

    fn make_call(&mut self, request: &Request) -> Result<Message, u16> {
        let instrument = request.text(tag::INSTRUMENT);
        let (agent, second) = self.agent_at(&instrument).ok_or(5_u16)?;
        let busy = [connection::CONNECT, connection::ALERTING, connection::INITIATE];
        if self.leg_of(agent, NONE, &busy).is_some() {
            return Err(failure::INVALID_OBJECT_STATE);
        }
        let place = self.agents.get(agent).map_or(agent, |agent| agent.place);
        if self.agents.get(place).is_some_and(|place| place.out_of_service) {
            return Err(failure::OUT_OF_SERVICE);
        }
        let context = Self::context(request).map_err(|_| failure::OUT_OF_RANGE)?;
        let number = request.text(tag::DIALED_NUMBER);
        let id = self.dial(agent, second, &number, context, false)?;
        Ok(self.new_call_conf(request, id))
    }

    fn new_call_conf(&self, request: &Request, id: u32) -> Message {
        let call = self.calls.get(&id);
        let device = call.and_then(|call| call.parties.first());
        Message::new(request.number + 1)
            .longs(&[request.invoke(), id])
            .shorts(&[call_events::DYNAMIC, 0, call.map_or(0xFFFF, |call| call.line_type)])
            .text(tag::NEW_CONNECTION_DEVICE, device.map_or("", |leg| leg.connection.as_str()))
    }

    fn known_call(&self, request: &Request) -> Option<u32> {
        let id = request.field("ConnectionCallID");
        let device = request.text(tag::CONNECTION_DEVICE);
        let call = self.calls.get(&id)?;
        let known = device.is_empty() || call.parties.iter().any(|leg| leg.connection == device);
        known.then_some(id)
    }

    /// The call that is over which a request names.
    fn past_call(&self, request: &Request) -> Option<u32> {
        let id = request.field("ConnectionCallID");
        let connection = request.text(tag::CONNECTION_DEVICE);
        let past = self.past_calls.get(&id)?;
        past.answers(&connection, self.now.instant).then_some(id)
    }

    /// Call variables and the like of a request.
    fn context(request: &Request) -> Result<Context, Malformed> {
        let mut context = Context {
            ani: request.text(tag::ANI),
            uui: request.text(tag::UUI),
            ced: request.text(tag::CED),
            dialed: request.text(tag::DIALED_NUMBER),
            wrap_up: request.text(tag::WRAP_UP_DATA),
            ..Context::default()
        };
        for (value, tag) in context.variables.iter_mut().zip(tag::CALL_VARIABLE_1..) {
            *value = request.text(tag);
        }
        for data in request.list(tag::NAMED_VARIABLE) {
            let name = text(data);
            let value = text(data.get(name.len() + 1..).unwrap_or_default());
            context.named.insert(name, value);
        }
        for data in request.list(tag::NAMED_ARRAY) {
            let Some((index, rest)) = data.split_first() else { continue };
            let name = text(rest);
            let value = text(rest.get(name.len() + 1..).unwrap_or_default());
            context.arrays.insert((name, *index), value);
        }
        let counts = [
            ("NumNamedVariables", tag::NAMED_VARIABLE, 77),
            ("NumNamedArrays", tag::NAMED_ARRAY, 78),
        ];
        for (field, each, status) in counts {
            if usize::try_from(request.field(field)) != Ok(request.list(each).count()) {
                let words = format!("{}: {field} miscounts", request.name);
                return Err(Self::malformed(status, words));
            }
        }
        Ok(context)
    }

    /// Puts changed items into a call and tells them.
    pub(super) fn change_data(&mut self, id: u32, changed: &Context) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let whole = &mut call.context;
        let put = |place: &mut String, value: &String| {
            if !value.is_empty() {
                place.clone_from(value);
            }
        };
        put(&mut whole.ani, &changed.ani);
        put(&mut whole.uui, &changed.uui);
        put(&mut whole.ced, &changed.ced);
        put(&mut whole.wrap_up, &changed.wrap_up);
        for (place, value) in whole.variables.iter_mut().zip(&changed.variables) {
            put(place, value);
        }
        whole.named.extend(changed.named.clone());
        whole.arrays.extend(changed.arrays.clone());
        let agents: Vec<_> = call.parties.iter().filter_map(|leg| leg.agent).collect();
        for agent in agents.iter().filter(|_| !changed.wrap_up.is_empty()) {
            if let Some(agent) = self.agents.get_mut(*agent) {
                agent.wrapped_up = true;
            }
        }
        let Some(call) = self.calls.get(&id) else { return };
        let at = call.at(None, self);
        let message = call_events::call_data_update(&at, call.call_type, changed, &call.context);
        self.tell_call(id, &message);
    }

    fn snapshot_call(&mut self, request: &Request) -> Result<Message, u16> {
        let id = self.known_call(request).ok_or(11_u16)?;
        let call = self.calls.get(&id).ok_or(11_u16)?;
        let devices = call.parties.iter();
        let devices = devices.map(|leg| (leg.number.clone(), leg.connection.clone(), leg.state));
        let devices: Vec<_> = devices.collect();
        let conf = call_events::snapshot_call_conf(
            request.invoke(),
            id,
            call.call_type,
            &call.context,
            &devices,
        );
        Ok(conf)
    }

    fn ask_device(&mut self, request: &Request) -> Result<Message, u16> {
        let instrument = request.text(tag::INSTRUMENT);
        let (agent, _) = self.agent_at(&instrument).ok_or(failure::UNKNOWN_OBJECT)?;
        if request.number == message::QUERY_DEVICE_INFO_REQ {
            let found = self.agents.get(agent).ok_or(failure::UNKNOWN_OBJECT)?;
            let lines = [kind::LINE_INBOUND_ACD, kind::LINE_NON_ACD_IN];
            let count = if found.second_line.is_empty() { 1 } else { 2 };
            let lines = lines.get(..count).unwrap_or(&lines);
            return Ok(call_events::query_device_info_conf(
                request.invoke(),
                self.settings.express,
                lines,
            ));
        }
        let legs = self.calls.values().flat_map(|call| {
            let own = call.parties.iter().filter(|leg| leg.agent == Some(agent));
            own.map(|leg| (call.id, leg.connection.clone(), leg.state))
        });
        let legs: Vec<_> = legs.collect();
        Ok(call_events::snapshot_device_conf(request.invoke(), &legs))
    }
}

fn joined_conf(request: &Request, id: u32, parties: &[(u32, String)]) -> Message {
    let count = u16::try_from(parties.len()).unwrap_or(u16::MAX);
    let message = Message::new(request.number + 1)
        .longs(&[request.invoke(), id])
        .shorts(&[call_events::DYNAMIC, count, 0, kind::LINE_INSIDE])
        .text_if(
            tag::NEW_CONNECTION_DEVICE,
            parties.first().map_or("", |(_, device)| device.as_str()),
        );
    call_events::parties(message, parties)
}
