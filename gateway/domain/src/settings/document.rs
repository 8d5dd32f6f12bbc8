//! Settings documents as the store keeps them.

use serde::{Deserialize, Serialize};

use super::{
    Agent, Alarms, Channels, Csq, CtiPair, Device, Directory, EmailSignature, Headset,
    IdentityProvider, IdentitySettings, Layout, LocalAccount, Logging, Mail, MailServer,
    OauthClient, PhoneService, PredefinedResponse, Proxies, Reason, Retention, RoleGrant, SecretOf,
    SignOn, Sip, Skill, Team, Trust, Voice, WrapUpCategory,
};
use crate::{Key, Kind, Sealed};

/// Which part of the settings a document belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Teams.
    Team,
    /// Agents.
    Agent,
    /// Reason codes.
    Reason,
    /// Call-variable layouts.
    Layout,
    /// Phones and device profiles.
    Device,
    /// Certificates we trust.
    Trust,
    /// Pairs of contact-centre servers.
    CtiPair,
    /// How phones are served.
    PhoneService,
    /// What holds for voice state that the gateway owns.
    Voice,
    /// Skills.
    Skill,
    /// Local accounts.
    Account,
    /// Directories.
    Directory,
    /// Roles of people whom a directory knows.
    Role,
    /// How headsets take part.
    Headset,
    /// The log beyond each node's own.
    Logging,
    /// Alarms of the deployment.
    Alarms,
    /// Proxies on the way out.
    Proxies,
    /// Sign-ins in consoles.
    SignOn,
    /// How long records are kept.
    Retention,
    /// How SIP is spoken.
    Sip,
    /// The identity service.
    Identity,
    /// Identity providers.
    IdentityProvider,
    /// Programs that get tokens.
    OauthClient,
    /// What holds for all mail.
    Mail,
    /// Mail servers.
    MailServer,
    /// Contact service queues for digital contacts.
    Csq,
    /// Predefined responses.
    PredefinedResponse,
    /// Wrap-up categories.
    WrapUpCategory,
    /// Email signatures.
    EmailSignature,
    /// What holds for all digital contacts.
    Channels,
}

impl Section {
    /// Every section.
    pub const ALL: [Self; 30] = [
        Self::Team,
        Self::Agent,
        Self::Reason,
        Self::Layout,
        Self::Device,
        Self::Trust,
        Self::CtiPair,
        Self::PhoneService,
        Self::Voice,
        Self::Skill,
        Self::Account,
        Self::Directory,
        Self::Role,
        Self::Headset,
        Self::Logging,
        Self::Alarms,
        Self::Proxies,
        Self::SignOn,
        Self::Retention,
        Self::Sip,
        Self::Identity,
        Self::IdentityProvider,
        Self::OauthClient,
        Self::Mail,
        Self::MailServer,
        Self::Csq,
        Self::PredefinedResponse,
        Self::WrapUpCategory,
        Self::EmailSignature,
        Self::Channels,
    ];

