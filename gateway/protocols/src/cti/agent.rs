//! Agents: their states, and wishes for other states ("Application Level Interfaces").

use super::call::{SkillGroup, SkillGroupEntry};
use super::enumerations::{
    AgentState, Availability, Direction, ForcedFlag, PeripheralType, WorkMode,
};
use super::fields;
use super::secret::Secret;
use super::walk::{Layout, Text, Walk};
use super::{EVENT_SKILL_GROUPS_MAX, REQUEST_SKILL_GROUPS_MAX, SKILL_GROUPS_MAX};

/// Media routing domain of voice.
pub const VOICE: i32 = 1;

/// An agent's device and number, as many messages name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentIdentity {
    /// `AgentExtension`.
    pub extension: Text,
    /// `AgentID`; written in its long form where the dialect or the length asks for it.
    pub id: Text,
    /// `AgentInstrument`. For a mobile agent's sign-in: the CTI port, a semicolon, and the number
    /// where the agent can be called.
    pub instrument: Text,
}

impl AgentIdentity {
    pub(super) fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.text(&fields::AGENT_EXTENSION, &mut self.extension)?;
        walk.agent_id(&mut self.id)?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.instrument)
    }
}

/// `AGENT_STATE_EVENT` (30): an agent's state, in one skill group and over all. May come once per
/// skill group: `state` is what counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentStateEvent {
    /// `MonitorID`; 0 for sessions with all events.
    pub monitor_id: u32,
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// `SessionID`; 0 where the agent has no client of its own.
    pub session_id: u32,
    /// `PeripheralType`.
    pub peripheral_type: PeripheralType,
    /// State in the skill group below.
    pub skill_group_state: AgentState,
    /// Seconds since the state changed.
    pub state_duration: u32,
    /// The skill group.
    pub skill_group: SkillGroup,
    /// The agent's state over all.
    pub state: AgentState,
    /// `EventReasonCode`; only of use when not ready or signed out.
    pub reason: u16,
    /// `MRDID`; [`VOICE`] or another.
    pub media_routing_domain: i32,
    /// `NumTasks`.
    pub tasks: u32,
    /// `AgentMode`; 1 means that the agent can be routed to.
    pub mode: u16,
    /// `MaxTaskLimit`.
    pub task_limit: u32,
    /// `ICMAgentID`, the skill target id.
    pub agent_skill_target_id: i32,
    /// Whether the agent can be given work.
    pub availability: Availability,
    /// `DepartmentID`; from version 19 on.
    pub department_id: i32,
    /// `CTIClientSignature`.
    pub client_signature: Text,
    /// The agent.
    pub agent: AgentIdentity,
    /// `ActiveTerminal`: the phone in use of a shared line.
    pub active_terminal: Text,
    /// `Duration`, seconds.
    pub duration: Option<u32>,
    /// `NextAgentState`: where a wish will lead once the call is over.
    pub next_state: Option<AgentState>,
    /// `Direction` of the call.
    pub direction: Option<Direction>,
    /// `MaxBeyondTaskLimit`.
    pub beyond_task_limit: Option<u32>,
    /// Skill groups, at most 99; empty where only `skill_group` is given.
    pub skill_groups: Vec<SkillGroupEntry>,
}

impl Layout for AgentStateEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("MonitorID", &mut self.monitor_id)?;
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("SessionID", &mut self.session_id)?;
        walk.fixed("PeripheralType", &mut self.peripheral_type)?;
        walk.fixed("SkillGroupState", &mut self.skill_group_state)?;
        walk.fixed("StateDuration", &mut self.state_duration)?;
        self.skill_group.walk(walk)?;
        walk.fixed("AgentState", &mut self.state)?;
        walk.fixed("EventReasonCode", &mut self.reason)?;
        walk.fixed("MRDID", &mut self.media_routing_domain)?;
        walk.fixed("NumTasks", &mut self.tasks)?;
        walk.fixed("AgentMode", &mut self.mode)?;
        walk.fixed("MaxTaskLimit", &mut self.task_limit)?;
        walk.fixed("ICMAgentID", &mut self.agent_skill_target_id)?;
        walk.fixed("AgentAvailabilityStatus", &mut self.availability)?;
        let entries = self.skill_groups.len();
        let groups = walk.count("NumFltSkillGroups", entries, EVENT_SKILL_GROUPS_MAX)?;
        if walk.framing().since(19) {
            walk.fixed("DepartmentID", &mut self.department_id)?;
        }
        walk.floating()?;
        walk.text(&fields::CLIENT_SIGNATURE, &mut self.client_signature)?;
        self.agent.walk(walk)?;
        walk.text(&fields::ACTIVE_TERMINAL, &mut self.active_terminal)?;
        walk.float(&fields::DURATION, &mut self.duration)?;
        walk.float(&fields::NEXT_AGENT_STATE, &mut self.next_state)?;
        walk.float(&fields::DIRECTION, &mut self.direction)?;
        walk.list(groups, &mut self.skill_groups)?;
        walk.float(&fields::MAX_BEYOND_TASK_LIMIT, &mut self.beyond_task_limit)
    }
}

/// `QUERY_AGENT_STATE_REQ` (36); one of the agent's names is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryAgentStateReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// `MRDID`.
    pub media_routing_domain: i32,
    /// `ICMAgentID`, the skill target id.
    pub agent_skill_target_id: i32,
    /// The agent.
    pub agent: AgentIdentity,
}

impl Layout for QueryAgentStateReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("MRDID", &mut self.media_routing_domain)?;
        walk.fixed("ICMAgentID", &mut self.agent_skill_target_id)?;
        walk.floating()?;
        self.agent.walk(walk)
    }
}

