//! Trying a mailbox for whoever sets it up: one answer for each thing that has to be right.

use async_imap::imap_proto::Response;
use async_imap::imap_proto::rfc4314::AclRight;

use super::Mailbox;
use super::conversation::{Said, Session, quoted};
use super::folder_name::encode;
use super::folders::SpecialUse;
use super::sign_in;
use crate::account::{Account, Folders, SignIn};
use crate::token::Token;
use crate::trial::{Check, Fault, Outcome, Side, Stage, Subject};
use crate::trouble::Trouble;

/// What we have to do in a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write,
}

impl Mailbox {
    /// Tries everything that reading and filing need; nothing in the mailbox changes.
    pub async fn test(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        self.test_each(&mut |check| checks.push(check)).await;
        checks
    }

    /// The same, telling each check as soon as it is known.
    pub async fn test_each(&self, tell: &mut (dyn FnMut(Check) + Send)) {
        let folders = &self.account.folders;
        let mut session = self.test_sign_in(tell).await;
        let could_sign_in = session.is_some();
        for (subject, purpose) in [
            (Subject::Inbox, Use::Read),
            (Subject::Drafts, Use::Write),
            (Subject::Outbox, Use::Write),
            (Subject::Sent, Use::Write),
        ] {
            // A connection that one folder ended says nothing of the others.
            if could_sign_in && session.as_ref().is_none_or(Session::is_over) {
                session = self.open().await.ok();
            }
            let folder = folder_of(folders, subject);
            let outcome = match &mut session {
                Some(session) => match session.try_folder(subject, folder, purpose).await {
                    Ok(()) => Outcome::Passed,
                    Err(fault) => Outcome::Failed(Box::new(fault)),
                },
                None => Outcome::NotTried,
            };
            let folder = Some(folder.to_owned());
            tell(Check { side: Side::Reading, subject, folder, outcome });
        }
        if let Some(session) = session {
            session.close().await;
        }
    }

    /// Connects and signs in, stage by stage.
    async fn test_sign_in(&self, tell: &mut (dyn FnMut(Check) + Send)) -> Option<Session> {
        let account = &self.account;
        let side = Side::Reading;
        let token = match &account.reading {
            SignIn::Password { .. } => None,
            SignIn::Token { source, .. } => {
                let token = self.tokens.token(source).await;
                tell(Check::of(side, Subject::Token, token.as_ref().map(drop)));
                Some(token.ok())
            }
        };
        let mut stages = Stage::watch(side, tell);
        let greeted = sign_in::greeted(account, &mut |stage| stages.passed(stage)).await;
        let client = match greeted {
            Ok(client) => client,
            Err(trouble) => {
                stages.broke(&trouble);
                tell(Check::not_tried(side, Subject::SignIn));
                return None;
            }
        };
        if token == Some(None) {
            tell(Check::not_tried(side, Subject::SignIn));
            return None;
        }
        let entered = self.test_entering(client, token.flatten()).await;
        tell(Check::of(side, Subject::SignIn, entered.as_ref().map(drop)));
        entered.ok()
    }

    async fn test_entering(
        &self,
        client: sign_in::Greeted,
        token: Option<Token>,
    ) -> Result<Session, Trouble> {
        let account = &self.account;
        match (&account.reading, token) {
            (SignIn::Password { user, password }, _) => {
                sign_in::by_password(client, account, user, password).await
            }
            (SignIn::Token { user, mechanism, .. }, Some(token)) => {
                let entered = sign_in::by_token(client, account, user, *mechanism, &token).await;
                match entered {
                    // A kept token that is refused is replaced once.
                    Err(Trouble::SignIn { is_temporary: false, .. }) => self.open().await,
                    entered => entered,
                }
            }
            (SignIn::Token { .. }, None) => self.open().await,
        }
    }
}

/// Tries the way to the server that mails are read from, without signing in.
pub(crate) async fn reach(account: &Account, tell: &mut (dyn FnMut(Check) + Send)) {
    let mut stages = Stage::watch(Side::Reading, tell);
    if let Err(trouble) = sign_in::greeted(account, &mut |stage| stages.passed(stage)).await {
        stages.broke(&trouble);
    }
}

fn folder_of(folders: &Folders, subject: Subject) -> &str {
    match subject {
        Subject::Drafts => &folders.drafts,
        Subject::Outbox => &folders.outbox,
        Subject::Sent => &folders.sent,
        _ => &folders.inbox,
    }
}

impl Session {
    async fn try_folder(
        &mut self,
        subject: Subject,
        folder: &str,
        purpose: Use,
    ) -> Result<(), Fault> {
        let tried = self.try_rights(folder, purpose).await;
        let Err(trouble) = tried else { return Ok(()) };
        let fault = Fault::of(&trouble);
        let Trouble::NoFolder { .. } = trouble else { return Err(fault) };
        let meant = match subject {
            Subject::Drafts => self.folder_for(SpecialUse::Drafts).await,
            Subject::Sent => self.folder_for(SpecialUse::Sent).await,
            _ => None,
        };
        Err(match meant {
            Some(name) => {
                let words = format!("{}; the server says that it is {name:?}", fault.words);
                Fault { words, meant: Some(name), ..fault }
            }
            None => fault,
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
