//! Messages as they should be, in the shapes of several products.

use std::process::Command;

use super::super::{SamlReason, judge, verify_only};
use super::signer::{
    AD_FS, Draft, EC_PEM, IDP_CERTIFICATE, IDP_PEM, NOW_MILLIS, OKTA, OTHER_PEM, PYSAML2, SIMPLE,
    Shape, Signs, UNPREFIXED, accepted, destinations, expected, good, judged, refused, trusted,
    trusted_ec,
};

const SHAPES: [Shape; 5] = [AD_FS, OKTA, SIMPLE, PYSAML2, UNPREFIXED];

#[test]
fn ids_03_good_messages_of_every_shape_are_taken() {
    for shape in SHAPES {
        for (signs, count) in [(Signs::Both, 2), (Signs::Message, 1)] {
            let xml = Draft { shape, signs, ..Draft::default() }.signed();
            let proven = judged(&xml).unwrap_or_else(|told| panic!("{shape:?} {told}: {xml}"));
            assert_eq!(proven.uid, "anna");
            assert_eq!(proven.user_principal, "anna@example.com");
            assert_eq!(proven.name_id, "EXAMPLE\\anna");
            assert_eq!((proven.response_id.as_str(), proven.assertion_id.as_str()), ("_r1", "_a1"));
            // The age ends it before the conditions do.
            assert_eq!(proven.not_on_or_after, NOW_MILLIS / 1_000 - 5 + 780 + 1);
            assert_eq!(proven.session_not_on_or_after, Some(NOW_MILLIS / 1_000 - 5 + 8 * 3_600));
            assert_eq!(proven.skew_millis, -4_877);
            let keys = [trusted(IDP_PEM)];
            assert_eq!(verify_only(xml.as_bytes(), &keys, false), Ok(count));
        }
    }
}

#[test]
fn ids_03_a_message_without_its_own_signature_is_refused() {
    for shape in SHAPES {
        let sign = |signs| Draft { shape, signs, ..Draft::default() }.signed();
        refused(&sign(Signs::Assertion), SamlReason::OnlyAssertionSigned);
        refused(&sign(Signs::Nothing), SamlReason::Unsigned);
    }
    let told = judged(&Draft { signs: Signs::Assertion, ..Draft::default() }.signed()).unwrap_err();
    assert!(told.to_string().contains("MessageAndAssertion"), "{told}");
}

#[test]
fn any_of_several_keys_will_do() {
    let destinations = destinations();
    let keys = [trusted(OTHER_PEM), trusted_ec(), trusted(IDP_PEM)];
    assert!(judge(good().as_bytes(), &keys, &expected(&destinations)).is_ok());
}

#[test]
fn ecdsa_is_taken_where_it_is_switched_on() {
    let xml = Draft { pem: EC_PEM, ..Draft::default() }.signed();
    let destinations = destinations();
    let mut expected = expected(&destinations);
    let told = judge(xml.as_bytes(), &[trusted_ec()], &expected).unwrap_err();
    assert_eq!(told.reason, SamlReason::Algorithm);
    expected.accept_ecdsa = true;
    assert!(judge(xml.as_bytes(), &[trusted_ec()], &expected).is_ok());
    let told = judge(xml.as_bytes(), &[trusted(IDP_PEM)], &expected).unwrap_err();
    assert_eq!(told.reason, SamlReason::NoKey);
}

#[test]
fn what_a_good_message_proves_is_not_printed() {
    let printed = format!("{:?}", accepted(&good()));
    assert!(printed.contains("_a1") && !printed.contains("anna"), "{printed}");
}

/// xmlsec1 must find the same messages signed, or the signer above agrees with nobody but us.
#[test]
fn ids_03_xmlsec1_agrees_about_good_messages() {
    if Command::new("xmlsec1").arg("--version").output().is_err() {
        println!("left out: there is no xmlsec1");
        return;
    }
    let folder = std::env::temp_dir().join(format!("jackfield-saml-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (file, certificate) = (folder.join("response.xml"), folder.join("idp.crt"));
    std::fs::write(&certificate, IDP_CERTIFICATE).unwrap();
    for shape in SHAPES {
        for signs in [Signs::Both, Signs::Message] {
            std::fs::write(&file, Draft { shape, signs, ..Draft::default() }.signed()).unwrap();
            let output = Command::new("xmlsec1")
                .args(["--verify", "--pubkey-cert-pem"])
                .arg(&certificate)
                .args([
                    "--enabled-key-data",
                    "rsa",
                    "--node-xpath",
                    "/*/*[local-name()='Signature']",
                ])
                .args(["--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response"])
                .args(["--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"])
                .arg(&file)
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{shape:?} {signs:?}: {told}");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
