//! Figures of the identity service. Label values come from closed sets, and all are shown from 0.

use domain::IdentityState;
use engine::metrics::{Counter, Counters, Gauge, Metrics};

use crate::tokens::TokenRefused;

/// Grants that the token endpoint knows, and what became of one.
const GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];
const GRANTED: [&str; 5] = ["granted", "invalid", "reused", "client", "unavailable"];
/// What becomes of a request for a code.
const AUTHORIZED: [&str; 5] = ["code", "sent_to_provider", "application", "request", "unavailable"];

/// Figures of the adapter.
pub(crate) struct Figures {
    pub(crate) sign_ons: Counters,
    pub(crate) grants: Counters,
    pub(crate) authorized: Counters,
    pub(crate) checks_good: Counter,
    pub(crate) checks_refused: Counters,
    pub(crate) certificate_end: Gauge,
    pub(crate) provider_end: Gauge,
    states: Vec<(IdentityState, Gauge)>,
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let sign_ons = metrics.counters(
            "jackfield_identity_sign_ons_total",
            "Answers of identity providers, by what became of them.",
            &["result"],
        );
        for result in ["proven", "flow_over", "replayed", "unavailable"] {
            sign_ons.with(&[result]);
        }
        let grants = metrics.counters(
            "jackfield_identity_grants_total",
            "Codes and refresh tokens that applications traded, by what became of it.",
            &["grant", "result"],
        );
        for grant in GRANTS {
            for result in GRANTED {
                grants.with(&[grant, result]);
            }
        }
        let authorized = metrics.counters(
            "jackfield_identity_authorizations_total",
            "Requests of applications for a code, by what became of them.",
            &["result"],
        );
        for result in AUTHORIZED {
            authorized.with(&[result]);
        }
        let checks_refused = metrics.counters(
            "jackfield_identity_token_refusals_total",
            "Access tokens that were not good, by why.",
            &["reason"],
        );
        for reason in TokenRefused::NAMES {
            checks_refused.with(&[reason]);
        }
        let checks_good = metrics
            .counters("jackfield_identity_token_checks_total", "Access tokens that were good.", &[])
            .with(&[]);
        let gauge = |name, help| metrics.gauges(name, help, &[]).with(&[]);
        let states = metrics.gauges(
            "jackfield_identity_state",
            "What this node's identity service can do: 1 for the state it is in.",
            &["state"],
        );
        Self {
            sign_ons,
            grants,
            authorized,
            checks_good,
            checks_refused,
            certificate_end: gauge(
                "jackfield_identity_certificate_expiry_timestamp_seconds",
                "When the certificate that signs requests to identity providers ends.",
            ),
            provider_end: gauge(
                "jackfield_identity_provider_certificate_expiry_timestamp_seconds",
                "When the last signing certificate of the identity provider ends.",
            ),
            states: IdentityState::ALL.map(|it| (it, states.with(&[it.name()]))).into(),
        }
    }

    pub(crate) fn state(&self, now: IdentityState) {
        for (state, gauge) in &self.states {
            gauge.set(i64::from(*state == now));
        }
    }
}
