//! One conversation with a server: a command, what comes before its end, its end.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_imap::imap_proto::{MailboxDatum, RequestId, Response, ResponseCode, Status};
use domain::Secret;
use futures_util::FutureExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::account::Patience;
use crate::trouble::{Trouble, said};

/// The stream to a server.
pub(super) type Stream = TlsStream<TcpStream>;

/// A conversation with a server that let us in.
pub struct Session {
    inner: async_imap::Session<Stream>,
    host: String,
    secret: Secret,
    pub(super) patience: Patience,
    capabilities: BTreeSet<String>,
    is_over: bool,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Session");
        shown.field("host", &self.host).field("is_over", &self.is_over).finish_non_exhaustive()
    }
}

/// How a command ended well.
#[derive(Debug, Default)]
pub(super) struct Ending {
    pub(super) is_read_only: bool,
    /// UIDVALIDITY and UID of what was appended.
    pub(super) appended: Option<(u32, u32)>,
}

/// What is said in a command.
pub(super) enum Said<'a> {
    /// All in its line.
    Line,
    /// These bytes once the server asks for them.
    Literal(&'a [u8]),
}

/// What is wrong with an answer: the conversation cannot go on.
pub(super) type Fault = &'static str;

impl Session {
    pub(super) fn new(
        inner: async_imap::Session<Stream>,
        host: String,
        secret: Secret,
        patience: Patience,
    ) -> Self {
        let capabilities = BTreeSet::new();
        Self { inner, host, secret, patience, capabilities, is_over: false }
    }

