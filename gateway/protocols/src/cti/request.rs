//! Everything a client may ask, and the number of each request.

use super::agent::{QueryAgentStateReq, SetAgentStateReq};
use super::call_requests::{
    ClearConnectionReq, ConnectionReq, ConsultationCallReq, DeflectCallReq, DeviceReq, HoldCallReq,
    JoinCallsReq, MakeCallReq, ReleaseCallReq, SendDtmfReq, SetCallDataReq, SwitchCallReq,
};
use super::fields;
use super::system::{
    ChangeMonitorMaskReq, ClientEventReportReq, MonitorNumber, MonitorStartReq,
    RegisterVariablesReq, UserMessageReq,
};
use super::team::{
    AgentDeskSettingsReq, AssistReq, ListAgentTeamReq, MonitorAgentTeamStartReq, SuperviseCallReq,
};
use super::walk::{Layout, Walk};

/// A request of a client; the server answers with the same invoke id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Message 32, `CLIENT_EVENT_REPORT_REQ`.
    ClientEventReport(ClientEventReportReq),
    /// Message 107, `USER_MESSAGE_REQ`.
    UserMessage(UserMessageReq),
    /// Message 110, `REGISTER_VARIABLES_REQ`.
    RegisterVariables(RegisterVariablesReq),
    /// Message 36, `QUERY_AGENT_STATE_REQ`.
    QueryAgentState(QueryAgentStateReq),
    /// Message 38, `SET_AGENT_STATE_REQ`.
    SetAgentState(Box<SetAgentStateReq>),
    /// Message 133, `LIST_AGENT_TEAM_REQ`.
    ListAgentTeam(ListAgentTeamReq),
    /// Message 135, `MONITOR_AGENT_TEAM_START_REQ`.
    MonitorAgentTeamStart(MonitorAgentTeamStartReq),
    /// Message 137, `MONITOR_AGENT_TEAM_STOP_REQ`.
    MonitorAgentTeamStop(MonitorNumber),
    /// Message 124, `SUPERVISE_CALL_REQ`.
    SuperviseCall(Box<SuperviseCallReq>),
    /// Message 118, `SUPERVISOR_ASSIST_REQ`.
    SupervisorAssist(AssistReq),
    /// Message 121, `EMERGENCY_CALL_REQ`.
    EmergencyCall(AssistReq),
    /// Message 42, `ANSWER_CALL_REQ`.
    AnswerCall(ConnectionReq),
    /// Message 44, `CLEAR_CALL_REQ`.
    ClearCall(ConnectionReq),
    /// Message 46, `CLEAR_CONNECTION_REQ`.
    ClearConnection(ClearConnectionReq),
    /// Message 54, `HOLD_CALL_REQ`.
    HoldCall(HoldCallReq),
    /// Message 62, `RETRIEVE_CALL_REQ`.
    RetrieveCall(ConnectionReq),
    /// Message 40, `ALTERNATE_CALL_REQ`.
    AlternateCall(SwitchCallReq),
    /// Message 60, `RECONNECT_CALL_REQ`.
    ReconnectCall(SwitchCallReq),
    /// Message 52, `DEFLECT_CALL_REQ`.
    DeflectCall(DeflectCallReq),
    /// Message 56, `MAKE_CALL_REQ`.
    MakeCall(Box<MakeCallReq>),
    /// Message 50, `CONSULTATION_CALL_REQ`.
    ConsultationCall(Box<ConsultationCallReq>),
    /// Message 48, `CONFERENCE_CALL_REQ`.
    ConferenceCall(Box<JoinCallsReq>),
    /// Message 64, `TRANSFER_CALL_REQ`.
    TransferCall(Box<JoinCallsReq>),
    /// Message 91, `SEND_DTMF_REQ`.
    SendDtmf(SendDtmfReq),
    /// Message 78, `QUERY_DEVICE_INFO_REQ`.
    QueryDeviceInfo(DeviceReq),
    /// Message 82, `SNAPSHOT_CALL_REQ`.
    SnapshotCall(ConnectionReq),
    /// Message 84, `SNAPSHOT_DEVICE_REQ`.
    SnapshotDevice(DeviceReq),
    /// Message 26, `SET_CALL_DATA_REQ`.
    SetCallData(SetCallDataReq),
    /// Message 28, `RELEASE_CALL_REQ`.
    ReleaseCall(ReleaseCallReq),
    /// Message 93, `MONITOR_START_REQ`.
    MonitorStart(MonitorStartReq),
    /// Message 95, `MONITOR_STOP_REQ`.
    MonitorStop(MonitorNumber),
    /// Message 97, `CHANGE_MONITOR_MASK_REQ`.
    ChangeMonitorMask(ChangeMonitorMaskReq),
    /// Message 131, `AGENT_DESK_SETTINGS_REQ`.
    AgentDeskSettings(AgentDeskSettingsReq),
}

