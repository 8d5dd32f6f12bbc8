//! Signatures of one shape: enveloped, one reference to the element they stand in, two fixed
//! transforms, SHA-256.
//!
//! [`Verified`] can only be made here, from the node that a verified reference resolved to; it shows
//! that node and what is inside it, without the signature itself, which its digest does not cover.
//! KeyInfo is never looked at: keys come from the metadata, and the kind of key is fixed before an
//! algorithm is read.

use std::borrow::Cow;

use ring::digest::{SHA256, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};

use super::form::base64_decoded;
use super::refused::shown;
use super::tree::{Element, Tree};
use super::{ASSERTION, SIGNATURE, SamlReason, SamlRefused, c14n, ids};

/// Exclusive canonicalization without comments, and the namespace of its InclusiveNamespaces.
pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The transform that leaves a signature out of what it signs.
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// RSA with PKCS #1 v1.5 and SHA-256.
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
/// The digest.
pub(super) const DIGEST_SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

const RSA_BITS_MIN: usize = 2_048;

/// A key of an identity provider, out of its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedKey {
    /// An RSA key; below 2,048 bits it is never used.
    Rsa {
        /// `RSAPublicKey` of PKCS #1 in DER.
        pkcs1_der: Vec<u8>,
        /// Bits of the modulus.
        bits: usize,
    },
    /// A key on the curve P-256.
    EcdsaP256 {
        /// The uncompressed point.
        point: Vec<u8>,
    },
}

/// Checks the signatures of a message and nothing else; tells how many there were. What remains of
/// judging a message is cheap next to it, which a benchmark shows.
pub fn verify_only(
    xml: &[u8],
    keys: &[TrustedKey],
    accept_ecdsa: bool,
) -> Result<usize, SamlRefused> {
    let tree = Tree::parse(xml)?;
    let root = tree.root()?;
    let assertion = root.child(ASSERTION, "Assertion");
    ids::check(root)?;
    let signatures = Signatures::find(root, assertion)?;
    signatures.verify(keys, accept_ecdsa)?;
    Ok(1 + usize::from(signatures.assertion.is_some()))
}

/// An element that a verified signature covers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verified<'t> {
    element: Element<'t>,
    left_out: Element<'t>,
}

impl<'t> Verified<'t> {
    pub(super) fn is(self, namespace: &str, name: &str) -> bool {
        self.element.is(namespace, name)
    }

    pub(super) fn name(self) -> &'t str {
        self.element.name()
    }

    pub(super) fn attribute(self, name: &str) -> Option<&'t str> {
        self.element.attribute(name)
    }

    pub(super) fn attributes(self) -> impl Iterator<Item = (&'t str, &'t str, &'t str)> {
        self.element.attributes()
    }

    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        let left_out = self.left_out;
        let covered = self.element.children().filter(move |child| *child != left_out);
        covered.map(move |element| Self { element, left_out })
    }

    pub(super) fn children_named(
        self,
        namespace: &'static str,
        name: &'static str,
    ) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.is(namespace, name))
    }

    /// The child of that namespace and name, where there is exactly one.
    pub(super) fn only_child(self, namespace: &'static str, name: &'static str) -> Option<Self> {
        let mut found = self.children_named(namespace, name);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The text; nothing where a comment or an element stands inside.
    pub(super) fn text(self) -> Option<Cow<'t, str>> {
        self.element.text()
    }
}

/// The signatures of a message, each of the one shape.
#[derive(Debug)]
pub(super) struct Signatures<'t> {
    message: Signature<'t>,
    assertion: Option<Signature<'t>>,
}

