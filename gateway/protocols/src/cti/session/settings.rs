//! What a session asks for, and how patient it is.

use std::time::Duration;

use crate::cti::framing::{Dialect, Framing, ProtocolVersion, TagWidth};
use crate::cti::masks::{AgentMask, CallMask, ConfigMask, Services};
use crate::cti::message::InvokeId;
use crate::cti::open::OpenReq;
use crate::cti::secret::Secret;
use crate::cti::{MESSAGE_BYTES_MAX, NULL};

/// Settings of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// The product.
    pub dialect: Dialect,
    /// The version to ask for.
    pub version: ProtocolVersion,
    /// The width of tags, where the peer does not follow its version.
    pub tag_width: Option<TagWidth>,
    /// `PeripheralID`; [`NULL`] for all, 1 for Unified CCX.
    pub peripheral_id: u32,
    /// `ClientID`, at most 63 bytes.
    pub client_id: Box<str>,
    /// `ClientPassword`; may be empty.
    pub client_password: Secret,
    /// `ClientSignature`, at most 63 bytes.
    pub client_signature: Option<Box<str>>,
    /// Services to ask for.
    pub services: Services,
    /// Call events wanted.
    pub call_events: CallMask,
    /// Agent states wanted.
    pub agent_states: AgentMask,
    /// Configuration wanted.
    pub configuration: ConfigMask,
    /// After how long a silence of ours a heartbeat is sent, 5 s or more; `None` for no heartbeats.
    pub heartbeat: Option<Duration>,
    /// So many unanswered heartbeats end the session.
    pub missed_heartbeats: u32,
    /// After how long without a byte either end gives up; four times the heartbeat, at least 20 s.
    /// Unified CCX asks for less than 120 s.
    pub idle_timeout: Duration,
    /// How long the answer to `OPEN_REQ` may take; 30 s, 60 s in large sites.
    pub open_wait: Duration,
    /// How long the answer to `CLOSE_REQ` may take.
    pub close_wait: Duration,
    /// Bytes of a message that is read, header included.
    pub maximum_message_bytes: usize,
    /// The invoke id of `OPEN_REQ`; later ones count on from it. Clients that begin at different
    /// numbers are not confused by each other's confirmations.
    pub first_invoke: InvokeId,
}

impl SessionSettings {
    /// What a gateway asks for that acts for every agent of a server.
    #[must_use]
    pub fn gateway(
        dialect: Dialect,
        version: ProtocolVersion,
        client_id: impl Into<Box<str>>,
        client_password: Secret,
    ) -> Self {
        let bridge = Services::ALL_EVENTS | Services::CLIENT_CONTROL;
        let (peripheral_id, services) = match dialect {
            Dialect::Express => (1, bridge),
            Dialect::Enterprise if version.number() >= 24 => {
                (NULL, bridge | Services::CALL_DATA_UPDATE | Services::ACTIVE_STANDBY)
            }
            Dialect::Enterprise => (NULL, bridge | Services::CALL_DATA_UPDATE),
        };
        Self {
            dialect,
            version,
            tag_width: None,
            peripheral_id,
            client_id: client_id.into(),
            client_password,
            client_signature: None,
            services,
            call_events: CallMask::KNOWN,
            agent_states: AgentMask::ALL,
            configuration: ConfigMask::NONE,
            heartbeat: Some(Duration::from_secs(5)),
            missed_heartbeats: 3,
            idle_timeout: Duration::from_secs(20),
            open_wait: Duration::from_secs(30),
            close_wait: Duration::from_secs(5),
            maximum_message_bytes: MESSAGE_BYTES_MAX,
            first_invoke: InvokeId(1),
        }
    }

    pub(super) fn framing(&self) -> Framing {
        let framing = Framing::new(self.version, self.dialect);
        Framing { tag_width: self.tag_width.unwrap_or(framing.tag_width), ..framing }
    }

    pub(super) fn open_request(&self) -> OpenReq {
        let idle = u32::try_from(self.idle_timeout.as_secs()).unwrap_or(NULL);
        OpenReq {
            version: u32::from(self.version.number()),
            idle_timeout: if self.heartbeat.is_some() { idle } else { NULL },
            peripheral_id: self.peripheral_id,
            services: self.services,
            call_events: self.call_events,
            agent_states: self.agent_states,
            configuration: self.configuration,
            client_id: Some(self.client_id.clone()),
            client_password: Some(self.client_password.clone()),
            client_signature: self.client_signature.clone(),
            ..OpenReq::default()
        }
    }
}
