//! What a server answers when it does what was asked, and the number of each answer.

use super::agent::QueryAgentStateConf;
use super::call_confirmations::{
    JoinedCallConf, NewCallConf, QueryDeviceInfoConf, SnapshotCallConf, SnapshotDeviceConf,
};
use super::system::MonitorNumber;
use super::team::{AgentDeskSettingsConf, AssistConf, ListAgentTeamConf, SuperviseCallConf};
use super::walk::{Layout, Walk};

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Message 37, `QUERY_AGENT_STATE_CONF`.
    QueryAgentState(Box<QueryAgentStateConf>),
    /// Message 134, `LIST_AGENT_TEAM_CONF`.
    ListAgentTeam(ListAgentTeamConf),
    /// Message 136, `MONITOR_AGENT_TEAM_START_CONF`.
    MonitorAgentTeamStart(MonitorNumber),
    /// Message 125, `SUPERVISE_CALL_CONF`.
    SuperviseCall(SuperviseCallConf),
    /// Message 119, `SUPERVISOR_ASSIST_CONF`.
    SupervisorAssist(AssistConf),
    /// Message 122, `EMERGENCY_CALL_CONF`.
    EmergencyCall(AssistConf),
    /// Message 57, `MAKE_CALL_CONF`.
    MakeCall(NewCallConf),
    /// Message 51, `CONSULTATION_CALL_CONF`.
    ConsultationCall(NewCallConf),
    /// Message 49, `CONFERENCE_CALL_CONF`.
    ConferenceCall(JoinedCallConf),
    /// Message 65, `TRANSFER_CALL_CONF`.
    TransferCall(JoinedCallConf),
    /// Message 83, `SNAPSHOT_CALL_CONF`.
    SnapshotCall(SnapshotCallConf),
    /// Message 85, `SNAPSHOT_DEVICE_CONF`.
    SnapshotDevice(SnapshotDeviceConf),
    /// Message 79, `QUERY_DEVICE_INFO_CONF`.
    QueryDeviceInfo(Box<QueryDeviceInfoConf>),
    /// Message 94, `MONITOR_START_CONF`.
    MonitorStart(MonitorNumber),
    /// Message 132, `AGENT_DESK_SETTINGS_CONF`.
    AgentDeskSettings(Box<AgentDeskSettingsConf>),
    /// The request was received; the answer says nothing more.
    Accepted(Accepted),
}

impl Confirmation {
    /// Number of the request this answers: always one lower.
    #[must_use]
    pub fn request_number(&self) -> u32 {
        self.number() - 1
    }

    /// An empty message of this number, `None` for numbers that are none of these.
    pub(super) fn empty(number: u32) -> Option<Self> {
        Some(match number {
            37 => Self::QueryAgentState(Default::default()),
            134 => Self::ListAgentTeam(Default::default()),
            136 => Self::MonitorAgentTeamStart(Default::default()),
            125 => Self::SuperviseCall(Default::default()),
            119 => Self::SupervisorAssist(Default::default()),
            122 => Self::EmergencyCall(Default::default()),
            57 => Self::MakeCall(Default::default()),
            51 => Self::ConsultationCall(Default::default()),
            49 => Self::ConferenceCall(Default::default()),
            65 => Self::TransferCall(Default::default()),
            83 => Self::SnapshotCall(Default::default()),
            85 => Self::SnapshotDevice(Default::default()),
            79 => Self::QueryDeviceInfo(Default::default()),
            94 => Self::MonitorStart(Default::default()),
            132 => Self::AgentDeskSettings(Default::default()),
            _ => Self::Accepted(Accepted::of(number)?),
        })
    }

