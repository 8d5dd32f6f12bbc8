//! One mail handed over, and what becomes of it by what its server says.
//!
//! ```text
//!   Prepared --taken--> Sending --the server says--> Accepted | Failed | Prepared, later
//!                         |--the connection or the time ends before the last byte--> Prepared: it was not sent
//!                         |--the same after it------------------------------------> Unknown
//!                         `--this node stops before it--> Prepared, for whoever goes on
//! ```

use std::time::Duration;

use domain::mail::{MailOut, OutKind, OutState};
use domain::settings::UnclearSending;
use tokio::time::timeout;

use super::steps::{Held, LOOKED_AFTER, Next, PAUSE, REFUSED_PAUSE};
use super::{Outgoing, Sending, letter};
use crate::smtp::{Envelope, Progress, Submitted};
use crate::trouble::Trouble;
use crate::way_out::Door;

/// A server may file what it took by itself; so long it has for it.
const FILED_WITHIN: Duration = Duration::from_secs(5);
/// So much longer than a submission may take another node waits before it asks what became of it.
const SPARE: Duration = Duration::from_secs(10);

impl Outgoing {
    /// Hands it over.
    pub(super) async fn send(
        &self,
        mail: &mut MailOut,
        server: &dyn Sending,
    ) -> Result<Next, Held> {
        let Some(raw) = self.port.blob(&mail.blob()).await? else {
            return Ok((OutState::Queued, None));
        };
        if mail.proof.unclear > 0
            && let Some(known) = self.port.mail_out(mail.id).await?
            && known.proof.copies > 0
        {
            mail.proof = known.proof;
            return Ok((self.accepted(), None));
        }
        let is_answer = matches!(mail.kind, OutKind::Answer { .. });
        if !is_answer && mail.tries == 0 && !self.may_acknowledge() {
            return Ok(self.failed("more acknowledgements went out in an hour than are allowed"));
        }
        let asks_copy = self.terms(mail).0 == UnclearSending::OwnCopy;
        let mut envelope = letter::envelope(mail, server.address(), asks_copy);
        let patience = server.longest(&envelope, raw.len());
        // What comes from nobody may be handed over twice.
        let times = if envelope.from.is_none() { 2 } else { 1 };
        let asked_at = self.port.now().after(patience.saturating_mul(times).saturating_add(SPARE));
        let sending = OutState::Sending { by: Some(self.sender.clone()), asks_copy };
        // From here on it is this node's to hand over, and nobody else's.
        self.keep(mail, (sending, Some(asked_at))).await?;
        if !self.is_ours() {
            return Ok((OutState::Prepared, None));
        }
        let mut submitted = self.hand_over(server, &envelope, &raw, patience).await;
        if envelope.from.is_none()
            && matches!(submitted, Some(Submitted::Refused { is_final: true, .. }))
        {
            // Not every provider takes a mail from nobody.
            envelope.from = Some(server.address().to_owned());
            submitted = self.hand_over(server, &envelope, &raw, patience).await;
        }
        match submitted {
            Some(submitted) => Ok(self.submitted(mail, submitted)),
            None => Ok((OutState::Prepared, None)),
        }
    }

    fn submitted(&self, mail: &MailOut, submitted: Submitted) -> Next {
        let pause = pause_after(&submitted);
        match &submitted {
            Submitted::Unknown { .. } => {}
            Submitted::NotBegun(trouble) => {
                self.ways.fails(&mail.csq, self.port.now(), &trouble.to_string());
            }
            Submitted::Refused { text, .. } if pause.is_some() => {
                self.ways.fails(&mail.csq, self.port.now(), text);
            }
            Submitted::Accepted { .. } | Submitted::Refused { .. } => self.ways.works(&mail.csq),
        }
        if let Some(pause) = pause {
            self.ways.pause(&mail.csq, Door::Submission, self.port.now(), pause);
        }
        match submitted {
            Submitted::Accepted { is_copied, .. } => {
                self.figures.sending("accepted");
                let wait = if is_copied { self.terms(mail).1 } else { FILED_WITHIN };
                (self.accepted(), Some(self.port.now().after(wait)))
            }
            Submitted::Refused { is_final: true, code, text } => {
                self.figures.sending("refused");
                let code = code.map_or_else(String::new, |code| format!("{code} "));
                self.failed(format!("the mail server refuses it: {code}{text}"))
            }
            Submitted::Refused { is_final: false, code, text } => {
                self.figures.sending("later");
                let code = code.map_or_else(String::new, |code| format!("{code} "));
                self.later(mail, &format!("the mail server takes it later: {code}{text}"), PAUSE)
            }
            Submitted::NotBegun(trouble) => {
                self.figures.sending("later");
                let pause = if trouble.is_sign_in() { REFUSED_PAUSE } else { PAUSE };
                self.later(mail, &trouble.to_string(), pause)
            }
            Submitted::Unknown { why } => {
                self.figures.sending("unknown");
                let csq = &mail.csq;
                tracing::warn!(mail = %mail.id, csq, why, "nobody knows whether a mail was taken");
                let now = self.port.now();
                (OutState::Unknown { since: Some(now) }, Some(now.after(LOOKED_AFTER)))
            }
        }
    }

    /// What came of handing it over within that time; `None` where this node stopped before it was handed over in full.
    /// How far it came is known however it ends.
    async fn hand_over(
        &self,
        server: &dyn Sending,
        envelope: &Envelope,
        raw: &[u8],
        patience: Duration,
    ) -> Option<Submitted> {
        let progress = Progress::default();
        let submitting = timeout(patience, server.submit(envelope, raw, &progress));
        tokio::pin!(submitting);
        let ended = tokio::select! {
            biased;
            ended = &mut submitting => ended,
            () = self.stops() => match progress.is_whole() {
                true => submitting.await,
                false => return None,
            },
        };
        let why = || "handing it over took too long".to_owned();
        Some(ended.unwrap_or_else(|_| match progress.is_whole() {
            true => Submitted::Unknown { why: why() },
            false => Submitted::NotBegun(Trouble::Unusable(why())),
        }))
    }

    /// Until this node stops sending.
    pub(super) async fn stops(&self) {
        let _ = self.stopping.subscribe().wait_for(|stop| *stop).await;
    }
}

/// How long nothing of an account is tried after that: what it says is meant for the account and not for the mail.
fn pause_after(submitted: &Submitted) -> Option<Duration> {
    match submitted {
        Submitted::NotBegun(trouble) if trouble.is_sign_in() => Some(REFUSED_PAUSE),
        Submitted::NotBegun(Trouble::Unusable(_)) => None,
        // It did not come to the mail, or not far.
        Submitted::NotBegun(_) => Some(PAUSE),
        // The service is closed for now, or wants another password first (RFC 5321, 4.2.3; RFC 4954, 6).
        Submitted::Refused { code: Some(421 | 432), is_final: false, .. } => Some(REFUSED_PAUSE),
        _ => None,
    }
}
