//! Sets of bits ("Session Management" and "Constants and Status Codes").

use std::ops::BitOr;

use super::walk::Scalar;

/// What every set of bits can do.
macro_rules! mask {
    ($name:ident) => {
        impl $name {
            /// Nothing.
            pub const NONE: Self = Self(0);

            /// Whether all of `other` is in it.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Both together.
            #[must_use]
            pub const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.with(other)
            }
        }

        impl Scalar for $name {
            const BYTES: usize = 4;
            fn from_wire(number: u32) -> Self {
                Self(number)
            }
            fn to_wire(self) -> u32 {
                self.0
            }
        }
    };
}

/// Services asked for and granted (`ServicesRequested`, "Session Management").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Services(pub u32);

impl Services {
    /// Events of one agent's device.
    pub const CLIENT_EVENTS: Self = Self(0x1);
    /// Changes of call data.
    pub const CALL_DATA_UPDATE: Self = Self(0x2);
    /// Requests that change something.
    pub const CLIENT_CONTROL: Self = Self(0x4);
    /// Monitors of connections.
    pub const CONNECTION_MONITOR: Self = Self(0x8);
    /// Events of every agent and call: bridges.
    pub const ALL_EVENTS: Self = Self(0x10);
    /// Monitors of devices and calls.
    pub const PERIPHERAL_MONITOR: Self = Self(0x20);
    /// Monitors of other clients.
    pub const CLIENT_MONITOR: Self = Self(0x40);
    /// Requests of supervisors.
    pub const SUPERVISOR: Self = Self(0x80);
    /// A client that serves.
    pub const SERVER: Self = Self(0x100);
    /// Agent reporting.
    pub const AGENT_REPORTING: Self = Self(0x400);
    /// Events of every task.
    pub const ALL_TASK_EVENTS: Self = Self(0x800);
    /// Monitors of tasks.
    pub const TASK_MONITOR: Self = Self(0x1000);
    /// Granted in place of `CLIENT_CONTROL`: states can be changed, calls cannot.
    pub const AGENT_STATE_CONTROL_ONLY: Self = Self(0x2000);
    /// Device states can be changed.
    pub const DEVICE_STATE_CONTROL: Self = Self(0x8000);
    /// Notices of changes.
    pub const UPDATE_EVENTS: Self = Self(0x80000);
    /// One event where several skill groups would bring several.
    pub const IGNORE_DUPLICATE_AGENT_EVENTS: Self = Self(0x100000);
    /// No confirmations of other clients' requests.
    pub const IGNORE_CONF: Self = Self(0x200000);
    /// Unified CCE: only the line that takes queued calls.
    pub const ACD_LINE_ONLY: Self = Self(0x400000);
    /// Version 24: sessions with the standby side.
    pub const ACTIVE_STANDBY: Self = Self(0x2000000);
    /// Debugging.
    pub const DEBUG: Self = Self(0x80000000);
}

mask!(Services);

/// Call events wanted (`CallMsgMask`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CallMask(pub u32);

