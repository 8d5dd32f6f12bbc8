//! Requests of ours: to phones over the flow they opened, or by the next hop that has them.
//!
//! ```text
//!   Errand --> where is the phone? --> request --> ClientId: Exchange --final answer--> Delivery
//!                 |                                   |-- 401, 407 of a next hop: once more, with a proof
//!                 '-- nowhere: at once                |-- nothing in 32 s, flow lost: Delivery
//!                                                     '-- whoever asked gave up: it is not sent again
//! ```
//!
//! The request's URI is the registered contact as it was written, user part included: phones refuse any other.
//! Whoever waits may give up earlier, by dropping [`Element::deliver`]: then nothing is sent again, since what is
//! said next must not be overtaken; the exchange stays, so that a late answer still finds its place. What says
//! that nobody is there (404 or 410 to a REFER, 430) ends the binding.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::DeviceName;
use protocols::sip::body::{Action, SERVICE_CONTROL_TYPE, ServiceControl};
use protocols::sip::registrar::Binding;
use protocols::sip::{
    Failure, Flow, Message, Method, Name, Referred, StartLine, Status, SubscriptionId, Text, Value,
    encode,
};
use tokio::sync::oneshot;

use crate::answers::delivery_of;
use crate::element::{Element, State};
use crate::flows::locked;
use crate::in_dialog::InDialog;
use crate::next_hops::At;
use crate::site::Site;
use crate::time::now;

/// A request over UDP may not be larger (RFC 3261, section 18.1.1).
pub(crate) const DATAGRAM_BYTES_MAX: usize = 1_300;

/// Something to tell a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Whom.
    pub device: DeviceName,
    /// By which request.
    pub by: By,
    /// The body's type.
    pub content_type: String,
    /// The body.
    pub body: Bytes,
    /// Whether the phone must have said that it takes such requests.
    pub needs_remotecc: bool,
}

/// By which request something is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// REFER, without a subscription.
    Refer,
    /// NOTIFY of that event package, unasked.
    Notify(String),
    /// NOTIFY of service control; its body is written here, since it names the phone's newest REGISTER.
    ServiceControl(Action),
}

/// What became of an errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The phone has it.
    Accepted(Status),
    /// It was refused.
    Refused(Status, String),
    /// The phone is nowhere.
    Unreachable(&'static str),
    /// No answer came.
    Silent,
    /// It cannot be sent, whatever is tried.
    Unsendable(&'static str),
    /// The peer asked to be left alone for so long.
    HeldOff(Duration),
}

/// A request that waits for its answer.
pub(crate) struct Exchange {
    pub(crate) request: Message,
    pub(crate) flow: Flow,
    /// Whom it is meant for, where that is a phone.
    pub(crate) device: Option<DeviceName>,
    /// The server of a next hop that it went by.
    pub(crate) at: Option<At>,
    /// Servers of that hop that were tried before.
    pub(crate) tried: Vec<usize>,
    /// What may be notified about it.
    pub(crate) subscription: Option<SubscriptionId>,
    /// Whether it was sent with a proof already.
    pub(crate) is_proven: bool,
    /// With which code the phone said that it did not do it, before its answer came.
    pub(crate) refused: Option<u16>,
    /// The phone whose own request it tells the result of.
    pub(crate) result_for: Option<DeviceName>,
    pub(crate) tell: Option<oneshot::Sender<Answer>>,
}

impl Exchange {
    /// A request that nobody waits for.
    fn of(request: Message, flow: Flow) -> Self {
        Self {
            request,
            flow,
            device: None,
            at: None,
            tried: Vec::new(),
            subscription: None,
            is_proven: false,
            refused: None,
            result_for: None,
            tell: None,
        }
    }

    /// Whether somebody waited for it, and does not any more.
    pub(crate) fn is_given_up(&self) -> bool {
        self.tell.as_ref().is_some_and(oneshot::Sender::is_closed)
    }

    /// The phone that gets it.
    pub(crate) fn goes_to(&self) -> Option<&DeviceName> {
        self.device.as_ref().or(self.result_for.as_ref())
    }
}

/// A final answer, or why there is none.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Message(Box<Message>),
    /// It was taken, and what it carried was refused.
    Denied(Status),
    Failed(Failure),
}

/// What a request is to say.
pub(crate) struct Draft {
    pub(crate) method: Method,
    pub(crate) fields: Vec<(Name, String)>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
}

