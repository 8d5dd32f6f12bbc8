//! Our reading of the schema beside that of a program of others.

use super::*;
use crate::saml::schema::Schema;

/// Changes to the structure of the plain file, each of which the schema forbids.
fn forbidden() -> Vec<(String, &'static str)> {
    let service = "<md:SingleSignOnService ";
    let key = "<md:KeyDescriptor ";
    let format = "<md:NameIDFormat>";
    let role = "<md:IDPSSODescriptor ";
    let end = "</md:EntityDescriptor>";
    let organization = "<md:Organization><md:OrganizationName xml:lang=\"en\">a</md:OrganizationName>\
                        <md:OrganizationDisplayName xml:lang=\"en\">a</md:OrganizationDisplayName>\
                        <md:OrganizationURL xml:lang=\"en\">a</md:OrganizationURL></md:Organization>";
    let contact = "<md:ContactPerson contactType=\"support\"/>";
    let extensions = "<md:Extensions><a:b xmlns:a=\"urn:a\"/></md:Extensions>";
    let endpoint = |name: &str| format!("<md:{name} Binding=\"a\" Location=\"b\"/>");
    let logout = endpoint("SingleLogoutService");
    let before = |place: &str, what: &str| changed(place, &format!("{what}{place}"));
    let without = |what: &str| changed(what, "");
    vec![
        (without(" entityID=\"https://idp.example.com/saml\""), "lacks the attribute entityID"),
        (
            without(" protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\""),
            "lacks the attribute protocolSupportEnumeration",
        ),
        (without(" Location=\"https://idp.example.com/sso\""), "lacks the attribute Location"),
        (
            without(" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\""),
            "lacks the attribute Binding",
        ),
        (changed("entityID=", "entityId=\"a\" entityID="), "has the unknown attribute entityId"),
        (changed("entityID=", "md:entityID=\"a\" entityID="), "has the unknown attribute entityID"),
        (changed("use=", "Use=\"signing\" use="), "has the unknown attribute Use"),
        (changed("Binding=", "index=\"0\" Binding="), "has the unknown attribute index"),
        (changed("\"signing\"", "\"Signing\""), "use is neither signing nor encryption"),
        (changed("\"signing\"", "\"\""), "use is neither signing nor encryption"),
        (before(format, service).replace(service, &endpoint("SingleSignOnService")), ""),
        (before(key, &logout), "has KeyDescriptor in a place where it may not stand"),
        (before(service, &logout), "has SingleLogoutService in a place"),
        (before(service, contact), "has ContactPerson in a place"),
        (before(service, extensions), "has Extensions in a place"),
        (before(key, &format!("{extensions}{extensions}")), "has Extensions in a place"),
        (before(key, organization), "has KeyDescriptor in a place"),
        (before(role, organization), "lacks RoleDescriptor or IDPSSODescriptor or"),
        (before(end, &format!("{contact}{organization}")), "has Organization in a place"),
        (before(end, &organization.repeat(2)), "has Organization in a place"),
        (before(role, "<md:Other/>"), "EntityDescriptor: has Other in a place"),
        (before(role, "<a:b xmlns:a=\"urn:a\"/>"), "EntityDescriptor: has b in a place"),
        (before(role, "text"), "holds text where only elements may stand"),
        (before(service, "text"), "holds text where only elements may stand"),
        (before("<ds:KeyInfo>", "text"), "holds text where only elements may stand"),
        (before("<ds:KeyInfo>", "<md:EncryptionMethod Algorithm=\"a\"/>"), "lacks KeyInfo"),
        (
            changed(
                "<ds:KeyInfo>",
                "<ds:KeyInfo><ds:KeyName>a</ds:KeyName></ds:KeyInfo><ds:KeyInfo>",
            ),
            "has KeyInfo in a place",
        ),
        (
            before("<ds:X509Data>", "<ds:X509Certificate>AAAA</ds:X509Certificate>"),
            "has X509Certificate",
        ),
        (before("<ds:X509Certificate>", "<ds:KeyName>a</ds:KeyName>"), "has KeyName in a place"),
        (
            changed("entityID=\"https", "validUntil=\"soon\" entityID=\"https"),
            "validUntil is no time",
        ),
    ]
}

/// Changes that the schema allows, unusual as they are.
fn allowed() -> Vec<String> {
    let before = |place: &str, what: &str| changed(place, &format!("{what}{place}"));
    vec![
        plain(&certificate!("rsa-a")),
        changed(
            "entityID=",
            "a:b=\"c\" xmlns:a=\"urn:a\" cacheDuration=\"PT1H\" ID=\"_1\" entityID=",
        ),
        changed("/></md:IDP", "><a:b xmlns:a=\"urn:a\"/></md:SingleSignOnService></md:IDP"),
        before("<ds:X509Data>", "text<ds:KeyName>a</ds:KeyName>text"),
        before("<ds:X509Certificate>", "<ds:X509SubjectName>CN=a</ds:X509SubjectName>"),
        before("<md:IDPSSODescriptor ", "\n<!-- a comment -->\n"),
        before("</md:KeyDescriptor>", "<md:EncryptionMethod Algorithm=\"a\"/>"),
        before("</md:IDPSSODescriptor>", "<md:AttributeProfile>a</md:AttributeProfile>"),
        before(
            "</md:IDPSSODescriptor>",
            "<saml:Attribute xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" Name=\"uid\"/>",
        ),
        before("</md:EntityDescriptor>", "<md:ContactPerson contactType=\"support\"/>"),
    ]
}

#[test]
fn ids_01_what_breaks_the_schema_is_refused_with_the_element_and_what_to_do() {
    for (file, words) in forbidden() {
        let words = [words, "it has to conform to the schema of SAML 2.0 metadata"];
        refused(file.as_bytes(), MetadataReason::Structure, &words);
    }
    for file in allowed() {
        read(&file);
    }
}

#[test]
fn ids_01_a_program_of_others_says_the_same_of_the_schema() {
    let Some(schema) = Schema::found() else { return };
    for (file, _) in forbidden() {
        assert!(schema.judge(file.as_bytes()).is_err(), "the schema allows: {file}");
    }
    for file in allowed() {
        assert_eq!(schema.judge(file.as_bytes()), Ok(()), "{file}");
    }
}

#[test]
fn ids_01_the_samples_conform_to_the_schema() {
    let Some(schema) = Schema::found() else { return };
    for file in [
        sample!("adfs.xml"),
        sample!("entra.xml"),
        sample!("okta.xml"),
        sample!("keycloak.xml"),
        sample!("simplesamlphp.xml"),
        sample!("pysaml2.xml"),
        sample!("federation.xml"),
    ] {
        let mut file = String::from_utf8(file.to_vec()).unwrap();
        // The schema of WS-Federation, whose roles some files hold too, is another one.
        while let Some(from) = file.find("<RoleDescriptor") {
            let end = "</RoleDescriptor>";
            let to = file[from..].find(end).unwrap() + from + end.len();
            file.replace_range(from..to, "");
        }
        assert_eq!(schema.judge(file.as_bytes()), Ok(()));
    }
}
