//! Bodies to documents, in the words of a profile.

mod form;

use form::Form;

use super::content::BadBody;
use super::member::{Item, Member, Root};
use super::tree::{Node, Table};
use super::{
    ADDRESS_CHARACTERS_MAX, AGE_DAYS_MAX, ANSWER_BYTES_MAX, AgentState, Answer, Configuration,
    Current, Discovery, Format, HEADSETS_MAX, HeadsetSeen, HeadsetSettings, INVENTORY_BYTES_MAX,
    INVENTORY_TEXT_CHARACTERS_MAX, InventoryEvent, LABEL_CHARACTERS_MAX, Lights,
    MODEL_CHARACTERS_MAX, Profile, REASON_CODE_MAX, REASON_LABEL_CHARACTERS_MAX, REASONS_MAX,
    RETRY_SECONDS_MAX, Reason, SCHEMA, SERVICES_MAX, SPEAKER_VOLUME_MAX, Service,
    TOKEN_CHARACTERS_MAX, Template, Token, UPDATE_BYTES_MAX, Update, VERSION_CHARACTERS_MAX,
    WORD_CHARACTERS_MAX, json, xml,
};

impl Profile {
    /// Reads an update.
    pub fn read_update(&self, body: &[u8]) -> Result<Update, BadBody> {
        let table = self.table(body, UPDATE_BYTES_MAX, Root::Update)?;
        let form = Form::new(self, &table, String::new());
        let state = form.needed(Member::UpdateState, Form::choice)?;
        if !matches!(state, AgentState::Ready | AgentState::NotReady) {
            let (ready, not_ready) =
                (self.value_text(AgentState::Ready), self.value_text(AgentState::NotReady));
            let problem =
                format!("must be {ready} or {not_ready}; other states cannot be asked for");
            return Err(form.bad(Member::UpdateState, problem));
        }
        Ok(Update {
            device: form.device(Member::UpdateDevice)?,
            request_id: form.request_id(Member::UpdateRequestId)?,
            state,
            reason: form.number(Member::UpdateReason, REASON_CODE_MAX)?,
            sent_at: form.moment(Member::UpdateSentAt)?,
        })
    }

    /// Reads an inventory event.
    pub fn read_inventory(&self, body: &[u8]) -> Result<InventoryEvent, BadBody> {
        let table = self.table(body, INVENTORY_BYTES_MAX, Root::Inventory)?;
        let form = Form::new(self, &table, String::new());
        Ok(InventoryEvent {
            device: form.device(Member::InventoryDevice)?,
            event: form.needed(Member::InventoryEvent, Form::choice)?,
            headsets: form.list(
                Member::InventoryHeadsets,
                Item::Headsets,
                HEADSETS_MAX,
                headset,
            )?,
        })
    }

    /// Reads an answer to discovery, as a phone would.
    pub fn read_discovery(&self, body: &[u8]) -> Result<Discovery, BadBody> {
        let table = self.table(body, ANSWER_BYTES_MAX, Root::Discovery)?;
        let form = Form::new(self, &table, String::new());
        if form.needed(Member::DiscoverySchema, |form, it| form.number(it, u32::MAX))? != SCHEMA {
            return Err(form.bad(Member::DiscoverySchema, format!("must be {SCHEMA}")));
        }
        let token = form.text(Member::DiscoveryToken, TOKEN_CHARACTERS_MAX)?;
        Ok(Discovery {
            device: form.needed(Member::DiscoveryDevice, Form::device)?,
            version: form.needed_text(Member::DiscoveryVersion, VERSION_CHARACTERS_MAX)?,
            services: form.list(
                Member::DiscoveryServices,
                Item::Services,
                SERVICES_MAX,
                service,
            )?,
            retry_after_seconds: form
                .number(Member::DiscoveryRetryAfterSeconds, RETRY_SECONDS_MAX)?,
            token: token.map(Token::new),
            token_expires: form.moment(Member::DiscoveryTokenExpires)?,
        })
    }

    /// Reads the configuration of the contact-centre service, as a phone would.
    pub fn read_configuration(&self, body: &[u8]) -> Result<Configuration, BadBody> {
        let table = self.table(body, ANSWER_BYTES_MAX, Root::Configuration)?;
        let form = Form::new(self, &table, String::new());
        let current = [
            Member::ConfigurationState,
            Member::ConfigurationStateCode,
            Member::ConfigurationReason,
            Member::ConfigurationSince,
        ];
        Ok(Configuration {
            mode: form.needed(Member::ConfigurationMode, Form::choice)?,
            agent: form.text(Member::ConfigurationAgent, LABEL_CHARACTERS_MAX)?,
            agent_problem: form.text(Member::ConfigurationAgentProblem, LABEL_CHARACTERS_MAX)?,
            current: read_current(&form, current)?,
            reasons: form.list(
                Member::ConfigurationReasons,
                Item::Reasons,
                REASONS_MAX,
                |form| {
                    Ok(Reason {
                        code: form.needed(Member::ReasonCode, |form, it| {
                            form.number(it, REASON_CODE_MAX)
                        })?,
                        label: form
                            .needed_text(Member::ReasonLabel, REASON_LABEL_CHARACTERS_MAX)?,
                    })
                },
            )?,
            default_reason: form.number(Member::ConfigurationDefaultReason, REASON_CODE_MAX)?,
            mute_button: form.needed(Member::ConfigurationMuteButton, Form::choice)?,
            lights: form
                .inner(Member::ConfigurationLights)?
                .map(|form| lights(&form))
                .transpose()?,
        })
    }

