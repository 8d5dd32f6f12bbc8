//! One mail: a plain one to send, and the fields of one that was read (RFC 5322, 2047).

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of text in one encoded word, so that its line stays within 76 letters.
const WORD_BYTES_MAX: usize = 42;

/// A plain mail.
pub(super) fn plain(
    from: &str,
    to: &[String],
    subject: &str,
    text: &str,
    message_id: &str,
    now: SystemTime,
) -> String {
    let to = to.join(",\r\n ");
    let subject = encoded(subject);
    // The zone's name is an old form of its number.
    let date = httpdate::fmt_http_date(now).replace("GMT", "+0000");
    let lines: String = text.lines().map(|line| format!("{line}\r\n")).collect();
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {date}\r\nMessage-ID: {message_id}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{lines}"
    )
}

/// The mail with that subject instead of its own.
pub(super) fn with_subject(mail: &[u8], subject: &str) -> Vec<u8> {
    let mut result = format!("Subject: {}\r\n", encoded(subject)).into_bytes();
    let (mut is_head, mut is_left_out) = (true, false);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if is_head {
            is_head = !line.trim_ascii().is_empty();
            let is_folded = line.starts_with(b" ") || line.starts_with(b"\t");
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            is_left_out = match is_head && is_folded {
                true => is_left_out,
                false => name.trim_ascii().eq_ignore_ascii_case(b"subject"),
            };
            if is_head && is_left_out {
                continue;
            }
        }
        result.extend_from_slice(line);
    }
    result
}

fn encoded(text: &str) -> String {
    if text.chars().all(|it| it == ' ' || it.is_ascii_graphic()) {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for letter in text.chars() {
        if let Some(word) = words.last_mut().filter(|it| it.len() < WORD_BYTES_MAX) {
            word.push(letter);
        } else {
            words.push(letter.to_string());
        }
    }
    let words = words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
    words.collect::<Vec<_>>().join("\r\n ")
}

/// The first field of that name, unfolded, with its encoded words read.
pub(super) fn field(mail: &[u8], name: &str) -> Option<String> {
    let mut value: Option<Vec<u8>> = None;
    for line in mail.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_folded = line.starts_with(b" ") || line.starts_with(b"\t");
        match &mut value {
            Some(value) if is_folded => value.extend_from_slice(line),
            Some(_) => break,
            None if line.is_empty() => break,
            None => {
                let mut parts = line.splitn(2, |byte| *byte == b':');
                let field = parts.next().unwrap_or_default().trim_ascii();
                if field.eq_ignore_ascii_case(name.as_bytes()) {
                    value = parts.next().map(<[u8]>::to_vec);
                }
            }
        }
    }
    value.map(|value| decoded(String::from_utf8_lossy(&value).trim()))
}

/// White space between two encoded words belongs to neither.
fn decoded(text: &str) -> String {
    let mut result = String::new();
    let mut was_word = false;
    let mut gap = "";
    for part in text.split_inclusive([' ', '\t']) {
        let bare = part.trim_end_matches([' ', '\t']);
        let read = word(bare);
        if !(was_word && read.is_some()) {
            result.push_str(gap);
        }
        was_word = read.is_some() || (was_word && bare.is_empty());
        result.push_str(read.as_deref().unwrap_or(bare));
        if bare.is_empty() && was_word {
            continue;
        }
        gap = part.get(bare.len()..).unwrap_or_default();
    }
    result
}

fn word(text: &str) -> Option<String> {
    let mut parts = text.strip_prefix("=?")?.strip_suffix("?=")?.splitn(3, '?');
    let (charset, encoding, content) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(content).ok()?,
        "Q" | "q" => {
            let percent = content.replace('%', "%25").replace('=', "%").replace('_', " ");
            percent_encoding::percent_decode_str(&percent).collect()
        }
        _ => return None,
    };
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(bytes.into_iter().map(char::from).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_of_any_letters_comes_back() {
        for subject in
            ["Where is it?", "Größe und Länge der Lieferung, Καλημέρα κόσμε, こんにちは世界"]
        {
            let to = ["b@x.test".to_owned()];
            let mail = plain("a@x.test", &to, subject, "Hello\n", "<1@x>", SystemTime::now());
            assert!(mail.lines().all(|line| line.len() <= 78), "{mail}");
            assert_eq!(field(mail.as_bytes(), "subject").as_deref(), Some(subject));
            let other = with_subject(mail.as_bytes(), "Other");
            assert_eq!(field(&other, "Subject").as_deref(), Some("Other"));
            assert_eq!(String::from_utf8_lossy(&other).matches("ubject:").count(), 1);
            assert!(other.ends_with(b"\r\n\r\nHello\r\n"));
        }
    }

    #[test]
    fn words_of_both_encodings_are_read_among_plain_ones() {
        let mail =
            b"Subject: Re: =?iso-8859-1?Q?Gr=FC=DFe_von?=\r\n =?UTF-8?b?4oKs?= there\r\n\r\n";
        assert_eq!(field(mail, "Subject").as_deref(), Some("Re: Grüße von€ there"));
        assert_eq!(field(mail, "From"), None);
    }
}
