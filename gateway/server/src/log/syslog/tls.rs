//! TLS to a receiver: the authorities given must vouch for it, under the name it is reached by.
//!
//! Many receivers have a certificate that vouches for itself, and is marked as an authority's. Where
//! it is given itself, nobody else has to vouch for it; its name and dates count as ever.

use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::SyslogReceiver;

/// A client that trusts the receiver's authorities.
pub(super) fn connector(receiver: &SyslogReceiver) -> Result<TlsConnector, String> {
    let pem = receiver.authorities_pem.as_deref().unwrap_or_default();
    let given: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let given = given.map_err(|error| format!("the authorities are no PEM text: {error}"))?;
    if given.is_empty() {
        return Err(
            "TLS needs the certificate of an authority that vouches for the receiver, and \
                    none is given"
                .to_owned(),
        );
    }
    let mut roots = RootCertStore::empty();
    // One that cannot be used keeps nobody from being vouched for by the others.
    let (usable, _) = roots.add_parsable_certificates(given.iter().cloned());
    if usable == 0 {
        return Err(
            "none of the given authorities can be used: they are no certificates".to_owned()
        );
    }
    let authorities =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), crate::tls::provider())
            .build()
            .map_err(|error| format!("the authorities cannot be used: {error}"))?;
    let config = ClientConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { given, authorities }))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Whom a receiver's certificate must be from.
#[derive(Debug)]
struct Verifier {
    given: Vec<CertificateDer<'static>>,
    authorities: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.given.contains(end_entity) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            verify_dates(end_entity, now)?;
            return Ok(ServerCertVerified::assertion());
        }
        let verifier = &self.authorities;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

fn verify_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let parsed = Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = parsed.tbs_certificate().validity();
    let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
    if now.as_secs() < seconds(validity.not_before) {
        return Err(CertificateError::NotValidYet.into());
    }
    if now.as_secs() > seconds(validity.not_after) {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
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
        // An authority of the same name with another key shows as a bad signature.
        Some(Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => "none of the given authorities vouches for its certificate".to_owned(),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::KeyPair;

    use super::*;

    /// Checks when a certificate that is valid from 2001 to 2002 is taken.
    #[track_caller]
    fn check(seconds: u64, expected: Result<(), CertificateError>) {
        let mut params = rcgen::CertificateParams::default();
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        assert_eq!(verify_dates(certificate.der(), now), expected.map_err(Error::from));
    }

    #[test]
    fn a_certificate_that_is_given_itself_has_its_dates_all_the_same() {
        check(978_307_199, Err(CertificateError::NotValidYet));
        check(978_307_200, Ok(()));
        check(1_009_843_200, Ok(()));
        check(1_009_843_201, Err(CertificateError::Expired));
    }
}
