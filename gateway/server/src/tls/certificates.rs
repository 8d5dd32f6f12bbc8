//! The certificates of a node: which are in force, how others take their place, and who learns of them.
//!
//! ```text
//!   files --load--> in force --Tls::replace--> listeners          (a purpose without its own shows the
//!             ^          |                                          server's)
//!   checked --'          +--> figures, list, export, what other nodes are told
//!     ^
//!   given: PEM, PKCS #12, a new self-signed one, what an ACME authority signed
//! ```
//!
//! One change at a time; nothing is changed before all of it was checked. [`Certificates`] owns what is
//! in force; [`Tls`] of each listener owns the configuration of the next handshake. SIP has a
//! configuration of its own and asks [`Showing`] for the certificate.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::settings::Settings;
use domain::{NodeName, Problems, Timestamp};
use engine::metrics::Gauges;
use engine::{Engine, Metrics};
use rustls::client::ResolvesClientCert;
use rustls::server::ResolvesServerCert;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Serialize;
use tokio::sync::watch;

use super::acme::{self, Acme, AcmeState, Challenges};
use super::making::{self, MakingError};
use super::{Certificate, CertificateError, Showing, Tls, TlsError};
use crate::config::{AcmeChallenge, Config};

mod checked;
mod der_elements;
mod described;
mod export;
mod given;
mod importing;
mod password_based;
mod pkcs12;
mod places;
mod request;
#[cfg(test)]
mod tests;
mod trusted;

pub(crate) use described::Described;
pub(crate) use export::{OfNode, SAID_CERTIFICATES};
pub(crate) use given::BYTES_MAX;
pub(crate) use importing::Imported;
pub(crate) use request::{KeyWish, NAMES_MAX, Wish};
pub use trusted::{Anchors, trust_anchors};
pub(crate) use trusted::{Trusted, of_system};

use places::Places;

/// What a certificate is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// Every listener that has none of its own.
    Server,
    /// The listener for phones.
    Phone,
    /// The listener for administrators.
    Console,
    /// The listener for SIP over TLS.
    Sip,
    /// The listener for phones that ask for their headset.
    Headset,
}

impl Purpose {
    /// Every purpose.
    pub(crate) const ALL: [Self; 5] =
        [Self::Server, Self::Phone, Self::Console, Self::Sip, Self::Headset];
    /// Those that are listeners.
    const LISTENERS: [Self; 4] = [Self::Phone, Self::Console, Self::Sip, Self::Headset];

    /// Its name in files, figures and commands.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Phone => "phone",
            Self::Console => "console",
            Self::Sip => "sip",
            Self::Headset => "headset",
        }
    }

    /// The names that a certificate for it has to cover.
    fn names(self, config: &Config) -> Vec<NodeName> {
        match self {
            Self::Server | Self::Phone => config.certificate_names(),
            Self::Console | Self::Sip => vec![config.name.clone()],
            Self::Headset => vec![config.headset.public_name.clone()],
        }
    }

    /// Whether the node has that listener at all.
    fn is_here(self, config: &Config) -> bool {
        match self {
            Self::Sip => !config.sip.tls.is_empty(),
            Self::Headset => !config.headset.addresses.is_empty(),
            _ => true,
        }
    }
}

/// All certificates of a node.
pub(crate) struct Certificates {
    places: Places,
    /// Files that the configuration names; they rule then.
    configured: bool,
    names: BTreeMap<Purpose, Vec<NodeName>>,
    engine: Arc<Engine>,
    tls: BTreeMap<Purpose, Arc<Tls>>,
    sip: Arc<Showing>,
    /// Listeners that there are.
    listeners: Vec<Purpose>,
    /// The server's own always, others where they have one.
    in_force: RwLock<BTreeMap<Purpose, Certificate>>,
    figure: Gauges,
    shown: Mutex<BTreeSet<String>>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
    /// Who signs the server's certificate by itself.
    acme: Option<Arc<Acme>>,
    /// Rises with every change of what is in force.
    changes: watch::Sender<u64>,
    /// What the shared store has of this node, by its digest.
    published: RwLock<Option<String>>,
}

/// Certificates that were read, before the node has anything to show them with.
pub(crate) struct Loaded {
    in_force: BTreeMap<Purpose, Certificate>,
    tls: BTreeMap<Purpose, Arc<Tls>>,
    sip: Arc<Showing>,
    acme: Option<Arc<Acme>>,
}

