//! What agents are and what may happen to their state (the guide's chapter on agent messages).
//!
//! ```text
//!   LOGOUT --login--> LOGIN (passing) -> NOT_READY <-> AVAILABLE -> RESERVED -> TALKING <-> HOLD
//!     ^------------- from NOT_READY, or forced              ^          |            |
//!                                                            `-- WORK_READY, WORK_NOT_READY
//! ```
//!
//! A state asked for during a call is pending: the event of the present state names it as next.

use std::time::Instant;

use serde_json::{Value, json};

use super::sessions::Named;
use super::{Now, Output, Timer, World};
use crate::cti::events::{self, AgentView};
use crate::cti::numbers::{service, state, state_bit, state_name, tag};
use crate::cti::population::Person;
use crate::cti::record::Told;
use crate::cti::request::Request;

/// An agent and its state.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) person: Person,
    /// Skill target id.
    pub(super) number: u32,
    pub(super) state: u16,
    pub(super) reason: u16,
    since: Instant,
    /// State and reason that follow the call.
    pub(super) next: Option<(u16, u16)>,
    /// State and reason before the call.
    pub(super) before: (u16, u16),
    /// State and reason that follow the work state.
    after_work: (u16, u16),
    /// Whose line it uses; its own unless it signed on elsewhere.
    pub(super) place: usize,
    /// The ACD line, and the other line, of that place.
    pub(super) extension: String,
    pub(super) second_line: String,
    /// As given at sign-in, a mobile agent's number included.
    pub(super) instrument: String,
    pub(super) work_mode: u16,
    /// The device in use on a shared line.
    pub(super) terminal: String,
    pub(super) wrong_passwords: u32,
    pub(super) out_of_service: bool,
    pub(super) direction: u32,
    /// Counts state changes; a timer set for an older one does nothing.
    pub(super) generation: u32,
    /// Steadily rising number of a load's events; shown as StateDuration.
    pub(super) marker: Option<u32>,
    /// Wrap-up data of the last call came.
    pub(super) wrapped_up: bool,
}

impl Agent {
    pub(super) fn new(person: Person, place: usize, number: u32, now: Now) -> Self {
        Self {
            extension: person.extension.clone(),
            second_line: person.second_line.clone(),
            place,
            instrument: person.instrument.clone(),
            person,
            number,
            state: state::LOGOUT,
            reason: 0,
            since: now.instant,
            next: None,
            before: (state::NOT_READY, 0),
            after_work: (state::NOT_READY, 0),
            work_mode: 0,
            terminal: String::new(),
            wrong_passwords: 0,
            out_of_service: false,
            direction: 0,
            generation: 0,
            marker: None,
            wrapped_up: false,
        }
    }

    /// A state that a load gives; the marker stays.
    pub(super) fn load_state(&mut self, wanted: u16, reason: u16, direction: u32, now: Instant) {
        self.state = wanted;
        self.reason = reason;
        self.direction = direction;
        self.since = now;
        self.generation = self.generation.wrapping_add(1);
    }

    /// As configured again, signed out.
    pub(super) fn forget(&mut self) {
        self.wrong_passwords = 0;
        self.out_of_service = false;
        self.marker = None;
    }

    /// When the state began.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    pub(super) fn signed_on(&self) -> bool {
        self.state != state::LOGOUT
    }

    /// Whether a call decides the state.
    pub(super) fn on_call(&self) -> bool {
        matches!(self.state, state::RESERVED | state::TALKING | state::HOLD)
    }

    pub(super) fn view(&self, now: Instant, peripheral: u32) -> AgentView<'_> {
        let seconds = now.saturating_duration_since(self.since).as_secs();
        AgentView {
            id: &self.person.id,
            extension: &self.extension,
            instrument: &self.instrument,
            terminal: &self.terminal,
            number: self.number,
            state: self.state,
            duration: self.marker.unwrap_or(u32::try_from(seconds).unwrap_or(u32::MAX)),
            reason: self.reason,
            next: self.next.map(|(next, _)| next),
            direction: self.direction,
            skill_groups: &self.person.skill_groups,
            peripheral,
            session: 0,
        }
    }

    fn told(&self) -> Told {
        Told { agent: self.person.id.clone(), state: self.state, reason: self.reason }
    }

    pub(super) fn to_json(&self, now: Instant) -> Value {
        json!({
            "id": self.person.id,
            "name": format!("{} {}", self.person.first_name, self.person.last_name),
            "extension": self.extension,
            "second_line": self.second_line,
            "instrument": self.instrument,
            "state": state_name(self.state),
            "reason": self.reason,
            "next": self.next.map(|(next, _)| state_name(next)),
            "next_reason": self.next.map(|(_, reason)| reason),
            "seconds": now.saturating_duration_since(self.since).as_secs(),
            "team": self.person.team,
            "supervisor": self.person.supervisor,
            "work_mode": self.work_mode,
            "mobile": self.person.mobile,
            "terminal": self.terminal,
            "devices": self.person.devices,
            "wrong_passwords": self.wrong_passwords,
            "in_service": !self.out_of_service,
            "marker": self.marker,
        })
    }
}

