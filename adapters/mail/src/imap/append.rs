//! Filing a mail in a folder.

use super::Mailbox;
use super::conversation::{Said, Session, quoted};
use super::folder_name::encode;
use crate::trouble::Trouble;

/// A mail that was filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// UIDVALIDITY of the folder and UID of the mail, where the server says (RFC 4315).
    pub place: Option<(u32, u32)>,
}

impl Mailbox {
    /// Files a mail in a folder, as read, over a connection of its own. When the connection is lost in between, look
    /// for the mail before filing it again.
    pub async fn append(&self, folder: &str, raw: &[u8]) -> Result<Appended, Trouble> {
        let mut session = self.open().await?;
        let appended = session.append(folder, raw).await;
        if appended.is_ok() {
            session.close().await;
        }
        appended
    }
}

impl Session {
    /// Files a mail in a folder, as read.
    pub async fn append(&mut self, folder: &str, raw: &[u8]) -> Result<Appended, Trouble> {
        let bytes = raw.len();
        let limit = self.capability_value("APPENDLIMIT").and_then(|limit| limit.parse().ok());
        if limit.is_some_and(|limit: usize| bytes > limit) {
            let text = format!("the mail has {bytes} bytes, and it takes fewer");
            return Err(self.refused(&format!("to file in {folder:?}"), None, &text));
        }
        let command = format!("APPEND {} (\\Seen) {{{bytes}}}", quoted(&encode(folder))?);
        let what = format!("to file in {folder:?}");
        let patience = self.patience.transfer;
        let said = Said::Literal(raw);
        match self.command(&command, &what, said, patience, |_| Ok(())).await {
            Ok(ending) => Ok(Appended { place: ending.appended }),
            Err(trouble) => Err(self.why_not(folder, trouble).await),
        }
    }
}
