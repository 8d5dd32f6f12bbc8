//! Bodies: members and elements stay, their values do not.

use std::collections::BTreeMap;

use super::vocabulary::has_known_word;
use super::word::{hidden_name, is_private, masked_name, masked_value};
use super::{BODY_CHARACTERS_MAX, Pen};
use crate::headset::tree::{Node, Table};
use crate::headset::{INVENTORY_BYTES_MAX, json, xml};
use crate::phone_xml::tree::Element;

/// Entries that are shown of a list; the others are like them.
const ENTRIES_MAX: usize = 3;

/// What is kept of a body.
pub(super) fn masked_body(body: &[u8]) -> String {
    let mut pen = Pen::new(BODY_CHARACTERS_MAX);
    let visible = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    let is_read = match visible.first() {
        None => return if body.is_empty() { String::new() } else { length(body) },
        Some(b'{' | b'[') => {
            json::read(body, INVENTORY_BYTES_MAX).map(|node| put_node(&node, false, true, &mut pen))
        }
        Some(b'<') => xml::elements(body, INVENTORY_BYTES_MAX)
            .map(|element| put_element(&element, false, &mut pen)),
        Some(_) => return length(body),
    };
    if is_read.is_ok() { pen.page } else { length(body) }
}

fn length(body: &[u8]) -> String {
    format!("bytes({})", body.len())
}

fn put_node(node: &Node, private: bool, may_be_digit: bool, pen: &mut Pen) {
    match node {
        Node::Null => pen.put("null"),
        Node::Flag(_) => pen.put("boolean"),
        Node::Number(text) => {
            let kind = masked_value(text, private, may_be_digit);
            // A sign, a fraction or an exponent hides no number.
            pen.put(&if kind.starts_with("text(") {
                kind.replacen("text", "number", 1)
            } else {
                kind
            });
        }
        Node::Text(text) => {
            let shown = masked_value(text, private, false);
            let is_shown = shown == *text;
            pen.put(&if is_shown { format!("\"{shown}\"") } else { shown });
        }
        Node::List(_, nodes) => {
            pen.put("[");
            for (position, node) in nodes.iter().take(ENTRIES_MAX).enumerate() {
                pen.put(if position == 0 { "" } else { "," });
                put_node(node, private, false, pen);
            }
            if nodes.len() > ENTRIES_MAX {
                pen.put(&format!(",... {} in all", nodes.len()));
            }
            pen.put("]");
        }
        Node::Table(Table(members)) => {
            let may_be_map = !members.iter().any(|(name, _)| has_known_word(name));
            pen.put("{");
            for (position, (name, node)) in members.iter().enumerate() {
                pen.put(if position == 0 { "" } else { "," });
                let has_members = match node {
                    Node::Table(_) => true,
                    Node::List(_, nodes) => nodes.iter().any(|it| matches!(it, Node::Table(_))),
                    _ => false,
                };
                let is_key = may_be_map || (has_members && !has_known_word(name));
                let shown = if is_key { hidden_name(name) } else { masked_name(name) };
                pen.put(&["\"", &shown, "\":"].concat());
                put_node(node, private || is_private(name), true, pen);
            }
            pen.put("}");
        }
    }
}

fn put_element(element: &Element, private: bool, pen: &mut Pen) {
    let name = masked_name(&element.name);
    let private = private || is_private(&element.name);
    pen.put(&["<", &name].concat());
    for (attribute, value) in &element.attributes {
        let value = masked_value(value, private || is_private(attribute), true);
        pen.put(&[" ", &masked_name(attribute), "=\"", &value, "\""].concat());
    }
    let text = element.text.trim();
    if element.children.is_empty() && text.is_empty() {
        pen.put("/>");
        return;
    }
    pen.put(">");
    if element.children.is_empty() {
        pen.put(&masked_value(text, private, true));
    }
    let mut alike: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for child in &element.children {
        alike.entry(&child.name).or_default().1 += 1;
    }
    for child in &element.children {
        let Some((seen, all)) = alike.get_mut(child.name.as_str()) else { continue };
        *seen += 1;
        if *seen <= ENTRIES_MAX {
            put_element(child, private, pen);
        } else if seen == all {
            pen.put(&format!("... {all} in all"));
        }
    }
    pen.put(&["</", &name, ">"].concat());
}
