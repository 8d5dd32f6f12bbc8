//! Mails on their way out: made once, sent under what is kept, filed among the sent ones.
//!
//! ```text
//!   Queued --made, bytes kept--> Prepared --kept--> Sending --accepted--> Accepted --copy came, or time is up--> filed
//!                                  ^   |               |--4xx, not begun--> Prepared, later
//!                                  |   `-2 days------> |--5xx------------> Failed: its writer gets it back
//!                                  |                   |--its own copy came--> Accepted
//!                                  |                   `--no answer, or who sent it is gone --> Unknown
//!                                  |                                                              |
//!   Unknown: proof is looked for, among sent mails and, where a copy was asked for, in the inbox  |
//!     |--there--> Accepted         |                                                              v
//!     |--not there within twice `proof_seconds`: ask, or unclear too often --> Failed, told as unclear
//!     `---------------- else once more the same bytes ----'
//! ```
//!
//! **Proof.** With `unclear_sending: own_copy` the mailbox is one more recipient of each mail, in the envelope alone. Its
//! copy in the inbox says that the server took the mail, whatever became of its answer; and it is what is filed, by
//! moving it, so that nothing is sent or kept twice. With `repeat` the folder of sent mails says it, at providers
//! that file what they take.
//!
//! **Ids.** A server that files what it takes may give it another Message-ID, which is what the customer answers. So who
//! looks for a mail among the sent ones looks for our number of it as well, and its other id is kept with how far it came
//! (`step/contact/other_ids`). A copy that came to the inbox tells its id when it is read; where copies are asked for they
//! are moved there, so that there nothing more is learned from.
//!
//! **Who owns what.** One node does this, under the lease of the outbox, and one mail of a mailbox at a time; each state
//! is kept before it is acted on. A lease may move while a mail is handed over, so it alone keeps nothing from going out
//! twice: each mail is read anew before it is moved, `Sending` is taken from `Prepared` once, and whoever is told that
//! theirs was taken hands it over. Promises are what wakes it; what is open is read from the store, so a restart goes on,
//! and a mail in `Sending` of an earlier life of this node waits for nobody. Intake reads the inbox and never
//! changes it: that a copy came it tells the store, which makes the mail due here; only this task moves or removes
//! copies (`filing`), each time after comparing them with what was sent. A copy that comes after its mail was filed,
//! or given back, makes it due once more.

mod filing;
mod handing_over;
mod jobs;
mod letter;
mod steps;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::mail::{MailOut, OpenMail, OpenStage, OutState, Sender};
use domain::{ContactId, MAIL_TOPIC, Timestamp};
use engine::{Outbox, Port, SubmitError};
use tokio::sync::watch;
use tokio::time::Instant;

use self::jobs::Jobs;
use crate::figures::Figures;
use crate::smtp::{Envelope, Progress, Submitted};
use crate::trouble::Trouble;
use crate::way_out::WaysOut;

/// How many promises are looked at.
const BATCH: u32 = 200;
/// So long after it was seen to keep the topic a node is taken to do so: less than its lease lasts.
const OURS: Duration = Duration::from_secs(4);
/// How often what waits is counted.
const COUNTED_EVERY: Duration = Duration::from_secs(15);
/// After so long without a look it is told.
const BLIND: Duration = Duration::from_secs(30);