impl World {
    /// Makes every agent of the settings, signed out.
    pub(super) fn populate(&mut self) {
        for person in &self.settings.population.agents {
            let index = self.agents.len();
            let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(6_001);
            self.by_id.insert(person.id.clone(), index);
            self.by_line.insert(person.extension.clone(), (index, false));
            self.by_line.insert(person.instrument.clone(), (index, false));
            if !person.second_line.is_empty() {
                self.by_line.insert(person.second_line.clone(), (index, true));
            }
            self.agents.push(Agent::new(person.clone(), index, number, self.now));
        }
    }

    /// The agent whose id, extension, instrument or second line a text is.
    pub(super) fn agent_of(&self, name: &str) -> Option<usize> {
        self.by_id.get(name).copied().or_else(|| self.agent_at(name).map(|(agent, _)| agent))
    }

    /// The agent at a line or instrument, whoever signed on there, and whether it is a second line.
    pub(super) fn agent_at(&self, line: &str) -> Option<(usize, bool)> {
        let local = line.split(';').next().unwrap_or_default();
        let (place, second) = self.by_line.get(local).copied()?;
        Some((self.occupants.get(&place).copied().unwrap_or(place), second))
    }

    /// Whom id, extension and instrument of a request name together.
    pub(super) fn agent_named(&self, request: &Request) -> Named {
        let id_tag = if self.settings.express || !request.has(tag::AGENT_ID) {
            tag::AGENT_ID_LONG
        } else {
            tag::AGENT_ID
        };
        let id = request.text(id_tag);
        let line = |each: u16| {
            let text = request.text(each);
            (!text.is_empty()).then(|| self.agent_at(&text).map(|(agent, _)| agent))
        };
        let by_id = (!id.is_empty()).then(|| self.by_id.get(&id).copied());
        let named = [by_id, line(tag::EXTENSION), line(tag::INSTRUMENT)];
        let mut found = Named::Nobody;
        for agent in named.into_iter().flatten() {
            found = match (found, agent) {
                (_, None) => return Named::Unknown,
                (Named::One(one), Some(other)) if one != other => return Named::Several,
                (_, Some(one)) => Named::One(one),
            };
        }
        found
    }

    /// The agent uses the lines of a place from now on.
    pub(super) fn take_place(&mut self, index: usize, place: usize) {
        self.occupants.insert(place, index);
        let lines = self
            .agents
            .get(place)
            .map(|at| (at.person.extension.clone(), at.person.second_line.clone()));
        if let (Some(agent), Some((extension, second_line))) = (self.agents.get_mut(index), lines) {
            agent.place = place;
            agent.extension = extension;
            agent.second_line = second_line;
        }
    }

    fn leave_place(&mut self, index: usize) {
        let Some(agent) = self.agents.get_mut(index) else { return };
        self.occupants.remove(&agent.place);
        agent.place = index;
        agent.extension.clone_from(&agent.person.extension);
        agent.second_line.clone_from(&agent.person.second_line);
        agent.instrument.clone_from(&agent.person.instrument);
        agent.terminal.clear();
        agent.work_mode = 0;
    }

    /// The passing LOGIN, then Not Ready.
    pub(super) fn signed_on(&mut self, agent: usize) {
        if self.settings.login_event {
            self.become_state(agent, state::LOGIN, 0);
        }
        let reason = if self.settings.express { 32_760 } else { 0 };
        self.become_state(agent, state::NOT_READY, reason);
    }

    /// A wish that is allowed: at once, or next where a call decides the state.
    pub(super) fn wish(&mut self, index: usize, wanted: u16, reason: u16) {
        let Some(agent) = self.agents.get_mut(index) else { return };
        if agent.on_call() {
            agent.next = Some((wanted, reason));
            self.tell_agent(index);
            return;
        }
        if (agent.state, agent.reason) != (wanted, reason) {
            self.become_state(index, wanted, reason);
        }
    }

    /// A forced logout: LOAD decides what it comes to.
    pub(super) fn force_out(&mut self, agent: usize, reason: u16) {
        if self.settings.express || self.settings.load {
            self.become_state(agent, state::LOGOUT, reason);
        } else {
            self.wish(agent, state::NOT_READY, self.settings.disconnect_reason);
        }
    }

