//! Mails: what is known of them, whole ones in batches, big ones in pieces.
//!
//! Asked for is only what servers do not get wrong: no envelopes, no structures. Taken are only mails that were
//! asked for, with their UID and their body; servers also tell of changed flags whenever they like.

use std::collections::{BTreeMap, BTreeSet};

use async_imap::imap_proto::{AttributeValue, Response};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::conversation::{Said, Session};
use super::date;
use crate::trouble::Trouble;

/// Mails in one batch.
pub const BATCH_MAILS_MAX: usize = 50;
/// Bytes of one piece of a big mail.
pub const PIECE_BYTES: u32 = 1024 * 1024;
/// Mails of which one command asks what is known.
pub(super) const HEADS_MAX: usize = 500;

/// What a server knows of a mail without its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its number in the folder.
    pub uid: u32,
    /// When it arrived, in seconds since 1970, where that can be read.
    pub arrived_at_seconds: Option<i64>,
    /// Its size as the server counts it, which need not be right.
    pub bytes: u32,
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// What the server knows of it.
    pub head: Head,
    /// Its bytes.
    pub raw: Vec<u8>,
}

/// What one command brought: mails, or what is known of them.
#[derive(Debug)]
pub struct Batch<T = Mail> {
    /// Those that are whole, also where the rest did not come.
    pub mails: Vec<T>,
    /// Why the command did not end well.
    pub trouble: Option<Trouble>,
}

impl Session {
    /// What is known of the mails `uids` of the open folder, by one command; those that are gone are left out.
    pub async fn heads(&mut self, uids: &[u32]) -> Batch<Head> {
        let wanted: BTreeSet<u32> = uids.iter().copied().collect();
        if wanted.is_empty() {
            return Batch { mails: Vec::new(), trouble: None };
        }
        let mut heads: BTreeMap<u32, Head> = BTreeMap::new();
        let patience = self.patience.transfer;
        let command = format!("UID FETCH {} (UID INTERNALDATE RFC822.SIZE)", set(uids));
        let each = |response: &Response<'_>| {
            if let Response::Fetch(_, attributes) = response {
                let (head, has_size) = head(attributes);
                // Without a size it is a change of flags.
                if has_size && wanted.contains(&head.uid) {
                    heads.insert(head.uid, head);
                }
            }
            Ok(())
        };
        let what = "what it knows of mails";
        let done = self.command(&command, what, Said::Line, patience, each).await;
        Batch { mails: heads.into_values().collect(), trouble: done.err() }
    }

    /// The mails `uids` of the open folder, whole, by one command; flags do not change.
    pub async fn fetch(&mut self, uids: &[u32]) -> Batch {
        let wanted: BTreeSet<u32> = uids.iter().copied().collect();
        if wanted.is_empty() {
            return Batch { mails: Vec::new(), trouble: None };
        }
        let mut mails: BTreeMap<u32, Mail> = BTreeMap::new();
        let patience = self.patience.transfer;
        let command = format!("UID FETCH {} (UID INTERNALDATE RFC822.SIZE BODY.PEEK[])", set(uids));
        let each = |response: &Response<'_>| {
            if let Response::Fetch(_, attributes) = response {
                let (head, _) = head(attributes);
                if let Some(raw) = whole(attributes).filter(|_| wanted.contains(&head.uid)) {
                    mails.insert(head.uid, Mail { raw: raw.to_vec(), head });
                }
            }
            Ok(())
        };
        let done = self.command(&command, "mails", Said::Line, patience, each).await;
        Batch { mails: mails.into_values().collect(), trouble: done.err() }
    }

    /// A piece of a mail, `None` where there is no such mail. A shorter one than asked for is the last.
    pub async fn piece(
        &mut self,
        uid: u32,
        origin: u32,
        bytes: u32,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let mut piece = None;
        let patience = self.patience.transfer;
        let command = format!("UID FETCH {uid} (UID BODY.PEEK[]<{origin}.{bytes}>)");
        let each = |response: &Response<'_>| {
            if let Response::Fetch(_, attributes) = response
                && head(attributes).0.uid == uid
                && let Some(data) = part(attributes, origin)
            {
                if data.len() > usize::try_from(bytes).unwrap_or(usize::MAX) {
                    return Err("a piece of a mail is longer than asked for");
                }
                piece = Some(data.to_vec());
            }
            Ok(())
        };
        self.command(&command, "a piece of a mail", Said::Line, patience, each).await?;
        Ok(piece)
    }

    /// Writes a mail to `sink` piece by piece, up to `bytes_max`; gives how many bytes it wrote and whether there
    /// are more, or `None` where there is no such mail.
    pub async fn fetch_to<W: AsyncWrite + Unpin + Send>(
        &mut self,
        uid: u32,
        bytes_max: u32,
        sink: &mut W,
    ) -> Result<Option<(u32, bool)>, Trouble> {
        let mut written: u32 = 0;
        loop {
            // One byte more than wanted tells whether there is more.
            let left = bytes_max - written;
            let wanted = left.saturating_add(1).min(PIECE_BYTES);
            let Some(mut piece) = self.piece(uid, written, wanted).await? else {
                // Some servers say nothing of a piece that begins at the end.
                return Ok((written > 0).then_some((written, false)));
            };
            let got = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            let is_more = got > left;
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            sink.write_all(&piece)
                .await
                .map_err(|error| Trouble::Unusable(format!("the mail cannot be kept: {error}")))?;
            written += got.min(left);
            if is_more || got < wanted {
                return Ok(Some((written, is_more)));
            }
        }
    }
}

/// What is known, and whether the size is among it.
fn head(attributes: &[AttributeValue<'_>]) -> (Head, bool) {
    let mut head = Head::default();
    let mut has_size = false;
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => head.uid = *uid,
            AttributeValue::InternalDate(text) => head.arrived_at_seconds = date::seconds(text),
            AttributeValue::Rfc822Size(bytes) => {
                head.bytes = *bytes;
                has_size = true;
            }
            _ => {}
        }
    }
    (head, has_size)
}

/// The whole mail.
fn whole<'a>(attributes: &'a [AttributeValue<'_>]) -> Option<&'a [u8]> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::BodySection { section: None, index: None, data } => data.as_deref(),
        _ => None,
    })
}

/// The part of the mail that begins at `origin`.
fn part<'a>(attributes: &'a [AttributeValue<'_>], origin: u32) -> Option<&'a [u8]> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::BodySection { section: None, index: Some(at), data } if *at == origin => {
            // Nothing is a piece too: the last one.
            Some(data.as_deref().unwrap_or_default())
        }
        _ => None,
    })
}

/// UIDs as a command says them, as `1:3,7`.
pub(super) fn set(uids: &[u32]) -> String {
    let sorted: BTreeSet<u32> = uids.iter().copied().collect();
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for uid in sorted {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == uid => *last = uid,
            _ => ranges.push((uid, uid)),
        }
    }
    let ranges: Vec<String> = ranges
        .into_iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}:{last}"),
        })
        .collect();
    ranges.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_said_in_ranges() {
        assert_eq!(set(&[7, 1, 2, 3, 9, 10]), "1:3,7,9:10");
        assert_eq!(set(&[u32::MAX, u32::MAX - 1]), "4294967294:4294967295");
    }
}
