//! Settings: what administrators decide, one document each, effective at once on every node.
//!
//! A [`SettingsFile`] is what a person wrote, read and checked as a whole: all of it is taken or
//! none, and every problem is told at once under its key. It becomes [`SettingDocument`]s, which
//! the store keeps. [`Settings`] is the map of all of them that decisions read; it is cheap to
//! clone, and every change gives it a higher number.

mod account;
mod agent;
mod alarms;
mod calendar_day;
mod change;
mod channels;
mod csq;
mod csq_tags;
mod cti_pair;
mod device;
mod digital;
mod directory;
mod document;
mod email_signature;
mod export;
mod file;
mod google_key;
mod headset;
mod identity;
mod identity_provider;
mod layout;
mod list;
mod logging;
mod mail;
mod mail_address;
mod mail_server;
mod oauth_client;
mod phone_service;
mod plan;
mod predefined_response;
#[cfg(test)]
mod printing;
mod proxies;
mod reader;
mod reason;
mod references;
mod retention;
mod role_grant;
mod sign_on;
mod sip;
mod skill;
mod team;
mod trust;
mod web_address;
mod wrap_up_category;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use account::{ACCOUNT_PASSWORD_CHARACTERS_MIN, LocalAccount, TOTP_PURPOSE, WrittenAccount};
pub use agent::{
    Agent, NewPassword, PASSWORD_CHARACTERS_MAX, PIN_DIGITS_MAX, PIN_DIGITS_MIN, WrittenAgent,
};
pub use alarms::{
    ALARM_ADDRESSES_MAX, ALARM_PARTS, ALARM_RECEIVERS_MAX, ALARM_RULES_MAX, ALARM_SECRET_PURPOSE,
    AlarmMail, AlarmReceiver, AlarmRule, AlarmSeverity, AlarmState, AlarmTerms, AlarmWebhook,
    Alarms, InvalidTimeOfDay, MailSecurity, TimeOfDay, WrittenAlarms, webhook_place,
};
pub use calendar_day::{CalendarDay, InvalidCalendarDay};
pub use channels::{
    CUSTOMER_RECORDS_SECRET_PURPOSE, Channel, Channels, CustomerRecords, FRAME_ORIGINS_MAX,
    SCAN_BYTES_MAX, SCAN_BYTES_RANGE, ScannerPlace, Unscanned, VirusScanner, WrittenChannels,
};
pub use csq::{
    ACKNOWLEDGEMENT_CHARACTERS_MAX, ACKNOWLEDGEMENT_SUBJECT_CHARACTERS_MAX, ALIASES_MAX,
    Acknowledgement, CSQ_CHARACTERS_MAX, CSQS_MAX, Csq, EMAIL_CSQS_MAX, EmailCsq,
    GOOGLE_KEY_PURPOSE, MAIL_CLIENT_SECRET_PURPOSE, MAILBOX_PASSWORD_PURPOSE, MailProof, Selection,
    WrittenCsq,
};
pub use csq_tags::CSQS_OF_TAG_MAX;
pub use cti_pair::{
    CLIENT_PASSWORD_PURPOSE, CLIENT_TEXT_BYTES_MAX, CTI_PAIRS_MAX, CtiDialect, CtiPair,
    CtiSessions, CtiSide, InvalidCtiSide, PairOf, WrittenCtiPair,
};
pub use device::{Device, LINES_MAX, WrittenDevice};
pub use directory::{
    DIRECTORY_PASSWORD_PURPOSE, Directory, DirectorySecurity, DirectoryServer, DirectorySync,
    DirectoryTeam, USER_PLACE, WrittenDirectory,
};
pub use document::{Section, SettingDocument, SettingsHead};
pub use email_signature::{
    AGENT_ALIAS_PLACE, EMAIL_SIGNATURES_MAX, EmailSignature, SIGNATURE_NAME_CHARACTERS_MAX,
};
pub use export::{MASK, SECRET_MEMBERS, export, export_document, masked};
pub use file::{AGENTS_MAX, DEVICES_MAX, Documents, HashOf, SecretOf, SettingsFile};
pub use google_key::{GOOGLE_KEY_CHARACTERS_MAX, GoogleKey};
pub use headset::{
    DeploymentType, HEADSET_MODEL_CHARACTERS_MAX, HEADSET_TEMPLATES_MAX,
    HEADSET_VERSION_CHARACTERS_MAX, Headset, HeadsetFirmware, HeadsetMode, HeadsetProof,
    HeadsetSetting, HeadsetTemplate, HeadsetValue, MuteButton,
};
pub use identity::{IDENTITY_HOSTS_MAX, IDENTITY_PORT, IdentitySettings, TokenSignature};
pub use identity_provider::{IDENTITY_PROVIDERS_MAX, IdentityProvider, METADATA_BYTES_MAX};
pub use layout::{Layout, LayoutField};
pub use logging::{LogLevel, Logging, SyslogFraming, SyslogReceiver, SyslogTransport};
pub use mail::{
    GOOGLE_TOKEN_HOST, Mail, SUBJECT_TAG_CHARACTERS_MAX, SUBJECT_TAGS_MAX, TOKEN_HOSTS_MAX,
};
pub use mail_server::{
    FOLDER_CHARACTERS_MAX, MAIL_SERVERS_MAX, MailServer, MailServerKind, PROOF_SECONDS,
    PROOF_SECONDS_MAX, PROOF_SECONDS_MIN, SubmissionSecurity, TENANT_PLACE, TokenMechanism,
    UnclearSending,
};
pub use oauth_client::{
    CLIENT_ID_DIGITS, CLIENT_SECRET_CHARACTERS_MAX, CLIENT_SECRET_CHARACTERS_MIN,
    OAUTH_CLIENTS_MAX, OauthClient, OauthClientKind, REDIRECT_URLS_MAX, RefreshRule,
};
pub use phone_service::{
    DevicePolicy, FormMethod, LabelLimit, NewSecret, PUSH_PASSWORD_CHARACTERS_MAX,
    PUSH_PASSWORD_PURPOSE, PhoneService, Push, WrittenPush,
};
pub use plan::{Becomes, Planned, plan};
pub(crate) use plan::{changes, name};
pub use predefined_response::{
    PREDEFINED_RESPONSES_MAX, PredefinedResponse, RESPONSE_CHARACTERS_MAX,
    RESPONSE_TITLE_CHARACTERS_MAX,
};
pub use proxies::{PROXY_PASSWORD_PURPOSE, Proxies, Proxy, WrittenProxies};
pub use reader::Reader;
pub use reason::{LABEL_CHARACTERS_MAX, Reason};
pub use retention::Retention;
pub use role_grant::RoleGrant;
pub use sign_on::{MESSAGE_CHARACTERS_MAX, SignOn};
pub use sip::{
    DeviceSip, InvalidNetwork, Network, SIP_CREDENTIAL_CHARACTERS_MAX, SIP_DEVICE_PASSWORD_PURPOSE,
    SIP_DOMAINS_MAX, SIP_NEXT_HOP_PASSWORD_PURPOSE, SIP_NEXT_HOPS_MAX, SIP_SERVERS_MAX, Sip,
    SipAlgorithm, SipDevices, SipNextHop, SipProof, SipServer, SipTransport, WrittenSip,
};
pub use skill::{COMPETENCE_MAX, SKILL_CHARACTERS_MAX, SKILLS_OF_AGENT_MAX, Skill};
pub use team::{Team, Voice};
pub use trust::{Trust, TrustPurpose};
pub use web_address::URL_BYTES_MAX;
pub use wrap_up_category::{
    WRAP_UP_CATEGORIES_MAX, WRAP_UP_CATEGORIES_OF_CSQ_MAX, WRAP_UP_CHARACTERS_MAX,
    WRAP_UP_CHOICES_MAX, WRAP_UP_REASONS_MAX, WrapUpCategory,
};

