//! People in consoles and programs with tokens: who they are, and what they may do now (OPS-06).
//!
//! ```text
//!   password, second factor --> WebSession (cookie) --.
//!                               AccessToken (bearer) --+--> Identity --> standing(settings) --> roles, teams
//!   set-up link, once --> the first administrator's account
//! ```
//!
//! A session or token keeps who somebody is, never what they may do: that is looked up in the settings
//! in force with every request, so that a changed role acts at once. It keeps a digest of the password's
//! hash and the second factor too, so that it ends with them.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{AgentId, Role, Sealed, Settings, TeamName, Timestamp};

/// The most sessions of one account at once; a further sign-in ends the oldest.
pub const SESSIONS_MAX: usize = 20;
/// The most access tokens of one account.
pub const TOKENS_MAX: usize = 50;
/// The most groups of a person that are kept beside a session.
pub const GROUPS_MAX: usize = 200;

/// Who somebody is, by what knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "known_by", rename_all = "snake_case")]
pub enum Identity {
    /// An agent of the settings.
    Agent {
        /// Their id.
        id: AgentId,
    },
    /// A local account of the settings.
    Account {
        /// Its name.
        name: AgentId,
    },
    /// Somebody in a directory.
    Directory {
        /// Which directory.
        directory: String,
        /// Their name there.
        user: String,
        /// Distinguished names of their groups when they signed in.
        groups: Vec<String>,
    },
    /// Somebody whom an identity provider proved.
    SignedOn {
        /// Which provider, by its name in the settings.
        provider: String,
        /// Their `uid` there, which is an agent's id where they are one.
        uid: String,
        /// Their `user_principal`, as `uid@domain`.
        principal: String,
    },
}

/// What somebody may do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Their roles, none twice.
    pub roles: Vec<Role>,
    /// The teams that a supervisor may see and change.
    pub teams: Vec<TeamName>,
}

impl Identity {
    /// The name they are known by.
    pub fn who(&self) -> &str {
        match self {
            Self::Agent { id: name } | Self::Account { name } => name.as_str(),
            Self::Directory { user, .. } => user,
            Self::SignedOn { principal, .. } => principal,
        }
    }

    /// What indexes name them by.
    pub fn index_value(&self) -> String {
        match self {
            Self::Agent { id } => format!("agent/{id}"),
            Self::Account { name } => format!("account/{name}"),
            Self::Directory { directory, user, .. } => format!("directory/{directory}/{user}"),
            Self::SignedOn { provider, uid, .. } => format!("signed_on/{provider}/{uid}"),
        }
    }

    /// Whoever may be known by that id: as an agent, as a local account, and by each identity provider.
    pub fn all_of(id: &AgentId, settings: &Settings) -> Vec<Self> {
        let mut all = vec![Self::Agent { id: id.clone() }, Self::Account { name: id.clone() }];
        all.extend(settings.identity_providers.keys().map(|provider| Self::SignedOn {
            provider: provider.clone(),
            uid: id.to_string(),
            principal: String::new(),
        }));
        all
    }

    /// Whether it is that agent, however they proved themselves.
    pub fn is_agent(&self, agent: &AgentId) -> bool {
        match self {
            Self::Agent { id } => id == agent,
            Self::SignedOn { uid, .. } => uid == agent.as_str(),
            Self::Account { .. } | Self::Directory { .. } => false,
        }
    }

    /// The same without the groups of a day: a token lasts longer than those, and nobody looks them up
    /// anew for it.
    #[must_use]
    pub fn of_a_token(self) -> Self {
        match self {
            Self::Directory { directory, user, .. } => {
                Self::Directory { directory, user, groups: Vec::new() }
            }
            other => other,
        }
    }

