//! Next hops: a flow to each of their servers, and which of them to use.
//!
//! ```text
//!   server:  dial --> flow (, REGISTER: its Service-Route is kept) --> until it ends, then a pause, and again
//!   hop:     NextHop (protocols) --Ping--> OPTIONS over the flow --any answer--> NextHop
//!            a request --choose--> server that is up and has a flow --503, silence--> NextHop
//! ```
//!
//! Who owns what: a task for each server owns its dialling, one for each hop the pings; what they know of it is in
//! [`HopStates`], which requests look at. Addresses are looked up with each attempt, then every five minutes, and
//! every half minute while the server does not answer; packets go to no address that is not the server's any more,
//! and a connection to one is left where nothing answers. From the addresses of trusted hops alone their word counts.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::settings::{SipNextHop, SipServer};
use protocols::sip::{
    Flow, HopFailure, Message, Method, NextHop, NextHopOutput, NextHopSettings, Status,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::dial::dial;
use crate::element::Element;
use crate::flows::locked;
use crate::hop_requests::{Asks, Conversation, Registered};
use crate::outgoing::Exchange;
use crate::status::{NextHopStatus, ServerStatus};
use crate::stream::stopped;
use crate::time::now;

/// The shortest and the longest pause between attempts to reach a server.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long a server may take to answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);
/// Answers in a row that may be missed.
const MISSES_MAX: u8 = 3;
/// How often a server's name is looked up anew.
const LOOK_UP_EVERY: Duration = Duration::from_secs(300);
/// How often it is looked up while the server does not answer.
const LOOK_UP_DOWN_EVERY: Duration = Duration::from_secs(30);
/// How often it is looked whether a flow is there still, and whether a ping is due.
const LOOK: Duration = Duration::from_millis(250);

/// How a next hop stands.
#[derive(Debug)]
pub(crate) struct HopState {
    machine: NextHop,
    servers: Vec<ServerState>,
    is_trusted: bool,
}

#[derive(Clone, Debug, Default)]
struct ServerState {
    flow: Option<Flow>,
    /// The route of what is sent: what the settings say, then what the server said.
    route: Vec<String>,
    problem: Option<String>,
    addresses: Vec<IpAddr>,
}

impl ServerState {
    /// The route is what the settings say, then what the last registration of ours brought.
    fn take_route(&mut self, hop: &SipNextHop, registered: Option<&Registered>) {
        let told = registered.map(|it| it.route.clone()).unwrap_or_default();
        self.route = [route_of(hop), told].concat();
    }
}

/// The flow to a server of a next hop, and the route of what goes there.
#[derive(Clone, Debug)]
pub(crate) struct HopWay {
    pub(crate) at: At,
    pub(crate) flow: Flow,
    pub(crate) route: Vec<String>,
}

/// A server of a next hop, by its place in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) hop: String,
    pub(crate) place: usize,
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
                element.hop_begins(&hop);
                let mut tasks = JoinSet::new();
                tasks.spawn(ping(Arc::clone(element), hop.clone(), stopped.clone()));
                for place in 0..hop.servers.len() {
                    tasks.spawn(keep(Arc::clone(element), hop.clone(), place, stopped.clone()));
                }
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
    /// The way to a server of a next hop that can be used, for a request with that Call-ID; those that were
    /// tried are left out.
    pub(crate) fn hop(&self, name: &str, call_id: &str, tried: &[usize]) -> Option<HopWay> {
        let mut states = locked(self.hops());
        let state = states.get_mut(name)?;
        let without = state.servers.iter().enumerate().filter(|(_, it)| it.flow.is_none());
        let left_out: Vec<usize> =
            without.map(|(place, _)| place).chain(tried.iter().copied()).collect();
        let place = state.machine.choose(now(), call_id, &left_out)?;
        let server = state.servers.get(place)?;
        let at = At { hop: name.to_owned(), place };
        Some(HopWay { at, flow: server.flow?, route: server.route.clone() })
    }

    /// A server answered a request of ours, or did not.
    pub(crate) fn hop_answered(
        &self,
        now: Instant,
        at: &At,
        exchange: &Exchange,
        answer: Option<&Message>,
    ) {
        let random = self.random();
        let mut states = locked(self.hops());
        let Some(state) = states.get_mut(&at.hop) else { return };
        let machine = &mut state.machine;
        let is_ping = exchange.request.method() == Some(&Method::Options);
        match answer.and_then(Message::status) {
            // The phone behind it may have said so.
            Some(Status::SERVICE_UNAVAILABLE) if exchange.device.is_some() => {
                machine.failed(now, at.place, HopFailure::Elsewhere, random);
            }
            Some(Status::SERVICE_UNAVAILABLE) => {
                let retry_after_seconds = answer.and_then(Message::retry_after);
                let why = HopFailure::Unavailable { retry_after_seconds };
                machine.failed(now, at.place, why, random);
            }
            Some(status) if is_ping && status.is_success() => {
                machine.well(now, at.place, random);
            }
            Some(_) => machine.answered(now, at.place, random),
            None => machine.failed(now, at.place, HopFailure::Silent, random),
        }
    }

    /// How next hops stand.
    pub(crate) fn hop_statuses(&self) -> Vec<NextHopStatus> {
        let now = now();
        let states = locked(self.hops());
        let status = |(name, state): (&String, &HopState)| {
            let standings = state.machine.standings(now);
            let server = |(server, standing): (&ServerState, _)| ServerStatus {
                peer: server.flow.map(|flow| flow.peer()),
                is_up: server.flow.is_some() && standing == protocols::sip::Standing::Up,
                problem: server.problem.clone(),
            };
            let servers = state.servers.iter().zip(standings).map(server).collect();
            NextHopStatus { name: name.clone(), servers }
        };
        states.iter().map(status).collect()
    }

    /// A flow ended; servers that were reached over it are not for now.
    pub(crate) fn hop_flow_ended(&self, flow: &Flow) {
        let random = self.random();
        let mut states = locked(self.hops());
        for (name, state) in states.iter_mut() {
            for (place, server) in state.servers.iter_mut().enumerate() {
                if server.flow.as_ref() == Some(flow) {
                    server.flow = None;
                    server.problem = Some("the connection ended".to_owned());
                    state.machine.failed(now(), place, HopFailure::Lost, random);
                    tracing::warn!(next_hop = name, peer = %flow.peer(), "a SIP next hop's server is lost");
                }
            }
        }
    }

    /// Whether a server answers, as far as is known.
    fn stands(&self, hop: &SipNextHop, place: usize) -> bool {
        let states = locked(self.hops());
        let standings = states.get(&hop.name).map(|state| state.machine.standings(now()));
        standings.and_then(|it| it.get(place).copied()) != Some(protocols::sip::Standing::Down)
    }

    fn random(&self) -> u64 {
        u64::from_be_bytes(self.port.random().unwrap_or_default())
    }

    fn hop_begins(&self, hop: &SipNextHop) {
        let settings = NextHopSettings {
            servers: hop.servers.len(),
            ping: Duration::from_secs(hop.ping_seconds.into()),
            answer: ANSWER,
            misses_max: MISSES_MAX,
            ..NextHopSettings::default()
        };
        let server = ServerState { route: route_of(hop), ..ServerState::default() };
        let state = HopState {
            machine: NextHop::new(now(), settings),
            servers: vec![server; hop.servers.len()],
            is_trusted: hop.trusted,
        };
        locked(self.hops()).insert(hop.name.clone(), state);
        self.figures().next_hop(&hop.name, false);
    }

    fn hop_gone(&self, name: &str) {
        let state = locked(self.hops()).remove(name);
        for flow in state.iter().flat_map(|state| &state.servers).filter_map(|it| it.flow) {
            if let Some(connection) = self.flows().connection(&flow) {
                connection.close();
            }
        }
        locked(&self.state).nonces.retain(|(hop, _), _| hop != name);
        self.figures().forget_next_hop(name);
        self.trust_again();
    }

    fn server_is(&self, hop: &SipNextHop, place: usize, change: impl FnOnce(&mut ServerState)) {
        let mut states = locked(self.hops());
        let Some(state) = states.get_mut(&hop.name) else { return };
        if let Some(server) = state.servers.get_mut(place) {
            change(server);
        }
        drop(states);
        self.trust_again();
    }

    fn trust_again(&self) {
        let states = locked(self.hops());
        let trusted: HashMap<IpAddr, String> = states
            .iter()
            .filter(|(_, state)| state.is_trusted)
            .flat_map(|(name, state)| {
                let addresses = state.servers.iter().flat_map(|server| &server.addresses);
                addresses.map(|it| (*it, name.clone()))
            })
            .collect();
        drop(states);
        self.set_trusted(trusted);
    }
}

