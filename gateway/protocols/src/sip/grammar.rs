//! The pieces that header fields and URIs are made of (RFC 3261, section 25), borrowed from their text.
//!
//! There is one reading: what `wire` checks a message with is what the typed values are made from later, so a
//! check can never have seen something else than a getter. Everything here is linear in the length of its
//! text, apart from the search for parameters that are there twice, whose number is limited.

mod address;
mod parameters;
mod quoted;
mod uri;
mod via;

pub(super) use address::{Display, address};
pub(super) use parameters::{ParameterValue, Piece, parameters, uri_parameters};
pub(super) use quoted::{quote, quoted_end, unquote};
pub(super) use uri::{HostText, UriText, host_port, uri};
pub(super) use via::via;

use super::Text;

/// What is wrong, as the end of a sentence whose beginning is the field.
pub(super) type Wrong = &'static str;

/// Most parameters of one value.
pub(super) const PARAMETERS_MAX: usize = 64;

/// Whether it may stand in a token.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

/// Whether it is one of the two blanks.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether the text is a token.
pub(super) fn is_token_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token)
}

/// The text without blanks around it.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The text without blanks before it.
pub(super) fn trim_start(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// The text cut before its first byte that `belongs` does not take.
pub(super) fn cut(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    let at = text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// The rest of the text behind `byte`, blanks before it skipped.
pub(super) fn behind(text: &str, byte: char) -> Option<&str> {
    trim_start(text).strip_prefix(byte)
}

/// A number of digits alone that is at most `most`.
pub(super) fn number(text: &str, most: u64) -> Result<u64, Wrong> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("is no number");
    }
    let mut number: u64 = 0;
    for byte in text.bytes() {
        let digit = u64::from(byte - b'0');
        number = number
            .checked_mul(10)
            .and_then(|number| number.checked_add(digit))
            .filter(|number| *number <= most)
            .ok_or("is out of range")?;
    }
    Ok(number)
}

/// The values of a list: cut at commas outside quotes and angle brackets, without blanks around them. An empty
/// one is given too; whether that may be is for the field to say.
pub(super) struct Items<'a>(Option<&'a str>);

/// The values of the list that the text is.
pub(super) fn items(text: &str) -> Items<'_> {
    Items(Some(text))
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<&'a str, Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.take()?;
        let mut at = 0;
        let mut is_inside = false;
        let bytes = text.as_bytes();
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' if !is_inside => match quoted_end(text, at) {
                    Some(end) => {
                        at = end;
                        continue;
                    }
                    None => return Some(Err("has a quote that does not end")),
                },
                b'<' => is_inside = true,
                b'>' => is_inside = false,
                b',' if !is_inside => {
                    let (item, rest) = text.split_at_checked(at).unwrap_or((text, ""));
                    self.0 = rest.strip_prefix(',');
                    return Some(Ok(trim(item)));
                }
                _ => {}
            }
            at += 1;
        }
        Some(if is_inside { Err("has a bracket that does not end") } else { Ok(trim(text)) })
    }
}

/// `part` as a text that shares the bytes of `whole`, which it is a part of; a copy where it is none, so that no
/// mistake of ours is a panic.
pub(super) fn share(whole: &Text, part: &str) -> Text {
    let range = whole.as_bytes().as_ptr_range();
    let ends = part.as_bytes().as_ptr_range();
    let is_part = range.start <= ends.start && ends.end <= range.end;
    if is_part { whole.slice_ref(part) } else { part.into() }
}
