//! Documents to bodies, in the words of a profile.

use super::content::BadBody;
use super::enumeration::Enumeration;
use super::member::{Item, Member, Root};
use super::tree::{Node, Table};
use super::{
    Answer, Configuration, Current, Discovery, Format, InventoryEvent, Moment, Profile,
    REASON_LABEL_CHARACTERS_MAX, SCHEMA, Template, Update, json, xml,
};
use crate::phone_xml::cut;

impl Profile {
    /// The body that answers discovery.
    #[must_use]
    pub fn write_discovery(&self, discovery: &Discovery) -> Vec<u8> {
        let services = discovery.services.iter().map(|service| {
            let mut sheet = Sheet::new(self);
            sheet.choice(Member::ServiceClass, Some(service.class));
            sheet.flag(Member::ServiceEnabled, Some(service.enabled));
            sheet.choice(Member::ServiceMode, service.mode);
            sheet.text(Member::ServicePrimary, &service.primary);
            sheet.text_or_null(Member::ServiceSecondary, service.secondary.as_deref());
            sheet.optional(Member::ServiceConfigurationUrl, service.configuration_url.as_deref());
            Node::Table(sheet.table)
        });
        let mut sheet = Sheet::new(self);
        sheet.number(Member::DiscoverySchema, Some(SCHEMA));
        sheet.text(Member::DiscoveryDevice, discovery.device.as_str());
        sheet.text(Member::DiscoveryVersion, &discovery.version);
        sheet.list(Member::DiscoveryServices, Item::Services, services.collect());
        sheet.number(Member::DiscoveryRetryAfterSeconds, discovery.retry_after_seconds);
        sheet
            .optional(Member::DiscoveryToken, discovery.token.as_ref().map(|token| token.expose()));
        sheet.moment(Member::DiscoveryTokenExpires, discovery.token_expires);
        sheet.written(Root::Discovery)
    }

    /// The body that tells the configuration of the contact-centre service.
    #[must_use]
    pub fn write_configuration(&self, configuration: &Configuration) -> Vec<u8> {
        let reasons = configuration.reasons.iter().map(|reason| {
            let mut sheet = Sheet::new(self);
            sheet.number(Member::ReasonCode, Some(reason.code));
            sheet.text(Member::ReasonLabel, cut(&reason.label, REASON_LABEL_CHARACTERS_MAX));
            Node::Table(sheet.table)
        });
        let lights = configuration.lights.map(|lights| {
            let mut sheet = Sheet::new(self);
            sheet.choice(Member::LightsInCall, Some(lights.in_call));
            sheet.choice(Member::LightsInCallMuted, Some(lights.in_call_muted));
            sheet.choice(Member::LightsReady, Some(lights.ready));
            sheet.choice(Member::LightsNotReady, Some(lights.not_ready));
            Node::Table(sheet.table)
        });
        let mut sheet = Sheet::new(self);
        sheet.choice(Member::ConfigurationMode, Some(configuration.mode));
        sheet.text_or_null(Member::ConfigurationAgent, configuration.agent.as_deref());
        let problem = configuration.agent_problem.as_deref();
        sheet.text_or_null(Member::ConfigurationAgentProblem, problem);
        sheet.current(
            configuration.current,
            [
                Member::ConfigurationState,
                Member::ConfigurationStateCode,
                Member::ConfigurationReason,
                Member::ConfigurationSince,
            ],
        );
        sheet.list(Member::ConfigurationReasons, Item::Reasons, reasons.collect());
        sheet.number(Member::ConfigurationDefaultReason, configuration.default_reason);
        sheet.choice(Member::ConfigurationMuteButton, Some(configuration.mute_button));
        sheet.put(Member::ConfigurationLights, lights.unwrap_or(Node::Null));
        sheet.written(Root::Configuration)
    }

    /// The body of an update, as a phone would send it.
    #[must_use]
    pub fn write_update(&self, update: &Update) -> Vec<u8> {
        let mut sheet = Sheet::new(self);
        sheet.optional(Member::UpdateDevice, update.device.as_ref().map(|device| device.as_str()));
        sheet.optional(Member::UpdateRequestId, update.request_id.as_deref());
        sheet.choice(Member::UpdateState, Some(update.state));
        sheet.number(Member::UpdateReason, update.reason);
        sheet.moment(Member::UpdateSentAt, update.sent_at);
        sheet.written(Root::Update)
    }

    /// The body that answers an update, and whatever is refused.
    #[must_use]
    pub fn write_answer(&self, answer: &Answer) -> Vec<u8> {
        let mut sheet = Sheet::new(self);
        if let Some((refusal, message)) = &answer.refused {
            sheet.choice(Member::AnswerError, Some(*refusal));
            sheet.text(Member::AnswerMessage, message);
        }
        sheet.current(
            answer.current,
            [
                Member::AnswerState,
                Member::AnswerStateCode,
                Member::AnswerReason,
                Member::AnswerSince,
            ],
        );
        sheet.moment(Member::AnswerNow, answer.now);
        sheet.written(Root::Answer)
    }

