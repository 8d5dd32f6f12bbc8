//! A settings file: what a person wrote, read and checked as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::cti_pair::{self, Pairs};
use super::list::refuse_repeated;
use super::references::References;
use super::{
    ALARM_SECRET_PURPOSE, CLIENT_PASSWORD_PURPOSE, CSQS_MAX, CUSTOMER_RECORDS_SECRET_PURPOSE,
    DIRECTORY_PASSWORD_PURPOSE, Device, EMAIL_SIGNATURES_MAX, EmailSignature, GOOGLE_KEY_PURPOSE,
    Headset, IDENTITY_PROVIDERS_MAX, IdentityProvider, IdentitySettings, Layout, Logging,
    MAIL_CLIENT_SECRET_PURPOSE, MAIL_SERVERS_MAX, MAILBOX_PASSWORD_PURPOSE, Mail, MailServer,
    NewPassword, NewSecret, OAUTH_CLIENTS_MAX, OauthClient, PREDEFINED_RESPONSES_MAX,
    PROXY_PASSWORD_PURPOSE, PUSH_PASSWORD_PURPOSE, PhoneService, PredefinedResponse, Push, Reader,
    Reason, Retention, RoleGrant, SIP_DEVICE_PASSWORD_PURPOSE, SIP_NEXT_HOP_PASSWORD_PURPOSE,
    SettingDocument, SignOn, Sip, Skill, TOTP_PURPOSE, Team, Trust, Voice, WRAP_UP_CATEGORIES_MAX,
    WrapUpCategory, WrittenAccount, WrittenAgent, WrittenAlarms, WrittenChannels, WrittenCsq,
    WrittenCtiPair, WrittenDevice, WrittenDirectory, WrittenProxies, WrittenPush, WrittenSip, csq,
    headset, sip,
};
use crate::{AgentId, DeviceName, PairName, Problem, Problems, ReasonCategory, Sealed, Secret};

/// The most agents.
pub const AGENTS_MAX: usize = 50_000;
/// The most phones and profiles.
pub const DEVICES_MAX: usize = 100_000;
const LISTED_MAX: usize = 10_000;
const ACCOUNTS_MAX: usize = 1_000;
const DIRECTORIES_MAX: usize = 8;

/// A settings file in which nothing is left to check but its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingsFile {
    teams: Vec<Team>,
    agents: Vec<WrittenAgent>,
    skills: Vec<Skill>,
    reasons: Vec<Reason>,
    layouts: Vec<Layout>,
    devices: Vec<WrittenDevice>,
    trust: Vec<Trust>,
    cti_pairs: Vec<WrittenCtiPair>,
    accounts: Vec<WrittenAccount>,
    directories: Vec<WrittenDirectory>,
    roles: Vec<RoleGrant>,
    phone_service: PhoneService,
    push: Option<WrittenPush>,
    voice: Voice,
    headset: Headset,
    logging: Logging,
    alarms: WrittenAlarms,
    proxies: WrittenProxies,
    sign_on: SignOn,
    retention: Retention,
    sip: WrittenSip,
    identity: IdentitySettings,
    identity_providers: Vec<IdentityProvider>,
    oauth_clients: Vec<OauthClient>,
    mail: Mail,
    mail_servers: Vec<MailServer>,
    csqs: Vec<WrittenCsq>,
    predefined_responses: Vec<PredefinedResponse>,
    wrap_up_categories: Vec<WrapUpCategory>,
    email_signatures: Vec<EmailSignature>,
    channels: WrittenChannels,
}

/// Whose password or PIN is to be hashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashOf {
    /// The password of that agent or local account.
    Password(AgentId),
    /// The PIN of that agent.
    Pin(AgentId),
}

/// Whose secret is to be sealed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretOf {
    /// The user that pushes to phones.
    Push,
    /// Our client at that pair.
    CtiPair(PairName),
    /// The second factor of that local account.
    Totp(AgentId),
    /// The service account of that directory.
    Directory(String),
    /// Our user at the HTTP proxy.
    HttpProxy,
    /// Our user at the SOCKS proxy.
    SocksProxy,
    /// That phone in SIP.
    SipDevice(DeviceName),
    /// Our user at that next hop of SIP.
    SipNextHop(String),
    /// That receiver of alarms: what messages to it are signed with, or our user's password there.
    AlarmReceiver(String),
    /// The mailbox of that CSQ.
    Mailbox(String),
    /// The key of Google's service account for that CSQ.
    GoogleKey(String),
    /// Our client at Office 365 for that CSQ.
    MailClient(String),
    /// Where customers' records are asked for.
    CustomerRecords,
}

