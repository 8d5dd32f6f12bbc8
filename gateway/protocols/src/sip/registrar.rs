//! The registrar: which phones are reached at which addresses of record, over which flows, until when.
//!
//! ```text
//!   REGISTER --register()--> Bound, live --lost(flow)--> Bound, unreachable --REGISTER--> Bound, live
//!                              |    ^--REGISTER (refreshed, or moved to another flow)       |
//!                              `---- expiry, removal --------> gone <-----------------------'
//! ```
//!
//! - A binding is known by its instance and reg-id where the phone and the first hop do outbound (RFC 5626),
//!   else by its Contact URI (RFC 3261, section 19.1.4), but never across two instances or devices: phones
//!   in two homes may have the same private address.
//! - A phone that registers anew under another URI, over another flow or in another conversation takes the
//!   place of its own earlier bindings at that address, known by instance or device. So a restarted Cisco
//!   phone, whose Contact is a new UUID each time, is at once reached at the new one.
//! - What is sent to a phone goes over the flow of its binding, so a binding whose flow is lost is
//!   unreachable until the phone registers again, and goes at its expiry. Bindings with a Path are reached
//!   through it, over whatever flow leads there, and do not depend on the flow they came by.
//! - Phones whose lifetime is fixed (Cisco: 120 s, refreshed after 115 s) are kept for a grace after their
//!   expiry. Their `Expires: 0` removes them whatever their Contact says; a Contact with `cisco-keep-alive`
//!   touches nothing.
//! - Devices that share an address have their own bindings there: none removes those of another, nor takes
//!   the room that is left to it.
//! - All contacts of one request are taken or none is. A request with the Call-ID of a binding and a lower
//!   CSeq is refused; one with the same CSeq over the same flow is a repeat, which changes nothing.
//! - Granted lifetimes are spread downwards (a registrar may shorten, not lengthen: RFC 3261, section 10.3),
//!   so that phones that came at once do not come at once for ever. Fixed ones are not: their phones refresh
//!   as they please.
//! - Changes are told by [`Registrar::poll`], per address and device, in their order, each once.
//!
//! Expiry is an ordered set that has each binding exactly once, so a [`Registrar::deadline`] is never too
//! early and refreshing costs no memory. Whether a user may have an address is for the caller to decide.

mod binding;
mod index;
mod plan;
mod request;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Flow;
use index::Index;
use plan::{Deed, Plan};

pub use binding::Binding;
pub use request::{
    Asked, AskedContact, GrantedContact, Registered, RegistrarRefusal, Registration,
};

/// How a registrar grants.
#[derive(Clone, Debug)]
pub struct RegistrarSettings {
    /// Shorter lifetimes are refused, in seconds.
    pub expires_min: u32,
    /// Granted where none is asked for, in seconds.
    pub expires_default: u32,
    /// Longer lifetimes are shortened to it, in seconds.
    pub expires_max: u32,
    /// How many bindings one device may have at one address.
    pub bindings_per_phone_max: usize,
    /// How many bindings one device may have at all its addresses.
    pub bindings_per_device_max: usize,
    /// How many bindings one address may have.
    pub bindings_per_aor_max: usize,
    /// How many bindings there may be.
    pub bindings_max: usize,
    /// By how much of itself a granted lifetime is shortened at most, in percent.
    pub spread_percent: u32,
    /// How long bindings with a fixed lifetime are kept after it.
    pub grace: Duration,
}

impl Default for RegistrarSettings {
    fn default() -> Self {
        Self {
            expires_min: 60,
            expires_default: 3600,
            expires_max: 3600,
            bindings_per_phone_max: 8,
            bindings_per_device_max: 32,
            bindings_per_aor_max: 32,
            bindings_max: 30_000,
            spread_percent: 10,
            grace: Duration::from_secs(15),
        }
    }
}

/// What became of a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindingChange {
    /// It is reached now, or has registered anew while it was: show it what it has to show.
    Reachable {
        /// The address of record.
        aor: Arc<str>,
        /// The device, where it is known.
        device: Option<Arc<str>>,
        /// The flow it is reached over.
        flow: Flow,
        /// Whether it is a new registration, not a known one that came back over a new flow.
        is_fresh: bool,
    },
    /// It is reached over another flow: unlink the old one, and close it if it carries nothing else.
    Moved {
        /// The address of record.
        aor: Arc<str>,
        /// The device, where it is known.
        device: Option<Arc<str>>,
        /// The old flow.
        from: Flow,
        /// The new one.
        to: Flow,
    },
    /// It is not reached any more over any flow.
    Unreachable {
        /// The address of record.
        aor: Arc<str>,
        /// The device, where it is known.
        device: Option<Arc<str>>,
        /// The flow it was reached over.
        flow: Flow,
        /// When its registration began.
        since: Instant,
        /// Why.
        why: Unreachable,
    },
}

/// Why a phone is not reached any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// Its flow is gone; its binding waits for it.
    Lost,
    /// It did not refresh its binding.
    Expired,
    /// It removed its binding, or it was removed by us.
    Removed,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegistrarCounts {
    /// Bindings.
    pub bindings: usize,
    /// Bindings that are reached.
    pub live: usize,
    /// Addresses of record that have bindings.
    pub aors: usize,
}

