//! The sockets around the provider: HTTPS for browsers, the control socket, the service's metadata.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use rustls::pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::headset::client::Client;
use crate::headset::machine;

use super::provider::{Provider, Reply, Request};
use super::service::Service;

/// Time for a TLS handshake, the head of a request, or the service's metadata.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a form.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a line at the control socket.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Where the service's metadata comes from; it is read anew for each request. What came from a URL last is
/// good for as long as nothing answers there, as providers have it.
pub(crate) enum Source {
    Anybody,
    File(PathBuf),
    Url { url: String, client: Client, last: Mutex<Option<String>> },
}

impl Source {
    async fn read(&self) -> Result<Option<Service>, String> {
        let text = match self {
            Self::Anybody => return Ok(None),
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("{}: {error}", path.display()))?,
            Self::Url { url, client, last } => {
                let request = machine::Request {
                    id: 0,
                    method: "GET",
                    url: url.clone(),
                    headers: Vec::new(),
                    body: None,
                    patience: PATIENCE,
                };
                let answer = client.send(&request).await;
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                match (answer, last.as_ref()) {
                    (Err(problem), None) => return Err(format!("{url}: {problem}")),
                    (Err(_), Some(last)) => last.clone(),
                    (Ok(answer), _) if answer.status != 200 => {
                        return Err(format!("{url}: status {}", answer.status));
                    }
                    (Ok(answer), _) => {
                        let text = String::from_utf8(answer.body);
                        let text = text.map_err(|_| format!("{url}: not UTF-8"))?;
                        last.insert(text).clone()
                    }
                }
            }
        };
        Service::read(&text).map(Some)
    }
}

pub(crate) type Shared = Arc<Mutex<Provider>>;

pub(crate) fn locked(provider: &Shared) -> std::sync::MutexGuard<'_, Provider> {
    provider.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves browsers until the program ends.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    provider: Shared,
    source: Arc<Source>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: give others the time to close some.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (provider, source) = (Arc::clone(&provider), Arc::clone(&source));
        let tls = Arc::clone(&tls);
        tokio::spawn(async move {
            let handshake = TlsAcceptor::from(tls).accept(stream);
            let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, handshake).await else {
                return;
            };
            let service = service_fn(move |request| {
                let (provider, source) = (Arc::clone(&provider), Arc::clone(&source));
                async move { Ok::<_, Infallible>(answer(request, &provider, &source).await) }
            });
            // How a connection ends is the client's business.
            let _ = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: http::Request<Incoming>,
    provider: &Shared,
    source: &Source,
) -> http::Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let header = |name: http::HeaderName| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        content_type: header(http::header::CONTENT_TYPE),
        cookie: header(http::header::COOKIE),
        body,
    };
    let service = if request.path == "/sso" { source.read().await } else { Ok(None) };
    written(locked(provider).answer(&request, service, SystemTime::now()))
}

/// Pages run no script but the one of their own, and are framed by nobody.
fn written(reply: Reply) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = http::StatusCode::from_u16(reply.status).unwrap_or_default();
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; \
                  frame-ancestors 'none'";
    let headers = response.headers_mut();
    for (name, value) in [
        (http::header::CONTENT_TYPE, reply.content_type),
        (http::header::CONTENT_SECURITY_POLICY, policy),
        (http::header::CACHE_CONTROL, "no-store"),
        (http::header::REFERRER_POLICY, "no-referrer"),
        (http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    let cookie = reply.cookie.and_then(|cookie| http::HeaderValue::from_str(&cookie).ok());
    if let Some(cookie) = cookie {
        headers.insert(http::header::SET_COOKIE, cookie);
    }
    response
}

/// Serves the control socket until the program ends.
pub(crate) async fn control(listener: TcpListener, provider: Shared) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(obey(stream, Arc::clone(&provider)))),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// One JSON object a line in, one out, in order.
async fn obey(mut stream: TcpStream, provider: Shared) {
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = String::new();
        match (&mut read).take(LINE_BYTES_MAX).read_line(&mut line).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
        let command: Result<Value, _> = serde_json::from_str(line.trim());
        let done = command.map_err(|error| format!("no JSON: {error}"));
        let done = done.and_then(|command| locked(&provider).control(&command));
        let answer = done.unwrap_or_else(|problem| json!({"ok": false, "problem": problem}));
        if write.write_all(format!("{answer}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// TLS with a certificate and key of PEM files.
pub(crate) fn tls_of(certificate: &Path, key: &Path) -> Result<Arc<rustls::ServerConfig>, String> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(certificate, &error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    config(chain, private).map_err(|error| wrong(certificate, &error))
}

/// TLS for `name` with a certificate by an authority made for it, whose certificate comes along (PEM).
pub(crate) fn tls_for(name: &str) -> Result<(Arc<rustls::ServerConfig>, String), String> {
    let wrong = |error: rcgen::Error| format!("TLS: {error}");
    let named = |names: Vec<String>, subject: &str| {
        let mut params = CertificateParams::new(names)?;
        // Two certificates with one subject look as if each had issued itself.
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, subject);
        Ok(params)
    };
    let mut params = named(Vec::new(), "authority of a simulated IdP").map_err(wrong)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().map_err(wrong)?;
    let authority = CertifiedIssuer::self_signed(params, authority_key).map_err(wrong)?;
    let key = KeyPair::generate().map_err(wrong)?;
    let params = named(vec![name.to_owned()], name).map_err(wrong)?;
    let certificate = params.signed_by(&key, &authority).map_err(wrong)?;
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let tls = config(vec![certificate.der().clone()], private);
    Ok((tls.map_err(|error| format!("TLS: {error}"))?, authority.pem()))
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<rustls::ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}
