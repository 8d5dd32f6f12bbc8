//! Connections of the clients: straight or by a proxy, in the clear or with TLS, read line by line.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::tls;

/// Time for whatever is waited for: a connection, a handshake, a line.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a line.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) host: String,
    pub(super) port: u16,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write host:port".to_owned();
        let (host, port) =
            text.rsplit_once(':').filter(|(it, _)| !it.is_empty()).ok_or_else(wrong)?;
        Ok(Self { host: host.to_owned(), port: port.parse().map_err(|_| wrong())? })
    }
}

/// What stands between the client and the server.
#[derive(Clone, Debug)]
pub(super) enum Route {
    Straight,
    Http(Place),
    Socks(Place),
}

trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Bytes for S {}

/// A connection.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Bytes>>,
}

impl Wire {
    /// Connects to a place, by its name.
    pub(super) async fn open(place: &Place, route: &Route) -> Result<Self, String> {
        let first = match route {
            Route::Straight => place,
            Route::Http(proxy) | Route::Socks(proxy) => proxy,
        };
        let stream = within(TcpStream::connect((first.host.as_str(), first.port))).await?;
        let stream = stream.map_err(|error| format!("{}:{}: {error}", first.host, first.port))?;
        let mut wire = Self { stream: BufReader::new(Box::new(stream)) };
        match route {
            Route::Straight => {}
            Route::Http(_) => wire.tunnel(place).await?,
            Route::Socks(_) => wire.socks(place).await?,
        }
        Ok(wire)
    }

    /// By CONNECT (RFC 9110, 9.3.6).
    async fn tunnel(&mut self, place: &Place) -> Result<(), String> {
        let Place { host, port } = place;
        let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
        self.write(request.as_bytes()).await?;
        let status = self.line().await?;
        let mut words = status.split(' ');
        let is_http = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
        if !is_http || words.next() != Some("200") {
            return Err(format!("the HTTP proxy refuses: {status}"));
        }
        while !self.line().await?.is_empty() {}
        Ok(())
    }

    /// By SOCKS 5 without a password (RFC 1928); the proxy looks the name up.
    async fn socks(&mut self, place: &Place) -> Result<(), String> {
        self.write(&[5, 1, 0]).await?;
        let chosen = self.exact(2).await?;
        if chosen != [5, 0] {
            return Err(format!("the SOCKS proxy refuses to go without a password: {chosen:?}"));
        }
        let length =
            u8::try_from(place.host.len()).map_err(|_| "the host's name is too long".to_owned())?;
        let mut request = vec![5, 1, 0, 3, length];
        request.extend_from_slice(place.host.as_bytes());
        request.extend_from_slice(&place.port.to_be_bytes());
        self.write(&request).await?;
        let head = self.exact(4).await?;
        let rest = match head.as_slice() {
            [5, 0, 0, 1] => 4 + 2,
            [5, 0, 0, 4] => 16 + 2,
            _ => return Err(format!("the SOCKS proxy refuses: {head:?}")),
        };
        self.exact(rest).await?;
        Ok(())
    }

    /// The same connection with TLS. Nothing that came in the clear is read after it.
    pub(super) async fn secured(self, host: &str, ca: Option<&Path>) -> Result<Self, String> {
        if !self.stream.buffer().is_empty() {
            return Err("the server said more than it was asked before TLS".to_owned());
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("{host:?} cannot be in a certificate"))?;
        let connector = TlsConnector::from(tls::client_config(ca)?);
        let stream = within(connector.connect(name, self.stream.into_inner())).await?;
        let stream = stream.map_err(|error| format!("TLS: {error}"))?;
        Ok(Self { stream: BufReader::new(Box::new(stream)) })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let written = within(async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        });
        written.await?.map_err(|error| format!("the connection: {error}"))
    }

    /// A line without its end, which is CR LF and nothing else.
    pub(super) async fn line(&mut self) -> Result<String, String> {
        use tokio::io::AsyncBufReadExt as _;
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LINE_BYTES_MAX);
        let read = within(limited.read_until(b'\n', &mut line)).await?;
        read.map_err(|error| format!("the connection: {error}"))?;
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return Err(match line.is_empty() {
                true => "the server ended the connection".to_owned(),
                false => format!("no line with CR LF: {:?}", String::from_utf8_lossy(&line)),
            });
        };
        if line.contains(&b'\r') {
            return Err("a CR within a line".to_owned());
        }
        String::from_utf8(line.to_vec()).map_err(|_| "a line that is not UTF-8".to_owned())
    }

    pub(super) async fn exact(&mut self, count: usize) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; count];
        within(self.stream.read_exact(&mut bytes))
            .await?
            .map_err(|error| format!("the connection: {error}"))?;
        Ok(bytes)
    }
}

async fn within<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.map_err(|_| format!("nothing came for {} s", PATIENCE.as_secs()))
}