/// A mail server as sending needs it.
#[async_trait]
pub(crate) trait Sending: Send + Sync {
    /// The address that mails come from.
    fn address(&self) -> &str;
    /// How long handing over a mail of so many bytes may take.
    fn longest(&self, envelope: &Envelope, bytes: usize) -> Duration;
    /// Hands a mail over, and notes how far it came.
    async fn submit(&self, envelope: &Envelope, raw: &[u8], progress: &Progress) -> Submitted;
    /// Whether a mail lies among the sent ones: under which Message-IDs beside its own, where it does.
    async fn is_sent(&self, letter: &Letter<'_>) -> Result<Option<Vec<String>>, Trouble>;
    /// Whether a copy of a mail lies in the inbox.
    async fn has_copy(&self, letter: &Letter<'_>) -> Result<bool, Trouble>;
    /// Files a mail among the sent ones unless it is there, by its copies in the inbox where `by_copies`; those
    /// leave the inbox.
    async fn file(&self, letter: &Letter<'_>, by_copies: bool) -> Result<Filed, Trouble>;
}

/// A mail as it was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter<'a> {
    pub(crate) message_id: &'a str,
    pub(crate) own_id: ContactId,
    pub(crate) raw: &'a [u8],
}

/// How a mail got into the folder of sent mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filed {
    /// It was there, under these Message-IDs beside its own.
    There(Vec<String>),
    /// Its copy was moved there.
    Moved,
    /// It was put there.
    Put,
}

/// Why a CSQ has no mail server that could be asked.
#[derive(Clone, Debug)]
pub(crate) struct NoServer {
    pub(crate) why: String,
    /// Whether the settings have none for it; else the reason may pass, as a proxy that is missing or a secret that
    /// cannot be opened.
    pub(crate) is_gone: bool,
}

/// Finds the mail server of a CSQ, or says why there is none.
pub(crate) type ServerOf = Arc<dyn Fn(&str) -> Result<Arc<dyn Sending>, NoServer> + Send + Sync>;

/// What all mails on their way out share.
pub(crate) struct Outgoing {
    port: Port,
    server_of: ServerOf,
    figures: Figures,
    ways: Arc<WaysOut>,
    /// Who sends here, until this value is dropped.
    sender: Sender,
    /// How many words this sender gave the store.
    words: AtomicU64,
    /// Until when this node surely keeps the topic.
    ours_until: Mutex<Option<Instant>>,
    /// What is known since this node began, and lost with it.
    noted: Mutex<Noted>,
    /// Whether this node stops sending.
    stopping: watch::Sender<bool>,
}

#[derive(Default)]
struct Noted {
    /// How often looking or filing failed, per mail.
    failures: HashMap<ContactId, u32>,
    /// Mails that the store did not let go on: how often in a row, and until when they rest.
    held: HashMap<ContactId, (u32, Timestamp)>,
    /// What an earlier life of this node was sending, until it was looked at: it is not due by its time.
    orphans: BTreeMap<ContactId, OpenMail>,
    /// When acknowledgements went out in the last hour.
    acknowledgements: Vec<Timestamp>,
}

/// What whoever looks for mails remembers from look to look.
#[derive(Default)]
struct Looks {
    /// Whether what an earlier life of this node was sending was looked for.
    orphans_found: bool,
    counted_at: Option<Instant>,
    /// Since when there was no look, and whether that was told.
    blind: Option<(Instant, bool)>,
}

/// Why it could not be looked.
#[derive(Debug, thiserror::Error)]
enum Blind {
    #[error(transparent)]
    Store(#[from] SubmitError),
    #[error("the store answers too slowly for this node to keep the topic")]
    Slow,
}

impl Outgoing {
    pub(crate) fn new(
        port: Port,
        server_of: ServerOf,
        figures: Figures,
        ways: Arc<WaysOut>,
    ) -> Arc<Self> {
        let life = match port.random::<8>() {
            Some(bytes) => format!("{:016x}", u64::from_be_bytes(bytes)),
            None => port.now().microseconds().to_string(),
        };
        let sender = Sender { node: port.node().clone(), life };
        let (ours_until, noted) = (Mutex::default(), Mutex::default());
        let words = AtomicU64::default();
        let stopping = watch::Sender::default();
        Arc::new(Self {
            port,
            server_of,
            figures,
            ways,
            sender,
            words,
            ours_until,
            noted,
            stopping,
        })
    }

    /// Sends until `stop` becomes true.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut outbox = self.port.outbox(MAIL_TOPIC);
        let mut settings = self.port.settings_changes();
        let (mut looks, mut jobs) = (Looks::default(), Jobs::default());
        loop {
            if settings.has_changed().unwrap_or(false) {
                settings.mark_unchanged();
                self.ways.try_again();
            }
            let looked = self.look(&mut outbox, &mut looks, &mut jobs).await;
            self.note(&mut looks, looked);
            if jobs.until_next_look(&mut stop).await {
                break;
            }
        }
        // What is not handed over in full is left to whoever goes on; what is, is finished or nobody's knowledge.
        self.keep_topic(None);
        self.stopping.send_replace(true);
        jobs.end().await;
        self.figures.set_unsent_age(Duration::ZERO);
        let _ = outbox.release().await;
    }

    /// What is said of a look that failed.
    fn note(&self, looks: &mut Looks, looked: Result<(), Blind>) {
        let Err(error) = looked else {
            looks.blind = None;
            return;
        };
        tracing::debug!(%error, "mails that go out cannot be read");
        let (since, is_told) = looks.blind.get_or_insert((Instant::now(), false));
        if since.elapsed() >= BLIND && !*is_told {
            *is_told = true;
            tracing::warn!(%error, "mails that go out cannot be read for half a minute; none is sent");
        }
    }

