//! XML to a tree and back: members are elements, entries of a list are elements within one.

use quick_xml::escape::escape;

use super::content::BadBody;
use super::device::is_printable;
use super::tree::{Node, Table};
use super::{DEPTH_MAX, NODES_MAX};
use crate::phone_xml::DecodeError;
use crate::phone_xml::tree::{Element, Limits, read_within};

/// Reads a body of at most `bytes_max` bytes whose root is called `root`. Attributes are no members.
pub(super) fn read(body: &[u8], bytes_max: usize, root: &str) -> Result<Node, BadBody> {
    let element = elements(body, bytes_max)?;
    if element.name != root {
        return Err(BadBody::whole(format!("must have the root element {root}")));
    }
    Ok(node(element))
}

/// Reads a body of at most `bytes_max` bytes, whatever its root is called.
pub(super) fn elements(body: &[u8], bytes_max: usize) -> Result<Element, BadBody> {
    let limits = Limits { bytes_max, depth_max: DEPTH_MAX, nodes_max: NODES_MAX };
    read_within(body, limits).map_err(|error| {
        BadBody::whole(match error {
            DecodeError::TooLarge { bytes } => {
                format!("has {bytes} bytes, at most {bytes_max} are read")
            }
            DecodeError::TooDeep => {
                format!("is nested deeper than {DEPTH_MAX} levels; send it flatter")
            }
            DecodeError::TooManyNodes => {
                format!("has more than {NODES_MAX} elements and attributes; send fewer")
            }
            DecodeError::DocumentType => "has a document type; leave it out".to_owned(),
            DecodeError::Entity => "has an entity that XML itself does not know".to_owned(),
            _ => "is no whole XML; send one element in UTF-8".to_owned(),
        })
    })
}

fn node(element: Element) -> Node {
    if element.children.is_empty() {
        return Node::Text(element.text);
    }
    let members = element.children.into_iter();
    Node::Table(Table(
        members.map(|mut child| (std::mem::take(&mut child.name), node(child))).collect(),
    ))
}

/// Writes a document whose root is called `root`; `flags` are the texts of no and yes.
pub(super) fn write(root: &str, node: &Node, flags: [&str; 2], out: &mut String) {
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    put(root, node, flags, out);
}

fn put(name: &str, node: &Node, flags: [&str; 2], out: &mut String) {
    if *node == Node::Null {
        return;
    }
    tag("<", name, out);
    match node {
        Node::Null => {}
        Node::Flag(flag) => put_text(flags.get(usize::from(*flag)).unwrap_or(&""), out),
        Node::Number(text) | Node::Text(text) => put_text(text, out),
        Node::List(item, nodes) => nodes.iter().for_each(|node| put(item, node, flags, out)),
        Node::Table(Table(members)) => {
            members.iter().for_each(|(name, node)| put(name, node, flags, out));
        }
    }
    tag("</", name, out);
}

fn tag(begin: &str, name: &str, out: &mut String) {
    out.push_str(begin);
    out.push_str(name);
    out.push('>');
}

fn put_text(text: &str, out: &mut String) {
    if text.chars().all(is_printable) {
        out.push_str(&escape(text));
        return;
    }
    let shown: String = text.chars().map(|one| if is_printable(one) { one } else { '?' }).collect();
    out.push_str(&escape(&*shown));
}
