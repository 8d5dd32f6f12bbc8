//! Teams, supervisors and calls for help ("Application Level Interfaces").

use super::TEAM_ENTRIES_MAX;
use super::agent::AgentIdentity;
use super::call::{Connection, Line};
use super::call_enumerations::SupervisoryAction;
use super::enumerations::{AgentState, TeamOperation, WrapupMode};
use super::fields::{self, Field};
use super::walk::{Entry, Layout, Text, Walk, always};

/// `LIST_AGENT_TEAM_REQ` (133).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListAgentTeamReq {
    /// `SupervisorID`, a skill target id.
    pub supervisor_id: u32,
}

impl Layout for ListAgentTeamReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("SupervisorID", &mut self.supervisor_id)?;
        walk.floating()
    }
}

/// `LIST_AGENT_TEAM_CONF` (134).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListAgentTeamConf {
    /// Number of this part of the answer.
    pub segment: u16,
    /// Whether more parts follow.
    pub more: u16,
    /// Ids of teams, at most 64.
    pub teams: Vec<TeamId>,
}

/// Id of a team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TeamId(pub u32);

impl Entry for TeamId {
    const LEAD: &'static Field = &fields::LIST_TEAM_ID;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        always(walk, &fields::LIST_TEAM_ID, &mut self.0)
    }
}

impl Layout for ListAgentTeamConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        let teams = walk.count("NumberOfAgentTeams", self.teams.len(), TEAM_ENTRIES_MAX)?;
        walk.fixed("SegmentNumber", &mut self.segment)?;
        walk.fixed("More", &mut self.more)?;
        walk.floating()?;
        walk.list(teams, &mut self.teams)
    }
}

/// `MONITOR_AGENT_TEAM_START_REQ` (135).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonitorAgentTeamStartReq {
    /// `TeamID`.
    pub team_id: u32,
}

impl Layout for MonitorAgentTeamStartReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("TeamID", &mut self.team_id)?;
        walk.floating()
    }
}

/// `AGENT_TEAM_CONFIG_EVENT` (128): who is in a team; comes after opening and on every change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentTeamConfigEvent {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// `TeamID`.
    pub team_id: u32,
    /// What happened to the team.
    pub operation: TeamOperation,
    /// `DepartmentID`; from version 19 on.
    pub department_id: i32,
    /// `AgentTeamName`.
    pub name: Text,
    /// Members, at most 64 in a message.
    pub members: Vec<TeamMember>,
}

/// A member of a team.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamMember {
    /// `AtcAgentID`.
    pub agent_id: Text,
    /// `AgentFlags`: 1 primary supervisor, 2 temporary, 4 supervisor.
    pub flags: u16,
    /// State of the agent.
    pub state: AgentState,
    /// Seconds in that state.
    pub state_duration: u32,
}

impl Entry for TeamMember {
    const LEAD: &'static Field = &fields::ATC_AGENT_ID;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        let mut id = Some(self.agent_id.take().unwrap_or_default());
        walk.text(&fields::ATC_AGENT_ID, &mut id)?;
        self.agent_id = id;
        always(walk, &fields::AGENT_FLAGS, &mut self.flags)?;
        always(walk, &fields::ATC_AGENT_STATE, &mut self.state)?;
        always(walk, &fields::ATC_STATE_DURATION, &mut self.state_duration)
    }
}

impl Layout for AgentTeamConfigEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("TeamID", &mut self.team_id)?;
        let members = walk.count("NumberOfAgents", self.members.len(), TEAM_ENTRIES_MAX)?;
        walk.fixed("ConfigOperation", &mut self.operation)?;
        if walk.framing().since(19) {
            walk.fixed("DepartmentID", &mut self.department_id)?;
        }
        walk.floating()?;
        walk.text(&fields::AGENT_TEAM_NAME, &mut self.name)?;
        walk.list(members, &mut self.members)
    }
}

/// `SUPERVISE_CALL_REQ` (124).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuperviseCallReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The agent's call; [`super::NULL`] for the active one.
    pub agent_connection: Connection,
    /// The supervisor's call; [`super::NULL`] for none.
    pub supervisor_connection: Connection,
    /// What to do.
    pub action: SupervisoryAction,
    /// The agent.
    pub agent: AgentIdentity,
    /// `SupervisorInstrument`.
    pub supervisor_instrument: Text,
}

impl Layout for SuperviseCallReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        let (agent, supervisor) = (&mut self.agent_connection, &mut self.supervisor_connection);
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("AgentConnectionCallID", &mut agent.call_id)?;
        walk.fixed("SupervisorConnectionCallID", &mut supervisor.call_id)?;
        walk.fixed("AgentConnectionDeviceIDType", &mut agent.device_type)?;
        walk.fixed("SupervisorConnectionDeviceIDType", &mut supervisor.device_type)?;
        walk.fixed("SupervisoryAction", &mut self.action)?;
        walk.floating()?;
        agent.device(walk, &fields::AGENT_CONNECTION_DEVICE)?;
        supervisor.device(walk, &fields::SUPERVISOR_CONNECTION_DEVICE)?;
        self.agent.walk(walk)?;
        walk.text(&fields::SUPERVISOR_INSTRUMENT, &mut self.supervisor_instrument)
    }
}

