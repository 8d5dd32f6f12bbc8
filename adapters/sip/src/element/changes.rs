//! What became of phones, told to those who listen and in the log: once for each change, never for a refresh.

use std::time::Duration;

use protocols::sip::registrar::{BindingChange, Unreachable};

use super::{Element, named};
use crate::events::{Reached, SipEvent};
use crate::flows::Connection;
use crate::stream::Ended;
use crate::time::now;

/// The connection whose end made phones unreachable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause {
    reason: Ended,
    /// How long it was open.
    age: Duration,
}

impl Cause {
    pub(super) fn of(connection: &Connection, reason: Ended) -> Self {
        Self { reason, age: now().saturating_duration_since(connection.opened) }
    }
}

impl Element {
    pub(super) fn tell(&self, changes: Vec<BindingChange>, cause: Option<Cause>) {
        for change in changes {
            log(&change, cause);
            self.note_change(&change);
            let event = match change {
                BindingChange::Reachable { device: Some(device), is_fresh, .. } => {
                    named(&device).map(|device| SipEvent::Reachable(Reached { device, is_fresh }))
                }
                BindingChange::Unreachable { device: Some(device), why, .. } => {
                    named(&device).map(|device| SipEvent::Unreachable(device, why))
                }
                _ => None,
            };
            let Some(event) = event else { continue };
            // Nobody may listen yet.
            let _ = self.events.send(event);
        }
    }
}

fn log(change: &BindingChange, cause: Option<Cause>) {
    match change {
        BindingChange::Reachable { aor, device, flow, is_fresh } => {
            let device = device.as_deref().unwrap_or_default();
            let words = if *is_fresh { "a phone registered anew" } else { "a phone is back" };
            tracing::info!(
                device, address = %aor.escape_debug(), transport = flow.transport(),
                peer = %flow.peer(), "{words}",
            );
        }
        BindingChange::Moved { aor, device, from, to } => {
            tracing::info!(
                device = device.as_deref().unwrap_or_default(), address = %aor.escape_debug(),
                transport = to.transport(), peer = %to.peer(), before = %from.peer(),
                "a phone is reached over another flow",
            );
        }
        BindingChange::Unreachable { aor, device, flow, since, why } => {
            let cause = cause.filter(|_| *why == Unreachable::Lost);
            let reason = match (why, cause) {
                (Unreachable::Lost, Some(cause)) => cause.reason.name(),
                (Unreachable::Lost, None) => "lost",
                (Unreachable::Expired, _) => "expired",
                (Unreachable::Removed, _) => "removed",
            };
            tracing::info!(
                device = device.as_deref().unwrap_or_default(), address = %aor.escape_debug(),
                transport = flow.transport(), peer = %flow.peer(), reason,
                registered_seconds = now().saturating_duration_since(*since).as_secs(),
                connected_seconds = cause.map(|cause| cause.age.as_secs()),
                "a phone is not reached any more",
            );
        }
    }
}
