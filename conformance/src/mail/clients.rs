//! The command lines of the clients.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::imap::Imap;
use super::message::{field, plain, with_subject};
use super::sasl::{Login, Mechanism};
use super::smtp::{Security, Smtp};
use super::token_server::chance;
use super::wire::{Place, Route};

/// How often a mailbox is looked into while a mail is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How a client gets to the server, and who it is.
#[derive(Clone, Debug, Args)]
pub(super) struct Access {
    /// What the server has to be trusted by (PEM); without it nothing is checked
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Who signs in
    #[arg(long, value_name = "USER", requires = "password_file")]
    user: Option<String>,
    /// File with the password, or with the token of mechanisms that take one
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// How the user signs in
    #[arg(long, value_enum, default_value_t = Mechanism::Plain)]
    mechanism: Mechanism,
    /// Go by this HTTP proxy
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "socks_proxy")]
    http_proxy: Option<Place>,
    /// Go by this SOCKS proxy
    #[arg(long, value_name = "HOST:PORT")]
    socks_proxy: Option<Place>,
}

impl Access {
    fn route(&self) -> Route {
        match (&self.http_proxy, &self.socks_proxy) {
            (Some(proxy), _) => Route::Http(proxy.clone()),
            (None, Some(proxy)) => Route::Socks(proxy.clone()),
            (None, None) => Route::Straight,
        }
    }

    fn login(&self) -> Result<Option<Login>, String> {
        let (Some(user), Some(path)) = (&self.user, &self.password_file) else { return Ok(None) };
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        let secret = text.trim_end_matches(['\r', '\n']).to_owned();
        Ok(Some(Login { user: user.clone(), secret, mechanism: self.mechanism }))
    }
}

/// Send a mail by SMTP, and print what the server said to it as JSON.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  \
    jackfield-peers mail-send --smtp localhost:2525 --from customer@else.test \\\n      \
    --to support@mail.test --subject 'Where is my order?'")]
pub(crate) struct MailSendArguments {
    /// The server
    #[arg(long, value_name = "HOST:PORT")]
    smtp: Place,
    /// How the connection is kept private
    #[arg(long, value_enum, default_value_t = Security::None)]
    security: Security,
    /// The sender, in the mail and of its envelope
    #[arg(long, value_name = "ADDRESS")]
    from: String,
    /// A receiver
    #[arg(long, value_name = "ADDRESS", required = true)]
    to: Vec<String>,
    /// The subject; of a file's mail it takes the place of its own
    #[arg(long, value_name = "TEXT", required_unless_present = "file")]
    subject: Option<String>,
    /// The text
    #[arg(long, value_name = "TEXT", default_value = "Hello.", conflicts_with = "file")]
    text: String,
    /// A whole mail to send instead, header included
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
}

/// Read the mails of a folder by IMAP, and print each as one line of JSON. Nothing is marked as read.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "It ends with 1 if the mail that is waited for does not come.\n\nExample:\n  \
    jackfield-peers mail-read --imaps localhost:9993 --ca ca.pem --user support@mail.test \\\n      \
    --password-file password --wait-subject 'Where is my order?'"
)]
pub(crate) struct MailReadArguments {
    /// The server
    #[arg(long, value_name = "HOST:PORT")]
    imaps: Place,
    /// The folder
    #[arg(long, value_name = "NAME", default_value = "INBOX")]
    folder: String,
    /// Print only mails with this subject, and wait until there is one
    #[arg(long, value_name = "TEXT")]
    wait_subject: Option<String>,
    /// How long to wait for it
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    seconds: u64,
    #[command(flatten)]
    access: Access,
}

/// Sends one mail.
pub(crate) async fn run_send(
    arguments: MailSendArguments,
    output: &mut (impl Write + Send),
) -> Result<u8, String> {
    let mail = mail(&arguments)?;
    let message_id = field(&mail, "Message-ID");
    let MailSendArguments { smtp, security, from, to, access, .. } = &arguments;
    let mut session = Smtp::open(smtp, &access.route(), *security, access.ca.as_deref()).await?;
    if let Some(login) = access.login()? {
        session.sign_in(&login).await?;
    }
    let said = session.submit(from, to, &mail).await?;
    session.quit().await?;
    let line = json!({"message_id": message_id, "answer": said});
    writeln!(output, "{line}").map_err(|error| error.to_string())?;
    Ok(0)
}

fn mail(arguments: &MailSendArguments) -> Result<Vec<u8>, String> {
    let MailSendArguments { from, to, subject, text, file, .. } = arguments;
    if let Some(path) = file {
        let mail = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        return Ok(match subject {
            Some(subject) => with_subject(&mail, subject),
            None => mail,
        });
    }
    let chance = chance().ok_or("there is no chance to be had")?;
    let domain = from.split_once('@').map_or("localhost", |(_, domain)| domain);
    let message_id = format!("<{chance}@{domain}>");
    let subject = subject.as_deref().unwrap_or_default();
    Ok(plain(from, to, subject, text, &message_id, SystemTime::now()).into_bytes())
}

/// Reads the mails of a folder.
pub(crate) async fn run_read(
    arguments: MailReadArguments,
    output: &mut (impl Write + Send),
) -> Result<u8, String> {
    let MailReadArguments { imaps, folder, wait_subject, seconds, access } = &arguments;
    let login = access.login()?.ok_or("give --user and --password-file")?;
    let mut session = Imap::open(imaps, &access.route(), access.ca.as_deref()).await?;
    session.sign_in(&login).await?;
    let deadline = Instant::now() + Duration::from_secs(*seconds);
    let mut seen = Vec::new();
    let found = loop {
        // A folder that is opened anew shows what has come since.
        session.examine(folder).await?;
        let mut found = false;
        for uid in session.uids().await? {
            if seen.contains(&uid) {
                continue;
            }
            seen.push(uid);
            let Some(mail) = session.mail(uid).await? else { continue };
            let subject = field(&mail, "Subject").unwrap_or_default();
            if wait_subject.as_ref().is_some_and(|wanted| *wanted != subject) {
                continue;
            }
            found = true;
            let named = |name: &str| field(&mail, name);
            let line = json!({
                "uid": uid, "subject": subject, "from": named("From"), "to": named("To"),
                "cc": named("Cc"), "message_id": named("Message-ID"),
                "in_reply_to": named("In-Reply-To"), "references": named("References"),
                "raw_base64": STANDARD.encode(&mail),
            });
            writeln!(output, "{line}").map_err(|error| error.to_string())?;
        }
        if found || wait_subject.is_none() {
            break true;
        }
        if Instant::now() > deadline {
            break false;
        }
        sleep(LOOK_EVERY).await;
    };
    session.log_out().await?;
    Ok(u8::from(!found))
}
