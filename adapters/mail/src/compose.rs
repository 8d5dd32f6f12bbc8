//! Mails that we write: answers, forwarded mails, acknowledgements.
//!
//! The same input gives the same bytes: Message-ID, date and what boundaries are made of are given. No text can begin a
//! header: all that goes into one is cleaned here, and folded by the builder.

pub mod fuzz;
mod text;

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, Message, MultiPart, SinglePart};
use lettre::{Address, address::Envelope as Addressed};
use ring::digest::{SHA256, digest};

use self::text::{file_name, id, line, lines, media_type};
use crate::smtp::Envelope;
use crate::trouble::Trouble;

/// People in each of To, Cc and Bcc.
pub const RECIPIENTS_MAX: usize = 20;
/// Ids in References: the first one and the last ones.
const REFERENCES_MAX: usize = 21;
/// The last second of the year 9999, after which dates cannot be written.
const SECONDS_MAX: u64 = 253_402_300_799;
const SUBJECT_CHARS_MAX: usize = 500;
const NAME_CHARS_MAX: usize = 100;

/// Somebody with an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The name, which may be empty.
    pub name: String,
    /// The address.
    pub address: String,
}

/// A file with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its type, as `image/png`.
    pub media_type: String,
    /// What the text calls it by, after `cid:`; such a file is shown in the text.
    pub content_id: Option<String>,
    /// What is in it.
    pub content: Vec<u8>,
}

/// What kind of mail it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An answer of an agent.
    Answer,
    /// A mail passed on; whoever answers it answers the customer.
    Forward {
        /// The customer.
        reply_to: Person,
    },
    /// An automatic answer, which no program answers in turn.
    Acknowledgement {
        /// Whether nobody is told when it cannot be delivered, where the provider allows that.
        is_from_nobody: bool,
    },
}

/// A mail to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What kind of mail it is.
    pub kind: Kind,
    /// Its Message-ID, without `<` and `>`.
    pub message_id: String,
    /// Our own id of it, which stays where a provider replaces the Message-ID.
    pub own_id: String,
    /// Its date, in seconds since 1970.
    pub sent_at_seconds: u64,
    /// What boundaries are made of; nobody may guess it.
    pub entropy: [u8; 16],
    /// The account.
    pub from: Person,
    /// To whom.
    pub to: Vec<Person>,
    /// Who gets a copy.
    pub cc: Vec<Person>,
    /// Who gets a copy without being named.
    pub bcc: Vec<Person>,
    /// Its subject.
    pub subject: String,
    /// The Message-ID of the mail that it answers.
    pub in_reply_to: Option<String>,
    /// The Message-IDs before it in the conversation, the oldest first.
    pub references: Vec<String>,
    /// Its text.
    pub text: String,
    /// Its text as HTML; where there is none it is a mail of plain text.
    pub html: Option<String>,
    /// Its files.
    pub files: Vec<File>,
}

/// A mail as it is handed over and filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// Who sends it to whom.
    pub envelope: Envelope,
    /// Its bytes.
    pub raw: Vec<u8>,
}

/// Writes a mail.
pub fn compose(draft: &Draft) -> Result<Composed, Trouble> {
    let from = mailbox(&draft.from)?;
    let mut recipients: Vec<Address> = Vec::new();
    let mut builder = Message::builder().from(from.clone());
    for (field, people) in [("To", &draft.to), ("Cc", &draft.cc), ("Bcc", &draft.bcc)] {
        if people.len() > RECIPIENTS_MAX {
            return Err(Trouble::Unusable(format!(
                "{field} holds {} people, and at most {RECIPIENTS_MAX} are allowed",
                people.len()
            )));
        }
        for person in people {
            let mailbox = mailbox(person)?;
            if !recipients.contains(&mailbox.email) {
                recipients.push(mailbox.email.clone());
            }
            builder = match field {
                "To" => builder.to(mailbox),
                "Cc" => builder.cc(mailbox),
                _ => builder,
            };
        }
    }
    // What is derived from the header would lack who is not named there.
    let addressed = Addressed::new(Some(from.email.clone()), recipients.clone())
        .map_err(|_| Trouble::Unusable("the mail has no recipient".to_owned()))?;
    builder = builder.envelope(addressed);
    if let Kind::Forward { reply_to } = &draft.kind {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    let message_id = id(&draft.message_id)
        .ok_or_else(|| Trouble::Unusable("the mail has no usable Message-ID".to_owned()))?;
    let at = Duration::from_secs(draft.sent_at_seconds.min(SECONDS_MAX));
    builder = builder
        .subject(line(&draft.subject, SUBJECT_CHARS_MAX))
        .date(UNIX_EPOCH + at)
        .message_id(Some(message_id));
    if let Some(id) = draft.in_reply_to.as_deref().and_then(id) {
        builder = builder.in_reply_to(id);
    }
    let references = references(&draft.references);
    if !references.is_empty() {
        builder = builder.references(references);
    }
    for (name, value) in own_headers(draft)? {
        builder = builder.raw_header(HeaderValue::new(name, value));
    }
    let message = match body(draft)? {
        Part::One(part) => builder.singlepart(part),
        Part::More(part) => builder.multipart(part),
    };
    let message = message
        .map_err(|error| Trouble::Unusable(format!("the mail cannot be written: {error}")))?;
    let is_from_nobody = matches!(draft.kind, Kind::Acknowledgement { is_from_nobody: true });
    let from = (!is_from_nobody).then(|| from.email.to_string());
    let to = recipients.iter().map(ToString::to_string).collect();
    Ok(Composed { envelope: Envelope { from, to, copy_to: None }, raw: message.formatted() })
}

/// An address as servers take it: the domain as it is looked up, the rest as it is.
pub(crate) fn address(text: &str) -> Option<Address> {
    let (local, domain) = text.trim().rsplit_once('@')?;
    let is_odd = |it: char| it.is_control() || it.is_whitespace() || "<>()[],;:\\\"".contains(it);
    if local.is_empty() || local.len() > 64 || local.contains(is_odd) || domain.contains(is_odd) {
        return None;
    }
    let domain = idna::domain_to_ascii(domain).ok()?;
    (domain.len() <= 255).then_some(())?;
    Address::new(local, domain).ok()
}

fn mailbox(person: &Person) -> Result<Mailbox, Trouble> {
    let address = address(&person.address)
        .ok_or_else(|| Trouble::Unusable(format!("{:?} is no address", person.address)))?;
    let name = line(&person.name, NAME_CHARS_MAX);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address))
}

