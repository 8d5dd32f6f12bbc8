//! TLS for SIP: what is shown to phones, whose certificates name them, and how next hops are checked.
//!
//! A phone's certificate is asked for, never demanded: who shows none proves themselves by digest. One that
//! is shown must chain to an authority trusted for `sip_devices`. A next hop may show one too, which must chain to an authority trusted
//! for `sip_next_hops` and hold the name of one of its servers.
//!
//! When the authorities change, tickets of before open no session any more, and connections whose certificate
//! was proof are ended by whoever has them.

use std::sync::Arc;

use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::ring::Ticketer;
use rustls::server::{ResolvesServerCert, ServerSessionMemoryCache};
use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::CertificateDer;

use crate::device_certificates::{Judge, provider, roots};

/// Sessions that may be resumed without a ticket.
const SESSIONS_MAX: usize = 16_384;

/// What is shown to whoever connects; whoever shows a certificate has to pass `judge`.
pub(crate) fn server(
    certificate: Arc<dyn ResolvesServerCert>,
    judge: &Judge,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let builder =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = match judge.verifier() {
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