impl<'t> Signatures<'t> {
    /// Step 6: one signature directly in the message, at most one directly in the assertion, none
    /// elsewhere.
    pub(super) fn find(
        root: Element<'t>,
        assertion: Option<Element<'t>>,
    ) -> Result<Self, SamlRefused> {
        let (mut of_message, mut of_assertion) = (None, None);
        for element in root.descendants().filter(|element| element.is(SIGNATURE, "Signature")) {
            let parent = element.parent();
            let place = if parent == Some(root) {
                &mut of_message
            } else if parent.is_some() && parent == assertion {
                &mut of_assertion
            } else {
                let detail = "a signature that is in neither the response nor its assertion";
                return Err(SamlRefused::new(SamlReason::SignaturePlace, detail));
            };
            if place.replace(element).is_some() {
                let detail = "two signatures in one element";
                return Err(SamlRefused::new(SamlReason::SignaturePlace, detail));
            }
        }
        let message = of_message.ok_or_else(|| match of_assertion {
            Some(_) => SamlRefused::new(
                SamlReason::OnlyAssertionSigned,
                "the assertion is signed, the response is not",
            ),
            None => SamlRefused::new(SamlReason::Unsigned, "the response is not signed"),
        })?;
        let message = Signature::read(message, root)?;
        let assertion = match (of_assertion, assertion) {
            (Some(signature), Some(assertion)) => Some(Signature::read(signature, assertion)?),
            _ => None,
        };
        Ok(Self { message, assertion })
    }

    /// Steps 7 to 10, each for every signature before the next; what comes back is the message.
    pub(super) fn verify(
        &self,
        keys: &[TrustedKey],
        accept_ecdsa: bool,
    ) -> Result<Verified<'t>, SamlRefused> {
        let algorithm = self.message.algorithm(accept_ecdsa)?;
        let of_assertion = match &self.assertion {
            Some(signature) => Some((signature, signature.algorithm(accept_ecdsa)?)),
            None => None,
        };
        self.message.check_reference()?;
        if let Some((signature, _)) = of_assertion {
            signature.check_reference()?;
        }
        algorithm.check_keys(keys)?;
        if let Some((_, algorithm)) = of_assertion {
            algorithm.check_keys(keys)?;
        }
        let verified = self.message.verify(algorithm, keys)?;
        if let Some((signature, algorithm)) = of_assertion {
            signature.verify(algorithm, keys)?;
        }
        Ok(verified)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Rsa,
    Ecdsa,
}

impl Algorithm {
    /// The bytes of a key that this algorithm may be used with.
    fn key(self, key: &TrustedKey) -> Option<&[u8]> {
        match (self, key) {
            (Self::Rsa, TrustedKey::Rsa { pkcs1_der, bits }) if *bits >= RSA_BITS_MIN => {
                Some(pkcs1_der)
            }
            (Self::Ecdsa, TrustedKey::EcdsaP256 { point }) => Some(point),
            _ => None,
        }
    }

    /// Step 9.
    fn check_keys(self, keys: &[TrustedKey]) -> Result<(), SamlRefused> {
        if keys.iter().any(|key| self.key(key).is_some()) {
            return Ok(());
        }
        let detail = "the metadata of the identity provider has no signing key of this kind";
        Err(SamlRefused::new(SamlReason::NoKey, detail))
    }
}

#[derive(Debug)]
struct Signature<'t> {
    element: Element<'t>,
    parent: Element<'t>,
    signed_info: Element<'t>,
    canonicalization: Element<'t>,
    method: Element<'t>,
    reference: Element<'t>,
    transforms: Element<'t>,
    digest_method: Element<'t>,
    digest: Vec<u8>,
    value: Vec<u8>,
}

impl<'t> Signature<'t> {
    /// The shape that step 6 asks for.
    fn read(element: Element<'t>, parent: Element<'t>) -> Result<Self, SamlRefused> {
        let mut children = Children::of(element, &["Id"])?;
        let signed_info = children.next("SignedInfo")?;
        let value = children.next("SignatureValue")?;
        children.optional("KeyInfo");
        children.end()?;
        let mut children = Children::of(signed_info, &["Id"])?;
        let canonicalization = children.next("CanonicalizationMethod")?;
        let method = children.next("SignatureMethod")?;
        let reference = children.next("Reference")?;
        children.end()?;
        let mut children = Children::of(reference, &["Id", "URI", "Type"])?;
        let transforms = children.next("Transforms")?;
        let digest_method = children.next("DigestMethod")?;
        let digest_value = children.next("DigestValue")?;
        children.end()?;
        Ok(Self {
            element,
            parent,
            signed_info,
            canonicalization,
            method,
            reference,
            transforms,
            digest_method,
            digest: binary(digest_value, &[])?,
            value: binary(value, &["Id"])?,
        })
    }

