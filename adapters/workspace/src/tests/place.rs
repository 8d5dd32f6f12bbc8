//! A workspace on an engine in memory with mailboxes, two teams, and mails that arrive when a test says so.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::mail::{ArrivedMail, BounceSaid};
use domain::settings::{SettingsFile, SettingsHead};
use domain::{
    AgentId, Customer, Identity, Input, InputId, MailNotice, Principal, Proof, Report, Role,
    Sealed, Settings, Timestamp,
};
use engine::surface::{Body, Peer, Request, Route, Source, Surface};
use engine::testing::{ManualClock, PlainAuthenticator, apply, memory_engines};
use engine::{Engine, Port};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Workspace;

const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

pub(super) fn settings(change: impl FnOnce(&mut Value)) -> Settings {
    let csq = |name: &str, skill: &str| {
        json!({
            "name": name, "channel": "email", "skills": {skill: 1},
            "email": {
                "mail_server": "mail", "address": format!("{name}@example.test"), "password": "x",
            },
        })
    };
    let mut file = json!({
        "skills": [{"name": "english"}, {"name": "personnel"}],
        "teams": [{"name": "Support"}, {"name": "Other"}],
        "agents": [
            {"id": "1001", "team": "Support", "skills": {"english": 5}},
            {"id": "1002", "team": "Support", "skills": {"english": 5}},
            {"id": "2001", "team": "Other", "skills": {"personnel": 5}},
        ],
        "reason_codes": [{"category": "not_ready", "code": 12, "label": "Lunch"}],
        "mail_servers": [{
            "name": "mail", "kind": "imap", "imap_host": "imap.example.test",
            "smtp_host": "smtp.example.test",
        }],
        "csqs": [csq("support", "english"), csq("staff", "personnel")],
        "wrap_up_categories": [
            {"name": "Kind", "reasons": ["a", "b", "c", "d", "e", "f"], "csqs": ["support"]},
        ],
        "channels": {"emails_per_agent": 3},
    });
    change(&mut file);
    let documents = SettingsFile::read(file)
        .expect("settings are right")
        .into_documents(|_| None, |_, _| Sealed::from_text("x"));
    Settings::from_documents(&SettingsHead::default(), documents.0)
}

/// Somebody with those roles and teams who is the agent of that id, where there is one.
pub(super) fn person(id: &str, roles: &[Role], teams: &[&str]) -> Principal {
    Principal {
        who: id.to_owned(),
        roles: roles.to_vec(),
        how: Proof::Cookie,
        session: Some("1".to_owned()),
        identity: Some(Identity::Agent { id: id.parse().unwrap() }),
        teams: teams.iter().map(|team| team.parse().unwrap()).collect(),
    }
}

pub(super) fn agent(id: &str) -> Principal {
    person(id, &[Role::Agent], &[])
}

/// Leads the team Support.
pub(super) fn lead() -> Principal {
    person("lead", &[Role::Supervisor], &["Support"])
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Fails unless it went well.
    #[track_caller]
    pub(super) fn good(self) -> Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self
    }

    /// Fails unless it is a problem of that status and code; gives its words.
    #[track_caller]
    pub(super) fn problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}

pub(super) struct Place {
    pub(super) engine: Arc<Engine>,
    pub(super) port: Port,
    pub(super) clock: Arc<ManualClock>,
    pub(super) workspace: Arc<Workspace>,
    pub(super) routes: Vec<Route>,
    uid: AtomicU32,
    /// Whether mails that arrive are proven to be from whom they say.
    pub(super) proves: AtomicBool,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.engine.abandon();
    }
}

/// A request on its way.
pub(super) struct Ask<'a> {
    pub(super) who: Option<Principal>,
    pub(super) method: Method,
    pub(super) target: &'a str,
    pub(super) kind: &'a str,
    pub(super) body: Vec<u8>,
}

impl Place {
    pub(super) async fn new() -> Self {
        Self::with(&settings(|_| {})).await
    }

