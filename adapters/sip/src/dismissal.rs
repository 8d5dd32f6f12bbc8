//! What other settings end: registrations of phones that they do not have any more or prove in another way, and
//! connections from where nobody may come.
//!
//! Phones notice by their connection, and come back at once where they still may. Who registers under an address
//! that its domain lost goes at its next refresh, which is refused.

use std::collections::HashSet;

use domain::settings::Device;
use protocols::sip::Flow;

use crate::element::Element;
use crate::flows::{Proven, locked};
use crate::site::Site;

impl Element {
    /// Ends what was good under the settings of before, and is not under those that are in force now.
    pub(crate) fn dismiss(&self, before: &Site) {
        let after = self.site();
        let after = after.as_deref();
        let all = before.settings.devices.values().filter(|device| device.sip.is_some());
        let dismissed: HashSet<&str> = all
            .filter(|device| !self.is_as_before(before, device, after))
            .map(|device| device.name.as_str())
            .collect();
        let has_other_lines = |device: &str, aor: &str| {
            let Ok(name) = device.parse() else { return false };
            let (Some(old), Some(after)) = (before.device(&name), after) else { return false };
            let Some(new) = after.device(&name).filter(|new| new.lines != old.lines) else {
                return false;
            };
            before.may_have(old, aor) && !after.may_have(new, aor)
        };
        let mut state = locked(&self.state);
        let mut left: HashSet<Flow> = HashSet::new();
        let mut lines = Vec::new();
        for binding in state.registrar.bindings() {
            let Some(device) = binding.device.as_deref() else { continue };
            if dismissed.contains(device) {
                left.insert(binding.flow);
            } else if has_other_lines(device, &binding.aor) {
                lines.push((binding.aor.clone(), binding.uri.clone(), device.to_owned()));
            }
        }
        let strangers: Vec<Flow> = state
            .registrar
            .bindings()
            .map(|binding| binding.flow)
            .filter(|flow| !flow.is_reliable() && !self.allows(flow.peer()))
            .collect();
        for device in &dismissed {
            state.registrar.remove_device(device);
            state.held_off.remove(*device);
        }
        for (aor, uri, device) in lines {
            state.registrar.remove(&aor, Some(&device), &uri);
        }
        for flow in strangers {
            state.registrar.lost(crate::time::now(), flow);
        }
        left.retain(|flow| !state.registrar.is_used(flow));
        self.settle(state);
        for connection in self.flows().all() {
            let is_over = match &connection.proven {
                Proven::Device(device) => dismissed.contains(device.as_str()),
                Proven::Nobody => left.contains(&connection.flow),
                Proven::NextHop(_) => false,
            };
            let is_foreign = connection.is_incoming && !self.allows(connection.flow.peer());
            if is_over || is_foreign {
                connection.close();
            }
        }
    }

    /// Whether a device is still who it was: known by the same name and secret, and still one of ours.
    fn is_as_before(&self, before: &Site, old: &Device, after: Option<&Site>) -> bool {
        let Some(after) = after else { return false };
        let Some(new) = after.device(&old.name) else { return false };
        let (Some(sip), Some(new_sip)) = (&old.sip, &new.sip) else { return false };
        let is_known_alike = sip.user == new_sip.user
            && sip.address == new_sip.address
            && sip.next_hop == new_sip.next_hop
            && before.proof(old) == after.proof(new);
        // Settings that are applied again seal the same password anew.
        is_known_alike
            && (sip.password == new_sip.password
                || before.password(old, &self.port) == after.password(new, &self.port))
    }
}
