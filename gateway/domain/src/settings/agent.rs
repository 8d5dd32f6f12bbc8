//! Agents and supervisors.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Reader;
use super::account::ACCOUNT_PASSWORD_CHARACTERS_MIN;
use super::references::References;
use super::skill::{COMPETENCE_MAX, SKILLS_OF_AGENT_MAX};
use crate::secret::Hashed;
use crate::{AgentId, Extension, PairName, Role, Secret, TeamName};

/// The most characters of a password that people type.
pub const PASSWORD_CHARACTERS_MAX: usize = 128;
/// The fewest digits of a PIN.
pub const PIN_DIGITS_MIN: usize = 6;
/// The most digits of a PIN.
pub const PIN_DIGITS_MAX: usize = 12;

/// Somebody who signs in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// How customers see them; blanks are allowed, and the id stands in for it (CHAT-14).
    #[serde(default)]
    pub alias: Option<String>,
    /// Their competence in each of their skills, 1 to 10.
    #[serde(default)]
    pub skills: BTreeMap<String, u8>,
    /// The directory that they were taken over from, which alone changes and removes them (CTI-08).
    #[serde(default)]
    pub origin: Option<String>,
    /// Their own line, wherever they sign in.
    pub extension: Option<Extension>,
    /// What they may do, besides being an agent.
    pub roles: Vec<Role>,
    /// The argon2id hash of their password; without one they cannot sign in where the gateway owns
    /// voice state. A contact centre judges passwords itself.
    pub password_hash: Option<String>,
    /// The argon2id hash of their PIN, with which they sign in at phones while people sign in by an
    /// identity provider (PHN-15).
    #[serde(default)]
    pub pin_hash: Option<String>,
}

impl fmt::Debug for Agent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, team, pair, alias, skills, origin, .. } = self;
        let Self { extension, roles, password_hash, pin_hash, .. } = self;
        formatter
            .debug_struct("Agent")
            .field("id", id)
            .field("name", name)
            .field("team", team)
            .field("pair", pair)
            .field("alias", alias)
            .field("skills", skills)
            .field("origin", origin)
            .field("extension", extension)
            .field("roles", roles)
            .field("password_hash", &password_hash.as_ref().map(|_| Hashed))
            .field("pin_hash", &pin_hash.as_ref().map(|_| Hashed))
            .finish()
    }
}

impl Agent {
    /// How they are called on screens.
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }
}

/// A password as a settings file gives it.
#[derive(Clone, PartialEq, Eq)]
pub enum NewPassword {
    /// In the clear; it is hashed before it is kept.
    Plain(Secret),
    /// As an argon2id hash in the usual text form.
    Hash(String),
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(password) => password.fmt(formatter),
            Self::Hash(_) => Hashed.fmt(formatter),
        }
    }
}

/// An agent as a settings file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenAgent {
    /// All but the password and the PIN.
    pub agent: Agent,
    /// The password, where one is given.
    pub password: Option<NewPassword>,
    /// The PIN, where one is given.
    pub pin: Option<NewPassword>,
}

impl WrittenAgent {
    pub(super) fn read(reader: &mut Reader<'_>, known: &References) -> Option<Self> {
        let id = reader.required("id");
        let name = reader.short_text("name", 64);
        let team = reader.parsed("team");
        known.check_teams(reader, "team", &team);
        let pair = known.pairs.read_reference(reader, "pair");
        let extension = reader.parsed("extension");
        let roles = read_roles(reader);
        let password = read_password(reader);
        // They sign in to consoles by it, where no phone's keys are in the way.
        let in_consoles = roles.iter().any(|role| *role != Role::Agent);
        if let (true, Some(NewPassword::Plain(plain))) = (in_consoles, &password)
            && plain.expose().chars().count() < ACCOUNT_PASSWORD_CHARACTERS_MIN
        {
            let message = format_args!(
                "must have at least {ACCOUNT_PASSWORD_CHARACTERS_MIN} characters for a role beside \
                 agent"
            );
            reader.problem("password", message);
        }
        let pin = read_pin(reader);
        let alias = reader.short_text("alias", 64);
        let skills = read_skills(reader, known);
        let origin = reader.short_text("origin", 64);
        let agent = Agent {
            id: id?,
            name,
            team,
            pair,
            alias,
            skills,
            origin,
            extension,
            roles,
            password_hash: None,
            pin_hash: None,
        };
        Some(Self { agent, password, pin })
    }
}

/// A password in the clear or as a hash.
pub(super) fn read_password(reader: &mut Reader<'_>) -> Option<NewPassword> {
    read_hashed(reader, "password", PASSWORD_CHARACTERS_MAX)
}

/// A PIN in the clear or as a hash.
fn read_pin(reader: &mut Reader<'_>) -> Option<NewPassword> {
    const KEY: &str = "pin";
    let pin = read_hashed(reader, KEY, PASSWORD_CHARACTERS_MAX);
    let is_pin = |text: &str| {
        (PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&text.len())
            && text.chars().all(|it| it.is_ascii_digit())
    };
    if let Some(NewPassword::Plain(plain)) = &pin
        && !is_pin(plain.expose())
    {
        let message = format_args!(
            "must be {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits, put in quotation marks"
        );
        reader.problem(KEY, message);
    }
    pin
}

/// A text in the clear under `name`, or its hash under `name_hash`.
fn read_hashed(reader: &mut Reader<'_>, name: &str, characters_max: usize) -> Option<NewPassword> {
    let of_hash = format!("{name}_hash");
    let plain = reader.secret(name, characters_max);
    let hash = reader.text(&of_hash);
    if hash.as_ref().is_some_and(|hash| !hash.starts_with("$argon2id$")) {
        reader.problem(&of_hash, "must be an argon2id hash, beginning with $argon2id$");
    }
    if plain.is_some() && hash.is_some() {
        reader.problem(name, format_args!("stands beside {of_hash}; keep one of the two"));
    }
    plain.map(NewPassword::Plain).or(hash.map(NewPassword::Hash))
}

fn read_skills(reader: &mut Reader<'_>, known: &References) -> BTreeMap<String, u8> {
    const KEY: &str = "skills";
    let mut skills = BTreeMap::new();
    for (skill, competence) in reader.entries(KEY, SKILLS_OF_AGENT_MAX) {
        if !known.skills.contains(&skill) {
            reader.problem(KEY, format_args!("has {skill:?}, which is not in skills"));
        }
        let given = competence.as_u64().and_then(|it| u8::try_from(it).ok());
        match given.filter(|it| (1..=COMPETENCE_MAX).contains(it)) {
            Some(competence) => {
                skills.insert(skill, competence);
            }
            None => {
                let message = format_args!(
                    "{skill}: must be a competence from 1 to {COMPETENCE_MAX}, not {competence}"
                );
                reader.problem(KEY, message);
            }
        }
    }
    skills
}

/// The role of that name.
pub(super) fn role(name: &str) -> Option<Role> {
    match name {
        "agent" => Some(Role::Agent),
        "supervisor" => Some(Role::Supervisor),
        "administrator" => Some(Role::Administrator),
        "report" => Some(Role::Report),
        _ => None,
    }
}

/// The roles of somebody; an agent where none is named.
pub(super) fn read_roles(reader: &mut Reader<'_>) -> Vec<Role> {
    let mut roles = Vec::new();
    let key = "roles";
    for name in reader.parsed_list::<String>(key, 4) {
        match role(&name) {
            Some(role) => roles.push(role),
            None => reader.problem(
                key,
                format_args!("has {name:?}; a role is agent, supervisor, administrator or report"),
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
