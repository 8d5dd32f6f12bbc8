//! The console as an application of the identity service (IDS-11, IDS-15, IDS-16).
//!
//! ```text
//!   #/... --single--> state, verifier: sealed, in a cookie --> authorize, at the node that the client's table names
//!   callback: state, iss, code --> token (here, or there by HTTPS) --> token checked --> session of the console
//!      `-- a test: what came of it is noted, and nobody is signed in
//! ```
//!
//! It does as any application does: a code with a verifier (RFC 7636), a state of this browser, the issuer compared
//! (RFC 9207). What it gets is the same session that a password begins, for whoever the settings give a role.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use domain::{Deed, Identity, Secret, Timestamp};
use engine::SealingKeys;
use engine::surface::{Peer, Request, Surface as _};
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY,
    SET_COOKIE,
};
use http::{HeaderMap, Method, Response, StatusCode};
use identity::{Access, CONSOLE_CALLBACK, CONSOLE_CLIENT_ID, CONSOLE_COMPONENT};
use protocols::oauth::{challenge_of, paths, redirect_with};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::sign_in;
use crate::node::Shared;

/// For how long a sign-on may take.
const LASTING: Duration = Duration::from_secs(900);
const COOKIE_PREFIX: &str = "__Host-jackfield-single-";
const COOKIE_ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";
const HANDLE_DIGITS: usize = 8;
/// The most sign-ons of one browser at a time.
const WAITING_MAX: usize = 4;
const PURPOSE: &str = "console_single_sign_on";
/// The most characters of the place to come back to.
const PLACE_CHARACTERS_MAX: usize = 512;
/// The most bytes of the token endpoint's answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A sign-on that waits.
#[derive(Serialize, Deserialize)]
struct Waiting {
    state: String,
    verifier: String,
    /// The node's service that was chosen.
    origin: String,
    issuer: String,
    place: String,
    begun_at: Timestamp,
    /// The component that is tested, where it is a test.
    test: Option<String>,
}

