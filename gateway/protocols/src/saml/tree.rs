//! One strict tree out of bytes that anybody may have sent.
//!
//! quick-xml cuts the document into tokens; what each token may hold is checked here against XML 1.0
//! and "Namespaces in XML", since a lenient reader is how two readers come to disagree. No document
//! type, no processing instructions, no entities beyond the five, UTF-8 only, named limits. Nodes
//! stand in document order, so that a subtree is a range and nothing recurses.

use std::borrow::Cow;

use super::{SamlReason, SamlRefused};

mod build;
mod scan;

pub(super) use scan::is_plain_name;

/// Bytes of a message.
pub const BYTES_MAX: usize = 256 * 1024;
/// Bytes of one namespace name.
pub const NAMESPACE_BYTES_MAX: usize = 512;
/// Different prefixes, and different namespaces, of one document.
pub const NAMESPACES_MAX: usize = 64;

/// The namespace that the prefix `xml` always means.
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// How much of a document is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the document.
    pub bytes_max: usize,
    /// How deep elements may be nested.
    pub depth_max: usize,
    /// Attributes and namespace declarations of one element.
    pub attributes_max: usize,
    /// Elements of the document.
    pub elements_max: usize,
}

impl Limits {
    /// What a protocol message may have.
    pub const MESSAGE: Self =
        Self { bytes_max: BYTES_MAX, depth_max: 32, attributes_max: 256, elements_max: 4_000 };
    /// What a metadata file may have.
    pub const METADATA: Self = Self { elements_max: 20_000, ..Self::MESSAGE };
}

/// A document that was read whole.
#[derive(Debug)]
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    attributes: Vec<Attribute<'a>>,
    declarations: Vec<Declaration>,
    prefixes: Vec<&'a str>,
    namespaces: Vec<Cow<'a, str>>,
    root: u32,
}

#[derive(Debug)]
struct Node<'a> {
    parent: Option<u32>,
    /// The first node behind this one that is not inside it.
    end: u32,
    kind: NodeKind<'a>,
}

#[derive(Debug)]
enum NodeKind<'a> {
    Element(ElementData<'a>),
    Text(Cow<'a, str>),
    CData(Cow<'a, str>),
    Comment,
}

#[derive(Debug)]
struct ElementData<'a> {
    name: Name<'a>,
    /// From, to.
    attributes: (u32, u32),
    declarations: (u32, u32),
}

/// A name with its prefix and namespace as numbers in the tree; number 0 is "none".
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    pub(super) prefix: u16,
    pub(super) namespace: u16,
    pub(super) local: &'a str,
}

#[derive(Debug)]
pub(super) struct Attribute<'a> {
    pub(super) name: Name<'a>,
    pub(super) value: Cow<'a, str>,
}

/// That a prefix means a namespace from here on downwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declaration {
    pub(super) prefix: u16,
    pub(super) namespace: u16,
}

/// The number of the empty prefix, and of no namespace.
pub(super) const NONE: u16 = 0;
/// The number of the prefix `xml` and of its namespace.
pub(super) const XML: u16 = 1;

impl<'a> Tree<'a> {
    /// Reads a protocol message.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SamlRefused> {
        Self::parse_within(bytes, Limits::MESSAGE)
    }

    /// Reads a document within other limits.
    pub fn parse_within(bytes: &'a [u8], limits: Limits) -> Result<Self, SamlRefused> {
        build::tree(bytes, limits)
    }

    /// The outermost element.
    pub fn root(&self) -> Result<Element<'_>, SamlRefused> {
        self.element(self.root)
            .ok_or_else(|| SamlRefused::new(SamlReason::NotWellFormed, "there is no element"))
    }

    fn element(&self, index: u32) -> Option<Element<'_>> {
        let node = self.nodes.get(index as usize)?;
        let NodeKind::Element(data) = &node.kind else { return None };
        Some(Element { tree: self, index, node, data })
    }

    pub(super) fn prefix(&self, number: u16) -> &str {
        self.prefixes.get(usize::from(number)).copied().unwrap_or_default()
    }

    pub(super) fn namespace(&self, number: u16) -> &str {
        self.namespaces.get(usize::from(number)).map_or("", AsRef::as_ref)
    }

    /// The number of a prefix that the document uses somewhere.
    pub(super) fn prefix_number(&self, prefix: &str) -> Option<u16> {
        let at = self.prefixes.iter().position(|other| *other == prefix)?;
        u16::try_from(at).ok()
    }

    /// How many prefixes there are.
    pub(super) fn prefix_count(&self) -> usize {
        self.prefixes.len()
    }
}

/// An element of a tree.
#[derive(Clone, Copy, Debug)]
pub struct Element<'t> {
    tree: &'t Tree<'t>,
    index: u32,
    node: &'t Node<'t>,
    data: &'t ElementData<'t>,
}

/// The same element of the same tree.
impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && std::ptr::eq(self.node, other.node)
    }
}

impl Eq for Element<'_> {}

