//! A gateway's node in a few lines: it registers phones, serves the headset service and tells states.
//!
//! Several nodes share one contact centre; each is told by the test what it does wrong.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc};
use tokio_rustls::TlsAcceptor;

use crate::headset::base::AgentState;
use crate::sip::message::{self, Framing, Item, Message, Start};
use crate::sip::tests::registrar::{Grant, granted};

/// What a node does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ill {
    #[default]
    Nothing,
    /// Takes updates and never answers.
    Silent,
    /// Answers everything with 503.
    Starting,
    /// Leaves the ETag out.
    NoTag,
}

/// One request to the service, as it came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) node: usize,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) bearer: Option<String>,
    /// Whether the phone showed a certificate.
    pub(super) certified: bool,
    pub(super) body: Value,
}

/// What all nodes know.
pub(super) struct Centre {
    pub(super) state: AgentState,
    pub(super) mode: &'static str,
    pub(super) ills: [Ill; 2],
    pub(super) seen: Vec<Seen>,
    /// Status lines of phones' answers to what they were asked.
    pub(super) answers: Vec<String>,
    addresses: [Option<SocketAddr>; 2],
    version: u64,
    phones: HashMap<String, mpsc::UnboundedSender<String>>,
    contacts: HashMap<String, String>,
    asked: u64,
    /// Ids of updates that were taken.
    taken: HashSet<String>,
}

pub(super) type Shared = Arc<Mutex<Centre>>;

/// One node that listens; it ends with the runtime, or when it is told to.
pub(super) struct Node {
    pub(super) sip: SocketAddr,
    pub(super) service: SocketAddr,
    ends: broadcast::Sender<()>,
}

impl Node {
    /// Closes all connections and stops listening.
    pub(super) fn kill(&self) {
        let _ = self.ends.send(());
    }
}

impl Centre {
    pub(super) fn new() -> Shared {
        Arc::new(Mutex::new(Self {
            state: AgentState::NotReady,
            mode: "control",
            ills: [Ill::Nothing; 2],
            seen: Vec::new(),
            answers: Vec::new(),
            addresses: [None; 2],
            version: 1,
            phones: HashMap::new(),
            contacts: HashMap::new(),
            asked: 0,
            taken: HashSet::new(),
        }))
    }

    /// Tells every phone the state.
    pub(super) fn tell(&mut self, state: AgentState) {
        self.state = state;
        let devices: Vec<_> = self.phones.keys().cloned().collect();
        for device in devices {
            self.tell_one(&device);
        }
    }

    pub(super) fn tell_one(&mut self, device: &str) {
        let number = self.state.number();
        let body = format!(
            "<x-cisco-remotecc-request><agentstatusupdate><status>{number}</status>\
             <reasoncode>0</reasoncode></agentstatusupdate></x-cisco-remotecc-request>"
        );
        let more = "Require: norefersub\r\nRefer-To: cid:0badcafe\r\nContent-Id: 0badcafe\r\n\
            Referred-By: <sip:gateway@127.0.0.1:5060;transport=tcp>\r\n";
        self.ask(device, "REFER", more, &body);
    }

    /// Tells every phone of a change of the settings.
    pub(super) fn change(&mut self, status: &str) {
        self.version += 1;
        let body = format!(
            "<x-cisco-remotecc-request><hsintegrationservices><serviceclass>cc</serviceclass>\
             <status>{status}</status></hsintegrationservices></x-cisco-remotecc-request>"
        );
        let more = "Event: service-control\r\nSubscription-State: active\r\n";
        let devices: Vec<_> = self.phones.keys().cloned().collect();
        for device in devices {
            self.ask(&device, "NOTIFY", more, &body);
        }
    }

