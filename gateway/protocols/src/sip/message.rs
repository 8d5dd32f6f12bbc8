//! Messages: a start line, header fields in their order, a body.

use std::fmt;

use bytes::Bytes;

use super::{Method, Name, Status, Text};

/// A request or a response (RFC 3261, section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which of both, and what about.
    pub start: StartLine,
    /// Its header fields in their order.
    pub headers: Headers,
    /// Its body.
    pub body: Bytes,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartLine {
    /// Of a request.
    Request {
        /// What is asked.
        method: Method,
        /// Of whom; any scheme.
        uri: Text,
    },
    /// Of a response.
    Response {
        /// What became of it.
        status: Status,
        /// In words.
        reason: Text,
    },
}

/// The value of a header field: no CR, LF or NUL, no blanks around it. Values can only be had by reading a
/// message or by [`Value::new`], so none breaks out of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(Text);

/// A text that cannot stand in a header field: it has a control character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has a control character")]
pub struct Unwritable;

impl Value {
    /// That text as a value; it may have no control characters but tabs.
    pub fn new(text: impl Into<Text>) -> Result<Self, Unwritable> {
        let text = text.into();
        let bad = |byte: u8| (byte < 0x20 && byte != b'\t') || byte == 0x7F;
        if text.bytes().any(bad) { Err(Unwritable) } else { Ok(Self(text)) }
    }

    /// A text that was looked through for control characters already.
    pub(super) fn checked(text: Text) -> Self {
        Self(text)
    }

    /// A value of digits.
    pub fn number(number: u64) -> Self {
        Self(number.to_string().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, sharing its bytes.
    pub fn text(&self) -> &Text {
        &self.0
    }
}

/// One header field. It prints without its value where that is a proof of who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: Name,
    /// Its value, unfolded; lists are not taken apart.
    pub value: Value,
}

impl fmt::Debug for Header {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_proof = self.name == Name::AUTHORIZATION || self.name == Name::PROXY_AUTHORIZATION;
        let value = if is_proof { "..." } else { self.value.as_str() };
        write!(formatter, "{}: {value:?}", self.name.as_str())
    }
}

/// A field that may stand once is there more than once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is there more than once", .0.as_str())]
pub struct Repeated(pub Name);

/// Header fields in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// No fields, with room for some.
    pub fn with_room(fields: usize) -> Self {
        Self(Vec::with_capacity(fields))
    }

    /// The value of the first field of that name.
    pub fn get(&self, name: &Name) -> Option<&Value> {
        self.all(name).next()
    }

    /// The values of all fields of that name, in their order.
    pub fn all(&self, name: &Name) -> impl Iterator<Item = &Value> + use<'_> {
        let name = name.clone();
        self.0.iter().filter(move |header| header.name == name).map(|header| &header.value)
    }

    /// The value of the only field of that name.
    pub fn single(&self, name: &Name) -> Result<Option<&Value>, Repeated> {
        let mut all = self.all(name);
        let first = all.next();
        if all.next().is_some() { Err(Repeated(name.clone())) } else { Ok(first) }
    }

    /// Whether there is a field of that name.
    pub fn has(&self, name: &Name) -> bool {
        self.get(name).is_some()
    }

    /// Adds a field after the others.
    pub fn push(&mut self, name: Name, value: Value) {
        self.0.push(Header { name, value });
    }

    /// Adds a field after the others.
    pub(super) fn add(&mut self, header: Header) {
        self.0.push(header);
    }

    /// Puts `value` in the place of the first field of that name, and leaves others of it.
    pub fn replace_first(&mut self, name: &Name, value: Value) {
        if let Some(header) = self.0.iter_mut().find(|header| header.name == *name) {
            header.value = value;
        }
    }

    /// Puts `value` in the place of the first field of that name and removes others of it.
    pub fn set(&mut self, name: Name, value: Value) {
        let Some(at) = self.0.iter().position(|header| header.name == name) else {
            return self.push(name, value);
        };
        let mut kept = false;
        self.0.retain(|header| header.name != name || !std::mem::replace(&mut kept, true));
        if let Some(header) = self.0.get_mut(at) {
            header.value = value;
        }
    }

    /// Removes all fields of that name.
    pub fn remove(&mut self, name: &Name) {
        self.0.retain(|header| header.name != *name);
    }

    /// All fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Header> {
        self.0.iter()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Message {
    /// The method, where it is a request.
    pub fn method(&self) -> Option<&Method> {
        match &self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// The status, where it is a response.
    pub fn status(&self) -> Option<Status> {
        match &self.start {
            StartLine::Request { .. } => None,
            StartLine::Response { status, .. } => Some(*status),
        }
    }
}
