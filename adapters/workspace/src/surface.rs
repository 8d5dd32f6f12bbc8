//! The routes, and who asks.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    Actor, AgentId, Command, Contact, ContactId, Deed, Identity, Input, InputId, Principal, Role,
};
use engine::surface::{Body, Callers, Readiness, Request, ResponsePolicy, Route, Surface};
use engine::{ClientConnection, Port};
use http::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::history::{History, LOOK_EVERY};
use crate::lately::{self, Lately};
use crate::problem::{Problem, done};
use crate::scanning::Scanning;
use crate::{
    contacts, conversation, desk, gadget, numbers, openapi, search, stream, team, writing,
};

/// The listener whose session cookie says who asks.
const LISTENER: &str = "console";
/// What people in the workspace may be.
const AGENTS: &[Role] = &[Role::Agent, Role::Supervisor];
/// Who leads teams.
const LEADERS: &[Role] = &[Role::Supervisor, Role::Administrator];
/// The most bytes of a body that is JSON.
const JSON_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes of a file.
const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// So many mails are read at once; others wait their turn.
const READS_MAX: usize = 4;
/// So many searches are made at once; others wait their turn.
const SEARCHES_MAX: usize = 2;

static GET: [Method; 1] = [Method::GET];
static POST: [Method; 1] = [Method::POST];
static PUT: [Method; 1] = [Method::PUT];
static PUT_DELETE: [Method; 2] = [Method::PUT, Method::DELETE];
static GET_DELETE: [Method; 2] = [Method::GET, Method::DELETE];

/// The workspace of this node's agents.
pub struct Workspace {
    pub(crate) port: Port,
    /// Desktop clients that stand for browsers of agents with a line, while their streams are open.
    pub(crate) clients: Mutex<HashMap<AgentId, Arc<ClientConnection>>>,
    /// Open streams by agent.
    pub(crate) streams: Arc<Mutex<HashMap<AgentId, usize>>>,
    /// Files that are being taken in.
    pub(crate) uploads: Arc<tokio::sync::Semaphore>,
    /// Mails that are being read: each may take many times its bytes.
    pub(crate) reads: Arc<tokio::sync::Semaphore>,
    /// The same for one contact's mail, as long as somebody reads it or waits.
    pub(crate) turns: Mutex<HashMap<ContactId, Weak<tokio::sync::Semaphore>>>,
    /// Searches under way.
    pub(crate) searches: Arc<tokio::sync::Semaphore>,
    /// What the virus scanner said of files.
    pub(crate) scanning: Scanning,
    /// What was so in the last hour.
    pub(crate) history: Mutex<History>,
    /// What agents did in the last day.
    pub(crate) lately: Mutex<Lately>,
    /// When that was looked at last; held while somebody looks.
    pub(crate) looked: tokio::sync::Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Workspace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "workspace on {:?}", self.port)
    }
}

/// A request of somebody known.
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) principal: Principal,
}

/// What a handler gives back.
pub(crate) type Given = Result<Response<Bytes>, Problem>;

impl Asked {
    fn of(request: Request, roles: &[Role]) -> Result<Self, Problem> {
        let Some(principal) = request.principal.clone() else {
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "sign in"));
        };
        if !roles.iter().any(|role| principal.has(*role)) {
            return Err(Problem::forbidden("this account has not the role for that"));
        }
        Ok(Self { request, principal })
    }

    /// The id of whoever asks, where they may be an agent.
    pub(crate) fn agent_id(&self) -> Option<AgentId> {
        match self.principal.identity.as_ref()? {
            Identity::Agent { id } => Some(id.clone()),
            Identity::SignedOn { uid, .. } => uid.parse().ok(),
            Identity::Account { .. } | Identity::Directory { .. } => None,
        }
    }

    /// Who asks, for the audit log.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            who: self.principal.who.clone(),
            how: Some(self.principal.how),
            from: Some(self.request.peer.address.to_string()),
            reference: Some(self.request.reference.clone()),
        }
    }

    /// A parameter of the path.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.request.parameters.get(name).map_or("", String::as_str)
    }

    /// The contact that the path names.
    pub(crate) fn contact_id(&self) -> Result<ContactId, Problem> {
        self.path("contact").parse().map_err(|_| Problem::not_found())
    }

    /// A parameter of the query, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.request.uri.query().unwrap_or_default();
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let spaced = value.replace('+', " ");
            (key == name).then(|| {
                percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
            })
        })
    }

    /// The body's members.
    pub(crate) fn body<T: serde::de::DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.request.body)
            .map_err(|error| Problem::field("body", format!("is not what is wanted here: {error}")))
    }

    /// The body as a value; nothing where there is none.
    pub(crate) fn value(&self) -> Result<Value, Problem> {
        if self.request.body.is_empty() {
            return Ok(Value::Null);
        }
        self.body()
    }
}

