//! The integration of headsets with agent state (HST-02, HST-05, HST-13).

use serde::{Deserialize, Serialize};

use super::Reader;
use super::cti_pair::CtiDialect;
use crate::ReasonCode;

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

/// How headsets take part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headset {
    /// In which way.
    pub mode: HeadsetMode,
    /// The sort of contact centre; every pair must fit it. Without it pairs may be of either sort.
    pub deployment_type: Option<DeploymentType>,
    /// The reason that the key gives for Not Ready, where the contact centre wants one.
    pub default_not_ready_reason: Option<ReasonCode>,
}

impl Headset {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let modes = [
            ("disabled", HeadsetMode::Disabled),
            ("notification", HeadsetMode::Notification),
            ("notification_and_control", HeadsetMode::NotificationAndControl),
        ];
        let types =
            [("express", DeploymentType::Express), ("enterprise", DeploymentType::Enterprise)];
        let mode = reader.choice("mode", &modes).unwrap_or_default();
        let deployment_type = reader.choice("deployment_type", &types);
        let reason = reader.number("default_not_ready_reason", 0..=u64::from(u16::MAX));
        let default_not_ready_reason = reason.and_then(|code| code.try_into().ok()).map(ReasonCode);
        Some(Self { mode, deployment_type, default_not_ready_reason })
    }
}
