//! Which mails are there.

use std::collections::BTreeSet;

use async_imap::imap_proto::{MailboxDatum, Response};

use super::conversation::{Said, Session, quoted};
use super::date::day;
use crate::trouble::Trouble;

/// How many UIDs before the last one dealt with are looked at again: some servers show a lower one later.
pub use domain::mail::LOOK_BACK_UIDS;

impl Session {
    /// UIDs in the open folder from `first` on, in order.
    pub async fn uids_from(&mut self, first: u32) -> Result<Vec<u32>, Trouble> {
        let first = first.max(1);
        let mut uids = self.search(&format!("UID {first}:*")).await?;
        // The last mail always matches, whatever its UID.
        uids.retain(|uid| *uid >= first);
        Ok(uids)
    }

    /// UIDs in the open folder after `cursor`, and the last ones before it, which may have come to light since.
    pub async fn uids_about(&mut self, cursor: u32) -> Result<Vec<u32>, Trouble> {
        self.uids_from(cursor.saturating_sub(LOOK_BACK_UIDS).saturating_add(1)).await
    }

    /// UIDs of mails that may have arrived since a time. Servers compare whole days of their own, so a day more
    /// comes with them: decide by each mail's own time.
    pub async fn uids_since(&mut self, seconds: i64) -> Result<Vec<u32>, Trouble> {
        let day = day(seconds.saturating_sub(86_400))
            .ok_or_else(|| Trouble::Unusable(format!("{seconds} s is no time of a mail")))?;
        self.search(&format!("SINCE {day}")).await
    }

    /// UIDs of mails in the open folder with this in a header, as a `Message-ID`.
    pub async fn uids_with_header(&mut self, name: &str, value: &str) -> Result<Vec<u32>, Trouble> {
        if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-') {
            return Err(Trouble::Unusable(format!("{name:?} is no name of a header")));
        }
        // An empty value would find every mail that has the header.
        if value.is_empty() {
            return Ok(Vec::new());
        }
        self.search(&format!("HEADER {name} {}", quoted(value)?)).await
    }

    async fn search(&mut self, key: &str) -> Result<Vec<u32>, Trouble> {
        let mut uids = BTreeSet::new();
        let patience = self.patience.command;
        let each = |response: &Response<'_>| {
            if let Response::MailboxData(MailboxDatum::Search(found)) = response {
                uids.extend(found.iter().filter(|uid| **uid != 0));
            }
            Ok(())
        };
        let command = format!("UID SEARCH {key}");
        self.command(&command, "a search", Said::Line, patience, each).await?;
        Ok(uids.into_iter().collect())
    }
}
