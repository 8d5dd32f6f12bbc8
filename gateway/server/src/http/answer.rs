//! One request from its header to its answer.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use domain::{Principal, Secret};
use engine::authenticate::{Attempt, AuthenticationRefusal};
use engine::surface::{Beginning, Body, Callers, Peer, Request, ResponsePolicy};
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, REFERRER_POLICY,
    TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{Response, StatusCode, Version};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;
use tokio::time::timeout;

use super::credentials::Credentials;
use super::outgoing::{Of, Outgoing, Signal};
use super::proofs::{self, NotProven, PasswordTry, Proofs, Shown};
use super::record::Told;
use super::refusal::Refusal;
use super::routes::{Found, Placed};
use super::{Caller, Site};
use crate::log::Line;

/// The listener of administrators, whose programs read problem documents.
const CONSOLE: &str = "console";

/// How often it is looked whether who reads an answer that lasts still may; it ends within 5 s where not.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
/// So often at most where a password was shown, since some can only be judged anew by showing them: ten minutes.
const LOOKS_BY_PASSWORD_MAX: u64 = 200;

/// The listener that phones reach, where their pages are, and where those of an agent's session.
const PHONES: &str = "phone";
const PAGES: &str = "/fippa";
const SESSION_PAGES: &str = "/fippa/s/";

