//! Numbers of the protocol, by the guide's chapter "Constants and Status Codes".

/// MessageType.
pub(crate) mod message {
    pub(crate) const FAILURE_CONF: u32 = 1;
    pub(crate) const FAILURE_EVENT: u32 = 2;
    pub(crate) const OPEN_REQ: u32 = 3;
    pub(crate) const OPEN_CONF: u32 = 4;
    pub(crate) const HEARTBEAT_REQ: u32 = 5;
    pub(crate) const HEARTBEAT_CONF: u32 = 6;
    pub(crate) const CLOSE_REQ: u32 = 7;
    pub(crate) const CLOSE_CONF: u32 = 8;
    pub(crate) const DELIVERED: u32 = 9;
    pub(crate) const ESTABLISHED: u32 = 10;
    pub(crate) const HELD: u32 = 11;
    pub(crate) const RETRIEVED: u32 = 12;
    pub(crate) const CLEARED: u32 = 13;
    pub(crate) const CONNECTION_CLEARED: u32 = 14;
    pub(crate) const ORIGINATED: u32 = 15;
    pub(crate) const CONFERENCED: u32 = 17;
    pub(crate) const TRANSFERRED: u32 = 18;
    pub(crate) const SERVICE_INITIATED: u32 = 20;
    pub(crate) const QUEUED: u32 = 21;
    pub(crate) const BEGIN_CALL: u32 = 23;
    pub(crate) const END_CALL: u32 = 24;
    pub(crate) const CALL_DATA_UPDATE: u32 = 25;
    pub(crate) const SET_CALL_DATA_REQ: u32 = 26;
    pub(crate) const RELEASE_CALL_REQ: u32 = 28;
    pub(crate) const AGENT_STATE_EVENT: u32 = 30;
    pub(crate) const SYSTEM_EVENT: u32 = 31;
    pub(crate) const CLIENT_EVENT_REPORT_REQ: u32 = 32;
    pub(crate) const REACHED_NETWORK: u32 = 34;
    pub(crate) const CONTROL_FAILURE_CONF: u32 = 35;
    pub(crate) const QUERY_AGENT_STATE_REQ: u32 = 36;
    pub(crate) const QUERY_AGENT_STATE_CONF: u32 = 37;
    pub(crate) const SET_AGENT_STATE_REQ: u32 = 38;
    pub(crate) const SET_AGENT_STATE_CONF: u32 = 39;
    pub(crate) const ALTERNATE_CALL_REQ: u32 = 40;
    pub(crate) const ANSWER_CALL_REQ: u32 = 42;
    pub(crate) const CLEAR_CALL_REQ: u32 = 44;
    pub(crate) const CLEAR_CONNECTION_REQ: u32 = 46;
    pub(crate) const CONFERENCE_CALL_REQ: u32 = 48;
    pub(crate) const CONSULTATION_CALL_REQ: u32 = 50;
    pub(crate) const DEFLECT_CALL_REQ: u32 = 52;
    pub(crate) const HOLD_CALL_REQ: u32 = 54;
    pub(crate) const MAKE_CALL_REQ: u32 = 56;
    pub(crate) const RECONNECT_CALL_REQ: u32 = 60;
    pub(crate) const RETRIEVE_CALL_REQ: u32 = 62;
    pub(crate) const TRANSFER_CALL_REQ: u32 = 64;
    pub(crate) const QUERY_DEVICE_INFO_REQ: u32 = 78;
    pub(crate) const QUERY_DEVICE_INFO_CONF: u32 = 79;
    pub(crate) const SNAPSHOT_CALL_REQ: u32 = 82;
    pub(crate) const SNAPSHOT_CALL_CONF: u32 = 83;
    pub(crate) const SNAPSHOT_DEVICE_REQ: u32 = 84;
    pub(crate) const SNAPSHOT_DEVICE_CONF: u32 = 85;
    pub(crate) const DEQUEUED: u32 = 86;
    pub(crate) const SEND_DTMF_SIGNAL_REQ: u32 = 91;
    pub(crate) const MONITOR_START_REQ: u32 = 93;
    pub(crate) const MONITOR_START_CONF: u32 = 94;
    pub(crate) const MONITOR_STOP_REQ: u32 = 95;
    pub(crate) const CHANGE_MONITOR_MASK_REQ: u32 = 97;
    pub(crate) const USER_MESSAGE_REQ: u32 = 107;
    pub(crate) const USER_MESSAGE_EVENT: u32 = 109;
    pub(crate) const REGISTER_VARIABLES_REQ: u32 = 110;
    pub(crate) const SUPERVISOR_ASSIST_REQ: u32 = 118;
    pub(crate) const EMERGENCY_CALL_REQ: u32 = 121;
    pub(crate) const SUPERVISE_CALL_REQ: u32 = 124;
    pub(crate) const AGENT_TEAM_CONFIG_EVENT: u32 = 128;
    pub(crate) const AGENT_DESK_SETTINGS_REQ: u32 = 131;
    pub(crate) const AGENT_DESK_SETTINGS_CONF: u32 = 132;
    pub(crate) const LIST_AGENT_TEAM_REQ: u32 = 133;
    pub(crate) const LIST_AGENT_TEAM_CONF: u32 = 134;
    pub(crate) const MONITOR_AGENT_TEAM_START_REQ: u32 = 135;
    pub(crate) const MONITOR_AGENT_TEAM_START_CONF: u32 = 136;
    pub(crate) const MONITOR_AGENT_TEAM_STOP_REQ: u32 = 137;
    pub(crate) const STANDBY_ACTIVE_EVENT: u32 = 277;
    pub(crate) const ACTIVE_MAINTENANCE_REQ: u32 = 278;
    pub(crate) const ACTIVE_MAINTENANCE_RESP: u32 = 279;
    pub(crate) const ACTIVE_MAINTENANCE_EVENT: u32 = 280;
    pub(crate) const STOPPING_REQUESTS_IND: u32 = 281;
}

