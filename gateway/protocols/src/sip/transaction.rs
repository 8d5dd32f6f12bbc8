//! Transactions (RFC 3261, section 17; RFC 4320; RFC 6026): a request and its answers, whatever gets lost,
//! doubled or late between.
//!
//! ```text
//!   Message of a peer --received--> Request(server)        to be answered: answer, or release
//!                              `--> Repeated, Acknowledged, Unmatched        nothing to do
//!                              `--> Cancelled{cancel, invite}     both to be answered
//!                              `--> Answered{client}       of a request of ours
//!   request ------------------> ClientId --> Answered ..., or Failed{client}
//!   quieten ------------------> is not sent again
//!   elapse at deadline -------> what is sent again, what failed
//! ```
//!
//! - A server transaction is *pending* until its final answer, then *kept* so that repeats get the same bytes
//!   and nothing is done twice. Both are bounded. Beyond the first bound a request is [`Received::Overloaded`].
//!   Beyond the second the oldest that are kept go early, those first whose request may be done twice: a
//!   REGISTER that comes again after that changes nothing, by its Call-ID and `CSeq`, or by its proof, which was
//!   used before: then its sender is asked for another one.
//! - On a connection nothing is sent again and nothing is kept: repeats do not happen there.
//! - What is pending and is not answered until its peer has given up is forgotten; an answer then comes to
//!   nothing.
//! - Whoever cannot prove who he is deserves no memory of ours: [`Transactions::release`] ends what is pending,
//!   and the refusal is sent without state. That holds for an INVITE above all, whose refusal would be sent up to
//!   11 times to an address that anybody may have written down.
//! - Answers go where the request came from; a flow that is lost takes the requests of ours along that wait on
//!   it. Whether an answer to a lost flow finds another way is for whoever has the sockets.
//! - Bytes may hold proofs of who we are: they are not printed.

mod client;
mod fuzz;
mod key;
mod queues;
mod server;
mod slots;
#[cfg(test)]
mod tests;
pub(super) mod via;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub use fuzz::fuzz_transactions;

use super::{CSeq, Flow, Message, Method, Name, StartLine, Status};
use client::Clients;
use server::Servers;
use slots::Id;
use via::TopVia;

/// The times that all timers are made of (RFC 3261, table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionTimers {
    /// How long a packet takes there and back.
    pub t1: Duration,
    /// The longest pause between repeats.
    pub t2: Duration,
    /// How long a packet may be on its way.
    pub t4: Duration,
}

impl Default for TransactionTimers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

impl TransactionTimers {
    /// The shortest that a time may be.
    pub const LEAST: Duration = Duration::from_millis(1);
    /// The longest that a time may be.
    pub const MOST: Duration = Duration::from_secs(3_600);

    /// After how long a transaction is given up, by either side: timers B, F, H, J, L, M, N.
    pub fn give_up(&self) -> Duration {
        self.t1 * 64
    }

    /// When a request that is no INVITE may first be answered by 100 where packets get lost: when its sender
    /// repeats it at the longest pause anyway (RFC 4320, section 4.1).
    pub fn trying_earliest(&self) -> Duration {
        let mut interval = self.t1;
        let mut after = Duration::ZERO;
        while interval < self.t2 {
            after += interval;
            interval *= 2;
        }
        after.min(self.give_up())
    }

    fn usable(self) -> Self {
        let usable = |time: Duration| time.clamp(Self::LEAST, Self::MOST);
        Self { t1: usable(self.t1), t2: usable(self.t2), t4: usable(self.t4) }
    }
}

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionLimits {
    /// Requests that wait for their answer; of peers and of ours, each.
    pub pending_max: usize,
    /// Requests of one address that wait for their answer.
    pub pending_per_source_max: usize,
    /// Answered ones that are kept for repeats; of peers and of ours, each.
    pub kept_max: usize,
    /// Bytes of the answers that are kept.
    pub kept_bytes_max: usize,
}

impl Default for TransactionLimits {
    fn default() -> Self {
        Self {
            pending_max: 50_000,
            pending_per_source_max: 500,
            kept_max: 50_000,
            kept_bytes_max: 64 * 1_024 * 1_024,
        }
    }
}

/// A request of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(Id);

/// A request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Id);

/// What a message is to those that are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A new request: do it, then answer.
    Request(ServerId),
    /// A request or an answer that came before; whatever has to be sent again is.
    Repeated,
    /// The ACK of a refusal.
    Acknowledged,
    /// A CANCEL, itself to be answered: by 200 where there is an INVITE of it, which gets 487 if it is not answered
    /// yet; by 481 where there is none.
    Cancelled {
        /// The CANCEL.
        cancel: ServerId,
        /// What it is about.
        invite: Option<ServerId>,
    },
    /// An answer to a request of ours.
    Answered {
        /// Which.
        client: ClientId,
        /// Whether it is the last one.
        is_final: bool,
    },
    /// An answer to nothing, by the wrong way, or with more than one Via; an ACK of nothing that was refused;
    /// a message that names no transaction. To be dropped and counted.
    Unmatched,
    /// A new request too many: to be answered by 503 without state.
    Overloaded,
}

