//! Every request a client may send, field by field, by the guide's tables.

use super::Layout;
use crate::cti::numbers::{message, tag};

const INVOKE: (&str, usize) = ("InvokeID", 4);
const PERIPHERAL: (&str, usize) = ("PeripheralID", 4);
const CALL: (&str, usize) = ("ConnectionCallID", 4);
const CALL_TYPE: (&str, usize) = ("ConnectionDeviceIDType", 2);
const ACTIVE: (&str, usize) = ("ActiveConnectionCallID", 4);
const ACTIVE_TYPE: (&str, usize) = ("ActiveConnectionDeviceIDType", 2);
const HELD: (&str, usize) = ("HeldConnectionCallID", 4);
const HELD_TYPE: (&str, usize) = ("HeldConnectionDeviceIDType", 2);
const PLACEMENT: (&str, usize) = ("CallPlacementType", 2);
const MANNER: (&str, usize) = ("CallMannerType", 2);
const RINGS: (&str, usize) = ("AlertRings", 2);
const OPTION: (&str, usize) = ("CallOption", 2);
const FACILITY: (&str, usize) = ("FacilityType", 2);
const MACHINE: (&str, usize) = ("AnsweringMachine", 2);
const PRIORITY: (&str, usize) = ("Priority", 2);
const POST_ROUTE: (&str, usize) = ("PostRoute", 2);
const VARIABLES: (&str, usize) = ("NumNamedVariables", 2);
const ARRAYS: (&str, usize) = ("NumNamedArrays", 2);

const AGENT: &[u16] = &[tag::EXTENSION, tag::AGENT_ID, tag::INSTRUMENT, tag::AGENT_ID_LONG];
/// What a new call may bring along.
const CONTEXT: &[u16] =
    &[9, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 46, 82, 83, 51, 77, 78, 84, 50, 53, 6];
const NAMED: &[u16] = &[tag::NAMED_VARIABLE, tag::NAMED_ARRAY];

const fn plain(
    number: u32,
    name: &'static str,
    fixed: &'static [(&'static str, usize)],
    floats: &'static [u16],
) -> Layout {
    Layout { number, name, since: 0, fixed, last: None, floats, lists: &[] }
}

