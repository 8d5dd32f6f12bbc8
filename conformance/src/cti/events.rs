//! Messages about sessions and agents that the server sends, by the guide's tables.

use super::numbers::{message, tag};
use super::wire::{Framing, Message, NONE};

/// PeripheralType of Enterprise agents, and of Express.
pub(crate) fn peripheral_type(express: bool) -> u16 {
    if express { 21 } else { 17 }
}

/// `FAILURE_CONF`: one edition prints a short code and a peripheral error in place of the status.
pub(crate) fn failure_conf(invoke: u32, status: u32, bytes: u8) -> Message {
    let message = Message::new(message::FAILURE_CONF).long(invoke);
    if bytes == 10 {
        return message.short(u16::try_from(status).unwrap_or(u16::MAX)).long(0);
    }
    message.long(status)
}

pub(crate) fn control_failure_conf(invoke: u32, code: u16, peripheral_error: u32) -> Message {
    Message::new(message::CONTROL_FAILURE_CONF).long(invoke).short(code).long(peripheral_error)
}

/// A confirmation of an InvokeID alone.
pub(crate) fn plain_conf(number: u32, invoke: u32) -> Message {
    Message::new(number).long(invoke)
}

/// What `OPEN_CONF` says.
pub(crate) struct Opened<'a> {
    pub(crate) invoke: u32,
    pub(crate) services: u32,
    pub(crate) pg_status: u32,
    pub(crate) time: u32,
    pub(crate) online: bool,
    pub(crate) standby: bool,
    /// Extension, id, instrument and state of the agent whose device the client named.
    pub(crate) agent: Option<(&'a str, &'a str, &'a str, u16)>,
    /// The peripheral and whether agents have several lines; told to clients that named none.
    pub(crate) peripheral: Option<(u32, bool)>,
}

pub(crate) fn open_conf(opened: &Opened<'_>, framing: Framing) -> Message {
    let express = framing.express;
    let state = opened.agent.map_or(0, |(.., state)| state);
    let mut message = Message::new(message::OPEN_CONF)
        .longs(&[opened.invoke, opened.services, 0])
        // Reserved zeroes on Express.
        .long(if express { 0 } else { opened.pg_status })
        .long(if express { 0 } else { opened.time })
        .short(u16::from(opened.online))
        .short(if express { 0 } else { peripheral_type(false) })
        .short(state);
    if framing.version >= 19 {
        message = message.long(0);
    }
    if framing.version >= 24 {
        message = message.short(if opened.standby { 2 } else { 1 });
    }
    if let Some((extension, id, instrument, _)) = opened.agent {
        message = message.text(tag::EXTENSION, extension);
        message = agent_id(message, id, framing).text(tag::INSTRUMENT, instrument);
    }
    if express {
        return message;
    }
    message = message.data_short(tag::NUM_PERIPHERALS, u16::from(opened.peripheral.is_some()));
    if let Some((number, several)) = opened.peripheral {
        message = message
            .data_long(tag::PERIPHERAL_ID, number)
            .data_short(tag::MULTI_LINE, u16::from(several));
    }
    message
}

/// The field of an agent's id: long ids and Express have one of their own.
pub(crate) fn agent_id(message: Message, id: &str, framing: Framing) -> Message {
    let long = framing.express || id.len() > 11;
    message.text(if long { tag::AGENT_ID_LONG } else { tag::AGENT_ID }, id)
}

/// What an agent's state event says.
pub(crate) struct AgentView<'a> {
    pub(crate) id: &'a str,
    pub(crate) extension: &'a str,
    pub(crate) instrument: &'a str,
    /// The device in use on a shared line; empty elsewhere.
    pub(crate) terminal: &'a str,
    pub(crate) number: u32,
    pub(crate) state: u16,
    /// Seconds in the state, or a consumer's marker.
    pub(crate) duration: u32,
    pub(crate) reason: u16,
    pub(crate) next: Option<u16>,
    /// Direction of the call; 0 for none.
    pub(crate) direction: u32,
    pub(crate) skill_groups: &'a [u32],
    pub(crate) peripheral: u32,
    pub(crate) session: u32,
}

