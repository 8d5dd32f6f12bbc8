//! Pairs of contact-centre servers: where they are and how a session with them is held (CTI-02).
//!
//! With no pair in the settings there is no contact-centre server, and the gateway owns voice state
//! itself. Limits are those of the "CTI Server Message Reference Guide", Session Management.

mod read;
mod side;
#[cfg(test)]
mod tests;
mod warning;

use serde::{Deserialize, Serialize};

pub(super) use self::read::Pairs;
pub use self::read::WrittenCtiPair;
pub use self::side::{CtiSide, InvalidCtiSide};
pub(super) use self::warning::warnings;
use crate::{NodeName, PairName, Sealed};

/// The most pairs of one deployment (CTI-06).
pub const CTI_PAIRS_MAX: usize = 12;

/// The most bytes of the client's id and of its password: a field of 64 with its closing zero.
pub const CLIENT_TEXT_BYTES_MAX: usize = 63;

/// What a pair's `client_password` is sealed for; whoever opens it names the same purpose.
pub const CLIENT_PASSWORD_PURPOSE: &str = "cti_client";

/// Which of the two dialects of the protocol a pair speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CtiDialect {
    /// That of the Enterprise CTI server; usual ports are 42027 (side A) and 43027 (side B).
    #[default]
    Enterprise,
    /// That of the Express server; the usual port is 12028.
    Express,
}

/// How many sessions of ours the peer allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CtiSessions {
    /// One for each node.
    #[default]
    PerNode,
    /// One alone, so that the deployment may have one node only.
    One,
}

/// A pair of contact-centre servers, both sides of which know the same agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CtiPair {
    /// Its name, never [`PairName::owned`].
    pub name: PairName,
    /// The dialect it speaks.
    pub dialect: CtiDialect,
    /// The side that is tried first.
    pub side_a: CtiSide,
    /// The other side, where there is one; it differs from `side_a`.
    pub side_b: Option<CtiSide>,
    /// The highest protocol version to ask for: 9 to 25 (default 24), on Express 10 to 18 (default
    /// 14). A peer that knows only lower ones refuses the session with status 1.
    pub version: u32,
    /// How many bytes the tag of a floating field has, 1 or 2, where it is not what the version says.
    pub tag_width: Option<u8>,
    /// The peripheral whose agents are served: 0 to 0xFFFF_FFFE; always 1 on Express.
    pub peripheral_id: u32,
    /// What we call ourselves: 1 to 63 ASCII characters.
    pub client_id: String,
    /// The password of `client_id`, at most 63 bytes, sealed for [`CLIENT_PASSWORD_PURPOSE`]; empty
    /// where there is none.
    pub client_password: Option<Sealed>,
    /// Seconds between heartbeats: 5 to 600, on Express 5 to 59; 0 for none.
    pub heartbeat_seconds: u32,
    /// The longest pause between attempts while both sides are down: 120 to 1,800 seconds. A file may
    /// say 0, which means 300 (HST-08).
    pub reconnect_seconds: u32,
    /// Within so many seconds an agent must be seen in the state asked for: 1 to 60.
    pub request_seconds: u32,
    /// Within so many seconds a session must be open: 5 to 120; 60 is advised for large sites.
    pub open_seconds: u32,
    /// How many sessions the peer allows.
    pub sessions: CtiSessions,
    /// The reason code of forced logouts; 255 is the protocol's own (CTI-03).
    pub logout_reason: u16,
    /// The call manager's user by which the contact centre controls phones, where it is known; only
    /// to warn of one that pushes too (PHN-18).
    pub rmcm_user: Option<String>,
    /// The node that discovery names first to headsets of this pair's agents, where it is said
    /// (HST-13).
    #[serde(default)]
    pub primary_node: Option<NodeName>,
    /// The node that it names second; another one than the first.
    #[serde(default)]
    pub secondary_node: Option<NodeName>,
}

/// Which pair an agent belongs to, as far as settings say (CTI-10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairOf {
    /// There are no pairs: the gateway owns voice state itself.
    Owned,
    /// That pair.
    One(PairName),
    /// Settings do not say; one of these, at least two, by name.
    Unsettled(Vec<PairName>),
}

impl PairOf {
    /// Whether the agent may belong to that pair.
    pub fn may_be(&self, pair: &PairName) -> bool {
        match self {
            Self::Owned => false,
            Self::One(one) => one == pair,
            Self::Unsettled(pairs) => pairs.contains(pair),
        }
    }
}
