//! The identity provider's RSA key with its certificate, and the check of other people's signatures.

use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType};
use rustls::pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::legacy;

/// Days a certificate is good for, from the day before it is issued.
const CERTIFICATE_DAYS: u64 = 365;
const DAY_SECONDS: u64 = 86_400;
/// Letters in a line of PEM.
const PEM_LINE: usize = 64;

/// Hash and padding of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    RsaSha256,
    RsaSha512,
    RsaPss,
    RsaSha1,
    RsaMd5,
}

/// A key that signs, and the certificate that it vouches for itself.
pub(crate) struct SigningKey {
    pair: KeyPair,
    pkcs8: Vec<u8>,
    certificate: Vec<u8>,
}

impl SigningKey {
    /// A new key of 2048 bits; `name` is the certificate's common name.
    pub(crate) fn generate(name: &str, now_seconds: u64) -> Result<Self, String> {
        let made = KeyPair::generate(KeySize::Rsa2048).and_then(|pair| {
            let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?;
            Ok(der.as_ref().to_vec())
        });
        let pkcs8 = made.map_err(|_| "no RSA key could be made".to_owned())?;
        Self::of(pkcs8, name, now_seconds)
    }

    /// The key of a PEM file (PKCS#8). Where there is no such file, a new key is made and kept there.
    pub(crate) fn kept_in(path: &Path, name: &str, now_seconds: u64) -> Result<Self, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        if path.exists() {
            let der = PrivatePkcs8KeyDer::from_pem_file(path).map_err(|error| wrong(&error))?;
            let pkcs8 = der.secret_pkcs8_der().to_vec();
            return Self::of(pkcs8, name, now_seconds).map_err(|problem| wrong(&problem));
        }
        let key = Self::generate(name, now_seconds)?;
        std::fs::write(path, pem("PRIVATE KEY", &key.pkcs8)).map_err(|error| wrong(&error))?;
        Ok(key)
    }

    fn of(pkcs8: Vec<u8>, name: &str, now_seconds: u64) -> Result<Self, String> {
        let pair = KeyPair::from_pkcs8(&pkcs8).map_err(|error| format!("no RSA key: {error}"))?;
        let wrong = |error: rcgen::Error| format!("the certificate: {error}");
        let der = PrivatePkcs8KeyDer::from(pkcs8.as_slice());
        let key = rcgen::KeyPair::try_from(&der).map_err(wrong)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let now = std::time::UNIX_EPOCH + std::time::Duration::from_secs(now_seconds);
        let day = std::time::Duration::from_secs(DAY_SECONDS);
        params.not_before = (now - day).into();
        params.not_after =
            (now + std::time::Duration::from_secs(DAY_SECONDS * CERTIFICATE_DAYS)).into();
        let certificate = params.self_signed(&key).map_err(wrong)?.der().to_vec();
        Ok(Self { pair, pkcs8, certificate })
    }

    /// Signs `message`.
    pub(crate) fn sign(&self, method: Method, message: &[u8]) -> Result<Vec<u8>, String> {
        let encoding: &'static dyn RsaEncoding = match method {
            Method::RsaSha256 => &RSA_PKCS1_SHA256,
            Method::RsaSha512 => &RSA_PKCS1_SHA512,
            Method::RsaPss => &RSA_PSS_SHA256,
            Method::RsaSha1 => return self.sign_badly(legacy::sign_sha1, message),
            Method::RsaMd5 => return self.sign_badly(legacy::sign_md5, message),
        };
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(encoding, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| "the key does not sign".to_owned())?;
        Ok(signature)
    }

    fn sign_badly(
        &self,
        sign: fn(&[u8], &[u8]) -> Option<Vec<u8>>,
        message: &[u8],
    ) -> Result<Vec<u8>, String> {
        sign(&self.pkcs8, message).ok_or_else(|| "the key's numbers cannot be read".to_owned())
    }

    /// The certificate as XML signatures and metadata hold it.
    pub(crate) fn certificate_base64(&self) -> String {
        STANDARD.encode(&self.certificate)
    }

    pub(crate) fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    pub(crate) fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// The public key of the certificate, DER.
    pub(crate) fn public_info(&self) -> Result<Vec<u8>, String> {
        public_info(&self.certificate)
    }

    /// Modulus and exponent, for those who write them out.
    pub(crate) fn modulus_and_exponent(&self) -> Result<[Vec<u8>; 2], String> {
        let numbers = || {
            let info = public_info(&self.certificate).ok()?;
            let (rest, _) = legacy::element(&info, 0x30)?;
            let (_, rest) = legacy::element(rest, 0x30)?;
            let (bits, _) = legacy::element(rest, 0x03)?;
            let (pair, _) = legacy::element(bits.strip_prefix(&[0])?, 0x30)?;
            let (modulus, rest) = legacy::element(pair, 0x02)?;
            let (exponent, _) = legacy::element(rest, 0x02)?;
            let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
            Some([modulus.to_vec(), exponent.to_vec()])
        };
        numbers().ok_or_else(|| "the certificate holds no RSA key".to_owned())
    }
}

/// Whether `signature` is one by the key of `certificate` (DER) with RSA of 2048 bits or more and SHA-256.
pub(crate) fn is_signed_by(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(info) = public_info(certificate) else { return false };
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, info).verify(message, signature).is_ok()
}

fn public_info(certificate: &[u8]) -> Result<Vec<u8>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("no certificate: {error}");
    let der = CertificateDer::from(certificate);
    let parsed =
        rustls::server::ParsedCertificate::try_from(&der).map_err(|error| wrong(&error))?;
    Ok(parsed.subject_public_key_info().as_ref().to_vec())
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(PEM_LINE).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256, RsaParameters,
    };

    use super::*;

    fn check(key: &SigningKey, method: Method, parameters: &'static RsaParameters) {
        let signature = key.sign(method, b"message").unwrap();
        let public = UnparsedPublicKey::new(parameters, key.public_info().unwrap());
        public.verify(b"message", &signature).unwrap();
        public.verify(b"Message", &signature).unwrap_err();
    }

    #[test]
    fn signatures_of_every_method_are_what_they_say() {
        let key = SigningKey::generate("idp.example", 1_700_000_000).unwrap();
        check(&key, Method::RsaSha256, &RSA_PKCS1_2048_8192_SHA256);
        check(&key, Method::RsaSha512, &RSA_PKCS1_2048_8192_SHA512);
        check(&key, Method::RsaPss, &RSA_PSS_2048_8192_SHA256);
        check(&key, Method::RsaSha1, &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY);
        let [modulus, exponent] = key.modulus_and_exponent().unwrap();
        assert_eq!((modulus.len(), exponent), (256, vec![1, 0, 1]));
    }

    #[test]
    fn a_kept_key_is_the_same_key_again() {
        let folder = std::env::temp_dir().join(format!("peers-keys-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("idp.key");
        let first = SigningKey::kept_in(&path, "idp.example", 1_700_000_000).unwrap();
        let second = SigningKey::kept_in(&path, "idp.example", 1_700_000_000).unwrap();
        assert_eq!(first.public_info().unwrap(), second.public_info().unwrap());
        let signature = first.sign(Method::RsaSha256, b"message").unwrap();
        assert!(is_signed_by(second.certificate_der(), b"message", &signature));
        assert!(!is_signed_by(second.certificate_der(), b"other", &signature));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
