//! Signatures that are missing, of the wrong key, or not of the one shape; content that was changed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Edit, Entry, Fault, Forge, PLAIN, Signed, edit, element_text, signature_text};
use crate::idp::keys::{Method, SigningKey};
use crate::idp::signing::{DSIG, Form, SHA256, key_info, seal};

/// The SHA-256 of nothing, in base64.
const NOTHING: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

pub(super) fn entries(forge: &Forge) -> Result<Vec<Entry>, String> {
    let mut entries = missing(forge)?;
    entries.extend(foreign(forge)?);
    entries.extend(forge.spoilt("changed", CHANGED)?);
    entries.extend(values(forge)?);
    entries.extend(repeated(forge)?);
    Ok(entries)
}

fn missing(forge: &Forge) -> Result<Vec<Entry>, String> {
    let adfs = include_str!("../shapes/adfs.xml");
    let form = Form::of(&forge.key);
    let stripped = forge.plain("message-signature-stripped", Signed::Both)?;
    let (response, _) = forge.ids("message-signature-stripped");
    let stripped = edit(&stripped, &signature_text(&stripped, &response)?, "")?;
    let moved = forge.plain("signature-in-extensions", Signed::Message)?;
    let signature = signature_text(&moved, &forge.ids("signature-in-extensions").0)?;
    let extensions = format!("<samlp:Extensions>{signature}</samlp:Extensions>");
    let moved = edit(&moved, &signature, &extensions)?;
    let swapped = forge.plain("signature-of-message-in-assertion", Signed::Message)?;
    let signature = signature_text(&swapped, &forge.ids("signature-of-message-in-assertion").0)?;
    let swapped = edit(&swapped, &signature, "")?;
    let after = "<saml:Issuer>$IDP</saml:Issuer>";
    let after = forge.fill(after, "");
    let swapped = edit(&swapped, &after, &format!("{after}{signature}"))?;
    let empty = format!("<ds:Signature xmlns:ds=\"{DSIG}\"></ds:Signature>");
    let empty = PLAIN.replace("$MESSAGE_SIGNATURE", &empty);
    let other = forge.plain("signature-of-other-namespace", Signed::Message)?;
    let declared = format!("xmlns:ds=\"{DSIG}\"");
    let other = edit(&other, &declared, "xmlns:ds=\"urn:example:dsig\"")?;
    let only = (6, "only the assertion is signed", "");
    let list: [(&str, Fault, String); 8] = [
        (
            "unsigned",
            (6, "nothing is signed", "no signature at all"),
            forge.plain("unsigned", Signed::Nothing)?,
        ),
        (
            "assertion-signed-alone",
            (6, only.1, "the assertion alone is signed"),
            forge.plain("assertion-signed-alone", Signed::Assertion)?,
        ),
        (
            "adfs-assertion-signed-alone",
            (6, only.1, "AD FS as it signs unless it is told otherwise"),
            forge.made("adfs-assertion-signed-alone", adfs, &form, Signed::Assertion)?,
        ),
        (
            "message-signature-stripped",
            (6, only.1, "the message's signature of two taken away"),
            stripped,
        ),
        (
            "signature-in-extensions",
            (6, "a signature in another place", "the message's signature stands in Extensions"),
            moved,
        ),
        (
            "signature-of-message-in-assertion",
            (6, only.1, "the message's signature stands in the assertion"),
            swapped,
        ),
        (
            "empty-signature",
            (6, "shape of a signature", "a Signature without content"),
            forge.made("empty-signature", &empty, &form, Signed::Nothing)?,
        ),
        (
            "signature-of-other-namespace",
            (6, "nothing is signed", "a Signature of a namespace that nobody knows"),
            other,
        ),
    ];
    let each = list.into_iter();
    Ok(each.map(|(name, fault, text)| Entry::refused(name, "missing", fault, text)).collect())
}

