//! Settings as a file again: read back, it gives the same documents.

use serde_json::{Map, Value, json};

use super::{
    Agent, Alarms, Channels, Csq, Device, LocalAccount, Logging, OauthClient, PhoneService,
    Proxies, SettingDocument, Settings, Sip,
};

/// All settings in the form of a settings file. Passwords are hashes, other secrets stay sealed.
pub fn export(settings: &Settings) -> Value {
    let list = |values: Vec<Value>| Value::Array(values);
    let mut file = Map::new();
    file.insert(
        "teams".into(),
        list(settings.teams.values().map(|team| without_empty(json!(team.as_ref()))).collect()),
    );
    file.insert("agents".into(), list(settings.agents.values().map(|it| agent(it)).collect()));
    file.insert(
        "reason_codes".into(),
        list(settings.reasons.values().map(|it| without_empty(json!(it.as_ref()))).collect()),
    );
    file.insert(
        "layouts".into(),
        list(settings.layouts.values().map(|it| without_empty(json!(it.as_ref()))).collect()),
    );
    file.insert("devices".into(), list(settings.devices.values().map(|it| device(it)).collect()));
    file.insert(
        "trust".into(),
        list(settings.trust.values().map(|it| without_empty(json!(it.as_ref()))).collect()),
    );
    let pairs = settings.cti_pairs.values();
    file.insert("cti_pairs".into(), list(pairs.map(|it| with_sealed(it.as_ref())).collect()));
    let accounts = settings.accounts.values().map(|it| account(it));
    file.insert("accounts".into(), list(accounts.collect()));
    let directories = settings.directories.values();
    file.insert(
        "directories".into(),
        list(directories.map(|it| with_sealed(it.as_ref())).collect()),
    );
    let roles = settings.roles.values().map(|it| without_empty(json!(it.as_ref())));
    file.insert("roles".into(), list(roles.collect()));
    let skills = settings.skills.values().map(|it| without_empty(json!(it.as_ref())));
    file.insert("skills".into(), list(skills.collect()));
    file.insert("phone_service".into(), phone_service(&settings.phone_service));
    file.insert("voice".into(), json!(settings.voice.as_ref()));
    file.insert("headset".into(), without_empty(json!(settings.headset.as_ref())));
    file.insert("logging".into(), logging(&settings.logging));
    file.insert("alarms".into(), alarms(&settings.alarms));
    file.insert("proxies".into(), proxies(&settings.proxies));
    file.insert("sign_on".into(), without_empty(json!(settings.sign_on.as_ref())));
    file.insert("retention".into(), json!(settings.retention.as_ref()));
    if settings.sip.is_on() {
        file.insert("sip".into(), sip(&settings.sip));
    }
    file.insert("identity".into(), without_empty(json!(settings.identity.as_ref())));
    let providers = settings.identity_providers.values();
    let providers = providers.map(|it| without_empty(json!(it.as_ref())));
    file.insert("identity_providers".into(), list(providers.collect()));
    let clients = settings.oauth_clients.values().map(|it| oauth_client(it));
    file.insert("oauth_clients".into(), list(clients.collect()));
    file.insert("mail".into(), without_empty(json!(settings.mail.as_ref())));
    let servers = settings.mail_servers.values();
    let servers = servers.map(|it| without_empty(json!(it.as_ref())));
    file.insert("mail_servers".into(), list(servers.collect()));
    file.insert("csqs".into(), list(settings.csqs.values().map(|it| csq(it)).collect()));
    let responses = settings.predefined_responses.values();
    let responses = responses.map(|it| without_empty(json!(it.as_ref())));
    file.insert("predefined_responses".into(), list(responses.collect()));
    let categories = settings.wrap_up_categories.values();
    let categories = categories.map(|it| without_empty(json!(it.as_ref())));
    file.insert("wrap_up_categories".into(), list(categories.collect()));
    let signatures = settings.email_signatures.values();
    let signatures = signatures.map(|it| without_empty(json!(it.as_ref())));
    file.insert("email_signatures".into(), list(signatures.collect()));
    file.insert("channels".into(), channels(&settings.channels));
    file.retain(|_, part| !matches!(part, Value::Array(list) if list.is_empty()));
    Value::Object(file)
}

