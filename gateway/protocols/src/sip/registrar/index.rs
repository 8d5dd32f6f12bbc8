//! Bindings and the ways to find them: by address, by device, by flow, by their end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::RegistrarCounts;
use super::binding::Binding;
use crate::sip::Flow;

#[derive(Debug, Default)]
pub(super) struct Index {
    // Boxed: numbers go up, which leaves half of a tree's room empty.
    bindings: BTreeMap<u64, Box<Binding>>,
    by_aor: BTreeMap<Arc<str>, Vec<u64>>,
    by_device: BTreeMap<Arc<str>, OfDevice>,
    /// Live ones that depend on their flow.
    by_flow: BTreeSet<(Flow, u64)>,
    due: BTreeSet<(Instant, u64)>,
    live: usize,
    last: u64,
}

/// What a device has.
#[derive(Debug, Default)]
pub(super) struct OfDevice {
    /// In the order in which they came, so in that of their numbers.
    ids: Vec<u64>,
    live: usize,
}

impl Index {
    /// The shared text of an address.
    pub(super) fn aor(&self, aor: &str) -> Arc<str> {
        self.by_aor.get_key_value(aor).map_or_else(|| aor.into(), |(known, _)| known.clone())
    }

    /// The shared text of a device's name.
    pub(super) fn device(&self, device: &str) -> Arc<str> {
        let known = self.by_device.get_key_value(device);
        known.map_or_else(|| device.into(), |(known, _)| known.clone())
    }

    pub(super) fn insert(&mut self, binding: Binding) -> u64 {
        self.last += 1;
        let id = self.last;
        self.by_aor.entry(binding.aor.clone()).or_insert_with(|| Vec::with_capacity(1)).push(id);
        if let Some(device) = &binding.device {
            let of_device = self.by_device.entry(device.clone()).or_default();
            of_device.ids.reserve_exact(1);
            of_device.ids.push(id);
            of_device.live += usize::from(binding.is_live);
        }
        if binding.depends_on_flow() && binding.is_live {
            self.by_flow.insert((binding.flow, id));
        }
        self.due.insert((binding.gone_at, id));
        self.live += usize::from(binding.is_live);
        self.bindings.insert(id, Box::new(binding));
        id
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Binding> {
        let binding = *self.bindings.remove(&id)?;
        forget(&mut self.by_aor, &binding.aor, id);
        if let Some(device) = &binding.device {
            if let Some(of_device) = self.by_device.get_mut(device) {
                take_out(&mut of_device.ids, id);
                of_device.live -= usize::from(binding.is_live);
                if of_device.ids.is_empty() {
                    self.by_device.remove(device);
                }
            }
        }
        self.by_flow.remove(&(binding.flow, id));
        self.due.remove(&(binding.gone_at, id));
        self.live -= usize::from(binding.is_live);
        Some(binding)
    }

    /// Makes it unreachable; gives it where it was not.
    pub(super) fn unlink(&mut self, id: u64) -> Option<&Binding> {
        let binding = self.bindings.get_mut(&id)?;
        if !std::mem::replace(&mut binding.is_live, false) {
            return None;
        }
        self.by_flow.remove(&(binding.flow, id));
        self.live -= 1;
        if let Some(device) = &binding.device
            && let Some(of_device) = self.by_device.get_mut(device)
        {
            of_device.live -= 1;
        }
        Some(binding)
    }

    /// Removes the first one whose end has come.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Binding> {
        let (_, id) = *self.due.first().filter(|(end, _)| *end <= now)?;
        self.remove(id)
    }

    pub(super) fn first_due(&self) -> Option<Instant> {
        self.due.first().map(|(end, _)| *end)
    }

    pub(super) fn get(&self, id: u64) -> Option<&Binding> {
        self.bindings.get(&id).map(|binding| &**binding)
    }

    pub(super) fn ids_of_aor(&self, aor: &str) -> &[u64] {
        self.by_aor.get(aor).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn ids_of_device(&self, device: &str) -> &[u64] {
        self.by_device.get(device).map(|of_device| of_device.ids.as_slice()).unwrap_or_default()
    }

    /// Whether a device has a binding that is reached.
    pub(super) fn is_reached(&self, device: &str) -> bool {
        self.by_device.get(device).is_some_and(|of_device| of_device.live > 0)
    }

    pub(super) fn of_aor(&self, aor: &str) -> impl Iterator<Item = &Binding> {
        self.ids_of_aor(aor).iter().filter_map(|id| self.get(*id))
    }

    pub(super) fn of_device(&self, device: &str) -> impl Iterator<Item = &Binding> {
        self.ids_of_device(device).iter().filter_map(|id| self.get(*id))
    }

    pub(super) fn on_flow(&self, flow: &Flow) -> Vec<u64> {
        self.by_flow.range((*flow, 0)..=(*flow, u64::MAX)).map(|(_, id)| *id).collect()
    }

    pub(super) fn is_used(&self, flow: &Flow) -> bool {
        self.by_flow.range((*flow, 0)..=(*flow, u64::MAX)).next().is_some()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Binding> {
        self.by_aor.values().flatten().filter_map(|id| self.get(*id))
    }

    pub(super) fn len(&self) -> usize {
        self.bindings.len()
    }

    pub(super) fn counts(&self) -> RegistrarCounts {
        RegistrarCounts { bindings: self.len(), live: self.live, aors: self.by_aor.len() }
    }
}

fn forget(map: &mut BTreeMap<Arc<str>, Vec<u64>>, key: &Arc<str>, id: u64) {
    if let Some(ids) = map.get_mut(key) {
        take_out(ids, id);
        if ids.is_empty() {
            map.remove(key);
        }
    }
}

/// Numbers go up, so they are in order.
fn take_out(ids: &mut Vec<u64>, id: u64) {
    if let Ok(place) = ids.binary_search(&id) {
        ids.remove(place);
    }
}
