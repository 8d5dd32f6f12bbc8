//! A console in front of an engine in memory, and a node that notes what is asked of it: no network.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use domain::settings::{Agent, LocalAccount, Reason, Settings, Team, Trust};
use domain::{
    Actor, Identity, Principal, Proof, ReasonCategory, ReasonCode, Role, Secret, Timestamp,
};
use engine::Port;
use engine::surface::{Body, BrokenOff, Callers, Peer, Request, Route, Source, Surface};
use engine::testing::{ManualClock, PlainAuthenticator, memory_port};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::{
    Administration, Archive, Console, Context, Failure, LogLines, MailTest, NewSession, SetUp,
    SignIn, SignInRefusal,
};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// The hash of somebody's password: it must be seen nowhere.
pub(crate) const HASH: &str = "$argon2id$planted-hash";

/// A deed that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Done {
    pub(crate) deed: &'static str,
    pub(crate) members: Value,
    pub(crate) context: Context,
}

/// Notes what is asked of it, and answers what it was told to.
#[derive(Default)]
pub(crate) struct Node {
    done: Mutex<Vec<Done>>,
    answers: Mutex<BTreeMap<&'static str, VecDeque<Result<Value, Failure>>>>,
    refusal: Mutex<Option<SignInRefusal>>,
    pub(crate) signed_out: Mutex<Vec<String>>,
    /// What of the log is answered next, and what was asked for.
    pub(crate) log: Mutex<Option<LogLines>>,
    pub(crate) log_asked: Mutex<Vec<(u64, String, usize)>>,
    pub(crate) log_moves: watch::Sender<u64>,
}

/// Ten bytes in two pieces.
struct Halves(u8);

#[async_trait]
impl Source for Halves {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        self.0 = self.0.checked_sub(1)?;
        Some(Ok(Bytes::from_static(b"bytes")))
    }
}

impl Node {
    pub(crate) fn answers(&self, deed: &'static str, answer: Result<Value, Failure>) {
        self.answers.lock().unwrap().entry(deed).or_default().push_back(answer);
    }

    pub(crate) fn refuses(&self, refusal: SignInRefusal) {
        *self.refusal.lock().unwrap() = Some(refusal);
    }

    pub(crate) fn done(&self) -> Vec<Done> {
        std::mem::take(&mut *self.done.lock().unwrap())
    }
}

#[async_trait]
impl Administration for Node {
    async fn perform(
        &self,
        deed: &'static str,
        members: Value,
        context: Context,
    ) -> Result<Value, Failure> {
        self.done.lock().unwrap().push(Done { deed, members, context });
        let scripted = self.answers.lock().unwrap().get_mut(deed).and_then(VecDeque::pop_front);
        scripted.unwrap_or_else(|| Ok(json!({"number": 2, "changed": true, "warnings": []})))
    }

    fn log_lines(&self, after: u64, level: &str, most: usize) -> Result<LogLines, Failure> {
        self.log_asked.lock().unwrap().push((after, level.to_owned(), most));
        Ok(self
            .log
            .lock()
            .unwrap()
            .take()
            .unwrap_or(LogLines { last: after, ..LogLines::default() }))
    }

    fn log_moves(&self) -> Result<watch::Receiver<u64>, Failure> {
        Ok(self.log_moves.subscribe())
    }

    async fn backup_archive(&self, name: &str, context: Context) -> Result<Archive, Failure> {
        let members = json!({"name": name});
        self.perform("backup_archive", members, context).await?;
        Ok(Archive { bytes: 10, pieces: Box::new(Halves(2)) })
    }

    async fn mail_test(
        &self,
        wish: MailTest,
        context: Context,
    ) -> Result<mpsc::Receiver<Value>, Failure> {
        let members = json!({"name": wish.name, "unsaved": wish.unsaved});
        self.perform("mail_test", members, context).await?;
        let (tell, told) = mpsc::channel(1);
        tell.send(json!({"planned": []})).await.unwrap();
        Ok(told)
    }

