//! Exclusive XML Canonicalization 1.0 without comments, of one element and what it holds.
//!
//! Slow and plain on purpose: names are taken from the text itself, namespaces are looked up anew at
//! every element, so that it can be read beside the standard.

use std::collections::BTreeSet;

use roxmltree::{Node, NodeId};

/// The canonical text of `element`. `prefixes` is the PrefixList (`#default` for none); the child
/// `left_out` and what it holds is not there, as an enveloped signature is not.
pub(crate) fn canonical(
    element: Node<'_, '_>,
    prefixes: &[&str],
    left_out: Option<NodeId>,
) -> String {
    let mut text = String::new();
    let mut writer = Writer { prefixes, left_out, text: &mut text, rendered: Vec::new() };
    writer.element(element);
    text
}

struct Writer<'a> {
    prefixes: &'a [&'a str],
    left_out: Option<NodeId>,
    text: &'a mut String,
    /// Declarations written so far that are in force, the innermost last.
    rendered: Vec<(String, String)>,
}

impl Writer<'_> {
    fn node(&mut self, node: Node<'_, '_>) {
        if Some(node.id()) == self.left_out {
            return;
        }
        if node.is_element() {
            self.element(node);
        } else if node.is_text() {
            self.text.push_str(&escaped_text(node.text().unwrap_or_default()));
        } else if let Some(instruction) = node.pi() {
            let value = instruction.value.map(|value| format!(" {value}")).unwrap_or_default();
            self.text.push_str(&format!("<?{}{value}?>", instruction.target));
        }
    }

    fn element(&mut self, element: Node<'_, '_>) {
        let in_force = self.rendered.len();
        let name = qualified_name(element);
        self.text.push('<');
        self.text.push_str(name);
        for (prefix, uri) in self.declarations(element, prefix_of(name)) {
            let label = if prefix.is_empty() { "xmlns" } else { "xmlns:" };
            self.text.push_str(&format!(" {label}{prefix}=\"{}\"", escaped_attribute(&uri)));
            self.rendered.push((prefix, uri));
        }
        let mut attributes: Vec<_> = element.attributes().collect();
        attributes.sort_by_key(|each| (each.namespace().unwrap_or_default(), each.name()));
        for attribute in attributes {
            let whole = element.document().input_text();
            let name = whole.get(attribute.range_qname()).unwrap_or_default();
            self.text.push_str(&format!(" {name}=\"{}\"", escaped_attribute(attribute.value())));
        }
        self.text.push('>');
        for child in element.children() {
            self.node(child);
        }
        self.text.push_str(&format!("</{name}>"));
        self.rendered.truncate(in_force);
    }

    /// What has to be declared here: prefixes in use, and those of the list that are in scope.
    fn declarations(&self, element: Node<'_, '_>, own: &str) -> Vec<(String, String)> {
        let whole = element.document().input_text();
        let mut used = BTreeSet::from([own]);
        for attribute in element.attributes() {
            let prefix = prefix_of(whole.get(attribute.range_qname()).unwrap_or_default());
            if !prefix.is_empty() {
                used.insert(prefix);
            }
        }
        for listed in self.prefixes {
            let prefix = if *listed == "#default" { "" } else { listed };
            if element.lookup_namespace_uri(Some(prefix).filter(|it| !it.is_empty())).is_some() {
                used.insert(prefix);
            }
        }
        used.remove("xml");
        let declared = used.into_iter().map(|prefix| {
            let named = Some(prefix).filter(|prefix| !prefix.is_empty());
            let uri = element.lookup_namespace_uri(named).unwrap_or_default();
            (prefix.to_owned(), uri.to_owned())
        });
        declared.filter(|(prefix, uri)| self.in_force(prefix) != uri).collect()
    }

    fn in_force(&self, prefix: &str) -> &str {
        let found = self.rendered.iter().rev().find(|(each, _)| each == prefix);
        found.map_or("", |(_, uri)| uri)
    }
}

