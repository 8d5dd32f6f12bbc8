//! Moving a mail of the open folder to another, and removing one: never more than was meant.
//!
//! ```text
//!   MOVE (RFC 6851) --> by one command       UIDPLUS (RFC 4315) --> copied, marked, and those UIDs alone expunged
//!   neither --> it stays: expunging all that is marked would take mails that somebody else marked
//! ```
//!
//! A connection that is lost in the middle leaves the mail in one of the folders or in both, never in none.

use super::conversation::{Said, Session, quoted};
use super::fetch::set;
use super::folder_name::encode;
use crate::trouble::Trouble;

impl Session {
    /// Marks mails of the open folder as read.
    pub async fn mark_read(&mut self, uids: &[u32]) -> Result<(), Trouble> {
        self.store(uids, "\\Seen").await
    }

    /// Moves mails of the open folder, as read; false where the server cannot, and then they lie where they lay.
    pub async fn move_to(&mut self, uids: &[u32], folder: &str) -> Result<bool, Trouble> {
        let place = quoted(&encode(folder))?;
        if self.can("MOVE") {
            self.mark_read(uids).await?;
            let command = format!("UID MOVE {} {place}", set(uids));
            self.moved_into(&command, folder).await?;
            return Ok(true);
        }
        if !self.can("UIDPLUS") {
            return Ok(false);
        }
        self.mark_read(uids).await?;
        let command = format!("UID COPY {} {place}", set(uids));
        self.moved_into(&command, folder).await?;
        self.remove(uids).await
    }

    /// Removes mails of the open folder; false where the server cannot do that for those alone.
    pub async fn remove(&mut self, uids: &[u32]) -> Result<bool, Trouble> {
        if !self.can("UIDPLUS") {
            return Ok(false);
        }
        self.store(uids, "\\Deleted").await?;
        let command = format!("UID EXPUNGE {}", set(uids));
        let patience = self.patience.command;
        self.command(&command, "to remove a copy", Said::Line, patience, |_| Ok(())).await?;
        Ok(true)
    }

    async fn store(&mut self, uids: &[u32], flag: &str) -> Result<(), Trouble> {
        let command = format!("UID STORE {} +FLAGS.SILENT ({flag})", set(uids));
        let patience = self.patience.command;
        self.command(&command, "to mark a mail", Said::Line, patience, |_| Ok(())).await.map(drop)
    }

    async fn moved_into(&mut self, command: &str, folder: &str) -> Result<(), Trouble> {
        let what = format!("to file in {folder:?}");
        let patience = self.patience.transfer;
        match self.command(command, &what, Said::Line, patience, |_| Ok(())).await {
            Ok(_) => Ok(()),
            Err(trouble) => Err(self.why_not(folder, trouble).await),
        }
    }
}
