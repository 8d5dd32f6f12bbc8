//! Where reading of a folder goes on: from its cursor, or from the beginning where numbers or the mailbox are others.

use domain::Timestamp;
use domain::mail::MailCursor;

use super::{Terms, before};
use crate::account::MailboxDigest;
use crate::imap::Opened;
use crate::intake::digest_of;

/// How reading goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    First,
    GoesOn,
    /// The server numbers its mails anew.
    Renumbered,
    /// The settings name another server or user for the mails of the same address.
    Moved,
    /// The settings name another mailbox.
    OtherMailbox,
}

impl Course {
    /// Whether the folder has other numbers, and holds mails of the same address as before.
    pub(super) fn is_of_same_address(self) -> bool {
        matches!(self, Self::Renumbered | Self::Moved)
    }
}

/// The cursor to go on from, or a fresh one.
pub(super) fn going_on(
    known: Option<&MailCursor>,
    opened: &Opened,
    now: Timestamp,
    terms: &Terms,
    mailbox: &MailboxDigest,
) -> (MailCursor, Course) {
    let MailboxDigest { account, address } = mailbox;
    let fresh = |uid_validity, mark| MailCursor {
        csq: terms.manner.csq.clone(),
        folder: terms.manner.folder.clone(),
        uid_validity,
        uid_next: 1,
        since: before(now, terms.snapshot),
        began_at: now,
        account: Some(account.clone()),
        address: Some(address.clone()),
        mark,
        first_uid_next: opened.uid_next,
        older_left: None,
    };
    let Some(known) = known else { return (fresh(opened.uid_validity, 0), Course::First) };
    if known.account.as_deref().is_some_and(|before| before != account) {
        let mark = mark_of(account);
        let course = match known.address.as_ref() == Some(address) {
            true => Course::Moved,
            false => Course::OtherMailbox,
        };
        return (fresh(opened.uid_validity ^ mark, mark), course);
    }
    let uid_validity = opened.uid_validity ^ known.mark;
    let is_same = known.uid_validity == uid_validity
        || known.uid_validity == restored(uid_validity, known.began_at);
    if !is_same {
        return (fresh(uid_validity, known.mark), Course::Renumbered);
    }
    if opened.uid_next.is_some_and(|next| next < known.uid_next) {
        // A restored folder gives numbers again that the ledger has for other mails: they stand under another one.
        return (fresh(restored(uid_validity, now), known.mark), Course::Renumbered);
    }
    // What an older program left out is taken over as it stands: all below its cursor lay there at first.
    let first_uid_next = known.first_uid_next.or(match known.uid_next {
        0 | 1 => opened.uid_next,
        next => Some(next),
    });
    let (account, address) = (Some(account.clone()), Some(address.clone()));
    (MailCursor { account, address, first_uid_next, ..known.clone() }, Course::GoesOn)
}

/// The mark of a mailbox that is not the first of its CSQ.
fn mark_of(account: &str) -> u32 {
    let digits = digest_of(&[b"mark", account.as_bytes()]);
    let mark = digits.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    mark.unwrap_or(1).max(1)
}

/// Under which UIDVALIDITY mails of a folder stand in the ledger that was restored from a backup at that time.
fn restored(uid_validity: u32, at: Timestamp) -> u32 {
    let seconds = at.seconds().unsigned_abs();
    let folded = u32::try_from(seconds & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    // An odd factor keeps different times apart.
    uid_validity ^ folded.wrapping_mul(0x9e37_79b1).max(1)
}
