//! The calls of a pair's agents, put together from the events about them; pure.
//!
//! ```text
//!   BEGIN_CALL -> a call with its context
//!   DELIVERED, ORIGINATED, ESTABLISHED, HELD ... -> what each party is doing in it
//!   CONNECTION_CLEARED, DIVERTED, FAILED -> a party leaves; an agent's call is Over until the agent is
//!                                           ready, not ready or signed out
//!   CONFERENCED, TRANSFERRED -> the second call's parties go on in the first
//!   END_CALL, or too many calls -> gone
//!   link lost -> agents' calls stay, as far as agents turn out to be in one still
//! ```
//!
//! Call events, agent states and confirmations come in no order among each other (the guide's
//! "Application Level Interfaces"), so whatever comes makes the call it is about. A device's id is
//! compared with agents' lines as a whole; nothing is read out of it.

mod call;
mod context;
mod lines;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::{AgentId, Call, Extension, PresenceState, Timestamp};
use protocols::cti::{Connection, ConnectionState, Event, Line, LineType, NULL, Party, Text};

use call::{Known, Place};
use lines::{Lines, Placed, Role};

/// Calls remembered at once; the oldest goes first.
const CALLS_MAX: usize = 50_000;
/// Parties remembered of one call, calls that share an id, and calls shown of one agent.
const PARTIES_MAX: usize = 16;

/// The calls of a pair.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    calls: BTreeMap<u64, Known>,
    /// By call id, which two calls may share (consult calls on some switches).
    by_id: HashMap<u32, Vec<u64>>,
    /// Numbers of calls with a party at that device.
    by_device: HashMap<Box<str>, BTreeSet<u64>>,
    lines: Lines,
    next: u64,
}

impl Calls {
    /// Where an agent takes calls: the line, how the server names the phone, and the other lines of
    /// that phone. True where the agent may have other calls now.
    pub(crate) fn place(
        &mut self,
        agent: &AgentId,
        extension: Option<&Extension>,
        instrument: Option<&str>,
        other_lines: &[Extension],
    ) -> bool {
        let mut placed: Vec<Placed> = Vec::with_capacity(2);
        let own = extension.map(|it| (it.as_str(), Role::Own));
        // A mobile agent's instrument names the local port first.
        let phone = instrument.and_then(|it| it.split(';').next()).map(|it| (it, Role::Phone));
        let others = other_lines.iter().map(|it| (it.as_str(), Role::Other));
        for (device, role) in own.into_iter().chain(phone).chain(others) {
            if !device.is_empty() && !placed.iter().any(|known| *known.device == *device) {
                placed.push(Placed { device: device.into(), role });
            }
        }
        let Some(mut concerned) = self.lines.set(agent, placed) else { return false };
        concerned.extend_from_slice(self.lines.of(agent));
        concerned.iter().any(|it| self.by_device.contains_key(&it.device))
    }

