//! The mailbox of a CSQ as the settings in force have it, its secrets opened.
//!
//! What two tasks share of a mailbox is one value: whoever reads and whoever sends ask for the same token once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use domain::settings::{
    Channel, Csq, EmailCsq, GOOGLE_KEY_PURPOSE, GoogleKey, MAIL_CLIENT_SECRET_PURPOSE,
    MAILBOX_PASSWORD_PURPOSE, MailProof, MailServer, MailServerKind, PROXY_PASSWORD_PURPOSE,
    Settings, SubmissionSecurity, TokenMechanism as Mechanism, TrustPurpose,
};
use domain::{Sealed, Secret};
use engine::Port;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::account::{
    Account, Endpoint, Folders, Patience, Proxy, Route, SignIn, SmtpSecurity, TokenMechanism,
    TokenSource,
};
use crate::imap::Mailbox;
use crate::token::{Now, Tokens};
use crate::trial::Trial;

/// All of the settings that a mailbox is made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MadeOf {
    csq: Arc<Csq>,
    server: Arc<MailServer>,
    proxies: Arc<domain::settings::Proxies>,
    authorities: Vec<String>,
    token_hosts: Vec<String>,
}

/// Mailboxes of all CSQs, made when they are first asked for and again when the settings change.
pub(crate) struct Accounts {
    port: Port,
    kept: Mutex<BTreeMap<String, (MadeOf, Mailbox)>>,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Accounts").finish_non_exhaustive()
    }
}

impl Accounts {
    pub(crate) fn new(port: Port) -> Arc<Self> {
        Arc::new(Self { port, kept: Mutex::default() })
    }

    /// The mailbox of that CSQ, or in words why there is none.
    pub(crate) fn mailbox(&self, name: &str) -> Result<Mailbox, String> {
        self.mailbox_made(name).map(|(_, mailbox)| mailbox)
    }

