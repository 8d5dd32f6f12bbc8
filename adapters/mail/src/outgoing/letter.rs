//! What an answer says in the end: the agent's text, the signature, what it answers, files.
//!
//! The signature stands at the end of what the agent wrote, before what is quoted; nobody sees it before it is sent.

use std::collections::{BTreeMap, HashMap};

use domain::Contact;
use domain::mail::{AnswerMode, DraftFile, MailOut, OutKind, Writing};
use domain::settings::{AGENT_ALIAS_PLACE, Settings};
use engine::{Port, SubmitError};
use protocols::mail::{ATTACHMENTS_AT, Address, Attachment, Read, ReadOptions, Remote, references};

use crate::compose::{Draft, File, Kind, Person, compose};
use crate::smtp::Envelope;

/// What stands before the number of a picture of the mail that is quoted.
const QUOTED_PICTURE: &str = "original-";
/// So many bytes of pictures go back with a quoted mail.
const QUOTED_PICTURES_BYTES_MAX: u64 = 5 * 1024 * 1024;

/// What stands in a mail that is passed on where only its beginning is there.
const MISSING: &str =
    "[This mail was too large to be passed on whole: the end of it and files are missing.]";

/// What came of making a mail.
pub(super) enum Made {
    /// Its bytes.
    Whole(Vec<u8>),
    /// It cannot be made, for that reason.
    Not(String),
}

/// A mail that is answered or passed on.
struct Original {
    raw: Vec<u8>,
    /// Whether that is only its beginning.
    is_cut: bool,
    read: Read,
    received_at: i64,
}

impl Original {
    fn read(raw: Vec<u8>, is_cut: bool, received_at: i64) -> Self {
        let options = ReadOptions { is_cut, ..ReadOptions::default() };
        let read = protocols::mail::read(&raw, &options);
        Self { raw, is_cut, read, received_at }
    }
}

/// Makes the bytes of a mail.
pub(super) async fn make(port: &Port, mail: &MailOut, address: &str) -> Result<Made, SubmitError> {
    let Some(entropy) = port.random::<16>() else {
        return Ok(Made::Not("the machine gives no random numbers".to_owned()));
    };
    let settings = port.settings();
    let contact = port.contact(mail.contact).await?;
    let original = match &contact {
        Some(contact) => match original(port, contact).await {
            // An answer does without what it answers; what is passed on is nothing without it.
            Err(error) if error.is_unreadable() && !is_forward(mail) => {
                tracing::error!(contact = %contact.id, "the bytes of a mail are damaged; restore a backup");
                None
            }
            original => original?,
        },
        None => None,
    };
    let from = Person { name: String::new(), address: address.to_owned() };
    let base = Draft {
        kind: Kind::Answer,
        message_id: mail.message_id.clone(),
        own_id: mail.id.to_string(),
        sent_at_seconds: u64::try_from(mail.at.seconds()).unwrap_or(0),
        entropy,
        from,
        to: Vec::new(),
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: String::new(),
        in_reply_to: None,
        references: Vec::new(),
        text: String::new(),
        html: None,
        files: Vec::new(),
    };
    let mut kept = Vec::new();
    if let OutKind::Answer { files, .. } = &mail.kind {
        for file in files {
            let Some(content) = port.blob(&file.blob()).await? else {
                return Ok(Made::Not(format!("its file {:?} is gone", file.name)));
            };
            kept.push((file.clone(), content));
        }
    }
    let mail = mail.clone();
    // A mail of many files takes a while, and nothing else may wait for it.
    let making = tokio::task::spawn_blocking(move || {
        let draft = draft(base, &mail, &settings, kept, contact.as_ref(), original.as_ref())?;
        compose(&draft).map(|composed| composed.raw).map_err(|why| why.to_string())
    });
    match making.await {
        Ok(made) => Ok(made.map_or_else(Made::Not, Made::Whole)),
        Err(error) if error.is_panic() => {
            Ok(Made::Not("it cannot be put together with what it answers".to_owned()))
        }
        Err(_) => Err(SubmitError::Stopping),
    }
}