/// Every request a client may send.
pub(super) const LAYOUTS: &[Layout] = &[
    plain(
        message::OPEN_REQ,
        "OPEN_REQ",
        &[
            INVOKE,
            ("VersionNumber", 4),
            ("IdleTimeout", 4),
            PERIPHERAL,
            ("ServicesRequested", 4),
            ("CallMsgMask", 4),
            ("AgentStateMask", 4),
            ("ConfigMsgMask", 4),
            ("Reserved1", 4),
            ("Reserved2", 4),
            ("Reserved3", 4),
        ],
        &[1, 2, 3, 4, 5, 6, 97, 194],
    ),
    plain(message::HEARTBEAT_REQ, "HEARTBEAT_REQ", &[INVOKE], &[]),
    plain(message::CLOSE_REQ, "CLOSE_REQ", &[INVOKE, ("Status", 4)], &[]),
    plain(
        message::CLIENT_EVENT_REPORT_REQ,
        "CLIENT_EVENT_REPORT_REQ",
        &[INVOKE, ("State", 2)],
        &[tag::OBJECT_NAME, tag::TEXT],
    ),
    plain(
        message::QUERY_AGENT_STATE_REQ,
        "QUERY_AGENT_STATE_REQ",
        &[INVOKE, PERIPHERAL, ("MRDID", 4), ("ICMAgentID", 4)],
        AGENT,
    ),
    Layout {
        number: message::SET_AGENT_STATE_REQ,
        name: "SET_AGENT_STATE_REQ",
        since: 0,
        fixed: &[
            INVOKE,
            PERIPHERAL,
            ("AgentState", 2),
            ("AgentWorkMode", 2),
            ("NumSkillGroups", 2),
            ("EventReasonCode", 2),
            ("ForcedFlag", 1),
            ("AgentServiceReq", 4),
        ],
        last: None,
        floats: &[
            tag::INSTRUMENT,
            tag::AGENT_ID,
            tag::AGENT_ID_LONG,
            tag::AGENT_PASSWORD,
            tag::POSITION_ID,
            tag::SUPERVISOR_ID,
            tag::SSO_ENABLED,
            tag::ACTIVE_TERMINAL,
            tag::SKILL_GROUP_NUMBER,
            tag::SKILL_GROUP_PRIORITY,
        ],
        lists: &[tag::SKILL_GROUP_NUMBER, tag::SKILL_GROUP_PRIORITY],
    },
    plain(
        message::ALTERNATE_CALL_REQ,
        "ALTERNATE_CALL_REQ",
        &[
            INVOKE,
            PERIPHERAL,
            ACTIVE,
            ("OtherConnectionCallID", 4),
            ACTIVE_TYPE,
            ("OtherConnectionDeviceIDType", 2),
        ],
        &[tag::ACTIVE_CONNECTION_DEVICE, tag::OTHER_CONNECTION_DEVICE, tag::INSTRUMENT],
    ),
    plain(
        message::ANSWER_CALL_REQ,
        "ANSWER_CALL_REQ",
        &[INVOKE, PERIPHERAL, CALL, CALL_TYPE],
        &[tag::CONNECTION_DEVICE, tag::INSTRUMENT],
    ),
    plain(
        message::CLEAR_CALL_REQ,
        "CLEAR_CALL_REQ",
        &[INVOKE, PERIPHERAL, CALL, CALL_TYPE],
        &[tag::CONNECTION_DEVICE, tag::INSTRUMENT],
    ),
    Layout {
        number: message::CLEAR_CONNECTION_REQ,
        name: "CLEAR_CONNECTION_REQ",
        since: 0,
        fixed: &[INVOKE, PERIPHERAL, CALL, CALL_TYPE],
        last: Some(("RequestingDeviceIDType", 2, u32::MAX)),
        floats: &[
            tag::CONNECTION_DEVICE,
            tag::INSTRUMENT,
            tag::REQUESTING_DEVICE,
            tag::REQUESTING_DEVICE_TYPE,
        ],
        lists: &[],
    },
    Layout {
        number: message::CONFERENCE_CALL_REQ,
        name: "CONFERENCE_CALL_REQ",
        since: 0,
        fixed: &[
            INVOKE,
            PERIPHERAL,
            HELD,
            ACTIVE,
            HELD_TYPE,
            ACTIVE_TYPE,
            PLACEMENT,
            MANNER,
            RINGS,
            OPTION,
            FACILITY,
            MACHINE,
            PRIORITY,
            POST_ROUTE,
            VARIABLES,
            ARRAYS,
        ],
        last: None,
        floats: CONTEXT,
        lists: NAMED,
    },
    Layout {
        number: message::CONSULTATION_CALL_REQ,
        name: "CONSULTATION_CALL_REQ",
        since: 0,
        fixed: &[
            INVOKE,
            PERIPHERAL,
            ACTIVE,
            ACTIVE_TYPE,
            PLACEMENT,
            MANNER,
            ("ConsultType", 2),
            RINGS,
            OPTION,
            FACILITY,
            MACHINE,
            PRIORITY,
            POST_ROUTE,
            VARIABLES,
            ARRAYS,
        ],
        last: None,
        floats: CONTEXT,
        lists: NAMED,
    },
    plain(
        message::DEFLECT_CALL_REQ,
        "DEFLECT_CALL_REQ",
        &[INVOKE, PERIPHERAL, CALL, CALL_TYPE, ("CalledDeviceIDType", 2)],
        &[tag::CONNECTION_DEVICE, tag::CALLED_DEVICE, tag::INSTRUMENT],
    ),
    plain(
        message::HOLD_CALL_REQ,
        "HOLD_CALL_REQ",
        &[INVOKE, PERIPHERAL, CALL, CALL_TYPE, ("Reservation", 2)],
        &[tag::CONNECTION_DEVICE, tag::INSTRUMENT],
    ),
    Layout {
        number: message::MAKE_CALL_REQ,
        name: "MAKE_CALL_REQ",
        since: 0,
        fixed: &[
            INVOKE, PERIPHERAL, PLACEMENT, MANNER, RINGS, OPTION, FACILITY, MACHINE, PRIORITY,
            POST_ROUTE, VARIABLES, ARRAYS,
        ],
        last: Some(("SkillGroupNumber", 4, 14)),
        floats: CONTEXT,
        lists: NAMED,
    },
    plain(
        message::RECONNECT_CALL_REQ,
        "RECONNECT_CALL_REQ",
        &[INVOKE, PERIPHERAL, ACTIVE, HELD, ACTIVE_TYPE, HELD_TYPE],
        &[tag::ACTIVE_CONNECTION_DEVICE, tag::HELD_CONNECTION_DEVICE, tag::INSTRUMENT],
    ),
    plain(
        message::RETRIEVE_CALL_REQ,
        "RETRIEVE_CALL_REQ",
        &[INVOKE, PERIPHERAL, HELD, HELD_TYPE],
        &[tag::HELD_CONNECTION_DEVICE, tag::INSTRUMENT],
    ),
    Layout {
        number: message::TRANSFER_CALL_REQ,
        name: "TRANSFER_CALL_REQ",
        since: 0,
        fixed: &[
            INVOKE,
            PERIPHERAL,
            ACTIVE,
            HELD,
            ACTIVE_TYPE,
            HELD_TYPE,
            PLACEMENT,
            MANNER,
            RINGS,
            OPTION,
            FACILITY,
            MACHINE,
            PRIORITY,
            POST_ROUTE,
            VARIABLES,
            ARRAYS,
        ],
        last: None,
        floats: CONTEXT,
        lists: NAMED,
    },
    plain(
        message::SEND_DTMF_SIGNAL_REQ,
        "SEND_DTMF_SIGNAL_REQ",
        &[INVOKE, PERIPHERAL, CALL, CALL_TYPE, ("ToneDuration", 2), ("PauseDuration", 4)],
        &[tag::CONNECTION_DEVICE, tag::DTMF_STRING, tag::INSTRUMENT],
    ),
    plain(
        message::QUERY_DEVICE_INFO_REQ,
        "QUERY_DEVICE_INFO_REQ",
        &[INVOKE, PERIPHERAL, ("Reserved", 2)],
        &[tag::INSTRUMENT],
    ),
    plain(
        message::SNAPSHOT_CALL_REQ,
        "SNAPSHOT_CALL_REQ",
        &[INVOKE, PERIPHERAL, CALL, CALL_TYPE],
        &[tag::CONNECTION_DEVICE],
    ),
    plain(
        message::SNAPSHOT_DEVICE_REQ,
        "SNAPSHOT_DEVICE_REQ",
        &[INVOKE, PERIPHERAL, ("SnapshotDeviceType", 2)],
        &[tag::INSTRUMENT],
    ),
    Layout {
        number: message::SET_CALL_DATA_REQ,
        name: "SET_CALL_DATA_REQ",
        since: 0,
        fixed: &[
            INVOKE,
            PERIPHERAL,
            CALL_TYPE,
            CALL,
            VARIABLES,
            ARRAYS,
            ("CallType", 2),
            ("CalledPartyDisposition", 2),
            ("CampaignID", 4),
            ("QueryRuleID", 4),
        ],
        last: None,
        floats: &[
            25, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 46, 82, 83, 95, 96, 72, 73, 110,
            232,
        ],
        lists: NAMED,
    },
    plain(
        message::RELEASE_CALL_REQ,
        "RELEASE_CALL_REQ",
        &[INVOKE, PERIPHERAL, CALL_TYPE, CALL],
        &[tag::CONNECTION_DEVICE],
    ),
    plain(
        message::MONITOR_START_REQ,
        "MONITOR_START_REQ",
        &[
            INVOKE,
            PERIPHERAL,
            CALL,
            ("CallMsgMask", 4),
            ("AgentStateMask", 4),
            CALL_TYPE,
            ("MonitoredDeviceType", 2),
        ],
        &[tag::CONNECTION_DEVICE, tag::MONITORED_DEVICE],
    ),
    plain(message::MONITOR_STOP_REQ, "MONITOR_STOP_REQ", &[INVOKE, ("MonitorID", 4)], &[]),
    plain(
        message::CHANGE_MONITOR_MASK_REQ,
        "CHANGE_MONITOR_MASK_REQ",
        &[INVOKE, ("MonitorID", 4), ("CallMsgMask", 4), ("AgentStateMask", 4)],
        &[],
    ),
    plain(
        message::USER_MESSAGE_REQ,
        "USER_MESSAGE_REQ",
        &[INVOKE, PERIPHERAL, ("Distribution", 2)],
        &[1, 4, 5, 6, 7, 194],
    ),
    Layout {
        number: message::REGISTER_VARIABLES_REQ,
        name: "REGISTER_VARIABLES_REQ",
        since: 0,
        fixed: &[INVOKE, ("CallVariableMask", 2), VARIABLES, ARRAYS],
        last: None,
        floats: NAMED,
        lists: NAMED,
    },
    plain(
        message::SUPERVISOR_ASSIST_REQ,
        "SUPERVISOR_ASSIST_REQ",
        &[INVOKE, PERIPHERAL, CALL, CALL_TYPE],
        &[25, 4, 5, 6, 194],
    ),
    plain(
        message::EMERGENCY_CALL_REQ,
        "EMERGENCY_CALL_REQ",
        &[INVOKE, PERIPHERAL, CALL, CALL_TYPE],
        &[25, 4, 5, 6, 194],
    ),
    plain(
        message::SUPERVISE_CALL_REQ,
        "SUPERVISE_CALL_REQ",
        &[
            INVOKE,
            PERIPHERAL,
            ("AgentConnectionCallID", 4),
            ("SupervisorConnectionCallID", 4),
            ("AgentConnectionDeviceIDType", 2),
            ("SupervisorConnectionDeviceIDType", 2),
            ("SupervisoryAction", 2),
        ],
        &[90, 91, 4, 5, 6, 85, 194],
    ),
    plain(
        message::AGENT_DESK_SETTINGS_REQ,
        "AGENT_DESK_SETTINGS_REQ",
        &[INVOKE, PERIPHERAL],
        &[tag::AGENT_ID, tag::AGENT_ID_LONG],
    ),
    plain(message::LIST_AGENT_TEAM_REQ, "LIST_AGENT_TEAM_REQ", &[INVOKE, ("SupervisorID", 4)], &[]),
    plain(
        message::MONITOR_AGENT_TEAM_START_REQ,
        "MONITOR_AGENT_TEAM_START_REQ",
        &[INVOKE, ("TeamID", 4)],
        &[],
    ),
    plain(
        message::MONITOR_AGENT_TEAM_STOP_REQ,
        "MONITOR_AGENT_TEAM_STOP_REQ",
        &[INVOKE, ("MonitorID", 4)],
        &[],
    ),
    Layout {
        number: message::ACTIVE_MAINTENANCE_RESP,
        name: "ACTIVE_MAINTENANCE_RESP",
        since: 24,
        fixed: &[INVOKE, ("Accepted", 2)],
        last: None,
        floats: &[],
        lists: &[],
    },
    Layout {
        number: message::STOPPING_REQUESTS_IND,
        name: "STOPPING_REQUESTS_TO_THIS_SIDE_IND",
        since: 24,
        // The guide's editions disagree about its content: none is asked for, and any is let through.
        fixed: &[],
        last: Some(("InvokeID", 4, u32::MAX)),
        floats: &[],
        lists: &[],
    },
];