use crate::{
    AgentId, AgentKey, DeviceName, Extension, Key, PairName, Problem, ReasonCategory, ReasonCode,
    Sealed, TeamName,
};

/// All settings in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Rises with every change; 0 before anything was applied.
    pub number: u64,
    /// A digest of the file they came from, where they came from one.
    pub source: Option<String>,
    /// Agents by id.
    pub agents: Arc<BTreeMap<AgentId, Arc<Agent>>>,
    /// Teams by name.
    pub teams: Arc<BTreeMap<TeamName, Arc<Team>>>,
    /// Reasons by category and code.
    pub reasons: Arc<BTreeMap<(ReasonCategory, ReasonCode), Arc<Reason>>>,
    /// Call-variable layouts by name.
    pub layouts: Arc<BTreeMap<String, Arc<Layout>>>,
    /// Phones and device profiles by name.
    pub devices: Arc<BTreeMap<DeviceName, Arc<Device>>>,
    /// Certificates we trust by name.
    pub trust: Arc<BTreeMap<String, Arc<Trust>>>,
    /// Pairs of contact-centre servers by name; with none the gateway owns voice state itself.
    pub cti_pairs: Arc<BTreeMap<PairName, Arc<CtiPair>>>,
    /// Skills by name.
    pub skills: Arc<BTreeMap<String, Arc<Skill>>>,
    /// Local accounts by name; no agent has the name of one.
    pub accounts: Arc<BTreeMap<AgentId, Arc<LocalAccount>>>,
    /// Directories by name.
    pub directories: Arc<BTreeMap<String, Arc<Directory>>>,
    /// Roles of people whom a directory or an identity provider knows, by the grant's name.
    pub roles: Arc<BTreeMap<String, Arc<RoleGrant>>>,
    /// How phones are served.
    pub phone_service: Arc<PhoneService>,
    /// What holds for all voice state that the gateway owns.
    pub voice: Arc<Voice>,
    /// How headsets take part.
    pub headset: Arc<Headset>,
    /// The log beyond each node's own.
    pub logging: Arc<Logging>,
    /// Alarms of the deployment.
    pub alarms: Arc<Alarms>,
    /// Proxies on the way out.
    pub proxies: Arc<Proxies>,
    /// Sign-ins in consoles.
    pub sign_on: Arc<SignOn>,
    /// How long records are kept.
    pub retention: Arc<Retention>,
    /// How SIP is spoken; [`Sip::is_on`] says whether at all.
    pub sip: Arc<Sip>,
    /// The phones by what SIP calls them.
    pub sip_devices: SipDevices,
    /// The identity service.
    pub identity: Arc<IdentitySettings>,
    /// Identity providers by name; no directory has the name of one.
    pub identity_providers: Arc<BTreeMap<String, Arc<IdentityProvider>>>,
    /// Programs that get tokens, by their ids.
    pub oauth_clients: Arc<BTreeMap<String, Arc<OauthClient>>>,
    /// What holds for all mail.
    pub mail: Arc<Mail>,
    /// Mail servers by name.
    pub mail_servers: Arc<BTreeMap<String, Arc<MailServer>>>,
    /// Contact service queues for digital contacts, by name.
    pub csqs: Arc<BTreeMap<String, Arc<Csq>>>,
    /// Predefined responses by title.
    pub predefined_responses: Arc<BTreeMap<String, Arc<PredefinedResponse>>>,
    /// Wrap-up categories by name.
    pub wrap_up_categories: Arc<BTreeMap<String, Arc<WrapUpCategory>>>,
    /// Email signatures by name.
    pub email_signatures: Arc<BTreeMap<String, Arc<EmailSignature>>>,
    /// What holds for all digital contacts.
    pub channels: Arc<Channels>,
}

