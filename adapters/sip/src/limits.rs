//! What peers may use, and where the adapter listens.

use std::sync::Arc;
use std::time::Duration;

use protocols::sip::TransactionLimits;
use rustls::client::ResolvesClientCert;
use rustls::server::ResolvesServerCert;

/// What peers may use. Each limit has a counter of what it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all.
    pub connections_max: usize,
    /// Connections of one source: an IPv4 address, or the first 64 bits of an IPv6 one.
    pub connections_per_source_max: usize,
    /// TLS handshakes at once.
    pub handshakes_max: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a connection may stay without a request that proves who is there.
    pub idle: Duration,
    /// How long a message may take once it was begun, and a write without progress.
    pub message: Duration,
    /// Messages that may wait to be written to one connection.
    pub queue_messages_max: usize,
    /// Bytes that may wait to be written to one connection.
    pub queue_bytes_max: usize,
    /// Requests of ours that wait for their answer, and answered ones of peers that are kept for repeats, each.
    pub transactions_max: usize,
    /// Requests a second of one source that proved nothing; for a moment twice as many.
    pub requests_per_second_per_source: u32,
    /// Bindings in all.
    pub bindings_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            connections_per_source_max: 64,
            handshakes_max: 4_096,
            handshake: Duration::from_secs(5),
            idle: Duration::from_secs(30),
            message: Duration::from_secs(10),
            queue_messages_max: 64,
            queue_bytes_max: 256 * 1024,
            transactions_max: 50_000,
            requests_per_second_per_source: 500,
            bindings_max: 30_000,
        }
    }
}

/// The limits of transactions.
pub(crate) fn transaction_limits(limits: &Limits) -> TransactionLimits {
    TransactionLimits {
        pending_max: limits.transactions_max,
        // Each is answered before the next message is looked at.
        pending_per_source_max: limits.transactions_max,
        // At some thousand requests a second repeats find theirs for some seconds.
        kept_max: limits.transactions_max.saturating_mul(2),
        ..TransactionLimits::default()
    }
}

/// Where the adapter listens, and what it shows of itself.
pub struct Listening {
    /// Bound sockets for datagrams; none where UDP is off.
    pub udp: Vec<std::net::UdpSocket>,
    /// Listening sockets for plain connections.
    pub tcp: Vec<std::net::TcpListener>,
    /// Listening sockets for TLS.
    pub tls: Vec<std::net::TcpListener>,
    /// The certificate that is shown, whichever is in force at the time.
    pub certificate: Arc<dyn ResolvesServerCert>,
    /// The certificate that is shown to next hops that ask for one.
    pub client_certificate: Option<Arc<dyn ResolvesClientCert>>,
    /// The full host name of this node.
    pub name: String,
    /// What peers may use.
    pub limits: Limits,
}

impl std::fmt::Debug for Listening {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (udp, tcp, tls) = (self.udp.len(), self.tcp.len(), self.tls.len());
        write!(formatter, "SIP on {udp} UDP, {tcp} TCP and {tls} TLS sockets as {}", self.name)
    }
}
