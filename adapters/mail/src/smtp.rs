//! Handing mails over by SMTP (RFC 6409), and knowing exactly what became of each.
//!
//! ```text
//!   connect, TLS, sign in --fails--> NotBegun
//!   MAIL, RCPT, DATA --refused--> Refused      --connection lost--> NotBegun
//!   the mail, its final dot --answered--> Accepted | Refused   --no answer--> Unknown
//! ```
//!
//! Each step has its own time, and nothing else ends a submission: how long all of them may take together (`longest`) is
//! for whoever asks what became of it. Whoever cuts one before its end still knows by its `Progress` how far it came.
//!
//! A connection belongs to one submission. Nothing is sent before the connection is private, and what a server
//! said before that is forgotten.

mod greeting;
mod stream;

use std::sync::OnceLock;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::time::{Instant, timeout, timeout_at};

use self::stream::{Heard, Tapped};
use crate::account::{Account, SignIn, SmtpSecurity};
use crate::connect::{connect, encrypt};
use crate::token::Tokens;
use crate::trial::{Check, Side, Stage, Subject};
use crate::trouble::{Trouble, said};

/// Bytes of a mail that are written at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// How long a good-bye may take.
const LEAVING: Duration = Duration::from_secs(5);
/// A long mail may take longer than others, by what a slow line carries.
const TRANSFER_BYTES_A_SECOND: usize = 64 * 1024;

/// Who sends a mail to whom, as servers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Who is told when it cannot be delivered; nobody for automatic mail.
    pub from: Option<String>,
    /// Everybody who gets it.
    pub to: Vec<String>,
    /// The mailbox that sends it, where it wants a copy as proof that the server took the mail. Nobody sees that,
    /// and a server that refuses it gets the mail for the others.
    pub copy_to: Option<String>,
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// The server has it.
    Accepted {
        /// What it said.
        text: String,
        /// Whether a copy goes where the envelope wants one.
        is_copied: bool,
    },
    /// It was refused; the server does not have it.
    Refused {
        /// The server's code; none where we know without asking that it would refuse.
        code: Option<u16>,
        /// What it said.
        text: String,
        /// Whether the same mail would be refused again.
        is_final: bool,
    },
    /// All of it was handed over, and no answer came: the server may have it or not.
    Unknown {
        /// Why.
        why: String,
    },
    /// The server does not have it, since it was not handed over in full.
    NotBegun(Trouble),
}

/// How far a submission came, for whoever may not wait for its end.
#[derive(Debug, Default)]
pub struct Progress(OnceLock<Instant>);

impl Progress {
    /// Whether all of the mail was handed over: from then on the server may have it, and before that surely not.
    pub fn is_whole(&self) -> bool {
        self.0.get().is_some()
    }

    /// From now on the server may have it.
    pub(crate) fn whole(&self) {
        let _ = self.0.set(Instant::now());
    }
}

/// How long handing over a mail of so many bytes takes at most: connecting, with proxies and tokens; each command; the
/// mail itself, and the answer to it.
pub fn longest(account: &Account, envelope: &Envelope, bytes: usize) -> Duration {
    let patience = account.patience;
    // By way of a proxy, and then TLS; STARTTLS, the greeting and the sign-in.
    let entering = patience.connect.saturating_mul(4) + patience.command.saturating_mul(3);
    let entering = match &account.sending {
        SignIn::Password { .. } => entering,
        // A token is asked for in at most four steps, and another one after it was refused.
        SignIn::Token { .. } => {
            entering.saturating_add(patience.connect.saturating_mul(4)).saturating_mul(2)
        }
    };
    let recipients = envelope.to.len() + usize::from(envelope.copy_to.is_some());
    let commands = u32::try_from(recipients.saturating_add(2)).unwrap_or(u32::MAX);
    entering
        .saturating_add(patience.command.saturating_mul(commands))
        .saturating_add(transfer(account, bytes))
        .saturating_add(patience.acceptance)
        .saturating_add(LEAVING)
}

fn transfer(account: &Account, bytes: usize) -> Duration {
    let seconds = u64::try_from(bytes / TRANSFER_BYTES_A_SECOND).unwrap_or(u64::MAX);
    account.patience.transfer.saturating_add(Duration::from_secs(seconds))
}