/// Status of FAILURE_CONF, FAILURE_EVENT and CLOSE_REQ.
pub(crate) mod status {
    pub(crate) const VERSION: u32 = 1;
    pub(crate) const MESSAGE_LENGTH: u32 = 2;
    pub(crate) const FIELD_TAG: u32 = 3;
    pub(crate) const NOT_OPEN: u32 = 4;
    pub(crate) const ALREADY_OPEN: u32 = 5;
    pub(crate) const REQUIRED_DATA_MISSING: u32 = 6;
    pub(crate) const PERIPHERAL_ID: u32 = 7;
    pub(crate) const AGENT_DATA: u32 = 8;
    pub(crate) const AGENT_NOT_LOGGED_ON: u32 = 9;
    pub(crate) const DEVICE_IN_USE: u32 = 10;
    pub(crate) const NEW_SESSION_OPENED: u32 = 11;
    pub(crate) const FUNCTION_NOT_AVAILABLE: u32 = 12;
    pub(crate) const CALL_ID: u32 = 13;
    pub(crate) const OFFLINE: u32 = 15;
    pub(crate) const TIMEOUT: u32 = 16;
    pub(crate) const INVALID_TIMEOUT: u32 = 18;
    pub(crate) const SERVICE_MASK: u32 = 19;
    pub(crate) const CALL_MASK: u32 = 20;
    pub(crate) const AGENT_MASK: u32 = 21;
    pub(crate) const RESERVED_FIELD: u32 = 22;
    pub(crate) const FIELD_LENGTH: u32 = 23;
    pub(crate) const FORMAT: u32 = 25;
    pub(crate) const TAG_NOT_FOR_MESSAGE: u32 = 26;
    pub(crate) const INCONSISTENT_AGENT: u32 = 32;
    pub(crate) const PASSWORD: u32 = 36;
    pub(crate) const SKILL_GROUPS: u32 = 39;
    pub(crate) const MESSAGE_NOT_IN_VERSION: u32 = 48;
    pub(crate) const TAG_NOT_IN_VERSION: u32 = 49;
    pub(crate) const MONITOR_ID: u32 = 55;
    pub(crate) const CHARACTER: u32 = 62;
    pub(crate) const TEAM_NOT_FOUND: u32 = 65;
    pub(crate) const COUNT_MISMATCH: u32 = 77;
    pub(crate) const NOT_MASTER: u32 = 92;
    pub(crate) const CONFIG_MASK: u32 = 95;
    pub(crate) const NOT_ON_STANDBY: u32 = 107;
    pub(crate) const EMPTY_INSTANCE: u32 = 108;
    pub(crate) const DUPLICATE_INSTANCE: u32 = 109;
    pub(crate) const MAINTENANCE: u32 = 110;
}

