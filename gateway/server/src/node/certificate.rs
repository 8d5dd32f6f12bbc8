//! The ends of certificates: shown as figures, and warned of in good time (OPS-08).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::settings::{Settings, TrustPurpose};
use tokio::sync::watch;

use super::Shared;
use crate::tls::trust_anchors;

/// From here on every look warns, and from there on as of something to do now.
const WARN_BEFORE: Duration = Duration::from_secs(30 * 86_400);
const URGE_BEFORE: Duration = Duration::from_secs(7 * 86_400);
const LOOK_EVERY: Duration = Duration::from_secs(86_400);

/// How much time a certificate has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Enough,
    Weeks,
    Days,
    Nothing,
}

impl Left {
    fn of(left: Duration) -> Self {
        if left.is_zero() {
            Self::Nothing
        } else if left < URGE_BEFORE {
            Self::Days
        } else if left < WARN_BEFORE {
            Self::Weeks
        } else {
            Self::Enough
        }
    }
}

/// Looks once a day, and whenever the settings change.
pub(super) async fn warn_of_expiry(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut settings = shared.port.settings_changes();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut told = BTreeSet::new();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = looks.tick() => {
                // What is wrong still is told again.
                told.clear();
                warn(&shared);
            }
            changed = settings.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
        shared.certificates.show_figures();
        let useless = useless(&shared.engine.settings(), shared.engine.now());
        for problem in useless.difference(&told) {
            tracing::warn!(problem, "a trusted certificate is of no use");
        }
        told = useless;
    }
}

fn warn(shared: &Shared) {
    let now = shared.engine.now();
    for (name, end) in shared.certificates.ends() {
        let left = end.since(now);
        let days = left.as_secs() / 86_400;
        match Left::of(left) {
            Left::Enough => {}
            Left::Weeks => tracing::warn!(name, days, "a certificate expires soon; replace it"),
            Left::Days => {
                tracing::error!(name, days, "a certificate expires within days; replace it");
            }
            Left::Nothing => tracing::error!(name, "a certificate has expired; replace it"),
        }
    }
}

/// How many of the trusted certificates are of no use.
pub(crate) fn useless_trust(settings: &Settings, now: Timestamp) -> usize {
    useless(settings, now).len()
}

/// What of the trusted certificates is of no use, in words.
fn useless(settings: &Settings, now: Timestamp) -> BTreeSet<String> {
    let mut useless = BTreeSet::new();
    for purpose in TrustPurpose::ALL {
        let anchors = trust_anchors(settings, purpose, now);
        useless.extend(anchors.problems.as_slice().iter().map(ToString::to_string));
    }
    useless
}

#[cfg(test)]
mod tests {
    use domain::settings::Trust;

    use super::*;

    #[test]
    fn ops_08_expiry_is_warned_of_from_30_days_and_urged_from_7() {
        let days = |days: u64| Left::of(Duration::from_secs(days * 86_400));
        assert_eq!([30, 29, 7].map(days), [Left::Enough, Left::Weeks, Left::Weeks]);
        assert_eq!([6, 0].map(days), [Left::Days, Left::Nothing]);
    }

    #[test]
    fn phn_14_what_is_trusted_and_of_no_use_is_told_once() {
        let trust = Trust {
            name: "broken".to_owned(),
            purposes: TrustPurpose::ALL.to_vec(),
            certificates: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
                .to_owned(),
        };
        let trust = Arc::new([(trust.name.clone(), Arc::new(trust))].into());
        let settings = Settings { trust, ..Settings::default() };
        let told = useless(&settings, Timestamp::from_seconds(0));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told.iter().all(|it| it.starts_with("trust[broken]: ")), "{told:?}");
    }
}
