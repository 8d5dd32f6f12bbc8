//! What one server of a next hop is asked: whether it is there, and to register us.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::settings::{SipNextHop, SipServer};
use protocols::sip::{Contacts, Flow, Message, Method, Name, NameAddress, Status, Uri};

use crate::element::Element;
use crate::next_hops::{ANSWER, At, route_of};
use crate::outgoing::{Answer, Draft, HopRequest};

/// What we ask to be registered for, in seconds.
const REGISTER_SECONDS: u32 = 3_600;
/// Nobody is asked more often, however short a lifetime they grant.
const PAUSE_MIN: Duration = Duration::from_secs(5);

/// A registration of ours.
pub(crate) struct Registered {
    /// The route that it gave.
    pub(crate) route: Vec<String>,
    /// When to say it again: at half its life.
    pub(crate) again_in: Duration,
}

/// Registrations with one server are one conversation, whose numbers rise (RFC 3261, section 10.2.4).
pub(crate) struct Conversation {
    call_id: String,
    number: u32,
}

impl Conversation {
    pub(crate) fn new(element: &Element) -> Self {
        Self { call_id: format!("{}@{}", element.tag(), element.name), number: 0 }
    }
}

/// What one server is asked, over one flow.
pub(crate) struct Asks<'a> {
    pub(crate) element: &'a Arc<Element>,
    pub(crate) hop: &'a SipNextHop,
    pub(crate) server: &'a SipServer,
    pub(crate) place: usize,
    pub(crate) flow: Flow,
}

impl Asks<'_> {
    fn target(&self) -> String {
        let SipServer { host, port } = self.server;
        if host.contains(':') {
            format!("sip:[{host}]:{port}")
        } else {
            format!("sip:{host}:{port}")
        }
    }

    /// Whether it is there; any final answer says so.
    pub(crate) async fn options(&self) -> Result<Box<Message>, String> {
        let draft = Draft {
            method: Method::Options,
            fields: Vec::new(),
            content_type: None,
            body: Bytes::new(),
        };
        let target = self.target();
        let call_id = format!("{}@{}", self.element.tag(), self.element.name);
        self.ask(&target, &target, draft, Vec::new(), call_id, None).await
    }

    /// Registers us where the hop wants that.
    pub(crate) async fn register(
        &self,
        conversation: &mut Conversation,
    ) -> Result<Option<Registered>, String> {
        let Some(address) = &self.hop.register_as else { return Ok(None) };
        let Some(site) = self.element.site() else { return Ok(None) };
        let own = self.element.contact(&site, &self.flow);
        let contact = format!("<{own}>");
        let draft = Draft {
            method: Method::Register,
            fields: vec![
                (Name::CONTACT, contact),
                (Name::EXPIRES, REGISTER_SECONDS.to_string()),
                (Name::SUPPORTED, "path".to_owned()),
            ],
            content_type: None,
            body: Bytes::new(),
        };
        let domain = address.rsplit_once('@').map_or(self.server.host.as_str(), |(_, it)| it);
        conversation.number = conversation.number.saturating_add(1);
        let (call_id, number) = (conversation.call_id.clone(), conversation.number);
        let uri = format!("sip:{domain}");
        let route = route_of(self.hop);
        let answer = self.ask(&uri, address, draft, route, call_id, Some(number)).await?;
        // A proof that was asked for took the next number.
        let last = answer.cseq().map_or(number, |cseq| cseq.number);
        conversation.number = last.max(number);
        match answer.status() {
            Some(status) if status.is_success() => {
                let route = answer.routes(&Name::SERVICE_ROUTE).unwrap_or_default();
                let lasting = Duration::from_secs(granted(&answer, &own).into());
                Ok(Some(Registered {
                    route: route.iter().map(ToString::to_string).collect(),
                    again_in: (lasting / 2).max(PAUSE_MIN),
                }))
            }
            status => {
                let code = status.map_or(0, Status::code);
                Err(format!("refuses to register {address} with {code}"))
            }
        }
    }

    async fn ask(
        &self,
        uri: &str,
        address: &str,
        draft: Draft,
        route: Vec<String>,
        call_id: String,
        number: Option<u32>,
    ) -> Result<Box<Message>, String> {
        let at = At { hop: self.hop.name.clone(), place: self.place };
        let request = HopRequest { at, flow: self.flow, uri, address, route, call_id, number };
        let waiting = self.element.ask_hop(request, draft);
        let waiting = waiting.map_err(|problem| format!("{problem:?}"))?;
        match tokio::time::timeout(ANSWER, waiting).await {
            Ok(Ok(Answer::Message(message))) => Ok(message),
            Ok(_) => Err("the connection was lost".to_owned()),
            Err(_) => Err(format!("gave no answer within {} s", ANSWER.as_secs())),
        }
    }
}

/// For how long our contact is registered, in seconds: what the answer says of it (RFC 3261, section 10.2.4), then
/// what it says of all.
fn granted(answer: &Message, own: &str) -> u32 {
    let contacts = match answer.contacts() {
        Ok(Contacts::List(list)) => list,
        Ok(Contacts::All) | Err(_) => Vec::new(),
    };
    let is_own =
        |contact: &&NameAddress| Uri::parse(own).is_ok_and(|own| contact.uri.matches(&own));
    let of_ours = contacts.iter().find(is_own).and_then(|contact| {
        contact.parameters.get("expires").and_then(|seconds| seconds.trim().parse().ok())
    });
    of_ours.or_else(|| answer.expires().ok().flatten()).unwrap_or(REGISTER_SECONDS)
}