    /// The same with what it is made of.
    pub(crate) fn mailbox_made(&self, name: &str) -> Result<(MadeOf, Mailbox), String> {
        let settings = self.port.settings();
        let made_of = made_of(&settings, name)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, mailbox)) = kept.get(name)
            && *before == made_of
        {
            return Ok((made_of, mailbox.clone()));
        }
        kept.retain(|name, _| settings.csqs.contains_key(name));
        let patience = Patience::default();
        let mailbox = self.make(&settings, &made_of, patience)?;
        kept.insert(name.to_owned(), (made_of.clone(), mailbox.clone()));
        Ok((made_of, mailbox))
    }

    /// The mailbox of a CSQ by other settings than those in force; it is not kept, and waits for no long time.
    pub(crate) fn trial(&self, settings: &Settings, name: &str) -> Result<Trial, String> {
        let made_of = made_of(settings, name)?;
        let kind = made_of.server.kind;
        let mailbox = self.make(settings, &made_of, crate::trial::patience())?;
        Ok(Trial::of_mailbox(mailbox, kind))
    }

    /// The same for a mail server without an account.
    pub(crate) fn server_trial(&self, settings: &Settings, name: &str) -> Result<Trial, String> {
        let server = settings.mail_servers.get(name).ok_or("there is no such mail server")?;
        let nobody = || SignIn::Password { user: String::new(), password: Secret::new("") };
        let patience = crate::trial::patience();
        let folder = || server.sent_folder().to_owned();
        let tls = trusting(settings)?;
        let account = Account {
            address: String::new(),
            imap: Endpoint::new(server.imap_host.clone(), server.imap_port),
            smtp: Endpoint::new(server.smtp_host.clone(), server.smtp_port),
            smtp_security: security(server),
            hello_name: self.port.node().to_string(),
            route: self.route(settings, server)?,
            reading: nobody(),
            sending: nobody(),
            folders: Folders {
                inbox: folder(),
                drafts: folder(),
                outbox: folder(),
                sent: folder(),
            },
            patience,
            tls: Arc::clone(&tls),
        };
        let tokens = Tokens::new(Arc::new(|| 0), Route::Direct, tls, patience.connect);
        Ok(Trial::of_server(Mailbox::new(Arc::new(account), tokens), server.kind))
    }

    /// What the mailbox of that CSQ would be made of now; in words why there can be none.
    pub(crate) fn made_of(&self, name: &str) -> Result<MadeOf, String> {
        made_of(&self.port.settings(), name)
    }

    fn make(
        &self,
        settings: &Settings,
        made_of: &MadeOf,
        patience: Patience,
    ) -> Result<Mailbox, String> {
        let server = made_of.server.as_ref();
        let email = made_of.csq.email.as_ref().ok_or("it has no mailbox")?;
        let tls = trusting(settings)?;
        let idle = std::time::Duration::from_secs(u64::from(email.poll_seconds));
        let patience = Patience { idle: patience.idle.min(idle), ..patience };
        let token_route = self.http_route(settings, server, None)?;
        let account = Account {
            address: email.address.clone(),
            imap: Endpoint::new(server.imap_host.clone(), server.imap_port),
            smtp: Endpoint::new(server.smtp_host.clone(), server.smtp_port),
            smtp_security: security(server),
            hello_name: self.port.node().to_string(),
            route: self.route(settings, server)?,
            reading: self.sign_in(email, server, email.reading, &made_of.token_hosts)?,
            sending: self.sign_in(email, server, email.sending, &made_of.token_hosts)?,
            folders: folders(email, server),
            patience,
            tls: Arc::clone(&tls),
        };
        let port = self.port.clone();
        let now: Now = Arc::new(move || port.now().seconds());
        let tokens = Tokens::new(now, token_route, tls, patience.connect);
        Ok(Mailbox::new(Arc::new(account), tokens))
    }

    /// The way to the mail server: by the SOCKS proxy where it says so, else by the HTTP proxy where it says so.
    fn route(&self, settings: &Settings, server: &MailServer) -> Result<Route, String> {
        if !server.socks_proxy {
            return self.http_route(settings, server, Some(&server.imap_host));
        }
        if is_excepted(&server.imap_host, &settings.proxies.except) {
            return Ok(Route::Direct);
        }
        let proxy = settings.socks_proxy_of(server).ok_or("proxies.socks is not set")?;
        Ok(Route::Socks(self.proxy(proxy)?))
    }

    fn http_route(
        &self,
        settings: &Settings,
        server: &MailServer,
        host: Option<&str>,
    ) -> Result<Route, String> {
        let is_excepted = host.is_some_and(|host| is_excepted(host, &settings.proxies.except));
        if !server.http_proxy || is_excepted {
            return Ok(Route::Direct);
        }
        let proxy = settings.http_proxy_of(server).ok_or("proxies.http is not set")?;
        Ok(Route::Http(self.proxy(proxy)?))
    }

    fn proxy(&self, proxy: &domain::settings::Proxy) -> Result<Proxy, String> {
        let password = self.opened(PROXY_PASSWORD_PURPOSE, proxy.password.as_ref())?;
        let sign_in =
            proxy.user.clone().map(|user| (user, password.unwrap_or_else(|| Secret::new(""))));
        Ok(Proxy { endpoint: Endpoint::new(proxy.host.clone(), proxy.port), sign_in })
    }

    fn sign_in(
        &self,
        email: &EmailCsq,
        server: &MailServer,
        proof: MailProof,
        token_hosts: &[String],
    ) -> Result<SignIn, String> {
        let user = email.user_name().to_owned();
        if proof == MailProof::Basic {
            let password = self.opened(MAILBOX_PASSWORD_PURPOSE, email.password.as_ref())?;
            let password = password.ok_or("it has no password")?;
            return Ok(SignIn::Password { user, password });
        }
        let scope = server.token_scope().ok_or("its mail server takes no tokens")?.to_owned();
        let source = match server.kind {
            MailServerKind::Gmail => {
                let file = self.opened(GOOGLE_KEY_PURPOSE, email.google_key.as_ref())?;
                let file = file.ok_or("it has no key of a service account")?;
                let key = GoogleKey::read(file.expose(), token_hosts)?;
                let url = key.token_url.or_else(|| email.token_url(server));
                TokenSource::Assertion {
                    url: url.ok_or("nothing says where its tokens are")?,
                    issuer: key.client_email,
                    subject: user.clone(),
                    scope,
                    key: key.private_key,
                }
            }
            _ => {
                let secret =
                    self.opened(MAIL_CLIENT_SECRET_PURPOSE, email.client_secret.as_ref())?;
                TokenSource::ClientCredentials {
                    url: email.token_url(server).ok_or("nothing says where its tokens are")?,
                    client_id: email.client_id.clone().ok_or("it has no client_id")?,
                    client_secret: secret.ok_or("it has no client_secret")?,
                    scope,
                }
            }
        };
        let mechanism = match server.mechanism {
            Mechanism::Xoauth2 => TokenMechanism::Xoauth2,
            Mechanism::Oauthbearer => TokenMechanism::OauthBearer,
        };
        Ok(SignIn::Token { user, mechanism, source })
    }

    fn opened(&self, purpose: &str, sealed: Option<&Sealed>) -> Result<Option<Secret>, String> {
        let opened = sealed.map(|sealed| self.port.unseal(purpose, sealed)).transpose();
        opened.map_err(|error| format!("a secret of it cannot be opened: {error}"))
    }
}

