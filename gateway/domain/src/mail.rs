//! Mails: the ledger of what was read, what belongs together, what is being written and what goes out.
//!
//! ```text
//!   server: (CSQ, folder, UIDVALIDITY with the mailbox's mark, UID)
//!     --> MailSeen: what became of it, written once with the contact
//!   the mail itself: (CSQ, identity) ---------> MailKnown: a redelivery is told from a new mail
//!   Message-ID ------------------------------> MailThread: the conversation it belongs to; a mail of ours has further
//!                                              ones where its server gave it others
//!   folder ----------------------------------> MailCursor: how far it was read; advice, the ledger decides
//!
//!   Draft --send--> MailOut: Queued -> Prepared (bytes kept) -> Sending -> Accepted --filed--> done
//!                                                                 |-> Unknown -> proof looked for, sent again
//!                                                                 `-> Failed, told the agent's team
//!   own copy in the inbox --> MailSeen, and MailOut's Proof: the server took the mail
//! ```
//!
//! The adapter reads and sends; what became of it is decided here and kept before anybody acts on it.

mod open;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{AgentId, ContactId, Customer, MailNotice, NodeName, Timestamp};

pub use open::{OpenMail, OpenStage};

/// The most addresses in each of To, Cc and Bcc (MAIL-04).
pub const RECIPIENTS_MAX: usize = 20;
/// The most files of an answer, pictures in the text included (MAIL-07).
pub const FILES_MAX: usize = 10;
/// The most bytes of one of them.
pub const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// The most bytes of all of them.
pub const FILES_BYTES_MAX: u64 = 20 * 1024 * 1024;
/// The most bytes of an answer's text as HTML.
pub const DRAFT_BYTES_MAX: usize = 512 * 1024;
/// The most ids by which a mail names others that are looked up.
pub const THREAD_IDS_MAX: usize = 20;
/// The most Message-IDs that are kept of a mail of ours beside its own.
pub const OTHER_IDS_MAX: usize = 4;
/// The most bytes of one of them (RFC 5322, 2.1.1).
pub const OTHER_ID_BYTES_MAX: usize = 998;
/// The most people that are kept of a conversation.
pub const PARTICIPANTS_MAX: usize = 100;
/// The most notes that are kept of a conversation.
pub const NOTES_MAX: usize = 50;
/// The most recipients that one report makes notes of.
pub const BOUNCED_MAX: usize = 20;

/// So many numbers before its cursor a folder is looked at again in each round: what became of those mails must be known.
pub const LOOK_BACK_UIDS: u32 = 200;
/// For so many days it is known at least what became of a mail: longer than the longest snapshot, from which a folder is
/// read anew once its numbers are others, and longer than servers try to deliver one.
pub const LEDGER_DAYS: u32 = 60;

/// What became of a mail on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "disposition", rename_all = "snake_case")]
pub enum Disposition {
    /// It is a contact.
    Contact {
        /// Which.
        contact: ContactId,
    },
    /// It is the same as one that is there already.
    Duplicate {
        /// Which.
        contact: ContactId,
    },
    /// It says that an answer did not arrive, and is a note in that conversation.
    Bounce {
        /// Which.
        conversation: ContactId,
    },
    /// It says that something did not arrive which did not come from here.
    Parked,
    /// It is older than what is read at first (MAIL-15).
    TooOld,
    /// It is the copy of a mail of ours that its own mailbox got, which proves that the server took it.
    OwnCopy {
        /// Of which.
        out: ContactId,
    },
}

/// Why a mail became no contact, for whoever looks for one that is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// It is there already.
    Duplicate,
    /// It is a note in a conversation.
    Bounce,
    /// It reports on a mail that nobody here knows.
    Parked,
    /// It is too old.
    TooOld,
}

impl Aside {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Duplicate, Self::Bounce, Self::Parked, Self::TooOld];

    /// Its name, as [`Disposition`] is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Bounce => "bounce",
            Self::Parked => "parked",
            Self::TooOld => "too_old",
        }
    }
}

impl Disposition {
    /// Why the mail became no contact, where it did not.
    pub fn aside(&self) -> Option<Aside> {
        match self {
            Self::Contact { .. } | Self::OwnCopy { .. } => None,
            Self::Duplicate { .. } => Some(Aside::Duplicate),
            Self::Bounce { .. } => Some(Aside::Bounce),
            Self::Parked => Some(Aside::Parked),
            Self::TooOld => Some(Aside::TooOld),
        }
    }
}

/// A mail of a server that was dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSeen {
    /// Whose mailbox.
    pub csq: String,
    /// The folder.
    pub folder: String,
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// The mail's number in it.
    pub uid: u32,
    /// When the server took it in.
    pub received_at: Timestamp,
    /// When it was dealt with.
    pub at: Timestamp,
    /// Who wrote it, as it says; empty where it is a contact, which has it, and where nobody looked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// Its subject, likewise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// What became of it.
    #[serde(flatten)]
    pub disposition: Disposition,
}

