//! Numbers of the messages that make up a session ("Messaging Conventions"), and the names of all.

pub(super) const FAILURE_CONF: u32 = 1;
pub(super) const FAILURE_EVENT: u32 = 2;
pub(super) const OPEN_REQ: u32 = 3;
pub(super) const OPEN_CONF: u32 = 4;
pub(super) const HEARTBEAT_REQ: u32 = 5;
pub(super) const HEARTBEAT_CONF: u32 = 6;
pub(super) const CLOSE_REQ: u32 = 7;
pub(super) const CLOSE_CONF: u32 = 8;
pub(super) const CONTROL_FAILURE_CONF: u32 = 35;
pub(super) const STANDBY_ACTIVE_EVENT: u32 = 277;
pub(super) const ACTIVE_MAINTENANCE_REQ: u32 = 278;
pub(super) const ACTIVE_MAINTENANCE_RESP: u32 = 279;
pub(super) const ACTIVE_MAINTENANCE_EVENT: u32 = 280;
pub(super) const STOPPING_REQUESTS_IND: u32 = 281;

/// The first version that has a message; peers drop connections over later ones.
pub(super) const fn since(message: u32) -> u8 {
    match message {
        277..=282 => 24,
        _ => 0,
    }
}

/// The guide's name of the message of that number, `None` for those that are not known here.
#[must_use]
pub fn message_name(message: u32) -> Option<&'static str> {
    super::status::name(&NAMES, message)
}

const NAMES: [(u32, &str); 105] = [
    (1, "FAILURE_CONF"),
    (2, "FAILURE_EVENT"),
    (3, "OPEN_REQ"),
    (4, "OPEN_CONF"),
    (5, "HEARTBEAT_REQ"),
    (6, "HEARTBEAT_CONF"),
    (7, "CLOSE_REQ"),
    (8, "CLOSE_CONF"),
    (9, "CALL_DELIVERED_EVENT"),
    (10, "CALL_ESTABLISHED_EVENT"),
    (11, "CALL_HELD_EVENT"),
    (12, "CALL_RETRIEVED_EVENT"),
    (13, "CALL_CLEARED_EVENT"),
    (14, "CALL_CONNECTION_CLEARED_EVENT"),
    (15, "CALL_ORIGINATED_EVENT"),
    (16, "CALL_FAILED_EVENT"),
    (17, "CALL_CONFERENCED_EVENT"),
    (18, "CALL_TRANSFERRED_EVENT"),
    (19, "CALL_DIVERTED_EVENT"),
    (20, "CALL_SERVICE_INITIATED_EVENT"),
    (21, "CALL_QUEUED_EVENT"),
    (22, "CALL_TRANSLATION_ROUTE_EVENT"),
    (23, "BEGIN_CALL_EVENT"),
    (24, "END_CALL_EVENT"),
    (25, "CALL_DATA_UPDATE_EVENT"),
    (26, "SET_CALL_DATA_REQ"),
    (27, "SET_CALL_DATA_CONF"),
    (28, "RELEASE_CALL_REQ"),
    (29, "RELEASE_CALL_CONF"),
    (30, "AGENT_STATE_EVENT"),
    (31, "SYSTEM_EVENT"),
    (32, "CLIENT_EVENT_REPORT_REQ"),
    (33, "CLIENT_EVENT_REPORT_CONF"),
    (34, "CALL_REACHED_NETWORK_EVENT"),
    (35, "CONTROL_FAILURE_CONF"),
    (36, "QUERY_AGENT_STATE_REQ"),
    (37, "QUERY_AGENT_STATE_CONF"),
    (38, "SET_AGENT_STATE_REQ"),
    (39, "SET_AGENT_STATE_CONF"),
    (40, "ALTERNATE_CALL_REQ"),
    (41, "ALTERNATE_CALL_CONF"),
    (42, "ANSWER_CALL_REQ"),
    (43, "ANSWER_CALL_CONF"),
    (44, "CLEAR_CALL_REQ"),
    (45, "CLEAR_CALL_CONF"),
    (46, "CLEAR_CONNECTION_REQ"),
    (47, "CLEAR_CONNECTION_CONF"),
    (48, "CONFERENCE_CALL_REQ"),
    (49, "CONFERENCE_CALL_CONF"),
    (50, "CONSULTATION_CALL_REQ"),
    (51, "CONSULTATION_CALL_CONF"),
    (52, "DEFLECT_CALL_REQ"),
    (53, "DEFLECT_CALL_CONF"),
    (54, "HOLD_CALL_REQ"),
    (55, "HOLD_CALL_CONF"),
    (56, "MAKE_CALL_REQ"),
    (57, "MAKE_CALL_CONF"),
    (60, "RECONNECT_CALL_REQ"),
    (61, "RECONNECT_CALL_CONF"),
    (62, "RETRIEVE_CALL_REQ"),
    (63, "RETRIEVE_CALL_CONF"),
    (64, "TRANSFER_CALL_REQ"),
    (65, "TRANSFER_CALL_CONF"),
    (78, "QUERY_DEVICE_INFO_REQ"),
    (79, "QUERY_DEVICE_INFO_CONF"),
    (82, "SNAPSHOT_CALL_REQ"),
    (83, "SNAPSHOT_CALL_CONF"),
    (84, "SNAPSHOT_DEVICE_REQ"),
    (85, "SNAPSHOT_DEVICE_CONF"),
    (86, "CALL_DEQUEUED_EVENT"),
    (91, "SEND_DTMF_REQ"),
    (92, "SEND_DTMF_CONF"),
    (93, "MONITOR_START_REQ"),
    (94, "MONITOR_START_CONF"),
    (95, "MONITOR_STOP_REQ"),
    (96, "MONITOR_STOP_CONF"),
    (97, "CHANGE_MONITOR_MASK_REQ"),
    (98, "CHANGE_MONITOR_MASK_CONF"),
    (105, "AGENT_PRE_CALL_EVENT"),
    (107, "USER_MESSAGE_REQ"),
    (108, "USER_MESSAGE_CONF"),
    (109, "USER_MESSAGE_EVENT"),
    (110, "REGISTER_VARIABLES_REQ"),
    (111, "REGISTER_VARIABLES_CONF"),
    (118, "SUPERVISOR_ASSIST_REQ"),
    (119, "SUPERVISOR_ASSIST_CONF"),
    (121, "EMERGENCY_CALL_REQ"),
    (122, "EMERGENCY_CALL_CONF"),
    (123, "EMERGENCY_CALL_EVENT"),
    (124, "SUPERVISE_CALL_REQ"),
    (125, "SUPERVISE_CALL_CONF"),
    (128, "AGENT_TEAM_CONFIG_EVENT"),
    (131, "AGENT_DESK_SETTINGS_REQ"),
    (132, "AGENT_DESK_SETTINGS_CONF"),
    (133, "LIST_AGENT_TEAM_REQ"),
    (134, "LIST_AGENT_TEAM_CONF"),
    (135, "MONITOR_AGENT_TEAM_START_REQ"),
    (136, "MONITOR_AGENT_TEAM_START_CONF"),
    (137, "MONITOR_AGENT_TEAM_STOP_REQ"),
    (138, "MONITOR_AGENT_TEAM_STOP_CONF"),
    (277, "STANDBY_ACTIVE_EVENT"),
    (278, "ACTIVE_MAINTENANCE_REQ"),
    (279, "ACTIVE_MAINTENANCE_RESP"),
    (280, "ACTIVE_MAINTENANCE_EVENT"),
    (281, "STOPPING_REQUESTS_TO_THIS_SIDE_IND"),
];
