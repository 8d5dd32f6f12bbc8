//! Our elements into a device file, byte ranges alone.

use std::ops::Range;

use bytes::Bytes;
use quick_xml::escape::escape;

use super::{DeviceFile, DeviceFileError, Element, Place, ROOT, VALUE_CHARACTERS_MAX};

/// What stands before an element of ours that gets a line of its own.
const INDENT: &str = "  ";

/// Bytes that give way to others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) bytes: String,
}

/// Whether that can be the text of an element: what every character set and every phone has.
pub fn is_writable(value: &str) -> bool {
    value.len() <= VALUE_CHARACTERS_MAX && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// An element as it stands in a file, ready to paste.
pub fn line(name: &str, value: &str) -> String {
    format!("<{name}>{}</{name}>", escape(value))
}

impl DeviceFile {
    /// The file as it was read.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The file with `ours` in it; all other bytes are what they were.
    pub fn merge(&self, ours: &[Element]) -> Result<Vec<u8>, DeviceFileError> {
        let edits = self.edits(ours)?;
        let added: usize = edits.iter().map(|edit| edit.bytes.len()).sum();
        let mut merged = Vec::with_capacity(self.bytes.len().saturating_add(added));
        let mut copied = 0;
        for Edit { range, bytes } in edits {
            merged.extend_from_slice(self.bytes.get(copied..range.start).unwrap_or_default());
            merged.extend_from_slice(bytes.as_bytes());
            copied = range.end;
        }
        merged.extend_from_slice(self.bytes.get(copied..).unwrap_or_default());
        Ok(merged)
    }

    /// What gives way to what, in the file's order and apart from each other.
    pub(super) fn edits(&self, ours: &[Element]) -> Result<Vec<Edit>, DeviceFileError> {
        let mut edits = Vec::new();
        let mut inserted = String::new();
        let line_end = self.line_end();
        for (position, (name, value)) in ours.iter().enumerate() {
            if !is_writable(value) {
                return Err(DeviceFileError::Unwritable { name });
            }
            if ours.iter().take(position).any(|(other, _)| other == name) {
                return Err(DeviceFileError::Twice { name });
            }
            let bytes = line(name, value);
            match self.place(name)? {
                Some(place) => edits.push(Edit { range: place.range.clone(), bytes }),
                None if line_end.is_empty() => inserted.push_str(&bytes),
                None => {
                    for piece in [INDENT, &bytes, line_end] {
                        inserted.push_str(piece);
                    }
                }
            }
        }
        edits.sort_by_key(|edit| edit.range.start);
        if !inserted.is_empty() {
            edits.push(match self.is_empty {
                true => Edit { range: self.end.clone(), bytes: format!(">{inserted}</{ROOT}>") },
                false => Edit { range: self.end.start..self.end.start, bytes: inserted },
            });
        }
        Ok(edits)
    }

    /// The one place of that name: directly below the root, else wherever it is.
    fn place(&self, name: &'static str) -> Result<Option<&Place>, DeviceFileError> {
        let named = || self.elements.iter().filter(|place| place.name == name);
        match one(name, named().filter(|place| place.depth == 1))? {
            Some(place) => Ok(Some(place)),
            None => one(name, named()),
        }
    }

    /// How lines end before the root's end tag; nothing where it does not begin a line.
    fn line_end(&self) -> &'static str {
        let before = self.bytes.get(..self.end.start).unwrap_or_default();
        match (self.is_empty, before) {
            (true, _) => "",
            (_, [.., b'\r', b'\n']) => "\r\n",
            (_, [.., b'\n']) => "\n",
            _ => "",
        }
    }
}

/// The only one of those places, where it can be exchanged.
fn one<'p>(
    name: &'static str,
    mut places: impl Iterator<Item = &'p Place>,
) -> Result<Option<&'p Place>, DeviceFileError> {
    match (places.next(), places.next()) {
        (None, _) => Ok(None),
        (Some(place), None) if place.is_plain => Ok(Some(place)),
        (Some(_), None) => Err(DeviceFileError::NotPlain { name }),
        (Some(_), Some(_)) => Err(DeviceFileError::Twice { name }),
    }
}
