//! What is well-formed, what is not, and where the limits are.

use super::super::tree::{Content, Tree};
use super::super::{SamlReason, SamlRefused};

fn reason(bytes: &[u8]) -> Option<SamlReason> {
    Tree::parse(bytes).err().map(|SamlRefused { reason, .. }| reason)
}

#[track_caller]
fn check(document: &str, expected: SamlReason) {
    assert_eq!(reason(document.as_bytes()), Some(expected), "{document}");
}

#[track_caller]
fn taken(document: &str) {
    if let Err(refused) = Tree::parse(document.as_bytes()) {
        panic!("{document}: {refused}");
    }
}

#[test]
fn well_formed_documents_are_taken() {
    for document in [
        "<a/>",
        "\u{FEFF}<a/>",
        "<?xml version='1.0'?><a/>",
        "<?xml version=\"1.0\" encoding='utf-8' standalone = \"no\" ?>\n<!-- c --><a ></a >\n<!---->\n",
        "<a b='1' c=\"'\"\n d='&lt;&#65;&#x41;&quot;'>&amp;]]&gt; > ]] <![CDATA[<&]]]]><![CDATA[>]]></a>",
        "<p:a xmlns:p='u:1' p:b='1' b='1'><p:c xmlns='u:1' xmlns:q='u:2' q:b='2'/></p:a>",
        "<a xmlns='u:1'><b xmlns=''/></a>",
        "<a xml:lang='en'/>",
        "<\u{C9}l\u{E9}ment \u{3B1}='\u{10FFFF}'/>",
    ] {
        taken(document);
    }
}

#[test]
fn what_is_not_well_formed_is_refused() {
    use SamlReason::NotWellFormed;
    for document in [
        "",
        " ",
        "a",
        "<a>",
        "<a></b>",
        "<a></a",
        "<a",
        "</a>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a/>&amp;",
        "<a/><![CDATA[x]]>",
        "<![CDATA[]]><a/>",
        "<a b='1'c='2'/>",
        "<a b=1/>",
        "<a b/>",
        "<a b='1' b='2'/>",
        "<a b='<'/>",
        "<a b='&'/>",
        "<a b='&amp'/>",
        "<a>]]></a>",
        "<a><!-- -- --></a>",
        "<a><!-- ---></a>",
        "<a><!-- ></a>",
        "<1a/>",
        "<a:/>",
        "<:a/>",
        "<a:b:c xmlns:a='u:1'/>",
        "< a/>",
        "<a/ >",
        "<a //>",
        "<a>&</a>",
        "<a>&amp</a>",
        "<a b='1/>",
        "<?xml version='1.1'?><a/>",
        "<?xml encoding='UTF-8'?><a/>",
        "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>",
        "<?xml version='1.0'encoding='UTF-8'?><a/>",
        "<a xmlns:p='u:1' xmlns:p='u:1'/>",
        "<a xmlns:p='u:1' xmlns:q='u:1' p:b='' q:b=''/>",
        "<a><![CDATA[x</a>",
        "<a b='1' =''/>",
        "<a/\u{0}>",
        "<a/>\u{FEFF}",
    ] {
        let told = reason(document.as_bytes());
        let may_be = told == Some(NotWellFormed) || document.contains('\0');
        assert!(may_be && told.is_some(), "{document}: {told:?}");
    }
}

