//! From the bytes of a mail to what it says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sha2::{Digest, Sha256};

use super::address::{addresses, first};
use super::authentication::told;
use super::automatic::automatic;
use super::body::{Body, body};
use super::fields::Fields;
use super::files::{decoded, files, is_over_limits};
use super::mime::{Parts, parts};
use super::notice;
use super::report::bounce;
use super::thread::ids;
use super::{
    ADDRESSES_MAX, ATTACHMENTS_AT, Address, Attachment, Notice, Read, ReadOptions,
    SUBJECT_BYTES_MAX,
};

/// What servers add on the way, so that two copies of a mail differ in it. What begins so does too.
const TRACE: [&str; 18] = [
    "received",
    "x-received",
    "delivered-to",
    "x-delivered-to",
    "x-original-to",
    "envelope-to",
    "delivery-date",
    "return-path",
    "arc-",
    "authentication-results",
    "x-spam-",
    "x-ms-exchange-",
    "x-microsoft-antispam",
    "x-forefront-",
    "x-gm-",
    "x-google-",
    "x-virus-",
    "x-antivirus",
];

/// Bytes that are digested at once.
const BLOCK_BYTES: usize = 16 * 1024;

/// Reads a mail. Never fails: of what cannot be read, the digests are there and a notice says so.
pub fn read(raw: &[u8], options: &ReadOptions) -> Read {
    // The reader of fields has panicked on crafted mails before.
    let read = catch_unwind(AssertUnwindSafe(|| read_parts(raw, options)));
    read.unwrap_or_else(|_| unreadable(raw, options))
}

/// The file of a mail with this number, and its bytes; `is_cut` as in [`ReadOptions`].
pub fn attachment(raw: &[u8], number: u32, is_cut: bool) -> Option<(Attachment, Vec<u8>)> {
    attachments(raw, &[number], is_cut).pop()
}

/// The files of a mail with these numbers, in their order there, and their bytes: the mail is read once, and no other
/// file of it decoded. `is_cut` as in [`ReadOptions`].
pub fn attachments(raw: &[u8], wanted: &[u32], is_cut: bool) -> Vec<(Attachment, Vec<u8>)> {
    let found = catch_unwind(AssertUnwindSafe(|| {
        let parts = parts_of(raw).1;
        decoded(&parts, is_cut, |number| wanted.contains(&number)).collect()
    }));
    found.unwrap_or_default()
}

/// Header, parts, and where the body begins. Bytes without any field are all body.
fn parts_of(raw: &[u8]) -> (Fields, Parts<'_>, usize) {
    let (fields, at) = Fields::read(raw);
    let at = if fields.names().next().is_none() { 0 } else { at };
    let parts = parts(Fields::read(raw).0, raw.get(at..).unwrap_or_default());
    (fields, parts, at)
}

fn read_parts(raw: &[u8], options: &ReadOptions) -> Read {
    let (fields, parts, at) = parts_of(raw);
    let raw_body = raw.get(at..).unwrap_or_default();
    let mut attachments = files(&parts, options.is_cut);
    let Body { text, html, has_remote_content, is_cut } = body(&parts, &attachments);
    for each in &mut attachments {
        let shown = format!("\"{ATTACHMENTS_AT}{}\"", each.number);
        each.is_inline &= html.as_deref().is_some_and(|html| html.contains(&shown));
    }
    let from = fields.first("from").and_then(first);
    let sender = from.as_ref().map(|from| from.address.as_str());
    let (to, cc, has_more) = recipients(&fields);
    let server_id = options.authentication_server_id.as_deref();
    let told = told(&fields, server_id, sender, &options.own_addresses);
    let (body_digest, content_digest) = digests(&fields, raw_body);
    let id_list = |name| fields.first(name).map(ids).unwrap_or_default();
    Read {
        message_id: id_list("message-id").into_iter().next(),
        in_reply_to: id_list("in-reply-to"),
        references: id_list("references"),
        reply_to: fields.first("reply-to").and_then(first),
        to,
        cc,
        subject: fields.text("subject", SUBJECT_BYTES_MAX),
        sent_at_seconds: fields.date_seconds(),
        has_remote_content,
        automatic: automatic(&fields, &parts, sender, &options.own_addresses),
        bounce: bounce(&fields, &parts, &text).or_else(|| notice::bounce(&fields, &text, sender)),
        notices: notices(&fields, &parts, &attachments, options, &text, html.as_deref()),
        body_digest,
        content_digest,
        is_plain_text: html.is_none() && !text.trim().is_empty(),
        has_several_from: fields.all("from").nth(1).is_some(),
        is_proven: told.is_proven,
        is_unverified: told.is_unverified,
        authentication: told.authentication,
        is_cut: is_cut || has_more || options.is_cut || fields.is_cut || parts.is_cut,
        text,
        html,
        attachments,
        from,
    }
}

