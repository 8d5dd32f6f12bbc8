//! Figures of TFTP. Labels are closed lists: results, reasons.

use engine::metrics::{Counter, Counters, Gauge, Metrics};
use protocols::tftp::Outcome;

use super::desk::Refused;
use crate::files::NotServed;

/// What became of requests that were answered.
const RESULTS: [&str; 9] = [
    "served",
    "bad_name",
    "unknown",
    "forbidden",
    "too_large",
    "unreadable",
    "write",
    "malformed",
    "no_socket",
];
/// Why a request met silence.
const DROPPED: [&str; 8] = [
    "network",
    "source_rate",
    "source_transfers",
    "transfers",
    "repeated",
    "busy",
    "no_request",
    "receive",
];
/// How transfers ended.
const ENDED: [&str; 9] = [
    "done",
    "unheard",
    "silent",
    "slow",
    "refused",
    "unreadable",
    "displaced",
    "stopped",
    "panicked",
];

/// Figures of the service.
#[derive(Debug)]
pub(super) struct Figures {
    requests: Counters,
    dropped: Counters,
    ended: Counters,
    transfers: Gauge,
    sent_bytes: Counter,
    repeats: Counter,
    strangers: Counter,
    panics: Counter,
}

impl Figures {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let shown = |name, help, label, values: &[&str]| {
            let counters = metrics.counters(name, help, &[label]);
            for value in values {
                counters.with(&[value]);
            }
            counters
        };
        let counter = |name, help| metrics.counters(name, help, &[]).with(&[]);
        Self {
            requests: shown(
                "jackfield_tftp_requests_total",
                "Requests of TFTP that were answered, by result.",
                "result",
                &RESULTS,
            ),
            dropped: shown(
                "jackfield_tftp_dropped_total",
                "Requests of TFTP that met silence, by reason.",
                "reason",
                &DROPPED,
            ),
            ended: shown(
                "jackfield_tftp_transfers_ended_total",
                "Transfers of TFTP that ended, by how.",
                "result",
                &ENDED,
            ),
            transfers: metrics
                .gauges("jackfield_tftp_transfers", "Transfers of TFTP under way.", &[])
                .with(&[]),
            sent_bytes: counter("jackfield_tftp_sent_bytes_total", "Bytes of TFTP packets sent."),
            repeats: counter(
                "jackfield_tftp_repeats_total",
                "Packets of TFTP that were sent again since no answer came.",
            ),
            strangers: counter(
                "jackfield_tftp_strangers_total",
                "Packets at a transfer of TFTP from somebody else than its client.",
            ),
            panics: counter(
                "jackfield_tftp_restarts_total",
                "How often a task of TFTP panicked and was begun again.",
            ),
        }
    }

    pub(super) fn answered(&self, result: &'static str) {
        self.requests.with(&[result]).increment();
    }

    pub(super) fn not_served(&self, why: NotServed) {
        self.answered(match why {
            NotServed::Busy => return self.dropped("busy"),
            NotServed::BadName => "bad_name",
            NotServed::Unknown => "unknown",
            NotServed::Forbidden => "forbidden",
            NotServed::TooLarge => "too_large",
            NotServed::Unreadable => "unreadable",
        });
    }

    pub(super) fn refused(&self, why: Refused) {
        self.dropped(match why {
            Refused::Network => "network",
            Refused::SourceRate => "source_rate",
            Refused::SourceTransfers => "source_transfers",
            Refused::Transfers => "transfers",
            Refused::Repeated => "repeated",
        });
    }

    pub(super) fn dropped(&self, reason: &'static str) {
        self.dropped.with(&[reason]).increment();
    }

    pub(super) fn ended(&self, outcome: Outcome) {
        self.ended_as(match outcome {
            Outcome::Done => "done",
            Outcome::Unheard => "unheard",
            Outcome::Silent => "silent",
            Outcome::Slow => "slow",
            Outcome::Refused(_) => "refused",
            Outcome::Unreadable => "unreadable",
        });
    }

    pub(super) fn ended_as(&self, result: &'static str) {
        self.ended.with(&[result]).increment();
    }

    pub(super) fn transfers(&self, count: usize) {
        self.transfers.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.sent_bytes.add(bytes as u64);
    }

    pub(super) fn repeated(&self) {
        self.repeats.increment();
    }

    pub(super) fn stranger(&self) {
        self.strangers.increment();
    }

    pub(super) fn panicked(&self) {
        self.panics.increment();
    }
}
