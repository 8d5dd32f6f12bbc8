//! Roles of people whom a directory or an identity provider knows (IDS-16, IDS-17).

use serde::{Deserialize, Serialize};

use super::Reader;
use super::agent::role;
use super::references::References;
use crate::{Role, TeamName};

/// The most characters of a person's name: `uid@domain` of an identity provider is long.
const USER_CHARACTERS_MAX: usize = 320;

/// Who from a directory, or proven by an identity provider, gets a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleGrant {
    /// Its name, for people.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The directory or identity provider, by its name in the settings.
    pub directory: String,
    /// Distinguished names of groups whose members get it; only of a directory.
    pub groups: Vec<String>,
    /// Names of people who get it by themselves, as a directory names them or an identity provider does:
    /// by `uid` or `user_principal`.
    pub users: Vec<String>,
    /// For supervisors, the teams that they may see and change.
    pub teams: Vec<TeamName>,
}

impl RoleGrant {
    pub(super) fn read(reader: &mut Reader<'_>, known: &References) -> Option<Self> {
        let name = reader.named("name", 64);
        if !reader.has("role") {
            reader.problem("role", "is missing");
        }
        let written = reader.text("role");
        let role = written.as_deref().and_then(role);
        if let (Some(written), None) = (&written, role) {
            let message = format_args!(
                "is {written:?}; a role is agent, supervisor, administrator or report"
            );
            reader.problem("role", message);
        }
        let directory = reader.named("directory", 64);
        let groups = reader.text_list("groups", 200, 512);
        let users = reader.text_list("users", 1_000, USER_CHARACTERS_MAX);
        let is_provider =
            directory.as_ref().is_some_and(|it| known.identity_providers.contains(it));
        if is_provider && !groups.is_empty() {
            let message =
                "is given, and an identity provider tells no groups; name people under users";
            reader.problem("groups", message);
        } else if groups.is_empty() && users.is_empty() {
            let member = if is_provider { "users" } else { "groups" };
            reader.problem(member, "must name a group, or users a person, or nobody gets the role");
        }
        let teams = reader.parsed_list("teams", 1_000);
        known.check_teams(reader, "teams", &teams);
        let is_known = |it: &String| is_provider || known.directories.contains(it);
        if let Some(missing) = directory.as_ref().filter(|it| !is_known(it)) {
            let message = format_args!(
                "is {missing:?}, which is neither in directories nor in identity_providers"
            );
            reader.problem("directory", message);
        }
        Some(Self { name: name?, role: role?, directory: directory?, groups, users, teams })
    }
}