/// What a node has and knows of certificates.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Inventory {
    /// What is in force.
    pub(crate) in_force: Vec<InForce>,
    /// Requests whose certificates are not here yet.
    pub(crate) pending: Vec<Pending>,
    /// What the settings trust.
    pub(crate) trusted: Vec<Trusted>,
    /// How it stands with the authority that signs by itself.
    pub(crate) acme: Option<AcmeState>,
}

/// A certificate in force.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InForce {
    /// For what.
    pub(crate) purpose: Purpose,
    /// The listeners that show it.
    pub(crate) listeners: Vec<Purpose>,
    /// Whether the configuration names its files.
    pub(crate) configured: bool,
    /// The certificate itself.
    #[serde(flatten)]
    pub(crate) certificate: Described,
    /// Those that signed it, in order.
    pub(crate) chain: Vec<Described>,
    /// All of them as PEM.
    pub(crate) text: String,
}

/// A signing request whose certificate is not here yet.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Pending {
    /// For what.
    pub(crate) purpose: Purpose,
    /// The request as PEM.
    pub(crate) text: String,
}

/// Finishes changes that an interruption left half done.
pub(crate) fn finish_interrupted(config: &Config) -> io::Result<()> {
    if config.certificate.is_none() {
        let places = Places::new(config.certificates_folder());
        for purpose in Purpose::ALL {
            if places.finish(purpose)? {
                let purpose = purpose.name();
                tracing::warn!(
                    purpose,
                    "a certificate whose change was interrupted is in place now"
                );
            }
        }
    }
    Ok(())
}

/// Where an authority signed by itself for names that are ours no more, a self-signed certificate takes
/// the place until it signed anew: else the node would not start.
pub(crate) fn replace_renamed(config: &Config, now: Timestamp) -> Result<bool, MakingError> {
    let (files, names) = (config.certificate_files(), config.certificate_names());
    let is_missing =
        |fault: &CertificateError| matches!(fault, CertificateError::NameMissing { .. });
    if config.certificate.is_some()
        || !files.certificate.exists()
        || !Certificate::faults(&files, &names, now).iter().any(is_missing)
    {
        return Ok(false);
    }
    let text = std::fs::read(&files.certificate)?;
    let shown = CertificateDer::from_pem_slice(&text).ok().and_then(|der| Described::of(&der).ok());
    let folder = config.certificates_folder();
    if !shown.is_some_and(|shown| acme::signed(&folder, &shown.sha256)) {
        return Ok(false);
    }
    let (chain, key) = making::fresh(&names, now)?;
    Places::new(folder).install(Purpose::Server, &chain, &key)?;
    Ok(true)
}

impl Loaded {
    /// Reads what a node that starts shows. What has merely expired is used all the same, and told.
    pub(crate) fn read(config: &Config, now: Timestamp) -> Result<Self, LoadError> {
        let names = config.certificate_names();
        let mut in_force = BTreeMap::new();
        let (server, expired) =
            Certificate::load_though_expired(&config.certificate_files(), &names, now)?;
        tell_expired(Purpose::Server, expired);
        let sip = Arc::new(Showing::new(&server));
        in_force.insert(Purpose::Server, server);
        if config.certificate.is_none() {
            let places = Places::new(config.certificates_folder());
            for purpose in Purpose::LISTENERS {
                let files = places.files(purpose);
                if !files.certificate.exists() {
                    continue;
                }
                match Certificate::load_though_expired(&files, &purpose.names(config), now) {
                    Ok((certificate, expired)) => {
                        tell_expired(purpose, expired);
                        in_force.insert(purpose, certificate);
                    }
                    // The server's own serves worse than the right one, and better than none.
                    Err(fault) => {
                        let purpose = purpose.name();
                        tracing::error!(purpose, %fault, "the server's certificate is shown instead");
                    }
                }
            }
        }
        let acme = config.acme.clone().map(|it| Acme::new(it, config.certificates_folder()));
        let looks_here = |acme: &&Arc<Acme>| acme.challenge() == AcmeChallenge::TlsAlpn01;
        let challenges = acme.as_ref().filter(looks_here).map(|acme| acme.challenges());
        let mut tls = BTreeMap::new();
        if let Some(certificate) = shown_by(&in_force, Purpose::Sip) {
            sip.replace(certificate);
        }
        for listener in [Purpose::Phone, Purpose::Console] {
            if let Some(certificate) = shown_by(&in_force, listener) {
                tls.insert(listener, Arc::new(Tls::answering(certificate, challenges.clone())?));
            }
        }
        if let Some(certificate) = shown_by(&in_force, Purpose::Headset) {
            tls.insert(Purpose::Headset, Arc::new(Tls::new(certificate)?));
        }
        Ok(Self { in_force, tls, sip, acme })
    }

