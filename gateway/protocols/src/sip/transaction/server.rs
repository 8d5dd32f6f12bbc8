//! Requests that came: which are new, what repeats are answered with, and for how long.
//!
//! ```text
//!   other methods    Pending --final--> Kept --J--> over        (on a connection J is 0)
//!   INVITE           Pending --2xx----> Accepted --L--> over
//!                       `------other--> Refused --ACK--> Acknowledged --I--> over
//!                                          `-----------H--> over
//! ```

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::super::{Flow, Method, Status, canonical};
use super::queues::Queues;
use super::slots::{Id, ROOM, Slots};
use super::{Received, ServerId, TransactionLimits, TransactionOutput, TransactionTimers};

#[derive(Debug)]
enum State {
    /// Whoever uses us is asked. The last provisional answer is there, if one was given.
    Pending { last: Option<Bytes> },
    /// Answered; the answer is there for repeats.
    Kept { answer: Bytes },
    /// An INVITE is refused; the answer is sent again until the ACK comes.
    Refused { answer: Bytes, interval: Duration },
    /// The ACK came; more of them are absorbed.
    Acknowledged,
    /// An INVITE is accepted (RFC 6026); repeats are absorbed, since whoever accepted sends again.
    Accepted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    /// Send the refusal again.
    G,
    /// No ACK came.
    H,
    /// No more ACKs are expected.
    I,
    /// No more repeats are expected.
    J,
    /// The same, of a request that may be done twice.
    JRepeatable,
    /// No more repeats of what was accepted are expected.
    L,
    /// Nobody answered until the peer gave up.
    Forget,
}

struct Server {
    key: Arc<[u8]>,
    flow: Flow,
    /// What counts it while it is pending.
    source: IpAddr,
    began: Instant,
    is_invite: bool,
    is_repeatable: bool,
    state: State,
}

impl Server {
    fn awaits(&self, timer: Timer) -> bool {
        match timer {
            Timer::G | Timer::H => matches!(self.state, State::Refused { .. }),
            Timer::I => matches!(self.state, State::Acknowledged),
            Timer::J => !self.is_repeatable && matches!(self.state, State::Kept { .. }),
            Timer::JRepeatable => self.is_repeatable && matches!(self.state, State::Kept { .. }),
            Timer::L => matches!(self.state, State::Accepted),
            Timer::Forget => matches!(self.state, State::Pending { .. }),
        }
    }

    /// What it costs to keep it.
    fn weight_bytes(&self) -> usize {
        let answer = match &self.state {
            State::Kept { answer } | State::Refused { answer, .. } => answer.len(),
            State::Pending { .. } | State::Acknowledged | State::Accepted => 0,
        };
        answer + self.key.len()
    }
}

/// All server transactions.
pub(super) struct Servers {
    pub(super) timers: TransactionTimers,
    limits: TransactionLimits,
    slots: Slots<Server>,
    by_key: HashMap<Arc<[u8]>, Id>,
    queues: Queues<Timer>,
    pending_of: HashMap<IpAddr, usize>,
    pub(super) pending: usize,
    pub(super) kept: usize,
    pub(super) kept_bytes: usize,
    pub(super) forgotten: u64,
    pub(super) dropped: u64,
}

type Outputs = VecDeque<TransactionOutput>;

impl Servers {
    pub(super) fn new(timers: TransactionTimers, limits: TransactionLimits) -> Self {
        Self {
            timers,
            limits,
            slots: Slots::new(),
            by_key: HashMap::new(),
            queues: Queues::new(),
            pending_of: HashMap::new(),
            pending: 0,
            kept: 0,
            kept_bytes: 0,
            forgotten: 0,
            dropped: 0,
        }
    }

