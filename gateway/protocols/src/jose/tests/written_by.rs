//! Tokens that joserfc 1.8 and jose 6.2 wrote, good ones and ones that nobody should take.
//!
//! `conformance/live/identity/jose_vectors.py make` and `clients/jose_vectors.mjs make` beside it write such files
//! anew, with other keys; either reads what the other one wrote, and ours.

use serde_json::Value;

use super::super::{VerificationKey, decrypt, is_sealed, segment, verify};

fn public_key(jwk: &Value) -> VerificationKey {
    let number = |name: &str| segment::read(jwk[name].as_str().unwrap()).unwrap();
    if jwk["kty"] == "EC" {
        return VerificationKey::Es256 { point: [vec![4], number("x"), number("y")].concat() };
    }
    let (modulus, exponent) = (number("n"), number("e"));
    assert_eq!((modulus.len(), exponent.as_slice()), (256, &[1, 0, 1][..]));
    // An RSAPublicKey is a sequence of two numbers.
    let mut pkcs1_der = vec![0x30, 0x82, 0x01, 0x0A, 0x02, 0x82, 0x01, 0x01, 0];
    pkcs1_der.extend_from_slice(&modulus);
    pkcs1_der.extend_from_slice(&[0x02, 0x03, 1, 0, 1]);
    VerificationKey::Rs256 { pkcs1_der }
}

/// What the token says, if it is proven, or why it is not.
fn judge(file: &Value, keys: &[(&str, VerificationKey)], token: &str) -> Result<Value, String> {
    let seal = |kid: &str| segment::read(file["seal"][kid].as_str()?).ok()?.try_into().ok();
    let signed = if is_sealed(token) {
        let opened = decrypt(token, seal).map_err(|refused| refused.to_string())?;
        String::from_utf8(opened).map_err(|error| error.to_string())?
    } else {
        token.to_owned()
    };
    let key_of = |kid: &str| keys.iter().find(|(name, _)| *name == kid).map(|(_, key)| key);
    let payload = verify(&signed, file["typ"].as_str().unwrap(), key_of)
        .map_err(|refused| refused.to_string())?;
    Ok(serde_json::from_slice(&payload).unwrap())
}

/// Reads every token of a file; gives how many of them are good.
#[track_caller]
fn check(text: &str) -> usize {
    let file: Value = serde_json::from_str(text).unwrap();
    let keys: Vec<_> = file["keys"]["keys"].as_array().unwrap().iter().collect();
    let keys: Vec<_> =
        keys.into_iter().map(|jwk| (jwk["kid"].as_str().unwrap(), public_key(jwk))).collect();
    let mut good = 0;
    for vector in file["tokens"].as_array().unwrap() {
        let (name, expected) = (&vector["name"], vector["expected"].as_str().unwrap());
        let found = judge(&file, &keys, vector["token"].as_str().unwrap());
        if expected == "accepted" {
            good += 1;
            assert_eq!(found.as_ref(), Ok(&file["payload"]), "{name}");
        } else {
            assert!(expected.starts_with("refused"), "{expected}");
            assert!(found.is_err(), "{name}: {found:?}");
        }
    }
    good
}

#[test]
fn ids_06_tokens_of_joserfc_are_read_and_its_odd_ones_refused() {
    assert_eq!(check(include_str!("written_by/joserfc.json")), 6);
}

#[test]
fn ids_06_tokens_of_jose_are_read_and_its_odd_ones_refused() {
    assert_eq!(check(include_str!("written_by/jose.json")), 8);
}
