//! Algorithms, keys, and the one shape that a signature has.

use super::super::SamlReason::{
    Algorithm, Digest, NoKey, Reference, SignatureShape, SignatureValue,
};
use super::super::{SamlReason, TrustedKey, judge, verify_only};
use super::signer::{
    Draft, EC_PEM, ENVELOPED, EXCLUSIVE, IDP_PEM, OTHER_PEM, RSA_SHA256, SHA256_DIGEST, Signs,
    accepted, destinations, expected, good, judged, refused, trusted, trusted_ec,
};

/// Signed over a changed SignedInfo, so that nothing but the rule itself can refuse it.
fn with_signed_info(edit: impl Fn(String) -> String) -> String {
    Draft { edit_signed_info: &edit, ..Draft::default() }.signed()
}

#[track_caller]
fn check(from: &str, to: &str, reason: SamlReason) {
    let xml = with_signed_info(|text| {
        assert!(text.contains(from), "there is no {from}");
        text.replacen(from, to, 1)
    });
    refused(&xml, reason);
}

#[test]
fn ids_03_weaker_and_other_algorithms_are_refused() {
    for other in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ",
        "",
    ] {
        check(RSA_SHA256, other, Algorithm);
    }
    for other in
        ["http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmldsig-more#md5", ""]
    {
        check(SHA256_DIGEST, other, Algorithm);
    }
    for other in [
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
        "urn:unknown",
    ] {
        check(EXCLUSIVE, other, Algorithm);
        let second = format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\">");
        check(&second, &format!("<ds:Transform Algorithm=\"{other}\">"), Algorithm);
    }
}

#[test]
fn ids_03_hmac_with_the_public_key_is_refused() {
    let TrustedKey::Rsa { pkcs1_der, .. } = trusted(IDP_PEM) else { panic!() };
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &pkcs1_der);
    let xml = with_signed_info(|text| {
        text.replace(RSA_SHA256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    });
    use base64::Engine;
    let tag = base64::engine::general_purpose::STANDARD.encode(ring::hmac::sign(&key, b"x"));
    let from = xml.find("<ds:SignatureValue>").unwrap() + 19;
    let to = from + xml[from..].find('<').unwrap();
    refused(&format!("{}{tag}{}", &xml[..from], &xml[to..]), Algorithm);
}

#[test]
fn ids_03_other_transforms_are_refused() {
    let first = format!("<ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform>");
    let xpath = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>1</ds:XPath></ds:Transform>";
    let xslt =
        "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"></ds:Transform>";
    let base64 =
        "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#base64\"></ds:Transform>";
    let filter =
        "<ds:Transform Algorithm=\"http://www.w3.org/2002/06/xmldsig-filter2\"></ds:Transform>";
    for other in [xpath, xslt, base64, filter, ""] {
        check(&first, other, Algorithm);
        check(&first, &format!("{other}{first}{first}"), Algorithm);
    }
    for other in [xpath, xslt, base64, filter] {
        check(&first, &format!("{first}{other}"), Algorithm);
        check("</ds:Transforms>", &format!("{other}</ds:Transforms>"), Algorithm);
    }
    check("<ds:Transforms>", "<ds:Transforms><x xmlns=\"\"></x>", SignatureShape);
    check(
        &format!("\"{ENVELOPED}\">"),
        &format!("\"{ENVELOPED}\"><ds:XPath>1</ds:XPath>"),
        SignatureShape,
    );
    let second = format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\">");
    let list = "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"\"></ec:InclusiveNamespaces>";
    check(&second, &format!("{second}{list}{list}"), SignatureShape);
    check(&second, &format!("{second}x"), SignatureShape);
    check(&second, &format!("{second}<ds:XPath></ds:XPath>"), SignatureShape);
    check(
        &format!("\"{RSA_SHA256}\">"),
        &format!("\"{RSA_SHA256}\"><ds:HMACOutputLength>0</ds:HMACOutputLength>"),
        SignatureShape,
    );
}

#[test]
fn ids_03_a_reference_is_to_the_element_itself() {
    for uri in [
        "",
        "#",
        "#_a1x",
        "_r1",
        "#_R1",
        " #_r1",
        "#_r1 ",
        "##_r1",
        "#xpointer(/)",
        "#xpointer(id('_r1'))",
        "http://127.0.0.1:1/x",
        "https://127.0.0.1:1/x#_r1",
        "file:///etc/passwd",
        "#id('_r1')",
        "?#_r1",
    ] {
        let xml = with_signed_info(|text| text.replace("URI=\"#_r1\"", &format!("URI=\"{uri}\"")));
        refused(&xml, Reference);
        let xml = with_signed_info(|text| text.replace("URI=\"#_a1\"", &format!("URI=\"{uri}\"")));
        refused(&xml, Reference);
    }
    let xml = with_signed_info(|text| text.replace(" URI=\"#_r1\"", ""));
    refused(&xml, Reference);
    refused(&with_signed_info(|text| text.replace("URI=\"#_r1\"", "URI=\"#_a1\"")), Reference);
}

