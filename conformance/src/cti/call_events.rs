//! Events of calls, by the tables of the guide's chapter "Application Level Interfaces".
//!
//! A call is known by ConnectionCallID, ConnectionDeviceIDType and ConnectionDeviceID; the last is opaque
//! on purpose: nobody can read an extension out of it.

use std::collections::BTreeMap;

use super::events::{group_id, peripheral_type};
use super::numbers::{message, tag};
use super::wire::{Message, NONE, NONE_SHORT};

/// ConnectionDeviceIDType: every connection of ours is dynamic.
pub(crate) const DYNAMIC: u16 = 1;
/// EventCause of an ordinary event.
pub(crate) const NO_CAUSE: u16 = NONE_SHORT;
/// EventCause: not answered.
pub(crate) const NOT_ANSWERED: u16 = 10;

/// LocalConnectionState.
pub(crate) mod connection {
    pub(crate) const NULL: u16 = 0;
    pub(crate) const INITIATE: u16 = 1;
    pub(crate) const ALERTING: u16 = 2;
    pub(crate) const CONNECT: u16 = 3;
    pub(crate) const HOLD: u16 = 4;
    pub(crate) const QUEUED: u16 = 5;
}

/// LineType and CallType of calls.
pub(crate) mod kind {
    pub(crate) const LINE_INBOUND_ACD: u16 = 0;
    pub(crate) const LINE_INSIDE: u16 = 2;
    pub(crate) const LINE_NON_ACD_IN: u16 = 10;
    pub(crate) const CALL_ACD_IN: u16 = 1;
    pub(crate) const CALL_OTHER_IN: u16 = 6;
    pub(crate) const CALL_OUT: u16 = 9;
    pub(crate) const CALL_AGENT_INSIDE: u16 = 10;
    pub(crate) const CALL_CONSULT: u16 = 12;
    pub(crate) const CALL_NON_ACD: u16 = 38;
}

/// What is known about a call besides its parties.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    pub(crate) ani: String,
    pub(crate) uui: String,
    pub(crate) dnis: String,
    pub(crate) dialed: String,
    pub(crate) ced: String,
    pub(crate) wrap_up: String,
    pub(crate) variables: [String; 10],
    /// ECC variables.
    pub(crate) named: BTreeMap<String, String>,
    pub(crate) arrays: BTreeMap<(String, u8), String>,
}

impl Context {
    fn counts(&self) -> [u16; 2] {
        let count = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        [count(self.named.len()), count(self.arrays.len())]
    }

    /// All that is set.
    fn write(&self, message: Message) -> Message {
        let message = message
            .text_if(tag::ANI, &self.ani)
            .text_if(tag::UUI, &self.uui)
            .text_if(tag::DNIS, &self.dnis)
            .text_if(tag::DIALED_NUMBER, &self.dialed)
            .text_if(tag::CED, &self.ced)
            .text_if(tag::WRAP_UP_DATA, &self.wrap_up);
        let variables = self.variables.iter().zip(tag::CALL_VARIABLE_1..);
        let message = variables.fold(message, |message, (value, tag)| message.text_if(tag, value));
        self.write_named(message)
    }

    fn write_named(&self, message: Message) -> Message {
        let message = self.named.iter().fold(message, |message, (name, value)| {
            message.data(tag::NAMED_VARIABLE, format!("{name}\0{value}\0").as_bytes())
        });
        self.arrays.iter().fold(message, |message, ((name, index), value)| {
            let mut data = vec![*index];
            data.extend(format!("{name}\0{value}\0").as_bytes());
            message.data(tag::NAMED_ARRAY, &data)
        })
    }
}

/// One connection as events name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection<'a> {
    pub(crate) peripheral: u32,
    pub(crate) express: bool,
    pub(crate) call: u32,
    /// ConnectionDeviceID.
    pub(crate) device: &'a str,
    /// LocalConnectionState.
    pub(crate) state: u16,
    pub(crate) cause: u16,
    /// Skill group that queued the call.
    pub(crate) group: Option<u32>,
    pub(crate) line_type: u16,
}