/// Why there will be no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// None came in time; counts as 408.
    Timeout,
    /// The flow is gone; counts as 503.
    Lost,
}

impl Failure {
    /// The status that it counts as (RFC 3261, section 8.1.3.1).
    pub fn status(self) -> Status {
        match self {
            Self::Timeout => Status::REQUEST_TIMEOUT,
            Self::Lost => Status::SERVICE_UNAVAILABLE,
        }
    }
}

/// Why a request is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// Too many requests wait for their answer.
    #[error("too many requests wait for their answer")]
    Overload,
    /// It has no Via of ours with a branch that names it.
    #[error("it has no single Via with a branch of its own")]
    NoBranch,
    /// Another request with its branch is under way.
    #[error("another request with its branch is under way")]
    BranchTaken,
    /// It is no request, or an INVITE or ACK, which we never send.
    #[error("it is no request of a kind that is sent")]
    Method,
}

/// What to do.
#[derive(Clone, PartialEq, Eq)]
pub enum TransactionOutput {
    /// Send these bytes.
    Transmit {
        /// Which way.
        flow: Flow,
        /// A whole message.
        bytes: Bytes,
    },
    /// A request of ours gets no answer.
    Failed {
        /// Which.
        client: ClientId,
        /// Why.
        why: Failure,
    },
}

impl fmt::Debug for TransactionOutput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transmit { flow, bytes } => {
                write!(formatter, "Transmit {{ {flow:?}, {} bytes }}", bytes.len())
            }
            Self::Failed { client, why } => write!(formatter, "Failed {{ {client:?}, {why:?} }}"),
        }
    }
}

/// How many there are, and what became of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionCounts {
    /// Requests of peers that wait for their answer.
    pub server_pending: usize,
    /// Answered requests of peers that are kept for repeats.
    pub server_kept: usize,
    /// Bytes of those.
    pub server_kept_bytes: usize,
    /// Requests of ours that wait for their answer.
    pub client_pending: usize,
    /// Answered requests of ours that absorb repeats.
    pub client_kept: usize,
    /// Requests of peers that were forgotten without an answer, in all.
    pub forgotten: u64,
    /// Kept ones that were dropped early since there were too many, in all.
    pub dropped: u64,
}

/// All transactions of an element. Feed it, drain [`Transactions::poll`], then wait until
/// [`Transactions::deadline`] and call [`Transactions::elapse`].
pub struct Transactions {
    /// The latest time that was told: time does not go back, whatever the caller says.
    latest: Option<Instant>,
    servers: Servers,
    clients: Clients,
    outputs: VecDeque<TransactionOutput>,
    key: Vec<u8>,
}

impl fmt::Debug for Transactions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Transactions").field(&self.counts()).finish()
    }
}

impl Transactions {
    /// None yet. Times are taken as near to `timers` as they may be.
    #[must_use]
    pub fn new(timers: TransactionTimers, limits: TransactionLimits) -> Self {
        let timers = timers.usable();
        Self {
            latest: None,
            servers: Servers::new(timers, limits),
            clients: Clients::new(timers, limits),
            outputs: VecDeque::new(),
            key: Vec::new(),
        }
    }

    /// Takes other times for what begins from now on; what waits already keeps its own.
    pub fn set_timers(&mut self, timers: TransactionTimers) {
        let timers = timers.usable();
        self.servers.timers = timers;
        self.clients.timers = timers;
    }

    /// A message of a peer.
    pub fn received(&mut self, now: Instant, flow: Flow, message: &Message) -> Received {
        let now = self.later(now);
        let mut vias = message.headers.all(&Name::VIA);
        let Some(via) = vias.next().and_then(|field| TopVia::read(field.as_str())) else {
            return Received::Unmatched;
        };
        match &message.start {
            StartLine::Request { method, .. } => self.requested(now, flow, message, &via, method),
            StartLine::Response { status, .. } => {
                let is_single = !via.is_followed && vias.next().is_none();
                let cseq = message.headers.get(&Name::CSEQ);
                let cseq = cseq.and_then(|value| CSeq::split(value.as_str()).ok());
                let (true, Some(branch), Some((_, method))) = (is_single, via.branch, cseq) else {
                    return Received::Unmatched;
                };
                key::client(&mut self.key, &via, branch, method);
                self.clients.answered(now, &self.key, &flow, *status)
            }
        }
    }

