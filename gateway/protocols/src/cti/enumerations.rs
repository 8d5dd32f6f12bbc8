//! Closed lists of the guide ("Constants and Status Codes"), each open for numbers it does not have.

use std::fmt;

use super::walk::Scalar;

/// Conversions of an enumeration; the type itself is written out below.
macro_rules! numbered {
    ($name:ident: $wire:ty { $($code:literal $variant:ident $text:literal,)* }) => {
        impl $name {
            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> $wire {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(code) => code,
                }
            }
        }

        impl From<$wire> for $name {
            fn from(code: $wire) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    _ => Self::Other(code),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => formatter.write_str($text),)*
                    Self::Other(code) => write!(formatter, "number {code}"),
                }
            }
        }

        impl Scalar for $name {
            const BYTES: usize = size_of::<$wire>();
            fn from_wire(number: u32) -> Self {
                Self::from(number as $wire)
            }
            fn to_wire(self) -> u32 {
                u32::from(self.code())
            }
        }
    };
}

/// State of an agent, or of an agent in one skill group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AgentState {
    /// Signing in; passes by.
    Login,
    /// Signed out.
    Logout,
    /// Not ready for calls.
    NotReady,
    /// Ready, waiting for a call.
    Available,
    /// In a call.
    Talking,
    /// Wrap-up, not ready afterwards.
    WorkNotReady,
    /// Wrap-up, ready afterwards.
    WorkReady,
    /// Busy for another skill group.
    BusyOther,
    /// A call is on its way to the agent.
    Reserved,
    /// The server does not know.
    #[default]
    Unknown,
    /// Has a call on hold.
    Hold,
    /// Works on a task.
    Active,
    /// Task paused.
    Paused,
    /// Task interrupted.
    Interrupted,
    /// Has no task.
    NotActive,
    /// A number without a name here.
    Other(u16),
}

numbered!(AgentState: u16 {
    0 Login "login",
    1 Logout "logout",
    2 NotReady "not ready",
    3 Available "available",
    4 Talking "talking",
    5 WorkNotReady "work, then not ready",
    6 WorkReady "work, then ready",
    7 BusyOther "busy elsewhere",
    8 Reserved "reserved",
    9 Unknown "unknown",
    10 Hold "hold",
    11 Active "active",
    12 Paused "paused",
    13 Interrupted "interrupted",
    14 NotActive "not active",
});

/// How the agent is connected; asked for at sign-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WorkMode {
    /// The agent's own phone.
    #[default]
    Unspecified,
    /// Ready again after each call.
    AutoIn,
    /// Says so when ready again.
    ManualIn,
    /// Mobile agent, called for each call.
    CallByCall,
    /// Mobile agent, called once at sign-in.
    NailedConnection,
    /// A number without a name here.
    Other(u16),
}

numbered!(WorkMode: u16 {
    0 Unspecified "unspecified",
    1 AutoIn "auto-in",
    2 ManualIn "manual-in",
    3 CallByCall "mobile, call by call",
    4 NailedConnection "mobile, nailed connection",
});

/// Whether a wish for a state is forced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ForcedFlag {
    /// An ordinary wish.
    #[default]
    No,
    /// Forced, as when the agent's device was lost.
    Yes,
    /// Unified CCX 12 and later: the password is checked, the state stays.
    AuthenticateOnly,
    /// A number without a name here.
    Other(u8),
}

numbered!(ForcedFlag: u8 {
    0 No "no",
    1 Yes "yes",
    2 AuthenticateOnly "authenticate only",
});

/// Whether an agent can be given work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Availability {
    /// Not available.
    #[default]
    No,
    /// Available to the routing server.
    Routing,
    /// Available to the application.
    Application,
    /// A number without a name here.
    Other(u32),
}

numbered!(Availability: u32 {
    0 No "no",
    1 Routing "available to routing",
    2 Application "available to the application",
});

/// Direction of the call an agent is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// No call.
    #[default]
    None,
    /// Inbound.
    In,
    /// Outbound.
    Out,
    /// Inbound, not from a queue.
    OtherIn,
    /// Outbound or internal, not from a queue.
    OtherOut,
    /// Reserved for an outbound campaign.
    OutboundReserve,
    /// Preview of an outbound campaign.
    OutboundPreview,
    /// Predictive call of an outbound campaign.
    OutboundPredictive,
    /// A number without a name here.
    Other(u32),
}

