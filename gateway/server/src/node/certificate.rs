//! The server certificate in force: replaced on reload, and its end warned of (OPS-08).

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::Timestamp;
use engine::Metrics;
use engine::metrics::Gauge;
use tokio::sync::watch;

use super::Shared;
use crate::config::Config;
use crate::tls::{Certificate, Tls};

/// From here on every look warns.
const WARN_BEFORE: Duration = Duration::from_secs(30 * 86_400);
const LOOK_EVERY: Duration = Duration::from_secs(86_400);

/// The certificate in force.
pub(crate) struct CertificateState {
    tls: Arc<Tls>,
    in_force: RwLock<Certificate>,
    expires_at: AtomicI64,
    figure: Gauge,
}

impl CertificateState {
    pub(super) fn new(tls: Arc<Tls>, certificate: &Certificate, metrics: &Metrics) -> Self {
        let figure = metrics.gauges(
            "jackfield_certificate_expiry_timestamp_seconds",
            "When a certificate of ours expires first, in seconds since 1970.",
            &["name"],
        );
        let state = Self {
            tls,
            in_force: RwLock::new(certificate.clone()),
            expires_at: AtomicI64::new(0),
            figure: figure.with(&["server"]),
        };
        state.note(certificate);
        state
    }

    /// Reads the files again; an error leaves the old certificate in force.
    pub(super) fn reload(
        &self,
        config: &Config,
        now: Timestamp,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let files = config.certificate_files();
        let certificate = Certificate::load(&files, &config.certificate_names(), now)?;
        self.tls.replace(&certificate)?;
        self.note(&certificate);
        Ok(())
    }

    /// When it expires.
    pub(crate) fn expires_at(&self) -> Timestamp {
        Timestamp::from_microseconds(self.expires_at.load(Ordering::Acquire))
    }

    /// What clients are shown: the certificate and those that signed it, as PEM.
    pub(crate) fn pem(&self) -> Result<String, String> {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).pem()
    }

    fn note(&self, certificate: &Certificate) {
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = certificate.clone();
        self.expires_at.store(certificate.expires_at.microseconds(), Ordering::Release);
        self.figure.set(certificate.expires_at.seconds());
    }
}

/// Looks once a day.
pub(super) async fn warn_of_expiry(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    loop {
        let left = shared.certificate.expires_at().since(shared.engine.now());
        if left.is_zero() {
            tracing::error!("the server certificate has expired; replace it and reload");
        } else if left < WARN_BEFORE {
            let days = left.as_secs() / 86_400;
            tracing::warn!(days, "the server certificate expires soon; replace it and reload");
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
