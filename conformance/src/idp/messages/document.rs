//! What is no proper XML, or more of XML than is taken: most of it around or within a message that is signed
//! well.

use super::{Edit, Entry, Fault, Forge, PLAIN, Signed, edit};
use crate::idp::signing::Form;

const DOCTYPE: Fault = (3, "document type", "");

pub(super) fn entries(forge: &Forge) -> Result<Vec<Entry>, String> {
    let mut entries = before(forge)?;
    entries.extend(behind(forge)?);
    entries.extend(forge.spoilt("not XML", NOT_XML)?);
    entries.extend(roots(forge)?);
    entries.extend(encodings(forge)?);
    let name = "processing-instruction-within";
    let template = edit(PLAIN, "<saml:Subject>", "<?x y?><saml:Subject>")?;
    let text = forge.made(name, &template, &Form::of(&forge.key), Signed::Message)?;
    let fault = (3, "processing instruction", "a processing instruction within the assertion");
    entries.push(Entry::refused(name, "document", fault, text));
    Ok(entries)
}

/// What stands before a message that is signed well, and what its values make of it.
fn before(forge: &Forge) -> Result<Vec<Entry>, String> {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">\
                  <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \
                  \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\">\
                  <!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\"><!ENTITY g \
                  \"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\">]>";
    let list = [
        ("doctype", DOCTYPE, "a document type and no more", "<!DOCTYPE Response>", ""),
        (
            "doctype-external",
            DOCTYPE,
            "a document type to be fetched",
            "<!DOCTYPE Response SYSTEM \"$FETCH\">",
            "",
        ),
        (
            "doctype-public",
            DOCTYPE,
            "a document type to be fetched, by public name",
            "<!DOCTYPE Response PUBLIC \"-//x//y\" \"$FETCH\">",
            "",
        ),
        (
            "doctype-identifies",
            DOCTYPE,
            "a document type that makes another attribute an ID",
            "<!DOCTYPE Response [<!ATTLIST saml:Subject Code ID #IMPLIED>]>",
            "",
        ),
        (
            "entity",
            DOCTYPE,
            "an entity in the place of the uid",
            "<!DOCTYPE x [<!ENTITY who \"administrator\">]>",
            "&who;",
        ),
        (
            "entity-of-a-file",
            DOCTYPE,
            "an entity that reads a file",
            "<!DOCTYPE x [<!ENTITY who SYSTEM \"file:///etc/hostname\">]>",
            "&who;",
        ),
        (
            "entity-fetched",
            DOCTYPE,
            "an entity that is fetched",
            "<!DOCTYPE x [<!ENTITY who SYSTEM \"$FETCH\">]>",
            "&who;",
        ),
        (
            "parameter-entity",
            DOCTYPE,
            "a parameter entity that is fetched",
            "<!DOCTYPE x [<!ENTITY % more SYSTEM \"$FETCH\"> %more;]>",
            "",
        ),
        ("billion-laughs", DOCTYPE, "entities of entities", laughs, "&g;"),
        (
            "style-sheet",
            (3, "processing instruction", ""),
            "a style sheet to be fetched",
            "<?xml-stylesheet type=\"text/xsl\" href=\"$FETCH\"?>",
            "",
        ),
        (
            "xml-1-1",
            (2, "not XML 1.0", ""),
            "a version of XML with other rules",
            "<?xml version=\"1.1\" encoding=\"UTF-8\"?>",
            "",
        ),
        (
            "latin-1-declared",
            (2, "encoding", ""),
            "another encoding is declared",
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
            "",
        ),
        (
            "utf-7-declared",
            (2, "encoding", ""),
            "an encoding in which letters hide others",
            "<?xml version=\"1.0\" encoding=\"UTF-7\"?>",
            "",
        ),
        (
            "space-before-declaration",
            (3, "not well-formed", ""),
            "",
            " <?xml version=\"1.0\"?>",
            "",
        ),
        ("text-before", (3, "not well-formed", ""), "text before the root", "text", ""),
        ("element-before", (3, "not well-formed", ""), "an element before the root", "<x/>", ""),
    ];
    let each = list.into_iter().map(|(name, (step, reason, _), explanation, before, uid)| {
        let mut text = forge.plain(name, Signed::Message)?;
        if !uid.is_empty() {
            let value = forge.fill("<saml:AttributeValue>$UID<", name);
            text = edit(&text, &value, &format!("<saml:AttributeValue>{uid}<"))?;
        }
        let explanation =
            if explanation.is_empty() { "a declaration that is none" } else { explanation };
        let text = format!("{}{text}", forge.fill(before, name));
        Ok(Entry::refused(name, "document", (step, reason, explanation), text))
    });
    each.collect()
}