    /// The name under which the store keeps it. It never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Agent => "agent",
            Self::Reason => "reason",
            Self::Layout => "layout",
            Self::Device => "device",
            Self::Trust => "trust",
            Self::CtiPair => "cti_pair",
            Self::PhoneService => "phone_service",
            Self::Voice => "voice",
            Self::Skill => "skill",
            Self::Account => "account",
            Self::Directory => "directory",
            Self::Role => "role",
            Self::Headset => "headset",
            Self::Logging => "logging",
            Self::Alarms => "alarms",
            Self::Proxies => "proxies",
            Self::SignOn => "sign_on",
            Self::Retention => "retention",
            Self::Sip => "sip",
            Self::Identity => "identity",
            Self::IdentityProvider => "identity_provider",
            Self::OauthClient => "oauth_client",
            Self::Mail => "mail",
            Self::MailServer => "mail_server",
            Self::Csq => "csq",
            Self::PredefinedResponse => "predefined_response",
            Self::WrapUpCategory => "wrap_up_category",
            Self::EmailSignature => "email_signature",
            Self::Channels => "channels",
        }
    }

    /// The key of a settings file that it stands under.
    pub fn file_key(self) -> &'static str {
        match self {
            Self::Team => "teams",
            Self::Agent => "agents",
            Self::Reason => "reason_codes",
            Self::Layout => "layouts",
            Self::Device => "devices",
            Self::Trust => "trust",
            Self::CtiPair => "cti_pairs",
            Self::PhoneService => "phone_service",
            Self::Voice => "voice",
            Self::Skill => "skills",
            Self::Account => "accounts",
            Self::Directory => "directories",
            Self::Role => "roles",
            Self::Headset => "headset",
            Self::Logging => "logging",
            Self::Alarms => "alarms",
            Self::Proxies => "proxies",
            Self::SignOn => "sign_on",
            Self::Retention => "retention",
            Self::Sip => "sip",
            Self::Identity => "identity",
            Self::IdentityProvider => "identity_providers",
            Self::OauthClient => "oauth_clients",
            Self::Mail => "mail",
            Self::MailServer => "mail_servers",
            Self::Csq => "csqs",
            Self::PredefinedResponse => "predefined_responses",
            Self::WrapUpCategory => "wrap_up_categories",
            Self::EmailSignature => "email_signatures",
            Self::Channels => "channels",
        }
    }

    /// Whether there is one document of it and no list.
    pub fn is_single(self) -> bool {
        matches!(
            self,
            Self::PhoneService
                | Self::Voice
                | Self::Headset
                | Self::Logging
                | Self::Alarms
                | Self::Proxies
                | Self::SignOn
                | Self::Retention
                | Self::Sip
                | Self::Identity
                | Self::Mail
                | Self::Channels
        )
    }
}

/// One settings document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "section", rename_all = "snake_case")]
pub enum SettingDocument {
    /// A team.
    Team(Team),
    /// An agent.
    Agent(Agent),
    /// A reason code.
    Reason(Reason),
    /// A call-variable layout.
    Layout(Layout),
    /// A phone or device profile.
    Device(Device),
    /// Certificates we trust.
    Trust(Trust),
    /// A pair of contact-centre servers.
    CtiPair(Box<CtiPair>),
    /// How phones are served.
    PhoneService(Box<PhoneService>),
    /// What holds for voice state that the gateway owns.
    Voice(Voice),
    /// A skill.
    Skill(Skill),
    /// A local account.
    Account(LocalAccount),
    /// A directory.
    Directory(Box<Directory>),
    /// A role of people whom a directory knows.
    Role(RoleGrant),
    /// How headsets take part.
    Headset(Headset),
    /// The log beyond each node's own.
    Logging(Logging),
    /// Alarms of the deployment.
    Alarms(Box<Alarms>),
    /// Proxies on the way out.
    Proxies(Box<Proxies>),
    /// Sign-ins in consoles.
    SignOn(SignOn),
    /// How long records are kept.
    Retention(Retention),
    /// How SIP is spoken.
    Sip(Box<Sip>),
    /// The identity service.
    Identity(Box<IdentitySettings>),
    /// An identity provider.
    IdentityProvider(Box<IdentityProvider>),
    /// A program that gets tokens.
    OauthClient(Box<OauthClient>),
    /// What holds for all mail.
    Mail(Mail),
    /// A mail server.
    MailServer(Box<MailServer>),
    /// A contact service queue for digital contacts.
    Csq(Box<Csq>),
    /// A predefined response.
    PredefinedResponse(PredefinedResponse),
    /// A wrap-up category.
    WrapUpCategory(WrapUpCategory),
    /// An email signature.
    EmailSignature(EmailSignature),
    /// What holds for all digital contacts.
    Channels(Box<Channels>),
}

