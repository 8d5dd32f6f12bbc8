//! Sessions of clients: opened, kept alive, judged, closed (the guide's chapter "Session Management").

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{LOG_MAX, Now, Output, Side, Timer, World};
use crate::cti::events::{self, Opened};
use crate::cti::numbers::{
    CONFIG_BITS, STATE_BITS, failure, message, service, status, status_name, tag,
};
use crate::cti::request::{Layout, Malformed, Request, layout, text};
use crate::cti::wire::{Framing, HEADER, MESSAGE_MAX, Message, NONE};

/// Where a session is.
///
/// ```text
///   New --OPEN_CONF--> Open --CLOSE_CONF, FAILURE_EVENT, silence--> gone
///     `--FAILURE_CONF--> Refused: the client has to reset the connection
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    New,
    Open,
    Refused,
    Closed,
}

/// A monitor a client started.
#[derive(Clone, Debug)]
pub(super) struct Monitor {
    pub(super) number: u32,
    /// The device or agent watched; none for one call.
    pub(super) agent: Option<usize>,
    pub(super) call: u32,
    pub(super) call_mask: u32,
    pub(super) agent_mask: u32,
    /// A team of a supervisor; 0 otherwise.
    pub(super) team: u32,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) side: Side,
    peer: String,
    pub(super) phase: Phase,
    heard: Instant,
    pub(super) framing: Framing,
    pub(super) services: u32,
    pub(super) call_mask: u32,
    pub(super) agent_mask: u32,
    idle: Option<Duration>,
    pub(super) client_id: String,
    instance: String,
    pub(super) standby: bool,
    /// The agent whose device the client named.
    pub(super) device: Option<usize>,
    pub(super) monitors: Vec<Monitor>,
    /// Calls whose `BEGIN_CALL` it has had.
    pub(super) begun: BTreeSet<u32>,
    /// Requests by name.
    requests: BTreeMap<&'static str, u64>,
    /// What it said to a maintenance: nothing yet, or whether it accepts; then whether 281 came.
    pub(super) maintenance: Option<bool>,
    pub(super) stopped: bool,
}

impl Session {
    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether events of this server come to it at all.
    pub(super) fn hears_all(&self) -> bool {
        self.is_open()
            && !self.standby
            && self.services & (service::ALL_EVENTS | service::PERIPHERAL_MONITOR) != 0
    }
}

impl World {
    /// A client connected.
    pub(crate) fn link_opened(&mut self, now: Now, session: u64, side: Side, peer: String) {
        self.now = now;
        let framing = Framing::of(0, self.settings.express, self.settings.width);
        self.sessions.insert(
            session,
            Session {
                side,
                peer,
                phase: Phase::New,
                heard: now.instant,
                framing,
                services: 0,
                call_mask: 0,
                agent_mask: 0,
                idle: None,
                client_id: String::new(),
                instance: String::new(),
                standby: false,
                device: None,
                monitors: Vec::new(),
                begun: BTreeSet::new(),
                requests: BTreeMap::new(),
                maintenance: None,
                stopped: false,
            },
        );
        self.step_over();
    }

    /// The connection of a session is gone.
    pub(crate) fn link_closed(&mut self, now: Now, session: u64) {
        self.now = now;
        self.sessions.remove(&session);
        self.step_over();
    }

    /// A header says that the message is too long to be one.
    pub(crate) fn oversize(&mut self, now: Now, session: u64, length: u32) {
        self.now = now;
        let words = format!(
            "a message of {} bytes, at most {MESSAGE_MAX} are allowed",
            u64::from(length) + HEADER as u64
        );
        self.refuse_violation(session, 0, &Self::malformed(status::MESSAGE_LENGTH, words));
        self.end(session, false);
        self.step_over();
    }

