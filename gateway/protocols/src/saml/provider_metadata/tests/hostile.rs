//! Files that break a rule each, and files that are no metadata at all.

use super::*;

/// The certificate inside the plain file does not matter here.
#[track_caller]
fn refused_with(from: &str, to: &str, reason: MetadataReason, words: &[&str]) {
    refused(changed(from, to).as_bytes(), reason, words);
}

#[test]
fn ids_01_what_is_no_metadata_is_called_what_it_is() {
    let kind = MetadataReason::NotMetadata;
    refused(b"", kind, &["file: is empty; upload the SAML 2.0 metadata"]);
    refused(b"\xEF\xBB\xBF \r\n", kind, &["is empty"]);
    refused(b"<!DOCTYPE html><html></html>", kind, &["is a web page"]);
    refused(b"\n<html lang=\"en\">", kind, &["is a web page"]);
    refused(b"<EntityDescriptor/>", kind, &["the element EntityDescriptor of the namespace \"\""]);
    let saml1 = b"<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:1.0:metadata\"/>";
    refused(saml1, kind, &["of the namespace \"urn:oasis:names:tc:SAML:1.0:metadata\""]);
    let role = b"<IDPSSODescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"/>";
    refused(role, kind, &["begins with the element IDPSSODescriptor"]);
}

