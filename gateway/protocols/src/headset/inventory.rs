//! What headsets a phone has.

use super::{DeviceName, HeadsetEvent, HeadsetKind, HeadsetStatus, Moment};

/// What a phone tells of its headsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryEvent {
    /// Which device says that it asks, where the body names one.
    pub device: Option<DeviceName>,
    /// Why it does.
    pub event: HeadsetEvent,
    /// The headsets it means; at most 50.
    pub headsets: Vec<HeadsetSeen>,
}

/// One headset. Texts have at most 64 characters; what was not said, or empty, is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadsetSeen {
    /// Its serial number; the only thing that must be said.
    pub serial_number: String,
    /// Its model.
    pub model: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
    /// What sort it is.
    pub kind: HeadsetKind,
    /// Its firmware.
    pub firmware: Option<String>,
    /// Who uses it.
    pub user: Option<String>,
    /// The template it follows.
    pub template: Option<String>,
    /// Whether it is there.
    pub status: Option<HeadsetStatus>,
    /// Since when it is, or is not.
    pub since: Option<Moment>,
    /// The model of its dock.
    pub dock_model: Option<String>,
    /// The device it is attached to.
    pub device_name: Option<String>,
    /// That device's model.
    pub device_model: Option<String>,
    /// That device's software.
    pub software_version: Option<String>,
    /// Whose headset it is.
    pub headset_owner: Option<String>,
    /// Whose phone it is attached to.
    pub phone_owner: Option<String>,
    /// Days since it was first seen.
    pub age_days: Option<u32>,
}