impl Settings {
    /// The settings made of these documents, under that head.
    pub fn from_documents(
        head: &SettingsHead,
        documents: impl IntoIterator<Item = SettingDocument>,
    ) -> Self {
        Self::default().changed(head, documents, &[])
    }

    /// The same settings with those documents in the place of what was there, under that head: what
    /// did not change is shared and not copied.
    #[must_use]
    pub fn changed(
        &self,
        head: &SettingsHead,
        put: impl IntoIterator<Item = SettingDocument>,
        removed: &[Key],
    ) -> Self {
        let mut settings =
            Self { number: head.number, source: head.source.clone(), ..self.clone() };
        for document in put {
            settings.put(document);
        }
        for key in removed {
            settings.remove(key);
        }
        settings
    }

    /// Every document, in the order of sections and names.
    pub fn documents(&self) -> Vec<SettingDocument> {
        let mut documents = Vec::new();
        documents.extend(self.teams.values().map(|it| SettingDocument::Team((**it).clone())));
        documents.extend(self.agents.values().map(|it| SettingDocument::Agent((**it).clone())));
        documents.extend(self.reasons.values().map(|it| SettingDocument::Reason((**it).clone())));
        documents.extend(self.layouts.values().map(|it| SettingDocument::Layout((**it).clone())));
        documents.extend(self.devices.values().map(|it| SettingDocument::Device((**it).clone())));
        documents.extend(self.trust.values().map(|it| SettingDocument::Trust((**it).clone())));
        let pairs = self.cti_pairs.values();
        documents.extend(pairs.map(|it| SettingDocument::CtiPair(Box::new((**it).clone()))));
        documents.push(SettingDocument::PhoneService(Box::new((*self.phone_service).clone())));
        documents.push(SettingDocument::Voice((*self.voice).clone()));
        documents.extend(self.skills.values().map(|it| SettingDocument::Skill((**it).clone())));
        documents.extend(self.accounts.values().map(|it| SettingDocument::Account((**it).clone())));
        let directories = self.directories.values();
        documents
            .extend(directories.map(|it| SettingDocument::Directory(Box::new((**it).clone()))));
        documents.extend(self.roles.values().map(|it| SettingDocument::Role((**it).clone())));
        documents.push(SettingDocument::Headset((*self.headset).clone()));
        documents.push(SettingDocument::Logging((*self.logging).clone()));
        documents.push(SettingDocument::Alarms(Box::new((*self.alarms).clone())));
        documents.push(SettingDocument::Proxies(Box::new((*self.proxies).clone())));
        documents.push(SettingDocument::SignOn((*self.sign_on).clone()));
        documents.push(SettingDocument::Retention((*self.retention).clone()));
        documents.push(SettingDocument::Sip(Box::new((*self.sip).clone())));
        documents.push(SettingDocument::Identity(Box::new((*self.identity).clone())));
        let providers = self.identity_providers.values();
        documents.extend(
            providers.map(|it| SettingDocument::IdentityProvider(Box::new((**it).clone()))),
        );
        let clients = self.oauth_clients.values();
        documents.extend(clients.map(|it| SettingDocument::OauthClient(Box::new((**it).clone()))));
        documents.push(SettingDocument::Mail((*self.mail).clone()));
        let servers = self.mail_servers.values();
        documents.extend(servers.map(|it| SettingDocument::MailServer(Box::new((**it).clone()))));
        let csqs = self.csqs.values();
        documents.extend(csqs.map(|it| SettingDocument::Csq(Box::new((**it).clone()))));
        let responses = self.predefined_responses.values();
        documents.extend(responses.map(|it| SettingDocument::PredefinedResponse((**it).clone())));
        let categories = self.wrap_up_categories.values();
        documents.extend(categories.map(|it| SettingDocument::WrapUpCategory((**it).clone())));
        let signatures = self.email_signatures.values();
        documents.extend(signatures.map(|it| SettingDocument::EmailSignature((**it).clone())));
        documents.push(SettingDocument::Channels(Box::new((*self.channels).clone())));
        documents
    }

