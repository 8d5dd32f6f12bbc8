//! What costs a careless reader much: all but one stay within the size that is taken.

use super::{Entry, Fault, Forge, PLAIN, Signed, edit, signature_text};
use crate::idp::signing::Form;

/// Bytes beyond what is taken.
const TOO_LARGE_BYTES: usize = 300 * 1024;
/// Bytes of those that may be as large as they like.
const LARGE_BYTES: usize = 150_000;

pub(super) fn entries(forge: &Forge) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    for (name, fault, from, to) in contents() {
        let text = forge.plain(name, Signed::Message)?;
        let text = edit(&text, from, &to).map_err(|problem| format!("{name}: {problem}"))?;
        entries.push(Entry::refused(name, "too much", fault, text));
    }
    entries.extend(signed(forge)?);
    entries.extend(signatures(forge)?);
    Ok(entries)
}

/// Pieces that are put into a signed message.
fn contents() -> Vec<(&'static str, Fault, &'static str, String)> {
    let status = "<samlp:Status>";
    let depth = 10_000;
    let nested = format!("{}{}", "<x>".repeat(depth), "</x>".repeat(depth));
    let attributes: String = (0..4_000).map(|at| format!(" a{at}=\"\"")).collect();
    let namespaces: String = (0..4_000).map(|at| format!(" xmlns:n{at}=\"urn:{at}\"")).collect();
    let rebound: String = (0..2_000)
        .map(|at| format!("<p:x xmlns:p=\"urn:{at}\">"))
        .chain((0..2_000).map(|_| "</p:x>".to_owned()))
        .collect();
    let spread: String =
        (0..2_500).map(|at| format!("<p{at}:x xmlns:p{at}=\"urn:{at}\"/>")).collect();
    let before = |text: String| format!("{text}{status}");
    vec![
        (
            "too-large",
            (1, "too large", "300 KiB"),
            status,
            before(format!("<!--{}-->", "a".repeat(TOO_LARGE_BYTES))),
        ),
        ("nested-deep", (3, "too deep", "10,000 levels"), status, before(nested)),
        (
            "many-attributes",
            (3, "too many attributes", "4,000 attributes of one element"),
            status,
            format!("<samlp:Status{attributes}>"),
        ),
        (
            "many-namespaces",
            (3, "too many attributes", "4,000 namespaces of one element"),
            status,
            format!("<samlp:Status{namespaces}>"),
        ),
        (
            "namespaces-bound-anew",
            (3, "too deep", "a prefix bound anew at every of 2,000 levels"),
            status,
            before(rebound),
        ),
        (
            "namespaces-everywhere",
            (3, "too many namespaces", "2,500 elements with a namespace of their own"),
            status,
            before(spread),
        ),
        (
            "many-elements",
            (3, "too many elements", "5,000 elements"),
            status,
            before("<x/>".repeat(5_000)),
        ),
        (
            "unfinished-tags",
            (3, "not well-formed", "thousands of tags that do not end"),
            status,
            before("<a".repeat(LARGE_BYTES / 2)),
        ),
        (
            "unfinished-comment",
            (3, "not well-formed", "comments that do not end"),
            status,
            before("<!--".repeat(LARGE_BYTES / 4)),
        ),
        (
            "long-name",
            (3, "not well-formed", "a name of 150,000 letters"),
            status,
            before(format!("<{}>", "a".repeat(LARGE_BYTES))),
        ),
    ]
}

