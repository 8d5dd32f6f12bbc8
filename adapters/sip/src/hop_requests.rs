//! What one server of a next hop is asked: whether it is there, and to register us.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::settings::{SipNextHop, SipServer};
use protocols::sip::{Flow, Message, Method, Name, Status};

use crate::element::Element;
use crate::next_hops::{ANSWER, At, route_of};
use crate::outgoing::{Answer, Draft, HopRequest};

/// What we ask to be registered for, in seconds.
const REGISTER_SECONDS: u32 = 3_600;
/// A shorter lifetime counts as this: nobody is asked all the time.
const LASTING_MIN: Duration = Duration::from_secs(60);

/// A registration of ours.
pub(crate) struct Registered {
    /// The route that it gave.
    pub(crate) route: Vec<String>,
    /// How long it lasts.
    pub(crate) lasting: Duration,
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
        self.ask(&target, &target, draft, Vec::new()).await
    }

    /// Registers us where the hop wants that.
    pub(crate) async fn register(&self) -> Result<Option<Registered>, String> {
        let Some(address) = &self.hop.register_as else { return Ok(None) };
        let Some(site) = self.element.site() else { return Ok(None) };
        let contact = format!("<{}>", self.element.contact(&site, &self.flow));
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
        let answer = self.ask(&format!("sip:{domain}"), address, draft, route_of(self.hop)).await?;
        match answer.status() {
            Some(status) if status.is_success() => {
                let route = answer.routes(&Name::SERVICE_ROUTE).unwrap_or_default();
                let granted = answer.expires().ok().flatten().unwrap_or(REGISTER_SECONDS);
                Ok(Some(Registered {
                    route: route.iter().map(ToString::to_string).collect(),
                    lasting: Duration::from_secs(granted.into()).max(LASTING_MIN),
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
    ) -> Result<Box<Message>, String> {
        let call_id = format!("{}@{}", self.element.tag(), self.element.name);
        let at = At { hop: self.hop.name.clone(), place: self.place };
        let request = HopRequest { at, flow: self.flow, uri, address, route, call_id: &call_id };
        let waiting = self.element.ask_hop(request, draft);
        let waiting = waiting.map_err(|problem| format!("{problem:?}"))?;
        match tokio::time::timeout(ANSWER, waiting).await {
            Ok(Ok(Answer::Message(message))) => Ok(message),
            Ok(Ok(Answer::Denied(status))) => Err(format!("it refused with {}", status.code())),
            Ok(_) => Err("the connection was lost".to_owned()),
            Err(_) => Err(format!("gave no answer within {} s", ANSWER.as_secs())),
        }
    }
}