/// One document as it stands in a settings file.
pub fn export_document(document: &SettingDocument) -> Value {
    match document {
        SettingDocument::Team(it) => without_empty(json!(it)),
        SettingDocument::Agent(it) => agent(it),
        SettingDocument::Reason(it) => without_empty(json!(it)),
        SettingDocument::Layout(it) => without_empty(json!(it)),
        SettingDocument::Device(it) => device(it),
        SettingDocument::Trust(it) => without_empty(json!(it)),
        SettingDocument::CtiPair(it) => with_sealed(it.as_ref()),
        SettingDocument::PhoneService(it) => phone_service(it),
        SettingDocument::Voice(it) => json!(it),
        SettingDocument::Skill(it) => without_empty(json!(it)),
        SettingDocument::Account(it) => account(it),
        SettingDocument::Directory(it) => with_sealed(it.as_ref()),
        SettingDocument::Role(it) => without_empty(json!(it)),
        SettingDocument::Headset(it) => without_empty(json!(it)),
        SettingDocument::Logging(it) => logging(it),
        SettingDocument::Alarms(it) => alarms(it),
        SettingDocument::Proxies(it) => proxies(it),
        SettingDocument::SignOn(it) => without_empty(json!(it)),
        SettingDocument::Retention(it) => json!(it),
        SettingDocument::Sip(it) => sip(it),
        SettingDocument::Identity(it) => without_empty(json!(it)),
        SettingDocument::IdentityProvider(it) => without_empty(json!(it)),
        SettingDocument::OauthClient(it) => oauth_client(it),
        SettingDocument::Mail(it) => without_empty(json!(it)),
        SettingDocument::MailServer(it) => without_empty(json!(it)),
        SettingDocument::Csq(it) => csq(it),
        SettingDocument::PredefinedResponse(it) => without_empty(json!(it)),
        SettingDocument::WrapUpCategory(it) => without_empty(json!(it)),
        SettingDocument::EmailSignature(it) => without_empty(json!(it)),
        SettingDocument::Channels(it) => channels(it),
    }
}

/// Members that hold secrets or what is compared with them, under the names of a settings file.
pub const SECRET_MEMBERS: [&str; 20] = [
    "password",
    "password_hash",
    "password_sealed",
    "client_password",
    "client_password_sealed",
    "bind_password",
    "bind_password_sealed",
    "signing_secret",
    "signing_secret_sealed",
    "totp",
    "totp_sealed",
    "pin",
    "pin_hash",
    "secret",
    "secret_digest",
    "secret_sealed",
    "google_key",
    "google_key_sealed",
    "client_secret",
    "client_secret_sealed",
];

/// The same with `(set)` in the place of every secret, hashes and sealed ones among them.
#[must_use]
pub fn masked(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, member)| {
                    let is_secret = SECRET_MEMBERS.contains(&name.as_str()) && !member.is_null();
                    let member = if is_secret { json!(MASK) } else { masked(member) };
                    (name, member)
                })
                .collect(),
        ),
        Value::Array(elements) => Value::Array(elements.into_iter().map(masked).collect()),
        other => other,
    }
}

/// What stands in the place of a secret that is set.
pub const MASK: &str = "(set)";

fn agent(agent: &Agent) -> Value {
    without_empty(json!(agent))
}

fn device(device: &Device) -> Value {
    let mut value = without_empty(json!(device));
    if let (false, Some(members)) = (device.profile, value.as_object_mut()) {
        members.remove("profile");
    }
    if let Some(sip) = value.get_mut("sip") {
        *sip = without_empty(std::mem::take(sip));
        name_sealed(sip, "password");
    }
    value
}

