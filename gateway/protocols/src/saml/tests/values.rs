//! `uid` and `user_principal`: who a person is must not depend on how one reads.

use super::super::SamlReason::{Attribute, Digest};
use super::signer::{Draft, OKTA, XSI, accepted, good, judged_with, refused, replaced};

const UID: &str = "<Attribute Name=\"uid\"><AttributeValue>anna</AttributeValue></Attribute>";
const PRINCIPAL: &str = "<Attribute Name=\"user_principal\"><AttributeValue>anna@example.com</AttributeValue></Attribute>";

fn uid(value: &str) -> String {
    UID.replace(">anna<", &format!(">{value}<"))
}

#[track_caller]
fn check(from: &str, to: &str) {
    refused(&replaced(from, to), Attribute);
}

#[test]
fn ids_03_both_attributes_are_there_once() {
    for one in [UID, PRINCIPAL] {
        check(one, "");
        check(one, &format!("{one}{one}"));
        check(one, &format!("{one}</AttributeStatement><AttributeStatement>{one}"));
        let other = one.replace("anna", "root");
        check(one, &format!("{one}{other}"));
        check(one, &format!("{other}{one}"));
    }
    check("<AttributeStatement>", "<AttributeStatement xmlns=\"urn:x\">");
    // In two statements they are still once each.
    accepted(&replaced(
        PRINCIPAL,
        &format!("</AttributeStatement><AttributeStatement>{PRINCIPAL}"),
    ));
    accepted(&replaced(
        UID,
        &format!(
            "<Attribute Name=\"groups\"><AttributeValue>a</AttributeValue><AttributeValue>b</AttributeValue></Attribute>{UID}"
        ),
    ));
}

#[test]
fn ids_03_names_that_look_alike_do_not_count() {
    for name in [
        "UID",
        "Uid",
        " uid",
        "uid ",
        "urn:oid:0.9.2342.19200300.100.1.1",
        "http://schemas.example/uid",
        "u\u{456}d",
        "samaccountname",
        "",
    ] {
        let other = UID.replace("Name=\"uid\"", &format!("Name=\"{name}\""));
        check(UID, &other);
        // Beside the right one they change nothing.
        let evil = other.replace("anna", "root");
        assert_eq!(accepted(&replaced(UID, &format!("{evil}{UID}"))).uid, "anna");
    }
    let friendly = UID
        .replace("Name=\"uid\"", "FriendlyName=\"uid\" Name=\"urn:oid:0.9.2342.19200300.100.1.1\"");
    check(UID, &friendly);
    check(UID, &UID.replace("Name=\"uid\"", "FriendlyName=\"uid\""));
    check(UID, &UID.replace(" Name=\"uid\"", " xmlns:q=\"urn:q\" q:Name=\"uid\""));
    check(UID, &UID.replace("<Attribute ", "<Attribute xmlns=\"urn:x\" "));
    let foreign = UID.replace("<AttributeValue>", "<AttributeValue xmlns=\"urn:x\">");
    check(UID, &foreign);
    accepted(&replaced(
        "<Attribute Name=\"uid\">",
        "<Attribute FriendlyName=\"x\" Name=\"uid\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\">",
    ));
}

#[test]
fn ids_03_a_value_is_one_plain_text() {
    let value = "<AttributeValue>anna</AttributeValue>";
    check(value, "");
    check(value, &format!("{value}{value}"));
    check(value, &format!("{value}<AttributeValue>root</AttributeValue>"));
    check(value, &format!("{value}<AttributeValue></AttributeValue>"));
    check(value, &format!("{value}<x xmlns=\"\"></x>"));
    for nil in ["true", "1", "false"] {
        check(
            value,
            &value.replace(
                "<AttributeValue>",
                &format!("<AttributeValue xmlns:xsi=\"{XSI}\" xsi:nil=\"{nil}\">"),
            ),
        );
    }
    let long = "x".repeat(257);
    for bad in [
        "",
        " ",
        "an<b xmlns=\"\"></b>na",
        "<NameID>anna</NameID>",
        "an\nna",
        "an\u{9}na",
        "anna\n",
        " anna",
        "anna ",
        "an\u{7F}na",
        "an\u{85}na",
        "an\u{AD}na",
        "an\u{200B}na",
        "an\u{202E}na",
        "an\u{2028}na",
        "\u{FEFF}anna",
        "an\u{E0041}na",
        "\u{A0}anna",
        "an&#xD;na",
        &long,
    ] {
        check(UID, &uid(bad));
    }
    let fits = "x".repeat(256);
    let xml = replaced(">anna</AttributeValue>", &format!(">{fits}</AttributeValue>"));
    let proven = judged_with(&xml, |expected| expected.relaxed_user_principal = true).unwrap();
    assert_eq!(proven.uid, fits);
}

/// What may be put into a signed message without breaking its signature must not change who it is.
#[test]
fn ids_03_comments_and_cdata_do_not_shorten_a_value() {
    for (from, put) in [
        (">anna</", ">an<!-- -->na</"),
        (">anna</", "><!-- -->anna</"),
        (">anna</", ">anna<!-- --></"),
        (">anna@example.com</", ">anna@example<!-- -->.com</"),
    ] {
        refused(&good().replace(from, put), Attribute);
    }
    for put in [
        "><![CDATA[anna]]></",
        ">an<![CDATA[na]]></",
        "><![CDATA[an]]>n&#x61;</",
        ">anna<![CDATA[]]></",
    ] {
        assert_eq!(accepted(&good().replace(">anna</", put)).uid, "anna");
    }
    refused(&good().replace(">anna</", ">an<x/>na</"), Digest);
    refused(&good().replace(">anna</", ">an&#x0D;na</"), Digest);
    let typed = Draft { shape: OKTA, ..Draft::default() }.signed();
    refused(&typed.replacen("xs:string", "xs:token", 1), Digest);
    refused(&typed.replacen("XMLSchema\"", "XMLSchemb\"", 1), Digest);
}

#[test]
fn ids_03_user_principal_is_uid_at_domain() {
    let put = |principal: &str| replaced("anna@example.com", principal);
    for bad in [
        "anna",
        "anna@",
        "@example.com",
        "@",
        "anna@b@example.com",
        "anna@@example.com",
        "EXAMPLE\\anna",
    ] {
        refused(&put(bad), Attribute);
        let relaxed = judged_with(&put(bad), |expected| expected.relaxed_user_principal = true);
        assert_eq!(relaxed.unwrap_err().reason, Attribute, "{bad}");
    }
    for other in
        ["root@example.com", "ann@example.com", "annaa@example.com", "\u{E4}nna@example.com"]
    {
        refused(&put(other), Attribute);
        let relaxed = judged_with(&put(other), |expected| expected.relaxed_user_principal = true);
        assert_eq!(relaxed.unwrap().user_principal, other);
    }
    assert_eq!(accepted(&put("ANNA@Example.com")).user_principal, "ANNA@Example.com");
    assert_eq!(accepted(&put("anna@localhost")).uid, "anna");
}

/// The log must not tell who somebody is.
#[test]
fn ids_03_refusals_do_not_name_people() {
    for xml in [
        replaced("anna@example.com", "anna@b@c"),
        replaced(UID, &format!("{UID}{UID}")),
        good().replace(">anna</", ">annb</"),
        good().replace("</AttributeValue>", "</anna>"),
    ] {
        let told = judged_with(&xml, |_| {}).unwrap_err().to_string();
        assert!(!told.contains("ann"), "{told}");
    }
}
