//! What an adapter that is called by peers over HTTP offers: its routes.
//!
//! A route says which listener and path it answers, who may call it, how large a body may be and
//! which headers its answers carry. The server owns sockets, TLS, limits, authentication and the
//! access log; a handler sees a whole, bounded request and gives a whole answer, or one whose body is
//! written piece by piece ([`Pieces`]).

use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Principal, Role};
use http::{HeaderMap, Method, Response, Uri};
use tokio::sync::watch;

mod pieces;

pub use pieces::{BrokenOff, Pieces, Source};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Anybody; what must be proven is proven inside the protocol.
    Anyone,
    /// Whoever has one of these roles.
    Roles(&'static [Role]),
}

/// Which headers the server adds to a route's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponsePolicy {
    /// None beyond what HTTP needs: some phones fail on security headers they do not know.
    Phone,
    /// Those that keep a browser's pages apart from others.
    Browser,
}

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client's address, as a trusted proxy gives it, else the connection's own.
    pub address: IpAddr,
    /// Scheme, host and port under which the client reaches us, without a slash at the end:
    /// `https://gw-a.example:8445`, or what a trusted proxy says.
    pub base: String,
}

/// A whole request. It prints without its target, header fields, parameters and body, any of which may hold
/// a password, a cookie or a token.
#[derive(Clone)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Its target. It may hold a password; never log it.
    pub uri: Uri,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body, no larger than the route allows.
    pub body: Bytes,
    /// The parameters of the route's path, percent-decoded.
    pub parameters: BTreeMap<String, String>,
    /// Who is at the other end.
    pub peer: Peer,
    /// Who asks, where it was proven.
    pub principal: Option<Principal>,
    /// The number that an error page shows and that finds the log line (OPS-12).
    pub reference: String,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("peer", &self.peer)
            .field("principal", &self.principal)
            .field("reference", &self.reference)
            .finish_non_exhaustive()
    }
}

/// What a handler gives back in time.
pub type Answer = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

/// What answers a request.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// What comes piece by piece.
    Pieces(Pieces),
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

/// An answer whose body may come later, in time.
pub type Beginning = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// What answers a route.
#[derive(Clone)]
pub enum Handler {
    /// It gives a whole answer.
    Whole(Arc<dyn Fn(Request) -> Answer + Send + Sync>),
    /// It gives one whose body may come piece by piece; the time of a request is that to its beginning.
    Pieces(Arc<dyn Fn(Request) -> Beginning + Send + Sync>),
}

impl Handler {
    /// Asks it.
    pub fn begin(&self, request: Request) -> Beginning {
        match self {
            Self::Whole(handle) => {
                let answer = handle(request);
                Box::pin(async move { answer.await.map(Body::Whole) })
            }
            Self::Pieces(handle) => handle(request),
        }
    }

    /// Asks it, and waits for all of the answer; what broke off ends there. For answers that end.
    pub async fn whole(&self, request: Request) -> Response<Bytes> {
        let (parts, body) = self.begin(request).await.into_parts();
        let body = match body {
            Body::Whole(bytes) => bytes,
            Body::Pieces(pieces) => pieces.all().await,
        };
        Response::from_parts(parts, body)
    }
}

/// One path on one listener.
#[derive(Clone)]
pub struct Route {
    /// The listener's name in the configuration, for example `phone`.
    pub listener: &'static str,
    /// The path with parameters in braces, for example `/fippa/{device}`; its only form in logs
    /// and metrics.
    pub path: &'static str,
    /// The methods it answers; HEAD comes with GET. Others get 405.
    pub methods: &'static [Method],
    /// Who may call it.
    pub callers: Callers,
    /// The most bytes of a body; a larger one gets 413.
    pub body_bytes_max: usize,
    /// Which headers its answers carry.
    pub policy: ResponsePolicy,
    /// What answers it.
    pub handler: Handler,
}

impl Route {
    /// A handler out of an async function.
    pub fn handler<F, A>(handle: F) -> Handler
    where
        F: Fn(Request) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Bytes>> + Send + 'static,
    {
        Handler::Whole(Arc::new(move |request| Box::pin(handle(request))))
    }

    /// A handler of answers that may come piece by piece, out of an async function.
    pub fn pieces<F, A>(handle: F) -> Handler
    where
        F: Fn(Request) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        Handler::Pieces(Arc::new(move |request| Box::pin(handle(request))))
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.listener, self.path)
    }
}

/// Whether a surface can do its work, with the reason where it cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It serves.
    Ready,
    /// It serves those who are signed in, and says why no more than that.
    Degraded(String),
    /// It serves nobody, and says why.
    Failing(String),
}

/// An adapter that is called by peers.
#[async_trait]
pub trait Surface: Send + Sync + 'static {
    /// Its name in readiness, logs and metrics, for example `phone`.
    fn name(&self) -> &'static str;

    /// What it answers.
    fn routes(self: Arc<Self>) -> Vec<Route>;

    /// Whether it can do its work.
    fn readiness(&self) -> Readiness;

    /// Its work beside answering, until `stop` becomes true.
    async fn run(self: Arc<Self>, stop: watch::Receiver<bool>);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_05_a_request_prints_neither_target_nor_fields_nor_body() {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", "__Host-jackfield=hunter2".parse().unwrap());
        let request = Request {
            method: Method::POST,
            uri: "/fippa/x?password=hunter2".parse().unwrap(),
            headers,
            body: Bytes::from_static(b"password=hunter2"),
            parameters: [("token".to_owned(), "hunter2".to_owned())].into(),
            peer: Peer { address: [192, 0, 2, 1].into(), base: "https://gw.example".to_owned() },
            principal: None,
            reference: "REF12345".to_owned(),
        };
        let printed = format!("{request:?} {request:#?}");
        assert!(printed.contains("REF12345") && !printed.contains("hunter2"), "{printed}");
    }
}