fn made_of(settings: &Settings, name: &str) -> Result<MadeOf, String> {
    let csq = settings.csqs.get(name).filter(|csq| csq.channel == Channel::Email);
    let csq = csq.ok_or("there is no such CSQ for email")?;
    let email = csq.email.as_ref().ok_or("it has no mailbox")?;
    let server = settings.mail_servers.get(&email.mail_server).ok_or("it has no mail server")?;
    Ok(MadeOf {
        csq: Arc::clone(csq),
        server: Arc::clone(server),
        proxies: Arc::clone(&settings.proxies),
        authorities: authorities(settings).map(str::to_owned).collect(),
        token_hosts: settings.mail.allowed_token_hosts.clone(),
    })
}

fn security(server: &MailServer) -> SmtpSecurity {
    match server.smtp_security {
        SubmissionSecurity::StartTls => SmtpSecurity::StartTls,
        SubmissionSecurity::Tls => SmtpSecurity::Tls,
    }
}

/// Whom the settings trust for mail, as PEM.
fn authorities(settings: &Settings) -> impl Iterator<Item = &str> {
    let trusted = settings.trust.values();
    let trusted = trusted.filter(|trust| trust.purposes.contains(&TrustPurpose::Mail));
    trusted.map(|trust| trust.certificates.as_str())
}

/// TLS that trusts whom the settings trust for mail; the machine's own authorities where they name nobody.
pub(crate) fn trusting(settings: &Settings) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let named = authorities(settings)
        .flat_map(|pem| CertificateDer::pem_slice_iter(pem.as_bytes()))
        .filter_map(Result::ok);
    roots.add_parsable_certificates(named);
    if roots.is_empty() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() {
        let words = "nobody is trusted for mail: this machine has no certificates of authorities, \
                     and none is in trust with the purpose mail";
        return Err(words.to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Whether the proxy is not for that host, by the list of exceptions.
fn is_excepted(host: &str, except: &[String]) -> bool {
    let host = host.to_ascii_lowercase();
    except.iter().any(|entry| {
        let entry = entry.to_ascii_lowercase();
        host == entry || entry.starts_with('.') && host.ends_with(&entry)
    })
}

fn folders(email: &EmailCsq, server: &MailServer) -> Folders {
    let (drafts, outbox) = match server.kind {
        // It keeps no folder of what waits to be sent; its drafts are looked at instead.
        MailServerKind::Gmail => ("[Gmail]/Drafts", "[Gmail]/Drafts"),
        MailServerKind::Exchange | MailServerKind::Office365 => ("Drafts", "Outbox"),
        // What waits to be sent has no place of its own on most of them.
        MailServerKind::Imap => ("Drafts", "Drafts"),
    };
    Folders {
        inbox: email.inbox_folder.clone(),
        drafts: drafts.to_owned(),
        outbox: outbox.to_owned(),
        sent: email.sent_folder(server).to_owned(),
    }
}