/// What stands behind a message that is signed well.
fn behind(forge: &Forge) -> Result<Vec<Entry>, String> {
    let list = [
        ("text-behind", "text behind the root", "text"),
        ("element-behind", "a second root", "<x></x>"),
        ("message-behind", "a second message", "$ALL"),
        ("end-tag-behind", "an end that nothing began", "</samlp:Response>"),
    ];
    let fault = |explanation| (3, "not well-formed", explanation);
    let mut entries = Vec::new();
    for (name, explanation, behind) in list {
        let text = forge.plain(name, Signed::Message)?;
        let text = format!("{text}{}", behind.replace("$ALL", &text));
        entries.push(Entry::refused(name, "document", fault(explanation), text));
    }
    for (name, explanation, kept) in [
        ("cut-at-the-end", "the last letter is missing", 1),
        ("cut-in-the-end-tag", "the end tag of the root is missing", 17),
    ] {
        let text = forge.plain(name, Signed::Message)?;
        let text = text.get(..text.len() - kept).unwrap_or_default().to_owned();
        entries.push(Entry::refused(name, "document", fault(explanation), text));
    }
    let name = "cut-in-the-middle";
    let text = forge.plain(name, Signed::Message)?;
    let text = text.get(..text.len() / 2).unwrap_or_default().to_owned();
    entries.push(Entry::refused(name, "document", fault("half a message"), text));
    entries.push(Entry::refused("nothing", "document", fault("no letter at all"), Vec::new()));
    let fault = fault("no XML");
    entries.push(Entry::refused("words", "document", fault, "SAMLResponse".to_owned()));
    Ok(entries)
}

const STATUS: &str = "<samlp:Status>";

