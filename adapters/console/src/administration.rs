//! What the console asks of the node it runs on.

use std::net::IpAddr;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Actor, Identity, Problems, Secret, Timestamp};
use engine::SubmitError;
use engine::surface::{Request, Source};
use http::{Response, StatusCode};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

/// Who asks for a deed, and under which id they would repeat it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Who, for the audit log.
    pub by: Actor,
    /// The client's own key for this request (`Idempotency-Key`), together with who it is; a repeat
    /// within a day is recognised.
    pub idempotency: Option<String>,
}

/// Why a deed came to nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// For programs; those with a status of their own are listed with the routes.
    pub code: String,
    /// For people: what is wrong and what to do.
    pub message: String,
    /// What is wrong with a document, each under its key.
    pub problems: Problems,
    /// What lies behind it, for whoever looks after the node: it may name its machines and files.
    pub cause: Option<String>,
}

impl Failure {
    /// One of that code, told in these words.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { code, message, problems: Problems::default(), cause: None }
    }

    /// One of that code with everything that is wrong.
    pub fn problems(code: &str, problems: Problems) -> Self {
        let message = problems.to_string();
        Self { problems, ..Self::new(code, message) }
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        let code = match error {
            SubmitError::Busy => "busy",
            SubmitError::Stopping => "stopping",
            SubmitError::Unknown => "unknown",
            SubmitError::Unavailable { .. } | SubmitError::Undecided => "unavailable",
        };
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        Self { cause, ..Self::new(code, error.to_string()) }
    }
}

/// Somebody signs in with a browser.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The name as it was typed.
    pub account: String,
    /// The password as it was typed.
    pub password: Secret,
    /// The one-time password, where one was typed.
    pub one_time: Option<Secret>,
    /// Whether the sign-on message was acknowledged (OPS-07).
    pub acknowledged: bool,
    /// The client's address.
    pub from: IpAddr,
    /// The number that the log has beside the request.
    pub reference: String,
}

/// A session that began.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What the cookie holds.
    pub cookie: Secret,
    /// Who it is.
    pub identity: Identity,
    /// When it ends, whatever is done.
    pub ends_at: Timestamp,
}

/// Why somebody is not signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// The sign-on message must be acknowledged first.
    Unacknowledged,
    /// The account is unknown, or the password wrong; the two look alike.
    Wrong,
    /// The password is right, and a one-time password is needed beside it.
    OneTimeNeeded,
    /// The one-time password is wrong or was used already.
    OneTimeWrong,
    /// Too many wrong passwords came for the account; none is tried until then.
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// Single sign-on is on, and the account is no local one.
    SingleSignOn,
    /// They are known and may do nothing here.
    NoRole,
    /// Too much at once; to be tried again so many seconds on.
    Busy {
        /// How many.
        retry_seconds: u64,
    },
    /// The store or the directory that must be asked cannot be reached.
    Unavailable,
}

/// Whoever has the set-up link makes the first administrator.
#[derive(Clone, Debug)]
pub struct SetUp {
    /// The secret in the link.
    pub secret: Secret,
    /// The account's name.
    pub account: String,
    /// Its password.
    pub password: Secret,
    /// The client's address.
    pub from: IpAddr,
    /// The number that the log has beside the request.
    pub reference: String,
}

/// A line of a node's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was told.
    pub at: Timestamp,
    /// How much it matters: `error`, `warn`, `info`, `debug`, `trace`.
    pub level: &'static str,
    /// Which part of the program it is from.
    pub target: String,
    /// In words.
    pub message: String,
    /// Names and values, in order.
    pub fields: Vec<(String, String)>,
}

/// Lines of a node's log that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogLines {
    /// The oldest first.
    pub lines: Vec<LogLine>,
    /// The number of the last line there is, to ask for what comes after it.
    pub last: u64,
    /// How many came since the number asked with that are not among these.
    pub missed: u64,
}

/// A backup on its way to a browser.
pub struct Archive {
    /// How large it is.
    pub bytes: u64,
    /// Its bytes.
    pub pieces: Box<dyn Source>,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "an archive of {} bytes", self.bytes)
    }
}

fn nowhere() -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

/// What of mail is to be tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTested {
    /// The mailbox of a CSQ: reading and sending, signed in.
    Csq,
    /// A mail server, up to its greeting.
    MailServer,
}

/// A test of a mailbox or mail server. It may hold secrets in the clear, so it does not print.
#[derive(Clone)]
pub struct MailTest {
    /// What is to be tested.
    pub of: MailTested,
    /// Its name.
    pub name: String,
    /// What stands in a form and is not saved; `None` tests what is saved.
    pub unsaved: Option<Value>,
}

/// The node, as its administrators see it.
#[async_trait]
pub trait Administration: Send + Sync + 'static {
    /// Does what `deed` names with those members, as the admin socket would; see the server's list of
    /// deeds.
    async fn perform(
        &self,
        deed: &'static str,
        members: Value,
        context: Context,
    ) -> Result<Value, Failure>;

    /// The newest lines of this node's log after the one of that number that matter as much as `level` or more,
    /// at most so many; 0 stands for before the first.
    fn log_lines(&self, after: u64, level: &str, most: usize) -> Result<LogLines, Failure>;

    /// Moves with every line of this node's log, to its number.
    fn log_moves(&self) -> Result<watch::Receiver<u64>, Failure>;

    /// The backup of that name on this node's disk, as it is there.
    async fn backup_archive(&self, name: &str, context: Context) -> Result<Archive, Failure>;

    /// Begins a test of a mailbox or mail server. What comes is told as it comes: what is planned, each check, and
    /// how it ended. Whoever drops the receiver ends the test.
    async fn mail_test(&self, _: MailTest, _: Context) -> Result<mpsc::Receiver<Value>, Failure> {
        Err(Failure::new("unavailable", "this node reads no mailboxes"))
    }

    /// Signs somebody in.
    async fn sign_in(&self, attempt: SignIn) -> Result<NewSession, SignInRefusal>;

    /// Sends a browser to the identity service; nobody is sent where there is none.
    async fn single_sign_on(&self, _: Request) -> Response<Bytes> {
        nowhere()
    }

    /// Takes a browser that the identity service sent back.
    async fn single_signed_on(&self, _: Request) -> Response<Bytes> {
        nowhere()
    }

    /// Ends the session whose cookie holds that.
    async fn sign_out(&self, cookie: &Secret, by: Actor) -> Result<(), Failure>;

    /// Whether a set-up link waits for its use.
    async fn waits_for_set_up(&self) -> bool;

    /// Makes the first administrator.
    async fn set_up(&self, set_up: SetUp) -> Result<(), Failure>;
}
