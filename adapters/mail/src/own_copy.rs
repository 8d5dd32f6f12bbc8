//! Which mail in the inbox is a copy of one that this mailbox sent.
//!
//! Pure. A Message-ID proves nothing: everybody who got the mail knows it, and some programs use one twice. So a copy has
//! to say what was sent: the same bytes behind what servers put in front, or, where a server writes mails anew as
//! Exchange does, the same sender, the same words and as many files. Anything else is a mail of somebody's.

use domain::ContactId;
use protocols::mail::{Read, ReadOptions, html_to_text};

/// Servers put at most so much in front of a mail.
const TRACES_BYTES_MAX: usize = 64 * 1024;
/// Fields that say who wrote what, and how it is to be read.
const SAYING: [&str; 6] =
    ["From", "Sender", "Subject", "Message-ID", "Content-Type", "Content-Transfer-Encoding"];
/// So much of a cut mail has to be there to be compared.
const BEGINNING_BYTES: usize = 512;

/// How much a mail is like one that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// It has the same bytes.
    Bytes,
    /// It has the same sender, words and number of files.
    Words,
    /// It is another mail.
    None,
}

/// The mail of ours that a mail says it is: by the header of ours, else by a Message-ID as we make them.
pub(crate) fn named(raw: &[u8], message_id: Option<&str>) -> Option<ContactId> {
    let by_header = header_lines(raw).find_map(|line| {
        let (name, value) = line.split_at_checked(NAME.len())?;
        let value = std::str::from_utf8(value).ok().filter(|_| name.eq_ignore_ascii_case(NAME))?;
        value.trim().parse().ok()
    });
    by_header.or_else(|| message_id?.split('@').next()?.parse().ok())
}

/// Before the number of a mail of ours.
const NAME: &[u8] = b"x-jackfield-id:";

fn header_lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines =
        raw.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.take_while(|line| !line.is_empty())
}

/// How much `arrived` is like `sent`. Of a mail that `is_cut` only the beginning came.
pub(crate) fn likeness(arrived: &[u8], sent: &[u8], is_cut: bool) -> Likeness {
    if is_cut {
        return match begins_as(arrived, sent) {
            true => Likeness::Bytes,
            false => Likeness::None,
        };
    }
    if !sent.is_empty() && arrived.strip_suffix(sent).is_some_and(are_traces) {
        return Likeness::Bytes;
    }
    let [arrived, sent] =
        [arrived, sent].map(|raw| protocols::mail::read(raw, &ReadOptions::default()));
    match arrived.from.is_some() && said(&arrived) == said(&sent) {
        true => Likeness::Words,
        false => Likeness::None,
    }
}

/// Whether that is what servers put in front of a mail on its way: whole lines of a header, and nothing that says anew what
/// the mail is. A blank line would end the header there, and what was sent would be the end of somebody's own text.
fn are_traces(front: &[u8]) -> bool {
    let mut lines = front.split(|byte| *byte == b'\n');
    // Behind the last line end there is nothing.
    let is_whole = lines.next_back().is_some_and(<[u8]>::is_empty);
    let is_trace = |line: &[u8]| {
        let is_blank = line.strip_suffix(b"\r").unwrap_or(line).is_empty();
        let name = line.split(|byte| *byte == b':').next().unwrap_or(line).trim_ascii_end();
        !is_blank && !SAYING.iter().any(|saying| name.eq_ignore_ascii_case(saying.as_bytes()))
    };
    front.len() <= TRACES_BYTES_MAX && is_whole && lines.all(is_trace)
}

/// Whether what came begins, behind the traces of servers, as what was sent does, up to its end.
fn begins_as(arrived: &[u8], sent: &[u8]) -> bool {
    let Some(beginning) = sent.get(..BEGINNING_BYTES) else { return false };
    let within = arrived.get(..TRACES_BYTES_MAX + BEGINNING_BYTES).unwrap_or(arrived);
    let found = within.windows(BEGINNING_BYTES).position(|window| window == beginning);
    let parts = found.and_then(|at| arrived.split_at_checked(at));
    parts.is_some_and(|(front, rest)| are_traces(front) && sent.starts_with(rest))
}