    fn ask(&mut self, device: &str, method: &str, more: &str, body: &str) {
        self.asked += 1;
        let at = self.asked;
        let (Some(phone), Some(uri)) = (self.phones.get(device), self.contacts.get(device)) else {
            return;
        };
        let text = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKa{at}\r\n\
             From: <sip:gateway@127.0.0.1>;tag=g{at}\r\nTo: <sip:1001@127.0.0.1>\r\n\
             Call-ID: {at}@127.0.0.1\r\nCSeq: 101 {method}\r\nMax-Forwards: 70\r\n\
             Contact: <sip:gateway@127.0.0.1:5060;transport=tcp>\r\n{more}\
             Content-Type: application/x-cisco-remotecc-request+xml\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let _ = phone.send(text);
    }

    /// Requests of that method seen so far.
    pub(super) fn requests(&self, method: &str) -> Vec<Seen> {
        self.seen.iter().filter(|seen| seen.method == method).cloned().collect()
    }

    fn url(&self, node: usize, device: &str, class: &str) -> Value {
        match self.addresses[node] {
            Some(address) => json!(format!("https://{address}/headset/{device}/{class}")),
            None => Value::Null,
        }
    }

    fn discovery(&self, node: usize, device: &str, proven: bool) -> Value {
        let other = 1 - node;
        let services =
            [("cc", json!(self.mode)), ("inventory", Value::Null), ("config", Value::Null)].map(
                |(class, mode)| {
                    let mut service = json!({
                        "serviceClass": class, "enabled": true,
                        "primary": self.url(node, device, class),
                        "secondary": self.url(other, device, class),
                        "configUrl": self.url(node, device, class),
                    });
                    if class == "cc" {
                        service["mode"] = mode;
                    }
                    service
                },
            );
        let mut told = json!({
            "schema": 1, "deviceName": device, "version": self.version.to_string(),
            "retryAfterSeconds": 300, "services": services,
        });
        if proven {
            told["token"] = json!("t0ken");
            told["tokenExpiresAt"] = json!("2100-01-01T00:00:00Z");
        }
        told
    }

    fn configuration(&self) -> Value {
        json!({
            "mode": self.mode, "agentId": "1001", "agentProblem": null,
            "state": self.state.name(), "stateCode": self.state.number(), "reasonCode": 0,
            "since": "2026-01-31T12:00:00Z",
            "notReadyReasons": [{"code": 7, "label": "Lunch"}], "defaultNotReadyReason": 7,
            "muteButton": "readyToggle",
            "led": {"inCall": "green", "inCallMuted": "red", "ready": "off", "notReady": "red"},
        })
    }
}

/// Starts a node of that number; its service speaks TLS.
pub(super) async fn start(centre: &Shared, number: usize, tls: Arc<rustls::ServerConfig>) -> Node {
    let sip = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (ends, _) = broadcast::channel(1);
    let node = Node {
        sip: sip.local_addr().unwrap(),
        service: service.local_addr().unwrap(),
        ends: ends.clone(),
    };
    centre.lock().unwrap().addresses[number] = Some(node.service);
    let (shared, ending) = (Arc::clone(centre), ends.clone());
    tokio::spawn(until(ends.subscribe(), async move {
        while let Ok((stream, _)) = sip.accept().await {
            tokio::spawn(until(ending.subscribe(), register(stream, Arc::clone(&shared))));
        }
    }));
    let (shared, ending) = (Arc::clone(centre), ends.clone());
    tokio::spawn(until(ends.subscribe(), async move {
        while let Ok((stream, _)) = service.accept().await {
            let (acceptor, shared) = (TlsAcceptor::from(Arc::clone(&tls)), Arc::clone(&shared));
            tokio::spawn(until(ending.subscribe(), async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let certified = stream.get_ref().1.peer_certificates().is_some();
                let service =
                    service_fn(|request| serve(request, (number, certified), Arc::clone(&shared)));
                let http = hyper::server::conn::http1::Builder::new();
                drop(http.serve_connection(TokioIo::new(stream), service).await);
            }));
        }
    }));
    node
}

async fn until(mut end: broadcast::Receiver<()>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = end.recv() => {}
    }
}