/// Who is who in a call: numbers, empty where nobody.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Who<'a> {
    /// Who alerts, answers, holds, retrieves or leaves.
    pub(crate) acting: &'a str,
    pub(crate) calling: &'a str,
    pub(crate) called: &'a str,
}

fn start(number: u32, at: &Connection<'_>) -> Message {
    Message::new(number).longs(&[0, at.peripheral]).short(peripheral_type(at.express))
}

fn ids(number: u32, at: &Connection<'_>) -> Message {
    start(number, at).short(DYNAMIC).long(at.call)
}

fn device_type(number: &str) -> u16 {
    if number.is_empty() { NONE_SHORT } else { 0 }
}

fn line(message: Message, at: &Connection<'_>) -> Message {
    message
        .shorts(&[0, at.line_type])
        .longs(&[NONE, NONE, at.group.unwrap_or(NONE), at.group.map_or(NONE, group_id)])
        .short(0)
}

pub(crate) fn begin_call(at: &Connection<'_>, call_type: u16, context: &Context) -> Message {
    let message = start(message::BEGIN_CALL, at)
        .short(0)
        .shorts(&context.counts())
        .shorts(&[call_type, DYNAMIC])
        .long(at.call)
        .short(0)
        .text(tag::CONNECTION_DEVICE, at.device);
    context.write(message)
}

pub(crate) fn end_call(at: &Connection<'_>) -> Message {
    ids(message::END_CALL, at).text(tag::CONNECTION_DEVICE, at.device)
}

/// Only what changed, except named variables, of which all come each time.
pub(crate) fn call_data_update(
    at: &Connection<'_>,
    call_type: u16,
    changed: &Context,
    whole: &Context,
) -> Message {
    let all =
        Context { named: whole.named.clone(), arrays: whole.arrays.clone(), ..changed.clone() };
    let message = start(message::CALL_DATA_UPDATE, at)
        .short(0)
        .shorts(&all.counts())
        .shorts(&[call_type, DYNAMIC])
        .long(at.call)
        .short(DYNAMIC)
        .long(at.call)
        .short(0)
        .longs(&[0, 0])
        .text(tag::CONNECTION_DEVICE, at.device)
        .text(tag::NEW_CONNECTION_DEVICE, at.device);
    all.write(message)
}

pub(crate) fn delivered(at: &Connection<'_>, who: Who<'_>, context: &Context) -> Message {
    let message = line(ids(message::DELIVERED, at), at)
        .shorts(&[device_type(who.acting), device_type(who.calling), device_type(who.called)])
        .shorts(&[NONE_SHORT, at.state, at.cause])
        .shorts(&context.counts())
        .text(tag::CONNECTION_DEVICE, at.device)
        .text_if(tag::ALERTING_DEVICE, who.acting)
        .text_if(tag::CALLING_DEVICE, who.calling)
        .text_if(tag::CALLED_DEVICE, who.called);
    context.write(message)
}

pub(crate) fn established(at: &Connection<'_>, who: Who<'_>) -> Message {
    line(ids(message::ESTABLISHED, at), at)
        .shorts(&[device_type(who.acting), device_type(who.calling), device_type(who.called)])
        .shorts(&[NONE_SHORT, at.state, at.cause])
        .text(tag::CONNECTION_DEVICE, at.device)
        .text_if(tag::ANSWERING_DEVICE, who.acting)
        .text_if(tag::CALLING_DEVICE, who.calling)
        .text_if(tag::CALLED_DEVICE, who.called)
}

