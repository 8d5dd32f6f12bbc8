//! Bytes of a part: out of their transfer encoding, and into text.

use mail_parser::decoders::charsets::map::charset_decoder;

use super::clean::lines;

/// Bytes out of a transfer encoding; what does not belong into it is passed over.
pub(super) fn transfer(bytes: &[u8], encoding: &str) -> Vec<u8> {
    match encoding {
        "base64" => base64(bytes),
        "quoted-printable" => quoted_printable(bytes),
        _ => bytes.to_vec(),
    }
}

/// How many bytes [`transfer`] gives, without making them.
pub(super) fn transferred(bytes: &[u8], encoding: &str) -> usize {
    match encoding {
        "base64" => {
            // Where they end with the padding, as nearly all do, they are one group.
            let end = bytes.iter().rposition(|byte| *byte != b'=' && !byte.is_ascii_whitespace());
            let most = bytes.get(..end.map_or(0, |end| end + 1)).unwrap_or_default();
            if !most.contains(&b'=') {
                return digits(most) * 6 / 8;
            }
            most.split(|byte| *byte == b'=').map(|group| digits(group) * 6 / 8).sum()
        }
        "quoted-printable" => quoted_printable(bytes).len(),
        _ => bytes.len(),
    }
}

/// How many of the bytes are digits of base64, in either alphabet.
fn digits(bytes: &[u8]) -> usize {
    // Without branches, so that many are counted at a time.
    let is_digit = |byte: u8| {
        ((byte | 0x20).wrapping_sub(b'a') < 26)
            | (byte.wrapping_sub(b'0') < 10)
            | (byte == b'+')
            | (byte == b'-')
            | (byte == b'/')
            | (byte == b'_')
    };
    bytes.iter().map(|byte| usize::from(is_digit(*byte))).sum()
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in bytes {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                // Several encoded pieces may stand one behind the other.
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count & 0xFF) as u8);
        }
    }
    decoded
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let (bare, end) = match line.strip_suffix(b"\r\n") {
            Some(bare) => (bare, &b"\r\n"[..]),
            None => line.strip_suffix(b"\n").map_or((line, &b""[..]), |bare| (bare, b"\n")),
        };
        // Spaces at the end were added on the way.
        let bare = bare.trim_ascii_end();
        let (bare, end) = bare.strip_suffix(b"=").map_or((bare, end), |bare| (bare, b""));
        let mut rest = bare;
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            let coded = (*first == b'=').then(|| after.split_at_checked(2)).flatten();
            let byte = coded.and_then(|(digits, rest)| Some((hex(digits)?, rest)));
            match byte {
                Some((byte, after)) => {
                    decoded.push(byte);
                    rest = after;
                }
                None => decoded.push(*first),
            }
        }
        decoded.extend_from_slice(end);
    }
    decoded
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// Text of bytes that say to be in `charset`, its lines cleaned. A label that programs write without looking
/// gives way to the bytes where those are UTF-8.
pub(super) fn text(bytes: &[u8], charset: Option<&str>) -> String {
    let charset = charset.unwrap_or_default().trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    let is_guessed = matches!(
        charset.as_str(),
        "" | "us-ascii"
            | "ascii"
            | "ansi_x3.4-1968"
            | "iso-8859-1"
            | "latin1"
            | "windows-1252"
            | "unknown-8bit"
            | "x-unknown"
            | "unknown"
            | "default"
            | "binary"
            | "utf-8"
            | "utf8"
    );
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| is_guessed) {
        return lines(text);
    }
    let is_utf8 = matches!(charset.as_str(), "utf-8" | "utf8");
    let decoder = charset_decoder(charset.as_bytes()).filter(|_| !charset.is_empty());
    match decoder {
        Some(decode) => lines(&decode(bytes)),
        None if is_utf8 => lines(&String::from_utf8_lossy(bytes)),
        None => match std::str::from_utf8(bytes) {
            Ok(text) => lines(text),
            Err(_) => lines(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0),
        },
    }
}

/// Joins the lines of `format=flowed` (RFC 3676); `deletes_spaces` is `DelSp`.
pub(super) fn flowed(text: &str, deletes_spaces: bool) -> String {
    let mut joined = String::with_capacity(text.len());
    // How deeply the paragraph that goes on is quoted.
    let mut goes_on: Option<usize> = None;
    for (number, line) in text.split('\n').enumerate() {
        let unquoted = line.trim_start_matches('>');
        let quotes = line.len() - unquoted.len();
        let content = unquoted.strip_prefix(' ').unwrap_or(unquoted);
        let is_signature = content == "-- ";
        if goes_on != Some(quotes) || is_signature {
            if number > 0 {
                joined.push('\n');
            }
            if quotes > 0 {
                joined.push_str(&">".repeat(quotes));
                joined.push(' ');
            }
        }
        let is_flowed = content.ends_with(' ') && !is_signature;
        let kept = if is_flowed && deletes_spaces {
            content.strip_suffix(' ').unwrap_or(content)
        } else {
            content
        };
        joined.push_str(kept);
        goes_on = is_flowed.then_some(quotes);
    }
    joined
}
