//! All that is needed to reach one mailbox: hosts, ways, who signs in and how, folders.
//!
//! A plain value: whoever reads the settings opens what is sealed and makes one.

use std::sync::Arc;
use std::time::Duration;

use domain::Secret;

use crate::intake::digest_of;

/// A host, by name, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The name; certificates are checked against it.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// A host and a port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }
}

/// A proxy, with who we are to it where it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// User and password, where it wants some.
    pub sign_in: Option<(String, Secret)>,
}

/// How a host is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// By a connection of our own.
    #[default]
    Direct,
    /// Through an HTTP proxy, by `CONNECT`.
    Http(Proxy),
    /// Through a SOCKS5 proxy, which resolves names.
    Socks(Proxy),
}

/// When mail submission becomes private. It always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// After `STARTTLS`; a server without it is refused.
    StartTls,
    /// From the first byte.
    Tls,
}

/// How a token is shown to a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenMechanism {
    /// `XOAUTH2`, which Microsoft and Google take.
    #[default]
    Xoauth2,
    /// `OAUTHBEARER` (RFC 7628), for reading alone.
    OauthBearer,
}

/// Who signs in, and by what.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// By a password.
    Password {
        /// The user's name there.
        user: String,
        /// The password.
        password: Secret,
    },
    /// By a token.
    Token {
        /// The mailbox.
        user: String,
        /// How the token is shown.
        mechanism: TokenMechanism,
        /// Whence it comes.
        source: TokenSource,
    },
}

/// Whence tokens come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// Client credentials (RFC 6749 section 4.4), as Microsoft wants them.
    ClientCredentials {
        /// The token endpoint, `https`.
        url: String,
        /// The application.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
        /// What is asked for.
        scope: String,
    },
    /// A signed assertion (RFC 7523), as Google wants it for a service account.
    Assertion {
        /// The token endpoint, `https`.
        url: String,
        /// `client_email` of the key file.
        issuer: String,
        /// The mailbox.
        subject: String,
        /// What is asked for.
        scope: String,
        /// `private_key` of the key file: PEM, PKCS #8, RSA.
        key: Secret,
    },
}

/// Names of folders, as people write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Where mails arrive.
    pub inbox: String,
    /// Drafts.
    pub drafts: String,
    /// What waits to be sent.
    pub outbox: String,
    /// What was sent.
    pub sent: String,
}

/// How long steps may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Reaching a host, a proxy's part and TLS included, each.
    pub connect: Duration,
    /// One command and its answer.
    pub command: Duration,
    /// One command that brings or takes mails.
    pub transfer: Duration,
    /// So much longer than a transfer the handing over of a mail may take, since its answer may be late.
    pub acceptance: Duration,
    /// One round of waiting for news.
    pub idle: Duration,
}

/// Which mailbox is read, as digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxDigest {
    /// Of the server and the user there: numbers of mails mean nothing in another.
    pub account: String,
    /// Of the address that customers write to, which stays the same where its mailbox moves or its user gets another name.
    pub address: String,
}

impl Account {
    /// Which mailbox is read.
    pub fn mailbox_digest(&self) -> MailboxDigest {
        let (SignIn::Password { user, .. } | SignIn::Token { user, .. }) = &self.reading;
        let (host, user) = (self.imap.host.to_lowercase(), user.to_lowercase());
        let address = self.address.to_lowercase();
        MailboxDigest {
            account: digest_of(&[b"mailbox", host.as_bytes(), user.as_bytes()]),
            address: digest_of(&[b"address", address.as_bytes()]),
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(20),
            command: seconds(60),
            transfer: seconds(300),
            // A server may still be looking at what is in it: RFC 5321 section 4.5.3.2.6.
            acceptance: seconds(600),
            // Routers forget what is silent for ten minutes.
            idle: seconds(9 * 60),
        }
    }
}

/// A mailbox and how to reach it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The address that answers come from.
    pub address: String,
    /// Where mails are read, by TLS from the first byte.
    pub imap: Endpoint,
    /// Where mails are handed over.
    pub smtp: Endpoint,
    /// When that becomes private.
    pub smtp_security: SmtpSecurity,
    /// What we say we are to a mail server.
    pub hello_name: String,
    /// How both are reached.
    pub route: Route,
    /// Who reads.
    pub reading: SignIn,
    /// Who sends.
    pub sending: SignIn,
    /// Folders.
    pub folders: Folders,
    /// Time.
    pub patience: Patience,
    /// Whom we trust.
    pub tls: Arc<rustls::ClientConfig>,
}