/// `CALL_HELD_EVENT`, `CALL_RETRIEVED_EVENT` or `CALL_CONNECTION_CLEARED_EVENT`.
pub(crate) fn of_party(number: u32, at: &Connection<'_>, party: &str) -> Message {
    let named = match number {
        message::HELD => tag::HOLDING_DEVICE,
        message::RETRIEVED => tag::RETRIEVING_DEVICE,
        _ => tag::RELEASING_DEVICE,
    };
    ids(number, at)
        .shorts(&[device_type(party), at.state, at.cause])
        .text(tag::CONNECTION_DEVICE, at.device)
        .text_if(named, party)
}

pub(crate) fn cleared(at: &Connection<'_>) -> Message {
    ids(message::CLEARED, at).shorts(&[at.state, at.cause]).text(tag::CONNECTION_DEVICE, at.device)
}

pub(crate) fn service_initiated(at: &Connection<'_>, calling: &str) -> Message {
    line(ids(message::SERVICE_INITIATED, at), at)
        .shorts(&[device_type(calling), at.state, at.cause])
        .text(tag::CONNECTION_DEVICE, at.device)
        .text_if(tag::CALLING_DEVICE, calling)
}

pub(crate) fn originated(at: &Connection<'_>, who: Who<'_>) -> Message {
    line(ids(message::ORIGINATED, at), at)
        .shorts(&[device_type(who.calling), device_type(who.called), at.state, at.cause])
        .text(tag::CONNECTION_DEVICE, at.device)
        .text_if(tag::CALLING_DEVICE, who.calling)
        .text_if(tag::CALLED_DEVICE, who.called)
}

pub(crate) fn reached_network(at: &Connection<'_>, called: &str) -> Message {
    ids(message::REACHED_NETWORK, at)
        .shorts(&[0, at.line_type, 70, device_type(called), at.state, at.cause])
        .text(tag::CONNECTION_DEVICE, at.device)
        .text(tag::TRUNK_USED_DEVICE, "trunk")
        .text_if(tag::CALLED_DEVICE, called)
}

/// `CALL_QUEUED_EVENT`; `waiting` counts this call too.
pub(crate) fn queued(at: &Connection<'_>, who: Who<'_>, waiting: u16) -> Message {
    let message = ids(message::QUEUED, at)
        .longs(&[NONE, NONE])
        .shorts(&[77, device_type(who.calling), device_type(who.called), NONE_SHORT])
        .shorts(&[waiting, u16::from(at.group.is_some()), at.state, at.cause])
        .text(tag::CONNECTION_DEVICE, at.device)
        .text_if(tag::QUEUE_DEVICE, who.acting)
        .text_if(tag::CALLING_DEVICE, who.calling)
        .text_if(tag::CALLED_DEVICE, who.called);
    queue_group(message, at)
}

/// `CALL_DEQUEUED_EVENT`; `waiting` counts those left.
pub(crate) fn dequeued(at: &Connection<'_>, waiting: u16) -> Message {
    let message = ids(message::DEQUEUED, at)
        .short(77)
        .longs(&[NONE, NONE])
        .shorts(&[waiting, u16::from(at.group.is_some()), at.state, at.cause])
        .text(tag::CONNECTION_DEVICE, at.device);
    queue_group(message, at)
}

fn queue_group(message: Message, at: &Connection<'_>) -> Message {
    match at.group {
        None => message,
        Some(group) => message
            .data_long(tag::SKILL_GROUP_NUMBER, group)
            .data_long(tag::SKILL_GROUP_ID, group_id(group))
            .data_short(tag::SKILL_GROUP_PRIORITY, 0),
    }
}

