//! What the flight recorder is told of SIP: start lines, and which conversation and phone they belong to. No proof,
//! no URI and no body: links and passwords stand there.

use engine::recorder::{Link, Note, Way};
use protocols::sip::registrar::{BindingChange, Unreachable};
use protocols::sip::{Failure, Message, Method, Name};

use crate::element::{Asked, Element};
use crate::outgoing::Exchange;

impl Element {
    /// A request of a peer, and how it was answered.
    pub(crate) fn note_request(&self, asked: &Asked<'_>, answer: &Message) {
        let request = asked.message;
        let kind = request.method().map_or("", method_name);
        self.port.recorder().note(Link::Sip, Way::In, kind, |note| {
            note.peer(asked.flow.peer());
            match asked.who.get() {
                Some(device) => {
                    note.device(device);
                }
                // What a request only says of itself names a phone where there is one of that address.
                None => {
                    let said = request.from().ok().and_then(|from| from.uri.aor());
                    if let Some(device) = said.and_then(|said| asked.site.by_address(&said)) {
                        note.device(&device.name);
                    }
                }
            }
            conversation(note, request);
            if request.method() == Some(&Method::Register)
                && let Ok(Some(expires)) = request.expires()
            {
                note.number("expires", expires);
            }
            field(note, "reason", request, &Name::REASON);
            if let Some(status) = answer.status() {
                note.number("answered", status.code());
            }
            field(note, "words", answer, &Name::WARNING);
        });
    }

    /// A request of ours that was sent.
    pub(crate) fn note_sent(&self, exchange: &Exchange) {
        let kind = exchange.request.method().map_or("", method_name);
        self.port.recorder().note(Link::Sip, Way::Out, kind, |note| {
            told_exchange(note, exchange);
            field(note, "event", &exchange.request, &Name::EVENT);
        });
    }

    /// The answer to one of ours.
    pub(crate) fn note_answered(&self, exchange: &Exchange, answer: &Message) {
        let kind = exchange.request.method().map_or("", method_name);
        self.port.recorder().note(Link::Sip, Way::In, kind, |note| {
            told_exchange(note, exchange);
            if let Some(status) = answer.status() {
                note.number("status", status.code()).text("phrase", status.phrase());
            }
            if let Some(code) = exchange.refused {
                note.number("refused", code);
            }
        });
    }

    /// No answer came to one of ours.
    pub(crate) fn note_failed(&self, exchange: &Exchange, why: Failure) {
        let kind = exchange.request.method().map_or("", method_name);
        self.port.recorder().note(Link::Sip, Way::Here, kind, |note| {
            told_exchange(note, exchange);
            let why = match why {
                Failure::Timeout => "no answer",
                Failure::Lost => "the connection is lost",
            };
            note.text("result", why);
        });
    }

    /// Where a phone is, or is not any more.
    pub(crate) fn note_change(&self, change: &BindingChange) {
        let (kind, device, flow) = match change {
            BindingChange::Reachable { device, flow, is_fresh: true, .. } => {
                ("registered anew", device, flow)
            }
            BindingChange::Reachable { device, flow, .. } => ("is back", device, flow),
            BindingChange::Moved { device, to, .. } => ("moved", device, to),
            BindingChange::Unreachable { device, flow, why, .. } => {
                let kind = match why {
                    Unreachable::Lost => "connection lost",
                    Unreachable::Expired => "registration expired",
                    Unreachable::Removed => "registration removed",
                };
                (kind, device, flow)
            }
        };
        self.port.recorder().note(Link::Sip, Way::Here, kind, |note| {
            if let Some(device) = device {
                note.device(device);
            }
            note.peer(flow.peer()).text("transport", flow.transport());
        });
    }
}

fn told_exchange(note: &mut Note, exchange: &Exchange) {
    match &exchange.at {
        Some(at) => note.peer(format_args!("{} {}", at.hop, exchange.flow.peer())),
        None => note.peer(exchange.flow.peer()),
    };
    if let Some(device) = exchange.goes_to() {
        note.device(device);
    }
    conversation(note, &exchange.request);
}

fn conversation(note: &mut Note, message: &Message) {
    note.text("call_id", message.call_id());
    if let Ok(cseq) = message.cseq() {
        note.number("cseq", cseq.number);
    }
}

/// What a peer put into words, or a name that it gave.
fn field(note: &mut Note, name: &str, message: &Message, field: &Name) {
    if let Some(value) = message.headers.get(field) {
        note.words(name, value.as_str());
    }
}

/// A method that nobody knows may be anything.
fn method_name(method: &Method) -> &str {
    match method {
        Method::Other(_) => "another method",
        known => known.name(),
    }
}
