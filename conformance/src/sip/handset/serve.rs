//! The server's requests: judged, answered, and done.

use std::time::Instant;

use super::faults::LATE;
use super::{Handset, LIFETIME, Output, State};
use crate::sip::compose::{self, Registering, contact_uri};
use crate::sip::event::Event;
use crate::sip::judge::asked::{self, Known, Service, Verdict};
use crate::sip::message::{Message, Start};
use crate::sip::{chance, grammar};

/// A request that was answered, kept for as long as it may come again.
pub(super) struct Served {
    branch: String,
    method: String,
    raw: Vec<u8>,
    answer: Option<Vec<u8>>,
    until: Instant,
}

/// Requests remembered, at most.
const SERVED_MAX: usize = 64;

impl Handset {
    /// Judges a request, answers it and does it.
    pub(super) fn serve(&mut self, now: Instant, message: &Message, raw: &[u8]) {
        let Start::Request { method, .. } = &message.start else { return };
        let about = message.title();
        if method == "ACK" {
            return;
        }
        let branch = branch_of(message);
        if self.has_come_before(now, method, &branch, raw, &about) {
            return;
        }
        let verdict = self.judge(message);
        let Verdict { problems, name, asked, service, ends, .. } = verdict;
        let is_clean = problems.is_empty();
        self.problems(problems, &about);
        let code = self.faults.code.unwrap_or(verdict.code);
        let answer = match self.faults.dumb {
            true => None,
            false => self.answer(now, message, code),
        };
        if self.served.len() == SERVED_MAX {
            self.served.pop_front();
        }
        let (method, raw) = (method.clone(), raw.to_vec());
        self.served.push_back(Served { branch, method, raw, answer, until: now + LIFETIME });
        let answer = (!self.faults.dumb).then_some(code);
        self.tell(Event::Request { name, asked, answer, at: now });
        if let Some(call_id) = ends {
            self.referrals.retain(|(it, _)| it.call_id != call_id);
        }
        if is_clean
            && code < 300
            && !self.faults.dumb
            && self.settings.obeys
            && let Some(service) = service
        {
            self.restart = true;
            self.wanted = false;
            self.refresh_at = None;
            let last = match service {
                Service::Restart => "reset-restart",
                Service::Reset => "reset-reset",
            };
            self.send_register(now, Registering::End(Some(last)));
        }
    }

    /// Whether it is a repetition, which is answered as before or complained of.
    fn has_come_before(
        &mut self,
        now: Instant,
        method: &str,
        branch: &str,
        raw: &[u8],
        about: &str,
    ) -> bool {
        self.served.retain(|it| it.until > now);
        let before = self.served.iter().find(|it| it.branch == branch && it.method == method);
        let Some(before) = before else { return false };
        let (is_same, answer) = (before.raw == raw, before.answer.clone());
        if !is_same {
            self.problem("a branch is used for two requests".to_owned(), about);
            return false;
        }
        if self.settings.transport.is_stream() {
            self.problem("a request is sent again over a stream".to_owned(), about);
        }
        self.tell(Event::Repeated { method: method.to_owned() });
        self.outputs.extend(answer.map(Output::Send));
        true
    }

    fn judge(&self, message: &Message) -> Verdict {
        // Over UDP a request may overtake the answer to the REGISTER it follows from.
        let registered = match self.state {
            State::Registered => true,
            State::Registering => !self.settings.transport.is_stream(),
            State::Off => false,
        };
        let local = self.local.filter(|_| registered);
        let contact = local.map(|local| contact_uri(&self.settings, &self.identity, local));
        let offers = self.settings.remotecc && !self.settings.plain;
        let referrals: Vec<_> = self.referrals.iter().map(|(it, _)| it.clone()).collect();
        let known = Known {
            transport: self.settings.transport,
            contact_uri: contact.as_deref(),
            register_call_id: self.thread.as_ref().map_or("", |thread| &thread.call_id),
            combine_max: if offers { 6 } else { 0 },
            referrals: &referrals,
        };
        asked::judge(&known, message)
    }

    fn answer(&mut self, now: Instant, message: &Message, code: u16) -> Option<Vec<u8>> {
        let tag = chance::hex(1);
        let contact = self.local.filter(|_| code < 300);
        let contact = contact.map(|local| contact_uri(&self.settings, &self.identity, local));
        let faults = self.faults;
        let reason = reason(code);
        let contact = contact.as_deref();
        let bytes =
            compose::answer(message, code, reason, &tag, contact, faults.style, faults.answer);
        let times = if faults.twice { 2 } else { 1 };
        for _ in 0..times {
            match faults.late {
                true => self.late.push_back((now + LATE, bytes.clone())),
                false => self.outputs.push_back(Output::Send(bytes.clone())),
            }
        }
        Some(bytes)
    }
}

fn branch_of(message: &Message) -> String {
    let top = message.list("via").ok().and_then(|all| grammar::via(all.first()?).ok());
    top.and_then(|via| via.parameters.text("branch")).unwrap_or_default()
}

fn reason(code: u16) -> &'static str {
    match code {
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        404 => "Request URI Not Found",
        405 => "Method Not Allowed",
        420 => "Bad Extension",
        480 => "Temporarily Unavailable",
        481 => "Subscription Does Not Exist",
        489 => "Bad Event",
        503 => "Service Unavailable",
        603 => "Decline",
        _ => "As Told",
    }
}
