//! Local accounts: people and programs who administer or read without being agents (IDS-17).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::agent::{read_password, read_roles};
use super::{NewPassword, NewSecret, Reader};
use crate::secret::Hashed;
use crate::{AgentId, Role, Sealed};

/// What an account's second factor is sealed for.
pub const TOTP_PURPOSE: &str = "totp";
/// The fewest characters of a local account's password in the clear.
pub const ACCOUNT_PASSWORD_CHARACTERS_MIN: usize = 8;

/// Somebody who signs in without being an agent. No agent has the same name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalAccount {
    /// What they type at sign-in.
    pub name: AgentId,
    /// Who it is.
    pub description: Option<String>,
    /// What the account may do; at least one.
    pub roles: Vec<Role>,
    /// The argon2id hash of the password; without one nobody signs in with it.
    pub password_hash: Option<String>,
    /// The key of the second factor (RFC 6238), 32 to 128 characters of base32, sealed for
    /// [`TOTP_PURPOSE`]; without one the password is enough.
    pub totp: Option<Sealed>,
    /// Nobody signs in with it for now, and its sessions and tokens are refused.
    #[serde(default)]
    pub disabled: bool,
}

impl fmt::Debug for LocalAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, description, roles, password_hash, totp, disabled } = self;
        formatter
            .debug_struct("LocalAccount")
            .field("name", name)
            .field("description", description)
            .field("roles", roles)
            .field("password_hash", &password_hash.as_ref().map(|_| Hashed))
            .field("totp", totp)
            .field("disabled", disabled)
            .finish()
    }
}

/// An account as a settings file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenAccount {
    /// All but its secrets.
    pub account: LocalAccount,
    /// The password, where one is given.
    pub password: Option<NewPassword>,
    /// The key of the second factor, where one is given.
    pub totp: Option<NewSecret>,
}

impl WrittenAccount {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let name = reader.required("name");
        let description = reader.short_text("description", 128);
        if !reader.has("roles") {
            reader.problem(
                "roles",
                "is missing; name at least one of administrator, supervisor, agent, report",
            );
        }
        let roles = read_roles(reader);
        let password = read_password(reader);
        if let Some(NewPassword::Plain(plain)) = &password
            && plain.expose().chars().count() < ACCOUNT_PASSWORD_CHARACTERS_MIN
        {
            let message =
                format_args!("must have at least {ACCOUNT_PASSWORD_CHARACTERS_MIN} characters");
            reader.problem("password", message);
        }
        let totp = reader.sealable("totp", 128);
        if let Some(NewSecret::Plain(key)) = &totp
            && !is_base32(key.expose())
        {
            reader.problem("totp", "must be 26 to 128 characters of base32 (A to Z, 2 to 7)");
        }
        let disabled = reader.switch("disabled").unwrap_or(false);
        let account = LocalAccount {
            name: name?,
            description,
            roles,
            password_hash: None,
            totp: None,
            disabled,
        };
        Some(Self { account, password, totp })
    }
}

fn is_base32(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    (26..=128).contains(&text.len()) && text.chars().all(|it| matches!(it, 'A'..='Z' | '2'..='7'))
}
