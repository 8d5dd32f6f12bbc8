//! Floating fields: tags, names and the most bytes of their data.
//!
//! From the guide's chapter "Constants and Status Codes" (tags) and "Application Level Interfaces"
//! (sizes). Sizes count the NUL of a text; 0 stands where none is known, so that only the width of
//! the length limits it.

/// One kind of floating field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) tag: u16,
    pub(super) name: &'static str,
    /// Bytes of data, 0 for no limit of its own.
    pub(super) bytes_max: usize,
    /// The first version of Unified CCE that has it, 0 for all.
    pub(super) since: u8,
    /// The first version of Unified CCX that has it.
    pub(super) since_express: u8,
}

const fn field(tag: u16, name: &'static str, bytes_max: usize) -> Field {
    Field { tag, name, bytes_max, since: 0, since_express: 0 }
}

const fn later(tag: u16, name: &'static str, bytes_max: usize, since: u8) -> Field {
    Field { tag, name, bytes_max, since, since_express: since }
}

macro_rules! fields {
    ($($constant:ident = $made:expr;)*) => {$(
        pub(super) const $constant: Field = $made;
    )*};
}

fields! {
    CLIENT_ID = field(1, "ClientID", 64);
    CLIENT_PASSWORD = field(2, "ClientPassword", 64);
    CLIENT_SIGNATURE = field(3, "ClientSignature", 64);
    AGENT_EXTENSION = field(4, "AgentExtension", 16);
    AGENT_ID = field(5, "AgentID", 12);
    AGENT_INSTRUMENT = field(6, "AgentInstrument", 64);
    TEXT = field(7, "Text", 255);
    ANI = field(8, "ANI", 40);
    USER_TO_USER = field(9, "UserToUserInfo", 0);
    DNIS = field(10, "DNIS", 32);
    DIALED_NUMBER = field(11, "DialedNumber", 40);
    CALLER_ENTERED_DIGITS = field(12, "CallerEnteredDigits", 40);
    CTI_CLIENT_SIGNATURE = field(23, "CTIClientSignature", 64);
    CTI_CLIENT_TIMESTAMP = field(24, "CTIClientTimestamp", 4);
    CONNECTION_DEVICE = field(25, "ConnectionDeviceID", 64);
    ALERTING_DEVICE = field(26, "AlertingDeviceID", 64);
    CALLING_DEVICE = field(27, "CallingDeviceID", 64);
    CALLED_DEVICE = field(28, "CalledDeviceID", 64);
    LAST_REDIRECT_DEVICE = field(29, "LastRedirectDeviceID", 64);
    ANSWERING_DEVICE = field(30, "AnsweringDeviceID", 64);
    HOLDING_DEVICE = field(31, "HoldingDeviceID", 64);
    RETRIEVING_DEVICE = field(32, "RetrievingDeviceID", 64);
    RELEASING_DEVICE = field(33, "ReleasingDeviceID", 64);
    FAILING_DEVICE = field(34, "FailingDeviceID", 64);
    PRIMARY_DEVICE = field(35, "PrimaryDeviceID", 64);
    SECONDARY_DEVICE = field(36, "SecondaryDeviceID", 64);
    CONTROLLER_DEVICE = field(37, "ControllerDeviceID", 64);
    ADDED_PARTY_DEVICE = field(38, "AddedPartyDeviceID", 64);
    PARTY_CALL_ID = field(39, "ConnectedPartyCallID", 4);
    PARTY_DEVICE_TYPE = field(40, "ConnectedPartyDeviceIDType", 2);
    PARTY_DEVICE = field(41, "ConnectedPartyDeviceID", 64);
    TRANSFERRING_DEVICE = field(42, "TransferringDeviceID", 64);
    TRANSFERRED_DEVICE = field(43, "TransferredDeviceID", 64);
    DIVERTING_DEVICE = field(44, "DivertingDeviceID", 64);
    QUEUE_DEVICE = field(45, "QueueDeviceID", 64);
    CALL_WRAPUP = field(46, "CallWrapupData", 40);
    NEW_CONNECTION_DEVICE = field(47, "NewConnectionDeviceID", 64);
    TRUNK_USED_DEVICE = field(48, "TrunkUsedDeviceID", 64);
    AGENT_PASSWORD = field(49, "AgentPassword", 64);
    ACTIVE_CONNECTION_DEVICE = field(50, "ActiveConnectionDeviceID", 64);
    FACILITY_CODE = field(51, "FacilityCode", 0);
    OTHER_CONNECTION_DEVICE = field(52, "OtherConnectionDeviceID", 64);
    HELD_CONNECTION_DEVICE = field(53, "HeldConnectionDeviceID", 64);
    CALL_CONNECTION_CALL_ID = field(56, "CallConnectionCallID", 4);
    CALL_CONNECTION_DEVICE_TYPE = field(57, "CallConnectionDeviceIDType", 2);
    CALL_CONNECTION_DEVICE = field(58, "CallConnectionDeviceID", 64);
    CALL_DEVICE_TYPE = field(59, "CallDeviceType", 2);
    CALL_DEVICE = field(60, "CallDeviceID", 64);
    CALL_DEVICE_STATE = field(61, "CallDeviceConnectionState", 2);
    SKILL_GROUP_NUMBER = field(62, "SkillGroupNumber", 4);
    SKILL_GROUP_ID = field(63, "SkillGroupID", 4);
    SKILL_GROUP_PRIORITY = field(64, "SkillGroupPriority", 2);
    SKILL_GROUP_STATE = field(65, "SkillGroupState", 2);
    OBJECT_NAME = field(66, "ObjectName", 128);
    DTMF_STRING = field(67, "DTMFString", 32);
    POSITION_ID = field(68, "PositionID", 12);
    SUPERVISOR_ID = field(69, "SupervisorID", 12);
    LINE_HANDLE = field(70, "LineHandle", 2);
    LINE_TYPE = field(71, "LineType", 2);
    ROUTER_CALL_KEY_DAY = field(72, "RouterCallKeyDay", 4);
    ROUTER_CALL_KEY_CALL_ID = field(73, "RouterCallKeyCallID", 4);
    CALL_STATE = field(75, "CallState", 2);
    MONITORED_DEVICE = field(76, "MonitoredDeviceID", 64);
    AUTHORIZATION_CODE = field(77, "AuthorizationCode", 0);
    ACCOUNT_CODE = field(78, "AccountCode", 0);
    NAMED_VARIABLE = field(82, "NamedVariable", 251);
    NAMED_ARRAY = field(83, "NamedArray", 252);
    CALL_CONTROL_TABLE = field(84, "CCT", 0);
    SUPERVISOR_INSTRUMENT = field(85, "SupervisorInstrument", 64);
    ATC_AGENT_ID = field(86, "AtcAgentID", 12);
    AGENT_FLAGS = field(87, "AgentFlags", 2);
    ATC_AGENT_STATE = field(88, "AtcAgentState", 2);
    ATC_STATE_DURATION = field(89, "AtcStateDuration", 4);
    AGENT_CONNECTION_DEVICE = field(90, "AgentConnectionDeviceID", 64);
    SUPERVISOR_CONNECTION_DEVICE = field(91, "SupervisorConnectionDeviceID", 64);
    LIST_TEAM_ID = field(92, "TeamID", 4);
    DEFAULT_DEVICE_PORT_ADDRESS = field(93, "DefaultDevicePortAddress", 0);
    CUSTOMER_PHONE_NUMBER = field(95, "CustomerPhoneNumber", 20);
    CUSTOMER_ACCOUNT_NUMBER = field(96, "CustomerAccountNumber", 32);
    APPLICATION_PATH_ID = field(97, "ApplicationPathID", 4);
    ROUTER_CALL_KEY_SEQUENCE = field(110, "RouterCallKeySequenceNumber", 4);
    TRUNK_NUMBER = field(121, "TrunkNumber", 4);
    TRUNK_GROUP_NUMBER = field(122, "TrunkGroupNumber", 4);
    NEXT_AGENT_STATE = field(123, "NextAgentState", 2);
    DURATION = field(150, "Duration", 4);
    AGENT_ID_LONG_ENTERPRISE = field(194, "AgentID", 32);
    AGENT_ID_LONG_EXPRESS = field(194, "AgentID", 129);
    SECONDARY_CONNECTION_CALL_ID = field(202, "SecondaryConnectionCallID", 4);
    EVENT_DEVICE_ID = field(206, "EventDeviceID", 64);
    PERIPHERAL_ID = field(208, "FltPeripheralID", 4);
    SILENT_MONITOR_STATUS = field(218, "SilentMonitorStatus", 2);
    REQUESTING_DEVICE = field(219, "RequestingDeviceID", 64);
    CALL_REFERENCE_ID = field(223, "CallReferenceID", 0);
    MULTI_LINE_AGENT_CONTROL = field(224, "MultilineAgentControl", 2);
    NUM_PERIPHERALS = field(228, "NumPeripherals", 2);
    COC_CALL_ID = field(229, "CallOnConnectionCallID", 4);
    COC_DEVICE_TYPE = field(230, "CallOnConnectionDeviceIDType", 2);
    COC_DEVICE = field(231, "CallOnConnectionDeviceID", 64);
    CALL_ORIGINATED_FROM = field(232, "CallOriginatedFrom", 1);
    AGENT_TEAM_NAME = field(243, "AgentTeamName", 32);
    DIRECTION = field(244, "Direction", 4);
    INTERNAL_AGENT_STATE = field(255, "InternalAgentState", 2);
    SSO_ENABLED = later(257, "SSOEnabled", 2, 20);
    MAX_BEYOND_TASK_LIMIT = later(266, "MaxBeyondTaskLimit", 4, 22);
    ACTIVE_TERMINAL = Field {
        tag: 303,
        name: "ActiveTerminal",
        bytes_max: 64,
        since: 24,
        since_express: 18,
    };
    ACD_SHARED_LINE_USAGE = later(306, "ACDSharedLineUsage", 4, 20);
    PLAY_ZIP_TONE = later(307, "PlayZipTone", 4, 20);
}

/// `CallVariable1` to `CallVariable10`.
pub(super) const CALL_VARIABLES: [Field; 10] = [
    field(13, "CallVariable1", 41),
    field(14, "CallVariable2", 41),
    field(15, "CallVariable3", 41),
    field(16, "CallVariable4", 41),
    field(17, "CallVariable5", 41),
    field(18, "CallVariable6", 41),
    field(19, "CallVariable7", 41),
    field(20, "CallVariable8", 41),
    field(21, "CallVariable9", 41),
    field(22, "CallVariable10", 41),
];
