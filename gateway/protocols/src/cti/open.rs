//! Opening a session, and what can go wrong ("Session Management").

use super::InvokeId;
use super::agent::AgentIdentity;
use super::enumerations::{AgentState, PeripheralType, SessionType};
use super::fields::{self, Field};
use super::masks::{AgentMask, CallMask, ConfigMask, GatewayStatus, Services};
use super::secret::Secret;
use super::status::{ControlFailureCode, Status};
use super::walk::{Entry, Layout, Text, Walk, always};
use super::{LIST_ENTRIES_MAX, NULL};

/// `OPEN_REQ` (3): the first message of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenReq {
    /// `VersionNumber`.
    pub version: u32,
    /// `IdleTimeout`, seconds; [`NULL`] for no heartbeats.
    pub idle_timeout: u32,
    /// `PeripheralID`; [`NULL`] unless the client is one agent's.
    pub peripheral_id: u32,
    /// Services asked for.
    pub services: Services,
    /// Call events wanted.
    pub call_events: CallMask,
    /// Agent states wanted.
    pub agent_states: AgentMask,
    /// Configuration wanted.
    pub configuration: ConfigMask,
    /// Three reserved fields, which have to be 0.
    pub reserved: [u32; 3],
    /// `ClientID`; required.
    pub client_id: Text,
    /// `ClientPassword`; required, may be empty.
    pub client_password: Option<Secret>,
    /// `ClientSignature`.
    pub client_signature: Text,
    /// The agent, where the client is one agent's.
    pub agent: AgentIdentity,
    /// `ApplicationPathID`.
    pub application_path_id: Option<i32>,
}

impl Default for OpenReq {
    fn default() -> Self {
        Self {
            version: 0,
            idle_timeout: NULL,
            peripheral_id: NULL,
            services: Services::NONE,
            call_events: CallMask::NONE,
            agent_states: AgentMask::NONE,
            configuration: ConfigMask::NONE,
            reserved: [0; 3],
            client_id: None,
            client_password: None,
            client_signature: None,
            agent: AgentIdentity::default(),
            application_path_id: None,
        }
    }
}

impl Layout for OpenReq {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("VersionNumber", &mut self.version)?;
        walk.fixed("IdleTimeout", &mut self.idle_timeout)?;
        walk.fixed("PeripheralID", &mut self.peripheral_id)?;
        walk.fixed("ServicesRequested", &mut self.services)?;
        walk.fixed("CallMsgMask", &mut self.call_events)?;
        walk.fixed("AgentStateMask", &mut self.agent_states)?;
        walk.fixed("ConfigMsgMask", &mut self.configuration)?;
        for reserved in &mut self.reserved {
            walk.fixed("Reserved", reserved)?;
        }
        walk.floating()?;
        walk.text(&fields::CLIENT_ID, &mut self.client_id)?;
        walk.secret(&fields::CLIENT_PASSWORD, false, &mut self.client_password)?;
        walk.text(&fields::CLIENT_SIGNATURE, &mut self.client_signature)?;
        self.agent.walk(walk)?;
        walk.float(&fields::APPLICATION_PATH_ID, &mut self.application_path_id)
    }
}

/// `OPEN_CONF` (4): the session is open. Unified CCX sends 0 for monitor, status, time and type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenConf {
    /// Services granted, maybe fewer than asked for.
    pub services: Services,
    /// `MonitorID`; 0 for none.
    pub monitor_id: u32,
    /// What does not work at the peripheral gateway.
    pub gateway_status: GatewayStatus,
    /// `ICMCentralControllerTime`, seconds since 1970.
    pub server_time: u32,
    /// Whether the peripheral is on-line.
    pub peripheral_online: bool,
    /// Kind of the peripheral.
    pub peripheral_type: PeripheralType,
    /// State of the agent, where the client is one agent's.
    pub agent_state: AgentState,
    /// `DepartmentID`; from version 19 on.
    pub department_id: i32,
    /// Whether this side is in charge; from version 24 on, before that unknown.
    pub session_type: SessionType,
    /// The agent, where the client is one agent's.
    pub agent: AgentIdentity,
    /// Peripherals, where the client named none.
    pub peripherals: Vec<Peripheral>,
}

