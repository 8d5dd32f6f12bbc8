//! Members of documents, each with its name in a profile and its usual name on the wire.

/// A member of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    DiscoverySchema,
    DiscoveryDevice,
    DiscoveryVersion,
    DiscoveryServices,
    DiscoveryRetryAfterSeconds,
    DiscoveryToken,
    DiscoveryTokenExpires,
    ServiceClass,
    ServiceEnabled,
    ServiceMode,
    ServicePrimary,
    ServiceSecondary,
    ServiceConfigurationUrl,
    ConfigurationMode,
    ConfigurationAgent,
    ConfigurationAgentProblem,
    ConfigurationState,
    ConfigurationStateCode,
    ConfigurationReason,
    ConfigurationSince,
    ConfigurationReasons,
    ConfigurationDefaultReason,
    ConfigurationMuteButton,
    ConfigurationLights,
    ReasonCode,
    ReasonLabel,
    LightsInCall,
    LightsInCallMuted,
    LightsReady,
    LightsNotReady,
    UpdateDevice,
    UpdateRequestId,
    UpdateState,
    UpdateReason,
    UpdateSentAt,
    AnswerError,
    AnswerMessage,
    AnswerState,
    AnswerStateCode,
    AnswerReason,
    AnswerSince,
    AnswerNow,
    InventoryDevice,
    InventoryEvent,
    InventoryHeadsets,
    HeadsetSerialNumber,
    HeadsetModel,
    HeadsetVendor,
    HeadsetType,
    HeadsetFirmware,
    HeadsetUser,
    HeadsetTemplate,
    HeadsetStatus,
    HeadsetSince,
    HeadsetDockModel,
    HeadsetDeviceName,
    HeadsetDeviceModel,
    HeadsetSoftwareVersion,
    HeadsetHeadsetOwner,
    HeadsetPhoneOwner,
    HeadsetAgeDays,
    TemplateModel,
    TemplateVersion,
    TemplateFirmware,
    TemplateSettings,
    SettingsSpeakerVolume,
    SettingsMicrophoneGain,
    SettingsSidetone,
    SettingsEqualiser,
    SettingsAudioBandwidth,
    SettingsBluetooth,
    SettingsConference,
    SettingsFirmwareSource,
    SettingsDectRadioRange,
    SettingsDockBehaviour,
}

const COUNT: usize = Member::SettingsDockBehaviour as usize + 1;

