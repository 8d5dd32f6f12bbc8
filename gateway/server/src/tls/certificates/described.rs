//! A certificate in words: what an administrator compares, and what a check looks at.

use domain::Timestamp;
use rustls_pki_types::CertificateDer;
use serde::Serialize;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Decode, Encode, EncodePem, Reader, SliceReader};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::spki::SubjectPublicKeyInfoRef;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P_521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const EDWARDS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The fewest bits of an RSA key that is taken.
pub(super) const RSA_BITS_MIN: usize = 2_048;

pub(super) const ECDSA_P256: &str = "ECDSA P-256";
pub(super) const ECDSA_P384: &str = "ECDSA P-384";
pub(super) const ED25519: &str = "Ed25519";

/// One certificate in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Described {
    /// Whose it is.
    pub(crate) subject: String,
    /// Who signed it.
    pub(crate) issuer: String,
    /// Names and addresses it is good for.
    pub(crate) names: Vec<String>,
    /// Its number, in hexadecimal.
    pub(crate) serial: String,
    /// Its first moment, in seconds since 1970.
    pub(crate) not_before: i64,
    /// Its last moment, in seconds since 1970.
    pub(crate) not_after: i64,
    /// SHA-256 of all of it, in hexadecimal.
    pub(crate) sha256: String,
    /// The sort and size of its key.
    pub(crate) key: String,
    /// Whether it names itself as who signed it.
    pub(crate) self_signed: bool,
}

/// A certificate that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no X.509 certificate: {0}")]
pub(crate) struct Unreadable(String);

/// The sort of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeySort {
    /// RSA with so many bits.
    Rsa(usize),
    /// On that curve.
    Named(&'static str),
    /// One we have no name for.
    Other,
}

impl std::fmt::Display for KeySort {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa(bits) => write!(formatter, "RSA {bits}"),
            Self::Named(name) => formatter.write_str(name),
            Self::Other => formatter.write_str("unknown"),
        }
    }
}

/// Reads a certificate.
pub(super) fn parse(der: &[u8]) -> Result<x509_cert::Certificate, Unreadable> {
    x509_cert::Certificate::from_der(der).map_err(|error| Unreadable(error.to_string()))
}

/// The key of a certificate, whole with its sort (DER).
pub(super) fn public_key(parsed: &x509_cert::Certificate) -> Option<Vec<u8>> {
    parsed.tbs_certificate().subject_public_key_info().to_der().ok()
}

/// The sort of a public key (DER).
pub(super) fn key_sort(public_key: &[u8]) -> KeySort {
    let Ok(key) = SubjectPublicKeyInfoRef::from_der(public_key) else { return KeySort::Other };
    match key.algorithm.oid {
        RSA => key
            .subject_public_key
            .as_bytes()
            .and_then(rsa_bits)
            .map_or(KeySort::Other, KeySort::Rsa),
        EDWARDS => KeySort::Named(ED25519),
        ELLIPTIC => match key.algorithm.parameters_oid() {
            Ok(P_256) => KeySort::Named(ECDSA_P256),
            Ok(P_384) => KeySort::Named(ECDSA_P384),
            Ok(P_521) => KeySort::Named("ECDSA P-521"),
            _ => KeySort::Other,
        },
        _ => KeySort::Other,
    }
}

/// The bits of the modulus, the first of two numbers.
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(key).ok()?;
    let bits = reader.sequence(|reader: &mut SliceReader<'_>| {
        let modulus = UintRef::decode(reader)?;
        UintRef::decode(reader)?;
        let bytes = modulus.as_bytes();
        let zeros = bytes.first().map_or(0, |first| first.leading_zeros() as usize);
        Ok::<_, x509_cert::der::Error>(bytes.len() * 8 - zeros)
    });
    bits.ok()
}

impl Described {
    /// Puts a certificate in words.
    pub(crate) fn of(der: &CertificateDer<'_>) -> Result<Self, Unreadable> {
        let parsed = parse(der)?;
        let inner = parsed.tbs_certificate();
        let time = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        let names = match inner.get_extension::<SubjectAltName>() {
            Ok(Some((_, names))) => names.0.iter().filter_map(told).collect(),
            _ => Vec::new(),
        };
        let digest = ring::digest::digest(&ring::digest::SHA256, der);
        Ok(Self {
            subject: inner.subject().to_string(),
            issuer: inner.issuer().to_string(),
            names,
            serial: hexadecimal(inner.serial_number().as_bytes()),
            not_before: time(inner.validity().not_before),
            not_after: time(inner.validity().not_after),
            sha256: hexadecimal(digest.as_ref()),
            key: public_key(&parsed).map_or(KeySort::Other, |key| key_sort(&key)).to_string(),
            self_signed: inner.subject() == inner.issuer(),
        })
    }

    /// Its last moment.
    pub(crate) fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.not_after)
    }
}

/// A certificate as PEM.
pub(super) fn pem(der: &[u8]) -> Result<String, Unreadable> {
    parse(der)?.to_pem(LineEnding::LF).map_err(|error| Unreadable(error.to_string()))
}

fn told(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
            let sixteen = || <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from);
            four.or_else(|_| sixteen()).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