    /// A request other than ACK, with its key.
    pub(super) fn request(
        &mut self,
        now: Instant,
        key: &[u8],
        flow: Flow,
        method: &Method,
        outputs: &mut Outputs,
    ) -> Received {
        if let Some(server) = self.by_key.get(key).and_then(|id| self.slots.get_mut(*id)) {
            // The translator of addresses between us may have changed the peer's port; answers follow.
            server.flow = flow;
            match &server.state {
                State::Pending { last: Some(answer) }
                | State::Kept { answer }
                | State::Refused { answer, .. } => {
                    outputs.push_back(TransactionOutput::Transmit { flow, bytes: answer.clone() });
                }
                State::Pending { last: None } | State::Acknowledged | State::Accepted => {}
            }
            return Received::Repeated;
        }
        let source = canonical(flow.peer().ip());
        let of_source = self.pending_of.get(&source).copied().unwrap_or(0);
        if self.pending >= self.limits.pending_max
            || of_source >= self.limits.pending_per_source_max
        {
            return Received::Overloaded;
        }
        let key: Arc<[u8]> = key.into();
        let server = Server {
            key: Arc::clone(&key),
            flow,
            source,
            began: now,
            is_invite: *method == Method::Invite,
            is_repeatable: matches!(method, Method::Register | Method::Options),
            state: State::Pending { last: None },
        };
        let Some(id) = self.slots.insert(server) else { return Received::Overloaded };
        self.by_key.insert(key, id);
        self.pending += 1;
        self.pending_of.insert(source, of_source + 1);
        // Its last repeat may be on its way when the sender gives up.
        self.set(Timer::Forget, self.timers.give_up() + self.timers.t4, now, id);
        Received::Request(ServerId(id))
    }

    /// An ACK, with the key of its INVITE. False where it belongs to none that was refused.
    pub(super) fn acknowledged(&mut self, now: Instant, key: &[u8]) -> bool {
        let Some(&id) = self.by_key.get(key) else { return false };
        let Some(server) = self.slots.get_mut(id) else { return false };
        match server.state {
            State::Acknowledged => true,
            State::Refused { .. } if server.flow.is_reliable() => {
                self.remove(id);
                self.prune(Timer::H);
                true
            }
            State::Refused { .. } => {
                self.kept_bytes = self.kept_bytes.saturating_sub(server.weight_bytes());
                server.state = State::Acknowledged;
                self.kept_bytes += server.weight_bytes();
                self.set(Timer::I, self.timers.t4, now, id);
                self.prune(Timer::G);
                self.prune(Timer::H);
                true
            }
            State::Pending { .. } | State::Kept { .. } | State::Accepted => false,
        }
    }

    /// The transaction with that key.
    pub(super) fn find(&self, key: &[u8]) -> Option<ServerId> {
        self.by_key.get(key).map(|id| ServerId(*id))
    }

    /// The way to the peer of a transaction that is still there.
    pub(super) fn flow(&self, ServerId(id): ServerId) -> Option<Flow> {
        self.slots.get(id).map(|server| server.flow)
    }

    /// Answers. False where that is not possible any more, or never was (RFC 4320).
    pub(super) fn answer(
        &mut self,
        now: Instant,
        ServerId(id): ServerId,
        status: Status,
        bytes: Bytes,
        outputs: &mut Outputs,
    ) -> bool {
        let trying_earliest = self.timers.trying_earliest();
        let Some(server) = self.slots.get_mut(id) else { return false };
        let State::Pending { last } = &mut server.state else { return false };
        let flow = server.flow;
        if status.is_provisional() {
            let is_early = !flow.is_reliable()
                && now.saturating_duration_since(server.began) < trying_earliest;
            if !server.is_invite && (status != Status::TRYING || is_early) {
                return false;
            }
            *last = Some(bytes.clone());
            outputs.push_back(TransactionOutput::Transmit { flow, bytes });
            return true;
        }
        if !server.is_invite && status == Status::REQUEST_TIMEOUT {
            return false;
        }
        outputs.push_back(TransactionOutput::Transmit { flow, bytes: bytes.clone() });
        if !server.is_invite && flow.is_reliable() {
            self.remove(id);
            self.prune(Timer::Forget);
            return true;
        }
        let interval = self.timers.t1;
        server.state = match (server.is_invite, status.is_success()) {
            (false, _) => State::Kept { answer: bytes },
            (true, true) => State::Accepted,
            (true, false) => State::Refused { answer: bytes, interval },
        };
        let (last, is_resent) = match server.state {
            State::Accepted => (Timer::L, false),
            State::Refused { .. } => (Timer::H, !flow.is_reliable()),
            _ if server.is_repeatable => (Timer::JRepeatable, false),
            _ => (Timer::J, false),
        };
        let (source, weight_bytes) = (server.source, server.weight_bytes());
        self.no_longer_pending(source);
        self.kept += 1;
        self.kept_bytes += weight_bytes;
        self.set(last, self.timers.give_up(), now, id);
        if is_resent {
            self.set(Timer::G, interval, now, id);
        }
        self.prune(Timer::Forget);
        self.keep_to_limits();
        true
    }

