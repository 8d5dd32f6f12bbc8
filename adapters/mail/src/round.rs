//! One round of a mailbox: what is there and not in the ledger becomes contacts, each exactly once.
//!
//! ```text
//!   EXAMINE --> cursor: none | another mailbox, UIDVALIDITY | UIDNEXT fell --> read anew: of what lies there already,
//!                 |                                                           what is younger than the snapshot; where
//!                 |                                                           its address had a mailbox before, from a
//!                 |                                                           day before the last mail there
//!                 `-- goes on --> from the cursor, and 200 UIDs before it
//!   UIDs --less those in the ledger--> heads --> too old: noted
//!                                         |----> small: in batches        --> read, blob kept, reported
//!                                         |----> big: alone, in pieces    -->  "
//!                                         `----> larger than is taken: its beginning, with a notice
//!   after each part the cursor moves, but never past a mail that is not dealt with
//! ```
//!
//! While mails are read, kept and reported the next ones are fetched (`in_hand`).
//!
//! The ledger decides and the cursor is advice: whatever breaks off is read again, and what was reported is known.
//! A mail, or what is known of it, that cannot be fetched three times becomes a contact that says so, and holds up
//! nothing: it is tried after all others, and where its connections broke not blamed before others came or an hour
//! went by. The time from which on mails count is kept before the first one is fetched, so that no restart moves
//! it; and with it the UID that comes next, from which on a mail counts whatever time it bears: one that is moved
//! into the folder keeps its own.
//!
//! In the ledger a mailbox other than the first that a CSQ had stands under UIDVALIDITY with a mark of its own.

mod course;
mod in_hand;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::mail::{ArrivedMail, MailCursor};
use domain::{InputId, MailNotice, Report, Timestamp};
use engine::{Port, SubmitError};
use futures_util::stream::{self, StreamExt as _};
use thiserror::Error;

use self::course::{Course, going_on};
use self::in_hand::{Fetched, InHand, Keeper};
use crate::account::MailboxDigest;
use crate::figures::Figures;
use crate::imap::{Head, LOOK_BACK_UIDS, Opened};
use crate::intake::{self, Manner, Place, short};
use crate::keeping;
use crate::reading::Reading;
use crate::room::{Held, Room};
use crate::trouble::Trouble;

/// Mails of which is asked at once what they are.
const PART_MAILS: usize = 200;
/// Mails fetched by one command, and their bytes together.
const BATCH_MAILS: usize = 50;
const BATCH_BYTES: u32 = 2 * 1024 * 1024;
/// A larger mail is fetched alone, in pieces.
const SMALL_BYTES_MAX: u32 = 1024 * 1024;
/// So much is kept of a mail that is larger than is taken.
const BEGINNING_BYTES: u32 = 256 * 1024;
/// Mails without a text that are reported side by side, so that commits are shared.
const REPORTED_AT_ONCE: usize = 32;
/// After so many tries a mail is passed over.
const TRIES_MAX: u8 = 3;
/// So long it is taken for the way there where nothing but broken connections is seen.
const CONNECTION_BLAMED_FOR: Duration = Duration::from_secs(3_600);

/// A folder that is numbered anew is read from so long before the last mail that was dealt with: times on two servers
/// differ, and what is known is known by what it says.
const RENUMBERED_OVERLAP: Duration = Duration::from_secs(24 * 3_600);
/// So far below the cursor the last mail is looked for.
const LAST_WITHIN_UIDS: u32 = 1_000;

/// How one mailbox is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) manner: Arc<Manner>,
    /// Older mails are left out at the first reading.
    pub(crate) snapshot: Duration,
    /// Whether they are left out later too.
    pub(crate) is_strict: bool,
    /// A larger mail is not taken whole.
    pub(crate) bytes_max: u32,
}

/// What a round came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Mails that were reported, whatever became of them.
    pub(crate) mails: u32,
    /// Those of them that are too old.
    pub(crate) too_old: u32,
    /// Mails that wait for another try.
    pub(crate) behind: u32,
    /// Whether the server numbers its mails anew.
    pub(crate) is_renumbered: bool,
}

