//! One mail on its way out, moved on as far as it goes now.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::mail::{MailOut, OTHER_IDS_MAX, OpenMail, OpenStage, OutKind, OutState, Sender};
use domain::settings::{PROOF_SECONDS, UnclearSending};
use domain::{ContactId, InputId, Report, Timestamp};
use engine::{Outcome, SubmitError};
use tokio::time::Instant;

use super::letter::{self, Made};
use super::{Filed, Letter, NoServer, Noted, Outgoing, Sending};
use crate::keeping;
use crate::trouble::Trouble;
use crate::way_out::{Door, rising};

/// A mail that no server took for so long is given up.
pub(super) const TRIED_FOR: Duration = Duration::from_secs(48 * 3_600);
/// A mail that could not be filed for so long stays where it is.
const FILED_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);
/// The first pause after a try.
pub(super) const PAUSE: Duration = Duration::from_secs(15);
/// After a refused sign-in it is not tried sooner, or accounts are locked.
pub(super) const REFUSED_PAUSE: Duration = Duration::from_secs(60);
/// Proof is looked for so often at most, and at least.
pub(super) const LOOKED_AFTER: Duration = Duration::from_secs(2);
const LOOKED_AFTER_MAX: Duration = Duration::from_secs(15);
/// What whoever wrote an answer is told of one that nobody knows of.
const UNCLEAR: &str = "nobody knows whether it reached the customer: the mail server gave no answer when it got it. Look \
    among the sent mails, or ask the customer, before it is sent again";

/// For so long at most what a server said is told to a store that does not take it; the first pause, and the longest.
const KEPT_WITHIN: Duration = Duration::from_secs(300);
const KEPT_PAUSE: Duration = Duration::from_millis(250);
const KEPT_PAUSE_MAX: Duration = Duration::from_secs(5);
/// The first pause of a mail that the store does not let go on, and the longest; after so many somebody is told.
const HELD_PAUSE: Duration = Duration::from_secs(1);
const HELD_PAUSE_MAX: Duration = Duration::from_secs(60);
const HELD_TIMES_TOLD: u32 = 5;

/// Where a mail goes next, and when it is looked at again.
pub(super) type Next = (OutState, Option<Timestamp>);

/// Why a mail was not moved on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Held {
    /// The store does not say, or does not take it.
    #[error(transparent)]
    Store(#[from] SubmitError),
    /// Another node sends.
    #[error("another node sends mails now")]
    Elsewhere,
    /// Somebody else moved it.
    #[error("somebody else moved it on meanwhile")]
    Moved,
    /// Its account is not used for a while.
    #[error("its account is left alone for a while")]
    Paused,
}

impl Outgoing {
    /// Moves a mail on, from where the store has it now, until it has to wait or is over; whether it was moved at all.
    pub(super) async fn advance(&self, id: ContactId) -> bool {
        if self.is_held(id) {
            return false;
        }
        let mut mail = match self.port.mail_out(id).await {
            Ok(Some(mail)) if self.is_due(&mail, self.port.now()) => mail,
            Ok(_) => {
                self.forget(id);
                return false;
            }
            Err(error) => {
                self.hold(id, &Held::Store(error));
                return false;
            }
        };
        let mut has_moved = false;
        while !mail.is_over() {
            let was_sending = matches!(mail.state, OutState::Sending { .. });
            let next = match self.next(&mut mail).await {
                Ok(next) => next,
                Err(Held::Store(error)) if error.is_unreadable() => self.damaged(&mail),
                Err(error) => {
                    self.hold(id, &error);
                    return has_moved;
                }
            };
            // What a server just said to us nobody else knows.
            let is_news = !was_sending && matches!(mail.state, OutState::Sending { .. });
            let kept = match is_news {
                true => self.keep_surely(&mut mail, next).await,
                false => self.keep(&mut mail, next).await,
            };
            if let Err(error) = kept {
                self.hold(id, &error);
                return has_moved;
            }
            has_moved = true;
            self.forget(id);
            if mail.next_try_at.is_some_and(|at| at > self.port.now()) {
                return has_moved;
            }
        }
        self.noted().failures.remove(&id);
        has_moved
    }

