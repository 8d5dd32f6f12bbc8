//! One mail on its way out, moved on as far as it goes now.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::mail::{MailOut, OutKind, OutState};
use domain::{InputId, Report, Timestamp};
use engine::SubmitError;

use super::letter::{self, Made};
use super::{Noted, Outgoing, Sending};
use crate::keeping;
use crate::smtp::Submitted;

/// A server may file what it took by itself; so long it has for it.
const FILED_WITHIN: Duration = Duration::from_secs(5);
/// A mail that no server took for so long is given up.
const TRIED_FOR: Duration = Duration::from_secs(48 * 3_600);
/// A mail that could not be filed for so long stays where it is.
const FILED_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);
/// The first pause after a try, and the longest.
const PAUSE: Duration = Duration::from_secs(15);
const PAUSE_MAX: Duration = Duration::from_secs(1_800);
/// After a refused sign-in it is not tried sooner, or accounts are locked.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);
/// So long a submission may take at least; a longer mail gets more.
const SUBMISSION: Duration = Duration::from_secs(120);
const SUBMISSION_BYTES_A_SECOND: u64 = 64 * 1024;
/// So much longer another node waits before it asks what became of it.
const SPARE: Duration = Duration::from_secs(10);

/// The first pause of a mail that the store does not let go on, and the longest; after so many somebody is told.
const HELD_PAUSE: Duration = Duration::from_secs(1);
const HELD_PAUSE_MAX: Duration = Duration::from_secs(60);
const HELD_TIMES_TOLD: u32 = 5;

/// Where a mail goes next, and when it is looked at again.
type Next = (OutState, Option<Timestamp>);

/// Why a mail was not moved on.
#[derive(Debug, thiserror::Error)]
enum Held {
    /// The store does not say, or does not take it.
    #[error(transparent)]
    Store(#[from] SubmitError),
    /// Another node sends.
    #[error("another node sends mails now")]
    Elsewhere,
}

impl Outgoing {
    /// Moves a mail on until it has to wait or is over.
    pub(super) async fn advance(&self, mut mail: MailOut) {
        if self.is_held(&mail) {
            return;
        }
        while !mail.is_over() {
            let next = match self.next(&mut mail).await {
                Ok(next) => next,
                Err(Held::Store(error)) if error.is_unreadable() => self.damaged(&mail),
                Err(error) => return self.hold(&mail, &error),
            };
            if let Err(error) = self.keep(&mut mail, next).await {
                return self.hold(&mail, &error.into());
            }
            self.noted().held.remove(&mail.id);
            if mail.next_try_at.is_some_and(|at| at > self.port.now()) {
                return;
            }
        }
        let mut noted = self.noted();
        noted.failures.remove(&mail.id);
        noted.sent_again.remove(&mail.id);
    }

    async fn next(&self, mail: &mut MailOut) -> Result<Next, Held> {
        if !self.is_ours.load(Ordering::Acquire) {
            return Err(Held::Elsewhere);
        }
        let server = (self.server_of)(&mail.csq);
        match (&mail.state, server) {
            (OutState::Queued, Ok(server)) => self.prepare(mail, server.as_ref()).await,
            (OutState::Prepared, Ok(server)) => self.send(mail, server.as_ref()).await,
            // Whoever was sending it is gone.
            (OutState::Sending, _) => Ok((OutState::Unknown, None)),
            (OutState::Unknown, Ok(server)) => self.find(mail, server.as_ref()).await,
            (OutState::Accepted { at, .. }, Ok(server)) => {
                self.file(mail, *at, server.as_ref()).await
            }
            (OutState::Accepted { at, .. }, Err(why)) => {
                // Without a mailbox there is nowhere to file it.
                tracing::warn!(mail = %mail.id, why, "a sent mail is not filed");
                Ok((OutState::Accepted { at: *at, is_filed: true }, None))
            }
            (OutState::Failed { .. }, _) => Ok((mail.state.clone(), None)),
            (_, Err(why)) => Ok(self.later(mail, &why, PAUSE)),
        }
    }

