//! Refusals of the domain in words for operators on the admin socket and the command line.

use domain::{DeviceName, Refusal};

/// One sentence without a full stop.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::AgentUnknown => "no agent has that id".to_owned(),
        Refusal::NotSignedIn => "the agent is not signed in".to_owned(),
        Refusal::Stale => "the agent's state has changed meanwhile".to_owned(),
        Refusal::Maintenance { alternate: None } => {
            "this node is in maintenance and refuses sign-ins".to_owned()
        }
        Refusal::Maintenance { alternate: Some(alternate) } => {
            format!("this node is in maintenance and refuses sign-ins; use {alternate}")
        }
        Refusal::ExtensionUnknown { extension } => {
            format!("no phone has the extension {extension}")
        }
        Refusal::ExtensionInUse { extension, by } => {
            format!("the extension {extension} is used by agent {}", by.id)
        }
        Refusal::DeviceUnknown { device } => format!("the phone {device} is not in the settings"),
        Refusal::DeviceInUse { device, by } => {
            format!("agent {} is signed in on the phone {device}", by.id)
        }
        Refusal::DeviceChoice { devices } => {
            let names: Vec<_> = devices.iter().map(DeviceName::as_str).collect();
            format!(
                "several phones have that extension, name one with --device: {}",
                names.join(", ")
            )
        }
        Refusal::MobileNotAllowed => "mobile agents are not allowed by the settings".to_owned(),
        Refusal::ReasonUnknown { category, code } => {
            format!("the agent has no {} reason {code}", category.name())
        }
        Refusal::SignOutNeedsNotReady => "only an agent who is not ready signs out".to_owned(),
        Refusal::CallInProgress => "the agent is in a call".to_owned(),
        Refusal::NoCall => "the agent is in no call".to_owned(),
        Refusal::CallTooLarge { limit } => format!("the call carries too much: {limit}"),
        Refusal::SettingsInUse { why } => why.clone(),
    }
}

/// The code of a refusal, as programs read it.
pub(crate) fn code(refusal: &Refusal) -> String {
    let value = serde_json::to_value(refusal).unwrap_or_default();
    value.get("refusal").and_then(|code| code.as_str()).unwrap_or("refused").to_owned()
}