fn foreign(forge: &Forge) -> Result<Vec<Entry>, String> {
    let made = |name: &str, form: &Form| {
        let forms = [form, form];
        forge.made_by(name, PLAIN, forms, Signed::Both, &forge.foreign)
    };
    let named = SigningKey::generate(&forge.place.idp, forge.place.now_seconds)?;
    let own = Form::of(&forge.foreign);
    let borrowed = Form::of(&forge.key);
    let [modulus, exponent] = forge.foreign.modulus_and_exponent()?;
    let (modulus, exponent) = (STANDARD.encode(modulus), STANDARD.encode(exponent));
    let key_value = format!(
        "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>\
         {exponent}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"
    );
    let fetched = forge.fill(
        "<ds:KeyInfo><ds:RetrievalMethod URI=\"$FETCH\" \
         Type=\"http://www.w3.org/2000/09/xmldsig#rawX509Certificate\"></ds:RetrievalMethod>\
         </ds:KeyInfo>",
        "",
    );
    let both = format!(
        "{}{}",
        key_info("ds:", &forge.key.certificate_base64()).replace("</ds:X509Data></ds:KeyInfo>", ""),
        key_info("ds:", &forge.foreign.certificate_base64())
            .replace("<ds:KeyInfo><ds:X509Data>", "")
    );
    let bare = |key_info: String| Form { key_info, ..Form::bare() };
    let same_name = Form::of(&named);
    let of_same_name =
        forge.made_by("foreign-key-same-subject", PLAIN, [&same_name; 2], Signed::Both, &named)?;
    let mixed = forge.plain("foreign-signature-of-assertion", Signed::Nothing)?;
    let (response, assertion) = forge.ids("foreign-signature-of-assertion");
    let issuer = forge.fill("<saml:Issuer>$IDP</saml:Issuer>", "");
    let mixed = edit(&mixed, &issuer, &format!("{issuer}{}", own.blank(&assertion)))?;
    let mixed = seal(&mixed, &assertion, &forge.foreign)?;
    let mixed = edit(&mixed, "</saml:Issuer><samlp:S", "</saml:Issuer>{here}<samlp:S")?;
    let mixed = seal(&mixed.replace("{here}", &borrowed.blank(&response)), &response, &forge.key)?;
    let list = [
        (
            "foreign-key",
            "signed by somebody else, whose certificate is in KeyInfo",
            made("foreign-key", &own)?,
        ),
        (
            "foreign-key-borrowed-certificate",
            "signed by somebody else under the trusted certificate",
            made("foreign-key-borrowed-certificate", &borrowed)?,
        ),
        (
            "foreign-key-value",
            "signed by somebody else, whose numbers are in KeyInfo",
            made("foreign-key-value", &bare(key_value))?,
        ),
        (
            "foreign-key-to-fetch",
            "signed by somebody else, whose certificate would have to be fetched",
            made("foreign-key-to-fetch", &bare(fetched))?,
        ),
        (
            "foreign-key-beside-trusted",
            "signed by somebody else, both certificates in KeyInfo",
            made("foreign-key-beside-trusted", &bare(both))?,
        ),
        ("foreign-key-same-subject", "the certificate is named as the trusted one", of_same_name),
        (
            "foreign-signature-of-assertion",
            "the message is signed well, the assertion in it by somebody else",
            mixed,
        ),
    ];
    let each = list.into_iter().map(|(name, explanation, text)| {
        Entry::refused(name, "foreign key", (10, "signature does not verify", explanation), text)
    });
    Ok(each.collect())
}

const CHANGED: &[Edit] = &[
    (
        "uid-changed",
        (10, "what is signed was changed", "another uid after signing"),
        "<saml:AttributeValue>$UID</saml:AttributeValue>",
        "<saml:AttributeValue>administrator</saml:AttributeValue>",
    ),
    (
        "audience-changed",
        (10, "what is signed was changed", "another audience after signing"),
        "<saml:Audience>$SP",
        "<saml:Audience>other.example",
    ),
    (
        "attribute-added",
        (10, "what is signed was changed", "an attribute more after signing"),
        "<saml:AttributeStatement>",
        "<saml:AttributeStatement><saml:Attribute Name=\"role\"><saml:AttributeValue>administrator\
         </saml:AttributeValue></saml:Attribute>",
    ),
    (
        "space-added",
        (10, "what is signed was changed", "a line break between elements after signing"),
        "<samlp:Status>",
        "\n<samlp:Status>",
    ),
    (
        "destination-changed",
        (10, "what is signed was changed", "an attribute of the response after signing"),
        "Destination=\"$ACS\"",
        "Destination=\"$ACS?x\"",
    ),
];

