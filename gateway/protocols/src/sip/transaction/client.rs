//! Requests of ours that are no INVITE: sent again until an answer comes, given up in the end.
//!
//! ```text
//!   Waiting --final--> Answered --K--> over      (on a connection K is 0)
//!      `----F, or its flow is lost--> over
//! ```
//!
//! What nobody wants any more is not sent again; its answer is waited for all the same.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::super::{Flow, Status};
use super::queues::Queues;
use super::slots::{Id, ROOM, Slots};
use super::{
    ClientId, Failure, Received, TransactionLimits, TransactionOutput, TransactionTimers,
    Unsendable, key,
};

enum State {
    /// No final answer came. After a provisional one `interval` stays at its longest. Without the request it
    /// is not sent again.
    Waiting { request: Option<Bytes>, interval: Duration, is_tried: bool },
    /// A final answer came; repeats of it are absorbed.
    Answered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    /// Send it again.
    E,
    /// Give it up.
    F,
    /// No more repeats of the answer are expected.
    K,
}

struct Client {
    key: Arc<[u8]>,
    flow: Flow,
    state: State,
    /// Neighbours among those that wait on the same flow.
    before: Option<Id>,
    behind: Option<Id>,
}

impl Client {
    fn awaits(&self, timer: Timer) -> bool {
        match &self.state {
            State::Waiting { request: None, .. } => timer == Timer::F,
            State::Waiting { .. } => timer != Timer::K,
            State::Answered => timer == Timer::K,
        }
    }
}

/// All client transactions.
pub(super) struct Clients {
    pub(super) timers: TransactionTimers,
    limits: TransactionLimits,
    slots: Slots<Client>,
    by_key: HashMap<Arc<[u8]>, Id>,
    /// The first of those that wait on a flow.
    on_flow: HashMap<Flow, Id>,
    queues: Queues<Timer>,
    pub(super) waiting: usize,
    pub(super) dropped: u64,
}

type Outputs = VecDeque<TransactionOutput>;

impl Clients {
    pub(super) fn new(timers: TransactionTimers, limits: TransactionLimits) -> Self {
        Self {
            timers,
            limits,
            slots: Slots::new(),
            by_key: HashMap::new(),
            on_flow: HashMap::new(),
            queues: Queues::new(),
            waiting: 0,
            dropped: 0,
        }
    }

    /// How many are answered and absorb repeats.
    pub(super) fn kept(&self) -> usize {
        self.slots.len() - self.waiting
    }

    /// Sends a request.
    pub(super) fn request(
        &mut self,
        now: Instant,
        key: &[u8],
        flow: Flow,
        bytes: Bytes,
        outputs: &mut Outputs,
    ) -> Result<ClientId, Unsendable> {
        if self.by_key.contains_key(key) {
            return Err(Unsendable::BranchTaken);
        }
        if self.waiting >= self.limits.pending_max {
            return Err(Unsendable::Overload);
        }
        let key: Arc<[u8]> = key.into();
        let interval = self.timers.t1;
        let request = Some(bytes.clone());
        let state = State::Waiting { request, interval, is_tried: false };
        let behind = self.on_flow.get(&flow).copied();
        let client = Client { key: Arc::clone(&key), flow, state, before: None, behind };
        let id = self.slots.insert(client).ok_or(Unsendable::Overload)?;
        if let Some(behind) = behind.and_then(|behind| self.slots.get_mut(behind)) {
            behind.before = Some(id);
        }
        self.on_flow.insert(flow, id);
        self.by_key.insert(key, id);
        self.waiting += 1;
        if !flow.is_reliable() {
            self.set(Timer::E, interval, now + interval, id);
        }
        let give_up = self.timers.give_up();
        self.set(Timer::F, give_up, now + give_up, id);
        outputs.push_back(TransactionOutput::Transmit { flow, bytes });
        Ok(ClientId(id))
    }

    /// Sends one not again.
    pub(super) fn quieten(&mut self, id: Id) {
        if let Some(Client { state: State::Waiting { request, .. }, .. }) = self.slots.get_mut(id) {
            *request = None;
        }
        self.prune();
    }