#[test]
fn ids_01_what_cannot_be_read_is_refused_before_anything_of_it_counts() {
    let plain = plain(&certificate!("rsa-a"));
    let before = |head: &str| format!("{head}{plain}").into_bytes();
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain(plain.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
    let large = changed(
        "<md:IDPSSODescriptor ",
        &format!("{}<md:IDPSSODescriptor ", " ".repeat(300 * 1024)),
    );
    let many = format!("<a>{}</a>", "<b/>".repeat(20_000));
    let attributes: String = (0..300).map(|number| format!(" a{number}=\"\"")).collect();
    for (file, word) in [
        (before("<!DOCTYPE a [<!ENTITY b \"c\">]>"), "document_type"),
        (before("<!DOCTYPE a SYSTEM \"https://evil.example/a.dtd\">"), "document_type"),
        (changed("entityID=\"", "entityID=\"&b;").into_bytes(), "entity"),
        (changed("entityID=\"", "entityID=\"&#7;").into_bytes(), "character"),
        (changed("entityID=\"", "entityID=\"\u{7}").into_bytes(), "character"),
        (changed("</md:EntityDescriptor>", "").into_bytes(), "not_well_formed"),
        (format!("{plain}{plain}").into_bytes(), "not_well_formed"),
        (b"{\"issuer\":\"https://idp.example.com\"}".to_vec(), "not_well_formed"),
        (changed("ds:KeyInfo>", "none:KeyInfo>").into_bytes(), "namespace"),
        (utf16, "encoding"),
        (before("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"), "encoding"),
        (b"<a>\xFF</a>".to_vec(), "encoding"),
        (deep.into_bytes(), "too_deep"),
        (large.into_bytes(), "too_large"),
        (many.into_bytes(), "too_many_elements"),
        (format!("<a{attributes}/>").into_bytes(), "too_many_attributes"),
    ] {
        refused(&file, MetadataReason::Unreadable, &["file: ", word]);
    }
}

#[test]
fn ids_01_twenty_thousand_elements_beside_the_provider_are_read() {
    let extensions = format!(
        "<md:Extensions>{}</md:Extensions><md:IDPSSODescriptor ",
        "<a:b xmlns:a=\"urn:a\"/>".repeat(9_000)
    );
    read(&changed("<md:IDPSSODescriptor ", &extensions));
}

#[test]
fn ids_01_an_end_that_has_passed_refuses_wherever_it_stands() {
    let expired = MetadataReason::Expired;
    let entity = "entityID=";
    let past = "validUntil=\"2027-01-15T07:59:59Z\" ";
    let words = ["EntityDescriptor: validUntil passed 0 hours ago; export a file"];
    refused_with(entity, &format!("{past}{entity}"), expired, &words);
    let role = "protocolSupportEnumeration=";
    refused_with(role, &format!("{past}{role}"), expired, &["passed 0 hours ago"]);
    let list = format!(
        "<l:EntitiesDescriptor xmlns:l=\"urn:oasis:names:tc:SAML:2.0:metadata\" {past}>{}\
         </l:EntitiesDescriptor>",
        plain(&certificate!("rsa-a"))
    );
    refused(list.as_bytes(), expired, &["passed 0 hours ago"]);
    for good in ["2027-01-15T08:00:00Z", "2027-01-15T08:00:00.0000000Z", " 2030-01-01T00:00:00Z "] {
        let file = changed(entity, &format!("validUntil=\"{good}\" {entity}"));
        assert!(read(&file).valid_until.is_some_and(|until| until >= NOW), "{good}");
    }
    for unreadable in [
        "",
        "tomorrow",
        "2030-01-01",
        "2030-02-30T00:00:00Z",
        "2030-01-01T00:00:00",
        "2030-01-01T00:00:00+01:00",
    ] {
        let to = format!("validUntil=\"{unreadable}\" {entity}");
        let words = ["EntityDescriptor: validUntil is no time in UTC"];
        refused_with(entity, &to, MetadataReason::Structure, &words);
    }
}

#[test]
fn ids_01_a_provider_that_requests_cannot_be_posted_to_is_refused() {
    let redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
    let post = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
    let words = ["SingleSignOnService: none has the binding HTTP-POST; switch on"];
    refused_with(post, redirect, MetadataReason::NoPostService, &words);
    refused_with(post, &format!("{post}-SimpleSign"), MetadataReason::NoPostService, &words);
    let url = "https://idp.example.com/sso";
    for (to, words) in [
        ("http://idp.example.com/sso", "the Location http://idp.example.com/sso does not begin"),
        ("https://192.0.2.7/sso", "names an IP address and not a host"),
        ("https://[2001:db8::7]/sso", "names an IP address and not a host"),
        ("javascript:alert(document.cookie)", "does not begin with https"),
        ("java&#x9;script:alert(1)", "holds characters that no URL has"),
        ("data:text/html,&lt;script&gt;", "holds characters that no URL has"),
        ("/sso", "is no URL"),
        ("", "is empty"),
        ("https://idp.example.com/&quot;&gt;&lt;script&gt;", "holds characters that no URL has"),
    ] {
        let words = ["SingleSignOnService 1: ", words, "; let the identity provider be reached"];
        refused_with(url, to, MetadataReason::BadServiceUrl, &words);
    }
}

#[test]
fn ids_01_what_is_no_identity_provider_is_refused() {
    let none = MetadataReason::NoProvider;
    let service = "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
                   entityID=\"a\"><md:SPSSODescriptor protocolSupportEnumeration=\"b\"/>\
                   </md:EntityDescriptor>";
    refused(service.as_bytes(), none, &["EntityDescriptor: has no EntityDescriptor with an IDPSS"]);
    let ours = crate::saml::ServiceMetadata {
        entity_id: "gw.example.com",
        acs_urls: &["https://gw.example.com:8553/ids/saml/response".to_owned()],
        certificates_der: &[],
    };
    refused(ours.xml().as_bytes(), none, &["not of an application that uses it"]);
    let protocol = "\"urn:oasis:names:tc:SAML:2.0:protocol\"";
    let words = ["IDPSSODescriptor: protocolSupportEnumeration does not hold urn:oasis:names:tc"];
    refused_with(protocol, "\"urn:oasis:names:tc:SAML:1.1:protocol\"", none, &words);
    refused_with(protocol, "\"urn:oasis:names:tc:SAML:2.0:protocol:x\"", none, &words);
    refused_with(protocol, "\"\"", none, &words);
}

#[test]
fn ids_01_a_provider_in_a_place_where_nobody_looks_is_not_found() {
    let provider = plain(&certificate!("rsa-a"));
    let list = |inside: &str| {
        format!(
            "<m:EntitiesDescriptor xmlns:m=\"urn:oasis:names:tc:SAML:2.0:metadata\">{inside}\
             <m:EntityDescriptor entityID=\"a\"><m:SPSSODescriptor/></m:EntityDescriptor>\
             </m:EntitiesDescriptor>"
        )
    };
    for inside in [
        format!("<m:Extensions>{provider}</m:Extensions>"),
        format!(
            "<s:Signature xmlns:s=\"http://www.w3.org/2000/09/xmldsig#\">{provider}</s:Signature>"
        ),
    ] {
        refused(list(&inside).as_bytes(), MetadataReason::NoProvider, &["EntitiesDescriptor: "]);
    }
    let commented = list(&format!("<!--{provider}-->"));
    refused(commented.as_bytes(), MetadataReason::NoProvider, &["EntitiesDescriptor: "]);
}

#[test]
fn ids_01_what_could_be_read_in_two_ways_is_refused() {
    let structure = MetadataReason::Structure;
    let file = plain(&certificate!("rsa-a"));
    let from = file.find("<md:IDPSSODescriptor").unwrap();
    let to = file.find("</md:EntityDescriptor>").unwrap();
    let role = &file[from..to];
    let twice = format!("{}{role}{role}{}", &file[..from], &file[to..]);
    let words = ["IDPSSODescriptor: stands there twice for SAML 2.0"];
    refused(twice.as_bytes(), structure, &words);
    let list = format!(
        "<l:EntitiesDescriptor xmlns:l=\"urn:oasis:names:tc:SAML:2.0:metadata\">{file}{file}\
         </l:EntitiesDescriptor>"
    );
    let refused_twice =
        read_metadata(list.as_bytes(), Some("https://idp.example.com/saml"), NOW).unwrap_err();
    assert_eq!(refused_twice.reason, structure);
    assert!(refused_twice.to_string().contains("saml more than once"), "{refused_twice}");
    let words = ["IDPSSODescriptor: the identifier _1 stands there twice"];
    let file = changed("entityID=", "ID=\"_1\" entityID=");
    let file = file.replace("protocolSupport", "ID=\"_1\" protocolSupport");
    refused(file.as_bytes(), structure, &words);
    let file =
        changed("entityID=", "ID=\"_1\" entityID=").replace("<ds:KeyInfo", "<ds:KeyInfo Id=\"_1\"");
    refused(file.as_bytes(), structure, &["KeyInfo: the identifier _1 stands there twice"]);
}

#[test]
fn ids_01_entity_ids_that_nobody_could_compare_are_refused() {
    let structure = MetadataReason::Structure;
    let id = "https://idp.example.com/saml";
    refused_with(id, "", structure, &["EntityDescriptor: has an empty entityID"]);
    refused_with(id, " \t ", structure, &["EntityDescriptor: has an empty entityID"]);
    refused_with(id, "a b", structure, &["white space or control characters"]);
    refused_with(id, "a\u{85}b", structure, &["white space or control characters"]);
    refused_with(id, "a&#xA;b", structure, &["white space or control characters"]);
    let words = ["EntityDescriptor: has an entityID of more than 1,024 characters"];
    refused_with(id, &"a".repeat(1_025), structure, &words);
    assert_eq!(read(&changed(id, &"\u{e4}".repeat(1_024))).entity_id.chars().count(), 1_024);
}

#[test]
fn ids_01_words_of_strangers_are_shown_shortened_and_harmless() {
    let long = format!("<a{}/>", "a".repeat(5_000));
    refused(long.as_bytes(), MetadataReason::NotMetadata, &["aaa..."]);
    let url = "https://idp.example.com/sso";
    let words = ["\\u{202e}", "holds characters that no URL has"];
    refused_with(url, "https://\u{202e}moc", MetadataReason::BadServiceUrl, &words);
}

#[test]
fn ids_01_a_comment_or_an_element_within_a_certificate_is_refused() {
    let begin = "<ds:X509Certificate>";
    for inside in ["<!-- a -->", "<a xmlns=\"urn:b\"/>"] {
        let words = ["KeyDescriptor 1: holds elements or comments within the certificate"];
        refused_with(begin, &format!("{begin}{inside}"), MetadataReason::Structure, &words);
    }
    let cdata = format!("<![CDATA[{}]]>", certificate!("rsa-b"));
    assert_eq!(read(&plain(&cdata)).certificates[0].sha256_hex, sha256_of(&certificate!("rsa-b")));
}
