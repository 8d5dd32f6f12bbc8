//! One conversation with one server of a directory: connect, make it private, ask, one thing at a time.
//!
//! Every step has the directory's time. Whoever drops a connection leaves; a server notices.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use protocols::ldap::{
    BindPolicy, Entry, Operation, Outcome, Request, Response, ResultCode, START_TLS, Scope, Search,
    decode, encode, split,
};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::configuration::{Host, Prepared, Security};
use crate::trouble::Trouble;

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;
/// Entries asked for at once; servers give no more than a thousand.
const PAGE_ENTRIES: u32 = 500;

/// A stream, private or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A conversation.
pub(crate) struct Connection<'p> {
    prepared: &'p Prepared,
    host: &'p Host,
    stream: Pin<Box<dyn Stream>>,
    received: Vec<u8>,
    last_id: u32,
}

/// What to search for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) base: &'a str,
    pub(crate) filter: &'a protocols::ldap::Filter,
    pub(crate) filled: &'a [(&'a str, &'a [u8])],
    pub(crate) attributes: &'a [&'a str],
}

/// What a server says of a name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// They belong together.
    Yes,
    /// They do not.
    No(Outcome, Option<BindPolicy>),
}

impl<'p> Connection<'p> {
    /// Connects to a server and makes the connection private.
    pub(crate) async fn open(prepared: &'p Prepared, host: &'p Host) -> Result<Self, Trouble> {
        let unreachable = |why: String| Trouble::Unreachable { host: host.to_string(), why };
        let connecting = TcpStream::connect((host.host.as_str(), host.port));
        let stream = match timeout(prepared.timeout, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(unreachable(error.to_string())),
            Err(_) => return Err(unreachable("no answer in time".to_owned())),
        };
        // Requests are small, and each is waited for.
        let _ = stream.set_nodelay(true);
        match (prepared.directory.security, &prepared.tls) {
            (Security::Plain, _) | (_, None) => Ok(Self::new(prepared, host, Box::pin(stream))),
            (Security::Ldaps, Some(tls)) => {
                let stream = private(prepared, host, tls, stream).await?;
                Ok(Self::new(prepared, host, Box::pin(stream)))
            }
            (Security::StartTls, Some(tls)) => {
                let mut stream = stream;
                start_tls(prepared, host, &mut stream).await?;
                let stream = private(prepared, host, tls, stream).await?;
                Ok(Self::new(prepared, host, Box::pin(stream)))
            }
        }
    }

    fn new(prepared: &'p Prepared, host: &'p Host, stream: Pin<Box<dyn Stream>>) -> Self {
        // The first number was that of StartTLS, where there was one.
        Self { prepared, host, stream, received: Vec::new(), last_id: 1 }
    }

    /// Proves a name by its password. An empty password proves nothing, so none is sent.
    pub(crate) async fn bind(&mut self, name: &str, password: &str) -> Result<Bound, Trouble> {
        if name.is_empty() || password.is_empty() {
            let (code, message) = (ResultCode::INVALID_CREDENTIALS, String::new());
            return Ok(Bound::No(Outcome { code, message }, None));
        }
        let id = self.send(&Request::Bind { name, password: password.as_bytes() }).await?;
        let response = self.receive(id).await?;
        match response.operation {
            Operation::Bound(outcome) if outcome.code == ResultCode::SUCCESS => {
                // Let in, but only to change the password.
                match response.policy {
                    Some(policy) => Ok(Bound::No(outcome, Some(policy))),
                    None => Ok(Bound::Yes),
                }
            }
            Operation::Bound(outcome) => Ok(Bound::No(outcome, response.policy)),
            _ => Err(self.malformed()),
        }
    }

    /// At most `entries_max` entries, and whether the server had more.
    pub(crate) async fn find(
        &mut self,
        wanted: Wanted<'_>,
        entries_max: u32,
    ) -> Result<(Vec<Entry>, bool), Trouble> {
        let mut entries = Vec::new();
        let (outcome, _) = self.page(wanted, entries_max, None, &mut entries).await?;
        let most = usize::try_from(entries_max).unwrap_or(usize::MAX);
        match outcome.code {
            ResultCode::SUCCESS => {
                let had_more = entries.len() > most;
                entries.truncate(most);
                Ok((entries, had_more))
            }
            ResultCode::SIZE_LIMIT => Ok((entries, true)),
            _ => Err(self.refused("the search", outcome)),
        }
    }

    /// All entries, page by page; more than `most` of them are refused.
    pub(crate) async fn find_all(
        &mut self,
        wanted: Wanted<'_>,
        what: &'static str,
        most: usize,
    ) -> Result<Vec<Entry>, Trouble> {
        let mut entries = Vec::new();
        let mut cookie = Vec::new();
        loop {
            let before = entries.len();
            let (outcome, next) = self.page(wanted, 0, Some(&cookie), &mut entries).await?;
            if outcome.code != ResultCode::SUCCESS {
                return Err(self.refused("the search", outcome));
            }
            if entries.len() > most {
                return Err(Trouble::TooMany { host: self.host.to_string(), what, most });
            }
            match next {
                // A server that gives nothing but wants to go on would do so for ever.
                Some(next) if !next.is_empty() && entries.len() > before => cookie = next,
                _ => return Ok(entries),
            }
        }
    }

