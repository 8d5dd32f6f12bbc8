//! How headsets of a model are to be set.

use super::FirmwareChoice;

/// The settings of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Which model.
    pub model: String,
    /// Changes with the settings: `1-10`.
    pub version: String,
    /// Which firmware it is to have.
    pub firmware: Option<FirmwareChoice>,
    /// The rest.
    pub settings: HeadsetSettings,
}

/// Settings of a headset; what is not given stays as it is. Words have at most 32 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadsetSettings {
    /// 0 to 15.
    pub speaker_volume: Option<u32>,
    /// From softer to louder.
    pub microphone_gain: Option<String>,
    /// From off to high.
    pub sidetone: Option<String>,
    /// From warmest to brightest.
    pub equaliser: Option<String>,
    /// Wide or narrow.
    pub audio_bandwidth: Option<String>,
    /// Whether Bluetooth is on.
    pub bluetooth: Option<bool>,
    /// Whether conferences of headsets are on.
    pub conference: Option<bool>,
    /// Where firmware comes from.
    pub firmware_source: Option<String>,
    /// Automatic, medium or short.
    pub dect_radio_range: Option<String>,
    /// Whether its dock takes part in calls.
    pub dock_behaviour: Option<bool>,
}
