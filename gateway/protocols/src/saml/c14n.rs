//! Exclusive XML canonicalization 1.0, without comments, of one element of a tree.
//!
//! Attributes stand in the tree in canonical order already; what remains is which namespaces are
//! written where: those that an element or its attributes visibly use, and those of the PrefixList,
//! unless the nearest element written above already means the same by them.

use super::tree::{Content, Element, NONE, Step, Tree};
use super::{SamlReason, SamlRefused};

/// Bytes of a canonical form; namespaces written again and again may make it longer than the
/// message.
pub const CANONICAL_BYTES_MAX: usize = 1024 * 1024;

/// The canonical form of `apex` and all inside it, the subtree of `left_out` excepted. `prefix_list`
/// is the PrefixList of InclusiveNamespaces, in which `#default` is the empty prefix.
pub(super) fn exclusive<'t>(
    apex: Element<'t>,
    left_out: Option<Element<'t>>,
    prefix_list: &str,
) -> Result<Vec<u8>, SamlRefused> {
    let tree = apex.tree();
    let mut writer = Writer {
        tree,
        listed: listed(tree, prefix_list),
        written: vec![NONE; tree.prefix_count()],
        replaced: Vec::new(),
        marks: Vec::new(),
        needed: Vec::new(),
        out: Vec::with_capacity(4_096),
    };
    for step in apex.walk(left_out) {
        match step {
            Step::Content(Content::Element(element)) => writer.start(element, element == apex),
            Step::Content(Content::Text(text) | Content::CData(text)) => {
                escape(text, Place::Text, &mut writer.out);
            }
            Step::Content(Content::Comment) => {}
            Step::End(element) => writer.end(element),
        }
        if writer.out.len() > CANONICAL_BYTES_MAX {
            let detail = format!("more than {CANONICAL_BYTES_MAX} bytes in canonical form");
            return Err(SamlRefused::new(SamlReason::TooLarge, detail));
        }
    }
    Ok(writer.out)
}

/// Whether each prefix of the document, by number, is in the list.
fn listed(tree: &Tree<'_>, prefix_list: &str) -> Vec<bool> {
    if prefix_list.is_empty() {
        return Vec::new();
    }
    let mut listed = vec![false; tree.prefix_count()];
    for prefix in prefix_list.split_ascii_whitespace() {
        let prefix = if prefix == "#default" { "" } else { prefix };
        let number = tree.prefix_number(prefix);
        if let Some(is_listed) = number.and_then(|number| listed.get_mut(usize::from(number))) {
            *is_listed = true;
        }
    }
    listed
}

struct Writer<'t> {
    tree: &'t Tree<'t>,
    /// By number of the prefix; empty where there is no list.
    listed: Vec<bool>,
    /// What each prefix means in what was written so far.
    written: Vec<u16>,
    /// What an open element replaced in `written`.
    replaced: Vec<(u16, u16)>,
    /// For each open element, how long `replaced` was before it.
    marks: Vec<usize>,
    /// Prefix and namespace, of the element that is being written.
    needed: Vec<(u16, u16)>,
    out: Vec<u8>,
}

