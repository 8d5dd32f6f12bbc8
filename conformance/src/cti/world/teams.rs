//! Requests beside agent state and calls: desk settings, teams, monitors, user messages.

use super::sessions::{Monitor, Named};
use super::{Timer, World};
use crate::cti::events::{self, Member};
use crate::cti::numbers::{message, status, tag};
use crate::cti::request::{Malformed, Request};
use crate::cti::wire::Message;

/// Members one team event may list.
const MEMBERS_MAX: usize = 64;

impl World {
    pub(super) fn other_request(
        &mut self,
        session: u64,
        request: &Request,
    ) -> Result<(), Malformed> {
        let invoke = request.invoke();
        match request.number {
            message::AGENT_DESK_SETTINGS_REQ => self.desk_settings(session, request),
            message::LIST_AGENT_TEAM_REQ => {
                self.list_teams(session, request);
                Ok(())
            }
            message::MONITOR_AGENT_TEAM_START_REQ => {
                let team = request.field("TeamID");
                if self.settings.population.teams.iter().all(|each| each.number != team) {
                    self.refuse(session, invoke, status::TEAM_NOT_FOUND);
                    return Ok(());
                }
                let monitor = self.monitor(Monitor {
                    number: 0,
                    agent: None,
                    call: 0,
                    call_mask: 0,
                    agent_mask: crate::cti::numbers::STATE_BITS,
                    team,
                });
                let number = monitor.number;
                if let Some(target) = self.sessions.get_mut(&session) {
                    target.monitors.push(monitor);
                }
                let conf = message::MONITOR_AGENT_TEAM_START_CONF;
                self.confirm(session, &Message::new(conf).longs(&[invoke, number]));
                Ok(())
            }
            message::MONITOR_START_REQ => self.monitor_start(session, request),
            message::MONITOR_STOP_REQ | message::MONITOR_AGENT_TEAM_STOP_REQ => {
                let number = request.field("MonitorID");
                let Some(target) = self.sessions.get_mut(&session) else { return Ok(()) };
                let before = target.monitors.len();
                target.monitors.retain(|monitor| monitor.number != number);
                if target.monitors.len() == before {
                    self.refuse(session, invoke, status::MONITOR_ID);
                } else {
                    self.confirm(session, &events::plain_conf(request.number + 1, invoke));
                }
                Ok(())
            }
            message::CHANGE_MONITOR_MASK_REQ => {
                let number = request.field("MonitorID");
                let Some(target) = self.sessions.get_mut(&session) else { return Ok(()) };
                match target.monitors.iter_mut().find(|monitor| monitor.number == number) {
                    None => self.refuse(session, invoke, status::MONITOR_ID),
                    Some(monitor) => {
                        monitor.call_mask = request.field("CallMsgMask");
                        monitor.agent_mask = request.field("AgentStateMask");
                        self.confirm(session, &events::plain_conf(request.number + 1, invoke));
                    }
                }
                Ok(())
            }
            message::USER_MESSAGE_REQ => self.user_message(session, request),
            message::REGISTER_VARIABLES_REQ => {
                for (field, each) in [
                    ("NumNamedVariables", tag::NAMED_VARIABLE),
                    ("NumNamedArrays", tag::NAMED_ARRAY),
                ] {
                    if usize::try_from(request.field(field)) != Ok(request.list(each).count()) {
                        let words = format!("REGISTER_VARIABLES_REQ: {field} miscounts");
                        return Err(Self::malformed(status::COUNT_MISMATCH, words));
                    }
                }
                self.confirm(session, &events::plain_conf(request.number + 1, invoke));
                Ok(())
            }
            _ => {
                self.confirm(session, &events::plain_conf(request.number + 1, invoke));
                Ok(())
            }
        }
    }

    fn monitor(&mut self, monitor: Monitor) -> Monitor {
        self.monitors_made += 1;
        Monitor { number: self.monitors_made, ..monitor }
    }

    fn monitor_start(&mut self, session: u64, request: &Request) -> Result<(), Malformed> {
        let invoke = request.invoke();
        let call = request.field("ConnectionCallID");
        let device = request.text(tag::MONITORED_DEVICE);
        if call == 0 && device.is_empty() {
            return Err(Self::required("MONITOR_START_REQ names neither a call nor a device"));
        }
        if call != 0 && !device.is_empty() {
            let words = "MONITOR_START_REQ names a call and a device";
            return Err(Self::malformed(54, words));
        }
        let agent = if call == 0 { self.agent_of(&device) } else { None };
        if call == 0 && agent.is_none() || call != 0 && !self.calls.contains_key(&call) {
            let refusal = if call == 0 { status::AGENT_DATA } else { status::CALL_ID };
            self.refuse(session, invoke, refusal);
            return Ok(());
        }
        let monitor = self.monitor(Monitor {
            number: 0,
            agent,
            call,
            call_mask: request.field("CallMsgMask"),
            agent_mask: request.field("AgentStateMask"),
            team: 0,
        });
        let number = monitor.number;
        if let Some(target) = self.sessions.get_mut(&session) {
            target.monitors.push(monitor);
        }
        self.confirm(session, &Message::new(message::MONITOR_START_CONF).longs(&[invoke, number]));
        Ok(())
    }

