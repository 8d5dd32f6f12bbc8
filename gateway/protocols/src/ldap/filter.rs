//! Search filters as people write them (RFC 4515), with places such as `{user}` that values fill.

use super::FilterError;
use super::ber::{SEQUENCE, Writer};

/// The most bytes of a filter's text.
pub const FILTER_BYTES_MAX: usize = 4_096;
/// How deep a filter may be nested.
pub const FILTER_DEPTH_MAX: usize = 16;

/// A filter, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(Node);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    /// Equal, at least, at most or about; by its tag.
    Compare(u8, String, Value),
    Substrings(String, Vec<Value>),
    Present(String),
    Matches {
        attribute: String,
        rule: String,
        value: Value,
        with_name: bool,
    },
}

/// What is compared with: pieces of text, and names of places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Value(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    Place(String),
}

const EQUAL: u8 = 0xA3;
const AT_LEAST: u8 = 0xA5;
const AT_MOST: u8 = 0xA6;
const ABOUT: u8 = 0xA8;

impl Filter {
    /// Parses a filter in which the named places may stand wherever a value does.
    pub fn parse(text: &str, places: &[&str]) -> Result<Self, FilterError> {
        if text.len() > FILTER_BYTES_MAX {
            return Err(FilterError::TooLong);
        }
        let mut parser = Parser { text, at: 0, places };
        let node = parser.node(0)?;
        if parser.at < text.len() {
            return Err(parser.lacks("its end"));
        }
        Ok(Self(node))
    }

    /// Whether a place of that name stands in it.
    pub fn has_place(&self, name: &str) -> bool {
        self.0.has_place(name)
    }

    /// What stands in it but is filled with nothing is empty, which matches nothing.
    pub(super) fn write(&self, writer: &mut Writer, filled: &[(&str, &[u8])]) {
        self.0.write(writer, filled);
    }
}

impl Node {
    fn has_place(&self, name: &str) -> bool {
        match self {
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(|node| node.has_place(name)),
            Self::Not(node) => node.has_place(name),
            Self::Compare(_, _, value) | Self::Matches { value, .. } => value.has_place(name),
            Self::Substrings(_, values) => values.iter().any(|value| value.has_place(name)),
            Self::Present(_) => false,
        }
    }

    fn write(&self, writer: &mut Writer, filled: &[(&str, &[u8])]) {
        match self {
            Self::And(nodes) => writer.constructed(0xA0, |inner| {
                nodes.iter().for_each(|node| node.write(inner, filled));
            }),
            Self::Or(nodes) => writer.constructed(0xA1, |inner| {
                nodes.iter().for_each(|node| node.write(inner, filled));
            }),
            Self::Not(node) => writer.constructed(0xA2, |inner| node.write(inner, filled)),
            Self::Compare(tag, attribute, value) => writer.constructed(*tag, |inner| {
                inner.octets(attribute.as_bytes());
                inner.octets(&value.filled(filled));
            }),
            Self::Substrings(attribute, values) => writer.constructed(0xA4, |inner| {
                inner.octets(attribute.as_bytes());
                inner.constructed(SEQUENCE, |inner| {
                    let last = values.len().saturating_sub(1);
                    for (position, value) in values.iter().enumerate() {
                        let value = value.filled(filled);
                        let tag = if position == 0 {
                            0x80
                        } else if position == last {
                            0x82
                        } else {
                            0x81
                        };
                        if !value.is_empty() {
                            inner.element(tag, &value);
                        }
                    }
                });
            }),
            Self::Present(attribute) => writer.element(0x87, attribute.as_bytes()),
            Self::Matches { attribute, rule, value, with_name } => {
                writer.constructed(0xA9, |inner| {
                    if !rule.is_empty() {
                        inner.element(0x81, rule.as_bytes());
                    }
                    if !attribute.is_empty() {
                        inner.element(0x82, attribute.as_bytes());
                    }
                    inner.element(0x83, &value.filled(filled));
                    if *with_name {
                        inner.element(0x84, &[0xFF]);
                    }
                });
            }
        }
    }
}

impl Value {
    fn has_place(&self, name: &str) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Place(place) if place == name))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, byte: u8) {
        match self.0.last_mut() {
            Some(Piece::Bytes(bytes)) => bytes.push(byte),
            _ => self.0.push(Piece::Bytes(vec![byte])),
        }
    }

    fn filled(&self, filled: &[(&str, &[u8])]) -> Vec<u8> {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => bytes.as_slice(),
            Piece::Place(name) => {
                let found = filled.iter().find(|(filled, _)| filled == name);
                found.map(|(_, value)| *value).unwrap_or_default()
            }
        });
        pieces.collect::<Vec<_>>().concat()
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    places: &'a [&'a str],
}

