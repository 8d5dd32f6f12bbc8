//! Reads a message by walking its layout over the bytes.

use std::ops::Range;

use super::error::{DecodeError, Problem};
use super::fields::{self, Field};
use super::framing::{Dialect, Frame, Framing};
use super::secret::Secret;
use super::walk::{Entry, Scalar, Text, Walk};

/// Hands out checked pieces of one body.
pub(super) struct Reader<'a> {
    framing: &'a Framing,
    message: u32,
    body: &'a [u8],
    at: usize,
    floats: Vec<Float<'a>>,
    /// The floating fields looked at: all of them, or those of one entry of a list.
    window: Range<usize>,
    is_floating: bool,
    ignored: u32,
}

struct Float<'a> {
    tag: u16,
    taken: bool,
    offset: usize,
    data: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(framing: &'a Framing, frame: Frame<'a>) -> Self {
        Self {
            framing,
            message: frame.number,
            body: frame.body,
            at: 0,
            floats: Vec::new(),
            window: 0..0,
            is_floating: false,
            ignored: 0,
        }
    }

    /// Checks what no field took, and tells how many fields that were.
    pub(super) fn finish(mut self) -> Result<u32, DecodeError> {
        self.floating()?;
        let left = self.floats.iter().filter(|float| !float.taken).count();
        Ok(self.ignored.saturating_add(u32::try_from(left).unwrap_or(u32::MAX)))
    }

    fn error(&self, field: &'static str, offset: usize, problem: Problem) -> DecodeError {
        DecodeError { message: self.message, field, offset, problem }
    }

    fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    fn number<T: Scalar>(&mut self, name: &'static str) -> Result<T, DecodeError> {
        debug_assert!(!self.is_floating, "{name} is asked for after the fixed part");
        let Some(bytes) = self.rest().get(..T::BYTES) else {
            return Err(self.error(name, self.at, Problem::Truncated));
        };
        self.at += T::BYTES;
        Ok(T::from_wire(big_endian(bytes)))
    }

    /// The floating field at the beginning of `rest`, and what follows it.
    fn split(&self, rest: &'a [u8]) -> Result<(u16, &'a [u8], &'a [u8]), Problem> {
        let width = self.framing.tag_width.bytes();
        let (tag, rest) = rest.split_at_checked(width).ok_or(Problem::Truncated)?;
        let (length, rest) = rest.split_at_checked(width).ok_or(Problem::Truncated)?;
        let length = usize::try_from(big_endian(length)).map_err(|_| Problem::Truncated)?;
        let (data, rest) = rest.split_at_checked(length).ok_or(Problem::Truncated)?;
        match u16::try_from(big_endian(tag)) {
            Ok(0) => Err(Problem::TagZero),
            Ok(tag) => Ok((tag, data, rest)),
            Err(_) => Err(Problem::Truncated),
        }
    }

    /// Whether `rest` is nothing but floating fields.
    fn is_floats(&self, mut rest: &'a [u8]) -> bool {
        while !rest.is_empty() {
            let Ok((_, _, after)) = self.split(rest) else { return false };
            rest = after;
        }
        true
    }

    fn take(&mut self, field: &Field) -> Option<(usize, &'a [u8])> {
        let floats = self.floats.get_mut(self.window.clone())?;
        let float = floats.iter_mut().find(|float| float.tag == field.tag && !float.taken)?;
        float.taken = true;
        Some((float.offset, float.data))
    }

    fn find(&self, field: &Field, from: usize) -> Option<usize> {
        let floats = self.floats.get(from..)?;
        floats.iter().position(|float| float.tag == field.tag).map(|at| from + at)
    }
}

