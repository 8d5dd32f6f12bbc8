//! Signatures by other algorithms, transforms and references than the one way that is taken. Most would be
//! valid for whoever follows the message's own word.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use super::{Entry, Fault, Forge, PLAIN};
use crate::idp::keys::Method;
use crate::idp::signing::{ENVELOPED, EXCLUSIVE, Form, SHA256, Sign, seal_with};

const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

pub(super) fn entries(forge: &Forge) -> Result<Vec<Entry>, String> {
    let mut entries = methods(forge)?;
    entries.extend(keyed_hashes(forge)?);
    entries.extend(transforms(forge)?);
    entries.extend(references(forge)?);
    Ok(entries)
}

/// A message whose own signature has this form and is made this way.
fn made(forge: &Forge, name: &str, form: &Form, sign: &Sign<'_>) -> Result<String, String> {
    let (id, _) = forge.ids(name);
    let text = forge.fill(PLAIN, name).replace("$ASSERTION_SIGNATURE", "");
    let blank = forge.fill(&form.blank(&id), name);
    seal_with(&text.replace("$MESSAGE_SIGNATURE", &blank), &id, sign)
}

fn methods(forge: &Forge) -> Result<Vec<Entry>, String> {
    let usual = Form::of(&forge.key);
    let more = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
    let pss = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1";
    let md5 = "http://www.w3.org/2001/04/xmldsig-more#rsa-md5";
    let sha512 = "http://www.w3.org/2001/04/xmlenc#sha512";
    let methods = [
        ("rsa-sha1", RSA_SHA1, SHA1, Method::RsaSha1, "SHA-1 for both, as older products sign"),
        ("rsa-sha1-digest-sha256", RSA_SHA1, SHA256, Method::RsaSha1, "SHA-1 for the signature"),
        ("digest-sha1", usual.method, SHA1, Method::RsaSha256, "SHA-1 for the digest"),
        ("rsa-md5", md5, SHA256, Method::RsaMd5, "MD5 for the signature"),
        ("rsa-sha512", more, SHA256, Method::RsaSha512, "SHA-512, where SHA-256 is asked for"),
        ("digest-sha512", usual.method, sha512, Method::RsaSha256, "SHA-512 for the digest"),
        ("rsa-pss", pss, SHA256, Method::RsaPss, "another padding"),
        (
            "unknown-method",
            "urn:example:method",
            SHA256,
            Method::RsaSha256,
            "a method that nobody knows over a signature that would verify",
        ),
        (
            "empty-method",
            "",
            SHA256,
            Method::RsaSha256,
            "an empty method over a signature that would verify",
        ),
    ];
    let each = methods.into_iter().map(|(name, method, digest, way, explanation)| {
        let form = Form { method, digest, ..usual.clone() };
        let text = made(forge, name, &form, &|signed| forge.key.sign(way, signed))?;
        Ok(Entry::refused(name, "algorithm", (7, "algorithm", explanation), text))
    });
    let mut entries: Vec<Entry> = each.collect::<Result<_, String>>()?;
    let method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    let form = Form { method, ..Form::bare() };
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let key = key.map_err(|_| "no ECDSA key could be made")?;
    let text = made(forge, "ecdsa-by-foreign-key", &form, &|signed| {
        let signature = key.sign(&random, signed).map_err(|_| "no ECDSA signature".to_owned())?;
        Ok(signature.as_ref().to_vec())
    })?;
    let fault = (7, "algorithm", "ECDSA by a key that nobody knows");
    entries.push(Entry::refused("ecdsa-by-foreign-key", "algorithm", fault, text));
    Ok(entries)
}

/// Keyed hashes whose key everybody knows: what is public about the trusted key.
fn keyed_hashes(forge: &Forge) -> Result<Vec<Entry>, String> {
    let hmac_sha256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
    let hmac_sha1 = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
    let pem = forge.key.certificate_pem().into_bytes();
    let info = forge.key.public_info()?;
    let der = forge.key.certificate_der().to_vec();
    let hashes = [
        ("hmac-with-certificate-pem", hmac_sha256, hmac::HMAC_SHA256, pem, 32),
        ("hmac-with-certificate-der", hmac_sha256, hmac::HMAC_SHA256, der, 32),
        ("hmac-with-public-key", hmac_sha256, hmac::HMAC_SHA256, info.clone(), 32),
        ("hmac-with-empty-key", hmac_sha256, hmac::HMAC_SHA256, Vec::new(), 32),
        ("hmac-sha1", hmac_sha1, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, info.clone(), 20),
        ("hmac-cut-short", hmac_sha1, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, info, 1),
    ];
    let each = hashes.into_iter().map(|(name, method, algorithm, secret, length)| {
        let form = Form { method, ..Form::of(&forge.key) };
        let key = hmac::Key::new(algorithm, &secret);
        let text = made(forge, name, &form, &|signed| {
            let tag = hmac::sign(&key, signed);
            Ok(tag.as_ref().iter().copied().take(length).collect())
        })?;
        let text = if length == 1 {
            let short = "<ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>";
            super::edit(&text, "</ds:SignatureMethod>", short)?
        } else {
            text
        };
        let fault = (7, "algorithm", "a keyed hash whose key is public");
        Ok(Entry::refused(name, "key confusion", fault, text))
    });
    each.collect()
}

