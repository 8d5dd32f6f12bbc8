//! The headset software's HTTP client: one request, one connection, from the phone's own address.
//!
//! A request has as long as it brings along, connection and handshake included. Failures are told in
//! words that hold no query and no token.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use super::machine::{Answer, Answered, Request};

/// Bytes of an answer that are read; no document of the service comes near.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How one phone reaches the service.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) tls: Arc<ClientConfig>,
    /// Local address; `None` leaves it to the system.
    pub(crate) source: Option<IpAddr>,
    /// Names that are not looked up.
    pub(crate) resolve: Arc<[(String, IpAddr)]>,
}

impl Client {
    /// Sends one request and reads its whole answer.
    pub(crate) async fn send(&self, request: &Request) -> Answered {
        match tokio::time::timeout(request.patience, self.exchange(request)).await {
            Ok(answered) => answered,
            Err(_) => Err(format!("no answer in {} s", request.patience.as_secs_f64())),
        }
    }

    async fn exchange(&self, request: &Request) -> Answered {
        let uri: http::Uri =
            request.url.parse().map_err(|_| "the URL cannot be used".to_owned())?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let stream = self.connect(&host, port).await?;
        if !is_secure {
            return speak(stream, &uri, request).await;
        }
        let name = ServerName::try_from(host.clone())
            .map_err(|_| format!("{host:?} cannot be in a certificate"))?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(|it| format!("TLS: {it}"))?;
        speak(stream, &uri, request).await
    }

    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let known = self.resolve.iter().find(|(name, _)| name.eq_ignore_ascii_case(host));
        let addresses = match known {
            Some((_, address)) => vec![SocketAddr::new(*address, port)],
            None => tokio::net::lookup_host((host, port))
                .await
                .map_err(|error| format!("{host}: {error}"))?
                .collect(),
        };
        let mut last = format!("{host} has no address of the phone's family");
        for address in addresses {
            if self.source.is_some_and(|source| source.is_ipv4() != address.is_ipv4()) {
                continue;
            }
            match connect_from(self.source, address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = format!("{address}: {error}"),
            }
        }
        Err(last)
    }
}

async fn connect_from(source: Option<IpAddr>, address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn speak<S>(stream: S, uri: &http::Uri, request: &Request) -> Answered
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| format!("not an HTTP answer: {error}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = Ended(tokio::spawn(async move {
        // How the connection ends shows in the answer.
        let _ = connection.await;
    }));
    let response = sender.send_request(message(uri, request)?).await.map_err(broken)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| format!("not a whole answer: {error}"))?.to_bytes().to_vec();
    drop(connection);
    let header = |name: &str| {
        let value = head.headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Ok(Answer {
        status: head.status.as_u16(),
        content_type: header("content-type"),
        tag: header("etag"),
        retry_after: header("retry-after"),
        body,
    })
}

/// The task of a connection, which ends with whoever waits for the answer.
struct Ended(tokio::task::JoinHandle<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn message(uri: &http::Uri, request: &Request) -> Result<http::Request<Full<Bytes>>, String> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let mut builder = http::Request::builder().method(request.method).uri(target);
    builder = builder.header("Host", authority).header("Connection", "close");
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let body = Full::new(Bytes::from(request.body.clone().unwrap_or_default()));
    builder.body(body).map_err(|error| format!("the request cannot be written: {error}"))
}
