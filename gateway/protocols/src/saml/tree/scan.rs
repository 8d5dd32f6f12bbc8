//! Names, references, ends of lines: what XML 1.0 says about the inside of a token.

use std::borrow::Cow;

use crate::saml::{SamlReason, SamlRefused};

/// What is left of a token.
pub(super) struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Passes white space; tells whether there was any.
    pub(super) fn space(&mut self) -> bool {
        let trimmed = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let had_any = trimmed.len() < self.rest.len();
        self.rest = trimmed;
        had_any
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A name without a colon.
    pub(super) fn plain_name(&mut self) -> Option<&'a str> {
        let end = name_end(self.rest)?;
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(name)
    }

    /// A prefix, which may be empty, and a name.
    pub(super) fn qualified_name(&mut self) -> Option<(&'a str, &'a str)> {
        let first = self.plain_name()?;
        if self.take(":") { Some((first, self.plain_name()?)) } else { Some(("", first)) }
    }

    /// `= "..."`, as it stands between the quotes.
    pub(super) fn quoted(&mut self) -> Option<&'a str> {
        self.space();
        if !self.take("=") {
            return None;
        }
        self.space();
        let quote = if self.take("\"") { '"' } else { self.take("'").then_some('\'')? };
        let (value, rest) = self.rest.split_once(quote)?;
        self.rest = rest;
        Some(value)
    }
}

/// Whether the whole text is a name without a colon.
pub(in crate::saml) fn is_plain_name(text: &str) -> bool {
    name_end(text) == Some(text.len())
}

/// Where the name ends that the text begins with.
fn name_end(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    let (_, first) = characters.next()?;
    if !is_name_start(first) {
        return None;
    }
    let end = characters.find(|(_, character)| !is_name_character(*character));
    Some(end.map_or(text.len(), |(at, _)| at))
}

fn is_name_start(character: char) -> bool {
    matches!(character,
        'a'..='z' | 'A'..='Z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_character(character: char) -> bool {
    is_name_start(character)
        || matches!(character,
            '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

fn is_character(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Refuses characters that XML 1.0 does not have, wherever they stand.
pub(super) fn check_characters(text: &str) -> Result<(), SamlRefused> {
    let bytes = text.as_bytes();
    let is_control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF; looked for only where there is an EF at all.
    let is_none = |window: &[u8]| matches!(window, [0xEF, 0xBF, 0xBE | 0xBF]);
    if bytes.iter().any(is_control)
        || (memchr::memchr(0xEF, bytes).is_some() && bytes.windows(3).any(is_none))
    {
        return Err(SamlRefused::new(
            SamlReason::Character,
            "a character that XML 1.0 does not have",
        ));
    }
    Ok(())
}

/// The character that a reference between `&` and `;` means.
pub(super) fn reference(name: &str) -> Result<char, SamlRefused> {
    let number = match name {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => name.strip_prefix('#').ok_or_else(|| {
            SamlRefused::new(SamlReason::Entity, "an entity that is none of the five of XML")
        })?,
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // from_str_radix takes a sign, XML does not.
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    let value = is_number.then(|| u32::from_str_radix(digits, radix).ok()).flatten();
    value.and_then(char::from_u32).filter(|character| is_character(*character)).ok_or_else(|| {
        SamlRefused::new(SamlReason::Character, "a reference to a character that is none")
    })
}

/// Text with its line ends as XML reads them: one line feed each.
pub(super) fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// The value of an attribute, normalized as XML says for one without a declared type.
pub(super) fn attribute_value(raw: &str) -> Result<Cow<'_, str>, SamlRefused> {
    let is_special = |byte: &u8| matches!(byte, b'<' | b'&' | b'\t' | b'\n' | b'\r');
    if !raw.as_bytes().iter().any(is_special) {
        return Ok(Cow::Borrowed(raw));
    }
    let ill = || SamlRefused::new(SamlReason::NotWellFormed, "a value of an attribute");
    let lines = with_line_feeds(raw);
    let mut value = String::with_capacity(lines.len());
    let mut rest = lines.as_ref();
    while let Some(at) = rest.find(['<', '&', '\t', '\n']) {
        let (before, from) = rest.split_at_checked(at).ok_or_else(ill)?;
        value.push_str(before);
        if let Some(after) = from.strip_prefix(['\t', '\n']) {
            value.push(' ');
            rest = after;
        } else {
            let (name, after) =
                from.strip_prefix('&').and_then(|from| from.split_once(';')).ok_or_else(ill)?;
            value.push(reference(name)?);
            rest = after;
        }
    }
    value.push_str(rest);
    Ok(Cow::Owned(value))
}