    /// Step 7: nothing but SHA-256, exclusive canonicalization and the two transforms.
    fn algorithm(&self, accept_ecdsa: bool) -> Result<Algorithm, SamlRefused> {
        let refuse = |what: &str, value: &str| {
            let detail = format!("{what} is {}", shown(value));
            Err(SamlRefused::new(SamlReason::Algorithm, detail))
        };
        let canonicalization = algorithm_of(self.canonicalization)?;
        if canonicalization != EXCLUSIVE {
            return refuse("the canonicalization", canonicalization);
        }
        let algorithm = match algorithm_of(self.method)? {
            RSA_SHA256 => Algorithm::Rsa,
            ECDSA_SHA256 if accept_ecdsa => Algorithm::Ecdsa,
            other => return refuse("the signature method", other),
        };
        let digest_method = algorithm_of(self.digest_method)?;
        if digest_method != DIGEST_SHA256 {
            return refuse("the digest method", digest_method);
        }
        let mut transforms = Children::of(self.transforms, &[])?;
        let first = transforms.next("Transform")?;
        let second = transforms.optional("Transform");
        let more = transforms.optional("Transform");
        transforms.end_of_many()?;
        let (first_algorithm, second_algorithm) =
            (algorithm_of(first)?, second.map(algorithm_of).transpose()?);
        if first_algorithm != ENVELOPED || second_algorithm != Some(EXCLUSIVE) || more.is_some() {
            let told = format!("{first_algorithm}, {}", second_algorithm.unwrap_or("nothing"));
            return refuse("the list of transforms", &told);
        }
        no_content(first)?;
        no_content(self.method)?;
        no_content(self.digest_method)?;
        prefix_list(self.canonicalization)?;
        prefix_list(second.unwrap_or(first))?;
        Ok(algorithm)
    }

    /// Step 8: the reference is to the element that the signature stands in. Identifiers are unique
    /// by step 5, so that this names one node.
    fn check_reference(&self) -> Result<(), SamlRefused> {
        let uri = self.reference.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
        match (uri, self.parent.attribute("ID")) {
            (Some(uri), Some(id)) if uri == id && !id.is_empty() => Ok(()),
            _ => {
                let detail = "the signature does not refer to the element that it stands in";
                Err(SamlRefused::new(SamlReason::Reference, detail))
            }
        }
    }

    /// Step 10. The signature value comes first: without a key nobody gets past it, and it is short.
    fn verify(
        &self,
        algorithm: Algorithm,
        keys: &[TrustedKey],
    ) -> Result<Verified<'t>, SamlRefused> {
        let verification: &dyn VerificationAlgorithm = match algorithm {
            Algorithm::Rsa => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Ecdsa => &ECDSA_P256_SHA256_FIXED,
        };
        let signed = c14n::exclusive(self.signed_info, None, prefix_list(self.canonicalization)?)?;
        let is_signed_by = |key: &TrustedKey| {
            algorithm.key(key).is_some_and(|bytes| {
                UnparsedPublicKey::new(verification, bytes).verify(&signed, &self.value).is_ok()
            })
        };
        if !keys.iter().any(is_signed_by) {
            let detail = format!("no key made the signature of the {}", self.parent.name());
            return Err(SamlRefused::new(SamlReason::SignatureValue, detail));
        }
        let transform = self.transforms.children().nth(1);
        let list = transform.map(prefix_list).transpose()?.unwrap_or_default();
        let canonical = c14n::exclusive(self.parent, Some(self.element), list)?;
        if digest(&SHA256, &canonical).as_ref() != self.digest.as_slice() {
            let detail = format!("the {} is not what was signed", self.parent.name());
            return Err(SamlRefused::new(SamlReason::Digest, detail));
        }
        Ok(Verified { element: self.parent, left_out: self.element })
    }
}

