//! The desktop client that holds a session: at which nodes it is connected, or since when at none.
//!
//! ```text
//!            connected, at any node                  the last one is gone
//!   (none) ------------------------> Available ------------------------> Unavailable(since)
//!                                        ^                                  |      |
//!                                        `---- connected, at any node ------'      | 60 s
//!                                                                                  v
//!   a new sign-in begins with the client that signed in, or none              signed out, 255
//! ```
//!
//! A client that moves leaves one connection and makes another, and the news of both may arrive in either
//! order. Which one is newer nobody can tell: clocks of two nodes are not compared, and the numbers of
//! connections are random. So it is never asked. Each node puts its own connections in order, the newest
//! stands for all of them, and the client is there while it is at one node at least. News of one node
//! therefore never undoes news of another, in whatever order they come.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{AgentKey, Key, NodeName, Timestamp, Wake};

/// After so many seconds without a connection a client's agent is signed out (DSK-03).
pub const CLIENT_SECONDS: u64 = 60;

/// The random number of a client's connection; it is never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionNumber(pub u64);

/// What a node says of one of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientPresence {
    /// A client is connected, and this is the newest of its connections there.
    Available,
    /// The connection is gone, and there is no other one at that node.
    Unavailable,
}

/// Where a client is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "presence", rename_all = "snake_case")]
pub enum Client {
    /// At one node at least.
    Available {
        /// The newest connection at each node that has one.
        connections: BTreeMap<NodeName, ConnectionNumber>,
    },
    /// At none.
    Unavailable {
        /// Since when, by the clock of the node that said so.
        since: Timestamp,
    },
}

impl Client {
    /// A client with that one connection.
    pub fn at(node: NodeName, connection: ConnectionNumber) -> Self {
        Self::Available { connections: BTreeMap::from([(node, connection)]) }
    }

    /// The connection at that node.
    pub fn connection(&self, node: &NodeName) -> Option<ConnectionNumber> {
        match self {
            Self::Available { connections } => connections.get(node).copied(),
            Self::Unavailable { .. } => None,
        }
    }

    /// The nodes where it is connected.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeName> {
        let connections = match self {
            Self::Available { connections } => Some(connections),
            Self::Unavailable { .. } => None,
        };
        connections.into_iter().flat_map(BTreeMap::keys)
    }

    /// Since when it is connected nowhere.
    pub fn unavailable_since(&self) -> Option<Timestamp> {
        match self {
            Self::Available { .. } => None,
            Self::Unavailable { since } => Some(*since),
        }
    }

    /// The client once it has that connection too.
    pub(crate) fn with(&self, node: &NodeName, connection: ConnectionNumber) -> Self {
        match self {
            Self::Available { connections } => {
                let mut connections = connections.clone();
                connections.insert(node.clone(), connection);
                Self::Available { connections }
            }
            Self::Unavailable { .. } => Self::at(node.clone(), connection),
        }
    }

    /// The client once it is connected at that node no more.
    pub(crate) fn without(&self, now: Timestamp, node: &NodeName) -> Self {
        match self {
            Self::Available { connections } => {
                let mut connections = connections.clone();
                connections.remove(node);
                if connections.is_empty() {
                    return Self::Unavailable { since: now };
                }
                Self::Available { connections }
            }
            Self::Unavailable { since } => Self::Unavailable { since: *since },
        }
    }
}

const CLIENT: &str = "client/";

/// The name of the timer of an agent's client.
pub(crate) fn client_wake(agent: &AgentKey) -> String {
    format!("{CLIENT}{agent}")
}

/// Whether a timer is one of a client.
pub(crate) fn is_client_wake(wake: &Wake) -> bool {
    wake.subject.kind == crate::Kind::Session && wake.id.starts_with(CLIENT)
}

/// The timer of a client that is unavailable since then.
pub(crate) fn client_timer(agent: &AgentKey, since: Timestamp) -> Wake {
    Wake {
        id: client_wake(agent),
        due_at: due_at(since),
        subject: Key::session(agent),
        generation: generation(since),
    }
}

/// When a client that is unavailable since then has been so for long enough.
pub(crate) fn due_at(since: Timestamp) -> Timestamp {
    since.after(Duration::from_secs(CLIENT_SECONDS))
}

/// What a timer set for that moment is guarded by: one that was set for an earlier absence is not meant
/// for a later one of the same session.
pub(crate) fn generation(since: Timestamp) -> u64 {
    since.microseconds().unsigned_abs()
}
