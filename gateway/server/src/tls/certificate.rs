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
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Decode, Encode, EncodePem};

use crate::config::CertificateFiles;
use crate::secret_file::{self, SecretFileError};

/// The most bytes of a certificate file.
const BYTES_MAX: u64 = 256 * 1024;
/// What stands for a path where none was read.
const HANDED_IN: &str = "what was given";
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
    /// A certificate is not in force yet.
    #[error("certificate {position} in {path} is valid from {from} to {to}, not now", path = path.display())]
    NotYet {
        /// The file.
        path: PathBuf,
        /// Which one, 1 for the server's own.
        position: usize,
        /// Its first moment.
        from: String,
        /// Its last moment.
        to: String,
    },
    /// A certificate is in force no more.
    #[error("certificate {position} in {path} has expired: it is valid from {from} to {to}", path = path.display())]
    Expired {
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
        "the certificates in {path} are no chain: number {position} did not sign the one before it ({why}); give the server's own first, then each one that signed the one before it",
        path = path.display()
    )]
    NoChain {
        /// The file.
        path: PathBuf,
        /// Which one, 1 for the server's own.
        position: usize,
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
        let (certificate, faults) = Self::examine(files, names, now);
        first_fault(faults, certificate, files)
    }

    /// The same for a node that starts: what has merely expired is used all the same, and told,
    /// since no page at all serves phones worse.
    pub(crate) fn load_though_expired(
        files: &CertificateFiles,
        names: &[NodeName],
        now: Timestamp,
    ) -> Result<(Self, Option<CertificateError>), CertificateError> {
        let (certificate, faults) = Self::examine(files, names, now);
        let (mut expired, others): (Vec<_>, Vec<_>) =
            faults.into_iter().partition(|fault| matches!(fault, CertificateError::Expired { .. }));
        let certificate = first_fault(others, certificate, files)?;
        Ok((certificate, expired.pop()))
    }

    /// Everything that is wrong with a set.
    pub(crate) fn faults(
        files: &CertificateFiles,
        names: &[NodeName],
        now: Timestamp,
    ) -> Vec<CertificateError> {
        Self::examine(files, names, now).1
    }

    /// The set as far as it can be used at all, and everything that is wrong with it.
    fn examine(
        files: &CertificateFiles,
        names: &[NodeName],
        now: Timestamp,
    ) -> (Option<Self>, Vec<CertificateError>) {
        let path = &files.certificate;
        let mut faults = Vec::new();
        let mut chain = None;
        let mut expires_at = now;
        match read_chain(path) {
            Ok(found) => {
                if let Some((from, to)) = check_dates(path, &found, now, &mut faults) {
                    expires_at = to;
                    check_names(path, &found, names, &mut faults);
                    // Dates are told by themselves, so the chain is checked at a time of theirs.
                    check_chain(path, &found, now.min(to).max(from), &mut faults);
                }
                chain = Some(found);
            }
            Err(fault) => faults.push(fault),
        }
        let unusable = || CertificateError::KeyUnusable { path: files.key.clone() };
        let key = secret_file::read(&files.key).map_err(CertificateError::from).and_then(|text| {
            let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| unusable())?;
            // A key is good or not by itself, whatever the certificate is like.
            super::provider()
                .key_provider
                .load_private_key(key.clone_key())
                .map_err(|_| unusable())?;
            Ok(key)
        });
        let key = key.map_err(|fault| faults.push(fault)).ok();
        let (Some(chain), Some(key)) = (chain, key) else { return (None, faults) };
        match CertifiedKey::from_der(chain, key, &super::provider()) {
            Ok(key) => (Some(Self { key: Arc::new(key), expires_at }), faults),
            Err(RustlsError::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                faults.push(CertificateError::KeyMismatch {
                    key: files.key.clone(),
                    certificate: path.clone(),
                });
                (None, faults)
            }
            Err(_) if faults.is_empty() => (None, vec![unusable()]),
            Err(_) => (None, faults),
        }
    }

    /// A set that was checked already.
    pub(super) fn of(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CertificateError> {
        let read = chain.iter().filter_map(|der| x509_cert::Certificate::from_der(der).ok());
        let expires_at = read.map(|it| end(&it)).min();
        let unusable = || CertificateError::KeyUnusable { path: HANDED_IN.into() };
        let key = CertifiedKey::from_der(chain, key, &super::provider()).map_err(|_| unusable())?;
        let expires_at = expires_at.ok_or_else(unusable)?;
        Ok(Self { key: Arc::new(key), expires_at })
    }

    /// The certificate and those that signed it, in order (DER).
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.key.cert
    }

    /// What rustls presents.
    pub(super) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    /// The certificate and those that signed it, in order, as PEM. No key is in it.
    pub(crate) fn pem(&self) -> Result<String, String> {
        let one = |der: &CertificateDer<'_>| {
            let parsed =
                x509_cert::Certificate::from_der(der).map_err(|error| error.to_string())?;
            parsed.to_pem(LineEnding::LF).map_err(|error| error.to_string())
        };
        self.key.cert.iter().map(one).collect()
    }

    /// How long it is good for after `now`.
    pub fn remaining(&self, now: Timestamp) -> Duration {
        self.expires_at.since(now)
    }
}

/// The last moment of a certificate.
fn end(parsed: &x509_cert::Certificate) -> Timestamp {
    moment(parsed.tbs_certificate().validity().not_after)
}

fn moment(time: x509_cert::time::Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs());
    Timestamp::from_seconds(seconds.unwrap_or(i64::MAX))
}