/// The name as it is written, prefix included.
fn qualified_name<'input>(element: Node<'_, 'input>) -> &'input str {
    let whole = element.document().input_text();
    let tag = whole.get(element.range()).and_then(|tag| tag.strip_prefix('<')).unwrap_or_default();
    let ends = |letter: char| letter.is_ascii_whitespace() || letter == '/' || letter == '>';
    tag.split(ends).next().unwrap_or_default()
}

fn prefix_of(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

fn escaped_text(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('\r', "&#xD;")
}

fn escaped_attribute(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    text.replace('\t', "&#x9;").replace('\n', "&#xA;").replace('\r', "&#xD;")
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    fn check(xml: &str, within: &str, prefixes: &[&str], expected: &str) {
        let document = Document::parse(xml).unwrap();
        let element = document.descendants().find(|it| it.tag_name().name() == within).unwrap();
        assert_eq!(canonical(element, prefixes, None), expected, "{xml}");
    }

    #[test]
    fn the_examples_of_the_standard_come_out_as_it_says() {
        // Exclusive XML Canonicalization 1.0, section 2.2: the same element in two contexts.
        let first = "<n0:local xmlns:n0=\"foo:bar\" xmlns:n3=\"ftp://example.org\">\
                     <n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff \
                     xmlns:n3=\"ftp://example.org\"/></n1:elem2></n0:local>";
        let second = "<n2:pdu xmlns:n1=\"http://example.com\" xmlns:n2=\"http://foo.example\" \
                      xml:lang=\"fr\" xml:space=\"retain\"><n1:elem2 \
                      xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff \
                      xmlns:n3=\"ftp://example.org\"/></n1:elem2></n2:pdu>";
        let expected = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff \
                        xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
        check(first, "elem2", &[], expected);
        check(second, "elem2", &[], expected);
    }

    #[test]
    fn namespaces_attributes_and_letters_are_written_in_their_one_way() {
        check(
            "<a:r xmlns:a='urn:a' xmlns:b='urn:b' xmlns:c='urn:c'><x z='1' b:y='2' a='3' \
             a:w='&lt;&quot;&#9;&#13;'/></a:r>",
            "x",
            &[],
            "<x xmlns:a=\"urn:a\" xmlns:b=\"urn:b\" a=\"3\" z=\"1\" a:w=\"&lt;&quot;&#x9;&#xD;\" \
             b:y=\"2\"></x>",
        );
        check(
            "<r>&gt;<![CDATA[<&]]><!-- c -->\r\n&#13;</r>",
            "r",
            &[],
            "<r>&gt;&lt;&amp;\n&#xD;</r>",
        );
        check(
            "<r xmlns='urn:d'><x xmlns=''/></r>",
            "r",
            &[],
            "<r xmlns=\"urn:d\"><x xmlns=\"\"></x></r>",
        );
        check("<r xmlns='urn:d'><x xmlns=''/></r>", "x", &[], "<x></x>");
        check("<r><?p a b?></r>", "r", &[], "<r><?p a b?></r>");
    }

    #[test]
    fn prefixes_of_the_list_are_written_where_they_come_into_scope() {
        let xml =
            "<r xmlns:xs='urn:xs' xmlns='urn:d'><p:x xmlns:p='urn:p'><y t='xs:string'/></p:x></r>";
        let without = "<p:x xmlns:p=\"urn:p\"><y xmlns=\"urn:d\" t=\"xs:string\"></y></p:x>";
        check(xml, "x", &[], without);
        let with = "<p:x xmlns:p=\"urn:p\" xmlns:xs=\"urn:xs\"><y xmlns=\"urn:d\" \
                    t=\"xs:string\"></y></p:x>";
        check(xml, "x", &["xs", "absent"], with);
        let with = "<p:x xmlns=\"urn:d\" xmlns:p=\"urn:p\"><y t=\"xs:string\"></y></p:x>";
        check(xml, "x", &["#default"], with);
    }
}
