//! The identity service of the deployment: where it is, and what it gives out (IDS-06, IDS-11, IDS-14).

use serde::{Deserialize, Serialize};

use super::web_address::host_and_port;
use super::{IdentityProvider, Reader};
use crate::Problems;

/// The most hosts of the identity service.
pub const IDENTITY_HOSTS_MAX: usize = 8;
/// The port of the identity service where an entry names none.
pub const IDENTITY_PORT: u16 = 8553;

/// What tokens are signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TokenSignature {
    /// RSA with SHA-256, which every client knows.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256, which is shorter.
    #[serde(rename = "ES256")]
    Es256,
}

impl TokenSignature {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] = [("RS256", Self::Rs256), ("ES256", Self::Es256)];

    /// Its name in settings files and in tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// The identity service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdentitySettings {
    /// Where browsers reach it, as `host` or `host:port` in small letters, none of them twice; the first
    /// is the publisher's. None where there is no identity service.
    pub hosts: Vec<String>,
    /// The identity provider that people are sent to; needed where there is more than one.
    pub provider: Option<String>,
    /// Whether people sign in by the identity provider alone.
    pub single_sign_on: bool,
    /// How long a refresh token lasts: 2 to 24 hours.
    pub refresh_token_hours: u32,
    /// How long a code lasts: 1 to 10 minutes.
    pub code_minutes: u32,
    /// How long an access token lasts: 5 to 120 minutes.
    pub access_token_minutes: u32,
    /// Whether access tokens are encrypted, so that none but the identity service reads them.
    pub encrypt_tokens: bool,
    /// What tokens are signed with.
    pub token_signature: TokenSignature,
    /// For so long a used refresh token gives the same answer once more: 0 to 60 seconds.
    pub rotation_overlap_seconds: u32,
    /// How far clocks may be apart: 0 to 180 seconds.
    pub clock_skew_seconds: u32,
    /// How old an answer of the identity provider may be: 60 to 600 seconds.
    pub response_age_seconds: u32,
    /// Whether answers signed by ECDSA are taken.
    pub accept_ecdsa: bool,
    /// Whether a name's format is taken as an old misprint has it.
    pub accept_misprinted_name_id_format: bool,
    /// Whether the part of `user_principal` in front of the '@' may differ from `uid`.
    pub relaxed_user_principal: bool,
    /// Whether the address for answers carries the alias that older trusts at identity providers have.
    pub acs_with_meta_alias: bool,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            provider: None,
            single_sign_on: false,
            refresh_token_hours: 10,
            code_minutes: 1,
            access_token_minutes: 60,
            encrypt_tokens: true,
            token_signature: TokenSignature::default(),
            rotation_overlap_seconds: 10,
            clock_skew_seconds: 60,
            response_age_seconds: 300,
            accept_ecdsa: false,
            accept_misprinted_name_id_format: false,
            relaxed_user_principal: false,
            acs_with_meta_alias: false,
        }
    }
}

impl IdentitySettings {
    /// What the identity provider knows us by: the publisher's host, without a port.
    pub fn entity_id(&self) -> Option<&str> {
        self.hosts.first()?.split(':').next()
    }