impl Site {
    /// Answers one request that came over a connection of `caller`.
    pub(crate) async fn answer<B>(
        &self,
        caller: impl Into<Caller>,
        request: http::Request<B>,
    ) -> Response<Outgoing>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let began = self.clock.now();
        let reference = reference();
        let (parts, body) = request.into_parts();
        let Caller { address, device } = caller.into();
        let peer = self.proxies.peer(address, &parts.headers, &self.base);
        let (method, client) = (parts.method.clone(), peer.address);
        let found = self.well_formed(&parts).and_then(|()| self.route(&parts));
        // Phones show nothing of what is not 200, so they are told in a page.
        let of_phones = self.listener == PHONES && is_below(parts.uri.path(), PAGES);
        let of_session = of_phones && parts.uri.path().starts_with(SESSION_PAGES);
        let mut lost = None;
        let (placed, answered) = match found {
            Err(refusal) => (None, Err((refusal, of_phones))),
            Ok((placed, parameters)) => {
                let asked = Asked { parts, parameters, peer, device, reference: &reference };
                let answered = self.handled(&placed, asked, body, &mut lost).await;
                // Elsewhere phones look at the status: a page would be taken for a file, or for a yes.
                let for_phone =
                    placed.route.policy == ResponsePolicy::Phone && self.listener == PHONES;
                (Some(placed), answered.map_err(|refusal| (refusal, for_phone)))
            }
        };
        let (status, answer) = match answered {
            Ok(answer) => {
                let policy = placed.as_ref().map(|placed| placed.route.policy);
                let answer = with_policy(answer, policy.unwrap_or(ResponsePolicy::Phone));
                (answer.status(), answer)
            }
            Err((refusal, true)) => {
                let answer = refusal.answer_for_phone(&reference, of_session);
                (refusal.status(), answer.map(Body::Whole))
            }
            Err((refusal, false)) if self.listener == CONSOLE => {
                (refusal.status(), refusal.answer_as_problem(&reference).map(Body::Whole))
            }
            Err((refusal, false)) => {
                (refusal.status(), refusal.answer(&reference).map(Body::Whole))
            }
        };
        let now = self.clock.now();
        let told = Told {
            listener: self.listener,
            method: &method,
            surface: placed.as_ref().map_or("none", |placed| placed.surface),
            route: placed.as_ref().map_or("none", |placed| placed.route.path),
            status,
            duration: now.since(began),
            reference: &reference,
            peer: client,
        };
        let metrics = placed.as_ref().map_or(self.metrics.unmatched(), |placed| &placed.metrics);
        self.metrics.tell(metrics, &told, now);
        let (surface, route) = (told.surface, told.route);
        answer.map(|body| {
            let mut body = Outgoing::new(body, || Of {
                listener: self.listener,
                surface,
                route,
                reference,
                peer: client,
                metrics: self.metrics.clone(),
                clock: Arc::clone(&self.clock),
            });
            if let Some(lost) = lost {
                body.until_lost(lost);
            }
            body
        })
    }

    /// What could be understood in two ways is refused, so that nobody in front understands it in
    /// the other one (RFC 9112, sections 3.2 and 6.3).
    fn well_formed(&self, parts: &Parts) -> Result<(), Refusal> {
        let hosts = parts.headers.get_all(HOST).iter().count();
        if hosts > 1 || (hosts == 0 && parts.version > Version::HTTP_10) {
            return Err(Refusal::Malformed("there must be one Host field"));
        }
        if parts.headers.contains_key(TRANSFER_ENCODING) {
            return Err(Refusal::LengthRequired);
        }
        if parts.headers.get_all(CONTENT_LENGTH).iter().count() > 1 {
            return Err(Refusal::Malformed("there must be one Content-Length field"));
        }
        let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
        if target > self.limits.target_bytes_max {
            return Err(Refusal::TargetTooLong);
        }
        Ok(())
    }

    fn route(&self, parts: &Parts) -> Result<(Arc<Placed>, Parameters), Refusal> {
        match self.routes.find(&parts.method, parts.uri.path()) {
            Found::Route(placed, parameters) => Ok((placed, parameters)),
            Found::OtherMethods(methods) => Err(Refusal::Method(methods)),
            Found::Malformed => Err(Refusal::Malformed("a part of the path is no plain text")),
            Found::Nothing => Err(Refusal::NotFound),
        }
    }

    async fn handled<B>(
        &self,
        placed: &Placed,
        asked: Asked<'_>,
        body: B,
        lost: &mut Option<Signal>,
    ) -> Result<Response<Body>, Refusal>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut shown = None;
        let principal = match placed.route.callers {
            Callers::Anyone => asked.device.clone(),
            Callers::Roles(roles) => {
                let (principal, by) = self.principal(&asked, placed.surface).await?;
                shown = Some(by);
                if !roles.iter().any(|role| principal.has(*role)) {
                    return Err(Refusal::Forbidden("this account has not the role for that"));
                }
                Some(principal)
            }
        };
        let body = self.body(&asked.parts, body, placed.route.body_bytes_max).await?;
        let proven = principal.clone().zip(shown);
        let request = Request {
            // A handler that answers GET is asked for HEAD too, and must know: HEAD changes nothing.
            // The body is left out on the way.
            method: asked.parts.method,
            uri: asked.parts.uri,
            headers: asked.parts.headers,
            body,
            parameters: asked.parameters,
            peer: asked.peer,
            principal,
            reference: asked.reference.to_owned(),
        };
        match timeout(self.limits.request, caught(|| placed.route.handler.begin(request))).await {
            Ok(Ok(answer)) => {
                if let (Body::Pieces(_), Some((principal, shown))) = (answer.body(), proven) {
                    *lost = Some(lost_by(Arc::clone(&self.proofs), principal, shown));
                }
                Ok(answer)
            }
            Ok(Err(Panicked)) => {
                let (surface, route) = (placed.surface, placed.route.path);
                let reference = asked.reference;
                if self.metrics.may_write(Line::HandlerPanicked, self.clock.now()) {
                    tracing::error!(surface, route, reference, "a handler panicked");
                }
                Err(Refusal::Broken)
            }
            Err(_) => Err(Refusal::HandlerSlow),
        }
    }

    async fn principal(
        &self,
        asked: &Asked<'_>,
        surface: &'static str,
    ) -> Result<(Principal, Shown), Refusal> {
        let headers = &asked.parts.headers;
        let (proven, shown) = match Credentials::read(headers) {
            Some(Credentials::Basic { account, password }) => {
                let principal = self.by_password(asked, surface, account, password).await?;
                let shown = Shown::Password(self.proofs.credential(&principal));
                return Ok((principal, shown));
            }
            Some(Credentials::Bearer(token)) => {
                (self.proofs.of_token(&token).await, Shown::Token(token))
            }
            // What is shown in a way that we do not understand is not passed over for a cookie.
            None if headers.contains_key(AUTHORIZATION) => return Err(Refusal::Unauthorized),
            None => return self.by_cookie(asked, surface).await,
        };
        proven.map(|principal| (principal, shown)).map_err(not_proven)
    }

    async fn by_cookie(
        &self,
        asked: &Asked<'_>,
        surface: &'static str,
    ) -> Result<(Principal, Shown), Refusal> {
        let Parts { method, uri, headers, .. } = &asked.parts;
        let framed = proofs::framed_cookie(surface, uri, headers);
        let framed = framed.filter(|_| self.proofs.may_be_framed());
        let cookies: Vec<_> = proofs::cookie(headers).into_iter().chain(framed).collect();
        if cookies.is_empty() {
            return Err(Refusal::Unauthorized);
        }
        if !proofs::is_from_own_page(method, headers) {
            return Err(Refusal::Forbidden(
                "a request with a session's cookie must come from a page of this gateway; programs use a \
                 token",
            ));
        }
        let mut refusal = Refusal::Unauthorized;
        // A page that is framed by one of the same site has both, and the one may be over.
        for cookie in cookies {
            match self.proofs.of_cookie(&cookie).await {
                Ok(principal) => return Ok((principal, Shown::Cookie(cookie))),
                Err(not) => refusal = not_proven(not),
            }
        }
        Err(refusal)
    }

    async fn by_password(
        &self,
        asked: &Asked<'_>,
        surface: &'static str,
        account: String,
        password: Secret,
    ) -> Result<Principal, Refusal> {
        if let Some(why) = self.proofs.refuses_passwords(surface) {
            return Err(Refusal::Forbidden(why));
        }
        let source = asked.peer.address;
        let attempt = Attempt { account: account.clone(), password, source, surface };
        let proven = self.authenticator.authenticate(attempt).await;
        // A password alone must not pass where a second factor is asked for.
        let too_little = proven
            .as_ref()
            .ok()
            .and_then(|principal| self.proofs.wants_more_than_password(principal));
        let refused = match &proven {
            Ok(_) => Some(too_little.map(|_| "one_time_needed")),
            Err(AuthenticationRefusal::Wrong) => Some(Some("wrong")),
            Err(AuthenticationRefusal::Locked { .. }) => Some(Some("locked")),
            // Nothing was judged.
            Err(AuthenticationRefusal::Busy { .. } | AuthenticationRefusal::Unavailable) => None,
        };
        if let Some(refused) = refused {
            let (account, reference) = (account.as_str(), asked.reference);
            self.proofs.tell(PasswordTry { account, source, surface, reference, refused }).await;
        }
        if let Some(why) = too_little {
            return Err(Refusal::Forbidden(why));
        }
        proven.map_err(|refusal| match refusal {
            AuthenticationRefusal::Wrong => Refusal::Unauthorized,
            AuthenticationRefusal::Locked { .. } => Refusal::Forbidden(
                "too many wrong passwords; the account is locked for some minutes",
            ),
            AuthenticationRefusal::Busy { retry_seconds } => Refusal::Busy { retry_seconds },
            AuthenticationRefusal::Unavailable => Refusal::Unavailable,
        })
    }

    async fn body<B>(&self, parts: &Parts, body: B, limit: usize) -> Result<Bytes, Refusal>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let announced = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        if announced
            .is_some_and(|length| !length.parse().is_ok_and(|length: usize| length <= limit))
        {
            return Err(Refusal::TooLarge { limit });
        }
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        let body = pin!(Limited::new(body, limit));
        match timeout(self.limits.request, body.collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge { limit }),
            Ok(Err(_)) => Err(Refusal::Malformed("the body broke off")),
            Err(_) => Err(Refusal::BodySlow),
        }
    }
}