/// Who wrote, and what: letters and digits alone, since servers write the rest anew.
fn said(read: &Read) -> (Option<String>, String, String, usize) {
    let letters = |text: &str| text.chars().filter(|it| it.is_alphanumeric()).collect();
    let text = match &read.html {
        Some(html) => html_to_text(html),
        None => read.text.clone(),
    };
    let from = read.from.as_ref().map(|from| from.address.to_lowercase());
    (from, letters(&read.subject), letters(&text), read.attachments.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00112233445566778899aabbccddeeff";

    fn sent() -> String {
        format!(
            "From: Support <support@x.test>\r\nTo: ann@customer.test\r\nSubject: Re: order\r\n\
             Message-ID: <{ID}@x.test>\r\nX-Jackfield-Id: {ID}\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/html; charset=utf-8\r\n\r\n<p>All is <b>well</b>, it is 12 EUR.</p>\r\n"
        )
    }

    #[track_caller]
    fn check(arrived: &str, expected: Likeness) {
        assert_eq!(likeness(arrived.as_bytes(), sent().as_bytes(), false), expected, "{arrived}");
    }

    #[test]
    fn mail_01_a_copy_says_what_was_sent_and_a_message_id_alone_proves_nothing() {
        check(&format!("Received: from a by b\r\nReturn-Path: <>\r\n{}", sent()), Likeness::Bytes);
        // As a server writes it that takes mails apart.
        let anew = sent()
            .replace(
                "<p>All is <b>well</b>, it is 12 EUR.</p>",
                "<html><body><p>All is<b> well</b>, it is\r\n12&nbsp;EUR.</p></body></html>",
            )
            .replace("MIME-Version", "X-Mailer: x\r\nMIME-Version");
        check(&anew, Likeness::Words);
        let forged = sent().replace("All is", "Nothing is");
        check(&forged, Likeness::None);
        check(&sent().replace("12 EUR", "13 EUR"), Likeness::None);
        check(&sent().replace("support@x.test", "ann@customer.test"), Likeness::None);
        check(&sent().replace("Re: order", "Re: refund"), Likeness::None);
        check(&format!("{}P.S. please hurry\r\n", sent()), Likeness::None);
        check("", Likeness::None);
        assert_eq!(likeness(b"", b"", false), Likeness::None);
    }

    /// Whoever got the mail can put a text of their own in front of it.
    #[test]
    fn mail_01_what_stands_in_front_of_a_copy_is_put_there_by_servers_alone() {
        let long = sent() + &"x".repeat(5_000);
        let front = |front: &str, expected| {
            let arrived = format!("{front}{long}");
            let cut = &arrived.as_bytes()[..arrived.len() - 100];
            for (arrived, is_cut) in [(arrived.as_bytes(), false), (cut, true)] {
                let found = likeness(arrived, long.as_bytes(), is_cut);
                assert_eq!(found == Likeness::Bytes, expected, "{front:.200} {is_cut}");
            }
        };
        front("", true);
        front("Received: from a by b;\r\n\tto you\r\nDelivered-To: x\r\n", true);
        front("Received: from a by b\n", true);
        let forged =
            "From: Ann <ann@customer.test>\r\nSubject: no\r\n\r\nI want my money back.\r\n";
        front(forged, false);
        front("X-Mine: a\r\n\r\nI want my money back.\r\n\r\n", false);
        front("X-Mine: a\n\nI want my money back.\n", false);
        front("\r\nI want my money back.\r\n", false);
        front("X-Mine: a", false);
        front("Subject: I want my money back\r\n", false);
        front("content-type : multipart/mixed; boundary=b\r\n", false);
        front(&"X-Mine: a\r\n".repeat(10_000), false);
    }

    #[test]
    fn of_a_cut_copy_the_beginning_is_compared() {
        let sent = sent() + &"x".repeat(5_000);
        let traced = format!("Received: from a by b\r\n{sent}");
        let cut = |bytes: usize| likeness(&traced.as_bytes()[..bytes], sent.as_bytes(), true);
        assert_eq!((cut(2_000), cut(100)), (Likeness::Bytes, Likeness::None));
        let other = traced.replace("well", "lost");
        assert_eq!(likeness(&other.as_bytes()[..2_000], sent.as_bytes(), true), Likeness::None);
    }

    #[test]
    fn a_mail_names_ours_by_the_header_else_by_its_own_id() {
        let id = ID.parse().ok();
        assert_eq!(named(sent().as_bytes(), None), id);
        let without = sent().replace("X-Jackfield-Id", "X-Other");
        assert_eq!(named(without.as_bytes(), Some(&format!("{ID}@x.test"))), id);
        assert_eq!(named(without.as_bytes(), Some("else@x.test")), None);
        let below = format!("a: b\r\n\r\nX-Jackfield-Id: {ID}\r\n");
        assert_eq!(named(below.as_bytes(), None), None);
    }
}