impl Writer<'_> {
    fn start(&mut self, element: Element<'_>, is_apex: bool) {
        self.marks.push(self.replaced.len());
        self.need(element, is_apex);
        let name = element.qualified_name();
        self.out.push(b'<');
        self.name(name.prefix, name.local);
        let needed = std::mem::take(&mut self.needed);
        for (prefix, namespace) in &needed {
            self.namespace(*prefix, *namespace);
        }
        self.needed = needed;
        for attribute in element.own_attributes() {
            self.out.push(b' ');
            self.name(attribute.name.prefix, attribute.name.local);
            self.out.extend_from_slice(b"=\"");
            escape(&attribute.value, Place::Attribute, &mut self.out);
            self.out.push(b'"');
        }
        self.out.push(b'>');
    }

    fn end(&mut self, element: Element<'_>) {
        let name = element.qualified_name();
        self.out.extend_from_slice(b"</");
        self.name(name.prefix, name.local);
        self.out.push(b'>');
        let mark = self.marks.pop().unwrap_or_default();
        for (prefix, namespace) in self.replaced.drain(mark..).rev() {
            if let Some(written) = self.written.get_mut(usize::from(prefix)) {
                *written = namespace;
            }
        }
    }

    /// The namespaces that the element needs, ordered by prefix.
    fn need(&mut self, element: Element<'_>, is_apex: bool) {
        self.needed.clear();
        let name = element.qualified_name();
        self.needed.push((name.prefix, name.namespace));
        for attribute in element.own_attributes() {
            if attribute.name.prefix != NONE {
                self.needed.push((attribute.name.prefix, attribute.name.namespace));
            }
        }
        if !self.listed.is_empty() {
            self.need_listed(element, is_apex);
        }
        if self.needed.len() > 1 {
            let tree = self.tree;
            self.needed.sort_unstable_by(|one, other| tree.prefix(one.0).cmp(tree.prefix(other.0)));
            self.needed.dedup();
        }
    }

    /// Of the prefixes in the list, those that begin to mean something here: at the apex all that are
    /// in scope, below it what an element declares.
    fn need_listed(&mut self, element: Element<'_>, is_apex: bool) {
        let mut is_known = vec![false; if is_apex { self.listed.len() } else { 0 }];
        let mut current = Some(element);
        while let Some(scope) = current {
            for declaration in scope.own_declarations() {
                let at = usize::from(declaration.prefix);
                let is_nearer = is_known.get(at).copied().unwrap_or_default();
                if !is_nearer && self.listed.get(at).copied().unwrap_or_default() {
                    self.needed.push((declaration.prefix, declaration.namespace));
                }
                if let Some(known) = is_known.get_mut(at) {
                    *known = true;
                }
            }
            current = if is_apex { scope.parent() } else { None };
        }
    }

    /// Writes a declaration, unless what was written above means the same.
    fn namespace(&mut self, prefix: u16, namespace: u16) {
        let Some(written) = self.written.get_mut(usize::from(prefix)) else { return };
        if prefix == super::tree::XML || *written == namespace {
            return;
        }
        self.replaced.push((prefix, *written));
        *written = namespace;
        self.out.extend_from_slice(b" xmlns");
        if prefix != NONE {
            self.out.push(b':');
            self.out.extend_from_slice(self.tree.prefix(prefix).as_bytes());
        }
        self.out.extend_from_slice(b"=\"");
        escape(self.tree.namespace(namespace), Place::Attribute, &mut self.out);
        self.out.push(b'"');
    }

    fn name(&mut self, prefix: u16, local: &str) {
        if prefix != NONE {
            self.out.extend_from_slice(self.tree.prefix(prefix).as_bytes());
            self.out.push(b':');
        }
        self.out.extend_from_slice(local.as_bytes());
    }
}

/// Where text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Text,
    Attribute,
}

/// Writes text as canonical XML has it.
pub(super) fn escape(text: &str, place: Place, out: &mut Vec<u8>) {
    let reference = |byte: u8| -> Option<&'static [u8]> {
        Some(match (byte, place) {
            (b'&', _) => b"&amp;",
            (b'<', _) => b"&lt;",
            (b'>', Place::Text) => b"&gt;",
            (b'\r', _) => b"&#xD;",
            (b'"', Place::Attribute) => b"&quot;",
            (b'\t', Place::Attribute) => b"&#x9;",
            (b'\n', Place::Attribute) => b"&#xA;",
            _ => return None,
        })
    };
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| reference(*byte).is_some()) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let Some((special, after)) = from.split_first() else { return };
        out.extend_from_slice(reference(*special).unwrap_or_default());
        rest = after;
    }
    out.extend_from_slice(rest);
}