/// `QUERY_AGENT_STATE_CONF` (37).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryAgentStateConf {
    /// The agent's state.
    pub state: AgentState,
    /// `MRDID`.
    pub media_routing_domain: i32,
    /// `NumTasks`.
    pub tasks: u32,
    /// `AgentMode`.
    pub mode: u16,
    /// `MaxTaskLimit`.
    pub task_limit: u32,
    /// `ICMAgentID`, the skill target id.
    pub agent_skill_target_id: i32,
    /// Whether the agent can be given work.
    pub availability: Availability,
    /// `DepartmentID`; from version 19 on.
    pub department_id: i32,
    /// The agent.
    pub agent: AgentIdentity,
    /// `ActiveTerminal`: not in the guide's table of this message; read where a server sends it.
    pub active_terminal: Text,
    /// Skill groups, at most 20.
    pub skill_groups: Vec<SkillGroupEntry>,
    /// `InternalAgentState`.
    pub internal_state: Option<u16>,
    /// `MaxBeyondTaskLimit`.
    pub beyond_task_limit: Option<u32>,
}

impl Layout for QueryAgentStateConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("AgentState", &mut self.state)?;
        let groups = walk.count("NumSkillGroups", self.skill_groups.len(), SKILL_GROUPS_MAX)?;
        walk.fixed("MRDID", &mut self.media_routing_domain)?;
        walk.fixed("NumTasks", &mut self.tasks)?;
        walk.fixed("AgentMode", &mut self.mode)?;
        walk.fixed("MaxTaskLimit", &mut self.task_limit)?;
        walk.fixed("ICMAgentID", &mut self.agent_skill_target_id)?;
        walk.fixed("AgentAvailabilityStatus", &mut self.availability)?;
        if walk.framing().since(19) {
            walk.fixed("DepartmentID", &mut self.department_id)?;
        }
        walk.floating()?;
        self.agent.walk(walk)?;
        walk.text(&fields::ACTIVE_TERMINAL, &mut self.active_terminal)?;
        walk.list(groups, &mut self.skill_groups)?;
        walk.float(&fields::INTERNAL_AGENT_STATE, &mut self.internal_state)?;
        walk.float(&fields::MAX_BEYOND_TASK_LIMIT, &mut self.beyond_task_limit)
    }
}

/// `SET_AGENT_STATE_REQ` (38). The confirmation only says that it was received: what came of it is
/// told by an `AGENT_STATE_EVENT`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetAgentStateReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The state wished for.
    pub state: AgentState,
    /// How the agent is connected; of use at sign-in.
    pub work_mode: WorkMode,
    /// `EventReasonCode`; 0 for none.
    pub reason: u16,
    /// Whether it is forced.
    pub forced: ForcedFlag,
    /// `AgentServiceReq`; bit 0 asks for outbound support.
    pub services: u32,
    /// The agent; instrument and id are needed for sign-in and sign-out.
    pub agent: AgentIdentity,
    /// The agent's password; needed for sign-in and sign-out where there is no single sign-on.
    pub password: Option<Secret>,
    /// `PositionID`.
    pub position_id: Text,
    /// `SupervisorID`.
    pub supervisor_id: Text,
    /// `SSOEnabled`; from version 20 on.
    pub single_sign_on: Option<bool>,
    /// `ActiveTerminal`: which phone of a shared line is used; from version 24 on, Unified CCX 18.
    pub active_terminal: Text,
    /// Skill groups, at most 10.
    pub skill_groups: Vec<SkillGroupEntry>,
}

/// Reason code of a sign-out that the gateway forces because it lost the agent.
pub const REASON_CONNECTION_LOST: u16 = 255;

impl SetAgentStateReq {
    /// Forced sign-out of an agent whose device was lost: code 255 and the forced flag. Depending on
    /// a setting of the server the agent then is signed out at once, or not ready.
    #[must_use]
    pub fn forced_logout(peripheral_id: u32, agent: AgentIdentity) -> Self {
        Self {
            peripheral_id,
            state: AgentState::Logout,
            reason: REASON_CONNECTION_LOST,
            forced: ForcedFlag::Yes,
            agent,
            ..Self::default()
        }
    }
}

impl Layout for SetAgentStateReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("AgentState", &mut self.state)?;
        walk.fixed("AgentWorkMode", &mut self.work_mode)?;
        let entries = self.skill_groups.len();
        let groups = walk.count("NumSkillGroups", entries, REQUEST_SKILL_GROUPS_MAX)?;
        walk.fixed("EventReasonCode", &mut self.reason)?;
        walk.fixed("ForcedFlag", &mut self.forced)?;
        walk.fixed("AgentServiceReq", &mut self.services)?;
        walk.floating()?;
        walk.text(&fields::AGENT_INSTRUMENT, &mut self.agent.instrument)?;
        walk.agent_id(&mut self.agent.id)?;
        walk.text(&fields::AGENT_EXTENSION, &mut self.agent.extension)?;
        walk.secret(&fields::AGENT_PASSWORD, true, &mut self.password)?;
        walk.text(&fields::POSITION_ID, &mut self.position_id)?;
        walk.text(&fields::SUPERVISOR_ID, &mut self.supervisor_id)?;
        walk.float(&fields::SSO_ENABLED, &mut self.single_sign_on)?;
        walk.text(&fields::ACTIVE_TERMINAL, &mut self.active_terminal)?;
        walk.list(groups, &mut self.skill_groups)
    }
}