fn is_forward(mail: &MailOut) -> bool {
    matches!(&mail.kind, OutKind::Answer { writing, .. } if writing.mode == AnswerMode::Forward)
}

/// What a mail says, on top of what all have.
fn draft(
    base: Draft,
    mail: &MailOut,
    settings: &Settings,
    files: Vec<(DraftFile, Vec<u8>)>,
    contact: Option<&Contact>,
    original: Option<&Original>,
) -> Result<Draft, String> {
    match &mail.kind {
        OutKind::Answer { writing, agent, .. } => {
            let alias = alias(settings, agent.as_str());
            let signature = signature(settings, &mail.csq, &alias);
            Ok(answer(base, writing, files, contact, original, &signature))
        }
        OutKind::Acknowledgement { to } => {
            let to = Person { name: to.name.clone(), address: to.address.clone() };
            acknowledgement(base, settings, &mail.csq, to, contact, original)
        }
    }
}

/// Who sends a mail to whom, as servers see it; the mailbox itself gets one too where it `asks_copy`.
pub(super) fn envelope(mail: &MailOut, address: &str, asks_copy: bool) -> Envelope {
    let copy_to = asks_copy.then(|| address.to_owned());
    match &mail.kind {
        OutKind::Answer { writing, .. } => {
            let mut to: Vec<String> = Vec::new();
            for text in writing.to.iter().chain(&writing.cc).chain(&writing.bcc) {
                let recipient = person(text).address;
                if !to.contains(&recipient) {
                    to.push(recipient);
                }
            }
            Envelope { from: Some(address.to_owned()), to, copy_to }
        }
        OutKind::Acknowledgement { to } => {
            Envelope { from: None, to: vec![to.address.clone()], copy_to }
        }
    }
}

async fn original(port: &Port, contact: &Contact) -> Result<Option<Original>, SubmitError> {
    let Some(blob) = &contact.mail.blob else { return Ok(None) };
    let Some(raw) = port.blob(blob).await? else { return Ok(None) };
    let received_at = contact.mail.received_at.seconds();
    let is_cut = contact.is_cut_at(raw.len());
    let reading = tokio::task::spawn_blocking(move || Original::read(raw, is_cut, received_at));
    // A mail that breaks its reader is answered without its text.
    Ok(reading.await.ok())
}

/// What stands for an agent in a signature.
fn alias(settings: &Settings, agent: &str) -> String {
    let named = settings.agents.values().find(|it| it.id.as_str() == agent);
    named.and_then(|it| it.alias.clone()).unwrap_or_else(|| agent.to_owned())
}

/// The signature under answers of that CSQ, as HTML; empty where there is none.
fn signature(settings: &Settings, csq: &str, alias: &str) -> String {
    let signature = settings.email_signature_for(csq);
    let content = signature.map_or("", |it| it.content.as_str());
    protocols::mail::clean_html(&content.replace(AGENT_ALIAS_PLACE, &escaped(alias)), Remote::Shown)
        .html
}

fn answer(
    base: Draft,
    writing: &Writing,
    files: Vec<(DraftFile, Vec<u8>)>,
    contact: Option<&Contact>,
    original: Option<&Original>,
    signature: &str,
) -> Draft {
    let is_forward = writing.mode == AnswerMode::Forward;
    let called = |file: &DraftFile| format!("{}.file", file.id);
    let pictures = files.iter().map(|(file, _)| file).filter(|file| file.is_inline);
    let names = pictures.map(|file| (format!("files/{}", file.id), called(file))).collect();
    let mut html = with_pictures(&writing.html, &names);
    let files = files.into_iter().map(|(file, content)| File {
        content_id: file.is_inline.then(|| called(&file)),
        name: file.name,
        media_type: file.media_type,
        content,
    });
    let mut kept: Vec<File> = files.collect();
    if !signature.is_empty() {
        html.push_str(&format!("<div>{signature}</div>"));
    }
    if let Some(original) = original {
        let quoted = quoted(original, is_forward);
        html.push_str(&quoted);
        kept.extend(parts(original, is_forward, &quoted));
    }
    let customer = contact.map(|it| &it.customer).filter(|it| !it.address.is_empty());
    let (in_reply_to, references) = match is_forward {
        true => (None, Vec::new()),
        false => answered(contact, original),
    };
    Draft {
        kind: match customer.filter(|_| is_forward) {
            Some(customer) => {
                let wanted = original.and_then(|it| it.read.reply_to.clone());
                let wanted = wanted.unwrap_or_else(|| Address {
                    name: customer.name.clone(),
                    address: customer.address.clone(),
                });
                Kind::Forward { reply_to: of_address(&wanted) }
            }
            None => Kind::Answer,
        },
        to: writing.to.iter().map(|it| person(it)).collect(),
        cc: writing.cc.iter().map(|it| person(it)).collect(),
        bcc: writing.bcc.iter().map(|it| person(it)).collect(),
        subject: writing.subject.clone(),
        in_reply_to,
        references,
        text: protocols::mail::html_to_text(&html),
        html: Some(format!("<!DOCTYPE html><html><body>{html}</body></html>")),
        files: kept,
        ..base
    }
}