impl SecretOf {
    /// What it is sealed for; whoever opens it names the same purpose.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Push => PUSH_PASSWORD_PURPOSE,
            Self::CtiPair(_) => CLIENT_PASSWORD_PURPOSE,
            Self::Totp(_) => TOTP_PURPOSE,
            Self::Directory(_) => DIRECTORY_PASSWORD_PURPOSE,
            Self::HttpProxy | Self::SocksProxy => PROXY_PASSWORD_PURPOSE,
            Self::SipDevice(_) => SIP_DEVICE_PASSWORD_PURPOSE,
            Self::SipNextHop(_) => SIP_NEXT_HOP_PASSWORD_PURPOSE,
            Self::AlarmReceiver(_) => ALARM_SECRET_PURPOSE,
            Self::Mailbox(_) => MAILBOX_PASSWORD_PURPOSE,
            Self::GoogleKey(_) => GOOGLE_KEY_PURPOSE,
            Self::MailClient(_) => MAIL_CLIENT_SECRET_PURPOSE,
            Self::CustomerRecords => CUSTOMER_RECORDS_SECRET_PURPOSE,
        }
    }

    /// Where it stands in the settings, for people.
    pub fn place(&self) -> String {
        match self {
            Self::Push => "phone_service.push.password".to_owned(),
            Self::CtiPair(name) => format!("cti_pairs/{name} client_password"),
            Self::Totp(name) => format!("accounts/{name} totp"),
            Self::Directory(name) => format!("directories/{name} bind_password"),
            Self::HttpProxy => "proxies.http.password".to_owned(),
            Self::SocksProxy => "proxies.socks.password".to_owned(),
            Self::SipDevice(name) => format!("devices/{name} sip.password"),
            Self::SipNextHop(name) => format!("sip.next_hops/{name} password"),
            Self::AlarmReceiver(name) => format!("alarms.receivers/{name} secret"),
            Self::Mailbox(name) => format!("csqs/{name} email.password"),
            Self::GoogleKey(name) => format!("csqs/{name} email.google_key"),
            Self::MailClient(name) => format!("csqs/{name} email.client_secret"),
            Self::CustomerRecords => "channels.customer_records.secret".to_owned(),
        }
    }
}

/// The documents of a settings file, secrets hashed and sealed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents(pub Vec<SettingDocument>);

