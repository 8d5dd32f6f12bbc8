//! The listeners of SIP: which there are, where, and what peers may use of them.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::settings::{Sip, SipTransport};
use domain::{Problem, Problems};

use super::raw::Raw;
use super::{port, with_port};

/// Keys of ports that carry streams, and that of datagrams.
const STREAMS: [&str; 2] = ["listeners.sip.tls_port", "listeners.sip.tcp_port"];
const DATAGRAMS: &str = "listeners.sip.udp_port";

/// The listeners of SIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipListeners {
    /// Where TLS listens; nowhere where it is off.
    pub tls: Vec<SocketAddr>,
    /// Where TCP in the clear does.
    pub tcp: Vec<SocketAddr>,
    /// Where UDP does.
    pub udp: Vec<SocketAddr>,
    /// Whether the operator chose the addresses, so that each must be there.
    pub addresses_chosen: bool,
    /// Whether the operator wrote any of its keys. Else a port that is taken is done without: a node
    /// that speaks no SIP may stand beside a program that does.
    pub chosen: bool,
    /// What peers may use.
    pub limits: SipLimits,
}

/// What peers may use of the listeners of SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SipLimits {
    /// Connections at once.
    pub connections_max: usize,
    /// Connections at once from one address.
    pub connections_per_source_max: usize,
    /// TLS handshakes at once.
    pub handshakes_max: usize,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// Until a connection's first good request.
    pub idle: Duration,
    /// From a message's first byte to its last.
    pub message: Duration,
    /// Messages that wait to be sent on one connection.
    pub queue_messages: usize,
    /// Bytes that wait to be sent on one connection.
    pub queue_bytes: usize,
    /// Requests at once that wait for an answer.
    pub transactions_max: usize,
    /// Requests a second from an address that has proven nothing.
    pub requests_per_second_per_source: u32,
    /// Registrations at once.
    pub bindings_max: usize,
}

impl SipListeners {
    /// Whether there is a listener at all.
    pub fn any(&self) -> bool {
        !(self.tls.is_empty() && self.tcp.is_empty() && self.udp.is_empty())
    }

    /// What of those settings cannot work with these listeners.
    pub(crate) fn warnings(&self, sip: &Sip) -> Vec<Problem> {
        if !self.udp.is_empty() {
            return Vec::new();
        }
        let hops = sip.next_hops.iter().enumerate();
        hops.filter(|(_, hop)| hop.transport == SipTransport::Udp)
            .map(|(position, hop)| Problem {
                key: format!("sip.next_hops[{position}].transport"),
                message: format!(
                    "is udp, which this node has switched off, so {} is never reached; set \
                     {DATAGRAMS} in the configuration, or choose tls or tcp",
                    hop.name
                ),
            })
            .collect()
    }

    /// Reads them; `others` are the ports of the other listeners.
    pub(super) fn read(raw: &Raw, others: &[Option<u16>], problems: &mut Problems) -> Self {
        const ADDRESSES: &str = "listeners.sip.addresses";
        let addresses: Vec<IpAddr> = raw.addresses(ADDRESSES);
        let number = |key| Some(port(raw.number(key))).filter(|port| *port > 0);
        let [tls, tcp] = STREAMS.map(number);
        for (key, port) in STREAMS.into_iter().zip([tls, tcp]) {
            if port.is_some() && others.contains(&port) {
                let message = format_args!(
                    "must differ from the other listeners' ports, {} is one; 0 switches it off",
                    port.unwrap_or_default()
                );
                problems.add(key, message);
            }
        }
        if tls.is_some() && tls == tcp {
            let message = format_args!(
                "must differ from listeners.sip.tls_port, both are {}; 0 switches it off",
                tcp.unwrap_or_default()
            );
            problems.add("listeners.sip.tcp_port", message);
        }
        let sockets =
            |port: Option<u16>| port.map_or_else(Vec::new, |port| with_port(&addresses, port));
        let keys = [ADDRESSES, STREAMS[0], STREAMS[1], DATAGRAMS];
        Self {
            tls: sockets(tls),
            tcp: sockets(tcp),
            udp: sockets(number(DATAGRAMS)),
            addresses_chosen: raw.is_written(ADDRESSES),
            chosen: keys.iter().any(|key| raw.is_written(key)),
            limits: SipLimits::read(raw),
        }
    }
}

impl SipLimits {
    fn read(raw: &Raw) -> Self {
        let count = |key| usize::try_from(raw.number(key)).unwrap_or(usize::MAX);
        let seconds = |key| Duration::from_secs(raw.number(key));
        let rate = raw.number("limits.sip_requests_per_second_per_source");
        Self {
            connections_max: count("limits.sip_connections_max"),
            connections_per_source_max: count("limits.sip_connections_per_source_max"),
            handshakes_max: count("limits.sip_handshakes_max"),
            handshake: seconds("limits.sip_handshake_seconds"),
            idle: seconds("limits.sip_idle_seconds"),
            message: seconds("limits.sip_message_seconds"),
            queue_messages: count("limits.sip_queue_messages"),
            queue_bytes: count("limits.sip_queue_bytes"),
            transactions_max: count("limits.sip_transactions_max"),
            requests_per_second_per_source: u32::try_from(rate).unwrap_or(u32::MAX),
            bindings_max: count("limits.sip_bindings_max"),
        }
    }
}
