//! People in consoles and programs with tokens: who they are, and what they may do now (OPS-06).
//!
//! ```text
//!   password, second factor --> WebSession (cookie) --.
//!                               AccessToken (bearer) --+--> Identity --> standing(settings) --> roles, teams
//!   set-up link, once --> the first administrator's account
//! ```
//!
//! A session or token keeps who somebody is, never what they may do: that is looked up in the settings
//! in force with every request, so that a changed role acts at once.

use serde::{Deserialize, Serialize};

use crate::{AgentId, Role, Settings, TeamName, Timestamp};

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
        }
    }

    /// What indexes name them by.
    pub fn index_value(&self) -> String {
        match self {
            Self::Agent { id } => format!("agent/{id}"),
            Self::Account { name } => format!("account/{name}"),
            Self::Directory { directory, user, .. } => format!("directory/{directory}/{user}"),
        }
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