    fn requested(
        &mut self,
        now: Instant,
        flow: Flow,
        message: &Message,
        via: &TopVia<'_>,
        method: &Method,
    ) -> Received {
        if *method == Method::Ack {
            let is_read = key::server(&mut self.key, &flow, message, via, &Method::Invite);
            return if is_read && self.servers.acknowledged(now, &self.key) {
                Received::Acknowledged
            } else {
                Received::Unmatched
            };
        }
        if !key::server(&mut self.key, &flow, message, via, method) {
            return Received::Unmatched;
        }
        let received = self.servers.request(now, &self.key, flow, method, &mut self.outputs);
        match (method, received) {
            (Method::Cancel, Received::Request(cancel)) => {
                key::server(&mut self.key, &flow, message, via, &Method::Invite);
                Received::Cancelled { cancel, invite: self.servers.find(&self.key) }
            }
            _ => received,
        }
    }

    /// Answers a request, provisionally or finally; `bytes` is the whole answer. A refused INVITE is sent again
    /// until its ACK comes. False where it comes to nothing: it is answered or forgotten already, or RFC 4320
    /// forbids it, which is any provisional answer but 100, a 100 before [`TransactionTimers::trying_earliest`],
    /// and 408.
    pub fn answer(&mut self, now: Instant, server: ServerId, status: Status, bytes: Bytes) -> bool {
        let now = self.later(now);
        self.servers.answer(now, server, status, bytes, &mut self.outputs)
    }

    /// Ends a request that is not answered yet, keeping nothing for repeats; what is sent for it is sent without
    /// state, by the flow that is returned.
    pub fn release(&mut self, server: ServerId) -> Option<Flow> {
        self.servers.release(server)
    }

    /// The way to the peer of a request that is pending or kept.
    pub fn flow(&self, server: ServerId) -> Option<Flow> {
        self.servers.flow(server)
    }

    /// Sends a request of ours; `bytes` is the whole of it. What it is found by is read from its Via.
    pub fn request(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Message,
        bytes: Bytes,
    ) -> Result<ClientId, Unsendable> {
        let now = self.later(now);
        let method = match request.method() {
            None | Some(Method::Invite | Method::Ack) => return Err(Unsendable::Method),
            Some(method) => method,
        };
        let mut vias = request.headers.all(&Name::VIA);
        let via = vias.next().and_then(|field| TopVia::read(field.as_str()));
        let via = via.filter(|via| !via.is_followed && vias.next().is_none());
        let via = via.ok_or(Unsendable::NoBranch)?;
        let branch = via.unique_branch().ok_or(Unsendable::NoBranch)?;
        key::client(&mut self.key, &via, branch, method.name());
        self.clients.request(now, &self.key, flow, bytes, &mut self.outputs)
    }

    /// Whoever wanted a request of ours gave up: it is not sent again, so that it overtakes nothing newer. Its
    /// answer, or its failure, is told all the same.
    pub fn quieten(&mut self, client: ClientId) {
        self.clients.quieten(client.0);
    }

    /// A flow is gone: the requests of ours that wait on it fail at once.
    pub fn lost(&mut self, now: Instant, flow: Flow) {
        self.later(now);
        self.clients.lost(&flow, &mut self.outputs);
    }

    /// Does what became due.
    pub fn elapse(&mut self, now: Instant) {
        let now = self.later(now);
        self.servers.elapse(now, &mut self.outputs);
        self.clients.elapse(now, &mut self.outputs);
    }

    /// When to call [`Transactions::elapse`] next.
    pub fn deadline(&self) -> Option<Instant> {
        [self.servers.deadline(), self.clients.deadline()].into_iter().flatten().min()
    }

    /// What to do now. Drain it after every call.
    pub fn poll(&mut self) -> Option<TransactionOutput> {
        let output = self.outputs.pop_front();
        if self.outputs.is_empty() && self.outputs.capacity() > OUTPUTS_ROOM {
            self.outputs = VecDeque::new();
        }
        output
    }

    /// How many there are.
    pub fn counts(&self) -> TransactionCounts {
        TransactionCounts {
            server_pending: self.servers.pending,
            server_kept: self.servers.kept,
            server_kept_bytes: self.servers.kept_bytes,
            client_pending: self.clients.waiting,
            client_kept: self.clients.kept(),
            forgotten: self.servers.forgotten,
            dropped: self.servers.dropped + self.clients.dropped,
        }
    }

    fn later(&mut self, now: Instant) -> Instant {
        let latest = self.latest.map_or(now, |latest| latest.max(now));
        self.latest = Some(latest);
        latest
    }

    /// How many entries all tables and queues have room for.
    #[cfg(test)]
    fn room(&self) -> usize {
        self.servers.room() + self.clients.room() + self.outputs.capacity()
    }
}

/// How many outputs there is room for when there are none.
const OUTPUTS_ROOM: usize = 1_024;

/// When to send again what was due at `due`: after the interval, or, where the caller was late by more than
/// that, after one from now, so that what was missed is not made up for in one burst.
fn next(due: Instant, interval: Duration, now: Instant) -> Instant {
    let next = due + interval;
    if next > now { next } else { now + interval }
}