impl Request {
    /// An empty message of this number, `None` for numbers that are none of these.
    pub(super) fn empty(number: u32) -> Option<Self> {
        Some(match number {
            32 => Self::ClientEventReport(Default::default()),
            107 => Self::UserMessage(Default::default()),
            110 => Self::RegisterVariables(Default::default()),
            36 => Self::QueryAgentState(Default::default()),
            38 => Self::SetAgentState(Default::default()),
            133 => Self::ListAgentTeam(Default::default()),
            135 => Self::MonitorAgentTeamStart(Default::default()),
            137 => Self::MonitorAgentTeamStop(Default::default()),
            124 => Self::SuperviseCall(Default::default()),
            118 => Self::SupervisorAssist(Default::default()),
            121 => Self::EmergencyCall(Default::default()),
            42 => Self::AnswerCall(Default::default()),
            44 => Self::ClearCall(Default::default()),
            46 => Self::ClearConnection(Default::default()),
            54 => Self::HoldCall(Default::default()),
            62 => Self::RetrieveCall(Default::default()),
            40 => Self::AlternateCall(Default::default()),
            60 => Self::ReconnectCall(Default::default()),
            52 => Self::DeflectCall(Default::default()),
            56 => Self::MakeCall(Default::default()),
            50 => Self::ConsultationCall(Default::default()),
            48 => Self::ConferenceCall(Default::default()),
            64 => Self::TransferCall(Default::default()),
            91 => Self::SendDtmf(Default::default()),
            78 => Self::QueryDeviceInfo(Default::default()),
            82 => Self::SnapshotCall(Default::default()),
            84 => Self::SnapshotDevice(Default::default()),
            26 => Self::SetCallData(Default::default()),
            28 => Self::ReleaseCall(Default::default()),
            93 => Self::MonitorStart(Default::default()),
            95 => Self::MonitorStop(Default::default()),
            97 => Self::ChangeMonitorMask(Default::default()),
            131 => Self::AgentDeskSettings(Default::default()),
            _ => return None,
        })
    }

    /// Number of the message.
    #[must_use]
    pub fn number(&self) -> u32 {
        match self {
            Self::ClientEventReport(_) => 32,
            Self::UserMessage(_) => 107,
            Self::RegisterVariables(_) => 110,
            Self::QueryAgentState(_) => 36,
            Self::SetAgentState(_) => 38,
            Self::ListAgentTeam(_) => 133,
            Self::MonitorAgentTeamStart(_) => 135,
            Self::MonitorAgentTeamStop(_) => 137,
            Self::SuperviseCall(_) => 124,
            Self::SupervisorAssist(_) => 118,
            Self::EmergencyCall(_) => 121,
            Self::AnswerCall(_) => 42,
            Self::ClearCall(_) => 44,
            Self::ClearConnection(_) => 46,
            Self::HoldCall(_) => 54,
            Self::RetrieveCall(_) => 62,
            Self::AlternateCall(_) => 40,
            Self::ReconnectCall(_) => 60,
            Self::DeflectCall(_) => 52,
            Self::MakeCall(_) => 56,
            Self::ConsultationCall(_) => 50,
            Self::ConferenceCall(_) => 48,
            Self::TransferCall(_) => 64,
            Self::SendDtmf(_) => 91,
            Self::QueryDeviceInfo(_) => 78,
            Self::SnapshotCall(_) => 82,
            Self::SnapshotDevice(_) => 84,
            Self::SetCallData(_) => 26,
            Self::ReleaseCall(_) => 28,
            Self::MonitorStart(_) => 93,
            Self::MonitorStop(_) => 95,
            Self::ChangeMonitorMask(_) => 97,
            Self::AgentDeskSettings(_) => 131,
        }
    }

    pub(super) fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        match self {
            Self::ClientEventReport(message) => message.walk(walk),
            Self::UserMessage(message) => message.walk(walk),
            Self::RegisterVariables(message) => message.walk(walk),
            Self::QueryAgentState(message) => message.walk(walk),
            Self::SetAgentState(message) => message.walk(walk),
            Self::ListAgentTeam(message) => message.walk(walk),
            Self::MonitorAgentTeamStart(message) => message.walk(walk),
            Self::MonitorAgentTeamStop(message) => message.walk(walk),
            Self::SuperviseCall(message) => message.walk(walk),
            Self::SupervisorAssist(message) => message.walk(walk),
            Self::EmergencyCall(message) => message.walk(walk),
            Self::AnswerCall(message) => message.walk(walk, &fields::CONNECTION_DEVICE),
            Self::ClearCall(message) => message.walk(walk, &fields::CONNECTION_DEVICE),
            Self::ClearConnection(message) => message.walk(walk),
            Self::HoldCall(message) => message.walk(walk),
            Self::RetrieveCall(message) => message.walk(walk, &fields::HELD_CONNECTION_DEVICE),
            Self::AlternateCall(message) => message.walk(walk, &fields::OTHER_CONNECTION_DEVICE),
            Self::ReconnectCall(message) => message.walk(walk, &fields::HELD_CONNECTION_DEVICE),
            Self::DeflectCall(message) => message.walk(walk),
            Self::MakeCall(message) => message.walk(walk),
            Self::ConsultationCall(message) => message.walk(walk),
            Self::ConferenceCall(message) => message.walk_conference(walk),
            Self::TransferCall(message) => message.walk_transfer(walk),
            Self::SendDtmf(message) => message.walk(walk),
            Self::QueryDeviceInfo(message) => message.walk(walk),
            Self::SnapshotCall(message) => message.walk(walk, &fields::CONNECTION_DEVICE),
            Self::SnapshotDevice(message) => message.walk(walk),
            Self::SetCallData(message) => message.walk(walk),
            Self::ReleaseCall(message) => message.walk(walk),
            Self::MonitorStart(message) => message.walk(walk),
            Self::MonitorStop(message) => message.walk(walk),
            Self::ChangeMonitorMask(message) => message.walk(walk),
            Self::AgentDeskSettings(message) => message.walk(walk),
        }
    }
}
