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
    /// The server in use, where one answers.
    pub server: Option<SocketAddr>,
    /// What is wrong where none does.
    pub problem: Option<String>,
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
