//! The way a message came by, and goes back by.

use std::net::SocketAddr;

/// One way between us and a peer (RFC 5626, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// Datagrams between a socket of ours and an address.
    Datagram {
        /// Which of our sockets, by the number its owner gave it.
        socket: u16,
        /// The peer.
        peer: SocketAddr,
    },
    /// A connection.
    Stream {
        /// Its number, given by whoever has the connection and never used twice.
        number: u64,
        /// The peer.
        peer: SocketAddr,
        /// Whether it is TLS.
        secure: bool,
    },
}

impl Flow {
    /// The address of the peer as packets come from it.
    pub fn peer(&self) -> SocketAddr {
        match self {
            Self::Datagram { peer, .. } | Self::Stream { peer, .. } => *peer,
        }
    }

    /// Whether what is sent arrives, or the flow is lost.
    pub fn is_reliable(&self) -> bool {
        matches!(self, Self::Stream { .. })
    }

    /// Whether it is TLS.
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Stream { secure: true, .. })
    }

    /// The transport's name as it stands in Via.
    pub fn transport(&self) -> &'static str {
        match self {
            Self::Datagram { .. } => "UDP",
            Self::Stream { secure: false, .. } => "TCP",
            Self::Stream { secure: true, .. } => "TLS",
        }
    }
}
