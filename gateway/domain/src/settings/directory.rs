//! Directories (LDAP, Active Directory): people sign in by them, and agents are taken over from them
//! (IDS-17, CTI-08).

use serde::{Deserialize, Serialize};

use super::{NewSecret, Reader};
use crate::{Sealed, TeamName};

/// What the password of a directory's service account is sealed for.
pub const DIRECTORY_PASSWORD_PURPOSE: &str = "directory";
/// The place of the name that somebody typed, in a filter.
pub const USER_PLACE: &str = "{user}";

/// How a connection to a directory is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectorySecurity {
    /// TLS from the first byte; the usual port is 636.
    #[default]
    Ldaps,
    /// TLS after a plain beginning; the usual port is 389.
    StartTls,
    /// None: passwords travel in the clear. Only for laboratories.
    Plain,
}

/// One server of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryServer {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// Agents taken over from a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectorySync {
    /// Which entries are agents, as an LDAP filter.
    pub filter: String,
    /// How often, in minutes: 5 to 1,440.
    pub every_minutes: u32,
    /// The attribute with the agent's extension, where there is one.
    pub extension_attribute: Option<String>,
    /// Which group's members are in which team.
    pub teams: Vec<DirectoryTeam>,
    /// At most so many per cent of the directory's agents are removed at once, 1 to 100; more wait
    /// for an administrator.
    pub removal_percent_max: u8,
}

/// Members of a group are in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryTeam {
    /// The group's distinguished name.
    pub group: String,
    /// The team.
    pub team: TeamName,
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Its name.
    pub name: String,
    /// Its servers, in the order they are tried; one to four.
    pub servers: Vec<DirectoryServer>,
    /// How connections are kept from others.
    pub security: DirectorySecurity,
    /// The service account that looks for people.
    pub bind_dn: String,
    /// Its password, sealed for [`DIRECTORY_PASSWORD_PURPOSE`].
    pub bind_password: Option<Sealed>,
    /// Below which entry people are.
    pub base_dn: String,
    /// How somebody is found by the name typed, which stands for [`USER_PLACE`].
    pub user_filter: String,
    /// The attribute that names a person here.
    pub id_attribute: String,
    /// The attribute with what they are called.
    pub name_attribute: String,
    /// The attribute that names their groups.
    pub group_attribute: String,
    /// Below which entry groups are that name their members, where people do not name their groups.
    pub group_base_dn: Option<String>,
    /// How long one question may take: 1 to 60 seconds.
    pub timeout_seconds: u32,
    /// How agents are taken over; without it people only sign in by it.
    pub sync: Option<DirectorySync>,
}

/// A directory as a settings file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenDirectory {
    /// All but the password.
    pub directory: Directory,
    /// The password of the service account, where one is given.
    pub bind_password: Option<NewSecret>,
}

impl WrittenDirectory {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let securities = [
            ("ldaps", DirectorySecurity::Ldaps),
            ("start_tls", DirectorySecurity::StartTls),
            ("plain", DirectorySecurity::Plain),
        ];
        let name = reader.named("name", 64);
        let security = reader.choice("security", &securities).unwrap_or_default();
        let usual = if security == DirectorySecurity::Ldaps { 636 } else { 389 };
        let servers = reader.list("servers", 4, |reader| {
            let host = reader.host("host");
            let port = reader.number("port", 1..=65_535).unwrap_or(usual);
            Some(DirectoryServer { host: host?, port: port.try_into().ok()? })
        });
        if servers.is_empty() {
            reader.problem("servers", "must name one to four servers, each with its host");
        }
        let bind_dn = reader.named("bind_dn", 512);
        let is_given = reader.has("bind_password") || reader.has("bind_password_sealed");
        let bind_password = reader.sealable("bind_password", 256);
        if !is_given {
            reader
                .problem("bind_password", "is missing; without one a directory lets anybody pass");
        }
        let base_dn = reader.named("base_dn", 512);
        let user_filter = reader.short_text("user_filter", 512);
        let user_filter =
            user_filter.unwrap_or_else(|| format!("(&(objectClass=person)(uid={USER_PLACE}))"));
        if !user_filter.contains(USER_PLACE) || !is_balanced(&user_filter) {
            let message =
                format_args!("must be an LDAP filter in parentheses that contains {USER_PLACE}");
            reader.problem("user_filter", message);
        }
        let mut attribute = |name: &str, usual: &str| {
            let written = reader.short_text(name, 64).unwrap_or_else(|| usual.to_owned());
            if !is_attribute(&written) {
                reader.problem(name, "must be an attribute's name: letters, digits, '-' and ';'");
            }
            written
        };
        let id_attribute = attribute("id_attribute", "uid");
        let name_attribute = attribute("name_attribute", "cn");
        let group_attribute = attribute("group_attribute", "memberOf");
        let group_base_dn = reader.short_text("group_base_dn", 512);
        let timeout_seconds = reader.count("timeout_seconds", 1..=60, 5);
        let sync = reader.table("sync", DirectorySync::read);
        let directory = Directory {
            name: name?,
            servers,
            security,
            bind_dn: bind_dn?,
            bind_password: None,
            base_dn: base_dn?,
            user_filter,
            id_attribute,
            name_attribute,
            group_attribute,
            group_base_dn,
            timeout_seconds,
            sync,
        };
        Some(Self { directory, bind_password })
    }
}

impl DirectorySync {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let filter = reader.named("filter", 512);
        if filter.as_ref().is_some_and(|filter| !is_balanced(filter)) {
            reader.problem("filter", "must be an LDAP filter in parentheses");
        }
        let every_minutes = reader.count("every_minutes", 5..=1_440, 60);
        let extension_attribute = reader.short_text("extension_attribute", 64);
        if extension_attribute.as_ref().is_some_and(|name| !is_attribute(name)) {
            let message = "must be an attribute's name: letters, digits, '-' and ';'";
            reader.problem("extension_attribute", message);
        }
        let teams = reader.list("teams", 1_000, |reader| {
            let group = reader.named("group", 512);
            let team = reader.required("team");
            Some(DirectoryTeam { group: group?, team: team? })
        });
        let removal_percent_max = reader.number("removal_percent_max", 1..=100).unwrap_or(20);
        Some(Self {
            filter: filter?,
            every_minutes,
            extension_attribute,
            teams,
            removal_percent_max: removal_percent_max.try_into().ok()?,
        })
    }
}

fn is_attribute(text: &str) -> bool {
    text.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | ';' | '.'))
}

/// Whether parentheses close in order, none of them outside; values with parentheses are escaped.
fn is_balanced(filter: &str) -> bool {
    let mut depth = 0_i32;
    for (position, character) in filter.chars().enumerate() {
        match character {
            '(' if depth > 0 || position == 0 => depth += 1,
            ')' if depth > 0 => depth -= 1,
            '(' | ')' => return false,
            _ if depth == 0 => return false,
            _ => {}
        }
    }
    depth == 0 && !filter.is_empty()
}
