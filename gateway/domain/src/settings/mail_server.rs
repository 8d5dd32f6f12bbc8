//! Mail servers: where mails are fetched and answers handed in (CCP-02).
//!
//! Proxies are those of the system ([`super::Proxies`]); a server says which of them it needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Reader;
use super::web_address::{https_problem, is_host_name};

/// The most mail servers.
pub const MAIL_SERVERS_MAX: usize = 50;
/// The most characters of a folder's name on a mail server.
pub const FOLDER_CHARACTERS_MAX: usize = 200;
/// The place of the tenant in an address that tokens are fetched from.
pub const TENANT_PLACE: &str = "{tenant}";

/// What sort of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailServerKind {
    /// Microsoft Exchange on somebody's own machines.
    Exchange,
    /// Microsoft Office 365.
    Office365,
    /// Gmail and Google Workspace.
    Gmail,
    /// Any other that speaks IMAP and SMTP.
    Imap,
}

impl MailServerKind {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("exchange", Self::Exchange),
        ("office365", Self::Office365),
        ("gmail", Self::Gmail),
        ("imap", Self::Imap),
    ];

    /// Its name in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Office365 => "office365",
            Self::Gmail => "gmail",
            Self::Imap => "imap",
        }
    }

    /// How it is called in sentences.
    pub(super) fn called(self) -> &'static str {
        match self {
            Self::Exchange => "Exchange",
            Self::Office365 => "Office 365",
            Self::Gmail => "Gmail",
            Self::Imap => "a server of the kind imap",
        }
    }

    /// The folder for sent mails as such servers call it in English.
    pub fn sent_folder(self) -> &'static str {
        match self {
            Self::Exchange | Self::Office365 => "Sent Items",
            Self::Gmail => "[Gmail]/Sent Mail",
            Self::Imap => "Sent",
        }
    }

    /// The folder that mails arrive in.
    pub fn inbox_folder(self) -> &'static str {
        "INBOX"
    }

    /// The scope that tokens are asked for; none where there is no sign-in by token.
    pub fn token_scope(self) -> Option<&'static str> {
        match self {
            Self::Office365 => Some("https://outlook.office365.com/.default"),
            Self::Gmail => Some("https://mail.google.com/"),
            Self::Exchange | Self::Imap => None,
        }
    }

    /// Where tokens are fetched, with [`TENANT_PLACE`] in the place of the tenant.
    fn token_url(self) -> Option<&'static str> {
        match self {
            Self::Office365 => Some("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"),
            Self::Gmail => Some("https://oauth2.googleapis.com/token"),
            Self::Exchange | Self::Imap => None,
        }
    }

    /// Whether people sign in there by tokens.
    pub fn has_tokens(self) -> bool {
        self.token_scope().is_some()
    }
}

/// How answers are kept from others on their way to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubmissionSecurity {
    /// TLS after a plain beginning, never without; the usual port is 587.
    #[default]
    StartTls,
    /// TLS from the first byte; the usual port is 465.
    Tls,
}

impl SubmissionSecurity {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] =
        [("start_tls", Self::StartTls), ("tls", Self::Tls)];

    /// The port where none is written.
    pub fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
        }
    }
}

/// How a token is shown to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenMechanism {
    /// As Google made it up, which all know.
    #[default]
    Xoauth2,
    /// As RFC 7628 has it.
    Oauthbearer,
}

impl TokenMechanism {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 2] =
        [("xoauth2", Self::Xoauth2), ("oauthbearer", Self::Oauthbearer)];
}

/// What happens to an answer of which nobody knows whether the server took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnclearSending {
    /// It is looked for among the sent mails, where the server files what it takes, and else sent once more.
    Repeat,
    /// The mailbox is a recipient too; its copy is the proof that the server took the mail, and else it is sent once
    /// more.
    OwnCopy,
    /// It is looked for among the sent mails, and else never sent again by itself: its writer gets it back.
    Ask,
}

impl UnclearSending {
    /// Each with its name in settings files.
    pub const NAMED: [(&'static str, Self); 3] =
        [("repeat", Self::Repeat), ("own_copy", Self::OwnCopy), ("ask", Self::Ask)];
}

/// Seconds that proof of what a server took may take, and the bounds of that.
pub const PROOF_SECONDS: u32 = 60;
/// The fewest.
pub const PROOF_SECONDS_MIN: u32 = 2;
/// The most.
pub const PROOF_SECONDS_MAX: u32 = 1_800;

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    /// Its name here.
    pub name: String,
    /// What sort of server it is.
    pub kind: MailServerKind,
    /// Where mails are fetched, a name.
    pub imap_host: String,
    /// The port there, TLS from the first byte.
    pub imap_port: u16,
    /// Where answers are handed in, a name.
    pub smtp_host: String,
    /// The port there.
    pub smtp_port: u16,
    /// How answers are kept from others on the way there.
    pub smtp_security: SubmissionSecurity,
    /// The folder for sent mails; the kind's where not set.
    pub sent_folder: Option<String>,
    /// Whether tokens, and without a SOCKS proxy mails too, go by the HTTP proxy.
    pub http_proxy: bool,
    /// Whether mails go by the SOCKS proxy.
    pub socks_proxy: bool,
    /// Where tokens are fetched; the kind's where not set.
    pub token_url: Option<String>,
    /// The scope that tokens are asked for; the kind's where not set.
    pub token_scope: Option<String>,
    /// How a token is shown.
    pub mechanism: TokenMechanism,
    /// What happens to an answer of which nobody knows whether the server took it; the kind's where not set.
    #[serde(default)]
    pub unclear_sending: Option<UnclearSending>,
    /// Seconds that a copy of an answer, or its place among the sent mails, may take to show.
    #[serde(default = "proof_seconds")]
    pub proof_seconds: u32,
    /// What it is for.
    pub description: Option<String>,
}

impl MailServer {
    /// The folder for sent mails, as the server says or its kind.
    pub fn sent_folder(&self) -> &str {
        self.sent_folder.as_deref().unwrap_or(self.kind.sent_folder())
    }