#[test]
fn ids_03_a_signature_has_one_of_each() {
    let reference = |text: &str| {
        let from = text.find("<ds:Reference ").unwrap();
        text[from..text.find("</ds:SignedInfo>").unwrap()].to_owned()
    };
    let two = with_signed_info(|text| {
        let one = reference(&text);
        text.replace(&one, &format!("{one}{one}"))
    });
    refused(&two, SignatureShape);
    refused(&with_signed_info(|text| text.replace(&reference(&text), "")), SignatureShape);
    let digest = "<ds:DigestValue>AAAA</ds:DigestValue>";
    check("<ds:DigestValue>", &format!("{digest}<ds:DigestValue>"), SignatureShape);
    check("</ds:DigestValue>", &format!("</ds:DigestValue>{digest}"), SignatureShape);
    check(
        "<ds:SignatureMethod ",
        &format!(
            "<ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"></ds:SignatureMethod><ds:SignatureMethod "
        ),
        SignatureShape,
    );
    check(
        "<ds:CanonicalizationMethod ",
        &format!(
            "<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod><ds:CanonicalizationMethod "
        ),
        SignatureShape,
    );
    check("<ds:Transforms>", "<ds:Transforms></ds:Transforms><ds:Transforms>", SignatureShape);
    check("<ds:Reference ", "text<ds:Reference ", SignatureShape);
    check("<ds:Reference ", "<x xmlns=\"\"></x><ds:Reference ", SignatureShape);
    check("<ds:Reference ", "<ds:Reference xmlns:q=\"urn:q\" q:URI=\"#_r1\" ", SignatureShape);

    // Around what is signed.
    let xml = good();
    let from = xml.find("<ds:SignedInfo>").unwrap();
    let info = xml[from..xml.find("</ds:SignedInfo>").unwrap() + 16].to_owned();
    let evil = info.replace("_r1", "_a1");
    for (from, to) in [
        (info.clone(), format!("{evil}{info}")),
        (info.clone(), format!("{info}{evil}")),
        (info.clone(), format!("<ds:Object>{evil}</ds:Object>{info}")),
        (info.clone(), String::new()),
        (
            "<ds:SignatureValue>".to_owned(),
            "<ds:SignatureValue>AAAA</ds:SignatureValue><ds:SignatureValue>".to_owned(),
        ),
        ("</ds:KeyInfo>".to_owned(), "</ds:KeyInfo><ds:KeyInfo></ds:KeyInfo>".to_owned()),
        ("</ds:KeyInfo>".to_owned(), "</ds:KeyInfo><ds:Object></ds:Object>".to_owned()),
        ("<ds:KeyInfo>".to_owned(), "<ds:Manifest/><ds:KeyInfo>".to_owned()),
        ("<ds:SignatureValue>".to_owned(), "text<ds:SignatureValue>".to_owned()),
        ("<ds:SignatureValue>".to_owned(), "<!-- c --><ds:SignatureValue>".to_owned()),
    ] {
        assert!(xml.contains(&from));
        refused(&xml.replacen(&from, &to, 1), SignatureShape);
    }
}

/// Canonical XML drops comments and makes text of CDATA sections, so that these stay well signed.
#[test]
fn ids_03_comments_and_cdata_inside_a_signature_are_refused() {
    for tag in ["DigestValue", "SignatureValue"] {
        let (begin, end) = (format!("<ds:{tag}>"), format!("</ds:{tag}>"));
        let xml = good();
        let from = xml.find(&begin).unwrap() + begin.len();
        let to = from + xml[from..].find(&end).unwrap();
        let value = &xml[from..to];
        let put = |value: &str| format!("{}{value}{}", &xml[..from], &xml[to..]);
        for bad in [
            format!("{value}<!-- -->"),
            format!("<!-- -->{value}"),
            format!("AAAA<!--{value}-->"),
            format!("{}<!---->{}", &value[..8], &value[8..]),
            format!("<![CDATA[{value}]]>"),
            format!("{value}<ds:x/>"),
            format!("{value}="),
            value.trim_end_matches('=').to_owned(),
            format!("*{value}"),
            String::new(),
            " ".to_owned(),
            "A".repeat(8_000),
        ] {
            // The one that looks alike without padding is not base64; the whole stays refused.
            if bad != value {
                refused(&put(&bad), SignatureShape);
            }
        }
        // Line breaks are what providers write.
        if tag == "SignatureValue" {
            let broken = format!("\n{}\r\n{}\t ", &value[..64], &value[64..]);
            accepted(&put(&broken));
        }
    }
    let comment = good().replacen("<ds:Reference ", "<!-- c --><ds:Reference ", 1);
    refused(&comment, SignatureShape);
}

