//! The phone's own requests: sending, resending, proving who it is, taking the answer.

use std::time::{Duration, Instant, SystemTime};

use super::{Handset, LIFETIME, Output, State, T1, T2};
use crate::sip::chance;
use crate::sip::compose::{self, Outgoing, Registering, Telling};
use crate::sip::digest::{self, Challenge, Credentials};
use crate::sip::event::Event;
use crate::sip::grammar;
use crate::sip::judge::asked::Referral;
use crate::sip::judge::outline::{self, Sent};
use crate::sip::judge::registered::{self, Expected};
use crate::sip::message::{Message, Start};

/// What a request is for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    Register(Registering),
    Tell(Telling),
}

/// A request that has no final answer yet.
pub(super) struct Pending {
    purpose: Purpose,
    request: Outgoing,
    sent: Sent,
    bytes: Vec<u8>,
    began: Instant,
    pub(super) resend_at: Instant,
    interval: Duration,
    pub(super) gives_up_at: Instant,
    /// How often it was challenged.
    challenges: u32,
    /// Nonce the request was sent with.
    nonce: Option<String>,
}

impl Pending {
    /// Its name in events.
    pub(super) fn what(&self) -> &'static str {
        match &self.purpose {
            Purpose::Register(Registering::Fresh) => "register",
            Purpose::Register(Registering::Refresh) => "refresh",
            Purpose::Register(Registering::End(_)) => "unregister",
            Purpose::Register(Registering::KeepAlive) => "keep_alive",
            Purpose::Tell(telling) => telling.name(),
        }
    }
}

/// A realm's challenge is answered this often for one request: once, and once more when stale.
const CHALLENGES_MAX: u32 = 2;

/// After a server's own failure the phone asks again: unless it says when, and at the latest.
const RETRY_SECONDS: u64 = 5;
const RETRY_SECONDS_MAX: u64 = 3600;

impl Handset {
    /// Sends a request, with proof where the phone has some.
    pub(super) fn ask(&mut self, now: Instant, purpose: Purpose, request: Outgoing) {
        // A keep-alive comes before any authentication.
        let is_bare = matches!(purpose, Purpose::Register(Registering::KeepAlive));
        let proof = match &mut self.proof {
            Some((header, challenge, count)) if self.settings.proves_at_once && !is_bare => {
                *count += 1;
                Some((*header, challenge.clone(), *count))
            }
            _ => None,
        };
        self.launch(now, now, purpose, request, 0, proof);
    }

