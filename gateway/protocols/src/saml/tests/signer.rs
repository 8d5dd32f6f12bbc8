//! An identity provider that signs what it is told to: messages are written in canonical form to
//! begin with, so that no code under test takes part in signing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};

use super::super::{
    ASSERTION, Expected, PROTOCOL, Proven, SIGNATURE, SamlReason, SamlRefused, TrustedKey, judge,
};

pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(super) const SHA256_DIGEST: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
pub(super) const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const XS: &str = "http://www.w3.org/2001/XMLSchema";
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

pub(super) const IDP: &str = "http://idp.example/adfs/services/trust";
pub(super) const OWN: &str = "ids.example";
pub(super) const ACS: &str = "https://ids.example:8553/ids/saml/response";
pub(super) const REQUEST: &str = "s21c84ba20862f573f5daec121c305ba6aac877843";
/// 2026-11-28T10:00:05Z; messages are five seconds old.
pub(super) const NOW_MILLIS: i64 = 1_795_860_005_000;

pub(super) const IDP_PEM: &str = include_str!("keys/idp.pem");
pub(super) const OTHER_PEM: &str = include_str!("keys/other.pem");
pub(super) const EC_PEM: &str = include_str!("keys/ec.pem");
pub(super) const IDP_CERTIFICATE: &str = include_str!("keys/idp.crt");

pub(super) fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

pub(super) fn trusted(pem: &str) -> TrustedKey {
    let pair = RsaKeyPair::from_pkcs8(&der(pem)).unwrap();
    let pkcs1_der = pair.public_key().as_ref().to_vec();
    TrustedKey::Rsa { pkcs1_der, bits: pair.public().modulus_len() * 8 }
}

pub(super) fn trusted_ec() -> TrustedKey {
    TrustedKey::EcdsaP256 { point: ec_pair().public_key().as_ref().to_vec() }
}

fn ec_pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(EC_PEM), &random).unwrap()
}

/// Signs with RSA, or with ECDSA where the key is on a curve.
pub(super) fn sign_with(pem: &str, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    if pem == EC_PEM {
        return ec_pair().sign(&random, message).unwrap().as_ref().to_vec();
    }
    let pair = RsaKeyPair::from_pkcs8(&der(pem)).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
    signature
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    No,
    /// `xsi:type` on each value, `xs` only where it is used in the text of that type.
    Yes,
    /// As before, and `xs` kept by a PrefixList.
    Listed,
}

/// How an identity provider writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) protocol: &'static str,
    /// Empty: the default namespace.
    pub(super) assertion: &'static str,
    /// Empty: the default namespace.
    pub(super) signature: &'static str,
    /// All namespaces are declared at the root.
    pub(super) is_hoisted: bool,
    pub(super) typed: Typed,
}

pub(super) const AD_FS: Shape = Shape {
    protocol: "samlp",
    assertion: "",
    signature: "ds",
    is_hoisted: false,
    typed: Typed::No,
};
pub(super) const OKTA: Shape = Shape {
    protocol: "saml2p",
    assertion: "saml2",
    signature: "ds",
    is_hoisted: false,
    typed: Typed::Listed,
};
pub(super) const SIMPLE: Shape = Shape {
    protocol: "samlp",
    assertion: "saml",
    signature: "ds",
    is_hoisted: true,
    typed: Typed::Yes,
};
pub(super) const PYSAML2: Shape = Shape {
    protocol: "ns0",
    assertion: "ns1",
    signature: "ns2",
    is_hoisted: true,
    typed: Typed::Yes,
};
pub(super) const UNPREFIXED: Shape = Shape {
    protocol: "samlp",
    assertion: "saml",
    signature: "",
    is_hoisted: false,
    typed: Typed::No,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signs {
    Both,
    Message,
    Assertion,
    Nothing,
}

type Edit<'a> = &'a dyn Fn(String) -> String;

fn same(text: String) -> String {
    text
}

/// What to write and how to sign it.
#[derive(Clone, Copy)]
pub(super) struct Draft<'a> {
    pub(super) shape: Shape,
    pub(super) signs: Signs,
    pub(super) pem: &'a str,
    /// Changes the canonical text before it is signed.
    pub(super) edit: Edit<'a>,
    /// Changes each SignedInfo before it is signed.
    pub(super) edit_signed_info: Edit<'a>,
}

impl Default for Draft<'_> {
    fn default() -> Self {
        let (edit, edit_signed_info) = (&same, &same);
        Self { shape: AD_FS, signs: Signs::Both, pem: IDP_PEM, edit, edit_signed_info }
    }
}

const OF_RESPONSE: &str = "@R@";
const OF_ASSERTION: &str = "@A@";

