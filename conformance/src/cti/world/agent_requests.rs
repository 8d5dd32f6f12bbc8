//! Requests about agents' states: judged, refused with the right code, done.

use super::World;
use super::agents::Agent;
use super::sessions::Named;
use crate::cti::events;
use crate::cti::numbers::{failure, message, state, state_name, status, tag};
use crate::cti::request::{Malformed, Request};

/// Skill groups one request may name.
const REQUEST_GROUPS_MAX: u32 = 10;

impl World {
    pub(super) fn query_agent_state(
        &mut self,
        session: u64,
        request: &Request,
    ) -> Result<(), Malformed> {
        let invoke = request.invoke();
        let agent = match self.agent_named(request) {
            Named::One(agent) => agent,
            Named::Nobody => {
                let number = request.field("ICMAgentID");
                match self.agents.iter().position(|agent| agent.number == number) {
                    Some(agent) => agent,
                    None => return Err(Self::required("QUERY_AGENT_STATE_REQ names no agent")),
                }
            }
            Named::Unknown => {
                self.fail(session, invoke, failure::UNKNOWN_OBJECT);
                return Ok(());
            }
            Named::Several => {
                self.refuse(session, invoke, status::INCONSISTENT_AGENT);
                return Ok(());
            }
        };
        let Some(target) = self.sessions.get(&session) else { return Ok(()) };
        let Some(agent) = self.agents.get(agent) else { return Ok(()) };
        let view = agent.view(self.now.instant, self.settings.peripheral);
        let message = events::query_agent_state_conf(&view, target.framing, invoke);
        self.confirm(session, &message);
        Ok(())
    }

    pub(super) fn set_agent_state(
        &mut self,
        session: u64,
        request: &Request,
    ) -> Result<(), Malformed> {
        let (wanted, invoke) = (request.short("AgentState"), request.invoke());
        let listed = request.field("NumSkillGroups");
        let named = request.list(tag::SKILL_GROUP_NUMBER).count();
        if listed > REQUEST_GROUPS_MAX {
            return Err(Self::malformed(status::SKILL_GROUPS, format!("{listed} skill groups")));
        }
        if usize::try_from(listed) != Ok(named) {
            let words = format!("NumSkillGroups is {listed}, {named} are named");
            return Err(Self::malformed(status::COUNT_MISMATCH, words));
        }
        let forced = request.field("ForcedFlag");
        if forced > 2 || (forced == 2 && !(self.settings.express && wanted == state::LOGIN)) {
            let words = format!("ForcedFlag {forced} with state {}", state_name(wanted));
            return Err(Self::malformed(status::RESERVED_FIELD, words));
        }
        if !request.has(tag::INSTRUMENT) {
            return Err(Self::required("SET_AGENT_STATE_REQ without AgentInstrument"));
        }
        let id_tags = if self.settings.express {
            &[tag::AGENT_ID_LONG][..]
        } else {
            &[tag::AGENT_ID, tag::AGENT_ID_LONG]
        };
        let has_id = id_tags.iter().any(|each| request.has(*each));
        let signs = matches!(wanted, state::LOGIN | state::LOGOUT);
        if signs && !has_id {
            return Err(Self::required("sign-in or sign-out without AgentID"));
        }
        let sso = request.data(tag::SSO_ENABLED) == Some(&[0, 1]);
        let needs_password = match wanted {
            state::LOGIN => !sso,
            // Who forces an agent out does not know the password; Express wants it for LOGIN only.
            state::LOGOUT => !sso && forced == 0 && !self.settings.express,
            _ => false,
        };
        if needs_password && !request.has(tag::AGENT_PASSWORD) {
            return Err(Self::required("sign-in or sign-out without AgentPassword or SSOEnabled"));
        }
        let outcome = if wanted == state::LOGIN {
            self.sign_in(request, sso)
        } else {
            match self.agent_named(request) {
                Named::Several => {
                    self.refuse(session, invoke, status::INCONSISTENT_AGENT);
                    return Ok(());
                }
                Named::One(agent) => self.change(agent, request),
                Named::Nobody | Named::Unknown if signs => Err(failure::AGENT_ID),
                Named::Nobody | Named::Unknown => Err(failure::UNKNOWN_OBJECT),
            }
        };
        match outcome {
            Err(code) if code == NOT_LOGGED_ON => {
                self.refuse(session, invoke, status::AGENT_NOT_LOGGED_ON);
            }
            Err(code) => self.fail(session, invoke, code),
            Ok(then) => {
                let conf = events::plain_conf(message::SET_AGENT_STATE_CONF, invoke);
                self.confirm(session, &conf);
                match then {
                    Then::Nothing => {}
                    Then::SignOn { agent, place, instrument, terminal, work_mode } => {
                        self.take_place(agent, place);
                        if let Some(agent) = self.agents.get_mut(agent) {
                            agent.instrument = instrument;
                            agent.terminal = terminal;
                            agent.work_mode = work_mode;
                            agent.wrong_passwords = 0;
                        }
                        self.signed_on(agent);
                    }
                    Then::Become { agent, state, reason } => self.wish(agent, state, reason),
                    Then::ForceOut { agent, reason } => self.force_out(agent, reason),
                }
            }
        }
        Ok(())
    }