    fn launch(
        &mut self,
        now: Instant,
        began: Instant,
        purpose: Purpose,
        request: Outgoing,
        challenges: u32,
        proof: Option<(&'static str, Challenge, u32)>,
    ) {
        let Some(local) = self.local else { return };
        let style = self.faults.style;
        let via = compose::via(&self.settings, local, style);
        let nonce = proof.as_ref().map(|(_, challenge, _)| challenge.nonce.clone());
        let proof = proof.map(|(header, challenge, count)| {
            let credentials =
                Credentials { user: &self.identity.user, password: &self.identity.password };
            let client_nonce = chance::hex(1);
            let Outgoing { method, uri, .. } = &request;
            let value = digest::answer(&challenge, credentials, method, uri, &client_nonce, count);
            (header, value)
        });
        let bytes = request.render(&via, proof.as_ref(), style);
        self.outputs.push_back(Output::Send(bytes.clone()));
        let sent = Sent {
            method: request.method,
            via,
            from: request.from.clone(),
            to: request.to.clone(),
            call_id: request.call_id.clone(),
            cseq: request.cseq,
            session_id: request.session_id.clone().filter(|_| !style.old),
            transport: self.settings.transport,
            local,
        };
        let gives_up_at = now + LIFETIME;
        let is_stream = self.settings.transport.is_stream();
        self.pending.push(Pending {
            purpose,
            sent,
            bytes: if is_stream { Vec::new() } else { bytes },
            request,
            began,
            resend_at: if is_stream { gives_up_at } else { now + T1 },
            interval: T1,
            gives_up_at,
            challenges,
            nonce,
        });
    }

    /// Sends again what nobody answered, or gives it up.
    pub(super) fn resend(&mut self, now: Instant) {
        let mut over = Vec::new();
        let mut kept = Vec::with_capacity(self.pending.len());
        for mut pending in std::mem::take(&mut self.pending) {
            if pending.gives_up_at <= now {
                over.push(pending);
                continue;
            }
            if pending.resend_at <= now {
                pending.interval = (pending.interval * 2).min(T2);
                pending.resend_at = now + pending.interval;
                self.outputs.push_back(Output::Send(pending.bytes.clone()));
            }
            kept.push(pending);
        }
        self.pending = kept;
        for pending in over {
            self.tell(Event::Unanswered { what: pending.what() });
            self.referrals.retain(|(it, _)| it.call_id != pending.sent.call_id);
            match pending.purpose {
                // Whoever owns the connection opens another, and the phone registers anew.
                Purpose::Register(Registering::Fresh | Registering::Refresh) => {
                    self.outputs.push_back(Output::Close);
                }
                Purpose::Register(Registering::End(_)) if std::mem::take(&mut self.restart) => {
                    self.wanted = true;
                    self.outputs.push_back(Output::Close);
                }
                _ => {}
            }
        }
    }

    /// An answer came.
    pub(super) fn answered(&mut self, now: Instant, message: &Message) {
        let Start::Status { code, reason } = &message.start else { return };
        let code = *code;
        let about = message.title();
        let found = self.pending.iter().position(|it| outline::answers(&it.sent, message));
        let Some(at) = found else {
            self.problems(outline::values(message), &about);
            // Over UDP a repeated answer is ordinary: ours may have been repeated, too.
            if self.settings.transport.is_stream() {
                self.problem("an answer to nothing that was asked".to_owned(), &about);
            }
            return;
        };
        let Some(pending) = self.pending.get_mut(at) else { return };
        let after = now.saturating_duration_since(pending.began);
        let problems = outline::answer(&pending.sent, message, after);
        if code < 200 {
            (pending.resend_at, pending.interval) = (now + T2, T2);
            if self.settings.transport.is_stream() {
                pending.resend_at = pending.gives_up_at;
            }
            return self.problems(problems, &about);
        }
        let pending = self.pending.remove(at);
        self.problems(problems, &about);
        match code {
            200..=299 => self.granted(now, pending, message, code),
            401 | 407 => self.challenged(now, pending, message, code),
            _ => self.refused(now, &pending, code, reason, message),
        }
    }

    fn granted(&mut self, now: Instant, pending: Pending, message: &Message, code: u16) {
        let took = now.saturating_duration_since(pending.began);
        let what = pending.what();
        match pending.purpose {
            Purpose::Register(registering) => {
                let has_body = !pending.request.body.is_empty();
                let expected = Expected {
                    registering,
                    contact: pending.request.contact.unwrap_or_default(),
                    offered: has_body.then(|| compose::options(&self.settings)),
                    expires_seconds: self.settings.expires_seconds,
                    plain: self.settings.plain,
                    now: self.settings.judges_date.then(SystemTime::now),
                };
                let (problems, expires_seconds) = registered::registered(&expected, message);
                self.problems(problems, &message.title());
                match registering {
                    Registering::Fresh | Registering::Refresh => {
                        self.state = State::Registered;
                        self.refresh_at = Some(now + self.refresh_after(expires_seconds));
                        if self.ping_at.is_none() {
                            self.ping_at = self.settings.ping.map(|every| now + every);
                        }
                        let fresh = registering == Registering::Fresh;
                        let challenges = pending.challenges;
                        self.tell(Event::Registered { fresh, expires_seconds, took, challenges });
                    }
                    Registering::End(_) => {
                        self.state = State::Off;
                        self.tell(Event::Unregistered { took });
                        if std::mem::take(&mut self.restart) {
                            self.wanted = true;
                            self.outputs.push_back(Output::Close);
                        }
                    }
                    Registering::KeepAlive => {
                        self.tell(Event::Accepted { what, status: code, took })
                    }
                }
            }
            Purpose::Tell(telling) => {
                if matches!(telling, Telling::SoftKey(_)) {
                    self.await_outcome(now, &pending.sent, message);
                }
                self.tell(Event::Accepted { what, status: code, took });
            }
        }
    }

    /// Real phones refresh five seconds before the end of what they were granted.
    fn refresh_after(&self, expires_seconds: u64) -> Duration {
        match self.settings.plain {
            false => self.settings.refresh,
            true => Duration::from_secs(expires_seconds).mul_f64(0.9).min(self.settings.refresh),
        }
    }

    /// A soft key's REFER makes a dialog in which the server tells the outcome.
    fn await_outcome(&mut self, now: Instant, sent: &Sent, message: &Message) {
        let server_tag = message.get("to").and_then(outline::tag);
        let known = self.referrals.iter_mut().find(|(it, _)| it.call_id == sent.call_id);
        if let Some((referral, until)) = known {
            referral.server_tag = server_tag;
            *until = Some(now + LIFETIME);
        }
    }

    /// Before it is sent: the NOTIFY may overtake the answer.
    pub(super) fn expect_outcome(&mut self, request: &Outgoing) {
        self.referrals.push((
            Referral {
                call_id: request.call_id.clone(),
                own_tag: outline::tag(&request.from).unwrap_or_default(),
                server_tag: None,
                cseq: request.cseq,
            },
            None,
        ));
    }

    fn challenged(&mut self, now: Instant, pending: Pending, message: &Message, code: u16) {
        let (asks, proves) = match code {
            401 => ("www-authenticate", "Authorization"),
            _ => ("proxy-authenticate", "Proxy-Authorization"),
        };
        let about = message.title();
        if matches!(pending.purpose, Purpose::Register(Registering::KeepAlive)) {
            self.problem("a cisco-keep-alive is challenged".to_owned(), &about);
        }
        let challenges: Vec<Challenge> =
            message.all(asks).filter_map(|value| digest::challenge(value).ok().flatten()).collect();
        for (at, challenge) in challenges.iter().enumerate() {
            let twin = |it: &Challenge| {
                it.realm == challenge.realm
                    && it.algorithm.eq_ignore_ascii_case(&challenge.algorithm)
            };
            if challenges.iter().take(at).any(twin) {
                let words = format!("two challenges with {} for one realm", challenge.algorithm);
                self.problem(words, &about);
            }
        }
        let what = pending.what();
        let Some(challenge) = challenges.into_iter().next() else {
            let reason = "no challenge that the phone knows";
            return self.refused(now, &pending, code, reason, message);
        };
        let was_proven = pending.nonce.is_some();
        if was_proven && pending.nonce.as_ref() == Some(&challenge.nonce) && challenge.stale {
            self.problem("a nonce is stale and offered again".to_owned(), &about);
        }
        // Proof that was refused without being stale is wrong, and stays so. A remembered nonce is
        // another matter: the server may have forgotten it.
        let was_remembered = was_proven && pending.challenges == 0;
        let is_final = was_proven && !challenge.stale && !was_remembered;
        if is_final || pending.challenges >= CHALLENGES_MAX {
            return self.refused(now, &pending, code, "wrong user or password", message);
        }
        let algorithm = challenge.algorithm.clone();
        self.tell(Event::Challenged { what, algorithm, stale: challenge.stale });
        let mut request = pending.request;
        request.cseq += 1;
        if let (Purpose::Register(_), Some(thread)) = (&pending.purpose, &mut self.thread)
            && thread.call_id == request.call_id
        {
            thread.cseq = request.cseq;
        }
        for (referral, _) in &mut self.referrals {
            if referral.call_id == request.call_id {
                referral.cseq = request.cseq;
            }
        }
        self.proof = Some((proves, challenge.clone(), 1));
        let proof = Some((proves, challenge, 1));
        self.launch(now, pending.began, pending.purpose, request, pending.challenges + 1, proof);
    }

    fn refused(
        &mut self,
        now: Instant,
        pending: &Pending,
        status: u16,
        reason: &str,
        message: &Message,
    ) {
        let warning = message.get("warning").map(str::to_owned);
        let what = pending.what();
        self.tell(Event::Refused { what, status, reason: reason.to_owned(), warning });
        self.referrals.retain(|(it, _)| it.call_id != pending.sent.call_id);
        if let Purpose::Register(Registering::Fresh | Registering::Refresh) = pending.purpose {
            self.state = State::Off;
            self.thread = None;
            // A server in trouble is asked again in time; one that says no is not.
            let seconds = message.get("retry-after").and_then(|value| {
                grammar::number(value.split(['(', ';']).next()?.trim(), RETRY_SECONDS_MAX)
            });
            let pause = Duration::from_secs(seconds.unwrap_or(RETRY_SECONDS));
            self.refresh_at = (500..=599).contains(&status).then(|| now + pause);
        }
    }
}
