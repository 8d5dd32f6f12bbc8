//! TLS of simulated phones both ways: what they trust, and the certificates they show.
//!
//! TLS 1.2 and 1.3 only. A phone trusts certificates themselves (from its trust list) as well as
//! authorities; its own certificate names the device, never an address.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig, SignatureScheme,
};

/// Days the phone's own certificate is good for, from the day before it is issued.
const CERTIFICATE_DAYS: u32 = 365;

/// How the phone checks servers: against the PEM file `ca`, or not at all without one.
pub(crate) fn client_config(ca: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    client_config_as(ca, None)
}

/// The same for a phone that shows a certificate of its own: PEM files of certificate and key.
pub(crate) fn client_config_as(
    ca: Option<&Path>,
    own: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = match ca {
        None => Trust::Everyone,
        Some(path) => read_trust(path, &provider)?,
    };
    let verifier = Arc::new(Verifier { provider: Arc::clone(&provider), trust });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let Some((certificate, key)) = own else {
        return Ok(Arc::new(config.with_no_client_auth()));
    };
    let wrong = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(certificate, &error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let config = config.with_client_auth_cert(chain, private);
    config.map(Arc::new).map_err(|error| wrong(certificate, &error))
}

fn read_trust(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Trust, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&error))?;
    if certificates.is_empty() {
        return Err(wrong(&"there is no certificate in this file"));
    }
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone()).map_err(|error| wrong(&error))?;
    }
    let authorities =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| wrong(&error))?;
    Ok(Trust::List { certificates, authorities })
}

#[derive(Debug)]
enum Trust {
    Everyone,
    List { certificates: Vec<CertificateDer<'static>>, authorities: Arc<WebPkiServerVerifier> },
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    trust: Trust,
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
        match &self.trust {
            Trust::Everyone => Ok(ServerCertVerified::assertion()),
            // A certificate of the trust list itself needs no authority above it.
            Trust::List { certificates, .. } if certificates.contains(end_entity) => {
                let parsed = ParsedCertificate::try_from(end_entity)?;
                rustls::client::verify_server_name(&parsed, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            Trust::List { authorities, .. } => authorities.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
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

/// The phone's web server: a certificate whose subject is the device name, issued by `authority`
/// (PEM files of certificate and key) or by itself.
pub(crate) fn server_config(
    device: &str,
    authority: Option<(&Path, &Path)>,
) -> Result<Arc<ServerConfig>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("the phone's certificate: {error}");
    let (certificate, key) = issue(device, authority)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| wrong(&error))?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .map_err(|error| wrong(&error))?;
    Ok(Arc::new(config))
}

/// `base` for one phone of many: a certificate of its own that `authority` issues, and sessions of its own.
pub(crate) fn client_config_of(
    base: &ClientConfig,
    device: &str,
    authority: Option<(&Path, &Path)>,
    resumes: bool,
) -> Result<Arc<ClientConfig>, String> {
    let mut config = base.clone();
    // Room for the tickets of one server, which is all a phone needs.
    config.resumption =
        if resumes { Resumption::in_memory_sessions(8) } else { Resumption::disabled() };
    if let Some(authority) = authority {
        let wrong = |error: &dyn std::fmt::Display| format!("the certificate of {device}: {error}");
        let (certificate, key) = issue(device, Some(authority))?;
        let private =
            PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| wrong(&error))?;
        let signing = CertifiedKey::from_der(vec![certificate], private, config.crypto_provider())
            .map_err(|error| wrong(&error))?;
        config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(signing));
    }
    Ok(Arc::new(config))
}

fn issue(
    device: &str,
    authority: Option<(&Path, &Path)>,
) -> Result<(CertificateDer<'static>, KeyPair), String> {
    let wrong = |error: rcgen::Error| format!("the phone's certificate: {error}");
    let key = KeyPair::generate().map_err(wrong)?;
    let params = parameters(device);
    let certificate = match authority {
        None => params.self_signed(&key).map_err(wrong)?,
        Some((certificate, authority_key)) => {
            let issuer = read_issuer(certificate, authority_key)?;
            params.signed_by(&key, &issuer).map_err(wrong)?
        }
    };
    Ok((certificate.der().clone(), key))
}

fn parameters(device: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, device);
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let now = std::time::SystemTime::now();
    let day = std::time::Duration::from_secs(86_400);
    params.not_before = (now - day).into();
    params.not_after = (now + day * CERTIFICATE_DAYS).into();
    params
}

fn read_issuer(certificate: &Path, key: &Path) -> Result<Issuer<'static, KeyPair>, String> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let key_pair =
        KeyPair::from_pem(&read(key)?).map_err(|error| format!("{}: {error}", key.display()))?;
    Issuer::from_ca_cert_pem(&read(certificate)?, key_pair)
        .map_err(|error| format!("{}: {error}", certificate.display()))
}

#[cfg(test)]
mod tests {
    use x509_cert::Certificate;
    use x509_cert::der::Decode;

    use super::*;

    #[test]
    fn phn_12_the_phones_certificate_names_the_device_and_no_address() {
        let (certificate, _) = issue("SEP001122334455", None).unwrap();
        let certificate = Certificate::from_der(&certificate).unwrap();
        let body = certificate.tbs_certificate();
        assert_eq!(body.subject().to_string(), "CN=SEP001122334455");
        let names = x509_cert::der::oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
        let extensions = body.extensions().map(Vec::as_slice).unwrap_or_default();
        assert!(extensions.iter().all(|extension| extension.extn_id != names));
    }
}