/// The route that the settings give a hop.
pub(crate) fn route_of(hop: &SipNextHop) -> Vec<String> {
    hop.route.iter().map(|uri| format!("<{uri}>")).collect()
}

/// Asks servers whether they are there, when the machine says so.
async fn ping(element: Arc<Element>, hop: SipNextHop, mut stop: watch::Receiver<bool>) {
    let mut asking = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            Some(_) = asking.join_next(), if !asking.is_empty() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        let random = element.random();
        let mut due = Vec::new();
        {
            let mut states = locked(element.hops());
            let Some(state) = states.get_mut(&hop.name) else { return };
            state.machine.elapse(now(), random);
            while let Some(output) = state.machine.poll() {
                match output {
                    NextHopOutput::Ping(place) => {
                        let flow = state.servers.get(place).and_then(|server| server.flow);
                        due.extend(flow.map(|flow| (place, flow)));
                    }
                    NextHopOutput::Up(place) => tell(&hop, place, "answers"),
                    NextHopOutput::Down(place) => tell(&hop, place, "does not answer"),
                }
            }
            let standings = state.machine.standings(now());
            let is_up = state.servers.iter().zip(standings).any(|(server, standing)| {
                server.flow.is_some() && standing == protocols::sip::Standing::Up
            });
            element.figures().next_hop(&hop.name, is_up);
        }
        for (place, flow) in due {
            let (element, hop) = (Arc::clone(&element), hop.clone());
            asking.spawn(async move {
                let Some(server) = hop.servers.get(place) else { return };
                let asks = Asks { element: &element, hop: &hop, server, place, flow };
                if let Err(problem) = asks.options().await {
                    element.server_is(&hop, place, |server| server.problem = Some(problem));
                } else {
                    element.server_is(&hop, place, |server| server.problem = None);
                }
            });
        }
    }
}