impl Workspace {
    /// The workspace of the node that `port` leads to.
    pub fn new(port: Port) -> Arc<Self> {
        Arc::new(Self {
            scanning: Scanning::new(port.metrics()),
            port,
            clients: Mutex::default(),
            streams: Arc::default(),
            uploads: Arc::new(tokio::sync::Semaphore::new(8)),
            reads: Arc::new(tokio::sync::Semaphore::new(READS_MAX)),
            turns: Mutex::default(),
            searches: Arc::new(tokio::sync::Semaphore::new(SEARCHES_MAX)),
            history: Mutex::default(),
            lately: Mutex::default(),
            looked: tokio::sync::Mutex::default(),
        })
    }

    /// The agent who asks.
    pub(crate) fn agent(&self, asked: &Asked) -> Result<AgentId, Problem> {
        let id = asked.agent_id().filter(|id| self.port.settings().agents.contains_key(id));
        id.ok_or_else(|| Problem::forbidden("this account is no agent of the settings"))
    }

    /// An id of an input that nobody repeats by chance.
    pub(crate) fn id(&self, kind: &str) -> Result<InputId, Problem> {
        let bytes: [u8; 16] = self.port.random().ok_or_else(|| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "this machine gives no randomness",
            )
        })?;
        Ok(InputId::new(kind, format_args!("{:032x}", u128::from_be_bytes(bytes))))
    }

    /// Carries a wish of the agent's own through.
    pub(crate) async fn submit(&self, command: Command) -> Result<domain::Reply, Problem> {
        let id = self.id("workspace")?;
        done(self.port.submit(Input::command(id, command)).await)
    }

    /// Carries a wish through that stands in the audit log.
    pub(crate) async fn audited(
        &self,
        asked: &Asked,
        deed: Deed,
        command: Command,
    ) -> Result<domain::Reply, Problem> {
        let id = self.id("supervisor")?;
        let by = asked.actor();
        let command = Command::Audited { by, deed: Some(deed), command: Some(Box::new(command)) };
        done(self.port.submit(Input::command(id, command)).await)
    }

    /// A contact that the agent has in hand, as the store has it now.
    pub(crate) async fn in_hand(&self, agent: &AgentId, id: ContactId) -> Result<Contact, Problem> {
        let contact = self.port.contact(id).await?.ok_or_else(Problem::not_found)?;
        match contact.agent() == Some(agent) {
            true => Ok(contact),
            false => Err(Problem::not_found()),
        }
    }
}

