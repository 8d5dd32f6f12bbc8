//! Numbers as they were written: `+4930123` or `0x10` in an unquoted id would silently become
//! 4930123 or 16, so a number whose digits are not what stands there is not handed on as a whole
//! number. Where a text is wanted, whoever reads it then asks for quotation marks.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

/// A part of a document.
pub(super) enum Node {
    /// Nothing, yes or no, a text, or a number that is not whole.
    Value(Value),
    /// A whole number, and where it is written.
    Whole(u64, Option<Place>),
    /// A list.
    List(Vec<Self>),
    /// A table.
    Table(Vec<(String, Self)>),
}

/// Bytes of the document.
pub(super) struct Place {
    offset: u64,
    length: u64,
}

impl Node {
    /// The value that stands in `text`.
    pub(super) fn into_value(self, text: &str) -> Value {
        match self {
            Self::Value(value) => value,
            Self::Whole(number, place) => {
                let written = place.and_then(|place| place.of(text));
                let digits = number.to_string();
                match written.is_none_or(|written| written.trim() == digits) {
                    true => number.into(),
                    false => odd(number),
                }
            }
            Self::List(nodes) => nodes.into_iter().map(|node| node.into_value(text)).collect(),
            Self::Table(members) => {
                let members = members.into_iter().map(|(name, node)| (name, node.into_value(text)));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    fn placed(spanned: Spanned<Self>) -> Self {
        match spanned.value {
            Self::Whole(number, _) => {
                let span = spanned.defined.span();
                let place = span.byte_offset().zip(span.byte_len());
                Self::Whole(number, place.map(|(offset, length)| Place { offset, length }))
            }
            node => node,
        }
    }
}

impl Place {
    fn of<'t>(&self, text: &'t str) -> Option<&'t str> {
        let start = usize::try_from(self.offset).ok()?;
        let length = usize::try_from(self.length).ok()?;
        text.get(start..start.checked_add(length)?)
    }
}

/// No whole number for anybody who reads it.
#[expect(clippy::cast_precision_loss, reason = "it is only shown in an error")]
fn odd(number: u64) -> Value {
    (number as f64).into()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Value(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Value(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, on: bool) -> Result<Node, E> {
        Ok(Node::Value(on.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Whole(number, None))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Value(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Value(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Value(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Value(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = elements.next_element()? {
            nodes.push(Node::placed(node));
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some((name, node)) = entries.next_entry()? {
            members.push((name, Node::placed(node)));
        }
        Ok(Node::Table(members))
    }
}
