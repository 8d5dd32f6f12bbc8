//! TLS to a receiver: the authorities given must vouch for it, under the name it is reached by.

use std::io;
use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::SyslogReceiver;

/// A client that trusts the receiver's authorities.
pub(super) fn connector(receiver: &SyslogReceiver) -> Result<TlsConnector, String> {
    let pem = receiver.authorities_pem.as_deref().unwrap_or_default();
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate =
            certificate.map_err(|error| format!("the authorities are no PEM text: {error}"))?;
        let unusable = |error| format!("an authority cannot be used: {error}");
        roots.add(certificate).map_err(unusable)?;
    }
    if roots.is_empty() {
        return Err(
            "TLS needs the certificate of an authority that vouches for the receiver, and \
                    none is given"
                .to_owned(),
        );
    }
    let config = ClientConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Shakes hands with the receiver at the other end.
pub(super) async fn shake_hands(
    connector: &TlsConnector,
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, String> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| format!("{host} is no name that a certificate can hold"))?;
    connector.connect(name, stream).await.map_err(|error| reason(&error, host))
}

/// Why TLS failed, in words.
pub(super) fn reason(error: &io::Error, host: &str) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let why = match inner {
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "none of the given authorities vouches for its certificate".to_owned()
        }
        Some(Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => format!("its certificate is not for {host}"),
        Some(Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => "its certificate has expired".to_owned(),
        Some(Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        )) => "its certificate is not valid yet; compare the clocks".to_owned(),
        Some(Error::AlertReceived(AlertDescription::CertificateRequired)) => {
            "it wants a certificate of this node, which syslog does not show".to_owned()
        }
        Some(Error::InvalidMessage(_)) => "what answers there does not speak TLS".to_owned(),
        Some(other) => other.to_string(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection; perhaps it does not speak TLS".to_owned()
        }
        None => error.to_string(),
    };
    format!("TLS with {host} failed: {why}")
}