/// Whom a next hop is asked about, and how.
pub(crate) struct HopRequest<'a> {
    pub(crate) at: At,
    pub(crate) flow: Flow,
    /// The request's URI.
    pub(crate) uri: &'a str,
    /// Whom it is about, To and From.
    pub(crate) address: &'a str,
    pub(crate) route: Vec<String>,
    pub(crate) call_id: String,
    /// Its number, where it is not the first of its conversation.
    pub(crate) number: Option<u32>,
}

/// Whoever waits for the answer of a phone.
struct Waiting<'a> {
    element: &'a Element,
    device: DeviceName,
    answer: oneshot::Receiver<Answer>,
    is_over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            // Known before it is looked for.
            self.answer.close();
            self.element.give_up(&self.device);
        }
    }
}

/// Where a request goes.
struct Way {
    at: Option<At>,
    flow: Flow,
    uri: String,
    to: String,
    route: Vec<String>,
    /// The Call-ID of the phone's newest REGISTER with us.
    register_call_id: Option<String>,
}

impl Element {
    /// Tells a phone something, and what became of it. Where this is dropped nothing is sent again.
    pub(crate) async fn deliver(&self, errand: Errand) -> Delivery {
        let device = errand.device.clone();
        let mut waiting = match self.start(errand) {
            Ok(answer) => Waiting { element: self, device, answer, is_over: false },
            Err(delivery) => return delivery,
        };
        let answer = (&mut waiting.answer).await;
        waiting.is_over = true;
        match answer {
            Ok(Answer::Message(message)) => delivery_of(&message),
            Ok(Answer::Denied(status)) => Delivery::Refused(status, status.phrase().to_owned()),
            Ok(Answer::Failed(Failure::Timeout)) => Delivery::Silent,
            Ok(Answer::Failed(Failure::Lost)) | Err(_) => Delivery::Unreachable("its flow is lost"),
        }
    }

    /// Sends a phone nothing again that nobody waits for any more.
    fn give_up(&self, device: &DeviceName) {
        let mut state = locked(&self.state);
        for client in state.exchanges.given_up(device) {
            state.transactions.quieten(client);
        }
    }

    fn start(&self, errand: Errand) -> Result<oneshot::Receiver<Answer>, Delivery> {
        let site = self.site().ok_or(Delivery::Unsendable("SIP is off"))?;
        let now = now();
        let mut state = locked(&self.state);
        let call_id = format!("{}@{}", self.tag(), self.name);
        let way = self.way(&state, now, &site, &errand, &call_id)?;
        let id = self.tag();
        let is_refer = errand.by == By::Refer;
        let mut errand = errand;
        if let By::ServiceControl(action) = &errand.by {
            let newest = way.register_call_id.as_deref();
            let newest = newest.ok_or(Delivery::Unsendable("it is not registered here"))?;
            let body = ServiceControl::new(action.clone(), newest).encode();
            errand.body = body.map_err(|_| Delivery::Unsendable("a field cannot be written"))?;
            errand.content_type = SERVICE_CONTROL_TYPE.to_owned();
        }
        let notify = |event: &str| {
            let fields = vec![
                (Name::EVENT, event.to_owned()),
                (Name::SUBSCRIPTION_STATE, "active".to_owned()),
            ];
            (Method::Notify, fields)
        };
        let (method, mut fields) = match errand.by {
            By::Refer => {
                let id: String = id.chars().take(8).collect();
                let own = format!("<{}>", self.contact(&site, &way.flow));
                let fields = vec![
                    (Name::REQUIRE, "norefersub".to_owned()),
                    (Name::REFER_TO, format!("cid:{id}")),
                    (Name::CONTENT_ID, id),
                    (Name::REFERRED_BY, own),
                ];
                (Method::Refer, fields)
            }
            By::Notify(event) => notify(&event),
            By::ServiceControl(_) => notify("service-control"),
        };
        if errand.content_type.starts_with("multipart/") {
            fields.push((Name::MIME_VERSION, "1.0".to_owned()));
        }
        let draft =
            Draft { method, fields, content_type: Some(errand.content_type), body: errand.body };
        let tag = self.tag();
        let from = format!("<sip:gateway@{}>;tag={tag}", site.domain());
        let request = self.write(&site, &way, &from, &call_id, None, draft);
        let request = request.ok_or(Delivery::Unsendable("a field cannot be written"))?;
        let (tell, waiting) = oneshot::channel();
        let subscription = is_refer.then(|| {
            let local_tag = tag;
            let cseq = request.cseq().map_or(0, |cseq| cseq.number);
            let referred = Referred { call_id, local_tag, cseq, is_awaited: false };
            state.subscriptions.expect(now, referred)
        });
        let exchange = Exchange {
            device: Some(errand.device),
            at: way.at,
            subscription: subscription.flatten(),
            tell: Some(tell),
            ..Exchange::of(request, way.flow)
        };
        self.send(&mut state, now, exchange)?;
        self.settle(state);
        Ok(waiting)
    }

