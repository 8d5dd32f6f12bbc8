//! The identity provider without sockets: requests in, pages out.
//!
//! A request that holds to the documents waits under a number of its own until somebody signs in; its answer
//! ends it. Who signed in has a session cookie, and is answered at once from then on. A request is taken
//! once. What was refused, and what was answered, is told in the log.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::form::Form;
use super::keys::SigningKey;
use super::messages::{Forge, PLAIN, Place, Signed, entries};
use super::request::{Asked, judge};
use super::service::Service;
use super::{metadata, pages, signing};

/// Bytes of a RelayState by the documents.
const RELAY_STATE_BYTES_MAX: usize = 80;
/// Entries of the log; older ones are forgotten.
const LOG_MAX: usize = 10_000;
/// The cookie of a session; it comes along with posts from other sites.
const COOKIE: &str = "__Host-idp-session";

/// Somebody who may sign in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) uid: String,
    pub(crate) user_principal: String,
}

/// What is asked of the provider.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) cookie: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What it answers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) cookie: Option<String>,
    pub(crate) body: String,
}

/// What the provider is made of.
pub(crate) struct Setup {
    pub(crate) entity: String,
    /// Its address, without a path.
    pub(crate) origin: String,
    pub(crate) key: Arc<SigningKey>,
    /// Somebody else's key, for messages that have to be refused.
    pub(crate) foreign: Arc<SigningKey>,
    pub(crate) users: Vec<User>,
    pub(crate) signed: Signed,
}

pub(crate) struct Provider {
    setup: Setup,
    waiting: HashMap<String, Waiting>,
    sessions: HashMap<String, User>,
    /// IDs of requests that came.
    seen: HashSet<String>,
    log: Vec<Value>,
    /// Seconds that the answers are dated away from now.
    shift_seconds: i64,
    /// The message of the corpus that is the answer from now on.
    message: Option<String>,
}

#[derive(Clone)]
struct Waiting {
    asked: Asked,
    relay_state: Option<String>,
}

impl Provider {
    pub(crate) fn new(setup: Setup) -> Self {
        let (waiting, sessions, seen) = (HashMap::new(), HashMap::new(), HashSet::new());
        let (log, shift_seconds, message) = (Vec::new(), 0, None);
        Self { setup, waiting, sessions, seen, log, shift_seconds, message }
    }

    pub(crate) fn sign_on(&self) -> String {
        format!("{}/sso", self.setup.origin)
    }

    pub(crate) fn metadata(&self) -> String {
        metadata::metadata(&self.setup.entity, &self.sign_on(), &[&self.setup.key])
    }

