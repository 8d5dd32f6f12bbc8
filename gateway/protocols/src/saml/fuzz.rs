//! What must hold for any bytes at all. Each function panics where something does not, which is what a fuzzer
//! looks for.

use super::tree::{Element, Tree};
use super::{Expected, TrustedKey, c14n, judge, read_form, verify_only};

/// A point that is on the curve, so that signatures get as far as they can; no private key belongs
/// to it here.
const POINT: [u8; 65] = [
    4, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40,
    0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2,
    0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E,
    0x16, 0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51,
    0xF5,
];

/// Reads `data` as a form and as a response, which nobody signed with a key that is trusted here; what
/// is well-formed has a canonical form that stays.
pub fn response(data: &[u8]) {
    if let Ok(posted) = read_form(Some("application/x-www-form-urlencoded"), data) {
        assert!(posted.xml.len() <= data.len(), "a form grew");
    }
    let keys = [TrustedKey::EcdsaP256 { point: POINT.to_vec() }];
    let destinations = ["https://ids.example:8553/ids/saml/response".to_owned()];
    let expected = Expected {
        idp_entity_id: "http://idp.example/adfs/services/trust",
        own_entity_id: "ids.example",
        destinations: &destinations,
        request_id: "s21c84ba20862f573f5daec121c305ba6aac877843",
        now_millis: 1_795_860_005_000,
        skew_seconds: 60,
        response_age_seconds: 300,
        accept_ecdsa: true,
        accept_misprinted_name_id_format: true,
        relaxed_user_principal: true,
    };
    match judge(data, &keys, &expected) {
        Ok(_) => assert!(verify_only(data, &keys, true).is_ok(), "taken without a signature"),
        Err(refused) => {
            let told = refused.to_string();
            assert!(!told.chars().any(char::is_control), "a control character in {told:?}");
        }
    }
    if let Ok(tree) = Tree::parse(data) {
        canonical_form_stays(&tree);
    }
}

#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
fn canonical_form_stays(tree: &Tree<'_>) {
    let Ok(root) = tree.root() else { panic!("a tree without a root") };
    let Ok(once) = c14n::exclusive(root, None, "") else { return };
    // It may be longer than what is read.
    let Ok(again) = Tree::parse(&once) else {
        assert!(once.len() > super::tree::BYTES_MAX, "a canonical form cannot be read");
        return;
    };
    let Ok(again) = again.root() else { panic!("a canonical form without a root") };
    assert_eq!(shape(again), shape(root), "a canonical form means something else");
    assert_eq!(c14n::exclusive(again, None, "").ok(), Some(once), "a canonical form changed");
}

/// Names and attributes of each element.
fn shape(root: Element<'_>) -> Vec<(&str, &str, usize)> {
    std::iter::once(root)
        .chain(root.descendants())
        .map(|element| (element.namespace(), element.name(), element.attributes().count()))
        .collect()
}
