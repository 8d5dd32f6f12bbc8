//! The phone's HTTP client: one request, one connection, from the phone's own address.
//!
//! Old models speak HTTP/1.0. Answers are read up to a limit; failures are told in the phone's terms
//! and never hold a query string.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;

use super::handset::{Answer, Failure, Request};
use super::headers::Headers;
use super::limits;
use super::model::{Age, Model};

/// Time for a connection and its handshake.
const CONNECT_SECONDS_MAX: u64 = 5;
/// Time for a whole request.
const REQUEST_SECONDS_MAX: u64 = 20;

/// How this phone reaches servers.
pub(crate) struct Network {
    pub(crate) tls: Arc<rustls::ClientConfig>,
    /// Local address of requests; `None` leaves it to the system.
    pub(crate) source: Option<IpAddr>,
    /// Names that are not looked up.
    pub(crate) resolve: Vec<(String, IpAddr)>,
    pub(crate) model: &'static Model,
    /// An old model speaks TLS 1.2 and 1.3 against the truth, so that its screens can be looked at.
    pub(crate) tls_anyway: bool,
}

impl Network {
    /// Whether the phone can shake hands with programs of today.
    pub(crate) fn speaks_modern_tls(&self) -> bool {
        self.tls_anyway || self.model.age == Age::Current
    }

    /// Sends one request and reads its whole answer.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Failure> {
        let limit = Duration::from_secs(REQUEST_SECONDS_MAX);
        match tokio::time::timeout(limit, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::Connection(format!("no answer in {REQUEST_SECONDS_MAX} s"))),
        }
    }

    async fn exchange(&self, request: &Request) -> Result<Answer, Failure> {
        let uri: http::Uri = request
            .url
            .parse()
            .map_err(|_| Failure::Protocol("the URL cannot be used".to_owned()))?;
        let host = uri.host().unwrap_or_default().to_owned();
        let secure = uri.scheme_str() == Some("https");
        if secure && !self.speaks_modern_tls() {
            return Err(Failure::OldTls(self.model.name));
        }
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = self.connect(&host, port).await?;
        if !secure {
            return self.speak(stream, &uri, request).await;
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| Failure::HostNotFound(format!("{host:?} is not a host name")))?;
        let handshake = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream);
        let limit = Duration::from_secs(CONNECT_SECONDS_MAX);
        match tokio::time::timeout(limit, handshake).await {
            Ok(Ok(stream)) => self.speak(stream, &uri, request).await,
            Ok(Err(error)) => Err(tls_failure(&error)),
            Err(_) => Err(Failure::Connection("the TLS handshake took too long".to_owned())),
        }
    }

    async fn connect(&self, host: &str, port: u16) -> Result<tokio::net::TcpStream, Failure> {
        let addresses = lookup(host, port, &self.resolve).await?;
        let mut last = Failure::Connection(format!("{host} has no address of the phone's family"));
        for address in addresses {
            if self.source.is_some_and(|source| source.is_ipv4() != address.is_ipv4()) {
                continue;
            }
            let attempt = connect_from(self.source, address);
            match tokio::time::timeout(Duration::from_secs(CONNECT_SECONDS_MAX), attempt).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = Failure::Connection(format!("{address}: {error}")),
                Err(_) => last = Failure::Connection(format!("{address}: no answer")),
            }
        }
        Err(last)
    }

    async fn speak<S>(
        &self,
        stream: S,
        uri: &http::Uri,
        request: &Request,
    ) -> Result<Answer, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let broken = |error: hyper::Error| Failure::Protocol(error.to_string());
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let outcome = async {
            let response =
                sender.send_request(self.message(uri, request)?).await.map_err(broken)?;
            let (head, mut body) = response.into_parts();
            let mut bytes = Vec::new();
            while let Some(frame) = body.frame().await {
                if let Ok(data) = frame.map_err(broken)?.into_data() {
                    bytes.extend_from_slice(&data);
                }
                if bytes.len() > limits::ANSWER_BYTES_MAX {
                    break;
                }
            }
            Ok(Answer { status: head.status.as_u16(), headers: listed(&head.headers), body: bytes })
        }
        .await;
        connection.abort();
        outcome
    }

    fn message(
        &self,
        uri: &http::Uri,
        request: &Request,
    ) -> Result<http::Request<Full<Bytes>>, Failure> {
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let version = match self.model.age {
            Age::Old => http::Version::HTTP_10,
            Age::Current => http::Version::HTTP_11,
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let mut builder = http::Request::builder()
            .method(request.method)
            .uri(target)
            .version(version)
            .header("Host", authority);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let body = Full::new(Bytes::from(request.body.clone().unwrap_or_default()));
        builder
            .header("Connection", "close")
            .body(body)
            .map_err(|error| Failure::Protocol(format!("the request cannot be written: {error}")))
    }
}

/// The addresses of a host, names in `resolve` first.
pub(crate) async fn lookup(
    host: &str,
    port: u16,
    resolve: &[(String, IpAddr)],
) -> Result<Vec<SocketAddr>, Failure> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Some((_, address)) = resolve.iter().find(|(name, _)| name.eq_ignore_ascii_case(bare)) {
        return Ok(vec![SocketAddr::new(*address, port)]);
    }
    let found: Vec<SocketAddr> = tokio::net::lookup_host((bare, port))
        .await
        .map_err(|error| Failure::HostNotFound(format!("{bare}: {error}")))?
        .collect();
    if found.is_empty() {
        return Err(Failure::HostNotFound(format!("{bare} has no address")));
    }
    Ok(found)
}

async fn connect_from(
    source: Option<IpAddr>,
    address: SocketAddr,
) -> std::io::Result<tokio::net::TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    socket.connect(address).await
}

/// Phones call every certificate they do not trust an unknown host.
fn tls_failure(error: &std::io::Error) -> Failure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => {
            Failure::HostNotFound(format!("certificate: {problem}"))
        }
        _ => Failure::Connection(format!("TLS: {error}")),
    }
}

fn listed(headers: &http::HeaderMap) -> Headers {
    headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}
