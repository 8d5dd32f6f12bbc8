//! Keys of SIP.

use super::Fallback::{List, Number as Default};
use super::Sort::{Addresses, Number};
use super::{Field, PORT_OR_OFF, field};

/// Where it listens.
pub(super) const LISTENERS: &[Field] = &[
    field(
        "listeners.sip.addresses",
        Addresses,
        List(&["0.0.0.0", "::"]),
        &["Addresses to listen on."],
    ),
    field("listeners.sip.tls_port", PORT_OR_OFF, Default(5_061), &["The port for TLS."]),
    field(
        "listeners.sip.tcp_port",
        PORT_OR_OFF,
        Default(5_060),
        &["The port for TCP in the clear."],
    ),
    field(
        "listeners.sip.udp_port",
        PORT_OR_OFF,
        Default(0),
        &[
            "The port for UDP, usually 5060. Off unless given: whoever can send packets under another's",
            "address can make a node answer that other.",
        ],
    ),
];

/// What peers may use of it.
pub(super) const LIMITS: &[Field] = &[
    field(
        "limits.sip_connections_max",
        Number(16, 1_000_000),
        Default(20_000),
        &["SIP: connections at once. Those beyond are closed. Each needs an open file."],
    ),
    field(
        "limits.sip_connections_per_source_max",
        Number(1, 1_000_000),
        Default(64),
        &[
            "SIP: connections at once from one address, next hops apart. Raise it where all phones of a",
            "site come from one.",
        ],
    ),
    field(
        "limits.sip_handshakes_max",
        Number(1, 100_000),
        Default(4_096),
        &["SIP: TLS handshakes at once. Connections beyond are closed."],
    ),
    field(
        "limits.sip_handshake_seconds",
        Number(1, 120),
        Default(5),
        &["SIP: seconds a peer may take for the TLS handshake."],
    ),
    field(
        "limits.sip_idle_seconds",
        Number(1, 3_600),
        Default(30),
        &["SIP: seconds until somebody on a connection has proven who they are."],
    ),
    field(
        "limits.sip_message_seconds",
        Number(1, 120),
        Default(10),
        &["SIP: seconds from the first byte of a message to its last."],
    ),
    field(
        "limits.sip_queue_messages",
        Number(4, 10_000),
        Default(64),
        &["SIP: messages that wait to be sent on one connection. With more it is closed."],
    ),
    field(
        "limits.sip_queue_bytes",
        Number(65_536, 16_777_216),
        Default(262_144),
        &["SIP: bytes that wait to be sent on one connection. With more it is closed."],
    ),
    field(
        "limits.sip_transactions_max",
        Number(100, 1_000_000),
        Default(50_000),
        &[
            "SIP: requests to phones at once that wait for an answer, those beyond are put off; and twice as many",
            "answered requests of phones are remembered for repeats, beyond which the oldest are forgotten.",
        ],
    ),
    field(
        "limits.sip_requests_per_second_per_source",
        Number(1, 1_000_000),
        Default(500),
        &[
            "SIP: requests a second from one address that has proven nothing, twice as many for a moment.",
            "Those beyond get 503, or nothing over UDP.",
        ],
    ),
    field(
        "limits.sip_bindings_max",
        Number(16, 1_000_000),
        Default(30_000),
        &["SIP: registrations at once. Those beyond get 503."],
    ),
];
