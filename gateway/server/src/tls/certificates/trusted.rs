//! Certificates of others that we trust: those of the settings, each for its purposes, and this machine's.

use std::path::Path;
use std::sync::Arc;

use domain::settings::{Settings, Trust, TrustPurpose};
use domain::{Problems, Timestamp};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Serialize;

use super::Described;

/// Where systems keep the authorities they trust: Debian and its kin, Red Hat and its kin.
const BUNDLES: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// An entry of the settings.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Trusted {
    /// Its name.
    pub(crate) name: String,
    /// What it is trusted for.
    pub(crate) purposes: Vec<&'static str>,
    /// Its certificates.
    pub(crate) certificates: Vec<Described>,
    /// What is wrong with it.
    pub(crate) problems: Vec<String>,
}

/// Whom to trust for something, and what of the settings is of no use.
#[derive(Clone, Debug)]
pub struct Anchors {
    /// Authorities, and certificates that stand for themselves.
    pub roots: RootCertStore,
    /// Entries that are left out, under their names.
    pub problems: Problems,
}

/// Whom the settings trust for `purpose` at `now`. What is malformed or has expired is left out and told.
pub fn trust_anchors(settings: &Settings, purpose: TrustPurpose, now: Timestamp) -> Anchors {
    let mut roots = RootCertStore::empty();
    let mut problems = Problems::default();
    for trust in settings.trust.values().filter(|it| it.purposes.contains(&purpose)) {
        let key = format!("trust[{}]", trust.name);
        for certificate in read(trust) {
            let usable = certificate.and_then(|(der, described)| {
                if described.expires_at() < now {
                    return Err(format!("the certificate of {:?} has expired", described.subject));
                }
                roots.add(der).map_err(|error| format!("{:?}: {error}", described.subject))
            });
            problems.keep(&key, usable);
        }
    }
    Anchors { roots, problems }
}

/// Each certificate of an entry, or what is wrong with it.
fn read(trust: &Trust) -> Vec<Result<(CertificateDer<'static>, Described), String>> {
    let one = |der: Result<CertificateDer<'_>, rustls_pki_types::pem::Error>| {
        let der = der.map_err(|error| format!("is no PEM: {error}"))?.into_owned();
        let described = Described::of(&der).map_err(|error| error.to_string())?;
        Ok((der, described))
    };
    CertificateDer::pem_slice_iter(trust.certificates.as_bytes()).map(one).collect()
}

/// All entries of the settings in words.
pub(super) fn list(settings: &Settings) -> Vec<Trusted> {
    let told = |trust: &Arc<Trust>| {
        let mut certificates = Vec::new();
        let mut problems = Vec::new();
        for certificate in read(trust) {
            match certificate {
                Ok((_, described)) => certificates.push(described),
                Err(why) => problems.push(why),
            }
        }
        let purposes = trust.purposes.iter().map(|purpose| purpose.name()).collect();
        Trusted { name: trust.name.clone(), purposes, certificates, problems }
    };
    settings.trust.values().map(told).collect()
}

/// When the first certificate of each entry expires, under the name that figures have.
pub(super) fn ends(settings: &Settings) -> Vec<(String, Timestamp)> {
    let first = |trust: &Arc<Trust>| {
        let ends = read(trust).into_iter().filter_map(Result::ok);
        let first = ends.map(|(_, described)| described.expires_at()).min()?;
        Some((format!("trust/{}", trust.name), first))
    };
    settings.trust.values().filter_map(first).collect()
}

/// Certificates of all entries, whatever they are trusted for.
pub(super) fn of_settings(settings: &Settings) -> Vec<CertificateDer<'static>> {
    let all = settings.trust.values().flat_map(|trust| read(trust));
    all.filter_map(|it| it.ok().map(|(der, _)| der)).collect()
}

/// The authorities that this machine trusts; none where it keeps no bundle of them.
pub(crate) fn of_system() -> Vec<CertificateDer<'static>> {
    let Some(path) = BUNDLES.iter().map(Path::new).find(|path| path.exists()) else {
        return Vec::new();
    };
    let certificates = CertificateDer::pem_file_iter(path);
    certificates.map(|all| all.filter_map(Result::ok).collect()).unwrap_or_default()
}