    /// Keeps where the mail is now.
    async fn keep(&self, mail: &mut MailOut, (state, at): Next) -> Result<(), SubmitError> {
        let name = match &state {
            OutState::Queued => "queued",
            OutState::Prepared => "prepared",
            OutState::Sending => "sending",
            OutState::Accepted { is_filed: false, .. } => "accepted",
            OutState::Accepted { is_filed: true, .. } => "filed",
            OutState::Unknown => "unknown",
            OutState::Failed { .. } => "failed",
        };
        let due = at.map_or(0, Timestamp::microseconds);
        let id = InputId::new("mail_out", format!("{}/{}/{name}/{due}", mail.id, mail.tries));
        let report = Report::MailOutMoved { out: mail.id, state: state.clone(), next_try_at: at };
        keeping::report(&self.port, id, report).await?;
        if state == OutState::Sending {
            mail.tries = mail.tries.saturating_add(1);
        }
        if let OutState::Failed { reason, .. } = &state {
            tracing::warn!(mail = %mail.id, csq = mail.csq, reason, "a mail is given up");
        }
        mail.state = state;
        mail.next_try_at = at;
        Ok(())
    }

    /// Makes its bytes and keeps them.
    async fn prepare(&self, mail: &MailOut, server: &dyn Sending) -> Result<Next, Held> {
        // Made before, by a try that got no further.
        if self.port.blob(&mail.blob()).await?.is_some() {
            return Ok((OutState::Prepared, None));
        }
        match letter::make(&self.port, mail, server.address()).await? {
            Made::Whole(raw) => {
                keeping::put_blob(&self.port, &mail.blob(), &raw).await?;
                Ok((OutState::Prepared, None))
            }
            Made::Not(why) => Ok(self.failed(why)),
        }
    }

    /// Hands it over.
    async fn send(&self, mail: &mut MailOut, server: &dyn Sending) -> Result<Next, Held> {
        let Some(raw) = self.port.blob(&mail.blob()).await? else {
            return Ok((OutState::Queued, None));
        };
        let is_answer = matches!(mail.kind, OutKind::Answer { .. });
        if !is_answer && mail.tries == 0 && !self.may_acknowledge() {
            return Ok(self.failed("more acknowledgements went out in an hour than are allowed"));
        }
        let bytes = u64::try_from(raw.len()).unwrap_or(u64::MAX);
        let patience = SUBMISSION + Duration::from_secs(bytes / SUBMISSION_BYTES_A_SECOND);
        let asked_at = self.port.now().after(patience + SPARE);
        self.keep(mail, (OutState::Sending, Some(asked_at))).await?;
        if !self.is_ours.load(Ordering::Acquire) {
            return Ok((OutState::Prepared, None));
        }
        let mut envelope = letter::envelope(mail, server.address());
        let mut submitted = within(patience, server.submit(&envelope, &raw)).await;
        if envelope.from.is_none() && matches!(submitted, Submitted::Refused { is_final: true, .. })
        {
            // Not every provider takes a mail from nobody.
            envelope.from = Some(server.address().to_owned());
            submitted = within(patience, server.submit(&envelope, &raw)).await;
        }
        Ok(self.submitted(mail, submitted))
    }

    fn submitted(&self, mail: &MailOut, submitted: Submitted) -> Next {
        match submitted {
            Submitted::Accepted { .. } => {
                self.figures.sending("accepted");
                let at = self.port.now();
                (OutState::Accepted { at, is_filed: false }, Some(at.after(FILED_WITHIN)))
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
                (OutState::Unknown, Some(self.port.now().after(FILED_WITHIN)))
            }
        }
    }

    /// It is tried again, unless that went on for too long.
    fn later(&self, mail: &MailOut, why: &str, pause: Duration) -> Next {
        let now = self.port.now();
        if now.since(mail.at) >= TRIED_FOR {
            return self.failed(format!("it could not be sent for two days; at last: {why}"));
        }
        tracing::info!(mail = %mail.id, csq = mail.csq, why, "a mail is sent later");
        let state = match mail.state {
            OutState::Queued => OutState::Queued,
            OutState::Unknown => OutState::Unknown,
            _ => OutState::Prepared,
        };
        (state, Some(now.after(rising(pause, mail.tries))))
    }

    /// Nobody knows whether it was taken: it is where sent mails lie, or is sent once more.
    async fn find(&self, mail: &MailOut, server: &dyn Sending) -> Result<Next, Held> {
        match server.is_sent(&mail.message_id).await {
            Ok(true) => {
                let at = self.port.now();
                Ok((OutState::Accepted { at, is_filed: true }, None))
            }
            Ok(false) => {
                let is_second = self.noted().sent_again.insert(mail.id, ()).is_some();
                if is_second {
                    return Ok(self.failed(
                        "twice nobody knew whether the mail server took it, and it is not among the sent ones; look \
                         there before it is sent again",
                    ));
                }
                Ok((OutState::Prepared, None))
            }
            Err(trouble) => {
                let now = self.port.now();
                if now.since(mail.at) >= TRIED_FOR {
                    let why = format!("nobody knows whether the mail server took it: {trouble}");
                    return Ok(self.failed(why));
                }
                let pause = rising(PAUSE, self.failed_again(mail));
                Ok((OutState::Unknown, Some(now.after(pause))))
            }
        }
    }

