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

/// Chooses among the phones that may carry `extension`: the one there is, or the one that was
/// picked. Those are the phones that have it and, where it came with a device profile, `screen`, the
/// phone the agent stands at, since any phone may have taken the profile. A line that no phone has is
/// on `screen` too where it is the agent's own, or where any phone may have any line.
pub fn choose_device(
    settings: &Settings,
    agent: &AgentId,
    extension: &Extension,
    picked: Option<&DeviceName>,
    screen: Option<&DeviceName>,
) -> DeviceChoice {
    let mut phones = Vec::new();
    let mut in_profile = false;
    for device in settings.devices_with(extension) {
        if device.profile {
            in_profile = true;
        } else {
            phones.push(device.name.clone());
        }
    }
    if let Some(screen) = screen.filter(|screen| in_profile && !phones.contains(screen)) {
        phones.insert(0, screen.clone());
    }
    let own = settings.agents.get(agent).and_then(|agent| agent.extension.as_ref());
    let anywhere =
        in_profile || own == Some(extension) || settings.phone_service.devices == DevicePolicy::Any;
    match (phones.as_slice(), picked) {
        (phones, Some(picked)) if phones.contains(picked) => DeviceChoice::One(picked.clone()),
        ([phone], _) => DeviceChoice::One(phone.clone()),
        ([], _) if !anywhere => DeviceChoice::Unknown,
        ([], _) => screen.cloned().map_or(DeviceChoice::None, DeviceChoice::One),
        (_, _) => DeviceChoice::Ask(phones),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::settings::Device;

    fn name(name: &str) -> DeviceName {
        name.parse().unwrap()
    }

    /// Chooses for the line 2001 on these phones and profiles, for somebody who stands at `screen`.
    #[track_caller]
    fn check(
        devices: &[(&str, bool)],
        picked: Option<&str>,
        screen: Option<&str>,
        expected: DeviceChoice,
    ) {
        let device = |(called, profile): &(&str, bool)| Device {
            name: name(called),
            description: None,
            lines: vec!["2001".parse().unwrap()],
            profile: *profile,
            certificate_sha256: None,
            sip: None,
            pair: None,
        };
        let devices: BTreeMap<_, _> =
            devices.iter().map(device).map(|it| (it.name.clone(), Arc::new(it))).collect();
        let settings = Settings { devices: Arc::new(devices), ..Settings::default() };
        let (agent, line) = ("1001".parse().unwrap(), "2001".parse().unwrap());
        let (picked, screen) = (picked.map(name), screen.map(name));
        let chosen = choose_device(&settings, &agent, &line, picked.as_ref(), screen.as_ref());
        assert_eq!(chosen, expected);
    }

    #[test]
    fn phn_19_a_profiles_line_that_a_desk_phone_has_too_is_asked_about() {
        let both = [("SEP1", false), ("PROFILE", true)];
        let one = |phone| DeviceChoice::One(name(phone));
        let ask = DeviceChoice::Ask(vec![name("SEP2"), name("SEP1")]);
        check(&both, None, Some("SEP2"), ask.clone());
        check(&both, Some("SEP9"), Some("SEP2"), ask);
        check(&both, Some("SEP2"), Some("SEP2"), one("SEP2"));
        check(&both, Some("SEP1"), Some("SEP2"), one("SEP1"));
        check(&both, None, Some("SEP1"), one("SEP1"));
        check(&both, None, None, one("SEP1"));
    }

    #[test]
    fn phn_19_a_profiles_line_is_on_the_phone_that_took_it() {
        let one = |phone| DeviceChoice::One(name(phone));
        check(&[("PROFILE", true)], None, Some("SEP2"), one("SEP2"));
        check(&[("PROFILE", true)], None, None, DeviceChoice::None);
        // A line of one phone alone is there, wherever its agent stands.
        check(&[("SEP1", false)], None, Some("SEP2"), one("SEP1"));
        let two = [("SEP1", false), ("SEP3", false)];
        let ask = DeviceChoice::Ask(vec![name("SEP1"), name("SEP3")]);
        check(&two, None, Some("SEP2"), ask);
    }
}
