//! What must hold for any bytes at all.

use super::{JoseRefused, VerificationKey, decrypt, encrypt, sealed, segment, verify};

const KEY: [u8; 32] = [7; 32];
const KEY_ID: &str = "k1";
const NONCE: [u8; 12] = [9; 12];

/// Reads `data` as a token of either form, as the header of a token that is sealed with the right key, and as
/// what is sealed. Panics where something does not hold, which is what a fuzzer looks for.
pub fn token(data: &[u8]) {
    round_trip(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    // A key of its own kind for every identifier; nobody has the private ones.
    let point = VerificationKey::Es256 { point: vec![4; 65] };
    let rsa = VerificationKey::Rs256 { pkcs1_der: KEY.to_vec() };
    for key in [&point, &rsa] {
        let proven = verify(text, "at+jwt", |_| Some(key));
        assert!(proven.is_err(), "a token was proven that nobody signed");
    }
    if decrypt(text, |_| Some(KEY)).is_ok() {
        for part in text.split('.') {
            let bytes = segment::read(part);
            assert_eq!(bytes.map(|bytes| segment::write(&bytes)).as_deref(), Ok(part), "two ways");
        }
    }
    header(text);
}

/// What was sealed is opened as the same, or is too long to be sealed.
fn round_trip(data: &[u8]) {
    let Some(token) = encrypt(KEY_ID, &KEY, NONCE, data) else {
        assert!(data.len() > 11_000, "could not be sealed");
        return;
    };
    assert_eq!(decrypt(&token, |_| Some(KEY)).as_deref(), Ok(data), "it changed");
    let other = decrypt(&token, |_| Some([8; 32]));
    assert_eq!(other, Err(JoseRefused::Seal), "opened with another key");
}

/// Whoever has the key may still write no other header than ours, white space and case of `cty` apart.
fn header(text: &str) {
    let protected = segment::write(text.as_bytes());
    let Some((ciphertext, tag)) = sealed::seal(&KEY, NONCE, protected.as_bytes(), b"x") else {
        return;
    };
    let [nonce, ciphertext, tag] = [&NONCE[..], &ciphertext, &tag].map(segment::write);
    let token = format!("{protected}..{nonce}.{ciphertext}.{tag}");
    if decrypt(&token, |_| Some(KEY)).is_err() {
        return;
    }
    let header: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    assert_eq!(header.as_object().map(serde_json::Map::len), Some(4), "another parameter");
    let is =
        |name: &str, value: &str| header.get(name).and_then(|text| text.as_str()) == Some(value);
    assert!(is("alg", "dir") && is("enc", "A256GCM"), "another algorithm");
}
