//! Some documents in the place of others, while the rest stays shared.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Section, SettingDocument, Settings, SipDevices};
use crate::{Key, Kind, ReasonCategory, ReasonCode};

impl Settings {
    /// Puts a document in its place.
    pub(super) fn put(&mut self, document: SettingDocument) {
        match document {
            SettingDocument::Team(it) => {
                insert(&mut self.teams, it.name.clone(), it);
            }
            SettingDocument::Agent(it) => {
                insert(&mut self.agents, it.id.clone(), it);
            }
            SettingDocument::Reason(it) => {
                insert(&mut self.reasons, (it.category, it.code), it);
            }
            SettingDocument::Layout(it) => {
                insert(&mut self.layouts, it.name.clone(), it);
            }
            SettingDocument::Device(it) => {
                insert(&mut self.devices, it.name.clone(), it);
                self.sip_devices = SipDevices::default();
            }
            SettingDocument::Trust(it) => {
                insert(&mut self.trust, it.name.clone(), it);
            }
            SettingDocument::CtiPair(it) => {
                insert(&mut self.cti_pairs, it.name.clone(), *it);
            }
            SettingDocument::Skill(it) => {
                insert(&mut self.skills, it.name.clone(), it);
            }
            SettingDocument::Account(it) => {
                insert(&mut self.accounts, it.name.clone(), it);
            }
            SettingDocument::Directory(it) => {
                insert(&mut self.directories, it.name.clone(), *it);
            }
            SettingDocument::Role(it) => {
                insert(&mut self.roles, it.name.clone(), it);
            }
            SettingDocument::PhoneService(it) => self.phone_service = Arc::new(*it),
            SettingDocument::Voice(it) => self.voice = Arc::new(it),
            SettingDocument::Headset(it) => self.headset = Arc::new(it),
            SettingDocument::Logging(it) => self.logging = Arc::new(it),
            SettingDocument::Alarms(it) => self.alarms = Arc::new(*it),
            SettingDocument::Proxies(it) => self.proxies = Arc::new(*it),
            SettingDocument::SignOn(it) => self.sign_on = Arc::new(it),
            SettingDocument::Retention(it) => self.retention = Arc::new(it),
            SettingDocument::Sip(it) => self.sip = Arc::new(*it),
            SettingDocument::Identity(it) => self.identity = Arc::new(*it),
            SettingDocument::IdentityProvider(it) => {
                insert(&mut self.identity_providers, it.name.clone(), *it);
            }
            SettingDocument::OauthClient(it) => {
                insert(&mut self.oauth_clients, it.client_id.clone(), *it);
            }
            SettingDocument::Mail(it) => self.mail = Arc::new(it),
            SettingDocument::MailServer(it) => {
                insert(&mut self.mail_servers, it.name.clone(), *it);
            }
            SettingDocument::Csq(it) => {
                insert(&mut self.csqs, it.name.clone(), *it);
            }
            SettingDocument::PredefinedResponse(it) => {
                insert(&mut self.predefined_responses, it.title.clone(), it);
            }
            SettingDocument::WrapUpCategory(it) => {
                insert(&mut self.wrap_up_categories, it.name.clone(), it);
            }
            SettingDocument::EmailSignature(it) => {
                insert(&mut self.email_signatures, it.name.clone(), it);
            }
            SettingDocument::Channels(it) => self.channels = Arc::new(*it),
        }
    }

    /// Removes the document under that key, where it is one of settings; what there is one of goes
    /// back to how it is without anybody's word.
    pub(super) fn remove(&mut self, key: &Key) {
        if key.kind != Kind::Setting {
            return;
        }
        let (section, name) = key.id.split_once('/').unwrap_or((&key.id, ""));
        match section {
            "team" => remove(&mut self.teams, name),
            "agent" => remove(&mut self.agents, name),
            "reason" => {
                if let Some(key) = reason_key(name) {
                    Arc::make_mut(&mut self.reasons).remove(&key);
                }
            }
            "layout" => remove(&mut self.layouts, name),
            "device" => {
                remove(&mut self.devices, name);
                self.sip_devices = SipDevices::default();
            }
            "trust" => remove(&mut self.trust, name),
            "cti_pair" => remove(&mut self.cti_pairs, name),
            "skill" => remove(&mut self.skills, name),
            "account" => remove(&mut self.accounts, name),
            "directory" => remove(&mut self.directories, name),
            "role" => remove(&mut self.roles, name),
            "phone_service" => self.phone_service = Arc::default(),
            "voice" => self.voice = Arc::default(),
            "headset" => self.headset = Arc::default(),
            "logging" => self.logging = Arc::default(),
            "alarms" => self.alarms = Arc::default(),
            "proxies" => self.proxies = Arc::default(),
            "sign_on" => self.sign_on = Arc::default(),
            "retention" => self.retention = Arc::default(),
            "sip" => self.sip = Arc::default(),
            "identity" => self.identity = Arc::default(),
            "identity_provider" => remove(&mut self.identity_providers, name),
            "oauth_client" => remove(&mut self.oauth_clients, name),
            "mail" => self.mail = Arc::default(),
            "mail_server" => remove(&mut self.mail_servers, name),
            "csq" => remove(&mut self.csqs, name),
            "predefined_response" => remove(&mut self.predefined_responses, name),
            "wrap_up_category" => remove(&mut self.wrap_up_categories, name),
            "email_signature" => remove(&mut self.email_signatures, name),
            "channels" => self.channels = Arc::default(),
            _ => {}
        }
    }