numbered!(Direction: u32 {
    0 None "none",
    1 In "in",
    2 Out "out",
    3 OtherIn "other in",
    4 OtherOut "other out",
    5 OutboundReserve "outbound reservation",
    6 OutboundPreview "outbound preview",
    7 OutboundPredictive "outbound predictive",
});

/// Whether the server that answered is in charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SessionType {
    /// Not told; servers below version 24.
    #[default]
    Unknown,
    /// In charge.
    Active,
    /// Waiting to take over.
    Standby,
    /// A number without a name here.
    Other(u16),
}

numbered!(SessionType: u16 {
    0 Unknown "unknown",
    1 Active "active",
    2 Standby "standby",
});

/// What a `SYSTEM_EVENT` tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SystemEventKind {
    /// The central controller is there again.
    CentralControllerOnline,
    /// The central controller is gone.
    CentralControllerOffline,
    /// The peripheral of argument 1 is there again.
    PeripheralOnline,
    /// The peripheral of argument 1 is gone.
    PeripheralOffline,
    /// A text for people.
    #[default]
    Text,
    /// The peripheral gateway is gone.
    GatewayOffline,
    /// The CTI server is going off-line.
    ServerOffline,
    /// The CTI server is there again.
    ServerOnline,
    /// A reporting interval changed.
    HalfHour,
    /// The instrument named by the text is out of service.
    InstrumentOutOfService,
    /// The instrument named by the text is back.
    InstrumentInService,
    /// A number without a name here.
    Other(u32),
}

numbered!(SystemEventKind: u32 {
    1 CentralControllerOnline "central controller on-line",
    2 CentralControllerOffline "central controller off-line",
    3 PeripheralOnline "peripheral on-line",
    4 PeripheralOffline "peripheral off-line",
    5 Text "text",
    6 GatewayOffline "peripheral gateway off-line",
    7 ServerOffline "CTI server off-line",
    8 ServerOnline "CTI server on-line",
    9 HalfHour "half hour",
    10 InstrumentOutOfService "instrument out of service",
    11 InstrumentInService "instrument in service",
});

/// Kind of a peripheral.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PeripheralType {
    /// A voice response unit.
    Vru,
    /// Agents of Unified CCE.
    EnterpriseAgent,
    /// Media routing.
    MediaRouting,
    /// A generic peripheral.
    Generic,
    /// Agents of Unified CCX.
    ExpressAgent,
    /// A Unified CCE that is routed to as a whole.
    SystemAgent,
    /// ARS.
    Ars,
    /// ERS.
    Ers,
    /// Not told.
    #[default]
    None,
    /// A number without a name here.
    Other(u16),
}

numbered!(PeripheralType: u16 {
    8 Vru "voice response unit",
    17 EnterpriseAgent "enterprise agent",
    19 MediaRouting "media routing",
    20 Generic "generic",
    21 ExpressAgent "Unified CCX",
    22 SystemAgent "system peripheral",
    24 Ars "ARS",
    25 Ers "ERS",
    0xFFFF None "none",
});

/// Whom a user message is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// One client.
    #[default]
    Client,
    /// The agent's supervisor.
    Supervisor,
    /// The agent's team.
    Team,
    /// Everyone.
    All,
    /// A number without a name here.
    Other(u16),
}

numbered!(Distribution: u16 {
    0 Client "client",
    1 Supervisor "supervisor",
    2 Team "team",
    3 All "all",
});

/// How a client says it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientState {
    /// Well.
    #[default]
    Green,
    /// In some trouble.
    Yellow,
    /// Not working.
    Red,
    /// A number without a name here.
    Other(u16),
}

numbered!(ClientState: u16 {
    0 Green "green",
    1 Yellow "yellow",
    2 Red "red",
});

/// What happened to a team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TeamOperation {
    /// The permanent members are there again.
    #[default]
    Restore,
    /// Members came.
    Add,
    /// Members left.
    Remove,
    /// A number without a name here.
    Other(u16),
}

numbered!(TeamOperation: u16 {
    0 Restore "restore",
    1 Add "add",
    2 Remove "remove",
});

/// Whether an agent has to wrap up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WrapupMode {
    /// Always.
    #[default]
    Required,
    /// As the agent likes.
    Optional,
    /// Never.
    NotAllowed,
    /// Always, and with wrap-up data.
    RequiredWithData,
    /// A number without a name here.
    Other(u32),
}

numbered!(WrapupMode: u32 {
    0 Required "required",
    1 Optional "optional",
    2 NotAllowed "not allowed",
    3 RequiredWithData "required with data",
});

pub(super) use numbered;