    /// A whole message came.
    pub(crate) fn frame(&mut self, now: Now, session: u64, number: u32, body: &[u8]) {
        self.now = now;
        let Some(target) = self.sessions.get_mut(&session) else { return };
        target.heard = now.instant;
        self.request_start = self.outputs.len();
        let (phase, framing) = (target.phase, target.framing);
        match (phase, layout(number)) {
            (Phase::Closed, _) => self.violation(session, None, "a message after CLOSE_CONF"),
            (Phase::New | Phase::Refused, Some(open)) if number == message::OPEN_REQ => {
                if phase == Phase::Refused {
                    let words = "OPEN_REQ again on a refused connection, which has to be reset";
                    self.violation(session, None, words);
                }
                self.open(session, open, body);
            }
            (Phase::New | Phase::Refused, _) => {
                let words = format!("message {number} before OPEN_REQ");
                let refusal = Self::malformed(status::NOT_OPEN, words);
                self.refuse_violation(session, invoke_of(body), &refusal);
            }
            (Phase::Open, None) => {
                let words = format!("message {number}, which no client sends in this version");
                let refusal = Self::malformed(status::MESSAGE_NOT_IN_VERSION, words);
                self.refuse_violation(session, invoke_of(body), &refusal);
            }
            (Phase::Open, Some(layout)) => match Request::read(layout, body, framing, None) {
                Err(malformed) => {
                    self.refuse_violation(session, invoke_of(body), &malformed);
                }
                Ok(request) => {
                    self.note(session, &request);
                    if let Err(malformed) = self.request(session, &request) {
                        self.refuse_violation(session, request.invoke(), &malformed);
                    }
                }
            },
        }
        self.step_over();
    }

    fn note(&mut self, session: u64, request: &Request) {
        if let Some(target) = self.sessions.get_mut(&session) {
            *target.requests.entry(request.name).or_default() += 1;
        }
        if self.log.len() == LOG_MAX {
            self.log.pop_front();
        }
        let mut line = request.to_json();
        if let Value::Object(members) = &mut line {
            members.insert("session".to_owned(), json!(session));
        }
        self.log.push_back(line);
    }

    fn open(&mut self, session: u64, layout: &'static Layout, body: &[u8]) {
        match self.judge_open(session, layout, body) {
            Ok(()) => {}
            Err((refusal, violation)) => {
                if violation {
                    self.violation(session, Some(refusal.status), &refusal.words);
                }
                self.refuse(session, invoke_of(body), refusal.status);
                let name = status_name(refusal.status);
                self.outputs.push(Output::Line(format!(
                    "session {session} refused with {} ({name}): {}",
                    refusal.status, refusal.words
                )));
                if let Some(target) = self.sessions.get_mut(&session) {
                    target.phase = Phase::Refused;
                }
            }
        }
    }

