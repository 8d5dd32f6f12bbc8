//! A server certificate with chain and key, read from disk and checked before anybody sees it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::{NodeName, Timestamp};
use rustls::sign::CertifiedKey;
use rustls::{Error as RustlsError, InconsistentKeys};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use webpki::{EndEntityCert, anchor_from_trusted_cert};
use x509_cert::der::Decode;

use crate::config::CertificateFiles;
use crate::secret_file::{self, SecretFileError};

/// The most bytes of a certificate file.
const BYTES_MAX: u64 = 256 * 1024;
/// The most certificates in one file.
const CHAIN_MAX: usize = 10;

/// A certificate that verifies: it covers its names, is in force, fits its key and its chain.
#[derive(Clone, Debug)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    /// When it or a certificate of its chain expires first.
    pub expires_at: Timestamp,
}

/// Why a set of certificate, chain and key is not used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The certificate file cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The certificate file is no list of PEM certificates.
    #[error("{path} {what}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A certificate is not in force yet, or no more.
    #[error("certificate {position} in {path} is valid from {from} to {to}, not now", path = path.display())]
    NotNow {
        /// The file.
        path: PathBuf,
        /// Which one, 1 for the server's own.
        position: usize,
        /// Its first moment.
        from: String,
        /// Its last moment.
        to: String,
    },
    /// The certificate does not cover a name that clients use.
    #[error("the certificate in {path} does not cover the name {name}", path = path.display())]
    NameMissing {
        /// The file.
        path: PathBuf,
        /// The name.
        name: NodeName,
    },
    /// The certificates do not follow each other.
    #[error(
        "the certificates in {path} are no chain: give the server's own first, then each one that signed the one before it ({why})",
        path = path.display()
    )]
    NoChain {
        /// The file.
        path: PathBuf,
        /// What the verifier says.
        why: webpki::Error,
    },
    /// The key file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] SecretFileError),
    /// The key file holds no key that we can use.
    #[error("{path} holds no private key we can use (PEM: RSA, ECDSA P-256 or P-384, Ed25519; not encrypted)", path = path.display())]
    KeyUnusable {
        /// The file.
        path: PathBuf,
    },
    /// The key belongs to another certificate.
    #[error("the key in {key} is not the one of the certificate in {certificate}", key = key.display(), certificate = certificate.display())]
    KeyMismatch {
        /// The key file.
        key: PathBuf,
        /// The certificate file.
        certificate: PathBuf,
    },
}

impl CertificateError {
    /// The configuration key whose file is at fault.
    pub fn key(&self) -> &'static str {
        match self {
            Self::KeyFile(_) | Self::KeyUnusable { .. } | Self::KeyMismatch { .. } => "key_file",
            _ => "certificate_file",
        }
    }
}

impl Certificate {
    /// Reads and checks a set at `now` for clients that use `names`.
    pub fn load(
        files: &CertificateFiles,
        names: &[NodeName],
        now: Timestamp,
    ) -> Result<Self, CertificateError> {
        let path = &files.certificate;
        let chain = read_chain(path)?;
        let expires_at = check_dates(path, &chain, now)?;
        check_names(path, &chain, names)?;
        check_chain(path, &chain, now)?;
        let key_text = secret_file::read(&files.key)?;
        let unusable = || CertificateError::KeyUnusable { path: files.key.clone() };
        let key = PrivateKeyDer::from_pem_slice(&key_text).map_err(|_| unusable())?;
        let certified = CertifiedKey::from_der(chain, key, &super::provider());
        match certified {
            Ok(key) => Ok(Self { key: Arc::new(key), expires_at }),
            Err(RustlsError::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(CertificateError::KeyMismatch {
                    key: files.key.clone(),
                    certificate: path.clone(),
                })
            }
            Err(_) => Err(unusable()),
        }
    }

    /// What rustls presents.
    pub(super) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    /// How long it is good for after `now`.
    pub fn remaining(&self, now: Timestamp) -> Duration {
        self.expires_at.since(now)
    }
}

fn malformed(path: &Path, what: impl Into<String>) -> CertificateError {
    CertificateError::Malformed { path: path.to_owned(), what: what.into() }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let unreadable = |source| CertificateError::Unreadable { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > BYTES_MAX {
        return Err(malformed(path, format!("has more than {BYTES_MAX} bytes")));
    }
    let text = std::fs::read(path).map_err(unreadable)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| malformed(path, format!("is no PEM text: {error}")))?;
    match chain.len() {
        0 => Err(malformed(path, "holds no PEM certificate")),
        1..=CHAIN_MAX => Ok(chain),
        length => Err(malformed(path, format!("holds {length} certificates, at most {CHAIN_MAX}"))),
    }
}

/// The earliest end of validity in the chain.
fn check_dates(
    path: &Path,
    chain: &[CertificateDer<'_>],
    now: Timestamp,
) -> Result<Timestamp, CertificateError> {
    let mut earliest = Timestamp::from_microseconds(i64::MAX);
    for (index, der) in chain.iter().enumerate() {
        let position = index + 1;
        let parsed = x509_cert::Certificate::from_der(der)
            .map_err(|error| malformed(path, format!("certificate {position}: {error}")))?;
        let validity = parsed.tbs_certificate().validity();
        let time = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs());
            Timestamp::from_seconds(seconds.unwrap_or(i64::MAX))
        };
        let (from, to) = (time(validity.not_before), time(validity.not_after));
        if now < from || to < now {
            return Err(CertificateError::NotNow {
                path: path.to_owned(),
                position,
                from: validity.not_before.to_string(),
                to: validity.not_after.to_string(),
            });
        }
        earliest = earliest.min(to);
    }
    Ok(earliest)
}

fn check_names(
    path: &Path,
    chain: &[CertificateDer<'_>],
    names: &[NodeName],
) -> Result<(), CertificateError> {
    let Some(first) = chain.first() else { return Ok(()) };
    let certificate = EndEntityCert::try_from(first)
        .map_err(|error| malformed(path, format!("certificate 1: {error}")))?;
    for name in names {
        let covered = ServerName::try_from(name.as_str())
            .is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok());
        if !covered {
            return Err(CertificateError::NameMissing {
                path: path.to_owned(),
                name: name.clone(),
            });
        }
    }
    Ok(())
}

/// A lone certificate stands for itself; of several, the last is what the others lead to.
fn check_chain(
    path: &Path,
    chain: &[CertificateDer<'_>],
    now: Timestamp,
) -> Result<(), CertificateError> {
    let ([first, between @ ..], Some(last)) = (chain, chain.last()) else { return Ok(()) };
    let Some((_, between)) = between.split_last() else { return Ok(()) };
    let no_chain = |why| CertificateError::NoChain { path: path.to_owned(), why };
    let anchor = anchor_from_trusted_cert(last).map_err(no_chain)?;
    let certificate = EndEntityCert::try_from(first).map_err(no_chain)?;
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    certificate
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &[anchor],
            between,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            webpki::KeyUsage::server_auth(),
            None,
            None,
        )
        .map(|_| ())
        .map_err(no_chain)
}
