//! An identity provider: answers that are canonical as they are written, signed by a key of its own.

use std::sync::OnceLock;

use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Sealed, Timestamp};
use engine::SealingKeys;
use ring::digest::{SHA256, digest};

use super::place::NOW;
use crate::making::{SAML_KEY_PURPOSE, saml_key};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// Who it is.
pub(crate) const ENTITY: &str = "https://idp.example.com/saml";
/// Where it takes requests.
pub(crate) const SSO_URL: &str = "https://idp.example.com/sso";

/// An identity provider with one key.
pub(crate) struct Idp {
    pair: RsaKeyPair,
    certificate: String,
}

/// What it says.
#[derive(Clone)]
pub(crate) struct Statement {
    pub(crate) request: String,
    pub(crate) destination: String,
    pub(crate) id: String,
    pub(crate) assertion_id: String,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) uid: String,
    pub(crate) principal: String,
    pub(crate) status: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) session_ends_at: Option<Timestamp>,
}

impl Statement {
    /// What a provider says to that request, sent to that address, at that time.
    pub(crate) fn to(request: &str, destination: &str, issued_at: Timestamp) -> Self {
        Self {
            request: request.to_owned(),
            destination: destination.to_owned(),
            id: format!("_r{request}"),
            assertion_id: format!("_a{request}"),
            issuer: ENTITY.to_owned(),
            audience: "ids-a.example".to_owned(),
            uid: "jdoe".to_owned(),
            principal: "jdoe@corp.example".to_owned(),
            status: SUCCESS.to_owned(),
            issued_at,
            session_ends_at: None,
        }
    }
}

impl Idp {
    fn new() -> Self {
        let sealing = SealingKeys::single([9; 32]);
        let key = saml_key("idp.example.com", &sealing, NOW).unwrap();
        let private: &Sealed = &key.private;
        let private = sealing.unseal(SAML_KEY_PURPOSE, private).unwrap();
        let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(private.expose()).unwrap()).unwrap();
        Self { pair, certificate: key.certificate }
    }

    /// The one that the settings name.
    pub(crate) fn usual() -> &'static Self {
        static USUAL: OnceLock<Idp> = OnceLock::new();
        USUAL.get_or_init(Self::new)
    }

    /// The same after it changed its key, or an attacker who says to be it.
    pub(crate) fn other() -> &'static Self {
        static OTHER: OnceLock<Idp> = OnceLock::new();
        OTHER.get_or_init(Self::new)
    }

    /// Its metadata file.
    pub(crate) fn metadata(&self) -> String {
        let certificate = &self.certificate;
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:ds=\"{SIGNATURE}\" \
             entityID=\"{ENTITY}\"><md:IDPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\">\
             <md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data>\
             <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
             </md:KeyDescriptor>\
             <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>\
             <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
             Location=\"{SSO_URL}\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
        )
    }

    /// The answer that says so.
    pub(crate) fn says(&self, said: &Statement) -> String {
        let Statement { request, destination, id, assertion_id, issuer, audience, uid, .. } = said;
        let (principal, status) = (&said.principal, &said.status);
        let issued_at = instant(said.issued_at.seconds());
        let end = instant(said.issued_at.seconds() + 300);
        let session_end = said.session_ends_at.map_or_else(String::new, |at| {
            format!(" SessionNotOnOrAfter=\"{}\"", instant(at.seconds()))
        });
        let head = format!(
            "<samlp:Response xmlns:samlp=\"{PROTOCOL}\" Destination=\"{destination}\" ID=\"{id}\" \
             InResponseTo=\"{request}\" IssueInstant=\"{issued_at}\" Version=\"2.0\">\
             <saml:Issuer xmlns:saml=\"{ASSERTION}\">{issuer}</saml:Issuer>"
        );
        let tail = format!(
            "<samlp:Status><samlp:StatusCode Value=\"{status}\"></samlp:StatusCode></samlp:Status>\
             <saml:Assertion xmlns:saml=\"{ASSERTION}\" ID=\"{assertion_id}\" \
             IssueInstant=\"{issued_at}\" Version=\"2.0\"><saml:Issuer>{issuer}</saml:Issuer>\
             <saml:Subject><saml:NameID \
             Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\">_t1</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData InResponseTo=\"{request}\" NotOnOrAfter=\"{end}\" \
             Recipient=\"{destination}\"></saml:SubjectConfirmationData></saml:SubjectConfirmation>\
             </saml:Subject><saml:Conditions NotBefore=\"{issued_at}\" NotOnOrAfter=\"{end}\">\
             <saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience>\
             </saml:AudienceRestriction></saml:Conditions>\
             <saml:AuthnStatement AuthnInstant=\"{issued_at}\"{session_end}><saml:AuthnContext>\
             <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password\
             </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
             <saml:AttributeStatement><saml:Attribute Name=\"uid\"><saml:AttributeValue>{uid}\
             </saml:AttributeValue></saml:Attribute><saml:Attribute Name=\"user_principal\">\
             <saml:AttributeValue>{principal}</saml:AttributeValue></saml:Attribute>\
             </saml:AttributeStatement></saml:Assertion></samlp:Response>"
        );
        let value = STANDARD.encode(digest(&SHA256, format!("{head}{tail}").as_bytes()));
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
        let signature = STANDARD.encode(self.sign(signed.as_bytes()));
        format!(
            "{head}<ds:Signature xmlns:ds=\"{SIGNATURE}\"><ds:SignedInfo>{inside}\
             <ds:SignatureValue>{signature}</ds:SignatureValue></ds:Signature>{tail}"
        )
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
        signature
    }
}

fn instant(seconds: i64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    let (date, (hour, minute, second)) = (at.date(), at.time().as_hms());
    format!(
        "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day()
    )
}