/// FailureCode of CONTROL_FAILURE_CONF.
pub(crate) mod failure {
    pub(crate) const OUT_OF_RANGE: u16 = 3;
    pub(crate) const UNKNOWN_OBJECT: u16 = 4;
    pub(crate) const STATE_INCOMPATIBLE: u16 = 21;
    pub(crate) const INVALID_OBJECT_STATE: u16 = 22;
    pub(crate) const NO_ACTIVE_CALL: u16 = 24;
    pub(crate) const NO_HELD_CALL: u16 = 25;
    pub(crate) const NO_CALL_TO_CLEAR: u16 = 26;
    pub(crate) const NO_CONNECTION_TO_CLEAR: u16 = 27;
    pub(crate) const NO_CALL_TO_ANSWER: u16 = 28;
    pub(crate) const OUT_OF_SERVICE: u16 = 34;
    pub(crate) const CONFERENCE_LIMIT: u16 = 38;
    pub(crate) const AGENT_ID: u16 = 256;
    pub(crate) const ALREADY_SIGNED_ON: u16 = 259;
    pub(crate) const LOGON_DEVICE: u16 = 260;
    pub(crate) const WORK_MODE: u16 = 265;
    pub(crate) const WRAP_UP_REQUIRED: u16 = 280;
    pub(crate) const REASON_REQUIRED: u16 = 281;
    pub(crate) const EXTENSION_IN_USE: u16 = 283;
    pub(crate) const ACCOUNT_LOCKED: u16 = 289;
    pub(crate) const NO_SHARED_LINES: u16 = 292;
    pub(crate) const EXTENSION_NOT_UNIQUE: u16 = 293;
}

/// Bits of ServicesRequested.
pub(crate) mod service {
    pub(crate) const CLIENT_EVENTS: u32 = 0x1;
    pub(crate) const CALL_DATA_UPDATE: u32 = 0x2;
    pub(crate) const CLIENT_CONTROL: u32 = 0x4;
    pub(crate) const ALL_EVENTS: u32 = 0x10;
    pub(crate) const PERIPHERAL_MONITOR: u32 = 0x20;
    pub(crate) const SUPERVISOR: u32 = 0x80;
    pub(crate) const STATE_CONTROL_ONLY: u32 = 0x2000;
    pub(crate) const IGNORE_DUPLICATES: u32 = 0x10_0000;
    pub(crate) const ACD_LINE_ONLY: u32 = 0x40_0000;
    pub(crate) const ACTIVE_STANDBY: u32 = 0x0200_0000;
    /// Every bit of the guide's table.
    pub(crate) const KNOWN: u32 = 0x8278_BDFF;
}

