//! The header of a mail or of a part: its fields, in order, as text.

use mail_parser::parsers::MessageStream;
use mail_parser::{ContentType, HeaderValue};

use super::clean::{cut, one_line};
use super::{FIELD_BYTES_MAX, FIELDS_MAX, HEADER_BYTES_MAX};

/// One field. What the value says is not yet decoded, its line ends are as they came.
struct Field {
    /// In lower case.
    name: String,
    value: String,
}

/// The fields of a header.
#[derive(Default)]
pub(super) struct Fields {
    fields: Vec<Field>,
    /// Whether there was more than is kept.
    pub(super) is_cut: bool,
}

/// A `Content-Type` or `Content-Disposition`.
#[derive(Default)]
pub(super) struct Content {
    /// `type/subtype` or the disposition, in lower case.
    pub(super) kind: String,
    parameters: Vec<(String, String)>,
}

impl Content {
    /// The value of a parameter, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        parameters.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Fields {
    /// Reads the header at the beginning of `bytes`; also gives where the body begins.
    pub(super) fn read(bytes: &[u8]) -> (Self, usize) {
        let mut fields = Self::default();
        let mut at = 0;
        let mut open: Option<(String, Vec<u8>)> = None;
        let mut is_first = true;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let line = rest.get(..memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1));
            let line = line.unwrap_or(rest);
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
            if bare.is_empty() && !(is_first && at == 0) {
                at += line.len();
                break;
            }
            at += line.len();
            let is_continued = matches!(bare.first(), Some(b' ' | b'\t'));
            if is_continued {
                if let Some((_, value)) = &mut open
                    && value.len() < FIELD_BYTES_MAX
                {
                    value.extend_from_slice(line);
                }
            } else {
                fields.close(open.take());
                if fields.fields.len() >= FIELDS_MAX || at > HEADER_BYTES_MAX {
                    fields.is_cut = true;
                } else {
                    open = named(bare).map(|(name, value)| (name, [value, b"\r\n"].concat()));
                    // The envelope line of a mailbox file may stand first; elsewhere, this is the body.
                    if open.is_none() && !(is_first && bare.starts_with(b"From ")) {
                        let next = bytes.get(at..).unwrap_or_default();
                        if fields.is_body(bare, next) {
                            return (fields, at - line.len());
                        }
                    }
                }
            }
            is_first = false;
        }
        fields.close(open);
        (fields, at)
    }

    /// A line that is no field, and that no field follows, ends the header where fields came before it: the
    /// blank line that should stand there is missing.
    fn is_body(&self, line: &[u8], next: &[u8]) -> bool {
        let next = next.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let goes_on = named(next).is_some() || matches!(next.first(), Some(b' ' | b'\t'));
        !self.fields.is_empty() && !goes_on && !line.iter().all(u8::is_ascii_whitespace)
    }

    fn close(&mut self, open: Option<(String, Vec<u8>)>) {
        let Some((name, value)) = open else { return };
        self.is_cut |= value.len() > FIELD_BYTES_MAX;
        // Bytes that are no UTF-8 are what programs without an alphabet send.
        let value = String::from_utf8(value).unwrap_or_else(|error| {
            encoding_rs::WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned()
        });
        let value = cut(&value, FIELD_BYTES_MAX).to_owned();
        self.fields.push(Field { name, value });
    }

    /// Values of all fields of this name in lower case, as they came.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |field| field.name == name).map(|field| field.value.as_str())
    }

    /// The first of them.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
    }

    /// The first one on one line, encoded words decoded.
    pub(super) fn text(&self, name: &str, bytes_max: usize) -> String {
        self.first(name).map(|value| one_line(&decoded(value), bytes_max)).unwrap_or_default()
    }

    /// The first one in lower case without comments and parameters: a word.
    pub(super) fn word(&self, name: &str) -> String {
        let value = self.first(name).unwrap_or_default();
        let word = value.split([';', '(']).next().unwrap_or_default();
        one_line(word, 200).to_ascii_lowercase()
    }

    /// Names of all fields, in lower case.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    /// All fields in order: names in lower case, and values as they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|field| (field.name.as_str(), field.value.as_str()))
    }

    /// A field with parameters.
    pub(super) fn content(&self, name: &str) -> Option<Content> {
        let line = format!("{}\n", self.first(name)?.trim());
        match MessageStream::new(line.as_bytes()).parse_content_type() {
            HeaderValue::ContentType(content) => Some(content_of(content)),
            _ => None,
        }
    }

    /// When the sender says that it was sent, in seconds since 1970.
    pub(super) fn date_seconds(&self) -> Option<i64> {
        let line = format!("{}\n", self.first("date")?.trim());
        let value = MessageStream::new(line.as_bytes()).parse_date();
        value.as_datetime().filter(|date| date.is_valid()).map(mail_parser::DateTime::to_timestamp)
    }
}

/// The name, in lower case, and the value of a line that begins a field.
fn named(line: &[u8]) -> Option<(String, &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = name.trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(|byte| matches!(byte, 0x21..=0x7E));
    let name = std::str::from_utf8(name).ok().filter(|_| is_name)?;
    Some((name.to_ascii_lowercase(), value.strip_prefix(b":").unwrap_or(value)))
}

fn content_of(content: ContentType<'_>) -> Content {
    let kind = match &content.c_subtype {
        Some(subtype) => format!("{}/{subtype}", content.c_type),
        None => content.c_type.to_string(),
    };
    let parameters = content.attributes.into_iter().flatten();
    Content {
        kind: one_line(&kind, 200).to_ascii_lowercase(),
        parameters: parameters
            .map(|each| (each.name.to_ascii_lowercase(), each.value.into_owned()))
            .collect(),
    }
}

/// A value with its encoded words (RFC 2047) decoded.
pub(super) fn decoded(value: &str) -> String {
    let line = format!("{}\n", value.trim());
    match MessageStream::new(line.as_bytes()).parse_unstructured() {
        HeaderValue::Text(text) => text.into_owned(),
        _ => String::new(),
    }
}