    /// Takes in an event; whose calls may have changed.
    pub(crate) fn event(&mut self, event: &Event, now: Timestamp) -> BTreeSet<AgentId> {
        let mut touched = Touched::default();
        match event {
            Event::BeginCall(it) => {
                let number = self.exact_or_new(&it.connection, now, &mut touched);
                self.change(number, &mut touched, |call| call.context.take(&it.context, false));
            }
            Event::EndCall(it) => {
                if let Some(number) = self.find(&it.connection) {
                    self.remove(number, &mut touched);
                }
            }
            Event::CallDataUpdate(it) => {
                let number = self.find_or_new(&it.connection, now, &mut touched);
                self.change(number, &mut touched, |call| call.context.take(&it.context, true));
                if it.new_connection.call_id != NULL
                    && it.new_connection.call_id != it.connection.call_id
                {
                    self.rename(number, &it.new_connection);
                }
            }
            Event::CallDelivered(it) => {
                let number = self.find_or_new(&it.connection, now, &mut touched);
                self.change(number, &mut touched, |call| {
                    call.context.take(&it.context, false);
                    call.parties_known(&it.calling.id, &it.called.id);
                });
                // A trunk that is seized rings nowhere yet.
                if it.outcome.state == ConnectionState::Alerting {
                    let place = Place::alerting(&it.line);
                    self.party(number, &it.alerting.id, place, now, &mut touched);
                }
                self.dialling(number, &it.calling.id, &it.line, now, &mut touched);
            }
            Event::CallOriginated(it) => {
                let number = self.find_or_new(&it.connection, now, &mut touched);
                self.change(number, &mut touched, |call| {
                    call.parties_known(&it.calling.id, &it.called.id);
                });
                let place = Place::dialling(&it.line);
                self.party(number, &it.calling.id, place, now, &mut touched);
            }
            Event::CallServiceInitiated(it) => {
                let number = self.find_or_new(&it.connection, now, &mut touched);
                let place = Place::dialling(&it.line);
                self.party(number, &it.calling.id, place, now, &mut touched);
            }
            Event::CallEstablished(it) => {
                let number = self.find_or_new(&it.connection, now, &mut touched);
                self.change(number, &mut touched, |call| {
                    call.parties_known(&it.calling.id, &it.called.id);
                });
                let place = Place::active(&it.line);
                self.party(number, &it.answering.id, place, now, &mut touched);
                self.known_party(number, &it.calling.id, Place::talking(), now, &mut touched);
            }
            Event::CallHeld(it) => {
                let number = self.find_or_new(&it.connection, now, &mut touched);
                self.party(number, &it.device.id, Place::held(), now, &mut touched);
            }
            Event::CallRetrieved(it) => {
                let number = self.find_or_new(&it.connection, now, &mut touched);
                self.party(number, &it.device.id, Place::talking(), now, &mut touched);
            }
            Event::CallConnectionCleared(it) => {
                self.leaves(&it.connection, &it.device.id, &mut touched);
            }
            Event::CallFailed(it) => self.leaves(&it.connection, &it.failing.id, &mut touched),
            Event::CallDiverted(it) => {
                if let Some(number) = self.find(&it.connection) {
                    self.drop_party(number, &it.diverting.id, &mut touched);
                }
            }
            Event::CallCleared(it) => {
                if let Some(number) = self.find(&it.connection) {
                    self.all_over(number, &mut touched);
                }
            }
            Event::CallQueued(it) => {
                let number = self.find_or_new(&it.connection, now, &mut touched);
                self.change(number, &mut touched, |call| {
                    call.queue = it.queue.id.clone().or_else(|| call.queue.take());
                    call.parties_known(&it.calling.id, &it.called.id);
                });
            }
            Event::CallConferenced(it) => {
                self.join(&it.primary, &it.secondary, &it.parties, now, &mut touched);
            }
            Event::CallTransferred(it) => {
                self.join(&it.primary, &it.secondary, &it.parties, now, &mut touched);
                if let Some(number) = self.find(&it.primary) {
                    self.over_at(number, &it.by.id, &mut touched);
                }
            }
            _ => {}
        }
        touched.agents(&self.lines)
    }

    /// An agent's state changed: what was being wrapped up is over. True where that shows.
    pub(crate) fn state(&mut self, agent: &AgentId, state: PresenceState) -> bool {
        let rests = matches!(
            state,
            PresenceState::Ready | PresenceState::NotReady { .. } | PresenceState::SignedOut { .. }
        );
        if !rests {
            return false;
        }
        let mut touched = Touched::default();
        for Placed { device, role } in self.lines.of(agent).to_vec() {
            // Whoever has the line as their own wraps up there.
            if role == Role::Other && self.lines.is_own(&device) {
                continue;
            }
            for number in self.numbers_at(&device) {
                let is_over = |call: &Known| call.is_old || call.is_over_at(&device);
                if self.calls.get(&number).is_some_and(is_over) {
                    self.drop_party(number, &Some(device.clone()), &mut touched);
                }
            }
        }
        if matches!(state, PresenceState::SignedOut { .. }) {
            self.lines.remove(agent);
        }
        !touched.devices.is_empty()
    }

    /// The calls of an agent, the one that matters first.
    pub(crate) fn of(&self, agent: &AgentId) -> Vec<Call> {
        let mut calls = Vec::new();
        for Placed { device, role } in self.lines.of(agent) {
            for number in self.numbers_at(device) {
                let Some(call) = self.calls.get(&number) else { continue };
                let is_own = match role {
                    Role::Own => true,
                    Role::Phone => !call.is_other(device),
                    Role::Other => false,
                };
                calls.extend(call.shown(device, is_own));
            }
        }
        calls.sort_by_key(|call| {
            (call.other_line.is_some(), call::order(call.state), call.began_at, call.id.clone())
        });
        let mut seen = HashSet::new();
        calls.retain(|call| seen.insert(call.id.clone()));
        calls.truncate(PARTIES_MAX);
        calls
    }

    /// Whose own line that is.
    pub(crate) fn signed_on_at(&self, line: &str) -> impl Iterator<Item = &AgentId> {
        self.lines.owners(line)
    }

    /// Where a call of that id is, for a request about it.
    pub(crate) fn connection(&self, id: &str) -> Option<Connection> {
        let number = id.parse().ok()?;
        self.calls.get(&number).map(|call| call.connection.clone())
    }

    /// The server took what a call was about.
    pub(crate) fn note_wrap_up(&mut self, id: &str, text: &str) {
        if let Some(call) = id.parse().ok().and_then(|number| self.calls.get_mut(&number)) {
            call.context.note_wrap_up(text);
        }
    }