/// A mail that a CSQ has, wherever it lies on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailKnown {
    /// What became of it, where it is a contact.
    pub contact: Option<ContactId>,
    /// When it came.
    pub at: Timestamp,
}

/// How far a folder was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailCursor {
    /// Whose mailbox.
    pub csq: String,
    /// The folder.
    pub folder: String,
    /// Its UIDVALIDITY when it was read.
    pub uid_validity: u32,
    /// All below it was dealt with.
    pub uid_next: u32,
    /// From when on mails count, decided at the first reading.
    pub since: Timestamp,
    /// When it was read first.
    pub began_at: Timestamp,
    /// Which mailbox it was, as a digest of its server and user; an older program did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Whose mails lie there, as a digest of the CSQ's address; an older program did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What is mixed into UIDVALIDITY, so that the ledger keeps apart two mailboxes that a CSQ had one after the other.
    #[serde(default)]
    pub mark: u32,
    /// The UID that came next when it was read first. Mails from there on count whatever time they bear (MAIL-15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_uid_next: Option<u32>,
    /// How many mails that lay there at first were not even looked at, being days too old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub older_left: Option<u32>,
}

/// To which conversation a Message-ID belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailThread {
    /// The conversation.
    pub conversation: ContactId,
    /// The contact that it came with, or that it answers.
    pub contact: ContactId,
    /// Whether it went out from here.
    pub is_ours: bool,
}

/// Something about a conversation that is no mail of the customer's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationNote {
    /// When.
    pub at: Timestamp,
    /// To whom a mail did not arrive, or arrives late.
    pub recipient: String,
    /// What the server did: `failed`, `delayed` and so on; of our own `unclear`, where nobody knows, and `taken`, where
    /// what was unclear turns out to have gone out.
    pub action: String,
    /// Its code, such as `5.1.1`, or its words.
    pub status: String,
    /// The contact whose answer it is about, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Whether the answer was given up here and came back to its writer; else another server reports.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_ours: bool,
}

/// Mails that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its number.
    pub id: ContactId,
    /// Its subject without prefixes, as it is compared.
    pub base_subject: String,
    /// Who takes part, in small letters.
    pub participants: BTreeSet<String>,
    /// Who worked on it last.
    pub last_agent: Option<AgentId>,
    /// When something was last said.
    pub last_at: Timestamp,
    /// Answers that did not arrive.
    #[serde(default)]
    pub notes: Vec<ConversationNote>,
}

impl Conversation {
    /// Adds a note; the oldest go where there are too many.
    pub(crate) fn note(&mut self, note: ConversationNote) {
        if self.notes.len() >= NOTES_MAX {
            self.notes.remove(0);
        }
        self.notes.push(note);
    }
}

/// What sort of answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerMode {
    /// To whoever wrote.
    Reply,
    /// To everybody in the mail.
    ReplyAll,
    /// To somebody else, who answers the customer.
    Forward,
}

/// A file of an answer; its bytes are a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftFile {
    /// Its number.
    pub id: ContactId,
    /// Its name, cleaned.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its length.
    pub bytes: u64,
    /// Whether it is a picture in the text.
    pub is_inline: bool,
}

impl DraftFile {
    /// The blob that holds its bytes.
    pub fn blob(&self) -> String {
        format!("file/{}", self.id)
    }
}

/// What an answer says, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writing {
    /// What sort.
    pub mode: AnswerMode,
    /// To whom.
    pub to: Vec<String>,
    /// To whom as well.
    pub cc: Vec<String>,
    /// To whom without others seeing it.
    pub bcc: Vec<String>,
    /// About what.
    pub subject: String,
    /// The text as cleaned HTML.
    pub html: String,
}

/// An answer that is being written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// To which contact.
    pub contact: ContactId,
    /// What was written; nothing where files came first.
    pub writing: Option<Writing>,
    /// Its files.
    pub files: Vec<DraftFile>,
    /// Rises with every change of what is written; files come and go beside it.
    pub version: u32,
    /// When it was kept.
    pub saved_at: Timestamp,
    /// Who wrote.
    pub by: AgentId,
}

/// Who hands a mail over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The node. One process at a time has its name.
    pub node: NodeName,
    /// Which of its lives, so that the next one knows that whoever was sending is gone.
    pub life: String,
}

/// What tells whether a server took a mail although its answer was not heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Whether the mailbox was asked for a copy for itself, by any try.
    pub is_asked: bool,
    /// How many copies came.
    pub copies: u32,
    /// How many tries ended without anybody knowing.
    pub unclear: u32,
}

