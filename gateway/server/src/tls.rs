//! TLS for listeners: certificates from disk, checked before they are used, swapped while running.
//!
//! A reload replaces the whole configuration of a listener. What lets clients resume a session
//! (ticket keys, session cache) is kept over it, so nobody shakes hands anew without need. A set
//! that does not verify is refused with the reason, and the old one stays.

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
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
pub(crate) mod making;

use acme::{ALPN, Challenges};
pub use certificate::{Certificate, CertificateError};
pub use certificates::{Anchors, trust_anchors};

/// Sessions that clients may resume without a ticket.
const SESSIONS_MAX: usize = 8_192;

/// The TLS configuration in force, which a reload replaces.
#[derive(Debug)]
pub struct Tls {
    current: watch::Sender<Arc<ServerConfig>>,
    resumption: Resumption,
    /// What an ACME authority is shown that looks whether a name is ours.
    challenges: Option<Arc<Challenges>>,
}

/// What lets clients resume a session; it outlives certificates.
#[derive(Clone, Debug)]
struct Resumption {
    ticketer: Arc<dyn ProducesTickets>,
    sessions: Arc<dyn StoresServerSessions>,
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
        let resumption = Resumption {
            ticketer: rustls::crypto::ring::Ticketer::new()?,
            sessions: ServerSessionMemoryCache::new(SESSIONS_MAX),
        };
        let first = configuration(certificate, &resumption, challenges.as_ref())?;
        Ok(Self { current: watch::Sender::new(Arc::new(first)), resumption, challenges })
    }

    /// The configuration for the next handshake.
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.borrow())
    }

    /// Uses another certificate from the next handshake on.
    pub fn replace(&self, certificate: &Certificate) -> Result<(), TlsError> {
        let new = configuration(certificate, &self.resumption, self.challenges.as_ref())?;
        self.current.send_replace(Arc::new(new));
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

fn configuration(
    certificate: &Certificate,
    resumption: &Resumption,
    challenges: Option<&Arc<Challenges>>,
) -> Result<ServerConfig, rustls::Error> {
    let resolver = Shown { own: certificate.certified_key(), challenges: challenges.cloned() };
    let mut new = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    new.alpn_protocols = vec![b"http/1.1".to_vec()];
    if challenges.is_some() {
        new.alpn_protocols.push(ALPN.to_vec());
    }
    new.ticketer = Arc::clone(&resumption.ticketer);
    new.session_storage = Arc::clone(&resumption.sessions);
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
