//! A letter to people: one mail in plain text over SMTP, private unless the settings say otherwise in words.

use std::error::Error as _;
use std::time::{Duration, UNIX_EPOCH};

use domain::Secret;
use domain::settings::{AlarmMail, MailSecurity};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, Tls, TlsParameters, TlsVersion,
};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use rustls_pki_types::CertificateDer;
use tokio::time::timeout;

use crate::letter;
use crate::outgoing::{Failure, Letter};

/// How long each step may take, and all of it.
const STEP: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(60);
/// What a server answers to a user or password that it does not take, or to one that it wants.
const REFUSALS: [u16; 4] = [530, 534, 535, 538];

/// Where it goes, everything opened.
pub(crate) struct Mail {
    pub(crate) settings: AlarmMail,
    pub(crate) password: Option<Secret>,
    pub(crate) authorities: Vec<CertificateDer<'static>>,
}

/// Tells other programs that nobody waits for an answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Sends it; tells in words what was reached.
pub(crate) async fn send(to: &Mail, letter: &Letter, node: &str) -> Result<String, Failure> {
    let message = message(to, letter, node)?;
    let transport = transport(to, node)?;
    let host = &to.settings.host;
    match timeout(PATIENCE, transport.send(message)).await {
        Ok(Ok(response)) => Ok(format!("{host} took it ({})", response.code())),
        Ok(Err(error)) => Err(failure(&error, host)),
        Err(_) => Err(Failure::new(format!("{host} was not done within a minute"))),
    }
}

/// The mail. Its texts cannot begin a header: addresses are parsed, and the subject is encoded.
fn message(to: &Mail, letter: &Letter, node: &str) -> Result<Message, Failure> {
    let mailbox = |text: &str| {
        let address = text.parse().map_err(|_| Failure::new(format!("{text:?} is no address")))?;
        Ok::<_, Failure>(Mailbox::new(None, address))
    };
    let from = mailbox(&to.settings.from)?;
    let seconds = u64::try_from(letter.at).unwrap_or_default();
    let domain = from.email.domain().to_owned();
    let mut message = Message::builder()
        .from(from)
        .subject(letter::subject(letter, node))
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}@{domain}>", letter.id)))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    for address in &to.settings.to {
        message = message.to(mailbox(address)?);
    }
    message
        .body(letter::text(letter, node))
        .map_err(|error| Failure::new(format!("the mail cannot be written: {error}")))
}

fn transport(to: &Mail, node: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, Failure> {
    let settings = &to.settings;
    let tls = match settings.security {
        MailSecurity::Plain => Tls::None,
        MailSecurity::StartTls => Tls::Required(tls(to)?),
        MailSecurity::Tls => Tls::Wrapper(tls(to)?),
    };
    let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-');
    let node: String = node.chars().filter(|it| is_name(*it)).collect();
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
        .port(settings.port)
        .hello_name(ClientId::Domain(node))
        .timeout(Some(STEP))
        .tls(tls);
    if let (Some(user), Some(password)) = (&settings.user, &to.password) {
        let password = password.expose().to_owned();
        transport = transport.credentials(Credentials::new(user.clone(), password));
    }
    Ok(transport.build())
}

fn tls(to: &Mail) -> Result<TlsParameters, Failure> {
    let wrong = |error: lettre::transport::smtp::Error| {
        Failure::new(format!("TLS cannot be set up: {error}"))
    };
    let mut tls = TlsParameters::builder(to.settings.host.clone())
        .certificate_store(CertificateStore::None)
        .set_min_tls_version(TlsVersion::Tlsv12);
    for authority in &to.authorities {
        tls = tls.add_root_certificate(Certificate::from_der(authority.to_vec()).map_err(wrong)?);
    }
    tls.build_rustls().map_err(wrong)
}

/// Why it failed, in words. What a server said is kept short.
fn failure(error: &lettre::transport::smtp::Error, host: &str) -> Failure {
    let refused = error.status().is_some_and(|code| REFUSALS.contains(&u16::from(code)));
    if let Some(reason) = of_tls(error, host) {
        return Failure::new(reason);
    }
    if refused {
        // What a server says then may repeat what we said.
        let words = format!("{host} refuses our user and password, or wants some");
        return Failure { words, refused };
    }
    let said: String = error.to_string().chars().filter(|it| !it.is_control()).take(300).collect();
    Failure::new(format!("{host}: {said}"))
}

/// What TLS says, where it lies somewhere beneath.
fn of_tls(error: &lettre::transport::smtp::Error, host: &str) -> Option<String> {
    let mut beneath = error.source();
    while let Some(source) = beneath {
        if let Some(error) = source.downcast_ref::<std::io::Error>()
            && error.get_ref().is_some_and(|it| it.is::<rustls::Error>())
        {
            return Some(crate::tls::reason(error, host));
        }
        beneath = source.source();
    }
    None
}
