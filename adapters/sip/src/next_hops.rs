//! Next hops: a task for each keeps a flow to one of its servers, asks whether it is there, and registers us where
//! it wants that.
//!
//! ```text
//!   Down --dial, OPTIONS answered--> Up --answers missed, flow lost--> Down: the next server, after a pause
//!                                     '-- REGISTER, its Service-Route is kept
//! ```
//!
//! Any final answer says that a server is there. Addresses of trusted hops are looked up with each attempt; from
//! there alone its word counts.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::settings::{SipNextHop, SipServer};
use protocols::sip::{Flow, Message, Method, Name, Status};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::dial::dial;
use crate::element::Element;
use crate::flows::locked;
use crate::outgoing::{Answer, Draft};
use crate::status::NextHopStatus;
use crate::stream::stopped;

/// The shortest and the longest pause between attempts.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long a server may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Answers in a row that may be missed.
const MISSES_MAX: u32 = 2;
/// What we ask to be registered for, in seconds.
const REGISTER_SECONDS: u32 = 3_600;

/// How a next hop stands.
#[derive(Clone, Debug)]
pub(crate) struct HopState {
    /// The flow in use.
    pub(crate) flow: Option<Flow>,
    /// The route of what is sent: what the settings say, then what the hop said.
    pub(crate) route: Vec<String>,
    problem: Option<String>,
    addresses: Vec<IpAddr>,
    is_trusted: bool,
}

/// The flow to a next hop, and the route of what goes there.
#[derive(Clone, Debug)]
pub(crate) struct HopWay {
    pub(crate) flow: Flow,
    pub(crate) route: Vec<String>,
}

/// All next hops, as their tasks tell.
pub(crate) type HopStates = Mutex<BTreeMap<String, HopState>>;

struct Running {
    hop: SipNextHop,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// The tasks of next hops.
#[derive(Default)]
pub(crate) struct NextHops(Mutex<BTreeMap<String, Running>>);

impl NextHops {
    /// Starts, replaces and ends tasks as the settings say.
    pub(crate) fn reconcile(&self, element: &Arc<Element>) {
        let wanted = element.site().map(|site| site.next_hops()).unwrap_or_default();
        let mut running = locked(&self.0);
        running.retain(|name, it| {
            let stays = wanted.get(name) == Some(&it.hop);
            if !stays {
                it.stop.send_replace(true);
                element.hop_gone(name);
            }
            stays
        });
        for (name, hop) in wanted {
            running.entry(name).or_insert_with(|| {
                let (stop, stopped) = watch::channel(false);
                let mut tasks = JoinSet::new();
                tasks.spawn(keep(Arc::clone(element), hop.clone(), stopped));
                Running { hop, stop, tasks }
            });
        }
    }

    /// Ends all.
    pub(crate) async fn end(&self) {
        let all = std::mem::take(&mut *locked(&self.0));
        for running in all.values() {
            running.stop.send_replace(true);
        }
        for mut running in all.into_values() {
            while running.tasks.join_next().await.is_some() {}
        }
    }
}

impl Element {
    /// The way to a next hop that answers.
    pub(crate) fn hop(&self, name: &str) -> Option<HopWay> {
        let states = locked(self.hops());
        let state = states.get(name)?;
        Some(HopWay { flow: state.flow?, route: state.route.clone() })
    }

    /// How next hops stand.
    pub(crate) fn hop_statuses(&self) -> Vec<NextHopStatus> {
        let states = locked(self.hops());
        let status = |(name, state): (&String, &HopState)| NextHopStatus {
            name: name.clone(),
            server: state.flow.map(|flow| flow.peer()),
            problem: state.problem.clone(),
        };
        states.iter().map(status).collect()
    }

    fn hop_gone(&self, name: &str) {
        locked(self.hops()).remove(name);
        self.figures().forget_next_hop(name);
        self.trust_again();
    }

    fn hop_stands(&self, hop: &SipNextHop, change: impl FnOnce(&mut HopState)) {
        let mut states = locked(self.hops());
        let state = states.entry(hop.name.clone()).or_insert_with(|| HopState {
            flow: None,
            route: hop.route.iter().map(|uri| format!("<{uri}>")).collect(),
            problem: None,
            addresses: Vec::new(),
            is_trusted: hop.trusted,
        });
        change(state);
        self.figures().next_hop(&hop.name, state.flow.is_some());
        drop(states);
        self.trust_again();
    }

