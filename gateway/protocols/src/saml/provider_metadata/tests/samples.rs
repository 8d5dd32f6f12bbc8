//! Files in the shapes that widespread providers export.

use super::*;

const POST: &str = "SingleSignOnService";

struct Expected<'a> {
    entity_id: &'a str,
    url: &'a str,
    certificates: &'a [String],
    valid_until: Option<i64>,
    warnings: &'a [&'a str],
}

#[track_caller]
fn check(file: &[u8], entity_id: Option<&str>, expected: &Expected<'_>) {
    let read = read_metadata(file, entity_id, NOW).unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!((&*read.entity_id, &*read.sso_post_url), (expected.entity_id, expected.url));
    let sha256: Vec<_> = read.certificates.iter().map(|one| one.sha256_hex.clone()).collect();
    let wanted: Vec<_> = expected.certificates.iter().map(|one| sha256_of(one)).collect();
    assert_eq!(sha256, wanted);
    assert_eq!(read.keys.len(), wanted.len());
    assert!(read.keys.iter().all(|key| matches!(key, TrustedKey::Rsa { bits: 2_048, .. })));
    assert!(read.certificates.iter().all(|one| one.not_after > NOW));
    assert_eq!(read.valid_until, expected.valid_until);
    assert_eq!(read.warnings.len(), expected.warnings.len(), "{:?}", read.warnings);
    for (warning, word) in read.warnings.iter().zip(expected.warnings) {
        assert!(warning.contains(word), "{warning}");
    }
}

#[test]
fn ids_01_a_file_of_ad_fs_with_its_other_roles_is_read() {
    let file = sample!("adfs.xml");
    assert!(file.starts_with(b"\xEF\xBB\xBF"), "the sample lost its byte order mark");
    let expected = Expected {
        entity_id: "http://adfs.example.com/adfs/services/trust",
        url: "https://adfs.example.com/adfs/ls/",
        certificates: &[certificate!("rsa-a")],
        valid_until: None,
        warnings: &[],
    };
    check(file, None, &expected);
    let read = read_metadata(file, None, NOW).unwrap();
    assert_eq!(read.certificates[0].subject, "CN=ADFS Signing - idp.example.com");
}

#[test]
fn ids_01_a_file_with_two_keys_during_a_change_of_certificates_is_read() {
    let expected = Expected {
        entity_id: "https://sts.example.net/5b0e7c1a-0f4d-4c7e-9a51-1d2c3b4a5968/",
        url: "https://login.example.net/5b0e7c1a-0f4d-4c7e-9a51-1d2c3b4a5968/saml2",
        certificates: &[certificate!("rsa-b"), certificate!("rsa-c")],
        valid_until: None,
        warnings: &[],
    };
    check(sample!("entra.xml"), None, &expected);
}

#[test]
fn ids_01_a_certificate_with_broken_lines_is_read_and_missing_transient_is_warned_of() {
    let expected = Expected {
        entity_id: "http://www.example.org/exk1a2b3c4D5e6F7g8h9",
        url: "https://sso.example.org/app/jackfield_1/exk1a2b3c4D5e6F7g8h9/sso/saml",
        certificates: &[certificate!("rsa-b")],
        valid_until: None,
        warnings: &["NameIDFormat: urn:oasis:names:tc:SAML:2.0:nameid-format:transient is not"],
    };
    check(sample!("okta.xml"), None, &expected);
}

#[test]
fn ids_01_a_single_entity_in_a_list_is_read() {
    let expected = Expected {
        entity_id: "https://keycloak.example.com/realms/contact-centre",
        url: "https://keycloak.example.com/realms/contact-centre/protocol/saml",
        certificates: &[certificate!("rsa-c")],
        valid_until: None,
        warnings: &[],
    };
    check(sample!("keycloak.xml"), None, &expected);
    check(sample!("keycloak.xml"), Some(expected.entity_id), &expected);
}

#[test]
fn ids_01_a_certificate_for_signing_and_for_encryption_counts_once() {
    let expected = Expected {
        entity_id: "https://ssp.example.com/simplesaml/saml2/idp/metadata.php",
        url: "https://ssp.example.com/simplesaml/saml2/idp/SSOService.php",
        certificates: &[certificate!("rsa-a")],
        valid_until: None,
        warnings: &[],
    };
    check(sample!("simplesamlphp.xml"), None, &expected);
}

