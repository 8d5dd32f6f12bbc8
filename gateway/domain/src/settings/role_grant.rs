//! Roles of people whom a directory knows (IDS-16, IDS-17).

use serde::{Deserialize, Serialize};

use super::Reader;
use super::agent::role;
use super::references::References;
use crate::{Role, TeamName};

/// Who from a directory gets a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleGrant {
    /// Its name, for people.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The directory, by its name in the settings.
    pub directory: String,
    /// Distinguished names of groups whose members get it.
    pub groups: Vec<String>,
    /// Names of people who get it by themselves.
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
        let users = reader.text_list("users", 1_000, 64);
        if groups.is_empty() && users.is_empty() {
            reader
                .problem("groups", "must name a group, or users a person, or nobody gets the role");
        }
        let teams = reader.parsed_list("teams", 1_000);
        known.check_teams(reader, "teams", &teams);
        if let Some(missing) = directory.as_ref().filter(|it| !known.directories.contains(*it)) {
            reader
                .problem("directory", format_args!("is {missing:?}, which is not in directories"));
        }
        Some(Self { name: name?, role: role?, directory: directory?, groups, users, teams })
    }
}
