//! The integration of headsets with agent state (HST-02, HST-05, HST-13).

mod template;
#[cfg(test)]
mod tests;
mod warning;

use serde::{Deserialize, Serialize};

pub use self::template::{
    HEADSET_MODEL_CHARACTERS_MAX, HEADSET_TEMPLATES_MAX, HEADSET_VERSION_CHARACTERS_MAX,
    HeadsetFirmware, HeadsetSetting, HeadsetTemplate, HeadsetValue,
};
pub(super) use self::warning::warnings;
use super::Reader;
use super::cti_pair::CtiDialect;
use super::list::refuse_repeated;
use crate::{Problems, ReasonCode};

/// What headsets have to do with agent state (HST-02).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadsetMode {
    /// Nothing: key and light deal with mute alone.
    #[default]
    Disabled,
    /// The light shows the state; the key only mutes.
    Notification,
    /// The light shows the state, and the key changes it while no call is there.
    NotificationAndControl,
}

/// Which sort of contact centre the deployment serves (HST-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentType {
    /// Unified Contact Center Express.
    Express,
    /// Unified or Packaged Contact Center Enterprise.
    Enterprise,
}

impl DeploymentType {
    /// The dialect that its pairs speak.
    pub fn dialect(self) -> CtiDialect {
        match self {
            Self::Express => CtiDialect::Express,
            Self::Enterprise => CtiDialect::Enterprise,
        }
    }
}

/// What the mute key does while no call is there, in the mode that lets it change the state (HST-02).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MuteButton {
    /// It toggles Ready and Not Ready.
    #[default]
    ReadyToggle,
    /// It mutes, as in a call.
    Mute,
}

/// How a phone may prove whose headset speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadsetProof {
    /// By its own certificate.
    Certificate,
    /// By what its file gives it.
    Token,
    /// By coming from the address that its registration in SIP came from.
    Address,
}

impl HeadsetProof {
    /// Every proof.
    pub const ALL: [Self; 3] = [Self::Certificate, Self::Token, Self::Address];

    /// The name used in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Token => "token",
            Self::Address => "address",
        }
    }
}

/// How headsets take part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Headset {
    /// In which way.
    pub mode: HeadsetMode,
    /// The sort of contact centre; every pair must fit it. Without it pairs may be of either sort.
    pub deployment_type: Option<DeploymentType>,
    /// The reason that the key gives for Not Ready, where the contact centre wants one.
    pub default_not_ready_reason: Option<ReasonCode>,
    /// What the mute key does while no call is there.
    pub mute_button: MuteButton,
    /// Which proofs are taken, in the order of their names; at least one.
    pub proof: Vec<HeadsetProof>,
    /// How long what stands in a phone's file proves whose it is: 1 to 400 days.
    pub handle_days: u32,
    /// How long what a phone got at discovery proves that: 1 to 168 hours.
    pub token_hours: u32,
    /// Another number makes all that was given out before worthless.
    pub token_generation: u16,
    /// How many phones are told of other settings in a second: 1 to 1,000 (HST-05).
    pub news_per_second: u32,
    /// An update that was sent longer ago, or so much later than now, is refused: 5 to 300 seconds.
    pub update_age_seconds: u32,
    /// How headsets are set up, by their model.
    pub templates: Vec<HeadsetTemplate>,
}

impl Default for Headset {
    fn default() -> Self {
        Self {
            mode: HeadsetMode::default(),
            deployment_type: None,
            default_not_ready_reason: None,
            mute_button: MuteButton::default(),
            proof: vec![HeadsetProof::Certificate, HeadsetProof::Token],
            handle_days: 90,
            token_hours: 24,
            token_generation: 0,
            news_per_second: 200,
            update_age_seconds: 30,
            templates: Vec::new(),
        }
    }
}

impl Headset {
    /// How headsets of that model are set up, where anything says so.
    pub fn template(&self, model: &str) -> Option<&HeadsetTemplate> {
        self.templates.iter().find(|template| template.model == model)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let modes = [
            ("disabled", HeadsetMode::Disabled),
            ("notification", HeadsetMode::Notification),
            ("notification_and_control", HeadsetMode::NotificationAndControl),
        ];
        let types =
            [("express", DeploymentType::Express), ("enterprise", DeploymentType::Enterprise)];
        let buttons = [("ready_toggle", MuteButton::ReadyToggle), ("mute", MuteButton::Mute)];
        let usual = Self::default();
        let mode = reader.choice("mode", &modes).unwrap_or_default();
        let deployment_type = reader.choice("deployment_type", &types);
        let reason = reader.number("default_not_ready_reason", 0..=u64::from(u16::MAX));
        let default_not_ready_reason = reason.and_then(|code| code.try_into().ok()).map(ReasonCode);
        let mute_button = reader.choice("mute_button", &buttons).unwrap_or_default();
        let proof = read_proof(reader).unwrap_or(usual.proof);
        let handle_days = reader.count("handle_days", 1..=400, usual.handle_days);
        let token_hours = reader.count("token_hours", 1..=168, usual.token_hours);
        let generation = reader.number("token_generation", 0..=u64::from(u16::MAX));
        let token_generation = generation.and_then(|it| it.try_into().ok()).unwrap_or_default();
        let news_per_second = reader.count("news_per_second", 1..=1_000, usual.news_per_second);
        let age = usual.update_age_seconds;
        let update_age_seconds = reader.count("update_age_seconds", 5..=300, age);
        let templates = reader.list("templates", HEADSET_TEMPLATES_MAX, HeadsetTemplate::read);
        Some(Self {
            mode,
            deployment_type,
            default_not_ready_reason,
            mute_button,
            proof,
            handle_days,
            token_hours,
            token_generation,
            news_per_second,
            update_age_seconds,
            templates,
        })
    }

    /// Notes models that have two templates.
    pub(super) fn refuse_repeated(&self, problems: &mut Problems) {
        let model = |it: &HeadsetTemplate| it.model.clone();
        refuse_repeated("headset.templates", &self.templates, model, problems);
    }
}

/// The member `proof`, where it is given.
fn read_proof(reader: &mut Reader<'_>) -> Option<Vec<HeadsetProof>> {
    const KEY: &str = "proof";
    if !reader.has(KEY) {
        return None;
    }
    let names = || HeadsetProof::ALL.map(HeadsetProof::name).join(", ");
    let written = reader.parsed_list::<String>(KEY, HeadsetProof::ALL.len());
    if written.is_empty() {
        reader.problem(KEY, format_args!("must hold at least one of {}", names()));
    }
    let mut proofs = Vec::new();
    for name in written {
        match HeadsetProof::ALL.into_iter().find(|it| it.name() == name) {
            Some(known) => proofs.push(known),
            None => reader.problem(KEY, format_args!("has {name:?}; it may be {}", names())),
        }
    }
    proofs.sort_unstable();
    proofs.dedup();
    Some(proofs)
}
