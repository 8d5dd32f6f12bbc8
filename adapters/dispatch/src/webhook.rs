//! A letter to a program: one HTTPS POST, signed, to the one place that an administrator named.
//!
//! Headers and signature are those of Standard Webhooks: `webhook-id`, `webhook-timestamp`, and `webhook-signature`
//! with `v1,` and the HMAC-SHA256 over `id.timestamp.body` as base64. The timestamp is that of the try, as receivers
//! take an old one for somebody who repeats what they heard. Answers that send us elsewhere are failures.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::Secret;
use domain::settings::webhook_place;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use ring::hmac;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::letter;
use crate::outgoing::{Failure, Letter};
use crate::tls;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// So much of an answer is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of a proxy's answer.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Where it goes, everything opened.
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) signing_secret: Option<Secret>,
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    pub(crate) proxy: Option<Proxy>,
}

/// A proxy on the way.
pub(crate) struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) account: Option<(String, Secret)>,
}

/// Sends it at `now`; tells in words what was reached.
pub(crate) async fn send(
    to: &Webhook,
    letter: &Letter,
    node: &str,
    now: i64,
) -> Result<String, Failure> {
    match timeout(PATIENCE, post(to, letter, node, now)).await {
        Ok(sent) => sent,
        Err(_) => Err(Failure::new("no answer in 30 s")),
    }
}

async fn post(to: &Webhook, letter: &Letter, node: &str, now: i64) -> Result<String, Failure> {
    let wrong = || Failure::new("its address is no https://host/path");
    let (host, port, path) = webhook_place(&to.url).ok_or_else(wrong)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| wrong())?;
    let connector = TlsConnector::from(tls::client(to.authorities.clone())?);
    let body = Bytes::from(letter::json(letter, node).to_string());
    let authority = match (host.contains(':'), port) {
        (true, port) => format!("[{host}]:{port}"),
        (false, 443) => host.to_owned(),
        (false, port) => format!("{host}:{port}"),
    };
    let timestamp = now.to_string();
    let mut request = Request::post(path)
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, "jackfield")
        .header("webhook-id", &letter.id)
        .header("webhook-timestamp", &timestamp);
    if let Some(secret) = &to.signing_secret {
        let signature = sign(secret, &letter.id, &timestamp, &body);
        request = request.header("webhook-signature", signature);
    }
    let request = request.body(Full::new(body)).map_err(|_| wrong())?;

    let stream = connect(to, host, port).await?;
    let stream = connector.connect(name, stream).await;
    let stream = stream.map_err(|error| Failure::new(tls::reason(&error, host)))?;
    let broke = |error: hyper::Error| Failure::new(format!("the answer broke off: {error}"));
    let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(broke)?;
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move {
        // How it ended is told by the request that was under way.
        let _ = connection.await;
    });
    let answer = sender.send_request(request).await.map_err(broke)?;
    let status = answer.status();
    // Read so that the other end sees its answer taken; what is in it does not count.
    let _ = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    judge(status, host)
}

fn judge(status: StatusCode, host: &str) -> Result<String, Failure> {
    let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let code = status.as_u16();
    if status.is_success() {
        return Ok(format!("{host} took it ({code})"));
    }
    let words = match status {
        _ if status.is_redirection() => {
            format!("{host} points elsewhere ({code}), which is not followed; set its new address")
        }
        _ if refused => format!("{host} refuses our signature or us ({code})"),
        _ => format!("{host} answers {code}"),
    };
    Err(Failure { words, refused })
}

/// The signature header over that.
fn sign(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> String {
    let text = secret.expose();
    // As libraries for it write their keys; other secrets are taken as they stand.
    let decoded = text.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
    let key = decoded.unwrap_or_else(|| text.as_bytes().to_vec());
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        context.update(part);
    }
    format!("v1,{}", STANDARD.encode(context.sign()))
}

async fn connect(to: &Webhook, host: &str, port: u16) -> Result<TcpStream, Failure> {
    let Some(proxy) = &to.proxy else {
        let stream = TcpStream::connect((host, port)).await;
        return stream.map_err(|error| Failure::new(format!("{host} is not reached: {error}")));
    };
    let stream = TcpStream::connect((proxy.host.as_str(), proxy.port)).await;
    let mut stream =
        stream.map_err(|error| Failure::new(format!("the proxy is not reached: {error}")))?;
    let place =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let credentials = proxy.account.as_ref().map_or_else(String::new, |(user, password)| {
        let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
        format!("Proxy-Authorization: Basic {pair}\r\n")
    });
    let request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{credentials}\r\n");
    let broke = |error: std::io::Error| Failure::new(format!("the proxy broke off: {error}"));
    stream.write_all(request.as_bytes()).await.map_err(broke)?;
    let mut head = Vec::new();
    // One byte at a time: what lies behind the head is the receiver's.
    while !head.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.map_err(broke)?;
        head.push(byte);
        if head.len() > HEAD_BYTES_MAX {
            return Err(Failure::new("the proxy answers no end"));
        }
    }
    let text = String::from_utf8_lossy(&head);
    let mut words = text.split(' ');
    let speaks = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
    match words.next().and_then(|status| status.get(..3)?.parse::<u16>().ok()).filter(|_| speaks) {
        Some(200..=299) => Ok(stream),
        Some(407) => Err(Failure {
            words: "the proxy wants a user and password, or refuses ours (407)".to_owned(),
            refused: true,
        }),
        Some(status) => Err(Failure::new(format!("the proxy does not connect us ({status})"))),
        None => Err(Failure::new("what listens as proxy speaks no HTTP")),
    }
}

/// Whether the proxy is not for that host, by the list of exceptions.
pub(crate) fn is_excepted(host: &str, except: &[String]) -> bool {
    let host = host.to_ascii_lowercase();
    except.iter().any(|entry| {
        let entry = entry.to_ascii_lowercase();
        host == entry || entry.starts_with('.') && host.ends_with(&entry)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        // The example of the specification.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature =
            sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b"{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let other = Secret::new("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_ne!(sign(&other, "msg", "1", b"x"), sign(&secret, "msg", "1", b"x"));
    }

    #[test]
    fn answers_that_point_elsewhere_are_failures_and_refusals_are_known() {
        let status = |code| judge(StatusCode::from_u16(code).unwrap(), "a.example");
        assert!(status(204).is_ok());
        for code in [301, 307, 404, 500] {
            assert!(!status(code).unwrap_err().refused, "{code}");
        }
        assert!(status(401).unwrap_err().refused);
    }

    #[test]
    fn exceptions_name_hosts_and_domains() {
        let except = ["a.example".to_owned(), ".Local".to_owned()];
        assert!(is_excepted("A.example", &except) && is_excepted("x.local", &except));
        assert!(!is_excepted("b.a.example", &except) && !is_excepted("local", &except));
    }
}
