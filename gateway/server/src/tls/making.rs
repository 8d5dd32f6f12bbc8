//! Certificates we make ourselves: the self-signed one of a first start, and the demo's.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use domain::{NodeName, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    SanType, SerialNumber,
};
use time::OffsetDateTime;

use super::certificate::{Certificate, CertificateError, is_self_made};
use crate::config::CertificateFiles;
use crate::secret_file;

/// How long a certificate of ours is good for; it is imported by hand, so not for a short time.
const DAYS: i64 = 5 * 365;
/// It begins a day early, since clocks differ.
const SECONDS_EARLY: i64 = 86_400;

/// Why a certificate cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MakingError {
    /// The library refuses.
    #[error("a certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// It cannot be written down.
    #[error("a certificate cannot be written down: {0}")]
    Write(#[from] std::io::Error),
    /// Its key cannot be written down.
    #[error(transparent)]
    Key(#[from] secret_file::SecretFileError),
    /// The certificate is there without its key, and is not replaced by chance.
    #[error(
        "{there} is there without {missing}: put that one back, or remove both, and a new pair is made",
        there = there.display(), missing = missing.display()
    )]
    NoKey {
        /// The certificate that is there.
        there: PathBuf,
        /// The key that is not.
        missing: PathBuf,
    },
    /// No certificate can be made from the key that is there.
    #[error(
        "{path} holds no key that a certificate can be made from ({source}): put the right one back, \
         or remove it and the certificate beside it, and a new pair is made",
        path = path.display()
    )]
    UnusableKey {
        /// The key file.
        path: PathBuf,
        /// Why.
        source: rcgen::Error,
    },
}

/// A certificate authority for one machine.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// How it stands with the pair that we make ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SelfMade {
    /// There is none.
    Missing,
    /// The key alone is there: a start was interrupted, or the certificate was removed.
    KeyAlone,
    /// It is there.
    There,
    /// It is ours and has expired, or does not cover a name of ours any more.
    Outdated,
    /// So it is, or it begins later; but the one before it, kept beside it, is right. The clock was
    /// wrong when it was replaced, or the name was another for a time.
    OldOneRight,
}

/// Looks at the pair at `files`.
pub(crate) fn self_made(
    files: &CertificateFiles,
    names: &[NodeName],
    now: Timestamp,
) -> Result<SelfMade, MakingError> {
    match (files.certificate.exists(), files.key.exists()) {
        (false, false) => return Ok(SelfMade::Missing),
        (true, false) => {
            let (there, missing) = (files.certificate.clone(), files.key.clone());
            return Err(MakingError::NoKey { there, missing });
        }
        (false, true) => return read_key(&files.key).map(|_| SelfMade::KeyAlone),
        (true, true) => {}
    }
    let faults = Certificate::faults(files, names, now);
    let mends = |fault: &CertificateError| {
        matches!(fault, CertificateError::Expired { .. } | CertificateError::NameMissing { .. })
    };
    let passes = |fault: &CertificateError| matches!(fault, CertificateError::NotYet { .. });
    if faults.is_empty()
        || !faults.iter().all(|fault| mends(fault) || passes(fault))
        || !is_self_made(&files.certificate)
    {
        return Ok(SelfMade::There);
    }
    if Certificate::faults(&kept(files), names, now).is_empty() {
        return Ok(SelfMade::OldOneRight);
    }
    // One that begins later was made under another clock, and this clock may be the wrong one.
    if !faults.iter().all(mends) {
        return Ok(SelfMade::There);
    }
    let expired = |fault: &CertificateError| matches!(fault, CertificateError::Expired { .. });
    match read_key(&files.key) {
        Ok(_) => Ok(SelfMade::Outdated),
        // Somebody put a key here in a form that we do not sign with: served though expired.
        Err(_) if faults.iter().all(expired) => Ok(SelfMade::There),
        Err(error) => Err(error),
    }
}

/// Makes a self-signed P-256 certificate for `names` at `files` where there is none, or where ours
/// is outdated. Tells how it stood.
///
/// A key that is there stays: then one file is replaced at once, and there is no moment at which an
/// interruption leaves two that do not fit. What is replaced is kept beside it.
pub(crate) fn self_signed(
    files: &CertificateFiles,
    names: &[NodeName],
    now: Timestamp,
) -> Result<SelfMade, MakingError> {
    let found = self_made(files, names, now)?;
    let signed = |key: &KeyPair| server_parameters(names, &[], now)?.self_signed(key);
    match found {
        SelfMade::There => {}
        SelfMade::Missing => {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            write(files, &signed(&key)?.pem(), &key)?;
        }
        SelfMade::KeyAlone => {
            write_certificate(
                &files.certificate,
                signed(&read_key(&files.key)?)?.pem().as_bytes(),
            )?;
        }
        SelfMade::Outdated => {
            let new = signed(&read_key(&files.key)?)?.pem();
            write_certificate(&kept(files).certificate, &std::fs::read(&files.certificate)?)?;
            write_certificate(&files.certificate, new.as_bytes())?;
        }
        SelfMade::OldOneRight => {
            write_certificate(&files.certificate, &std::fs::read(kept(files).certificate)?)?;
        }
    }
    Ok(found)
}

