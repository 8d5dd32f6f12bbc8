//! Numbers of the messages that make up a session ("Messaging Conventions").

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
