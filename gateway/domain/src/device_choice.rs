//! Which phone carries a line's voice, where that must be asked (CTI-05, PHN-16, PHN-19).

use crate::settings::{DevicePolicy, Settings};
use crate::{AgentId, DeviceName, Extension};

/// Which phone carries the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// That one.
    One(DeviceName),
    /// No phone is known for it, and none has to be.
    None,
    /// The agent must pick one of these.
    Ask(Vec<DeviceName>),
    /// No phone may have that line.
    Unknown,
}

/// Chooses among the phones that have `extension`: the one there is, the one that was picked, or
/// `screen`, the phone the agent stands at, where the line came with a device profile or where any
/// phone may have any line.
pub fn choose_device(
    settings: &Settings,
    agent: &AgentId,
    extension: &Extension,
    picked: Option<&DeviceName>,
    screen: Option<&DeviceName>,
) -> DeviceChoice {
    let with_line: Vec<_> = settings.devices_with(extension).collect();
    let phones: Vec<_> =
        with_line.iter().filter(|device| !device.profile).map(|it| it.name.clone()).collect();
    let own = settings.agents.get(agent).and_then(|agent| agent.extension.as_ref());
    let anywhere = with_line.len() > phones.len()
        || own == Some(extension)
        || settings.phone_service.devices == DevicePolicy::Any;
    match (phones.as_slice(), picked) {
        (phones, Some(picked)) if phones.contains(picked) => DeviceChoice::One(picked.clone()),
        ([phone], _) => DeviceChoice::One(phone.clone()),
        ([], _) if !anywhere => DeviceChoice::Unknown,
        ([], _) => screen.cloned().map_or(DeviceChoice::None, DeviceChoice::One),
        (phones, _) => DeviceChoice::Ask(phones.to_vec()),
    }
}