fn transforms(forge: &Forge) -> Result<Vec<Entry>, String> {
    let transform = |algorithm: &str, content: &str| {
        format!("<ds:Transform Algorithm=\"{algorithm}\">{content}</ds:Transform>")
    };
    let (enveloped, exclusive) = (transform(ENVELOPED, ""), transform(EXCLUSIVE, ""));
    let path = "http://www.w3.org/TR/1999/REC-xpath-19991116";
    let xpath = |expression: &str| transform(path, &format!("<ds:XPath>{expression}</ds:XPath>"));
    let sheet = "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\">\
                 <xsl:template match=\"/\"><xsl:copy-of select=\"document('$FETCH')\"></xsl:copy-of>\
                 </xsl:template></xsl:stylesheet>";
    let sheet = transform("http://www.w3.org/TR/1999/REC-xslt-19991116", sheet);
    let base64 = transform("http://www.w3.org/2000/09/xmldsig#base64", "");
    let with_comments = transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments", "");
    let filter = transform(
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "<dsig-xpath:XPath xmlns:dsig-xpath=\"http://www.w3.org/2002/06/xmldsig-filter2\" \
         Filter=\"subtract\">//samlp:Status</dsig-xpath:XPath>",
    );
    let lists = [
        ("no-transforms", String::new(), "no transform at all"),
        ("enveloped-alone", enveloped.clone(), "no canonicalization among the transforms"),
        ("exclusive-alone", exclusive.clone(), "the signature is not left out of its digest"),
        ("transforms-swapped", format!("{exclusive}{enveloped}"), "the two in the other order"),
        ("three-transforms", format!("{enveloped}{exclusive}{exclusive}"), "one of them twice"),
        (
            "inclusive-transform",
            format!("{enveloped}{}", transform(INCLUSIVE, "")),
            "inclusive canonicalization",
        ),
        ("transform-with-comments", format!("{enveloped}{with_comments}"), "comments are kept"),
        (
            "xpath-for-enveloped",
            format!("{}{exclusive}", xpath("not(ancestor-or-self::ds:Signature)")),
            "an XPath that says what the enveloped transform does",
        ),
        (
            "xpath-of-nothing",
            format!("{enveloped}{}{exclusive}", xpath("false()")),
            "an XPath that leaves nothing to be signed",
        ),
        (
            "xpath-costly",
            format!("{enveloped}{}{exclusive}", xpath("count(//.|//@*|//namespace::*) &gt; 0")),
            "an XPath that takes long",
        ),
        (
            "xpath-filter",
            format!("{enveloped}{filter}{exclusive}"),
            "an XPath filter that takes the status out",
        ),
        ("xslt", format!("{enveloped}{sheet}{exclusive}"), "a style sheet that fetches"),
        ("base64-transform", format!("{enveloped}{base64}"), "the text is decoded before"),
    ];
    let usual = |signed: &[u8]| forge.key.sign(Method::RsaSha256, signed);
    let mut entries = Vec::new();
    for (name, list, explanation) in lists {
        let form = Form { transforms: Some(list), ..Form::of(&forge.key) };
        let fault = (7, "algorithm", explanation);
        let text = made(forge, name, &form, &usual)?;
        entries.push(Entry::refused(name, "transform", fault, text));
    }
    for (name, canonicalization, explanation) in [
        ("inclusive-signed-info", INCLUSIVE, "inclusive canonicalization of SignedInfo"),
        (
            "signed-info-with-comments",
            "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
            "SignedInfo with comments",
        ),
        ("unknown-canonicalization", "urn:example:none", "a canonicalization nobody knows"),
    ] {
        let form = Form { canonicalization, ..Form::of(&forge.key) };
        let fault = (7, "algorithm", explanation);
        let text = made(forge, name, &form, &usual)?;
        entries.push(Entry::refused(name, "transform", fault, text));
    }
    Ok(entries)
}

fn references(forge: &Forge) -> Result<Vec<Entry>, String> {
    let fault = |explanation| -> Fault { (8, "reference", explanation) };
    let references = [
        ("reference-empty", "", fault("an empty URI, which means the whole document")),
        ("reference-missing", "-", fault("a reference without URI")),
        ("reference-by-http", "$FETCH", fault("a URI that would have to be fetched")),
        ("reference-to-a-file", "file:///etc/passwd", fault("a file of the machine")),
        (
            "reference-by-xpointer",
            "#xpointer(id('$RESPONSE_ID'))",
            fault("an XPointer to the right element"),
        ),
        ("reference-to-root", "#xpointer(/)", fault("an XPointer to the whole document")),
        ("reference-to-assertion", "#$ASSERTION_ID", fault("the assertion, not the message")),
        ("reference-to-nothing", "#_nobody", fault("an ID that nothing has")),
        ("reference-in-upper-case", "#$UPPER", fault("an ID that differs in case")),
        ("reference-escaped", "#%5F$TAIL", fault("an ID that is percent-encoded")),
    ];
    let mut entries = Vec::new();
    for (name, uri, fault) in references {
        let (response, _) = forge.ids(name);
        let uri = uri.replace("$UPPER", &response.to_ascii_uppercase());
        let uri = uri.replace("$TAIL", response.trim_start_matches('_'));
        let form = Form { reference: Some(uri), ..Form::of(&forge.key) };
        let usual = |signed: &[u8]| forge.key.sign(Method::RsaSha256, signed);
        let text = made(forge, name, &form, &usual)?;
        entries.push(Entry::refused(name, "reference", fault, text));
    }
    Ok(entries)
}
