//! Canonical forms byte for byte: examples of the W3C, edges, a property, and xmllint.

use std::process::Command;

use proptest::prelude::*;

use super::super::c14n::exclusive;
use super::super::tree::{Element, Tree};
use super::signer::{AD_FS, Draft, OKTA, PYSAML2, SIMPLE};

fn find<'t>(tree: &'t Tree<'t>, name: &str) -> Element<'t> {
    let root = tree.root().unwrap();
    std::iter::once(root).chain(root.descendants()).find(|element| element.name() == name).unwrap()
}

fn canonical(document: &str, apex: &str, list: &str) -> String {
    let tree = Tree::parse(document.as_bytes()).unwrap();
    let bytes = exclusive(find(&tree, apex), None, list).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[track_caller]
fn check(document: &str, apex: &str, list: &str, expected: &str) {
    assert_eq!(canonical(document, apex, list), expected);
}

/// Section 2.2 of the recommendation: the same element in two surroundings has one form.
#[test]
fn ids_03_the_examples_of_the_recommendation() {
    let expected = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\">\n    \
                    <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff>\n  </n1:elem2>";
    let first = "<n0:pdu xmlns:n0='http://example.com'>\n  <n1:elem2 xmlns:n1='http://example.net' \
                 xml:lang='en'>\n    <n3:stuff xmlns:n3='ftp://example.org'/>\n  </n1:elem2>\n</n0:pdu>";
    let second = "<n0:local xmlns:n0='foo:bar' xmlns:n3='ftp://example.org'>\n  <n1:elem2 \
                  xmlns:n1='http://example.net' xml:lang='en'>\n    <n3:stuff/>\n  </n1:elem2>\n</n0:local>";
    let third = "<n2:pdu xmlns:n1='http://example.net' xmlns:n2='http://foo.example' xml:lang='fr' \
                 xml:space='retain'>\n  <n1:elem2 xml:lang='en'>\n    <n3:stuff xmlns:n3='ftp://example.org'/>\n  \
                 </n1:elem2>\n</n2:pdu>";
    for document in [first, second, third] {
        check(document, "elem2", "", expected);
    }
    // With a list, what is in scope of it comes along.
    let listed = "<n1:elem2 xmlns:n0=\"foo:bar\" xmlns:n1=\"http://example.net\" xmlns:n3=\"ftp://example.org\" \
                  xml:lang=\"en\">\n    <n3:stuff></n3:stuff>\n  </n1:elem2>";
    check(second, "elem2", "n0 n3 unknown", listed);
}

#[test]
fn ids_03_namespaces_are_written_where_they_are_used() {
    // Used below only; used again by a sibling; bound anew; the same bound twice.
    check(
        "<a xmlns:p='u:1'><p:b/><p:b/></a>",
        "a",
        "",
        "<a><p:b xmlns:p=\"u:1\"></p:b><p:b xmlns:p=\"u:1\"></p:b></a>",
    );
    check(
        "<p:a xmlns:p='u:1'><p:b xmlns:p='u:2'><p:c xmlns:p='u:1'/></p:b><p:d/></p:a>",
        "a",
        "",
        "<p:a xmlns:p=\"u:1\"><p:b xmlns:p=\"u:2\"><p:c xmlns:p=\"u:1\"></p:c></p:b><p:d></p:d></p:a>",
    );
    check(
        "<p:a xmlns:p='u:1'><p:b xmlns:p='u:1'/></p:a>",
        "a",
        "",
        "<p:a xmlns:p=\"u:1\"><p:b></p:b></p:a>",
    );
    // By an attribute; not by a value.
    check(
        "<a xmlns:p='u:1' xmlns:q='u:2' p:x='q:y'/>",
        "a",
        "",
        "<a xmlns:p=\"u:1\" p:x=\"q:y\"></a>",
    );
    check(
        "<a xmlns:p='u:1' xmlns:q='u:2' p:x='q:y'/>",
        "a",
        "q",
        "<a xmlns:p=\"u:1\" xmlns:q=\"u:2\" p:x=\"q:y\"></a>",
    );
    // The default namespace, undone and not.
    check(
        "<a xmlns='u:1'><b xmlns=''><c xmlns='u:1'/></b></a>",
        "a",
        "",
        "<a xmlns=\"u:1\"><b xmlns=\"\"><c xmlns=\"u:1\"></c></b></a>",
    );
    check("<a xmlns='u:1'><b xmlns=''><c/></b></a>", "b", "", "<b><c></c></b>");
    check("<a xmlns=''><b xmlns=''/></a>", "a", "", "<a><b></b></a>");
    check(
        "<a xmlns='u:1'><p:b xmlns:p='u:2'><c xmlns=''/></p:b></a>",
        "b",
        "",
        "<p:b xmlns:p=\"u:2\"><c></c></p:b>",
    );
    check(
        "<a xmlns='u:1'><p:b xmlns:p='u:2'><c/></p:b></a>",
        "a",
        "",
        "<a xmlns=\"u:1\"><p:b xmlns:p=\"u:2\"><c></c></p:b></a>",
    );
    // Of a list: at the apex from above, the nearest; below where it is declared; the default too.
    check(
        "<a xmlns:p='u:1'><b xmlns:p='u:2'><c><d xmlns:p='u:3'><e/></d></c></b></a>",
        "c",
        "p",
        "<c xmlns:p=\"u:2\"><d xmlns:p=\"u:3\"><e></e></d></c>",
    );
    check(
        "<a xmlns='u:1'><p:b xmlns:p='u:2'><p:c xmlns=''/></p:b></a>",
        "b",
        "#default",
        "<p:b xmlns=\"u:1\" xmlns:p=\"u:2\"><p:c xmlns=\"\"></p:c></p:b>",
    );
    check(
        "<a xmlns='u:1'><p:b xmlns:p='u:2'/></a>",
        "b",
        " xml\n p  ",
        "<p:b xmlns:p=\"u:2\"></p:b>",
    );
    check(
        "<a xml:lang='de'><b xml:space='preserve'/></a>",
        "b",
        "",
        "<b xml:space=\"preserve\"></b>",
    );
}

#[test]
fn ids_03_attributes_and_text_are_written_one_way() {
    check(
        "<a b='2' a='1' xmlns:z='u:1' xmlns:y='u:2' y:a='4' z:a='3' B='0' \u{E9}='5' xml:id='_6'/>",
        "a",
        "",
        "<a xmlns:y=\"u:2\" xmlns:z=\"u:1\" B=\"0\" a=\"1\" b=\"2\" \u{E9}=\"5\" xml:id=\"_6\" z:a=\"3\" y:a=\"4\"></a>",
    );
    check(
        "<a b='\t\n\r\n&#9;&#10;&#13;&lt;&amp;&quot;&apos;>\"'/>",
        "a",
        "",
        "<a b=\"   &#x9;&#xA;&#xD;&lt;&amp;&quot;'>&quot;\"></a>",
    );
    check(
        "<a>&lt;&gt;&amp;&quot;'\"\t\r\n\r&#13;<![CDATA[<&>]]>\u{1F600}</a>",
        "a",
        "",
        "<a>&lt;&gt;&amp;\"'\"\t\n\n&#xD;&lt;&amp;&gt;\u{1F600}</a>",
    );
    check("<!-- x --><a  ><!-- x -->1<!-- -->2</a  >\n<!-- x -->", "a", "", "<a>12</a>");
    check("<a xmlns='u:&amp;&#9;&quot;'/>", "a", "", "<a xmlns=\"u:&amp;&#x9;&quot;\"></a>");
}

#[test]
fn ids_03_what_is_left_out_leaves_no_trace() {
    let document = "<p:a xmlns:p='u:1'> <s xmlns='u:2'><t/></s> <p:b><u/></p:b><s/></p:a>";
    let tree = Tree::parse(document.as_bytes()).unwrap();
    let left_out = |name: &str| {
        let bytes = exclusive(find(&tree, "a"), Some(find(&tree, name)), "").unwrap();
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(left_out("s"), "<p:a xmlns:p=\"u:1\">  <p:b><u></u></p:b><s></s></p:a>");
    assert_eq!(
        left_out("u"),
        "<p:a xmlns:p=\"u:1\"> <s xmlns=\"u:2\"><t></t></s> <p:b></p:b><s></s></p:a>"
    );
    let last = Tree::parse(b"<a><b><c/></b></a>").unwrap();
    let bytes = exclusive(find(&last, "a"), Some(find(&last, "b")), "").unwrap();
    assert_eq!(bytes, b"<a></a>");
}

fn documents() -> Vec<String> {
    let mut documents: Vec<String> = [AD_FS, OKTA, SIMPLE, PYSAML2]
        .into_iter()
        .map(|shape| Draft { shape, ..Draft::default() }.signed())
        .collect();
    for document in [
        "<a xmlns='u:1' xmlns:p='u:2' p:z='1' a='2'><b xmlns=''><p:c xmlns:p='u:3' p:x='&#13;&#9;'/></b>\r\n&#13;<p:d/></a>",
        "<p:a xmlns:p='u:1' xmlns:q='u:1' q:b='1' p:a='2'><q:c xmlns:q='u:2'>&lt;<![CDATA[]]&gt;]]></q:c><!-- c --></p:a>",
        "<a xmlns='u:1'><p:b xmlns:p='u:2'><c xmlns=''><p:d xmlns='u:1'><e/></p:d></c></p:b></a>",
        "<a xml:lang='de' \u{E9}='\u{1F600}' b='\u{FFFD}'>\u{E9}\u{1F600}&quot;</a>",
    ] {
        documents.push(document.to_owned());
    }
    documents
}

/// Another implementation must write the same.
#[test]
fn ids_03_xmllint_writes_the_same() {
    if Command::new("xmllint").arg("--version").output().is_err() {
        println!("left out: there is no xmllint");
        return;
    }
    let file = std::env::temp_dir().join(format!("jackfield-c14n-{}.xml", std::process::id()));
    for document in documents() {
        // xmllint keeps comments.
        let document = document.replace("<!-- c -->", "");
        std::fs::write(&file, &document).unwrap();
        let output = Command::new("xmllint").arg("--exc-c14n").arg(&file).output().unwrap();
        let tree = Tree::parse(document.as_bytes()).unwrap();
        let own = exclusive(tree.root().unwrap(), None, "").unwrap();
        let theirs = String::from_utf8(output.stdout).unwrap();
        assert_eq!(String::from_utf8(own).unwrap(), theirs.trim_end_matches('\n'), "{document}");
    }
    std::fs::remove_file(&file).unwrap();
}

/// Small documents of few names, so that namespaces collide.
fn element() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "p:a", "q:b", "p:c"]);
    let declarations = prop::sample::select(vec![
        "",
        " xmlns='u:1'",
        " xmlns=''",
        " xmlns:p='u:1'",
        " xmlns:q='u:1' xmlns:p='u:3'",
        " xmlns='u:2' xmlns:q='u:3'",
    ]);
    let attributes = prop::sample::select(vec![
        "",
        " b='1' a=' &#13;&lt;'",
        " q:a='x' a='y'",
        " p:z='1' b='\n&#10;'",
    ]);
    let text = prop::sample::select(vec![
        "",
        "t",
        "&amp;&gt;",
        "<!-- c -->",
        "<![CDATA[<]]>",
        "\r\n&#13;",
    ]);
    let leaf = (name.clone(), declarations.clone(), attributes.clone(), text.clone()).prop_map(
        |(name, declarations, attributes, text)| {
            format!("<{name}{declarations}{attributes}>{text}</{name}>")
        },
    );
    leaf.prop_recursive(4, 24, 3, move |inner| {
        (
            name.clone(),
            declarations.clone(),
            attributes.clone(),
            text.clone(),
            prop::collection::vec(inner, 0..3),
        )
            .prop_map(|(name, declarations, attributes, text, inner)| {
                format!("<{name}{declarations}{attributes}>{text}{}</{name}>", inner.concat())
            })
    })
}

proptest! {
    /// A canonical form is its own canonical form, and means the same as what it was made from.
    #[test]
    fn canonical_forms_stay(inside in element()) {
        let document = format!("<r xmlns:p='u:1' xmlns:q='u:2' xmlns='u:4'>{inside}</r>");
        let tree = Tree::parse(document.as_bytes()).unwrap();
        let apex = tree.root().unwrap().children().next().unwrap();
        for list in ["", "p #default", "q"] {
            let once = exclusive(apex, None, list).unwrap();
            let again = Tree::parse(&once).unwrap();
            let root = again.root().unwrap();
            prop_assert_eq!(&exclusive(root, None, list).unwrap(), &once);
            let names = |element: Element<'_>| -> Vec<String> {
                let each = |it: Element<'_>| format!("{}|{}|{:?}", it.namespace(), it.name(), it.attributes().collect::<Vec<_>>());
                std::iter::once(element).chain(element.descendants()).map(each).collect()
            };
            prop_assert_eq!(names(root), names(apex));
        }
    }
}
