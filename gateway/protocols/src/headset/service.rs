//! Discovery: which services there are for a device, and where.

use super::{DeviceName, Mode, Moment, ServiceClass, Token};

/// The answer to discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// Whose services these are.
    pub device: DeviceName,
    /// Changes when anything below changes; also the `ETag`. Printable, at most 64 characters.
    pub version: String,
    /// One entry a class.
    pub services: Vec<Service>,
    /// After how long to ask again, as a hint.
    pub retry_after_seconds: Option<u32>,
    /// What proves the device in its other requests, where this one was proven.
    pub token: Option<Token>,
    /// Until when it does.
    pub token_expires: Option<Moment>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its class.
    pub class: ServiceClass,
    /// Whether it is on for this device.
    pub enabled: bool,
    /// How far it goes; only class `ContactCentre` has that.
    pub mode: Option<Mode>,
    /// The address below which requests go first.
    pub primary: String,
    /// Where they go when that fails.
    pub secondary: Option<String>,
    /// The whole address of the class's configuration.
    pub configuration_url: Option<String>,
}