/// How far an outgoing mail came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OutState {
    /// It is to be made and sent.
    Queued,
    /// Its bytes are kept; every try sends the same.
    Prepared,
    /// A try is under way, so an end without an answer is one that nobody knows.
    Sending {
        /// Whose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Sender>,
        /// Whether the mailbox is asked for a copy for itself.
        #[serde(default)]
        asks_copy: bool,
    },
    /// The server has it.
    Accepted {
        /// Since when.
        at: Timestamp,
        /// Whether it lies in the folder of sent mails.
        is_filed: bool,
        /// How many of its own copies left the inbox.
        #[serde(default)]
        settled: u32,
    },
    /// Nobody knows whether the server has it.
    Unknown {
        /// Since when; proof is looked for from then on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// It is given up.
    Failed {
        /// Since when.
        at: Timestamp,
        /// What the server said, or what is wrong.
        reason: String,
        /// Whether it may have reached the customer all the same: so it is wherever one of its tries was unclear.
        #[serde(default)]
        is_unclear: bool,
        /// How many of its own copies left the inbox.
        #[serde(default)]
        settled: u32,
    },
}

/// Why a mail goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum OutKind {
    /// An agent's answer.
    Answer {
        /// What was written.
        writing: Box<Writing>,
        /// Its files.
        files: Vec<DraftFile>,
        /// Who wrote.
        agent: AgentId,
    },
    /// That a mail arrived, to whoever wrote it.
    Acknowledgement {
        /// To whom.
        to: Customer,
    },
}

/// A mail that goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailOut {
    /// Its number.
    pub id: ContactId,
    /// For which contact.
    pub contact: ContactId,
    /// From which CSQ's account.
    pub csq: String,
    /// Its Message-ID without angle brackets, the same in every try.
    pub message_id: String,
    /// When it was asked for, which is its Date.
    pub at: Timestamp,
    /// What it is.
    #[serde(flatten)]
    pub kind: OutKind,
    /// How far it came.
    pub state: OutState,
    /// How often it was tried.
    pub tries: u32,
    /// What tells whether a server took it.
    #[serde(default)]
    pub proof: Proof,
    /// It is not tried before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try_at: Option<Timestamp>,
    /// Message-IDs that servers gave it instead of its own, without angle brackets; at most [`OTHER_IDS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_ids: Vec<String>,
}

impl MailOut {
    /// The blob that holds its bytes once it is prepared.
    pub fn blob(&self) -> String {
        format!("out/{}", self.id)
    }

    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        match self.state {
            OutState::Accepted { is_filed: true, settled, .. }
            | OutState::Failed { settled, .. } => self.proof.copies <= settled,
            _ => false,
        }
    }

    /// Whether a copy that lies in the inbox can be its own: there are no more than tries to send it, so whatever
    /// comes beyond that was sent here by somebody else.
    pub fn awaits_copy(&self) -> bool {
        self.proof.is_asked && self.proof.copies < self.tries
    }
}

/// A sender who was told that a mail arrived; they are not told again for a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// When.
    pub at: Timestamp,
}

/// What a bounce says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BounceSaid {
    /// The Message-ID of the mail that did not arrive, where it is named.
    pub original: Option<String>,
    /// The same by our number of it, where that came back with it.
    pub out: Option<ContactId>,
    /// Of whom; at most [`BOUNCED_MAX`].
    pub recipients: Vec<Bounced>,
    /// Whether it is a report for certain; else it is one only where the mail that it names is ours.
    pub is_report: bool,
}

/// One whom a mail did not reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounced {
    /// Who.
    pub recipient: String,
    /// What the server did.
    pub action: String,
    /// Its code.
    pub status: String,
}

/// A mail as a round found it on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivedMail {
    /// Whose mailbox.
    pub csq: String,
    /// The folder.
    pub folder: String,
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// The mail's number in it.
    pub uid: u32,
    /// When the server took it in.
    pub received_at: Timestamp,
    /// A digest of what makes it this mail and no other: Message-ID and body, or all without trace lines.
    pub identity: String,
    /// Its Message-ID.
    pub message_id: Option<String>,
    /// The ids that it names, the likeliest first; at most [`THREAD_IDS_MAX`] count.
    pub answers: Vec<String>,
    /// Who wrote.
    pub from: Customer,
    /// Its subject, cleaned.
    pub subject: String,
    /// The same without prefixes, as it is compared.
    pub base_subject: String,
    /// Whether the subject begins as an answer does.
    pub had_reply_prefix: bool,
    /// Whether the subject says that it was forwarded.
    pub is_forwarded: bool,
    /// Whether a machine wrote it.
    pub automatic: bool,
    /// Set where it says that something did not arrive.
    pub bounce: Option<BounceSaid>,
    /// The blob that holds it.
    pub blob: Option<String>,
    /// Its length on the server.
    pub bytes: u64,
    /// Whether it has no HTML.
    pub is_plain_text: bool,
    /// Whether it is proven to be from whom it says.
    pub is_proven: bool,
    /// Whether its sender is not who it says.
    pub is_unverified: bool,
    /// What is wrong with it.
    pub notice: Option<MailNotice>,
    /// Whether it is older than what is read at first.
    pub is_too_old: bool,
    /// The mail of ours of which it is a copy, by what it says.
    pub copy_of: Option<ContactId>,
}