    fn trust_again(&self) {
        let states = locked(self.hops());
        let trusted: HashMap<IpAddr, String> = states
            .iter()
            .filter(|(_, state)| state.is_trusted)
            .flat_map(|(name, state)| state.addresses.iter().map(|it| (*it, name.clone())))
            .collect();
        drop(states);
        self.set_trusted(trusted);
    }
}

/// Keeps a flow to one of the servers until it is to stop.
async fn keep(element: Arc<Element>, hop: SipNextHop, mut stop: watch::Receiver<bool>) {
    let mut pause = PAUSE_MIN;
    let connections = stop.clone();
    loop {
        for server in &hop.servers {
            let served = tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                served = serve(&element, &hop, server, &connections) => served,
            };
            match served {
                Ok(()) => pause = PAUSE_MIN,
                Err(problem) => tracing::warn!(
                    next_hop = hop.name, server = server.host, port = server.port,
                    problem = %problem.escape_debug(), "a server of a SIP next hop does not answer",
                ),
            }
        }
        let jitter = Duration::from_millis(element.jitter(0, 500).into());
        tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            () = tokio::time::sleep(pause + jitter) => {}
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Uses one server as long as it answers; an error where it never did.
async fn serve(
    element: &Arc<Element>,
    hop: &SipNextHop,
    server: &SipServer,
    stop: &watch::Receiver<bool>,
) -> Result<(), String> {
    let addresses = tokio::net::lookup_host((server.host.as_str(), server.port)).await;
    let addresses = addresses
        .map_err(|error| error.to_string())
        .map(|found| found.map(|address| address.ip().to_canonical()).collect::<Vec<_>>());
    let tell = |problem: String| {
        element.hop_stands(hop, |state| state.problem = Some(problem.clone()));
        problem
    };
    let addresses = addresses.map_err(tell)?;
    element.hop_stands(hop, |state| {
        for address in addresses {
            if !state.addresses.contains(&address) {
                state.addresses.push(address);
            }
        }
    });
    let flow = dial(element, hop, server, hop.transport, stop).await.map_err(tell)?;
    let asks = Asks { element, hop, server, flow };
    if hop.ping_seconds > 0 {
        asks.ping().await.map_err(tell)?;
    }
    let mut registered = asks.register().await.map_err(tell)?;
    element.hop_stands(hop, |state| {
        state.flow = Some(flow);
        state.problem = None;
        if let Some(Registered { route, .. }) = &registered {
            state.route =
                hop.route.iter().map(|uri| format!("<{uri}>")).chain(route.clone()).collect();
        }
    });
    tracing::info!(next_hop = hop.name, server = server.host, "a SIP next hop answers");
    let problem = asks.watch(&mut registered).await;
    element.hop_stands(hop, |state| {
        state.flow = None;
        state.problem = Some(problem.clone());
    });
    if let Some(connection) = element.flows().connection(&flow) {
        connection.close();
    }
    tracing::warn!(next_hop = hop.name, %problem, "a SIP next hop is lost");
    Ok(())
}

/// Asks one server whether it is there, over a flow of its own.
pub(crate) async fn try_server(
    element: &Arc<Element>,
    hop: &SipNextHop,
    server: &SipServer,
) -> Result<(Status, std::net::SocketAddr), String> {
    let (_stop, stopped) = watch::channel(false);
    let flow = dial(element, hop, server, hop.transport, &stopped).await?;
    let answer = Asks { element, hop, server, flow }.options().await;
    if let Some(connection) = element.flows().connection(&flow) {
        connection.close();
    }
    let status = answer?.status().ok_or("its answer has no status")?;
    Ok((status, flow.peer()))
}

/// A registration of ours.
struct Registered {
    route: Vec<String>,
    lasting: Duration,
}

/// What one server is asked.
struct Asks<'a> {
    element: &'a Arc<Element>,
    hop: &'a SipNextHop,
    server: &'a SipServer,
    flow: Flow,
}

impl Asks<'_> {
    fn target(&self) -> String {
        let host = if self.server.host.contains(':') {
            format!("[{}]", self.server.host)
        } else {
            self.server.host.clone()
        };
        format!("sip:{host}:{}", self.server.port)
    }