/// AgentState.
pub(crate) mod state {
    pub(crate) const LOGIN: u16 = 0;
    pub(crate) const LOGOUT: u16 = 1;
    pub(crate) const NOT_READY: u16 = 2;
    pub(crate) const AVAILABLE: u16 = 3;
    pub(crate) const TALKING: u16 = 4;
    pub(crate) const WORK_NOT_READY: u16 = 5;
    pub(crate) const WORK_READY: u16 = 6;
    pub(crate) const RESERVED: u16 = 8;
    pub(crate) const UNKNOWN: u16 = 9;
    pub(crate) const HOLD: u16 = 10;
}

/// The names of AgentState, in order.
pub(crate) const STATES: [&str; 15] = [
    "login",
    "logout",
    "not-ready",
    "available",
    "talking",
    "work-not-ready",
    "work-ready",
    "busy-other",
    "reserved",
    "unknown",
    "hold",
    "active",
    "paused",
    "interrupted",
    "not-active",
];

/// The name of a state; "unknown" where there is none.
pub(crate) fn state_name(state: u16) -> &'static str {
    STATES.get(usize::from(state)).copied().unwrap_or("unknown")
}

/// The bit of AgentStateMask for a state: there is none for UNKNOWN, and those above shift by one.
pub(crate) fn state_bit(state: u16) -> u32 {
    match state {
        0..=8 => 1 << state,
        10..=14 => 1 << (state - 1),
        _ => 0,
    }
}

/// Every bit of AgentStateMask.
pub(crate) const STATE_BITS: u32 = 0x3FFF;
/// Every bit of ConfigMsgMask.
pub(crate) const CONFIG_BITS: u32 = 0x13F;

/// The bit of CallMsgMask for a call event.
pub(crate) fn call_bit(number: u32) -> u32 {
    match number {
        message::DELIVERED => 0x1,
        message::QUEUED => 0x2,
        message::ESTABLISHED => 0x4,
        message::HELD => 0x8,
        message::RETRIEVED => 0x10,
        message::CLEARED => 0x20,
        message::CONNECTION_CLEARED => 0x40,
        message::ORIGINATED => 0x80,
        message::CONFERENCED => 0x100,
        message::TRANSFERRED => 0x200,
        message::SERVICE_INITIATED => 0x800,
        message::BEGIN_CALL => 0x2000,
        message::END_CALL => 0x4000,
        message::CALL_DATA_UPDATE => 0x8000,
        message::REACHED_NETWORK => 0x2_0000,
        message::DEQUEUED => 0x4_0000,
        _ => 0,
    }
}