    /// Judges a sign-in; changes nothing but the count of wrong passwords.
    fn sign_in(&mut self, request: &Request, sso: bool) -> Result<Then, u16> {
        let id_tag = if self.settings.express || !request.has(tag::AGENT_ID) {
            tag::AGENT_ID_LONG
        } else {
            tag::AGENT_ID
        };
        let id = request.text(id_tag);
        let index = *self.by_id.get(&id).ok_or(failure::AGENT_ID)?;
        let lock_after = self.settings.lock_after;
        let agent = self.agents.get_mut(index).ok_or(failure::AGENT_ID)?;
        if lock_after > 0 && agent.wrong_passwords >= lock_after {
            return Err(failure::ACCOUNT_LOCKED);
        }
        if !sso && request.text(tag::AGENT_PASSWORD) != agent.person.password {
            agent.wrong_passwords += 1;
            return Err(self.settings.password_failure);
        }
        if request.field("ForcedFlag") == 2 {
            agent.wrong_passwords = 0;
            return Ok(Then::Nothing);
        }
        let instrument = request.text(tag::INSTRUMENT);
        let work_mode = request.short("AgentWorkMode");
        let (local, remote) = match instrument.split_once(';') {
            Some((local, remote)) => (local, Some(remote)),
            None => (instrument.as_str(), None),
        };
        let mobile = matches!(work_mode, 3 | 4);
        let refused = self.settings.express && (mobile || remote.is_some());
        let allowed = self.agents.get(index).is_some_and(|agent| agent.person.mobile);
        if work_mode > 4
            || refused
            || mobile != remote.is_some_and(|remote| !remote.is_empty())
            || (mobile && !allowed)
        {
            return Err(failure::WORK_MODE);
        }
        let (place, second) = *self.by_line.get(local).ok_or(failure::LOGON_DEVICE)?;
        if second {
            return Err(failure::LOGON_DEVICE);
        }
        if self.agents.get(index).is_some_and(Agent::signed_on) {
            return Err(failure::ALREADY_SIGNED_ON);
        }
        if self.occupants.contains_key(&place) {
            return Err(failure::EXTENSION_IN_USE);
        }
        let agent = self.agents.get(place).ok_or(failure::LOGON_DEVICE)?;
        if agent.out_of_service && !mobile {
            return Err(if self.settings.express {
                failure::LOGON_DEVICE
            } else {
                failure::OUT_OF_SERVICE
            });
        }
        let terminal = request.text(tag::ACTIVE_TERMINAL);
        let devices = &agent.person.devices;
        if !terminal.is_empty() && devices.is_empty() {
            return Err(failure::NO_SHARED_LINES);
        }
        if !terminal.is_empty() && !devices.contains(&terminal) {
            return Err(failure::LOGON_DEVICE);
        }
        if terminal.is_empty() && !devices.is_empty() && !mobile {
            return Err(failure::EXTENSION_NOT_UNIQUE);
        }
        Ok(Then::SignOn { agent: index, place, instrument, terminal, work_mode })
    }

    /// Judges every other wish for an agent.
    fn change(&mut self, index: usize, request: &Request) -> Result<Then, u16> {
        let settings = &self.settings;
        let agent = self.agents.get(index).ok_or(failure::AGENT_ID)?;
        let (wanted, reason) = (request.short("AgentState"), request.short("EventReasonCode"));
        let forced = request.field("ForcedFlag") == 1;
        if !agent.signed_on() {
            return Err(NOT_LOGGED_ON);
        }
        match wanted {
            state::LOGOUT if forced => Ok(Then::ForceOut { agent: index, reason }),
            state::LOGOUT => {
                let password = request.text(tag::AGENT_PASSWORD);
                if !password.is_empty() && password != agent.person.password {
                    return Err(settings.password_failure);
                }
                if agent.on_call() {
                    return Err(failure::STATE_INCOMPATIBLE);
                }
                if agent.state != state::NOT_READY {
                    return Err(failure::INVALID_OBJECT_STATE);
                }
                if settings.require_logout_reason && reason == 0 {
                    return Err(failure::REASON_REQUIRED);
                }
                Ok(Then::Become { agent: index, state: wanted, reason })
            }
            state::NOT_READY if settings.require_not_ready_reason && reason == 0 => {
                Err(failure::REASON_REQUIRED)
            }
            state::NOT_READY | state::AVAILABLE => {
                let working = matches!(agent.state, state::WORK_READY | state::WORK_NOT_READY);
                if working && settings.require_wrap_up_data && !agent.wrapped_up {
                    return Err(failure::WRAP_UP_REQUIRED);
                }
                let reason = if wanted == state::NOT_READY { reason } else { 0 };
                Ok(Then::Become { agent: index, state: wanted, reason })
            }
            state::WORK_NOT_READY | state::WORK_READY
                if matches!(
                    agent.state,
                    state::TALKING | state::HOLD | state::WORK_READY | state::WORK_NOT_READY
                ) =>
            {
                Ok(Then::Become { agent: index, state: wanted, reason })
            }
            state::WORK_NOT_READY | state::WORK_READY => Err(failure::INVALID_OBJECT_STATE),
            _ => Err(failure::OUT_OF_RANGE),
        }
    }
}

/// What an allowed request comes to.
enum Then {
    Nothing,
    SignOn { agent: usize, place: usize, instrument: String, terminal: String, work_mode: u16 },
    Become { agent: usize, state: u16, reason: u16 },
    ForceOut { agent: usize, reason: u16 },
}

/// Stands for the status "agent not logged on", which is no control failure.
const NOT_LOGGED_ON: u16 = u16::MAX;
