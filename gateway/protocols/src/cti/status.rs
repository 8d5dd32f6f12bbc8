//! Why something was refused or ended: numbers of the guide's "Constants and Status Codes".

use std::fmt;

use super::walk::Scalar;

/// Conversions of an open list of numbers.
macro_rules! named {
    ($name:ident: $wire:ty, $default:literal) => {
        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => write!(formatter, "{name} ({})", self.0),
                    None => write!(formatter, "number {}", self.0),
                }
            }
        }

        impl Scalar for $name {
            const BYTES: usize = size_of::<$wire>();
            fn from_wire(number: u32) -> Self {
                Self(number as $wire)
            }
            fn to_wire(self) -> u32 {
                u32::from(self.0)
            }
        }
    };
}

pub(super) fn name(names: &[(u32, &'static str)], code: u32) -> Option<&'static str> {
    let at = names.binary_search_by_key(&code, |(code, _)| *code).ok()?;
    names.get(at).map(|(_, name)| *name)
}

/// Status of `FAILURE_CONF`, `FAILURE_EVENT` and `CLOSE_REQ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u32);

impl Status {
    /// No error; a client that closes of its own will.
    pub const NONE: Self = Self(0);
    /// The version is not served.
    pub const VERSION: Self = Self(1);
    /// A required field is missing.
    pub const REQUIRED_DATA_MISSING: Self = Self(6);
    /// The CTI server is off-line; below version 24 also: this side is standby.
    pub const SERVER_OFFLINE: Self = Self(15);
    /// Nothing came in time.
    pub const TIMEOUT: Self = Self(16);
    /// Wrong password.
    pub const PASSWORD: Self = Self(36);
    /// Unified CCX: this node is not the master.
    pub const SERVER_NOT_MASTER: Self = Self(92);
    /// This side is standby and the client did not ask for a standby session.
    pub const STANDBY: Self = Self(107);
    /// This side is in maintenance.
    pub const MAINTENANCE: Self = Self(110);

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0
    }

    /// A short name, `None` for numbers the guide does not have.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        name(&STATUS_NAMES, self.0)
    }
}

named!(Status: u32, 0);

/// Why a control request was refused (`CONTROL_FAILURE_CONF`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlFailureCode(pub u16);

impl ControlFailureCode {
    /// No reason given.
    pub const UNSPECIFIED: Self = Self(0);
    /// Not possible in this state.
    pub const INVALID_OBJECT_STATE: Self = Self(22);
    /// There is no active call.
    pub const NO_ACTIVE_CALL: Self = Self(24);
    /// There is no held call.
    pub const NO_HELD_CALL: Self = Self(25);
    /// The agent is not known.
    pub const AGENT_ID: Self = Self(256);
    /// The password is wrong.
    pub const PASSWORD: Self = Self(257);
    /// The agent or the password is wrong.
    pub const ID_OR_PASSWORD: Self = Self(258);
    /// The agent is signed on already.
    pub const ALREADY_SIGNED_ON: Self = Self(259);
    /// The device cannot be used.
    pub const LOGON_DEVICE: Self = Self(260);
    /// The work mode is not allowed.
    pub const WORK_MODE: Self = Self(265);
    /// The reason code is not valid.
    pub const REASON_CODE: Self = Self(266);
    /// Wrap-up data is required first.
    pub const WRAPUP_DATA_REQUIRED: Self = Self(280);
    /// A reason code is required.
    pub const REASON_CODE_REQUIRED: Self = Self(281);
    /// Somebody else uses the extension.
    pub const EXTENSION_IN_USE: Self = Self(283);
    /// The account is locked.
    pub const ACCOUNT_LOCKED: Self = Self(289);
    /// Shared lines are not supported.
    pub const SHARED_LINES_NOT_SUPPORTED: Self = Self(292);
    /// Several devices have the extension, and none was named.
    pub const EXTENSION_NOT_UNIQUE: Self = Self(293);

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// A short name, `None` for numbers the guide does not have.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self.0 {
            1001..=1015 => Some("routing or peripheral gateway"),
            code => name(&CONTROL_FAILURE_NAMES, u32::from(code)),
        }
    }
}

named!(ControlFailureCode: u16, 0);

