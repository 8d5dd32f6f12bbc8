//! The way to a server: straight, through an HTTP proxy, or through a SOCKS5 proxy; then TLS.
//!
//! Every step has its time. Names are resolved by the proxy where there is one.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
use rustls_pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_socks::tcp::Socks5Stream;

use crate::account::{Endpoint, Proxy, Route};
use crate::trouble::{Trouble, said, tls_reason};

/// Bytes of a proxy's answer that are read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// After how much silence a peer is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Connects to `target` by `route`; nothing is private yet.
pub async fn connect(
    target: &Endpoint,
    route: &Route,
    patience: Duration,
) -> Result<TcpStream, Trouble> {
    if !is_host(&target.host) {
        return Err(Trouble::Unusable(format!("{:?} is no name of a host", target.host)));
    }
    let stream = match route {
        Route::Direct => tcp(target, patience).await?,
        Route::Http(proxy) => through_http(target, proxy, patience).await?,
        Route::Socks(proxy) => through_socks(target, proxy, patience).await?,
    };
    // Commands are small, and each is waited for; a peer that vanished is found out by itself.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
    Ok(stream)
}

/// Makes a connection to `host` private.
pub async fn encrypt(
    stream: TcpStream,
    host: &str,
    tls: &Arc<rustls::ClientConfig>,
    patience: Duration,
) -> Result<TlsStream<TcpStream>, Trouble> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Trouble::Unusable(format!("{host:?} is no name for TLS")))?;
    match timeout(patience, TlsConnector::from(Arc::clone(tls)).connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => {
            let why = tls_reason(&error, host);
            Err(Trouble::Tls { host: host.to_owned(), why })
        }
        Err(_) => Err(Trouble::TimedOut { host: host.to_owned(), what: "TLS".to_owned() }),
    }
}

/// Whether a text may stand in a request to a proxy as a host.
fn is_host(host: &str) -> bool {
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_' | ':');
    !host.is_empty() && host.len() <= 255 && host.chars().all(is_part)
}

async fn tcp(target: &Endpoint, patience: Duration) -> Result<TcpStream, Trouble> {
    let host = target.host.clone();
    match timeout(patience, TcpStream::connect((target.host.as_str(), target.port))).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(Trouble::Unreachable { host, why: error.to_string() }),
        Err(_) => Err(Trouble::TimedOut { host, what: "connecting".to_owned() }),
    }
}

/// What failed between us and a proxy.
fn of_proxy(proxy: &Proxy, target: &Endpoint, why: impl Into<String>) -> Trouble {
    let (proxy, host) = (proxy.endpoint.host.clone(), target.host.clone());
    Trouble::Proxy { proxy, host, why: why.into() }
}

async fn to_proxy(
    proxy: &Proxy,
    target: &Endpoint,
    patience: Duration,
) -> Result<TcpStream, Trouble> {
    tcp(&proxy.endpoint, patience).await.map_err(|trouble| match trouble {
        Trouble::Unreachable { why, .. } => {
            of_proxy(proxy, target, format!("it cannot be reached: {why}"))
        }
        _ => of_proxy(proxy, target, "it did not answer in time"),
    })
}

async fn through_http(
    target: &Endpoint,
    proxy: &Proxy,
    patience: Duration,
) -> Result<TcpStream, Trouble> {
    let mut stream = to_proxy(proxy, target, patience).await?;
    let asking = async {
        stream.write_all(connect_request(target, proxy).as_bytes()).await?;
        answer_head(&mut stream).await
    };
    let head = match timeout(patience, asking).await {
        Ok(Ok(head)) => head,
        Ok(Err(error)) => return Err(of_proxy(proxy, target, error.to_string())),
        Err(_) => return Err(of_proxy(proxy, target, "it did not answer in time")),
    };
    let secret = proxy.sign_in.as_ref().map_or("", |(_, password)| password.expose());
    verdict(&head, secret).map_err(|why| of_proxy(proxy, target, why))?;
    Ok(stream)
}