/// `SUPERVISE_CALL_CONF` (125).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuperviseCallConf {
    /// The supervisor's call.
    pub connection: Connection,
}

impl Layout for SuperviseCallConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.connection.call_first(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)
    }
}

/// A call for help: `SUPERVISOR_ASSIST_REQ` (118) and `EMERGENCY_CALL_REQ` (121).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssistReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The call it is about; [`super::NULL`] for none.
    pub connection: Connection,
    /// The agent.
    pub agent: AgentIdentity,
}

impl Layout for AssistReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        self.connection.call_first(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        self.agent.walk(walk)
    }
}

/// `SUPERVISOR_ASSIST_CONF` (119) and `EMERGENCY_CALL_CONF` (122).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssistConf {
    /// The call that was made.
    pub connection: Connection,
    /// The line.
    pub line: Line,
}

impl Layout for AssistConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        self.connection.call_first(walk)?;
        self.line.walk(walk)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)
    }
}

/// `EMERGENCY_CALL_EVENT` (123).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmergencyCallEvent {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The call.
    pub connection: Connection,
    /// `SessionID` of the agent's client.
    pub session_id: u32,
    /// The agent.
    pub agent: AgentIdentity,
}

impl Layout for EmergencyCallEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        self.connection.call_first(walk)?;
        walk.fixed("SessionID", &mut self.session_id)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        self.agent.walk(walk)
    }
}

/// `AGENT_DESK_SETTINGS_REQ` (131).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentDeskSettingsReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// `AgentID`.
    pub agent_id: Text,
}

impl Layout for AgentDeskSettingsReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.floating()?;
        walk.agent_id(&mut self.agent_id)
    }
}

/// `AGENT_DESK_SETTINGS_CONF` (132): what an agent may and must do. Times are seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentDeskSettingsConf {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// `DeskSettingsMask`; 0x8 a reason is required when not ready, 0x10 when signing out.
    pub mask: u32,
    /// Wrap-up after calls in.
    pub wrapup_incoming: WrapupMode,
    /// Wrap-up after calls out.
    pub wrapup_outgoing: WrapupMode,
    /// `LogoutNonActivityTime`.
    pub logout_non_activity_time: u32,
    /// `QualityRecordingRate`.
    pub quality_recording_rate: u32,
    /// `RingNoAnswerTime`.
    pub ring_no_answer_time: u32,
    /// `SilentMonitorWarning`.
    pub silent_monitor_warning: u32,
    /// `SilentMonitorAudible`.
    pub silent_monitor_audible: u32,
    /// `SupervisorAssistMethod`.
    pub supervisor_assist_method: u32,
    /// `EmergencyMethod`.
    pub emergency_method: u32,
    /// `AutoRecordOnEmergency`.
    pub auto_record_on_emergency: u32,
    /// `RecordingMode`.
    pub recording_mode: u32,
    /// `WorkModeTimer`.
    pub work_mode_timer: u32,
    /// `RingNoAnswerDN`.
    pub ring_no_answer_number: u32,
    /// `DefaultDevicePortAddress`.
    pub default_device_port_address: Text,
    /// `PlayZipTone`; its width is inferred.
    pub play_zip_tone: Option<u32>,
    /// `ACDSharedLineUsage`; its width is inferred.
    pub shared_line_usage: Option<u32>,
}

impl Layout for AgentDeskSettingsConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("DeskSettingsMask", &mut self.mask)?;
        walk.fixed("WrapupDataIncomingMode", &mut self.wrapup_incoming)?;
        walk.fixed("WrapupDataOutgoingMode", &mut self.wrapup_outgoing)?;
        walk.fixed("LogoutNonActivityTime", &mut self.logout_non_activity_time)?;
        walk.fixed("QualityRecordingRate", &mut self.quality_recording_rate)?;
        walk.fixed("RingNoAnswerTime", &mut self.ring_no_answer_time)?;
        walk.fixed("SilentMonitorWarning", &mut self.silent_monitor_warning)?;
        walk.fixed("SilentMonitorAudible", &mut self.silent_monitor_audible)?;
        walk.fixed("SupervisorAssistMethod", &mut self.supervisor_assist_method)?;
        walk.fixed("EmergencyMethod", &mut self.emergency_method)?;
        walk.fixed("AutoRecordOnEmergency", &mut self.auto_record_on_emergency)?;
        walk.fixed("RecordingMode", &mut self.recording_mode)?;
        walk.fixed("WorkModeTimer", &mut self.work_mode_timer)?;
        walk.fixed("RingNoAnswerDN", &mut self.ring_no_answer_number)?;
        walk.floating()?;
        walk.text(&fields::DEFAULT_DEVICE_PORT_ADDRESS, &mut self.default_device_port_address)?;
        walk.float(&fields::PLAY_ZIP_TONE, &mut self.play_zip_tone)?;
        walk.float(&fields::ACD_SHARED_LINE_USAGE, &mut self.shared_line_usage)
    }
}