/// A piece of what an element holds.
#[derive(Clone, Copy, Debug)]
pub enum Content<'t> {
    /// A child element.
    Element(Element<'t>),
    /// Text, with references resolved.
    Text(&'t str),
    /// Text of a CDATA section.
    CData(&'t str),
    /// A comment, whose words are not kept.
    Comment,
}

/// A step of a walk through a subtree in document order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'t> {
    Content(Content<'t>),
    /// The end of an element that had begun.
    End(Element<'t>),
}

impl<'t> Element<'t> {
    /// The name without its prefix.
    pub fn name(self) -> &'t str {
        self.data.name.local
    }

    /// The name of its namespace, empty for none.
    pub fn namespace(self) -> &'t str {
        self.tree.namespace(self.data.name.namespace)
    }

    /// Whether it is the element of that namespace and name.
    pub fn is(self, namespace: &str, name: &str) -> bool {
        self.name() == name && self.namespace() == namespace
    }

    /// The value of an attribute without a prefix.
    pub fn attribute(self, name: &str) -> Option<&'t str> {
        let found = |attribute: &&Attribute<'_>| {
            attribute.name.namespace == NONE && attribute.name.local == name
        };
        self.own_attributes().iter().find(found).map(|attribute| attribute.value.as_ref())
    }

    /// Every attribute: namespace (empty for none), name, value.
    pub fn attributes(self) -> impl Iterator<Item = (&'t str, &'t str, &'t str)> {
        let tree = self.tree;
        self.own_attributes().iter().map(move |attribute| {
            let namespace = tree.namespace(attribute.name.namespace);
            (namespace, attribute.name.local, attribute.value.as_ref())
        })
    }

    /// The element that it stands in.
    pub fn parent(self) -> Option<Self> {
        self.tree.element(self.node.parent?)
    }

    /// What it holds, in order.
    pub fn content(self) -> impl Iterator<Item = Content<'t>> {
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            if next >= self.node.end {
                return None;
            }
            let node = self.tree.nodes.get(next as usize)?;
            let content = self.tree.content_of(next, node);
            next = node.end;
            content
        })
    }

    /// Its child elements, in order.
    pub fn children(self) -> impl Iterator<Item = Self> {
        self.content().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            _ => None,
        })
    }

    /// The first child element of that namespace and name.
    pub fn child(self, namespace: &str, name: &str) -> Option<Self> {
        self.children().find(|child| child.is(namespace, name))
    }

    /// Every element inside, in document order, without itself.
    pub fn descendants(self) -> impl Iterator<Item = Self> {
        let tree = self.tree;
        (self.index + 1..self.node.end).filter_map(move |index| tree.element(index))
    }

    /// The text, CDATA sections with it; nothing where a comment or an element stands inside.
    pub fn text(self) -> Option<Cow<'t, str>> {
        let mut whole = Cow::Borrowed("");
        for content in self.content() {
            match content {
                Content::Text(piece) | Content::CData(piece) if whole.is_empty() => {
                    whole = Cow::Borrowed(piece);
                }
                Content::Text(piece) | Content::CData(piece) => whole.to_mut().push_str(piece),
                Content::Comment | Content::Element(_) => return None,
            }
        }
        Some(whole)
    }

    /// The text where nothing but plain text stands inside: no CDATA section either.
    pub fn plain_text(self) -> Option<&'t str> {
        let mut content = self.content();
        let text = match content.next() {
            None => "",
            Some(Content::Text(text)) => text,
            Some(_) => return None,
        };
        content.next().is_none().then_some(text)
    }

    /// Whether nothing but white space stands between its child elements.
    pub fn has_elements_only(self) -> bool {
        self.content().all(|content| match content {
            Content::Element(_) => true,
            Content::Text(text) => is_space(text),
            Content::CData(_) | Content::Comment => false,
        })
    }

    pub(super) fn tree(self) -> &'t Tree<'t> {
        self.tree
    }

    pub(super) fn qualified_name(self) -> Name<'t> {
        self.data.name
    }

    /// Its attributes in the order of canonical XML: by namespace, then by name.
    pub(super) fn own_attributes(self) -> &'t [Attribute<'t>] {
        let (from, to) = self.data.attributes;
        self.tree.attributes.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The namespaces that it declares itself, ordered by prefix.
    pub(super) fn own_declarations(self) -> &'t [Declaration] {
        let (from, to) = self.data.declarations;
        self.tree.declarations.get(from as usize..to as usize).unwrap_or_default()
    }

    /// Walks through it, itself first, in document order; the subtree of `left_out` is passed over.
    pub(super) fn walk(self, left_out: Option<Self>) -> impl Iterator<Item = Step<'t>> {
        let mut next = self.index;
        let mut open: Vec<Self> = Vec::new();
        std::iter::from_fn(move || {
            if let Some(left_out) = left_out.filter(|left_out| left_out.index == next) {
                next = left_out.node.end;
            }
            if let Some(ended) = open.pop_if(|last| next >= last.node.end) {
                return Some(Step::End(ended));
            }
            if next >= self.node.end {
                return None;
            }
            let node = self.tree.nodes.get(next as usize)?;
            let content = self.tree.content_of(next, node)?;
            next += 1;
            if let Content::Element(element) = content {
                open.push(element);
            }
            Some(Step::Content(content))
        })
    }
}

impl<'t> Tree<'t> {
    fn content_of(&'t self, index: u32, node: &'t Node<'t>) -> Option<Content<'t>> {
        Some(match &node.kind {
            NodeKind::Element(_) => Content::Element(self.element(index)?),
            NodeKind::Text(text) => Content::Text(text),
            NodeKind::CData(text) => Content::CData(text),
            NodeKind::Comment => Content::Comment,
        })
    }
}

/// White space as XML means it.
pub(super) fn is_space(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}