fn phone_service(service: &PhoneService) -> Value {
    let mut value = without_empty(json!(service));
    let members = value.as_object_mut();
    if let Some(push) = members.and_then(|members| members.get_mut("push")) {
        name_sealed(push, "password");
    }
    value
}

fn account(account: &LocalAccount) -> Value {
    let mut value = with_sealed(account);
    if let (false, Some(members)) = (account.disabled, value.as_object_mut()) {
        members.remove("disabled");
    }
    value
}

fn oauth_client(client: &OauthClient) -> Value {
    let mut value = without_empty(json!(client));
    if let (false, Some(members)) = (client.disabled, value.as_object_mut()) {
        members.remove("disabled");
    }
    value
}

fn logging(logging: &Logging) -> Value {
    let mut value = without_empty(json!(logging));
    let receivers = value.get_mut("syslog").and_then(Value::as_array_mut);
    for receiver in receivers.into_iter().flatten() {
        let is_tcp = receiver.get("transport").and_then(Value::as_str) == Some("tcp");
        if let (false, Some(members)) = (is_tcp, receiver.as_object_mut()) {
            members.remove("framing");
        }
    }
    value
}

fn alarms(alarms: &Alarms) -> Value {
    let mut value = without_empty(json!(alarms));
    let receivers = value.get_mut("receivers").and_then(Value::as_array_mut);
    for receiver in receivers.into_iter().flatten() {
        *receiver = without_empty(std::mem::take(receiver));
        for (way, secret) in [("webhook", "signing_secret"), ("mail", "password")] {
            if let Some(way) = receiver.get_mut(way) {
                *way = without_empty(std::mem::take(way));
                name_sealed(way, secret);
            }
        }
    }
    let rules = value.get_mut("rules").and_then(Value::as_array_mut);
    for rule in rules.into_iter().flatten() {
        *rule = without_empty(std::mem::take(rule));
    }
    value
}

fn proxies(proxies: &Proxies) -> Value {
    let mut value = without_empty(json!(proxies));
    for proxy in ["http", "socks"] {
        if let Some(proxy) = value.get_mut(proxy) {
            *proxy = without_empty(std::mem::take(proxy));
            name_sealed(proxy, "password");
        }
    }
    value
}

fn csq(csq: &Csq) -> Value {
    let mut value = without_empty(json!(csq));
    if let Some(email) = value.get_mut("email") {
        *email = without_empty(std::mem::take(email));
        for name in ["password", "google_key", "client_secret"] {
            name_sealed(email, name);
        }
    }
    value
}

fn channels(channels: &Channels) -> Value {
    let mut value = without_empty(json!(channels));
    if let Some(records) = value.get_mut("customer_records") {
        *records = without_empty(std::mem::take(records));
        name_sealed(records, "secret");
    }
    value
}

/// Nothing where it is off.
fn sip(sip: &Sip) -> Value {
    if !sip.is_on() {
        return json!({});
    }
    let mut value = without_empty(json!(sip));
    let hops = value.get_mut("next_hops").and_then(Value::as_array_mut);
    for hop in hops.into_iter().flatten() {
        *hop = without_empty(std::mem::take(hop));
        name_sealed(hop, "password");
    }
    value
}

fn with_sealed(document: &impl serde::Serialize) -> Value {
    let mut value = without_empty(json!(document));
    for name in ["client_password", "bind_password", "totp"] {
        name_sealed(&mut value, name);
    }
    value
}

/// A secret that is sealed stands under a name that says so.
fn name_sealed(table: &mut Value, name: &str) {
    if let Some(members) = table.as_object_mut()
        && let Some(secret) = members.remove(name)
    {
        members.insert(format!("{name}_sealed"), secret);
    }
}

/// Leaves out members that say nothing, as a person would.
fn without_empty(value: Value) -> Value {
    let Value::Object(mut members) = value else { return value };
    members.retain(|_, member| match member {
        Value::Null => false,
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    });
    Value::Object(members)
}