    /// An answer, with the key of what it answers.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        key: &[u8],
        came: &Flow,
        status: Status,
    ) -> Received {
        let found = self.by_key.get(key).copied();
        let Some((id, client)) = found.and_then(|id| Some((id, self.slots.get_mut(id)?))) else {
            return Received::Unmatched;
        };
        if !key::may_answer(&client.flow, came) {
            return Received::Unmatched;
        }
        let State::Waiting { is_tried, .. } = &mut client.state else { return Received::Repeated };
        let is_final = !status.is_provisional();
        if !is_final {
            *is_tried = true;
            return Received::Answered { client: ClientId(id), is_final };
        }
        if client.flow.is_reliable() {
            self.remove(id);
        } else {
            self.unlink(id);
            if let Some(client) = self.slots.get_mut(id) {
                client.state = State::Answered;
            }
            self.waiting -= 1;
            self.set(Timer::K, self.timers.t4, now + self.timers.t4, id);
            self.keep_to_limits();
        }
        self.prune();
        Received::Answered { client: ClientId(id), is_final }
    }

    /// A flow is gone: nothing that waits on it will be answered.
    pub(super) fn lost(&mut self, flow: &Flow, outputs: &mut Outputs) {
        let mut next = self.on_flow.get(flow).copied();
        while let Some(id) = next {
            next = self.slots.get(id).and_then(|client| client.behind);
            self.remove(id);
            let client = ClientId(id);
            outputs.push_back(TransactionOutput::Failed { client, why: Failure::Lost });
        }
        self.prune();
    }

    /// What became due.
    pub(super) fn elapse(&mut self, now: Instant, outputs: &mut Outputs) {
        while let Some((timer, due, id)) = self.queues.take(now) {
            let t2 = self.timers.t2;
            let Some(client) = self.slots.get_mut(id).filter(|client| client.awaits(timer)) else {
                continue;
            };
            if let (Timer::E, State::Waiting { request: Some(request), interval, is_tried }) =
                (timer, &mut client.state)
            {
                let (flow, bytes) = (client.flow, request.clone());
                outputs.push_back(TransactionOutput::Transmit { flow, bytes });
                *interval = if *is_tried { t2 } else { (*interval * 2).min(t2) };
                let interval = *interval;
                self.set(Timer::E, interval, super::next(due, interval, now), id);
                continue;
            }
            self.remove(id);
            if timer == Timer::F {
                let client = ClientId(id);
                outputs.push_back(TransactionOutput::Failed { client, why: Failure::Timeout });
            }
        }
        self.prune();
    }

    /// When the next timer runs out.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.queues.deadline()
    }

    fn set(&mut self, timer: Timer, after: Duration, due: Instant, id: Id) {
        let Self { queues, slots, .. } = self;
        let awaits = |timer, id| slots.get(id).is_some_and(|client| client.awaits(timer));
        queues.set(timer, after, due, id, slots.len(), awaits);
    }

    fn prune(&mut self) {
        let Self { queues, slots, .. } = self;
        let awaits = |timer, id| slots.get(id).is_some_and(|client| client.awaits(timer));
        queues.prune(Timer::E, awaits);
        queues.prune(Timer::F, awaits);
    }

    fn remove(&mut self, id: Id) {
        self.unlink(id);
        let Some(client) = self.slots.remove(id) else { return };
        self.by_key.remove(&client.key);
        self.waiting -= usize::from(matches!(client.state, State::Waiting { .. }));
        if self.slots.len() == 0 && self.by_key.capacity() > ROOM {
            self.by_key = HashMap::new();
            self.on_flow = HashMap::new();
        }
    }

    /// Takes one out of the row of those that wait on its flow.
    fn unlink(&mut self, id: Id) {
        let Some(client) = self.slots.get_mut(id) else { return };
        if !matches!(client.state, State::Waiting { .. }) {
            return;
        }
        let (flow, before, behind) = (client.flow, client.before.take(), client.behind.take());
        if let Some(behind) = behind.and_then(|behind| self.slots.get_mut(behind)) {
            behind.before = before;
        }
        match (before.and_then(|before| self.slots.get_mut(before)), behind) {
            (Some(before), _) => before.behind = behind,
            (None, Some(behind)) => drop(self.on_flow.insert(flow, behind)),
            (None, None) => drop(self.on_flow.remove(&flow)),
        }
    }

    /// Drops the oldest that absorb repeats while there are too many.
    fn keep_to_limits(&mut self) {
        while self.kept() > self.limits.kept_max {
            let Self { queues, slots, .. } = self;
            let awaits =
                |timer, id| slots.get(id).is_some_and(|client: &Client| client.awaits(timer));
            let Some(id) = queues.take_oldest(Timer::K, awaits) else { return };
            self.remove(id);
            self.dropped += 1;
        }
    }

    /// How many entries the tables and queues have room for.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.by_key.capacity() + self.on_flow.capacity() + self.queues.room()
    }
}
