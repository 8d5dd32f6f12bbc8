//! A small bounded tree out of bytes that anybody may have sent.
//!
//! No document type, no entities beyond the five of XML itself, no more than named limits of bytes,
//! depth and nodes. White space between elements is dropped; text in an element without children is
//! kept as it stands.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{BYTES_MAX, Charset, DEPTH_MAX, DecodeError, NODES_MAX};

/// How much of a document is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) bytes_max: usize,
    pub(crate) depth_max: usize,
    /// Elements and attributes.
    pub(crate) nodes_max: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads an object of a phone.
pub(super) fn read(bytes: &[u8]) -> Result<Element, DecodeError> {
    let limits = Limits { bytes_max: BYTES_MAX, depth_max: DEPTH_MAX, nodes_max: NODES_MAX };
    read_within(bytes, limits)
}

/// Reads a document within those limits.
pub(crate) fn read_within(bytes: &[u8], limits: Limits) -> Result<Element, DecodeError> {
    if bytes.len() > limits.bytes_max {
        return Err(DecodeError::TooLarge { bytes: bytes.len() });
    }
    let text = text_of(bytes)?;
    let mut reader = Reader::from_str(&text);
    let (mut open, mut nodes_left): (Vec<Element>, _) = (Vec::new(), limits.nodes_max);
    let mut root = None;
    loop {
        match reader.read_event().map_err(|_| DecodeError::Malformed)? {
            Event::Start(start) => {
                let element = begin(&start, &mut nodes_left, &root)?;
                open.push(element);
                if open.len() > limits.depth_max {
                    return Err(DecodeError::TooDeep);
                }
            }
            Event::Empty(start) => {
                let element = begin(&start, &mut nodes_left, &root)?;
                end(element, &mut open, &mut root);
            }
            Event::End(_) => {
                let element = open.pop().ok_or(DecodeError::Malformed)?;
                end(element, &mut open, &mut root);
            }
            Event::Text(text) => add(&text.xml10_content(), &mut open)?,
            Event::CData(text) => add(&text.xml10_content(), &mut open)?,
            Event::GeneralRef(reference) => {
                let character = resolve(&reference)?;
                add(character.encode_utf8(&mut [0; 4]), &mut open)?;
            }
            Event::DocType(_) => return Err(DecodeError::DocumentType),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if !open.is_empty() {
        return Err(DecodeError::Malformed);
    }
    root.ok_or(DecodeError::Malformed)
}

/// Decodes by the declaration, else as UTF-8; what names no encoding and is no UTF-8 is Latin-1, as
/// phones with a Western locale send it.
fn text_of(bytes: &[u8]) -> Result<String, DecodeError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let latin1 = || bytes.iter().copied().map(char::from).collect();
    match declared(bytes) {
        Some(name) => match Charset::from_name(&name) {
            Some(Charset::Utf8) => {
                String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::Encoding)
            }
            Some(Charset::Latin1) => Ok(latin1()),
            None => Err(DecodeError::Encoding),
        },
        None => Ok(String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| latin1())),
    }
}

/// The `encoding` of a declaration, which is ASCII in both sets.
pub(crate) fn declared(bytes: &[u8]) -> Option<String> {
    const DECLARATION_BYTES_MAX: usize = 200;
    let window = bytes.get(..DECLARATION_BYTES_MAX.min(bytes.len()))?;
    let end = window.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(window.get(..end)?).ok()?;
    let (_, value) = declaration.strip_prefix("<?xml")?.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value.get(1..)?.split_once(quote).map(|(name, _)| name.to_owned())
}

fn begin(
    start: &BytesStart<'_>,
    nodes_left: &mut usize,
    root: &Option<Element>,
) -> Result<Element, DecodeError> {
    if root.is_some() {
        return Err(DecodeError::Malformed);
    }
    count(nodes_left)?;
    let name = start.name().as_ref().to_owned();
    let mut element = Element { name, ..Element::default() };
    for attribute in start.attributes() {
        count(nodes_left)?;
        let attribute = attribute.map_err(|_| DecodeError::Malformed)?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_| DecodeError::Malformed)?;
        element.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

fn count(nodes_left: &mut usize) -> Result<(), DecodeError> {
    *nodes_left = nodes_left.checked_sub(1).ok_or(DecodeError::TooManyNodes)?;
    Ok(())
}

fn end(mut element: Element, open: &mut [Element], root: &mut Option<Element>) {
    if !element.children.is_empty() {
        element.text.clear();
    }
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn add(text: &str, open: &mut [Element]) -> Result<(), DecodeError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(DecodeError::Malformed),
    }
    Ok(())
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, DecodeError> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(character),
        Ok(None) => match &**reference {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(DecodeError::Entity),
        },
        Err(_) => Err(DecodeError::Malformed),
    }
}
