//! Signed assertions (RFC 7523): JSON web tokens by RS256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Secret;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;

use crate::trouble::Trouble;

/// How long one is good; no more is allowed.
const LIFE_SECONDS: i64 = 3600;

/// Says in the name of `issuer` that it may act for `subject`.
pub(super) fn signed(
    issuer: &str,
    subject: &str,
    scope: &str,
    audience: &str,
    key: &Secret,
    now_seconds: i64,
) -> Result<String, Trouble> {
    let key = key_pair(key)?;
    let claims = json!({
        "iss": issuer,
        "sub": subject,
        "scope": scope,
        "aud": audience,
        "iat": now_seconds,
        "exp": now_seconds + LIFE_SECONDS,
    });
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let mut text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .map_err(|_| Trouble::Unusable("the private key does not sign".to_owned()))?;
    text.push('.');
    text.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(text)
}

/// The key in PEM.
pub(super) fn key_pair(key: &Secret) -> Result<RsaKeyPair, Trouble> {
    let unusable = |why: &str| Trouble::Unusable(format!("the private key cannot be used: {why}"));
    let der = PrivatePkcs8KeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| unusable("it is no PKCS #8 key in PEM"))?;
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
        .map_err(|_| unusable("it is no RSA key of 2048 to 8192 bits"))
}
