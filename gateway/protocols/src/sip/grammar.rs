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

pub(super) use address::{Display, address, address_with};
pub(super) use parameters::{
    ParameterValue, Piece, check_parameters, check_uri_parameters, pieces, uri_pieces,
};
pub(super) use quoted::{quote, quoted_end, unquote};
pub(super) use uri::{HostText, UriText, host_port, uri};
pub(super) use via::via;

use super::Text;

/// What is wrong, as the end of a sentence whose beginning is the field.
pub(super) type Wrong = &'static str;

/// Most parameters of one value.
pub(super) const PARAMETERS_MAX: usize = 32;

/// What bytes may stand in, a bit each; one look-up instead of a dozen comparisons.
const CLASSES: [u8; 256] = classes();
const TOKEN: u8 = 1;
const PLAIN_VALUE: u8 = 2;
const OF_URI_PARAMETER: u8 = 4;
const OF_USER: u8 = 8;
const OF_URI: u8 = 16;
const OF_LABEL: u8 = 32;

#[expect(clippy::indexing_slicing, reason = "it runs while the program is built")]
const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut at = 0_u8;
    while at < 0x7F {
        classes[at as usize] = class(at);
        at += 1;
    }
    classes
}

const fn class(byte: u8) -> u8 {
    let mut class = 0;
    let is_word = byte.is_ascii_alphanumeric();
    if is_word
        || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
    {
        class |= TOKEN;
    }
    // Tokens and hosts, and what else peers write unquoted that can mean nothing else.
    if byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'"' | b'<' | b'>' | b'\\') {
        class |= PLAIN_VALUE;
    }
    let is_unreserved =
        is_word || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')');
    if is_unreserved || matches!(byte, b'%' | b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$') {
        class |= OF_URI_PARAMETER;
    }
    let is_of_user =
        matches!(byte, b'%' | b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/' | b'#' | b':');
    if is_unreserved || is_of_user {
        class |= OF_USER;
    }
    if byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"') {
        class |= OF_URI;
    }
    // Underscores are no part of the grammar, but of names in use.
    if is_word || matches!(byte, b'-' | b'_') {
        class |= OF_LABEL;
    }
    class
}

/// Whether the byte is of that class.
fn is_of(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// Whether it may stand in a token.
pub(super) fn is_token(byte: u8) -> bool {
    is_of(byte, TOKEN)
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
    let text = trim_start(text);
    let blanks = text.bytes().rev().take_while(|byte| is_blank(*byte)).count();
    text.get(..text.len() - blanks).unwrap_or_default()
}

/// The text without blanks before it.
pub(super) fn trim_start(text: &str) -> &str {
    let blanks = text.bytes().take_while(|byte| is_blank(*byte)).count();
    text.get(blanks..).unwrap_or_default()
}

/// The text cut before its first byte that `belongs` does not take.
pub(super) fn cut(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    let at = text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// The text before and behind the first such byte, which is an ASCII one.
pub(super) fn split(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(byte, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
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
        let bytes = text.as_bytes();
        let mut at = 0;
        let mut is_inside = false;
        while let Some(rest) = bytes.get(at..) {
            let found = match is_inside {
                true => memchr::memchr(b'>', rest),
                false => memchr::memchr3(b',', b'"', b'<', rest),
            };
            let Some(found) = found.map(|found| at + found) else { break };
            at = found + 1;
            match bytes.get(found) {
                Some(b'"') => match quoted_end(text, found) {
                    Some(end) => at = end,
                    None => return Some(Err("has a quote that does not end")),
                },
                Some(b',') => {
                    self.0 = text.get(at..);
                    return Some(Ok(trim(text.get(..found).unwrap_or_default())));
                }
                _ => is_inside = !is_inside,
            }
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
