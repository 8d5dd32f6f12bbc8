//! Reading mailboxes by IMAP (RFC 3501).
//!
//! ```text
//!   Mailbox --open: connect, TLS, greeting, sign in--> Session --examine--> uids, heads, fetch, wait for news
//!   Reader: a folder that is opened again as needed, and batches that are halved around a mail nobody can read
//! ```
//!
//! Nothing in a mailbox changes by reading: folders are examined, bodies are peeked at. A session says one thing
//! at a time, is over after the first thing that did not come in time or could not be understood, and says so
//! from then on. The library under it has no time-outs, takes a closed connection for an answer and a refusal
//! for an empty one; so commands are written and answers are read here, and it only parses them.

mod append;
mod check;
mod conversation;
mod date;
mod fetch;
mod folder_name;
mod folders;
mod idle;
mod reader;
mod search;
mod sign_in;

pub use append::Appended;
pub(crate) use check::reach;
pub use conversation::Session;
pub use fetch::{BATCH_MAILS_MAX, Batch, Head, Mail, PIECE_BYTES};
pub use folders::{Folder, Opened, SpecialUse};
pub use idle::News;
pub use reader::{Fetched, Reader};
pub use search::LOOK_BACK_UIDS;

use std::sync::Arc;

use crate::account::{Account, SignIn};
use crate::token::Tokens;
use crate::trouble::Trouble;

/// A mailbox on a server.
#[derive(Clone, Debug)]
pub struct Mailbox {
    account: Arc<Account>,
    tokens: Arc<Tokens>,
}

impl Mailbox {
    /// The mailbox of an account; its tokens come from `tokens`.
    pub fn new(account: Arc<Account>, tokens: Arc<Tokens>) -> Self {
        Self { account, tokens }
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Where its tokens come from.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Connects and signs in. A token that the server refuses is replaced once.
    pub async fn open(&self) -> Result<Session, Trouble> {
        let account = &self.account;
        match &account.reading {
            SignIn::Password { user, password } => {
                let connected = sign_in::greeted(account, &mut |_| {}).await?;
                sign_in::by_password(connected, account, user, password).await
            }
            SignIn::Token { user, mechanism, source } => {
                let token = self.tokens.token(source).await?;
                let connected = sign_in::greeted(account, &mut |_| {}).await?;
                let entered = sign_in::by_token(connected, account, user, *mechanism, &token).await;
                if !matches!(entered, Err(Trouble::SignIn { is_temporary: false, .. })) {
                    return entered;
                }
                let token = self.tokens.instead_of(source, &token).await?;
                let connected = sign_in::greeted(account, &mut |_| {}).await?;
                sign_in::by_token(connected, account, user, *mechanism, &token).await
            }
        }
    }

    /// A reader of one folder.
    pub fn reader(&self, folder: impl Into<String>) -> Reader {
        Reader::new(self.clone(), folder.into())
    }
}