    /// Number of the message.
    #[must_use]
    pub fn number(&self) -> u32 {
        match self {
            Self::QueryAgentState(_) => 37,
            Self::ListAgentTeam(_) => 134,
            Self::MonitorAgentTeamStart(_) => 136,
            Self::SuperviseCall(_) => 125,
            Self::SupervisorAssist(_) => 119,
            Self::EmergencyCall(_) => 122,
            Self::MakeCall(_) => 57,
            Self::ConsultationCall(_) => 51,
            Self::ConferenceCall(_) => 49,
            Self::TransferCall(_) => 65,
            Self::SnapshotCall(_) => 83,
            Self::SnapshotDevice(_) => 85,
            Self::QueryDeviceInfo(_) => 79,
            Self::MonitorStart(_) => 94,
            Self::AgentDeskSettings(_) => 132,
            Self::Accepted(accepted) => accepted.number(),
        }
    }

    pub(super) fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        match self {
            Self::QueryAgentState(message) => message.walk(walk),
            Self::ListAgentTeam(message) => message.walk(walk),
            Self::MonitorAgentTeamStart(message) => message.walk(walk),
            Self::SuperviseCall(message) => message.walk(walk),
            Self::SupervisorAssist(message) => message.walk(walk),
            Self::EmergencyCall(message) => message.walk(walk),
            Self::MakeCall(message) => message.walk(walk),
            Self::ConsultationCall(message) => message.walk(walk),
            Self::ConferenceCall(message) => message.walk(walk),
            Self::TransferCall(message) => message.walk(walk),
            Self::SnapshotCall(message) => message.walk(walk),
            Self::SnapshotDevice(message) => message.walk(walk),
            Self::QueryDeviceInfo(message) => message.walk(walk),
            Self::MonitorStart(message) => message.walk(walk),
            Self::AgentDeskSettings(message) => message.walk(walk),
            Self::Accepted(_) => walk.floating(),
        }
    }
}

/// A request that is answered by nothing but its invoke id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Accepted {
    /// Message 27.
    SetCallData,
    /// Message 29.
    ReleaseCall,
    /// Message 33.
    ClientEventReport,
    /// Message 39.
    SetAgentState,
    /// Message 41.
    AlternateCall,
    /// Message 43.
    AnswerCall,
    /// Message 45.
    ClearCall,
    /// Message 47.
    ClearConnection,
    /// Message 53.
    DeflectCall,
    /// Message 55.
    HoldCall,
    /// Message 61.
    ReconnectCall,
    /// Message 63.
    RetrieveCall,
    /// Message 92.
    SendDtmf,
    /// Message 96.
    MonitorStop,
    /// Message 98.
    ChangeMonitorMask,
    /// Message 108.
    UserMessage,
    /// Message 111.
    RegisterVariables,
    /// Message 138.
    MonitorAgentTeamStop,
}

impl Accepted {
    fn of(number: u32) -> Option<Self> {
        Some(match number {
            27 => Self::SetCallData,
            29 => Self::ReleaseCall,
            33 => Self::ClientEventReport,
            39 => Self::SetAgentState,
            41 => Self::AlternateCall,
            43 => Self::AnswerCall,
            45 => Self::ClearCall,
            47 => Self::ClearConnection,
            53 => Self::DeflectCall,
            55 => Self::HoldCall,
            61 => Self::ReconnectCall,
            63 => Self::RetrieveCall,
            92 => Self::SendDtmf,
            96 => Self::MonitorStop,
            98 => Self::ChangeMonitorMask,
            108 => Self::UserMessage,
            111 => Self::RegisterVariables,
            138 => Self::MonitorAgentTeamStop,
            _ => return None,
        })
    }

    /// Number of the message.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::SetCallData => 27,
            Self::ReleaseCall => 29,
            Self::ClientEventReport => 33,
            Self::SetAgentState => 39,
            Self::AlternateCall => 41,
            Self::AnswerCall => 43,
            Self::ClearCall => 45,
            Self::ClearConnection => 47,
            Self::DeflectCall => 53,
            Self::HoldCall => 55,
            Self::ReconnectCall => 61,
            Self::RetrieveCall => 63,
            Self::SendDtmf => 92,
            Self::MonitorStop => 96,
            Self::ChangeMonitorMask => 98,
            Self::UserMessage => 108,
            Self::RegisterVariables => 111,
            Self::MonitorAgentTeamStop => 138,
        }
    }
}
