//! One binding: where a phone said it is, and how it is reached.

use std::sync::Arc;
use std::time::Instant;

use super::request::{AskedContact, Registration};
use crate::sip::Flow;

/// Longer names of products are cut.
const USER_AGENT_BYTES_MAX: usize = 128;

/// A contact of an address of record.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The address of record.
    pub aor: Arc<str>,
    /// The Contact URI exactly as the phone wrote it; requests to the phone name it so.
    pub uri: Box<str>,
    /// The Contact's parameters exactly as the phone wrote them, without `expires`.
    pub parameters: Box<str>,
    /// `+sip.instance`.
    pub instance: Option<Box<str>>,
    /// `reg-id`, where flows are kept by it.
    pub reg_id: Option<u32>,
    /// Call-ID of the last REGISTER; service-control names it.
    pub call_id: Box<str>,
    /// CSeq of the last REGISTER.
    pub cseq: u32,
    /// The way to the phone, outermost proxy first.
    pub path: Box<[Box<str>]>,
    /// The next hop that the last REGISTER came by with its Path; once the flow is gone it leads there too.
    pub hop: Option<Box<str>>,
    /// The flow of the last REGISTER; requests to the phone go over it, or by the Path.
    pub flow: Flow,
    /// Whether it is reached.
    pub is_live: bool,
    /// When the registration began that the last REGISTER refreshed.
    pub since: Instant,
    /// When the last REGISTER came.
    pub registered_at: Instant,
    /// Until when it was granted.
    pub expires_at: Instant,
    /// The device.
    pub device: Option<Arc<str>>,
    /// Whether the phone takes remotecc.
    pub remotecc: bool,
    /// How many remotecc messages it takes in one request.
    pub combine_max: u8,
    /// What the phone says it is.
    pub user_agent: Option<Box<str>>,
    /// When it goes: its expiry, and a grace for some.
    pub(super) gone_at: Instant,
    /// Higher for later registrations.
    pub(super) order: u64,
}

impl Binding {
    pub(super) fn new(
        registration: &Registration,
        contact: &AskedContact,
        aor: &Arc<str>,
        device: Option<Arc<str>>,
        uses_outbound: bool,
        now: Instant,
    ) -> Self {
        let user_agent = registration.user_agent.as_deref().map(|text| {
            let end = text.floor_char_boundary(USER_AGENT_BYTES_MAX);
            text.get(..end).unwrap_or_default().into()
        });
        Self {
            aor: aor.clone(),
            uri: contact.uri.as_str().into(),
            parameters: contact.parameters.as_str().into(),
            instance: contact.instance.as_deref().map(Box::from),
            reg_id: contact.reg_id.filter(|_| uses_outbound),
            call_id: registration.call_id.as_str().into(),
            cseq: registration.cseq,
            path: registration.path.iter().map(|each| each.as_str().into()).collect(),
            hop: registration.hop.as_deref().map(Box::from),
            flow: registration.flow,
            is_live: true,
            since: now,
            registered_at: now,
            expires_at: now,
            device,
            remotecc: registration.remotecc.unwrap_or_default(),
            combine_max: registration.combine_max.unwrap_or_default(),
            user_agent,
            gone_at: now,
            order: 0,
        }
    }

    /// Whether losing its flow makes it unreachable.
    pub fn depends_on_flow(&self) -> bool {
        self.path.is_empty()
    }
}
