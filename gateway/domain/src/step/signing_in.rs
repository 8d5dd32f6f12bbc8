//! What somebody who signs in wants, and from where.

use std::fmt;

use crate::secret::Hashed;
use crate::{AgentKey, ConnectionNumber, DeviceName, Extension, Mobile, NodeName, PhoneProof};

/// From where somebody signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInOn {
    /// At a phone's screen.
    Phone {
        /// The phone.
        device: DeviceName,
        /// What it shall show beside its links.
        proof: PhoneProof,
    },
    /// At a desktop client that is connected to the node that was asked. The session begins with it, so
    /// that no node can die between the sign-in and the news of its client.
    Client {
        /// Its connection.
        connection: ConnectionNumber,
    },
    /// On the local admin socket.
    Local,
}

/// A sign-in.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Who, and who owns their voice state.
    pub agent: AgentKey,
    /// On which line.
    pub extension: Extension,
    /// With which phone, where several have the line.
    pub device: Option<DeviceName>,
    /// With a remote phone.
    pub mobile: Option<Mobile>,
    /// From where.
    pub on: SignInOn,
    /// The node that was asked.
    pub node: NodeName,
    /// The hash of a password that the owner of the voice state accepted, to be kept.
    pub verifier: Option<String>,
    /// The generation of the agent's sessions when the owner of the voice state was asked, 0 where there
    /// was none. With another since, what the owner said is old: the sign-in is stale.
    pub follows: Option<u32>,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agent, extension, device, mobile, on, node, verifier, follows } = self;
        formatter
            .debug_struct("SignIn")
            .field("agent", agent)
            .field("extension", extension)
            .field("device", device)
            .field("mobile", mobile)
            .field("on", on)
            .field("node", node)
            .field("verifier", &verifier.as_ref().map(|_| Hashed))
            .field("follows", follows)
            .finish()
    }
}