    /// Begins what is due, one task for each mailbox.
    async fn look(
        self: &Arc<Self>,
        outbox: &mut Outbox,
        looks: &mut Looks,
        jobs: &mut Jobs,
    ) -> Result<(), Blind> {
        let began = Instant::now();
        let promises = outbox.take(0, BATCH).await?;
        if !outbox.is_kept() && began.elapsed() >= OURS {
            return Err(Blind::Slow);
        }
        if !outbox.is_kept() {
            // What another node finds is told there.
            self.keep_topic(None);
            self.ways.forget();
            self.figures.set_unsent_age(Duration::ZERO);
            return Ok(());
        }
        // Refused where the store knows better.
        outbox.close(Vec::new()).await?;
        self.keep_topic(Some(began + OURS));
        let mut kept = Vec::new();
        for promise in promises {
            let id = promise.effect.payload.parse::<ContactId>();
            let mail = match id {
                Ok(id) => match self.port.mail_out(id).await {
                    // Others go on; it stands in the index as well, and is looked at from there.
                    Err(error) if error.is_about_one() => continue,
                    mail => mail?,
                },
                Err(_) => None,
            };
            // From here on the mail itself says what is left to do.
            if mail.is_none_or(|mail| mail.state != OutState::Queued) {
                kept.push(promise.id);
            }
        }
        if !kept.is_empty() {
            outbox.close(kept).await?;
        }
        if !looks.orphans_found {
            let orphans = self.orphans().await?;
            self.noted().orphans.extend(orphans.into_iter().map(|mail| (mail.id, mail)));
            looks.orphans_found = true;
        }
        for (csq, mails) in self.due().await? {
            if !jobs.are_for(&csq) {
                let (outgoing, name) = (Arc::clone(self), csq.clone());
                jobs.begin(csq, async move { outgoing.work(&name, mails).await });
            }
        }
        if looks.counted_at.is_none_or(|at| at.elapsed() >= COUNTED_EVERY) {
            looks.counted_at = Some(Instant::now());
            self.count().await?;
        }
        Ok(())
    }

    /// What is due now and may be tried, by CSQ.
    async fn due(&self) -> Result<BTreeMap<String, Vec<OpenMail>>, SubmitError> {
        let mut all = self.port.mails_out_due(self.port.now()).await?;
        let known: BTreeSet<ContactId> = all.iter().map(|mail| mail.id).collect();
        let orphans = self.noted().orphans.clone();
        all.extend(orphans.into_values().filter(|mail| !known.contains(&mail.id)));
        let mut due: BTreeMap<String, Vec<OpenMail>> = BTreeMap::new();
        for mail in all {
            if !self.is_paused(&mail) && !self.is_held(mail.id) {
                due.entry(mail.csq.clone()).or_default().push(mail);
            }
        }
        Ok(due)
    }

    /// What an earlier life of this node was sending when it ended; it is not due yet.
    async fn orphans(&self) -> Result<Vec<OpenMail>, SubmitError> {
        let open = self.port.mails_out_open().await?;
        Ok(open.into_iter().filter(|mail| mail.stage == OpenStage::Sending).collect())
    }

    /// Does what is due for the mails of a CSQ, one after the other; whether any of them was moved on.
    async fn work(&self, csq: &str, mails: Vec<OpenMail>) -> bool {
        let mut has_moved = false;
        for mail in mails {
            if !self.is_ours() {
                break;
            }
            let now = self.port.now();
            if !self.is_paused(&mail) {
                has_moved |= self.advance(mail.id).await;
            } else if mail.stage == OpenStage::Unsent
                && now.since(mail.at) >= steps::TRIED_FOR
                && let Some(fails) = self.ways.of(csq)
            {
                has_moved |= self.give_up(mail.id, &fails.why).await;
            }
        }
        has_moved
    }

    fn is_paused(&self, mail: &OpenMail) -> bool {
        let door = steps::door(Some(mail.stage));
        door.is_some_and(|door| self.ways.is_paused(&mail.csq, door, self.port.now()))
    }

    /// Tells how many mails wait to be sent, and for how long the oldest does.
    async fn count(&self) -> Result<(), SubmitError> {
        let now = self.port.now();
        let (mut waiting, mut oldest) = (BTreeMap::new(), Duration::ZERO);
        for mail in self.port.mails_out_open().await? {
            if !mail.stage.is_settled() {
                let count: &mut u32 = waiting.entry(mail.csq).or_default();
                *count = count.saturating_add(1);
                oldest = oldest.max(now.since(mail.at));
            }
        }
        self.ways.wait(&waiting);
        self.figures.set_unsent_age(oldest);
        Ok(())
    }

    /// Until when this node surely keeps the topic.
    fn keep_topic(&self, until: Option<Instant>) {
        *self.ours_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn is_ours(&self) -> bool {
        let until = *self.ours_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether there is something to do for a mail now. What an earlier life of this node was sending is nobody's any
    /// more: a connection ends with its process.
    fn is_due(&self, mail: &MailOut, now: Timestamp) -> bool {
        let is_orphan = match &mail.state {
            OutState::Sending { by: Some(by), .. } => {
                by.node == self.sender.node && by.life != self.sender.life
            }
            _ => false,
        };
        !mail.is_over() && (is_orphan || mail.next_try_at.is_none_or(|at| at <= now))
    }
}

#[cfg(test)]
mod tests;
