//! Mails that something is left to do for, as they stand in their index: whoever looks for what is due, counts what
//! waits or tells whose it is reads no body.

use super::{MailOut, OutState};
use crate::{ContactId, Index, Timestamp};

/// What is left to do for a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpenStage {
    /// It is to be handed over.
    Unsent,
    /// A try is under way, or was.
    Sending,
    /// What became of it is to be found.
    Unclear,
    /// It is to be filed, or its copies are.
    Unfiled,
}

impl OpenStage {
    const ALL: [Self; 4] = [Self::Unsent, Self::Sending, Self::Unclear, Self::Unfiled];

    fn name(self) -> &'static str {
        match self {
            Self::Unsent => "unsent",
            Self::Sending => "sending",
            Self::Unclear => "unclear",
            Self::Unfiled => "unfiled",
        }
    }

    /// Whether its customer has it for certain, or never gets it.
    pub fn is_settled(self) -> bool {
        self == Self::Unfiled
    }
}

/// A mail that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenMail {
    /// Which.
    pub id: ContactId,
    /// From which CSQ's account.
    pub csq: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// From when on it is to be looked at.
    pub due_at: Timestamp,
    /// What is left to do.
    pub stage: OpenStage,
}

impl OpenMail {
    /// How that mail stands; `None` where it is over.
    pub fn of(mail: &MailOut) -> Option<Self> {
        let stage = match mail.state {
            _ if mail.is_over() => return None,
            OutState::Queued | OutState::Prepared => OpenStage::Unsent,
            OutState::Sending { .. } => OpenStage::Sending,
            OutState::Unknown { .. } => OpenStage::Unclear,
            OutState::Accepted { .. } | OutState::Failed { .. } => OpenStage::Unfiled,
        };
        let due_at = mail.next_try_at.unwrap_or(mail.at);
        Some(Self { id: mail.id, csq: mail.csq.clone(), at: mail.at, due_at, stage })
    }

    /// How it stands in [`Index::MailOutOpen`], the earliest due first.
    pub fn index_value(&self) -> String {
        let (due_at, at) = (Index::seen_value(self.due_at), Index::seen_value(self.at));
        format!("{due_at}/{at}/{}/{}", self.stage.name(), self.csq)
    }

    /// The mail of that number by its value in the index; `None` for one that a program wrote which kept nothing but
    /// when it was asked for.
    pub fn from_index(id: ContactId, value: &str) -> Option<Self> {
        let mut parts = value.splitn(4, '/');
        let mut time = || parts.next()?.parse().ok().map(Timestamp::from_microseconds);
        let (due_at, at) = (time()?, time()?);
        let name = parts.next()?;
        let stage = OpenStage::ALL.into_iter().find(|stage| stage.name() == name)?;
        Some(Self { id, csq: parts.next()?.to_owned(), at, due_at, stage })
    }

    /// How programs before this one had a mail stand in the index: by when it was asked for alone. There it is found,
    /// early, and from its next change on it stands as it should.
    pub fn former_value(mail: &MailOut) -> String {
        Index::seen_value(mail.at)
    }
}
