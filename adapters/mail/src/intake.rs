//! A mail's bytes made into what routing needs, and what makes it this mail and no other.
//!
//! Reading runs beside the runtime, and one mail that breaks it is a contact that says so.

use std::fmt::Write as _;
use std::sync::Arc;

use domain::mail::{ArrivedMail, BOUNCED_MAX, BounceSaid, Bounced, THREAD_IDS_MAX};
use domain::{Customer, MailNotice, Timestamp};
use protocols::mail::{Bounce, Notice, Read, ReadOptions, base_subject};
use ring::digest::{Context, SHA256};

/// How mails of one mailbox are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    pub(crate) csq: String,
    pub(crate) folder: String,
    pub(crate) options: ReadOptions,
    pub(crate) subject_tags: Vec<String>,
}

/// Where a mail lies, and what the server knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) uid_validity: u32,
    pub(crate) uid: u32,
    pub(crate) received_at: Timestamp,
    pub(crate) bytes: u64,
}

/// A digest of several texts, each with its length, as 64 hexadecimal digits.
pub(crate) fn digest_of(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut text = String::with_capacity(64);
    for byte in context.finish().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A short name of a CSQ for ids of blobs and inputs, which may hold less than a name.
pub(crate) fn short(name: &str) -> String {
    let mut digest = digest_of(&[name.as_bytes()]);
    digest.truncate(24);
    digest
}

/// The blob that holds a mail. Two copies of one mail have the same identity and other bytes, since servers add lines
/// on the way: its name says both.
fn blob_of(csq: &str, identity: &str, raw: &[u8]) -> String {
    let mut bytes = digest_of(&[raw]);
    bytes.truncate(24);
    format!("mail/{}/{identity}/{bytes}", short(csq))
}

/// Reads a mail beside the runtime, and says which blob is to hold it; gives its bytes back.
pub(crate) async fn read(
    manner: &Arc<Manner>,
    place: Place,
    raw: Vec<u8>,
    is_cut: bool,
) -> (ArrivedMail, Vec<u8>) {
    let raw = Arc::new(raw);
    let reading = {
        let (manner, raw) = (Arc::clone(manner), Arc::clone(&raw));
        tokio::task::spawn_blocking(move || {
            let options = ReadOptions { is_cut, ..manner.options.clone() };
            let read = protocols::mail::read(&raw, &options);
            let mail = arrived(&manner, place, &read, is_cut);
            let blob = blob_of(&mail.csq, &mail.identity, &raw);
            ArrivedMail { blob: Some(blob), ..mail }
        })
    };
    let mail = match reading.await {
        Ok(mail) => mail,
        Err(error) => {
            tracing::error!(csq = manner.csq, uid = place.uid, %error, "a mail cannot be read");
            let identity = digest_of(&[b"unreadable", &raw]);
            let blob = blob_of(&manner.csq, &identity, &raw);
            let mail = bare(manner, place, identity, Some(MailNotice::Unreadable));
            ArrivedMail { blob: Some(blob), ..mail }
        }
    };
    let raw = Arc::try_unwrap(raw).unwrap_or_else(|shared| shared.as_ref().clone());
    (mail, raw)
}

/// A mail of which only its place is known.
pub(crate) fn unseen(manner: &Manner, place: Place, notice: Option<MailNotice>) -> ArrivedMail {
    let numbers = [place.uid_validity.to_be_bytes(), place.uid.to_be_bytes()].concat();
    let identity = digest_of(&[b"place", manner.folder.as_bytes(), &numbers]);
    bare(manner, place, identity, notice)
}

fn bare(
    manner: &Manner,
    place: Place,
    identity: String,
    notice: Option<MailNotice>,
) -> ArrivedMail {
    ArrivedMail {
        csq: manner.csq.clone(),
        folder: manner.folder.clone(),
        uid_validity: place.uid_validity,
        uid: place.uid,
        received_at: place.received_at,
        identity,
        message_id: None,
        answers: Vec::new(),
        from: Customer { address: String::new(), name: String::new() },
        subject: String::new(),
        base_subject: String::new(),
        had_reply_prefix: false,
        is_forwarded: false,
        automatic: false,
        bounce: None,
        blob: None,
        bytes: place.bytes,
        is_plain_text: false,
        is_proven: false,
        is_unverified: false,
        notice,
        is_too_old: false,
        copy_of: None,
    }
}

fn arrived(manner: &Manner, place: Place, read: &Read, is_cut: bool) -> ArrivedMail {
    let base = base_subject(&read.subject, &manner.subject_tags);
    let message_id = read.message_id.clone().filter(|id| !id.is_empty());
    // An identifier alone proves nothing: two mails may share one, and one may come twice.
    let identity = match &message_id {
        Some(id) => digest_of(&[b"id", id.as_bytes(), &read.body_digest]),
        None => digest_of(&[b"content", &read.content_digest]),
    };
    let from = read.from.as_ref();
    ArrivedMail {
        message_id,
        answers: answers(read),
        from: Customer {
            address: from.map(|it| it.address.clone()).unwrap_or_default(),
            name: from.map(|it| it.name.clone()).unwrap_or_default(),
        },
        subject: read.subject.clone(),
        base_subject: base.text,
        had_reply_prefix: base.had_reply_prefix,
        is_forwarded: base.is_forwarded,
        automatic: read.automatic.is_some(),
        bounce: read.bounce.as_ref().map(said),
        is_plain_text: read.is_plain_text,
        is_proven: read.is_proven,
        is_unverified: read.is_unverified,
        ..bare(manner, place, identity, notice(read, is_cut))
    }
}

/// The ids that a mail names, the likeliest first.
fn answers(read: &Read) -> Vec<String> {
    let mut answers: Vec<String> = Vec::new();
    for id in read.in_reply_to.iter().chain(read.references.iter().rev()) {
        if answers.len() < THREAD_IDS_MAX && !answers.contains(id) {
            answers.push(id.clone());
        }
    }
    answers
}

/// What a report says: of each recipient for whom it failed, or where it did for none, of those like the first.
fn said(bounce: &Bounce) -> BounceSaid {
    use protocols::mail::Action;
    let first = bounce.recipients.first().map(|it| it.action);
    let has_failed = bounce.recipients.iter().any(|it| it.action == Action::Failed);
    let told = if has_failed { Some(Action::Failed) } else { first };
    let about = bounce.recipients.iter().filter(|it| Some(it.action) == told);
    let mut recipients: Vec<Bounced> = about
        .take(BOUNCED_MAX)
        .map(|it| Bounced {
            recipient: it.recipient.clone(),
            action: it.action.as_str().to_owned(),
            status: it.status.clone(),
        })
        .collect();
    if recipients.is_empty() {
        let action = Action::Other.as_str().to_owned();
        recipients.push(Bounced { recipient: String::new(), action, status: String::new() });
    }
    let out = bounce.own_number.as_ref().and_then(|number| number.parse().ok());
    BounceSaid { original: bounce.original.clone(), out, recipients, is_report: bounce.is_report }
}

fn notice(read: &Read, is_cut: bool) -> Option<MailNotice> {
    let has = |notice| read.notices.contains(&notice);
    match () {
        () if is_cut || has(Notice::TooLarge) => Some(MailNotice::TooLarge),
        () if has(Notice::Unreadable) => Some(MailNotice::Unreadable),
        () if has(Notice::Encrypted) => Some(MailNotice::Encrypted),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use protocols::mail::{Action, BounceKind, BounceRecipient};

    use super::*;

    fn told(actions: &[(&str, Action)]) -> Vec<(String, String)> {
        let recipients = actions.iter().map(|(recipient, action)| BounceRecipient {
            recipient: (*recipient).to_owned(),
            action: *action,
            status: "5.0.0".to_owned(),
            diagnostic: String::new(),
        });
        let kind = BounceKind::Delivery;
        let recipients = recipients.collect();
        let bounce = Bounce { kind, original: None, own_number: None, recipients, is_report: true };
        let said = said(&bounce).recipients;
        said.into_iter().map(|it| (it.recipient, it.action)).collect()
    }

    #[test]
    fn mail_01_a_report_tells_of_each_recipient_whom_the_mail_did_not_reach() {
        let of = |all: &[(&str, &str)]| -> Vec<(String, String)> {
            all.iter().map(|(who, what)| ((*who).to_owned(), (*what).to_owned())).collect()
        };
        let mixed = [
            ("a", Action::Delayed),
            ("b", Action::Failed),
            ("c", Action::Delivered),
            ("d", Action::Failed),
        ];
        assert_eq!(told(&mixed), of(&[("b", "failed"), ("d", "failed")]));
        let late = [("a", Action::Delayed), ("b", Action::Delayed)];
        assert_eq!(told(&late), of(&[("a", "delayed"), ("b", "delayed")]));
        assert_eq!(told(&[]).len(), 1);
        assert_eq!(told(&[("a", Action::Failed); 90]).len(), BOUNCED_MAX);
    }
}
