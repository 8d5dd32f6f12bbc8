//! What must hold for any mail that we write.

use super::{Composed, Draft, File, Kind, Person, compose};

/// Bytes of a line without its end (RFC 5322 section 2.1.1).
const LINE_BYTES_MAX: usize = 998;
/// All headers that a mail of ours may have.
const HEADERS: [&str; 14] = [
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "X-Jackfield-Id",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
];
/// Also a header of a mail that is one part.
const ENCODING: &str = "Content-Transfer-Encoding";

/// Writes a mail whose texts are the lines of `data`, with anything in them. Panics where something does not
/// hold, which is what a fuzzer looks for.
pub fn reply(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    // Whoever writes that address into a text names it.
    if text.contains(HIDDEN) {
        return;
    }
    // A line feed has to get into the texts as well.
    let mut parts = text.split('\u{1e}');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let person = |text: String| match text.split_once('|') {
        Some((name, address)) => Person { name: name.to_owned(), address: address.to_owned() },
        None => Person { name: text, address: "ann@customer.test".to_owned() },
    };
    let kind = match data.first().map(|byte| byte % 4) {
        Some(0) => Kind::Forward { reply_to: person(part()) },
        Some(1) => Kind::Acknowledgement { is_from_nobody: data.len().is_multiple_of(2) },
        _ => Kind::Answer,
    };
    let draft = Draft {
        kind,
        message_id: "fuzz@x.test".to_owned(),
        own_id: "0123456789abcdef".to_owned(),
        sent_at_seconds: u64::try_from(data.len()).unwrap_or_default() << 20,
        entropy: *b"nobody-knows-it!",
        from: Person { name: part(), address: "help@x.test".to_owned() },
        to: vec![person(part()), person(part())],
        cc: vec![person(part())],
        bcc: vec![Person { name: "Hidden".to_owned(), address: HIDDEN.to_owned() }],
        subject: part(),
        in_reply_to: Some(part()),
        references: part().split(' ').map(str::to_owned).collect(),
        text: part(),
        html: (!data.len().is_multiple_of(3)).then(&mut part),
        files: vec![
            File {
                name: part(),
                media_type: part(),
                content_id: Some("image-1@x.test".to_owned()),
                content: part().into_bytes(),
            },
            File { name: part(), media_type: part(), content_id: None, content: data.to_vec() },
        ],
    };
    let Ok(composed) = compose(&draft) else { return };
    assert_eq!(compose(&draft).as_ref(), Ok(&composed), "the same input, other bytes");
    holds(&composed);
}

/// Who gets each mail without being named in it.
const HIDDEN: &str = "hidden@x.test";

/// What holds for each mail from `help@x.test`, with whatever is in it.
pub(super) fn holds(composed: &Composed) {
    let raw = std::str::from_utf8(&composed.raw).unwrap_or_default();
    assert!(!raw.is_empty() && raw.ends_with("\r\n"), "no text, or no end");
    let without = raw.replace("\r\n", "");
    assert!(!without.contains(['\r', '\n', '\0']), "a line end or a byte that is none");
    assert!(raw.lines().all(|line| line.len() <= LINE_BYTES_MAX), "a line that is too long");
    let (head, body) = raw.split_once("\r\n\r\n").unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
        let name = line.split_once(':').map_or(line, |(name, _)| name);
        assert!(HEADERS.contains(&name) || name == ENCODING, "a header of others: {name:?}");
        assert!(!seen.contains(&name), "a header twice: {name}");
        seen.push(name);
    }
    assert!(seen.contains(&"From") && seen.contains(&"Message-ID"), "a header is missing");
    assert!(head.contains("help@x.test"), "another sender");
    assert!(!head.contains(HIDDEN), "a hidden recipient is named");
    // All bodies are encoded, so letters beyond ASCII stand in addresses alone.
    assert!(body.is_ascii(), "a body that is not encoded");
    assert!(composed.envelope.to.contains(&HIDDEN.to_owned()), "somebody is left out");
    let mut to = composed.envelope.to.clone();
    to.dedup();
    assert_eq!(to, composed.envelope.to, "somebody gets it twice");
}
