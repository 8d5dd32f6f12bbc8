//! The identity provider's own metadata, as an administrator downloads it.

use super::keys::SigningKey;
use super::messages::escaped;

/// One entity with its sign-on address (HTTP-POST) and the certificates of its keys.
pub(crate) fn metadata(entity: &str, sign_on: &str, keys: &[&SigningKey]) -> String {
    let keys: String = keys
        .iter()
        .map(|key| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo \
                 xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>{}\
                 </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                key.certificate_base64()
            )
        })
        .collect();
    let (entity, sign_on) = (escaped(entity), escaped(sign_on));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor \
         xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity}\"><md:IDPSSODescriptor \
         WantAuthnRequestsSigned=\"true\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}<md:NameIDFormat>\
         urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat><md:SingleSignOnService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{sign_on}\">\
         </md:SingleSignOnService></md:IDPSSODescriptor></md:EntityDescriptor>\n"
    )
}
