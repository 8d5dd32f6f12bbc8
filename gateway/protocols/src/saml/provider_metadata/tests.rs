//! Files in the shapes of real providers, files that break a rule each, certificates, the schema.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

mod certificates;
mod hostile;
mod mutations;
mod samples;
mod schema;

/// 2027-01-15: every certificate here is good then.
const NOW: i64 = 1_800_000_000;

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/saml/tests/metadata/", $name))
            .as_slice()
    };
}
pub(super) use sample;

macro_rules! certificate {
    ($name:literal) => {
        crate::saml::provider_metadata::tests::without_armour(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/saml/tests/metadata/certificates/",
            $name,
            ".pem"
        )))
    };
}
pub(super) use certificate;

/// The base64 of a certificate on one line.
pub(super) fn without_armour(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

pub(super) fn sha256_of(base64: &str) -> String {
    let der = STANDARD.decode(base64).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, &der);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file of one provider with that certificate and nothing special.
pub(super) fn plain(certificate: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"https://idp.example.com/saml\">\
         <md:IDPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data>\
         <ds:X509Certificate>{certificate}</ds:X509Certificate>\
         </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://idp.example.com/sso\"/>\
         </md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

/// The plain file with `from` exchanged, which has to be in it.
#[track_caller]
pub(super) fn changed(from: &str, to: &str) -> String {
    let file = plain(&certificate!("rsa-a"));
    assert!(file.contains(from), "{from}");
    file.replacen(from, to, 1)
}

#[track_caller]
pub(super) fn read(file: &str) -> ProviderMetadata {
    read_metadata(file.as_bytes(), None, NOW).unwrap_or_else(|refused| panic!("{refused}"))
}

/// The file is refused for that reason, and the words hold all of `words`.
#[track_caller]
pub(super) fn refused(file: &[u8], reason: MetadataReason, words: &[&str]) {
    let refused = read_metadata(file, None, NOW).expect_err("it was taken");
    let told = refused.to_string();
    assert_eq!(refused.reason, reason, "{told}");
    for word in words {
        assert!(told.contains(word), "{word} is not in: {told}");
    }
    assert!(told.len() < 4_000 && !told.contains(char::is_control), "{told}");
    assert!(told.ends_with(reason.remedy()), "{told}");
}