    /// Reads the answer to an update, as a phone would.
    pub fn read_answer(&self, body: &[u8]) -> Result<Answer, BadBody> {
        let table = self.table(body, ANSWER_BYTES_MAX, Root::Answer)?;
        let form = Form::new(self, &table, String::new());
        let refusal = form.choice(Member::AnswerError)?;
        let message = form.text(Member::AnswerMessage, LABEL_CHARACTERS_MAX)?;
        let current = [
            Member::AnswerState,
            Member::AnswerStateCode,
            Member::AnswerReason,
            Member::AnswerSince,
        ];
        Ok(Answer {
            refused: refusal.map(|refusal| (refusal, message.unwrap_or_default())),
            current: read_current(&form, current)?,
            now: form.moment(Member::AnswerNow)?,
        })
    }

    /// Reads a model's template, as a phone would.
    pub fn read_template(&self, body: &[u8]) -> Result<Template, BadBody> {
        let table = self.table(body, ANSWER_BYTES_MAX, Root::Template)?;
        let form = Form::new(self, &table, String::new());
        let inner = form.inner(Member::TemplateSettings)?;
        Ok(Template {
            model: form.needed_text(Member::TemplateModel, MODEL_CHARACTERS_MAX)?,
            version: form.needed_text(Member::TemplateVersion, VERSION_CHARACTERS_MAX)?,
            firmware: form.choice(Member::TemplateFirmware)?,
            settings: inner.map(|form| settings(&form)).transpose()?.unwrap_or_default(),
        })
    }

    fn table(&self, body: &[u8], bytes_max: usize, root: Root) -> Result<Table, BadBody> {
        let node = match self.format() {
            Format::Json => json::read(body, bytes_max)?,
            Format::Xml => xml::read(body, bytes_max, self.root(root))?,
        };
        match node {
            Node::Table(table) => Ok(table),
            // A root without elements has no members.
            Node::Text(text) if self.format() == Format::Xml && text.trim().is_empty() => {
                Ok(Table::default())
            }
            _ => Err(BadBody::whole("must hold members")),
        }
    }
}

fn headset(form: &Form<'_>) -> Result<HeadsetSeen, BadBody> {
    let text = |member| form.text(member, INVENTORY_TEXT_CHARACTERS_MAX);
    let serial_number = Member::HeadsetSerialNumber;
    Ok(HeadsetSeen {
        serial_number: form.needed_text(serial_number, INVENTORY_TEXT_CHARACTERS_MAX)?,
        model: text(Member::HeadsetModel)?,
        vendor: text(Member::HeadsetVendor)?,
        kind: form.choice_or_usual(Member::HeadsetType)?,
        firmware: text(Member::HeadsetFirmware)?,
        user: text(Member::HeadsetUser)?,
        template: text(Member::HeadsetTemplate)?,
        status: form.choice(Member::HeadsetStatus)?,
        since: form.moment(Member::HeadsetSince)?,
        dock_model: text(Member::HeadsetDockModel)?,
        device_name: text(Member::HeadsetDeviceName)?,
        device_model: text(Member::HeadsetDeviceModel)?,
        software_version: text(Member::HeadsetSoftwareVersion)?,
        headset_owner: text(Member::HeadsetHeadsetOwner)?,
        phone_owner: text(Member::HeadsetPhoneOwner)?,
        age_days: form.number(Member::HeadsetAgeDays, AGE_DAYS_MAX)?,
    })
}

fn service(form: &Form<'_>) -> Result<Service, BadBody> {
    let address = |member| form.text(member, ADDRESS_CHARACTERS_MAX);
    Ok(Service {
        class: form.needed(Member::ServiceClass, Form::choice)?,
        enabled: form.needed(Member::ServiceEnabled, Form::flag)?,
        mode: form.choice(Member::ServiceMode)?,
        primary: form.needed_text(Member::ServicePrimary, ADDRESS_CHARACTERS_MAX)?,
        secondary: address(Member::ServiceSecondary)?,
        configuration_url: address(Member::ServiceConfigurationUrl)?,
    })
}

fn lights(form: &Form<'_>) -> Result<Lights, BadBody> {
    Ok(Lights {
        in_call: form.needed(Member::LightsInCall, Form::choice)?,
        in_call_muted: form.needed(Member::LightsInCallMuted, Form::choice)?,
        ready: form.needed(Member::LightsReady, Form::choice)?,
        not_ready: form.needed(Member::LightsNotReady, Form::choice)?,
    })
}

fn settings(form: &Form<'_>) -> Result<HeadsetSettings, BadBody> {
    let word = |member| form.text(member, WORD_CHARACTERS_MAX);
    Ok(HeadsetSettings {
        speaker_volume: form.number(Member::SettingsSpeakerVolume, SPEAKER_VOLUME_MAX)?,
        microphone_gain: word(Member::SettingsMicrophoneGain)?,
        sidetone: word(Member::SettingsSidetone)?,
        equaliser: word(Member::SettingsEqualiser)?,
        audio_bandwidth: word(Member::SettingsAudioBandwidth)?,
        bluetooth: form.flag(Member::SettingsBluetooth)?,
        conference: form.flag(Member::SettingsConference)?,
        firmware_source: word(Member::SettingsFirmwareSource)?,
        dect_radio_range: word(Member::SettingsDectRadioRange)?,
        dock_behaviour: form.flag(Member::SettingsDockBehaviour)?,
    })
}

fn read_current(form: &Form<'_>, members: [Member; 4]) -> Result<Option<Current>, BadBody> {
    let [state, code, reason, since] = members;
    let Some(known) = form.choice::<AgentState>(state)? else { return Ok(None) };
    if form.number(code, u32::MAX)?.is_some_and(|code| code != known.code()) {
        return Err(form.bad(code, format!("must be {}, the number of that state", known.code())));
    }
    let (reason, since) = (form.number(reason, REASON_CODE_MAX)?, form.moment(since)?);
    Ok(Some(Current { state: known, reason, since }))
}
