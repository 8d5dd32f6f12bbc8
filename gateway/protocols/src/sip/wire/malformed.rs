//! What is wrong with a message, and the answer it deserves.

use bytes::Bytes;

use super::{Limits, head, lenient, start};
use crate::sip::{Headers, Known, Message, Method, Name, StartLine, Status, Text, Value, grammar};

/// Which rule a message breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// Something is longer, or there is more of it, than a limit says.
    TooLong,
    /// The Request-URI cannot be read.
    Uri,
    /// It is of another version than 2.0.
    Version,
    /// It is not known what belongs to it.
    Framing,
    /// A field cannot be read, is missing, or is there too often.
    Grammar,
}

impl Breach {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::TooLong, Self::Uri, Self::Version, Self::Framing, Self::Grammar];
}

/// What is wrong with a message, and the answer it deserves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {words}")]
pub struct Malformed {
    /// 400, 413, 414, 505 or 513.
    pub status: Status,
    /// Which rule it breaks.
    pub breach: Breach,
    /// The header field, or the part of the message.
    pub field: &'static str,
    /// What is wrong, as the end of a sentence that begins with the field, with the limit where there is one.
    pub words: String,
    /// Enough to answer: a request with Via, From, To, Call-ID and CSeq, each as it was written. None where one
    /// is missing, and for what is never answered: responses and ACK.
    pub head: Option<Box<Message>>,
    /// Whether it is not known where the message ends: the connection it came by has to be closed.
    pub framing_is_lost: bool,
}

/// The same without the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: Status,
    field: &'static str,
    words: &'static str,
    limit: Option<usize>,
    pub(super) framing_is_lost: bool,
}

impl Problem {
    pub(super) fn bad(field: &'static str, words: &'static str) -> Self {
        Self { status: Status::BAD_REQUEST, field, words, limit: None, framing_is_lost: true }
    }

    pub(super) fn new(
        status: Status,
        field: &'static str,
        words: &'static str,
        limit: usize,
    ) -> Self {
        Self { status, field, words, limit: Some(limit), framing_is_lost: true }
    }

    pub(super) fn status(field: &'static str, words: &'static str, status: Status) -> Self {
        Self { status, ..Self::bad(field, words) }
    }

    /// A field that cannot be read, in a message whose end is known.
    pub(super) fn meaning(field: &'static str, words: &'static str) -> Self {
        Self { framing_is_lost: false, ..Self::bad(field, words) }
    }

    pub(super) fn framed(self) -> Self {
        Self { framing_is_lost: false, ..self }
    }

    fn breach(&self) -> Breach {
        match self.status {
            _ if self.limit.is_some() => Breach::TooLong,
            Status::VERSION_NOT_SUPPORTED => Breach::Version,
            _ if self.field == start::URI => Breach::Uri,
            _ if self.framing_is_lost => Breach::Framing,
            _ => Breach::Grammar,
        }
    }

    /// With what of `head` it can be answered with.
    pub(super) fn of(self, head: &Bytes, limits: &Limits) -> Malformed {
        let words = match self.limit {
            Some(limit) => format!("{}: at most {limit}", self.words),
            None => self.words.to_owned(),
        };
        Malformed {
            status: self.status,
            breach: self.breach(),
            field: self.field,
            words,
            head: salvage(head, limits).map(Box::new),
            framing_is_lost: self.framing_is_lost,
        }
    }
}

/// What of a head an answer needs, however broken the rest is.
fn salvage(head: &Bytes, limits: &Limits) -> Option<Message> {
    let head = head.slice(..head.len().min(limits.head_bytes));
    let text = Text::from_utf8_bytes(head).ok()?;
    let mut lines = head::Lines::of(&text);
    let first = lines.next()?.ok()?.text;
    let (method, uri) = start::salvage(&first)?;
    let mut kept = Headers::default();
    for line in lines.take(limits.fields) {
        let Ok(line) = line else { continue };
        let Some((name, value)) = line.text.split_once(':') else { continue };
        let Some(known) = Name::known(grammar::trim(name)) else { continue };
        let value = grammar::trim(value);
        let mended = if limits.lenient { lenient::mended(known, value) } else { None };
        let Ok(value) = Value::new(mended.as_deref().unwrap_or(value)) else { continue };
        let name = Name::Known(known);
        match known {
            Known::Via | Known::SessionId => kept.push(name, value),
            Known::From | Known::To | Known::CallId | Known::CSeq if !kept.has(&name) => {
                kept.push(name, value);
            }
            _ => {}
        }
    }
    let needed = [Name::VIA, Name::FROM, Name::TO, Name::CALL_ID, Name::CSEQ];
    let is_there = |name| kept.get(name).is_some_and(|value| !value.as_str().is_empty());
    if method == Method::Ack || !needed.iter().all(is_there) {
        return None;
    }
    let start = StartLine::Request { method, uri };
    Some(Message { start, headers: kept, body: Bytes::new() })
}
