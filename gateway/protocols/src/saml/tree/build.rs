//! From tokens to a tree.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::scan::{Scanner, attribute_value, check_characters, reference, with_line_feeds};
use super::{
    Attribute, Declaration, ElementData, Limits, NAMESPACE_BYTES_MAX, NAMESPACES_MAX, NONE, Name,
    Node, NodeKind, Tree, XML, XML_NAMESPACE, is_space,
};
use crate::saml::refused::shown;
use crate::saml::{SamlReason, SamlRefused};

const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

pub(super) fn tree(bytes: &[u8], limits: Limits) -> Result<Tree<'_>, SamlRefused> {
    if bytes.len() > limits.bytes_max {
        let detail = format!("{} bytes, at most {} are read", bytes.len(), limits.bytes_max);
        return Err(SamlRefused::new(SamlReason::TooLarge, detail));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|_| SamlRefused::new(SamlReason::Encoding, "not UTF-8"))?;
    check_characters(text)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut builder = Builder::new(limits, text.len());
    let mut from = 0;
    loop {
        let event = reader.read_event();
        let to = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        // Whether quick-xml takes it or not: a document type is named as what it is.
        let raw = text.get(from..).unwrap_or_default();
        if raw.get(..9).is_some_and(|begin| begin.eq_ignore_ascii_case("<!DOCTYPE")) {
            return Err(SamlRefused::new(SamlReason::DocumentType, "a document type is declared"));
        }
        // Without the words of quick-xml, which quote the document.
        let event = event.map_err(|_| ill_formed(format!("ill-formed at byte {to}")))?;
        let raw = text.get(from..to).ok_or_else(|| ill_formed("a token without an end"))?;
        match event {
            Event::Eof => break,
            Event::Decl(_) if from == 0 => declaration(raw)?,
            Event::Decl(_) | Event::PI(_) => {
                return Err(SamlRefused::new(
                    SamlReason::ProcessingInstruction,
                    format!("a processing instruction at byte {from}"),
                ));
            }
            Event::DocType(_) => {
                return Err(SamlRefused::new(SamlReason::DocumentType, "a document type"));
            }
            Event::Start(_) => builder.start(inside(raw, "<", ">")?)?,
            Event::Empty(_) => {
                builder.start(inside(raw, "<", "/>")?)?;
                builder.close();
            }
            Event::End(_) => builder.end(inside(raw, "</", ">")?)?,
            Event::Text(_) => builder.text(raw)?,
            Event::CData(_) => builder.cdata(inside(raw, "<![CDATA[", "]]>")?)?,
            Event::Comment(_) => builder.comment(inside(raw, "<!--", "-->")?)?,
            Event::GeneralRef(_) => builder.reference(inside(raw, "&", ";")?)?,
        }
        from = to;
    }
    if from != text.len() {
        return Err(ill_formed("something behind the end"));
    }
    builder.finish()
}

fn ill_formed(detail: impl Into<Cow<'static, str>>) -> SamlRefused {
    SamlRefused::new(SamlReason::NotWellFormed, detail)
}

fn inside<'a>(raw: &'a str, begin: &str, end: &str) -> Result<&'a str, SamlRefused> {
    raw.strip_prefix(begin)
        .and_then(|raw| raw.strip_suffix(end))
        .ok_or_else(|| ill_formed("a token that does not end"))
}

/// `<?xml version="1.0" encoding="UTF-8" standalone="..."?>`, in that order.
fn declaration(raw: &str) -> Result<(), SamlRefused> {
    let ill = || ill_formed("the XML declaration");
    let mut scanner = Scanner::new(inside(raw, "<?xml", "?>")?);
    let mut seen = 0;
    loop {
        let had_space = scanner.space();
        if scanner.is_empty() {
            break;
        }
        if !had_space {
            return Err(ill());
        }
        let name = scanner.plain_name().ok_or_else(ill)?;
        let value = scanner.quoted().ok_or_else(ill)?;
        let place = match (name, value) {
            ("version", "1.0") => 1,
            ("encoding", _) if value.eq_ignore_ascii_case("UTF-8") => 2,
            ("encoding", _) => {
                let detail = format!("declared as {}, only UTF-8 is read", shown(value));
                return Err(SamlRefused::new(SamlReason::Encoding, detail));
            }
            ("standalone", "yes" | "no") => 3,
            _ => return Err(ill()),
        };
        if place <= seen || (seen == 0 && place != 1) {
            return Err(ill());
        }
        seen = place;
    }
    if seen == 0 { Err(ill()) } else { Ok(()) }
}

