//! A customer's contact by mail or chat, and what may become of it.
//!
//! ```text
//!   arrives --> Queued --assigned--> Active{agent} --replied, forwarded, discarded--> Closed
//!                 ^                     |
//!                 `-- requeued by the agent (never back to them), sign-out, loss, supervisor
//! ```
//!
//! A contact is in exactly one place. Who is assigned is written in the contact and in the agent's desk by the
//! same commit, under guards of both, so nobody has it twice. What a customer wrote is in a blob; the contact
//! has what lists show of it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{AgentId, Channel, Timestamp};

/// The most legs that are kept of one contact; the oldest go first.
pub const LEGS_MAX: usize = 50;
/// The most wrap-up reasons that an agent picks for one contact (CCP-07).
pub const WRAP_UP_CHOSEN_MAX: usize = 5;
/// The most answers of a contact that nobody took and that are known still.
pub const FAILED_ANSWERS_MAX: usize = 200;
/// The most characters of a subject that are kept in lists.
pub const SUBJECT_CHARACTERS_MAX: usize = 500;

/// The random number of a contact, a conversation or an outgoing mail, as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ContactId(pub u128);

/// A text that is no number of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 32 hexadecimal digits in small letters")]
pub struct InvalidContactId;

impl fmt::Display for ContactId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl fmt::Debug for ContactId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl From<ContactId> for String {
    fn from(id: ContactId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ContactId {
    type Error = InvalidContactId;

    fn try_from(text: String) -> Result<Self, InvalidContactId> {
        text.parse()
    }
}

impl FromStr for ContactId {
    type Err = InvalidContactId;

    fn from_str(text: &str) -> Result<Self, InvalidContactId> {
        let is_one =
            text.len() == 32 && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        let number = is_one.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or(InvalidContactId)
    }
}

/// A customer as a mail names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Their address; empty where the mail names none.
    pub address: String,
    /// Their name; empty where none is given.
    pub name: String,
}

impl Customer {
    /// The address as lists and indexes compare it.
    pub fn known_as(&self) -> String {
        self.address.to_lowercase()
    }
}

/// What is wrong with a mail that became a contact nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailNotice {
    /// It cannot be read; the raw message is there.
    Unreadable,
    /// It is larger than what is read; its beginning is there.
    TooLarge,
    /// It is encrypted, and its parts are there as files.
    Encrypted,
    /// The server does not give it out.
    CannotFetch,
}

/// Where a mail stands in the ledger, which goes with its contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerPlace {
    /// Whose mailbox.
    pub csq: String,
    /// The folder.
    pub folder: String,
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// The mail's number in it.
    pub uid: u32,
    /// What makes it this mail and no other.
    pub identity: String,
}

/// The mail that a contact came by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactMail {
    /// The blob that holds it as it came; none where it could not be fetched.
    pub blob: Option<String>,
    /// Its length in bytes on the server.
    pub bytes: u64,
    /// Its Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// Where it stands in the ledger.
    pub ledger: LedgerPlace,
    /// When the mail server took it in.
    pub received_at: Timestamp,
    /// Whether it has no HTML.
    pub is_plain_text: bool,
    /// Whether it is proven to be from whom it says, by the mail server's own judgement.
    #[serde(default)]
    pub is_proven: bool,
    /// Whether its sender is not who it says, by the mail server's own judgement.
    #[serde(default)]
    pub is_unverified: bool,
}

/// To whom a contact goes first, and until when nobody else gets it (MAIL-02).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sticky {
    /// The agent of the last leg.
    pub agent: AgentId,
    /// From then on anybody of the CSQ.
    pub until: Timestamp,
}

/// How a contact ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Answered.
    Replied,
    /// Sent on to somebody else.
    Forwarded,
    /// Dealt with without an answer.
    Discarded,
}

/// Where a contact is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Place {
    /// It waits in its CSQ.
    Queued,
    /// An agent works on it.
    Active {
        /// Who.
        agent: AgentId,
        /// Since when.
        since: Timestamp,
    },
    /// It is over.
    Closed {
        /// Since when.
        at: Timestamp,
        /// How.
        how: Closing,
        /// By whom.
        agent: AgentId,
    },
}

impl Place {
    /// The name used in events, figures and answers.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Active { .. } => "active",
            Self::Closed { .. } => "closed",
        }
    }
}

/// How an agent's work on a contact ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegEnd {
    /// With the contact.
    Closed,
    /// The agent gave it back.
    Requeued,
    /// The agent signed out.
    SignedOut,
    /// The agent's browser was gone for too long.
    Lost,
    /// A supervisor gave it to somebody else.
    Reassigned,
}

/// One agent's work on a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Who.
    pub agent: AgentId,
    /// Out of which CSQ.
    pub csq: String,
    /// Since when.
    pub from: Timestamp,
    /// Until when, and how it ended; none while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<(Timestamp, LegEnd)>,
    /// How it ended the contact, where it did: an answer that nobody takes comes back, and this stays. None where a
    /// program before this one noted the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
}