impl Draft<'_> {
    pub(super) fn signed(&self) -> String {
        let mut text = (self.edit)(canonical(self.shape));
        let assertion_tag = qualified(self.shape.assertion, "Assertion");
        if matches!(self.signs, Signs::Both | Signs::Assertion) {
            let from = text.find(&format!("<{assertion_tag} ")).unwrap();
            let end = format!("</{assertion_tag}>");
            let to = from + text[from..].find(&end).unwrap() + end.len();
            let assertion = text[from..to].replace(OF_ASSERTION, "");
            let signature = self.signature(&id_of(&assertion), &assertion);
            text = text.replacen(OF_ASSERTION, &signature, 1);
        }
        text = text.replace(OF_ASSERTION, "");
        if matches!(self.signs, Signs::Both | Signs::Message) {
            let response = text.replace(OF_RESPONSE, "");
            let signature = self.signature(&id_of(&response), &response);
            text = text.replacen(OF_RESPONSE, &signature, 1);
        }
        self.wire(text.replace(OF_RESPONSE, ""))
    }

    /// A signature of something in canonical form, as it stands in a document.
    pub(super) fn signature(&self, id: &str, canonical: &str) -> String {
        let (tag, name) = (
            |name: &str| qualified(self.shape.signature, name),
            declaration(self.shape.signature, SIGNATURE),
        );
        let list = match self.shape.typed {
            Typed::Listed => format!(
                "<ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"xs\"></ec:InclusiveNamespaces>"
            ),
            _ => String::new(),
        };
        let method = match self.pem {
            EC_PEM => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            _ => RSA_SHA256,
        };
        let digest_value = STANDARD.encode(digest(&SHA256, canonical.as_bytes()));
        let empty = |name: &str, algorithm: &str| {
            let tag = tag(name);
            format!("<{tag} Algorithm=\"{algorithm}\"></{tag}>")
        };
        let signed_info = format!(
            "<{info}{name}>{c14n}{method}<{reference} URI=\"#{id}\"><{transforms}>{enveloped}\
             <{transform} Algorithm=\"{EXCLUSIVE}\">{list}</{transform}></{transforms}>{digest_method}\
             <{value}>{digest_value}</{value}></{reference}></{info}>",
            info = tag("SignedInfo"),
            c14n = empty("CanonicalizationMethod", EXCLUSIVE),
            method = empty("SignatureMethod", method),
            reference = tag("Reference"),
            transforms = tag("Transforms"),
            transform = tag("Transform"),
            enveloped = empty("Transform", ENVELOPED),
            digest_method = empty("DigestMethod", SHA256_DIGEST),
            value = tag("DigestValue"),
        );
        let signed_info = (self.edit_signed_info)(signed_info);
        let value = STANDARD.encode(sign_with(self.pem, signed_info.as_bytes()));
        let (outer, value_tag) = (tag("Signature"), tag("SignatureValue"));
        let inside = signed_info.replacen(&name, "", 1);
        let key = der(IDP_CERTIFICATE);
        let key_info = format!(
            "<{info}><{data}><{certificate}>{}</{certificate}></{data}></{info}>",
            STANDARD.encode(key),
            info = tag("KeyInfo"),
            data = tag("X509Data"),
            certificate = tag("X509Certificate"),
        );
        format!("<{outer}{name}>{inside}<{value_tag}>{value}</{value_tag}>{key_info}</{outer}>")
    }

    /// What goes over the wire: the same with namespaces declared elsewhere.
    fn wire(&self, text: String) -> String {
        let shape = self.shape;
        let xs = declaration("xs", XS);
        if !shape.is_hoisted {
            return text;
        }
        let mut hoisted = String::new();
        let mut text = text;
        for one in [
            declaration(shape.assertion, ASSERTION),
            declaration(shape.signature, SIGNATURE),
            declaration("xsi", XSI),
        ] {
            text = text.replace(&one, "");
            hoisted.push_str(&one);
        }
        if shape.typed == Typed::Yes {
            hoisted.push_str(&xs);
        }
        let at = declaration(shape.protocol, PROTOCOL);
        text.replacen(&at, &format!("{at}{hoisted}"), 1)
    }
}

fn qualified(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}:{name}") }
}

fn declaration(prefix: &str, namespace: &str) -> String {
    let colon = if prefix.is_empty() { "" } else { ":" };
    format!(" xmlns{colon}{prefix}=\"{namespace}\"")
}

fn id_of(text: &str) -> String {
    let from = text.find(" ID=\"").unwrap() + 5;
    text[from..from + text[from..].find('"').unwrap()].to_owned()
}