impl Walk for Reader<'_> {
    type Error = DecodeError;

    fn framing(&self) -> &Framing {
        self.framing
    }

    fn fixed<T: Scalar>(&mut self, name: &'static str, value: &mut T) -> Result<(), DecodeError> {
        *value = self.number(name)?;
        Ok(())
    }

    fn count(&mut self, name: &'static str, _: usize, max: usize) -> Result<usize, DecodeError> {
        let offset = self.at;
        let announced = usize::from(self.number::<u16>(name)?);
        if announced > max {
            return Err(self.error(name, offset, Problem::TooMany { announced, max }));
        }
        Ok(announced)
    }

    fn fixed_or_missing<T: Scalar>(
        &mut self,
        name: &'static str,
        value: &mut T,
    ) -> Result<(), DecodeError> {
        let rest = self.rest();
        let with = rest.get(T::BYTES..).is_some_and(|after| self.is_floats(after));
        if with || !self.is_floats(rest) { self.fixed(name, value) } else { Ok(()) }
    }

    fn fixed_if_present<T: Scalar>(
        &mut self,
        name: &'static str,
        value: &mut Option<T>,
    ) -> Result<(), DecodeError> {
        if self.rest().len() >= T::BYTES {
            *value = Some(self.number(name)?);
        }
        Ok(())
    }

    fn failure_form(&mut self, _: bool) -> bool {
        let rest = self.rest();
        self.framing.dialect == Dialect::Enterprise
            && (rest.len() == 6
                || rest.len() > 6 && rest.get(..2).is_some_and(|code| code != [0, 0]))
    }

    fn floating(&mut self) -> Result<(), DecodeError> {
        if self.is_floating {
            return Ok(());
        }
        self.is_floating = true;
        let mut rest = self.rest();
        if !rest.is_empty() {
            self.floats.reserve(12);
        }
        while !rest.is_empty() {
            let offset = self.body.len() - rest.len();
            let (tag, data, after) =
                self.split(rest).map_err(|problem| self.error("floating part", offset, problem))?;
            self.floats.push(Float { tag, taken: false, offset, data });
            rest = after;
        }
        self.window = 0..self.floats.len();
        Ok(())
    }

    fn unknown_rest(&mut self) {
        self.ignored += u32::from(!self.rest().is_empty());
        self.at = self.body.len();
    }

    fn float<T: Scalar>(
        &mut self,
        field: &Field,
        value: &mut Option<T>,
    ) -> Result<(), DecodeError> {
        let Some((offset, data)) = self.take(field) else {
            *value = None;
            return Ok(());
        };
        // The length says how wide it is, and peers disagree about some widths.
        let number = big_endian(data);
        let fits = T::BYTES >= 4 || number >> (8 * T::BYTES) == 0;
        if !matches!(data.len(), 1 | 2 | 4) || !fits {
            return Err(self.error(field.name, offset, Problem::Width { bytes: data.len() }));
        }
        *value = Some(T::from_wire(number));
        Ok(())
    }

    fn text(&mut self, field: &Field, value: &mut Text) -> Result<(), DecodeError> {
        *value = self.take(field).map(|(_, data)| text(data));
        Ok(())
    }

    fn bytes(&mut self, field: &Field, value: &mut Option<Box<[u8]>>) -> Result<(), DecodeError> {
        *value = self.take(field).map(|(_, data)| data.into());
        Ok(())
    }

    fn secret(
        &mut self,
        field: &Field,
        _: bool,
        value: &mut Option<Secret>,
    ) -> Result<(), DecodeError> {
        // Some peers end an UNSPEC with a NUL, or send a single one for an empty password.
        *value = self.take(field).map(|(_, data)| Secret::new(text(data)));
        Ok(())
    }

    fn agent_id(&mut self, value: &mut Text) -> Result<(), DecodeError> {
        match self.framing.dialect {
            Dialect::Express => self.text(&fields::AGENT_ID_LONG_EXPRESS, value),
            Dialect::Enterprise => {
                let mut short = None;
                self.text(&fields::AGENT_ID, &mut short)?;
                self.text(&fields::AGENT_ID_LONG_ENTERPRISE, value)?;
                *value = value.take().or(short);
                Ok(())
            }
        }
    }

    fn named(
        &mut self,
        field: &Field,
        index: Option<&mut u8>,
        name: &mut Box<str>,
        value: &mut Box<str>,
    ) -> Result<(), DecodeError> {
        let Some((offset, mut data)) = self.take(field) else { return Ok(()) };
        let unnamed = self.error(field.name, offset, Problem::Unnamed);
        if let Some(index) = index {
            let Some((&first, rest)) = data.split_first() else { return Err(unnamed) };
            *index = first;
            data = rest;
        }
        let Some(end) = data.iter().position(|&byte| byte == 0).filter(|&end| end > 0) else {
            return Err(unnamed);
        };
        let (before, after) = data.split_at(end);
        *name = text(before);
        *value = text(after.get(1..).unwrap_or_default());
        Ok(())
    }

    fn float_count(&mut self, field: &Field, _: usize, max: usize) -> Result<usize, DecodeError> {
        let mut announced = None;
        let offset = self.find(field, 0).and_then(|at| self.floats.get(at)).map(|at| at.offset);
        self.float::<u16>(field, &mut announced)?;
        let announced = usize::from(announced.unwrap_or(0));
        if announced > max {
            let problem = Problem::TooMany { announced, max };
            return Err(self.error(field.name, offset.unwrap_or(0), problem));
        }
        Ok(announced)
    }

    fn list<T: Entry>(&mut self, count: usize, list: &mut Vec<T>) -> Result<(), DecodeError> {
        list.clear();
        let mut begin = self.find(T::LEAD, 0);
        while list.len() < count {
            let Some(at) = begin else {
                let problem = Problem::Missing { announced: count, present: list.len() };
                return Err(self.error(T::LEAD.name, self.body.len(), problem));
            };
            begin = self.find(T::LEAD, at + 1);
            self.window = at..begin.unwrap_or(self.floats.len());
            let mut entry = T::default();
            entry.walk(self)?;
            list.push(entry);
        }
        self.window = 0..self.floats.len();
        Ok(())
    }
}

/// At most the last four bytes count.
fn big_endian(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

/// Text up to its NUL: UTF-8 where it is, else Latin-1, which every sequence of bytes is.
fn text(data: &[u8]) -> Box<str> {
    let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let (data, _) = data.split_at(end);
    match str::from_utf8(data) {
        Ok(text) => text.into(),
        Err(_) => data.iter().map(|&byte| char::from(byte)).collect(),
    }
}