fn tell(hop: &SipNextHop, place: usize, what: &str) {
    let Some(server) = hop.servers.get(place) else { return };
    tracing::info!(
        next_hop = hop.name,
        server = server.host,
        port = server.port,
        "a SIP server {what}"
    );
}

/// Keeps a flow to one server until it is to stop.
async fn keep(
    element: Arc<Element>,
    hop: SipNextHop,
    place: usize,
    mut stop: watch::Receiver<bool>,
) {
    let Some(server) = hop.servers.get(place) else { return };
    let connections = stop.clone();
    let mut pause = PAUSE_MIN;
    loop {
        let served = tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            served = serve(&element, &hop, server, place, &connections) => served,
        };
        match served {
            Ok(()) => pause = PAUSE_MIN,
            Err(problem) => {
                tracing::warn!(
                    next_hop = hop.name, server = server.host, port = server.port,
                    problem = %problem.escape_debug(), "a SIP next hop's server cannot be used",
                );
                element.server_is(&hop, place, |server| {
                    server.flow = None;
                    server.problem = Some(problem);
                });
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

async fn look_up(server: &SipServer) -> Result<Vec<IpAddr>, String> {
    let looked_up = tokio::net::lookup_host((server.host.as_str(), server.port));
    let found = tokio::time::timeout(ANSWER, looked_up).await;
    let found = found.map_err(|_| "its name was not looked up in time".to_owned())?;
    Ok(found.map_err(|error| error.to_string())?.map(|it| it.ip().to_canonical()).collect())
}

/// Uses one server as long as its flow is there; an error where there was none.
async fn serve(
    element: &Arc<Element>,
    hop: &SipNextHop,
    server: &SipServer,
    place: usize,
    stop: &watch::Receiver<bool>,
) -> Result<(), String> {
    let found = look_up(server).await?;
    element.server_is(hop, place, |server| server.addresses = found);
    let flow = dial(element, hop, server, hop.transport, stop).await?;
    let asks = Asks { element, hop, server, place, flow };
    let mut conversation = Conversation::new(element);
    let mut registered = match asks.register(&mut conversation).await {
        Ok(registered) => registered,
        Err(problem) => {
            close(element, &flow);
            return Err(problem);
        }
    };
    element.server_is(hop, place, |server| {
        server.flow = Some(flow);
        server.problem = None;
        server.take_route(hop, registered.as_ref());
    });
    let mut since = now();
    let mut looked_up = since;
    loop {
        tokio::time::sleep(LOOK).await;
        if flow.is_reliable() && element.flows().connection(&flow).is_none() {
            return Ok(());
        }
        let pause = match element.stands(hop, place) {
            true => LOOK_UP_EVERY,
            false => LOOK_UP_DOWN_EVERY,
        };
        if now().saturating_duration_since(looked_up) >= pause {
            looked_up = now();
            // A name that cannot be looked up now says nothing of the flow there is.
            if let Ok(found) = look_up(server).await {
                let is_there = found.contains(&flow.peer().ip().to_canonical());
                element.server_is(hop, place, |server| server.addresses = found);
                if !is_there && !(flow.is_reliable() && element.stands(hop, place)) {
                    element.server_is(hop, place, |server| server.flow = None);
                    close(element, &flow);
                    return Ok(());
                }
            }
        }
        let again_in = registered.as_ref().map(|it| it.again_in);
        if again_in.is_some_and(|it| now().saturating_duration_since(since) >= it) {
            match asks.register(&mut conversation).await {
                Ok(again) => {
                    element.server_is(hop, place, |it| it.take_route(hop, again.as_ref()));
                    registered = again;
                }
                Err(problem) => {
                    close(element, &flow);
                    return Err(problem);
                }
            }
            since = now();
        }
    }
}

fn close(element: &Element, flow: &Flow) {
    if let Some(connection) = element.flows().connection(flow) {
        connection.close();
    }
}

/// Asks one server whether it is there, over a flow of its own.
pub(crate) async fn try_server(
    element: &Arc<Element>,
    hop: &SipNextHop,
    place: usize,
) -> Result<(Status, std::net::SocketAddr), String> {
    let server = hop.servers.get(place).ok_or("there is no such server")?;
    let (_stop, stopped) = watch::channel(false);
    let flow = dial(element, hop, server, hop.transport, &stopped).await?;
    let answer = Asks { element, hop, server, place, flow }.options().await;
    close(element, &flow);
    let status = answer?.status().ok_or("its answer has no status")?;
    Ok((status, flow.peer()))
}
