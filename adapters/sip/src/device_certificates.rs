//! Certificates that phones show: whose word they are, and which device they name.
//!
//! A certificate passes where it chains to an authority that the settings trust for the purpose at hand. The
//! device it names is the one whose name is its subject's common name, the common name's end after a dash
//! (makers write the model before it), or a DNS name, and which the settings list. The listener for headsets
//! goes by the same rules as SIP.

use std::sync::Arc;

use domain::DeviceName;
use domain::settings::{Settings, TrustPurpose};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Certificates that the settings trust for that purpose.
pub fn trusted(settings: &Settings, purpose: TrustPurpose) -> Vec<CertificateDer<'static>> {
    let entries = settings.trust.values().filter(|trust| trust.purposes.contains(&purpose));
    let read = entries.flat_map(|trust| {
        CertificateDer::pem_slice_iter(trust.certificates.as_bytes()).filter_map(Result::ok)
    });
    read.collect()
}

pub(crate) fn roots(certificates: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        // What is no authority's certificate vouches for nobody.
        let _ = roots.add(certificate.clone());
    }
    roots
}

/// Whether a certificate chains to one of some authorities.
#[derive(Clone, Debug, Default)]
pub struct Judge(Option<Arc<dyn ClientCertVerifier>>);

impl Judge {
    /// A judge by those authorities; without any nobody passes.
    pub fn of(authorities: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
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

    /// What checks a certificate, signatures of its holder too; `None` where nobody passes.
    pub fn verifier(&self) -> Option<&Arc<dyn ClientCertVerifier>> {
        self.0.as_ref()
    }

    /// Whether the chain, the holder's own first, passes.
    pub fn passes(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> bool {
        match (&self.0, chain) {
            (Some(verifier), [own, others @ ..]) => {
                verifier.verify_client_cert(own, others, now).is_ok()
            }
            _ => false,
        }
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}

/// Names that a certificate, already checked, gives its holder: the subject's common names and DNS names.
pub fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
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
pub fn device(names: &[String], is_listed: impl Fn(&DeviceName) -> bool) -> Option<DeviceName> {
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