    /// The body of an inventory event, as a phone would send it.
    #[must_use]
    pub fn write_inventory(&self, event: &InventoryEvent) -> Vec<u8> {
        let headsets = event.headsets.iter().map(|headset| {
            let mut sheet = Sheet::new(self);
            sheet.text(Member::HeadsetSerialNumber, &headset.serial_number);
            sheet.optional(Member::HeadsetModel, headset.model.as_deref());
            sheet.optional(Member::HeadsetVendor, headset.vendor.as_deref());
            sheet.choice(Member::HeadsetType, Some(headset.kind));
            sheet.optional(Member::HeadsetFirmware, headset.firmware.as_deref());
            sheet.optional(Member::HeadsetUser, headset.user.as_deref());
            sheet.optional(Member::HeadsetTemplate, headset.template.as_deref());
            sheet.choice(Member::HeadsetStatus, headset.status);
            sheet.moment(Member::HeadsetSince, headset.since);
            sheet.optional(Member::HeadsetDockModel, headset.dock_model.as_deref());
            sheet.optional(Member::HeadsetDeviceName, headset.device_name.as_deref());
            sheet.optional(Member::HeadsetDeviceModel, headset.device_model.as_deref());
            sheet.optional(Member::HeadsetSoftwareVersion, headset.software_version.as_deref());
            sheet.optional(Member::HeadsetHeadsetOwner, headset.headset_owner.as_deref());
            sheet.optional(Member::HeadsetPhoneOwner, headset.phone_owner.as_deref());
            sheet.number(Member::HeadsetAgeDays, headset.age_days);
            Node::Table(sheet.table)
        });
        let mut sheet = Sheet::new(self);
        let device = event.device.as_ref().map(|device| device.as_str());
        sheet.optional(Member::InventoryDevice, device);
        sheet.choice(Member::InventoryEvent, Some(event.event));
        sheet.list(Member::InventoryHeadsets, Item::Headsets, headsets.collect());
        sheet.written(Root::Inventory)
    }

    /// The body that tells a model's template.
    #[must_use]
    pub fn write_template(&self, template: &Template) -> Vec<u8> {
        let from = &template.settings;
        let mut settings = Sheet::new(self);
        settings.number(Member::SettingsSpeakerVolume, from.speaker_volume);
        settings.optional(Member::SettingsMicrophoneGain, from.microphone_gain.as_deref());
        settings.optional(Member::SettingsSidetone, from.sidetone.as_deref());
        settings.optional(Member::SettingsEqualiser, from.equaliser.as_deref());
        settings.optional(Member::SettingsAudioBandwidth, from.audio_bandwidth.as_deref());
        settings.flag(Member::SettingsBluetooth, from.bluetooth);
        settings.flag(Member::SettingsConference, from.conference);
        settings.optional(Member::SettingsFirmwareSource, from.firmware_source.as_deref());
        settings.optional(Member::SettingsDectRadioRange, from.dect_radio_range.as_deref());
        settings.flag(Member::SettingsDockBehaviour, from.dock_behaviour);
        let mut sheet = Sheet::new(self);
        sheet.text(Member::TemplateModel, &template.model);
        sheet.text(Member::TemplateVersion, &template.version);
        sheet.choice(Member::TemplateFirmware, template.firmware);
        sheet.put(Member::TemplateSettings, Node::Table(settings.table));
        sheet.written(Root::Template)
    }

    /// The body that tells somebody what is wrong with theirs.
    #[must_use]
    pub fn write_bad_body(&self, bad: &BadBody, now: Option<Moment>) -> Vec<u8> {
        let refused = Some((super::Refusal::Malformed, bad.to_string()));
        self.write_answer(&Answer { refused, current: None, now })
    }
}

/// A document that is being written.
struct Sheet<'p> {
    profile: &'p Profile,
    table: Table,
}

impl<'p> Sheet<'p> {
    fn new(profile: &'p Profile) -> Self {
        Self { profile, table: Table::default() }
    }

    fn put(&mut self, member: Member, node: Node) {
        self.table.put(self.profile.name(member), node);
    }

    fn text(&mut self, member: Member, text: &str) {
        self.put(member, Node::Text(text.to_owned()));
    }

    fn optional(&mut self, member: Member, text: Option<&str>) {
        if let Some(text) = text {
            self.text(member, text);
        }
    }

    /// Members that phones always find, so that they see that there is nothing.
    fn text_or_null(&mut self, member: Member, text: Option<&str>) {
        self.put(member, text.map_or(Node::Null, |text| Node::Text(text.to_owned())));
    }

    fn number(&mut self, member: Member, number: Option<u32>) {
        if let Some(number) = number {
            self.put(member, Node::number(number));
        }
    }

    fn flag(&mut self, member: Member, flag: Option<bool>) {
        if let Some(flag) = flag {
            self.put(member, Node::Flag(flag));
        }
    }

    fn choice<E: Enumeration>(&mut self, member: Member, value: Option<E>) {
        if let Some(value) = value {
            self.put(member, self.profile.value(value));
        }
    }

    fn moment(&mut self, member: Member, moment: Option<Moment>) {
        if let Some(moment) = moment {
            self.put(member, self.profile.time_format().write(moment));
        }
    }

    fn list(&mut self, member: Member, item: Item, nodes: Vec<Node>) {
        self.put(member, Node::List(self.profile.item(item).to_owned(), nodes));
    }

    fn current(&mut self, current: Option<Current>, members: [Member; 4]) {
        let (Some(current), [state, code, reason, since]) = (current, members) else { return };
        self.choice(state, Some(current.state));
        self.number(code, Some(current.state.code()));
        self.number(reason, current.reason);
        self.moment(since, current.since);
    }

    fn written(self, root: Root) -> Vec<u8> {
        let mut out = String::new();
        let node = Node::Table(self.table);
        match self.profile.format() {
            Format::Json => json::write(&node, &mut out),
            Format::Xml => {
                xml::write(self.profile.root(root), &node, self.profile.flags(), &mut out)
            }
        }
        out.into_bytes()
    }
}
