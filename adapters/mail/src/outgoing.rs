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
//! **Who owns what.** One node does this, under the lease of the outbox, and one mail of a mailbox at a time; each state
//! is kept before it is acted on. Promises are what wakes it; what is open is read from the store, so a restart goes on,
//! and a mail in `Sending` of an earlier life of this node waits for nobody. Intake reads the inbox and never
//! changes it: that a copy came it tells the store, which makes the mail due here; only this task moves or removes
//! copies (`filing`), each time after comparing them with what was sent. A copy that comes after its mail was filed,
//! or given back, makes it due once more.

mod filing;
mod letter;
mod steps;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::mail::{MailOut, OutState, Sender};
use domain::{ContactId, MAIL_TOPIC, Timestamp};
use engine::{Outbox, Port, SubmitError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::figures::Figures;
use crate::smtp::{Envelope, Submitted};
use crate::trouble::Trouble;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);
/// How many promises are looked at.
const BATCH: u32 = 200;
/// How many mails on their way out are known at once.
const OPEN_MAX: u32 = 5_000;

/// A mail server as sending needs it.
#[async_trait]
pub(crate) trait Sending: Send + Sync {
    /// The address that mails come from.
    fn address(&self) -> &str;
    /// Hands a mail over.
    async fn submit(&self, envelope: &Envelope, raw: &[u8]) -> Submitted;
    /// Whether a mail lies among the sent ones.
    async fn is_sent(&self, message_id: &str) -> Result<bool, Trouble>;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filed {
    /// It was there.
    There,
    /// Its copy was moved there.
    Moved,
    /// It was put there.
    Put,
}

/// Finds the mail server of a CSQ, or says why there is none.
pub(crate) type ServerOf = Arc<dyn Fn(&str) -> Result<Arc<dyn Sending>, String> + Send + Sync>;

/// What all mails on their way out share.
pub(crate) struct Outgoing {
    port: Port,
    server_of: ServerOf,
    figures: Figures,
    /// Who sends here, until this value is dropped.
    sender: Sender,
    /// Whether this node keeps the topic.
    is_ours: AtomicBool,
    /// What is known since this node began, and lost with it.
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    /// How often looking or filing failed, per mail.
    failures: HashMap<ContactId, u32>,
    /// Mails that the store did not let go on: how often in a row, and until when they rest.
    held: HashMap<ContactId, (u32, Timestamp)>,
    /// When acknowledgements went out in the last hour.
    acknowledgements: Vec<Timestamp>,
}

impl Outgoing {
    pub(crate) fn new(port: Port, server_of: ServerOf, figures: Figures) -> Arc<Self> {
        let (is_ours, noted) = (AtomicBool::new(false), Mutex::default());
        let life = match port.random::<8>() {
            Some(bytes) => format!("{:016x}", u64::from_be_bytes(bytes)),
            None => port.now().microseconds().to_string(),
        };
        let sender = Sender { node: port.node().clone(), life };
        Arc::new(Self { port, server_of, figures, sender, is_ours, noted })
    }

    /// Sends until `stop` becomes true.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut outbox = self.port.outbox(MAIL_TOPIC);
        let mut jobs = JoinSet::new();
        let mut at_work: BTreeMap<tokio::task::Id, String> = BTreeMap::new();
        loop {
            if let Err(error) = self.look(&mut outbox, &mut jobs, &mut at_work).await {
                self.is_ours.store(false, Ordering::Release);
                tracing::debug!(%error, "mails that go out cannot be read");
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(ended) = jobs.join_next_with_id(), if !jobs.is_empty() => {
                    let id = match &ended {
                        Ok((id, ())) => *id,
                        Err(error) => error.id(),
                    };
                    at_work.remove(&id);
                    if let Err(error) = ended {
                        tracing::error!(%error, "sending of a mailbox broke off and is begun again");
                    }
                }
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        // What is under way is finished, or is nobody's knowledge.
        self.is_ours.store(false, Ordering::Release);
        while jobs.join_next().await.is_some() {}
        let _ = outbox.release().await;
    }

    /// Begins what is due, one task for each mailbox.
    async fn look(
        self: &Arc<Self>,
        outbox: &mut Outbox,
        jobs: &mut JoinSet<()>,
        at_work: &mut BTreeMap<tokio::task::Id, String>,
    ) -> Result<(), SubmitError> {
        let promises = outbox.take(0, BATCH).await?;
        // Refused where another node keeps the topic.
        outbox.close(Vec::new()).await?;
        self.is_ours.store(true, Ordering::Release);
        let mut kept = Vec::new();
        for promise in promises {
            let id = promise.effect.payload.parse::<ContactId>();
            let mail = match id {
                Ok(id) => self.port.mail_out(id).await?,
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
        let mut due: BTreeMap<String, Vec<MailOut>> = BTreeMap::new();
        let now = self.port.now();
        for mail in self.port.mails_out_open(OPEN_MAX).await? {
            if self.is_due(&mail, now) {
                due.entry(mail.csq.clone()).or_default().push(mail);
            }
        }
        for (csq, mails) in due {
            if at_work.values().any(|busy| *busy == csq) {
                continue;
            }
            let outgoing = Arc::clone(self);
            let handle = jobs.spawn(async move {
                for mail in mails {
                    outgoing.advance(mail).await;
                }
            });
            at_work.insert(handle.id(), csq);
        }
        Ok(())
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
        is_orphan || mail.next_try_at.is_none_or(|at| at <= now)
    }
}

#[cfg(test)]
mod tests;