/// Hands a mail over.
pub async fn submit(
    account: &Account,
    tokens: &Tokens,
    envelope: &Envelope,
    raw: &[u8],
) -> Submitted {
    submit_noting(account, tokens, envelope, raw, &Progress::default()).await
}

/// The same, noting how far it came.
pub(crate) async fn submit_noting(
    account: &Account,
    tokens: &Tokens,
    envelope: &Envelope,
    raw: &[u8],
    progress: &Progress,
) -> Submitted {
    let addresses = match Addresses::of(envelope) {
        Ok(addresses) => addresses,
        Err(text) => return Submitted::Refused { code: None, text, is_final: true },
    };
    if !has_whole_lines(raw) {
        // Some servers would take what follows a bare line feed for a mail of its own.
        let text = "the mail has a line end that is none".to_owned();
        return Submitted::Refused { code: None, text, is_final: true };
    }
    let mut conversation = match Conversation::open(account, tokens, &mut |_| {}).await {
        Ok(conversation) => conversation,
        Err(trouble) => return Submitted::NotBegun(trouble),
    };
    let submitted = conversation.submit(&addresses, raw, progress).await;
    // Where no answer came there is nobody to take leave of.
    if matches!(submitted, Submitted::Accepted { .. } | Submitted::Refused { .. }) {
        conversation.leave().await;
    }
    submitted
}

/// Tries whether mails could be handed over, without doing so.
pub async fn test(account: &Account, tokens: &Tokens) -> Vec<Check> {
    let mut checks = Vec::new();
    test_each(account, tokens, &mut |check| checks.push(check)).await;
    checks
}

/// The same, telling each check as soon as it is known.
pub async fn test_each(account: &Account, tokens: &Tokens, tell: &mut (dyn FnMut(Check) + Send)) {
    let side = Side::Sending;
    if let SignIn::Token { source, .. } = &account.sending {
        let token = tokens.token(source).await;
        tell(Check::of(side, Subject::Token, token.as_ref().map(drop)));
        if token.is_err() {
            reach(account, tell).await;
            tell(Check::not_tried(side, Subject::SignIn));
            return;
        }
    }
    let mut stages = Stage::watch(side, tell);
    let opened = Conversation::open(account, tokens, &mut |stage| stages.passed(stage)).await;
    let is_greeted = stages.is_greeted();
    if let (Err(trouble), false) = (&opened, is_greeted) {
        stages.broke(trouble);
        tell(Check::not_tried(side, Subject::SignIn));
        return;
    }
    tell(Check::of(side, Subject::SignIn, opened.as_ref().map(drop)));
    if let Ok(conversation) = opened {
        conversation.leave().await;
    }
}

/// Tries the way to the server that mails are handed to, without signing in.
pub(crate) async fn reach(account: &Account, tell: &mut (dyn FnMut(Check) + Send)) {
    let mut stages = Stage::watch(Side::Sending, tell);
    if let Err(trouble) = Conversation::reach(account, &mut |stage| stages.passed(stage)).await {
        stages.broke(&trouble);
    }
}

/// Addresses as they are said to a server.
struct Addresses {
    from: Option<Address>,
    to: Vec<Address>,
    copy_to: Option<Address>,
    /// Whether one needs `SMTPUTF8`.
    is_international: bool,
}

impl Addresses {
    fn of(envelope: &Envelope) -> Result<Self, String> {
        let read = |text: &String| {
            crate::compose::address(text).ok_or_else(|| format!("{text:?} is no address"))
        };
        let from = envelope.from.as_ref().map(read).transpose()?;
        let to = envelope.to.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if to.is_empty() {
            return Err("nobody would get the mail".to_owned());
        }
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        let is_international = !from.iter().chain(&to).all(is_ascii);
        let copy_to = envelope.copy_to.as_deref().and_then(crate::compose::address);
        // A copy is not worth asking more of the server than the mail does.
        let copy_to = copy_to.filter(|address| is_international || is_ascii(address));
        Ok(Self { from, to, copy_to, is_international })
    }
}

