//! What phones tell: REFER with a request, an alarm or a question whether it may come home, NOTIFY with news.
//!
//! A REFER with such a body is no transfer: it is told apart by its content type and by `Refer-To` before
//! anything else. It is answered at once; what comes of a key is told by a NOTIFY in its dialog, where the
//! phone did not say that it wants none.

use domain::DeviceName;
use protocols::sip::body::remotecc::{self, ReasonElement, Request, Response};
use protocols::sip::body::{
    Fragment, REQUEST_TYPE, RESPONSE_TYPE, Remotecc, SERVICE_CONTROL_TYPE, media_type, multipart,
};
use protocols::sip::{Message, Method, Name, Notified, ReferTo, Status, declines_subscription};

use crate::bodies::{BadBody, Carried};
use crate::element::{Asked, Element, Reply, State};
use crate::events::SipEvent;
use crate::in_dialog::InDialog;
use crate::outgoing::Draft;
use crate::replies;
use crate::time::now;

/// The reference by which a phone asks whether it may come home.
const TOKEN: &str = "urn:x-cisco-remotecc:token-registration";
/// Event packages of which phones may tell unasked.
const UNASKED: [&str; 2] = ["dialog", "service-control"];

/// Codes from here on refuse.
const REFUSED: u16 = 300;
/// Bodies of what tells how a REFER of ours went.
const NOTIFY_BODIES: [&str; 3] = [RESPONSE_TYPE, "message/sipfrag", "multipart/mixed"];
/// Bodies of news: how a call stands, and what service control says.
const NEWS_BODIES: [&str; 5] = [
    "application/dialog-info+xml",
    SERVICE_CONTROL_TYPE,
    REQUEST_TYPE,
    RESPONSE_TYPE,
    "multipart/mixed",
];

impl Element {
    /// Answers a REFER.
    pub(crate) fn refer(&self, state: &mut State, asked: &Asked<'_>) -> Reply {
        self.referred(state, asked).unwrap_or_else(|message| Reply::new(message, false))
    }

    fn referred(&self, state: &mut State, asked: &Asked<'_>) -> Result<Reply, Message> {
        let request = asked.message;
        let bad = |words: &str| self.refusal(request, Status::BAD_REQUEST, words);
        let refer_to = request.refer_to().map_err(|problem| bad(&problem.to_string()))?;
        if matches!(&refer_to, ReferTo::Urn(urn) if urn.eq_ignore_ascii_case(TOKEN)) {
            // The question comes before a registration; the answer tells nothing that a phone may not know.
            let takes = self.port.takes_sessions();
            let status = if takes { Status::ACCEPTED } else { Status::SERVICE_UNAVAILABLE };
            let mut message = replies::plain(request, status, &self.tag());
            if takes {
                self.add_contact(asked, &mut message);
            } else {
                replies::retry_after(&mut message, self.jitter(30, 90));
            }
            return Err(message);
        }
        let who = self.prove(state, asked)?;
        let Some(device) = who.device() else {
            return Err(self.refusal(request, Status::FORBIDDEN, "no device of ours"));
        };
        if !InDialog::is_short(request) {
            return Err(bad(
                "From, To, Call-ID, Contact and Record-Route may have 1024 bytes each",
            ));
        }
        if !state.rates.take(asked.now, device) {
            return Err(self.put_off(request));
        }
        let carried = asked.body.carried(request, &refer_to);
        let carried = carried
            .map_err(|bad_body| self.bad_body(request, &bad_body, "no such body in a REFER"))?;
        // Who answers, or only tells, waits for no result.
        let has_result = matches!(carried, Carried::Request(_) | Carried::Press(_));
        let tag = self.tag();
        let is_done = self.do_what_is_carried(device, carried);
        let status = if is_done { Status::ACCEPTED } else { Status::DECLINE };
        let mut message = replies::plain(request, status, &tag);
        self.add_contact(asked, &mut message);
        let mut reply = Reply::new(message, true);
        if is_done && has_result && !declines_subscription(request) {
            let then = result(request, &tag, asked.site.reason);
            reply.then = then.map(|(dialog, draft)| (device.clone(), dialog, draft));
        }
        Ok(reply)
    }

    /// Refuses what a phone asks too often.
    pub(crate) fn put_off(&self, request: &Message) -> Message {
        self.figures().dropped("rate");
        let words = "this phone asks too often";
        let mut message = self.refusal(request, Status::SERVICE_UNAVAILABLE, words);
        replies::retry_after(&mut message, self.jitter(1, 5));
        message
    }

    /// Answers that take a REFER say where we are (RFC 3515, section 2.1).
    fn add_contact(&self, asked: &Asked<'_>, message: &mut Message) {
        let contact = format!("<{}>", self.contact(asked.site, &asked.flow));
        replies::add(message, Name::CONTACT, &contact);
    }

