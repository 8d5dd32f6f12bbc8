//! The bytes: frames, big-endian fixed parts, floating fields with one- or two-byte tags.
//!
//! Nothing is padded (CTI Server Message Reference Guide, Messaging Conventions). A frame is an
//! eight-byte header, MessageLength and MessageType, then a fixed part and floating fields in any
//! order. Tags and lengths take one byte up to protocol version 19 and two from version 20.

use super::numbers::{field_since, status};

/// Bytes of the header.
pub(crate) const HEADER: usize = 8;
/// Longest message, header included.
pub(crate) const MESSAGE_MAX: usize = 12_500;
/// First version with two-byte tags and lengths.
pub(crate) const WIDE_SINCE: u32 = 20;
/// The value of "none" in four-byte fields.
pub(crate) const NONE: u32 = 0xFFFF_FFFF;
/// The value of "none" in two-byte fields.
pub(crate) const NONE_SHORT: u16 = 0xFFFF;

/// Bytes that the tag, and the length, of a floating field take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Width {
    One,
    Two,
}

/// How a session's messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Framing {
    pub(crate) version: u32,
    pub(crate) width: Width,
    pub(crate) express: bool,
}

impl Framing {
    /// The width follows from the version unless a peer is known to do otherwise.
    pub(crate) fn of(version: u32, express: bool, width: Option<Width>) -> Self {
        let usual = if version >= WIDE_SINCE { Width::Two } else { Width::One };
        Self { version, width: width.unwrap_or(usual), express }
    }
}

/// A message on its way out: its fields in order, then its floating fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) number: u32,
    fixed: Vec<u8>,
    floats: Vec<(u16, Vec<u8>)>,
}

impl Message {
    pub(crate) fn new(number: u32) -> Self {
        Self { number, fixed: Vec::with_capacity(64), floats: Vec::new() }
    }

    pub(crate) fn long(mut self, value: u32) -> Self {
        self.fixed.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn longs(self, values: &[u32]) -> Self {
        values.iter().fold(self, |message, value| message.long(*value))
    }

    pub(crate) fn short(mut self, value: u16) -> Self {
        self.fixed.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn shorts(self, values: &[u16]) -> Self {
        values.iter().fold(self, |message, value| message.short(*value))
    }

    /// One byte, of which requests alone have any.
    #[cfg(test)]
    pub(crate) fn byte(mut self, value: u8) -> Self {
        self.fixed.push(value);
        self
    }

    /// A STRING: its terminating NUL counts.
    pub(crate) fn text(mut self, tag: u16, value: &str) -> Self {
        let mut data = value.as_bytes().to_vec();
        data.push(0);
        self.floats.push((tag, data));
        self
    }

    pub(crate) fn text_if(self, tag: u16, value: &str) -> Self {
        if value.is_empty() { self } else { self.text(tag, value) }
    }

    pub(crate) fn data(mut self, tag: u16, data: &[u8]) -> Self {
        self.floats.push((tag, data.to_vec()));
        self
    }

    pub(crate) fn data_short(self, tag: u16, value: u16) -> Self {
        self.data(tag, &value.to_be_bytes())
    }

    pub(crate) fn data_long(self, tag: u16, value: u32) -> Self {
        self.data(tag, &value.to_be_bytes())
    }

    /// The same message for a monitor: MonitorID is the first field of every event of a call.
    pub(crate) fn for_monitor(&self, monitor: u32) -> Self {
        let mut message = self.clone();
        for (place, byte) in message.fixed.iter_mut().zip(monitor.to_be_bytes()) {
            *place = byte;
        }
        message
    }

    /// The whole frame. A field that this version or width cannot carry is left out.
    pub(crate) fn encode(&self, framing: Framing) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.fixed.len() + 16 * self.floats.len());
        out.extend([0; 4]);
        out.extend(self.number.to_be_bytes());
        out.extend(&self.fixed);
        for (tag, data) in &self.floats {
            if field_since(*tag, framing.express) > framing.version {
                continue;
            }
            match (framing.width, u8::try_from(*tag), u8::try_from(data.len())) {
                (Width::One, Ok(tag), Ok(length)) => out.extend([tag, length]),
                (Width::One, ..) => continue,
                (Width::Two, ..) => {
                    out.extend(tag.to_be_bytes());
                    out.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
                }
            }
            out.extend(data);
        }
        let length = u32::try_from(out.len() - HEADER).unwrap_or(u32::MAX);
        for (place, byte) in out.iter_mut().zip(length.to_be_bytes()) {
            *place = byte;
        }
        out
    }
}

/// Reads a body from the front; every take is checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(crate) fn left(self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(front)
    }

    /// An unsigned number of 1, 2 or 4 bytes.
    pub(crate) fn number(&mut self, bytes: usize) -> Option<u32> {
        let front = self.take(bytes)?;
        Some(front.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    /// All floating fields to the end of the message, or the status that says what is wrong.
    pub(crate) fn floats(mut self, width: Width) -> Result<Vec<(u16, &'a [u8])>, u32> {
        let bytes = match width {
            Width::One => 1,
            Width::Two => 2,
        };
        let mut floats = Vec::new();
        while self.left() > 0 {
            let tag = self.number(bytes).ok_or(status::MESSAGE_LENGTH)?;
            let length = self.number(bytes).ok_or(status::MESSAGE_LENGTH)?;
            let length = usize::try_from(length).map_err(|_| status::FIELD_LENGTH)?;
            let data = self.take(length).ok_or(status::FIELD_LENGTH)?;
            floats.push((u16::try_from(tag).map_err(|_| status::FIELD_TAG)?, data));
        }
        Ok(floats)
    }
}

/// What a header says: MessageLength and MessageType.
pub(crate) fn header(bytes: [u8; HEADER]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = bytes;
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}

#[cfg(test)]
mod tests;
