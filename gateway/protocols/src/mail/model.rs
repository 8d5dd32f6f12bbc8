//! What a mail says once it is read: values only.

/// A person or a mailbox in a header; both parts are clean of line breaks, control and bidi characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The name shown, empty where there is none.
    pub name: String,
    /// `local@domain`, valid as the target of an answer.
    pub address: String,
}

/// A part of a mail that is offered as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its place among the files of the mail, from 1.
    pub number: u32,
    /// A name without path, control or bidi characters, unique in the mail.
    pub name: String,
    /// `type/subtype` in lower case, as the sender says; nothing is proven by it.
    pub media_type: String,
    /// Bytes of the file itself, decoded.
    pub bytes: u64,
    /// What `cid:` in the body calls it.
    pub content_id: Option<String>,
    /// Whether it belongs into the text.
    pub is_inline: bool,
}

/// Why a mail counts as sent by a program: it is never answered by one, and wakes nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Automatic {
    /// `Auto-Submitted` other than `no` (RFC 3834).
    AutoSubmitted,
    /// `Return-Path: <>`.
    EmptyReturnPath,
    /// `Precedence` of bulk, junk, list or auto_reply.
    Precedence,
    /// `X-Auto-Response-Suppress` names answers like ours.
    ResponsesSuppressed,
    /// `X-Autoreply` or `X-Autorespond`.
    AutoReply,
    /// A `List-` header.
    List,
    /// A report of delivery, reading or abuse.
    Report,
    /// Sent by mailer-daemon or postmaster.
    SystemSender,
    /// Sent from an address of ours.
    Own,
}

impl Automatic {
    /// A word for files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AutoSubmitted => "auto_submitted",
            Self::EmptyReturnPath => "empty_return_path",
            Self::Precedence => "precedence",
            Self::ResponsesSuppressed => "responses_suppressed",
            Self::AutoReply => "auto_reply",
            Self::List => "list",
            Self::Report => "report",
            Self::SystemSender => "system_sender",
            Self::Own => "own",
        }
    }
}

/// A report about a mail of ours (RFC 3464, RFC 8098).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// What it reports.
    pub kind: BounceKind,
    /// The Message-ID of the mail it is about, without `<>`.
    pub original: Option<String>,
    /// The number in [`super::OWN_FIELD`] of that mail, where its header came back.
    pub own_number: Option<String>,
    /// What became of the mail, by recipient.
    pub recipients: Vec<BounceRecipient>,
    /// Whether it is written as a report; else it is only likely to be one, and worth something where the mail that it
    /// names went out from here.
    pub is_report: bool,
}

impl Bounce {
    /// Whether it says that somebody will not get the mail.
    pub fn is_failure(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.action == Action::Failed)
    }
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BounceKind {
    /// Whether the mail arrived.
    Delivery,
    /// Whether the mail was shown.
    Disposition,
}

/// What a report says about one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BounceRecipient {
    /// Whom it was for, as the report writes it; empty where it does not.
    pub recipient: String,
    /// What was done.
    pub action: Action,
    /// The status code like `5.1.1`, empty where there is none.
    pub status: String,
    /// What the other server answered, shortened.
    pub diagnostic: String,
}

/// What was done with a mail (RFC 3464 section 2.3.3, RFC 8098 section 3.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It will not be delivered.
    Failed,
    /// It is still being tried.
    Delayed,
    /// It arrived.
    Delivered,
    /// It was handed on to where no reports come from.
    Relayed,
    /// It was handed on to several.
    Expanded,
    /// It was shown to the recipient.
    Displayed,
    /// It was deleted unread.
    Deleted,
    /// Something else.
    Other,
}

impl Action {
    /// A word for files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
            Self::Displayed => "displayed",
            Self::Deleted => "deleted",
            Self::Other => "other",
        }
    }
}

/// What the reader of a mail has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// It could not be read; only the raw bytes are there.
    Unreadable,
    /// It, or a file of it, is larger than what is taken.
    TooLarge,
    /// It is encrypted (PGP/MIME or S/MIME); its parts are files.
    Encrypted,
    /// It holds an invitation; the file is offered, nothing is answered.
    Calendar,
    /// It holds a `winmail.dat`, which is offered as it is.
    Tnef,
    /// It is one piece of a longer mail, which is not put together.
    Partial,
    /// It points to a body kept elsewhere, which is not fetched.
    ExternalBody,
    /// It has no text to show.
    NoText,
}

