//! The listener of the identity service: browsers on their way to the identity provider, applications.

use std::net::SocketAddr;

use domain::{NodeName, Problems};

use super::raw::Raw;
use super::{port, with_port};

const ADDRESSES: &str = "listeners.identity.addresses";
const PORT: &str = "listeners.identity.port";

/// The listener of the identity service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityListener {
    /// Where it listens; nowhere where it is off.
    pub addresses: Vec<SocketAddr>,
    /// Whether the operator chose the addresses, so that each must be there.
    pub addresses_chosen: bool,
    /// Whether the operator wrote where it is. Else a port that is taken is done without.
    pub chosen: bool,
    /// The name in URLs.
    pub public_name: NodeName,
    /// The port in URLs.
    pub public_port: u16,
}

impl IdentityListener {
    /// Scheme, host and port under which browsers reach it, the port always written: identity providers and
    /// applications compare these URLs byte for byte.
    pub fn base(&self) -> String {
        format!("https://{}:{}", self.public_name, self.public_port)
    }

    /// Reads it; `others` are the ports of the other listeners.
    pub(super) fn read(
        raw: &Raw,
        name: &NodeName,
        others: &[Option<u16>],
        problems: &mut Problems,
    ) -> Self {
        let own = Some(port(raw.number(PORT))).filter(|port| *port > 0);
        if let Some(port) = own.filter(|port| others.contains(&Some(*port))) {
            let message = format_args!(
                "must differ from the other listeners' ports, {port} is one; 0 switches it off"
            );
            problems.add(PORT, message);
        }
        let public_port = raw.written_number("listeners.identity.public_port").map(port);
        Self {
            addresses: own.map_or_else(Vec::new, |port| with_port(&raw.addresses(ADDRESSES), port)),
            addresses_chosen: raw.is_written(ADDRESSES),
            chosen: raw.is_written(ADDRESSES) || raw.is_written(PORT),
            public_name: raw.name("listeners.identity.public_name").unwrap_or_else(|| name.clone()),
            public_port: public_port.or(own).unwrap_or_default(),
        }
    }
}
