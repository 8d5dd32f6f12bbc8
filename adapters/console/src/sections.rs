//! The parts of the settings as resources: where each stands, who reads it, and pages of its list.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::settings::{Agent, Section, SettingDocument, Settings};
use domain::{Key, Kind, Principal, ReasonCategory, ReasonCode, Role, TeamName};
use engine::surface::Callers;

use crate::operation::{ADMINISTRATORS, READERS};

/// One section as a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource {
    /// Which section.
    pub(crate) section: Section,
    /// The path of the list, or of the one document.
    pub(crate) list: &'static str,
    /// The path of one document of the list; the same where there is only one.
    pub(crate) item: &'static str,
    /// The members that name a document, as its path does.
    pub(crate) named_by: &'static [&'static str],
    /// Its name in the names of operations, for one document.
    pub(crate) one: &'static str,
    /// The same for the list.
    pub(crate) many: &'static str,
    /// What people call one document, or what the one document is about.
    pub(crate) called: &'static str,
    /// Who reads it.
    pub(crate) readers: Callers,
}

const fn listed(
    section: Section,
    (list, item): (&'static str, &'static str),
    named_by: &'static [&'static str],
    (one, many, called): (&'static str, &'static str, &'static str),
) -> Resource {
    let readers = match section {
        Section::Team | Section::Agent | Section::Reason => READERS,
        _ => ADMINISTRATORS,
    };
    Resource { section, list, item, named_by, one, many, called, readers }
}

const fn single(
    section: Section,
    path: &'static str,
    one: &'static str,
    called: &'static str,
) -> Resource {
    listed(section, (path, path), &[], (one, one, called))
}

/// Every section.
pub(crate) const RESOURCES: [Resource; 30] = [
    listed(
        Section::Team,
        ("/api/v1/teams", "/api/v1/teams/{name}"),
        &["name"],
        ("Team", "Teams", "team"),
    ),
    listed(
        Section::Agent,
        ("/api/v1/agents", "/api/v1/agents/{id}"),
        &["id"],
        ("Agent", "Agents", "agent"),
    ),
    listed(
        Section::Reason,
        ("/api/v1/reason-codes", "/api/v1/reason-codes/{category}/{code}"),
        &["category", "code"],
        ("ReasonCode", "ReasonCodes", "reason code"),
    ),
    listed(
        Section::Layout,
        ("/api/v1/layouts", "/api/v1/layouts/{name}"),
        &["name"],
        ("Layout", "Layouts", "layout"),
    ),
    listed(
        Section::Device,
        ("/api/v1/devices", "/api/v1/devices/{name}"),
        &["name"],
        ("Device", "Devices", "phone or device profile"),
    ),
    listed(
        Section::Trust,
        ("/api/v1/trust", "/api/v1/trust/{name}"),
        &["name"],
        ("Trust", "Trusts", "trusted certificate"),
    ),
    listed(
        Section::CtiPair,
        ("/api/v1/cti-pairs", "/api/v1/cti-pairs/{name}"),
        &["name"],
        ("CtiPair", "CtiPairs", "pair of contact-centre servers"),
    ),
    listed(
        Section::Account,
        ("/api/v1/accounts", "/api/v1/accounts/{name}"),
        &["name"],
        ("Account", "Accounts", "local account"),
    ),
    listed(
        Section::Directory,
        ("/api/v1/directories", "/api/v1/directories/{name}"),
        &["name"],
        ("Directory", "Directories", "directory"),
    ),
    listed(
        Section::Role,
        ("/api/v1/roles", "/api/v1/roles/{name}"),
        &["name"],
        ("Role", "Roles", "role of a directory's or identity provider's people"),
    ),
    listed(
        Section::Skill,
        ("/api/v1/skills", "/api/v1/skills/{name}"),
        &["name"],
        ("Skill", "Skills", "skill"),
    ),
    single(Section::PhoneService, "/api/v1/phone-service", "PhoneService", "the phone service"),
    single(Section::Voice, "/api/v1/voice", "Voice", "owned voice state"),
    single(Section::Headset, "/api/v1/headset", "Headset", "headset integration"),
    single(Section::Logging, "/api/v1/logging", "Logging", "the log beyond each node's own"),
    single(Section::Alarms, "/api/v1/alarms", "Alarms", "alarms"),
    single(Section::Proxies, "/api/v1/proxies", "Proxies", "proxies"),
    single(Section::SignOn, "/api/v1/sign-on-settings", "SignOnSettings", "sign-ins in consoles"),
    single(Section::Retention, "/api/v1/retention", "Retention", "retention"),
    single(Section::Sip, "/api/v1/sip", "Sip", "SIP"),
    single(
        Section::Identity,
        "/api/v1/identity-settings",
        "IdentitySettings",
        "the identity service",
    ),
    listed(
        Section::IdentityProvider,
        ("/api/v1/identity-providers", "/api/v1/identity-providers/{name}"),
        &["name"],
        ("IdentityProvider", "IdentityProviders", "identity provider"),
    ),
    listed(
        Section::OauthClient,
        ("/api/v1/oauth-clients", "/api/v1/oauth-clients/{client_id}"),
        &["client_id"],
        ("OauthClient", "OauthClients", "program that gets tokens"),
    ),
    single(Section::Mail, "/api/v1/mail-settings", "MailSettings", "mail as a whole"),
    listed(
        Section::MailServer,
        ("/api/v1/mail-servers", "/api/v1/mail-servers/{name}"),
        &["name"],
        ("MailServer", "MailServers", "mail server"),
    ),
    listed(
        Section::Csq,
        ("/api/v1/csqs", "/api/v1/csqs/{name}"),
        &["name"],
        ("Csq", "Csqs", "contact service queue"),
    ),
    listed(
        Section::PredefinedResponse,
        ("/api/v1/predefined-responses", "/api/v1/predefined-responses/{title}"),
        &["title"],
        ("PredefinedResponse", "PredefinedResponses", "predefined response"),
    ),
    listed(
        Section::WrapUpCategory,
        ("/api/v1/wrap-up-categories", "/api/v1/wrap-up-categories/{name}"),
        &["name"],
        ("WrapUpCategory", "WrapUpCategories", "wrap-up category"),
    ),
    listed(
        Section::EmailSignature,
        ("/api/v1/email-signatures", "/api/v1/email-signatures/{name}"),
        &["name"],
        ("EmailSignature", "EmailSignatures", "email signature"),
    ),
    single(Section::Channels, "/api/v1/channels", "Channels", "all digital contacts"),
];