impl SettingDocument {
    /// The part of the settings it belongs to.
    pub fn section(&self) -> Section {
        match self {
            Self::Team(_) => Section::Team,
            Self::Agent(_) => Section::Agent,
            Self::Reason(_) => Section::Reason,
            Self::Layout(_) => Section::Layout,
            Self::Device(_) => Section::Device,
            Self::Trust(_) => Section::Trust,
            Self::CtiPair(_) => Section::CtiPair,
            Self::PhoneService(_) => Section::PhoneService,
            Self::Voice(_) => Section::Voice,
            Self::Skill(_) => Section::Skill,
            Self::Account(_) => Section::Account,
            Self::Directory(_) => Section::Directory,
            Self::Role(_) => Section::Role,
            Self::Headset(_) => Section::Headset,
            Self::Logging(_) => Section::Logging,
            Self::Alarms(_) => Section::Alarms,
            Self::Proxies(_) => Section::Proxies,
            Self::SignOn(_) => Section::SignOn,
            Self::Retention(_) => Section::Retention,
            Self::Sip(_) => Section::Sip,
            Self::Identity(_) => Section::Identity,
            Self::IdentityProvider(_) => Section::IdentityProvider,
            Self::OauthClient(_) => Section::OauthClient,
            Self::Mail(_) => Section::Mail,
            Self::MailServer(_) => Section::MailServer,
            Self::Csq(_) => Section::Csq,
            Self::PredefinedResponse(_) => Section::PredefinedResponse,
            Self::WrapUpCategory(_) => Section::WrapUpCategory,
            Self::EmailSignature(_) => Section::EmailSignature,
            Self::Channels(_) => Section::Channels,
        }
    }

    /// Its name among those of its section; `None` where the section has one document.
    pub fn name(&self) -> Option<String> {
        Some(match self {
            Self::Team(team) => team.name.to_string(),
            Self::Agent(agent) => agent.id.to_string(),
            Self::Reason(reason) => format!("{}/{}", reason.category.name(), reason.code),
            Self::Layout(layout) => layout.name.clone(),
            Self::Device(device) => device.name.to_string(),
            Self::Trust(trust) => trust.name.clone(),
            Self::CtiPair(pair) => pair.name.to_string(),
            Self::Skill(skill) => skill.name.clone(),
            Self::Account(account) => account.name.to_string(),
            Self::Directory(directory) => directory.name.clone(),
            Self::Role(role) => role.name.clone(),
            Self::IdentityProvider(provider) => provider.name.clone(),
            Self::OauthClient(client) => client.client_id.clone(),
            Self::MailServer(server) => server.name.clone(),
            Self::Csq(csq) => csq.name.clone(),
            Self::PredefinedResponse(response) => response.title.clone(),
            Self::WrapUpCategory(category) => category.name.clone(),
            Self::EmailSignature(signature) => signature.name.clone(),
            Self::PhoneService(_)
            | Self::Voice(_)
            | Self::Headset(_)
            | Self::Logging(_)
            | Self::Alarms(_)
            | Self::Proxies(_)
            | Self::SignOn(_)
            | Self::Retention(_)
            | Self::Sip(_)
            | Self::Identity(_)
            | Self::Mail(_)
            | Self::Channels(_) => return None,
        })
    }

    /// Where the store keeps it.
    pub fn key(&self) -> Key {
        let section = self.section().name();
        let id = match self.name() {
            Some(name) => format!("{section}/{name}"),
            None => section.to_owned(),
        };
        Key::new(Kind::Setting, id)
    }