impl SettingsFile {
    /// Reads a whole settings document; every problem is told at once.
    pub fn read(value: Value) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut reader = Reader::new("", value, &mut problems);
        // What others name comes first.
        let mut known = References::new(Pairs::read(&mut reader));
        let skills = reader.list("skills", LISTED_MAX, Skill::read);
        let layouts = reader.list("layouts", LISTED_MAX, Layout::read);
        let directories = reader.list("directories", DIRECTORIES_MAX, WrittenDirectory::read);
        let providers =
            reader.list("identity_providers", IDENTITY_PROVIDERS_MAX, IdentityProvider::read);
        known.identity_providers = providers.iter().map(|it| it.name.clone()).collect();
        known.skills = skills.iter().map(|skill| skill.name.clone()).collect();
        known.layouts = layouts.iter().map(|layout| layout.name.clone()).collect();
        known.directories = directories.iter().map(|it| it.directory.name.clone()).collect();
        let teams = reader.list("teams", LISTED_MAX, |reader| Team::read(reader, &known));
        known.teams = teams.iter().map(|team| team.name.clone()).collect();
        let agents = reader.list("agents", AGENTS_MAX, |reader| WrittenAgent::read(reader, &known));
        let reasons =
            reader.list("reason_codes", LISTED_MAX, |reader| Reason::read(reader, &known));
        let sip = reader.table("sip", WrittenSip::read).unwrap_or_default();
        known.next_hops = sip.sip.next_hops.iter().map(|hop| hop.name.clone()).collect();
        known.sip_proof = sip.sip.proof;
        let devices =
            reader.list("devices", DEVICES_MAX, |reader| WrittenDevice::read(reader, &known));
        let trust = reader.list("trust", 100, Trust::read);
        let accounts = reader.list("accounts", ACCOUNTS_MAX, WrittenAccount::read);
        let roles = reader.list("roles", LISTED_MAX, |reader| RoleGrant::read(reader, &known));
        let (phone_service, push) =
            reader.table("phone_service", PhoneService::read).unwrap_or_default();
        let voice = reader.table("voice", Voice::read).unwrap_or_default();
        let headset = reader.table("headset", Headset::read).unwrap_or_default();
        let logging = reader.table("logging", Logging::read).unwrap_or_default();
        let alarms = reader.table("alarms", WrittenAlarms::read).unwrap_or_default();
        let proxies = reader.table("proxies", WrittenProxies::read).unwrap_or_default();
        let sign_on = reader.table("sign_on", SignOn::read).unwrap_or_default();
        let retention = reader.table("retention", Retention::read).unwrap_or_default();
        let identity = reader.table("identity", IdentitySettings::read).unwrap_or_default();
        let oauth_clients = reader.list("oauth_clients", OAUTH_CLIENTS_MAX, OauthClient::read);
        let mail = reader.table("mail", Mail::read).unwrap_or_default();
        known.token_hosts.clone_from(&mail.allowed_token_hosts);
        let mut kinds = BTreeMap::new();
        let mail_servers = reader
            .list("mail_servers", MAIL_SERVERS_MAX, |reader| MailServer::read(reader, &mut kinds));
        known.mail_servers = kinds;
        let mut names = BTreeMap::new();
        let csqs =
            reader.list("csqs", CSQS_MAX, |reader| WrittenCsq::read(reader, &known, &mut names));
        known.csqs = names;
        let predefined_responses =
            reader.list("predefined_responses", PREDEFINED_RESPONSES_MAX, |reader| {
                PredefinedResponse::read(reader, &known)
            });
        let wrap_up_categories =
            reader.list("wrap_up_categories", WRAP_UP_CATEGORIES_MAX, |reader| {
                WrapUpCategory::read(reader, &known)
            });
        let email_signatures = reader.list("email_signatures", EMAIL_SIGNATURES_MAX, |reader| {
            EmailSignature::read(reader, &known)
        });
        let channels = reader.table("channels", WrittenChannels::read).unwrap_or_default();
        reader.finish();
        known.pairs.check_nodes(phone_service.alternates.len(), &mut problems);
        let file = Self {
            teams,
            agents,
            skills,
            reasons,
            layouts,
            devices,
            trust,
            cti_pairs: known.pairs.pairs,
            accounts,
            directories,
            roles,
            phone_service,
            push,
            voice,
            headset,
            logging,
            alarms,
            proxies,
            sign_on,
            retention,
            sip,
            identity,
            identity_providers: providers,
            oauth_clients,
            mail,
            mail_servers,
            csqs,
            predefined_responses,
            wrap_up_categories,
            email_signatures,
            channels,
        };
        file.check_repeated(&mut problems);
        file.check_together(&mut problems);
        problems.into_result()?;
        Ok(file)
    }

    /// The passwords and PINs given in the clear, to be hashed; each with whose it is.
    pub fn plain_passwords(&self) -> Vec<(HashOf, Secret)> {
        let password = HashOf::Password;
        let agents = self.agents.iter().map(|it| (password(it.agent.id.clone()), &it.password));
        let accounts =
            self.accounts.iter().map(|it| (password(it.account.name.clone()), &it.password));
        let with_pin = self.agents.iter().filter(|it| it.pin.is_some());
        let pins = with_pin.map(|it| (HashOf::Pin(it.agent.id.clone()), &it.pin));
        let plain = |(of, password): (HashOf, &Option<NewPassword>)| match password {
            Some(NewPassword::Plain(secret)) => Some((of, secret.clone())),
            _ => None,
        };
        agents.chain(accounts).chain(pins).filter_map(plain).collect()
    }

    /// What is taken but looks wrong, each under its key.
    pub fn warnings(&self) -> Vec<Problem> {
        let push_user = self.push.as_ref().map(|push| push.user.as_str());
        let pairs = self.cti_pairs.iter().map(|written| &written.pair);
        let mut warnings =
            cti_pair::warnings(push_user, pairs.map(|it| (&it.name, it.rmcm_user.as_deref())));
        let devices = self.devices.iter().map(|it| (&it.device, it.sip_password.is_some()));
        warnings.extend(sip::warnings(&self.sip.sip, devices, self.trust.iter()));
        warnings.extend(headset::warnings(&self.headset, &self.sip.sip, self.trust.iter()));
        let csqs = self.csqs.iter().map(|it| (&it.csq, it.password.is_some()));
        let kind =
            |name: &str| self.mail_servers.iter().find(|it| it.name == name).map(|it| it.kind);
        warnings.extend(csq::warnings(csqs, kind));
        warnings
    }

    /// How SIP is spoken, passwords apart.
    pub fn sip(&self) -> &Sip {
        &self.sip.sip
    }

    /// The documents, with the hash that `hash` gives for each plain password (`None` keeps its
    /// owner from signing in) and secrets sealed by `seal`.
    pub fn into_documents(
        self,
        mut hash: impl FnMut(&HashOf) -> Option<String>,
        mut seal: impl FnMut(SecretOf, &Secret) -> Sealed,
    ) -> Documents {
        let mut hashed = |of: HashOf, password| match password {
            Some(NewPassword::Hash(hash)) => Some(hash),
            Some(NewPassword::Plain(_)) => hash(&of),
            None => None,
        };
        let mut sealed = |of: SecretOf, secret| match secret {
            NewSecret::Plain(secret) => seal(of, &secret),
            NewSecret::Sealed(sealed) => sealed,
        };
        let mut documents = Vec::new();
        documents.extend(self.teams.into_iter().map(SettingDocument::Team));
        documents.extend(self.agents.into_iter().map(|written| {
            let mut agent = written.agent;
            agent.password_hash = hashed(HashOf::Password(agent.id.clone()), written.password);
            agent.pin_hash = hashed(HashOf::Pin(agent.id.clone()), written.pin);
            SettingDocument::Agent(agent)
        }));
        documents.extend(self.skills.into_iter().map(SettingDocument::Skill));
        documents.extend(self.reasons.into_iter().map(SettingDocument::Reason));
        documents.extend(self.layouts.into_iter().map(SettingDocument::Layout));
        documents.extend(self.devices.into_iter().map(
            |WrittenDevice { mut device, sip_password }| {
                let of = || SecretOf::SipDevice(device.name.clone());
                if let Some(sip) = device.sip.as_mut() {
                    sip.password = sip_password.map(|it| sealed(of(), it));
                }
                SettingDocument::Device(device)
            },
        ));
        documents.extend(self.trust.into_iter().map(SettingDocument::Trust));
        documents.extend(self.cti_pairs.into_iter().map(|written| {
            let mut pair = written.pair;
            let of = || SecretOf::CtiPair(pair.name.clone());
            pair.client_password = written.client_password.map(|it| sealed(of(), it));
            SettingDocument::CtiPair(Box::new(pair))
        }));
        documents.extend(self.accounts.into_iter().map(|written| {
            let mut account = written.account;
            let of = HashOf::Password(account.name.clone());
            account.password_hash = hashed(of, written.password);
            account.totp = written.totp.map(|it| sealed(SecretOf::Totp(account.name.clone()), it));
            SettingDocument::Account(account)
        }));
        documents.extend(self.directories.into_iter().map(|written| {
            let mut directory = written.directory;
            let of = || SecretOf::Directory(directory.name.clone());
            directory.bind_password = written.bind_password.map(|it| sealed(of(), it));
            SettingDocument::Directory(Box::new(directory))
        }));
        documents.extend(self.roles.into_iter().map(SettingDocument::Role));
        let push = self.push.map(|push| Push {
            user: push.user,
            password: sealed(SecretOf::Push, push.password),
            port: push.port,
        });
        let service = PhoneService { push, ..self.phone_service };
        documents.push(SettingDocument::PhoneService(Box::new(service)));
        documents.push(SettingDocument::Voice(self.voice));
        documents.push(SettingDocument::Headset(self.headset));
        documents.push(SettingDocument::Logging(self.logging));
        let alarms = self
            .alarms
            .sealed(|name, secret| sealed(SecretOf::AlarmReceiver(name.to_owned()), secret));
        documents.push(SettingDocument::Alarms(Box::new(alarms)));
        let WrittenProxies { mut proxies, http, socks } = self.proxies;
        if let Some(proxy) = proxies.http.as_mut() {
            proxy.password = http.map(|it| sealed(SecretOf::HttpProxy, it));
        }
        if let Some(proxy) = proxies.socks.as_mut() {
            proxy.password = socks.map(|it| sealed(SecretOf::SocksProxy, it));
        }
        documents.push(SettingDocument::Proxies(Box::new(proxies)));
        documents.push(SettingDocument::SignOn(self.sign_on));
        documents.push(SettingDocument::Retention(self.retention));
        let WrittenSip { mut sip, passwords } = self.sip;
        for (hop, password) in sip.next_hops.iter_mut().zip(passwords) {
            hop.password = password.map(|it| sealed(SecretOf::SipNextHop(hop.name.clone()), it));
        }
        documents.push(SettingDocument::Sip(Box::new(sip)));
        documents.push(SettingDocument::Identity(Box::new(self.identity)));
        let providers = self.identity_providers.into_iter();
        documents.extend(providers.map(|it| SettingDocument::IdentityProvider(Box::new(it))));
        let clients = self.oauth_clients.into_iter();
        documents.extend(clients.map(|it| SettingDocument::OauthClient(Box::new(it))));
        documents.push(SettingDocument::Mail(self.mail));
        let servers = self.mail_servers.into_iter();
        documents.extend(servers.map(|it| SettingDocument::MailServer(Box::new(it))));
        documents.extend(self.csqs.into_iter().map(|it| digital::of_csq(it, &mut sealed)));
        let responses = self.predefined_responses.into_iter();
        documents.extend(responses.map(SettingDocument::PredefinedResponse));
        let categories = self.wrap_up_categories.into_iter();
        documents.extend(categories.map(SettingDocument::WrapUpCategory));
        let signatures = self.email_signatures.into_iter();
        documents.extend(signatures.map(SettingDocument::EmailSignature));
        documents.push(digital::of_channels(self.channels, &mut sealed));
        Documents(documents)
    }

    fn check_repeated(&self, problems: &mut Problems) {
        refuse_repeated("teams", &self.teams, |team| team.name.clone(), problems);
        refuse_repeated("agents", &self.agents, |agent| agent.agent.id.clone(), problems);
        refuse_repeated("skills", &self.skills, |skill| skill.name.clone(), problems);
        refuse_repeated(
            "reason_codes",
            &self.reasons,
            |reason| format!("{} {}", reason.category.name(), reason.code),
            problems,
        );
        refuse_repeated("layouts", &self.layouts, |layout| layout.name.clone(), problems);
        refuse_repeated("devices", &self.devices, |it| it.device.name.clone(), problems);
        let devices: Vec<&Device> = self.devices.iter().map(|it| &it.device).collect();
        sip::refuse_repeated_devices(&self.sip.sip, &devices, problems);
        refuse_repeated("trust", &self.trust, |trust| trust.name.clone(), problems);
        refuse_repeated("accounts", &self.accounts, |it| it.account.name.clone(), problems);
        let name = |it: &WrittenDirectory| it.directory.name.clone();
        refuse_repeated("directories", &self.directories, name, problems);
        refuse_repeated("roles", &self.roles, |role| role.name.clone(), problems);
        let name = |it: &IdentityProvider| it.name.clone();
        refuse_repeated("identity_providers", &self.identity_providers, name, problems);
        let client_id = |it: &OauthClient| it.client_id.clone();
        refuse_repeated("oauth_clients", &self.oauth_clients, client_id, problems);
        self.headset.refuse_repeated(problems);
        self.check_repeated_digital(problems);
    }

    /// What only two sections together can say.
    fn check_together(&self, problems: &mut Problems) {
        let agents: BTreeSet<_> = self.agents.iter().map(|it| &it.agent.id).collect();
        for (position, team) in self.teams.iter().enumerate() {
            for supervisor in team.supervisors.iter().filter(|it| !agents.contains(it)) {
                let message = format_args!("has {supervisor}, who is not in agents");
                problems.add(format!("teams[{position}].supervisors"), message);
            }
        }
        for (position, written) in self.accounts.iter().enumerate() {
            let name = &written.account.name;
            if agents.contains(name) {
                let message = format_args!(
                    "is {name}, which is an agent's id; give the agent the role instead, or the \
                     account another name"
                );
                problems.add(format!("accounts[{position}].name"), message);
            }
        }
        if let Some(kind) = self.headset.deployment_type {
            let other = self.cti_pairs.iter().find(|it| it.pair.dialect != kind.dialect());
            if let Some(other) = other {
                let message = format_args!(
                    "does not fit the pair {}, whose dialect is another; change one of the two",
                    other.pair.name
                );
                problems.add("headset.deployment_type", message);
            }
        }
        if let Some(code) = self.headset.default_not_ready_reason {
            let of_not_ready = |it: &&Reason| it.category == ReasonCategory::NotReady;
            let mut reasons = self.reasons.iter().filter(of_not_ready).peekable();
            if reasons.peek().is_some() && !reasons.any(|reason| reason.code == code) {
                let message = format_args!("is {code}, which is no reason of not_ready here");
                problems.add("headset.default_not_ready_reason", message);
            }
        }
        self.check_digital(problems);
        let directories: Vec<_> = self.directories.iter().map(|it| &it.directory.name).collect();
        self.identity.check(&self.identity_providers, &directories, problems);
        for (position, written) in self.directories.iter().enumerate() {
            let sync = written.directory.sync.iter();
            for entry in sync.flat_map(|sync| &sync.teams) {
                if !self.teams.iter().any(|team| team.name == entry.team) {
                    let message = format_args!("names {:?}, which is not in teams", entry.team);
                    problems.add(format!("directories[{position}].sync.teams"), message);
                }
            }
        }
    }
}

mod digital;
#[cfg(test)]
mod tests;
