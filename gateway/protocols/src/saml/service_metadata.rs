//! What we tell an identity provider of ourselves: the file `sp.xml` (SAML metadata 2.0, section 2.4.4).
//!
//! It names no key to encrypt with, so that no provider is tempted to encrypt what we would refuse.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::escape::escape;

#[cfg(test)]
mod tests;

/// Who we are to identity providers.
#[derive(Clone, Copy, Debug)]
pub struct ServiceMetadata<'a> {
    /// Our entity id, the bare host name of the publisher.
    pub entity_id: &'a str,
    /// Where responses are taken, one URL a node; the first is the publisher's. There is at least one.
    pub acs_urls: &'a [String],
    /// Certificates of the keys that requests are signed with, the present one first; two while a new
    /// one is handed round.
    pub certificates_der: &'a [Vec<u8>],
}

impl ServiceMetadata<'_> {
    /// The document, with a line for each element that somebody may want to compare.
    pub fn xml(&self) -> String {
        let mut xml = String::from(HEAD);
        xml.push_str(&format!(" entityID=\"{}\">\n", escape(self.entity_id)));
        xml.push_str(ROLE);
        for der in self.certificates_der {
            let certificate = STANDARD.encode(der);
            xml.push_str(&format!("{KEY_BEGIN}{certificate}{KEY_END}"));
        }
        xml.push_str(&format!("    <md:NameIDFormat>{TRANSIENT}</md:NameIDFormat>\n"));
        for (index, url) in self.acs_urls.iter().enumerate() {
            let default = if index == 0 { " isDefault=\"true\"" } else { "" };
            let url = escape(url.as_str());
            xml.push_str(&format!(
                "    <md:AssertionConsumerService Binding=\"{HTTP_POST}\" Location=\"{url}\" \
                 index=\"{index}\"{default}/>\n"
            ));
        }
        xml.push_str("  </md:SPSSODescriptor>\n</md:EntityDescriptor>\n");
        xml
    }
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
    xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
const ROLE: &str = "  <md:SPSSODescriptor AuthnRequestsSigned=\"true\" WantAssertionsSigned=\"true\" \
    protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n";
const KEY_BEGIN: &str =
    "    <md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>";
const KEY_END: &str = "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\n";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