const STATUS_NAMES: [(u32, &str); 103] = [
    (0, "none"),
    (1, "version"),
    (2, "message length"),
    (3, "field tag"),
    (4, "session not open"),
    (5, "session already open"),
    (6, "required data missing"),
    (7, "peripheral id"),
    (8, "agent data"),
    (9, "agent not logged on"),
    (10, "device in use"),
    (11, "new session opened"),
    (12, "function not available"),
    (13, "call id"),
    (14, "protected variable"),
    (15, "CTI server off-line"),
    (16, "timeout"),
    (17, "unspecified"),
    (18, "invalid timeout"),
    (19, "service mask"),
    (20, "call mask"),
    (21, "agent mask"),
    (22, "reserved field"),
    (23, "field length"),
    (24, "digits"),
    (25, "bad format"),
    (26, "tag not for this message"),
    (27, "device id type"),
    (28, "connection state"),
    (29, "cause"),
    (30, "parties"),
    (31, "system event"),
    (32, "inconsistent agent data"),
    (33, "connection id type"),
    (34, "call type"),
    (35, "not a call party"),
    (36, "password"),
    (37, "client disconnected"),
    (38, "object state"),
    (39, "skill groups"),
    (40, "lines"),
    (41, "line type"),
    (42, "allocation"),
    (43, "answering machine"),
    (44, "call manner"),
    (45, "call placement"),
    (46, "consult type"),
    (47, "facility"),
    (48, "message not in this version"),
    (49, "tag not in this version"),
    (50, "work mode"),
    (51, "call option"),
    (52, "country"),
    (53, "answer detection"),
    (54, "call and device both named"),
    (55, "monitor id"),
    (56, "session monitor exists"),
    (57, "own session"),
    (58, "control mask"),
    (59, "feature mask"),
    (60, "setup mask"),
    (61, "array index"),
    (62, "character"),
    (63, "client not found"),
    (64, "supervisor not found"),
    (65, "team not found"),
    (66, "no active call"),
    (67, "named variable not configured"),
    (68, "named array not configured"),
    (69, "variable mask"),
    (70, "element"),
    (71, "distribution"),
    (72, "skill group"),
    (73, "too much data"),
    (74, "value too long"),
    (75, "scalar and array mismatch"),
    (76, "scalar and array mismatch"),
    (77, "count mismatch"),
    (78, "count mismatch"),
    (79, "RTP"),
    (80, "RTP"),
    (81, "disposition"),
    (82, "supervisory action"),
    (83, "team monitor exists"),
    (84, "service"),
    (85, "service conflict"),
    (86, "skill group conflict"),
    (87, "device"),
    (88, "media routing domain"),
    (89, "monitor exists"),
    (90, "monitor ended"),
    (91, "task mask"),
    (92, "server not master"),
    (93, "queue"),
    (94, "JTAPI or call manager problem"),
    (95, "configuration mask"),
    (96, "configuration reset"),
    (97, "monitor status"),
    (98, "request id type"),
    (107, "client not allowed on standby"),
    (108, "empty unique instance"),
    (109, "duplicate unique instance"),
    (110, "maintenance mode"),
];

const CONTROL_FAILURE_NAMES: [(u32, &str); 74] = [
    (0, "unspecified"),
    (1, "operation"),
    (2, "incompatible with object"),
    (3, "out of range"),
    (4, "unknown object"),
    (5, "calling device"),
    (6, "called device"),
    (7, "forwarding"),
    (8, "privilege on the specified device"),
    (9, "privilege on the called device"),
    (10, "privilege on the calling device"),
    (11, "call id"),
    (12, "device id"),
    (13, "connection id"),
    (14, "destination"),
    (15, "feature"),
    (19, "security"),
    (21, "state incompatible"),
    (22, "invalid object state"),
    (23, "active connection"),
    (24, "no active call"),
    (25, "no held call"),
    (26, "no call to clear"),
    (27, "no connection to clear"),
    (28, "no call to answer"),
    (29, "nothing to complete"),
    (31, "resources"),
    (32, "service busy"),
    (33, "resource busy"),
    (34, "resource out of service"),
    (35, "network busy"),
    (36, "network out of service"),
    (38, "conference limit"),
    (44, "outstanding requests"),
    (51, "performance"),
    (52, "performance"),
    (70, "rejected"),
    (71, "operation rejected"),
    (72, "duplicate"),
    (73, "unrecognised"),
    (74, "mistyped"),
    (75, "resource limit"),
    (78, "request timeout"),
    (79, "device request limit"),
    (256, "agent id"),
    (257, "password"),
    (258, "agent id or password"),
    (259, "already signed on"),
    (260, "logon device"),
    (261, "answering device"),
    (262, "skill group"),
    (263, "class of service"),
    (264, "team"),
    (265, "work mode"),
    (266, "reason code"),
    (267, "switch link"),
    (268, "agent not on call"),
    (269, "internal"),
    (273, "consult type"),
    (280, "wrap-up data required"),
    (281, "reason code required"),
    (282, "trunk"),
    (283, "extension already in use"),
    (284, "arbitrary conference or transfer not supported"),
    (285, "network transfer"),
    (286, "network transfer"),
    (287, "device restricted"),
    (288, "line restricted"),
    (289, "account locked"),
    (290, "dropping any party disabled"),
    (291, "line limit"),
    (292, "shared lines not supported"),
    (293, "extension not unique"),
    (1016, "agent greeting"),
];

pub(super) use named;
