//! Trying a mailbox for whoever sets it up: one answer for each thing that has to be right.

use async_imap::imap_proto::Response;
use async_imap::imap_proto::rfc4314::AclRight;

use super::Mailbox;
use super::conversation::{Said, Session, quoted};
use super::folder_name::encode;
use super::folders::SpecialUse;
use crate::trouble::Trouble;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Reaching the server that mails are read from, TLS included.
    Connection,
    /// Signing in there.
    SignIn,
    /// The folder where mails arrive, and reading it.
    Inbox,
    /// The folder of drafts, and writing to it.
    Drafts,
    /// The folder of what waits to be sent, and writing to it.
    Outbox,
    /// The folder of what was sent, and writing to it.
    Sent,
    /// Reaching the server that mails are handed to, and signing in there.
    Sending,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Passed,
    /// It did not, for this reason.
    Failed(String),
    /// It was not tried, since something before it failed.
    NotTried,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub subject: Subject,
    /// How it went.
    pub outcome: Outcome,
}

impl Check {
    pub(crate) fn of(subject: Subject, result: Result<(), String>) -> Self {
        let outcome = result.map_or_else(Outcome::Failed, |()| Outcome::Passed);
        Self { subject, outcome }
    }
}

/// What we have to do in a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write,
}

impl Mailbox {
    /// Tries everything that reading and filing need; nothing in the mailbox changes.
    pub async fn test(&self) -> Vec<Check> {
        let folders = &self.account.folders;
        let wanted = [
            (Subject::Inbox, &folders.inbox, Use::Read),
            (Subject::Drafts, &folders.drafts, Use::Write),
            (Subject::Outbox, &folders.outbox, Use::Write),
            (Subject::Sent, &folders.sent, Use::Write),
        ];
        let mut checks = Vec::new();
        let mut session = match self.open().await {
            Ok(session) => {
                checks.push(Check::of(Subject::Connection, Ok(())));
                checks.push(Check::of(Subject::SignIn, Ok(())));
                Some(session)
            }
            Err(trouble) => {
                checks.extend(Self::not_opened(&trouble));
                None
            }
        };
        for (subject, folder, purpose) in wanted {
            // A connection that one folder ended says nothing of the others.
            if session.as_ref().is_some_and(Session::is_over) {
                session = self.open().await.ok();
            }
            checks.push(match &mut session {
                Some(session) => {
                    Check::of(subject, session.try_folder(subject, folder, purpose).await)
                }
                None => Check { subject, outcome: Outcome::NotTried },
            });
        }
        if let Some(session) = session {
            session.close().await;
        }
        checks
    }

    fn not_opened(trouble: &Trouble) -> [Check; 2] {
        let failed = |subject| Check::of(subject, Err(trouble.to_string()));
        match trouble {
            // There was a connection, or it did not get that far.
            Trouble::SignIn { .. } => {
                [Check::of(Subject::Connection, Ok(())), failed(Subject::SignIn)]
            }
            Trouble::Token { .. } => [
                Check { subject: Subject::Connection, outcome: Outcome::NotTried },
                failed(Subject::SignIn),
            ],
            _ => [
                failed(Subject::Connection),
                Check { subject: Subject::SignIn, outcome: Outcome::NotTried },
            ],
        }
    }
}

impl Session {
    async fn try_folder(
        &mut self,
        subject: Subject,
        folder: &str,
        purpose: Use,
    ) -> Result<(), String> {
        let tried = self.try_rights(folder, purpose).await;
        let Err(trouble) = tried else { return Ok(()) };
        let Trouble::NoFolder { .. } = trouble else { return Err(trouble.to_string()) };
        let meant = match subject {
            Subject::Drafts => self.folder_for(SpecialUse::Drafts).await,
            Subject::Sent => self.folder_for(SpecialUse::Sent).await,
            _ => None,
        };
        Err(match meant {
            Some(name) => format!("{trouble}; the server says that it is {name:?}"),
            None => trouble.to_string(),
        })
    }

    async fn folder_for(&mut self, wanted: SpecialUse) -> Option<String> {
        let folders = self.folders().await.ok()?;
        let found = folders.into_iter().find(|folder| folder.special_use == Some(wanted))?;
        Some(found.name)
    }

    /// By the list of rights where there is one, else by opening the folder.
    async fn try_rights(&mut self, folder: &str, purpose: Use) -> Result<(), Trouble> {
        let what = match purpose {
            Use::Read => format!("to read {folder:?}"),
            Use::Write => format!("to write to {folder:?}"),
        };
        if purpose == Use::Read {
            self.examine(folder).await?;
        }
        if self.can("ACL") {
            let rights = self.rights(folder).await?;
            let has = |wanted: AclRight| rights.contains(&wanted);
            let fits = match purpose {
                Use::Read => has(AclRight::Read),
                Use::Write => has(AclRight::Read) && has(AclRight::Insert),
            };
            return match fits {
                true => Ok(()),
                false => Err(self.refused(&what, None, "the account has not the right to")),
            };
        }
        if purpose == Use::Write && self.select(folder).await?.is_read_only {
            return Err(self.refused(&what, None, "it can only be read"));
        }
        Ok(())
    }

    async fn rights(&mut self, folder: &str) -> Result<Vec<AclRight>, Trouble> {
        let mut rights = Vec::new();
        let patience = self.patience.command;
        let command = format!("MYRIGHTS {}", quoted(&encode(folder))?);
        let each = |response: &Response<'_>| {
            if let Response::MyRights(mine) = response {
                rights.extend(mine.rights.iter().copied());
            }
            Ok(())
        };
        let what = format!("to tell our rights on {folder:?}");
        match self.command(&command, &what, Said::Line, patience, each).await {
            Ok(_) => Ok(rights),
            Err(trouble) => Err(self.why_not(folder, trouble).await),
        }
    }
}
