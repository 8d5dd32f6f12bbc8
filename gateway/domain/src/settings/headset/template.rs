//! How headsets of one model are set up, as their phones fetch it.
//!
//! Which settings there are is published, but not what their values are called: these names are ours.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::settings::Reader;

/// The most templates.
pub const HEADSET_TEMPLATES_MAX: usize = 50;
/// The most characters of a headset model's name.
pub const HEADSET_MODEL_CHARACTERS_MAX: usize = 64;
/// The most characters of a template's version.
pub const HEADSET_VERSION_CHARACTERS_MAX: usize = 16;

/// What becomes of a headset's firmware.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadsetFirmware {
    /// It stays as it is.
    #[default]
    Remain,
    /// The phone brings it to the latest that it has.
    Latest,
}

impl HeadsetFirmware {
    /// The name used in settings files and towards phones.
    pub fn name(self) -> &'static str {
        match self {
            Self::Remain => "remain",
            Self::Latest => "latest",
        }
    }
}

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HeadsetValue {
    /// On or off.
    Switch(bool),
    /// A number.
    Number(u32),
    /// One of several names.
    Choice(String),
}

/// One of the settings that a headset has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadsetSetting {
    /// A number up to that one.
    Number(&'static str, u32),
    /// One of those names.
    Choice(&'static str, &'static [&'static str]),
    /// On or off.
    Switch(&'static str),
}

impl HeadsetSetting {
    /// Every setting, in the order in which they are published.
    pub const ALL: [Self; 10] = [
        Self::Number("speaker_volume", 15),
        Self::Choice("microphone_gain", &["softest", "softer", "medium", "louder", "loudest"]),
        Self::Choice("sidetone", &["off", "low", "medium", "high"]),
        Self::Choice("equalizer", &["warmest", "warmer", "neutral", "brighter", "brightest"]),
        Self::Choice("audio_bandwidth", &["wide", "narrow"]),
        Self::Switch("bluetooth"),
        Self::Switch("conference"),
        Self::Choice("firmware_source", &["call_manager", "any"]),
        Self::Choice("dect_radio_range", &["auto", "medium", "short"]),
        Self::Switch("dock_behaviour"),
    ];

    /// The name used in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number(name, _) | Self::Choice(name, _) | Self::Switch(name) => name,
        }
    }

    fn read(self, reader: &mut Reader<'_>) -> Option<HeadsetValue> {
        match self {
            Self::Number(name, most) => {
                let number = reader.number(name, 0..=u64::from(most))?;
                Some(HeadsetValue::Number(number.try_into().ok()?))
            }
            Self::Choice(name, choices) => {
                let choices: Vec<_> = choices.iter().map(|choice| (*choice, *choice)).collect();
                let chosen = reader.choice(name, &choices)?;
                Some(HeadsetValue::Choice(chosen.to_owned()))
            }
            Self::Switch(name) => reader.switch(name).map(HeadsetValue::Switch),
        }
    }
}

/// How headsets of one model are set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsetTemplate {
    /// The model, as its phone reports it.
    pub model: String,
    /// Which edition of the template it is, for example `1-10`: phones compare it with what they have.
    pub version: String,
    /// What becomes of the firmware.
    #[serde(default)]
    pub firmware: HeadsetFirmware,
    /// The settings by their names in [`HeadsetSetting::ALL`]; the headset keeps what is left out.
    #[serde(default)]
    pub settings: BTreeMap<String, HeadsetValue>,
}

impl HeadsetTemplate {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let firmware = [HeadsetFirmware::Remain, HeadsetFirmware::Latest];
        let model = reader.named("model", HEADSET_MODEL_CHARACTERS_MAX);
        let version = reader.named("version", HEADSET_VERSION_CHARACTERS_MAX);
        let is_good = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_');
        if version.as_ref().is_some_and(|version| !version.chars().all(is_good)) {
            reader.problem("version", "must be letters, digits, '-', '.' and '_', as 1-10");
        }
        let firmware = reader.choice("firmware", &firmware.map(|it| (it.name(), it)));
        let settings = reader.table("settings", |reader| {
            let read = |it: HeadsetSetting| Some((it.name().to_owned(), it.read(reader)?));
            Some(HeadsetSetting::ALL.into_iter().filter_map(read).collect())
        });
        Some(Self {
            model: model?,
            version: version?,
            firmware: firmware.unwrap_or_default(),
            settings: settings.unwrap_or_default(),
        })
    }
}
