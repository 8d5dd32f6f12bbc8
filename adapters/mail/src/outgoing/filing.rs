//! A mailbox as sending needs it: handing over, and the folder of sent mails.
//!
//! ```text
//!   is it among the sent ones?   copies in the inbox
//!     no                         one --moved there-->            filed; further ones go as below
//!     no                         none, or nothing can be moved   put there; the copies are marked as read
//!     yes                        each: removed where its bytes are those that were sent, else marked as read
//! ```
//!
//! It is among them by its Message-ID, else by our number of it: a server may have given it another id.
//!
//! A step that breaks off is done again from the beginning, which finds what was done.

use std::time::Duration;

use async_trait::async_trait;
use domain::ContactId;
use protocols::mail::{ReadOptions, read};

use super::{Filed, Letter, Sending};
use crate::imap::{Mailbox, Session};
use crate::own_copy::{self, Likeness, likeness};
use crate::smtp::{self, Envelope, Progress, Submitted};
use crate::trouble::Trouble;

/// How many mails that may be copies are compared.
const COPIES_MAX: usize = 8;
/// So much of a mail among the sent ones is read: its header.
const HEADER_BYTES_MAX: u32 = 64 * 1024;
/// A copy is longer than what was sent by what servers put into it.
const ADDED_BYTES_MAX: usize = 256 * 1024;

#[async_trait]
impl Sending for Mailbox {
    fn address(&self) -> &str {
        &self.account().address
    }

    fn longest(&self, envelope: &Envelope, bytes: usize) -> Duration {
        smtp::longest(self.account(), envelope, bytes)
    }

    async fn submit(&self, envelope: &Envelope, raw: &[u8], progress: &Progress) -> Submitted {
        smtp::submit_noting(self.account(), self.tokens(), envelope, raw, progress).await
    }

    async fn is_sent(&self, letter: &Letter<'_>) -> Result<Option<Vec<String>>, Trouble> {
        let mut session = self.open().await?;
        let sent = self.open_sent(&mut session).await?;
        let found = self.lying(&mut session, letter, &sent).await?;
        session.close().await;
        Ok(found)
    }

    async fn has_copy(&self, letter: &Letter<'_>) -> Result<bool, Trouble> {
        let mut session = self.open().await?;
        session.examine(&self.account().folders.inbox).await?;
        let copies = copies(&mut session, letter).await?;
        session.close().await;
        Ok(!copies.is_empty())
    }

    async fn file(&self, letter: &Letter<'_>, by_copies: bool) -> Result<Filed, Trouble> {
        let mut session = self.open().await?;
        let sent = self.open_sent(&mut session).await?;
        let found = self.lying(&mut session, letter, &sent).await?;
        let mut filed = found.map(Filed::There);
        if by_copies {
            let is_moved = self.settle(&mut session, letter, &sent, filed.is_some()).await?;
            filed = filed.or(is_moved.then_some(Filed::Moved));
        }
        session.close().await;
        if filed.is_none() {
            self.append(&sent, letter.raw).await?;
        }
        Ok(filed.unwrap_or(Filed::Put))
    }
}

impl Mailbox {
    /// Opens the folder of sent mails to read, by its name or by what the server says it is for; gives its name.
    async fn open_sent(&self, session: &mut Session) -> Result<String, Trouble> {
        let name = &self.account().folders.sent;
        let opened = session.examine(name).await;
        if let Err(Trouble::NoFolder { .. }) = &opened
            && let Some(folder) = session.sent_folder().await?
        {
            session.examine(&folder.name).await?;
            return Ok(folder.name);
        }
        opened.map(|_| name.clone())
    }

    /// The other Message-IDs of a mail in the open folder of sent mails, where it is there.
    async fn lying(
        &self,
        session: &mut Session,
        letter: &Letter<'_>,
        sent: &str,
    ) -> Result<Option<Vec<String>>, Trouble> {
        let found = session.other_ids(letter.message_id, letter.own_id).await?;
        // What lies where everybody's mails arrive tells no id.
        let is_inbox = sent.eq_ignore_ascii_case(&self.account().folders.inbox);
        Ok(found.map(|ids| if is_inbox { Vec::new() } else { ids }))
    }

