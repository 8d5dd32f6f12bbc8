//! Sockets and TLS, credentials, and what each request gets.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::population::Population;
use super::{Fault, documents};

/// Wrong passwords in a row after which the account is locked.
const WRONG_MAX: u32 = 5;
/// Time for a TLS handshake or the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a list without an end is made of.
const ENDLESS: &[u8] = b"<User><loginId>1</loginId><firstName>x</firstName></User>";

/// A server that listens.
pub(crate) struct Server {
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    authority_pem: String,
    state: Arc<State>,
}

struct State {
    population: Population,
    user: String,
    password: String,
    fault: Option<Fault>,
    wrong: Mutex<u32>,
    violations: Mutex<Vec<String>>,
}

type Reply = http::Response<BoxBody<Bytes, std::io::Error>>;

/// What a request gets: a status and a document.
type Answer = (u16, String);

impl Server {
    pub(crate) async fn bind(
        address: SocketAddr,
        population: Population,
        (user, password): (String, String),
        fault: Option<Fault>,
    ) -> Result<Self, String> {
        let (tls, authority_pem) = certificates().map_err(|error| format!("TLS: {error}"))?;
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| format!("{address}: {error}"))?;
        let (wrong, violations) = (Mutex::default(), Mutex::default());
        let state = State { population, user, password, fault, wrong, violations };
        Ok(Self { listener, tls, authority_pem, state: Arc::new(state) })
    }

    pub(crate) fn address(&self) -> String {
        let port = self.listener.local_addr().map_or(0, |address| address.port());
        format!("https://localhost:{port}")
    }

    pub(crate) fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.state.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Accepts connections until the program ends.
    pub(crate) async fn run(&self) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Out of descriptors, most likely: give others the time to close some.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (state, tls) = (Arc::clone(&self.state), Arc::clone(&self.tls));
            tokio::spawn(async move {
                let handshake = TlsAcceptor::from(tls).accept(stream);
                let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, handshake).await else {
                    return;
                };
                let service = service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, Infallible>(state.reply(&request)) }
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
}