    /// The document under that key, where there is one.
    pub fn document(&self, key: &Key) -> Option<SettingDocument> {
        let (section, name) = key.id.split_once('/').unwrap_or((&key.id, ""));
        let section = Section::ALL.into_iter().find(|it| it.name() == section)?;
        self.documents_of(section, name)
    }

    /// That secret, where it is set.
    pub fn secret(&self, of: &SecretOf) -> Option<Sealed> {
        let document = match of {
            SecretOf::Push => self.documents_of(Section::PhoneService, ""),
            SecretOf::CtiPair(name) => self.documents_of(Section::CtiPair, name.as_str()),
            SecretOf::Totp(name) => self.documents_of(Section::Account, name.as_str()),
            SecretOf::Directory(name) => self.documents_of(Section::Directory, name),
            SecretOf::HttpProxy | SecretOf::SocksProxy => self.documents_of(Section::Proxies, ""),
            SecretOf::SipNextHop(_) => self.documents_of(Section::Sip, ""),
            SecretOf::AlarmReceiver(_) => self.documents_of(Section::Alarms, ""),
            SecretOf::Mailbox(name) | SecretOf::GoogleKey(name) | SecretOf::MailClient(name) => {
                self.documents_of(Section::Csq, name)
            }
            SecretOf::CustomerRecords => self.documents_of(Section::Channels, ""),
            SecretOf::SipDevice(name) => {
                return self.devices.get(name)?.sip.as_ref()?.password.clone();
            }
        };
        let document = document?;
        document.secrets().into_iter().find(|(it, _)| it == of).map(|(_, sealed)| sealed.clone())
    }

