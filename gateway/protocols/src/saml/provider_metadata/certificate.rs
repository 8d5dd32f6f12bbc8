//! A certificate of metadata: the key in it, and what an administrator compares.
//!
//! The key is trusted because it stands in the file (self-signed certificates are the rule), so neither
//! who signed the certificate nor its dates decide anything here; both may be worth a warning.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode as _, Encode as _, Reader as _, SliceReader};
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::{Certificate, time::Time};

use super::refused::MetadataReason;
use super::{ProviderCertificate, shown};
use crate::saml::TrustedKey;

/// The fewest bits of an RSA key that is taken.
const RSA_BITS_MIN: usize = 2_048;
/// The most bits of an RSA key that signatures are checked with.
const RSA_BITS_MAX: usize = 8_192;
/// The longest public exponent that signatures are checked with, in bits.
const RSA_EXPONENT_BITS_MAX: usize = 33;
/// A point of P-256 with both coordinates, and the byte that says so.
const POINT_BYTES: usize = 65;
const POINT_UNCOMPRESSED: u8 = 4;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// Signatures of certificates with MD5 or SHA-1.
const OUTDATED: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"),
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"),
    ObjectIdentifier::new_unwrap("1.2.840.10040.4.3"),
];

/// What is wrong with a certificate, in words.
pub(super) type Problem = (MetadataReason, String);

/// A certificate that was read.
pub(super) struct Read {
    pub(super) certificate: ProviderCertificate,
    pub(super) key: TrustedKey,
    /// What an administrator should know, without the name of the element.
    pub(super) warnings: Vec<String>,
}

/// Reads the text of an `X509Certificate`, in which lines may be broken anywhere.
pub(super) fn read(text: &str, now: i64) -> Result<Read, Problem> {
    let bad = |problem: &str| (MetadataReason::BadCertificate, problem.to_owned());
    let packed: String = text.chars().filter(|letter| !is_white_space(*letter)).collect();
    if packed.is_empty() {
        return Err(bad("holds no certificate"));
    }
    if packed.contains("-----") {
        return Err(bad("holds PEM with its BEGIN and END lines, where plain base64 has to stand"));
    }
    let der = STANDARD.decode(&packed).map_err(|_| bad("is not base64"))?;
    // Nothing may follow the certificate: `from_der` refuses what is left over.
    let parsed = Certificate::from_der(&der).map_err(|_| bad("is no X.509 certificate"))?;
    let inner = parsed.tbs_certificate();
    let key = key_of(inner.subject_public_key_info())?;
    let subject = match inner.subject().to_string() {
        empty if empty.is_empty() => "(no name)".to_owned(),
        subject => shown(&subject),
    };
    let seconds = |time: Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let validity = inner.validity();
    let (not_before, not_after) = (seconds(validity.not_before), seconds(validity.not_after));
    let mut warnings = Vec::new();
    if not_after < now {
        warnings.push(format!(
            "the certificate {subject} has expired; have the identity provider renew it and upload \
             the new file"
        ));
    } else if not_before > now {
        warnings.push(format!(
            "the certificate {subject} is not valid yet; check the clock here and at the identity \
             provider"
        ));
    }
    if OUTDATED.contains(&parsed.signature_algorithm().oid) {
        warnings.push(format!(
            "the certificate {subject} is signed with SHA-1 or older; that is no danger while it \
             stands in this file, but renew it"
        ));
    }
    if matches!(key, TrustedKey::EcdsaP256 { .. }) {
        warnings.push(format!(
            "the key of the certificate {subject} is an EC key; it counts only while ECDSA \
             signatures are accepted"
        ));
    }
    let sha256_hex = hexadecimal(ring::digest::digest(&ring::digest::SHA256, &der).as_ref());
    Ok(Read {
        certificate: ProviderCertificate { der, sha256_hex, not_after, subject },
        key,
        warnings,
    })
}

/// White space as XML knows it.
fn is_white_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

fn key_of(key: &SubjectPublicKeyInfoOwned) -> Result<TrustedKey, Problem> {
    let unreadable = || (MetadataReason::BadCertificate, "holds a key that cannot be read".into());
    let der = key.to_der().map_err(|_| unreadable())?;
    let key = SubjectPublicKeyInfoRef::from_der(&der).map_err(|_| unreadable())?;
    let bytes = key.subject_public_key.as_bytes().ok_or_else(unreadable)?;
    let unknown = |sort: &str| Err((MetadataReason::UnknownKey, format!("holds {sort}")));
    match key.algorithm.oid {
        RSA => rsa(bytes),
        RSA_PSS => unknown("an RSA key for PSS signatures only"),
        ELLIPTIC if key.algorithm.parameters_oid() == Ok(P_256) => {
            match (bytes.first(), bytes.len()) {
                (Some(&POINT_UNCOMPRESSED), POINT_BYTES) => {
                    Ok(TrustedKey::EcdsaP256 { point: bytes.to_vec() })
                }
                _ => Err(unreadable()),
            }
        }
        ELLIPTIC => unknown("an EC key that is not on the curve P-256"),
        other => unknown(&format!("a key of the sort {other}")),
    }
}

fn rsa(bytes: &[u8]) -> Result<TrustedKey, Problem> {
    let unreadable =
        |_| (MetadataReason::BadCertificate, "holds an RSA key that cannot be read".into());
    let (modulus, exponent) = modulus_and_exponent(bytes).map_err(unreadable)?;
    let bits = bits(modulus);
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    if bits < RSA_BITS_MIN {
        return Err((MetadataReason::WeakKey, format!("holds an RSA key of {bits} bits")));
    }
    if bits > RSA_BITS_MAX {
        return Err((MetadataReason::UnknownKey, format!("holds an RSA key of {bits} bits")));
    }
    // An even modulus or the exponent 1 would let anybody sign.
    if !is_odd(modulus) || !is_odd(exponent) || exponent == [1] {
        let problem = "holds an RSA key that protects nothing".to_owned();
        return Err((MetadataReason::WeakKey, problem));
    }
    if self::bits(exponent) > RSA_EXPONENT_BITS_MAX {
        let problem = "holds an RSA key with an uncommonly long exponent".to_owned();
        return Err((MetadataReason::UnknownKey, problem));
    }
    Ok(TrustedKey::Rsa { pkcs1_der: bytes.to_vec(), bits })
}

fn modulus_and_exponent(bytes: &[u8]) -> Result<(&[u8], &[u8]), x509_cert::der::Error> {
    let mut reader = SliceReader::new(bytes)?;
    let numbers = reader.sequence(|reader: &mut SliceReader<'_>| {
        let modulus = UintRef::decode(reader)?;
        let exponent = UintRef::decode(reader)?;
        Ok::<_, x509_cert::der::Error>((modulus.as_bytes(), exponent.as_bytes()))
    })?;
    reader.finish()?;
    Ok(numbers)
}

fn bits(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |first| first.leading_zeros() as usize);
    number.len() * 8 - zeros
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
