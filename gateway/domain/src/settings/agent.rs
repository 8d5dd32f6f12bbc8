//! Agents and supervisors.

use serde::{Deserialize, Serialize};

use super::Reader;
use super::cti_pair::Pairs;
use crate::{AgentId, Extension, PairName, Role, Secret, TeamName};

/// The most characters of a password that people type.
pub const PASSWORD_CHARACTERS_MAX: usize = 128;

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// What they type at sign-in.
    pub id: AgentId,
    /// How they are called on screens; the id where not set.
    pub name: Option<String>,
    /// Their team.
    pub team: Option<TeamName>,
    /// The pair of contact-centre servers they belong to; the team's where not set (CTI-10).
    #[serde(default)]
    pub pair: Option<PairName>,
    /// Their own line, wherever they sign in.
    pub extension: Option<Extension>,
    /// What they may do, besides being an agent.
    pub roles: Vec<Role>,
    /// The argon2id hash of their password; without one they cannot sign in where the gateway owns
    /// voice state. A contact centre judges passwords itself.
    pub password_hash: Option<String>,
}

impl Agent {
    /// How they are called on screens.
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }
}

/// A password as a settings file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewPassword {
    /// In the clear; it is hashed before it is kept.
    Plain(Secret),
    /// As an argon2id hash in the usual text form.
    Hash(String),
}

/// An agent as a settings file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenAgent {
    /// All but the password.
    pub agent: Agent,
    /// The password, where one is given.
    pub password: Option<NewPassword>,
}

impl WrittenAgent {
    pub(super) fn read(reader: &mut Reader<'_>, pairs: &Pairs) -> Option<Self> {
        let id = reader.required("id");
        let name = reader.short_text("name", 64);
        let team = reader.parsed("team");
        let pair = pairs.read_reference(reader, "pair");
        let extension = reader.parsed("extension");
        let roles = read_roles(reader);
        let plain = reader.secret("password", PASSWORD_CHARACTERS_MAX);
        let hash = reader.text("password_hash");
        if hash.as_ref().is_some_and(|hash| !hash.starts_with("$argon2id$")) {
            reader.problem("password_hash", "must be an argon2id hash, beginning with $argon2id$");
        }
        if plain.is_some() && hash.is_some() {
            reader.problem("password", "stands beside password_hash; keep one of the two");
        }
        let password = plain.map(NewPassword::Plain).or(hash.map(NewPassword::Hash));
        let agent = Agent { id: id?, name, team, pair, extension, roles, password_hash: None };
        Some(Self { agent, password })
    }
}

fn read_roles(reader: &mut Reader<'_>) -> Vec<Role> {
    let mut roles = Vec::new();
    let key = "roles";
    for name in reader.parsed_list::<String>(key, 4) {
        match name.as_str() {
            "agent" => roles.push(Role::Agent),
            "supervisor" => roles.push(Role::Supervisor),
            "administrator" => roles.push(Role::Administrator),
            "report" => roles.push(Role::Report),
            other => reader.problem(
                key,
                format_args!("has {other:?}; a role is agent, supervisor, administrator or report"),
            ),
        }
    }
    if roles.is_empty() {
        roles.push(Role::Agent);
    }
    roles.sort_unstable();
    roles.dedup();
    roles
}