/// A whole response in canonical form, with places for signatures.
fn canonical(shape: Shape) -> String {
    let p = |name: &str| qualified(shape.protocol, name);
    let a = |name: &str| qualified(shape.assertion, name);
    let (of_p, of_a) =
        (declaration(shape.protocol, PROTOCOL), declaration(shape.assertion, ASSERTION));
    let value_attributes = match shape.typed {
        Typed::No => String::new(),
        Typed::Yes => format!("{} xsi:type=\"xs:string\"", declaration("xsi", XSI)),
        Typed::Listed => {
            let (xs, xsi) = (declaration("xs", XS), declaration("xsi", XSI));
            format!("{xs}{xsi} xsi:type=\"xs:string\"")
        }
    };
    let attribute = |name: &str, value: &str| {
        format!(
            "<{attribute} Name=\"{name}\"><{tag}{value_attributes}>{value}</{tag}></{attribute}>",
            attribute = a("Attribute"),
            tag = a("AttributeValue"),
        )
    };
    format!(
        "<{response}{of_p} Consent=\"urn:oasis:names:tc:SAML:2.0:consent:unspecified\" Destination=\"{ACS}\" \
         ID=\"_r1\" InResponseTo=\"{REQUEST}\" IssueInstant=\"2026-11-28T10:00:00.123Z\" Version=\"2.0\">\
         <{issuer}{of_a}>{IDP}</{issuer}>{OF_RESPONSE}<{status}><{code} \
         Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></{code}></{status}><{assertion}{of_a} ID=\"_a1\" \
         IssueInstant=\"2026-11-28T10:00:00.1230000Z\" Version=\"2.0\"><{issuer}>{IDP}</{issuer}>{OF_ASSERTION}\
         <{subject}><{name_id} Format=\"{TRANSIENT}\" SPNameQualifier=\"{OWN}\">EXAMPLE\\anna</{name_id}>\
         <{confirmation} Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><{data} InResponseTo=\"{REQUEST}\" \
         NotOnOrAfter=\"2026-11-28T10:05:00.123Z\" Recipient=\"{ACS}\"></{data}></{confirmation}></{subject}>\
         <{conditions} NotBefore=\"2026-11-28T10:00:00.120Z\" NotOnOrAfter=\"2026-11-28T11:00:00.120Z\">\
         <{restriction}><{audience}>{OWN}</{audience}></{restriction}></{conditions}><{statement}>{uid}{principal}\
         </{statement}><{authn} AuthnInstant=\"2026-11-28T09:59:59.9Z\" SessionIndex=\"_a1x\" \
         SessionNotOnOrAfter=\"2026-11-28T18:00:00Z\"><{context}><{class}>\
         urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</{class}></{context}></{authn}>\
         </{assertion}></{response}>",
        response = p("Response"),
        issuer = a("Issuer"),
        status = p("Status"),
        code = p("StatusCode"),
        assertion = a("Assertion"),
        subject = a("Subject"),
        name_id = a("NameID"),
        confirmation = a("SubjectConfirmation"),
        data = a("SubjectConfirmationData"),
        conditions = a("Conditions"),
        restriction = a("AudienceRestriction"),
        audience = a("Audience"),
        statement = a("AttributeStatement"),
        uid = attribute("uid", "anna"),
        principal = attribute("user_principal", "anna@example.com"),
        authn = a("AuthnStatement"),
        context = a("AuthnContext"),
        class = a("AuthnContextClassRef"),
    )
}

/// Signed as it should be, after a change.
pub(super) fn edited(edit: impl Fn(String) -> String) -> String {
    Draft { edit: &edit, ..Draft::default() }.signed()
}

/// Signed as it should be, after one text was put in the place of another, which must be there.
pub(super) fn replaced(from: &str, to: &str) -> String {
    edited(|text| {
        assert!(text.contains(from), "there is no {from}");
        text.replace(from, to)
    })
}

pub(super) fn good() -> String {
    Draft::default().signed()
}

pub(super) fn destinations() -> Vec<String> {
    vec![ACS.to_owned(), format!("{ACS}?metaAlias=/sp")]
}

pub(super) fn expected(destinations: &[String]) -> Expected<'_> {
    Expected {
        idp_entity_id: IDP,
        own_entity_id: OWN,
        destinations,
        request_id: REQUEST,
        now_millis: NOW_MILLIS,
        skew_seconds: 60,
        response_age_seconds: 300,
        accept_ecdsa: false,
        accept_misprinted_name_id_format: false,
        relaxed_user_principal: false,
    }
}

pub(super) fn judged(xml: &str) -> Result<Proven, SamlRefused> {
    judge(xml.as_bytes(), &[trusted(IDP_PEM)], &expected(&destinations()))
}

/// With something else expected.
pub(super) fn judged_with(
    xml: &str,
    change: impl FnOnce(&mut Expected<'_>),
) -> Result<Proven, SamlRefused> {
    let destinations = destinations();
    let mut expected = expected(&destinations);
    change(&mut expected);
    judge(xml.as_bytes(), &[trusted(IDP_PEM)], &expected)
}

#[track_caller]
pub(super) fn refused(xml: &str, reason: SamlReason) {
    let told = judged(xml).map_err(|refused| (refused.reason, refused.to_string()));
    match told {
        Ok(_) => panic!("taken, but {} was expected: {xml}", reason.name()),
        Err((told, words)) => assert_eq!(told, reason, "{words}: {xml}"),
    }
}

#[track_caller]
pub(super) fn accepted(xml: &str) -> Proven {
    judged(xml).unwrap_or_else(|refused| panic!("{refused}: {xml}"))
}
