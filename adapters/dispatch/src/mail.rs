//! A letter to people: one mail in plain text over SMTP, private unless the settings say otherwise in words.

use std::error::Error as _;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
use domain::settings::{AlarmMail, MailSecurity};
use lettre::address::Envelope;
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
    match timeout(PATIENCE, deliver(&transport, &message, to)).await {
        Ok(delivered) => delivered,
        Err(_) => Err(Failure::new(format!("{host} was not done within a minute"))),
    }
}

/// To all at once; where that is refused for good, to one after the other, so that one address that is gone keeps
/// nobody else from it.
async fn deliver(
    transport: &AsyncSmtpTransport<Tokio1Executor>,
    message: &Message,
    to: &Mail,
) -> Result<String, Failure> {
    let host = &to.settings.host;
    let (bytes, envelope) = (message.formatted(), message.envelope());
    let error = match transport.send_raw(envelope, &bytes).await {
        Ok(response) => return Ok(format!("{host} took it ({})", response.code())),
        Err(error) => error,
    };
    let failed = failure(&error, to);
    let addresses = envelope.to();
    if !error.is_permanent() || failed.refused || addresses.len() < 2 {
        return Err(failed);
    }
    let mut refused = Vec::new();
    for address in addresses {
        let one = Envelope::new(envelope.from().cloned(), vec![address.clone()]);
        let one = one.map_err(|error| Failure::new(error.to_string()))?;
        if let Err(error) = transport.send_raw(&one, &bytes).await {
            refused.push(format!("{address} ({})", failure(&error, to).words));
        }
    }
    if refused.len() == addresses.len() {
        return Err(failed);
    }
    if refused.is_empty() {
        return Ok(format!("{host} took it, for one address at a time"));
    }
    let refused = refused.join(", ");
    tracing::warn!(host, refused, "a mail of alarms was taken for some addresses alone");
    Ok(format!("{host} took it, but not for {refused}"))
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
fn failure(error: &lettre::transport::smtp::Error, to: &Mail) -> Failure {
    let host = to.settings.host.as_str();
    let refused = error.status().is_some_and(|code| REFUSALS.contains(&u16::from(code)));
    if let Some(reason) = of_tls(error, host) {
        return Failure::new(reason);
    }
    if refused {
        // What a server says then may repeat what we said.
        let words = format!("{host} refuses our user and password, or wants some");
        return Failure { words, refused };
    }
    let said = error.to_string();
    if repeats_password(&said, to) {
        return Failure::new(format!(
            "{host} refuses what we said, and repeats our password in its answer, which is not shown"
        ));
    }
    let said: String = said.chars().filter(|it| !it.is_control()).take(300).collect();
    Failure::new(format!("{host}: {said}"))
}

/// Whether a server that does not know `AUTH` says back what it did not understand, as some do.
fn repeats_password(said: &str, to: &Mail) -> bool {
    let Some(password) = &to.password else { return false };
    let user = to.settings.user.as_deref().unwrap_or_default();
    let plain = format!("\0{user}\0{}", password.expose());
    let forms =
        [password.expose().to_owned(), STANDARD.encode(password.expose()), STANDARD.encode(plain)];
    forms.iter().any(|form| said.contains(form.trim_end_matches('=')))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_repeats_the_password_is_known_in_every_form_it_has_on_the_way() {
        let settings = AlarmMail {
            host: "mail.example".to_owned(),
            port: 465,
            security: MailSecurity::Tls,
            user: Some("gateway".to_owned()),
            password: None,
            from: "gateway@example.com".to_owned(),
            to: vec!["one@example.com".to_owned()],
        };
        let password = Some(Secret::new("mail password"));
        let to = Mail { settings, password, authorities: Vec::new() };
        let plain = STANDARD.encode("\0gateway\0mail password");
        let login = STANDARD.encode("mail password");
        for said in [
            format!("permanent error (500): unknown command \"AUTH PLAIN {plain}\""),
            format!("permanent error (501): {login} is no name"),
            "permanent error (554): no mail password here".to_owned(),
        ] {
            assert!(repeats_password(&said, &to), "{said}");
        }
        assert!(!repeats_password("permanent error (550): no such mailbox", &to));
        let without = Mail { password: None, ..to };
        assert!(!repeats_password("permanent error (554): mail password", &without));
    }
}