impl Resource {
    /// Whether there is one document and no list.
    pub(crate) fn is_single(&self) -> bool {
        self.named_by.is_empty()
    }

    /// What one document is called in a sentence.
    pub(crate) fn with_article(&self) -> String {
        match (self.is_single(), self.called.starts_with(['a', 'e', 'i', 'o', 'u'])) {
            (true, _) => self.called.to_owned(),
            (false, true) => format!("an {}", self.called),
            (false, false) => format!("a {}", self.called),
        }
    }

    /// The document of that name in `settings`.
    pub(crate) fn document(&self, settings: &Settings, name: &str) -> Option<SettingDocument> {
        document(settings, self.section, name)
    }
}

/// The document of that section and name.
pub(crate) fn document(
    settings: &Settings,
    section: Section,
    name: &str,
) -> Option<SettingDocument> {
    let id = match section.is_single() {
        true => section.name().to_owned(),
        false => format!("{}/{name}", section.name()),
    };
    let document = settings.document(&Key::new(Kind::Setting, id))?;
    // Another spelling of the same number would be another resource.
    let same = section.is_single() || document.name().as_deref() == Some(name);
    same.then_some(document)
}

/// The section that stands under that key of a settings file.
pub(crate) fn of_file_key(key: &str) -> Option<Section> {
    Section::ALL.into_iter().find(|section| section.file_key() == key)
}

/// Which documents of a list are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Those behind that name.
    pub(crate) after: Option<String>,
    /// At most so many.
    pub(crate) limit: usize,
    /// Those whose name, or what they are called, holds that.
    pub(crate) holding: Option<&'a str>,
    /// Agents of that team.
    pub(crate) team: Option<&'a str>,
    /// Agents with that role.
    pub(crate) role: Option<&'a str>,
    /// Agents with that skill.
    pub(crate) skill: Option<&'a str>,
    /// The teams that the caller sees; all where it is not set.
    pub(crate) visible: Option<&'a [TeamName]>,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Page {
    /// Its documents.
    pub(crate) documents: Vec<SettingDocument>,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
    /// How many documents there are on all pages.
    pub(crate) total: usize,
}

