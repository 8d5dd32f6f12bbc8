//! Tests of mailboxes and mail servers, for whoever sets them up (CCP-04): what is tried, how each went, what to do.
//!
//! ```text
//!   reading:  [token] connection -> TLS -> greeting -> sign-in -> inbox, drafts, outbox, sent: there, and the rights
//!   sending:  [token] connection -> TLS -> greeting -> sign-in
//!   each is told as soon as it is known; what could not be reached was not tried
//! ```
//!
//! Nothing in a mailbox changes, and nothing is sent. A mail server alone is tried up to its greeting: it has no
//! account.

use std::time::Duration;

use domain::settings::{MailServerKind, Settings};

use crate::account::{Account, Patience};
use crate::imap::{self, Mailbox};
use crate::smtp;
use crate::trouble::Trouble;

mod fault;

pub use fault::{Fault, FaultKind};

/// How long one step of a test may take: somebody waits for it.
const CONNECTING: Duration = Duration::from_secs(10);
const ANSWERING: Duration = Duration::from_secs(20);

/// Which way mails go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// From the server to us.
    Reading,
    /// From us to the server.
    Sending,
}

impl Side {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Sending => "sending",
        }
    }
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Fetching a token.
    Token,
    /// Reaching the server.
    Connection,
    /// Keeping the connection private.
    Tls,
    /// The server speaks the protocol.
    Greeting,
    /// Signing in.
    SignIn,
    /// The folder where mails arrive, and reading it.
    Inbox,
    /// The folder of drafts, and writing to it.
    Drafts,
    /// The folder of what waits to be sent, and writing to it.
    Outbox,
    /// The folder of what was sent, and writing to it.
    Sent,
}

impl Subject {
    /// Every name there is.
    pub const NAMES: [&'static str; 9] =
        ["token", "connection", "tls", "greeting", "sign_in", "inbox", "drafts", "outbox", "sent"];

    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::SignIn => "sign_in",
            Self::Inbox => "inbox",
            Self::Drafts => "drafts",
            Self::Outbox => "outbox",
            Self::Sent => "sent",
        }
    }
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Passed,
    /// It did not, for this reason.
    Failed(Box<Fault>),
    /// It was not tried, since something before it failed.
    NotTried,
    /// Servers of this kind have no such thing.
    NotApplicable,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which way.
    pub side: Side,
    /// What.
    pub subject: Subject,
    /// The folder, where it is one.
    pub folder: Option<String>,
    /// How it went.
    pub outcome: Outcome,
}

impl Check {
    pub(crate) fn of(side: Side, subject: Subject, result: Result<(), &Trouble>) -> Self {
        let outcome = match result {
            Ok(()) => Outcome::Passed,
            Err(trouble) => Outcome::Failed(Box::new(Fault::of(trouble))),
        };
        Self { side, subject, folder: None, outcome }
    }

    pub(crate) fn not_tried(side: Side, subject: Subject) -> Self {
        Self { side, subject, folder: None, outcome: Outcome::NotTried }
    }
}

/// How far a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Connected,
    Private,
    Greeted,
}

impl Stage {
    const ALL: [(Self, Subject); 3] = [
        (Self::Connected, Subject::Connection),
        (Self::Private, Subject::Tls),
        (Self::Greeted, Subject::Greeting),
    ];

    /// Tells the checks of a connection as it passes its stages.
    pub(crate) fn watch(side: Side, tell: &mut (dyn FnMut(Check) + Send)) -> Stages<'_> {
        Stages { side, tell, last: None }
    }
}

/// A connection that is being made.
pub(crate) struct Stages<'t> {
    side: Side,
    tell: &'t mut (dyn FnMut(Check) + Send),
    last: Option<Stage>,
}