/// What is signed well and large all the same.
fn signed(forge: &Forge) -> Result<Vec<Entry>, String> {
    let form = Form::of(&forge.key);
    let deep = format!("{}{}", "<x>".repeat(40), "</x>".repeat(40));
    let deep = format!("<samlp:Extensions>{deep}</samlp:Extensions><samlp:Status>");
    let attributes: String = (100..400).map(|at| format!(" a{at}=\"\"")).collect();
    let attributes = format!("<samlp:Status{attributes}>");
    let elements = format!("<samlp:Extensions>{}</samlp:Extensions>", "<x></x>".repeat(4_001));
    let elements = format!("{elements}<samlp:Status>");
    let value = format!("<saml:AttributeValue>{}$UID<", "a".repeat(LARGE_BYTES));
    let references = format!("<saml:AttributeValue>{}$UID<", "&lt;".repeat(LARGE_BYTES / 4));
    let list: [(&str, Fault, &str, &str); 5] = [
        ("deep-and-signed", (3, "too deep", "40 levels, signed"), "<samlp:Status>", &deep),
        (
            "attributes-and-signed",
            (3, "too many attributes", "300 attributes, signed"),
            "<samlp:Status>",
            &attributes,
        ),
        (
            "elements-and-signed",
            (3, "too many elements", "4,001, signed"),
            "<samlp:Status>",
            &elements,
        ),
        (
            "huge-value",
            (20, "attribute", "150,000 letters, signed"),
            "<saml:AttributeValue>$UID<",
            &value,
        ),
        (
            "value-of-references",
            (20, "attribute", "a value of 37,500 references to characters, signed"),
            "<saml:AttributeValue>$UID<",
            &references,
        ),
    ];
    let each = list.into_iter().map(|(name, fault, from, to)| {
        let template = edit(PLAIN, from, to)?;
        let text = forge.made(name, &template, &form, Signed::Message)?;
        Ok(Entry::refused(name, "too much", fault, text))
    });
    each.collect()
}

/// Signatures that ask for much work.
fn signatures(forge: &Forge) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut push = |name: &str, fault: Fault, change: &dyn Fn(&str) -> Option<String>| {
        let text = forge.plain(name, Signed::Message)?;
        let signature = signature_text(&text, &forge.ids(name).0)?;
        let changed = change(&signature).ok_or("no such part")?;
        let text = edit(&text, &signature, &changed)?;
        entries.push(Entry::refused(name, "too much", fault, text));
        Ok::<_, String>(())
    };
    let piece = |signature: &str, name: &str| {
        let (open, close) = (format!("<ds:{name}"), format!("</ds:{name}>"));
        let from = signature.find(&open)?;
        let end = signature.find(&close)? + close.len();
        signature.get(from..end).map(str::to_owned)
    };
    push("many-references", (3, "too many elements", "a thousand references"), &|signature| {
        let reference = piece(signature, "Reference")?;
        let small = "<ds:Reference URI=\"\"><ds:DigestMethod/></ds:Reference>";
        Some(signature.replace(&reference, &format!("{reference}{}", small.repeat(2_000))))
    })?;
    push("some-references", (6, "shape of a signature", "a hundred references"), &|signature| {
        let reference = piece(signature, "Reference")?;
        Some(signature.replace(&reference, &reference.repeat(100)))
    })?;
    push("many-transforms", (7, "algorithm", "a thousand transforms"), &|signature| {
        let transforms = piece(signature, "Transforms")?;
        let one = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
        let many = format!("<ds:Transforms>{}</ds:Transforms>", one.repeat(1_000));
        Some(signature.replace(&transforms, &many))
    })?;
    push(
        "many-signatures",
        (6, "shape of a signature", "three hundred signatures"),
        &|signature| {
            let bare =
                "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature>";
            Some(format!("{signature}{}", bare.repeat(300)))
        },
    )?;
    push(
        "huge-signature-value",
        (10, "signature does not verify", "150,000 letters"),
        &|signature| {
            let value = piece(signature, "SignatureValue")?;
            let huge =
                format!("<ds:SignatureValue>{}</ds:SignatureValue>", "A".repeat(LARGE_BYTES));
            Some(signature.replace(&value, &huge))
        },
    )?;
    push(
        "many-certificates",
        (10, "signature does not verify", "forty foreign certificates"),
        &|it| {
            let data = piece(it, "X509Data")?;
            let foreign = forge.foreign.certificate_base64();
            let one = format!(
                "<ds:X509Data><ds:X509Certificate>{foreign}</ds:X509Certificate></ds:X509Data>"
            );
            let value = piece(it, "SignatureValue")?;
            let broken = "<ds:SignatureValue>AAAA</ds:SignatureValue>";
            Some(it.replace(&data, &one.repeat(40)).replace(&value, broken))
        },
    )?;
    Ok(entries)
}