/// A new self-signed certificate for `names` and its new key, both PEM, kept nowhere.
pub(super) fn fresh(
    names: &[NodeName],
    now: Timestamp,
) -> Result<(String, zeroize::Zeroizing<String>), MakingError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = server_parameters(names, &[], now)?.self_signed(&key)?.pem();
    Ok((certificate, zeroize::Zeroizing::new(key.serialize_pem())))
}

/// The certificate that was replaced last, with the key of them all.
fn kept(files: &CertificateFiles) -> CertificateFiles {
    let mut old = files.certificate.as_os_str().to_owned();
    old.push(".old");
    CertificateFiles { certificate: old.into(), key: files.key.clone() }
}

fn read_key(path: &Path) -> Result<KeyPair, MakingError> {
    let text = secret_file::read(path)?;
    KeyPair::from_pem(&String::from_utf8_lossy(&text))
        .map_err(|source| MakingError::UnusableKey { path: path.to_owned(), source })
}

impl Authority {
    /// Reads the authority kept at `files`, or makes and keeps it.
    pub(crate) fn keep(
        files: &CertificateFiles,
        name: &str,
        now: Timestamp,
    ) -> Result<Self, MakingError> {
        if files.certificate.exists() && files.key.exists() {
            let key = read_key(&files.key)?;
            // What it signs depends on its name and key alone, so made anew it is the same one.
            let issuer = CertifiedIssuer::self_signed(authority_parameters(name, now)?, key)?;
            return Ok(Self { issuer });
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let issuer = CertifiedIssuer::self_signed(authority_parameters(name, now)?, key)?;
        write(files, &issuer.pem(), issuer.key())?;
        Ok(Self { issuer })
    }

    /// Signs a new server certificate for those names and addresses and writes it down.
    pub(crate) fn issue(
        &self,
        files: &CertificateFiles,
        names: &[NodeName],
        addresses: &[IpAddr],
        now: Timestamp,
    ) -> Result<(), MakingError> {
        let issuer: &Issuer<'_, KeyPair> = &self.issuer;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = server_parameters(names, addresses, now)?.signed_by(&key, issuer)?;
        write(files, &certificate.pem(), &key)
    }
}

fn write(files: &CertificateFiles, certificate: &str, key: &KeyPair) -> Result<(), MakingError> {
    for path in [&files.certificate, &files.key] {
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            secret_file::make_folder(folder)?;
        }
    }
    // The key first: a certificate that is there has its key beside it.
    secret_file::write(&files.key, zeroize::Zeroizing::new(key.serialize_pem()).as_bytes())?;
    write_certificate(&files.certificate, certificate.as_bytes())?;
    Ok(())
}

fn write_certificate(path: &Path, pem: &[u8]) -> std::io::Result<()> {
    secret_file::write_whole(path, pem, 0o644)
}

fn server_parameters(
    names: &[NodeName],
    addresses: &[IpAddr],
    now: Timestamp,
) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = dated(now)?;
    // One issuer gives no number twice, and the library's own hangs on the key alone.
    if let Ok(random) = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new()) {
        parameters.serial_number = Some(SerialNumber::from_slice(&random.expose()));
    }
    parameters.distinguished_name = DistinguishedName::new();
    // A common name has at most 64 characters (RFC 5280, appendix A.1); clients read the others.
    if let Some(name) = names.first().filter(|name| name.as_str().len() <= 64) {
        parameters.distinguished_name.push(DnType::CommonName, name.as_str());
    }
    for name in names {
        parameters.subject_alt_names.push(SanType::DnsName(name.as_str().try_into()?));
    }
    parameters.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(parameters)
}

fn authority_parameters(name: &str, now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = dated(now)?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

fn dated(now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    let at = |seconds: i64| {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    };
    parameters.not_before = at(now.seconds().saturating_sub(SECONDS_EARLY));
    parameters.not_after = at(now.seconds().saturating_add(DAYS * 86_400));
    Ok(parameters)
}
