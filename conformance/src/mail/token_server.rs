//! The sockets around the tokens: HTTPS for those who want one, HTTP for the server that asks about one.

use std::convert::Infallible;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::idp::form::Form;

use super::tokens::{Answer, TokenRequest, Tokens};

/// Time for a TLS handshake.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a form.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of chance in a token.
const TOKEN_BYTES: usize = 24;

/// The tokens, and the file that tells each request for one.
pub(super) struct Service {
    pub(super) tokens: Mutex<Tokens>,
    pub(super) log: PathBuf,
}

impl Service {
    fn issue(&self, request: &TokenRequest) -> Answer {
        let Some(fresh) = chance() else {
            return (500, json!({"error": "server_error"}));
        };
        let now = SystemTime::now();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, answer) = tokens.answer(request, fresh, now);
        let at = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let line = json!({"at_seconds": at, "path": request.path, "status": status,
                          "error": answer.get("error"), "why": answer.get("error_description")});
        // Whoever reads it sees what is missing.
        let _ = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        (status, answer)
    }

    fn introspect(&self, request: &TokenRequest) -> Answer {
        let form = Form::read(request.content_type.as_deref(), &request.body);
        let token = form.as_ref().ok().and_then(|form| form.value("token")).unwrap_or_default();
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        (200, tokens.introspect(token, SystemTime::now()))
    }
}

/// Letters that nobody guesses.
pub(super) fn chance() -> Option<String> {
    let mut bytes = [0; TOKEN_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// Issues tokens over TLS until the program ends.
pub(super) async fn issue(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    service: Arc<Service>,
) {
    let acceptor = TlsAcceptor::from(tls);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (acceptor, service) = (acceptor.clone(), Arc::clone(&service));
        tokio::spawn(async move {
            let handshake = acceptor.accept(stream);
            if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, handshake).await {
                speak(stream, move |request| service.issue(request)).await;
            }
        });
    }
}

/// Tells what tokens are good for until the program ends.
pub(super) async fn introspect(listener: TcpListener, service: Arc<Service>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            speak(stream, move |request| service.introspect(request)).await;
        });
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: impl Fn(&TokenRequest) -> Answer,
) {
    let answer = &answer;
    let service = service_fn(move |request| async move {
        let (status, value) = answer(&read(request).await);
        Ok::<_, Infallible>(written(status, &value))
    });
    // How a connection ends is the client's business.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn read(request: http::Request<Incoming>) -> TokenRequest {
    let (head, body) = request.into_parts();
    let header = |name: http::HeaderName| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
    TokenRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        content_type: header(http::header::CONTENT_TYPE),
        authorization: header(http::header::AUTHORIZATION),
        body: body.map(|body| body.to_bytes().to_vec()).unwrap_or_default(),
    }
}

fn written(status: u16, value: &Value) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(Bytes::from(value.to_string())));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    for (name, value) in [
        (http::header::CONTENT_TYPE, "application/json"),
        (http::header::CACHE_CONTROL, "no-store"),
        (http::header::PRAGMA, "no-cache"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    if status == 401 {
        let basic = http::HeaderValue::from_static("Basic realm=\"tokens\"");
        headers.insert(http::header::WWW_AUTHENTICATE, basic);
    }
    response
}
