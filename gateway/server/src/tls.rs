//! TLS for listeners: certificates from disk, checked before they are used, swapped while running.
//!
//! A reload replaces the whole configuration of a listener. What lets clients resume a session
//! (ticket keys, session cache) is kept over it, so nobody shakes hands anew without need. A set
//! that does not verify is refused with the reason, and the old one stays.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{
    ClientHello, ProducesTickets, ResolvesServerCert, ServerSessionMemoryCache,
    StoresServerSessions,
};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SignatureScheme};
use tokio::sync::watch;

pub(crate) mod acme;
mod certificate;
pub(crate) mod certificates;
pub(crate) mod device_certificates;
pub(crate) mod making;

use acme::{ALPN, Challenges};
pub use certificate::{Certificate, CertificateError};
pub use certificates::{Anchors, trust_anchors};
pub(crate) use device_certificates::{DeviceCertificates, Shown as ShownByDevice};

/// Sessions that clients may resume without a ticket.
const SESSIONS_MAX: usize = 8_192;

/// The TLS configuration in force, which a reload replaces.
#[derive(Debug)]
pub struct Tls {
    current: watch::Sender<Arc<ServerConfig>>,
    parts: Mutex<Parts>,
}

/// What a configuration is made of.
#[derive(Clone, Debug)]
struct Parts {
    shown: Arc<CertifiedKey>,
    resumption: Resumption,
    /// What an ACME authority is shown that looks whether a name is ours.
    challenges: Option<Arc<Challenges>>,
    /// Asks clients for a certificate, where they are asked.
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

/// What lets clients resume a session; it outlives certificates.
#[derive(Clone, Debug)]
struct Resumption {
    ticketer: Arc<dyn ProducesTickets>,
    sessions: Arc<dyn StoresServerSessions>,
}

impl Resumption {
    fn new() -> Result<Self, rustls::Error> {
        Ok(Self {
            ticketer: rustls::crypto::ring::Ticketer::new()?,
            sessions: ServerSessionMemoryCache::new(SESSIONS_MAX),
        })
    }
}

/// Why TLS cannot be set up at all.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up: {0}")]
pub struct TlsError(#[from] rustls::Error);

impl Tls {
    /// TLS with that certificate; HTTP/1.1 only, which is all that phones speak.
    pub fn new(certificate: &Certificate) -> Result<Self, TlsError> {
        Self::answering(certificate, None)
    }

    /// The same where an ACME authority may look in between.
    pub(crate) fn answering(
        certificate: &Certificate,
        challenges: Option<Arc<Challenges>>,
    ) -> Result<Self, TlsError> {
        let shown = certificate.certified_key();
        let parts = Parts { shown, resumption: Resumption::new()?, challenges, clients: None };
        let first = configuration(&parts)?;
        Ok(Self { current: watch::Sender::new(Arc::new(first)), parts: Mutex::new(parts) })
    }

    /// The configuration for the next handshake.
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.borrow())
    }

    /// Uses another certificate from the next handshake on.
    pub fn replace(&self, certificate: &Certificate) -> Result<(), TlsError> {
        self.change(|parts| {
            parts.shown = certificate.certified_key();
            Ok(())
        })
    }

    /// Asks clients for a certificate, or none, from the next handshake on. Sessions of before are resumed
    /// no more, since they would keep what was asked then.
    pub(crate) fn ask(&self, clients: Option<Arc<dyn ClientCertVerifier>>) -> Result<(), TlsError> {
        self.change(|parts| {
            parts.resumption = Resumption::new()?;
            parts.clients = clients;
            Ok(())
        })
    }

    /// Changes parts; where that fails, all stay as they are.
    fn change(
        &self,
        change: impl FnOnce(&mut Parts) -> Result<(), rustls::Error>,
    ) -> Result<(), TlsError> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = parts.clone();
        change(&mut new)?;
        self.current.send_replace(Arc::new(configuration(&new)?));
        *parts = new;
        Ok(())
    }
}

/// The certificate in force, for a listener that keeps a TLS configuration of its own: it asks with
/// every handshake, so that a replaced one needs no new configuration.
#[derive(Debug)]
pub(crate) struct Showing {
    current: watch::Sender<Arc<CertifiedKey>>,
}

impl Showing {
    /// That certificate.
    pub(crate) fn new(certificate: &Certificate) -> Self {
        Self { current: watch::Sender::new(certificate.certified_key()) }
    }

    /// Another certificate from the next handshake on.
    pub(crate) fn replace(&self, certificate: &Certificate) {
        self.current.send_replace(certificate.certified_key());
    }
}

impl ResolvesClientCert for Showing {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.borrow()))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl ResolvesServerCert for Showing {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.borrow()))
    }
}

/// The cryptography in use everywhere.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn configuration(parts: &Parts) -> Result<ServerConfig, rustls::Error> {
    let challenges = parts.challenges.clone();
    let has_challenges = challenges.is_some();
    let resolver = Shown { own: Arc::clone(&parts.shown), challenges };
    let builder =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = match &parts.clients {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
    };
    let mut new = builder.with_cert_resolver(Arc::new(resolver));
    new.alpn_protocols = vec![b"http/1.1".to_vec()];
    if has_challenges {
        new.alpn_protocols.push(ALPN.to_vec());
    }
    new.ticketer = Arc::clone(&parts.resumption.ticketer);
    new.session_storage = Arc::clone(&parts.resumption.sessions);
    Ok(new)
}

/// What a client is shown.
#[derive(Debug)]
struct Shown {
    own: Arc<CertifiedKey>,
    challenges: Option<Arc<Challenges>>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let Some(challenges) = &self.challenges
            && hello.alpn().is_some_and(|mut offered| {
                // An authority offers this protocol alone (RFC 8737, 3).
                offered.next() == Some(ALPN) && offered.next().is_none()
            })
        {
            return challenges.for_name(hello.server_name()?);
        }
        Some(Arc::clone(&self.own))
    }
}

#[cfg(test)]
mod tests;