impl Stages<'_> {
    pub(crate) fn passed(&mut self, stage: Stage) {
        if self.last >= Some(stage) {
            return;
        }
        self.last = Some(stage);
        let found = Stage::ALL.into_iter().find(|(it, _)| *it == stage);
        if let Some((_, subject)) = found {
            (self.tell)(Check::of(self.side, subject, Ok(())));
        }
    }

    /// Whether the server speaks with us, so that only the sign-in can be amiss.
    pub(crate) fn is_greeted(&self) -> bool {
        self.last == Some(Stage::Greeted)
    }

    /// It came no further: the first stage that it did not pass failed, what is behind that was not tried.
    pub(crate) fn broke(self, trouble: &Trouble) {
        let behind = Stage::ALL.into_iter().filter(|(stage, _)| self.last < Some(*stage));
        for (place, (_, subject)) in behind.enumerate() {
            (self.tell)(match place {
                0 => Check::of(self.side, subject, Err(trouble)),
                _ => Check::not_tried(self.side, subject),
            });
        }
    }
}

/// What a test will tell, in this order, so that whoever watches sees what is still to come.
pub(crate) fn planned(account: &Account, is_mailbox: bool) -> Vec<(Side, Subject)> {
    use crate::account::SignIn;
    let way = |side, sign_in: &SignIn| {
        let token = is_mailbox && matches!(sign_in, SignIn::Token { .. });
        let mut subjects = Vec::new();
        subjects.extend(token.then_some(Subject::Token));
        subjects.extend([Subject::Connection, Subject::Tls, Subject::Greeting]);
        subjects.extend(is_mailbox.then_some(Subject::SignIn));
        subjects.into_iter().map(move |subject| (side, subject)).collect::<Vec<_>>()
    };
    let mut planned = way(Side::Reading, &account.reading);
    if is_mailbox {
        let folders = [Subject::Inbox, Subject::Drafts, Subject::Outbox, Subject::Sent];
        planned.extend(folders.map(|subject| (Side::Reading, subject)));
    }
    planned.extend(way(Side::Sending, &account.sending));
    planned
}

/// A test that can begin.
#[derive(Debug)]
pub struct Trial {
    mailbox: Mailbox,
    kind: MailServerKind,
    is_mailbox: bool,
}

impl Trial {
    pub(crate) fn of_mailbox(mailbox: Mailbox, kind: MailServerKind) -> Self {
        Self { mailbox, kind, is_mailbox: true }
    }

    pub(crate) fn of_server(mailbox: Mailbox, kind: MailServerKind) -> Self {
        Self { mailbox, kind, is_mailbox: false }
    }

    /// Everything that it will tell, in order.
    pub fn planned(&self) -> Vec<(Side, Subject)> {
        planned(self.mailbox.account(), self.is_mailbox)
    }

    /// Where it goes: the two servers.
    pub fn hosts(&self) -> [String; 2] {
        let account = self.mailbox.account();
        [&account.imap, &account.smtp].map(|it| format!("{}:{}", it.host, it.port))
    }

    /// Tries everything. Whoever drops it ends it, and its connections with it.
    pub async fn run(self, tell: &mut (dyn FnMut(Check) + Send)) {
        let account = self.mailbox.account();
        if !self.is_mailbox {
            imap::reach(account, tell).await;
            smtp::reach(account, tell).await;
            return;
        }
        let has_outbox = matches!(self.kind, MailServerKind::Exchange | MailServerKind::Office365);
        self.mailbox
            .test_each(&mut |check| {
                let is_none = check.subject == Subject::Outbox && !has_outbox;
                tell(match is_none {
                    true => Check { folder: None, outcome: Outcome::NotApplicable, ..check },
                    false => check,
                });
            })
            .await;
        smtp::test_each(account, self.mailbox.tokens(), tell).await;
    }
}

/// Time as somebody who waits has it.
pub(crate) fn patience() -> Patience {
    Patience { connect: CONNECTING, command: ANSWERING, ..Patience::default() }
}

/// Where secrets of a CSQ's mailbox go, each host in small letters with its port: both servers, and where tokens
/// are fetched.
pub fn destinations(settings: &Settings, csq: &str) -> Option<Vec<String>> {
    let email = settings.csqs.get(csq)?.email.as_ref()?;
    let server = settings.mail_server_of(email)?;
    let place = |host: &str, port: u16| format!("{}:{port}", host.to_ascii_lowercase());
    let mut places = vec![
        place(&server.imap_host, server.imap_port),
        place(&server.smtp_host, server.smtp_port),
    ];
    let url = email.token_url(server);
    places.extend(url.as_deref().and_then(authority));
    Some(places)
}

/// The host and port in an address of the web.
fn authority(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.get(..end).map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests;
