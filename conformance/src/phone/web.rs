//! The phone's web server: pushes at `/CGI/Execute`, and what `/DeviceInformationX` tells.
//!
//! Each push is judged, its caller checked by the authentication callback, then handed to the task
//! that owns the handset; that task's reply becomes the answer. Faults spoil this on demand.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_rustls::TlsAcceptor;

use super::handset::{PushReply, Request};
use super::headers;
use super::model::Model;
use super::network::Network;
use super::object::Object;
use super::parse::{self, Delivery, Parsed};
use super::push;
use super::uri;

/// Time a slow phone lets a push wait; gateways are told to give up after five seconds.
const SLOW_SECONDS: u64 = 10;
/// Time for a TLS handshake or the head of a request.
const PATIENCE_SECONDS: u64 = 10;
/// Bytes read of a push; well above what any model accepts, so that its own limit is what counts.
const BODY_BYTES_READ_MAX: usize = 256 * 1024;

/// What is wrong with the phone's web server, on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Fault {
    /// Acts on a push, then answers after ten seconds.
    PushSlow,
    /// Drops every connection at once.
    PushRefuse,
    /// Answers every push with 401.
    #[value(name = "push-401")]
    Push401,
    /// Answers every push with bytes that are no XML, without acting.
    PushGarbage,
    /// Reads a push, does nothing and never answers.
    PushSilent,
    /// Acts on a push and answers without a body, as multiplatform phones do.
    PushEmpty,
}

/// What the web server tells the task that owns the handset.
pub(crate) enum Asked {
    /// Run this object and say how it went.
    Push { parsed: Box<Parsed>, xml: String, reply: oneshot::Sender<PushReply> },
    /// A push was dealt with; ready to print.
    Report(Value),
    /// Somebody connected and went before TLS stood, so that nothing was pushed; ready to print.
    NoHandshake(Value),
    /// The gateway broke a rule.
    Violation(String),
}

/// Who answers here.
pub(crate) struct Web {
    pub(crate) model: &'static Model,
    pub(crate) device: String,
    pub(crate) extension: Option<String>,
    /// `None` accepts every push.
    pub(crate) authentication_url: Option<String>,
    /// The application user who is expected to push, if known.
    pub(crate) expected_user: Option<String>,
    pub(crate) network: Arc<Network>,
    pub(crate) asked: mpsc::Sender<Asked>,
    pub(crate) fault: watch::Receiver<Option<Fault>>,
}

type Reply = http::Response<Full<Bytes>>;

/// Accepts connections until the program ends; `tls` is `None` for a phone that is not on HTTPS.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    web: Arc<Web>,
) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of descriptors, most likely: give others the time to close some.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        if *web.fault.borrow() == Some(Fault::PushRefuse) {
            continue;
        }
        let (web, tls) = (Arc::clone(&web), tls.clone());
        tokio::spawn(async move {
            let Some(tls) = tls else {
                return converse(stream, peer, false, web).await;
            };
            if !web.network.speaks_modern_tls() {
                return refuse_modern_tls(stream, peer, &web).await;
            }
            let handshake = TlsAcceptor::from(tls).accept(stream);
            match tokio::time::timeout(Duration::from_secs(PATIENCE_SECONDS), handshake).await {
                Ok(Ok(stream)) => converse(stream, peer, true, web).await,
                Ok(Err(error)) => {
                    let what = json!({"from": peer.ip().to_string(), "error": error.to_string()});
                    let _ = web.asked.send(Asked::NoHandshake(what)).await;
                }
                Err(_) => {}
            }
        });
    }
}

/// What somebody of today gets from a phone whose TLS ends at 1.0: no handshake.
async fn refuse_modern_tls(mut stream: tokio::net::TcpStream, peer: SocketAddr, web: &Web) {
    /// A fatal alert of TLS 1.0: protocol_version.
    const ALERT: [u8; 7] = [21, 3, 1, 0, 2, 2, 70];
    let mut hello = [0; 1024];
    let limit = Duration::from_secs(PATIENCE_SECONDS);
    // Closing with bytes unread would take the alert back.
    let _ = tokio::time::timeout(limit, stream.read(&mut hello)).await;
    let _ = stream.write_all(&ALERT).await;
    let error = format!("{} speaks TLS 1.0 at most", web.model.name);
    let what = json!({"from": peer.ip().to_string(), "error": error});
    let _ = web.asked.send(Asked::NoHandshake(what)).await;
}

