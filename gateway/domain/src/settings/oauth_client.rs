//! Programs that get tokens from the identity service for people who signed in (IDS-08).

use std::fmt;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Reader;
use super::agent::role;
use super::web_address::redirect_problem;
use crate::Role;
use crate::secret::Hashed;

/// The most programs.
pub const OAUTH_CLIENTS_MAX: usize = 1_000;
/// The most redirect addresses of one program.
pub const REDIRECT_URLS_MAX: usize = 16;
/// The digits of a program's id, hexadecimal in small letters.
pub const CLIENT_ID_DIGITS: usize = 40;
/// The fewest characters of a program's secret: it is kept as a digest that is quickly made, which only
/// a long secret bears.
pub const CLIENT_SECRET_CHARACTERS_MIN: usize = 32;
/// The most characters of a program's secret.
pub const CLIENT_SECRET_CHARACTERS_MAX: usize = 256;

/// Whether a program can keep a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OauthClientKind {
    /// It runs on a server and has one.
    #[default]
    Confidential,
    /// It runs in browsers or on people's machines, so it has none and proves each code by PKCE.
    Public,
}

impl OauthClientKind {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] =
        [("confidential", Self::Confidential), ("public", Self::Public)];
}

/// What a program must show to get further tokens (IDS-05).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshRule {
    /// A refresh token and an access token that still lasts.
    #[default]
    WithAccessToken,
    /// A refresh token, as the standard has it.
    RefreshTokenOnly,
}

impl RefreshRule {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] = [
        ("with_access_token", Self::WithAccessToken),
        ("refresh_token_only", Self::RefreshTokenOnly),
    ];
}

/// A program that gets tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OauthClient {
    /// Its id: 40 hexadecimal digits in small letters.
    pub client_id: String,
    /// What it is called.
    pub name: String,
    /// Where browsers may be sent with a code, kept byte for byte; 1 to 16.
    pub redirect_urls: Vec<String>,
    /// Whether it can keep a secret.
    pub kind: OauthClientKind,
    /// SHA-256 of its secret, in hexadecimal; only where it can keep one.
    pub secret_digest: Option<String>,
    /// Whether it must prove each code by PKCE; always where it keeps no secret.
    pub pkce_required: bool,
    /// What it must show to get further tokens.
    pub refresh: RefreshRule,
    /// Whether it runs on people's machines and may listen there, on any port.
    pub native: bool,
    /// Whether its access tokens are encrypted; the deployment's word where not set.
    pub encrypt_tokens: Option<bool>,
    /// Whether it may ask what a token says.
    pub may_introspect: bool,
    /// What its tokens may do here at most, whoever they were given for; nothing where empty.
    pub api_roles: Vec<Role>,
    /// It gets no tokens for now, and those it has are refused.
    pub disabled: bool,
}

impl fmt::Debug for OauthClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OauthClient")
            .field("client_id", &self.client_id)
            .field("name", &self.name)
            .field("redirect_urls", &self.redirect_urls)
            .field("kind", &self.kind)
            .field("secret_digest", &self.secret_digest.as_ref().map(|_| Hashed))
            .field("pkce_required", &self.pkce_required)
            .field("refresh", &self.refresh)
            .field("native", &self.native)
            .field("encrypt_tokens", &self.encrypt_tokens)
            .field("may_introspect", &self.may_introspect)
            .field("api_roles", &self.api_roles)
            .field("disabled", &self.disabled)
            .finish()
    }
}