    /// Ends a transaction that was not answered; nothing is kept for repeats.
    pub(super) fn release(&mut self, ServerId(id): ServerId) -> Option<Flow> {
        let is_pending = |server: &&Server| matches!(server.state, State::Pending { .. });
        let flow = self.slots.get(id).filter(is_pending)?.flow;
        self.remove(id);
        self.prune(Timer::Forget);
        Some(flow)
    }

    /// What became due.
    pub(super) fn elapse(&mut self, now: Instant, outputs: &mut Outputs) {
        while let Some((timer, due, id)) = self.queues.take(now) {
            let t2 = self.timers.t2;
            let Some(server) = self.slots.get_mut(id).filter(|server| server.awaits(timer)) else {
                continue;
            };
            if let (Timer::G, State::Refused { answer, interval }) = (timer, &mut server.state) {
                let (flow, bytes) = (server.flow, answer.clone());
                outputs.push_back(TransactionOutput::Transmit { flow, bytes });
                *interval = (*interval * 2).min(t2);
                let interval = *interval;
                let next = super::next(due, interval, now);
                self.set_at(Timer::G, interval, next, id);
                continue;
            }
            self.forgotten += u64::from(timer == Timer::Forget);
            self.remove(id);
        }
        for timer in [Timer::G, Timer::H, Timer::Forget] {
            self.prune(timer);
        }
    }

    /// When the next timer runs out.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.queues.deadline()
    }

    fn set(&mut self, timer: Timer, after: Duration, now: Instant, id: Id) {
        self.set_at(timer, after, now + after, id);
    }

    fn set_at(&mut self, timer: Timer, after: Duration, due: Instant, id: Id) {
        let Self { queues, slots, .. } = self;
        let awaits = |timer, id| slots.get(id).is_some_and(|server| server.awaits(timer));
        queues.set(timer, after, due, id, slots.len(), awaits);
    }

    fn prune(&mut self, timer: Timer) {
        let Self { queues, slots, .. } = self;
        queues.prune(timer, |timer, id| slots.get(id).is_some_and(|server| server.awaits(timer)));
    }

    fn remove(&mut self, id: Id) {
        let Some(server) = self.slots.remove(id) else { return };
        self.by_key.remove(&server.key);
        if matches!(server.state, State::Pending { .. }) {
            self.no_longer_pending(server.source);
        } else {
            self.kept -= 1;
            self.kept_bytes = self.kept_bytes.saturating_sub(server.weight_bytes());
        }
        if self.slots.len() == 0 && self.by_key.capacity() > ROOM {
            self.by_key = HashMap::new();
        }
    }

    fn no_longer_pending(&mut self, source: IpAddr) {
        self.pending -= 1;
        match self.pending_of.get_mut(&source) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.pending_of.remove(&source)),
        }
        if self.pending_of.is_empty() && self.pending_of.capacity() > ROOM {
            self.pending_of = HashMap::new();
        }
    }

    /// Drops the oldest that are kept while there are too many: first those whose repeat does no harm.
    fn keep_to_limits(&mut self) {
        while self.kept > self.limits.kept_max || self.kept_bytes > self.limits.kept_bytes_max {
            let Self { queues, slots, .. } = self;
            let awaits = |timer, id| slots.get(id).is_some_and(|server| server.awaits(timer));
            let order = [Timer::JRepeatable, Timer::I, Timer::H, Timer::L, Timer::J];
            let Some(id) = order.into_iter().find_map(|timer| queues.take_oldest(timer, awaits))
            else {
                return;
            };
            self.remove(id);
            self.dropped += 1;
        }
    }

    /// How many entries the tables and queues have room for.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.by_key.capacity() + self.pending_of.capacity() + self.queues.room()
    }
}