#[test]
fn ids_03_document_types_entities_and_instructions_are_refused() {
    use SamlReason::{Character, DocumentType, Encoding, Entity, ProcessingInstruction};
    check("<!DOCTYPE a><a/>", DocumentType);
    check("<!doctype a><a/>", DocumentType);
    check("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", DocumentType);
    check("<!DOCTYPE a SYSTEM 'http://127.0.0.1/x'><a/>", DocumentType);
    check("<!DOCTYPE a [", DocumentType);
    check("<a><!DOCTYPE a></a>", DocumentType);
    check("<a>&x;</a>", Entity);
    check("<a>&nbsp;</a>", Entity);
    check("<a b='&x;'/>", Entity);
    check("<?x y?><a/>", ProcessingInstruction);
    check("<a><?x y?></a>", ProcessingInstruction);
    check("<a/><?x y?>", ProcessingInstruction);
    check(" <?xml version='1.0'?><a/>", ProcessingInstruction);
    check("<?xml version='1.0' encoding='UTF-16'?><a/>", Encoding);
    check("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", Encoding);
    assert_eq!(reason(b"<a>\xE9</a>"), Some(Encoding));
    assert_eq!(
        reason("<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice()),
        Some(Character)
    );
    for document in [
        "<a>\u{0}</a>",
        "<a>\u{1B}</a>",
        "<a b='\u{8}'/>",
        "<a>\u{FFFE}</a>",
        "<a>\u{FFFF}</a>",
        "<!--\u{1}--><a/>",
        "<a>&#0;</a>",
        "<a>&#x1F;</a>",
        "<a>&#xD800;</a>",
        "<a>&#xFFFF;</a>",
        "<a>&#+65;</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#X41;</a>",
        "<a>&#99999999999;</a>",
    ] {
        check(document, Character);
    }
}

#[test]
fn ids_03_namespaces_that_are_misused_are_refused() {
    for document in [
        "<p:a/>",
        "<a p:b=''/>",
        "<a xmlns:p=''/>",
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:xmlns='u:1'/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns='relative'/>",
        "<a><b xmlns:p='u:1'/><p:c/></a>",
        "<xmlns:a/>",
    ] {
        check(document, SamlReason::Namespace);
    }
    let long = format!("<a xmlns='u:{}'/>", "x".repeat(511));
    check(&long, SamlReason::Namespace);
    let many: String = (0..65).map(|at| format!(" xmlns:p{at}='u:{at}'")).collect();
    check(&format!("<a{many}/>"), SamlReason::Namespace);
}

#[test]
fn ids_03_limits_hold() {
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    taken(&deep(32));
    check(&deep(33), SamlReason::TooDeep);
    let wide = |count: usize| -> String {
        let attributes: String = (0..count).map(|at| format!(" a{at}=''")).collect();
        format!("<a{attributes}/>")
    };
    taken(&wide(256));
    check(&wide(257), SamlReason::TooManyAttributes);
    let many = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
    taken(&many(4_000));
    check(&many(4_001), SamlReason::TooManyElements);
    let large = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes - 7));
    taken(&large(256 * 1024));
    check(&large(256 * 1024 + 1), SamlReason::TooLarge);
}

#[test]
fn text_and_values_are_read_as_xml_says() {
    let document = "<a b=' 1\r\n2\t3&#13;&#10;&#9; ' c='&amp;lt;'>x\r\ny\rz&#13;&amp;<!-- c --><![CDATA[&amp;\r\n]]>w</a>";
    let tree = Tree::parse(document.as_bytes()).unwrap();
    let root = tree.root().unwrap();
    assert_eq!(root.attribute("b"), Some(" 1 2 3\r\n\t "));
    assert_eq!(root.attribute("c"), Some("&lt;"));
    let pieces: Vec<_> = root
        .content()
        .map(|content| match content {
            Content::Text(text) => format!("T{text}"),
            Content::CData(text) => format!("C{text}"),
            Content::Comment => "!".to_owned(),
            Content::Element(_) => "E".to_owned(),
        })
        .collect();
    assert_eq!(pieces, ["Tx\ny\nz\r&", "!", "C&amp;\n", "Tw"]);
    assert_eq!(root.text(), None);
    let tree = Tree::parse(b"<a>1&#50;<![CDATA[3]]>4</a>").unwrap();
    assert_eq!(tree.root().unwrap().text().as_deref(), Some("1234"));
    assert_eq!(tree.root().unwrap().plain_text(), None);
}

#[test]
fn elements_are_found_by_namespace_and_name() {
    let document = "<p:a xmlns:p='u:1' xmlns='u:2'><b p:id='1' id='2'/><p:b xmlns:p='u:3'/><b xmlns=''/>t</p:a>";
    let tree = Tree::parse(document.as_bytes()).unwrap();
    let root = tree.root().unwrap();
    assert!(root.is("u:1", "a") && root.parent().is_none() && !root.has_elements_only());
    let children: Vec<_> = root.children().map(|child| (child.namespace(), child.name())).collect();
    assert_eq!(children, [("u:2", "b"), ("u:3", "b"), ("", "b")]);
    let first = root.child("u:2", "b").unwrap();
    assert_eq!(first.attribute("id"), Some("2"));
    assert_eq!(first.attributes().collect::<Vec<_>>(), [("", "id", "2"), ("u:1", "id", "1")]);
    assert_eq!(first.parent(), Some(root));
    assert_eq!(root.descendants().count(), 3);
}