    /// Nothing keeps a mail from going on, and it goes by when it is due.
    fn forget(&self, id: ContactId) {
        let mut noted = self.noted();
        noted.held.remove(&id);
        noted.orphans.remove(&id);
    }

    /// A mail that waited for so long that it is given up is so without being tried, right after another one of its
    /// account could not be sent; whether that was kept.
    pub(super) async fn give_up(&self, id: ContactId, why: &str) -> bool {
        let mut mail = match self.port.mail_out(id).await {
            Ok(Some(mail)) if matches!(mail.state, OutState::Queued | OutState::Prepared) => mail,
            _ => return false,
        };
        let next = self.too_late(why);
        let kept = self.keep(&mut mail, next).await;
        if let Err(error) = &kept {
            tracing::debug!(mail = %mail.id, %error, "a mail is given up later");
        }
        kept.is_ok()
    }

    async fn next(&self, mail: &mut MailOut) -> Result<Next, Held> {
        if !self.is_ours() {
            return Err(Held::Elsewhere);
        }
        let door = door(OpenMail::of(mail).map(|mail| mail.stage));
        if door.is_some_and(|door| self.ways.is_paused(&mail.csq, door, self.port.now())) {
            return Err(Held::Paused);
        }
        let server = (self.server_of)(&mail.csq);
        match (&mail.state, server) {
            (OutState::Queued, Ok(server)) => self.prepare(mail, server.as_ref()).await,
            // Its copy says what its sender could not.
            (OutState::Prepared | OutState::Sending { .. } | OutState::Unknown { .. }, _)
                if mail.proof.copies > 0 =>
            {
                Ok((self.accepted(), None))
            }
            (OutState::Prepared, Ok(server)) => self.send(mail, server.as_ref()).await,
            // Whoever was sending it is gone.
            (OutState::Sending { .. }, _) => {
                Ok((OutState::Unknown { since: Some(self.port.now()) }, None))
            }
            (OutState::Unknown { since }, Ok(server)) => {
                let since = since.unwrap_or(mail.at);
                self.find(mail, since, server.as_ref()).await
            }
            // It went out, or did after all, as its copy says.
            (OutState::Accepted { at, .. } | OutState::Failed { at, .. }, Ok(server)) => {
                let at = *at;
                self.file(mail, at, server.as_ref()).await
            }
            (_, Err(none)) => self.without_server(mail, &none),
        }
    }

    /// What becomes of a mail whose CSQ has no mail server that could be asked: it rests with all others of its account,
    /// and nothing is kept of that, until there is one or its time is over.
    fn without_server(&self, mail: &MailOut, none: &NoServer) -> Result<Next, Held> {
        let (csq, why, now) = (&mail.csq, &none.why, self.port.now());
        match &mail.state {
            OutState::Accepted { at, .. } | OutState::Failed { at, .. } => {
                // Without a mailbox there is nowhere to file it.
                if none.is_gone || now.since(*at) >= FILED_FOR {
                    tracing::warn!(mail = %mail.id, csq, why, "a sent mail is not filed");
                    return Ok((filed(mail, *at), None));
                }
                self.ways.pause(csq, Door::Folders, now, PAUSE);
            }
            OutState::Unknown { .. } => {
                if now.since(mail.at) >= TRIED_FOR {
                    return Ok(self.unclear(UNCLEAR));
                }
                self.ways.pause(csq, Door::Folders, now, PAUSE);
            }
            _ => {
                self.ways.fails(csq, now, why);
                if now.since(mail.at) >= TRIED_FOR {
                    return Ok(self.too_late(why));
                }
                self.ways.pause(csq, Door::Submission, now, PAUSE);
            }
        }
        tracing::debug!(mail = %mail.id, csq, why, "its mail server cannot be asked");
        Err(Held::Paused)
    }

    fn too_late(&self, why: &str) -> Next {
        self.failed(format!("it could not be sent for two days; at last: {why}"))
    }

    /// Keeps where the mail is now, unless somebody else moved it since it was looked at.
    pub(super) async fn keep(&self, mail: &mut MailOut, next: Next) -> Result<(), Held> {
        let word = self.new_word(mail);
        self.say(mail, &word, next).await
    }