/// One phone's connection.
async fn register(mut stream: TcpStream, centre: Shared) {
    let (mut framing, mut buffer, mut fresh) = (Framing::default(), [0; 4096], true);
    let (sender, mut pushes) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => {
                let Ok(count @ 1..) = read else { return };
                framing.feed(&buffer[..count]);
                while let Ok(Some(item)) = framing.next() {
                    let Item::Message(raw) = item else { continue };
                    let message = message::parse(&raw, true).unwrap();
                    let Start::Request { .. } = message.start else {
                        centre.lock().unwrap().answers.push(message.title());
                        continue;
                    };
                    let grant = Grant { fresh: std::mem::take(&mut fresh), ..Grant::default() };
                    let answer = granted(&message, &grant);
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                    welcome(&message, &sender, &centre);
                }
            }
            Some(text) = pushes.recv() => {
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The phone that registered is told its state, as it may have been restarted.
fn welcome(message: &Message, sender: &mpsc::UnboundedSender<String>, centre: &Shared) {
    let contact = message.get("contact").unwrap_or_default();
    let device = contact.split("devicename.ccm.cisco.com=\"").nth(1);
    let device = device.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned();
    let uri = contact.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
    let mut centre = centre.lock().unwrap();
    if message.get("expires") == Some("0") {
        centre.phones.remove(&device);
        return;
    }
    centre.phones.insert(device.clone(), sender.clone());
    centre.contacts.insert(device.clone(), uri);
    centre.tell_one(&device);
}

async fn serve(
    request: http::Request<Incoming>,
    (node, certified): (usize, bool),
    centre: Shared,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|it| it.to_bytes()).unwrap_or_default();
    let bearer = head.headers.get("authorization").and_then(|it| it.to_str().ok());
    let seen = Seen {
        node,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        bearer: bearer.map(str::to_owned),
        certified,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let ill = {
        let mut centre = centre.lock().unwrap();
        centre.seen.push(seen.clone());
        centre.ills[node]
    };
    if ill == Ill::Silent && seen.method == "PUT" {
        std::future::pending::<()>().await;
    }
    let (status, body) = match ill {
        Ill::Starting => (503, refused("starting")),
        _ => answer(&seen, &mut centre.lock().unwrap()),
    };
    let mut response = http::Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    let headers = response.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    headers.insert("retry-after", http::HeaderValue::from_static("5"));
    if ill != Ill::NoTag
        && let Some(version) = body.get("version")
    {
        headers.insert("etag", http::HeaderValue::from_str(&version.to_string()).unwrap());
    }
    Ok(response)
}

fn refused(code: &str) -> Value {
    json!({"error": code, "message": "No", "now": "2026-01-31T12:00:00Z"})
}

fn answer(seen: &Seen, centre: &mut Centre) -> (u16, Value) {
    let parts: Vec<&str> = seen.path.trim_start_matches("/headset/").split('/').collect();
    let proven = seen.bearer.as_deref() == Some("Bearer t0ken");
    match (seen.method.as_str(), parts.as_slice()) {
        ("GET", [device]) => (200, centre.discovery(seen.node, device, seen.query == "key=s3cret")),
        _ if !proven => (401, refused("unproven")),
        ("GET", [_, "cc"]) => (200, centre.configuration()),
        ("PUT", [_, "cc", "agent-state"]) => {
            let wanted = seen.body["state"].as_str().and_then(AgentState::named).unwrap();
            let id = seen.body["requestId"].as_str().unwrap().to_owned();
            if !centre.taken.insert(id) {
                let state = centre.state;
                return (200, json!({"state": state.name(), "stateCode": state.number()}));
            }
            centre.tell(wanted);
            (202, json!({"state": wanted.name(), "stateCode": wanted.number()}))
        }
        ("POST", [_, "inventory", "events"]) => (202, json!({})),
        ("GET", [_, "config", "templates", model]) => (
            200,
            json!({"model": model, "templateVersion": "1-10", "settings": {}, "firmware": "remain"}),
        ),
        _ => (404, refused("unknown")),
    }
}
