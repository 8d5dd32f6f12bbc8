use super::*;
use crate::saml::schema;

fn urls(hosts: &[&str]) -> Vec<String> {
    hosts.iter().map(|host| format!("https://{host}:8553/ids/saml/response")).collect()
}

fn file_of_two_nodes() -> String {
    let acs_urls = urls(&["gw-a.example.com", "gw-b.example.com"]);
    let certificates_der = [b"present".to_vec(), b"next".to_vec()];
    ServiceMetadata {
        entity_id: "gw-a.example.com",
        acs_urls: &acs_urls,
        certificates_der: &certificates_der,
    }
    .xml()
}

#[test]
fn ids_01_the_service_metadata_names_every_node_and_every_key_byte_for_byte() {
    let expected = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"gw-a.example.com\">
  <md:SPSSODescriptor AuthnRequestsSigned=\"true\" WantAssertionsSigned=\"true\" protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">
    <md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>cHJlc2VudA==</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>bmV4dA==</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>
    <md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://gw-a.example.com:8553/ids/saml/response\" index=\"0\" isDefault=\"true\"/>
    <md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://gw-b.example.com:8553/ids/saml/response\" index=\"1\"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
";
    assert_eq!(file_of_two_nodes(), expected);
}

#[test]
fn ids_01_what_stands_in_the_service_metadata_is_escaped_once() {
    let acs_urls = ["https://gw.example.com:8553/ids/saml/response?a=<&\">'".to_owned()];
    let xml =
        ServiceMetadata { entity_id: "a<b>&\"c'", acs_urls: &acs_urls, certificates_der: &[] }
            .xml();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("entityID"), Some("a<b>&\"c'"));
    let location = document.descendants().find_map(|node| node.attribute("Location"));
    assert_eq!(location, Some(acs_urls[0].as_str()));
}

#[test]
fn ids_01_the_service_metadata_conforms_to_the_schema_of_saml() {
    let acs_urls = urls(&["gw-a.example.com"]);
    let of_one_node = ServiceMetadata {
        entity_id: "gw-a.example.com",
        acs_urls: &acs_urls,
        certificates_der: &[vec![0x30; 800]],
    };
    let Some(schema) = schema::Schema::found() else { return };
    for xml in [file_of_two_nodes(), of_one_node.xml()] {
        assert_eq!(schema.judge(xml.as_bytes()), Ok(()), "{xml}");
    }
    // The judge can say no.
    let without_location = file_of_two_nodes().replace(" Location=", " Place=");
    assert!(schema.judge(without_location.as_bytes()).is_err());
}