#[test]
fn ids_01_made_up_prefixes_and_an_end_in_the_future_are_read() {
    let expected = Expected {
        entity_id: "https://pysaml2.example.com:8088/idp.xml",
        url: "https://pysaml2.example.com:8088/sso/post",
        certificates: &[certificate!("renewed-1")],
        valid_until: Some(2_208_988_800),
        warnings: &[],
    };
    check(sample!("pysaml2.xml"), None, &expected);
}

#[test]
fn ids_01_one_of_several_providers_is_chosen_by_its_entity_id() {
    let (one, two) = (1, 2);
    let id = |number| format!("https://idp-{number}.example.edu/idp/shibboleth");
    let url = |number| format!("https://idp-{number}.example.edu/idp/profile/SAML2/POST/SSO");
    let expected = Expected {
        entity_id: &id(one),
        url: &url(one),
        certificates: &[certificate!("rsa-a")],
        valid_until: Some(2_222_121_600),
        warnings: &[],
    };
    check(sample!("federation.xml"), Some(&id(one)), &expected);
    // The inner list ends earlier than the outer one.
    let expected = Expected {
        entity_id: &id(two),
        url: &url(two),
        certificates: &[certificate!("rsa-b")],
        valid_until: Some(2_177_452_800),
        warnings: &[],
    };
    check(sample!("federation.xml"), Some(&id(two)), &expected);
}

#[test]
fn ids_01_several_providers_are_named_where_none_or_an_unknown_one_was_chosen() {
    let names =
        "https://idp-1.example.edu/idp/shibboleth, https://idp-2.example.edu/idp/shibboleth";
    let file = sample!("federation.xml");
    refused(file, MetadataReason::SeveralProviders, &["EntitiesDescriptor: ", names]);
    let unknown = read_metadata(file, Some("https://wiki.example.edu/sp"), NOW).unwrap_err();
    assert_eq!(unknown.reason, MetadataReason::UnknownProvider);
    assert!(unknown.to_string().contains(names), "{unknown}");
    assert!(unknown.to_string().contains("has no https://wiki.example.edu/sp"), "{unknown}");
}

#[test]
fn ids_01_more_names_than_anybody_reads_are_counted() {
    let entity = changed("https://idp.example.com/saml", "https://idp-NUMBER.example.com");
    let entities: String =
        (0..30).map(|number| entity.replace("NUMBER", &number.to_string())).collect();
    let file = format!(
        "<m:EntitiesDescriptor xmlns:m=\"urn:oasis:names:tc:SAML:2.0:metadata\">{entities}\
         </m:EntitiesDescriptor>"
    );
    let words = ["https://idp-19.example.com, and 10 more;"];
    refused(file.as_bytes(), MetadataReason::SeveralProviders, &words);
    let chosen = read_metadata(file.as_bytes(), Some("https://idp-29.example.com"), NOW);
    assert_eq!(chosen.unwrap().entity_id, "https://idp-29.example.com");
}

#[test]
fn ids_01_an_entity_id_need_not_be_a_url_and_is_compared_byte_for_byte() {
    let file = changed("entityID=\"https://idp.example.com/saml\"", "entityID=\"  Sign-On \"");
    assert_eq!(read(&file).entity_id, "Sign-On");
    let other = read_metadata(file.as_bytes(), Some("sign-on"), NOW).unwrap_err();
    assert_eq!(other.reason, MetadataReason::UnknownProvider);
}

#[test]
fn ids_01_the_first_post_service_with_a_good_address_counts_and_others_are_warned_of() {
    let service = |url: &str| {
        format!(
            "<md:{POST} Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
             Location=\"{url}\"/>"
        )
    };
    let good = service("https://idp.example.com/sso");
    let two = format!("{}{good}{}", service("http://old.example.com/"), service("ftp://x"));
    let read = read(&changed(&good, &two));
    assert_eq!(read.sso_post_url, "https://idp.example.com/sso");
    assert_eq!(read.warnings.len(), 1);
    assert!(read.warnings[0].contains("http://old.example.com/ does not begin with https"));
}

#[test]
fn ids_01_a_role_for_another_protocol_is_passed_over() {
    let role = "<md:IDPSSODescriptor \
                protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\">\
                <md:SingleSignOnService Binding=\"b\" Location=\"http://192.0.2.1/\"/>\
                </md:IDPSSODescriptor>";
    let begin = "<md:IDPSSODescriptor ";
    let read = read(&changed(begin, &format!("{role}{begin}")));
    assert_eq!(read.sso_post_url, "https://idp.example.com/sso");
}