    /// The refusal of a body; `words` say so of one that is of no type which belongs there.
    pub(crate) fn bad_body(&self, request: &Message, bad: &BadBody, words: &str) -> Message {
        match bad {
            BadBody::Wrong(problem) => self.refusal(request, Status::BAD_REQUEST, problem),
            BadBody::Unknown => {
                self.figures().dropped("unknown_request");
                self.refusal(request, Status::DECLINE, "no such request here")
            }
            BadBody::MediaType => {
                let mut message = self.refusal(request, Status::UNSUPPORTED_MEDIA_TYPE, words);
                replies::add(&mut message, Name::ACCEPT, replies::ACCEPT);
                message
            }
        }
    }

    /// Whether somebody does it.
    fn do_what_is_carried(&self, device: &DeviceName, carried: Carried) -> bool {
        match carried {
            Carried::Response(code) => {
                if code >= REFUSED {
                    // It names no request of ours.
                    tracing::info!(%device, code, "a phone says that something was not done");
                    self.figures().sent(&Method::Refer, "refused_later");
                }
                true
            }
            Carried::Alarm(alarm) => {
                if let Some(since) = self.once.says(now(), ("alarm", device)) {
                    let alarm = alarm.name.escape_debug();
                    tracing::warn!(%device, %alarm, more_before = since, "a phone sends an alarm");
                }
                true
            }
            // Where it is says nothing to us.
            Carried::Request(request) if *request == Request::Location => true,
            Carried::Request(request) => self.wishes().send((device.clone(), *request)).is_ok(),
            Carried::Press(data) => self.port.channels().pressed(device, &data),
        }
    }

    /// Answers a NOTIFY.
    pub(crate) fn notify(&self, state: &mut State, asked: &Asked<'_>) -> Reply {
        let request = asked.message;
        let unproven = |message| Reply::new(message, false);
        let Some(event) = request.event() else { return unproven(self.bad_event(request)) };
        if !request.headers.has(&Name::SUBSCRIPTION_STATE) {
            let words = "Subscription-State is missing";
            return unproven(self.refusal(request, Status::BAD_REQUEST, words));
        }
        if event.package.eq_ignore_ascii_case("refer") {
            // REFER of ours asks for none; some phones send them anyway.
            if let Some(message) = self.unknown_body(request, &NOTIFY_BODIES) {
                return unproven(message);
            }
            let notified = state.subscriptions.notified(asked.now, request);
            if let Notified::Taken { subscription, .. } = &notified
                && let Some(code) = told_code(request).filter(|code| *code >= REFUSED)
                && !state.exchanges.refuse(*subscription, code)
            {
                self.figures().sent(&Method::Refer, "refused_later");
            }
            let message = replies::plain(request, notified.status(), &self.tag());
            let is_proven = matches!(notified, Notified::Taken { .. });
            return Reply::new(message, is_proven);
        }
        if !UNASKED.iter().any(|known| known.eq_ignore_ascii_case(&event.package)) {
            return unproven(self.bad_event(request));
        }
        match self.prove(state, asked) {
            Err(message) => unproven(message),
            Ok(who) => {
                if let Some(message) = self.unknown_body(request, &NEWS_BODIES) {
                    return Reply::new(message, true);
                }
                if let Some(device) = who.device() {
                    // Nobody may listen.
                    let _ = self.events().send(SipEvent::News {
                        device: device.clone(),
                        package: event.package.to_ascii_lowercase(),
                        content_type: request
                            .headers
                            .get(&Name::CONTENT_TYPE)
                            .map_or_else(String::new, |value| value.as_str().to_owned()),
                        body: request.body.clone(),
                    });
                }
                let message = replies::plain(request, Status::OK, &self.tag());
                Reply::new(message, true)
            }
        }
    }
}

/// What tells what came of a request, in the dialog that its REFER began.
fn result(request: &Message, tag: &str, reason: ReasonElement) -> Option<(InDialog, Draft)> {
    let response = Remotecc::Response(Response { code: 200, options: None });
    let draft = Draft {
        method: Method::Notify,
        fields: vec![
            (Name::EVENT, "refer".to_owned()),
            (Name::SUBSCRIPTION_STATE, "terminated;reason=noresource".to_owned()),
        ],
        content_type: Some(RESPONSE_TYPE.to_owned()),
        body: response.encode(reason).ok()?,
    };
    Some((InDialog::of_peer(request, tag)?, draft))
}

/// The code that a body says, where it is one that says how it went.
pub(crate) fn told_code(message: &Message) -> Option<u16> {
    let content_type = message.headers.get(&Name::CONTENT_TYPE)?.as_str();
    let parts = if multipart::is_multipart(content_type) {
        multipart::parts(content_type, &message.body).ok()?
    } else {
        vec![multipart::Part::new(content_type, message.body.clone())]
    };
    parts.iter().find_map(|part| match media_type(&part.content_type).as_str() {
        RESPONSE_TYPE => match remotecc::decode(&part.body).ok()?.remotecc {
            Remotecc::Response(response) => Some(response.code),
            Remotecc::Request(_) => None,
        },
        "message/sipfrag" => Some(Fragment::decode(&part.body).ok()?.status.code()),
        _ => None,
    })
}