/// Whether each line ends as lines of a mail do.
fn has_whole_lines(raw: &[u8]) -> bool {
    let mut before = 0;
    for byte in raw {
        if (*byte == b'\n') != (before == b'\r') {
            return false;
        }
        before = *byte;
    }
    before != b'\r'
}

/// Who is told how far a connection came.
type Passed<'t> = &'t mut (dyn FnMut(Stage) + Send);

/// A conversation with a server that knows us.
struct Conversation<'a> {
    account: &'a Account,
    connection: AsyncSmtpConnection,
    heard: Heard,
    secret: String,
}

impl<'a> Conversation<'a> {
    /// Connects and signs in. A token that the server refuses is replaced once.
    async fn open(
        account: &'a Account,
        tokens: &Tokens,
        passed: Passed<'_>,
    ) -> Result<Self, Trouble> {
        match &account.sending {
            SignIn::Password { user, password } => {
                let mechanisms = [Mechanism::Plain, Mechanism::Login];
                Self::enter(account, &mechanisms, user, password.expose(), passed).await
            }
            SignIn::Token { user, source, .. } => {
                let token = tokens.token(source).await?;
                let mechanisms = [Mechanism::Xoauth2];
                let entered = Self::enter(account, &mechanisms, user, token.expose(), passed).await;
                if !matches!(entered, Err(Trouble::SignIn { is_temporary: false, .. })) {
                    return entered;
                }
                let token = tokens.instead_of(source, &token).await?;
                Self::enter(account, &mechanisms, user, token.expose(), &mut |_| {}).await
            }
        }
    }

    async fn enter(
        account: &'a Account,
        mechanisms: &[Mechanism],
        user: &str,
        secret: &str,
        passed: Passed<'_>,
    ) -> Result<Self, Trouble> {
        let (connection, heard) = Self::reach(account, passed).await?;
        let mut conversation = Self { account, connection, heard, secret: secret.to_owned() };
        conversation.sign_in(mechanisms, user).await?;
        Ok(conversation)
    }