    /// What happens to an answer of which nobody knows whether the server took it, as the server says or its kind:
    /// those that file what they take tell by that, others by a copy.
    pub fn unclear_sending(&self) -> UnclearSending {
        self.unclear_sending.unwrap_or(match self.kind {
            MailServerKind::Office365 | MailServerKind::Gmail => UnclearSending::Repeat,
            MailServerKind::Exchange | MailServerKind::Imap => UnclearSending::OwnCopy,
        })
    }

    /// Where tokens for that tenant are fetched, as the server says or its kind. A key of Google's that
    /// names another address goes before the kind's word.
    pub fn token_url(&self, tenant: Option<&str>) -> Option<String> {
        let url = self.token_url.as_deref().or(self.kind.token_url())?;
        match tenant {
            Some(tenant) => Some(url.replace(TENANT_PLACE, tenant)),
            None => (!url.contains(TENANT_PLACE)).then(|| url.to_owned()),
        }
    }

    /// The scope that tokens are asked for, as the server says or its kind.
    pub fn token_scope(&self) -> Option<&str> {
        self.token_scope.as_deref().or(self.kind.token_scope())
    }

    /// Reads one; its name goes to `kinds` whatever else is wrong with it.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        kinds: &mut BTreeMap<String, Option<MailServerKind>>,
    ) -> Option<Self> {
        let name = reader.named("name", 64);
        if !reader.has("kind") {
            let kinds = MailServerKind::NAMED.map(|(name, _)| name).join(", ");
            reader.problem("kind", format_args!("is missing; it is one of {kinds}"));
        }
        let kind = reader.choice("kind", &MailServerKind::NAMED);
        kinds.extend(name.clone().map(|name| (name, kind)));
        let imap_host = read_host(reader, "imap_host");
        let imap_port = read_port(reader, "imap_port", 993);
        let smtp_host = read_host(reader, "smtp_host");
        let smtp_security =
            reader.choice("smtp_security", &SubmissionSecurity::NAMED).unwrap_or_default();
        let smtp_port = read_port(reader, "smtp_port", smtp_security.port());
        let sent_folder = reader.short_text("sent_folder", FOLDER_CHARACTERS_MAX);
        let http_proxy = reader.switch("http_proxy").unwrap_or(false);
        let socks_proxy = reader.switch("socks_proxy").unwrap_or(false);
        let token_url = reader.text("token_url");
        if let Some(why) =
            token_url.as_ref().and_then(|url| https_problem(&url.replace(TENANT_PLACE, "t")))
        {
            reader.problem("token_url", why);
        }
        let token_scope = reader.short_text("token_scope", 512);
        if let Some(kind) = kind.filter(|kind| !kind.has_tokens()) {
            for (name, is_given) in
                [("token_url", token_url.is_some()), ("token_scope", token_scope.is_some())]
            {
                if is_given {
                    let message = format_args!(
                        "is given, and there is no sign-in by token at a server of the kind {}; remove \
                         it or choose office365 or gmail",
                        kind.name()
                    );
                    reader.problem(name, message);
                }
            }
        }
        let mechanism = reader.choice("mechanism", &TokenMechanism::NAMED).unwrap_or_default();
        let unclear_sending = reader.choice("unclear_sending", &UnclearSending::NAMED);
        let proof_seconds = reader
            .number("proof_seconds", u64::from(PROOF_SECONDS_MIN)..=u64::from(PROOF_SECONDS_MAX))
            .and_then(|seconds| seconds.try_into().ok())
            .unwrap_or(PROOF_SECONDS);
        let description = reader.short_text("description", 128);
        Some(Self {
            name: name?,
            kind: kind?,
            imap_host: imap_host?,
            imap_port,
            smtp_host: smtp_host?,
            smtp_port,
            smtp_security,
            sent_folder,
            http_proxy,
            socks_proxy,
            token_url,
            token_scope,
            mechanism,
            unclear_sending,
            proof_seconds,
            description,
        })
    }
}

fn proof_seconds() -> u32 {
    PROOF_SECONDS
}

fn read_host(reader: &mut Reader<'_>, name: &str) -> Option<String> {
    let host = reader.named(name, 253)?;
    if !is_host_name(&host) {
        let message = format_args!(
            "must be a host's full name, as mail.example, without port and scheme, not {host:?}; \
             addresses in numbers are refused here"
        );
        reader.problem(name, message);
        return None;
    }
    Some(host)
}

fn read_port(reader: &mut Reader<'_>, name: &str, usual: u16) -> u16 {
    reader.number(name, 1..=65_535).and_then(|port| port.try_into().ok()).unwrap_or(usual)
}
