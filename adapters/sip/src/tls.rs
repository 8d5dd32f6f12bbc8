//! TLS for SIP: what is shown to phones, whose certificates name them, and how next hops are checked.
//!
//! A phone's certificate is asked for, never demanded: who shows none proves themselves by digest. One that
//! is shown must chain to an authority trusted for `sip_devices`; the device it names is the one whose name
//! is its subject's common name, the common name's end after a dash (makers write the model before it), or
//! a DNS name, and which the settings list. A next hop may show one too, which must chain to an authority trusted
//! for `sip_next_hops` and hold the name of one of its servers.
//!
//! When the authorities change, tickets of before open no session any more, and connections whose certificate
//! was proof are ended by whoever has them.

use std::sync::Arc;

use domain::DeviceName;
use domain::settings::{Settings, TrustPurpose};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ResolvesServerCert, ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Sessions that may be resumed without a ticket.
const SESSIONS_MAX: usize = 16_384;

/// Certificates that the settings trust for that purpose.
pub(crate) fn trusted(settings: &Settings, purpose: TrustPurpose) -> Vec<CertificateDer<'static>> {
    let entries = settings.trust.values().filter(|trust| trust.purposes.contains(&purpose));
    let read = entries.flat_map(|trust| {
        CertificateDer::pem_slice_iter(trust.certificates.as_bytes()).filter_map(Result::ok)
    });
    read.collect()
}

fn roots(certificates: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        // What is no authority's certificate vouches for nobody.
        let _ = roots.add(certificate.clone());
    }
    roots
}

/// Whether a certificate chains to one of some authorities.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judge(Option<Arc<dyn ClientCertVerifier>>);

impl Judge {
    /// A judge by those authorities; without any nobody passes.
    pub(crate) fn of(authorities: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let roots = roots(authorities);
        if roots.is_empty() {
            return Ok(Self(None));
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .allow_unauthenticated()
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(Self(Some(verifier)))
    }

    /// Whether the chain, the holder's own first, passes.
    pub(crate) fn passes(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> bool {
        match (&self.0, chain) {
            (Some(verifier), [own, others @ ..]) => {
                verifier.verify_client_cert(own, others, now).is_ok()
            }
            _ => false,
        }
    }
}

/// What is shown to whoever connects; whoever shows a certificate has to pass `judge`.
pub(crate) fn server(
    certificate: Arc<dyn ResolvesServerCert>,
    judge: &Judge,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let builder =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = match &judge.0 {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
    };
    let mut config = builder.with_cert_resolver(certificate);
    config.ticketer = Ticketer::new()?;
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// How a next hop is checked, and what is shown where it asks.
pub(crate) fn client(
    next_hops: &[CertificateDer<'static>],
    certificate: Option<Arc<dyn ResolvesClientCert>>,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = provider();
    let verifier = WebPkiServerVerifier::builder_with_provider(
        Arc::new(roots(next_hops)),
        Arc::clone(&provider),
    )
    .build()
    .map_err(|error| rustls::Error::General(error.to_string()))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_webpki_verifier(verifier);
    let config = match certificate {
        Some(certificate) => builder.with_client_cert_resolver(certificate),
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}

/// Names that a certificate, already checked, gives its holder: the subject's common names and DNS names.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(certificate) = Certificate::from_der(certificate) else { return Vec::new() };
    let certificate = certificate.tbs_certificate();
    let mut names = Vec::new();
    for part in certificate.subject().iter_rdn().flat_map(|rdn| rdn.iter()) {
        if part.oid == COMMON_NAME {
            let utf8 = part.value.decode_as::<Utf8StringRef<'_>>().map(|it| it.as_str().to_owned());
            let printable = || {
                let text = part.value.decode_as::<PrintableStringRef<'_>>();
                text.map(|it| it.as_str().to_owned())
            };
            names.extend(utf8.or_else(|_| printable()));
        }
    }
    if let Ok(Some((_, alternatives))) = certificate.get_extension::<SubjectAltName>() {
        for name in &alternatives.0 {
            if let GeneralName::DnsName(name) = name {
                names.push(name.as_str().to_owned());
            }
        }
    }
    names
}

/// The subject's common name (RFC 5280, appendix A.1).
const COMMON_NAME: x509_cert::der::oid::ObjectIdentifier =
    x509_cert::der::oid::ObjectIdentifier::new_unwrap("2.5.4.3");

/// The one device that those names mean, among those that `is_listed` knows; `None` where there is none or
/// more than one.
pub(crate) fn device(
    names: &[String],
    is_listed: impl Fn(&DeviceName) -> bool,
) -> Option<DeviceName> {
    let mut found: Vec<DeviceName> = Vec::new();
    for name in names {
        let ends = [Some(name.as_str()), name.rsplit_once('-').map(|(_, end)| end)];
        for end in ends.into_iter().flatten() {
            if let Ok(device) = end.parse::<DeviceName>()
                && is_listed(&device)
                && !found.contains(&device)
            {
                found.push(device);
            }
        }
    }
    match found.as_slice() {
        [device] => Some(device.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn certificate(common_name: &str, dns: &[&str]) -> CertificateDer<'static> {
        let dns: Vec<String> = dns.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(dns).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn listed(device: &DeviceName) -> bool {
        ["SEP001122334455", "SEP001122334466", "CSFAGENT"].contains(&device.as_str())
    }

    fn check(common_name: &str, dns: &[&str], expected: Option<&str>) {
        let names = names(&certificate(common_name, dns));
        let device = device(&names, listed);
        assert_eq!(device.as_ref().map(DeviceName::as_str), expected, "{common_name} {dns:?}");
    }

    #[test]
    fn a_certificate_names_the_device_that_is_listed_and_no_other() {
        check("SEP001122334455", &[], Some("SEP001122334455"));
        check("CP-8865-SEP001122334455", &[], Some("SEP001122334455"));
        check("phone", &["CSFAGENT"], Some("CSFAGENT"));
        check("SEP001122334499", &[], None);
        check("CP-8865-SEP001122334455x", &[], None);
        // Two devices are nobody.
        check("SEP001122334455", &["SEP001122334466"], None);
        check("", &[], None);
    }
}