    /// Where each host is reached, the publisher first, as `https://host:port`.
    pub fn origins(&self) -> impl Iterator<Item = String> {
        self.hosts.iter().map(|entry| match entry.contains(':') {
            true => format!("https://{entry}"),
            false => format!("https://{entry}:{IDENTITY_PORT}"),
        })
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let usual = Self::default();
        let (hosts, is_written) = read_hosts(reader);
        let provider = reader.short_text("provider", 64);
        let mut switch = |name: &str, usual: bool| -> bool { reader.switch(name).unwrap_or(usual) };
        let single_sign_on = switch("single_sign_on", usual.single_sign_on);
        let encrypt_tokens = switch("encrypt_tokens", usual.encrypt_tokens);
        let accept_ecdsa = switch("accept_ecdsa", usual.accept_ecdsa);
        let accept_misprinted_name_id_format =
            switch("accept_misprinted_name_id_format", usual.accept_misprinted_name_id_format);
        let relaxed_user_principal = switch("relaxed_user_principal", usual.relaxed_user_principal);
        let acs_with_meta_alias = switch("acs_with_meta_alias", usual.acs_with_meta_alias);
        let refresh_token_hours =
            reader.count("refresh_token_hours", 2..=24, usual.refresh_token_hours);
        let code_minutes = reader.count("code_minutes", 1..=10, usual.code_minutes);
        let access_token_minutes =
            reader.count("access_token_minutes", 5..=120, usual.access_token_minutes);
        let overlap = usual.rotation_overlap_seconds;
        let rotation_overlap_seconds = reader.count("rotation_overlap_seconds", 0..=60, overlap);
        let clock_skew_seconds =
            reader.count("clock_skew_seconds", 0..=180, usual.clock_skew_seconds);
        let response_age_seconds =
            reader.count("response_age_seconds", 60..=600, usual.response_age_seconds);
        let signature = reader.choice("token_signature", &TokenSignature::NAMED);
        if single_sign_on && !is_written {
            let message = "is on, and hosts names no host of the identity service; name one or switch \
                           it off";
            reader.problem("single_sign_on", message);
        }
        Some(Self {
            hosts,
            provider,
            single_sign_on,
            refresh_token_hours,
            code_minutes,
            access_token_minutes,
            encrypt_tokens,
            token_signature: signature.unwrap_or_default(),
            rotation_overlap_seconds,
            clock_skew_seconds,
            response_age_seconds,
            accept_ecdsa,
            accept_misprinted_name_id_format,
            relaxed_user_principal,
            acs_with_meta_alias,
        })
    }
}

impl IdentitySettings {
    /// Notes what only identity providers and directories beside it can say.
    pub(super) fn check(
        &self,
        providers: &[IdentityProvider],
        directories: &[&String],
        problems: &mut Problems,
    ) {
        for (position, provider) in providers.iter().enumerate() {
            let name = &provider.name;
            if directories.contains(&name) {
                let message = format_args!(
                    "is {name:?}, which is a directory's name; give one of the two another, since roles \
                     name them alike"
                );
                problems.add(format!("identity_providers[{position}].name"), message);
            }
        }
        let chosen = match &self.provider {
            Some(name) => providers.iter().find(|it| it.name == *name),
            None => providers.first(),
        };
        if let (Some(name), None) = (&self.provider, chosen) {
            let message = format_args!("is {name:?}, which is not in identity_providers");
            problems.add("identity.provider", message);
        } else if self.provider.is_none() && providers.len() > 1 {
            let message = "is missing, and there is more than one in identity_providers; name the one \
                           that people are sent to";
            problems.add("identity.provider", message);
        }
        if self.single_sign_on && chosen.is_none_or(|it| it.metadata.is_none()) {
            let message = match chosen {
                Some(it) => format!(
                    "is on, and the identity provider {:?} has no metadata; give them or switch it off",
                    it.name
                ),
                None => "is on, and there is no identity provider to sign in by; add one with its \
                         metadata to identity_providers or switch it off"
                    .to_owned(),
            };
            problems.add("identity.single_sign_on", message);
        }
    }
}

/// The good ones, and whether any was written.
fn read_hosts(reader: &mut Reader<'_>) -> (Vec<String>, bool) {
    const KEY: &str = "hosts";
    let mut hosts: Vec<String> = Vec::new();
    let written = reader.parsed_list::<String>(KEY, IDENTITY_HOSTS_MAX);
    for (position, text) in written.iter().enumerate() {
        let key = format!("{KEY}[{position}]");
        let Some((host, port)) = host_and_port(text) else {
            let message = format_args!(
                "is {text:?}; write a host's name, or name:port, since addresses in numbers are refused \
                 here"
            );
            reader.problem(&key, message);
            continue;
        };
        let entry = match port {
            Some(port) if port != IDENTITY_PORT => format!("{host}:{port}"),
            _ => host,
        };
        if hosts.contains(&entry) {
            reader.problem(&key, format_args!("has {entry} more than once; keep one"));
        } else {
            hosts.push(entry);
        }
    }
    (hosts, !written.is_empty())
}

#[cfg(test)]
mod tests;
