//! The SIP element: everything that a message goes through, under one lock and without waiting.
//!
//! ```text
//!   flow --Message--> admitted? --> Transactions --request--> dispatch --> prove --> register | refer | notify
//!                                        |  ^                                                      |
//!                                        |  '---------------------- answer ------------------------'
//!                                        '--answer to ours--> Exchange --> whoever sent the errand
//! ```
//!
//! Who owns what: `State` owns transactions, bindings, nonces, subscriptions and exchanges; `Flows` the ways out;
//! `Sources` what each address may ask. Reading and writing happen outside the lock: inside it a message costs
//! some microseconds, so every connection's task works on it directly and no queue can fill in between.
//!
//! A request is judged in this order: source, grammar (both before it comes here), repeat, scheme and method,
//! required extensions, who asks, whether they may, body, deed.

mod admission;
mod changes;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use domain::DeviceName;
use engine::Port;
use protocols::sip::body::remotecc::Request;
use protocols::sip::digest::{Challenger, ClientNonces};
use protocols::sip::registrar::{BindingChange, Registrar};
use protocols::sip::{
    Flow, Limits as WireLimits, Message, Method, Received, Status, Subscriptions,
    TransactionOutput, Transactions, encode,
};
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio::sync::{Notify, broadcast, watch};

use crate::bodies::Body;
use crate::events::SipEvent;
use crate::exchanges::Exchanges;
use crate::figures::{Figures, Observed};
use crate::flows::{Connection, Flows, Proven, locked};
use crate::in_dialog::InDialog;
use crate::limits::Limits;
use crate::next_hops::HopStates;
use crate::once::Once;
use crate::outgoing::Draft;
use crate::rates::Rates;
use crate::site::Site;
use crate::sources::{Admitted, Sources};
use crate::stream::{Ended, stopped};
use crate::time::now;
use crate::tries::Tries;
use crate::{device_certificates, replies};

/// Events that a slow listener may be behind.
const EVENTS_MAX: usize = 1_024;
/// Timers that are nearer to each other than this run together.
const TICK: Duration = Duration::from_millis(5);
/// Without a timer the element looks at itself now and then.
const IDLE: Duration = Duration::from_secs(1);

/// All that a message goes through.
pub(crate) struct Element {
    pub(crate) port: Port,
    pub(crate) name: String,
    limits: Limits,
    flows: Arc<Flows>,
    figures: Figures,
    sources: Mutex<Sources>,
    /// What was said lately of peers.
    pub(crate) once: Once,
    site: RwLock<Option<Arc<Site>>>,
    client_tls: RwLock<Option<Arc<ClientConfig>>>,
    judges: RwLock<Judges>,
    /// How often settings or judges changed: who was judged meanwhile is judged again.
    changes: AtomicU64,
    pub(crate) state: Mutex<State>,
    /// Addresses of next hops whose word counts, with the hop's name.
    trusted: RwLock<HashMap<std::net::IpAddr, String>>,
    hops: HopStates,
    events: broadcast::Sender<SipEvent>,
    told: broadcast::Sender<(DeviceName, Request)>,
    /// A timer came nearer than the one that is waited for.
    nearer: Notify,
    waited_for: Mutex<Option<Instant>>,
}

/// Who judges certificates that were shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judges {
    pub(crate) devices: device_certificates::Judge,
    pub(crate) next_hops: device_certificates::Judge,
}

/// What is known of conversations.
pub(crate) struct State {
    pub(crate) transactions: Transactions,
    pub(crate) registrar: Registrar,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) challenger: Challenger,
    pub(crate) exchanges: Exchanges,
    /// What phones did that others have to deal with.
    pub(crate) rates: Rates,
    /// How strong the algorithm is by which a next hop asks who we are.
    pub(crate) strengths: HashMap<String, u8>,
    pub(crate) tries: Tries,
    /// Challenges of next hops that were answered, by the hop's name and what asked.
    pub(crate) nonces: HashMap<(String, Status), ClientNonces>,
    /// Whoever answered 503: not asked before then.
    pub(crate) held_off: HashMap<String, Instant>,
}