/// Everything that is wrong with a chain that was handed in, the server's own certificate first.
pub(super) fn faults_of_chain(
    chain: &[CertificateDer<'_>],
    names: &[NodeName],
    now: Timestamp,
) -> Vec<CertificateError> {
    let path = Path::new(HANDED_IN);
    let mut faults = Vec::new();
    if let Some((from, to)) = check_dates(path, chain, now, &mut faults) {
        check_names(path, chain, names, &mut faults);
        check_chain(path, chain, now.min(to).max(from), &mut faults);
    }
    faults
}

/// Whether `signer` is the one that `certificate` names, and its key made the signature.
pub(super) fn signed_by(certificate: &CertificateDer<'_>, signer: &CertificateDer<'_>) -> bool {
    let parse = |der| x509_cert::Certificate::from_der(der).ok();
    let (Some(signed), Some(named)) = (parse(certificate), parse(signer)) else { return false };
    if signed.tbs_certificate().issuer() != named.tbs_certificate().subject() {
        return false;
    }
    let (Ok(text), Some(signature)) =
        (signed.tbs_certificate().to_der(), signed.signature().as_bytes())
    else {
        return false;
    };
    let Ok(signer) = EndEntityCert::try_from(signer) else { return false };
    // Those of another sort than the key refuse at once.
    let mut algorithms = webpki::ALL_VERIFICATION_ALGS.iter();
    algorithms.any(|algorithm| signer.verify_signature(*algorithm, &text, signature).is_ok())
}

/// Whether a file holds one certificate that names itself as its signer, as those we make.
pub(super) fn is_self_made(path: &Path) -> bool {
    let Ok(chain) = read_chain(path) else { return false };
    let [one] = chain.as_slice() else { return false };
    x509_cert::Certificate::from_der(one).is_ok_and(|parsed| {
        let parsed = parsed.tbs_certificate();
        parsed.issuer() == parsed.subject()
    })
}

fn first_fault(
    faults: Vec<CertificateError>,
    certificate: Option<Certificate>,
    files: &CertificateFiles,
) -> Result<Certificate, CertificateError> {
    match (faults.into_iter().next(), certificate) {
        (Some(fault), _) => Err(fault),
        (None, Some(certificate)) => Ok(certificate),
        (None, None) => Err(CertificateError::KeyUnusable { path: files.key.clone() }),
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

/// The span in which the whole chain is in force, unless a certificate cannot be read.
fn check_dates(
    path: &Path,
    chain: &[CertificateDer<'_>],
    now: Timestamp,
    faults: &mut Vec<CertificateError>,
) -> Option<(Timestamp, Timestamp)> {
    let mut latest = Timestamp::from_microseconds(i64::MIN);
    let mut earliest = Timestamp::from_microseconds(i64::MAX);
    let mut readable = true;
    for (index, der) in chain.iter().enumerate() {
        let position = index + 1;
        let parsed = match x509_cert::Certificate::from_der(der) {
            Ok(parsed) => parsed,
            Err(error) => {
                faults.push(malformed(path, format!("certificate {position}: {error}")));
                readable = false;
                continue;
            }
        };
        let validity = parsed.tbs_certificate().validity();
        let (from, to) = (moment(validity.not_before), moment(validity.not_after));
        let path = path.to_owned();
        let (first, last) = (validity.not_before.to_string(), validity.not_after.to_string());
        if now < from {
            faults.push(CertificateError::NotYet { path, position, from: first, to: last });
        } else if to < now {
            faults.push(CertificateError::Expired { path, position, from: first, to: last });
        }
        latest = latest.max(from);
        earliest = earliest.min(to);
    }
    readable.then_some((latest, earliest))
}

fn check_names(
    path: &Path,
    chain: &[CertificateDer<'_>],
    names: &[NodeName],
    faults: &mut Vec<CertificateError>,
) {
    let Some(first) = chain.first() else { return };
    let certificate = match EndEntityCert::try_from(first) {
        Ok(certificate) => certificate,
        Err(error) => {
            faults.push(malformed(path, format!("certificate 1: {error}")));
            return;
        }
    };
    for name in names {
        let covered = ServerName::try_from(name.as_str())
            .is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok());
        if !covered {
            let (path, name) = (path.to_owned(), name.clone());
            faults.push(CertificateError::NameMissing { path, name });
        }
    }
}

/// A lone certificate stands for itself; of several, the first must lead to each of the others by
/// those in between, so that none is in a wrong place or a stranger.
fn check_chain(
    path: &Path,
    chain: &[CertificateDer<'_>],
    at: Timestamp,
    faults: &mut Vec<CertificateError>,
) {
    let Some((first, others)) = chain.split_first() else { return };
    let seconds = Duration::from_secs(u64::try_from(at.seconds()).unwrap_or(0));
    for (index, signer) in others.iter().enumerate() {
        let between = others.get(..index).unwrap_or_default();
        let verified = anchor_from_trusted_cert(signer).and_then(|anchor| {
            let anchors = [anchor];
            let certificate = EndEntityCert::try_from(first)?;
            let path = certificate.verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &anchors,
                between,
                UnixTime::since_unix_epoch(seconds),
                webpki::KeyUsage::server_auth(),
                None,
                None,
            );
            path.map(|_| ())
        });
        // Where one expired before another began, no time is right for both: dates are told already.
        let is_date = |why: &webpki::Error| {
            matches!(why, webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. })
        };
        if let Err(why) = verified.or_else(|why| if is_date(&why) { Ok(()) } else { Err(why) }) {
            let (path, position) = (path.to_owned(), index + 2);
            faults.push(CertificateError::NoChain { path, position, why });
            return;
        }
    }
}