/// Breaches of XML 1.0 and its namespaces that lenient readers mend.
const NOT_XML: &[Edit] = &[
    (
        "undeclared-prefix",
        (3, "namespace", "a prefix that is not declared"),
        STATUS,
        "<x:y></x:y><samlp:Status>",
    ),
    (
        "attribute-twice",
        (3, "not well-formed", "an attribute twice"),
        " ID=\"$RESPONSE_ID\"",
        " ID=\"$RESPONSE_ID\" ID=\"_other\"",
    ),
    (
        "attribute-twice-by-namespace",
        (3, "namespace", "an attribute twice, under two prefixes of one namespace"),
        STATUS,
        "<samlp:Status xmlns:a=\"urn:example:x\" xmlns:b=\"urn:example:x\" a:c=\"1\" b:c=\"2\">",
    ),
    (
        "xml-bound-anew",
        (3, "namespace", "the prefix xml is given another namespace"),
        STATUS,
        "<samlp:Status xmlns:xml=\"urn:example:x\">",
    ),
    (
        "xmlns-declared",
        (3, "namespace", "the prefix xmlns is declared"),
        STATUS,
        "<samlp:Status xmlns:xmlns=\"urn:example:x\">",
    ),
    (
        "prefix-taken-back",
        (3, "namespace", "a prefix is bound to nothing, as only XML 1.1 allows"),
        STATUS,
        "<samlp:Status xmlns:x=\"\">",
    ),
    (
        "end-tag-of-another",
        (3, "not well-formed", "an end tag with another name"),
        "</samlp:Status>",
        "</samlp:status>",
    ),
    (
        "attribute-unquoted",
        (3, "not well-formed", "an attribute without quotes"),
        STATUS,
        "<samlp:Status x=y>",
    ),
    (
        "less-than-in-attribute",
        (3, "not well-formed", "a < in the value of an attribute"),
        STATUS,
        "<samlp:Status x=\"<\">",
    ),
    (
        "ampersand-alone",
        (3, "not well-formed", "an & that begins nothing"),
        STATUS,
        "a & b<samlp:Status>",
    ),
    (
        "entity-of-html",
        (3, "entity", "an entity that only HTML knows"),
        STATUS,
        "&nbsp;<samlp:Status>",
    ),
    (
        "dashes-in-comment",
        (3, "not well-formed", "two dashes in a comment"),
        STATUS,
        "<!-- a -- b --><samlp:Status>",
    ),
    ("cdata-end-in-text", (3, "not well-formed", "]]> in text"), STATUS, "]]><samlp:Status>"),
    ("control-character", (2, "character", "a control character"), STATUS, "\u{1}<samlp:Status>"),
    ("nul-character", (2, "character", "a NUL"), STATUS, "\u{0}<samlp:Status>"),
    (
        "control-character-by-reference",
        (3, "character", "a control character by reference"),
        STATUS,
        "&#1;<samlp:Status>",
    ),
    (
        "half-a-surrogate",
        (3, "character", "half of a surrogate pair by reference"),
        STATUS,
        "&#xD800;<samlp:Status>",
    ),
    (
        "character-beyond-unicode",
        (3, "character", "a reference beyond what Unicode has"),
        STATUS,
        "&#x110000;<samlp:Status>",
    ),
    (
        "doctype-within",
        (3, "document type", "a document type within the root"),
        STATUS,
        "<!DOCTYPE x><samlp:Status>",
    ),
    (
        "declaration-within",
        (3, "processing instruction", "a declaration within the root"),
        STATUS,
        "<?xml version=\"1.0\"?><samlp:Status>",
    ),
    (
        "space-before-name",
        (3, "not well-formed", "white space before the name of an element"),
        STATUS,
        "< samlp:Status>",
    ),
    (
        "two-colons",
        (3, "namespace", "a name with two colons"),
        STATUS,
        "<samlp:a:b></samlp:a:b><samlp:Status>",
    ),
];

/// Other messages than a Response, signed as well.
fn roots(forge: &Forge) -> Result<Vec<Entry>, String> {
    let fault = (4, "not a Response of SAML 2.0", "another message with the content of a Response");
    let names = [
        ("root-logout-response", "LogoutResponse"),
        ("root-artifact-response", "ArtifactResponse"),
        ("root-authn-request", "AuthnRequest"),
        ("root-lower-case", "response"),
    ];
    let each = names.into_iter().map(|(name, root)| {
        let template = PLAIN.replace("<samlp:Response ", &format!("<samlp:{root} "));
        let template = template.replace("</samlp:Response>", &format!("</samlp:{root}>"));
        let text = forge.made(name, &template, &Form::of(&forge.key), Signed::Message)?;
        Ok(Entry::refused(name, "structure", fault, text))
    });
    each.collect()
}

fn encodings(forge: &Forge) -> Result<Vec<Entry>, String> {
    let text = |name: &str| forge.plain(name, Signed::Message);
    let fault = |explanation| (2, "encoding", explanation);
    let utf_16: Vec<u8> = std::iter::once(0xfeff)
        .chain(text("utf-16")?.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    let mut invalid = text("not-utf-8")?.into_bytes();
    invalid.extend_from_slice(b"<!-- \xff -->");
    let mut overlong = text("overlong-letter")?.into_bytes();
    overlong.extend_from_slice(b"<!-- \xc0\xbc -->");
    Ok(vec![
        Entry::refused("utf-16", "document", fault("UTF-16"), utf_16),
        Entry::refused("not-utf-8", "document", fault("a byte that is not UTF-8"), invalid),
        Entry::refused(
            "overlong-letter",
            "document",
            fault("a letter in more bytes than it has"),
            overlong,
        ),
    ])
}