/// A request and the way it came by.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) now: Instant,
    pub(crate) site: &'a Site,
    pub(crate) flow: Flow,
    pub(crate) connection: Option<&'a Connection>,
    pub(crate) message: &'a Message,
    pub(crate) body: &'a Body,
    /// The phone, once it proved who it is.
    pub(crate) who: &'a OnceCell<DeviceName>,
}

/// An answer, and whether it was asked by somebody who proved who they are.
pub(crate) struct Reply {
    pub(crate) message: Message,
    pub(crate) is_proven: bool,
    /// What is told once it was answered, in the dialog that the request began.
    pub(crate) then: Option<(DeviceName, InDialog, Draft)>,
}

impl Reply {
    pub(crate) fn new(message: Message, is_proven: bool) -> Self {
        Self { message, is_proven, then: None }
    }
}

impl Element {
    pub(crate) fn new(port: Port, name: String, limits: Limits, state: State) -> Arc<Self> {
        Arc::new(Self {
            flows: Flows::new(&limits),
            figures: Figures::new(port.metrics()),
            once: Once::default(),
            sources: Mutex::new(Sources::new(limits.requests_per_second_per_source)),
            site: RwLock::default(),
            client_tls: RwLock::default(),
            judges: RwLock::default(),
            changes: AtomicU64::new(0),
            state: Mutex::new(state),
            trusted: RwLock::default(),
            hops: HopStates::default(),
            events: broadcast::channel(EVENTS_MAX).0,
            told: broadcast::channel(EVENTS_MAX).0,
            nearer: Notify::new(),
            waited_for: Mutex::default(),
            limits,
            name,
            port,
        })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What a message may have.
    pub(crate) fn wire_limits(&self) -> WireLimits {
        let lenient = self.site().is_some_and(|site| site.sip.lenient);
        WireLimits { lenient, ..WireLimits::default() }
    }

    pub(crate) fn flows(&self) -> &Arc<Flows> {
        &self.flows
    }

    pub(crate) fn figures(&self) -> &Figures {
        &self.figures
    }

    pub(crate) fn events(&self) -> &broadcast::Sender<SipEvent> {
        &self.events
    }

    /// What phones ask for; nobody may do it.
    pub(crate) fn wishes(&self) -> &broadcast::Sender<(DeviceName, Request)> {
        &self.told
    }

    pub(crate) fn hops(&self) -> &HopStates {
        &self.hops
    }

    /// The settings, where SIP is on.
    pub(crate) fn site(&self) -> Option<Arc<Site>> {
        self.site.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_site(&self, site: Option<Arc<Site>>) {
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = site;
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// How often it changed who counts as whom.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    pub(crate) fn client_tls(&self) -> Option<Arc<ClientConfig>> {
        self.client_tls.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_client_tls(&self, config: Option<Arc<ClientConfig>>) {
        *self.client_tls.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// Takes other addresses for those of next hops whose word counts.
    pub(crate) fn set_trusted(&self, trusted: HashMap<std::net::IpAddr, String>) {
        *self.trusted.write().unwrap_or_else(PoisonError::into_inner) = trusted;
    }

    /// The next hop that is at that address.
    pub(crate) fn trusted(&self, peer: SocketAddr) -> Option<String> {
        let trusted = self.trusted.read().unwrap_or_else(PoisonError::into_inner);
        trusted.get(&peer.ip().to_canonical()).cloned()
    }

    /// How long a flow may be silent.
    pub(crate) fn silence(&self) -> Duration {
        self.site().map_or(IDLE, |site| site.silence())
    }

    /// Who the holder of a certificate is that was checked.
    pub(crate) fn holder(&self, chain: &[CertificateDer<'_>], peer: SocketAddr) -> Proven {
        let (Some(site), Some(own)) = (self.site(), chain.first()) else { return Proven::Nobody };
        let judges = self.judges.read().unwrap_or_else(PoisonError::into_inner).clone();
        let since = u64::try_from(self.port.now().microseconds()).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(Duration::from_micros(since));
        let names = device_certificates::names(own);
        if judges.devices.passes(chain, now)
            && let Some(device) =
                device_certificates::device(&names, |name| site.device(name).is_some())
        {
            return Proven::Device(device);
        }
        if judges.next_hops.passes(chain, now)
            && let Some(hop) = site.next_hop_named(&names)
        {
            return Proven::NextHop(hop.name.clone());
        }
        tracing::debug!(%peer, "a certificate names no device or next hop that is listed");
        Proven::Nobody
    }

    pub(crate) fn set_judges(&self, judges: Judges) {
        *self.judges.write().unwrap_or_else(PoisonError::into_inner) = judges;
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// A message came over a flow.
    pub(crate) fn heard(&self, flow: Flow, connection: Option<&Connection>, mut message: Message) {
        let is_request = message.method().is_some();
        let is_hop = connection.is_some_and(|it| matches!(it.proven, Proven::NextHop(_)));
        if flow.is_reliable() && !is_hop {
            match self.admit(flow, 0) {
                Admitted::Yes => {}
                // Who reads slowly asks slowly: a connection can be told each time.
                Admitted::Refused | Admitted::Dropped => {
                    return self.refuse_overload(flow, &message);
                }
            }
        }
        let Some(site) = self.site() else {
            if is_request {
                self.stateless(flow, &message, Status::SERVICE_UNAVAILABLE);
            }
            return;
        };
        if is_request {
            protocols::sip::note_source(&mut message, flow.peer());
        }
        let is_shown = connection.is_some_and(|it| it.proven != Proven::Nobody);
        let body = Body::of(&message, is_shown || self.trusted(flow.peer()).is_some());
        let now = now();
        let mut state = locked(&self.state);
        if connection.is_some_and(Connection::is_closing) {
            // It was ended while this waited its turn, perhaps since its certificate proves nothing any more.
            return;
        }
        match state.transactions.received(now, flow, &message) {
            Received::Request(server) => {
                if let Some(method) = message.method() {
                    self.figures.request(method);
                }
                let (site, message) = (&*site, &message);
                let (body, who) = (&body, &OnceCell::new());
                let asked = Asked { now, site, flow, connection, message, body, who };
                let mut reply = self.dispatch(&mut state, &asked);
                self.note_request(&asked, &reply.message);
                let then = reply.then.take();
                let is_invite = message.method() == Some(&Method::Invite);
                if is_invite && !flow.is_reliable() && !state.registrar.is_used(&flow) {
                    // A refusal is sent again until it is acknowledged, to an address that anybody may
                    // have written down.
                    state.transactions.release(server);
                    self.settle(state);
                    return self.send_stateless(flow, reply.message);
                }
                self.answer(&mut state, now, server, flow, reply);
                if let Some((device, dialog, draft)) = then {
                    self.send_in_dialog(&mut state, now, site, flow, &device, &dialog, draft);
                }
            }
            Received::Cancelled { cancel, invite } => {
                self.figures.request(&Method::Cancel);
                let status = if invite.is_some() { Status::OK } else { Status::NO_SUCH_DIALOG };
                let message = replies::plain(&message, status, &self.tag());
                let reply = Reply::new(message, false);
                self.answer(&mut state, now, cancel, flow, reply);
            }
            Received::Answered { client, is_final } => {
                self.answered(&mut state, now, client, is_final, &message);
            }
            Received::Repeated => self.repeat(&mut state, now, flow),
            Received::Acknowledged => self.figures.request(&Method::Ack),
            Received::Unmatched => {
                self.figures.dropped("unmatched");
                if let Some(connection) = connection
                    && !self.is_next_hops(connection)
                {
                    connection.misdeed(now);
                }
            }
            Received::Overloaded => {
                drop(state);
                self.figures.dropped("transactions");
                return self.stateless(flow, &message, Status::SERVICE_UNAVAILABLE);
            }
        }
        self.settle(state);
    }

    fn answer(
        &self,
        state: &mut State,
        now: Instant,
        server: protocols::sip::ServerId,
        flow: Flow,
        mut reply: Reply,
    ) {
        let Some(status) = reply.message.status() else { return };
        self.figures.answered(status);
        let mut bytes = encode(&reply.message);
        if !flow.is_reliable() && !reply.is_proven {
            // Packets may have come from somebody else than they say: see `sources`.
            let mut sources = locked(&self.sources);
            let mut is_paid = sources.pay(now, bytes.len());
            if !is_paid && replies::shorten(&mut reply.message) {
                bytes = encode(&reply.message);
                is_paid = sources.pay(now, bytes.len());
            }
            drop(sources);
            if !is_paid {
                self.figures.dropped("amplification");
                state.transactions.release(server);
                return;
            }
        }
        state.transactions.answer(now, server, status, bytes);
    }

    /// Sends an answer again. Packets of who is not registered pay for it as for the first one, or a flood of
    /// repeats would be answered by a larger one.
    fn repeat(&self, state: &mut State, now: Instant, flow: Flow) {
        if flow.is_reliable() || state.registrar.is_used(&flow) {
            return;
        }
        while let Some(output) = state.transactions.poll() {
            match output {
                TransactionOutput::Transmit { flow, bytes } => {
                    if locked(&self.sources).pay(now, bytes.len()) {
                        self.transmit(&flow, bytes);
                    } else {
                        self.figures.dropped("amplification");
                    }
                }
                TransactionOutput::Failed { client, why } => self.failed(state, client, why),
            }
        }
    }

    /// Takes out what came of it, lets others in, and sends.
    pub(crate) fn settle(&self, state: std::sync::MutexGuard<'_, State>) {
        self.settle_for(state, None);
    }

    /// The same after the end of a connection, where that is the cause.
    fn settle_for(
        &self,
        mut state: std::sync::MutexGuard<'_, State>,
        cause: Option<changes::Cause>,
    ) {
        let mut transmits = Vec::new();
        while let Some(output) = state.transactions.poll() {
            match output {
                TransactionOutput::Transmit { flow, bytes } => transmits.push((flow, bytes)),
                TransactionOutput::Failed { client, why } => {
                    self.failed(&mut state, client, why);
                }
            }
        }
        let mut changes = Vec::new();
        while let Some(change) = state.registrar.poll() {
            // A phone with several addresses is there as long as one of them is.
            let is_there = match &change {
                BindingChange::Unreachable { device: Some(device), .. } => {
                    state.registrar.is_reached(device)
                }
                _ => false,
            };
            if !is_there {
                changes.push(change);
            }
        }
        let superseded: Vec<Flow> = changes
            .iter()
            .filter_map(|change| match change {
                BindingChange::Moved { from, .. } => Some(*from),
                _ => None,
            })
            .filter(|flow| flow.is_reliable() && !state.registrar.is_used(flow))
            .collect();
        // Nothing of ours is awaited: REFER says so.
        while state.subscriptions.poll().is_some() {}
        let deadline = Self::deadline(&state);
        drop(state);
        let mut gone = Vec::new();
        for (flow, bytes) in transmits {
            if !self.flows.transmit(&flow, bytes) {
                self.figures.dropped("unsent");
                if flow.is_reliable() {
                    gone.push(flow);
                }
            }
        }

        for flow in superseded {
            if let Some(connection) = self.flows.connection(&flow)
                && connection.proven == Proven::Nobody
            {
                connection.close();
            }
        }
        if !changes.is_empty() {
            self.tell(changes, cause);
        }
        self.come_nearer(deadline);
        if !gone.is_empty() {
            // Whoever waits for an answer over it need not wait any longer.
            let now = now();
            let mut state = locked(&self.state);
            for flow in gone {
                state.transactions.lost(now, flow);
            }
            self.settle(state);
        }
    }

    /// A connection ended.
    pub(crate) fn ended(&self, connection: &Connection, reason: Ended) {
        self.flows.ended(&connection.flow);
        self.hop_flow_ended(&connection.flow);
        self.figures.ended(reason);
        tracing::debug!(
            peer = %connection.flow.peer(), reason = reason.name(), "a SIP connection ended"
        );
        let now = now();
        let mut state = locked(&self.state);
        state.transactions.lost(now, connection.flow);
        state.registrar.lost(now, connection.flow);
        self.settle_for(state, Some(changes::Cause::of(connection, reason)));
    }

    fn deadline(state: &State) -> Option<Instant> {
        let all = [
            state.transactions.deadline(),
            state.registrar.deadline(),
            state.subscriptions.deadline(),
        ];
        all.into_iter().flatten().min()
    }

    fn come_nearer(&self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return };
        let mut waited_for = locked(&self.waited_for);
        if waited_for.is_none_or(|at| deadline < at) {
            *waited_for = Some(deadline);
            drop(waited_for);
            self.nearer.notify_one();
        }
    }

    /// Runs timers until it is to stop.
    pub(crate) async fn keep_time(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            let due = *locked(&self.waited_for);
            let due = due.unwrap_or_else(|| now() + IDLE).max(now() + TICK);
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                () = self.nearer.notified() => continue,
                () = tokio::time::sleep_until(due.into()) => {}
            }
            *locked(&self.waited_for) = None;
            let now = now();
            let mut state = locked(&self.state);
            state.transactions.elapse(now);
            state.registrar.elapse(now);
            state.subscriptions.elapse(now);
            state.held_off.retain(|_, until| *until > now);
            self.settle(state);
        }
    }

    /// What is so now, for the figures.
    pub(crate) fn observe(&self) {
        let mut state = locked(&self.state);
        state.rates.forget(now());
        let counts = state.transactions.counts();
        let bindings = state.registrar.counts();
        drop(state);
        self.figures.observe(&Observed {
            bindings: bindings.bindings,
            reachable: bindings.live,
            connections: self.flows.count(),
            sources: locked(&self.sources).len(),
            server_in_hand: counts.server_pending,
            server_kept: counts.server_kept,
            client: counts.client_pending,
            forgotten: counts.forgotten.saturating_add(counts.dropped),
        });
    }

    /// Ends connections whose certificate was proof, where the authorities are others now: those that peers
    /// opened, and ours to next hops where theirs are.
    pub(crate) fn end_proven(&self, has_other_hops: bool) {
        for connection in self.flows.all() {
            let is_meant = connection.is_incoming || has_other_hops;
            let is_proven = connection.proven != Proven::Nobody && connection.flow.is_secure();
            if is_proven && is_meant {
                connection.close();
            }
        }
    }

    /// A tag, or another text that cannot be guessed.
    pub(crate) fn tag(&self) -> String {
        let random: [u8; 12] = self.port.random().unwrap_or_default();
        random.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A number between both, so that peers do not come back together.
    pub(crate) fn jitter(&self, least: u32, most: u32) -> u32 {
        let random = u32::from_be_bytes(self.port.random().unwrap_or_default());
        let span = most.saturating_sub(least).saturating_add(1);
        least.saturating_add(random % span.max(1))
    }
}

/// The device that a connection's certificate names.
pub(crate) fn certified<'a>(asked: &Asked<'a>) -> Option<&'a DeviceName> {
    match &asked.connection?.proven {
        Proven::Device(device) => Some(device),
        Proven::Nobody | Proven::NextHop(_) => None,
    }
}

/// The device of a binding; only listed ones have any.
fn named(device: &str) -> Option<DeviceName> {
    device.parse().ok()
}