/// Tags of floating fields.
pub(crate) mod tag {
    pub(crate) const CLIENT_ID: u16 = 1;
    pub(crate) const CLIENT_PASSWORD: u16 = 2;
    pub(crate) const EXTENSION: u16 = 4;
    pub(crate) const AGENT_ID: u16 = 5;
    pub(crate) const INSTRUMENT: u16 = 6;
    pub(crate) const TEXT: u16 = 7;
    pub(crate) const ANI: u16 = 8;
    pub(crate) const UUI: u16 = 9;
    pub(crate) const DNIS: u16 = 10;
    pub(crate) const DIALED_NUMBER: u16 = 11;
    pub(crate) const CED: u16 = 12;
    pub(crate) const CALL_VARIABLE_1: u16 = 13;
    pub(crate) const CONNECTION_DEVICE: u16 = 25;
    pub(crate) const ALERTING_DEVICE: u16 = 26;
    pub(crate) const CALLING_DEVICE: u16 = 27;
    pub(crate) const CALLED_DEVICE: u16 = 28;
    pub(crate) const ANSWERING_DEVICE: u16 = 30;
    pub(crate) const HOLDING_DEVICE: u16 = 31;
    pub(crate) const RETRIEVING_DEVICE: u16 = 32;
    pub(crate) const RELEASING_DEVICE: u16 = 33;
    pub(crate) const PRIMARY_DEVICE: u16 = 35;
    pub(crate) const SECONDARY_DEVICE: u16 = 36;
    pub(crate) const CONTROLLER_DEVICE: u16 = 37;
    pub(crate) const ADDED_PARTY_DEVICE: u16 = 38;
    pub(crate) const PARTY_CALL_ID: u16 = 39;
    pub(crate) const PARTY_DEVICE_TYPE: u16 = 40;
    pub(crate) const PARTY_DEVICE: u16 = 41;
    pub(crate) const TRANSFERRING_DEVICE: u16 = 42;
    pub(crate) const TRANSFERRED_DEVICE: u16 = 43;
    pub(crate) const QUEUE_DEVICE: u16 = 45;
    pub(crate) const WRAP_UP_DATA: u16 = 46;
    pub(crate) const NEW_CONNECTION_DEVICE: u16 = 47;
    pub(crate) const TRUNK_USED_DEVICE: u16 = 48;
    pub(crate) const AGENT_PASSWORD: u16 = 49;
    pub(crate) const ACTIVE_CONNECTION_DEVICE: u16 = 50;
    pub(crate) const OTHER_CONNECTION_DEVICE: u16 = 52;
    pub(crate) const HELD_CONNECTION_DEVICE: u16 = 53;
    pub(crate) const CALL_CONNECTION_CALL_ID: u16 = 56;
    pub(crate) const CALL_CONNECTION_TYPE: u16 = 57;
    pub(crate) const CALL_CONNECTION_DEVICE: u16 = 58;
    pub(crate) const CALL_DEVICE_TYPE: u16 = 59;
    pub(crate) const CALL_DEVICE: u16 = 60;
    pub(crate) const CALL_DEVICE_STATE: u16 = 61;
    pub(crate) const SKILL_GROUP_NUMBER: u16 = 62;
    pub(crate) const SKILL_GROUP_ID: u16 = 63;
    pub(crate) const SKILL_GROUP_PRIORITY: u16 = 64;
    pub(crate) const SKILL_GROUP_STATE: u16 = 65;
    pub(crate) const OBJECT_NAME: u16 = 66;
    pub(crate) const DTMF_STRING: u16 = 67;
    pub(crate) const POSITION_ID: u16 = 68;
    pub(crate) const SUPERVISOR_ID: u16 = 69;
    pub(crate) const LINE_HANDLE: u16 = 70;
    pub(crate) const LINE_TYPE: u16 = 71;
    pub(crate) const CALL_STATE: u16 = 75;
    pub(crate) const MONITORED_DEVICE: u16 = 76;
    pub(crate) const NAMED_VARIABLE: u16 = 82;
    pub(crate) const NAMED_ARRAY: u16 = 83;
    pub(crate) const ATC_AGENT_ID: u16 = 86;
    pub(crate) const AGENT_FLAGS: u16 = 87;
    pub(crate) const ATC_AGENT_STATE: u16 = 88;
    pub(crate) const ATC_STATE_DURATION: u16 = 89;
    pub(crate) const LIST_TEAM_ID: u16 = 92;
    pub(crate) const NEXT_AGENT_STATE: u16 = 123;
    pub(crate) const AGENT_ID_LONG: u16 = 194;
    pub(crate) const EVENT_DEVICE_ID: u16 = 206;
    pub(crate) const PERIPHERAL_ID: u16 = 208;
    pub(crate) const REQUESTING_DEVICE: u16 = 219;
    pub(crate) const REQUESTING_DEVICE_TYPE: u16 = 220;
    pub(crate) const MULTI_LINE: u16 = 224;
    pub(crate) const NUM_PERIPHERALS: u16 = 228;
    pub(crate) const TEAM_NAME: u16 = 243;
    pub(crate) const DIRECTION: u16 = 244;
    pub(crate) const SSO_ENABLED: u16 = 257;
    pub(crate) const ACTIVE_TERMINAL: u16 = 303;
}

