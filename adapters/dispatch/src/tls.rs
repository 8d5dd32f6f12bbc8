//! TLS to receivers: whom the settings trust for alarms must vouch for them, under the name they are reached by.

use std::sync::Arc;

use domain::settings::{Settings, TrustPurpose};
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::outgoing::Failure;

/// The certificates that are trusted for receivers of alarms.
pub(crate) fn authorities(settings: &Settings) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let trusted = settings.trust.values();
    let trusted = trusted.filter(|trust| trust.purposes.contains(&TrustPurpose::Alarms));
    let all: Vec<_> = trusted
        .flat_map(|trust| CertificateDer::pem_slice_iter(trust.certificates.as_bytes()))
        .filter_map(Result::ok)
        .collect();
    let mut usable = all;
    usable.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    if usable.is_empty() {
        return Err(Failure::new(
            "TLS needs the certificate of the authority that vouches for the receiver: put it into trust with \
             the purpose alarms",
        ));
    }
    Ok(usable)
}

/// A client that trusts these.
pub(crate) fn client(
    authorities: Vec<CertificateDer<'static>>,
) -> Result<Arc<ClientConfig>, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Why TLS failed, in words.
pub(crate) fn reason(error: &std::io::Error, host: &str) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let why = match inner {
        Some(Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => "nobody who is trusted for alarms vouches for its certificate".to_owned(),
        Some(Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => format!("its certificate is not for {host}"),
        Some(Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => "its certificate has expired".to_owned(),
        Some(Error::InvalidMessage(_)) => "what answers there does not speak TLS".to_owned(),
        Some(other) => other.to_string(),
        None => error.to_string(),
    };
    format!("TLS with {host} failed: {why}")
}