    /// The documents that hold sealed secrets.
    pub fn with_secrets(&self) -> Vec<SettingDocument> {
        let single = [
            Section::PhoneService,
            Section::Alarms,
            Section::Proxies,
            Section::Sip,
            Section::Channels,
        ]
        .map(|it| self.documents_of(it, ""));
        let mut documents: Vec<_> = single.into_iter().flatten().collect();
        let pairs = self.cti_pairs.values();
        documents.extend(pairs.map(|it| SettingDocument::CtiPair(Box::new((**it).clone()))));
        documents.extend(self.accounts.values().map(|it| SettingDocument::Account((**it).clone())));
        let directories = self.directories.values();
        documents
            .extend(directories.map(|it| SettingDocument::Directory(Box::new((**it).clone()))));
        let csqs = self.csqs.values();
        documents.extend(csqs.map(|it| SettingDocument::Csq(Box::new((**it).clone()))));
        documents.retain(|document| !document.secrets().is_empty());
        let has_password =
            |it: &&Arc<Device>| it.sip.as_ref().is_some_and(|sip| sip.password.is_some());
        let devices = self.devices.values().filter(has_password);
        documents.extend(devices.map(|it| SettingDocument::Device((**it).clone())));
        documents
    }

    /// The hash of that password or PIN, where it is set.
    pub fn hash(&self, of: &HashOf) -> Option<String> {
        match of {
            HashOf::Password(name) => match self.agents.get(name) {
                Some(agent) => agent.password_hash.clone(),
                None => self.accounts.get(name).and_then(|account| account.password_hash.clone()),
            },
            HashOf::Pin(name) => self.agents.get(name).and_then(|agent| agent.pin_hash.clone()),
        }
    }

    /// The identity provider that people are sent to: the one that is named, else the only one.
    pub fn identity_provider(&self) -> Option<&Arc<IdentityProvider>> {
        match &self.identity.provider {
            Some(name) => self.identity_providers.get(name),
            None if self.identity_providers.len() == 1 => self.identity_providers.values().next(),
            None => None,
        }
    }

    /// The reasons an agent may choose from: those for everybody and those of the agent's team, by
    /// code (PHN-06). Who shows them cuts the list where the screen ends.
    pub fn reasons_for(
        &self,
        agent: &AgentId,
        category: ReasonCategory,
    ) -> impl Iterator<Item = &Reason> {
        let team = self.agents.get(agent).and_then(|agent| agent.team.clone());
        let range = (category, ReasonCode(0))..=(category, ReasonCode(u16::MAX));
        self.reasons
            .range(range)
            .map(|(_, reason)| reason.as_ref())
            .filter(move |reason| reason.applies_to(team.as_ref()))
    }

