//! Reading one folder, whatever a server does meanwhile.
//!
//! ```text
//!   batch, of heads or of mails
//!     |--ends well--> what came; what did not come is missing
//!     |--fails--> what came is kept, the rest halved --> one mail alone fails --> unreadable, by this trouble
//!     `--no answer in time--> what came is kept, the first that did not is unreadable, the rest stays open
//! ```
//!
//! A batch that failed may have ended the conversation; the folder is opened again, which has to be the same one.

use std::collections::BTreeSet;

use super::conversation::Session;
use super::fetch::{BATCH_MAILS_MAX, Batch, HEADS_MAX, Head, Mail};
use super::folders::Opened;
use crate::imap::Mailbox;
use crate::trouble::Trouble;

/// Reads a folder.
#[derive(Debug)]
pub struct Reader {
    mailbox: Mailbox,
    folder: String,
    session: Option<Session>,
    opened: Option<Opened>,
}

/// What came of the mails that were asked for: themselves, or what is known of them.
#[derive(Debug)]
pub struct Fetched<T = Mail> {
    /// What came.
    pub mails: Vec<T>,
    /// Those that the folder no longer has.
    pub missing: Vec<u32>,
    /// Those that cannot be read by themselves, and why.
    pub unreadable: Vec<(u32, Trouble)>,
    /// Those that were not reached, because of `trouble`.
    pub open: Vec<u32>,
    /// What kept the rest from being read.
    pub trouble: Option<Trouble>,
}

impl Reader {
    pub(super) fn new(mailbox: Mailbox, folder: String) -> Self {
        Self { mailbox, folder, session: None, opened: None }
    }

    /// The folder as it was first opened.
    pub fn opened(&self) -> Option<Opened> {
        self.opened
    }

    /// The conversation, with the folder open.
    pub async fn session(&mut self) -> Result<&mut Session, Trouble> {
        let session = match self.session.take().filter(|session| !session.is_over()) {
            Some(session) => session,
            None => self.open().await?,
        };
        Ok(self.session.insert(session))
    }

    async fn open(&mut self) -> Result<Session, Trouble> {
        let mut session = self.mailbox.open().await?;
        let opened = session.examine(&self.folder).await?;
        let is_same = |before: Opened| before.uid_validity == opened.uid_validity;
        if !self.opened.is_none_or(is_same) {
            return Err(session.lost("the folder was made anew in between"));
        }
        self.opened.get_or_insert(opened);
        Ok(session)
    }

    /// Opens the folder anew, over a new connection where the old one is over, and forgets what it was before.
    pub async fn begin(&mut self) -> Result<Opened, Trouble> {
        let mut session = match self.session.take().filter(|session| !session.is_over()) {
            Some(session) => session,
            None => self.mailbox.open().await?,
        };
        let opened = session.examine(&self.folder).await?;
        self.session = Some(session);
        self.opened = Some(opened);
        Ok(opened)
    }

    /// What is known of the mails `uids`.
    pub async fn heads(&mut self, uids: &[u32]) -> Fetched<Head> {
        self.halving(uids).await
    }

    /// The mails `uids`, whole. Big ones are better read by [`Session::fetch_to`].
    pub async fn fetch(&mut self, uids: &[u32]) -> Fetched {
        self.halving(uids).await
    }

    async fn halving<T: Asked>(&mut self, uids: &[u32]) -> Fetched<T> {
        let mut fetched = Fetched::default();
        let mut uids = uids.to_vec();
        uids.sort_unstable();
        let mut parts: Vec<Vec<u32>> = uids.chunks(T::MAX).map(<[u32]>::to_vec).rev().collect();
        while let Some(part) = parts.pop() {
            let session = match self.session().await {
                Ok(session) => session,
                Err(trouble) => {
                    return fetched.stopped(trouble, part, parts);
                }
            };
            let batch = T::ask(session, &part).await;
            let came: BTreeSet<u32> = batch.mails.iter().map(T::uid).collect();
            fetched.mails.extend(batch.mails);
            let is_alone = part.len() == 1;
            let rest: Vec<u32> = part.into_iter().filter(|uid| !came.contains(uid)).collect();
            let Some(trouble) = batch.trouble else {
                fetched.missing.extend(rest);
                continue;
            };
            if is_throttle(&trouble) {
                return fetched.stopped(trouble, rest, parts);
            }
            match rest.as_slice() {
                [] => {}
                // Servers answer in order: it hangs at this one, or altogether. The others are asked for first next time.
                [uid, others @ ..] if matches!(trouble, Trouble::TimedOut { .. }) => {
                    fetched.unreadable.push((*uid, trouble.clone()));
                    return fetched.stopped(trouble, others.to_vec(), parts);
                }
                [uid] if is_alone => {
                    fetched.unreadable.push((*uid, trouble.clone()));
                    // It may be the server and not the mail; only one is blamed for that.
                    let is_lost = matches!(trouble, Trouble::Lost { .. });
                    if is_lost || trouble.is_fault_of_server() && fetched.mails.is_empty() {
                        return fetched.stopped(trouble, Vec::new(), parts);
                    }
                }
                _ => {
                    let (first, second) = rest.split_at(rest.len() / 2);
                    let halves = [second.to_vec(), first.to_vec()];
                    parts.extend(halves.into_iter().filter(|half| !half.is_empty()));
                }
            }
        }
        fetched
    }
}

/// What a batch is asked for.
trait Asked: Send + Sized {
    /// Mails in one command.
    const MAX: usize;
    fn ask(session: &mut Session, uids: &[u32]) -> impl Future<Output = Batch<Self>> + Send;
    fn uid(&self) -> u32;
}

impl Asked for Head {
    const MAX: usize = HEADS_MAX;

    fn ask(session: &mut Session, uids: &[u32]) -> impl Future<Output = Batch<Self>> + Send {
        session.heads(uids)
    }

    fn uid(&self) -> u32 {
        self.uid
    }
}

impl Asked for Mail {
    const MAX: usize = BATCH_MAILS_MAX;

    fn ask(session: &mut Session, uids: &[u32]) -> impl Future<Output = Batch<Self>> + Send {
        session.fetch(uids)
    }

    fn uid(&self) -> u32 {
        self.head.uid
    }
}

impl<T> Default for Fetched<T> {
    fn default() -> Self {
        Self {
            mails: Vec::new(),
            missing: Vec::new(),
            unreadable: Vec::new(),
            open: Vec::new(),
            trouble: None,
        }
    }
}

impl<T> Fetched<T> {
    fn stopped(mut self, trouble: Trouble, first: Vec<u32>, mut parts: Vec<Vec<u32>>) -> Self {
        self.open = first;
        parts.reverse();
        self.open.extend(parts.into_iter().flatten());
        self.trouble = Some(trouble);
        self
    }
}

/// Whether a refusal is for all mails for a while, and none's fault.
fn is_throttle(trouble: &Trouble) -> bool {
    let Trouble::Refused { code: Some(code), .. } = trouble else { return false };
    ["UNAVAILABLE", "INUSE", "LIMIT", "NOPERM", "OVERQUOTA"].contains(&code.as_str())
}