    /// Changes the state and tells everybody.
    pub(super) fn become_state(&mut self, index: usize, wanted: u16, reason: u16) {
        let now = self.now.instant;
        let Some(agent) = self.agents.get_mut(index) else { return };
        agent.state = wanted;
        agent.reason = reason;
        agent.since = now;
        agent.generation = agent.generation.wrapping_add(1);
        agent.marker = None;
        if !agent.on_call() {
            agent.next = None;
            agent.direction = 0;
        }
        self.tell_agent(index);
        if wanted == state::LOGOUT {
            self.leave_place(index);
        }
        if wanted == state::AVAILABLE {
            self.serve_queues(index);
        }
    }

    /// The state after a call: what is next, wrap-up, or what was before.
    pub(super) fn call_over(&mut self, index: usize, answered: bool) {
        let wrap_up = self.settings.wrap_up;
        let Some(agent) = self.agents.get_mut(index).filter(|agent| agent.on_call()) else {
            return;
        };
        let (then, reason) = agent.next.take().unwrap_or(agent.before);
        let was_ready = agent.before.0 == state::AVAILABLE;
        agent.wrapped_up = false;
        let (work, after) = match then {
            state::WORK_READY => (then, (state::AVAILABLE, 0)),
            state::WORK_NOT_READY => (then, (state::NOT_READY, 0)),
            state::LOGOUT => return self.become_state(index, then, reason),
            _ if !answered || wrap_up.is_zero() || !was_ready => {
                return self.become_state(index, then, reason);
            }
            state::AVAILABLE => (state::WORK_READY, (then, 0)),
            _ => (state::WORK_NOT_READY, (then, reason)),
        };
        agent.after_work = after;
        self.become_state(index, work, 0);
        // Without a wrap-up time the work state lasts until the agent ends it.
        if let Some(agent) = self.agents.get(index).filter(|_| !wrap_up.is_zero()) {
            let generation = agent.generation;
            self.after(wrap_up, Timer::WrapUp { agent: index, generation });
        }
    }

    pub(super) fn wrap_up_over(&mut self, index: usize, generation: u32) {
        let Some(agent) = self.agents.get_mut(index) else { return };
        if agent.generation != generation {
            return;
        }
        let (then, reason) = agent.after_work;
        self.become_state(index, then, reason);
    }

    /// Tells every session that asked for this state.
    pub(super) fn tell_agent(&mut self, index: usize) {
        let Some(agent) = self.agents.get(index) else { return };
        let mut view = agent.view(self.now.instant, self.settings.peripheral);
        let own = self.sessions.iter().find(|(_, it)| it.is_open() && it.device == Some(index));
        view.session = own.map_or(0, |(number, _)| u32::try_from(*number).unwrap_or(u32::MAX));
        let bit = state_bit(agent.state);
        let team = agent.person.team;
        let groups: Vec<_> = view.skill_groups.iter().copied().map(Some).collect();
        let mut encoded: Vec<(_, _, _, std::sync::Arc<Vec<u8>>)> = Vec::new();
        let mut outputs = Vec::new();
        for (number, session) in &self.sessions {
            if !session.is_open() || session.standby {
                continue;
            }
            let own =
                session.device == Some(index) && session.services & service::CLIENT_EVENTS != 0;
            let wanted = session.agent_mask & bit != 0 && (session.hears_all() || own);
            let single = session.services & service::IGNORE_DUPLICATES != 0
                || !self.settings.skill_group_events;
            let monitors = session.monitors.iter().filter(|monitor| {
                monitor.agent_mask & bit != 0
                    && (monitor.agent == Some(index) || (monitor.team != 0 && monitor.team == team))
            });
            let monitors = monitors.map(|monitor| monitor.number);
            for monitor in wanted.then_some(0).into_iter().chain(monitors) {
                let key = (session.framing, single, monitor);
                let known = encoded.iter().find(|(a, b, c, _)| (*a, *b, *c) == key);
                let bytes = match known {
                    Some((.., bytes)) => bytes.clone(),
                    None => {
                        let all = [None];
                        let variants: &[_] =
                            if single || groups.len() < 2 { &all } else { &groups };
                        let mut bytes = Vec::new();
                        for group in variants {
                            let message =
                                events::agent_state_event(&view, session.framing, monitor, *group);
                            bytes.extend(message.encode(session.framing));
                        }
                        let bytes = std::sync::Arc::new(bytes);
                        encoded.push((key.0, key.1, key.2, bytes.clone()));
                        bytes
                    }
                };
                let after = self.faults.delay(session.side);
                outputs.push(Output::Send { session: *number, bytes, after });
                if self.settings.records {
                    let told = agent.told();
                    outputs.push(Output::Told { session: *number, told });
                }
            }
        }
        self.outputs.append(&mut outputs);
    }
}