/// For `group` alone, or with the list of all groups where there is none.
pub(crate) fn agent_state_event(
    view: &AgentView<'_>,
    framing: Framing,
    monitor: u32,
    group: Option<u32>,
) -> Message {
    let shown = group.or(view.skill_groups.first().copied());
    let packed = group.is_none() && !view.skill_groups.is_empty();
    let list: &[u32] = if packed { view.skill_groups } else { &[] };
    let available = u32::from(view.state == super::numbers::state::AVAILABLE);
    let mut message = Message::new(message::AGENT_STATE_EVENT)
        .longs(&[monitor, view.peripheral, view.session])
        .short(peripheral_type(framing.express))
        .short(view.state)
        .long(view.duration)
        .longs(&[shown.unwrap_or(NONE), shown.map_or(NONE, group_id)])
        .short(0)
        .shorts(&[view.state, view.reason])
        .longs(&[1, u32::from(view.direction != 0)])
        .short(1)
        .longs(&[1, view.number, available])
        .short(u16::try_from(list.len()).unwrap_or(0));
    if framing.version >= 19 {
        message = message.long(0);
    }
    message = agent_id(message, view.id, framing)
        .text(tag::EXTENSION, view.extension)
        .text(tag::INSTRUMENT, view.instrument)
        .text_if(tag::ACTIVE_TERMINAL, view.terminal);
    if let Some(next) = view.next {
        message = message.data_short(tag::NEXT_AGENT_STATE, next);
    }
    if view.direction != 0 {
        message = message.data_long(tag::DIRECTION, view.direction);
    }
    groups(message, list, view.state)
}

/// `QUERY_AGENT_STATE_CONF`.
pub(crate) fn query_agent_state_conf(
    view: &AgentView<'_>,
    framing: Framing,
    invoke: u32,
) -> Message {
    let list = view.skill_groups;
    let available = u32::from(view.state == super::numbers::state::AVAILABLE);
    let mut message = Message::new(message::QUERY_AGENT_STATE_CONF)
        .long(invoke)
        .shorts(&[view.state, u16::try_from(list.len()).unwrap_or(0)])
        .longs(&[1, u32::from(view.direction != 0)])
        .short(1)
        .longs(&[1, view.number, available]);
    if framing.version >= 19 {
        message = message.long(0);
    }
    message = agent_id(message, view.id, framing)
        .text(tag::EXTENSION, view.extension)
        .text(tag::INSTRUMENT, view.instrument);
    groups(message, list, view.state)
}

fn groups(message: Message, list: &[u32], state: u16) -> Message {
    list.iter().fold(message, |message, group| {
        message
            .data_long(tag::SKILL_GROUP_NUMBER, *group)
            .data_long(tag::SKILL_GROUP_ID, group_id(*group))
            .data_short(tag::SKILL_GROUP_PRIORITY, 0)
            .data_short(tag::SKILL_GROUP_STATE, state)
    })
}

/// SkillGroupID, which the central controller gives, apart from the peripheral's number.
pub(crate) fn group_id(number: u32) -> u32 {
    number.saturating_add(5_000)
}

/// `SYSTEM_EVENT` with one argument.
pub(crate) fn system_event(
    pg_status: u32,
    time: u32,
    event: u32,
    argument: u32,
    device: &str,
) -> Message {
    Message::new(message::SYSTEM_EVENT)
        .longs(&[pg_status, time, event, argument, 0, 0])
        .short(if device.is_empty() { 0xFFFF } else { 0 })
        .text_if(tag::TEXT, device)
        .text_if(tag::EVENT_DEVICE_ID, device)
}

/// One member of a team as `AGENT_TEAM_CONFIG_EVENT` lists it.
pub(crate) struct Member<'a> {
    pub(crate) id: &'a str,
    pub(crate) supervisor: bool,
    pub(crate) state: u16,
    pub(crate) duration: u32,
}

pub(crate) fn agent_team_config_event(
    peripheral: u32,
    team: u32,
    name: &str,
    members: &[Member<'_>],
    framing: Framing,
) -> Message {
    let count = u16::try_from(members.len()).unwrap_or(u16::MAX);
    let mut message = Message::new(message::AGENT_TEAM_CONFIG_EVENT)
        .longs(&[peripheral, team])
        .shorts(&[count, 1]);
    if framing.version >= 19 {
        message = message.long(0);
    }
    message = message.text_if(tag::TEAM_NAME, name);
    members.iter().fold(message, |message, member| {
        message
            .text(tag::ATC_AGENT_ID, member.id)
            .data_short(tag::AGENT_FLAGS, if member.supervisor { 5 } else { 0 })
            .data_short(tag::ATC_AGENT_STATE, member.state)
            .data_long(tag::ATC_STATE_DURATION, member.duration)
    })
}