fn connect_request(target: &Endpoint, proxy: &Proxy) -> String {
    let Endpoint { host, port } = target;
    let place =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n");
    if let Some((user, password)) = &proxy.sign_in {
        let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
        request.push_str(&format!("Proxy-Authorization: Basic {pair}\r\n"));
    }
    request.push_str("\r\n");
    request
}

/// Reads up to the empty line and no byte further: the next one is the server's.
async fn answer_head(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() >= ANSWER_BYTES_MAX {
            return Err(std::io::Error::other("its answer is endless"));
        }
        head.push(stream.read_u8().await.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                std::io::Error::other("it closed the connection instead of answering")
            }
            _ => error,
        })?);
    }
    Ok(head)
}

/// Whether a proxy's answer is a yes.
fn verdict(head: &[u8], secret: &str) -> Result<(), String> {
    let head = String::from_utf8_lossy(head);
    let line = head.lines().next().unwrap_or_default();
    let mut words = line.splitn(3, ' ');
    let version = words.next().unwrap_or_default();
    let code = words.next().unwrap_or_default();
    if !version.starts_with("HTTP/1.") || code.len() != 3 {
        return Err("what answers there is no HTTP proxy".to_owned());
    }
    match code {
        "407" => Err("it wants another user and password".to_owned()),
        code if code.starts_with('2') => Ok(()),
        _ => Err(format!("it answers {}", said(line, secret))),
    }
}

async fn through_socks(
    target: &Endpoint,
    proxy: &Proxy,
    patience: Duration,
) -> Result<TcpStream, Trouble> {
    let stream = to_proxy(proxy, target, patience).await?;
    let place = (target.host.as_str(), target.port);
    let leading = async {
        match &proxy.sign_in {
            Some((user, password)) => {
                let password = Secret::expose(password);
                Socks5Stream::connect_with_password_and_socket(stream, place, user, password).await
            }
            None => Socks5Stream::connect_with_socket(stream, place).await,
        }
    };
    match timeout(patience, leading).await {
        Ok(Ok(stream)) => Ok(stream.into_inner()),
        Ok(Err(error)) => Err(of_proxy(proxy, target, socks_reason(&error))),
        Err(_) => Err(of_proxy(proxy, target, "it did not answer in time")),
    }
}

fn socks_reason(error: &tokio_socks::Error) -> String {
    use tokio_socks::Error;
    match error {
        Error::PasswordAuthFailure(_) => "it wants another user and password".to_owned(),
        Error::NoAcceptableAuthMethods | Error::AuthorizationRequired => {
            "it wants a user and a password".to_owned()
        }
        Error::InvalidResponseVersion => "what answers there is no SOCKS5 proxy".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_either_version_are_taken() {
        for yes in ["HTTP/1.0 200 Connection established", "HTTP/1.1 200 OK", "HTTP/1.1 200"] {
            assert_eq!(verdict(format!("{yes}\r\nX: y\r\n\r\n").as_bytes(), ""), Ok(()), "{yes}");
        }
        for no in ["HTTP/1.1 407 No", "HTTP/1.0 403 No", "HTTP/2 200", "SSH-2.0", "HTTP/1.1 20", ""]
        {
            assert!(verdict(format!("{no}\r\n\r\n").as_bytes(), "").is_err(), "{no}");
        }
    }

    #[test]
    fn a_host_cannot_begin_another_line() {
        assert!(is_host("imap.example.com") && is_host("127.0.0.1") && is_host("::1"));
        assert!(!is_host("a\r\nX: y") && !is_host("a b") && !is_host(""));
    }

    #[test]
    fn a_proxys_user_and_password_go_with_the_request() {
        let sign_in = Some(("ann".to_owned(), Secret::new("x")));
        let proxy = Proxy { endpoint: Endpoint::new("proxy", 3128), sign_in };
        let request = connect_request(&Endpoint::new("imap.x.test", 993), &proxy);
        let wanted = "CONNECT imap.x.test:993 HTTP/1.1\r\nHost: imap.x.test:993\r\n\
            Proxy-Authorization: Basic YW5uOng=\r\n\r\n";
        assert_eq!(request, wanted);
        let request = connect_request(&Endpoint::new("::1", 993), &proxy);
        assert!(request.starts_with("CONNECT [::1]:993 "));
    }
}