impl Notice {
    /// A word for files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
            Self::Encrypted => "encrypted",
            Self::Calendar => "calendar",
            Self::Tnef => "tnef",
            Self::Partial => "partial",
            Self::ExternalBody => "external_body",
            Self::NoText => "no_text",
        }
    }
}

/// What the receiving server says about the sender; results are lower-case words, empty where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    /// Of the policy of the sender's domain.
    pub dmarc: String,
    /// Of the sending host.
    pub spf: String,
    /// Of the best signature.
    pub dkim: String,
}

/// Whether images of other servers are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Remote {
    /// Their address waits in `data-remote-src`.
    #[default]
    Blocked,
    /// They are loaded, without telling from where.
    Shown,
}

/// What the caller knows and the mail does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whose `Authentication-Results` count; nobody's where there is none.
    pub authentication_server_id: Option<String>,
    /// Addresses of our own queues and their aliases.
    pub own_addresses: Vec<String>,
    /// Whether the bytes are only the beginning of a mail that is too large. A file within which they end is none.
    pub is_cut: bool,
}

/// One mail, read; identifiers are without `<>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its own identifier, if it has one.
    pub message_id: Option<String>,
    /// What it answers.
    pub in_reply_to: Vec<String>,
    /// The conversation before it, oldest first.
    pub references: Vec<String>,
    /// Who wrote it: the first valid address of the first `From`.
    pub from: Option<Address>,
    /// Where an answer is wanted.
    pub reply_to: Option<Address>,
    /// Whom it is for.
    pub to: Vec<Address>,
    /// Who got a copy.
    pub cc: Vec<Address>,
    /// Its subject on one line.
    pub subject: String,
    /// When its sender says it was sent, in seconds since 1970.
    pub sent_at_seconds: Option<i64>,
    /// The text, for search and where there is no HTML.
    pub text: String,
    /// The HTML, cleaned: images of the mail stand as `attachments/` and the file's number, those of other
    /// servers are blocked. `for_display` makes of it what is shown.
    pub html: Option<String>,
    /// Whether the HTML names images of other servers.
    pub has_remote_content: bool,
    /// The files.
    pub attachments: Vec<Attachment>,
    /// Why it counts as sent by a program.
    pub automatic: Option<Automatic>,
    /// The report it is.
    pub bounce: Option<Bounce>,
    /// What its reader has to be told.
    pub notices: Vec<Notice>,
    /// SHA-256 of the body, whatever the line ends.
    pub body_digest: [u8; 32],
    /// SHA-256 of everything but what servers add on the way.
    pub content_digest: [u8; 32],
    /// Whether it has text and no HTML.
    pub is_plain_text: bool,
    /// Whether several claim to have written it.
    pub has_several_from: bool,
    /// What the configured server says about the sender.
    pub authentication: Option<Authentication>,
    /// Whether the configured server proves that the mail is from the domain of its only sender.
    pub is_proven: bool,
    /// Whether the sender may be another one than it says.
    pub is_unverified: bool,
    /// Whether something is left out of what is shown.
    pub is_cut: bool,
}

/// HTML that can be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// The HTML: elements of a list of ours, closed, with attributes of a list of ours.
    pub html: String,
    /// Whether it names images of other servers.
    pub has_remote_content: bool,
    /// Whether something is left out because of its size or depth.
    pub is_cut: bool,
}

/// A subject without what mail programs put around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseSubject {
    /// To be compared: normalised, folded, on one line.
    pub text: String,
    /// Whether it says that it is an answer.
    pub had_reply_prefix: bool,
    /// Whether it says that it was forwarded.
    pub is_forwarded: bool,
}

/// Whom an answer goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    /// The customer, and whom it was for.
    pub to: Vec<Address>,
    /// Who gets a copy.
    pub cc: Vec<Address>,
    /// How many there was no room for.
    pub left_out: usize,
}