/// What a prefix means; nothing where it was not declared.
type Meaning = Option<u16>;

struct Builder<'a> {
    limits: Limits,
    tree: Tree<'a>,
    /// Indices of elements that have begun, with their names as written.
    open: Vec<(u32, &'a str)>,
    has_root: bool,
    elements: usize,
    /// By number of the prefix.
    meanings: Vec<Meaning>,
    /// What the declarations of open elements replaced, with the depth of the element.
    replaced: Vec<(usize, u16, Meaning)>,
    /// Attributes of the element that is being read.
    pending: Vec<(&'a str, &'a str, Cow<'a, str>)>,
}

impl<'a> Builder<'a> {
    fn new(limits: Limits, bytes: usize) -> Self {
        // Real messages have a node for 50 bytes or more, and half as many attributes.
        let tree = Tree {
            nodes: Vec::with_capacity(bytes / 48),
            attributes: Vec::with_capacity(bytes / 96),
            declarations: Vec::new(),
            prefixes: vec!["", "xml"],
            namespaces: vec![Cow::Borrowed(""), Cow::Borrowed(XML_NAMESPACE)],
            root: 0,
        };
        Self {
            limits,
            tree,
            open: Vec::new(),
            has_root: false,
            elements: 0,
            meanings: vec![Some(NONE), Some(XML)],
            replaced: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// The inside of a tag that begins an element.
    fn start(&mut self, inside: &'a str) -> Result<(), SamlRefused> {
        if self.open.is_empty() && self.has_root {
            return Err(ill_formed("a second element behind the root"));
        }
        self.elements += 1;
        if self.elements > self.limits.elements_max {
            let detail = format!("more than {} elements", self.limits.elements_max);
            return Err(SamlRefused::new(SamlReason::TooManyElements, detail));
        }
        if self.open.len() >= self.limits.depth_max {
            let detail = format!("deeper than {} elements", self.limits.depth_max);
            return Err(SamlRefused::new(SamlReason::TooDeep, detail));
        }
        let index = self.next_index();
        let mut scanner = Scanner::new(inside);
        let (prefix, local) =
            scanner.qualified_name().ok_or_else(|| ill_formed("the name of an element"))?;
        let written = match prefix {
            "" => local,
            _ => inside.get(..prefix.len() + 1 + local.len()).unwrap_or_default(),
        };
        let declarations = self.declarations_and_attributes(&mut scanner)?;
        let name = self.resolve(prefix, local, true)?;
        let attributes = self.resolved_attributes()?;
        let parent = self.open.last().map(|(index, _)| *index);
        if parent.is_none() {
            (self.has_root, self.tree.root) = (true, index);
        }
        let kind = NodeKind::Element(ElementData { name, attributes, declarations });
        self.tree.nodes.push(Node { parent, end: index + 1, kind });
        self.open.push((index, written));
        Ok(())
    }

    /// Reads attributes into `pending`, and what they declare at once, since a declaration holds for
    /// the whole tag.
    fn declarations_and_attributes(
        &mut self,
        scanner: &mut Scanner<'a>,
    ) -> Result<(u32, u32), SamlRefused> {
        let ill = || ill_formed("an attribute");
        let from = self.tree.declarations.len();
        self.pending.clear();
        let mut count = 0;
        loop {
            let had_space = scanner.space();
            if scanner.is_empty() {
                break;
            }
            count += 1;
            if count > self.limits.attributes_max {
                let detail = format!("more than {} of one element", self.limits.attributes_max);
                return Err(SamlRefused::new(SamlReason::TooManyAttributes, detail));
            }
            let (prefix, local) = scanner.qualified_name().filter(|_| had_space).ok_or_else(ill)?;
            let value = attribute_value(scanner.quoted().ok_or_else(ill)?)?;
            match (prefix, local) {
                ("", "xmlns") => self.declare("", value)?,
                ("xmlns", prefix) => self.declare(prefix, value)?,
                _ => self.pending.push((prefix, local, value)),
            }
        }
        let new = self.tree.declarations.get_mut(from..).unwrap_or_default();
        let prefixes = &self.tree.prefixes;
        let text = |declaration: &Declaration| prefixes.get(usize::from(declaration.prefix));
        new.sort_unstable_by(|one, other| text(one).cmp(&text(other)));
        if new.windows(2).any(|pair| matches!(pair, [one, other] if one.prefix == other.prefix)) {
            return Err(ill_formed("a namespace declared twice"));
        }
        Ok((number(from)?, number(self.tree.declarations.len())?))
    }

    fn declare(&mut self, prefix: &'a str, uri: Cow<'a, str>) -> Result<(), SamlRefused> {
        let refuse = |detail: String| Err(SamlRefused::new(SamlReason::Namespace, detail));
        let is_reserved = matches!(prefix, "xml" | "xmlns")
            || matches!(uri.as_ref(), XML_NAMESPACE | XMLNS_NAMESPACE);
        if is_reserved {
            return refuse("xml and xmlns cannot be declared".to_owned());
        }
        if uri.is_empty() && !prefix.is_empty() {
            return refuse(format!("prefix {} is declared as nothing", shown(prefix)));
        }
        // Canonical XML must fail on relative names.
        if !uri.is_empty() && !uri.contains(':') {
            return refuse(format!("{} is not an absolute name", shown(&uri)));
        }
        if uri.len() > NAMESPACE_BYTES_MAX {
            return refuse(format!("a name of {} bytes", uri.len()));
        }
        let namespace = self.namespace_number(uri)?;
        let prefix = self.prefix_number(prefix)?;
        self.tree.declarations.push(Declaration { prefix, namespace });
        let depth = self.open.len();
        if let Some(meaning) = self.meanings.get_mut(usize::from(prefix)) {
            self.replaced.push((depth, prefix, *meaning));
            *meaning = Some(namespace);
        }
        Ok(())
    }

    fn namespace_number(&mut self, uri: Cow<'a, str>) -> Result<u16, SamlRefused> {
        let known = self.tree.namespaces.iter().position(|other| *other == uri);
        let at = known.unwrap_or_else(|| {
            self.tree.namespaces.push(uri);
            self.tree.namespaces.len() - 1
        });
        within(at)
    }

    fn prefix_number(&mut self, prefix: &'a str) -> Result<u16, SamlRefused> {
        let known = self.tree.prefixes.iter().position(|other| *other == prefix);
        let at = known.unwrap_or_else(|| {
            self.tree.prefixes.push(prefix);
            self.meanings.push(None);
            self.tree.prefixes.len() - 1
        });
        within(at)
    }

    /// An attribute without a prefix is in no namespace, whatever the default is.
    fn resolve(
        &self,
        prefix: &'a str,
        local: &'a str,
        is_element: bool,
    ) -> Result<Name<'a>, SamlRefused> {
        if prefix.is_empty() && !is_element {
            return Ok(Name { prefix: NONE, namespace: NONE, local });
        }
        let known = self.tree.prefixes.iter().position(|other| *other == prefix);
        let meaning = known.and_then(|at| Some((at, (*self.meanings.get(at)?)?)));
        match meaning {
            Some((at, namespace)) => Ok(Name { prefix: within(at)?, namespace, local }),
            None => {
                let detail = format!("prefix {} is not declared", shown(prefix));
                Err(SamlRefused::new(SamlReason::Namespace, detail))
            }
        }
    }

    /// Attributes go into the tree in the order of canonical XML, where doubles are neighbours.
    fn resolved_attributes(&mut self) -> Result<(u32, u32), SamlRefused> {
        let from = self.tree.attributes.len();
        let mut pending = std::mem::take(&mut self.pending);
        for (prefix, local, value) in pending.drain(..) {
            let name = self.resolve(prefix, local, false)?;
            self.tree.attributes.push(Attribute { name, value });
        }
        self.pending = pending;
        let namespaces = &self.tree.namespaces;
        let text = |name: &Name<'_>| namespaces.get(usize::from(name.namespace));
        let new = self.tree.attributes.get_mut(from..).unwrap_or_default();
        new.sort_unstable_by(|one, other| {
            let (one, other) = (&one.name, &other.name);
            let by_namespace = match one.namespace == other.namespace {
                true => std::cmp::Ordering::Equal,
                false => text(one).cmp(&text(other)),
            };
            by_namespace.then_with(|| one.local.cmp(other.local))
        });
        let is_double = |pair: &[Attribute<'_>]| {
            matches!(pair, [one, other]
                if one.name.namespace == other.name.namespace && one.name.local == other.name.local)
        };
        if new.windows(2).any(is_double) {
            return Err(ill_formed("an attribute twice"));
        }
        Ok((number(from)?, number(self.tree.attributes.len())?))
    }

    fn end(&mut self, inside: &str) -> Result<(), SamlRefused> {
        let name = inside.trim_end_matches([' ', '\t', '\n', '\r']);
        if self.open.last().is_none_or(|(_, written)| *written != name) {
            return Err(ill_formed("the end of another element"));
        }
        self.close();
        Ok(())
    }

    fn close(&mut self) {
        let end = self.next_index();
        let Some((index, _)) = self.open.pop() else { return };
        if let Some(node) = self.tree.nodes.get_mut(index as usize) {
            node.end = end;
        }
        let depth = self.open.len();
        while let Some((_, prefix, meaning)) = self.replaced.pop_if(|(at, ..)| *at == depth) {
            if let Some(current) = self.meanings.get_mut(usize::from(prefix)) {
                *current = meaning;
            }
        }
    }

    fn text(&mut self, raw: &'a str) -> Result<(), SamlRefused> {
        if raw.contains("]]>") {
            return Err(ill_formed("]]> in text"));
        }
        if self.open.is_empty() {
            return if is_space(raw) { Ok(()) } else { Err(ill_formed("text outside the root")) };
        }
        self.add_text(with_line_feeds(raw))
    }

    fn reference(&mut self, name: &str) -> Result<(), SamlRefused> {
        let character = reference(name)?;
        if self.open.is_empty() {
            return Err(ill_formed("text outside the root"));
        }
        self.add_text(Cow::Owned(character.to_string()))
    }

    /// Text that follows text is one piece of text.
    fn add_text(&mut self, piece: Cow<'a, str>) -> Result<(), SamlRefused> {
        if piece.is_empty() {
            return Ok(());
        }
        let parent = self.open.last().map(|(index, _)| *index);
        if let Some(Node { parent: same, kind: NodeKind::Text(text), .. }) =
            self.tree.nodes.last_mut()
            && *same == parent
        {
            text.to_mut().push_str(&piece);
            return Ok(());
        }
        self.add(NodeKind::Text(piece))
    }

    fn cdata(&mut self, inside: &'a str) -> Result<(), SamlRefused> {
        if self.open.is_empty() {
            return Err(ill_formed("a CDATA section outside the root"));
        }
        self.add(NodeKind::CData(with_line_feeds(inside)))
    }

    fn comment(&mut self, inside: &str) -> Result<(), SamlRefused> {
        if inside.contains("--") || inside.ends_with('-') {
            return Err(ill_formed("-- in a comment"));
        }
        self.add(NodeKind::Comment)
    }

    fn add(&mut self, kind: NodeKind<'a>) -> Result<(), SamlRefused> {
        let parent = self.open.last().map(|(index, _)| *index);
        let end = number(self.tree.nodes.len())? + 1;
        self.tree.nodes.push(Node { parent, end, kind });
        Ok(())
    }

    fn next_index(&self) -> u32 {
        u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX)
    }

    fn finish(self) -> Result<Tree<'a>, SamlRefused> {
        if !self.open.is_empty() {
            return Err(ill_formed("the document ends inside an element"));
        }
        if !self.has_root {
            return Err(ill_formed("there is no element"));
        }
        Ok(self.tree)
    }
}

fn number(value: usize) -> Result<u32, SamlRefused> {
    u32::try_from(value).map_err(|_| SamlRefused::new(SamlReason::TooLarge, "too many nodes"))
}

fn within(number: usize) -> Result<u16, SamlRefused> {
    let refused = || {
        let detail = format!("more than {NAMESPACES_MAX} prefixes or namespaces");
        SamlRefused::new(SamlReason::Namespace, detail)
    };
    u16::try_from(number).ok().filter(|_| number < NAMESPACES_MAX).ok_or_else(refused)
}