    /// Copies leave the inbox, one of them for the folder of sent mails unless the mail is there; whether one did.
    async fn settle(
        &self,
        session: &mut Session,
        letter: &Letter<'_>,
        sent: &str,
        is_there: bool,
    ) -> Result<bool, Trouble> {
        let opened = session.select(&self.account().folders.inbox).await?;
        if opened.is_read_only {
            return Ok(false);
        }
        let mut copies = copies(session, letter).await?;
        let mut is_moved = false;
        if !is_there && !copies.is_empty() {
            // The likest first.
            copies.sort_by_key(|(_, likeness)| *likeness != Likeness::Bytes);
            let (uid, _) = copies.remove(0);
            is_moved = session.move_to(&[uid], sent).await?;
            if !is_moved {
                session.mark_read(&[uid]).await?;
            }
        }
        for (uid, likeness) in copies {
            let is_gone = likeness == Likeness::Bytes && session.remove(&[uid]).await?;
            if !is_gone {
                session.mark_read(&[uid]).await?;
            }
        }
        Ok(is_moved)
    }
}

impl Session {
    /// The Message-IDs of a mail of ours in the open folder, beside its own; `None` where it is not there. It is so by its
    /// Message-ID, else by the number in the header of ours.
    ///
    /// # Errors
    ///
    /// As searches and fetching have.
    pub async fn other_ids(
        &mut self,
        message_id: &str,
        own_id: ContactId,
    ) -> Result<Option<Vec<String>>, Trouble> {
        if !self.uids_with_header("Message-ID", message_id).await?.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let uids = self.uids_with_header("X-Jackfield-Id", &own_id.to_string()).await?;
        let mut found = None;
        // Some servers find more than was asked for; what was just sent is the last.
        for uid in uids.into_iter().rev().take(COPIES_MAX) {
            let mut raw = Vec::new();
            self.fetch_to(uid, HEADER_BYTES_MAX, &mut raw).await?;
            if own_copy::named(&raw, None) == Some(own_id) {
                let ids = found.get_or_insert_with(Vec::new);
                // A mail that breaks its reader is there all the same.
                let options = ReadOptions { is_cut: true, ..ReadOptions::default() };
                let reading = tokio::task::spawn_blocking(move || read(&raw, &options).message_id);
                ids.extend(reading.await.unwrap_or_default());
            }
        }
        Ok(found)
    }
}

/// Copies of a mail in the open folder. What only says that it is one is not among them.
async fn copies(
    session: &mut Session,
    letter: &Letter<'_>,
) -> Result<Vec<(u32, Likeness)>, Trouble> {
    let own_id = letter.own_id.to_string();
    let mut uids = session.uids_with_header("X-Jackfield-Id", &own_id).await?;
    if uids.is_empty() {
        uids = session.uids_with_header("Message-ID", letter.message_id).await?;
    }
    let bytes_max = letter.raw.len().saturating_add(ADDED_BYTES_MAX);
    let bytes_max = u32::try_from(bytes_max).unwrap_or(u32::MAX - 1);
    let mut copies = Vec::new();
    for uid in uids.into_iter().take(COPIES_MAX) {
        let mut raw = Vec::new();
        let Some((_, is_more)) = session.fetch_to(uid, bytes_max, &mut raw).await? else {
            continue;
        };
        if is_more {
            continue;
        }
        let sent = letter.raw.to_vec();
        let comparing = tokio::task::spawn_blocking(move || likeness(&raw, &sent, false));
        // A mail that breaks its reader is none of ours.
        let likeness = comparing.await.unwrap_or(Likeness::None);
        if likeness != Likeness::None {
            copies.push((uid, likeness));
        }
    }
    Ok(copies)
}