/// The first protocol version that knows a tag; the highest number for tags that no version has.
pub(crate) fn field_since(tag: u16, express: bool) -> u32 {
    match tag {
        0 | 54 | 55 => u32::MAX,
        219..=225 | 228..=234 => 14,
        243 | 244 => 16,
        255..=257 => 20,
        246..=254 | 258..=263 => 21,
        264..=266 => 22,
        267..=300 => 23,
        // Express documents the active terminal for version 18 already.
        303 if express => 18,
        301..=313 => 24,
        314.. => u32::MAX,
        _ => 0,
    }
}

/// The longest data of a field, terminating NUL included.
pub(crate) fn field_length_max(tag: u16, express: bool) -> usize {
    match tag {
        4 | 173 => 16,
        5 | 68 | 69 | 86 => 12,
        7 | 207 => 255,
        8 | 11 | 12 | 46 => 40,
        10 | 67 | 96 | 137 | 138 | 243 => 32,
        13..=22 => 41,
        9 => 131,
        66 => 128,
        82 => 251,
        83 => 252,
        95 => 20,
        194 if express => 129,
        194 => 32,
        39 | 56 | 62 | 63 | 89 | 92 | 97 | 208 | 244 => 4,
        40 | 57 | 59 | 61 | 64 | 65 | 75 | 87 | 88 | 123 | 228 | 220 | 257 => 2,
        _ => 64,
    }
}

/// Whether the data of a field is an ASCII text with a terminating NUL.
pub(crate) fn is_text(tag: u16) -> bool {
    matches!(tag, 1 | 3..=22 | 25..=38 | 41..=53 | 58 | 60 | 66..=69 | 76..=78 | 95 | 96 | 194 | 206)
        || matches!(tag, 219 | 303)
}

/// What a refusal's status means, for the record of violations.
pub(crate) fn status_name(code: u32) -> &'static str {
    match code {
        status::VERSION => "version",
        status::MESSAGE_LENGTH => "message length",
        status::FIELD_TAG => "field tag",
        status::NOT_OPEN => "session not open",
        status::ALREADY_OPEN => "session already open",
        status::REQUIRED_DATA_MISSING => "required data missing",
        status::PERIPHERAL_ID => "peripheral id",
        status::AGENT_DATA => "agent data",
        status::AGENT_NOT_LOGGED_ON => "agent not logged on",
        status::DEVICE_IN_USE => "device in use",
        status::NEW_SESSION_OPENED => "new session opened",
        status::FUNCTION_NOT_AVAILABLE => "function not available",
        status::CALL_ID => "call id",
        status::OFFLINE => "CTI server off-line",
        status::TIMEOUT => "timeout",
        status::INVALID_TIMEOUT => "invalid timeout",
        status::SERVICE_MASK => "service mask",
        status::CALL_MASK => "call mask",
        status::AGENT_MASK => "agent mask",
        status::RESERVED_FIELD => "reserved field",
        status::FIELD_LENGTH => "field length",
        status::FORMAT => "bad format",
        status::TAG_NOT_FOR_MESSAGE => "tag not for this message",
        status::INCONSISTENT_AGENT => "inconsistent agent data",
        status::PASSWORD => "password",
        status::SKILL_GROUPS => "skill groups",
        status::MESSAGE_NOT_IN_VERSION => "message not in this version",
        status::TAG_NOT_IN_VERSION => "tag not in this version",
        status::MONITOR_ID => "monitor id",
        status::CHARACTER => "character",
        status::TEAM_NOT_FOUND => "team not found",
        status::COUNT_MISMATCH => "count mismatch",
        status::NOT_MASTER => "server not master",
        status::CONFIG_MASK => "config mask",
        status::NOT_ON_STANDBY => "client not allowed on standby",
        status::EMPTY_INSTANCE => "empty unique instance",
        status::DUPLICATE_INSTANCE => "duplicate unique instance",
        status::MAINTENANCE => "maintenance mode",
        _ => "unspecified",
    }
}
