//! What service providers say of themselves: metadata, read strictly for the parts that matter here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::Node;

use super::signing::{DSIG, parse};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(crate) const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// A service provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) entity: String,
    /// Its assertion consumer services with HTTP-POST.
    pub(crate) consumers: Vec<String>,
    /// Certificates of keys that sign, DER.
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl Service {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let document = parse(text.trim_start_matches('\u{feff}'))?;
        let root = document.root_element();
        if !root.has_tag_name((METADATA, "EntityDescriptor")) {
            return Err("the metadata is no EntityDescriptor".to_owned());
        }
        let entity = root.attribute("entityID").filter(|entity| !entity.is_empty());
        let entity = entity.ok_or("the metadata has no entityID")?.to_owned();
        let role = child(root, METADATA, "SPSSODescriptor")
            .ok_or("the metadata describes no service provider")?;
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        if !protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL) {
            return Err("the service provider does not speak SAML 2.0".to_owned());
        }
        if role.attribute("AuthnRequestsSigned") != Some("true") {
            return Err("the service provider does not say that it signs its requests".to_owned());
        }
        let keys = role.children().filter(|it| it.has_tag_name((METADATA, "KeyDescriptor")));
        let signing = keys.filter(|key| key.attribute("use").is_none_or(|of| of == "signing"));
        let mut certificates = Vec::new();
        for key in signing.flat_map(|key| key.descendants().collect::<Vec<_>>()) {
            if key.has_tag_name((DSIG, "X509Certificate")) {
                certificates.push(decoded(key.text().unwrap_or_default())?);
            }
        }
        if certificates.is_empty() {
            return Err("the service provider has no certificate that signs".to_owned());
        }
        let services =
            role.children().filter(|it| it.has_tag_name((METADATA, "AssertionConsumerService")));
        let consumers: Vec<String> = services
            .filter(|service| service.attribute("Binding") == Some(HTTP_POST))
            .filter_map(|service| service.attribute("Location").map(str::to_owned))
            .collect();
        if let Some(other) = consumers.iter().find(|url| !url.starts_with("https://")) {
            return Err(format!("{other}: assertions go over HTTPS only"));
        }
        if consumers.is_empty() {
            return Err("the service provider consumes no assertion by HTTP-POST".to_owned());
        }
        Ok(Self { entity, consumers, certificates })
    }
}

/// Base64 as XML holds it, with white space.
pub(crate) fn decoded(text: &str) -> Result<Vec<u8>, String> {
    let letters: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(letters).map_err(|error| format!("no base64: {error}"))
}

pub(crate) fn child<'a, 'input>(
    node: Node<'a, 'input>,
    namespace: &str,
    name: &str,
) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name((namespace, name)))
}