/// Bindings of phones, and what became of them.
#[derive(Debug)]
pub struct Registrar {
    settings: RegistrarSettings,
    index: Index,
    changes: VecDeque<BindingChange>,
    /// Counts registrations; what orders bindings of one moment.
    order: u64,
}

/// A phone at an address, as far as changes tell them apart.
type Phone = (Arc<str>, Option<Arc<str>>);

/// Over which flow a phone is reached, and since when it is registered.
#[derive(Clone, Copy, Debug)]
struct Way {
    flow: Flow,
    since: Instant,
}

impl Way {
    fn of(binding: &Binding) -> Self {
        Self { flow: binding.flow, since: binding.since }
    }
}

impl Registrar {
    /// One without bindings.
    pub fn new(settings: RegistrarSettings) -> Self {
        Self { settings, index: Index::default(), changes: VecDeque::new(), order: 0 }
    }

    /// Grants from now on by other settings; bindings stay as they are.
    pub fn set(&mut self, settings: RegistrarSettings) {
        self.settings = settings;
    }

    /// What a REGISTER asks, by someone who may have the address.
    pub fn register(
        &mut self,
        now: Instant,
        registration: &Registration,
    ) -> Result<Registered, RegistrarRefusal> {
        self.elapse(now);
        if registration.is_keep_alive() {
            return Ok(Registered { contacts: Vec::new(), outbound_used: false });
        }
        let plan = Plan::of(registration, &self.settings, &self.index)?;
        let outbound_used = plan.outbound_used;
        let before = self.live_phones(&registration.aor);
        let touched = self.carry_out(now, registration, plan);
        let is_fresh = touched.iter().any(|(_, is_new)| *is_new);
        self.tell_difference(registration, &before, is_fresh);
        Ok(Registered { contacts: self.listed(now, &registration.aor, &touched), outbound_used })
    }

    /// A flow is gone: what depends on it is not reached any more.
    pub fn lost(&mut self, now: Instant, flow: Flow) {
        self.elapse(now);
        let mut phones = BTreeMap::new();
        for id in self.index.on_flow(&flow) {
            if let Some(binding) = self.index.unlink(id) {
                let phone = (binding.aor.clone(), binding.device.clone());
                phones.insert(phone, Way::of(binding));
            }
        }
        for (phone, way) in phones {
            self.tell_if_gone(phone, way, Unreachable::Lost);
        }
    }

    /// Lets what is due expire.
    pub fn elapse(&mut self, now: Instant) {
        while let Some(binding) = self.index.pop_due(now) {
            if binding.is_live {
                let way = Way::of(&binding);
                self.tell_if_gone((binding.aor, binding.device), way, Unreachable::Expired);
            }
        }
    }

