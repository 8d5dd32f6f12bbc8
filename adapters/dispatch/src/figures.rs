//! What monitoring sees of alarms.

use domain::settings::AlarmSeverity;
use engine::Metrics;
use engine::metrics::{Counters, Gauges};

use crate::receiver::Kind;

/// How a try to send went.
const RESULTS: [&str; 4] = ["ok", "failed", "refused", "given_up"];

#[derive(Debug)]
pub(crate) struct Figures {
    sent: Counters,
    open: Gauges,
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let sent = metrics.counters(
            "jackfield_alarms_sent_total",
            "Messages of alarms to receivers, by what came of each try.",
            &["kind", "result"],
        );
        for kind in Kind::ALL {
            for result in RESULTS {
                sent.with(&[kind.name(), result]);
            }
        }
        let open = metrics.gauges(
            "jackfield_alarms_open",
            "Alarms that somebody was told of and that are not over.",
            &["severity"],
        );
        let figures = Self { sent, open };
        figures.set_open(|_| 0);
        figures
    }

    pub(crate) fn count(&self, kind: Kind, result: &str) {
        self.sent.with(&[kind.name(), result]).increment();
    }

    pub(crate) fn set_open(&self, open: impl Fn(AlarmSeverity) -> usize) {
        for (name, severity) in AlarmSeverity::NAMED {
            let count = i64::try_from(open(severity)).unwrap_or(i64::MAX);
            self.open.with(&[name]).set(count);
        }
    }
}
