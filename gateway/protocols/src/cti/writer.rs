//! Writes a message by walking its layout.

use super::error::EncodeError;
use super::fields::{self, Field};
use super::framing::{Dialect, Framing, TagWidth};
use super::secret::Secret;
use super::walk::{Entry, Scalar, Text, Walk};
use super::{
    HEADER_BYTES, MESSAGE_BYTES_MAX, NAME_BYTES_MAX, NAMED_BYTES_MAX, NAMED_VALUE_BYTES_MAX,
};

/// Appends one message to a buffer.
pub(super) struct Writer<'a> {
    framing: &'a Framing,
    out: &'a mut Vec<u8>,
    begin: usize,
    /// Bytes of named variables and arrays so far.
    named: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(framing: &'a Framing, number: u32, out: &'a mut Vec<u8>) -> Self {
        let begin = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&number.to_be_bytes());
        Self { framing, out, begin, named: 0 }
    }

    /// Puts the length into the header.
    pub(super) fn finish(self) -> Result<(), EncodeError> {
        let bytes = self.out.len() - self.begin;
        let too_long = EncodeError::TooLong { field: "message", bytes, max: MESSAGE_BYTES_MAX };
        if bytes > MESSAGE_BYTES_MAX {
            return Err(too_long);
        }
        let Ok(length) = u32::try_from(bytes - HEADER_BYTES) else { return Err(too_long) };
        if let Some(header) = self.out.get_mut(self.begin..self.begin + 4) {
            header.copy_from_slice(&length.to_be_bytes());
        }
        Ok(())
    }

    fn number(&mut self, number: u32, bytes: usize) {
        let all = number.to_be_bytes();
        self.out.extend_from_slice(all.get(4 - bytes..).unwrap_or_default());
    }

    /// Writes tag and length of a field of `bytes`.
    fn begin(&mut self, field: &Field, bytes: usize) -> Result<(), EncodeError> {
        let since = match self.framing.dialect {
            Dialect::Enterprise => field.since,
            Dialect::Express => field.since_express,
        };
        if !self.framing.since(since) {
            let version = self.framing.version.number();
            return Err(EncodeError::FieldTooNew { field: field.name, since, version });
        }
        let wire = match self.framing.tag_width {
            TagWidth::One => usize::from(u8::MAX),
            TagWidth::Two => MESSAGE_BYTES_MAX,
        };
        if usize::from(field.tag) > wire {
            return Err(EncodeError::Tag { field: field.name, tag: field.tag });
        }
        let max = if field.bytes_max == 0 { wire } else { field.bytes_max.min(wire) };
        let Some(length) = u32::try_from(bytes).ok().filter(|_| bytes <= max) else {
            return Err(EncodeError::TooLong { field: field.name, bytes, max });
        };
        let width = self.framing.tag_width.bytes();
        self.number(u32::from(field.tag), width);
        self.number(length, width);
        Ok(())
    }

    fn terminated(&mut self, field: &Field, text: &str) -> Result<(), EncodeError> {
        if text.contains('\0') {
            return Err(EncodeError::Nul { field: field.name });
        }
        self.begin(field, text.len() + 1)?;
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(0);
        Ok(())
    }
}