    /// When [`Registrar::elapse`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.index.first_due()
    }

    /// The next change. Drain it after every call that may make one.
    pub fn poll(&mut self) -> Option<BindingChange> {
        self.changes.pop_front()
    }

    /// Where a device is reached, newest first; a phone has a binding at each of its addresses.
    pub fn reach_device(&self, device: &str) -> Vec<&Binding> {
        let mut reached: Vec<_> =
            self.index.of_device(device).filter(|binding| binding.is_live).collect();
        reached.sort_by_key(|binding| std::cmp::Reverse(binding.order));
        reached
    }

    /// Whether a device is reached at any of its addresses.
    pub fn is_reached(&self, device: &str) -> bool {
        self.index.is_reached(device)
    }

    /// When the newest of a device's registrations began, whether it is reached by it or not: later than before
    /// where it registered anew.
    pub fn began(&self, device: &str) -> Option<Instant> {
        self.index.of_device(device).map(|binding| binding.since).max()
    }

    /// Whether a device has a binding that a request with that Call-ID made: another one refreshes it.
    pub fn has_conversation(&self, device: &str, call_id: &str) -> bool {
        self.index.of_device(device).any(|binding| &*binding.call_id == call_id)
    }

    /// Whether a binding depends on that flow.
    pub fn is_used(&self, flow: &Flow) -> bool {
        self.index.is_used(flow)
    }

    /// Removes the bindings of a device at an address with that Contact URI exactly: its phone said that it is
    /// not there. What others who share the address wrote stays, even where it is the same.
    pub fn remove(&mut self, aor: &str, device: Option<&str>, uri: &str) {
        let ids: Vec<_> = self.index.ids_of_aor(aor).to_vec();
        for id in ids {
            let is_meant =
                |binding: &Binding| &*binding.uri == uri && binding.device.as_deref() == device;
            if self.index.get(id).is_some_and(is_meant) {
                self.take_away(id);
            }
        }
    }

    /// Removes all bindings of a device, which is not wanted any more.
    pub fn remove_device(&mut self, device: &str) {
        for id in self.index.ids_of_device(device).to_vec() {
            self.take_away(id);
        }
    }

    /// All bindings, by address.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.index.all()
    }

    /// How many there are.
    pub fn counts(&self) -> RegistrarCounts {
        self.index.counts()
    }

    /// Does what was planned; gives the bindings of the request in its order, and whether they are new.
    fn carry_out(
        &mut self,
        now: Instant,
        registration: &Registration,
        plan: Plan<'_>,
    ) -> Vec<(u64, bool)> {
        let aor = self.index.aor(&registration.aor);
        let device = registration.device.as_deref().map(|device| self.index.device(device));
        let mut touched = Vec::new();
        for id in plan.gone {
            self.index.remove(id);
        }
        for deed in plan.deeds {
            match deed {
                Deed::Keep(id) => touched.push((id, false)),
                Deed::Bind { contact, places, seconds, uses_outbound } => {
                    self.order += 1;
                    let lifetime = Duration::from_secs(u64::from(seconds));
                    let has_grace = registration.fixed_expires.is_some();
                    let grace = if has_grace { self.settings.grace } else { Duration::ZERO };
                    let device = device.clone();
                    let mut binding = Binding::new(
                        registration,
                        contact,
                        &aor,
                        device.clone(),
                        uses_outbound,
                        now,
                    );
                    binding.expires_at = now + lifetime;
                    binding.gone_at = now + lifetime + grace;
                    binding.order = self.order;
                    let mut is_new = true;
                    let mut newest = None;
                    for id in places {
                        let Some(old) = self.index.remove(id) else { continue };
                        if old.call_id == binding.call_id {
                            is_new = false;
                            binding.since = binding.since.min(old.since);
                        }
                        if newest < Some(old.order) {
                            newest = Some(old.order);
                            // A refresh says nothing of what the phone takes: that is as it was.
                            binding.remotecc = registration.remotecc.unwrap_or(old.remotecc);
                            binding.combine_max =
                                registration.combine_max.unwrap_or(old.combine_max);
                        }
                        if old.depends_on_flow() && old.is_live && old.flow != binding.flow {
                            self.changes.push_back(BindingChange::Moved {
                                aor: aor.clone(),
                                device: device.clone(),
                                from: old.flow,
                                to: binding.flow,
                            });
                        }
                    }
                    touched.push((self.index.insert(binding), is_new));
                }
            }
        }
        touched
    }

    /// The bindings of an address as they stand in a 200: those of the request first.
    fn listed(&self, now: Instant, aor: &str, touched: &[(u64, bool)]) -> Vec<GrantedContact> {
        let is_touched = |id: &u64| touched.iter().any(|(each, _)| each == id);
        let others = self.index.ids_of_aor(aor).iter().filter(|id| !is_touched(id));
        let all = touched.iter().copied().chain(others.map(|id| (*id, false)));
        let granted = |(id, is_new)| {
            let binding = self.index.get(id)?;
            let left = binding.expires_at.saturating_duration_since(now);
            let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
            // In its grace a binding has lapsed for everyone else.
            (!left.is_zero()).then(|| GrantedContact {
                uri: binding.uri.clone(),
                parameters: binding.parameters.clone(),
                expires: seconds.max(1),
                is_new,
            })
        };
        all.filter_map(granted).collect()
    }

    fn live_phones(&self, aor: &str) -> BTreeMap<Option<Arc<str>>, Way> {
        let live = self.index.of_aor(aor).filter(|binding| binding.is_live);
        live.map(|binding| (binding.device.clone(), Way::of(binding))).collect()
    }

    fn tell_difference(
        &mut self,
        registration: &Registration,
        before: &BTreeMap<Option<Arc<str>>, Way>,
        is_fresh: bool,
    ) {
        let after = self.live_phones(&registration.aor);
        let aor = self.index.aor(&registration.aor);
        for (device, Way { flow, since }) in before {
            if !after.contains_key(device) {
                let (aor, device, flow, since) = (aor.clone(), device.clone(), *flow, *since);
                let why = Unreachable::Removed;
                let change = BindingChange::Unreachable { aor, device, flow, since, why };
                self.changes.push_back(change);
            }
        }
        for (device, Way { flow, .. }) in after {
            let is_fresh = is_fresh && device.as_deref() == registration.device.as_deref();
            if is_fresh || !before.contains_key(&device) {
                let aor = aor.clone();
                self.changes.push_back(BindingChange::Reachable { aor, device, flow, is_fresh });
            }
        }
    }

    fn take_away(&mut self, id: u64) {
        if let Some(binding) = self.index.remove(id)
            && binding.is_live
        {
            let way = Way::of(&binding);
            self.tell_if_gone((binding.aor, binding.device), way, Unreachable::Removed);
        }
    }

    /// Tells that a phone is not reached any more, unless another binding of it is.
    fn tell_if_gone(&mut self, (aor, device): Phone, way: Way, why: Unreachable) {
        let is_reached =
            self.index.of_aor(&aor).any(|binding| binding.is_live && binding.device == device);
        if !is_reached {
            let Way { flow, since } = way;
            self.changes.push_back(BindingChange::Unreachable { aor, device, flow, since, why });
        }
    }
}
