//! The mails that are read: a centre's mix, the same each time, some 70 KB a mail.
//!
//! Of a hundred 40 are short, 25 in text and HTML, 12 answers with quotes, 10 HTML with a picture, 8 with a file, 3 with
//! a large one and 2 in an old charset.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::AnyError;

/// Writes `count` mails into `folder`, under names that a Maildir takes.
pub(super) fn write(folder: &Path, count: usize) -> Result<(), AnyError> {
    for number in 0..count {
        let mail = mail(number);
        std::fs::write(folder.join(format!("1700000000.M{number}.bench")), mail)?;
    }
    Ok(())
}

fn mail(number: usize) -> Vec<u8> {
    let mut head = format!(
        "Received: from mx.example by localhost; Sat, 28 Nov 2026 10:00:00 +0000\r\n\
         From: Customer {number} <customer{number}@else.test>\r\nTo: support@demo.test\r\n\
         Subject: Order {number}, caf=?utf-8?q?=C3=A9?=\r\nDate: Sat, 28 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <{number}.bench@else.test>\r\nMIME-Version: 1.0\r\n"
    );
    let text = text(3 + number % 37);
    let plain = |head: String, charset: &str| {
        format!(
            "{head}Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        )
    };
    match number % 100 {
        0..=39 => (plain(head, "utf-8") + &text).into_bytes(),
        40..=64 => parts(
            &head,
            "alternative",
            &[part("text/plain; charset=utf-8", "", text.as_bytes()), html(&text, "")],
        ),
        65..=76 => {
            let before = number.saturating_sub(1);
            let _ = write!(head, "In-Reply-To: <{before}.bench@else.test>\r\n");
            let quoted: String = text.lines().map(|line| format!("> {line}\r\n")).collect();
            (plain(head, "utf-8") + "Thank you, one more thing.\r\n\r\n" + &quoted).into_bytes()
        }
        77..=86 => {
            let more =
                "Content-ID: <logo>\r\nContent-Disposition: inline; filename=\"logo.png\"\r\n";
            let picture = part("image/png; name=\"logo.png\"", more, &bytes(number, 16_000));
            parts(&head, "related", &[html(&text, "<img src=\"cid:logo\">"), picture])
        }
        87..=97 => {
            let size = if number % 100 < 95 { 110_000 } else { 1_400_000 };
            let more = "Content-Disposition: attachment; filename=\"order.pdf\"\r\n";
            let file = part("application/pdf; name=\"order.pdf\"", more, &bytes(number, size));
            let text = part("text/plain; charset=utf-8", "", text.as_bytes());
            parts(&head, "mixed", &[text, file])
        }
        _ => {
            let mut mail = plain(head, "iso-8859-15").into_bytes();
            mail.extend_from_slice(text.as_bytes());
            mail.extend_from_slice(b"Stra\xdfe, caf\xe9, 5 \xa4\r\n");
            mail
        }
    }
}

fn text(lines: usize) -> String {
    "The parcel was late and the invoice is wrong, please call back.\r\n".repeat(lines)
}

fn html(text: &str, more: &str) -> String {
    let lines: String = text.lines().map(|line| format!("<p>{line}</p>")).collect();
    let page = format!("<html><body>{lines}{more}</body></html>");
    part("text/html; charset=utf-8", "", page.as_bytes())
}

fn part(kind: &str, more: &str, content: &[u8]) -> String {
    let encoded = STANDARD.encode(content);
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / 38 + 200);
    let _ =
        write!(lines, "Content-Type: {kind}\r\n{more}Content-Transfer-Encoding: base64\r\n\r\n");
    for line in encoded.as_bytes().chunks(76) {
        lines.extend(line.iter().map(|byte| char::from(*byte)));
        lines.push_str("\r\n");
    }
    lines
}

fn parts(head: &str, kind: &str, parts: &[String]) -> Vec<u8> {
    let mut mail = format!("{head}Content-Type: multipart/{kind}; boundary=\"=_bench\"\r\n\r\n");
    for part in parts {
        let _ = write!(mail, "--=_bench\r\n{part}\r\n");
    }
    mail.push_str("--=_bench--\r\n");
    mail.into_bytes()
}

/// Bytes that look like nothing, and differ from mail to mail.
fn bytes(number: usize, count: usize) -> Vec<u8> {
    let mut state = u64::try_from(number).unwrap_or(0).wrapping_mul(2_654_435_761) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes().first().copied().unwrap_or(0)
    };
    std::iter::repeat_with(next).take(count).collect()
}
