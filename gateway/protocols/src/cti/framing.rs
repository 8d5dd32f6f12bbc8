//! How messages lie in the stream of bytes: header, length, and the width of tags.

use std::fmt;

use super::error::{DecodeError, Problem};
use super::{HEADER_BYTES, MESSAGE_BYTES_MAX};

/// Version of the protocol, 9 to 25.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion(u8);

impl ProtocolVersion {
    /// The oldest version whose layouts are known here.
    pub const OLDEST: Self = Self(9);
    /// The newest version whose layouts are known here.
    pub const NEWEST: Self = Self(25);

    /// `None` outside of 9 to 25.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match number {
            9..=25 => Some(Self(number as u8)),
            _ => None,
        }
    }

    /// The number as written in `OPEN_REQ`.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Width of the tag and of the length of a floating field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TagWidth {
    /// A byte each: versions up to 19.
    One,
    /// Two bytes each: from version 20 on.
    Two,
}

impl TagWidth {
    /// What the guide gives for `version` ("Messaging Conventions", floating fields).
    #[must_use]
    pub const fn of(version: ProtocolVersion) -> Self {
        if version.0 >= 20 { Self::Two } else { Self::One }
    }

    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// Which product speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Unified CCE.
    Enterprise,
    /// Unified CCX, whose agent ids have a tag of their own.
    Express,
}

/// What both ends of a session agree on about the layout of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// The version asked for in `OPEN_REQ`.
    pub version: ProtocolVersion,
    /// The width of tags; a setting of the peer, since some peers keep one byte whatever the
    /// version, and Unified CCX documents tags above 255 for version 18.
    pub tag_width: TagWidth,
    /// The product.
    pub dialect: Dialect,
}

impl Framing {
    /// Framing of `version`, with the width of tags that the guide gives for it.
    #[must_use]
    pub const fn new(version: ProtocolVersion, dialect: Dialect) -> Self {
        Self { version, tag_width: TagWidth::of(version), dialect }
    }

    pub(super) const fn since(&self, version: u8) -> bool {
        self.version.0 >= version
    }
}

/// One whole message as it lay in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// `MessageType` of the header.
    pub number: u32,
    /// What follows the header; may be empty.
    pub body: &'a [u8],
}

impl Frame<'_> {
    /// `VersionNumber` of an `OPEN_REQ`: a server needs it before it can read the floating part of
    /// the same message. `None` for other messages and for those that are too short.
    #[must_use]
    pub fn opening_version(&self) -> Option<u32> {
        let number = self.body.get(4..8).filter(|_| self.number == super::number::OPEN_REQ)?;
        Some(u32::from_be_bytes(number.try_into().ok()?))
    }
}

/// Cuts a stream of bytes into messages, however it was cut on its way.
///
/// Holds at most one message, and none of one that is too long.
#[derive(Debug)]
pub struct Framer {
    partial: Vec<u8>,
    /// `partial` is a message that was handed out.
    handed_out: bool,
    bytes_max: usize,
}

impl Framer {
    /// A framer that refuses messages of more than `bytes_max` bytes, header included; more than
    /// [`MESSAGE_BYTES_MAX`] counts as that.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { partial: Vec::new(), handed_out: false, bytes_max: bytes_max.min(MESSAGE_BYTES_MAX) }
    }

    /// Takes the next message from the beginning of `input`, or keeps what there is of it.
    /// `Ok(None)` means that `input` is used up. After an error the stream has lost its meaning.
    pub fn next<'f, 'i: 'f>(
        &'f mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Frame<'f>>, DecodeError> {
        if self.handed_out {
            self.partial.clear();
            self.handed_out = false;
        }
        if self.partial.is_empty() {
            let Some((header, rest)) = input.split_first_chunk::<HEADER_BYTES>() else {
                self.partial.extend_from_slice(input);
                *input = &[];
                return Ok(None);
            };
            let (number, length) = self.header(*header)?;
            let Some((body, rest)) = rest.split_at_checked(length) else {
                self.partial.reserve_exact(HEADER_BYTES + length);
                self.partial.extend_from_slice(input);
                *input = &[];
                return Ok(None);
            };
            *input = rest;
            return Ok(Some(Frame { number, body }));
        }
        self.take(HEADER_BYTES, input);
        let Some(header) = self.partial.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let (number, length) = self.header(*header)?;
        self.take(HEADER_BYTES + length, input);
        if self.partial.len() < HEADER_BYTES + length {
            return Ok(None);
        }
        self.handed_out = true;
        let body = self.partial.get(HEADER_BYTES..).unwrap_or_default();
        Ok(Some(Frame { number, body }))
    }

    /// Whether bytes of a message are kept that has not ended yet.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        !self.handed_out && !self.partial.is_empty()
    }

    /// Moves bytes from `input` until `partial` has `bytes`.
    fn take(&mut self, bytes: usize, input: &mut &[u8]) {
        let missing = bytes.saturating_sub(self.partial.len());
        let (taken, rest) = input.split_at(missing.min(input.len()));
        self.partial.extend_from_slice(taken);
        *input = rest;
    }

    /// Number of the message and length of its body.
    fn header(&self, header: [u8; HEADER_BYTES]) -> Result<(u32, usize), DecodeError> {
        let [a, b, c, d, number @ ..] = header;
        let number = u32::from_be_bytes(number);
        let bytes = u64::from(u32::from_be_bytes([a, b, c, d])) + HEADER_BYTES as u64;
        match usize::try_from(bytes) {
            Ok(whole) if whole <= self.bytes_max => Ok((number, whole - HEADER_BYTES)),
            _ => Err(DecodeError {
                message: number,
                field: "MessageLength",
                offset: 0,
                problem: Problem::Oversize { bytes, max: self.bytes_max },
            }),
        }
    }
}