fn not_proven(not: NotProven) -> Refusal {
    match not {
        NotProven::Nobody => Refusal::Unauthorized,
        NotProven::Unavailable => Refusal::Unavailable,
    }
}

/// Happens once who was proven may no longer what they might: the session or token is over, roles or teams are
/// others. While the store is away nobody can end anything, so what was is so.
fn lost_by(proofs: Arc<dyn Proofs>, principal: Principal, shown: Shown) -> Signal {
    Box::pin(async move {
        let looks = match shown {
            Shown::Password(_) => LOOKS_BY_PASSWORD_MAX,
            Shown::Cookie(_) | Shown::Token(_) => u64::MAX,
        };
        for _ in 0..looks {
            tokio::time::sleep(LOOK_AGAIN).await;
            match proofs.again(&shown, &principal).await {
                Ok(now) if now.roles == principal.roles && now.teams == principal.teams => {}
                Err(NotProven::Unavailable) => {}
                Ok(_) | Err(NotProven::Nobody) => return,
            }
        }
    })
}

/// Whether `path` is `folder` or below it.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

type Parameters = std::collections::BTreeMap<String, String>;

/// A request on its way to its handler.
struct Asked<'a> {
    parts: Parts,
    parameters: Parameters,
    peer: Peer,
    device: Option<Principal>,
    reference: &'a str,
}

/// A handler panicked, which is a fault of ours; its message is in the log already.
struct Panicked;

/// What a handler answers, unless it panics; the panic ends there. Nothing it may have left half
/// done is seen again: the future is dropped, and what surfaces share is behind locks that ask.
async fn caught(begin: impl FnOnce() -> Beginning) -> Result<Response<Body>, Panicked> {
    let mut handling = std::panic::catch_unwind(AssertUnwindSafe(begin)).map_err(|_| Panicked)?;
    poll_fn(|context| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

fn with_policy(mut answer: Response<Body>, policy: ResponsePolicy) -> Response<Body> {
    // Hop-by-hop fields are ours to set.
    for name in [CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
        answer.headers_mut().remove(name);
    }
    if answer.status().is_informational() {
        *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    if policy == ResponsePolicy::Browser {
        let fields: [(HeaderName, &str); 5] = [
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            (REFERRER_POLICY, "no-referrer"),
            (http::header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        ];
        for (name, value) in fields {
            answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
        }
    }
    answer
}

/// Eight characters that are easily read out over a telephone (no I, L, O, U). They follow from a
/// random start and a count, mixed (splitmix64): nobody has to guess them, they only must differ.
fn reference() -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    static START: LazyLock<u64> = LazyLock::new(|| {
        let random = ring::rand::generate::<[u8; 8]>(&ring::rand::SystemRandom::new());
        random.map_or(0, |random| u64::from_be_bytes(random.expose()))
    });
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut mixed = START.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let letter = |byte: u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('0', char::from);
    mixed.to_be_bytes().into_iter().map(letter).collect()
}
