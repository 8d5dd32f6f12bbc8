//! The part of the Basic Encoding Rules that LDAP uses: short tags, definite lengths.

use super::DecodeError;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const ENUMERATED: u8 = 0x0A;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// Writes elements one after the other.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn element(&mut self, tag: u8, content: &[u8]) {
        self.bytes.push(tag);
        let length = content.len();
        let long = length.to_be_bytes();
        let start = long.iter().position(|byte| *byte != 0).unwrap_or(long.len());
        match u8::try_from(length) {
            Ok(short) if short < 0x80 => self.bytes.push(short),
            _ => {
                let significant = long.get(start..).unwrap_or_default();
                self.bytes.push(0x80 | u8::try_from(significant.len()).unwrap_or(0));
                self.bytes.extend_from_slice(significant);
            }
        }
        self.bytes.extend_from_slice(content);
    }

    /// An element whose content `write` writes.
    pub(super) fn constructed(&mut self, tag: u8, write: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        write(&mut inner);
        self.element(tag, &inner.bytes);
    }

    pub(super) fn number(&mut self, tag: u8, number: u32) {
        let bytes = u64::from(number).to_be_bytes();
        // One leading zero stays where the number would else be negative.
        let start = (0..bytes.len() - 1).find(|start| {
            let [first, second] = [bytes.get(*start), bytes.get(start + 1)];
            first != Some(&0) || second.is_some_and(|second| second & 0x80 != 0)
        });
        self.element(tag, bytes.get(start.unwrap_or(bytes.len() - 1)..).unwrap_or_default());
    }

    pub(super) fn octets(&mut self, content: &[u8]) {
        self.element(OCTETS, content);
    }

    pub(super) fn boolean(&mut self, is_so: bool) {
        self.element(BOOLEAN, &[if is_so { 0xFF } else { 0 }]);
    }
}

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag that comes next.
    pub(super) fn tag(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is.
    pub(super) fn any(&mut self) -> Result<(u8, &'a [u8]), DecodeError> {
        let (tag, header, length) = header(self.rest)?.ok_or(DecodeError::Malformed)?;
        let content = self.rest.get(header..).and_then(|rest| rest.get(..length));
        let content = content.ok_or(DecodeError::Malformed)?;
        self.rest = self.rest.get(header + length..).unwrap_or_default();
        Ok((tag, content))
    }

    /// The content of the next element, which must have that tag.
    pub(super) fn element(&mut self, tag: u8) -> Result<&'a [u8], DecodeError> {
        match self.any()? {
            (found, content) if found == tag => Ok(content),
            _ => Err(DecodeError::Malformed),
        }
    }

    /// The content of the next element, where it has that tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, DecodeError> {
        if self.tag() == Some(tag) { self.element(tag).map(Some) } else { Ok(None) }
    }

    pub(super) fn inner(&mut self, tag: u8) -> Result<Self, DecodeError> {
        self.element(tag).map(Self::new)
    }

    pub(super) fn octets(&mut self) -> Result<&'a [u8], DecodeError> {
        self.element(OCTETS)
    }

    /// A text; what is no UTF-8 in it is replaced, since people only read it.
    pub(super) fn text(&mut self) -> Result<String, DecodeError> {
        Ok(String::from_utf8_lossy(self.octets()?).into_owned())
    }

    pub(super) fn number(&mut self, tag: u8) -> Result<u32, DecodeError> {
        number(self.element(tag)?)
    }
}

pub(super) fn number(content: &[u8]) -> Result<u32, DecodeError> {
    let negative = content.first().is_none_or(|first| first & 0x80 != 0);
    if negative || content.len() > 5 {
        return Err(DecodeError::Malformed);
    }
    let value = content.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    u32::try_from(value).map_err(|_| DecodeError::Malformed)
}

/// Tag, length of the header and length of the content; `None` where the header is not whole yet.
pub(super) fn header(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, DecodeError> {
    let Some((tag, rest)) = bytes.split_first() else { return Ok(None) };
    if tag & 0x1F == 0x1F {
        return Err(DecodeError::Malformed);
    }
    let Some((first, rest)) = rest.split_first() else { return Ok(None) };
    if *first < 0x80 {
        return Ok(Some((*tag, 2, usize::from(*first))));
    }
    let count = usize::from(first & 0x7F);
    // No length at all is the indefinite form, which LDAP forbids.
    if !(1..=4).contains(&count) {
        return Err(DecodeError::Malformed);
    }
    let Some(length) = rest.get(..count) else { return Ok(None) };
    let length = length.iter().fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
    Ok(Some((*tag, 2 + count, length)))
}