fn acknowledgement(
    base: Draft,
    settings: &Settings,
    csq: &str,
    to: Person,
    contact: Option<&Contact>,
    original: Option<&Original>,
) -> Result<Draft, String> {
    let email = settings.csqs.get(csq).and_then(|csq| csq.email.as_ref());
    let words = email.and_then(|email| email.acknowledgement.as_ref());
    let words = words.ok_or("the CSQ acknowledges nothing any more")?;
    let (in_reply_to, references) = answered(contact, original);
    Ok(Draft {
        kind: Kind::Acknowledgement { is_from_nobody: true },
        to: vec![to],
        subject: words.subject.clone(),
        in_reply_to,
        references,
        text: words.text.clone(),
        ..base
    })
}

/// What the answer names as answered, and the conversation before it.
fn answered(
    contact: Option<&Contact>,
    original: Option<&Original>,
) -> (Option<String>, Vec<String>) {
    let id = contact.and_then(|contact| contact.mail.message_id.clone());
    let before = match original {
        Some(original) => references(&original.read),
        None => id.iter().cloned().collect(),
    };
    (id, before)
}

/// What is answered, under what the agent wrote.
fn quoted(original: &Original, is_forward: bool) -> String {
    let Original { read, received_at, .. } = original;
    let body = match &read.html {
        // Whoever wrote it gets it back as it was, pictures of other servers included.
        Some(html) => {
            let shown = protocols::mail::clean_html(html, Remote::Shown).html;
            let pictures = read.attachments.iter().filter(|part| part.is_inline);
            let called = |part: &Attachment| format!("{QUOTED_PICTURE}{}", part.number);
            let place = |part: &Attachment| format!("{ATTACHMENTS_AT}{}", part.number);
            let names = pictures.map(|part| (place(part), called(part))).collect();
            with_pictures(&shown, &names)
        }
        None => format!("<div style=\"white-space: pre-wrap\">{}</div>", escaped(&read.text)),
    };
    let at = written(*received_at);
    let from = read.from.as_ref().map_or_else(String::new, shown);
    if !is_forward {
        return format!(
            "<div><br></div><div>{from} ({at}):</div><blockquote style=\"margin: 0 0 0 0.8em; padding-left: 0.8em; \
             border-left: 2px solid #cccccc\">{body}</blockquote>"
        );
    }
    let all = |addresses: &[Address]| addresses.iter().map(shown).collect::<Vec<_>>().join(", ");
    let mut head = format!("<div>From: {from}</div><div>Date: {at}</div>");
    head.push_str(&format!("<div>Subject: {}</div>", escaped(&read.subject)));
    for (name, addresses) in [("To", &read.to), ("Cc", &read.cc)] {
        if !addresses.is_empty() {
            head.push_str(&format!("<div>{name}: {}</div>", all(addresses)));
        }
    }
    if original.is_cut {
        head.push_str(&format!("<div><br></div><div>{MISSING}</div>"));
    }
    format!("<div><br></div><hr>{head}<div><br></div>{body}")
}