    fn way(
        &self,
        state: &State,
        now: Instant,
        site: &Site,
        errand: &Errand,
        call_id: &str,
    ) -> Result<Way, Delivery> {
        let device = site.device(&errand.device);
        let device = device.ok_or(Delivery::Unsendable("the settings give it no part in SIP"))?;
        let put_off = state.held_off.get(device.name.as_str());
        if let Some(left) = put_off.and_then(|until| until.checked_duration_since(now)) {
            let method = if errand.by == By::Refer { Method::Refer } else { Method::Notify };
            self.figures().sent(&method, "held_off");
            return Err(Delivery::HeldOff(left));
        }
        let hop = device.sip.as_ref().and_then(|sip| sip.next_hop.as_deref());
        if let Some(hop) = hop {
            let by = self.hop(hop, call_id, &[]);
            let by = by.ok_or(Delivery::Unreachable("its next hop does not answer"))?;
            let uri = site.address(device).ok_or(Delivery::Unsendable("it has no address"))?;
            let to = format!("<{uri}>");
            let (at, flow, route) = (Some(by.at), by.flow, by.route);
            return Ok(Way { at, flow, uri, to, route, register_call_id: None });
        }
        let bindings = state.registrar.reach_device(device.name.as_str());
        let binding = bindings.iter().find(|it| it.is_live);
        let binding: &Binding =
            binding.ok_or(Delivery::Unreachable("it is not registered here"))?;
        if errand.needs_remotecc && !binding.remotecc {
            return Err(Delivery::Unsendable("it does not take such requests"));
        }
        let flow = self.flow_of(binding, call_id);
        let flow = flow.ok_or(Delivery::Unreachable("the proxy it came by is not connected"))?;
        Ok(Way {
            at: None,
            flow,
            uri: binding.uri.to_string(),
            to: format!("<{}>", binding.aor),
            route: binding.path.iter().map(ToString::to_string).collect(),
            register_call_id: Some(binding.call_id.to_string()),
        })
    }

    /// The flow to a phone: its own, or where it has a Path that leads there, another one to the next hop that
    /// it came by.
    fn flow_of(&self, binding: &Binding, call_id: &str) -> Option<Flow> {
        if binding.depends_on_flow() || self.flows().is_there(&binding.flow) {
            return Some(binding.flow);
        }
        let hop = binding.hop.as_deref()?;
        self.hop(hop, call_id, &[]).map(|way| way.flow)
    }

    /// Our address as peers of that flow reach it.
    pub(crate) fn contact(&self, site: &Site, flow: &Flow) -> String {
        let transport = flow.transport().to_ascii_lowercase();
        format!("sip:gateway@{};transport={transport}", self.sent_by(site, flow))
    }

    fn sent_by(&self, site: &Site, flow: &Flow) -> String {
        let local = self.flows().local(flow).filter(|local| !local.ip().is_unspecified());
        match local {
            Some(local) => SocketAddr::new(local.ip().to_canonical(), local.port()).to_string(),
            None => {
                let port = self.flows().local(flow).map_or(5_060, |local| local.port());
                format!("{}:{port}", site.node)
            }
        }
    }

    /// A request outside any dialog.
    fn write(
        &self,
        site: &Site,
        way: &Way,
        from: &str,
        call_id: &str,
        number: Option<u32>,
        draft: Draft,
    ) -> Option<Message> {
        let cseq = number.unwrap_or_else(|| self.jitter(1, 1_000_000));
        let Draft { method, fields, content_type, body } = draft;
        let mut request = Message {
            start: StartLine::Request { method: method.clone(), uri: Text::from(way.uri.clone()) },
            headers: protocols::sip::Headers::with_room(16),
            body,
        };
        let mut add = |name: Name, value: &str| {
            let value = Value::new(value).ok()?;
            request.headers.push(name, value);
            Some(())
        };
        add(Name::VIA, &self.via(site, &way.flow))?;
        for route in &way.route {
            add(Name::ROUTE, route)?;
        }
        add(Name::MAX_FORWARDS, "70")?;
        add(Name::FROM, from)?;
        add(Name::TO, &way.to)?;
        add(Name::CALL_ID, call_id)?;
        add(Name::CSEQ, &format!("{cseq} {method}"))?;
        if method != Method::Register {
            add(Name::CONTACT, &format!("<{}>", self.contact(site, &way.flow)))?;
        }
        for (name, value) in fields {
            add(name, &value)?;
        }
        if let Some(content_type) = content_type {
            add(Name::CONTENT_TYPE, &content_type)?;
        }
        Some(request)
    }