/// A cursor out of a name.
pub(crate) fn cursor(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

/// The name in a cursor.
pub(crate) fn of_cursor(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

/// Which teams the caller sees: all of them but for supervisors who are no more than that.
pub(crate) fn visible(principal: &Principal) -> Option<&[TeamName]> {
    let sees_all = principal.has(Role::Administrator) || principal.has(Role::Report);
    (!sees_all).then_some(principal.teams.as_slice())
}

/// Whether a caller who sees those teams sees the document.
pub(crate) fn is_visible(document: &SettingDocument, visible: Option<&[TeamName]>) -> bool {
    let Some(teams) = visible else { return true };
    match document {
        SettingDocument::Team(team) => teams.contains(&team.name),
        SettingDocument::Agent(agent) => sees(teams, agent),
        _ => true,
    }
}

/// Whether the agent is in one of the teams.
pub(crate) fn sees(teams: &[TeamName], agent: &Agent) -> bool {
    agent.team.as_ref().is_some_and(|team| teams.contains(team))
}

impl Page {
    /// A page of that section.
    pub(crate) fn of(settings: &Settings, section: Section, wanted: &Wanted<'_>) -> Self {
        use SettingDocument as Of;
        let holds = |texts: &[Option<&str>]| match wanted.holding {
            Some(wanted) => texts.iter().flatten().any(|text| holds(text, wanted)),
            None => true,
        };
        match section {
            Section::Agent => list(
                &settings.agents,
                wanted,
                |name| name.parse().ok(),
                |agent| {
                    holds(&[Some(agent.id.as_str()), agent.name.as_deref(), agent.alias.as_deref()])
                        && fits(agent, wanted)
                },
                |it| Of::Agent(it.clone()),
            ),
            Section::Team => list(
                &settings.teams,
                wanted,
                |name| name.parse().ok(),
                |team| {
                    let seen = wanted.visible.is_none_or(|teams| teams.contains(&team.name));
                    seen && holds(&[Some(team.name.as_str())])
                },
                |it| Of::Team(it.clone()),
            ),
            Section::Reason => list(
                &settings.reasons,
                wanted,
                reason_key,
                |it| holds(&[Some(&it.label), Some(&it.code.to_string())]),
                |it| Of::Reason(it.clone()),
            ),
            Section::Layout => list(
                &settings.layouts,
                wanted,
                |name| Some(name.to_owned()),
                |it| holds(&[Some(&it.name)]),
                |it| Of::Layout(it.clone()),
            ),
            Section::Device => list(
                &settings.devices,
                wanted,
                |name| name.parse().ok(),
                |it| {
                    let user = it.sip.as_ref().map(|sip| sip.user.as_str());
                    holds(&[Some(it.name.as_str()), it.description.as_deref(), user])
                },
                |it| Of::Device(it.clone()),
            ),
            Section::Trust => list(
                &settings.trust,
                wanted,
                |name| Some(name.to_owned()),
                |it| holds(&[Some(&it.name)]),
                |it| Of::Trust(it.clone()),
            ),
            Section::CtiPair => list(
                &settings.cti_pairs,
                wanted,
                |name| name.parse().ok(),
                |it| holds(&[Some(it.name.as_str())]),
                |it| Of::CtiPair(Box::new(it.clone())),
            ),
            Section::Skill => list(
                &settings.skills,
                wanted,
                |name| Some(name.to_owned()),
                |it| holds(&[Some(&it.name), it.description.as_deref()]),
                |it| Of::Skill(it.clone()),
            ),
            Section::Account => list(
                &settings.accounts,
                wanted,
                |name| name.parse().ok(),
                |it| holds(&[Some(it.name.as_str()), it.description.as_deref()]),
                |it| Of::Account(it.clone()),
            ),
            Section::Directory => list(
                &settings.directories,
                wanted,
                |name| Some(name.to_owned()),
                |it| holds(&[Some(&it.name)]),
                |it| Of::Directory(Box::new(it.clone())),
            ),
            Section::Role => list(
                &settings.roles,
                wanted,
                |name| Some(name.to_owned()),
                |it| holds(&[Some(&it.name)]),
                |it| Of::Role(it.clone()),
            ),
            Section::IdentityProvider => list(
                &settings.identity_providers,
                wanted,
                |name| Some(name.to_owned()),
                |it| holds(&[Some(&it.name), it.entity_id.as_deref()]),
                |it| Of::IdentityProvider(Box::new(it.clone())),
            ),
            Section::OauthClient => list(
                &settings.oauth_clients,
                wanted,
                |name| Some(name.to_owned()),
                |it| {
                    let urls = it.redirect_urls.iter().map(|url| Some(url.as_str()));
                    let texts = [Some(it.client_id.as_str()), Some(it.name.as_str())];
                    holds(&texts.into_iter().chain(urls).collect::<Vec<_>>())
                },
                |it| Of::OauthClient(Box::new(it.clone())),
            ),
            Section::MailServer => list(
                &settings.mail_servers,
                wanted,
                |name| Some(name.to_owned()),
                |it| holds(&[Some(&it.name), Some(&it.imap_host), it.description.as_deref()]),
                |it| Of::MailServer(Box::new(it.clone())),
            ),
            Section::Csq => list(
                &settings.csqs,
                wanted,
                |name| Some(name.to_owned()),
                |it| {
                    let address = it.email.as_ref().map(|email| email.address.as_str());
                    holds(&[Some(&it.name), address])
                },
                |it| Of::Csq(Box::new(it.clone())),
            ),
            Section::PredefinedResponse => list(
                &settings.predefined_responses,
                wanted,
                |title| Some(title.to_owned()),
                |it| holds(&[Some(&it.title), Some(&it.text)]),
                |it| Of::PredefinedResponse(it.clone()),
            ),
            Section::WrapUpCategory => list(
                &settings.wrap_up_categories,
                wanted,
                |name| Some(name.to_owned()),
                |it| {
                    let reasons = it.reasons.iter().map(|reason| Some(reason.as_str()));
                    holds(
                        &std::iter::once(Some(it.name.as_str())).chain(reasons).collect::<Vec<_>>(),
                    )
                },
                |it| Of::WrapUpCategory(it.clone()),
            ),
            Section::EmailSignature => list(
                &settings.email_signatures,
                wanted,
                |name| Some(name.to_owned()),
                |it| holds(&[Some(&it.name)]),
                |it| Of::EmailSignature(it.clone()),
            ),
            Section::PhoneService
            | Section::Voice
            | Section::Headset
            | Section::Logging
            | Section::Alarms
            | Section::Proxies
            | Section::SignOn
            | Section::Retention
            | Section::Sip
            | Section::Identity
            | Section::Mail
            | Section::Channels => Self::default(),
        }
    }
}

fn list<K: Ord + Clone, D>(
    map: &BTreeMap<K, Arc<D>>,
    wanted: &Wanted<'_>,
    key: impl Fn(&str) -> Option<K>,
    keep: impl Fn(&D) -> bool,
    document: impl Fn(&D) -> SettingDocument,
) -> Page {
    let is_whole = wanted.holding.is_none()
        && wanted.team.is_none()
        && wanted.role.is_none()
        && wanted.skill.is_none()
        && wanted.visible.is_none();
    let total = if is_whole { map.len() } else { map.values().filter(|it| keep(it)).count() };
    let begin = match &wanted.after {
        None => Bound::Unbounded,
        // A name that cannot be one has nothing behind it.
        Some(after) => match key(after) {
            Some(key) => Bound::Excluded(key),
            None => return Page { total, ..Page::default() },
        },
    };
    let mut kept = map.range((begin, Bound::Unbounded)).filter(|(_, it)| keep(it));
    let documents: Vec<_> = kept.by_ref().take(wanted.limit).map(|(_, it)| document(it)).collect();
    let more = kept.next().is_some();
    let last = documents.last().and_then(SettingDocument::name);
    Page { next: last.filter(|_| more).map(|name| cursor(&name)), documents, total }
}

fn fits(agent: &Agent, wanted: &Wanted<'_>) -> bool {
    let in_team = |team: &str| agent.team.as_ref().is_some_and(|it| it.as_str() == team);
    let has_role = |name: &str| agent.roles.iter().any(|role| role_name(*role) == name);
    wanted.team.is_none_or(in_team)
        && wanted.role.is_none_or(has_role)
        && wanted.skill.is_none_or(|skill| agent.skills.contains_key(skill))
        && wanted.visible.is_none_or(|teams| sees(teams, agent))
}

/// The name of a role in settings files.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Agent => "agent",
        Role::Supervisor => "supervisor",
        Role::Administrator => "administrator",
        Role::Report => "report",
    }
}

/// Category and code out of a name.
pub(crate) fn reason_key(name: &str) -> Option<(ReasonCategory, ReasonCode)> {
    let (category, code) = name.split_once('/')?;
    let category = ReasonCategory::ALL.into_iter().find(|it| it.name() == category)?;
    Some((category, ReasonCode(code.parse().ok()?)))
}

/// Whether `text` holds `wanted`, small and capital letters alike.
fn holds(text: &str, wanted: &str) -> bool {
    if text.is_ascii() && wanted.is_ascii() {
        let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
        return text.windows(wanted.len().max(1)).any(|it| it.eq_ignore_ascii_case(wanted));
    }
    text.to_lowercase().contains(&wanted.to_lowercase())
}
