//! An identity provider whose answers are canonical as they are written.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocols::saml::{ASSERTION, PROTOCOL, SIGNATURE};
use ring::digest::{SHA256, digest};

use super::service::ENTITY as AUDIENCE;
use crate::AnyError;

/// Who it is.
pub(super) const ENTITY: &str = "https://idp.example.com/saml";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// An identity provider with one key.
pub(super) struct Provider {
    pair: KeyPair,
    certificate: String,
}

impl Provider {
    pub(super) fn new() -> Result<Self, AnyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048)?;
        let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?;
        let private = rustls_pki_types::PrivatePkcs8KeyDer::from(private.as_ref().to_vec());
        let algorithm = &rcgen::PKCS_RSA_SHA256;
        let signer = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&private, algorithm)?;
        let certificate = rcgen::CertificateParams::new(Vec::new())?.self_signed(&signer)?;
        Ok(Self { pair, certificate: STANDARD.encode(certificate.der()) })
    }

    /// Its metadata file.
    pub(super) fn metadata(&self) -> String {
        let certificate = &self.certificate;
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:ds=\"{SIGNATURE}\" \
             entityID=\"{ENTITY}\"><md:IDPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\">\
             <md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data>\
             <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
             </md:KeyDescriptor>\
             <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
             Location=\"https://idp.example.com/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
        )
    }

    /// The answer to that request, with the response and its assertion signed.
    pub(super) fn answer(&self, request: &str, destination: &str, now: i64) -> String {
        let (at, end) = (instant(now), instant(now + 300));
        let (response, assertion) = (format!("_r{request}"), format!("_a{request}"));
        let issuer = |declared: &str| format!("<saml:Issuer{declared}>{ENTITY}</saml:Issuer>");
        let declared = format!(" xmlns:saml=\"{ASSERTION}\"");
        let assertion_head = format!(
            "<saml:Assertion{declared} ID=\"{assertion}\" IssueInstant=\"{at}\" Version=\"2.0\">{}",
            issuer("")
        );
        let assertion_tail = format!(
            "<saml:Subject><saml:NameID \
             Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\">_t1</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData InResponseTo=\"{request}\" NotOnOrAfter=\"{end}\" \
             Recipient=\"{destination}\"></saml:SubjectConfirmationData></saml:SubjectConfirmation>\
             </saml:Subject><saml:Conditions NotBefore=\"{at}\" NotOnOrAfter=\"{end}\">\
             <saml:AudienceRestriction><saml:Audience>{AUDIENCE}</saml:Audience>\
             </saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant=\"{at}\">\
             <saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password\
             </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
             <saml:AttributeStatement><saml:Attribute Name=\"uid\"><saml:AttributeValue>jdoe\
             </saml:AttributeValue></saml:Attribute><saml:Attribute Name=\"user_principal\">\
             <saml:AttributeValue>jdoe@corp.example</saml:AttributeValue></saml:Attribute>\
             </saml:AttributeStatement></saml:Assertion>"
        );
        let inner = self.signature(&assertion, &format!("{assertion_head}{assertion_tail}"));
        let head = format!(
            "<samlp:Response xmlns:samlp=\"{PROTOCOL}\" Destination=\"{destination}\" ID=\"{response}\" \
             InResponseTo=\"{request}\" IssueInstant=\"{at}\" Version=\"2.0\">{}",
            issuer(&declared)
        );
        let tail = format!(
            "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\">\
             </samlp:StatusCode></samlp:Status>{assertion_head}{inner}{assertion_tail}</samlp:Response>"
        );
        let outer = self.signature(&response, &format!("{head}{tail}"));
        format!("{head}{outer}{tail}")
    }

    /// A signature of the element of that id, whose canonical form is given.
    pub(super) fn signature(&self, id: &str, canonical: &str) -> String {
        let value = STANDARD.encode(digest(&SHA256, canonical.as_bytes()));
        let inside = format!(
            "<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\">\
             </ds:SignatureMethod><ds:Reference URI=\"#{id}\"><ds:Transforms>\
             <ds:Transform Algorithm=\"{SIGNATURE}enveloped-signature\"></ds:Transform>\
             <ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform></ds:Transforms>\
             <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
             <ds:DigestValue>{value}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        );
        let signed = format!("<ds:SignedInfo xmlns:ds=\"{SIGNATURE}\">{inside}");
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        // A signature of nothing is refused later, which is told.
        let _ = self.pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature);
        let signature = STANDARD.encode(signature);
        format!(
            "<ds:Signature xmlns:ds=\"{SIGNATURE}\"><ds:SignedInfo>{inside}\
             <ds:SignatureValue>{signature}</ds:SignatureValue></ds:Signature>"
        )
    }
}

/// As SAML writes it.
fn instant(seconds: i64) -> String {
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01, in years that begin with March.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + later;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
