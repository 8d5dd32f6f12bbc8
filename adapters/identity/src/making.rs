//! Makes keys: RSA and P-256 for tokens, RSA with a certificate for requests to IdPs.
//!
//! RSA keys come from AWS-LC, since ring makes none; it signs twice as fast besides. An RSA key takes some tenth of
//! a second, so it is made on a thread that may wait.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::settings::TokenSignature;
use domain::{EncryptionKey, SamlKey, Secret, Timestamp, TokenKey};
use engine::SealingKeys;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, KeyUsagePurpose};
use ring::digest;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

/// What token keys are sealed for.
pub(crate) const TOKEN_KEY_PURPOSE: &str = "identity_token_key";
/// What SAML keys are sealed for.
pub(crate) const SAML_KEY_PURPOSE: &str = "identity_saml_key";
/// How long a SAML certificate lasts.
const CERTIFICATE_DAYS: i64 = 3 * 365;
/// A certificate begins so much earlier, for clocks that differ.
const BEGINS_EARLIER: time::Duration = time::Duration::days(1);

/// Why no key was made.
#[derive(Debug)]
pub(crate) struct Unmade;

/// A new key that signs tokens from `active_from` on.
pub(crate) fn token_key(
    algorithm: TokenSignature,
    sealing: &SealingKeys,
    made_at: Timestamp,
    active_from: Timestamp,
) -> Result<TokenKey, Unmade> {
    let (private, public) = match algorithm {
        TokenSignature::Rs256 => rsa()?,
        TokenSignature::Es256 => p256()?,
    };
    let id = thumbprint(&public);
    let private = Secret::new(STANDARD.encode(private));
    let private = sealing.seal(TOKEN_KEY_PURPOSE, &private).ok_or(Unmade)?;
    let public = STANDARD.encode(public);
    Ok(TokenKey { id, algorithm, private, public, made_at, active_from })
}

/// A new name of a key that seals tokens.
pub(crate) fn encryption_key(
    random: [u8; 16],
    made_at: Timestamp,
    active_from: Timestamp,
) -> EncryptionKey {
    EncryptionKey { id: hexadecimal(&random), made_at, active_from }
}

/// A new key for requests to IdPs, with a certificate of its own.
pub(crate) fn saml_key(
    entity_id: &str,
    sealing: &SealingKeys,
    made_at: Timestamp,
) -> Result<SamlKey, Unmade> {
    let (private, _) = rsa()?;
    let pair = rustls_pki_types::PrivatePkcs8KeyDer::from(private.clone());
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pair, &rcgen::PKCS_RSA_SHA256);
    let pair = pair.map_err(|_| Unmade)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, entity_id);
    let mut params = CertificateParams::new(Vec::new()).map_err(|_| Unmade)?;
    params.distinguished_name = name;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let now = time::OffsetDateTime::from_unix_timestamp(made_at.seconds()).map_err(|_| Unmade)?;
    params.not_before = now.checked_sub(BEGINS_EARLIER).unwrap_or(now);
    let not_after = now.checked_add(time::Duration::days(CERTIFICATE_DAYS)).unwrap_or(now);
    params.not_after = not_after;
    let certificate = params.self_signed(&pair).map_err(|_| Unmade)?;
    let der = certificate.der().to_vec();
    let private = Secret::new(STANDARD.encode(private));
    Ok(SamlKey {
        id: fingerprint(&der),
        private: sealing.seal(SAML_KEY_PURPOSE, &private).ok_or(Unmade)?,
        certificate: STANDARD.encode(&der),
        entity_id: entity_id.to_owned(),
        not_after: Timestamp::from_seconds(not_after.unix_timestamp()),
        made_at,
    })
}

/// PKCS #8 of a new RSA key of 2,048 bits, and its public half as PKCS #1.
fn rsa() -> Result<(Vec<u8>, Vec<u8>), Unmade> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| Unmade)?;
    let private =
        AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| Unmade)?;
    Ok((private.as_ref().to_vec(), pair.public_key().as_ref().to_vec()))
}

/// PKCS #8 of a new key on P-256, and its point.
fn p256() -> Result<(Vec<u8>, Vec<u8>), Unmade> {
    let random = ring::rand::SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let private = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| Unmade)?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref(), &random);
    let public = pair.map_err(|_| Unmade)?.public_key().as_ref().to_vec();
    Ok((private.as_ref().to_vec(), public))
}

/// SHA-256 of a certificate, in hexadecimal.
pub(crate) fn fingerprint(der: &[u8]) -> String {
    hexadecimal(digest::digest(&digest::SHA256, der).as_ref())
}

fn thumbprint(public: &[u8]) -> String {
    fingerprint(public).chars().take(32).collect()
}

/// Bytes in hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