    async fn page(
        &mut self,
        wanted: Wanted<'_>,
        entries_max: u32,
        cookie: Option<&[u8]>,
        entries: &mut Vec<Entry>,
    ) -> Result<(Outcome, Option<Vec<u8>>), Trouble> {
        let seconds_max = self.prepared.directory.timeout_seconds;
        let search = Search {
            base: wanted.base,
            scope: Scope::Subtree,
            entries_max,
            seconds_max,
            filter: wanted.filter,
            filled: wanted.filled,
            attributes: wanted.attributes,
            page: cookie.map(|cookie| (PAGE_ENTRIES, cookie)),
        };
        // A server may ignore the limit it was given; we do not read on for ever.
        let limit = match cookie {
            None => entries_max.saturating_add(1),
            Some(_) => PAGE_ENTRIES.saturating_mul(2),
        };
        let id = self.send(&Request::Search(search)).await?;
        let mut count = 0;
        loop {
            let Response { operation, cookie, .. } = self.receive(id).await?;
            match operation {
                Operation::Entry(entry) => {
                    count += 1;
                    if count > limit {
                        return Err(self.malformed());
                    }
                    entries.push(entry);
                }
                // Other servers are not asked: they may be anywhere.
                Operation::Elsewhere => {}
                Operation::Searched(outcome) => return Ok((outcome, cookie)),
                _ => return Err(self.malformed()),
            }
        }
    }

    /// Takes leave.
    pub(crate) async fn close(mut self) {
        if self.send(&Request::Unbind).await.is_ok() {
            // Whether the server hears it makes no difference.
            let _ = timeout(self.prepared.timeout, self.stream.shutdown()).await;
        }
    }

    async fn send(&mut self, request: &Request<'_>) -> Result<u32, Trouble> {
        self.last_id = self.last_id.wrapping_add(1);
        let bytes = encode(self.last_id, request);
        let writing = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        match timeout(self.prepared.timeout, writing).await {
            Ok(Ok(())) => Ok(self.last_id),
            Ok(Err(error)) => Err(self.broke_off(Some(error.to_string()))),
            Err(_) => Err(self.broke_off(Some("it does not read".to_owned()))),
        }
    }

    async fn receive(&mut self, id: u32) -> Result<Response, Trouble> {
        match timeout(self.prepared.timeout, self.next()).await {
            Ok(Ok(response)) if response.id == id => Ok(response),
            // Number 0 is a word of leave.
            Ok(Ok(Response { id: 0, operation: Operation::Extended(outcome), .. })) => {
                Err(self.broke_off(Some(outcome.message)))
            }
            Ok(Ok(_)) => Err(self.malformed()),
            Ok(Err(trouble)) => Err(trouble),
            Err(_) => Err(Trouble::Unreachable {
                host: self.host.to_string(),
                why: "no answer in time".to_owned(),
            }),
        }
    }

    async fn next(&mut self) -> Result<Response, Trouble> {
        loop {
            let malformed = |error| Trouble::Malformed { host: self.host.to_string(), error };
            if let Some(length) = split(&self.received).map_err(malformed)? {
                let message: Vec<u8> = self.received.drain(..length).collect();
                return decode(&message).map_err(malformed);
            }
            let mut buffer = vec![0; READ_BYTES];
            match self.stream.read(&mut buffer).await {
                Ok(0) => return Err(self.broke_off(None)),
                Ok(count) => {
                    self.received.extend_from_slice(buffer.get(..count).unwrap_or_default());
                }
                Err(error) => return Err(self.broke_off(Some(error.to_string()))),
            }
        }
    }

    pub(crate) fn refused(&self, what: &'static str, outcome: Outcome) -> Trouble {
        let Outcome { code, message } = outcome;
        Trouble::Refused { host: self.host.to_string(), what, code, message }
    }

    fn broke_off(&self, why: Option<String>) -> Trouble {
        Trouble::BrokeOff { host: self.host.to_string(), why }
    }

    fn malformed(&self) -> Trouble {
        let error = protocols::ldap::DecodeError::Malformed;
        Trouble::Malformed { host: self.host.to_string(), error }
    }
}

async fn private(
    prepared: &Prepared,
    host: &Host,
    tls: &Arc<rustls::ClientConfig>,
    stream: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Trouble> {
    let not_private = |why: String| Trouble::NotPrivate { host: host.to_string(), why };
    let name = ServerName::try_from(host.host.clone());
    let name = name.map_err(|error| not_private(error.to_string()))?;
    let shaking = TlsConnector::from(Arc::clone(tls)).connect(name, stream);
    match timeout(prepared.timeout, shaking).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(not_private(error.to_string())),
        Err(_) => Err(not_private("no answer in time".to_owned())),
    }
}

/// Asks to go on with TLS. What a server sends in the clear after its yes would be taken for what it
/// says under TLS, so not a byte more than the yes is read.
async fn start_tls(
    prepared: &Prepared,
    host: &Host,
    stream: &mut TcpStream,
) -> Result<(), Trouble> {
    let not_private = |why: String| Trouble::NotPrivate { host: host.to_string(), why };
    let asking = async {
        stream.write_all(&encode(1, &Request::Extended(START_TLS))).await?;
        let mut received = Vec::new();
        loop {
            received.push(stream.read_u8().await?);
            let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
            if split(&received).map_err(invalid)?.is_some() {
                return decode(&received).map_err(invalid);
            }
        }
    };
    match timeout(prepared.timeout, asking).await {
        Ok(Ok(Response { id: 1, operation: Operation::Extended(outcome), .. })) => {
            match outcome.code {
                ResultCode::SUCCESS => Ok(()),
                code => Err(not_private(format!("StartTLS was refused: {}", code.name()))),
            }
        }
        Ok(Ok(_)) => Err(not_private("StartTLS was not answered".to_owned())),
        Ok(Err(error)) => Err(not_private(error.to_string())),
        Err(_) => Err(not_private("no answer in time".to_owned())),
    }
}