#[test]
fn ids_03_only_keys_of_the_metadata_count() {
    // The key info names the key of the metadata, another one signed; and the other way round.
    let foreign = Draft { pem: OTHER_PEM, ..Draft::default() }.signed();
    refused(&foreign, SignatureValue);
    let destinations = destinations();
    let expected = expected(&destinations);
    let told = |keys: &[TrustedKey]| judge(good().as_bytes(), keys, &expected).unwrap_err().reason;
    assert_eq!(told(&[trusted(OTHER_PEM)]), SignatureValue);
    assert_eq!(told(&[]), NoKey);
    assert_eq!(told(&[trusted_ec()]), NoKey);
    // A key that is too short is none, whatever it verifies.
    let TrustedKey::Rsa { pkcs1_der, .. } = trusted(IDP_PEM) else { panic!() };
    assert_eq!(told(&[TrustedKey::Rsa { pkcs1_der, bits: 2_047 }]), NoKey);
    let broken = TrustedKey::Rsa { pkcs1_der: b"no key".to_vec(), bits: 2_048 };
    assert_eq!(told(&[broken]), SignatureValue);
    let key_value = good().replace(
        "<ds:X509Data>",
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>\
         <ds:RetrievalMethod URI=\"http://127.0.0.1:1/key\"/><ds:X509Data>",
    );
    // Key info of the assertion is signed with the response.
    refused(&key_value, Digest);
    let message = Draft { signs: Signs::Message, ..Draft::default() }.signed();
    accepted(&message.replace("<ds:X509Data>", "<ds:KeyName>other</ds:KeyName><ds:RetrievalMethod URI=\"http://127.0.0.1:1/key\"/><ds:X509Data>"));
    let from = message.find("<ds:KeyInfo>").unwrap();
    let to = message.find("</ds:KeyInfo>").unwrap() + 13;
    accepted(&format!("{}{}", &message[..from], &message[to..]));
}

#[test]
fn ids_03_a_broken_second_signature_is_refused() {
    // The assertion's was made by another key, the response's around it is good.
    let foreign = Draft { pem: OTHER_PEM, signs: Signs::Assertion, ..Draft::default() }.signed();
    let from = foreign.find("<ds:Signature ").unwrap();
    let to = foreign.find("</ds:Signature>").unwrap() + 15;
    let signature = foreign[from..to].to_owned();
    let edit = |text: String| text.replace("@A@", &signature);
    let xml = Draft { signs: Signs::Message, edit: &edit, ..Draft::default() }.signed();
    refused(&xml, SignatureValue);
    assert_eq!(
        verify_only(xml.as_bytes(), &[trusted(IDP_PEM)], false).unwrap_err().reason,
        SignatureValue
    );
    // With both keys trusted it is sound.
    assert_eq!(verify_only(xml.as_bytes(), &[trusted(IDP_PEM), trusted(OTHER_PEM)], false), Ok(2));
    // An ECDSA signature does not pass for an RSA one.
    let curve = Draft { pem: EC_PEM, ..Draft::default() }.signed();
    refused(&curve, Algorithm);
    refused(&curve.replace("ecdsa-sha256", "rsa-sha256"), SignatureValue);
}

#[test]
fn ids_03_every_changed_byte_of_what_is_signed_is_noticed() {
    let xml = Draft { signs: Signs::Message, ..Draft::default() }.signed();
    let key_info = xml.find("<ds:KeyInfo>").unwrap()..xml.find("</ds:KeyInfo>").unwrap();
    for (at, character) in xml.char_indices() {
        if key_info.contains(&at) || !character.is_ascii_alphanumeric() {
            continue;
        }
        let other = if character == 'x' { "y" } else { "x" };
        let changed = format!("{}{other}{}", &xml[..at], &xml[at + 1..]);
        assert!(judged(&changed).is_err(), "{}", &changed[at.saturating_sub(40)..at + 40]);
    }
}
