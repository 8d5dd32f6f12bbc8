//! Lists of the guide that belong to calls ("Constants and Status Codes").

use std::fmt;

use super::enumerations::numbered;
use super::walk::Scalar;

/// State of one party's connection (`LocalConnectionState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// No connection.
    Null,
    /// Off hook, or a seized trunk.
    Initiate,
    /// Ringing.
    Alerting,
    /// Talking.
    Connect,
    /// On hold.
    Hold,
    /// In a queue.
    Queued,
    /// Failed.
    Fail,
    /// Not told.
    #[default]
    None,
    /// A number without a name here.
    Other(u16),
}

numbered!(ConnectionState: u16 {
    0 Null "null",
    1 Initiate "initiated",
    2 Alerting "alerting",
    3 Connect "connected",
    4 Hold "held",
    5 Queued "queued",
    6 Fail "failed",
    0xFFFF None "none",
});

/// How long the id of a connection's device stays the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConnectionDeviceType {
    /// For ever.
    Static,
    /// As long as the call.
    Dynamic,
    /// There is no device.
    #[default]
    None,
    /// A number without a name here.
    Other(u16),
}

numbered!(ConnectionDeviceType: u16 {
    0 Static "static",
    1 Dynamic "dynamic",
    0xFFFF None "none",
});

/// What a device id names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeviceType {
    /// A device, by its number.
    Device,
    /// A trunk.
    Trunk,
    /// A trunk group.
    TrunkGroup,
    /// Unified CCX: a phone by its MAC address.
    PhoneAddress,
    /// Unified CCX: a CTI port.
    CtiPort,
    /// A route point.
    RoutePoint,
    /// Outside.
    External,
    /// An agent's device.
    AgentDevice,
    /// A queue.
    Queue,
    /// An extension that takes no queued calls.
    OtherExtension,
    /// A device of a shared line.
    SharedDevice,
    /// There is none.
    #[default]
    None,
    /// A number without a name here.
    Other(u16),
}

numbered!(DeviceType: u16 {
    0 Device "device",
    70 Trunk "trunk",
    71 TrunkGroup "trunk group",
    72 PhoneAddress "phone's hardware address",
    73 CtiPort "CTI port",
    74 RoutePoint "route point",
    75 External "external",
    76 AgentDevice "agent's device",
    77 Queue "queue",
    78 OtherExtension "non-ACD extension",
    79 SharedDevice "shared device",
    0xFFFF None "none",
});

/// What a line is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LineType {
    /// Queued calls in.
    InboundAcd,
    /// Calls out of queues.
    OutboundAcd,
    /// Internal calls.
    Inside,
    /// Not known.
    #[default]
    Unknown,
    /// Calls to a supervisor.
    Supervisor,
    /// Messages.
    Message,
    /// Calls for help.
    Help,
    /// Calls out.
    Outbound,
    /// Calls dialled straight in.
    Did,
    /// Silent monitoring.
    SilentMonitor,
    /// Calls in that no queue gave.
    OtherIn,
    /// Calls out that no queue gave.
    OtherOut,
    /// A number without a name here.
    Other(u16),
}

numbered!(LineType: u16 {
    0 InboundAcd "inbound ACD",
    1 OutboundAcd "outbound ACD",
    2 Inside "inside",
    3 Unknown "unknown",
    4 Supervisor "supervisor",
    5 Message "message",
    6 Help "help",
    7 Outbound "outbound",
    8 Did "direct inward",
    9 SilentMonitor "silent monitor",
    10 OtherIn "non-ACD in",
    11 OtherOut "non-ACD out",
});

/// What a consultation is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConsultType {
    /// Not said.
    #[default]
    Unspecified,
    /// A transfer.
    Transfer,
    /// A conference.
    Conference,
    /// A number without a name here.
    Other(u16),
}

numbered!(ConsultType: u16 {
    0 Unspecified "unspecified",
    1 Transfer "transfer",
    2 Conference "conference",
});

/// What a supervisor does with an agent's call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SupervisoryAction {
    /// Ends it.
    #[default]
    Clear,
    /// Listens.
    Monitor,
    /// Talks to the agent alone.
    Whisper,
    /// Joins.
    BargeIn,
    /// Takes it over.
    Intercept,
    /// A number without a name here.
    Other(u16),
}

numbered!(SupervisoryAction: u16 {
    0 Clear "clear",
    1 Monitor "monitor",
    2 Whisper "whisper",
    3 BargeIn "barge in",
    4 Intercept "intercept",
});