    /// Looks after the flow until it is lost; why it was.
    async fn watch(&self, registered: &mut Option<Registered>) -> String {
        let every = match self.hop.ping_seconds {
            0 => Duration::from_secs(30),
            seconds => Duration::from_secs(seconds.into()),
        };
        let mut misses = 0;
        let mut since = Duration::ZERO;
        loop {
            tokio::time::sleep(every).await;
            since += every;
            let is_gone =
                self.flow.is_reliable() && self.element.flows().connection(&self.flow).is_none();
            if is_gone {
                return "the connection ended".to_owned();
            }
            if self.hop.ping_seconds > 0 {
                match self.ping().await {
                    Ok(()) => misses = 0,
                    Err(problem) => {
                        misses += 1;
                        if misses >= MISSES_MAX {
                            return problem;
                        }
                    }
                }
            }
            let due = registered.as_ref().is_some_and(|it| since >= it.lasting / 2);
            if due {
                match self.register().await {
                    Ok(again) => {
                        *registered = again;
                        since = Duration::ZERO;
                    }
                    Err(problem) => return problem,
                }
            }
        }
    }

    async fn ping(&self) -> Result<(), String> {
        self.options().await.map(drop)
    }

    async fn options(&self) -> Result<Box<Message>, String> {
        let draft = Draft {
            method: Method::Options,
            fields: Vec::new(),
            content_type: None,
            body: Bytes::new(),
        };
        let target = self.target();
        self.ask(&target, &target, draft, Vec::new()).await
    }

    /// Registers us where the hop wants that.
    async fn register(&self) -> Result<Option<Registered>, String> {
        let Some(address) = &self.hop.register_as else { return Ok(None) };
        let Some(site) = self.element.site() else { return Ok(None) };
        let contact = format!("<{}>", self.element.contact(&site, &self.flow));
        let draft = Draft {
            method: Method::Register,
            fields: vec![
                (Name::CONTACT, contact),
                (Name::EXPIRES, REGISTER_SECONDS.to_string()),
                (Name::SUPPORTED, "path".to_owned()),
            ],
            content_type: None,
            body: Bytes::new(),
        };
        let domain = address.rsplit_once('@').map_or(self.server.host.as_str(), |(_, it)| it);
        let route = self.hop.route.iter().map(|uri| format!("<{uri}>")).collect();
        let answer = self.ask(&format!("sip:{domain}"), address, draft, route).await?;
        match answer.status() {
            Some(status) if status.is_success() => {
                let route = answer.routes(&Name::SERVICE_ROUTE).unwrap_or_default();
                let granted = answer.expires().ok().flatten().unwrap_or(REGISTER_SECONDS);
                Ok(Some(Registered {
                    route: route.iter().map(ToString::to_string).collect(),
                    lasting: Duration::from_secs(granted.max(60).into()),
                }))
            }
            status => {
                let code = status.map_or(0, Status::code);
                Err(format!("refuses to register {address} with {code}"))
            }
        }
    }

    async fn ask(
        &self,
        uri: &str,
        address: &str,
        draft: Draft,
        route: Vec<String>,
    ) -> Result<Box<Message>, String> {
        let call_id = format!("{}@{}", self.element.tag(), self.element.name);
        let towards = crate::outgoing::HopRequest {
            hop: &self.hop.name,
            flow: self.flow,
            uri,
            address,
            route,
            call_id: &call_id,
        };
        let waiting = self.element.ask_hop(towards, draft);
        let waiting = waiting.map_err(|problem| format!("{problem:?}"))?;
        match tokio::time::timeout(ANSWER, waiting).await {
            Ok(Ok(Answer::Message(message))) => Ok(message),
            Ok(_) => Err("the connection was lost".to_owned()),
            Err(_) => Err(format!("gave no answer within {} s", ANSWER.as_secs())),
        }
    }
}
