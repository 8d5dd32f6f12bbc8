//! Quoted texts.

use std::borrow::Cow;

/// Where the quoted text that begins at `at` ends: behind its closing quote.
pub(in super::super) fn quoted_end(text: &str, at: usize) -> Option<usize> {
    let mut rest = text.as_bytes().get(at..)?.iter().enumerate().skip(1);
    while let Some((offset, byte)) = rest.next() {
        match byte {
            b'\\' => {
                rest.next()?;
            }
            b'"' => return Some(at + offset + 1),
            _ => {}
        }
    }
    None
}

/// What stands between quotes, its escapes taken out.
pub(in super::super) fn unquote(inside: &str) -> Cow<'_, str> {
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    let mut plain = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    Cow::Owned(plain)
}

/// The text between quotes, with the escapes it needs.
pub(in super::super) fn quote(plain: &str) -> String {
    let mut quoted = String::with_capacity(plain.len() + 2);
    quoted.push('"');
    for character in plain.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}
