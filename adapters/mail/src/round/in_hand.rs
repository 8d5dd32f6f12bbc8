//! Mails that were fetched: read, kept and reported while the next ones are on their way.
//!
//! ```text
//!   fetched --add--> in hand: a turn to read, blob kept, reported --> done: its UID, told to the round
//!                      |`-- the place in the room is held until then
//!                      `-- more than some megabytes: nothing is fetched before some are done
//! ```
//!
//! So a commit waits for the disk while the server sends, and commits of many mails share one wait. Nobody else drives
//! them: a round that is dropped drops them, as a node that dies does, and what was not reported is fetched again.

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::sync::Arc;

use domain::mail::ArrivedMail;
use domain::{ContactId, InputId, Report};
use engine::{Port, SubmitError};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::intake::{self, Manner, Place, digest_of};
use crate::keeping;
use crate::own_copy::{self, Likeness, likeness};
use crate::room::{Held, Room};

/// Nothing is fetched while more bytes, or more mails, are in hand.
const BYTES_MAX: usize = 4 * 1024 * 1024;
const MAILS_MAX: usize = 96;

type Taking = Pin<Box<dyn Future<Output = (u32, usize, Result<(), SubmitError>)> + Send>>;

/// Mails in hand.
#[derive(Default)]
pub(super) struct InHand {
    taking: FuturesUnordered<Taking>,
    bytes: usize,
    uids: BTreeSet<u32>,
    done: Vec<u32>,
    broken: Option<SubmitError>,
}

impl InHand {
    /// Takes a mail in hand; it goes on while the round waits for anything beside it.
    pub(super) fn add(&mut self, keeper: &Keeper, mail: Fetched, held: &Arc<Held>) {
        let (uid, bytes) = (mail.place.uid, mail.raw.len());
        let (keeper, held) = (keeper.clone(), Arc::clone(held));
        self.bytes = self.bytes.saturating_add(bytes);
        self.uids.insert(uid);
        self.taking.push(Box::pin(async move {
            let taken = keeper.take(mail).await;
            drop(held);
            (uid, bytes, taken)
        }));
    }

    /// Does something else meanwhile.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                Some(one) = self.taking.next(), if !self.taking.is_empty() => self.note(one),
                done = &mut work => return done,
            }
        }
    }

    /// Waits until more may be fetched.
    pub(super) async fn has_room(&mut self) {
        while self.bytes > BYTES_MAX || self.taking.len() > MAILS_MAX {
            match self.taking.next().await {
                Some(one) => self.note(one),
                None => return,
            }
        }
    }

    /// Waits for all of them.
    pub(super) async fn settle(&mut self) {
        while let Some(one) = self.taking.next().await {
            self.note(one);
        }
    }

    /// Those that are done and were not told of before.
    pub(super) fn done(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.done)
    }

    /// Why one could not be kept, once.
    pub(super) fn broken(&mut self) -> Result<(), SubmitError> {
        self.broken.take().map_or(Ok(()), Err)
    }

    /// The lowest of those that are not done.
    pub(super) fn lowest(&self) -> Option<u32> {
        self.uids.first().copied()
    }

    fn note(&mut self, (uid, bytes, taken): (u32, usize, Result<(), SubmitError>)) {
        self.bytes = self.bytes.saturating_sub(bytes);
        match taken {
            Ok(()) => {
                self.uids.remove(&uid);
                self.done.push(uid);
            }
            // The others are under way, and are as well finished. This one stays what the cursor may not pass.
            Err(error) => self.broken = Some(error),
        }
    }
}

/// A mail as it was fetched.
pub(super) struct Fetched {
    pub(super) place: Place,
    pub(super) raw: Vec<u8>,
    /// Whether it is its beginning alone.
    pub(super) is_cut: bool,
}

/// Who keeps and reports the mails of one mailbox.
#[derive(Clone)]
pub(super) struct Keeper {
    pub(super) port: Port,
    pub(super) manner: Arc<Manner>,
    pub(super) room: Room,
}

impl Keeper {
    /// One mail: read, kept, reported.
    async fn take(&self, fetched: Fetched) -> Result<(), SubmitError> {
        let Fetched { place, raw, is_cut } = fetched;
        let turn = self.room.turn_to_read().await;
        let (mut mail, raw) = intake::read(&self.manner, place, raw, is_cut).await;
        drop(turn);
        mail.copy_of = self.copy_of(&mail, &raw, is_cut).await?;
        if let Some(blob) = &mail.blob {
            keeping::put_blob(&self.port, blob, &raw).await?;
        }
        drop(raw);
        self.report(mail).await
    }

    /// The mail of ours of which it is a copy: this mailbox asked for one, and it says what was sent.
    async fn copy_of(
        &self,
        mail: &ArrivedMail,
        raw: &[u8],
        is_cut: bool,
    ) -> Result<Option<ContactId>, SubmitError> {
        let Some(id) = own_copy::named(raw, mail.message_id.as_deref()) else { return Ok(None) };
        let Some(sent) = self.port.mail_out(id).await? else { return Ok(None) };
        if sent.csq != mail.csq || !sent.awaits_copy() {
            return Ok(None);
        }
        let sent = match self.port.blob(&sent.blob()).await {
            Ok(Some(sent)) => sent,
            Ok(None) => return Ok(None),
            // What was sent is damaged here, so nothing proves that this is it; and no mail waits for that to change.
            Err(error) if error.is_unreadable() => return Ok(None),
            Err(error) => return Err(error),
        };
        let arrived = raw.to_vec();
        let comparing = tokio::task::spawn_blocking(move || likeness(&arrived, &sent, is_cut));
        let likeness = comparing.await.unwrap_or(Likeness::None);
        Ok((likeness != Likeness::None).then_some(id))
    }

    /// Tells of a mail.
    pub(super) async fn report(&self, mail: ArrivedMail) -> Result<(), SubmitError> {
        let place = digest_of(&[mail.csq.as_bytes(), mail.folder.as_bytes()]);
        let id = format!("{place}/{}/{}", mail.uid_validity, mail.uid);
        let report = Report::MailArrived(Box::new(mail));
        keeping::report(&self.port, InputId::new("mail_arrived", id), report).await.map(|_| ())
    }
}
