//! A NOTIFY of ours, whole but for Via, Contact and the body of its package.

use std::time::{Duration, Instant};

use super::super::body::Fragment;
use super::super::{
    BadHeader, CSeq, Contacts, Flow, Headers, Message, Method, Name, StartLine, Status, Text, Value,
};

/// A subscription that others have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotificationId(pub(super) u64);

/// A NOTIFY to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Of which subscription.
    pub subscription: NotificationId,
    /// The way that the subscription came by.
    pub flow: Flow,
    /// The message. Via and Contact are missing; so is the body, unless it is about a REFER.
    pub message: Message,
    /// Whether the subscription is over with it.
    pub is_last: bool,
}

/// What a NOTIFY says of its subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// In force until then.
    Active { until: Instant },
    /// Over, for that reason.
    Over(&'static str),
}

/// A dialog that the peer began (RFC 3261, section 12.1.1).
#[derive(Clone, Debug)]
pub(super) struct Dialog {
    flow: Flow,
    target: Text,
    routes: Vec<Value>,
    call_id: Value,
    local: Value,
    remote: Value,
    number: u32,
    pub(super) remote_number: u32,
}

impl Dialog {
    /// The dialog that a request without a To tag begins.
    pub(super) fn new(flow: Flow, request: &Message, local_tag: &str) -> Result<Self, BadHeader> {
        let local = request.to()?.with_parameter("tag", Some(local_tag));
        let local = local.and_then(|local| local.value());
        let local = local.map_err(|error| BadHeader::new("To", error.to_string()))?;
        Ok(Self {
            flow,
            target: target(request)?,
            routes: request.headers.all(&Name::RECORD_ROUTE).map(copied).collect(),
            call_id: only(request, &Name::CALL_ID, "Call-ID")?,
            local,
            remote: only(request, &Name::FROM, "From")?,
            number: 0,
            remote_number: request.cseq()?.number,
        })
    }

    /// A later request of the peer: it may be reached elsewhere from now on.
    pub(super) fn refreshed(&mut self, flow: Flow, request: &Message) -> Result<(), BadHeader> {
        self.remote_number = request.cseq()?.number;
        self.flow = flow;
        if request.headers.has(&Name::CONTACT) {
            self.target = target(request)?;
        }
        Ok(())
    }

    /// Whether it is the way to the peer.
    pub(super) fn is_by(&self, flow: &Flow) -> bool {
        self.flow == *flow
    }

    /// The next NOTIFY in it.
    pub(super) fn notify(
        &mut self,
        now: Instant,
        subscription: NotificationId,
        event: &Value,
        standing: Standing,
        status: Option<Status>,
    ) -> Notify {
        self.number += 1;
        let mut headers = Headers::with_room(16);
        let cseq = CSeq { number: self.number, method: Method::Notify };
        let kind = status.map(|_| Value::new("message/sipfrag;version=2.0"));
        let written = [
            (Name::MAX_FORWARDS, Some(Ok(Value::number(70)))),
            (Name::CSEQ, Some(cseq.value())),
            (Name::SUBSCRIPTION_STATE, Some(Value::new(standing.text(now)))),
            (Name::CONTENT_TYPE, kind),
        ];
        for (name, value) in written {
            // None of these has a control character.
            if let Some(Ok(value)) = value {
                headers.push(name, value);
            }
        }
        headers.push(Name::FROM, self.local.clone());
        headers.push(Name::TO, self.remote.clone());
        headers.push(Name::CALL_ID, self.call_id.clone());
        headers.push(Name::EVENT, event.clone());
        for route in &self.routes {
            headers.push(Name::ROUTE, route.clone());
        }
        let body = status.and_then(|status| Fragment::of(status).encode().ok()).unwrap_or_default();
        let start = StartLine::Request { method: Method::Notify, uri: self.target.clone() };
        let message = Message { start, headers, body };
        let is_last = matches!(standing, Standing::Over(_));
        Notify { subscription, flow: self.flow, message, is_last }
    }
}

impl Standing {
    fn text(self, now: Instant) -> String {
        match self {
            Self::Active { until } => {
                let left = until.saturating_duration_since(now) + Duration::from_millis(999);
                format!("active;expires={}", left.as_secs())
            }
            Self::Over(reason) => format!("terminated;reason={reason}"),
        }
    }
}

/// The only Contact of a request: where its sender is reached.
fn target(request: &Message) -> Result<Text, BadHeader> {
    match request.contacts()? {
        Contacts::List(contacts) if contacts.len() == 1 => {
            let uri = contacts.first().map(|contact| contact.uri.as_str());
            Ok(Text::from(uri.unwrap_or_default()))
        }
        Contacts::List(_) | Contacts::All => Err(BadHeader::new("Contact", "is not there once")),
    }
}

fn only(request: &Message, name: &Name, field: &'static str) -> Result<Value, BadHeader> {
    let value = request.headers.get(name).ok_or_else(|| BadHeader::new(field, "is missing"))?;
    Ok(copied(value))
}

/// The value in bytes of its own, so that it does not keep the whole message.
fn copied(value: &Value) -> Value {
    Value::new(value.as_str().to_owned()).unwrap_or_else(|_| value.clone())
}