    /// A digest of what somebody proves themselves with by those settings: it is another one after a
    /// change of the password or of the second factor, and after the account was removed and made anew.
    /// Of people without a password here, whom a directory proves, it tells the name alone: an agent of
    /// that sort who is removed and added again under the same id is the same. `None` for people of
    /// directories and identity providers, of whose passwords nothing is known.
    pub fn credential(&self, settings: &Settings) -> Option<String> {
        let (hash, totp) = match self {
            Self::Agent { id } => {
                let agent = settings.agents.get(id);
                (agent.and_then(|it| it.password_hash.as_deref()), None)
            }
            Self::Account { name } => {
                let account = settings.accounts.get(name);
                let totp = account.and_then(|it| it.totp.as_ref()).map(Sealed::as_text);
                (account.and_then(|it| it.password_hash.as_deref()), totp)
            }
            Self::Directory { .. } | Self::SignedOn { .. } => return None,
        };
        let mut digest = Sha256::new();
        // None of the parts can hold a NUL.
        for part in [&self.index_value(), hash.unwrap_or_default(), totp.unwrap_or_default()] {
            digest.update(part);
            digest.update([0]);
        }
        let mut text = String::with_capacity(64);
        for byte in digest.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        Some(text)
    }

    /// Whether `kept`, the [`Self::credential`] of another day, is still theirs. Documents of older
    /// programs kept none, and are not compared.
    pub fn has_credential(&self, kept: Option<&str>, settings: &Settings) -> bool {
        kept.is_none_or(|kept| self.credential(settings).is_none_or(|now| now == kept))
    }

    /// What they may do by the settings in force; `None` where nobody of that name may do anything.
    pub fn standing(&self, settings: &Settings) -> Option<Standing> {
        let mut standing = match self {
            Self::Agent { id } => {
                let agent = settings.agents.get(id)?;
                let own = agent.team.iter().cloned();
                let led = settings.teams.values().filter(|team| team.supervisors.contains(id));
                let teams = own.chain(led.map(|team| team.name.clone())).collect();
                Standing { roles: agent.roles.clone(), teams }
            }
            Self::Account { name } => {
                let account = settings.accounts.get(name).filter(|account| !account.disabled)?;
                let teams = settings.teams.keys().cloned().collect();
                Standing { roles: account.roles.clone(), teams }
            }
            Self::Directory { directory, user, groups } => {
                let mut standing = Standing::default();
                settings.directories.get(directory)?;
                let grants = settings.roles.values().filter(|grant| grant.directory == *directory);
                for grant in grants {
                    let is_member = grant.groups.iter().any(|granted| {
                        groups.iter().any(|group| group.eq_ignore_ascii_case(granted))
                    });
                    if is_member || grant.users.iter().any(|it| it.eq_ignore_ascii_case(user)) {
                        standing.roles.push(grant.role);
                        standing.teams.extend(grant.teams.iter().cloned());
                    }
                }
                standing
            }
            Self::SignedOn { provider, uid, principal } => {
                settings.identity_providers.get(provider)?;
                let agent = uid.parse().ok().map(|id| Self::Agent { id });
                let agent = agent.and_then(|agent| agent.standing(settings));
                let mut standing = agent.unwrap_or_default();
                for grant in settings.roles.values().filter(|it| it.directory == *provider) {
                    let names = |it: &String| {
                        it.eq_ignore_ascii_case(uid) || it.eq_ignore_ascii_case(principal)
                    };
                    if grant.users.iter().any(names) {
                        standing.roles.push(grant.role);
                        standing.teams.extend(grant.teams.iter().cloned());
                    }
                }
                standing
            }
        };
        standing.roles.sort_unstable();
        standing.roles.dedup();
        standing.teams.sort_unstable();
        standing.teams.dedup();
        if !standing.roles.contains(&Role::Supervisor) {
            standing.teams.clear();
        }
        Some(standing).filter(|standing| !standing.roles.is_empty())
    }
}

