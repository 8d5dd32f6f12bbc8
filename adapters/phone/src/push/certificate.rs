//! Whether a phone's web server is that phone, decided before anything is sent to it (PHN-18).
//!
//! Phones' certificates name the device, never the address they are reached at. So the name check of
//! TLS does not apply; instead the certificate must be the very one in the settings, or, where they
//! give none, chain to an authority trusted for phones and hold the device's name in its subject.
//! Certificates hold the model's name too, so a name that is no device's own counts only where the
//! settings list that device.

use std::sync::Arc;

use domain::DeviceName;
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use subtle::ConstantTimeEq;
use webpki::{EndEntityCert, KeyUsage};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// What one phone's certificate is held against.
#[derive(Debug)]
pub(super) struct PhoneCertificate {
    pub(super) device: DeviceName,
    /// Certificates trusted for phones: authorities, or phones' own.
    pub(super) authorities: Arc<Vec<CertificateDer<'static>>>,
    /// SHA-256 of the certificate in the settings.
    pub(super) fingerprint: Option<[u8; 32]>,
    /// Whether the settings list the device.
    pub(super) is_listed: bool,
    pub(super) provider: Arc<CryptoProvider>,
}

/// TLS towards that phone.
pub(super) fn tls(certificate: PhoneCertificate) -> Result<ClientConfig, Error> {
    let provider = Arc::clone(&certificate.provider);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(certificate))
        .with_no_client_auth();
    // Another phone may have this address by the next push.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

impl PhoneCertificate {
    fn is_signed(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> bool {
        if self.authorities.iter().any(|trusted| trusted == certificate) {
            return true;
        }
        let anchors = self.authorities.iter().map(webpki::anchor_from_trusted_cert);
        let anchors: Vec<_> = anchors.filter_map(Result::ok).collect();
        let Ok(certificate) = EndEntityCert::try_from(certificate) else { return false };
        let algorithms = self.provider.signature_verification_algorithms.all;
        let usage = KeyUsage::server_auth();
        certificate
            .verify_for_usage(algorithms, &anchors, intermediates, now, usage, None, None)
            .is_ok()
    }
}

impl ServerCertVerifier for PhoneCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let is_known = match self.fingerprint {
            Some(expected) => {
                digest(&SHA256, end_entity).as_ref().ct_eq(expected.as_slice()).into()
            }
            None => {
                (self.is_listed || is_own(&self.device))
                    && self.is_signed(end_entity, intermediates, now)
                    && names(end_entity, &self.device)
            }
        };
        match is_known {
            true => Ok(ServerCertVerified::assertion()),
            false => {
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether a name is one device's own, as call managers give them, and not a model's.
fn is_own(device: &DeviceName) -> bool {
    const BEGINNINGS: [&str; 6] = ["SEP", "CSF", "TCT", "BOT", "TAB", "ATA"];
    const CHARACTERS_MIN: usize = 8;
    let name = device.as_str();
    let begins = |beginning: &&str| {
        name.get(..beginning.len()).is_some_and(|it| it.eq_ignore_ascii_case(beginning))
    };
    name.len() >= CHARACTERS_MIN && BEGINNINGS.iter().any(begins)
}

/// Whether subject or alternative names hold the device's name as a word of its own.
fn names(certificate: &CertificateDer<'_>, device: &DeviceName) -> bool {
    let Ok(certificate) = Certificate::from_der(certificate) else { return false };
    let certificate = certificate.tbs_certificate();
    let subject = certificate.subject().common_name().ok().flatten();
    let subject = subject.map(|name| name.value().into_owned());
    let alternatives = certificate.get_extension::<SubjectAltName>().ok().flatten();
    let alternatives = alternatives.into_iter().flat_map(|(_, names)| names.0);
    let alternatives = alternatives.filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
        _ => None,
    });
    subject.into_iter().chain(alternatives).any(|name| holds(&name, device.as_str()))
}

/// Whether `word` stands in `text` with no letter or digit beside it.
fn holds(text: &str, word: &str) -> bool {
    let (text, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    text.match_indices(&word).any(|(start, found)| {
        let before = text.get(..start).and_then(|it| it.chars().next_back());
        let after = text.get(start + found.len()..).and_then(|it| it.chars().next());
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn phn_18_the_device_name_must_stand_alone_in_the_certificate() {
        assert!(holds("CP-8845-SEP001122334455", "SEP001122334455"));
        assert!(holds("sep001122334455", "SEP001122334455"));
        assert!(holds("SEP001122334455.phones.example", "SEP001122334455"));
        assert!(!holds("CP-8845-SEP0011223344556", "SEP001122334455"));
        assert!(!holds("XSEP001122334455", "SEP001122334455"));
        assert!(!holds("CP-8845-SEP001122334456", "SEP001122334455"));
        assert!(!holds("", "SEP001122334455"));
    }
}