    /// The same, over and over while the store cannot take it, until this node stops; for some minutes at most, since the
    /// mails behind this one wait meanwhile.
    async fn keep_surely(&self, mail: &mut MailOut, next: Next) -> Result<(), Held> {
        let (word, until) = (self.new_word(mail), Instant::now() + KEPT_WITHIN);
        let mut pause = KEPT_PAUSE;
        loop {
            let error = match self.say(mail, &word, next.clone()).await {
                Err(Held::Store(error)) if is_passing(&error) && Instant::now() < until => error,
                said => return said,
            };
            tracing::warn!(mail = %mail.id, %error, "what became of a mail cannot be kept yet");
            tokio::select! {
                biased;
                () = self.stops() => return Err(error.into()),
                () = tokio::time::sleep(pause) => {}
            }
            pause = pause.saturating_mul(2).min(KEPT_PAUSE_MAX);
        }
    }

    /// Each word is a new one: whether it was taken is what counts, and only its own repetition may be told so too.
    fn new_word(&self, mail: &MailOut) -> InputId {
        let Sender { node, life } = &self.sender;
        let number = self.words.fetch_add(1, Ordering::Relaxed);
        InputId::new("mail_out", format!("{}/{node}/{life}/{number}", mail.id))
    }

    async fn say(&self, mail: &mut MailOut, word: &InputId, (state, at): Next) -> Result<(), Held> {
        let (was, state_now) = (mail.state.clone(), state.clone());
        let (out, other_ids) = (mail.id, mail.other_ids.clone());
        let report =
            Report::MailOutMoved { out, was, state: state_now, next_try_at: at, other_ids };
        match keeping::report(&self.port, word.clone(), report).await? {
            Outcome::Done(_) => {}
            Outcome::Refused(_) | Outcome::Unclear(_) => return Err(Held::Moved),
        }
        match &state {
            OutState::Sending { asks_copy, .. } => {
                mail.tries = mail.tries.saturating_add(1);
                mail.proof.is_asked |= asks_copy;
            }
            OutState::Unknown { .. } if !matches!(mail.state, OutState::Unknown { .. }) => {
                mail.proof.unclear = mail.proof.unclear.saturating_add(1);
            }
            _ => {}
        }
        if let OutState::Failed { reason, settled: 0, .. } = &state {
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

    /// It is tried again, unless that went on for too long.
    pub(super) fn later(&self, mail: &MailOut, why: &str, pause: Duration) -> Next {
        let now = self.port.now();
        if now.since(mail.at) >= TRIED_FOR {
            return self.too_late(why);
        }
        tracing::info!(mail = %mail.id, csq = mail.csq, why, "a mail is sent later");
        let state = match mail.state {
            OutState::Queued => OutState::Queued,
            OutState::Unknown { since } => OutState::Unknown { since },
            _ => OutState::Prepared,
        };
        (state, Some(now.after(rising(pause, mail.tries))))
    }

    /// Nobody knows whether it was taken: what proves it is looked for, and without proof it is sent once more or given
    /// back.
    async fn find(
        &self,
        mail: &mut MailOut,
        since: Timestamp,
        server: &dyn Sending,
    ) -> Result<Next, Held> {
        let now = self.port.now();
        let (unclear, proof) = self.terms(mail);
        let found = match server.is_sent(&letter(mail, &[])).await {
            Ok(Some(ids)) => {
                learn(mail, ids);
                Ok(true)
            }
            Ok(None) if mail.proof.is_asked => match self.port.blob(&mail.blob()).await? {
                Some(raw) => server.has_copy(&letter(mail, &raw)).await,
                None => Ok(false),
            },
            Ok(None) => Ok(false),
            Err(trouble) => Err(trouble),
        };
        self.knocked(&mail.csq, found.as_ref().err());
        let waited = now.since(since);
        match found {
            Ok(true) => Ok((self.accepted(), None)),
            Ok(false) if waited < proof.saturating_mul(2) => {
                let pause = (waited / 2).clamp(LOOKED_AFTER, LOOKED_AFTER_MAX);
                let pause = pause.min(proof.saturating_mul(2).saturating_sub(waited));
                Ok((OutState::Unknown { since: Some(since) }, Some(now.after(pause))))
            }
            Ok(false) if mail.proof.unclear >= unclear_max(unclear) => Ok(self.unclear(UNCLEAR)),
            Ok(false) => Ok((OutState::Prepared, None)),
            Err(trouble) if now.since(mail.at) >= TRIED_FOR => {
                tracing::warn!(mail = %mail.id, %trouble, "sent mails cannot be looked at");
                Ok(self.unclear(UNCLEAR))
            }
            Err(trouble) => {
                tracing::info!(mail = %mail.id, %trouble, "sent mails are looked at later");
                let pause = rising(PAUSE, self.failed_again(mail));
                Ok((OutState::Unknown { since: Some(since) }, Some(now.after(pause))))
            }
        }
    }

    /// Files it among the sent ones, unless the server did.
    async fn file(
        &self,
        mail: &mut MailOut,
        at: Timestamp,
        server: &dyn Sending,
    ) -> Result<Next, Held> {
        let done = match self.port.blob(&mail.blob()).await? {
            Some(raw) => server.file(&letter(mail, &raw), mail.proof.is_asked).await,
            None => Ok(Filed::There(Vec::new())),
        };
        self.knocked(&mail.csq, done.as_ref().err());
        match done {
            Ok(how) => {
                self.figures.filing(match how {
                    Filed::There(ids) => {
                        learn(mail, ids);
                        "there"
                    }
                    Filed::Moved => "moved",
                    Filed::Put => "filed",
                });
                let is_complete = !mail.proof.is_asked || mail.proof.copies > 0;
                // What a later copy is compared with is kept as long as the contact.
                if is_complete && matches!(mail.kind, OutKind::Acknowledgement { .. }) {
                    self.port.delete_blob(&mail.blob()).await?;
                }
                Ok((filed(mail, at), None))
            }
            Err(trouble) => {
                self.figures.filing("failed");
                let now = self.port.now();
                let (csq, why) = (&mail.csq, trouble.to_string());
                if now.since(at) >= FILED_FOR {
                    tracing::error!(mail = %mail.id, csq, why, "a sent mail is not filed");
                    return Ok((filed(mail, at), None));
                }
                tracing::warn!(mail = %mail.id, csq, why, "a sent mail is filed later");
                let pause = rising(PAUSE, self.failed_again(mail));
                Ok((mail.state.clone(), Some(now.after(pause))))
            }
        }
    }

    /// The folders of an account were looked at, or could not be.
    fn knocked(&self, csq: &str, trouble: Option<&Trouble>) {
        match trouble {
            Some(trouble) if trouble.is_sign_in() => {
                self.ways.pause(csq, Door::Folders, self.port.now(), REFUSED_PAUSE);
            }
            Some(_) => {}
            None => self.ways.opened(csq, Door::Folders),
        }
    }

    /// What happens to a mail that nobody knows of, and how long what proves that it was taken may need.
    pub(super) fn terms(&self, mail: &MailOut) -> (UnclearSending, Duration) {
        let settings = self.port.settings();
        let email = settings.csqs.get(&mail.csq).and_then(|csq| csq.email.as_ref());
        let server = email.and_then(|email| settings.mail_servers.get(&email.mail_server));
        let seconds = server.map_or(PROOF_SECONDS, |server| server.proof_seconds);
        let unclear = server.map_or(UnclearSending::Repeat, |server| server.unclear_sending());
        (unclear, Duration::from_secs(u64::from(seconds)))
    }

    pub(super) fn accepted(&self) -> OutState {
        OutState::Accepted { at: self.port.now(), is_filed: false, settled: 0 }
    }

    /// It is given back, and may have gone out all the same.
    fn unclear(&self, reason: &str) -> Next {
        let (at, reason) = (self.port.now(), reason.to_owned());
        (OutState::Failed { at, reason, is_unclear: true, settled: 0 }, None)
    }

    /// What is kept of it cannot be read, however often it is tried.
    fn damaged(&self, mail: &MailOut) -> Next {
        tracing::error!(mail = %mail.id, "the bytes of a mail are damaged; restore a backup");
        match &mail.state {
            // Nothing is left to compare its copies with: those that came stay where they lie.
            OutState::Accepted { at, .. } => (filed(mail, *at), None),
            OutState::Failed { .. } => (settled(mail), None),
            _ => self.failed("its bytes, or those of what it passes on, are damaged"),
        }
    }

    /// It goes on later, and ever later while the reason stays.
    fn hold(&self, mail: ContactId, error: &Held) {
        // Only what the store says is waited out; the others end by themselves.
        if !matches!(error, Held::Store(_)) {
            return tracing::debug!(%mail, %error, "a mail goes on later");
        }
        let now = self.port.now();
        let mut noted = self.noted();
        let (times, until) = noted.held.entry(mail).or_insert((0, now));
        *times = times.saturating_add(1);
        *until = now.after(rising(HELD_PAUSE, *times).min(HELD_PAUSE_MAX));
        match *times == HELD_TIMES_TOLD {
            true => tracing::warn!(%mail, %error, "a mail cannot go on"),
            false => tracing::debug!(%mail, %error, "a mail goes on later"),
        }
    }

    pub(super) fn is_held(&self, mail: ContactId) -> bool {
        let now = self.port.now();
        self.noted().held.get(&mail).is_some_and(|(_, until)| *until > now)
    }

    pub(super) fn failed(&self, reason: impl Into<String>) -> Next {
        let (at, reason) = (self.port.now(), reason.into());
        (OutState::Failed { at, reason, is_unclear: false, settled: 0 }, None)
    }

    fn failed_again(&self, mail: &MailOut) -> u32 {
        let mut noted = self.noted();
        let failures = noted.failures.entry(mail.id).or_default();
        *failures = failures.saturating_add(1);
        *failures
    }

    /// Whether the site's limit leaves room for one more, which is counted.
    pub(super) fn may_acknowledge(&self) -> bool {
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

    pub(super) fn noted(&self) -> std::sync::MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// After so many unclear ends without proof a mail is for its writer to judge. A copy that does not come says more than
/// a folder of sent mails, which some servers never fill.
fn unclear_max(unclear: UnclearSending) -> u32 {
    match unclear {
        UnclearSending::Ask => 1,
        UnclearSending::Repeat => 2,
        UnclearSending::OwnCopy => 3,
    }
}

/// Its server gave it other ids, as it lies among the sent mails; not where copies of the inbox are moved there, which
/// others may have sent.
fn learn(mail: &mut MailOut, ids: Vec<String>) {
    for id in ids.into_iter().take(OTHER_IDS_MAX) {
        if !mail.proof.is_asked && !mail.other_ids.contains(&id) {
            mail.other_ids.push(id);
        }
    }
}

fn letter<'a>(mail: &'a MailOut, raw: &'a [u8]) -> Letter<'a> {
    Letter { message_id: &mail.message_id, own_id: mail.id, raw }
}

/// It lies among the sent mails, and so many copies as are known left the inbox.
fn filed(mail: &MailOut, at: Timestamp) -> OutState {
    match mail.state {
        OutState::Failed { .. } => settled(mail),
        _ => OutState::Accepted { at, is_filed: true, settled: mail.proof.copies },
    }
}

/// A mail that stays given up although a copy of it came.
fn settled(mail: &MailOut) -> OutState {
    match &mail.state {
        OutState::Failed { at, reason, is_unclear, .. } => OutState::Failed {
            at: *at,
            reason: reason.clone(),
            is_unclear: *is_unclear,
            settled: mail.proof.copies,
        },
        other => other.clone(),
    }
}

/// Whether the store may take the same a little later.
fn is_passing(error: &SubmitError) -> bool {
    !error.is_about_one() && !matches!(error, SubmitError::Stopping | SubmitError::Undecided)
}

/// By which door a mail goes on.
pub(super) fn door(stage: Option<OpenStage>) -> Option<Door> {
    match stage? {
        OpenStage::Unsent => Some(Door::Submission),
        OpenStage::Unclear | OpenStage::Unfiled => Some(Door::Folders),
        OpenStage::Sending => None,
    }
}