/// How many there are who can sign in to a console and change settings: accounts and agents with the
/// role and something to prove themselves with, and grants to people of a directory that is there. None
/// can be sure of those, since only the directory knows its people. While people sign in by an identity
/// provider, it takes the place of directories and of agents' passwords.
pub fn administrators(settings: &Settings) -> usize {
    let is = |roles: &[Role]| roles.contains(&Role::Administrator);
    let needs_totp = settings.sign_on.administrators_need_totp;
    let accounts = settings.accounts.values().filter(|it| {
        is(&it.roles)
            && !it.disabled
            && it.password_hash.is_some()
            && (!needs_totp || it.totp.is_some())
    });
    let by_provider = settings.identity.single_sign_on;
    let has_directory = |name: &String| match by_provider {
        true => settings.identity_providers.contains_key(name),
        false => settings.directories.contains_key(name),
    };
    let agents = settings.agents.values().filter(|it| {
        is(&it.roles)
            && (by_provider
                || it.password_hash.is_some()
                || it.origin.as_ref().is_some_and(has_directory))
    });
    let grants = settings.roles.values();
    let grants = grants.filter(|it| it.role == Role::Administrator && has_directory(&it.directory));
    accounts.count() + agents.count() + grants.count()
}

/// Somebody signed in with a browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSession {
    /// Who.
    pub identity: Identity,
    /// A number that lists show; it opens nothing.
    pub number: String,
    /// Since when.
    pub began_at: Timestamp,
    /// The last request, within a minute.
    pub seen_at: Timestamp,
    /// When it ends, whatever is done.
    pub ends_at: Timestamp,
    /// The address it began at.
    pub from: String,
    /// The [`Identity::credential`] it was begun with.
    #[serde(default)]
    pub credential: Option<String>,
    /// What the identity service granted, where it proved them: revoked, it ends this too.
    #[serde(default)]
    pub family: Option<String>,
}

impl WebSession {
    /// Whether it is over at `now`, by its end or by silence. Times from a clock that was set back do
    /// not prolong it beyond its own length.
    pub fn is_over(&self, now: Timestamp, idle_minutes: u32) -> bool {
        let idle = std::time::Duration::from_secs(u64::from(idle_minutes) * 60);
        let length = self.ends_at.since(self.began_at);
        now >= self.ends_at || now.since(self.seen_at) > idle || self.ends_at.since(now) > length
    }
}

/// A token with which a program acts for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// For whom.
    pub identity: Identity,
    /// What it is for, in its owner's words.
    pub name: String,
    /// The roles it may use at most; whoever it acts for must have them too.
    pub roles: Vec<Role>,
    /// SHA-256 of the secret half of the token, in hexadecimal.
    pub digest: String,
    /// Since when.
    pub made_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// The [`Identity::credential`] of whoever it acts for, when it was made.
    #[serde(default)]
    pub credential: Option<String>,
}

/// The one-time link by which the first administrator is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUpLink {
    /// SHA-256 of the secret in the link, in hexadecimal.
    pub digest: String,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// The last one-time password that was accepted for an account; none is taken twice (RFC 6238,
