//! Where the elements of a device file stand, out of bytes that anybody may have put into the folder.
//!
//! Both character sets are read as bytes of which those that mean something to XML are ASCII; all others
//! are masked by a letter first, so that every position is one of the file's own.

use bytes::Bytes;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{BYTES_MAX, DEPTH_MAX, DeviceFile, DeviceFileError, NODES_MAX, Place, ROOT};
use crate::phone_xml::{Charset, tree};

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// An element that was begun.
struct Open {
    name: String,
    start: usize,
    has_elements: bool,
}

/// What was seen so far.
struct Seen {
    open: Vec<Open>,
    elements: Vec<Place>,
    /// Where the root ended, and whether it had an end tag.
    root: Option<(std::ops::Range<usize>, bool)>,
    nodes_left: usize,
}

impl DeviceFile {
    /// Reads a file; it is refused where anything in it is not as it has to be.
    pub fn read(bytes: Bytes) -> Result<Self, DeviceFileError> {
        if bytes.len() > BYTES_MAX {
            return Err(DeviceFileError::TooLarge { bytes: bytes.len() });
        }
        let body = bytes.strip_prefix(MARK).unwrap_or(&bytes);
        let before = bytes.len() - body.len();
        check_encoding(body, before > 0)?;
        let masked = masked(body)
            .map_err(|byte| DeviceFileError::Malformed { byte: before.saturating_add(byte) })?;
        let mut reader = Reader::from_str(&masked);
        reader.config_mut().check_comments = true;
        let mut seen =
            Seen { open: Vec::new(), elements: Vec::new(), root: None, nodes_left: NODES_MAX };
        loop {
            let at = |reader: &Reader<_>| position(reader.buffer_position(), before);
            let start = at(&reader);
            let event = reader.read_event();
            let end = at(&reader);
            let Ok(event) = event else {
                return Err(DeviceFileError::Malformed { byte: end });
            };
            let is_last = matches!(event, Event::Eof);
            let first = start == before;
            seen.take(event, start..end, first).map_err(|wrong| wrong.at(start))?;
            if is_last {
                break;
            }
        }
        match seen.root {
            Some((end, is_empty)) if seen.open.is_empty() => {
                Ok(Self { bytes, elements: seen.elements, end, is_empty })
            }
            _ => Err(DeviceFileError::Malformed { byte: bytes.len() }),
        }
    }
}

/// What is wrong, before it is known where.
enum Wrong {
    Malformed,
    Named(DeviceFileError),
}

impl Wrong {
    fn at(self, byte: usize) -> DeviceFileError {
        match self {
            Self::Malformed => DeviceFileError::Malformed { byte },
            Self::Named(error) => error,
        }
    }
}

impl Seen {
    fn take(
        &mut self,
        event: Event<'_>,
        range: std::ops::Range<usize>,
        first: bool,
    ) -> Result<(), Wrong> {
        match event {
            Event::Start(start) => {
                let name = self.begin(&start)?;
                self.open.push(Open { name, start: range.start, has_elements: false });
                if self.open.len() > DEPTH_MAX {
                    return Err(Wrong::Named(DeviceFileError::TooDeep));
                }
            }
            Event::Empty(start) => {
                let name = self.begin(&start)?;
                match self.open.len() {
                    0 => self.root = Some((range.end.saturating_sub(2)..range.end, true)),
                    depth => self.elements.push(Place { name, range, depth, is_plain: true }),
                }
            }
            Event::End(_) => {
                let Open { name, start, has_elements } = self.open.pop().ok_or(Wrong::Malformed)?;
                match self.open.len() {
                    0 => self.root = Some((range, false)),
                    depth => {
                        let is_plain = !has_elements;
                        let range = start..range.end;
                        self.elements.push(Place { name, range, depth, is_plain });
                    }
                }
            }
            Event::Text(text) if self.open.is_empty() => {
                if !text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
                    return Err(Wrong::Malformed);
                }
            }
            // `]]>` ends what was never begun.
            Event::Text(text) if text.contains("]]>") => return Err(Wrong::Malformed),
            Event::CData(_) | Event::GeneralRef(_) if self.open.is_empty() => {
                return Err(Wrong::Malformed);
            }
            Event::GeneralRef(reference) => resolve(&reference)?,
            Event::DocType(_) => return Err(Wrong::Named(DeviceFileError::DocumentType)),
            Event::Decl(_) if !first => return Err(Wrong::Malformed),
            Event::Text(_)
            | Event::CData(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::Comment(_)
            | Event::Eof => {}
        }
        Ok(())
    }

    /// The name of an element that begins.
    fn begin(&mut self, start: &BytesStart<'_>) -> Result<String, Wrong> {
        self.count()?;
        for attribute in start.attributes() {
            self.count()?;
            let attribute = attribute.map_err(|_| Wrong::Malformed)?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            if value.is_err() || attribute.value.contains('<') {
                return Err(Wrong::Malformed);
            }
        }
        let name = start.name().as_ref().to_owned();
        match self.open.last_mut() {
            Some(parent) => parent.has_elements = true,
            None if self.root.is_some() => return Err(Wrong::Malformed),
            None if name != ROOT => return Err(Wrong::Named(DeviceFileError::NotADevice)),
            None => {}
        }
        Ok(name)
    }

    fn count(&mut self) -> Result<(), Wrong> {
        let left = self.nodes_left.checked_sub(1);
        self.nodes_left = left.ok_or(Wrong::Named(DeviceFileError::TooManyNodes))?;
        Ok(())
    }
}

/// Whether an entity is one of XML's own, or a number.
fn resolve(reference: &BytesRef<'_>) -> Result<(), Wrong> {
    match reference.resolve_char_ref() {
        Ok(Some(_)) => Ok(()),
        Ok(None) if matches!(&**reference, "amp" | "lt" | "gt" | "quot" | "apos") => Ok(()),
        Ok(None) => Err(Wrong::Named(DeviceFileError::Entity)),
        Err(_) => Err(Wrong::Malformed),
    }
}

fn position(byte: u64, before: usize) -> usize {
    usize::try_from(byte).unwrap_or(usize::MAX).saturating_add(before)
}

/// Goes by the declaration, else takes UTF-8 or, where it is none, Latin-1, as phones with a Western
/// locale do. A byte order mark stands for UTF-8.
fn check_encoding(body: &[u8], marked: bool) -> Result<(), DeviceFileError> {
    let charset = match tree::declared(body) {
        Some(name) => Charset::from_name(&name).ok_or(DeviceFileError::Encoding)?,
        None if marked => Charset::Utf8,
        // UTF-16, which has a byte order mark of its own.
        None if body.starts_with(b"\xFF\xFE") || body.starts_with(b"\xFE\xFF") => {
            return Err(DeviceFileError::Encoding);
        }
        None => Charset::Latin1,
    };
    let is_utf8 = || std::str::from_utf8(body).is_ok();
    match charset {
        Charset::Utf8 if !is_utf8() => Err(DeviceFileError::Encoding),
        Charset::Latin1 if marked => Err(DeviceFileError::Encoding),
        _ => Ok(()),
    }
}

/// The bytes with a letter for each that is not ASCII; or where a control character stands, which XML
/// does not have.
fn masked(body: &[u8]) -> Result<String, usize> {
    let mut masked = String::with_capacity(body.len());
    for (position, byte) in body.iter().enumerate() {
        match byte {
            b'\t' | b'\n' | b'\r' | b' '..=b'~' => masked.push(char::from(*byte)),
            0x80.. => masked.push('x'),
            _ => return Err(position),
        }
    }
    Ok(masked)
}
