//! Folders: which there are, and opening one without changing it.

use async_imap::imap_proto::{MailboxDatum, NameAttribute, Response, ResponseCode};

use super::conversation::{Said, Session, quoted};
use super::folder_name::{decode, encode};
use crate::trouble::Trouble;

/// What a folder is for (RFC 6154).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialUse {
    /// Drafts.
    Drafts,
    /// What was sent.
    Sent,
    /// Another use.
    Other,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its name, as people write it.
    pub name: String,
    /// What it is for, where the server says.
    pub special_use: Option<SpecialUse>,
    /// Whether mails can lie in it.
    pub is_selectable: bool,
}

/// A folder that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// UIDs mean something only together with this.
    pub uid_validity: u32,
    /// The UID that the next mail gets, where the server says.
    pub uid_next: Option<u32>,
    /// How many mails lie there.
    pub mails: u32,
    /// Whether nothing can be changed there.
    pub is_read_only: bool,
}

impl Session {
    /// Opens a folder to read, which changes nothing in it.
    pub async fn examine(&mut self, folder: &str) -> Result<Opened, Trouble> {
        self.enter("EXAMINE", folder).await
    }

    /// Opens a folder to write: a test does, to see whether it may, and whoever files the copy of an answer.
    pub async fn select(&mut self, folder: &str) -> Result<Opened, Trouble> {
        self.enter("SELECT", folder).await
    }

    async fn enter(&mut self, verb: &str, folder: &str) -> Result<Opened, Trouble> {
        let (mut validity, mut next, mut mails) = (None, None, 0);
        let command = format!("{verb} {}", quoted(&encode(folder))?);
        let what = format!("to open {folder:?}");
        let patience = self.patience.command;
        let each = |response: &Response<'_>| {
            match response {
                Response::MailboxData(MailboxDatum::Exists(count)) => mails = *count,
                Response::Data { outcome, .. } => match outcome.code {
                    Some(ResponseCode::UidValidity(number)) => validity = Some(number),
                    Some(ResponseCode::UidNext(number)) => next = Some(number),
                    _ => {}
                },
                _ => {}
            }
            Ok(())
        };
        let ending = match self.command(&command, &what, Said::Line, patience, each).await {
            Ok(ending) => ending,
            Err(trouble) => return Err(self.why_not(folder, trouble).await),
        };
        let Some(uid_validity) = validity.filter(|validity| *validity != 0) else {
            return Err(self.malformed("it gives no UIDVALIDITY"));
        };
        let is_read_only = ending.is_read_only;
        Ok(Opened { uid_validity, uid_next: next, mails, is_read_only })
    }

    /// Whether a folder that was refused is just not there; few servers say so by a code.
    pub(super) async fn why_not(&mut self, folder: &str, trouble: Trouble) -> Trouble {
        let Trouble::Refused { host, code, text, .. } = &trouble else { return trouble };
        let is_missing = match code.as_deref() {
            Some("NONEXISTENT" | "TRYCREATE") => true,
            Some("UNAVAILABLE" | "INUSE" | "LIMIT" | "SERVERBUG" | "NOPERM") => false,
            _ => matches!(self.folder(folder).await, Ok(None)),
        };
        if !is_missing {
            return trouble;
        }
        Trouble::NoFolder { host: host.clone(), folder: folder.to_owned(), text: text.clone() }
    }

    /// All folders.
    pub async fn folders(&mut self) -> Result<Vec<Folder>, Trouble> {
        self.list("\"*\"").await
    }

    /// One folder by its name.
    pub async fn folder(&mut self, name: &str) -> Result<Option<Folder>, Trouble> {
        // A name with these would ask for others too.
        if name.contains(['*', '%']) {
            return Ok(self.folders().await?.into_iter().find(|folder| folder.name == name));
        }
        let pattern = quoted(&encode(name))?;
        Ok(self.list(&pattern).await?.into_iter().next())
    }

    /// The folder where sent mails lie, by what the server says it is for.
    pub async fn sent_folder(&mut self) -> Result<Option<Folder>, Trouble> {
        let folders = self.folders().await?;
        let is_sent = |folder: &Folder| folder.special_use == Some(SpecialUse::Sent);
        Ok(folders.into_iter().find(|folder| is_sent(folder) && folder.is_selectable))
    }

    async fn list(&mut self, pattern: &str) -> Result<Vec<Folder>, Trouble> {
        let mut folders = Vec::new();
        let patience = self.patience.command;
        let each = |response: &Response<'_>| {
            if let Response::MailboxData(MailboxDatum::List(found)) = response {
                let has = |wanted| found.name_attributes.contains(&wanted);
                let absent = NameAttribute::Extension("\\NonExistent".into());
                let special_use = found.name_attributes.iter().find_map(special_use);
                folders.push(Folder {
                    name: decode(&found.name),
                    special_use,
                    is_selectable: !has(NameAttribute::NoSelect) && !has(absent),
                });
            }
            Ok(())
        };
        let command = format!("LIST \"\" {pattern}");
        self.command(&command, "its folders", Said::Line, patience, each).await?;
        Ok(folders)
    }
}

fn special_use(attribute: &NameAttribute<'_>) -> Option<SpecialUse> {
    match attribute {
        NameAttribute::Drafts => Some(SpecialUse::Drafts),
        NameAttribute::Sent => Some(SpecialUse::Sent),
        NameAttribute::All
        | NameAttribute::Archive
        | NameAttribute::Flagged
        | NameAttribute::Junk
        | NameAttribute::Trash => Some(SpecialUse::Other),
        _ => None,
    }
}