    /// What a request gets. `service` is who may ask: `Ok(None)` for anybody, an error where its metadata
    /// cannot be had.
    pub(crate) fn answer(
        &mut self,
        request: &Request,
        service: Result<Option<Service>, String>,
        now: SystemTime,
    ) -> Reply {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/metadata") => {
                Reply { content_type: "application/samlmetadata+xml", ..html(200, self.metadata()) }
            }
            ("GET", "/style.css") => Reply {
                content_type: "text/css; charset=utf-8",
                ..html(200, pages::STYLE.to_owned())
            },
            ("GET", "/submit.js") => Reply {
                content_type: "text/javascript; charset=utf-8",
                ..html(200, pages::SCRIPT.to_owned())
            },
            (_, "/sso") => match self.take(request, service, now) {
                Ok(waiting) => self.proceed(request, waiting, now),
                Err(problem) => self.refuse(&problem),
            },
            ("POST", "/sign-in") => {
                self.sign_in(request, now).unwrap_or_else(|problem| self.refuse(&problem))
            }
            (_, "/sign-out") => {
                if let Some(session) = session_of(request) {
                    self.sessions.remove(session);
                }
                let cookie =
                    format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=0");
                let page = pages::plain("Signed out", "You are signed out here.");
                Reply { cookie: Some(cookie), ..html(200, page) }
            }
            _ => html(404, pages::plain("Not found", "There is no such page.")),
        }
    }

    /// Takes an AuthnRequest that holds to the documents.
    fn take(
        &mut self,
        request: &Request,
        service: Result<Option<Service>, String>,
        now: SystemTime,
    ) -> Result<Waiting, String> {
        if request.method != "POST" {
            return Err(format!("the request came by {}, not by HTTP-POST", request.method));
        }
        if request.query.is_some() {
            return Err("the request came to an address with a query".to_owned());
        }
        let form = Form::read(request.content_type.as_deref(), &request.body)?;
        let is_known = |name: &str| matches!(name, "SAMLRequest" | "RelayState");
        if let Some(other) = form.names().find(|name| !is_known(name)) {
            return Err(format!("the form has the field {other}"));
        }
        let message = form.value("SAMLRequest").ok_or("the form has no SAMLRequest")?;
        let relay_state = form.value("RelayState");
        if relay_state.is_some_and(|state| state.len() > RELAY_STATE_BYTES_MAX) {
            return Err("RelayState is longer than 80 bytes".to_owned());
        }
        let folded: String = message.chars().filter(|it| !matches!(it, '\r' | '\n')).collect();
        let xml = STANDARD.decode(folded).map_err(|error| format!("SAMLRequest: {error}"))?;
        let service = service?;
        let asked = judge(&xml, &self.sign_on(), service.as_ref(), now)?;
        if !self.seen.insert(asked.id.clone()) {
            return Err(format!("the request {} came before", asked.id));
        }
        Ok(Waiting { asked, relay_state: relay_state.map(str::to_owned) })
    }

    /// Answers at once whoever has a session; asks everybody else who he is.
    fn proceed(&mut self, request: &Request, waiting: Waiting, now: SystemTime) -> Reply {
        let session = session_of(request).and_then(|session| self.sessions.get(session)).cloned();
        if let Some(user) = session {
            let answered = self.respond(&waiting, &user, true, now);
            return answered.unwrap_or_else(|problem| self.refuse(&problem));
        }
        let Ok(pending) = random() else { return self.refuse("there is no randomness") };
        let page = pages::sign_in(&pending, &waiting.asked.entity, "", false);
        self.waiting.insert(pending, waiting);
        html(200, page)
    }

    fn sign_in(&mut self, request: &Request, now: SystemTime) -> Result<Reply, String> {
        let form = Form::read(request.content_type.as_deref(), &request.body)?;
        let field = |name: &str| form.value(name).unwrap_or_default();
        let pending = field("request");
        let waiting = self.waiting.get(pending).cloned();
        let waiting = waiting.ok_or("nobody waits for this sign-in any more")?;
        let found = self.setup.users.iter().find(|user| user.user == field("user"));
        let Some(user) = found.filter(|user| user.password == field("password")).cloned() else {
            self.note(json!({"event": "wrong_password", "user": field("user")}));
            let page = pages::sign_in(pending, &waiting.asked.entity, field("user"), true);
            return Ok(html(401, page));
        };
        self.waiting.remove(pending);
        let reply = self.respond(&waiting, &user, false, now)?;
        let session = random()?;
        let cookie = format!("{COOKIE}={session}; Path=/; Secure; HttpOnly; SameSite=None");
        self.sessions.insert(session, user);
        Ok(Reply { cookie: Some(cookie), ..reply })
    }

    fn respond(
        &mut self,
        waiting: &Waiting,
        user: &User,
        by_session: bool,
        now: SystemTime,
    ) -> Result<Reply, String> {
        let Waiting { asked, relay_state } = waiting;
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let forge = Forge {
            place: Place {
                sp: asked.entity.clone(),
                acs: asked.consumer.clone(),
                idp: self.setup.entity.clone(),
                request_id: asked.id.clone(),
                now_seconds: seconds.saturating_add_signed(self.shift_seconds),
                uid: user.uid.clone(),
                principal: user.user_principal.clone(),
                fetch_url: format!("{}/fetched", self.setup.origin),
            },
            key: Arc::clone(&self.setup.key),
            foreign: Arc::clone(&self.setup.foreign),
        };
        let response = match &self.message {
            None => {
                let form = signing::Form::of(&forge.key);
                forge.made(&random()?, PLAIN, &form, self.setup.signed)?.into_bytes()
            }
            Some(name) => {
                let found = entries(&forge)?.into_iter().find(|entry| entry.name == *name);
                found.ok_or_else(|| format!("there is no message {name}"))?.bytes
            }
        };
        self.note(json!({"event": "answered", "request": asked.id, "service": asked.entity,
            "consumer": asked.consumer, "user": user.user, "by_session": by_session,
            "message": self.message}));
        let page =
            pages::answer(&asked.consumer, &STANDARD.encode(response), relay_state.as_deref());
        Ok(html(200, page))
    }

    fn refuse(&mut self, problem: &str) -> Reply {
        self.note(json!({"event": "refused", "problem": problem}));
        html(400, pages::plain("Request refused", problem))
    }

    fn note(&mut self, event: Value) {
        if self.log.len() == LOG_MAX {
            self.log.remove(0);
        }
        self.log.push(event);
    }

    /// Whether any request was refused.
    pub(crate) fn has_refused(&self) -> bool {
        self.log.iter().any(|event| event["event"] == "refused")
    }

    /// Does what a control command says.
    pub(crate) fn control(&mut self, command: &Value) -> Result<Value, String> {
        let text = |name: &str| command.get(name).and_then(Value::as_str);
        match text("command").unwrap_or_default() {
            "log" => Ok(json!({"ok": true, "log": self.log})),
            "refusals" => {
                let all: Vec<_> = self.log.iter().filter(|it| it["event"] == "refused").collect();
                Ok(json!({"ok": true, "refusals": all}))
            }
            "forget-log" => {
                self.log.clear();
                Ok(json!({"ok": true}))
            }
            "forget-sessions" => {
                self.sessions.clear();
                Ok(json!({"ok": true}))
            }
            "sign" => {
                self.setup.signed = match text("what") {
                    Some("message") => Signed::Message,
                    Some("both") => Signed::Both,
                    Some("assertion") => Signed::Assertion,
                    Some("nothing") => Signed::Nothing,
                    other => return Err(format!("what is signed is {other:?}")),
                };
                Ok(json!({"ok": true}))
            }
            "clock" => {
                let seconds = command.get("seconds").and_then(Value::as_i64);
                self.shift_seconds = seconds.ok_or("clock needs seconds, a whole number")?;
                Ok(json!({"ok": true}))
            }
            "message" => {
                self.message = text("name").map(str::to_owned);
                Ok(json!({"ok": true}))
            }
            "new-key" => {
                let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let key = SigningKey::generate(&self.setup.entity, seconds.as_secs())?;
                self.setup.key = Arc::new(key);
                Ok(json!({"ok": true, "metadata": self.metadata()}))
            }
            "user" => {
                let user = command.get("user").cloned().unwrap_or_default();
                let user: User =
                    serde_json::from_value(user).map_err(|error| format!("user: {error}"))?;
                self.setup.users.retain(|other| other.user != user.user);
                self.setup.users.push(user);
                Ok(json!({"ok": true}))
            }
            other => Err(format!("no command {other:?}")),
        }
    }
}

fn session_of(request: &Request) -> Option<&str> {
    let pairs = request.cookie.as_deref()?.split(';');
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

fn html(status: u16, body: String) -> Reply {
    Reply { status, content_type: "text/html; charset=utf-8", cookie: None, body }
}

/// 128 random bits in hexadecimal digits.
fn random() -> Result<String, String> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "there is no randomness".to_owned())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