    /// The document of that section and name; the name says nothing where there is one only.
    pub(super) fn documents_of(&self, section: Section, name: &str) -> Option<SettingDocument> {
        use SettingDocument as Of;
        Some(match section {
            Section::Reason => Of::Reason((**self.reasons.get(&reason_key(name)?)?).clone()),
            Section::Team => Of::Team((**self.teams.get(&name.parse().ok()?)?).clone()),
            Section::Agent => Of::Agent((**self.agents.get(&name.parse().ok()?)?).clone()),
            Section::Layout => Of::Layout((**self.layouts.get(name)?).clone()),
            Section::Device => Of::Device((**self.devices.get(&name.parse().ok()?)?).clone()),
            Section::Trust => Of::Trust((**self.trust.get(name)?).clone()),
            Section::CtiPair => {
                Of::CtiPair(Box::new((**self.cti_pairs.get(&name.parse().ok()?)?).clone()))
            }
            Section::Skill => Of::Skill((**self.skills.get(name)?).clone()),
            Section::Account => Of::Account((**self.accounts.get(&name.parse().ok()?)?).clone()),
            Section::Directory => Of::Directory(Box::new((**self.directories.get(name)?).clone())),
            Section::Role => Of::Role((**self.roles.get(name)?).clone()),
            Section::PhoneService => Of::PhoneService(Box::new((*self.phone_service).clone())),
            Section::Voice => Of::Voice((*self.voice).clone()),
            Section::Headset => Of::Headset((*self.headset).clone()),
            Section::Logging => Of::Logging((*self.logging).clone()),
            Section::Alarms => Of::Alarms(Box::new((*self.alarms).clone())),
            Section::Proxies => Of::Proxies(Box::new((*self.proxies).clone())),
            Section::SignOn => Of::SignOn((*self.sign_on).clone()),
            Section::Retention => Of::Retention((*self.retention).clone()),
            Section::Sip => Of::Sip(Box::new((*self.sip).clone())),
            Section::Identity => Of::Identity(Box::new((*self.identity).clone())),
            Section::IdentityProvider => {
                let provider = self.identity_providers.get(name)?;
                Of::IdentityProvider(Box::new((**provider).clone()))
            }
            Section::OauthClient => {
                Of::OauthClient(Box::new((**self.oauth_clients.get(name)?).clone()))
            }
            Section::Mail => Of::Mail((*self.mail).clone()),
            Section::MailServer => {
                Of::MailServer(Box::new((**self.mail_servers.get(name)?).clone()))
            }
            Section::Csq => Of::Csq(Box::new((**self.csqs.get(name)?).clone())),
            Section::PredefinedResponse => {
                Of::PredefinedResponse((**self.predefined_responses.get(name)?).clone())
            }
            Section::WrapUpCategory => {
                Of::WrapUpCategory((**self.wrap_up_categories.get(name)?).clone())
            }
            Section::EmailSignature => {
                Of::EmailSignature((**self.email_signatures.get(name)?).clone())
            }
            Section::Channels => Of::Channels(Box::new((*self.channels).clone())),
        })
    }
}

fn insert<K: Ord + Clone, D>(map: &mut Arc<BTreeMap<K, Arc<D>>>, key: K, document: D) {
    Arc::make_mut(map).insert(key, Arc::new(document));
}

fn remove<K: Ord + Clone + std::str::FromStr, D>(map: &mut Arc<BTreeMap<K, Arc<D>>>, name: &str) {
    if let Ok(key) = name.parse::<K>() {
        Arc::make_mut(map).remove(&key);
    }
}

fn reason_key(name: &str) -> Option<(ReasonCategory, ReasonCode)> {
    let (category, code) = name.split_once('/')?;
    let category = ReasonCategory::ALL.into_iter().find(|it| it.name() == category)?;
    let number: u16 = code.parse().ok()?;
    // One spelling for one number, as the store's keys have it.
    (number.to_string() == code).then_some((category, ReasonCode(number)))
}
