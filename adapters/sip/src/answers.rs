//! What becomes of requests of ours: their answers, what those say of a phone, and where else to try.

use std::time::{Duration, Instant};

use protocols::sip::{ClientId, Failure, Message, Method, Name, StartLine, Status, Value};

use crate::element::{Element, State};
use crate::outgoing::{Answer, Delivery, Exchange};
use crate::phone_requests::told_code;
use crate::time::now;

/// The longest time that a peer may put us off.
const HELD_OFF_MAX: Duration = Duration::from_secs(600);

impl Element {
    /// An answer to a request of ours came.
    pub(crate) fn answered(
        &self,
        state: &mut State,
        now: Instant,
        client: ClientId,
        is_final: bool,
        message: &Message,
    ) {
        if !is_final {
            return;
        }
        let Some(mut exchange) = state.exchanges.remove(&client) else { return };
        let Some(status) = message.status() else { return };
        self.note_answered(&exchange, message);
        if let Some(at) = &exchange.at {
            self.hop_answered(now, at, &exchange, Some(message));
            if status == Status::SERVICE_UNAVAILABLE
                && self.sent_elsewhere(state, now, &mut exchange)
            {
                return;
            }
        }
        if let Some(subscription) = exchange.subscription {
            state.subscriptions.answered(subscription, message);
        }
        if !exchange.is_given_up()
            && let Some(again) = self.with_proof(state, &exchange, status, message)
        {
            let tell = exchange.tell.take();
            let again = Exchange { request: again, is_proven: true, tell, ..exchange };
            if self.send(state, now, again).is_err() {
                self.figures().dropped("unsent");
            }
            return;
        }
        // A phone may take the request and refuse what it carries.
        let code = exchange.refused.or_else(|| told_code(message));
        let denied = code.filter(|code| status.is_success() && *code >= 300);
        if let Some(method) = exchange.request.method() {
            let is_done = status.is_success() && denied.is_none();
            let result = if is_done { "accepted" } else { "refused" };
            self.figures().sent(method, result);
        }
        self.learn(state, now, &exchange, status, message);
        if let Some(tell) = exchange.tell {
            // Whoever asked may have given up.
            let _ = tell.send(match denied.and_then(Status::new) {
                Some(status) => Answer::Denied(status),
                None => Answer::Message(Box::new(message.clone())),
            });
        }
    }

    /// Sends what is meant for a phone by another server of its next hop, where there is one.
    fn sent_elsewhere(&self, state: &mut State, now: Instant, exchange: &mut Exchange) -> bool {
        let (Some(at), Some(_)) = (&exchange.at, &exchange.device) else { return false };
        if exchange.is_given_up() {
            return false;
        }
        let Some(site) = self.site() else { return false };
        exchange.tried.push(at.place);
        let call_id = exchange.request.call_id().to_owned();
        let Some(way) = self.hop(&at.hop, &call_id, &exchange.tried) else { return false };
        let mut request = exchange.request.clone();
        request.headers.remove(&Name::ROUTE);
        let routes: Option<Vec<Value>> =
            way.route.iter().map(|route| Value::new(route.clone()).ok()).collect();
        let (Some(routes), Some(())) = (routes, self.renew(&mut request, &site, &way.flow)) else {
            return false;
        };
        for route in routes {
            request.headers.push(Name::ROUTE, route);
        }
        let again = Exchange {
            request,
            flow: way.flow,
            device: exchange.device.clone(),
            at: Some(way.at),
            tried: exchange.tried.clone(),
            subscription: exchange.subscription,
            is_proven: false,
            refused: exchange.refused,
            result_for: None,
            tell: exchange.tell.take(),
        };
        self.send(state, now, again).is_ok()
    }

    /// What an answer says of the phone.
    fn learn(
        &self,
        state: &mut State,
        now: Instant,
        exchange: &Exchange,
        status: Status,
        message: &Message,
    ) {
        let Some(device) = &exchange.device else { return };
        // Other refusals say nothing of where the phone is: with 481, 489, 501 and the like it says that it knows
        // no such events, subscriptions or methods, and with 404 to a NOTIFY that it has nobody for the news.
        let is_refer = exchange.request.method() == Some(&Method::Refer);
        let is_gone = match status {
            Status::FLOW_FAILED => true,
            Status::NOT_FOUND | Status::GONE => is_refer,
            _ => false,
        };
        let is_ours = self.site().is_some_and(|site| {
            let sip = site.device(device).and_then(|it| it.sip.as_ref());
            sip.is_some_and(|sip| sip.next_hop.is_none())
        });
        if is_gone && is_ours {
            let uri = match &exchange.request.start {
                StartLine::Request { uri, .. } => uri.to_string(),
                StartLine::Response { .. } => String::new(),
            };
            tracing::info!(%device, status = status.code(), "a phone says that nobody is there");
            let bindings = state.registrar.reach_device(device.as_str());
            let of_uri: Vec<_> =
                bindings.iter().filter(|it| *it.uri == *uri).map(|it| it.aor.clone()).collect();
            for aor in of_uri {
                state.registrar.remove(&aor, Some(device.as_str()), &uri);
            }
        }
        if status == Status::SERVICE_UNAVAILABLE
            && let Some(seconds) = message.retry_after()
        {
            let wait = Duration::from_secs(seconds.into()).min(HELD_OFF_MAX);
            if let Some(until) = now.checked_add(wait) {
                state.held_off.insert(device.as_str().to_owned(), until);
            }
        }
    }

    /// No answer came to a request of ours, or its flow is lost.
    pub(crate) fn failed(&self, state: &mut State, client: ClientId, why: Failure) {
        let Some(mut exchange) = state.exchanges.remove(&client) else { return };
        let now = now();
        self.note_failed(&exchange, why);
        if let Some(at) = &exchange.at {
            if why == Failure::Timeout {
                self.hop_answered(now, at, &exchange, None);
            } else if self.sent_elsewhere(state, now, &mut exchange) {
                return;
            }
        }
        if let Some(subscription) = exchange.subscription {
            state.subscriptions.withdraw(subscription);
        }
        if let Some(method) = exchange.request.method() {
            let result = match why {
                Failure::Timeout => "silent",
                Failure::Lost => "lost",
            };
            self.figures().sent(method, result);
        }
        if let Some(tell) = exchange.tell {
            // Whoever asked may have given up.
            let _ = tell.send(Answer::Failed(why));
        }
    }
}

/// What an answer means for an errand.
pub(crate) fn delivery_of(message: &Message) -> Delivery {
    let Some(status) = message.status() else { return Delivery::Silent };
    if status.is_success() {
        return Delivery::Accepted(status);
    }
    if status == Status::SERVICE_UNAVAILABLE
        && let Some(seconds) = message.retry_after()
    {
        return Delivery::HeldOff(Duration::from_secs(seconds.into()).min(HELD_OFF_MAX));
    }
    let reason = match &message.start {
        StartLine::Response { reason, .. } => reason.chars().take(100).collect(),
        StartLine::Request { .. } => String::new(),
    };
    Delivery::Refused(status, reason)
}