/// The first one and the last ones, those that can be said.
fn references(all: &[String]) -> String {
    let mut ids: Vec<String> = all.iter().filter_map(|each| id(each)).collect();
    if ids.len() > REFERENCES_MAX {
        ids.drain(1..ids.len() - (REFERENCES_MAX - 1));
    }
    ids.join(" ")
}

fn own_headers(draft: &Draft) -> Result<Vec<(HeaderName, String)>, Trouble> {
    let is_id = |it: char| it.is_ascii_alphanumeric() || it == '-';
    let own_id = draft.own_id.as_str();
    if own_id.is_empty() || own_id.len() > 64 || !own_id.chars().all(is_id) {
        return Err(Trouble::Unusable("the mail has no usable id of ours".to_owned()));
    }
    let header = HeaderName::new_from_ascii_str;
    let mut headers = vec![(header("X-Jackfield-Id"), own_id.to_owned())];
    if matches!(draft.kind, Kind::Acknowledgement { .. }) {
        headers.push((header("Auto-Submitted"), "auto-replied".to_owned()));
        headers.push((header("X-Auto-Response-Suppress"), "All".to_owned()));
    }
    Ok(headers)
}

enum Part {
    One(SinglePart),
    More(MultiPart),
}

/// The text, as HTML too, with what is shown in it; then the other files.
fn body(draft: &Draft) -> Result<Part, Trouble> {
    let (inline, others): (Vec<_>, Vec<_>) = draft
        .files
        .iter()
        .enumerate()
        .partition(|(_, file)| draft.html.is_some() && file.content_id.is_some());
    let plain = words(ContentType::TEXT_PLAIN, &draft.text)?;
    let mut part = match &draft.html {
        None => Part::One(plain),
        Some(html) => {
            let html = words(ContentType::TEXT_HTML, html)?;
            let both = MultiPart::alternative().boundary(boundary(draft, 0)).singlepart(plain);
            Part::More(if inline.is_empty() {
                both.singlepart(html)
            } else {
                let related = MultiPart::related().boundary(boundary(draft, 1));
                let mut related = related.singlepart(html);
                for (number, file) in inline {
                    related = related.singlepart(attached(number, file)?);
                }
                both.multipart(related)
            })
        }
    };
    if !others.is_empty() {
        let mixed = MultiPart::mixed().boundary(boundary(draft, 2));
        let mut mixed = match part {
            Part::One(part) => mixed.singlepart(part),
            Part::More(part) => mixed.multipart(part),
        };
        for (number, file) in others {
            mixed = mixed.singlepart(attached(number, file)?);
        }
        part = Part::More(mixed);
    }
    Ok(part)
}

/// What separates parts: nobody can write it into a text before.
fn boundary(draft: &Draft, level: u8) -> String {
    let mut seed = draft.entropy.to_vec();
    seed.push(level);
    let hash = digest(&SHA256, &seed);
    let mut boundary = String::from("=_");
    for byte in hash.as_ref().iter().take(16) {
        boundary.push_str(&format!("{byte:02x}"));
    }
    boundary
}

fn words(content_type: ContentType, text: &str) -> Result<SinglePart, Trouble> {
    let text = lines(text);
    let others = text.chars().filter(|it| !it.is_ascii()).count();
    // Quoted-printable triples the bytes of such letters.
    let encoding = match others * 4 > text.chars().count() {
        true => ContentTransferEncoding::Base64,
        false => ContentTransferEncoding::QuotedPrintable,
    };
    let body = Body::new_with_encoding(text, encoding);
    let body = body.map_err(|_| Trouble::Unusable("the text cannot be written".to_owned()))?;
    Ok(SinglePart::builder().header(content_type).body(body))
}

fn attached(number: usize, file: &File) -> Result<SinglePart, Trouble> {
    let unusable = || Trouble::Unusable(format!("the file {:?} cannot be written", file.name));
    let content = file.content.clone();
    let body = Body::new_with_encoding(content, ContentTransferEncoding::Base64);
    let body = body.map_err(|_| unusable())?;
    let name = file_name(&file.name, number);
    let content_type = ContentType::parse(&media_type(&file.media_type)).map_err(|_| unusable())?;
    let attachment = match &file.content_id {
        Some(content_id) => {
            let content_id = id(content_id).ok_or_else(unusable)?;
            let content_id = content_id.trim_matches(['<', '>']).to_owned();
            Attachment::new_inline_with_name(content_id, name)
        }
        None => Attachment::new(name),
    };
    Ok(attachment.body(body, content_type))
}

#[cfg(test)]
mod tests;
