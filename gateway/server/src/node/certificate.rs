//! The ends of certificates: shown as figures, and warned of in good time (OPS-08).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Shared;

/// From here on every look warns, and from there on as of something to do now.
const WARN_BEFORE: Duration = Duration::from_secs(30 * 86_400);
const URGE_BEFORE: Duration = Duration::from_secs(7 * 86_400);
const LOOK_EVERY: Duration = Duration::from_secs(86_400);

/// Looks once a day, and brings the figures up to date whenever the settings trust others.
pub(super) async fn warn_of_expiry(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut settings = shared.port.settings_changes();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = looks.tick() => warn(&shared),
            changed = settings.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
        shared.certificates.show_figures();
    }
}

fn warn(shared: &Shared) {
    let now = shared.engine.now();
    for (name, end) in shared.certificates.ends() {
        let left = end.since(now);
        let days = left.as_secs() / 86_400;
        if left.is_zero() {
            tracing::error!(name, "a certificate has expired; replace it");
        } else if left < URGE_BEFORE {
            tracing::error!(name, days, "a certificate expires within days; replace it");
        } else if left < WARN_BEFORE {
            tracing::warn!(name, days, "a certificate expires soon; replace it");
        }
    }
}