/// A route with a handler that gives a whole answer.
fn route<F, A>(
    workspace: &Arc<Workspace>,
    path: &'static str,
    methods: &'static [Method],
    (roles, bytes): (&'static [Role], usize),
    handle: F,
) -> Route
where
    F: Fn(Arc<Workspace>, Asked) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Given> + Send + 'static,
{
    let workspace = Arc::clone(workspace);
    Route {
        listener: LISTENER,
        path,
        methods,
        callers: Callers::Roles(roles),
        body_bytes_max: bytes,
        policy: ResponsePolicy::Browser,
        handler: Route::handler(move |request: Request| {
            let (workspace, handle) = (Arc::clone(&workspace), handle.clone());
            async move {
                let reference = request.reference.clone();
                let given = match Asked::of(request, roles) {
                    Ok(asked) => handle(workspace, asked).await,
                    Err(problem) => Err(problem),
                };
                given.unwrap_or_else(|problem| problem.answer(&reference))
            }
        }),
    }
}

#[async_trait]
impl Surface for Workspace {
    fn name(&self) -> &'static str {
        "workspace"
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        const NONE: (&[Role], usize) = (AGENTS, 0);
        const JSON: (&[Role], usize) = (AGENTS, JSON_BYTES_MAX);
        const LEADS: (&[Role], usize) = (LEADERS, JSON_BYTES_MAX);
        const EITHER: &[Role] = &[Role::Agent, Role::Supervisor, Role::Administrator];
        let it = &self;
        vec![
            route(it, "/api/v1/workspace/me", &GET, (EITHER, 0), desk::me),
            route(it, "/api/v1/workspace/desk", &PUT_DELETE, JSON, desk::change),
            route(it, "/api/v1/workspace/desk/state", &PUT, JSON, desk::state),
            route(it, "/api/v1/workspace/voice/state", &PUT, JSON, desk::voice_state),
            route(it, "/api/v1/workspace/contacts", &GET, NONE, contacts::list),
            route(it, "/api/v1/workspace/contacts/{contact}", &GET, (EITHER, 0), contacts::one),
            route(
                it,
                "/api/v1/workspace/contacts/{contact}/body",
                &GET,
                (EITHER, 0),
                contacts::body,
            ),
            route(it, "/api/v1/workspace/contacts/{contact}/raw", &GET, (EITHER, 0), contacts::raw),
            route(
                it,
                "/api/v1/workspace/contacts/{contact}/attachments/{number}",
                &GET,
                (EITHER, 0),
                contacts::attachment,
            ),
            route(
                it,
                "/api/v1/workspace/contacts/{contact}/answer/body",
                &GET,
                (EITHER, 0),
                conversation::body,
            ),
            route(
                it,
                "/api/v1/workspace/contacts/{contact}/answer/attachments/{number}",
                &GET,
                (EITHER, 0),
                conversation::attachment,
            ),
            route(
                it,
                "/api/v1/workspace/contacts/{contact}/draft",
                &PUT_DELETE,
                JSON,
                writing::draft,
            ),
            route(
                it,
                "/api/v1/workspace/contacts/{contact}/files",
                &POST,
                (AGENTS, FILE_BYTES_MAX),
                writing::add_file,
            ),
            route(
                it,
                "/api/v1/workspace/contacts/{contact}/files/{file}",
                &GET_DELETE,
                NONE,
                writing::file,
            ),
            route(it, "/api/v1/workspace/contacts/{contact}/send", &POST, JSON, writing::send),
            route(
                it,
                "/api/v1/workspace/contacts/{contact}/discard",
                &POST,
                JSON,
                writing::discard,
            ),
            route(
                it,
                "/api/v1/workspace/contacts/{contact}/requeue",
                &POST,
                JSON,
                writing::requeue,
            ),
            route(it, "/api/v1/workspace/contacts/{contact}/wrap-up", &PUT, JSON, writing::wrap_up),
            route(
                it,
                "/api/v1/workspace/contacts/{contact}/reassign",
                &POST,
                LEADS,
                team::reassign,
            ),
            route(it, "/api/v1/workspace/contacts/{contact}/release", &POST, LEADS, team::release),
            route(it, "/api/v1/workspace/numbers", &GET, NONE, numbers::own),
            route(it, "/api/v1/workspace/search", &GET, (EITHER, 0), search::search),
            route(it, "/api/v1/workspace/team", &GET, (LEADERS, 0), team::team),
            route(it, "/api/v1/workspace/agents/{agent}/skills", &PUT, LEADS, team::agent_skills),
            route(it, "/api/v1/workspace/csqs/{csq}/skills", &PUT, LEADS, team::csq_skills),
            self.events(),
            openapi::route(LISTENER),
            gadget::route(LISTENER, &self.port),
        ]
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                // A sender that is gone stops too.
                _ = stop.wait_for(|stop| *stop) => return,
                () = async {
                    look.tick().await;
                    self.look().await;
                } => {}
            }
        }
    }
}

impl Workspace {
    /// Notes what is so, and what ended since the last look.
    pub(crate) async fn look(&self) {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).note(&self.port);
        self.look_lately(Duration::ZERO).await;
    }

    /// Reads what ended since the last look, unless that was just now or somebody does it already.
    pub(crate) async fn look_lately(&self, just_now: Duration) {
        let Ok(mut looked) = self.looked.try_lock() else { return };
        if looked.is_none_or(|at| at.elapsed() >= just_now) {
            lately::look(&self.port, &self.lately).await;
            *looked = Some(Instant::now());
        }
    }

    fn events(self: &Arc<Self>) -> Route {
        let workspace = Arc::clone(self);
        Route {
            listener: LISTENER,
            path: "/api/v1/workspace/events",
            methods: &GET,
            callers: Callers::Roles(AGENTS),
            body_bytes_max: 0,
            policy: ResponsePolicy::Browser,
            handler: Route::pieces(move |request: Request| {
                let workspace = Arc::clone(&workspace);
                async move {
                    let reference = request.reference.clone();
                    let begun = match Asked::of(request, AGENTS) {
                        Ok(asked) => stream::begin(&workspace, &asked),
                        Err(problem) => Err(problem),
                    };
                    begun.unwrap_or_else(|problem| problem.answer(&reference).map(Body::Whole))
                }
            }),
        }
    }

    /// One more stream of an agent, unless there are too many.
    pub(crate) fn take_place(&self, agent: &AgentId) -> Option<Place> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let count = streams.entry(agent.clone()).or_default();
        if *count >= stream::STREAMS_MAX {
            return None;
        }
        *count += 1;
        Some(Place { streams: Arc::clone(&self.streams), agent: agent.clone() })
    }
}

/// A stream's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    streams: Arc<Mutex<HashMap<AgentId, usize>>>,
    agent: AgentId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = streams.get_mut(&self.agent) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.agent);
            }
        }
    }
}