    /// The link was lost. No server tells again of calls that began before, so agents' calls are kept
    /// until their states show that they are over; everything else is forgotten.
    pub(crate) fn lost(&mut self) {
        let is_kept = |call: &Known| {
            !call.is_ended && call.parties.keys().any(|device| self.lines.is_own(device))
        };
        let gone = self.calls.iter().filter(|(_, call)| !is_kept(call));
        for number in gone.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.forget(number, &mut Touched::default());
        }
        // Whether others are in it still will never show.
        let lines = std::mem::take(&mut self.lines);
        self.by_device.retain(|device, _| lines.is_own(device));
        for call in self.calls.values_mut() {
            call.is_old = true;
            call.parties.retain(|device, _| lines.is_own(device));
        }
    }

    /// How many calls are known.
    pub(crate) fn count(&self) -> usize {
        self.calls.len()
    }

    fn numbers_at(&self, device: &str) -> Vec<u64> {
        self.by_device.get(device).map(|it| it.iter().copied().collect()).unwrap_or_default()
    }

    fn exact(&self, connection: &Connection) -> Option<u64> {
        let numbers = self.by_id.get(&connection.call_id)?;
        numbers
            .iter()
            .copied()
            .find(|number| self.calls.get(number).is_some_and(|it| it.connection == *connection))
    }

    /// The call of that very connection, else the only one of that id: each party's connection names
    /// another device.
    fn find(&self, connection: &Connection) -> Option<u64> {
        self.exact(connection).or_else(|| {
            let numbers = self.by_id.get(&connection.call_id)?;
            numbers.last().copied()
        })
    }

    fn find_or_new(
        &mut self,
        connection: &Connection,
        now: Timestamp,
        touched: &mut Touched,
    ) -> u64 {
        match self.find(connection) {
            Some(number) => {
                if let Some(call) = self.calls.get_mut(&number) {
                    call.is_old = false;
                }
                number
            }
            None => self.add(connection, now, touched),
        }
    }

    fn exact_or_new(
        &mut self,
        connection: &Connection,
        now: Timestamp,
        touched: &mut Touched,
    ) -> u64 {
        // An id that begins anew is another call than the one before the link was lost.
        if let Some(old) = self.exact(connection)
            && self.calls.get(&old).is_some_and(|call| call.is_old)
        {
            self.forget(old, touched);
        }
        match self.exact(connection) {
            Some(number) => number,
            None => self.add(connection, now, touched),
        }
    }

    fn add(&mut self, connection: &Connection, now: Timestamp, touched: &mut Touched) -> u64 {
        let sharing = self.by_id.get(&connection.call_id);
        let sharing = sharing.filter(|sharing| sharing.len() >= PARTIES_MAX);
        let oldest = match sharing.and_then(|sharing| sharing.first()) {
            Some(oldest) => Some(*oldest),
            None if self.calls.len() >= CALLS_MAX => self.calls.keys().next().copied(),
            None => None,
        };
        if let Some(oldest) = oldest {
            self.forget(oldest, touched);
        }
        self.next += 1;
        let number = self.next;
        self.calls.insert(number, Known::new(number, connection.clone(), now));
        self.by_id.entry(connection.call_id).or_default().push(number);
        number
    }

    fn rename(&mut self, number: u64, connection: &Connection) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        let old = std::mem::replace(&mut call.connection, connection.clone());
        leave_id(&mut self.by_id, old.call_id, number);
        self.by_id.entry(connection.call_id).or_default().push(number);
    }

    /// The server is done with a call. What an agent wraps up stays until the agent is done with it.
    fn remove(&mut self, number: u64, touched: &mut Touched) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.is_ended = true;
        self.all_over(number, touched);
        let wrapped_up = |call: &Known| call.parties.keys().any(|it| self.lines.is_own(it));
        if !self.calls.get(&number).is_some_and(wrapped_up) {
            self.forget(number, touched);
        }
    }

    fn forget(&mut self, number: u64, touched: &mut Touched) {
        if let Some(call) = self.calls.remove(&number) {
            touched.all(&call);
            leave_id(&mut self.by_id, call.connection.call_id, number);
            for device in call.parties.keys() {
                self.leave_index(device, number);
            }
        }
    }

    fn all_over(&mut self, number: u64, touched: &mut Touched) {
        let devices = self.calls.get(&number).map(|call| call.parties.keys().cloned());
        for device in devices.into_iter().flatten().collect::<Vec<_>>() {
            self.over_at(number, &Some(device), touched);
        }
    }

    fn change(&mut self, number: u64, touched: &mut Touched, change: impl FnOnce(&mut Known)) {
        if let Some(call) = self.calls.get_mut(&number) {
            change(call);
            touched.all(call);
        }
    }

    fn party(
        &mut self,
        number: u64,
        device: &Text,
        place: Place,
        now: Timestamp,
        touched: &mut Touched,
    ) {
        let (Some(device), Some(call)) = (device, self.calls.get_mut(&number)) else { return };
        if call.parties.len() >= PARTIES_MAX && !call.parties.contains_key(device) {
            return;
        }
        call.set(device, place, now);
        // Whoever was in it alone sees with whom now.
        touched.all(call);
        self.by_device.entry(device.clone()).or_default().insert(number);
    }

    /// The same, where the device is in the call already.
    fn known_party(
        &mut self,
        number: u64,
        device: &Text,
        place: Place,
        now: Timestamp,
        touched: &mut Touched,
    ) {
        let known = |device: &str| {
            self.calls.get(&number).is_some_and(|call| call.parties.contains_key(device))
        };
        if device.as_deref().is_some_and(known) {
            self.party(number, device, place, now, touched);
        }
    }

    /// Whoever calls an agent's line from an agent's line is in the call too.
    fn dialling(
        &mut self,
        number: u64,
        device: &Text,
        line: &Line,
        now: Timestamp,
        touched: &mut Touched,
    ) {
        let Some(id) = device else { return };
        let in_it = self.calls.get(&number).is_some_and(|call| call.parties.contains_key(id));
        if !in_it && self.lines.agents(id).next().is_some() {
            let place = Place { is_other: false, ..Place::dialling(line) };
            self.party(number, device, place, now, touched);
        }
    }

    fn leaves(&mut self, connection: &Connection, device: &Text, touched: &mut Touched) {
        if let Some(number) = self.find(connection) {
            self.over_at(number, device, touched);
        }
    }

    fn over_at(&mut self, number: u64, device: &Text, touched: &mut Touched) {
        let (Some(name), Some(call)) = (device, self.calls.get_mut(&number)) else { return };
        // Other lines, and phones of nobody, have no wrap-up.
        if !self.lines.is_own(name) || call.is_other(name) {
            return self.drop_party(number, device, touched);
        }
        call.over(name);
        touched.devices.insert(name.clone());
    }

    fn drop_party(&mut self, number: u64, device: &Text, touched: &mut Touched) {
        let (Some(device), Some(call)) = (device, self.calls.get_mut(&number)) else { return };
        if call.parties.remove(device).is_none() {
            return;
        }
        // Not every agent of an old call may be placed again yet.
        let is_done = if call.is_old {
            call.parties.is_empty()
        } else {
            call.is_ended && !call.parties.keys().any(|party| self.lines.is_own(party))
        };
        touched.devices.insert(device.clone());
        touched.all(call);
        self.leave_index(device, number);
        if is_done {
            self.forget(number, touched);
        }
    }

    fn leave_index(&mut self, device: &str, number: u64) {
        if let Some(numbers) = self.by_device.get_mut(device) {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.by_device.remove(device);
            }
        }
    }

    /// The second call goes on in the first.
    fn join(
        &mut self,
        primary: &Connection,
        secondary: &Connection,
        parties: &[Party],
        now: Timestamp,
        touched: &mut Touched,
    ) {
        let number = self.find_or_new(primary, now, touched);
        let second = self.find(secondary).filter(|second| *second != number);
        if let Some(second) = second.and_then(|second| self.calls.get(&second)) {
            let (moved, context) = (second.parties.clone(), second.context.clone());
            let gone = second.number;
            touched.all(second);
            for (device, place) in moved {
                self.party(number, &Some(device.clone()), place, now, touched);
                self.drop_party(gone, &Some(device), touched);
            }
            self.change(number, touched, |call| call.context.fill(context));
            self.forget(gone, touched);
        }
        for party in parties.iter().filter(|party| party.device_id.is_some()) {
            self.party(number, &party.device_id, Place::talking(), now, touched);
        }
    }
}

/// Devices whose calls may have changed.
#[derive(Debug, Default)]
struct Touched {
    devices: BTreeSet<Box<str>>,
}

impl Touched {
    fn all(&mut self, call: &Known) {
        self.devices.extend(call.parties.keys().cloned());
    }

    fn agents(self, lines: &Lines) -> BTreeSet<AgentId> {
        self.devices.iter().flat_map(|device| lines.agents(device)).cloned().collect()
    }
}

fn leave_id(index: &mut HashMap<u32, Vec<u64>>, id: u32, number: u64) {
    if let Some(numbers) = index.get_mut(&id) {
        numbers.retain(|known| *known != number);
        if numbers.is_empty() {
            index.remove(&id);
        }
    }
}

/// Whether a line is one that agents take no calls of the contact centre on (CTI-09).
fn is_other_line(line: &Line) -> bool {
    matches!(line.kind, LineType::OtherIn | LineType::OtherOut)
}

#[cfg(test)]
mod tests;