/// Files of the mail that is quoted: pictures in its text, and all of them where it is passed on.
fn parts(original: &Original, is_forward: bool, quoted: &str) -> Vec<File> {
    let mut left = QUOTED_PICTURES_BYTES_MAX;
    // How the text calls them, by their numbers.
    let mut wanted = BTreeMap::new();
    for part in &original.read.attachments {
        let name = format!("{QUOTED_PICTURE}{}", part.number);
        let is_shown = part.is_inline && quoted.contains(&format!("cid:{name}\""));
        if !is_forward && (!is_shown || part.bytes > left) {
            continue;
        }
        left = left.saturating_sub(part.bytes);
        wanted.insert(part.number, is_shown.then_some(name));
    }
    let numbers: Vec<u32> = wanted.keys().copied().collect();
    let found = protocols::mail::attachments(&original.raw, &numbers, original.is_cut);
    let files = found.into_iter().map(|(part, content)| File {
        content_id: wanted.remove(&part.number).flatten(),
        name: part.name,
        media_type: part.media_type,
        content,
    });
    files.collect()
}

/// The text with pictures called as the mail calls them; `names` has that by their place in the page.
fn with_pictures(html: &str, names: &HashMap<String, String>) -> String {
    let mut made = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(begin) = rest.find("src=\"") {
        let (before, after) = rest.split_at(begin + "src=\"".len());
        made.push_str(before);
        let end = after.find('"').unwrap_or(after.len());
        let (value, tail) = after.split_at(end);
        match names.get(value) {
            Some(content_id) => made.push_str(&format!("cid:{content_id}")),
            None => made.push_str(value),
        }
        rest = tail;
    }
    made.push_str(rest);
    made
}

/// Somebody as an agent wrote them.
fn person(text: &str) -> Person {
    match protocols::mail::address(text) {
        Ok(address) => of_address(&address),
        Err(_) => Person { name: String::new(), address: text.trim().to_owned() },
    }
}

fn of_address(address: &Address) -> Person {
    Person { name: address.name.clone(), address: address.address.clone() }
}

fn shown(address: &Address) -> String {
    let Address { name, address } = address;
    match name.is_empty() {
        true => escaped(address),
        false => format!("{} &lt;{}&gt;", escaped(name), escaped(address)),
    }
}

/// A time as `2026-11-28 05:10 UTC`.
fn written(seconds: i64) -> String {
    let Ok(at) = time::OffsetDateTime::from_unix_timestamp(seconds) else { return String::new() };
    let (date, time) = (at.date(), at.time());
    let (month, day) = (u8::from(date.month()), date.day());
    format!("{:04}-{month:02}-{day:02} {:02}:{:02} UTC", date.year(), time.hour(), time.minute())
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_the_page_is_one_of_the_mail() {
        let html = "<p>a<img src=\"files/1\" alt=\"x\"><img src=\"https://x/y\"></p>";
        let names = HashMap::from([("files/1".to_owned(), "it".to_owned())]);
        let made = with_pictures(html, &names);
        assert_eq!(made, "<p>a<img src=\"cid:it\" alt=\"x\"><img src=\"https://x/y\"></p>");
        assert_eq!(with_pictures("src=\"", &names), "src=\"");
    }

    #[test]
    fn mail_07_of_a_mail_that_is_too_large_whole_files_are_passed_on_and_others_said_to_be_missing()
    {
        let mail = "From: a@x.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n\
                    --b\r\nContent-Type: image/png; name=one.png\r\n\r\nwhole\r\n\
                    --b\r\nContent-Type: image/png; name=two.png\r\n\r\nhal";
        let made = |is_cut| {
            let original = Original::read(mail.into(), is_cut, 0);
            let quoted = quoted(&original, true);
            let files = parts(&original, true, &quoted);
            let names: Vec<String> = files.into_iter().map(|file| file.name).collect();
            (names, quoted.contains(MISSING))
        };
        assert_eq!(made(true), (vec!["one.png".to_owned()], true));
        assert_eq!(made(false), (vec!["one.png".to_owned(), "two.png".to_owned()], false));
    }

    #[test]
    fn times_are_written_for_anybody() {
        assert_eq!(written(1_795_842_600), "2026-11-28 05:10 UTC");
    }
}
