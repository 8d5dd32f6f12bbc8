//! Exact bytes of the standards and of another implementation, every trick with a header, and round trips.

mod hostile;
mod vectors;
mod written_by;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256};

use super::*;
use vectors::*;

const PAYLOAD: &[u8] = br#"{"sub":"agent1","exp":1800000000}"#;
const TYP: &str = "at+jwt";

fn seal_key() -> [u8; 32] {
    std::array::from_fn(|at| u8::try_from(at).unwrap())
}

fn seal_nonce() -> [u8; 12] {
    std::array::from_fn(|at| u8::try_from(at + 100).unwrap())
}

/// Both private keys, and the public ones as they are known to whoever proves.
struct Keys {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    rsa_public: VerificationKey,
    ec_public: VerificationKey,
}

impl Keys {
    fn new() -> Self {
        let rsa = RsaKeyPair::from_pkcs8(&STANDARD.decode(RSA_PRIVATE).unwrap()).unwrap();
        let ec = STANDARD.decode(EC_PRIVATE).unwrap();
        let ec =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &ec, &SystemRandom::new())
                .unwrap();
        let rsa_public = VerificationKey::Rs256 { pkcs1_der: rsa.public().as_ref().to_vec() };
        let ec_public = VerificationKey::Es256 { point: ec.public_key().as_ref().to_vec() };
        Self { rsa, ec, rsa_public, ec_public }
    }

    fn of(&self, kid: &str) -> Option<&VerificationKey> {
        match kid {
            "rsa-1" => Some(&self.rsa_public),
            "ec-1" => Some(&self.ec_public),
            _ => None,
        }
    }

    fn verify(&self, token: &str) -> Result<Vec<u8>, JoseRefused> {
        verify(token, TYP, |kid| self.of(kid))
    }

    fn signature(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match algorithm {
            Algorithm::Es256 => self.ec.sign(&random, message).unwrap().as_ref().to_vec(),
            Algorithm::Rs256 => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    fn sign(&self, algorithm: Algorithm, payload: &[u8]) -> Option<String> {
        let kid = if algorithm == Algorithm::Rs256 { "rsa-1" } else { "ec-1" };
        let header = JwsHeader { algorithm, kid, typ: TYP };
        sign(&header, payload, |message| Some(self.signature(algorithm, message)))
    }

    /// A token whose header is any text and whose signature is right all the same.
    fn sign_header(&self, algorithm: Algorithm, header: &str) -> String {
        let message = format!("{}.{}", segment::write(header.as_bytes()), segment::write(PAYLOAD));
        let signature = self.signature(algorithm, message.as_bytes());
        format!("{message}.{}", segment::write(&signature))
    }
}

/// A token whose header is any text and whose seal is right all the same.
fn seal_header(header: &str) -> String {
    let protected = segment::write(header.as_bytes());
    let (ciphertext, tag) =
        sealed::seal(&seal_key(), seal_nonce(), protected.as_bytes(), b"x").unwrap();
    let [nonce, ciphertext, tag] = [&seal_nonce()[..], &ciphertext, &tag].map(segment::write);
    format!("{protected}..{nonce}.{ciphertext}.{tag}")
}

fn decrypt_known(token: &str) -> Result<Vec<u8>, JoseRefused> {
    decrypt(token, |kid| (kid == "seal-1").then(seal_key))
}

#[test]
fn ids_05_the_signatures_of_rfc_7515_are_proven() {
    let modulus = segment::read(RFC_7515_A2_MODULUS).unwrap();
    // An RSAPublicKey is a sequence of two numbers.
    let mut pkcs1_der = vec![0x30, 0x82, 0x01, 0x0A, 0x02, 0x82, 0x01, 0x01, 0];
    pkcs1_der.extend_from_slice(&modulus);
    pkcs1_der.extend_from_slice(&[0x02, 0x03, 1, 0, 1]);
    let rsa = VerificationKey::Rs256 { pkcs1_der };
    let coordinates = [RFC_7515_A3_X, RFC_7515_A3_Y].map(|text| segment::read(text).unwrap());
    let ec = VerificationKey::Es256 { point: [&[4][..], &coordinates.concat()].concat() };
    for (token, key, other) in [(RFC_7515_A2, &rsa, &ec), (RFC_7515_A3, &ec, &rsa)] {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = segment::read(signature).unwrap();
        assert_eq!(key.prove(message.as_bytes(), &signature), Ok(()));
        let refused = Err(JoseRefused::Signature);
        assert_eq!(key.prove(&message.as_bytes()[1..], &signature), refused);
        assert_eq!(other.prove(message.as_bytes(), &signature), refused);
        // They name no key and no purpose, so they are no tokens of ours.
        assert_eq!(verify(token, TYP, |_| Some(key)), Err(JoseRefused::KeyId));
    }
    let published = jwk("k", &rsa).unwrap();
    assert_eq!(published["n"], RFC_7515_A2_MODULUS);
    assert_eq!(published["e"], "AQAB");
    let published = jwk("k", &ec).unwrap();
    assert_eq!((&published["x"], &published["y"]), (&RFC_7515_A3_X.into(), &RFC_7515_A3_Y.into()));
}

#[test]
fn ids_06_the_seal_of_rfc_7516_a_1_is_opened_and_written() {
    let plaintext = b"The true sign of intelligence is not knowledge but imagination.";
    let [nonce, ciphertext, tag] = [RFC_7516_A1_NONCE, RFC_7516_A1_CIPHERTEXT, RFC_7516_A1_TAG]
        .map(|text| segment::read(text).unwrap());
    let header = RFC_7516_A1_HEADER.as_bytes();
    let opened = sealed::open(&RFC_7516_A1_KEY, &nonce, header, ciphertext.clone(), &tag);
    assert_eq!(opened.as_deref(), Ok(&plaintext[..]));
    let sealed_nonce = nonce.as_slice().try_into().unwrap();
    let written = sealed::seal(&RFC_7516_A1_KEY, sealed_nonce, header, plaintext);
    assert_eq!(written, Some((ciphertext, tag)));
}

#[test]
fn ids_05_tokens_of_another_implementation_are_the_same_bytes() {
    let keys = Keys::new();
    assert_eq!(keys.sign(Algorithm::Rs256, PAYLOAD).as_deref(), Some(RSA_SIGNED));
    for token in [RSA_SIGNED, EC_SIGNED] {
        assert_eq!(keys.verify(token).as_deref(), Ok(PAYLOAD));
        assert!(!is_sealed(token));
    }
}

#[test]
fn ids_06_sealed_tokens_of_another_implementation_are_the_same_bytes() {
    let written = encrypt("seal-1", &seal_key(), seal_nonce(), EC_SIGNED.as_bytes());
    assert_eq!(written.as_deref(), Some(SEALED));
    for token in [SEALED, SEALED_BY_ANOTHER] {
        assert_eq!(decrypt_known(token).as_deref(), Ok(EC_SIGNED.as_bytes()));
        assert!(is_sealed(token));
    }
}

#[test]
fn keys_are_published_without_what_is_private() {
    let keys = Keys::new();
    let set = jwks([("rsa-1", &keys.rsa_public), ("ec-1", &keys.ec_public)]).unwrap();
    let names: Vec<Vec<_>> = set["keys"].as_array().unwrap().iter().map(names_of).collect();
    assert_eq!(
        names,
        [
            vec!["alg", "e", "kid", "kty", "n", "use"],
            vec!["alg", "crv", "kid", "kty", "use", "x", "y"],
        ]
    );
    assert_eq!((&set["keys"][0]["alg"], &set["keys"][0]["kty"]), (&"RS256".into(), &"RSA".into()));
    assert_eq!((&set["keys"][1]["alg"], &set["keys"][1]["kty"]), (&"ES256".into(), &"EC".into()));
    assert_eq!(jwk("no space", &keys.ec_public), None);
    let short = VerificationKey::Es256 { point: vec![4; 64] };
    assert_eq!(jwks([("ec-1", &keys.ec_public), ("short", &short)]), None);
    let VerificationKey::Rs256 { pkcs1_der } = keys.rsa_public else { panic!("no RSA key") };
    for end in 0..pkcs1_der.len() {
        let cut = VerificationKey::Rs256 { pkcs1_der: pkcs1_der[..end].to_vec() };
        assert_eq!(jwk("cut", &cut), None, "{end}");
    }
}

fn names_of(object: &serde_json::Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let keys = Keys::new();
    let header = JwsHeader { algorithm: Algorithm::Es256, kid: "ec-1", typ: TYP };
    let right = |message: &[u8]| Some(keys.signature(Algorithm::Es256, message));
    assert_eq!(sign(&JwsHeader { kid: "", ..header }, PAYLOAD, right), None);
    assert_eq!(sign(&JwsHeader { kid: "a\"b", ..header }, PAYLOAD, right), None);
    assert_eq!(sign(&JwsHeader { typ: &"x".repeat(512), ..header }, PAYLOAD, right), None);
    assert_eq!(sign(&header, &[b' '; 12_200], right), None);
    assert_eq!(sign(&header, PAYLOAD, |_| None), None);
    // As DER, as some libraries write it.
    assert_eq!(sign(&header, PAYLOAD, |_| Some(vec![0x30; 70])), None);
    assert_eq!(encrypt("", &seal_key(), seal_nonce(), b"x"), None);
    assert_eq!(encrypt("seal-1", &seal_key(), seal_nonce(), &[b' '; 12_250]), None);
}

proptest! {
    #[test]
    fn ids_05_what_was_signed_is_proven_and_no_change_of_it(
        payload in prop::collection::vec(any::<u8>(), 0..400), at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"AQgw_-.=+/ 9".to_vec()), is_rsa in any::<bool>(),
    ) {
        let keys = Keys::new();
        let algorithm = if is_rsa { Algorithm::Rs256 } else { Algorithm::Es256 };
        let token = keys.sign(algorithm, &payload).unwrap();
        prop_assert_eq!(keys.verify(&token), Ok(payload));
        let mut bytes = token.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert!(changed == token || keys.verify(&changed).is_err(), "{}", changed);
    }

    #[test]
    fn ids_06_what_was_sealed_is_opened_and_no_change_of_it(
        plaintext in prop::collection::vec(any::<u8>(), 0..400), key in any::<[u8; 32]>(),
        nonce in any::<[u8; 12]>(), at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"AQgw_-.=+/ 9".to_vec()),
    ) {
        let token = encrypt("k", &key, nonce, &plaintext).unwrap();
        prop_assert_eq!(decrypt(&token, |_| Some(key)), Ok(plaintext));
        let mut bytes = token.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert!(changed == token || decrypt(&changed, |_| Some(key)).is_err(), "{}", changed);
    }
}