    /// Files it among the sent ones, unless the server did.
    async fn file(
        &self,
        mail: &MailOut,
        at: Timestamp,
        server: &dyn Sending,
    ) -> Result<Next, Held> {
        let filed = (OutState::Accepted { at, is_filed: true }, None);
        let done = match server.is_sent(&mail.message_id).await {
            Ok(true) => Ok("there"),
            Ok(false) => match self.port.blob(&mail.blob()).await? {
                Some(raw) => server.file(&raw).await.map(|()| "filed"),
                None => Ok("there"),
            },
            Err(trouble) => Err(trouble),
        };
        match done {
            Ok(how) => {
                self.figures.filing(how);
                if matches!(mail.kind, OutKind::Acknowledgement { .. }) {
                    self.port.delete_blob(&mail.blob()).await?;
                }
                Ok(filed)
            }
            Err(trouble) => {
                self.figures.filing("failed");
                let now = self.port.now();
                let (csq, why) = (&mail.csq, trouble.to_string());
                if now.since(at) >= FILED_FOR {
                    tracing::error!(mail = %mail.id, csq, why, "a sent mail is not filed");
                    return Ok(filed);
                }
                tracing::warn!(mail = %mail.id, csq, why, "a sent mail is filed later");
                let pause = rising(PAUSE, self.failed_again(mail));
                Ok((OutState::Accepted { at, is_filed: false }, Some(now.after(pause))))
            }
        }
    }

    /// What is kept of it cannot be read, however often it is tried.
    fn damaged(&self, mail: &MailOut) -> Next {
        tracing::error!(mail = %mail.id, "the bytes of a mail are damaged; restore a backup");
        let mut state = mail.state.clone();
        match &mut state {
            OutState::Accepted { is_filed, .. } => {
                *is_filed = true;
                (state, None)
            }
            _ => self.failed("its bytes, or those of what it passes on, are damaged"),
        }
    }

    /// It goes on later, and ever later while the reason stays.
    fn hold(&self, mail: &MailOut, error: &Held) {
        if matches!(error, Held::Elsewhere) {
            return tracing::debug!(mail = %mail.id, %error, "a mail goes on later");
        }
        let now = self.port.now();
        let mut noted = self.noted();
        let (times, until) = noted.held.entry(mail.id).or_insert((0, now));
        *times = times.saturating_add(1);
        *until = now.after(rising(HELD_PAUSE, *times).min(HELD_PAUSE_MAX));
        match *times == HELD_TIMES_TOLD {
            true => tracing::warn!(mail = %mail.id, %error, "a mail cannot go on"),
            false => tracing::debug!(mail = %mail.id, %error, "a mail goes on later"),
        }
    }

    fn is_held(&self, mail: &MailOut) -> bool {
        let now = self.port.now();
        self.noted().held.get(&mail.id).is_some_and(|(_, until)| *until > now)
    }

    fn failed(&self, reason: impl Into<String>) -> Next {
        (OutState::Failed { at: self.port.now(), reason: reason.into() }, None)
    }

    fn failed_again(&self, mail: &MailOut) -> u32 {
        let mut noted = self.noted();
        let failures = noted.failures.entry(mail.id).or_default();
        *failures = failures.saturating_add(1);
        *failures
    }

    /// Whether the site's limit leaves room for one more, which is counted.
    fn may_acknowledge(&self) -> bool {
        let most = self.port.settings().mail.acknowledgements_per_hour_max;
        let now = self.port.now();
        let mut noted = self.noted();
        noted.acknowledgements.retain(|at| now.since(*at) < Duration::from_secs(3_600));
        let is_free = u32::try_from(noted.acknowledgements.len()).is_ok_and(|sent| sent < most);
        if is_free {
            noted.acknowledgements.push(now);
        }
        is_free
    }

    fn noted(&self) -> std::sync::MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pause doubled so often, within bounds.
fn rising(pause: Duration, times: u32) -> Duration {
    pause.saturating_mul(2_u32.saturating_pow(times.min(16))).min(PAUSE_MAX).max(pause)
}

/// A submission that takes too long is one of which nobody knows.
async fn within(patience: Duration, submitting: impl Future<Output = Submitted>) -> Submitted {
    match tokio::time::timeout(patience, submitting).await {
        Ok(submitted) => submitted,
        Err(_) => Submitted::Unknown { why: "it took too long".to_owned() },
    }
}
