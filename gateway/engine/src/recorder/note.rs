//! What is noted of one message, as bytes: a head, then parts with a tag and a length each.
//!
//! A part that would make the record longer than [`RECORD_BYTES_MAX`] is left out, a text longer than
//! [`TEXT_BYTES_MAX`] is cut; the record says so.

use std::fmt::{self, Display, Write as _};

use domain::Timestamp;

use super::words::{cut, masked};
use super::{Link, Way};

/// The longest record.
pub(super) const RECORD_BYTES_MAX: usize = 1_024;
/// The longest text in one.
pub(super) const TEXT_BYTES_MAX: usize = 200;
/// The bytes of a record before its parts: link, way, time.
pub(super) const HEAD_BYTES: usize = 10;

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Kind = 1,
    Peer,
    Agent,
    Device,
    Line,
    Call,
    Text,
    Number,
    Cut,
}

impl Tag {
    pub(super) const ALL: [Self; 9] = [
        Self::Kind,
        Self::Peer,
        Self::Agent,
        Self::Device,
        Self::Line,
        Self::Call,
        Self::Text,
        Self::Number,
        Self::Cut,
    ];
}

/// A record that is being written. Nothing that is secret, and nothing that a customer said or wrote, may be
/// told to it.
#[derive(Debug)]
pub struct Note {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Note {
    pub(super) fn new(link: Link, way: Way, at: Timestamp, kind: &str) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend([link.place(), way.place()]);
        bytes.extend(at.microseconds().to_le_bytes());
        let mut note = Self { bytes, is_cut: false };
        note.shown(Tag::Kind, "", &kind);
        note
    }

    /// The peer: a pair and its side, a next hop, an address.
    pub fn peer(&mut self, peer: impl Display) -> &mut Self {
        self.shown(Tag::Peer, "", &peer)
    }

    /// The agent whom it is about.
    pub fn agent(&mut self, agent: impl Display) -> &mut Self {
        self.shown(Tag::Agent, "", &agent)
    }

    /// The device that it is about.
    pub fn device(&mut self, device: impl Display) -> &mut Self {
        self.shown(Tag::Device, "", &device)
    }

    /// The line that it is about; one may be told beside an agent, so that it is known whose it is.
    pub fn line(&mut self, line: impl Display) -> &mut Self {
        self.shown(Tag::Line, "", &line)
    }

    /// The call or contact that it is about; several may be told.
    pub fn call(&mut self, call: impl Display) -> &mut Self {
        self.shown(Tag::Call, "", &call)
    }

    /// A number that the message has under that name.
    pub fn number(&mut self, name: &str, value: impl Into<u64>) -> &mut Self {
        let value: u64 = value.into();
        self.raw(Tag::Number, name, &value.to_le_bytes())
    }

    /// A name, code or number that was dialled, as it is. For what others put into words there is
    /// [`Note::words`].
    pub fn text(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.shown(Tag::Text, name, &value)
    }

    /// What somebody else put into words: what looks like a secret is hidden.
    pub fn words(&mut self, name: &str, words: impl Display) -> &mut Self {
        let words = words.to_string();
        let short = cut(&words, TEXT_BYTES_MAX);
        self.is_cut |= short.len() < words.len();
        self.shown(Tag::Text, name, &masked(short))
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        if self.is_cut {
            self.bytes.extend([Tag::Cut as u8, 0, 0]);
        }
        self.bytes
    }

    /// Writes a text straight into the record; its length is put in afterwards.
    fn shown(&mut self, tag: Tag, name: &str, value: &impl Display) -> &mut Self {
        let begin = self.bytes.len();
        self.raw(tag, name, &[]);
        if self.bytes.len() == begin {
            return self;
        }
        let value_begin = self.bytes.len();
        let room = (RECORD_BYTES_MAX - 3).saturating_sub(value_begin).min(TEXT_BYTES_MAX);
        let mut tail = Tail { bytes: &mut self.bytes, end: value_begin + room, is_cut: false };
        // It never fails: what is too long is cut.
        let _ = write!(tail, "{value}");
        self.is_cut |= tail.is_cut;
        let length = u8::try_from(self.bytes.len() - value_begin).unwrap_or(0);
        if let Some(place) = self.bytes.get_mut(begin + 2) {
            *place = length;
        }
        self
    }

    /// Writes tag, length of the name, length of the value, and both.
    fn raw(&mut self, tag: Tag, name: &str, value: &[u8]) -> &mut Self {
        let (Ok(name_bytes), Ok(value_bytes)) =
            (u8::try_from(name.len()), u8::try_from(value.len()))
        else {
            self.is_cut = true;
            return self;
        };
        // Room for the last part, which says that something was left out.
        if self.bytes.len() + 6 + name.len() + value.len() > RECORD_BYTES_MAX {
            self.is_cut = true;
            return self;
        }
        self.bytes.extend([tag as u8, name_bytes, value_bytes]);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(value);
        self
    }
}

/// A text at the end of a record, up to a bound.
struct Tail<'a> {
    bytes: &'a mut Vec<u8>,
    end: usize,
    is_cut: bool,
}

impl fmt::Write for Tail<'_> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        // After a cut nothing follows that happens to be short enough.
        let room = if self.is_cut { 0 } else { self.end.saturating_sub(self.bytes.len()) };
        let fits = cut(more, room);
        self.is_cut |= fits.len() < more.len();
        self.bytes.extend(fits.as_bytes());
        Ok(())
    }
}