/// `CALL_CONFERENCED_EVENT` or `CALL_TRANSFERRED_EVENT`: the second call joined the first.
///
/// `who.acting` is the controller, `who.called` whoever was added or transferred to; `parties` are call
/// ids with ConnectionDeviceIDs.
pub(crate) fn joined(
    number: u32,
    at: &Connection<'_>,
    secondary: (u32, &str),
    who: Who<'_>,
    parties: &[(u32, String)],
) -> Message {
    let (controller, added) = if number == message::CONFERENCED {
        (tag::CONTROLLER_DEVICE, tag::ADDED_PARTY_DEVICE)
    } else {
        (tag::TRANSFERRING_DEVICE, tag::TRANSFERRED_DEVICE)
    };
    let count = u16::try_from(parties.len()).unwrap_or(u16::MAX);
    let second_type = if secondary.0 == NONE { NONE_SHORT } else { DYNAMIC };
    let message = ids(number, at)
        .shorts(&[0, at.line_type])
        .longs(&[at.group.unwrap_or(NONE), at.group.map_or(NONE, group_id)])
        .shorts(&[0, count, second_type])
        .long(secondary.0)
        .shorts(&[device_type(who.acting), device_type(who.called), at.state, at.cause])
        .text(tag::PRIMARY_DEVICE, at.device)
        .text_if(tag::SECONDARY_DEVICE, secondary.1)
        .text_if(controller, who.acting)
        .text_if(added, who.called);
    self::parties(message, parties)
}

/// The list of parties of a joined call.
pub(crate) fn parties(message: Message, parties: &[(u32, String)]) -> Message {
    parties.iter().fold(message, |message, (call, device)| {
        message
            .data_long(tag::PARTY_CALL_ID, *call)
            .data_short(tag::PARTY_DEVICE_TYPE, DYNAMIC)
            .text(tag::PARTY_DEVICE, device)
    })
}

/// `SNAPSHOT_CALL_CONF`; each device with its ConnectionDeviceID and state.
pub(crate) fn snapshot_call_conf(
    invoke: u32,
    call: u32,
    call_type: u16,
    context: &Context,
    devices: &[(String, String, u16)],
) -> Message {
    let count = u16::try_from(devices.len()).unwrap_or(u16::MAX);
    let message = Message::new(message::SNAPSHOT_CALL_CONF)
        .long(invoke)
        .shorts(&[call_type, 0, count])
        .shorts(&context.counts())
        .short(0);
    let message = context.write(message);
    devices.iter().fold(message, |message, (device, connection, state)| {
        message
            .data_long(tag::CALL_CONNECTION_CALL_ID, call)
            .data_short(tag::CALL_CONNECTION_TYPE, DYNAMIC)
            .text(tag::CALL_CONNECTION_DEVICE, connection)
            .data_short(tag::CALL_DEVICE_TYPE, 0)
            .text(tag::CALL_DEVICE, device)
            .data_short(tag::CALL_DEVICE_STATE, *state)
    })
}

/// `SNAPSHOT_DEVICE_CONF`: call ids with ConnectionDeviceID and state.
pub(crate) fn snapshot_device_conf(invoke: u32, calls: &[(u32, String, u16)]) -> Message {
    let count = u16::try_from(calls.len()).unwrap_or(u16::MAX);
    let message = Message::new(message::SNAPSHOT_DEVICE_CONF).long(invoke).short(count);
    calls.iter().fold(message, |message, (call, connection, state)| {
        message
            .data_long(tag::CALL_CONNECTION_CALL_ID, *call)
            .data_short(tag::CALL_CONNECTION_TYPE, DYNAMIC)
            .text(tag::CALL_CONNECTION_DEVICE, connection)
            .data_short(tag::CALL_STATE, *state)
    })
}

/// `QUERY_DEVICE_INFO_CONF`: each line's LineType.
pub(crate) fn query_device_info_conf(invoke: u32, express: bool, lines: &[u16]) -> Message {
    let count = u16::try_from(lines.len()).unwrap_or(0);
    let message = Message::new(message::QUERY_DEVICE_INFO_CONF)
        .long(invoke)
        .shorts(&[peripheral_type(express), 0, 0, count, 0, 1, 4, 16])
        .longs(&[0, 0, u32::MAX, u32::MAX, 0]);
    lines.iter().zip(0_u16..).fold(message, |message, (line, handle)| {
        message.data_short(tag::LINE_HANDLE, handle).data_short(tag::LINE_TYPE, *line)
    })
}