impl Walk for Writer<'_> {
    type Error = EncodeError;

    fn framing(&self) -> &Framing {
        self.framing
    }

    fn fixed<T: Scalar>(&mut self, name: &'static str, value: &mut T) -> Result<(), EncodeError> {
        let value = value.to_wire();
        if T::BYTES < 4 && value >> (8 * T::BYTES) != 0 {
            return Err(EncodeError::TooLarge { field: name, value });
        }
        self.number(value, T::BYTES);
        Ok(())
    }

    fn count(
        &mut self,
        name: &'static str,
        entries: usize,
        max: usize,
    ) -> Result<usize, EncodeError> {
        match u16::try_from(entries) {
            Ok(count) if entries <= max => {
                self.number(u32::from(count), 2);
                Ok(entries)
            }
            _ => Err(EncodeError::TooMany { field: name, entries, max }),
        }
    }

    fn fixed_or_missing<T: Scalar>(
        &mut self,
        name: &'static str,
        value: &mut T,
    ) -> Result<(), EncodeError> {
        self.fixed(name, value)
    }

    fn fixed_if_present<T: Scalar>(
        &mut self,
        name: &'static str,
        value: &mut Option<T>,
    ) -> Result<(), EncodeError> {
        value.as_mut().map_or(Ok(()), |value| self.fixed(name, value))
    }

    fn failure_form(&mut self, with_peripheral_error: bool) -> bool {
        with_peripheral_error
    }

    fn floating(&mut self) -> Result<(), EncodeError> {
        Ok(())
    }

    fn unknown_rest(&mut self) {}

    fn float<T: Scalar>(
        &mut self,
        field: &Field,
        value: &mut Option<T>,
    ) -> Result<(), EncodeError> {
        let Some(value) = value else { return Ok(()) };
        self.begin(field, T::BYTES)?;
        self.fixed(field.name, value)
    }

    fn text(&mut self, field: &Field, value: &mut Text) -> Result<(), EncodeError> {
        value.as_deref().map_or(Ok(()), |text| self.terminated(field, text))
    }

    fn bytes(&mut self, field: &Field, value: &mut Option<Box<[u8]>>) -> Result<(), EncodeError> {
        let Some(bytes) = value else { return Ok(()) };
        self.begin(field, bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn secret(
        &mut self,
        field: &Field,
        terminated: bool,
        value: &mut Option<Secret>,
    ) -> Result<(), EncodeError> {
        let Some(secret) = value else { return Ok(()) };
        let text = secret.expose();
        if terminated || text.contains('\0') {
            return self.terminated(field, text);
        }
        self.begin(field, text.len())?;
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn agent_id(&mut self, value: &mut Text) -> Result<(), EncodeError> {
        let field = match self.framing.dialect {
            Dialect::Express => &fields::AGENT_ID_LONG_EXPRESS,
            Dialect::Enterprise => match value.as_deref() {
                Some(id) if id.len() >= fields::AGENT_ID.bytes_max => {
                    &fields::AGENT_ID_LONG_ENTERPRISE
                }
                _ => &fields::AGENT_ID,
            },
        };
        self.text(field, value)
    }

    fn named(
        &mut self,
        field: &Field,
        index: Option<&mut u8>,
        name: &mut Box<str>,
        value: &mut Box<str>,
    ) -> Result<(), EncodeError> {
        if name.is_empty() {
            return Err(EncodeError::Unnamed { field: field.name });
        }
        for (text, max) in [(&*name, NAME_BYTES_MAX), (&*value, NAMED_VALUE_BYTES_MAX)] {
            if text.contains('\0') {
                return Err(EncodeError::Nul { field: field.name });
            }
            let bytes = text.len() + 1;
            if bytes > max {
                return Err(EncodeError::TooLong { field: field.name, bytes, max });
            }
        }
        let bytes = usize::from(index.is_some()) + name.len() + value.len() + 2;
        self.named += bytes;
        if self.named > NAMED_BYTES_MAX {
            let (bytes, max) = (self.named, NAMED_BYTES_MAX);
            return Err(EncodeError::TooLong { field: "named variables and arrays", bytes, max });
        }
        self.begin(field, bytes)?;
        if let Some(index) = index {
            self.out.push(*index);
        }
        for text in [name, value] {
            self.out.extend_from_slice(text.as_bytes());
            self.out.push(0);
        }
        Ok(())
    }

    fn float_count(
        &mut self,
        field: &Field,
        entries: usize,
        max: usize,
    ) -> Result<usize, EncodeError> {
        match u16::try_from(entries) {
            Ok(0) => Ok(0),
            Ok(count) if entries <= max => {
                self.float(field, &mut Some(count))?;
                Ok(entries)
            }
            _ => Err(EncodeError::TooMany { field: field.name, entries, max }),
        }
    }

    fn list<T: Entry>(&mut self, _: usize, list: &mut Vec<T>) -> Result<(), EncodeError> {
        list.iter_mut().try_for_each(|entry| entry.walk(self))
    }
}