fn recipients(fields: &Fields) -> (Vec<Address>, Vec<Address>, bool) {
    let mut to: Vec<Address> = fields.all("to").flat_map(addresses).collect();
    let mut cc: Vec<Address> = fields.all("cc").flat_map(addresses).collect();
    let has_more = to.len() + cc.len() > ADDRESSES_MAX;
    to.truncate(ADDRESSES_MAX);
    cc.truncate(ADDRESSES_MAX - to.len());
    (to, cc, has_more)
}

fn notices(
    fields: &Fields,
    parts: &Parts<'_>,
    attachments: &[Attachment],
    options: &ReadOptions,
    text: &str,
    html: Option<&str>,
) -> Vec<Notice> {
    let has = |types: &[&str]| attachments.iter().any(|it| types.contains(&it.media_type.as_str()));
    let ends = |ending: &str| attachments.iter().any(|it| it.name.to_lowercase().ends_with(ending));
    let is_blank = text.trim().is_empty() && !html.is_some_and(|html| html.contains("<img "));
    let is_encrypted = parts.containers.iter().any(|(kind, _)| kind == "multipart/encrypted")
        || has(&["application/pkcs7-mime", "application/x-pkcs7-mime"])
        || text.contains("-----BEGIN PGP MESSAGE-----");
    let signs = [
        (fields.names().next().is_none(), Notice::Unreadable),
        (options.is_cut || is_over_limits(attachments), Notice::TooLarge),
        (is_encrypted, Notice::Encrypted),
        (has(&["text/calendar", "application/ics"]) || ends(".ics"), Notice::Calendar),
        (
            has(&["application/ms-tnef", "application/vnd.ms-tnef"]) || ends("winmail.dat"),
            Notice::Tnef,
        ),
        (has(&["message/partial"]), Notice::Partial),
        (has(&["message/external-body"]), Notice::ExternalBody),
        (is_blank, Notice::NoText),
    ];
    signs.into_iter().filter(|(is_so, _)| *is_so).map(|(_, notice)| notice).collect()
}

/// Gives the bytes with one kind of line end, without white space at their end, block by block: a mail may be large.
fn lines_of(bytes: &[u8], mut each: impl FnMut(&[u8])) {
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    for line in bytes.trim_ascii_end().split_inclusive(|byte| *byte == b'\n') {
        let (line, end) = match line.strip_suffix(b"\r\n") {
            Some(line) => (line, &b"\n"[..]),
            None => (line, &b""[..]),
        };
        if block.len() + line.len() + end.len() > BLOCK_BYTES {
            each(&block);
            block.clear();
        }
        if line.len() > BLOCK_BYTES {
            each(line);
        } else {
            block.extend_from_slice(line);
        }
        block.extend_from_slice(end);
    }
    each(&block);
}

/// What tells apart mails with one identifier, and those without: the body, and all of them but the traces of its way.
fn digests(fields: &Fields, raw_body: &[u8]) -> ([u8; 32], [u8; 32]) {
    let (mut body, mut content) = (Sha256::new(), Sha256::new());
    for (name, value) in fields.iter() {
        let is_trace = TRACE
            .iter()
            .any(|trace| name == *trace || trace.ends_with('-') && name.starts_with(trace));
        if !is_trace {
            content.update(name.as_bytes());
            content.update(b":");
            lines_of(value.as_bytes(), |block| content.update(block));
            content.update(b"\n");
        }
    }
    content.update(b"\n");
    lines_of(raw_body, |block| {
        body.update(block);
        content.update(block);
    });
    (body.finalize().into(), content.finalize().into())
}

fn unreadable(raw: &[u8], options: &ReadOptions) -> Read {
    let mut digest = Sha256::new();
    lines_of(raw, |block| digest.update(block));
    let digest = digest.finalize().into();
    Read {
        message_id: None,
        in_reply_to: Vec::new(),
        references: Vec::new(),
        from: None,
        reply_to: None,
        to: Vec::new(),
        cc: Vec::new(),
        subject: String::new(),
        sent_at_seconds: None,
        text: String::new(),
        html: None,
        has_remote_content: false,
        attachments: Vec::new(),
        automatic: None,
        bounce: None,
        notices: vec![Notice::Unreadable, Notice::NoText],
        body_digest: digest,
        content_digest: digest,
        is_plain_text: false,
        has_several_from: false,
        authentication: None,
        is_proven: false,
        is_unverified: false,
        is_cut: options.is_cut,
    }
}