    /// Connects, makes it private and greets; the server does not know us yet.
    async fn reach(
        account: &Account,
        passed: Passed<'_>,
    ) -> Result<(AsyncSmtpConnection, Heard), Trouble> {
        let patience = account.patience;
        let host = account.smtp.host.clone();
        let hello = hello(&account.hello_name);
        let mut stream = connect(&account.smtp, &account.route, patience.connect).await?;
        passed(Stage::Connected);
        let is_greeted = account.smtp_security == SmtpSecurity::StartTls;
        if is_greeted {
            let name = hello.to_string();
            let asking = greeting::start_tls(&mut stream, &host, &name);
            timeout(patience.command, asking).await.unwrap_or_else(|_| {
                Err(Trouble::TimedOut { host: host.clone(), what: "STARTTLS".to_owned() })
            })?;
        }
        let stream = encrypt(stream, &host, &account.tls, patience.connect).await?;
        passed(Stage::Private);
        let (stream, heard) = Tapped::new(stream, is_greeted);
        let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello);
        match timeout(patience.command, greeting).await {
            Ok(Ok(connection)) => {
                passed(Stage::Greeted);
                Ok((connection, heard))
            }
            Ok(Err(error)) => Err(trouble(&error, &host, "its greeting", "")),
            Err(_) => Err(Trouble::TimedOut { host, what: "its greeting".to_owned() }),
        }
    }

    async fn sign_in(&mut self, mechanisms: &[Mechanism], user: &str) -> Result<(), Trouble> {
        let host = self.account.smtp.host.clone();
        let refused =
            |text: String, is_temporary| Trouble::SignIn { host: host.clone(), text, is_temporary };
        let info = self.connection.server_info();
        if info.get_auth_mechanism(mechanisms).is_none() {
            let names: Vec<String> = mechanisms.iter().map(ToString::to_string).collect();
            return Err(refused(format!("it does not offer {}", names.join(" or ")), false));
        }
        let credentials = Credentials::new(user.to_owned(), self.secret.clone());
        let signing_in = self.connection.auth(mechanisms, &credentials);
        match timeout(self.account.patience.command, signing_in).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(match error.status() {
                Some(_) => refused(answer(&error, &self.secret), error.is_transient()),
                // A refused token comes as a challenge, which the library does not expect.
                None if error.is_client() => {
                    refused("it does not take what we showed it".to_owned(), false)
                }
                None => trouble(&error, &host, "our sign-in", &self.secret),
            }),
            Err(_) => Err(Trouble::TimedOut { host, what: "our sign-in".to_owned() }),
        }
    }

    async fn submit(
        &mut self,
        addresses: &Addresses,
        raw: &[u8],
        progress: &Progress,
    ) -> Submitted {
        let parameters = match self.parameters(addresses, raw) {
            Ok(parameters) => parameters,
            Err(text) => return Submitted::Refused { code: None, text, is_final: true },
        };
        let mail = Mail::new(addresses.from.clone(), parameters);
        if let Err(submitted) = self.say(mail, "the sender").await {
            return submitted;
        }
        // All are asked for, so that what is said of the refused ones is complete.
        let mut refusals = Vec::new();
        for address in &addresses.to {
            match self.say(Rcpt::new(address.clone(), Vec::new()), "a recipient").await {
                Ok(()) => {}
                Err(Submitted::Refused { code, text, is_final }) => {
                    refusals.push((code, format!("{address}: {text}"), is_final));
                }
                Err(other) => return other,
            }
        }
        if let Some(submitted) = all_refusals(&refusals) {
            return submitted;
        }
        let is_copied = match &addresses.copy_to {
            None => false,
            Some(own) if addresses.to.contains(own) => true,
            Some(own) => match self.say(Rcpt::new(own.clone(), Vec::new()), "a copy").await {
                Ok(()) => true,
                Err(Submitted::Refused { text, .. }) => {
                    tracing::warn!(%own, text, "a mail server takes no copy for the sender");
                    false
                }
                Err(other) => return other,
            },
        };
        if let Err(submitted) = self.say(Data, "the mail").await {
            return submitted;
        }
        self.hand_over(raw, is_copied, progress).await
    }

    fn parameters(&self, addresses: &Addresses, raw: &[u8]) -> Result<Vec<MailParameter>, String> {
        let host = &self.account.smtp.host;
        let info = self.connection.server_info();
        let mut parameters = Vec::new();
        if let Some(bytes_max) = self.heard.size() {
            if bytes_max > 0 && raw.len() > bytes_max {
                let bytes = raw.len();
                return Err(format!(
                    "{host} takes mails of {bytes_max} bytes, this one has {bytes}"
                ));
            }
            parameters.push(MailParameter::Size(raw.len()));
        }
        if addresses.is_international || has_international_header(raw) {
            if !info.supports_feature(Extension::SmtpUtfEight) {
                return Err(format!("{host} knows no addresses with letters beyond ASCII"));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !raw.is_ascii() {
            if !info.supports_feature(Extension::EightBitMime) {
                return Err(format!("{host} takes no mails with bytes beyond ASCII"));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    /// Says one command before the mail itself.
    async fn say(&mut self, command: impl std::fmt::Display, what: &str) -> Result<(), Submitted> {
        let host = &self.account.smtp.host;
        match timeout(self.account.patience.command, self.connection.command(command)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(match refusal(&error, &self.secret) {
                Some(refused) => refused,
                None => Submitted::NotBegun(trouble(&error, host, what, &self.secret)),
            }),
            Err(_) => Err(Submitted::NotBegun(Trouble::TimedOut {
                host: host.clone(),
                what: what.to_owned(),
            })),
        }
    }

    async fn hand_over(&mut self, raw: &[u8], is_copied: bool, progress: &Progress) -> Submitted {
        let host = &self.account.smtp.host;
        let end = std::iter::once_with(|| {
            // The next bytes are the final dot's.
            progress.whole();
            &[] as &[u8]
        });
        // The library says the end of the last line before the final dot.
        let lines = raw.strip_suffix(b"\r\n").unwrap_or(raw);
        let chunks = lines.chunks(CHUNK_BYTES).chain(end);
        let transfer = transfer(self.account, raw.len());
        let acceptance = self.account.patience.acceptance;
        let handing = self.connection.message_iter(chunks);
        tokio::pin!(handing);
        let handed = match timeout(transfer, &mut handing).await {
            Ok(handed) => Ok(handed),
            // All the time for the answer begins with the final dot, however long the mail took.
            Err(late) => match progress.0.get() {
                Some(whole_at) => timeout_at(*whole_at + acceptance, handing).await,
                None => Err(late),
            },
        };
        let failed = match handed {
            Ok(Ok(response)) => {
                let text: Vec<&str> = response.message().collect();
                let text = said(&text.join(" "), &self.secret);
                return Submitted::Accepted { text, is_copied };
            }
            Ok(Err(error)) => match refusal(&error, &self.secret) {
                Some(refused) => return refused,
                None => trouble(&error, host, "the mail", &self.secret),
            },
            Err(_) => Trouble::TimedOut { host: host.clone(), what: "the mail".to_owned() },
        };
        match progress.is_whole() {
            true => Submitted::Unknown { why: failed.to_string() },
            false => Submitted::NotBegun(failed),
        }
    }

    async fn leave(mut self) {
        // Whoever does not say good-bye in time is left without.
        let _ = timeout(LEAVING, self.connection.quit()).await;
    }
}

/// What is said of all refused recipients; final where one of them is.
fn all_refusals(refusals: &[(Option<u16>, String, bool)]) -> Option<Submitted> {
    let is_final = refusals.iter().any(|(_, _, is_final)| *is_final);
    let (code, ..) = refusals.iter().find(|(_, _, each)| *each == is_final)?;
    let texts: Vec<&str> = refusals.iter().map(|(_, text, _)| text.as_str()).collect();
    Some(Submitted::Refused { code: *code, text: texts.join("; "), is_final })
}

/// Whether the header holds letters beyond ASCII, as addresses may.
fn has_international_header(raw: &[u8]) -> bool {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(raw.len());
    raw.get(..end).is_some_and(|header| !header.is_ascii())
}

fn hello(name: &str) -> ClientId {
    let is_name = |it: &char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-');
    let name: String = name.chars().filter(is_name).collect();
    ClientId::Domain(if name.is_empty() { "localhost".to_owned() } else { name })
}

/// What a server said with its code.
fn answer(error: &Error, secret: &str) -> String {
    let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let code = error.status().map(|code| format!("{code} ")).unwrap_or_default();
    said(&format!("{code}{text}"), secret)
}

fn refusal(error: &Error, secret: &str) -> Option<Submitted> {
    let code = error.status()?;
    let is_final = error.is_permanent();
    let text = answer(error, secret);
    Some(Submitted::Refused { code: Some(u16::from(code)), text, is_final })
}

fn trouble(error: &Error, host: &str, what: &str, secret: &str) -> Trouble {
    let host = host.to_owned();
    if error.status().is_some() {
        let text = answer(error, secret);
        return Trouble::Refused { host, what: what.to_owned(), code: None, text };
    }
    if error.is_timeout() {
        return Trouble::TimedOut { host, what: what.to_owned() };
    }
    let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    match error.is_response() && text != "incomplete response" {
        true => Trouble::Malformed { host, why: "it is no answer of SMTP".to_owned() },
        false => Trouble::Lost { host, why: said(&text, secret) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_handed_over() {
        assert!(has_whole_lines(b"a: b\r\n\r\nc\r\n") && has_whole_lines(b""));
        for wrong in [b"a\n.\nb".as_slice(), b"a\r.\r\n", b"a\r", b"\n"] {
            assert!(!has_whole_lines(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn one_final_refusal_makes_all_of_them_final() {
        let temporary = (Some(450), "a: later".to_owned(), false);
        let permanent = (Some(550), "b: never".to_owned(), true);
        let all = all_refusals(&[temporary.clone(), permanent]);
        let text = "a: later; b: never".to_owned();
        assert_eq!(all, Some(Submitted::Refused { code: Some(550), text, is_final: true }));
        assert!(matches!(
            all_refusals(&[temporary]),
            Some(Submitted::Refused { code: Some(450), is_final: false, .. })
        ));
        assert_eq!(all_refusals(&[]), None);
    }
}