    /// The flag of a refusal says that asking was against the guide.
    fn judge_open(
        &mut self,
        session: u64,
        layout: &'static Layout,
        body: &[u8],
    ) -> Result<(), (Malformed, bool)> {
        let breach = |status, words: &str| Err((Self::malformed(status, words), true));
        let no = |status, words: &str| Err((Self::malformed(status, words), false));
        let Some(side) = self.sessions.get(&session).map(|it| it.side) else { return Ok(()) };
        let settings = &self.settings;
        // The version decides how the rest of this very message is read, so it is looked at first.
        let version = body
            .get(4..8)
            .map(|bytes| bytes.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte)));
        let Some(version) = version else {
            return breach(status::MESSAGE_LENGTH, "OPEN_REQ ends before VersionNumber");
        };
        if !(settings.minimum_version..=settings.maximum_version).contains(&version) {
            return no(status::VERSION, &format!("version {version} is not spoken here"));
        }
        let framing = Framing::of(version, settings.express, settings.width);
        if let Some(target) = self.sessions.get_mut(&session) {
            target.framing = framing;
        }
        let own_tag = settings.unique_instance_tag.filter(|_| version >= 25);
        let request =
            Request::read(layout, body, framing, own_tag).map_err(|malformed| (malformed, true))?;
        self.note(session, &request);
        if ["Reserved1", "Reserved2", "Reserved3"].iter().any(|name| request.field(name) != 0) {
            return breach(status::RESERVED_FIELD, "a reserved field of OPEN_REQ is not zero");
        }
        let express = self.settings.express;
        let idle = request.field("IdleTimeout");
        if idle != NONE && (idle < self.settings.idle_minimum || (express && idle >= 120)) {
            let words = format!(
                "IdleTimeout {idle}: at least {}{}",
                self.settings.idle_minimum,
                if express { " and below 120" } else { "" }
            );
            return breach(status::INVALID_TIMEOUT, &words);
        }
        let asked = request.field("ServicesRequested");
        let has = |bit: u32| asked & bit != 0;
        if asked & !service::KNOWN != 0 {
            return breach(status::SERVICE_MASK, &format!("services {asked:#x} hold unknown bits"));
        }
        if express && has(service::CLIENT_EVENTS) && has(service::ALL_EVENTS) {
            return breach(status::SERVICE_MASK, "agent mode and bridge mode exclude each other");
        }
        let call_mask = request.field("CallMsgMask");
        if version < 23 && call_mask & 0xF000_0000 != 0 {
            return breach(status::CALL_MASK, &format!("call mask {call_mask:#x}: unknown bits"));
        }
        let agent_mask = request.field("AgentStateMask");
        if agent_mask & !STATE_BITS != 0 {
            return breach(
                status::AGENT_MASK,
                &format!("agent mask {agent_mask:#x}: unknown bits"),
            );
        }
        let config_mask = request.field("ConfigMsgMask");
        if config_mask & !CONFIG_BITS != 0 {
            let words = format!("config mask {config_mask:#x}: unknown bits");
            return breach(status::CONFIG_MASK, &words);
        }
        for (each, name) in [(tag::CLIENT_ID, "ClientID"), (tag::CLIENT_PASSWORD, "ClientPassword")]
        {
            if !request.has(each) {
                return breach(status::REQUIRED_DATA_MISSING, &format!("OPEN_REQ without {name}"));
            }
        }
        if has(service::SUPERVISOR) && !has(service::CLIENT_EVENTS) {
            return breach(
                status::FUNCTION_NOT_AVAILABLE,
                "SUPERVISOR needs CLIENT_EVENTS as well",
            );
        }
        let peripheral = request.field("PeripheralID");
        let client_events = has(service::CLIENT_EVENTS);
        let named = peripheral == self.settings.peripheral;
        if !named && (client_events || peripheral != NONE) || (named && !client_events && !express)
        {
            return breach(
                status::PERIPHERAL_ID,
                &format!("PeripheralID {peripheral} in OPEN_REQ"),
            );
        }
        let standby = self.judge_side(side, version, has(service::ACTIVE_STANDBY))?;
        if let Some(own_tag) = own_tag
            && let Some(data) = request.data(own_tag)
        {
            let instance = text(data);
            if instance.is_empty() {
                return breach(status::EMPTY_INSTANCE, "UniqueInstanceID is empty");
            }
            if self.sessions.values().any(|it| it.is_open() && it.instance == instance) {
                return breach(status::DUPLICATE_INSTANCE, "UniqueInstanceID is in use");
            }
            if let Some(target) = self.sessions.get_mut(&session) {
                target.instance = instance;
            }
        }
        let client_id = request.text(tag::CLIENT_ID);
        let password = text(request.data(tag::CLIENT_PASSWORD).unwrap_or_default());
        let clients = &self.settings.clients;
        if !clients.is_empty()
            && !clients.iter().any(|(id, word)| *id == client_id && *word == password)
        {
            return no(status::PASSWORD, &format!("client {client_id:?}: id or password is wrong"));
        }
        let device = if client_events && !standby {
            Some(self.judge_device(session, &request, &client_id)?)
        } else {
            None
        };
        let agent = device.and_then(|(agent, _)| self.agents.get(agent));
        if has(service::SUPERVISOR) && !standby && !agent.is_some_and(|it| it.person.supervisor) {
            return no(status::FUNCTION_NOT_AVAILABLE, "the agent is no supervisor");
        }
        if let Some((_, Some(holder))) = device {
            self.end_with(holder, status::NEW_SESSION_OPENED);
        }
        let mut granted = asked;
        if !(self.settings.standby_sessions && version >= 24) {
            granted &= !service::ACTIVE_STANDBY;
        }
        let idle_time = (idle != NONE).then(|| Duration::from_secs(u64::from(idle)));
        if let Some(target) = self.sessions.get_mut(&session) {
            target.phase = Phase::Open;
            target.services = granted;
            target.call_mask = call_mask;
            target.agent_mask = agent_mask;
            target.idle = idle_time;
            target.client_id.clone_from(&client_id);
            target.standby = standby;
            target.device = device.map(|(agent, _)| agent);
        }
        if let Some(idle) = idle_time {
            self.after(idle, Timer::Idle(session));
        }
        self.tell_opened(session, request.invoke(), named);
        let role = if standby { "standby" } else { "active" };
        self.outputs.push(Output::Line(format!(
            "session {session} open on side {}: client {client_id:?}, version {version}, {role}",
            side.name()
        )));
        Ok(())
    }

    fn tell_opened(&mut self, session: u64, invoke: u32, named: bool) {
        let Some(target) = self.sessions.get(&session) else { return };
        let agent = target.device.and_then(|agent| self.agents.get(agent));
        let several = target.services & service::ACD_LINE_ONLY == 0;
        let opened = Opened {
            invoke,
            services: target.services,
            pg_status: self.pg_status(),
            time: self.now.epoch,
            online: self.online,
            standby: target.standby,
            agent: agent.map(|agent| {
                let person = &agent.person;
                let ids = (person.extension.as_str(), person.id.as_str());
                (ids.0, ids.1, agent.instrument.as_str(), agent.state)
            }),
            peripheral: (!named).then_some((self.settings.peripheral, several)),
        };
        let message = events::open_conf(&opened, target.framing);
        let all_events = target.hears_all();
        let supervisor = target.services & service::SUPERVISOR != 0;
        self.confirm(session, &message);
        if all_events {
            let event = if self.online { 3 } else { 4 };
            let message = self.system_event(event, self.settings.peripheral, "");
            self.send(session, &message);
        }
        if supervisor {
            self.tell_team_of(session);
        }
    }

    /// Extension, id and instrument have to name one agent of ours. Answers the agent, and the session
    /// of the same client that holds its device and has to end.
    fn judge_device(
        &self,
        session: u64,
        request: &Request,
        client_id: &str,
    ) -> Result<(usize, Option<u64>), (Malformed, bool)> {
        let refusal = |status, words: &str| (Self::malformed(status, words), false);
        let agent = match self.agent_named(request) {
            Named::Nobody => {
                return Err((Self::required("CLIENT_EVENTS without an agent device"), true));
            }
            Named::Unknown => return Err(refusal(status::AGENT_DATA, "nobody has that device")),
            Named::Several => {
                return Err(refusal(
                    status::INCONSISTENT_AGENT,
                    "extension, id and instrument name different agents",
                ));
            }
            Named::One(agent) => agent,
        };
        let holder = self
            .sessions
            .iter()
            .find(|(number, it)| **number != session && it.is_open() && it.device == Some(agent));
        if holder.is_some_and(|(_, it)| it.client_id != client_id) {
            return Err(refusal(status::DEVICE_IN_USE, "another client has that device"));
        }
        Ok((agent, holder.map(|(number, _)| *number)))
    }

    /// Requests of an open session.
    fn request(&mut self, session: u64, request: &Request) -> Result<(), Malformed> {
        let Some(target) = self.sessions.get(&session) else { return Ok(()) };
        let (side, standby, services) = (target.side, target.standby, target.services);
        let invoke = request.invoke();
        match request.number {
            message::OPEN_REQ => {
                let words = "OPEN_REQ on an open session";
                return Err(Self::malformed(status::ALREADY_OPEN, words));
            }
            message::HEARTBEAT_REQ => {
                if !self.faults.is_mute(side) {
                    self.confirm(session, &events::plain_conf(message::HEARTBEAT_CONF, invoke));
                }
                return Ok(());
            }
            message::CLOSE_REQ => {
                self.confirm(session, &events::plain_conf(message::CLOSE_CONF, invoke));
                if let Some(target) = self.sessions.get_mut(&session) {
                    target.phase = Phase::Closed;
                }
                self.outputs.push(Output::Line(format!("session {session} closed by its client")));
                return Ok(());
            }
            message::ACTIVE_MAINTENANCE_RESP => return self.maintenance_answer(session, request),
            message::STOPPING_REQUESTS_IND => return self.maintenance_stop(session),
            _ => {}
        }
        if standby {
            let words = format!("{} on a standby session", request.name);
            return Err(Self::malformed(status::OFFLINE, words));
        }
        if let Some(code) = self.faults.refuses(request.number) {
            match code {
                faulty if faulty.by_switch => self.fail(session, invoke, faulty.code),
                faulty => self.refuse(session, invoke, u32::from(faulty.code)),
            }
            return Ok(());
        }
        let names_peripheral = !matches!(
            request.number,
            message::MONITOR_STOP_REQ
                | message::CHANGE_MONITOR_MASK_REQ
                | message::CLIENT_EVENT_REPORT_REQ
                | message::REGISTER_VARIABLES_REQ
                | message::LIST_AGENT_TEAM_REQ
                | message::MONITOR_AGENT_TEAM_START_REQ
                | message::MONITOR_AGENT_TEAM_STOP_REQ
        );
        let peripheral = request.field("PeripheralID");
        if names_peripheral && peripheral != self.settings.peripheral {
            let words = format!("{}: PeripheralID {peripheral}", request.name);
            return Err(Self::malformed(status::PERIPHERAL_ID, words));
        }
        let state_control = service::CLIENT_CONTROL | service::STATE_CONTROL_ONLY;
        let needs = match request.number {
            message::SET_AGENT_STATE_REQ => state_control,
            message::ALTERNATE_CALL_REQ..=message::TRANSFER_CALL_REQ
            | message::SEND_DTMF_SIGNAL_REQ => service::CLIENT_CONTROL,
            message::SET_CALL_DATA_REQ | message::RELEASE_CALL_REQ => {
                service::CALL_DATA_UPDATE | service::CLIENT_CONTROL
            }
            _ => u32::MAX,
        };
        if services & needs == 0 && needs != u32::MAX {
            let words = format!("{} without the service it needs", request.name);
            return Err(Self::malformed(status::FUNCTION_NOT_AVAILABLE, words));
        }
        if needs != u32::MAX && !self.online {
            self.fail(session, invoke, failure::OUT_OF_SERVICE);
            return Ok(());
        }
        match request.number {
            message::SET_AGENT_STATE_REQ => self.set_agent_state(session, request),
            message::QUERY_AGENT_STATE_REQ => self.query_agent_state(session, request),
            message::AGENT_DESK_SETTINGS_REQ
            | message::LIST_AGENT_TEAM_REQ
            | message::MONITOR_AGENT_TEAM_START_REQ
            | message::MONITOR_AGENT_TEAM_STOP_REQ
            | message::MONITOR_START_REQ
            | message::MONITOR_STOP_REQ
            | message::CHANGE_MONITOR_MASK_REQ
            | message::USER_MESSAGE_REQ
            | message::REGISTER_VARIABLES_REQ
            | message::CLIENT_EVENT_REPORT_REQ => self.other_request(session, request),
            _ => self.call_request(session, request),
        }
    }

    /// Silence for the whole IdleTimeout resets the connection.
    pub(super) fn idle_over(&mut self, session: u64) {
        let Some(target) = self.sessions.get(&session) else { return };
        let Some(idle) = target.idle.filter(|_| target.is_open()) else { return };
        let silent = self.now.instant.saturating_duration_since(target.heard);
        if silent < idle {
            return self.after(idle - silent, Timer::Idle(session));
        }
        let words = format!("session {session} reset: nothing came for {} s", idle.as_secs());
        self.outputs.push(Output::Line(words));
        self.end(session, true);
    }

    /// Ends a session with `FAILURE_EVENT`.
    pub(super) fn end_with(&mut self, session: u64, status: u32) {
        self.send(session, &Message::new(message::FAILURE_EVENT).long(status));
        self.outputs.push(Output::Line(format!(
            "session {session} ended with {status} ({})",
            status_name(status)
        )));
        self.end(session, false);
    }

    pub(super) fn end(&mut self, session: u64, reset: bool) {
        self.sessions.remove(&session);
        self.outputs.push(Output::Close { session, reset });
    }

    /// For the control socket.
    pub(super) fn sessions_json(&self) -> Vec<Value> {
        let sessions = self.sessions.iter().map(|(number, it)| {
            json!({
                "session": number,
                "side": it.side.name(),
                "peer": it.peer,
                "open": it.is_open(),
                "standby": it.standby,
                "client": it.client_id,
                "version": it.framing.version,
                "services": format!("{:#x}", it.services),
                "call_mask": format!("{:#x}", it.call_mask),
                "agent_mask": format!("{:#x}", it.agent_mask),
                "idle_timeout_seconds": it.idle.map(|idle| idle.as_secs()),
                "silent_milliseconds":
                    self.now.instant.saturating_duration_since(it.heard).as_millis() as u64,
                "requests": it.requests,
            })
        });
        sessions.collect()
    }
}

/// Whom the fields of a request name.
pub(super) enum Named {
    Nobody,
    Unknown,
    Several,
    One(usize),
}

/// The InvokeID of a body that may be malformed.
fn invoke_of(body: &[u8]) -> u32 {
    let bytes = body.get(..4).unwrap_or_default();
    bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}
