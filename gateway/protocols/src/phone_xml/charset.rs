//! The two character sets that phones read, and what becomes of characters they lack.

use std::borrow::Cow;

/// A character set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// All of Unicode.
    #[default]
    Utf8,
    /// ISO 8859-1, which older phones prefer.
    Latin1,
}

impl Charset {
    /// Its name in declarations and headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Latin1 => "iso-8859-1",
        }
    }

    /// The set of that name; US-ASCII is part of both.
    pub fn from_name(name: &str) -> Option<Self> {
        let is = |names: &[&str]| names.iter().any(|other| name.eq_ignore_ascii_case(other));
        if is(&["utf-8", "utf8"]) {
            Some(Self::Utf8)
        } else if is(&["iso-8859-1", "latin1", "us-ascii"]) {
            Some(Self::Latin1)
        } else {
            None
        }
    }

    /// Whether the set has that character.
    pub fn has(self, character: char) -> bool {
        match self {
            Self::Utf8 => true,
            Self::Latin1 => u32::from(character) <= 0xFF,
        }
    }

    /// Whether the character can be written in the set, by itself or with its nearest relatives.
    pub fn can_write(self, character: char) -> bool {
        self.has(character) || relative(character) != "?"
    }

    pub(super) fn bytes(self, text: String) -> Vec<u8> {
        match self {
            Self::Utf8 => text.into_bytes(),
            Self::Latin1 => {
                text.chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect()
            }
        }
    }
}

/// `text` as a phone can show it: what the set lacks is written with its nearest relatives or as
/// `?`, control characters other than CR, LF and TAB become `?`.
pub fn shown(text: &str, charset: Charset) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if !is_showable(character) {
            shown.push('?');
        } else if charset.has(character) {
            shown.push(character);
        } else {
            shown.push_str(relative(character));
        }
    }
    Cow::Owned(shown)
}

/// What XML 1.0 allows, without the controls that phones do not take.
fn is_showable(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        other => !other.is_control(),
    }
}

/// How a character beyond Latin-1 is written in it.
fn relative(character: char) -> &'static str {
    match character {
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{2039}' | '\u{203A}' | '\u{2032}' => "'",
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{2033}' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '\u{2026}' => "...",
        '\u{2022}' => "\u{B7}",
        '\u{2002}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => " ",
        '\u{20AC}' => "EUR",
        '\u{2122}' => "TM",
        'Œ' => "OE",
        'œ' => "oe",
        'ẞ' => "SS",
        'Ā' | 'Ă' | 'Ą' => "A",
        'ā' | 'ă' | 'ą' => "a",
        'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
        'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'Ď' | 'Đ' => "D",
        'ď' | 'đ' => "d",
        'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'Ĥ' | 'Ħ' => "H",
        'ĥ' | 'ħ' => "h",
        'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => "I",
        'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'Ĵ' => "J",
        'ĵ' => "j",
        'Ķ' => "K",
        'ķ' => "k",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ł' => "L",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'Ń' | 'Ņ' | 'Ň' => "N",
        'ń' | 'ņ' | 'ň' => "n",
        'Ō' | 'Ŏ' | 'Ő' => "O",
        'ō' | 'ŏ' | 'ő' => "o",
        'Ŕ' | 'Ŗ' | 'Ř' => "R",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => "S",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'Ţ' | 'Ť' | 'Ŧ' | 'Ț' => "T",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => "U",
        'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'Ŵ' => "W",
        'ŵ' => "w",
        'Ŷ' | 'Ÿ' => "Y",
        'ŷ' => "y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, charset: Charset, expected: &str) {
        assert_eq!(shown(text, charset), expected);
        assert_eq!(shown(expected, charset), expected, "showing again changes it");
    }

    #[test]
    fn phn_08_what_latin1_can_write_is_known_beforehand() {
        assert!("Käse – 5 €, Łódź…".chars().all(|it| Charset::Latin1.can_write(it)));
        assert!("休α".chars().all(|it| !Charset::Latin1.can_write(it)));
        assert!("休α".chars().all(|it| Charset::Utf8.can_write(it)));
    }

    #[test]
    fn phn_17_a_phone_gets_only_characters_it_has() {
        check("Käse „à la carte“ – 5 €", Charset::Latin1, "Käse \"à la carte\" - 5 EUR");
        check("Łódź, Dvořák", Charset::Latin1, "Lódz, Dvorák");
        check("休憩 ok", Charset::Latin1, "?? ok");
        check("休憩 – ok", Charset::Utf8, "休憩 – ok");
        check("a\0b\u{1b}c\u{85}d\u{FFFE}", Charset::Utf8, "a?b?c?d?");
        check("a\r\n\tb", Charset::Latin1, "a\r\n\tb");
    }
}