    /// What an ACME authority is answered on a plain port.
    pub(crate) fn challenges(&self) -> Option<Arc<Challenges>> {
        self.acme.as_ref().map(|acme| acme.challenges())
    }

    /// The TLS of a listener.
    pub(crate) fn tls(&self, listener: Purpose) -> Option<Arc<Tls>> {
        self.tls.get(&listener).cloned()
    }
}

/// Why a node cannot show certificates.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The server's own does not verify.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// The one that a listener shows.
fn shown_by(in_force: &BTreeMap<Purpose, Certificate>, listener: Purpose) -> Option<&Certificate> {
    in_force.get(&listener).or_else(|| in_force.get(&Purpose::Server))
}

fn tell_expired(purpose: Purpose, fault: Option<CertificateError>) {
    if let Some(fault) = fault {
        let purpose = purpose.name();
        tracing::error!(purpose, %fault, "phones may refuse us; replace the certificate and reload");
    }
}

impl Certificates {
    pub(crate) fn new(
        loaded: Loaded,
        config: &Config,
        engine: Arc<Engine>,
        metrics: &Metrics,
    ) -> Arc<Self> {
        let figure = metrics.gauges(
            "jackfield_certificate_expiry_timestamp_seconds",
            "When a certificate of ours or one we trust expires first, in seconds since 1970.",
            &["name"],
        );
        let certificates = Self {
            places: Places::new(config.certificates_folder()),
            configured: config.certificate.is_some(),
            names: Purpose::ALL.map(|purpose| (purpose, purpose.names(config))).into(),
            engine,
            tls: loaded.tls,
            sip: loaded.sip,
            listeners: Purpose::LISTENERS.into_iter().filter(|it| it.is_here(config)).collect(),
            in_force: RwLock::new(loaded.in_force),
            figure,
            shown: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            acme: loaded.acme,
            changes: watch::Sender::new(0),
            published: RwLock::default(),
        };
        certificates.show_figures();
        Arc::new(certificates)
    }

    /// Reads the files again; what does not verify leaves the old certificate in force.
    pub(crate) async fn reload(&self, config: &Config, now: Timestamp) -> Result<(), Problems> {
        let _changing = self.changing.lock().await;
        let mut problems = Problems::default();
        problems.keep("certificate", finish_interrupted(config));
        let mut read = BTreeMap::new();
        for purpose in Purpose::ALL {
            let files = match purpose {
                Purpose::Server => config.certificate_files(),
                _ => self.places.files(purpose),
            };
            if purpose != Purpose::Server && (self.configured || !files.certificate.exists()) {
                continue;
            }
            let loaded = Certificate::load(&files, self.names(purpose), now);
            if let Some(certificate) = problems.keep(purpose.name(), loaded) {
                read.insert(purpose, certificate);
            } else if let Some(old) = self.certificate(purpose) {
                read.insert(purpose, old);
            }
        }
        problems.keep("certificate", self.use_all(read));
        problems.into_result()
    }

    /// When the server's own certificate expires, or the first one that a listener shows.
    pub(crate) fn expires_at(&self) -> Timestamp {
        let in_force = self.in_force.read().unwrap_or_else(PoisonError::into_inner);
        in_force.values().map(|it| it.expires_at).min().unwrap_or(Timestamp::from_seconds(0))
    }

    /// What phones are shown: the certificate and those that signed it, as PEM.
    pub(crate) fn pem(&self) -> Result<String, String> {
        let in_force = self.in_force.read().unwrap_or_else(PoisonError::into_inner);
        shown_by(&in_force, Purpose::Phone)
            .map(Certificate::pem)
            .unwrap_or_else(|| Ok(String::new()))
    }