async fn converse<S>(stream: S, peer: SocketAddr, secure: bool, web: Arc<Web>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let web = Arc::clone(&web);
        async move { Ok::<_, Infallible>(web.answer(request, peer, secure).await) }
    });
    // A connection that breaks is the gateway's business; what it asked has been reported.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(PATIENCE_SECONDS))
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Web {
    async fn answer(
        &self,
        request: http::Request<Incoming>,
        peer: SocketAddr,
        secure: bool,
    ) -> Reply {
        let path = request.uri().path().to_owned();
        match (request.method().as_str(), path.as_str()) {
            ("POST", push::PATH) => self.push(request, peer, secure).await,
            (method, push::PATH) => {
                self.violation(format!("{method} {path}: a push is a POST")).await;
                reply(405, "text/plain", String::new())
            }
            ("GET", "/DeviceInformationX") => reply(200, "text/xml", self.device_information()),
            (_, path) if path.eq_ignore_ascii_case(push::PATH) => {
                self.violation(format!("{path}: the path {} counts case", push::PATH)).await;
                reply(404, "text/plain", String::new())
            }
            _ => reply(404, "text/plain", String::new()),
        }
    }

    async fn push(
        &self,
        request: http::Request<Incoming>,
        peer: SocketAddr,
        secure: bool,
    ) -> Reply {
        let (head, body) = request.into_parts();
        let mut report = json!({"from": peer.ip().to_string(), "https": secure});
        let bytes = match Limited::new(body, BODY_BYTES_READ_MAX).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(_) => {
                self.violation(format!("a push has more than {BODY_BYTES_READ_MAX} bytes")).await;
                return self.done(report, PushReply::Error(1)).await;
            }
        };
        put(&mut report, "bytes", json!(bytes.len()));
        let fault = *self.fault.borrow();
        if let Some(fault @ (Fault::Push401 | Fault::PushGarbage | Fault::PushSilent)) = fault {
            return self.spoilt(report, fault).await;
        }
        let authorization = head.headers.get("authorization").and_then(|value| value.to_str().ok());
        if let Err(reply) = self.admit(authorization, &mut report).await {
            return reply;
        }
        let content_type = head.headers.get("content-type").and_then(|value| value.to_str().ok());
        let form = push::read_form(content_type, &bytes, self.model);
        for violation in form.violations {
            self.violation(violation).await;
        }
        let Some(xml) = form.xml else {
            return self.done(report, PushReply::Error(1)).await;
        };
        let parsed = parse::parse(&xml, self.model, Delivery::Push);
        describe(&parsed, &mut report);
        let (sender, receiver) = oneshot::channel();
        if self
            .asked
            .send(Asked::Push { parsed: Box::new(parsed), xml, reply: sender })
            .await
            .is_err()
        {
            return reply(503, "text/plain", String::new());
        }
        let Ok(outcome) = receiver.await else {
            return reply(503, "text/plain", String::new());
        };
        match fault {
            Some(Fault::PushSlow) => {
                tokio::time::sleep(Duration::from_secs(SLOW_SECONDS)).await;
                self.done(report, outcome).await
            }
            Some(Fault::PushEmpty) => {
                self.done(report, outcome).await;
                reply(200, "text/xml", String::new())
            }
            _ => self.done(report, outcome).await,
        }
    }

    async fn spoilt(&self, mut report: Value, fault: Fault) -> Reply {
        put(&mut report, "result", json!(format!("fault {fault:?}")));
        let _ = self.asked.send(Asked::Report(report)).await;
        match fault {
            Fault::Push401 => unauthorized(),
            Fault::PushGarbage => reply(200, "text/html", "\u{1}<<garbage & more".to_owned()),
            _ => std::future::pending().await,
        }
    }

    /// Lets the caller in, or says what to answer instead.
    async fn admit(&self, authorization: Option<&str>, report: &mut Value) -> Result<(), Reply> {
        let credentials = authorization.and_then(push::credentials);
        if let Some(credentials) = &credentials {
            put(report, "user", json!(credentials.user));
            if let Some(expected) = &self.expected_user {
                put(report, "user_as_configured", json!(*expected == credentials.user));
            }
            for violation in push::judge_credentials(credentials) {
                self.violation(violation).await;
            }
        }
        let Some(authentication_url) = &self.authentication_url else { return Ok(()) };
        let Some(credentials) = credentials else {
            self.violation("a push has no Basic credentials".to_owned()).await;
            put(report, "result", json!("no credentials"));
            let _ = self.asked.send(Asked::Report(report.take())).await;
            return Err(unauthorized());
        };
        let request = Request {
            id: 0,
            method: "GET",
            url: push::callback_url(authentication_url, &credentials, &self.device),
            headers: headers::request_headers(self.model, "en-US"),
            body: None,
        };
        let authorized = match self.network.send(&request).await {
            Ok(answer) => {
                let (authorized, violations) = push::judge_callback(&answer, self.model);
                for violation in violations {
                    self.violation(violation).await;
                }
                let told = json!({"status": answer.status, "authorized": authorized});
                put(report, "callback", told);
                authorized
            }
            Err(failure) => {
                put(report, "callback", json!({"failure": failure.to_string()}));
                false
            }
        };
        if authorized {
            return Ok(());
        }
        Err(self.done(report.take(), PushReply::Error(4)).await)
    }

    async fn done(&self, mut report: Value, outcome: PushReply) -> Reply {
        put(&mut report, "result", json!(outcome.summary()));
        let _ = self.asked.send(Asked::Report(report)).await;
        reply(200, "text/xml", outcome.to_xml())
    }

    async fn violation(&self, text: String) {
        let _ = self.asked.send(Asked::Violation(text)).await;
    }

    fn device_information(&self) -> String {
        let mac = self.device.strip_prefix("SEP").unwrap_or_default();
        let number = self.extension.as_deref().unwrap_or_default();
        let (device, model) = (&self.device, self.model.name);
        let version = self.model.sdk_version;
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<DeviceInformation><MACAddress>{mac}\
             </MACAddress><HostName>{device}</HostName><phoneDN>{}</phoneDN><versionID>{version}\
             </versionID><modelNumber>{model}</modelNumber></DeviceInformation>",
            number.replace('&', "&amp;").replace('<', "&lt;")
        )
    }
}