/// Each member in order, the document it is part of, its key in a profile and its usual name.
pub(super) const MEMBERS: [(Member, &str, &str, &str); COUNT] = [
    (Member::DiscoverySchema, "discovery", "schema", "schema"),
    (Member::DiscoveryDevice, "discovery", "device", "deviceName"),
    (Member::DiscoveryVersion, "discovery", "version", "version"),
    (Member::DiscoveryServices, "discovery", "services", "services"),
    (Member::DiscoveryRetryAfterSeconds, "discovery", "retry_after_seconds", "retryAfterSeconds"),
    (Member::DiscoveryToken, "discovery", "token", "token"),
    (Member::DiscoveryTokenExpires, "discovery", "token_expires", "tokenExpiresAt"),
    (Member::ServiceClass, "service", "class", "serviceClass"),
    (Member::ServiceEnabled, "service", "enabled", "enabled"),
    (Member::ServiceMode, "service", "mode", "mode"),
    (Member::ServicePrimary, "service", "primary", "primary"),
    (Member::ServiceSecondary, "service", "secondary", "secondary"),
    (Member::ServiceConfigurationUrl, "service", "configuration_url", "configUrl"),
    (Member::ConfigurationMode, "configuration", "mode", "mode"),
    (Member::ConfigurationAgent, "configuration", "agent", "agentId"),
    (Member::ConfigurationAgentProblem, "configuration", "agent_problem", "agentProblem"),
    (Member::ConfigurationState, "configuration", "state", "state"),
    (Member::ConfigurationStateCode, "configuration", "state_code", "stateCode"),
    (Member::ConfigurationReason, "configuration", "reason", "reasonCode"),
    (Member::ConfigurationSince, "configuration", "since", "since"),
    (Member::ConfigurationReasons, "configuration", "reasons", "notReadyReasons"),
    (
        Member::ConfigurationDefaultReason,
        "configuration",
        "default_reason",
        "defaultNotReadyReason",
    ),
    (Member::ConfigurationMuteButton, "configuration", "mute_button", "muteButton"),
    (Member::ConfigurationLights, "configuration", "lights", "led"),
    (Member::ReasonCode, "reason", "code", "code"),
    (Member::ReasonLabel, "reason", "label", "label"),
    (Member::LightsInCall, "lights", "in_call", "inCall"),
    (Member::LightsInCallMuted, "lights", "in_call_muted", "inCallMuted"),
    (Member::LightsReady, "lights", "ready", "ready"),
    (Member::LightsNotReady, "lights", "not_ready", "notReady"),
    (Member::UpdateDevice, "update", "device", "deviceName"),
    (Member::UpdateRequestId, "update", "request_id", "requestId"),
    (Member::UpdateState, "update", "state", "state"),
    (Member::UpdateReason, "update", "reason", "reasonCode"),
    (Member::UpdateSentAt, "update", "sent_at", "sentAt"),
    (Member::AnswerError, "answer", "error", "error"),
    (Member::AnswerMessage, "answer", "message", "message"),
    (Member::AnswerState, "answer", "state", "state"),
    (Member::AnswerStateCode, "answer", "state_code", "stateCode"),
    (Member::AnswerReason, "answer", "reason", "reasonCode"),
    (Member::AnswerSince, "answer", "since", "since"),
    (Member::AnswerNow, "answer", "now", "now"),
    (Member::InventoryDevice, "inventory", "device", "deviceName"),
    (Member::InventoryEvent, "inventory", "event", "event"),
    (Member::InventoryHeadsets, "inventory", "headsets", "headsets"),
    (Member::HeadsetSerialNumber, "headset", "serial_number", "serialNumber"),
    (Member::HeadsetModel, "headset", "model", "model"),
    (Member::HeadsetVendor, "headset", "vendor", "vendor"),
    (Member::HeadsetType, "headset", "type", "type"),
    (Member::HeadsetFirmware, "headset", "firmware", "firmware"),
    (Member::HeadsetUser, "headset", "user", "user"),
    (Member::HeadsetTemplate, "headset", "template", "template"),
    (Member::HeadsetStatus, "headset", "status", "status"),
    (Member::HeadsetSince, "headset", "since", "since"),
    (Member::HeadsetDockModel, "headset", "dock_model", "dockModel"),
    (Member::HeadsetDeviceName, "headset", "device_name", "deviceName"),
    (Member::HeadsetDeviceModel, "headset", "device_model", "deviceModel"),
    (Member::HeadsetSoftwareVersion, "headset", "software_version", "softwareVersion"),
    (Member::HeadsetHeadsetOwner, "headset", "headset_owner", "headsetOwner"),
    (Member::HeadsetPhoneOwner, "headset", "phone_owner", "phoneOwner"),
    (Member::HeadsetAgeDays, "headset", "age_days", "ageDays"),
    (Member::TemplateModel, "template", "model", "model"),
    (Member::TemplateVersion, "template", "version", "templateVersion"),
    (Member::TemplateFirmware, "template", "firmware", "firmware"),
    (Member::TemplateSettings, "template", "settings", "settings"),
    (Member::SettingsSpeakerVolume, "settings", "speaker_volume", "speakerVolume"),
    (Member::SettingsMicrophoneGain, "settings", "microphone_gain", "microphoneGain"),
    (Member::SettingsSidetone, "settings", "sidetone", "sidetone"),
    (Member::SettingsEqualiser, "settings", "equaliser", "equaliser"),
    (Member::SettingsAudioBandwidth, "settings", "audio_bandwidth", "audioBandwidth"),
    (Member::SettingsBluetooth, "settings", "bluetooth", "bluetooth"),
    (Member::SettingsConference, "settings", "conference", "conference"),
    (Member::SettingsFirmwareSource, "settings", "firmware_source", "firmwareSource"),
    (Member::SettingsDectRadioRange, "settings", "dect_radio_range", "dectRadioRange"),
    (Member::SettingsDockBehaviour, "settings", "dock_behaviour", "dockBehaviour"),
];

/// The documents that have members, and what they are.
pub(super) const SECTIONS: [(&str, &str); 11] = [
    ("discovery", "What discovery tells."),
    ("service", "One of its services."),
    ("configuration", "The configuration of the contact-centre service."),
    ("reason", "One reason to be not ready."),
    ("lights", "What the base shows."),
    ("update", "A change of state that a phone asks for."),
    ("answer", "What it hears back, and what refusals say."),
    ("inventory", "What a phone tells of its headsets."),
    ("headset", "One headset."),
    ("template", "How headsets of a model are to be set."),
    ("settings", "The settings of a template."),
];

/// The root element that a document has in XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Discovery,
    Configuration,
    Update,
    Answer,
    Inventory,
    Template,
}

/// Each root in order, its key in a profile and its usual name.
pub(super) const ROOTS: [(Root, &str, &str); Root::Template as usize + 1] = [
    (Root::Discovery, "discovery", "headsetServices"),
    (Root::Configuration, "configuration", "headsetConfiguration"),
    (Root::Update, "update", "agentStateUpdate"),
    (Root::Answer, "answer", "headsetAnswer"),
    (Root::Inventory, "inventory", "headsetInventory"),
    (Root::Template, "template", "headsetTemplate"),
];

/// The elements that a list has in XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Services,
    Reasons,
    Headsets,
}

/// Each list in order, its key in a profile and the usual name of its elements.
pub(super) const ITEMS: [(Item, &str, &str); Item::Headsets as usize + 1] = [
    (Item::Services, "services", "service"),
    (Item::Reasons, "reasons", "reason"),
    (Item::Headsets, "headsets", "headset"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Names are looked up by these numbers.
    #[test]
    fn members_roots_and_items_stand_at_their_numbers() {
        assert!(MEMBERS.iter().enumerate().all(|(at, row)| row.0 as usize == at));
        assert!(ROOTS.iter().enumerate().all(|(at, row)| row.0 as usize == at));
        assert!(ITEMS.iter().enumerate().all(|(at, row)| row.0 as usize == at));
        for (_, section, key, _) in MEMBERS {
            assert!(SECTIONS.iter().any(|(name, _)| *name == section), "{section}.{key}");
        }
    }
}
