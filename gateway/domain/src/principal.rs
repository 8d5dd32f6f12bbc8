//! Who asks, once the server has checked it.

use serde::{Deserialize, Serialize};

use crate::{Identity, TeamName};

/// What a person or program may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes contacts.
    Agent,
    /// Leads a team; may do all that an agent does.
    Supervisor,
    /// Changes settings.
    Administrator,
    /// Reads reports.
    Report,
}

/// How somebody proved to be who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// By a password typed or sent with this request.
    Password,
    /// By a cookie of a session that we began.
    Cookie,
    /// By a bearer token.
    Bearer,
    /// By a TLS client certificate.
    ClientCertificate,
    /// By access to the local admin socket.
    LocalSocket,
}

/// Somebody known, beside a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account's name: an agent id, a user or a device.
    pub who: String,
    /// What the account may do.
    pub roles: Vec<Role>,
    /// How it was proven.
    pub how: Proof,
    /// The session it came through, where there is one.
    pub session: Option<String>,
    /// By what they are known.
    pub identity: Option<Identity>,
    /// The teams that a supervisor may see and change.
    pub teams: Vec<TeamName>,
}

impl Principal {
    /// Whether the account has that role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