    /// Whether nothing more can be said here.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether the server says it can do this, as `IDLE`.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(&capability.to_ascii_uppercase())
    }

    /// The value of a capability that has one, as `APPENDLIMIT=35000000`.
    pub(super) fn capability_value(&self, name: &str) -> Option<&str> {
        self.capabilities.iter().find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
    }

    /// Asks what the server can do, now that it knows us.
    pub(super) async fn learn_capabilities(&mut self) -> Result<(), Trouble> {
        use async_imap::imap_proto::Capability;
        let mut found = BTreeSet::new();
        let patience = self.patience.command;
        let each = |response: &Response<'_>| {
            if let Response::Capabilities(capabilities) = response {
                found.extend(capabilities.iter().map(|capability| match capability {
                    Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
                    Capability::Auth(name) => format!("AUTH={}", name.to_ascii_uppercase()),
                    Capability::Atom(name) => name.to_ascii_uppercase(),
                }));
            }
            Ok(())
        };
        self.command("CAPABILITY", "what it can do", Said::Line, patience, each).await?;
        self.capabilities = found;
        Ok(())
    }

    /// Says `command` and hands each answer before its end to `each`.
    pub(super) async fn command<F>(
        &mut self,
        command: &str,
        what: &str,
        said: Said<'_>,
        patience: Duration,
        each: F,
    ) -> Result<Ending, Trouble>
    where
        F: FnMut(&Response<'_>) -> Result<(), Fault>,
    {
        self.start()?;
        let host = self.host.clone();
        let done = in_time(&host, what, patience, async {
            let tag = self.begin(command).await?;
            self.until_end(&tag, what, said, each).await
        });
        let done = done.await;
        self.finish(&done);
        done
    }

    /// Begins one thing. What is dropped half-way leaves the answers out of step, so the conversation is over
    /// until [`Session::finish`] says otherwise.
    pub(super) fn start(&mut self) -> Result<(), Trouble> {
        if self.is_over {
            return Err(self.lost("the conversation was over before"));
        }
        self.is_over = true;
        Ok(())
    }

    /// One thing is done; the conversation goes on unless it failed.
    pub(super) fn finish<T>(&mut self, done: &Result<T, Trouble>) {
        self.is_over = done.as_ref().is_err_and(Trouble::ends_conversation);
    }

    /// Begins a command whose end is read by [`Session::until_end`].
    pub(super) async fn begin(&mut self, command: &str) -> Result<RequestId, Trouble> {
        let begun = self.inner.run_command(command).await;
        begun.map_err(|error| self.sending(&error))
    }

    /// Says a line that belongs to the command begun before.
    pub(super) async fn go_on(&mut self, line: &str) -> Result<(), Trouble> {
        let sent = self.inner.run_command_untagged(line).await;
        sent.map_err(|error| self.sending(&error))
    }

    /// Reads up to the end of the command with this tag.
    pub(super) async fn until_end<F>(
        &mut self,
        tag: &RequestId,
        what: &str,
        mut said: Said<'_>,
        mut each: F,
    ) -> Result<Ending, Trouble>
    where
        F: FnMut(&Response<'_>) -> Result<(), Fault>,
    {
        loop {
            let (answer, taken) = self
                .next(|response| match response {
                    Response::Done { tag: ended, status, outcome } if ended == tag => {
                        let code = outcome.code.as_ref();
                        let text = outcome.information.as_deref().unwrap_or_default();
                        let ending = Ending {
                            is_read_only: matches!(code, Some(ResponseCode::ReadOnly)),
                            appended: code.and_then(appended),
                        };
                        let code = code.and_then(code_name).or_else(|| code_in(text));
                        (Next::End(*status == Status::Ok, ending, code, text.to_owned()), Ok(()))
                    }
                    Response::Continue(_) => (Next::Wanted, Ok(())),
                    Response::Done { .. } => (Next::Other, Err("an answer to nothing we asked")),
                    other => (Next::Other, each(other)),
                })
                .await?;
            taken.map_err(|why| self.malformed(why))?;
            match answer {
                Next::End(true, ending, ..) => return Ok(ending),
                Next::End(false, _, code, text) => return Err(self.refused(what, code, &text)),
                Next::Wanted => match std::mem::replace(&mut said, Said::Line) {
                    Said::Literal(bytes) => self.write(bytes).await?,
                    Said::Line => return Err(self.malformed("it wants more than there is")),
                },
                Next::Other => {}
            }
        }
    }

    /// The next answer, as `read` takes it; a `BYE` or the end of the connection ends the conversation.
    pub(super) async fn next<T>(
        &mut self,
        read: impl FnOnce(&Response<'_>) -> T,
    ) -> Result<T, Trouble> {
        let response = match self.inner.read_response().await {
            Ok(Some(response)) => response,
            Ok(None) => return Err(self.lost("it closed it")),
            Err(error) => return Err(self.reading(&error)),
        };
        if let Response::Data { status: Status::Bye, outcome } = response.parsed() {
            let text = outcome.information.as_deref().unwrap_or_default().to_owned();
            return Err(self.lost(&format!("it says {text:?}")));
        }
        Ok(read(response.parsed()))
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let stream = self.inner.as_mut();
        let writing = async {
            stream.write_all(bytes).await?;
            stream.write_all(b"\r\n").await?;
            stream.flush().await
        };
        writing.await.map_err(|error| self.lost(&error.to_string()))
    }

    fn sending(&self, error: &async_imap::error::Error) -> Trouble {
        match error {
            async_imap::error::Error::Io(error) => self.lost(&error.to_string()),
            _ => self.lost("it takes no more commands"),
        }
    }

    fn reading(&self, error: &io::Error) -> Trouble {
        match error.kind() {
            // The parser's own; its text would be what came, which may be a whole mail.
            io::ErrorKind::Other => self.malformed("it is no answer of IMAP"),
            io::ErrorKind::UnexpectedEof => self.lost("it closed it in the middle of an answer"),
            _ => self.lost(&error.to_string()),
        }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn lost(&self, why: &str) -> Trouble {
        Trouble::Lost { host: self.host.clone(), why: said(why, self.secret.expose()) }
    }

    pub(super) fn malformed(&self, why: &str) -> Trouble {
        Trouble::Malformed { host: self.host.clone(), why: why.to_owned() }
    }

    pub(super) fn refused(&self, what: &str, code: Option<String>, text: &str) -> Trouble {
        let text = said(text, self.secret.expose());
        Trouble::Refused { host: self.host.clone(), what: what.to_owned(), code, text }
    }

    /// Whether the server still answers.
    pub async fn check(&mut self) -> Result<(), Trouble> {
        let patience = self.patience.command;
        let checked = self.command("NOOP", "to be there", Said::Line, patience, |_| Ok(())).await;
        checked.map(drop)
    }

    /// Leaves in good order; whoever drops a session leaves too.
    pub async fn close(mut self) {
        let patience = self.patience.command;
        // It ends with a BYE.
        let _ = self.command("LOGOUT", "leave", Said::Line, patience, |_| Ok(())).await;
    }
}

/// Waits for one thing; the parser panics on some texts that no honest server sends.
pub(super) async fn in_time<T>(
    host: &str,
    what: &str,
    patience: Duration,
    doing: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let host = host.to_owned();
    match timeout(patience, AssertUnwindSafe(doing).catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Trouble::Malformed { host, why: "it is no answer of IMAP".to_owned() }),
        Err(_) => Err(Trouble::TimedOut { host, what: what.to_owned() }),
    }
}

enum Next {
    End(bool, Ending, Option<String>, String),
    Wanted,
    Other,
}

fn appended(code: &ResponseCode<'_>) -> Option<(u32, u32)> {
    use async_imap::imap_proto::rfc4315::UidSetMember;
    let ResponseCode::AppendUid(validity, uids) = code else { return None };
    match uids.first()? {
        UidSetMember::Uid(uid) => Some((*validity, *uid)),
        UidSetMember::UidRange(uids) => Some((*validity, *uids.start())),
    }
}

/// The name of a code that says why something was refused.
fn code_name(code: &ResponseCode<'_>) -> Option<String> {
    let name = match code {
        ResponseCode::TryCreate => "TRYCREATE",
        ResponseCode::Alert => "ALERT",
        ResponseCode::ReadOnly => "READ-ONLY",
        ResponseCode::Parse => "PARSE",
        _ => return None,
    };
    Some(name.to_owned())
}

/// The code at the beginning of a text, which is left there where the parser does not know it.
pub(super) fn code_in(text: &str) -> Option<String> {
    let code = text.strip_prefix('[')?.split_once(']')?.0;
    let name = code.split(' ').next()?;
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '-';
    (!name.is_empty() && name.len() <= 40 && name.chars().all(is_name))
        .then(|| name.to_ascii_uppercase())
}

/// Whether an answer tells of something new in the folder.
pub(super) fn is_news(response: &Response<'_>) -> bool {
    matches!(
        response,
        Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(_))
            | Response::Expunge(_)
            | Response::Vanished { .. }
            | Response::Fetch(..)
    )
}

/// A text as a quoted string (RFC 3501 section 4.3).
pub(super) fn quoted(text: &str) -> Result<String, Trouble> {
    if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(Trouble::Unusable(format!("{text:?} cannot be said in a command")));
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_end_its_command() {
        assert_eq!(quoted(r#"a "b" \c"#).unwrap(), r#""a \"b\" \\c""#);
        for wrong in ["a\r\nx LOGOUT", "a\0", "ä", "\n"] {
            assert!(quoted(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn codes_that_the_parser_does_not_know_are_found() {
        assert_eq!(code_in("[UNAVAILABLE] later").as_deref(), Some("UNAVAILABLE"));
        assert_eq!(code_in("[limit 5] x").as_deref(), Some("LIMIT"));
        for none in ["", "[", "[]", "no [LIMIT]", "[a=b] x"] {
            assert_eq!(code_in(none), None, "{none}");
        }
    }
}