    /// The reason of that code, where the agent may choose it.
    pub fn reason_for(
        &self,
        agent: &AgentId,
        category: ReasonCategory,
        code: ReasonCode,
    ) -> Option<&Reason> {
        let team = self.agents.get(agent).and_then(|agent| agent.team.as_ref());
        self.reasons
            .get(&(category, code))
            .map(Arc::as_ref)
            .filter(|reason| reason.applies_to(team))
    }

    /// The phones and profiles that have that line, by name.
    pub fn devices_with(&self, extension: &Extension) -> impl Iterator<Item = &Device> {
        self.devices
            .values()
            .map(Arc::as_ref)
            .filter(move |device| device.lines.contains(extension))
    }

    /// The layout of the agent's calls: the team's, else the one named `default`.
    pub fn layout_for(&self, agent: &AgentId) -> Option<&Layout> {
        let team = self.agents.get(agent).and_then(|agent| self.teams.get(agent.team.as_ref()?));
        let name = team.and_then(|team| team.layout.as_deref()).unwrap_or("default");
        self.layouts.get(name).map(Arc::as_ref)
    }

    /// The pair the agent belongs to, as far as settings say: the agent's own, else the team's, else
    /// the only one (CTI-10).
    pub fn pair_of(&self, agent: &AgentId) -> PairOf {
        let agent = self.agents.get(agent);
        let team = agent.and_then(|agent| self.teams.get(agent.team.as_ref()?));
        let own = agent.and_then(|agent| agent.pair.as_ref());
        let named = own.or(team.and_then(|team| team.pair.as_ref()));
        if let Some(pair) = named.filter(|pair| self.cti_pairs.contains_key(*pair)) {
            return PairOf::One(pair.clone());
        }
        let mut names: Vec<_> = self.cti_pairs.keys().cloned().collect();
        match names.len() {
            0 => PairOf::Owned,
            1 => PairOf::One(names.remove(0)),
            _ => PairOf::Unsettled(names),
        }
    }

    /// Whether an agent may stay signed in. Who is an agent of a pair of servers is those servers' to say, as
    /// long as the pair is there and the agent's.
    pub fn may_stay(&self, agent: &AgentKey) -> bool {
        match self.pair_of(&agent.id) {
            PairOf::Owned => agent.is_owned() && self.agents.contains_key(&agent.id),
            of_pair => of_pair.may_be(&agent.pair),
        }
    }

    /// What is in force but looks wrong, each under the key of a settings file.
    pub fn warnings(&self) -> Vec<Problem> {
        let push_user = self.phone_service.push.as_ref().map(|push| push.user.as_str());
        let pairs = self.cti_pairs.values();
        let mut warnings =
            cti_pair::warnings(push_user, pairs.map(|it| (&it.name, it.rmcm_user.as_deref())));
        let has_password = |it: &Device| it.sip.as_ref().is_some_and(|sip| sip.password.is_some());
        let devices = self.devices.values().map(|it| (&**it, has_password(it)));
        let trust = self.trust.values().map(Arc::as_ref);
        warnings.extend(sip::warnings(&self.sip, devices, trust.clone()));
        warnings.extend(headset::warnings(&self.headset, &self.sip, trust));
        let has_password =
            |it: &Csq| it.email.as_ref().is_some_and(|email| email.password.is_some());
        let csqs = self.csqs.values().map(|it| (&**it, has_password(it)));
        let kind = |name: &str| self.mail_servers.get(name).map(|server| server.kind);
        warnings.extend(csq::warnings(csqs, kind));
        warnings
    }

    /// How long the agent wraps up after a call, in seconds; 0 means not at all.
    pub fn wrap_up_seconds_for(&self, agent: &AgentId) -> u32 {
        let team = self.agents.get(agent).and_then(|agent| self.teams.get(agent.team.as_ref()?));
        team.and_then(|team| team.wrap_up_seconds).unwrap_or(self.voice.wrap_up_seconds)
    }
}