impl State {
    fn violated(&self, what: String) {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn reply(&self, request: &http::Request<Incoming>) -> Reply {
        let (status, xml) = self.answer(request);
        let body = match self.fault {
            Some(Fault::CutBody) if status == 200 => cut(xml),
            Some(Fault::HugeBody) if status == 200 => endless(),
            _ => Full::new(Bytes::from(xml)).map_err(|never| match never {}).boxed(),
        };
        let mut reply = http::Response::new(body);
        *reply.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        let kind = http::HeaderValue::from_static("application/xml;charset=UTF-8");
        reply.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        reply
    }

    /// What a request gets, by the guide.
    pub(super) fn answer<B>(&self, request: &http::Request<B>) -> Answer {
        if let Err(refused) = self.check_credentials(request) {
            return refused;
        }
        if self.fault == Some(Fault::Unavailable) {
            let text = documents::error("Service Unavailable", "SERVER_OUT_OF_SERVICE", "");
            return (503, text);
        }
        if self.fault == Some(Fault::Html) {
            return (200, "<html><body>Sign in to continue</body></html>".to_owned());
        }
        if request.method() != http::Method::GET {
            self.violated(format!("{} {}: only read here", request.method(), request.uri().path()));
            return (405, documents::error("Method Not Allowed", "", ""));
        }
        let path = request.uri().path();
        let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
        let category = request.uri().query().and_then(|query| query.strip_prefix("category="));
        match parts.as_slice() {
            ["finesse", "api", "Users"] => (200, documents::users(&self.population)),
            ["finesse", "api", "Teams"] if self.fault != Some(Fault::NoTeams) => {
                (200, documents::teams(&self.population))
            }
            ["finesse", "api", "ReasonCodes"] => self.reason_codes(category, None),
            ["finesse", "api", "WrapUpReasons"] => {
                (200, documents::wrap_up_reasons(&self.population, None))
            }
            ["finesse", "api", "MediaPropertiesLayouts"] => (200, documents::layouts()),
            ["finesse", "api", "Team", id, list] => match (self.known_team(id), *list) {
                (Some(id), "ReasonCodes") => self.reason_codes(category, Some(id)),
                (Some(id), "WrapUpReasons") => {
                    (200, documents::wrap_up_reasons(&self.population, Some(id)))
                }
                _ => not_found(path),
            },
            ["finesse", "api", "Teams"] => not_found(path),
            _ => {
                self.violated(format!("{path}: the guide knows no such path"));
                not_found(path)
            }
        }
    }

    fn known_team(&self, id: &str) -> Option<u32> {
        let id = id.parse().ok()?;
        self.population.teams.iter().any(|(team, _)| *team == id).then_some(id)
    }

    fn reason_codes(&self, category: Option<&str>, team: Option<u32>) -> Answer {
        match category {
            Some(category @ ("NOT_READY" | "LOGOUT")) => {
                (200, documents::reason_codes(&self.population, category, team))
            }
            _ => {
                self.violated(format!("ReasonCodes without a category, but {category:?}"));
                (400, documents::error("Parameter Missing", "category", ""))
            }
        }
    }

    fn check_credentials<B>(&self, request: &http::Request<B>) -> Result<(), Answer> {
        let unauthorized = || {
            let text =
                documents::error("Authorization Failure", "The user is not authenticated.", "");
            Err((401, text))
        };
        let header = request.headers().get(http::header::AUTHORIZATION);
        let pair = header.and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
        let pair = pair.and_then(|pair| STANDARD.decode(pair).ok());
        let Some(pair) = pair else {
            self.violated(format!("{}: without Basic credentials", request.uri().path()));
            return unauthorized();
        };
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let right = format!("{}:{}", self.user, self.password).into_bytes();
        let is_right = pair == right && self.fault != Some(Fault::Unauthorized);
        if is_right && *wrong < WRONG_MAX {
            *wrong = 0;
            return Ok(());
        }
        *wrong += 1;
        // A program that tries a refused password again locks a person out.
        if *wrong > 1 {
            self.violated("a refused password was tried again".to_owned());
        }
        unauthorized()
    }
}

fn not_found(path: &str) -> Answer {
    (404, documents::error("Not Found", "HTTP 404", path))
}

/// Half of a document, then the connection breaks.
fn cut(xml: String) -> BoxBody<Bytes, std::io::Error> {
    let half = xml.len() / 2;
    let half = Bytes::from(xml).slice(..half);
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let frames = [Ok(Frame::data(half)), Err(broken)];
    Frames(frames.into_iter()).boxed()
}

/// A document that never ends.
fn endless() -> BoxBody<Bytes, std::io::Error> {
    let piece = Bytes::from(ENDLESS.repeat(1_000));
    let first = std::iter::once(Bytes::from_static(b"<Users>"));
    let frames = first.chain(std::iter::repeat(piece)).map(|bytes| Ok(Frame::data(bytes)));
    Frames(frames).boxed()
}

/// A body of frames that are there already.
struct Frames<I>(I);

impl<I> Body for Frames<I>
where
    I: Iterator<Item = Result<Frame<Bytes>, std::io::Error>> + Unpin,
{
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

/// TLS for `localhost`, and the certificate of the authority behind it.
fn certificates() -> Result<(Arc<rustls::ServerConfig>, String), Box<dyn std::error::Error>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(vec!["localhost".to_owned()])?;
    let certificate = params.signed_by(&key, &authority)?;
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    Ok((Arc::new(tls), authority.pem()))
}

#[cfg(test)]
pub(super) fn state(fault: Option<Fault>) -> impl Fn(&str, Option<&str>) -> (u16, String, usize) {
    let state = State {
        population: Population::of(20),
        user: "a".to_owned(),
        password: "b".to_owned(),
        fault,
        wrong: Mutex::default(),
        violations: Mutex::default(),
    };
    move |path, credentials| {
        let mut request = http::Request::get(path);
        if let Some(credentials) = credentials {
            let value = format!("Basic {}", STANDARD.encode(credentials));
            request = request.header(http::header::AUTHORIZATION, value);
        }
        let (status, text) = request.body(()).map(|it| state.answer(&it)).unwrap_or_default();
        let violations = state.violations.lock().unwrap_or_else(PoisonError::into_inner).len();
        (status, text, violations)
    }
}
