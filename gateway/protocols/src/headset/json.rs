//! JSON to a tree and back, within limits that the usual parser does not have.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::content::BadBody;
use super::tree::{Node, Table};
use super::{DEPTH_MAX, NODES_MAX};

/// Reads a body of at most `bytes_max` bytes.
pub(super) fn read(body: &[u8], bytes_max: usize) -> Result<Node, BadBody> {
    if body.len() > bytes_max {
        let problem = format!("has {} bytes, at most {bytes_max} are read", body.len());
        return Err(BadBody::whole(problem));
    }
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let (nodes_left, beyond) = (Cell::new(NODES_MAX), Cell::new(None));
    let seed = Seed { depth_left: DEPTH_MAX, nodes_left: &nodes_left, beyond: &beyond };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = seed.deserialize(&mut deserializer).and_then(|node| {
        deserializer.end()?;
        Ok(node)
    });
    read.map_err(|_| {
        BadBody::whole(match beyond.get() {
            Some(Beyond::Depth) => {
                format!("is nested deeper than {DEPTH_MAX} levels; send it flatter")
            }
            Some(Beyond::Nodes) => {
                format!("has more than {NODES_MAX} members and entries; send fewer")
            }
            Some(Beyond::Twice) => {
                "has an object with two members of one name; send each once".to_owned()
            }
            None => "is no whole JSON; send one object in UTF-8".to_owned(),
        })
    })
}

/// Writes a tree without white space.
pub(super) fn write(node: &Node, out: &mut String) {
    match node {
        Node::Null => out.push_str("null"),
        Node::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Node::Number(number) => out.push_str(number),
        Node::Text(text) => put_text(text, out),
        Node::List(_, nodes) => {
            out.push('[');
            for (position, node) in nodes.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write(node, out);
            }
            out.push(']');
        }
        Node::Table(Table(members)) => {
            out.push('{');
            for (position, (name, node)) in members.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                put_text(name, out);
                out.push(':');
                write(node, out);
            }
            out.push('}');
        }
    }
}

fn put_text(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

/// Which limit of ours a body breaks.
#[derive(Clone, Copy)]
enum Beyond {
    Depth,
    Nodes,
    Twice,
}

/// Reads one value. Errors of the parser hold what was sent, so they are thrown away; `beyond` says which limit
/// it was.
#[derive(Clone, Copy)]
struct Seed<'c> {
    depth_left: usize,
    nodes_left: &'c Cell<usize>,
    beyond: &'c Cell<Option<Beyond>>,
}

impl<'c> Seed<'c> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(self.refuse(Beyond::Depth)),
        }
    }

    fn count<E: Error>(self) -> Result<(), E> {
        match self.nodes_left.get().checked_sub(1) {
            Some(left) => {
                self.nodes_left.set(left);
                Ok(())
            }
            None => Err(self.refuse(Beyond::Nodes)),
        }
    }

    fn refuse<E: Error>(self, limit: Beyond) -> E {
        self.beyond.set(Some(limit));
        E::custom("beyond a limit")
    }
}

impl<'d> DeserializeSeed<'d> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'d> Visitor<'d> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::number(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut entries: A) -> Result<Node, A::Error> {
        let inner = self.inner()?;
        let mut nodes = Vec::new();
        while let Some(node) = entries.next_element_seed(inner)? {
            nodes.push(node);
        }
        Ok(Node::List(String::new(), nodes))
    }

    fn visit_map<A: MapAccess<'d>>(self, mut entries: A) -> Result<Node, A::Error> {
        let inner = self.inner()?;
        let mut members = Vec::new();
        while let Some(name) = entries.next_key::<String>()? {
            members.push((name, entries.next_value_seed(inner)?));
        }
        let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [one, next] if one == next)) {
            return Err(self.refuse(Beyond::Twice));
        }
        Ok(Node::Table(Table(members)))
    }
}