/// The children of an element of a signature, which must come in one order.
struct Children<'t> {
    parent: Element<'t>,
    rest: Vec<Element<'t>>,
}

impl<'t> Children<'t> {
    /// More than any element of a signature may have.
    const MAX: usize = 8;

    fn of(parent: Element<'t>, attributes: &[&str]) -> Result<Self, SamlRefused> {
        check_attributes(parent, attributes)?;
        let mut rest: Vec<_> = parent.children().take(Self::MAX).collect();
        if !parent.has_elements_only() {
            return Err(ill_shaped(parent, "holds more than elements"));
        }
        rest.reverse();
        Ok(Self { parent, rest })
    }

    fn optional(&mut self, name: &str) -> Option<Element<'t>> {
        self.rest.pop_if(|child| child.is(SIGNATURE, name))
    }

    fn next(&mut self, name: &str) -> Result<Element<'t>, SamlRefused> {
        self.optional(name).ok_or_else(|| {
            ill_shaped(self.parent, &format!("lacks {name}, or has it in another place"))
        })
    }

    fn end(self) -> Result<(), SamlRefused> {
        match self.rest.last() {
            Some(child) => {
                Err(ill_shaped(self.parent, &format!("must not hold {}", shown(child.name()))))
            }
            None => Ok(()),
        }
    }

    /// What follows a list whose length is judged elsewhere.
    fn end_of_many(mut self) -> Result<(), SamlRefused> {
        while self.optional("Transform").is_some() {}
        self.end()
    }
}

fn ill_shaped(element: Element<'_>, what: &str) -> SamlRefused {
    SamlRefused::new(SamlReason::SignatureShape, format!("{} {what}", shown(element.name())))
}

fn check_attributes(element: Element<'_>, allowed: &[&str]) -> Result<(), SamlRefused> {
    let is_allowed =
        |(namespace, name, _): (&str, &str, &str)| namespace.is_empty() && allowed.contains(&name);
    if element.attributes().all(is_allowed) {
        Ok(())
    } else {
        Err(ill_shaped(element, "has an attribute that it must not have"))
    }
}

fn algorithm_of(element: Element<'_>) -> Result<&str, SamlRefused> {
    check_attributes(element, &["Algorithm"])?;
    element.attribute("Algorithm").ok_or_else(|| ill_shaped(element, "names no algorithm"))
}

fn no_content(element: Element<'_>) -> Result<(), SamlRefused> {
    if element.children().next().is_none() && element.has_elements_only() {
        return Ok(());
    }
    Err(ill_shaped(element, "must be empty"))
}

/// The PrefixList of the InclusiveNamespaces inside, the only thing that may be inside.
fn prefix_list(element: Element<'_>) -> Result<&str, SamlRefused> {
    let mut children = element.children();
    let list = match children.next() {
        None => "",
        Some(child) if child.is(EXCLUSIVE, "InclusiveNamespaces") => {
            check_attributes(child, &["PrefixList"])?;
            no_content(child)?;
            child.attribute("PrefixList").ok_or_else(|| ill_shaped(child, "has no PrefixList"))?
        }
        Some(_) => return Err(ill_shaped(element, "holds something unknown")),
    };
    if children.next().is_some() || !element.has_elements_only() {
        return Err(ill_shaped(element, "holds more than InclusiveNamespaces"));
    }
    Ok(list)
}

/// Base64 that is plain text: no comment may cut it, no CDATA section hide in it.
fn binary(element: Element<'_>, attributes: &[&str]) -> Result<Vec<u8>, SamlRefused> {
    const TEXT_BYTES_MAX: usize = 4_096;
    check_attributes(element, attributes)?;
    element
        .plain_text()
        .filter(|text| text.len() <= TEXT_BYTES_MAX)
        .and_then(|text| {
            let is_space = |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            base64_decoded(text.as_bytes(), is_space)
        })
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| ill_shaped(element, "is not plain base64"))
}