    /// What the node has and knows.
    pub(crate) fn list(&self) -> Inventory {
        let in_force = self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone();
        let listeners = |purpose| -> Vec<Purpose> {
            let shows = |listener: &Purpose| match in_force.contains_key(listener) {
                true => *listener == purpose,
                false => purpose == Purpose::Server,
            };
            self.listeners.iter().copied().filter(shows).collect()
        };
        let told = in_force.iter().filter_map(|(purpose, certificate)| {
            let mut chain = certificate.chain().iter().filter_map(|der| Described::of(der).ok());
            Some(InForce {
                purpose: *purpose,
                listeners: listeners(*purpose),
                configured: self.configured,
                certificate: chain.next()?,
                chain: chain.collect(),
                text: certificate.pem().unwrap_or_default(),
            })
        });
        let pending = Purpose::ALL.into_iter().filter_map(|purpose| {
            let text = std::fs::read_to_string(self.places.pending_request(purpose)).ok()?;
            Some(Pending { purpose, text })
        });
        let (in_force, pending) = (told.collect(), pending.collect());
        let trusted = trusted::list(&self.engine.settings());
        Inventory { in_force, pending, trusted, acme: self.acme_state() }
    }

    /// How it stands with the authority that signs by itself, where one is configured.
    pub(crate) fn acme_state(&self) -> Option<AcmeState> {
        self.acme.as_ref().map(|acme| acme.state())
    }

    /// The one that keeps the server's certificate signed.
    pub(crate) fn acme(&self) -> Option<Arc<Acme>> {
        self.acme.clone()
    }

    /// The certificate in force for `purpose`.
    pub(crate) fn described(&self, purpose: Purpose) -> Option<Described> {
        Described::of(self.certificate(purpose)?.chain().first()?).ok()
    }

    /// The names that a certificate for `purpose` has to cover.
    pub(crate) fn names(&self, purpose: Purpose) -> &[NodeName] {
        self.names.get(&purpose).map(Vec::as_slice).unwrap_or_default()
    }

    /// The time of day.
    pub(crate) fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Names of certificates in force and of those that the settings trust, each with its end.
    pub(crate) fn ends(&self) -> Vec<(String, Timestamp)> {
        let in_force = self.in_force.read().unwrap_or_else(PoisonError::into_inner);
        let own = in_force.iter().map(|(purpose, it)| (purpose.name().to_owned(), it.expires_at));
        let mut ends: Vec<_> = own.collect();
        drop(in_force);
        let settings: Arc<Settings> = self.engine.settings();
        ends.extend(trusted::ends(&settings));
        ends
    }

    /// Brings the figures up to date; those of certificates that are gone go too.
    pub(crate) fn show_figures(&self) {
        let ends = self.ends();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let names: BTreeSet<_> = ends.iter().map(|(name, _)| name.clone()).collect();
        for gone in shown.difference(&names) {
            self.figure.forget(&[gone]);
        }
        for (name, end) in &ends {
            self.figure.with(&[name]).set(end.seconds());
        }
        *shown = names;
    }

    /// What SIP over TLS shows to whoever connects, always that in force.
    pub(crate) fn sip_server(&self) -> Arc<dyn ResolvesServerCert> {
        Arc::clone(&self.sip) as Arc<dyn ResolvesServerCert>
    }

    /// The same to next hops that ask who connects.
    pub(crate) fn sip_client(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::clone(&self.sip) as Arc<dyn ResolvesClientCert>
    }

    /// Rises with every change of what is in force.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn certificate(&self, purpose: Purpose) -> Option<Certificate> {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).get(&purpose).cloned()
    }

    /// Puts `certificate` in force for `purpose`, others as they are.
    fn use_one(&self, purpose: Purpose, certificate: Certificate) -> Result<(), TlsError> {
        let mut all = self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone();
        all.insert(purpose, certificate);
        self.use_all(all)
    }

    /// Shows these from the next handshakes on.
    fn use_all(&self, certificates: BTreeMap<Purpose, Certificate>) -> Result<(), TlsError> {
        for (listener, tls) in &self.tls {
            if let Some(certificate) = shown_by(&certificates, *listener) {
                tls.replace(certificate)?;
            }
        }
        if let Some(certificate) = shown_by(&certificates, Purpose::Sip) {
            self.sip.replace(certificate);
        }
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = certificates;
        self.show_figures();
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }
}

/// A path in words.
fn told(path: &Path) -> String {
    path.display().to_string()
}

/// Certificates that are known here, for the end of a chain.
fn known(settings: &Settings) -> Vec<CertificateDer<'static>> {
    let mut known = trusted::of_settings(settings);
    known.extend(of_system());
    known
}