    async fn sign_in(&self, attempt: SignIn) -> Result<NewSession, SignInRefusal> {
        if let Some(refusal) = self.refusal.lock().unwrap().take() {
            return Err(refusal);
        }
        if attempt.password.expose() != "right" {
            return Err(SignInRefusal::Wrong);
        }
        Ok(NewSession {
            cookie: Secret::new("cookie-of-a-session"),
            identity: Identity::Account { name: attempt.account.parse().unwrap() },
            ends_at: NOW,
        })
    }

    async fn sign_out(&self, cookie: &Secret, _: Actor) -> Result<(), Failure> {
        self.signed_out.lock().unwrap().push(cookie.expose().to_owned());
        Ok(())
    }

    async fn waits_for_set_up(&self) -> bool {
        true
    }

    async fn set_up(&self, set_up: SetUp) -> Result<(), Failure> {
        match set_up.secret.expose() {
            "the-link" => Ok(()),
            _ => Err(Failure::new("link_over", "the set-up link is over or was used")),
        }
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Fails unless it is a whole problem of that status and code.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("/api/v1/problems/{code}"));
        assert_eq!(problem["reference"], "REF12345");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
    }
}

/// A console with its node.
pub(crate) struct Place {
    pub(crate) node: Arc<Node>,
    pub(crate) port: Port,
    pub(crate) console: Arc<Console>,
    routes: Vec<Route>,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: Method,
    target: String,
    who: Option<Principal>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(method: Method, target: &str, who: Option<Principal>) -> Self {
        let target = target.to_owned();
        Self { method, target, who, headers: HeaderMap::new(), body: Vec::new() }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn set(&mut self, name: &'static str, value: HeaderValue) {
        self.headers.insert(HeaderName::from_static(name), value);
    }

    #[must_use]
    pub(crate) fn json(self, body: &Value) -> Self {
        let kind = if self.method == Method::PATCH {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        self.sending(kind, body.to_string())
    }

    #[must_use]
    pub(crate) fn sending(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        self.body = body.into();
        self
    }
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let port = memory_port(&settings, Arc::new(PlainAuthenticator), clock).await;
        let node = Arc::new(Node::default());
        let console = Console::new(port.clone(), Arc::<Node>::clone(&node));
        let routes = Arc::clone(&console).routes();
        Self { node, port, console, routes }
    }

    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Asks as the server would: the route of path and method, its roles and its limit.
    pub(crate) async fn ask(&self, ask: Ask) -> Reply {
        let (route, request) = self.asked(ask);
        let (parts, body) = route.handler.begin(request).await.into_parts();
        let body = match body {
            Body::Whole(bytes) => bytes,
            // News never end; who wants them asks for the stream.
            Body::Pieces(pieces) if pieces.farewell.is_some() => Bytes::new(),
            Body::Pieces(pieces) => pieces.all().await,
        };
        let text = String::from_utf8(body.to_vec()).unwrap();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    /// The source of an answer that goes on, with its head.
    pub(crate) async fn stream(&self, ask: Ask) -> (http::response::Parts, Box<dyn Source>) {
        let (route, request) = self.asked(ask);
        let (parts, body) = route.handler.begin(request).await.into_parts();
        match body {
            Body::Pieces(pieces) => (parts, pieces.source),
            Body::Whole(bytes) => panic!("no stream: {}", String::from_utf8_lossy(&bytes)),
        }
    }

    fn asked(&self, ask: Ask) -> (&Route, Request) {
        let uri: http::Uri = ask.target.parse().unwrap();
        let found = self.routes.iter().find_map(|route| {
            let method = route.methods.contains(&ask.method);
            method.then(|| matched(route.path, uri.path()).map(|it| (route, it))).flatten()
        });
        let (route, parameters) = found.unwrap_or_else(|| panic!("no route for {}", ask.target));
        assert!(ask.body.len() <= route.body_bytes_max, "the server refuses that with 413");
        let principal = match route.callers {
            Callers::Anyone => None,
            Callers::Roles(_) => ask.who,
        };
        let request = Request {
            method: ask.method,
            uri,
            headers: ask.headers,
            body: Bytes::from(ask.body),
            parameters,
            peer: Peer {
                address: IpAddr::from([192, 0, 2, 7]),
                base: "https://gw-a.example:9443".to_owned(),
            },
            principal,
            reference: "REF12345".to_owned(),
        };
        (route, request)
    }

    pub(crate) async fn get(&self, target: &str, who: Principal) -> Reply {
        self.ask(Ask::new(Method::GET, target, Some(who))).await
    }
}

fn matched(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    let mut parameters = BTreeMap::new();
    loop {
        match (template.next(), path.next()) {
            (None, None) => return Some(parameters),
            (Some(known), Some(part)) => match known.strip_prefix('{') {
                Some(name) => {
                    let part = percent_decode_str(part).decode_utf8().unwrap().into_owned();
                    parameters.insert(name.trim_end_matches('}').to_owned(), part);
                }
                None if known == part => {}
                None => return None,
            },
            _ => return None,
        }
    }
}

pub(crate) fn administrator() -> Principal {
    person("admin", &[Role::Administrator], &[])
}

pub(crate) fn supervisor() -> Principal {
    person("lead", &[Role::Supervisor], &["sales"])
}

pub(crate) fn person(name: &str, roles: &[Role], teams: &[&str]) -> Principal {
    Principal {
        who: name.to_owned(),
        roles: roles.to_vec(),
        how: Proof::Password,
        session: None,
        identity: Some(Identity::Account { name: name.parse().unwrap() }),
        teams: teams.iter().map(|team| team.parse().unwrap()).collect(),
    }
}

pub(crate) fn agent_person(id: &str) -> Principal {
    let identity = Some(Identity::Agent { id: id.parse().unwrap() });
    Principal { identity, ..person(id, &[Role::Agent], &[]) }
}

pub(crate) fn agent(id: &str, team: &str) -> Agent {
    Agent {
        id: id.parse().unwrap(),
        name: Some(format!("Agent {id}")),
        team: Some(team.parse().unwrap()),
        pair: None,
        alias: None,
        skills: BTreeMap::new(),
        origin: None,
        extension: None,
        roles: vec![Role::Agent],
        password_hash: Some(HASH.to_owned()),
        pin_hash: None,
    }
}

fn by<K: Ord, V>(values: Vec<V>, key: impl Fn(&V) -> K) -> Arc<BTreeMap<K, Arc<V>>> {
    Arc::new(values.into_iter().map(|value| (key(&value), Arc::new(value))).collect())
}

/// Two teams, one of them with a name that needs escaping, agents in both, and an account.
pub(crate) fn settings() -> Settings {
    let team = |name: &str| Team {
        name: name.parse().unwrap(),
        pair: None,
        supervisors: Vec::new(),
        layout: None,
        wrap_up_seconds: None,
    };
    let reason = |code: u16, label: &str| Reason {
        category: ReasonCategory::NotReady,
        code: ReasonCode(code),
        label: label.to_owned(),
        teams: Vec::new(),
    };
    Settings {
        teams: by(vec![team("sales"), team("a/b c")], |it| it.name.clone()),
        agents: by(
            vec![agent("1001", "sales"), agent("1002", "sales"), agent("2001", "a/b c")],
            |it| it.id.clone(),
        ),
        reasons: by(vec![reason(7, "<script>alert(1)</script>"), reason(12, "Lunch")], |it| {
            (it.category, it.code)
        }),
        trust: by(
            vec![Trust {
                name: "call manager".to_owned(),
                purposes: vec![domain::settings::TrustPurpose::Phones],
                certificates: "-----BEGIN CERTIFICATE-----".to_owned(),
            }],
            |it| it.name.clone(),
        ),
        accounts: by(
            vec![LocalAccount {
                name: "admin".parse().unwrap(),
                description: None,
                roles: vec![Role::Administrator],
                password_hash: Some(HASH.to_owned()),
                totp: None,
                disabled: false,
            }],
            |it| it.name.clone(),
        ),
        ..Settings::default()
    }
}