/// Why a round broke off.
#[derive(Debug, Error)]
pub(crate) enum Broken {
    /// By the mail server.
    #[error(transparent)]
    Server(#[from] Trouble),
    /// By the store.
    #[error("mails cannot be kept: {0}")]
    Store(#[from] SubmitError),
}

/// Rounds of one mailbox, one after the other.
pub(crate) struct Rounds {
    port: Port,
    terms: Terms,
    /// Which mailbox it is.
    mailbox: MailboxDigest,
    figures: Figures,
    /// Where mails may be held in memory.
    room: Room,
    keeper: Keeper,
    /// Mails that could not be fetched.
    failures: BTreeMap<u32, Failure>,
    /// How many came whole.
    came: u64,
}

/// What is known of a mail that could not be fetched.
#[derive(Clone, Copy, Debug)]
struct Failure {
    tries: u8,
    /// When that was so first.
    at: Timestamp,
    /// How many had come whole by then.
    came: u64,
}

/// Where a round stands.
struct Standing {
    cursor: MailCursor,
    since: Timestamp,
    /// Mails from there on came after the first look.
    first_uid_next: u32,
    /// The lowest mail that is not dealt with.
    stuck: Option<u32>,
    in_hand: InHand,
    done: Done,
}

impl Rounds {
    pub(crate) fn new(
        port: Port,
        terms: Terms,
        mailbox: MailboxDigest,
        figures: Figures,
        room: Room,
    ) -> Self {
        let keeper =
            Keeper { port: port.clone(), manner: Arc::clone(&terms.manner), room: room.clone() };
        Self { port, terms, mailbox, figures, room, keeper, failures: BTreeMap::new(), came: 0 }
    }

    /// One round.
    pub(crate) async fn round(&mut self, reading: &mut dyn Reading) -> Result<Done, Broken> {
        let opened = reading.begin().await?;
        let mut standing = self.standing(reading, &opened).await?;
        let read = self.read_all(reading, &opened, &mut standing).await;
        standing.in_hand.settle().await;
        let kept = self.note_done(&mut standing);
        let last = read?;
        kept?;
        standing.stuck = self.failures.keys().next().copied();
        self.move_cursor(&mut standing, last.max(opened.uid_next.unwrap_or(1))).await?;
        Ok(standing.done)
    }

    /// Reads what is not in the ledger; gives where the folder ends. Some may be in hand then.
    async fn read_all(
        &mut self,
        reading: &mut dyn Reading,
        opened: &Opened,
        standing: &mut Standing,
    ) -> Result<u32, Broken> {
        let uids = match standing.cursor.uid_next {
            0 | 1 => first_uids(reading, opened, standing).await?,
            next => reading.uids_from(next.saturating_sub(LOOK_BACK_UIDS)).await?,
        };
        let wanted = self.unknown(&standing.cursor, &uids).await?;
        self.failures.retain(|uid, _| wanted.contains(uid));
        // Those that failed come last and alone: whatever is wrong with them keeps no other from being read.
        let (again, wanted): (Vec<u32>, Vec<u32>) =
            wanted.into_iter().partition(|uid| self.failures.contains_key(uid));
        standing.stuck = again.first().copied();
        for part in wanted.chunks(PART_MAILS) {
            self.part(reading, part, standing).await?;
            self.move_cursor(standing, next_after(part)).await?;
        }
        for uid in &again {
            self.part(reading, std::slice::from_ref(uid), standing).await?;
        }
        Ok(next_after(&uids))
    }

    /// Where reading goes on, kept before anything is read.
    async fn standing(
        &self,
        reading: &mut dyn Reading,
        opened: &Opened,
    ) -> Result<Standing, Broken> {
        let manner = &self.terms.manner;
        let now = self.port.now();
        let known = self.port.mail_cursor(&manner.csq, &manner.folder).await?;
        let (mut cursor, course) =
            going_on(known.as_ref(), opened, now, &self.terms, &self.mailbox);
        let first_uid_next = match cursor.first_uid_next {
            Some(first) => first,
            // Few servers do not say which UID comes next.
            None => next_after(&reading.uids_from(1).await?),
        };
        cursor.first_uid_next = Some(first_uid_next);
        if course.is_of_same_address()
            && let Some(known) = &known
            && let Some(since) = self.since_of(known).await?
        {
            cursor.since = cursor.since.min(since);
        }
        if known.as_ref() != Some(&cursor) {
            self.keep(&cursor).await?;
        }
        let csq = &manner.csq;
        match course {
            Course::Renumbered => {
                tracing::warn!(
                    csq,
                    "the mail server numbers its mails anew; the folder is read anew"
                );
            }
            Course::Moved => {
                tracing::info!(
                    csq,
                    "its mails lie elsewhere or under another user, and are read anew"
                );
            }
            Course::OtherMailbox => {
                tracing::info!(csq, "it has another mailbox, which is read anew")
            }
            Course::First | Course::GoesOn => {}
        }
        let is_renumbered = course == Course::Renumbered;
        let since = match self.terms.is_strict {
            true => cursor.since.max(before(now, self.terms.snapshot)),
            false => cursor.since,
        };
        let done = Done { is_renumbered, ..Done::default() };
        let in_hand = InHand::default();
        Ok(Standing { cursor, since, first_uid_next, stuck: None, in_hand, done })
    }

    /// From when on what is not known may have come to that address while nobody could read it, whatever the age that
    /// bounds a first reading; none where nothing tells.
    async fn since_of(&self, known: &MailCursor) -> Result<Option<Timestamp>, SubmitError> {
        let last = self.last_dealt_with(known).await?.map(|at| before(at, RENUMBERED_OVERLAP));
        // While what lay there at first is still being read, the last of it tells nothing of what is behind it.
        let is_reading = known.first_uid_next.is_some_and(|first| known.uid_next < first);
        Ok([last, is_reading.then_some(known.since)].into_iter().flatten().min())
    }

    /// When the last mail below that cursor was dealt with; none where the ledger has none near it.
    async fn last_dealt_with(&self, known: &MailCursor) -> Result<Option<Timestamp>, SubmitError> {
        let (csq, folder) = (&known.csq, &known.folder);
        let last = known.uid_next.saturating_sub(1);
        let first = last.saturating_sub(LAST_WITHIN_UIDS);
        let uids = self.port.mails_seen(csq, folder, known.uid_validity, first, last).await?;
        let Some(uid) = uids.last().copied() else { return Ok(None) };
        let seen = self.port.mail_seen(csq, folder, known.uid_validity, uid).await?;
        Ok(seen.map(|seen| seen.at))
    }

    /// Those that are not in the ledger.
    async fn unknown(
        &self,
        cursor: &MailCursor,
        uids: &[u32],
    ) -> Result<BTreeSet<u32>, SubmitError> {
        let mut wanted: BTreeSet<u32> = uids.iter().copied().collect();
        let (Some(first), Some(last)) = (wanted.first().copied(), wanted.last().copied()) else {
            return Ok(wanted);
        };
        let manner = &self.terms.manner;
        let seen = self
            .port
            .mails_seen(&manner.csq, &manner.folder, cursor.uid_validity, first, last)
            .await?;
        wanted.retain(|uid| !seen.contains(uid));
        Ok(wanted)
    }

    /// Some mails, by what they are.
    async fn part(
        &mut self,
        reading: &mut dyn Reading,
        uids: &[u32],
        standing: &mut Standing,
    ) -> Result<(), Broken> {
        let known = standing.in_hand.beside(reading.heads(uids)).await;
        // The server lists them and knows nothing of them.
        for uid in known.missing {
            self.failed(uid, None, standing).await?;
        }
        for (uid, trouble) in &known.unreadable {
            let unknown = Head { uid: *uid, ..Head::default() };
            self.failed(*uid, Some((&unknown, trouble)), standing).await?;
        }
        let (mut batch, mut bytes) = (Vec::new(), 0_u32);
        let mut old = Vec::new();
        let mut big = Vec::new();
        for head in known.mails {
            let place = self.place(&head, standing);
            let is_bound = self.terms.is_strict || head.uid < standing.first_uid_next;
            if is_bound && place.received_at < standing.since {
                old.push(ArrivedMail {
                    is_too_old: true,
                    ..intake::unseen(&self.terms.manner, place, None)
                });
            } else if head.bytes > SMALL_BYTES_MAX || head.bytes > self.terms.bytes_max {
                big.push(head);
            } else {
                if batch.len() >= BATCH_MAILS || bytes.saturating_add(head.bytes) > BATCH_BYTES {
                    self.batch(reading, std::mem::take(&mut batch), standing).await?;
                    bytes = 0;
                }
                bytes = bytes.saturating_add(head.bytes);
                batch.push(head);
            }
        }
        standing.done.too_old = standing.done.too_old.saturating_add(count(old.len()));
        self.report_all(old, standing).await?;
        self.batch(reading, batch, standing).await?;
        for head in big {
            self.big(reading, head, standing).await?;
        }
        known.trouble.map_or(Ok(()), |trouble| Err(trouble.into()))
    }

    /// Small mails, by one command.
    async fn batch(
        &mut self,
        reading: &mut dyn Reading,
        heads: Vec<Head>,
        standing: &mut Standing,
    ) -> Result<(), Broken> {
        if heads.is_empty() {
            return Ok(());
        }
        let held = self.enter(standing).await?;
        let uids: Vec<u32> = heads.iter().map(|head| head.uid).collect();
        let by_uid: BTreeMap<u32, Head> = heads.into_iter().map(|head| (head.uid, head)).collect();
        let fetched = standing.in_hand.beside(reading.fetch(&uids)).await;
        for mail in fetched.mails {
            let Some(head) = by_uid.get(&mail.head.uid) else { continue };
            let mail = Fetched { place: self.place(head, standing), raw: mail.raw, is_cut: false };
            standing.in_hand.add(&self.keeper, mail, &held);
            self.came = self.came.saturating_add(1);
        }
        for (uid, trouble) in &fetched.unreadable {
            let head = by_uid.get(uid);
            self.failed(*uid, head.map(|head| (head, trouble)), standing).await?;
        }
        for uid in fetched.missing {
            let head = by_uid.get(&uid);
            let gone = Trouble::Unusable("the server lists it and does not give it".to_owned());
            self.failed(uid, head.map(|head| (head, &gone)), standing).await?;
        }
        fetched.trouble.map_or(Ok(()), |trouble| Err(trouble.into()))
    }

    /// One big mail, as far as it is taken.
    async fn big(
        &mut self,
        reading: &mut dyn Reading,
        head: Head,
        standing: &mut Standing,
    ) -> Result<(), Broken> {
        let held = self.enter(standing).await?;
        let bytes_max = match head.bytes > self.terms.bytes_max {
            true => BEGINNING_BYTES.min(self.terms.bytes_max),
            false => self.terms.bytes_max,
        };
        let fetched = standing.in_hand.beside(reading.beginning(head.uid, bytes_max)).await;
        let (mut raw, is_cut) = match fetched {
            Ok(Some(fetched)) => fetched,
            Ok(None) => {
                let gone = Trouble::Unusable("the server lists it and does not give it".to_owned());
                return Ok(self.failed(head.uid, Some((&head, &gone)), standing).await?);
            }
            Err(trouble) => {
                self.failed(head.uid, Some((&head, &trouble)), standing).await?;
                return match trouble.ends_conversation() {
                    true => Err(trouble.into()),
                    false => Ok(()),
                };
            }
        };
        if is_cut {
            raw.truncate(usize::try_from(BEGINNING_BYTES).unwrap_or(usize::MAX));
        }
        let mail = Fetched { place: self.place(&head, standing), raw, is_cut };
        standing.in_hand.add(&self.keeper, mail, &held);
        self.came = self.came.saturating_add(1);
        Ok(())
    }

    /// Waits until something may be fetched; what was in hand and cannot be kept ends the round.
    async fn enter(&mut self, standing: &mut Standing) -> Result<Arc<Held>, SubmitError> {
        standing.in_hand.has_room().await;
        let held = standing.in_hand.beside(self.room.enter()).await;
        self.note_done(standing)?;
        Ok(Arc::new(held))
    }

    /// A mail could not be fetched: it is tried again, and passed over in the end.
    async fn failed(
        &mut self,
        uid: u32,
        why: Option<(&Head, &Trouble)>,
        standing: &mut Standing,
    ) -> Result<(), SubmitError> {
        let now = self.port.now();
        let fresh = Failure { tries: 0, at: now, came: self.came };
        let failure = self.failures.entry(uid).or_insert(fresh);
        failure.tries = failure.tries.saturating_add(1);
        let failure = *failure;
        // Where the connection broke it may be the way there, or else all of the server, unless others came since; and
        // then for a while only.
        let is_of_all = why.is_some_and(|it| it.1.ends_conversation() || it.1.is_fault_of_server());
        let is_settled = !is_of_all
            || self.came > failure.came
            || now.since(failure.at) >= CONNECTION_BLAMED_FOR;
        let csq = &self.terms.manner.csq;
        let words = why.map_or_else(|| "nothing is known of it".to_owned(), |it| it.1.to_string());
        tracing::warn!(csq, uid, tries = failure.tries, why = words, "a mail cannot be fetched");
        if failure.tries < TRIES_MAX || !is_settled {
            standing.stuck = Some(standing.stuck.map_or(uid, |stuck| stuck.min(uid)));
            standing.done.behind = standing.done.behind.saturating_add(1);
            return Ok(());
        }
        let unknown = Head { uid, ..Head::default() };
        let place = self.place(why.map_or(&unknown, |it| it.0), standing);
        let notice = Some(MailNotice::CannotFetch);
        let mail = intake::unseen(&self.terms.manner, place, notice);
        self.report_all(vec![mail], standing).await?;
        self.failures.remove(&uid);
        self.figures.passed_over();
        Ok(())
    }

    /// Counts what is done by now.
    fn note_done(&mut self, standing: &mut Standing) -> Result<(), SubmitError> {
        for uid in standing.in_hand.done() {
            self.failures.remove(&uid);
            standing.done.mails = standing.done.mails.saturating_add(1);
            self.figures.fetched();
        }
        standing.in_hand.broken()
    }

    async fn report_all(
        &self,
        mails: Vec<ArrivedMail>,
        standing: &mut Standing,
    ) -> Result<(), SubmitError> {
        let reporting = mails.into_iter().map(|mail| self.keeper.report(mail));
        let mut reporting = stream::iter(reporting).buffer_unordered(REPORTED_AT_ONCE);
        while let Some(reported) = standing.in_hand.beside(reporting.next()).await {
            reported?;
            standing.done.mails = standing.done.mails.saturating_add(1);
        }
        Ok(())
    }

    fn place(&self, head: &Head, standing: &Standing) -> Place {
        Place {
            uid_validity: standing.cursor.uid_validity,
            uid: head.uid,
            received_at: head
                .arrived_at_seconds
                .map_or_else(|| self.port.now(), Timestamp::from_seconds),
            bytes: u64::from(head.bytes),
        }
    }

    /// Moves the cursor to `end`, but not past what is not dealt with, and never back.
    async fn move_cursor(&self, standing: &mut Standing, end: u32) -> Result<(), SubmitError> {
        let not_yet = standing.stuck.into_iter().chain(standing.in_hand.lowest()).min();
        let end = not_yet.map_or(end, |not_yet| not_yet.min(end));
        if end <= standing.cursor.uid_next {
            return Ok(());
        }
        standing.cursor.uid_next = end;
        self.keep(&standing.cursor).await
    }

    async fn keep(&self, cursor: &MailCursor) -> Result<(), SubmitError> {
        let place = short(&format!("{}\n{}", cursor.csq, cursor.folder));
        let began = cursor.began_at.microseconds();
        let digests = [cursor.account.as_deref(), cursor.address.as_deref()];
        let account = short(&digests.map(Option::unwrap_or_default).join("\n"));
        let first = cursor.first_uid_next.unwrap_or(0);
        let (validity, next) = (cursor.uid_validity, cursor.uid_next);
        let id = format!("{place}/{validity}/{began}/{next}/{account}/{first}");
        let report = Report::MailCursorMoved(cursor.clone());
        keeping::report(&self.port, InputId::new("mail_cursor", id), report).await.map(|_| ())
    }
}

/// What is read of a folder of which nothing is dealt with yet: most of a large one is too old, and only counted.
async fn first_uids(
    reading: &mut dyn Reading,
    opened: &Opened,
    standing: &mut Standing,
) -> Result<Vec<u32>, Trouble> {
    let first_uid_next = standing.first_uid_next;
    let found = reading.uids_since(standing.cursor.since.seconds()).await?;
    let mut uids: BTreeSet<u32> = found.into_iter().collect();
    let lay_there = count(uids.range(..first_uid_next).count());
    let has_newer = opened.uid_next.is_none_or(|next| next > first_uid_next);
    if has_newer {
        uids.extend(reading.uids_from(first_uid_next).await?);
    }
    let newer = count(uids.range(first_uid_next..).count());
    let older = opened.mails.saturating_sub(newer).saturating_sub(lay_there);
    standing.cursor.older_left.get_or_insert(older);
    Ok(uids.into_iter().collect())
}

/// The UID after the last one.
fn next_after(uids: &[u32]) -> u32 {
    uids.last().map_or(1, |last| last.saturating_add(1))
}

fn before(now: Timestamp, duration: Duration) -> Timestamp {
    let duration = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_microseconds(now.microseconds().saturating_sub(duration))
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