    /// The sealed secrets in it, each with what it is.
    pub fn secrets(&self) -> Vec<(SecretOf, &Sealed)> {
        let found = match self {
            Self::PhoneService(service) => {
                vec![(SecretOf::Push, service.push.as_ref().map(|push| &push.password))]
            }
            Self::CtiPair(pair) => {
                vec![(SecretOf::CtiPair(pair.name.clone()), pair.client_password.as_ref())]
            }
            Self::Account(account) => {
                vec![(SecretOf::Totp(account.name.clone()), account.totp.as_ref())]
            }
            Self::Directory(directory) => {
                let of = SecretOf::Directory(directory.name.clone());
                vec![(of, directory.bind_password.as_ref())]
            }
            Self::Proxies(proxies) => {
                let http = proxies.http.as_ref().and_then(|proxy| proxy.password.as_ref());
                let socks = proxies.socks.as_ref().and_then(|proxy| proxy.password.as_ref());
                vec![(SecretOf::HttpProxy, http), (SecretOf::SocksProxy, socks)]
            }
            Self::Alarms(alarms) => {
                let of = |name: &String| SecretOf::AlarmReceiver(name.clone());
                alarms.receivers.iter().map(|it| (of(&it.name), it.secret())).collect()
            }
            Self::Device(device) => {
                let password = device.sip.as_ref().and_then(|sip| sip.password.as_ref());
                vec![(SecretOf::SipDevice(device.name.clone()), password)]
            }
            Self::Sip(sip) => {
                let of = |name: &String| SecretOf::SipNextHop(name.clone());
                sip.next_hops.iter().map(|hop| (of(&hop.name), hop.password.as_ref())).collect()
            }
            Self::Csq(csq) => csq.secrets(),
            Self::Channels(channels) => {
                let records = channels.customer_records.as_ref();
                vec![(SecretOf::CustomerRecords, records.and_then(|it| it.secret.as_ref()))]
            }
            _ => Vec::new(),
        };
        found.into_iter().filter_map(|(of, sealed)| Some((of, sealed?))).collect()
    }

    /// The same document with that secret sealed anew; another one's secret changes nothing.
    #[must_use]
    pub fn with_secret(mut self, of: &SecretOf, sealed: Sealed) -> Self {
        let place = match (&mut self, of) {
            (Self::PhoneService(service), SecretOf::Push) => {
                service.push.as_mut().map(|push| &mut push.password)
            }
            (Self::CtiPair(pair), SecretOf::CtiPair(_)) => pair.client_password.as_mut(),
            (Self::Account(account), SecretOf::Totp(_)) => account.totp.as_mut(),
            (Self::Directory(it), SecretOf::Directory(_)) => it.bind_password.as_mut(),
            (Self::Proxies(proxies), SecretOf::HttpProxy) => {
                proxies.http.as_mut().and_then(|proxy| proxy.password.as_mut())
            }
            (Self::Proxies(proxies), SecretOf::SocksProxy) => {
                proxies.socks.as_mut().and_then(|proxy| proxy.password.as_mut())
            }
            (Self::Alarms(alarms), SecretOf::AlarmReceiver(name)) => {
                let receiver = alarms.receivers.iter_mut().find(|it| it.name == *name);
                receiver.and_then(|receiver| receiver.secret_mut())
            }
            (Self::Device(device), SecretOf::SipDevice(_)) => {
                device.sip.as_mut().and_then(|sip| sip.password.as_mut())
            }
            (Self::Sip(sip), SecretOf::SipNextHop(name)) => {
                let hop = sip.next_hops.iter_mut().find(|hop| hop.name == *name);
                hop.and_then(|hop| hop.password.as_mut())
            }
            (Self::Csq(csq), of) => csq.secret_mut(of),
            (Self::Channels(channels), SecretOf::CustomerRecords) => {
                channels.customer_records.as_mut().and_then(|it| it.secret.as_mut())
            }
            _ => None,
        };
        if let Some(place) = place {
            *place = sealed;
        }
        self
    }
}

/// The number of the settings as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsHead {
    /// Rises with every change.
    pub number: u64,
    /// A keyed digest of the file they came from, where they came from one.
    pub source: Option<String>,
    /// The documents that the last change wrote or removed, where they were few: who knows the
    /// settings of the number before needs to read no others.
    #[serde(default)]
    pub changed: Option<Vec<String>>,
}