/// What a contact was about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WrapUpChoice {
    /// The category.
    pub category: String,
    /// The reason in it.
    pub reason: String,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its number.
    pub id: ContactId,
    /// By what it came.
    pub channel: Channel,
    /// The CSQ it is in.
    pub csq: String,
    /// The CSQ it came to first, for reports (RPT-01).
    pub routed_csq: String,
    /// Who wrote.
    pub customer: Customer,
    /// About what.
    pub subject: String,
    /// When it came.
    pub arrived_at: Timestamp,
    /// Since when it waits, or waited last.
    pub waiting_since: Timestamp,
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// Who gets it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    /// Who gave it back, and never gets it again (MAIL-09).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not_for: BTreeSet<AgentId>,
    /// What it belongs to.
    pub conversation: ContactId,
    /// Another conversation that it names, without being part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<ContactId>,
    /// The mail.
    pub mail: ContactMail,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<MailNotice>,
    /// Whether a machine wrote it.
    #[serde(default)]
    pub automatic: bool,
    /// What held when it came: [`ContactTerms`] by their digest.
    pub terms: String,
    /// Who worked on it, the last one at the end.
    #[serde(default)]
    pub legs: Vec<Leg>,
    /// What it was about.
    #[serde(default)]
    pub wrap_up: Vec<WrapUpChoice>,
    /// Whether an answer was begun.
    #[serde(default)]
    pub begun: bool,
    /// The answer that went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<ContactId>,
    /// How often it ended: an answer that nobody took makes it go on and end again.
    #[serde(default)]
    pub endings: u32,
    /// Answers that nobody took; the oldest are let go beyond [`FAILED_ANSWERS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_answers: Vec<ContactId>,
}

impl Contact {
    /// Who works on it.
    pub fn agent(&self) -> Option<&AgentId> {
        match &self.place {
            Place::Active { agent, .. } => Some(agent),
            Place::Queued | Place::Closed { .. } => None,
        }
    }

    /// Whether so many bytes that are kept of its mail are only the beginning, since it is too large (MAIL-07).
    pub fn is_cut_at(&self, kept: usize) -> bool {
        let kept = u64::try_from(kept).unwrap_or(u64::MAX);
        self.notice == Some(MailNotice::TooLarge) && kept < self.mail.bytes
    }

    /// Whether it waits for an agent.
    pub fn is_queued(&self) -> bool {
        self.place == Place::Queued
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.place, Place::Closed { .. })
    }

    /// Who alone gets it at that time.
    pub fn sticks_to(&self, now: Timestamp) -> Option<&AgentId> {
        self.sticky.as_ref().filter(|sticky| now < sticky.until).map(|sticky| &sticky.agent)
    }

    pub(crate) fn end_leg(&mut self, now: Timestamp, end: LegEnd) {
        if let Some(leg) = self.legs.last_mut().filter(|leg| leg.ended.is_none()) {
            leg.ended = Some((now, end));
        }
    }

    /// It is over, for the first time or again.
    pub(crate) fn end(&mut self, now: Timestamp, how: Closing, agent: &AgentId) {
        if let Some(leg) = self.legs.last_mut().filter(|leg| leg.ended.is_none()) {
            leg.closing = Some(how);
        }
        self.end_leg(now, LegEnd::Closed);
        self.place = Place::Closed { at: now, how, agent: agent.clone() };
        self.endings = self.endings.saturating_add(1);
    }

    pub(crate) fn begin_leg(&mut self, now: Timestamp, agent: &AgentId) {
        if self.legs.len() >= LEGS_MAX {
            self.legs.remove(0);
        }
        let (agent, csq) = (agent.clone(), self.csq.clone());
        self.legs.push(Leg { agent, csq, from: now, ended: None, closing: None });
    }
}

/// One of the ends of a contact, written `NUMBER.COUNT`, by which the site's systems are told of it (CTX-02).
///
/// What was promised before ends were counted has the contact's number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Which contact.
    pub contact: ContactId,
    /// Which of its ends, from 1.
    pub count: Option<u32>,
}

impl Ending {
    /// The last end of a contact.
    pub fn of(contact: &Contact) -> Self {
        Self { contact: contact.id, count: Some(contact.endings) }
    }

    /// Whether the contact is over by this end: one that goes on, or ended again later, is not told of by it.
    pub fn holds(&self, contact: &Contact) -> bool {
        contact.is_closed() && self.count.is_none_or(|count| count == contact.endings)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            Some(count) => write!(formatter, "{}.{count}", self.contact),
            None => write!(formatter, "{}", self.contact),
        }
    }
}

impl FromStr for Ending {
    type Err = InvalidContactId;

    fn from_str(text: &str) -> Result<Self, InvalidContactId> {
        let (contact, count) = match text.split_once('.') {
            Some((contact, count)) => (contact, Some(count.parse().map_err(|_| InvalidContactId)?)),
            None => (text, None),
        };
        Ok(Self { contact: contact.parse()?, count })
    }
}

/// A wrap-up category as it was when a contact came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryTerms {
    /// Its name.
    pub name: String,
    /// What may be chosen in it.
    pub reasons: Vec<String>,
}

/// What held when contacts came that name it: changes reach new contacts only (CCP-07, CCP-09).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactTerms {
    /// The wrap-up categories of the CSQ.
    pub wrap_up: Vec<CategoryTerms>,
}

impl ContactTerms {
    /// What contacts name them by: equal terms are one document.
    pub fn digest(&self) -> String {
        let mut parts = Vec::new();
        for category in &self.wrap_up {
            parts.extend(["category", category.name.as_str()]);
            parts.extend(category.reasons.iter().map(String::as_str));
        }
        crate::key::digest_of(&parts)
    }
}