/// Notes what a push holds, without secrets.
fn describe(parsed: &Parsed, report: &mut Value) {
    match &parsed.object {
        Ok(Object::Execute(items)) => {
            put(report, "object", json!("CiscoIPPhoneExecute"));
            let items: Vec<Value> = items
                .iter()
                .map(|item| json!({"url": uri::redacted(&item.url), "priority": item.priority}))
                .collect();
            put(report, "items", json!(items));
        }
        Ok(Object::Page(page)) => put(report, "object", json!(page.kind)),
        Ok(Object::Status { .. }) => put(report, "object", json!("CiscoIPPhoneStatus")),
        Ok(Object::FromPhone(kind)) => put(report, "object", json!(kind)),
        Err(refusal) => put(report, "object", json!(refusal.screen_text())),
    }
}

fn put(report: &mut Value, name: &str, value: Value) {
    if let Some(members) = report.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn reply(status: u16, content_type: &str, body: String) -> Reply {
    let mut reply = Reply::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    if let Ok(value) = http::HeaderValue::from_str(content_type) {
        reply.headers_mut().insert("content-type", value);
    }
    reply
}

fn unauthorized() -> Reply {
    let mut answer = reply(401, "text/html", String::new());
    let realm = http::HeaderValue::from_static("Basic realm=\"Authentication Required\"");
    answer.headers_mut().insert("www-authenticate", realm);
    answer
}
