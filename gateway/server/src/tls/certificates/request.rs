//! Signing requests (RFC 2986): a key that waits here, and what an authority is asked to sign.

use std::net::IpAddr;

use domain::{NodeName, Problems, Secret};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    PublicKeyData, SanType, SignatureAlgorithm, SigningKey,
};
use rustls::SignatureScheme;
use rustls::sign::Signer;
use rustls_pki_types::PrivateKeyDer;
use x509_cert::der::Decode;
use x509_cert::spki::SubjectPublicKeyInfoRef;
use zeroize::Zeroizing;

use super::Purpose;
use super::checked::public_of;
use super::described::{ECDSA_P256, ECDSA_P384, ED25519, KeySort, RSA_BITS_MIN, key_sort};
use super::given::Given;
use super::importing::key_text;
use crate::tls::provider;

/// The most characters of one part of the subject (RFC 5280, appendix A.1).
const SUBJECT_CHARACTERS_MAX: usize = 64;
/// The most names that may be asked for beside the node's own.
pub(crate) const NAMES_MAX: usize = 50;

/// What an authority is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    /// The key to ask with.
    pub(crate) key: KeyWish,
    /// Names and addresses beside the node's own.
    pub(crate) names: Vec<String>,
    /// Organisation.
    pub(crate) organization: Option<String>,
    /// Part of the organisation.
    pub(crate) organizational_unit: Option<String>,
    /// Town.
    pub(crate) locality: Option<String>,
    /// State or province.
    pub(crate) state: Option<String>,
    /// Country, two letters.
    pub(crate) country: Option<String>,
    /// Whether a request that waits already is given up for this one.
    pub(crate) replace: bool,
}

/// Which key a request is made with.
#[derive(Clone, Debug, Default)]
pub(crate) enum KeyWish {
    /// A new one on the curve P-256.
    #[default]
    EcdsaP256,
    /// A new one on the curve P-384.
    EcdsaP384,
    /// One that was made elsewhere (PEM), RSA too, and its password where it is encrypted.
    Given(Secret, Option<Secret>),
}

/// A request with its key, nothing kept yet.
pub(super) struct Made {
    pub(super) key: Zeroizing<String>,
    pub(super) request: String,
}

/// Makes a request; every reason against it is told.
pub(super) fn make(
    wish: &Wish,
    purpose: Purpose,
    own: &[NodeName],
    problems: &mut Problems,
) -> Option<Made> {
    let before = problems.as_slice().len();
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject(wish, own, problems);
    let mut names = Vec::new();
    for name in own {
        add_name(&mut names, name.as_str(), "names", problems);
    }
    if wish.names.len() > NAMES_MAX {
        problems.add("names", format_args!("has more than {NAMES_MAX} names"));
    }
    for name in wish.names.iter().take(NAMES_MAX) {
        add_name(&mut names, name, "names", problems);
    }
    parameters.subject_alt_names = names;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if purpose == Purpose::Sip {
        // Next hops may ask who connects.
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    }
    let key = key(&wish.key, problems);
    let (key, text) = key.filter(|_| problems.as_slice().len() == before)?;
    let made = parameters.serialize_request(&key).and_then(|request| request.pem());
    let request = problems.keep("key", made)?;
    Some(Made { key: text, request })
}

fn add_name(names: &mut Vec<SanType>, text: &str, field: &str, problems: &mut Problems) {
    let name = match text.parse::<IpAddr>() {
        Ok(address) => SanType::IpAddress(address),
        // Nothing but letters, digits, '-' and '.' passes, in the form of a full host name.
        Err(_) => match crate::config::host_name(text).map(|name| name.as_str().try_into()) {
            Ok(Ok(name)) => SanType::DnsName(name),
            Ok(Err(_)) => return problems.add(field, format_args!("{text:?} is no host name")),
            Err(why) => return problems.add(field, why),
        },
    };
    if !names.contains(&name) {
        names.push(name);
    }
}

fn subject(wish: &Wish, own: &[NodeName], problems: &mut Problems) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    if let Some(country) = &wish.country {
        if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            subject.push(DnType::CountryName, country.as_str());
        } else {
            problems.add("country", "must be two capital letters, such as DE");
        }
    }
    for (field, sort, text) in [
        ("state", DnType::StateOrProvinceName, &wish.state),
        ("locality", DnType::LocalityName, &wish.locality),
        ("organization", DnType::OrganizationName, &wish.organization),
        ("organizational_unit", DnType::OrganizationalUnitName, &wish.organizational_unit),
    ] {
        let Some(text) = text else { continue };
        let length = text.chars().count();
        if !(1..=SUBJECT_CHARACTERS_MAX).contains(&length) {
            problems.add(
                field,
                format_args!("must have 1 to {SUBJECT_CHARACTERS_MAX} characters, not {length}"),
            );
        } else if text.chars().any(char::is_control) {
            problems.add(field, "must hold no control characters");
        } else {
            subject.push(sort, text.as_str());
        }
    }
    if let Some(name) = own.first().filter(|name| name.as_str().len() <= SUBJECT_CHARACTERS_MAX) {
        subject.push(DnType::CommonName, name.as_str());
    }
    subject
}

/// The key to ask with, and its text.
fn key(wish: &KeyWish, problems: &mut Problems) -> Option<(Signing, Zeroizing<String>)> {
    let made = match wish {
        KeyWish::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        KeyWish::EcdsaP384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
        KeyWish::Given(text, password) => {
            let before = problems.as_slice().len();
            let mut given = Given::default();
            given.add_pem("key", text.expose().as_bytes(), password.as_ref(), problems);
            let signing = match given.keys.as_slice() {
                [key] => Signing::with(key).map(|signing| (signing, key_text(key))),
                _ => None,
            };
            if signing.is_none() && problems.as_slice().len() == before {
                problems.add(
                    "key",
                    "must hold one private key that we can use (RSA of 2048 to 4096 bits, ECDSA P-256 \
                     or P-384, Ed25519)",
                );
            }
            return signing;
        }
    };
    let made = problems.keep("key", made)?;
    let text = Zeroizing::new(made.serialize_pem());
    Some((Signing::with(&made.into())?, text))
}

/// A key of any form that TLS can use, to sign a request with.
struct Signing {
    key: Box<dyn Signer>,
    public: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl Signing {
    fn with(key: &PrivateKeyDer<'static>) -> Option<Self> {
        let public = public_of(key)?;
        let (scheme, algorithm) = match key_sort(&public) {
            KeySort::Rsa(bits) if bits >= RSA_BITS_MIN => {
                (SignatureScheme::RSA_PKCS1_SHA256, &PKCS_RSA_SHA256)
            }
            KeySort::Named(ECDSA_P256) => {
                (SignatureScheme::ECDSA_NISTP256_SHA256, &PKCS_ECDSA_P256_SHA256)
            }
            KeySort::Named(ECDSA_P384) => {
                (SignatureScheme::ECDSA_NISTP384_SHA384, &PKCS_ECDSA_P384_SHA384)
            }
            KeySort::Named(ED25519) => (SignatureScheme::ED25519, &PKCS_ED25519),
            _ => return None,
        };
        let signing = provider().key_provider.load_private_key(key.clone_key()).ok()?;
        let key = signing.choose_scheme(&[scheme])?;
        let public = SubjectPublicKeyInfoRef::from_der(&public).ok()?;
        let public = public.subject_public_key.as_bytes()?.to_vec();
        Some(Self { key, public, algorithm })
    }
}

impl PublicKeyData for Signing {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for Signing {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