/// What is wrong with the two values of a signature.
fn values(forge: &Forge) -> Result<Vec<Entry>, String> {
    let plain = |name: &str| forge.plain(name, Signed::Message);
    let between = |text: &str, name: &str| -> Result<String, String> {
        let (from, to) = (format!("<ds:{name}>"), format!("</ds:{name}>"));
        let rest = text.split_once(&from).and_then(|(_, rest)| rest.split_once(&to));
        rest.map(|(value, _)| value.to_owned()).ok_or_else(|| format!("no {name}"))
    };
    let mut entries = Vec::new();
    let mut push = |name: &str, fault: Fault, within: &str, to: &dyn Fn(&str) -> String| {
        let text = plain(name)?;
        let value = between(&text, within)?;
        let text = edit(&text, &format!(">{value}<"), &format!(">{}<", to(&value)))?;
        entries.push(Entry::refused(name, "values", fault, text));
        Ok::<_, String>(())
    };
    let wrong: Fault = (10, "signature does not verify", "one letter of the signature is another");
    push("signature-value-changed", wrong, "SignatureValue", &|value| {
        let (first, rest) = value.split_at_checked(1).unwrap_or_default();
        format!("{}{rest}", if first == "A" { "B" } else { "A" })
    })?;
    let wrong: Fault = (10, "signature does not verify", "the signature is empty");
    push("signature-value-empty", wrong, "SignatureValue", &|_| String::new())?;
    let wrong: Fault = (10, "signature does not verify", "the signature is that of no content");
    let of_nothing = STANDARD.encode(forge.key.sign(Method::RsaSha256, b"")?);
    push("signature-of-nothing", wrong, "SignatureValue", &|_| of_nothing.clone())?;
    let wrong: Fault = (6, "shape of a signature", "the digest is wrapped around with a comment");
    push("comment-in-digest", wrong, "DigestValue", &|value| format!("<!--{NOTHING}-->{value}"))?;
    let wrong: Fault = (6, "shape of a signature", "a comment splits the digest");
    push("comment-splits-digest", wrong, "DigestValue", &|value| {
        let (head, tail) = value.split_at_checked(20).unwrap_or_default();
        format!("{head}<!-- -->{tail}")
    })?;
    let wrong: Fault = (6, "shape of a signature", "an element beside the digest");
    push("element-in-digest", wrong, "DigestValue", &|value| {
        format!("<x xmlns=\"\">{NOTHING}</x>{value}")
    })?;
    // The trusted key signs that there was nothing: what failed canonicalization once looked like.
    let name = "digest-of-nothing";
    let (id, _) = forge.ids(name);
    let blank = Form::of(&forge.key).blank(&id).replace(&format!("{{digest {id}}}"), NOTHING);
    let template = PLAIN.replace("$MESSAGE_SIGNATURE", &blank);
    let template = edit(&template, "<samlp:Response ", "<samlp:Response xmlns:x=\"relative\" ")?;
    let text = forge.fill(&template, name).replace("$ASSERTION_SIGNATURE", "");
    let fault = (10, "what is signed was changed", "the digest of nothing, under a good signature");
    entries.push(Entry::refused(name, "values", fault, seal(&text, &id, &forge.key)?));
    Ok(entries)
}