    fn desk_settings(&mut self, session: u64, request: &Request) -> Result<(), Malformed> {
        let invoke = request.invoke();
        match self.agent_named(request) {
            Named::One(_) => {}
            Named::Nobody => {
                return Err(Self::required("AGENT_DESK_SETTINGS_REQ without AgentID"));
            }
            Named::Unknown | Named::Several => {
                self.refuse(session, invoke, status::AGENT_DATA);
                return Ok(());
            }
        }
        let settings = &self.settings;
        // Available after incoming and outgoing, calls of supervisors and among agents.
        let mask = 0x1
            | 0x2
            | 0x20
            | 0x40
            | u32::from(settings.require_not_ready_reason) << 3
            | u32::from(settings.require_logout_reason) << 4;
        let wrap_up = match (settings.require_wrap_up_data, settings.wrap_up.is_zero()) {
            (true, _) => 3,
            (false, true) => 2,
            (false, false) => 1,
        };
        let seconds = |time: std::time::Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let message = Message::new(message::AGENT_DESK_SETTINGS_CONF)
            .longs(&[invoke, settings.peripheral, mask, wrap_up, wrap_up, 0, 0])
            .longs(&[seconds(settings.ring), 0, 0, 0, 0, 0, 0, seconds(settings.wrap_up), 0]);
        self.confirm(session, &message);
        Ok(())
    }

    fn list_teams(&mut self, session: u64, request: &Request) {
        let supervisor = request.field("SupervisorID");
        let found = self.agents.iter().find(|agent| agent.number == supervisor);
        let Some(agent) = found.filter(|agent| agent.person.supervisor) else {
            return self.refuse(session, request.invoke(), 64);
        };
        let message = Message::new(message::LIST_AGENT_TEAM_CONF)
            .long(request.invoke())
            .shorts(&[1, 1, 0])
            .data_long(tag::LIST_TEAM_ID, agent.person.team);
        self.confirm(session, &message);
    }

    /// The team of the supervisor whose session it is.
    pub(super) fn tell_team_of(&mut self, session: u64) {
        let Some(target) = self.sessions.get(&session) else { return };
        let agent = target.device.and_then(|agent| self.agents.get(agent));
        let Some(number) = agent.map(|agent| agent.person.team) else { return };
        let teams = &self.settings.population.teams;
        let Some(team) = teams.iter().find(|team| team.number == number) else { return };
        let now = self.now.instant;
        let members = self.agents.iter().filter(|agent| agent.person.team == number);
        let members = members.take(MEMBERS_MAX).map(|agent| Member {
            id: &agent.person.id,
            supervisor: agent.person.supervisor,
            state: agent.state,
            duration: agent.view(now, 0).duration,
        });
        let members: Vec<_> = members.collect();
        let peripheral = self.settings.peripheral;
        let message = events::agent_team_config_event(
            peripheral,
            number,
            &team.name,
            &members,
            target.framing,
        );
        self.send(session, &message);
    }

    fn user_message(&mut self, session: u64, request: &Request) -> Result<(), Malformed> {
        let distribution = request.short("Distribution");
        if distribution > 3 {
            return Err(Self::malformed(71, format!("Distribution {distribution}")));
        }
        let Some(sender) = self.sessions.get(&session) else { return Ok(()) };
        let (from, device) = (sender.client_id.clone(), sender.device);
        let team_of = |agent: Option<usize>| {
            agent.and_then(|agent| self.agents.get(agent)).map(|agent| agent.person.team)
        };
        let own_team = team_of(device);
        let client = request.text(tag::CLIENT_ID);
        let targets: Vec<u64> = self
            .sessions
            .iter()
            .filter(|(number, it)| {
                let team = team_of(it.device);
                let supervisor = it.device.and_then(|agent| self.agents.get(agent));
                it.is_open()
                    && !it.standby
                    && match distribution {
                        0 => it.client_id == client,
                        1 => {
                            team.is_some()
                                && team == own_team
                                && supervisor.is_some_and(|agent| agent.person.supervisor)
                        }
                        2 => **number != session && team.is_some() && team == own_team,
                        _ => **number != session,
                    }
            })
            .map(|(number, _)| *number)
            .collect();
        if targets.is_empty() && distribution == 0 {
            self.refuse(session, request.invoke(), 63);
            return Ok(());
        }
        self.confirm(session, &events::plain_conf(request.number + 1, request.invoke()));
        let message = Message::new(message::USER_MESSAGE_EVENT)
            .long(self.now.epoch)
            .short(distribution)
            .text(tag::CLIENT_ID, &from)
            .text(tag::TEXT, &request.text(tag::TEXT));
        self.send_all(&targets, &message);
        Ok(())
    }

    /// Whoever waits is answered when its time is over.
    pub(super) fn wait_until(&mut self, delay: std::time::Duration, ticket: u64) {
        self.after(delay, Timer::Waiter(ticket));
    }
}