impl OauthClient {
    /// The digest that a secret is kept as.
    pub fn digest_of(secret: &str) -> String {
        let mut text = String::with_capacity(64);
        for byte in Sha256::digest(secret) {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let client_id = read_client_id(reader);
        let name = reader.named("name", 64);
        let native = reader.switch("native").unwrap_or(false);
        let redirect_urls = read_redirects(reader, native);
        let kind = reader.choice("kind", &OauthClientKind::NAMED).unwrap_or_default();
        let secret_digest = read_secret(reader, kind);
        let pkce_required = reader.switch("pkce_required");
        if kind == OauthClientKind::Public && pkce_required == Some(false) {
            let message = "is off, which a public program cannot do without; switch it on or make the \
                           program confidential";
            reader.problem("pkce_required", message);
        }
        let refresh = reader.choice("refresh", &RefreshRule::NAMED).unwrap_or_default();
        let encrypt_tokens = reader.switch("encrypt_tokens");
        let may_introspect = reader.switch("may_introspect").unwrap_or(false);
        if may_introspect && kind == OauthClientKind::Public {
            let message =
                "is on, which takes a secret; switch it off or make the program confidential";
            reader.problem("may_introspect", message);
        }
        let api_roles = read_api_roles(reader);
        let disabled = reader.switch("disabled").unwrap_or(false);
        Some(Self {
            client_id: client_id?,
            name: name?,
            redirect_urls,
            kind,
            secret_digest,
            pkce_required: pkce_required.unwrap_or(true),
            refresh,
            native,
            encrypt_tokens,
            may_introspect,
            api_roles,
            disabled,
        })
    }
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.chars().all(|it| matches!(it, '0'..='9' | 'a'..='f'))
}

fn read_client_id(reader: &mut Reader<'_>) -> Option<String> {
    const KEY: &str = "client_id";
    let client_id = reader.named(KEY, 64)?;
    if !is_hexadecimal(&client_id, CLIENT_ID_DIGITS) {
        let message = format_args!(
            "must be {CLIENT_ID_DIGITS} hexadecimal digits in small letters, drawn at random"
        );
        reader.problem(KEY, message);
    }
    Some(client_id)
}

fn read_redirects(reader: &mut Reader<'_>, native: bool) -> Vec<String> {
    const KEY: &str = "redirect_urls";
    let is_long = reader.has(KEY);
    let urls = reader.parsed_list::<String>(KEY, REDIRECT_URLS_MAX);
    if urls.is_empty() {
        let message = match is_long {
            true => "must hold 1 to 16 addresses; add where browsers are sent after a sign-in",
            false => "is missing; add 1 to 16 addresses that browsers are sent to after a sign-in",
        };
        reader.problem(KEY, message);
    }
    for (position, url) in urls.iter().enumerate() {
        let key = format!("{KEY}[{position}]");
        if let Some(why) = redirect_problem(url, native) {
            reader.problem(&key, why);
        } else if urls.iter().take(position).any(|before| before == url) {
            reader.problem(&key, "stands there more than once; keep one");
        }
    }
    urls
}

/// The digest of the member `secret`, or the member `secret_digest`.
fn read_secret(reader: &mut Reader<'_>, kind: OauthClientKind) -> Option<String> {
    const PLAIN: &str = "secret";
    const DIGEST: &str = "secret_digest";
    let is_given = reader.has(PLAIN) || reader.has(DIGEST);
    if kind == OauthClientKind::Public && is_given {
        let which = if reader.has(PLAIN) { PLAIN } else { DIGEST };
        let message = "is given, and a public program keeps no secret; remove it or make the program \
                       confidential";
        reader.problem(which, message);
    }
    if kind == OauthClientKind::Confidential && !is_given {
        let message = format_args!(
            "is missing; give one of at least {CLIENT_SECRET_CHARACTERS_MIN} characters, or make the \
             program public"
        );
        reader.problem(PLAIN, message);
    }
    if reader.has(PLAIN) && reader.has(DIGEST) {
        reader.problem(PLAIN, "stands beside secret_digest; keep one of the two");
    }
    let plain = reader.secret(PLAIN, CLIENT_SECRET_CHARACTERS_MAX);
    if plain.as_ref().is_some_and(|it| it.expose().chars().count() < CLIENT_SECRET_CHARACTERS_MIN) {
        let message = format_args!(
            "must have at least {CLIENT_SECRET_CHARACTERS_MIN} characters; draw it at random"
        );
        reader.problem(PLAIN, message);
    }
    let digest = reader.text(DIGEST);
    if digest.as_ref().is_some_and(|digest| !is_hexadecimal(digest, 64)) {
        let message = "must be the SHA-256 of a secret, 64 hexadecimal digits in small letters";
        reader.problem(DIGEST, message);
    }
    plain.map(|it| OauthClient::digest_of(it.expose())).or(digest)
}

fn read_api_roles(reader: &mut Reader<'_>) -> Vec<Role> {
    const KEY: &str = "api_roles";
    let mut roles = Vec::new();
    for name in reader.parsed_list::<String>(KEY, 4) {
        match role(&name) {
            Some(role) => roles.push(role),
            None => {
                let message = format_args!(
                    "has {name:?}; a role is agent, supervisor, administrator or report"
                );
                reader.problem(KEY, message);
            }
        }
    }
    roles.sort_unstable();
    roles.dedup();
    roles
}
