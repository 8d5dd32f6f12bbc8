//! How SIP stands, for status and console.

use std::net::SocketAddr;
use std::time::Duration;

use protocols::sip::registrar::Binding;

use crate::element::Element;
use crate::flows::locked;
use crate::time::now;

/// Devices that are named.
const DEVICES_MAX: usize = 1_000;

/// How SIP stands on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SipStatus {
    /// Whether the settings have a domain.
    pub is_on: bool,
    /// Registrations with this node.
    pub bindings: usize,
    /// Those whose flow is there.
    pub reachable: usize,
    /// Connections that are open.
    pub connections: usize,
    /// Places for connections that came and are taken, those in a handshake included.
    pub places: usize,
    /// Where it listens, by transport.
    pub listeners: Vec<(&'static str, SocketAddr)>,
    /// Who is registered, by address of record; of very many the first ones.
    pub devices: Vec<RegisteredDevice>,
    /// Next hops by name.
    pub next_hops: Vec<NextHopStatus>,
}

/// A device that is registered with this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredDevice {
    /// Its name.
    pub device: String,
    /// The address of record.
    pub address: String,
    /// The transport of its flow.
    pub transport: &'static str,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Whether its flow is there.
    pub is_reachable: bool,
    /// For how long it has been registered.
    pub age: Duration,
    /// How long ago it refreshed that.
    pub refreshed: Duration,
    /// What it says it is.
    pub user_agent: Option<String>,
    /// Whether it takes remotecc, so that pages are shown over its flow.
    pub takes_remotecc: bool,
}

/// How a next hop stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHopStatus {
    /// Its name.
    pub name: String,
    /// Its servers, in the order of the settings.
    pub servers: Vec<ServerStatus>,
}

/// How a server of a next hop stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerStatus {
    /// Where it is reached, while it is.
    pub peer: Option<SocketAddr>,
    /// Whether requests go there.
    pub is_up: bool,
    /// What is wrong where they do not.
    pub problem: Option<String>,
}

impl NextHopStatus {
    /// Whether one of its servers can be used.
    pub fn is_up(&self) -> bool {
        self.servers.iter().any(|server| server.is_up)
    }
}

/// Who is registered, by address of record; at most so many.
pub(crate) fn registered(element: &Element, most: usize) -> Vec<RegisteredDevice> {
    let state = locked(&element.state);
    let now = now();
    let device = |binding: &Binding| RegisteredDevice {
        device: binding.device.as_deref().unwrap_or_default().to_owned(),
        address: binding.aor.to_string(),
        transport: binding.flow.transport(),
        peer: binding.flow.peer(),
        is_reachable: binding.is_live,
        age: now.saturating_duration_since(binding.since),
        refreshed: now.saturating_duration_since(binding.registered_at),
        user_agent: binding.user_agent.as_deref().map(str::to_owned),
        takes_remotecc: binding.remotecc,
    };
    state.registrar.bindings().take(most).map(device).collect()
}

impl SipStatus {
    pub(crate) fn of(element: &Element) -> Self {
        let state = locked(&element.state);
        let counts = state.registrar.counts();
        drop(state);
        let devices = registered(element, DEVICES_MAX);
        Self {
            is_on: element.site().is_some(),
            bindings: counts.bindings,
            reachable: counts.live,
            connections: element.flows().count(),
            places: element.flows().places(),
            listeners: element.flows().listeners().to_vec(),
            devices,
            next_hops: element.hop_statuses(),
        }
    }
}