/// section 5.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The number of the time step it was for.
    pub step: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{
        Agent, Directory, DirectorySecurity, IdentityProvider, IdentitySettings, LocalAccount,
        RoleGrant, SettingDocument, SettingsHead, SignOn,
    };

    fn directory(name: &str) -> Directory {
        Directory {
            name: name.to_owned(),
            servers: Vec::new(),
            security: DirectorySecurity::default(),
            bind_dn: String::new(),
            bind_password: None,
            base_dn: String::new(),
            user_filter: String::new(),
            id_attribute: String::new(),
            name_attribute: String::new(),
            group_attribute: String::new(),
            group_base_dn: None,
            timeout_seconds: 5,
            sync: None,
        }
    }

    #[test]
    fn ops_06_only_those_who_can_sign_in_count_as_administrators() {
        let count = |documents: Vec<SettingDocument>| {
            administrators(&Settings::from_documents(&SettingsHead::default(), documents))
        };
        let needing = SignOn { administrators_need_totp: true, ..SignOn::default() };
        let needing = || SettingDocument::SignOn(needing.clone());
        assert_eq!(count(vec![account(None, None)]), 0);
        assert_eq!(count(vec![account(Some("a"), None)]), 1);
        assert_eq!(count(vec![account(Some("a"), None), needing()]), 0);
        assert_eq!(count(vec![account(Some("a"), Some("x")), needing()]), 1);
        let agent = |hash: Option<&str>, origin: Option<&str>| {
            SettingDocument::Agent(Agent {
                id: "1001".parse().unwrap(),
                name: None,
                team: None,
                pair: None,
                alias: None,
                skills: std::collections::BTreeMap::new(),
                origin: origin.map(str::to_owned),
                extension: None,
                roles: vec![Role::Agent, Role::Administrator],
                password_hash: hash.map(str::to_owned),
                pin_hash: None,
            })
        };
        let known = || SettingDocument::Directory(Box::new(directory("head office")));
        assert_eq!(count(vec![agent(None, None)]), 0);
        assert_eq!(count(vec![agent(Some("a"), None), needing()]), 1);
        assert_eq!(count(vec![agent(None, Some("head office"))]), 0);
        assert_eq!(count(vec![agent(None, Some("head office")), known()]), 1);
        let grant = || {
            SettingDocument::Role(RoleGrant {
                name: "administrators".to_owned(),
                role: Role::Administrator,
                directory: "head office".to_owned(),
                groups: Vec::new(),
                users: vec!["ann".to_owned()],
                teams: Vec::new(),
            })
        };
        assert_eq!(count(vec![grant()]), 0);
        assert_eq!(count(vec![grant(), known()]), 1);
    }

    fn provider(name: &str) -> SettingDocument {
        SettingDocument::IdentityProvider(Box::new(IdentityProvider {
            name: name.to_owned(),
            metadata: Some("<EntityDescriptor/>".to_owned()),
            entity_id: None,
            metadata_url: None,
            metadata_refresh_hours: 24,
            take_changes: false,
        }))
    }

    fn grant(name: &str, role: Role, of: &str, users: &[&str], teams: &[&str]) -> SettingDocument {
        SettingDocument::Role(RoleGrant {
            name: name.to_owned(),
            role,
            directory: of.to_owned(),
            groups: Vec::new(),
            users: users.iter().map(|it| (*it).to_owned()).collect(),
            teams: teams.iter().map(|it| it.parse().unwrap()).collect(),
        })
    }

    #[test]
    fn ids_11_with_single_sign_on_grants_to_the_provider_count_and_those_to_directories_do_not() {
        let count = |on: bool, documents: &[SettingDocument]| {
            let identity = IdentitySettings { single_sign_on: on, ..IdentitySettings::default() };
            let mode = SettingDocument::Identity(Box::new(identity));
            let documents = documents.iter().cloned().chain([mode]);
            administrators(&Settings::from_documents(&SettingsHead::default(), documents))
        };
        let of = |of: &str| grant("a", Role::Administrator, of, &["ann"], &[]);
        let ldap = SettingDocument::Directory(Box::new(directory("ldap")));
        assert_eq!(count(true, &[of("adfs")]), 0);
        assert_eq!(count(true, &[of("adfs"), provider("adfs")]), 1);
        assert_eq!(count(false, &[of("adfs"), provider("adfs")]), 0);
        assert_eq!(count(false, &[of("ldap"), ldap.clone()]), 1);
        assert_eq!(count(true, &[of("ldap"), ldap]), 0);
        assert_eq!(count(true, &[account(Some("a"), None)]), 1);
    }

    #[test]
    fn ids_16_whoever_signed_on_is_the_agent_of_that_uid_and_what_grants_say() {
        let agent = |id: &str, roles: &[Role]| {
            SettingDocument::Agent(Agent {
                id: id.parse().unwrap(),
                name: None,
                team: Some("Support".parse().unwrap()),
                pair: None,
                alias: None,
                skills: std::collections::BTreeMap::new(),
                origin: None,
                extension: None,
                roles: roles.to_vec(),
                password_hash: None,
                pin_hash: None,
            })
        };
        let documents = [
            provider("adfs"),
            agent("1001", &[Role::Agent]),
            agent("1900", &[Role::Agent, Role::Supervisor]),
            grant("a", Role::Administrator, "adfs", &["ann@example.com"], &[]),
            grant("s", Role::Supervisor, "adfs", &["1001", "BOB"], &["Sales"]),
            grant("elsewhere", Role::Administrator, "other", &["1001", "1900"], &[]),
        ];
        let settings = Settings::from_documents(&SettingsHead::default(), documents);
        let person = |provider: &str, uid: &str, principal: &str| Identity::SignedOn {
            provider: provider.to_owned(),
            uid: uid.to_owned(),
            principal: principal.to_owned(),
        };
        let standing = |uid: &str, principal: &str| {
            let standing = person("adfs", uid, principal).standing(&settings)?;
            let teams = standing.teams.iter().map(|it| it.as_str().to_owned()).collect::<Vec<_>>();
            Some((standing.roles, teams))
        };
        let teams = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let administrator = Some((vec![Role::Administrator], teams(&[])));
        assert_eq!(standing("ann", "Ann@Example.com"), administrator);
        assert_eq!(standing("ann", "ann@other.example"), None);
        assert_eq!(standing("bob", "bob@x"), Some((vec![Role::Supervisor], teams(&["Sales"]))));
        // Their own team is not theirs to lead, only what the grant says.
        let both = Some((vec![Role::Agent, Role::Supervisor], teams(&["Sales"])));
        assert_eq!(standing("1001", "1001@example.com"), both);
        let own = Some((vec![Role::Agent, Role::Supervisor], teams(&["Support"])));
        assert_eq!(standing("1900", "1900@example.com"), own);
        assert_eq!(standing("nobody", "nobody@example.com"), None);
        // Without the provider nothing stands for anybody any more.
        assert_eq!(person("gone", "1001", "1001@example.com").standing(&settings), None);
        let ann = person("adfs", "ann", "ann@example.com");
        assert_eq!(
            (ann.who(), ann.index_value().as_str()),
            ("ann@example.com", "signed_on/adfs/ann")
        );
        assert_eq!(ann.credential(&settings), None);
        assert!(person("adfs", "1001", "x@y").is_agent(&"1001".parse().unwrap()));
        assert!(!ann.is_agent(&"1001".parse().unwrap()));
    }

    fn account(hash: Option<&str>, totp: Option<&str>) -> SettingDocument {
        SettingDocument::Account(LocalAccount {
            name: "boss".parse().unwrap(),
            description: None,
            roles: vec![Role::Administrator],
            password_hash: hash.map(str::to_owned),
            totp: totp.map(Sealed::from_text),
            disabled: false,
        })
    }

    #[test]
    fn ops_06_a_changed_password_or_second_factor_ends_what_stands_for_it() {
        let with = |document| Settings::from_documents(&SettingsHead::default(), [document]);
        let boss = Identity::Account { name: "boss".parse().unwrap() };
        let kept = boss.credential(&with(account(Some("a"), None)));
        let good = |settings: &Settings| boss.has_credential(kept.as_deref(), settings);
        assert!(good(&with(account(Some("a"), None))));
        for (hash, totp) in [(Some("b"), None), (None, None), (Some("a"), Some("x"))] {
            assert!(!good(&with(account(hash, totp))), "{hash:?} {totp:?}");
        }
        assert!(!good(&Settings::default()));
        // What an older program kept is not compared.
        assert!(boss.has_credential(None, &with(account(Some("b"), None))));
    }

    #[test]
    fn ids_16_a_token_has_no_roles_by_groups() {
        let grant = |name: &str, role, groups: &[&str], users: &[&str]| {
            let list = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
            SettingDocument::Role(RoleGrant {
                name: name.to_owned(),
                role,
                directory: "head office".to_owned(),
                groups: list(groups),
                users: list(users),
                teams: Vec::new(),
            })
        };
        let documents = [
            SettingDocument::Directory(Box::new(directory("head office"))),
            grant("by group", Role::Administrator, &["cn=x"], &[]),
            grant("by name", Role::Report, &[], &["ann"]),
        ];
        let settings = Settings::from_documents(&SettingsHead::default(), documents);
        let person = |user: &str| Identity::Directory {
            directory: "head office".to_owned(),
            user: user.to_owned(),
            groups: vec!["cn=x".to_owned()],
        };
        let roles = |it: Identity| it.standing(&settings).map(|it| it.roles);
        assert_eq!(roles(person("ann")).unwrap().len(), 2);
        assert_eq!(roles(person("ann").of_a_token()), Some(vec![Role::Report]));
        assert_eq!(roles(person("bob").of_a_token()), None);
    }
}