    pub(super) async fn with(settings: &Settings) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let mut engines = memory_engines(&["gw-a.example"], Arc::clone(&clock) as _).await;
        let engine = engines.remove(0);
        apply(&engine, settings).await;
        let port = engine.port(Arc::new(PlainAuthenticator));
        let workspace = Workspace::new(port.clone());
        let routes = Arc::clone(&workspace).routes();
        Self {
            engine,
            port,
            clock,
            workspace,
            routes,
            uid: AtomicU32::new(0),
            proves: AtomicBool::new(false),
        }
    }

    /// From now on a mail server of the site judges senders.
    pub(super) async fn judges_senders(&self) {
        let settings = settings(|file| {
            file["mail"] = json!({"authentication_server_id": "mx.example.test"});
        });
        apply(&self.engine, &settings).await;
    }

    fn asked(&self, ask: Ask<'_>) -> (&Route, Request) {
        let uri: http::Uri = format!("/api/v1/workspace/{}", ask.target).parse().unwrap();
        let found = self.routes.iter().find_map(|route| {
            let has = route.methods.contains(&ask.method);
            has.then(|| matched(route.path, uri.path())).flatten().map(|it| (route, it))
        });
        let (route, parameters) = found.unwrap_or_else(|| panic!("no route for {}", ask.target));
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(ask.kind).unwrap());
        let request = Request {
            method: ask.method,
            uri,
            headers,
            body: Bytes::from(ask.body),
            parameters,
            peer: Peer {
                address: IpAddr::from([192, 0, 2, 7]),
                base: "https://gw-a.example:9443".to_owned(),
            },
            principal: ask.who,
            reference: "REF12345".to_owned(),
        };
        (route, request)
    }

    pub(super) async fn ask(&self, ask: Ask<'_>) -> Reply {
        let method = ask.method.clone();
        let (route, request) = self.asked(ask);
        let (parts, body) = route.handler.begin(request).await.into_parts();
        let body = match body {
            Body::Whole(bytes) => bytes,
            Body::Pieces(_) => Bytes::from_static(b"a stream"),
        };
        let reply = Reply { status: parts.status, headers: parts.headers, body };
        super::description::check(&method, route.path, &reply);
        reply
    }

    pub(super) async fn get(&self, who: &Principal, target: &str) -> Reply {
        let (who, body) = (Some(who.clone()), Vec::new());
        self.ask(Ask { who, method: Method::GET, target, kind: "text/plain", body }).await
    }

    pub(super) async fn send(
        &self,
        who: &Principal,
        method: Method,
        target: &str,
        body: Value,
    ) -> Reply {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let who = Some(who.clone());
        self.ask(Ask { who, method, target, kind: "application/json", body }).await
    }

    pub(super) async fn put(&self, who: &Principal, target: &str, body: Value) -> Reply {
        self.send(who, Method::PUT, target, body).await
    }

    pub(super) async fn post(&self, who: &Principal, target: &str, body: Value) -> Reply {
        self.send(who, Method::POST, target, body).await
    }

    pub(super) async fn delete(&self, who: &Principal, target: &str) -> Reply {
        self.send(who, Method::DELETE, target, Value::Null).await
    }

    /// The stream of an agent's news.
    pub(super) async fn events(&self, id: &str) -> Box<dyn Source> {
        let ask = Ask {
            who: Some(agent(id)),
            method: Method::GET,
            target: "events",
            kind: "text/plain",
            body: Vec::new(),
        };
        let (route, request) = self.asked(ask);
        match route.handler.begin(request).await.into_body() {
            Body::Pieces(pieces) => pieces.source,
            Body::Whole(bytes) => panic!("no stream: {}", String::from_utf8_lossy(&bytes)),
        }
    }

    /// A mail from `from` arrives for that CSQ with these bytes.
    pub(super) async fn mail(&self, csq: &str, from: &str, raw: &[u8], is_unverified: bool) {
        self.answer(csq, from, raw, is_unverified, &[]).await;
    }

    /// The same as an answer to those mails.
    pub(super) async fn answer(
        &self,
        csq: &str,
        from: &str,
        raw: &[u8],
        is_unverified: bool,
        to: &[&str],
    ) {
        let uid = self.uid.fetch_add(1, Ordering::Relaxed) + 1;
        let blob = format!("mail/{uid}");
        self.port.put_blob(&blob, raw).await.unwrap();
        let mail = ArrivedMail {
            message_id: Some(format!("m{uid}@example.test")),
            answers: to.iter().map(|it| (*it).to_owned()).collect(),
            from: Customer { address: from.to_owned(), name: "Ada".to_owned() },
            subject: format!("Invoice {uid} for {csq}"),
            base_subject: format!("invoice for {csq}"),
            blob: Some(blob),
            bytes: u64::try_from(raw.len()).unwrap(),
            is_proven: self.proves.load(Ordering::Relaxed),
            is_unverified,
            notice: None,
            ..self.unknown(csq, uid)
        };
        self.arrive(mail).await;
    }

    /// A mail arrives of which the server gave nothing.
    pub(super) async fn unseen(&self, csq: &str) {
        let uid = self.uid.fetch_add(1, Ordering::Relaxed) + 1;
        self.arrive(self.unknown(csq, uid)).await;
    }

    /// Nothing but a number on the server.
    fn unknown(&self, csq: &str, uid: u32) -> ArrivedMail {
        ArrivedMail {
            csq: csq.to_owned(),
            folder: "INBOX".to_owned(),
            uid_validity: 1,
            uid,
            received_at: self.port.now(),
            identity: uid.to_string(),
            message_id: None,
            answers: Vec::new(),
            from: Customer { address: String::new(), name: String::new() },
            subject: String::new(),
            base_subject: String::new(),
            had_reply_prefix: false,
            is_forwarded: false,
            automatic: false,
            bounce: None,
            blob: None,
            bytes: 1,
            is_plain_text: false,
            is_proven: false,
            is_unverified: false,
            notice: Some(MailNotice::CannotFetch),
            is_too_old: false,
            copy_of: None,
        }
    }

    /// Another server reports of a mail of ours.
    pub(super) async fn bounce(&self, said: BounceSaid) {
        let uid = self.uid.fetch_add(1, Ordering::Relaxed) + 1;
        let mail = ArrivedMail {
            bounce: Some(said),
            automatic: true,
            notice: None,
            ..self.unknown("support", uid)
        };
        self.arrive(mail).await;
    }

    async fn arrive(&self, mail: ArrivedMail) {
        let uid = mail.uid;
        let report = Report::MailArrived(Box::new(mail));
        self.port.submit(Input::report(InputId::new("mail", uid), report)).await.unwrap();
    }

    /// Waits until what must come is so.
    pub(super) async fn until(&self, what: &str, is_so: impl Fn(&Port) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut changes = self.port.digital_changes();
        while !is_so(&self.port) {
            assert!(Instant::now() < deadline, "{what}: {:?}", self.port.open_contacts());
            let _ = tokio::time::timeout(Duration::from_millis(50), changes.recv()).await;
        }
    }

    /// How many contacts an agent has in hand.
    pub(super) async fn until_in_hand(&self, id: &str, count: usize) {
        let id: AgentId = id.parse().unwrap();
        let has = |port: &Port| {
            port.open_contacts().iter().filter(|it| it.agent() == Some(&id)).count() == count
        };
        self.until("in hand", has).await;
    }

    /// Signs an agent in and makes them Ready, with a stream for their presence.
    pub(super) async fn ready(&self, id: &str) -> Box<dyn Source> {
        let stream = self.events(id).await;
        self.put(&agent(id), "desk", json!({})).await.good();
        self.put(&agent(id), "desk/state", json!({"state": "ready"})).await.good();
        stream
    }

    /// A plain mail in the hands of agent 1001: the contact's path.
    pub(super) async fn one_in_hand(&self) -> (Box<dyn Source>, String) {
        self.one_in_hand_of(b"From: Ada <ada@example.test>\r\nSubject: Hi\r\n\r\nGood day\r\n")
            .await
    }

    pub(super) async fn one_in_hand_of(&self, raw: &[u8]) -> (Box<dyn Source>, String) {
        self.mail("support", "ada@example.test", raw, false).await;
        let stream = self.ready("1001").await;
        self.until_in_hand("1001", 1).await;
        (stream, self.contacts("1001").await.remove(0))
    }

    /// The paths of the contacts that an agent is told of as theirs.
    pub(super) async fn contacts(&self, id: &str) -> Vec<String> {
        let told = self.get(&agent(id), "contacts").await.good().json();
        let all = told["contacts"].as_array().unwrap().iter();
        all.map(|it| format!("contacts/{}", it["id"].as_str().unwrap())).collect()
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
                    let part = percent_encoding::percent_decode_str(part).decode_utf8().unwrap();
                    parameters.insert(name.trim_end_matches('}').to_owned(), part.into_owned());
                }
                None if known == part => {}
                None => return None,
            },
            _ => return None,
        }
    }
}
