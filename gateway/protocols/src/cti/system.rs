//! Events and requests about the system, clients and texts ("Session Management" and "Application
//! Level Interfaces").

use super::LIST_ENTRIES_MAX;
use super::agent::AgentIdentity;
use super::call::{Connection, Device, NamedArray, NamedVariable};
use super::call_enumerations::DeviceType;
use super::enumerations::{ClientState, Distribution, SystemEventKind};
use super::fields;
use super::masks::{AgentMask, CallMask, GatewayStatus};
use super::walk::{Layout, Text, Walk};

/// `SYSTEM_EVENT` (31): something went away or came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemEvent {
    /// What does not work at the peripheral gateway.
    pub gateway_status: GatewayStatus,
    /// `ICMCentralControllerTime`, seconds since 1970.
    pub server_time: u32,
    /// What happened.
    pub kind: SystemEventKind,
    /// Three arguments; the first names the peripheral where one is meant.
    pub arguments: [u32; 3],
    /// `EventDeviceType`.
    pub device_type: DeviceType,
    /// A text, or the instrument that is out of service.
    pub text: Text,
    /// `EventDeviceID`.
    pub device_id: Text,
}

impl SystemEvent {
    /// The CTI server says that it is off-line: the other side is needed.
    #[must_use]
    pub fn says_server_offline(&self) -> bool {
        self.kind == SystemEventKind::ServerOffline
            || self.gateway_status.contains(GatewayStatus::SERVER_OFFLINE)
    }

    /// The peripheral gateway is off-line: the other side may do better.
    #[must_use]
    pub fn says_gateway_offline(&self) -> bool {
        self.kind == SystemEventKind::GatewayOffline
    }

    /// The peripheral that went off-line, or came back (`true`).
    #[must_use]
    pub fn peripheral(&self) -> Option<(u32, bool)> {
        let [peripheral, ..] = self.arguments;
        match self.kind {
            SystemEventKind::PeripheralOnline => Some((peripheral, true)),
            SystemEventKind::PeripheralOffline => Some((peripheral, false)),
            _ => None,
        }
    }
}

impl Layout for SystemEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PGStatus", &mut self.gateway_status)?;
        walk.fixed("ICMCentralControllerTime", &mut self.server_time)?;
        walk.fixed("SystemEventID", &mut self.kind)?;
        for argument in &mut self.arguments {
            walk.fixed("SystemEventArg", argument)?;
        }
        walk.fixed("EventDeviceType", &mut self.device_type)?;
        walk.floating()?;
        walk.text(&fields::TEXT, &mut self.text)?;
        walk.text(&fields::EVENT_DEVICE_ID, &mut self.device_id)
    }
}

/// `CLIENT_EVENT_REPORT_REQ` (32): how a client is, for the operators of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientEventReportReq {
    /// How it is.
    pub state: ClientState,
    /// `ObjectName`: what is meant.
    pub object_name: Text,
    /// A text.
    pub text: Text,
}

impl Layout for ClientEventReportReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("State", &mut self.state)?;
        walk.floating()?;
        walk.text(&fields::OBJECT_NAME, &mut self.object_name)?;
        walk.text(&fields::TEXT, &mut self.text)
    }
}

/// `USER_MESSAGE_REQ` (107): a text for other clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserMessageReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// Whom it is for.
    pub distribution: Distribution,
    /// `ClientID`.
    pub client_id: Text,
    /// The agent.
    pub agent: AgentIdentity,
    /// The text.
    pub text: Text,
}

impl Layout for UserMessageReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("Distribution", &mut self.distribution)?;
        walk.floating()?;
        walk.text(&fields::CLIENT_ID, &mut self.client_id)?;
        self.agent.walk(walk)?;
        walk.text(&fields::TEXT, &mut self.text)
    }
}

/// `USER_MESSAGE_EVENT` (109): a text of another client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserMessageEvent {
    /// `ICMCentralControllerTime`, seconds since 1970.
    pub server_time: u32,
    /// Whom it is for.
    pub distribution: Distribution,
    /// `ClientID` of the sender.
    pub client_id: Text,
    /// The text.
    pub text: Text,
}

impl Layout for UserMessageEvent {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("ICMCentralControllerTime", &mut self.server_time)?;
        walk.fixed("Distribution", &mut self.distribution)?;
        walk.floating()?;
        walk.text(&fields::CLIENT_ID, &mut self.client_id)?;
        walk.text(&fields::TEXT, &mut self.text)
    }
}

/// `REGISTER_VARIABLES_REQ` (110): which call data is wanted; without it all of it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterVariablesReq {
    /// `CallVariableMask`; bit n - 1 stands for variable n.
    pub variables: u16,
    /// Named variables; their values do not matter.
    pub named_variables: Vec<NamedVariable>,
    /// Named arrays; their values do not matter.
    pub named_arrays: Vec<NamedArray>,
}

impl Layout for RegisterVariablesReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("CallVariableMask", &mut self.variables)?;
        let (variables, arrays) = (self.named_variables.len(), self.named_arrays.len());
        let variables = walk.count("NumNamedVariables", variables, LIST_ENTRIES_MAX)?;
        let arrays = walk.count("NumNamedArrays", arrays, LIST_ENTRIES_MAX)?;
        walk.floating()?;
        walk.list(variables, &mut self.named_variables)?;
        walk.list(arrays, &mut self.named_arrays)
    }
}

/// `MONITOR_START_REQ` (93): events of one call or one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonitorStartReq {
    /// `PeripheralID`.
    pub peripheral_id: u32,
    /// The call; call 0 where a device is monitored.
    pub connection: Connection,
    /// Call events wanted.
    pub call_events: CallMask,
    /// Agent states wanted.
    pub agent_states: AgentMask,
    /// The device.
    pub device: Device,
}

impl Layout for MonitorStartReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("ConnectionCallID", &mut self.connection.call_id)?;
        walk.fixed("CallMsgMask", &mut self.call_events)?;
        walk.fixed("AgentStateMask", &mut self.agent_states)?;
        walk.fixed("ConnectionDeviceIDType", &mut self.connection.device_type)?;
        walk.fixed("MonitoredDeviceType", &mut self.device.kind)?;
        walk.floating()?;
        self.connection.device(walk, &fields::CONNECTION_DEVICE)?;
        walk.text(&fields::MONITORED_DEVICE, &mut self.device.id)
    }
}

/// `CHANGE_MONITOR_MASK_REQ` (97).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeMonitorMaskReq {
    /// `MonitorID`.
    pub monitor_id: u32,
    /// Call events wanted.
    pub call_events: CallMask,
    /// Agent states wanted.
    pub agent_states: AgentMask,
}

impl Layout for ChangeMonitorMaskReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("MonitorID", &mut self.monitor_id)?;
        walk.fixed("CallMsgMask", &mut self.call_events)?;
        walk.fixed("AgentStateMask", &mut self.agent_states)?;
        walk.floating()
    }
}

/// A monitor's number and nothing else: `MONITOR_STOP_REQ` (95), `MONITOR_AGENT_TEAM_STOP_REQ`
/// (137), and the confirmations of both starts (94, 136).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonitorNumber {
    /// `MonitorID`.
    pub monitor_id: u32,
}

impl Layout for MonitorNumber {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("MonitorID", &mut self.monitor_id)?;
        walk.floating()
    }
}
