//! Figures of the phone service. Label values come from closed sets, and all are shown from 0.

use std::time::Duration;

use engine::Metrics;
use engine::metrics::{Counter, Gauge, Histogram};

use crate::PushReason;
use crate::translate::ScreenName;

/// Results of sign-ins: `ok`, or the name of a problem.
const SIGN_IN_RESULTS: [&str; 24] = [
    "ok",
    "wrong",
    "locked",
    "busy",
    "unavailable",
    "maintenance",
    "no_agent",
    "extension_unknown",
    "extension_in_use",
    "device_unknown",
    "device_in_use",
    "mobile",
    "in_call",
    "mobile_not_offered",
    "signed_on_elsewhere",
    "owner_away",
    "not_confirmed",
    "several_pairs",
    "leaving",
    "owner_refused",
    "parameter",
    "no_form",
    "link",
    "internal",
];
const PRESSES: [&str; 4] = ["ready", "not_ready", "wrap_up", "sign_out"];
const PRESS_RESULTS: [&str; 5] = ["done", "stale", "refused", "unclear", "failed"];
const LINK_FAULTS: [&str; 5] = ["foreign", "expired", "over", "cookie", "address"];
const CALLBACK_RESULTS: [&str; 3] = ["authorized", "refused", "limited"];

/// Counters by the values of one label, in the order of a constant.
struct Family(Vec<(&'static str, Counter)>);

impl Family {
    fn new(
        metrics: &Metrics,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let counters = metrics.counters(name, help, &[label]);
        Self(values.into_iter().map(|value| (value, counters.with(&[value]))).collect())
    }

    fn count(&self, value: &str) {
        if let Some((_, counter)) = self.0.iter().find(|(own, _)| *own == value) {
            counter.increment();
        }
    }
}

/// All figures.
pub(crate) struct Figures {
    pages: Family,
    sign_ins: Family,
    presses: Vec<(&'static str, Family)>,
    links: Family,
    pushes: Family,
    push_seconds: Histogram,
    states: Vec<(PushReason, Gauge)>,
    callbacks: Family,
    /// Agents signed out because their phone was silent.
    pub(crate) inactive: Counter,
    /// Phones that show a signed-in agent.
    pub(crate) screens: Gauge,
    /// Incomplete sign-ins kept in memory.
    pub(crate) pending: Gauge,
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let presses = metrics.counters(
            "jackfield_phone_presses_total",
            "Keys pressed on phones, by what they ask for and what came of it",
            &["press", "result"],
        );
        let presses = PRESSES.map(|press| {
            let results = PRESS_RESULTS.map(|result| (result, presses.with(&[press, result])));
            (press, Family(results.into()))
        });
        let states = metrics.gauges(
            "jackfield_phone_push_states",
            "Phones by how the last push to them went",
            &["reason"],
        );
        let reasons = PushReason::ALL.map(PushReason::name);
        Self {
            pages: Family::new(
                metrics,
                "jackfield_phone_pages_total",
                "Pages given to phones, by screen",
                "screen",
                ScreenName::ALL.map(ScreenName::name),
            ),
            sign_ins: Family::new(
                metrics,
                "jackfield_phone_sign_ins_total",
                "Sign-ins tried on phones, by result",
                "result",
                SIGN_IN_RESULTS,
            ),
            presses: presses.into(),
            links: Family::new(
                metrics,
                "jackfield_phone_links_refused_total",
                "Links of phones that were not followed, by reason",
                "reason",
                LINK_FAULTS,
            ),
            pushes: Family::new(
                metrics,
                "jackfield_phone_pushes_total",
                "Pushes to phones, by how they went",
                "result",
                reasons,
            ),
            push_seconds: metrics
                .seconds(
                    "jackfield_phone_push_seconds",
                    "How long a push took until the phone answered or was given up",
                    &[],
                )
                .with(&[]),
            states: PushReason::ALL.map(|reason| (reason, states.with(&[reason.name()]))).into(),
            callbacks: Family::new(
                metrics,
                "jackfield_phone_authentications_total",
                "Questions of phones whether a push is ours, by answer",
                "answer",
                CALLBACK_RESULTS,
            ),
            inactive: metrics
                .counters(
                    "jackfield_phone_inactive_sign_outs_total",
                    "Agents signed out because their phone was silent",
                    &[],
                )
                .with(&[]),
            screens: metrics
                .gauges("jackfield_phone_screens", "Phones that show a signed-in agent", &[])
                .with(&[]),
            pending: metrics
                .gauges(
                    "jackfield_phone_pending_sign_ins",
                    "Incomplete sign-ins kept in memory",
                    &[],
                )
                .with(&[]),
        }
    }

    pub(crate) fn page(&self, screen: ScreenName) {
        self.pages.count(screen.name());
    }

    pub(crate) fn sign_in(&self, result: &str) {
        self.sign_ins.count(result);
    }

    pub(crate) fn press(&self, press: &str, result: &str) {
        if let Some((_, results)) = self.presses.iter().find(|(own, _)| *own == press) {
            results.count(result);
        }
    }

    pub(crate) fn link_refused(&self, reason: &str) {
        self.links.count(reason);
    }

    pub(crate) fn pushed(&self, reason: PushReason, lasted: Duration) {
        self.pushes.count(reason.name());
        self.push_seconds.observe(lasted);
    }

    pub(crate) fn push_states(&self, counts: &[(PushReason, usize)]) {
        for (reason, gauge) in &self.states {
            let found = counts.iter().find(|(own, _)| own == reason);
            gauge.set(found.map_or(0, |(_, count)| i64::try_from(*count).unwrap_or(i64::MAX)));
        }
    }

    pub(crate) fn callback(&self, answer: &str) {
        self.callbacks.count(answer);
    }
}
