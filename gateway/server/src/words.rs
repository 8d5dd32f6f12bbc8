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
        Refusal::SettingsMoved => {
            "the settings changed meanwhile; look at them again and repeat the change".to_owned()
        }
        Refusal::UsedAlready => {
            "that one-time password was used already; wait for the next".to_owned()
        }
        Refusal::GrantInvalid => "the code or refresh token is over or was used".to_owned(),
        Refusal::LinkOver => {
            "the set-up link is over or was used; ask this node for another: jackfield set-up-link"
                .to_owned()
        }
        Refusal::ContactUnknown => "there is no such contact".to_owned(),
        Refusal::ContactNotYours => "another agent has this contact, or nobody".to_owned(),
        Refusal::ContactClosed => "this contact is over".to_owned(),
        Refusal::CsqUnknown => "there is no such queue for email; choose another".to_owned(),
        Refusal::AgentHasNoPlace => {
            "the agent is not Ready, or has as many contacts as the settings allow".to_owned()
        }
        Refusal::ForwardOpen => {
            "a mail that is being forwarded is not requeued; discard the draft first".to_owned()
        }
        Refusal::ForwardTakesNoFiles => "a forwarded mail takes no further files".to_owned(),
        Refusal::NothingWritten => "there is no draft to send".to_owned(),
        Refusal::NoRecipient => "name at least one recipient".to_owned(),
        Refusal::AnswerTooLarge => "the answer is too large: text, subject or files".to_owned(),
        Refusal::WrapUpUnknown => "the contact has no such wrap-up reason".to_owned(),
        Refusal::TooMany { limit } => format!("there are {limit} already; remove one first"),
        Refusal::MobileNotOffered => {
            "the agent's contact-centre server takes no mobile agents".to_owned()
        }
        Refusal::Owner { why } => format!("the contact centre's server refused: {why}"),
        Refusal::OwnerAway { pair } => {
            format!("no server of the pair {pair} is connected; see jackfield status")
        }
        Refusal::VoiceNotOwned => {
            "the contact centre's server owns this agent's calls; none begins or ends here"
                .to_owned()
        }
        Refusal::NotKnown { .. } => {
            "what the agent is doing is not known at present; try again in a moment".to_owned()
        }
        Refusal::Leaving { .. } => "a sign-out of this agent is still under way".to_owned(),
        Refusal::SignedOnElsewhere { extension: None } => {
            "the agent is signed on elsewhere; sign out there first".to_owned()
        }
        Refusal::SignedOnElsewhere { extension: Some(extension) } => {
            format!("the agent is signed on at extension {extension}; sign out there first")
        }
        Refusal::SeveralPairs { pairs } => {
            let names: Vec<_> = pairs.iter().map(|pair| pair.as_str()).collect();
            format!(
                "several pairs of servers know that agent ({}); set the pair of the agent or team",
                names.join(", ")
            )
        }
    }
}

/// The code of a refusal, as programs read it.
pub(crate) fn code(refusal: &Refusal) -> String {
    let value = serde_json::to_value(refusal).unwrap_or_default();
    value.get("refusal").and_then(|code| code.as_str()).unwrap_or("refused").to_owned()
}

/// An error with its causes, on one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some libraries' texts hold their cause's already.
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
