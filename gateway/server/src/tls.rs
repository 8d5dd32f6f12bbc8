//! TLS for listeners: certificates from disk, checked before they are used, swapped while running.
//!
//! A reload replaces the whole configuration of a listener. What lets clients resume a session
//! (ticket keys, session cache) is kept over it, so nobody shakes hands anew without need. A set
//! that does not verify is refused with the reason, and the old one stays.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};
use rustls::sign::SingleCertAndKey;
use tokio::sync::watch;

mod certificate;
pub(crate) mod certificates;
pub(crate) mod making;

pub use certificate::{Certificate, CertificateError};
pub use certificates::{Anchors, trust_anchors};

/// Sessions that clients may resume without a ticket.
const SESSIONS_MAX: usize = 8_192;

/// The TLS configuration in force, which a reload replaces.
#[derive(Debug)]
pub struct Tls {
    current: watch::Sender<Arc<ServerConfig>>,
    resumption: Resumption,
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
        let resumption = Resumption {
            ticketer: rustls::crypto::ring::Ticketer::new()?,
            sessions: ServerSessionMemoryCache::new(SESSIONS_MAX),
        };
        let current = watch::Sender::new(Arc::new(configuration(certificate, &resumption)?));
        Ok(Self { current, resumption })
    }

    /// The configuration for the next handshake.
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.borrow())
    }

    /// Uses another certificate from the next handshake on.
    pub fn replace(&self, certificate: &Certificate) -> Result<(), TlsError> {
        let new = configuration(certificate, &self.resumption)?;
        self.current.send_replace(Arc::new(new));
        Ok(())
    }
}

/// The cryptography in use everywhere.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn configuration(
    certificate: &Certificate,
    resumption: &Resumption,
) -> Result<ServerConfig, rustls::Error> {
    let resolver = SingleCertAndKey::from(certificate.certified_key());
    let mut new = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    new.alpn_protocols = vec![b"http/1.1".to_vec()];
    new.ticketer = Arc::clone(&resumption.ticketer);
    new.session_storage = Arc::clone(&resumption.sessions);
    Ok(new)
}

#[cfg(test)]
mod tests;