impl Parser<'_> {
    fn lacks(&self, what: &'static str) -> FilterError {
        FilterError::Lacks { what, at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn blanks(&mut self) {
        while self.takes(b' ') {}
    }

    fn node(&mut self, depth: usize) -> Result<Node, FilterError> {
        if depth >= FILTER_DEPTH_MAX {
            return Err(FilterError::TooDeep);
        }
        self.blanks();
        if !self.takes(b'(') {
            return Err(self.lacks("("));
        }
        self.blanks();
        let node = match self.peek() {
            Some(b'&') => Node::And(self.nodes(depth)?),
            Some(b'|') => Node::Or(self.nodes(depth)?),
            Some(b'!') => {
                self.at += 1;
                Node::Not(Box::new(self.node(depth + 1)?))
            }
            _ => self.item()?,
        };
        if !self.takes(b')') {
            return Err(self.lacks(")"));
        }
        self.blanks();
        Ok(node)
    }

    fn nodes(&mut self, depth: usize) -> Result<Vec<Node>, FilterError> {
        self.at += 1;
        let mut nodes = Vec::new();
        self.blanks();
        while self.peek() == Some(b'(') {
            nodes.push(self.node(depth + 1)?);
        }
        Ok(nodes)
    }

    fn item(&mut self) -> Result<Node, FilterError> {
        let attribute = self.description();
        match self.next() {
            Some(b'=') if !attribute.is_empty() => self.equality(attribute),
            Some(sign @ (b'>' | b'<' | b'~')) if !attribute.is_empty() => {
                let tag = match sign {
                    b'>' => AT_LEAST,
                    b'<' => AT_MOST,
                    _ => ABOUT,
                };
                if !self.takes(b'=') {
                    return Err(self.lacks("="));
                }
                let value = self.values()?;
                Ok(Node::Compare(tag, attribute, one(value).ok_or_else(|| self.lacks("a value"))?))
            }
            Some(b':') => self.matches(attribute),
            _ => Err(self.lacks("the name of an attribute and a comparison")),
        }
    }

    fn equality(&mut self, attribute: String) -> Result<Node, FilterError> {
        let values = self.values()?;
        let only_star = values.len() == 2 && values.iter().all(Value::is_empty);
        if only_star {
            return Ok(Node::Present(attribute));
        }
        if values.len() == 1 {
            let value = one(values).unwrap_or_default();
            return Ok(Node::Compare(EQUAL, attribute, value));
        }
        Ok(Node::Substrings(attribute, values))
    }

    /// `attribute:dn:rule:=value`, each part but the value optional.
    fn matches(&mut self, attribute: String) -> Result<Node, FilterError> {
        let (mut with_name, mut rule) = (false, String::new());
        loop {
            if self.takes(b'=') {
                break;
            }
            let part = self.description();
            if part.eq_ignore_ascii_case("dn") && !with_name {
                with_name = true;
            } else if rule.is_empty() && !part.is_empty() {
                rule = part;
            } else {
                return Err(self.lacks("a matching rule and :="));
            }
            if !self.takes(b':') {
                return Err(self.lacks(":="));
            }
        }
        if attribute.is_empty() && rule.is_empty() {
            return Err(self.lacks("the name of an attribute"));
        }
        let value = one(self.values()?).ok_or_else(|| self.lacks("a value without *"))?;
        Ok(Node::Matches { attribute, rule, value, with_name })
    }

    /// The name of an attribute with its options, or of a rule.
    fn description(&mut self) -> String {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b';'))
        {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default().to_owned()
    }

    /// Values with a `*` between each two.
    fn values(&mut self) -> Result<Vec<Value>, FilterError> {
        let mut values = vec![Value::default()];
        loop {
            match self.peek() {
                None => return Err(self.lacks(")")),
                Some(b')') => return Ok(values),
                Some(b'(') => return Err(self.lacks("a value; write ( as \\28")),
                Some(b'*') => {
                    self.at += 1;
                    values.push(Value::default());
                }
                Some(b'\\') => {
                    self.at += 1;
                    let byte = self.text.get(self.at..self.at + 2);
                    let byte = byte.and_then(|hex| u8::from_str_radix(hex, 16).ok());
                    let byte = byte.ok_or_else(|| self.lacks("two hexadecimal digits after \\"))?;
                    self.at += 2;
                    last(&mut values, |value| value.push(byte));
                }
                Some(b'{') => {
                    self.at += 1;
                    let name = self.description();
                    if !self.takes(b'}') {
                        return Err(self.lacks("} after the name of a place; write { as \\7b"));
                    }
                    if !self.places.contains(&name.as_str()) {
                        return Err(FilterError::Place(name));
                    }
                    last(&mut values, |value| value.0.push(Piece::Place(name)));
                }
                Some(byte) => {
                    self.at += 1;
                    last(&mut values, |value| value.push(byte));
                }
            }
        }
    }
}

fn last(values: &mut [Value], change: impl FnOnce(&mut Value)) {
    if let Some(value) = values.last_mut() {
        change(value);
    }
}

fn one(mut values: Vec<Value>) -> Option<Value> {
    if values.len() == 1 { values.pop() } else { None }
}

impl Filter {
    /// The filter's bytes alone, for tests.
    #[cfg(test)]
    pub(super) fn bytes(&self, filled: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::default();
        self.write(&mut writer, filled);
        writer.into_bytes()
    }
}
