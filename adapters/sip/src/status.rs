//! How SIP stands, for status and console.

use std::net::SocketAddr;

use crate::element::Element;
use crate::flows::locked;

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
    /// Next hops by name.
    pub next_hops: Vec<NextHopStatus>,
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

impl SipStatus {
    pub(crate) fn of(element: &Element) -> Self {
        let state = locked(&element.state);
        let counts = state.registrar.counts();
        drop(state);
        Self {
            is_on: element.site().is_some(),
            bindings: counts.bindings,
            reachable: counts.live,
            connections: element.flows().count(),
            next_hops: element.hop_statuses(),
        }
    }
}
