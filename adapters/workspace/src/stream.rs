//! What happens to an agent's contacts and state, as server-sent events; an open stream is the browser's presence.
//!
//! ```text
//!   begin -> desk, voice, contacts in hand, how many wait -> what changes ... -> bye
//! ```
//!
//! The next piece is made when the reader took the one before, out of what is so then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{AgentId, AgentKey, ContactId};
use engine::surface::{Body, BrokenOff, Pieces, Source};
use engine::{ClientConnection, DeskConnection, DigitalChange};
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Sleep, sleep};

use crate::contacts::waiting;
use crate::desk::{key_of, voice};
use crate::problem::Problem;
use crate::surface::{Asked, Place, Workspace};
use crate::told;

/// The most streams of one agent.
pub(crate) const STREAMS_MAX: usize = 8;
/// After so long without news something is sent, so that both sides see that the other one is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Counts of what waits are told together that change within this.
const WAITING_TOGETHER: Duration = Duration::from_millis(300);
/// After so many milliseconds a browser that lost the stream asks anew.
const RETRY_MILLISECONDS: u32 = 1_500;
/// Said last where the stream is ended from here.
const FAREWELL: &str = "event: bye\ndata: {}\n\n";

/// Begins the stream of whoever asks.
pub(crate) fn begin(workspace: &Arc<Workspace>, asked: &Asked) -> Result<Response<Body>, Problem> {
    let agent = workspace.agent(asked)?;
    let unavailable =
        |detail: &str| Problem::new(http::StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
    let place = workspace
        .take_place(&agent)
        .ok_or_else(|| unavailable("this account has 8 workspaces open already; close one"))?;
    let presence = workspace.port.connect_desk(&agent);
    let presence = presence.ok_or_else(|| unavailable("this machine gives no randomness"))?;
    let client = client(workspace, &agent);
    let stream = Stream {
        changes: workspace.port.digital_changes(),
        voices: workspace.port.changes(),
        workspace: Arc::clone(workspace),
        agent,
        begun: false,
        queue: VecDeque::new(),
        mine: BTreeSet::new(),
        desk: Value::Null,
        voice: Value::Null,
        waiting: BTreeMap::new(),
        heartbeat: Box::pin(sleep(HEARTBEAT)),
        recount: None,
        _presence: presence,
        _client: client,
        _place: place,
    };
    let pieces = Pieces::news(stream, Bytes::from_static(FAREWELL.as_bytes()));
    let mut answer = Response::new(Body::Pieces(pieces));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers would hold news back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(answer)
}

/// The browser as the desktop client that holds the agent's session, where that has a line.
fn client(workspace: &Arc<Workspace>, agent: &AgentId) -> Option<Arc<ClientConnection>> {
    let desk = workspace.port.desk(agent)?;
    if !desk.signed_in().is_some_and(|it| it.has_extension) {
        return None;
    }
    let key = key_of(workspace, agent)?;
    let session = workspace.port.seen_session(&key)?;
    let mut clients = workspace.clients.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(client) = clients.get(agent) {
        return Some(Arc::clone(client));
    }
    let client = Arc::new(workspace.port.connect_client(&key)?);
    client.speak_for(session.holder());
    clients.insert(agent.clone(), Arc::clone(&client));
    Some(client)
}

struct Stream {
    workspace: Arc<Workspace>,
    agent: AgentId,
    changes: broadcast::Receiver<DigitalChange>,
    voices: broadcast::Receiver<AgentKey>,
    begun: bool,
    queue: VecDeque<String>,
    /// Contacts that were told as the agent's own.
    mine: BTreeSet<ContactId>,
    desk: Value,
    voice: Value,
    waiting: BTreeMap<String, u32>,
    heartbeat: Pin<Box<Sleep>>,
    recount: Option<Pin<Box<Sleep>>>,
    _presence: DeskConnection,
    _client: Option<Arc<ClientConnection>>,
    _place: Place,
}

impl Drop for Stream {
    fn drop(&mut self) {
        // With the last stream the client is gone too.
        let streams = self.workspace.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if streams.get(&self.agent).is_some_and(|count| *count <= 1) {
            let mut clients = self.workspace.clients.lock().unwrap_or_else(PoisonError::into_inner);
            clients.remove(&self.agent);
        }
    }
}

impl Stream {
    /// Everything as it is now, of what differs from what was told.
    fn look(&mut self) {
        let desk = self.workspace.port.desk(&self.agent).map_or(Value::Null, |it| told::desk(&it));
        if desk != self.desk || !self.begun {
            self.desk = desk;
            self.queue.push_back(event("desk", &self.desk));
        }
        self.look_at_voice();
        let mut now = BTreeSet::new();
        for contact in self.workspace.port.open_contacts() {
            if contact.agent() == Some(&self.agent) {
                now.insert(contact.id);
                self.queue.push_back(event("contact", &told::contact(&contact)));
            }
        }
        let gone: Vec<_> = self.mine.difference(&now).copied().collect();
        for id in gone {
            self.queue.push_back(event("contact", &json!({"id": id, "state": "gone"})));
        }
        self.mine = now;
        self.count();
        self.begun = true;
    }

    fn look_at_voice(&mut self) {
        let voice = voice(&self.workspace, &self.agent);
        if voice != self.voice || !self.begun {
            self.voice = voice;
            self.queue.push_back(event("voice", &self.voice));
        }
    }

    fn count(&mut self) {
        let waiting = waiting(&self.workspace, &self.agent);
        if waiting != self.waiting || !self.begun {
            self.queue.push_back(event("waiting", &json!(waiting)));
            self.waiting = waiting;
        }
    }

    fn changed(&mut self, change: &DigitalChange) {
        match change {
            DigitalChange::Desk(agent) if *agent == self.agent => {
                let desk =
                    self.workspace.port.desk(agent).map_or(Value::Null, |it| told::desk(&it));
                if desk != self.desk {
                    self.desk = desk;
                    self.queue.push_back(event("desk", &self.desk));
                }
            }
            DigitalChange::Desk(_) => {}
            DigitalChange::Contact(id) => {
                let contact = self.workspace.port.open_contact(*id);
                let mine = contact.as_ref().filter(|it| it.agent() == Some(&self.agent));
                match mine {
                    Some(contact) => {
                        self.mine.insert(*id);
                        self.queue.push_back(event("contact", &told::contact(contact)));
                    }
                    None if self.mine.remove(id) => {
                        let gone = json!({"id": id, "state": "gone"});
                        self.queue.push_back(event("contact", &gone));
                    }
                    None => {}
                }
                self.recount.get_or_insert_with(|| Box::pin(sleep(WAITING_TOGETHER)));
            }
        }
    }
}

/// What happens next.
enum Next {
    Change(Result<DigitalChange, RecvError>),
    Voice(Result<AgentKey, RecvError>),
    Recount,
    Nothing,
}

async fn rung(timer: &mut Option<Pin<Box<Sleep>>>) {
    match timer {
        Some(timer) => timer.as_mut().await,
        None => std::future::pending().await,
    }
}

#[async_trait]
impl Source for Stream {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        if !self.begun {
            self.queue.push_back(format!("retry: {RETRY_MILLISECONDS}\n\n"));
            self.look();
        }
        loop {
            if !self.queue.is_empty() {
                self.heartbeat = Box::pin(sleep(HEARTBEAT));
                let piece: String = self.queue.drain(..).collect();
                return Some(Ok(Bytes::from(piece)));
            }
            let next = tokio::select! {
                biased;
                change = self.changes.recv() => Next::Change(change),
                voice = self.voices.recv() => Next::Voice(voice),
                () = rung(&mut self.recount) => Next::Recount,
                () = self.heartbeat.as_mut() => Next::Nothing,
            };
            match next {
                Next::Change(Ok(change)) => self.changed(&change),
                Next::Change(Err(RecvError::Lagged(_))) => self.look(),
                // Which servers have the agent may be known only once they signed in.
                Next::Voice(Ok(key)) if key.id == self.agent => self.look_at_voice(),
                Next::Voice(Ok(_)) => {}
                Next::Voice(Err(RecvError::Lagged(_))) => self.look_at_voice(),
                // The node stops, which ends the stream.
                Next::Change(Err(RecvError::Closed)) | Next::Voice(Err(RecvError::Closed)) => {
                    return None;
                }
                Next::Recount => {
                    self.recount = None;
                    self.count();
                }
                Next::Nothing => {
                    self.heartbeat = Box::pin(sleep(HEARTBEAT));
                    return Some(Ok(Bytes::from_static(b": still there\n\n")));
                }
            }
        }
    }
}

/// An event of that name. JSON has no line ends in it, so it is one line of data.
fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
