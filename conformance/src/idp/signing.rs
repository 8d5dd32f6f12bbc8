//! Signatures in messages: left blank while a message is written, filled in when it stands.
//!
//! A blank signature has the marks `{digest ID}` and `{value ID}`; `seal` computes both over the canonical
//! form, so that messages of any shape can be signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};
use sha2::{Digest as _, Sha256, Sha512};

use super::canonical::canonical;
use super::keys::{Method, SigningKey};

pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(crate) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(crate) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// Any way to sign.
pub(crate) type Sign<'a> = dyn Fn(&[u8]) -> Result<Vec<u8>, String> + 'a;

/// How a signature is written.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// `ds:`, any other prefix, or none.
    pub(crate) prefix: &'static str,
    /// Prefixes of an InclusiveNamespaces element.
    pub(crate) prefix_list: Option<&'static str>,
    pub(crate) canonicalization: &'static str,
    pub(crate) method: &'static str,
    pub(crate) digest: &'static str,
    /// What stands between `Transforms`, where it is not the usual two.
    pub(crate) transforms: Option<String>,
    /// The URI of the reference, where it does not name the parent; no attribute at all for "-".
    pub(crate) reference: Option<String>,
    /// What stands in the place of `KeyInfo`.
    pub(crate) key_info: String,
}

impl Form {
    /// The usual form, with the certificate of `key`.
    pub(crate) fn of(key: &SigningKey) -> Self {
        Self { key_info: key_info("ds:", &key.certificate_base64()), ..Self::bare() }
    }

    /// The usual form without `KeyInfo`.
    pub(crate) fn bare() -> Self {
        Self {
            prefix: "ds:",
            prefix_list: None,
            canonicalization: EXCLUSIVE,
            method: RSA_SHA256,
            digest: SHA256,
            transforms: None,
            reference: None,
            key_info: String::new(),
        }
    }

    /// A signature over the element `id` that is still blank.
    pub(crate) fn blank(&self, id: &str) -> String {
        let p = self.prefix;
        let declared = p.strip_suffix(':').map_or_else(String::new, |name| format!(":{name}"));
        let reference = match self.reference.as_deref() {
            None => format!(" URI=\"#{id}\""),
            Some("-") => String::new(),
            Some(other) => format!(" URI=\"{other}\""),
        };
        let transforms = self.transforms.clone().unwrap_or_else(|| {
            let last = match self.prefix_list {
                None => format!("<{p}Transform Algorithm=\"{EXCLUSIVE}\"></{p}Transform>"),
                Some(list) => format!(
                    "<{p}Transform Algorithm=\"{EXCLUSIVE}\"><ec:InclusiveNamespaces \
                     xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{list}\"></ec:InclusiveNamespaces>\
                     </{p}Transform>"
                ),
            };
            format!("<{p}Transform Algorithm=\"{ENVELOPED}\"></{p}Transform>{last}")
        });
        let (canonicalization, method, digest) = (self.canonicalization, self.method, self.digest);
        format!(
            "<{p}Signature xmlns{declared}=\"{DSIG}\"><{p}SignedInfo><{p}CanonicalizationMethod \
             Algorithm=\"{canonicalization}\"></{p}CanonicalizationMethod><{p}SignatureMethod \
             Algorithm=\"{method}\"></{p}SignatureMethod><{p}Reference{reference}><{p}Transforms>\
             {transforms}</{p}Transforms><{p}DigestMethod Algorithm=\"{digest}\"></{p}DigestMethod>\
             <{p}DigestValue>{{digest {id}}}</{p}DigestValue></{p}Reference></{p}SignedInfo>\
             <{p}SignatureValue>{{value {id}}}</{p}SignatureValue>{}</{p}Signature>",
            self.key_info
        )
    }
}

/// A `KeyInfo` with one certificate.
pub(crate) fn key_info(prefix: &str, certificate: &str) -> String {
    let p = prefix;
    format!(
        "<{p}KeyInfo><{p}X509Data><{p}X509Certificate>{certificate}</{p}X509Certificate>\
         </{p}X509Data></{p}KeyInfo>"
    )
}

/// Fills in the digest and the value of the signature in the element `id`, made with `key`.
pub(crate) fn seal(text: &str, id: &str, key: &SigningKey) -> Result<String, String> {
    seal_with(text, id, &|signed| key.sign(Method::RsaSha256, signed))
}

/// The same with any way to sign.
pub(crate) fn seal_with(text: &str, id: &str, sign: &Sign<'_>) -> Result<String, String> {
    let digest = {
        let document = parse(text)?;
        let (element, signature) = signed_element(&document, id)?;
        let prefixes = prefix_list(signature, "Transform");
        let content = canonical(element, &prefixes, Some(signature.id()));
        let method = child_named(signature, "DigestMethod");
        hash(method.and_then(|method| method.attribute("Algorithm")), content.as_bytes())?
    };
    let text = text.replace(&format!("{{digest {id}}}"), &digest);
    let value = {
        let document = parse(&text)?;
        let (_, signature) = signed_element(&document, id)?;
        STANDARD.encode(sign(signed_info(signature)?.as_bytes())?)
    };
    Ok(text.replace(&format!("{{value {id}}}"), &value))
}

/// The canonical SignedInfo, by which a signature is made and checked.
pub(crate) fn signed_info(signature: Node<'_, '_>) -> Result<String, String> {
    let info = child_named(signature, "SignedInfo").ok_or("a signature without SignedInfo")?;
    Ok(canonical(info, &prefix_list(signature, "CanonicalizationMethod"), None))
}

fn hash(method: Option<&str>, content: &[u8]) -> Result<String, String> {
    match method {
        Some(SHA256) => Ok(STANDARD.encode(Sha256::digest(content))),
        Some("http://www.w3.org/2001/04/xmlenc#sha512") => {
            Ok(STANDARD.encode(Sha512::digest(content)))
        }
        Some("http://www.w3.org/2000/09/xmldsig#sha1") => {
            let sha1 = &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
            Ok(STANDARD.encode(aws_lc_rs::digest::digest(sha1, content)))
        }
        other => Err(format!("no digest {other:?}")),
    }
}

fn prefix_list<'a>(signature: Node<'a, '_>, within: &str) -> Vec<&'a str> {
    let named = |node: &Node<'_, '_>| node.tag_name().name() == "InclusiveNamespaces";
    let parent = |node: &Node<'_, '_>| {
        node.parent_element().is_some_and(|parent| parent.tag_name().name() == within)
    };
    let list = signature.descendants().find(|node| named(node) && parent(node));
    let list = list.and_then(|list| list.attribute("PrefixList")).unwrap_or_default();
    list.split_ascii_whitespace().collect()
}

fn child_named<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.descendants().find(|each| each.tag_name().name() == name)
}

pub(crate) fn parse(text: &str) -> Result<Document<'_>, String> {
    Document::parse(text).map_err(|error| format!("no XML: {error}"))
}

/// The first element with this ID, and the signature among its children.
pub(crate) fn signed_element<'a, 'input>(
    document: &'a Document<'input>,
    id: &str,
) -> Result<(Node<'a, 'input>, Node<'a, 'input>), String> {
    let element = document.descendants().find(|node| node.attribute("ID") == Some(id));
    let element = element.ok_or_else(|| format!("no element {id}"))?;
    let signature = element.children().find(|node| node.has_tag_name((DSIG, "Signature")));
    let signature = signature.ok_or_else(|| format!("{id} has no signature"))?;
    Ok((element, signature))
}