impl CallMask {
    /// `DELIVERED` events.
    pub const DELIVERED: Self = Self(0x1);
    /// `QUEUED` events.
    pub const QUEUED: Self = Self(0x2);
    /// `ESTABLISHED` events.
    pub const ESTABLISHED: Self = Self(0x4);
    /// `HELD` events.
    pub const HELD: Self = Self(0x8);
    /// `RETRIEVED` events.
    pub const RETRIEVED: Self = Self(0x10);
    /// `CLEARED` events.
    pub const CLEARED: Self = Self(0x20);
    /// `CONNECTION_CLEARED` events.
    pub const CONNECTION_CLEARED: Self = Self(0x40);
    /// `ORIGINATED` events.
    pub const ORIGINATED: Self = Self(0x80);
    /// `CONFERENCED` events.
    pub const CONFERENCED: Self = Self(0x100);
    /// `TRANSFERRED` events.
    pub const TRANSFERRED: Self = Self(0x200);
    /// `DIVERTED` events.
    pub const DIVERTED: Self = Self(0x400);
    /// `SERVICE_INITIATED` events.
    pub const SERVICE_INITIATED: Self = Self(0x800);
    /// `TRANSLATION_ROUTE` events.
    pub const TRANSLATION_ROUTE: Self = Self(0x1000);
    /// `BEGIN_CALL` events.
    pub const BEGIN_CALL: Self = Self(0x2000);
    /// `END_CALL` events.
    pub const END_CALL: Self = Self(0x4000);
    /// `DATA_UPDATE` events.
    pub const DATA_UPDATE: Self = Self(0x8000);
    /// `FAILED` events.
    pub const FAILED: Self = Self(0x10000);
    /// `REACHED_NETWORK` events.
    pub const REACHED_NETWORK: Self = Self(0x20000);
    /// `DEQUEUED` events.
    pub const DEQUEUED: Self = Self(0x40000);
    /// `AGENT_PRE_CALL` events.
    pub const AGENT_PRE_CALL: Self = Self(0x80000);
    /// `AGENT_PRE_CALL_ABORT` events.
    pub const AGENT_PRE_CALL_ABORT: Self = Self(0x100000);
    /// `RTP_STARTED` events.
    pub const RTP_STARTED: Self = Self(0x200000);
    /// `RTP_STOPPED` events.
    pub const RTP_STOPPED: Self = Self(0x400000);
    /// `AGENT_TEAM_CONFIG` events.
    pub const AGENT_TEAM_CONFIG: Self = Self(0x800000);
    /// Every event whose layout is read here.
    pub const KNOWN: Self = Self(0x8F_FFFF);
}

mask!(CallMask);

/// Agent states whose events are wanted (`AgentStateMask`). The state "unknown" has no bit, so later states stand one bit lower than their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AgentMask(pub u32);

impl AgentMask {
    /// State "login".
    pub const LOGIN: Self = Self(0x1);
    /// State "logout".
    pub const LOGOUT: Self = Self(0x2);
    /// State "not ready".
    pub const NOT_READY: Self = Self(0x4);
    /// State "available".
    pub const AVAILABLE: Self = Self(0x8);
    /// State "talking".
    pub const TALKING: Self = Self(0x10);
    /// State "work not ready".
    pub const WORK_NOT_READY: Self = Self(0x20);
    /// State "work ready".
    pub const WORK_READY: Self = Self(0x40);
    /// State "busy other".
    pub const BUSY_OTHER: Self = Self(0x80);
    /// State "reserved".
    pub const RESERVED: Self = Self(0x100);
    /// State "hold".
    pub const HOLD: Self = Self(0x200);
    /// State "active".
    pub const ACTIVE: Self = Self(0x400);
    /// State "paused".
    pub const PAUSED: Self = Self(0x800);
    /// State "interrupted".
    pub const INTERRUPTED: Self = Self(0x1000);
    /// State "not active".
    pub const NOT_ACTIVE: Self = Self(0x2000);
    /// Every state that has a bit.
    pub const ALL: Self = Self(0x3FFF);
}

mask!(AgentMask);

/// Configuration messages wanted (`ConfigMsgMask`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConfigMask(pub u32);

impl ConfigMask {
    /// Messages about each service.
    pub const SERVICE: Self = Self(0x1);
    /// Messages about each skill group.
    pub const SKILL_GROUP: Self = Self(0x2);
    /// Messages about each agent.
    pub const AGENT: Self = Self(0x4);
    /// Messages about each device.
    pub const DEVICE: Self = Self(0x8);
    /// Messages about each call type.
    pub const CALL_TYPE: Self = Self(0x10);
    /// Messages about each media routing domain.
    pub const MEDIA_ROUTING_DOMAIN: Self = Self(0x20);
    /// Messages about each terminal.
    pub const TERMINAL: Self = Self(0x100);
}

mask!(ConfigMask);

/// What does not work (`PGStatus`); anything but zero means: expect no normal service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct GatewayStatus(pub u32);

impl GatewayStatus {
    /// The open peripheral controller is down.
    pub const OPC_DOWN: Self = Self(0x1);
    /// The central controller is down.
    pub const CENTRAL_CONTROLLER_DOWN: Self = Self(0x2);
    /// A peripheral is off-line.
    pub const PERIPHERAL_OFFLINE: Self = Self(0x4);
    /// The CTI server is off-line.
    pub const SERVER_OFFLINE: Self = Self(0x8);
    /// Some functions are limited.
    pub const LIMITED_FUNCTION: Self = Self(0x10);
}

mask!(GatewayStatus);