/// Why nobody is signed in.
enum Refused {
    /// The state is not this browser's, or it is over.
    State,
    /// The identity service refused.
    Service(String),
    /// It cannot be asked.
    Away(String),
    /// A proven person who has no role here.
    Person { error: &'static str, who: String, words: String },
}

/// Sends the browser to the identity service.
pub(super) fn begin(shared: &Shared, request: &Request) -> Response<Bytes> {
    let query = |name: &str| query_value(request, name);
    let acknowledged = query("acknowledged").as_deref() == Some("true");
    let settings = shared.engine.settings();
    let test = query("test");
    if test.is_none() && !settings.identity.single_sign_on {
        // Before it is switched on, what the identity provider says is tried and signs nobody in.
        tracing::warn!(reference = request.reference, "single sign-on is off");
        return signed_out("refused", &request.reference);
    }
    if test.is_none() && settings.sign_on.message.is_some() && !acknowledged {
        return to_console("#/");
    }
    match begun(shared, request, test) {
        Some(answer) => answer,
        None => {
            tracing::warn!(reference = request.reference, "no identity service can be used");
            signed_out("provider_away", &request.reference)
        }
    }
}

fn begun(shared: &Shared, request: &Request, test: Option<String>) -> Option<Response<Bytes>> {
    let identity = shared.identity.as_ref()?;
    let test = match test {
        Some(ticket) => {
            let component = identity.ticket_is_for(&ticket)?;
            Some(component.strip_prefix(CONSOLE_COMPONENT).map(|_| component.clone())?)
        }
        None => None,
    };
    let origin = identity.chosen().or_else(|| test.as_ref().map(|_| identity.base().to_owned()))?;
    let settings = shared.engine.settings();
    let issuer = settings.identity.origins().next()?;
    let random = shared.port.random::<52>()?;
    let (verifier, state) = random.split_at(32);
    let handle: String = hexadecimal(state.get(..4)?);
    let waiting = Waiting {
        state: format!("{handle}.{}", URL_SAFE_NO_PAD.encode(state.get(4..)?)),
        verifier: URL_SAFE_NO_PAD.encode(verifier),
        origin,
        issuer,
        place: query_value(request, "return").filter(|it| is_place(it)).unwrap_or("#/".to_owned()),
        begun_at: shared.engine.now(),
        test,
    };
    let redirect = redirect_uri(shared);
    let challenge = challenge_of(&waiting.verifier)?;
    let endpoint = format!("{}{}", waiting.origin, paths::AUTHORIZE);
    let place = redirect_with(
        &endpoint,
        &[
            ("response_type", "code"),
            ("client_id", CONSOLE_CLIENT_ID),
            ("redirect_uri", &redirect),
            ("state", &waiting.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
    );
    let text = serde_json::to_string(&waiting).ok()?;
    let sealed = keys(shared).seal(&purpose(&handle), &Secret::new(text))?;
    let seconds = LASTING.as_secs();
    let mut answer = elsewhere(&place);
    for old in surplus(&request.headers) {
        add_cookie(&mut answer, &end(&old));
    }
    let cookie = format!(
        "{COOKIE_PREFIX}{handle}={}; {COOKIE_ATTRIBUTES}; Max-Age={seconds}",
        sealed.as_text()
    );
    add_cookie(&mut answer, &cookie);
    Some(answer)
}

/// Takes the code that the browser came back with.
pub(super) async fn end_with(shared: &Arc<Shared>, request: &Request) -> Response<Bytes> {
    let state = query_value(request, "state").unwrap_or_default();
    let handle = state.split('.').next().unwrap_or_default().to_owned();
    let Some(waiting) = waiting(shared, request, &handle, &state) else {
        return told(shared, request, None, &Refused::State).await;
    };
    let came = proven(shared, request, &waiting).await;
    let mut answer = match (came, &waiting.test) {
        (Ok(access), Some(component)) => {
            let came = standing(shared, &access).map(|_| ());
            match came {
                Ok(()) => {
                    let identity = shared.identity.as_ref();
                    let Some(identity) = identity else { return to_console("#/identity") };
                    identity.note_component(component, Ok(&access.person), &waiting.state).await;
                    elsewhere(&identity.result_link(Ok(&access.person)))
                }
                Err(refused) => told(shared, request, Some(&waiting), &refused).await,
            }
        }
        (Ok(access), None) => match signed_in(shared, request, &access).await {
            Ok(cookie) => {
                let mut answer = to_console(&waiting.place);
                add_cookie(&mut answer, &cookie);
                answer
            }
            Err(refused) => told(shared, request, Some(&waiting), &refused).await,
        },
        (Err(refused), _) => told(shared, request, Some(&waiting), &refused).await,
    };
    add_cookie(&mut answer, &end(&handle));
    answer
}

/// The sign-on that this browser waits for.
fn waiting(shared: &Shared, request: &Request, handle: &str, state: &str) -> Option<Waiting> {
    let is_handle =
        handle.len() == HANDLE_DIGITS && handle.bytes().all(|it| it.is_ascii_hexdigit());
    let wanted = format!("{COOKIE_PREFIX}{handle}");
    let mut found = cookies(&request.headers).filter(|(name, _)| is_handle && *name == wanted);
    let ((_, value), None) = (found.next()?, found.next()) else { return None };
    let sealed = domain::Sealed::from_text(value);
    let text = keys(shared).unseal(&purpose(handle), &sealed).ok()?;
    let waiting: Waiting = serde_json::from_str(text.expose()).ok()?;
    let is_same = bool::from(waiting.state.as_bytes().ct_eq(state.as_bytes()));
    let now = shared.engine.now();
    (is_same && now.since(waiting.begun_at) <= LASTING).then_some(waiting)
}

/// Trades the code, and reads what came for it.
async fn proven(
    shared: &Arc<Shared>,
    request: &Request,
    waiting: &Waiting,
) -> Result<Access, Refused> {
    let identity = shared.identity.as_ref().ok_or(Refused::State)?;
    // Somebody else's answer must not be taken for that of the service that was asked.
    if query_value(request, "iss").as_deref() != Some(&waiting.issuer) {
        return Err(Refused::Service("the answer names another issuer".to_owned()));
    }
    if let Some(error) = query_value(request, "error") {
        let error: String = error.chars().take(64).collect();
        return Err(match error.as_str() {
            "temporarily_unavailable" | "server_error" => Refused::Away(error),
            _ => Refused::Service(error),
        });
    }
    let code = query_value(request, "code");
    let code = code.ok_or_else(|| Refused::Service("the answer has no code".to_owned()))?;
    let redirect = redirect_uri(shared);
    let form = redirect_with(
        "",
        &[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect),
            ("code_verifier", &waiting.verifier),
            ("client_id", CONSOLE_CLIENT_ID),
            ("client_secret", identity.console_secret().expose()),
        ],
    );
    let form = Bytes::from(form.trim_start_matches('?').to_owned());
    let (status, body) = match waiting.origin == own_origin(shared) {
        true => asked_here(shared, request, form).await,
        false => asked_there(shared, &waiting.origin, form).await,
    }
    .map_err(Refused::Away)?;
    if status.is_server_error() {
        return Err(Refused::Away(format!("the token endpoint answers {status}")));
    }
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let Some(token) = body.get("access_token").and_then(serde_json::Value::as_str) else {
        let error = body.get("error").and_then(serde_json::Value::as_str).unwrap_or("no token");
        return Err(Refused::Service(error.to_owned()));
    };
    let access = identity.check(&Secret::new(token));
    let access = access.map_err(|refused| Refused::Service(refused.name().to_owned()))?;
    match access.client_id == CONSOLE_CLIENT_ID {
        true => Ok(access),
        false => Err(Refused::Service("the token was given to another application".to_owned())),
    }
}

fn own_origin(shared: &Shared) -> String {
    let identity = shared.identity.as_ref();
    identity.and_then(|it| it.origin_of(shared.port.node().as_str())).unwrap_or_default()
}

/// By the service of this node, without a way over the network.
async fn asked_here(
    shared: &Arc<Shared>,
    request: &Request,
    form: Bytes,
) -> Result<(StatusCode, Bytes), String> {
    let identity = shared.identity.clone().ok_or("there is no identity service")?;
    let base = identity.base().to_owned();
    let routes = identity.routes();
    let route = routes.into_iter().find(|route| route.path == paths::TOKEN);
    let route = route.ok_or("there is no token endpoint")?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, FORM);
    let asked = Request {
        method: Method::POST,
        uri: paths::TOKEN.parse().map_err(|_| "the token endpoint has no place".to_owned())?,
        headers,
        body: form,
        parameters: Default::default(),
        peer: Peer { address: request.peer.address, base },
        principal: None,
        reference: request.reference.clone(),
    };
    let answer = route.handler.whole(asked).await;
    Ok((answer.status(), answer.into_body()))
}

/// By the service of another node.
async fn asked_there(
    shared: &Shared,
    origin: &str,
    form: Bytes,
) -> Result<(StatusCode, Bytes), String> {
    let asked = http::Request::builder()
        .method(Method::POST)
        .uri(format!("{origin}{}", paths::TOKEN))
        .header(CONTENT_TYPE, FORM)
        .body(form)
        .map_err(|error| error.to_string())?;
    let answer = crate::fetching::ask(&shared.port, asked, ANSWER_BYTES_MAX).await?;
    Ok((answer.status(), answer.into_body()))
}

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Who a token speaks for here, where they have a role.
fn standing(shared: &Shared, access: &Access) -> Result<Identity, Refused> {
    let person = access.person.clone();
    let settings = shared.engine.settings();
    let is_known = settings.agents.keys().any(|id| id.as_str() == person.uid);
    let words = format!("{} ({})", person.uid, person.principal);
    let who = person.principal.clone();
    let identity = Identity::SignedOn {
        provider: person.provider,
        uid: person.uid,
        principal: person.principal,
    };
    match identity.standing(&settings) {
        Some(_) => Ok(identity),
        None if is_known => Err(Refused::Person {
            error: "no_role",
            who,
            words: format!("{words} is known here and has no role"),
        }),
        None => Err(Refused::Person {
            error: "unknown_person",
            who,
            words: format!("{words} is neither an agent here nor granted a role"),
        }),
    }
}

/// Begins the session of whoever was proven; gives its cookie.
async fn signed_in(
    shared: &Arc<Shared>,
    request: &Request,
    access: &Access,
) -> Result<String, Refused> {
    let identity = standing(shared, access)?;
    let family = access.family().to_owned();
    let begun = sign_in::begin_proven(shared, request, identity, family).await;
    let session = begun.map_err(|_| Refused::Away("no session can be kept now".to_owned()))?;
    Ok(format!(
        "{}={}; Path=/; Secure; HttpOnly; SameSite=Strict",
        crate::http::proofs::COOKIE_NAME,
        session.cookie.expose()
    ))
}

/// Says that nobody is signed in: a plain page, the reason in the log.
async fn told(
    shared: &Shared,
    request: &Request,
    waiting: Option<&Waiting>,
    refused: &Refused,
) -> Response<Bytes> {
    let reference = &request.reference;
    let (error, words) = match refused {
        Refused::State => {
            ("refused", "the answer belongs to no sign-on of this browser".to_owned())
        }
        Refused::Service(words) => ("refused", words.clone()),
        Refused::Away(words) => ("provider_away", words.clone()),
        Refused::Person { error, words, .. } => (*error, words.clone()),
    };
    tracing::warn!(reference, error, words, "nobody is signed in by single sign-on");
    let test = waiting.and_then(|waiting| Some((waiting.test.as_ref()?, &waiting.state)));
    if let (Some((component, state)), Some(identity)) = (test, &shared.identity) {
        identity.note_component(component, Err(&words), state).await;
        return elsewhere(&identity.result_link(Err(&words)));
    }
    if let Refused::Person { who, .. } = refused {
        let by = sign_in::proven_actor(request, who);
        let deed = Deed::done("sign_in_refused", "sessions").with_outcome(error);
        shared.tries.refused(by, deed).await;
    }
    signed_out(error, reference)
}

fn signed_out(error: &str, reference: &str) -> Response<Bytes> {
    to_console(&format!("#/signed-out?error={error}&reference={reference}"))
}

fn redirect_uri(shared: &Shared) -> String {
    format!("{}{CONSOLE_CALLBACK}", shared.config.console.base)
}

/// Whether it is a place within the console's page or the agents' workspace beside it, and nowhere else.
fn is_place(place: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_graphic() && !matches!(it, '"' | '<' | '>' | '\\');
    let within = place.strip_prefix("workspace").unwrap_or(place);
    within.starts_with("#/") && place.len() <= PLACE_CHARACTERS_MAX && place.chars().all(is_plain)
}

fn to_console(place: &str) -> Response<Bytes> {
    elsewhere(&format!("/{place}"))
}

fn elsewhere(place: &str) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    let fields: [(HeaderName, &str); 3] =
        [(LOCATION, place), (CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn add_cookie(answer: &mut Response<Bytes>, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        answer.headers_mut().append(SET_COOKIE, value);
    }
}

fn end(handle: &str) -> String {
    format!("{COOKIE_PREFIX}{handle}=; {COOKIE_ATTRIBUTES}; Max-Age=0")
}

/// Sign-ons of this browser that are too many beside a new one.
fn surplus(headers: &HeaderMap) -> Vec<String> {
    let handles = cookies(headers).filter_map(|(name, _)| name.strip_prefix(COOKIE_PREFIX));
    let is_handle =
        |it: &&str| it.len() == HANDLE_DIGITS && it.bytes().all(|it| it.is_ascii_hexdigit());
    let handles: Vec<_> = handles.filter(is_handle).map(str::to_owned).collect();
    let surplus = (handles.len() + 1).saturating_sub(WAITING_MAX);
    handles.into_iter().take(surplus).collect()
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let fields = headers.get_all(COOKIE).into_iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// The only value of that name in the query.
fn query_value(request: &Request, name: &str) -> Option<String> {
    let query = request.uri.query().unwrap_or_default();
    let mut found = query.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then_some(value)
    });
    let (value, None) = (found.next()?, found.next()) else { return None };
    let value = value.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&value).decode_utf8().ok()?;
    (decoded.len() <= 4_096).then(|| decoded.into_owned())
}

fn keys(shared: &Shared) -> SealingKeys {
    SealingKeys::single(shared.port.link_key(PURPOSE))
}

fn purpose(handle: &str) -> String {
    format!("{PURPOSE}/{handle}")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
