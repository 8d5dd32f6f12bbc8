//! HTTP as every surface gets it: routes, who may call, limits, answers, the access log.
//!
//! ```text
//!   request -> well formed? -> route -> method -> who asks -> body -> handler -> headers -> answer
//! ```
//!
//! Works on whole requests and knows nothing of sockets and TLS: `listener` owns those. A handler
//! that panics costs its own request, not the process. Targets are never logged, since a phone's
//! may hold a password; the route's template is.

use std::net::IpAddr;
use std::sync::Arc;

use domain::Principal;
use engine::authenticate::Authenticator;
use engine::clock::Clock;
use ipnet::IpNet;

use crate::config::Limits;

mod answer;
mod credentials;
mod forwarded;
mod outgoing;
pub(crate) mod proofs;
mod record;
mod refusal;
mod routes;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use credentials::Credentials;
pub(crate) use forwarded::{Proxies, is_handed_on};
pub(crate) use outgoing::Outgoing;
pub(crate) use proofs::Proofs;
pub(crate) use record::{HttpMetrics, ListenerMetrics};
pub(crate) use routes::{RouteTable, route_tables};

/// All that is answered on one listener.
pub(crate) struct Site {
    /// The listener's name, for the log.
    pub(crate) listener: &'static str,
    /// What is answered.
    pub(crate) routes: RouteTable,
    /// Scheme, host and port in URLs, where no trusted proxy says otherwise.
    pub(crate) base: String,
    /// Proxies whose word about the client counts.
    pub(crate) proxies: Proxies,
    /// What peers may use.
    pub(crate) limits: Limits,
    /// Checks passwords of callers.
    pub(crate) authenticator: Arc<dyn Authenticator>,
    /// Knows sessions and tokens.
    pub(crate) proofs: Arc<dyn Proofs>,
    /// Measures requests.
    pub(crate) clock: Arc<dyn Clock>,
    /// Counts requests.
    pub(crate) metrics: HttpMetrics,
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The connection's own address.
    pub(crate) address: IpAddr,
    /// The device that its certificate proves, for routes that anyone may call.
    pub(crate) device: Option<Principal>,
}

impl From<IpAddr> for Caller {
    fn from(address: IpAddr) -> Self {
        Self { address, device: None }
    }
}

/// Whether `address` is a trusted proxy's.
pub(crate) fn is_trusted(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}