/// A peripheral of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peripheral {
    /// `FltPeripheralID`.
    pub id: u32,
    /// Whether agents may have several lines.
    pub multi_line: bool,
}

impl Entry for Peripheral {
    const LEAD: &'static Field = &fields::PERIPHERAL_ID;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        always(walk, &fields::PERIPHERAL_ID, &mut self.id)?;
        always(walk, &fields::MULTI_LINE_AGENT_CONTROL, &mut self.multi_line)
    }
}

impl Layout for OpenConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("ServicesGranted", &mut self.services)?;
        walk.fixed("MonitorID", &mut self.monitor_id)?;
        walk.fixed("PGStatus", &mut self.gateway_status)?;
        walk.fixed("ICMCentralControllerTime", &mut self.server_time)?;
        walk.fixed("PeripheralOnline", &mut self.peripheral_online)?;
        walk.fixed("PeripheralType", &mut self.peripheral_type)?;
        walk.fixed("AgentState", &mut self.agent_state)?;
        if walk.framing().since(19) {
            walk.fixed("DepartmentID", &mut self.department_id)?;
        }
        if walk.framing().since(24) {
            walk.fixed("SessionType", &mut self.session_type)?;
        }
        walk.floating()?;
        self.agent.walk(walk)?;
        let entries = self.peripherals.len();
        let count = walk.float_count(&fields::NUM_PERIPHERALS, entries, LIST_ENTRIES_MAX)?;
        walk.list(count, &mut self.peripherals)
    }
}

/// `FAILURE_CONF` (1): a request was refused.
///
/// Two forms are in print: a status of four bytes, and, in editions from version 20 on, a code of
/// two bytes with a peripheral's error code behind it. The length tells them apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureConf {
    /// Why.
    pub status: Status,
    /// The peripheral's error code; the second form is written where there is one.
    pub peripheral_error: Option<u32>,
    /// A text; Unified CCX.
    pub text: Text,
}

impl Layout for FailureConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        if walk.failure_form(self.peripheral_error.is_some()) {
            // The writer refuses what does not fit into two bytes.
            let mut code = ShortStatus(self.status.0);
            walk.fixed("FailureCode", &mut code)?;
            self.status = Status(code.0);
            let mut error = self.peripheral_error.unwrap_or(0);
            walk.fixed("PeripheralErrorCode", &mut error)?;
            self.peripheral_error = Some(error);
        } else {
            walk.fixed("Status", &mut self.status)?;
        }
        walk.floating()?;
        walk.text(&fields::TEXT, &mut self.text)
    }
}

/// A status in two bytes.
#[derive(Clone, Copy, Default)]
struct ShortStatus(u32);

impl super::walk::Scalar for ShortStatus {
    const BYTES: usize = 2;
    fn from_wire(number: u32) -> Self {
        Self(number)
    }
    fn to_wire(self) -> u32 {
        self.0
    }
}

/// `CONTROL_FAILURE_CONF` (35): a control request was refused by the switch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlFailureConf {
    /// Why.
    pub code: ControlFailureCode,
    /// `PeripheralErrorCode`.
    pub peripheral_error: u32,
    /// A text, where there is one.
    pub text: Text,
}

impl Layout for ControlFailureConf {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed("FailureCode", &mut self.code)?;
        walk.fixed("PeripheralErrorCode", &mut self.peripheral_error)?;
        walk.floating()?;
        walk.text(&fields::TEXT, &mut self.text)
    }
}

/// `STOPPING_REQUESTS_TO_THIS_SIDE_IND` (281): the client will send nothing more to this side. Its
/// layout is not published; an `InvokeID` is read where there is room for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoppingRequests {
    /// `InvokeID`, where there is one.
    pub invoke_id: Option<InvokeId>,
}

impl Layout for StoppingRequests {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error> {
        walk.fixed_if_present("InvokeID", &mut self.invoke_id)?;
        walk.unknown_rest();
        Ok(())
    }
}