/// Parts of a signature that are there twice.
fn repeated(forge: &Forge) -> Result<Vec<Entry>, String> {
    let shape = |explanation| -> Fault { (6, "shape of a signature", explanation) };
    let mut entries = Vec::new();
    let mut push = |name: &str, fault: Fault, from: &str, to: &dyn Fn(&str) -> String| {
        let text = forge.plain(name, Signed::Message)?;
        let signature = signature_text(&text, &forge.ids(name).0)?;
        let open = signature.find(&format!("<ds:{from}")).ok_or("no such part")?;
        let close = format!("</ds:{from}>");
        let end = signature.find(&close).ok_or("no such part")? + close.len();
        let part = signature.get(open..end).unwrap_or_default();
        let text = edit(&text, part, &to(part))?;
        entries.push(Entry::refused(name, "repeated parts", fault, text));
        Ok::<_, String>(())
    };
    let other = |part: &str| {
        let (head, rest) = part.split_once("<ds:DigestValue>").unwrap_or((part, ""));
        let rest = rest.split_once("</ds:DigestValue>").map_or("", |(_, rest)| rest);
        format!("{head}<ds:DigestValue>{NOTHING}</ds:DigestValue>{rest}")
    };
    push(
        "two-signed-infos",
        shape("another SignedInfo in front of the signed one"),
        "SignedInfo",
        &|it| format!("{}{it}", other(it)),
    )?;
    push(
        "signed-info-behind",
        shape("another SignedInfo behind the signed one"),
        "SignedInfo",
        &|it| format!("{it}{}", other(it)),
    )?;
    push("two-references", shape("a second Reference, to nothing"), "Reference", &|it| {
        format!("{it}{}", other(it))
    })?;
    push("no-reference", shape("no Reference"), "Reference", &|_| String::new())?;
    push("two-digests", shape("another DigestValue in front"), "DigestValue", &|it| {
        format!("<ds:DigestValue>{NOTHING}</ds:DigestValue>{it}")
    })?;
    push(
        "two-signature-values",
        shape("another SignatureValue in front"),
        "SignatureValue",
        &|it| format!("<ds:SignatureValue>AAAA</ds:SignatureValue>{it}"),
    )?;
    push("two-key-infos", shape("KeyInfo twice"), "KeyInfo", &|it| format!("{it}{it}"))?;
    let manifest = format!(
        "<ds:Object><ds:Manifest><ds:Reference URI=\"\"><ds:DigestMethod Algorithm=\"{SHA256}\">\
         </ds:DigestMethod><ds:DigestValue>{NOTHING}</ds:DigestValue></ds:Reference></ds:Manifest>\
         </ds:Object>"
    );
    push("manifest", shape("an Object with a Manifest"), "KeyInfo", &|it| {
        format!("{it}{manifest}")
    })?;
    // Two signatures, each good by itself.
    for (name, explanation, is_first) in [
        ("two-signatures", "two signatures of the message", true),
        ("foreign-signature-first", "a foreign signature before the good one", false),
    ] {
        let text = forge.plain(name, Signed::Message)?;
        let (id, _) = forge.ids(name);
        let signature = signature_text(&text, &id)?;
        let key = if is_first { &forge.key } else { &forge.foreign };
        let forms = [&Form::of(key), &Form::of(key)];
        let other = forge.made_by(name, PLAIN, forms, Signed::Message, key)?;
        let other = signature_text(&other, &id)?;
        let text = edit(&text, &signature, &format!("{other}{signature}"))?;
        entries.push(Entry::refused(name, "repeated parts", shape(explanation), text));
    }
    // Two references, both signed: message and assertion.
    let name = "reference-to-assertion-too";
    let (response, assertion) = forge.ids(name);
    let whole = forge.fill(PLAIN, name).replace("$ASSERTION_SIGNATURE", "");
    let blank = Form::of(&forge.key).blank(&response);
    let reference = blank.split_once("<ds:Reference").and_then(|(_, it)| it.split_once("</ds:Ref"));
    let reference = reference.map(|(it, _)| format!("<ds:Reference{it}</ds:Reference>"));
    let reference = reference.ok_or("no reference")?;
    let second = reference.replace(&format!("#{response}"), &format!("#{assertion}"));
    let content = element_text(&whole.replace("$MESSAGE_SIGNATURE", ""), &assertion)?;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(content.as_bytes());
    let second = second.replace(&format!("{{digest {response}}}"), &STANDARD.encode(digest));
    let blank = edit(&blank, "</ds:Reference>", &format!("</ds:Reference>{second}"))?;
    let text = seal(&whole.replace("$MESSAGE_SIGNATURE", &blank), &response, &forge.key)?;
    let fault = shape("two references, both of them good");
    entries.push(Entry::refused(name, "repeated parts", fault, text));
    Ok(entries)
}
