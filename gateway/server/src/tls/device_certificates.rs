//! Certificates that devices show in the handshake, and which device each proves.
//!
//! ```text
//!   handshake --whoever signed, the key is its holder's--> Shown --with each request--> Judging --> device
//! ```
//!
//! A certificate is asked for, never demanded, and one that nobody here trusts opens a connection as none
//! does: a phone whose maker nobody knows proves itself in another way. What the handshake proves is that the
//! peer has the key. Whether the certificate passes is judged with the first request, again when the settings
//! trust others, and now and then, since a connection may outlive a certificate. A resumed session brings its
//! certificate along, sealed in a ticket of ours, and is judged like any other.
//!
//! As long as the settings trust nobody for it, nobody is asked. When they trust others, tickets of before
//! open no session any more: who showed nothing may have something to show now.
//!
//! [`DeviceCertificates`] owns who is trusted; [`Tls`] the configuration of the next handshake; each
//! connection its [`Shown`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use domain::settings::{Settings, Trust, TrustPurpose};
use domain::{Principal, Proof, Timestamp};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CommonState, DigitallySignedStruct, DistinguishedName, Error as RustlsError, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use sip::device_certificates::{Judge, device, names, trusted};

use super::Tls;

/// How long a judgement holds.
const JUDGED_FOR: Duration = Duration::from_secs(60);
/// The most bytes of authorities' names that a client is told; with more it is told none, which asks for
/// whatever it has.
const HINT_BYTES_MAX: usize = 16 * 1024;

/// The settings in force.
type InForce = Box<dyn Fn() -> Arc<Settings> + Send + Sync>;

/// Who proves to be a device by a certificate.
pub(crate) struct DeviceCertificates {
    settings: InForce,
    tls: Arc<Tls>,
    judging: RwLock<Arc<Judging>>,
}

/// By whom certificates are judged.
#[derive(Debug, Default)]
struct Judging {
    /// The settings' part that it was made of.
    trust: Arc<BTreeMap<String, Arc<Trust>>>,
    authorities: Vec<CertificateDer<'static>>,
    judge: Judge,
    /// Rises with each change of the authorities.
    number: u64,
}

/// What a peer showed in the handshake.
pub(crate) struct Shown {
    /// Its own certificate first.
    chain: Vec<CertificateDer<'static>>,
    names: Vec<String>,
    verdict: Mutex<Option<Verdict>>,
}

#[derive(Clone, Copy)]
struct Verdict {
    by: u64,
    at: Timestamp,
    passes: bool,
}

impl DeviceCertificates {
    /// For the listener with that TLS, as `settings` say.
    pub(crate) fn new(settings: InForce, tls: Arc<Tls>) -> Arc<Self> {
        let it = Self { settings, tls, judging: RwLock::default() };
        it.follow();
        Arc::new(it)
    }

    /// Takes over whom the settings in force trust, for the next handshakes too.
    pub(crate) fn follow(&self) {
        self.judging();
    }

    /// What the peer of that connection showed; `None` where it showed nothing.
    pub(crate) fn shown(&self, connection: &CommonState) -> Option<Shown> {
        let chain = connection.peer_certificates()?;
        let names = names(chain.first()?);
        let chain = chain.iter().map(|it| it.clone().into_owned()).collect();
        Some(Shown { chain, names, verdict: Mutex::default() })
    }

    /// The device that `shown` proves at `now`.
    pub(crate) fn principal(&self, shown: &Shown, now: Timestamp) -> Option<Principal> {
        let (settings, judging) = self.judging();
        if !shown.passes(&judging, now) {
            return None;
        }
        // A profile is no phone: it is on whichever took it.
        let is_phone = |name: &_| settings.devices.get(name).is_some_and(|it| !it.profile);
        let device = device(&shown.names, is_phone)?;
        Some(Principal {
            who: device.to_string(),
            roles: Vec::new(),
            how: Proof::ClientCertificate,
            session: None,
            identity: None,
            teams: Vec::new(),
        })
    }

    /// The settings in force and whom they trust.
    fn judging(&self) -> (Arc<Settings>, Arc<Judging>) {
        let settings = (self.settings)();
        let current = Arc::clone(&self.judging.read().unwrap_or_else(PoisonError::into_inner));
        if Arc::ptr_eq(&current.trust, &settings.trust) {
            return (settings, current);
        }
        let mut current = self.judging.write().unwrap_or_else(PoisonError::into_inner);
        // Looked at under the lock, so that what is older never takes the place of what is newer.
        let settings = (self.settings)();
        if !Arc::ptr_eq(&current.trust, &settings.trust) {
            *current = Arc::new(self.next(&current, &settings));
        }
        (settings, Arc::clone(&current))
    }

    fn next(&self, before: &Judging, settings: &Settings) -> Judging {
        let trust = Arc::clone(&settings.trust);
        let authorities = trusted(settings, TrustPurpose::HeadsetDevices);
        if authorities == before.authorities {
            let (judge, number) = (before.judge.clone(), before.number);
            return Judging { trust, authorities, judge, number };
        }
        let judge = Judge::of(&authorities).unwrap_or_else(|error| {
            tracing::error!(%error, "trust for headset_devices cannot be used");
            Judge::default()
        });
        let holder = judge.verifier().map(|verifier| AnyHolder::asked(Arc::clone(verifier)));
        if let Err(error) = self.tls.ask(holder) {
            tracing::error!(%error, "handshakes go on as before");
        }
        Judging { trust, authorities, judge, number: before.number.wrapping_add(1) }
    }
}

impl Shown {
    fn passes(&self, judging: &Judging, now: Timestamp) -> bool {
        let mut verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        let holds =
            |it: &Verdict| it.by == judging.number && it.at <= now && now.since(it.at) < JUDGED_FOR;
        if let Some(verdict) = verdict.filter(holds) {
            return verdict.passes;
        }
        let since = u64::try_from(now.microseconds()).unwrap_or_default();
        let at = UnixTime::since_unix_epoch(Duration::from_micros(since));
        let passes = judging.judge.passes(&self.chain, at);
        if !passes {
            tracing::debug!(names = ?self.names, "a certificate of a device does not pass");
        }
        *verdict = Some(Verdict { by: judging.number, at: now, passes });
        passes
    }
}

/// Asks for a certificate and takes any whose key its holder has.
#[derive(Debug)]
struct AnyHolder {
    /// Checks what the holder signed.
    verifier: Arc<dyn ClientCertVerifier>,
    has_hints: bool,
}

impl AnyHolder {
    fn asked(verifier: Arc<dyn ClientCertVerifier>) -> Arc<dyn ClientCertVerifier> {
        let hints = verifier.root_hint_subjects().iter();
        let bytes: usize = hints.map(|name| name.as_ref().len().saturating_add(2)).sum();
        Arc::new(Self { has_hints: bytes <= HINT_BYTES_MAX, verifier })
    }
}

impl ClientCertVerifier for AnyHolder {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        if self.has_hints { self.verifier.root_hint_subjects() } else { &[] }
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, RustlsError> {
        // Nothing is proven by that: it is judged with the requests.
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