    fn via(&self, site: &Site, flow: &Flow) -> String {
        let rport = if flow.is_reliable() { "" } else { ";rport" };
        let (transport, sent_by) = (flow.transport(), self.sent_by(site, flow));
        format!("SIP/2.0/{transport} {sent_by};branch=z9hG4bK{}{rport}", self.tag())
    }

    /// Sends a request and keeps what its answer will need.
    pub(crate) fn send(
        &self,
        state: &mut State,
        now: Instant,
        exchange: Exchange,
    ) -> Result<(), Delivery> {
        let bytes = encode(&exchange.request);
        if !exchange.flow.is_reliable() && bytes.len() > DATAGRAM_BYTES_MAX {
            return Err(Delivery::Unsendable("it is too large for UDP"));
        }
        let held_off = |exchange: &Exchange| {
            if let Some(method) = exchange.request.method() {
                self.figures().sent(method, "held_off");
            }
            Delivery::HeldOff(Duration::from_secs(1))
        };
        if !state.exchanges.has_room(&exchange) {
            return Err(held_off(&exchange));
        }
        let client = state.transactions.request(now, exchange.flow, &exchange.request, bytes);
        let client = client.map_err(|_| held_off(&exchange))?;
        self.note_sent(&exchange);
        state.exchanges.insert(client, exchange);
        Ok(())
    }

    /// Sends a request to a next hop; the answer comes as it is.
    pub(crate) fn ask_hop(
        &self,
        towards: HopRequest<'_>,
        draft: Draft,
    ) -> Result<oneshot::Receiver<Answer>, Delivery> {
        let site = self.site().ok_or(Delivery::Unsendable("SIP is off"))?;
        let HopRequest { at, flow, uri, address, route, call_id, number } = towards;
        let to = format!("<{address}>");
        let uri = uri.to_owned();
        let to_own = to.clone();
        let way = Way { at: Some(at), flow, uri, to: to_own, route, register_call_id: None };
        let from = format!("{to};tag={}", self.tag());
        let request = self.write(&site, &way, &from, &call_id, number, draft);
        let request = request.ok_or(Delivery::Unsendable("a field cannot be written"))?;
        let mut state = locked(&self.state);
        let (tell, waiting) = oneshot::channel();
        let exchange = Exchange { at: way.at, tell: Some(tell), ..Exchange::of(request, flow) };
        self.send(&mut state, now(), exchange)?;
        self.settle(state);
        Ok(waiting)
    }

    /// Tells a phone a result inside a dialog that it began over that flow; nobody waits for its answer.
    #[expect(clippy::too_many_arguments, reason = "each is one part of where it goes")]
    pub(crate) fn send_in_dialog(
        &self,
        state: &mut State,
        now: Instant,
        site: &Site,
        flow: Flow,
        device: &DeviceName,
        dialog: &InDialog,
        draft: Draft,
    ) {
        let way = Way {
            at: None,
            flow,
            uri: dialog.uri.clone(),
            to: dialog.to.clone(),
            route: dialog.route.clone(),
            register_call_id: None,
        };
        let request = self.write(site, &way, &dialog.from, &dialog.call_id, None, draft);
        let result_for = Some(device.clone());
        let sent = request.map(|request| {
            self.send(state, now, Exchange { result_for, ..Exchange::of(request, flow) })
        });
        if !matches!(sent, Some(Ok(()))) {
            self.figures().dropped("unsent");
        }
    }

    /// Makes it another request of the same conversation: by its number and its Via.
    pub(crate) fn renew(&self, request: &mut Message, site: &Site, flow: &Flow) -> Option<()> {
        let method = request.method()?.clone();
        let number = request.cseq().ok()?.number.wrapping_add(1).max(1) & 0x7FFF_FFFF;
        request.headers.set(Name::CSEQ, Value::new(format!("{number} {method}")).ok()?);
        request.headers.set(Name::VIA, Value::new(self.via(site, flow)).ok()?);
        Some(())
    }
}
