//! Figures of SIP. Labels are closed lists: methods that are known, codes, reasons.

use std::collections::HashMap;

use engine::metrics::{Counter, Counters, Gauge, Gauges, Metrics};
use protocols::sip::{Method, Status};

use crate::stream::Ended;

/// Methods by name; all others count as one.
const METHODS: [&str; 10] = [
    "REGISTER",
    "REFER",
    "NOTIFY",
    "OPTIONS",
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "SUBSCRIBE",
    "MESSAGE",
];

/// Why something was not worked on or not sent.
const DROPPED: [&str; 13] = [
    "amplification",
    "malformed_too_long",
    "malformed_uri",
    "malformed_version",
    "malformed_framing",
    "malformed_grammar",
    "network",
    "receive",
    "source",
    "source_refused",
    "unknown_request",
    "unmatched",
    "unsent",
];

/// Whose transactions: peers' that wait for us, peers' that are kept for repeats, ours.
const SIDES: [&str; 3] = ["server_in_hand", "server_kept", "client"];

/// Counters that are there before anything was counted, so that a rise from nothing is seen.
fn shown_from_the_start(counters: Counters, values: &[&str]) -> Counters {
    for value in values {
        counters.with(&[value]);
    }
    counters
}

/// Figures of the adapter.
#[derive(Debug)]
pub(crate) struct Figures {
    requests: HashMap<&'static str, Counter>,
    other_requests: Counter,
    answers: Counters,
    codes: HashMap<u16, Counter>,
    refused_connections: Counters,
    opened: Counters,
    ended: Counters,
    dropped: Counters,
    sent: Counters,
    proofs: Counters,
    pings: Counter,
    bindings: Gauge,
    reachable: Gauge,
    connections: Gauge,
    transactions: Gauges,
    forgotten: Counter,
    next_hops: Gauges,
    sources: Gauge,
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let requests = metrics.counters(
            "jackfield_sip_requests_total",
            "SIP requests that were taken up, repeats not among them, by method.",
            &["method"],
        );
        let answers = metrics.counters(
            "jackfield_sip_responses_total",
            "SIP responses that were sent, repeats not among them, by status code.",
            &["code"],
        );
        let codes = [200, 202, 400, 401, 403, 481, 488, 489, 501, 503];
        let gauge = |name, help| metrics.gauges(name, help, &[]).with(&[]);
        let transactions = metrics.gauges(
            "jackfield_sip_transactions",
            "SIP transactions by side: those of peers in hand and kept for repeats, and ours.",
            &["side"],
        );
        for side in SIDES {
            transactions.with(&[side]);
        }
        let sent = metrics.counters(
            "jackfield_sip_sent_requests_total",
            "SIP requests that we sent, by method and what became of them.",
            &["method", "result"],
        );
        for method in ["REFER", "NOTIFY", "OPTIONS", "REGISTER"] {
            for result in ["accepted", "refused", "silent", "lost", "held_off"] {
                sent.with(&[method, result]);
            }
        }
        Self {
            other_requests: requests.with(&["other"]),
            requests: METHODS.into_iter().map(|it| (it, requests.with(&[it]))).collect(),
            codes: codes.into_iter().map(|it| (it, answers.with(&[&it.to_string()]))).collect(),
            answers,
            refused_connections: shown_from_the_start(
                metrics.counters(
                    "jackfield_sip_connections_refused_total",
                    "SIP connections that were refused or failed in their handshake, by reason.",
                    &["reason"],
                ),
                &["full", "source", "handshakes", "handshake", "handshake_time", "network"],
            ),
            opened: shown_from_the_start(
                metrics.counters(
                    "jackfield_sip_connections_opened_total",
                    "SIP connections that were opened, by transport.",
                    &["transport"],
                ),
                &["tcp", "tls"],
            ),
            ended: {
                let ended = metrics.counters(
                    "jackfield_sip_connections_ended_total",
                    "SIP connections that ended, by reason.",
                    &["reason"],
                );
                for reason in Ended::ALL {
                    ended.with(&[reason.name()]);
                }
                ended
            },
            dropped: shown_from_the_start(
                metrics.counters(
                    "jackfield_sip_dropped_total",
                    "SIP messages that were not worked on or could not be sent, by reason.",
                    &["reason"],
                ),
                &DROPPED,
            ),
            sent,
            proofs: shown_from_the_start(
                metrics.counters(
                    "jackfield_sip_proofs_total",
                    "Proofs of who asks, by result.",
                    &["result"],
                ),
                &[
                    "digest",
                    "certificate",
                    "next_hop",
                    "asked_for",
                    "wrong",
                    "stale",
                    "replayed",
                    "too_many",
                    "malformed",
                    "no_certificate",
                    "other_certificate",
                ],
            ),
            pings: metrics
                .counters("jackfield_sip_pings_total", "Keep-alives that were answered.", &[])
                .with(&[]),
            bindings: gauge("jackfield_sip_bindings", "Registrations of phones with this node."),
            reachable: gauge(
                "jackfield_sip_bindings_reachable",
                "Registrations of phones whose flow is there.",
            ),
            connections: gauge("jackfield_sip_connections", "SIP connections that are open."),
            transactions,
            forgotten: metrics
                .counters(
                    "jackfield_sip_transactions_forgotten_total",
                    "SIP transactions that were forgotten early since there were too many.",
                    &[],
                )
                .with(&[]),
            next_hops: metrics.gauges(
                "jackfield_sip_next_hop_up",
                "1 where a server of the next hop answers, else 0.",
                &["next_hop"],
            ),
            sources: gauge("jackfield_sip_sources", "Addresses whose requests are counted."),
        }
    }

    pub(crate) fn request(&self, method: &Method) {
        self.requests.get(method.name()).unwrap_or(&self.other_requests).increment();
    }

    pub(crate) fn answered(&self, status: Status) {
        match self.codes.get(&status.code()) {
            Some(counter) => counter.increment(),
            None => self.answers.with(&[&status.code().to_string()]).increment(),
        }
    }

    pub(crate) fn refused_connection(&self, reason: &'static str) {
        self.refused_connections.with(&[reason]).increment();
    }

    pub(crate) fn opened(&self, transport: &'static str) {
        self.opened.with(&[transport]).increment();
    }

    pub(crate) fn ended(&self, reason: Ended) {
        self.ended.with(&[reason.name()]).increment();
    }

    pub(crate) fn dropped(&self, reason: &'static str) {
        self.dropped.with(&[reason]).increment();
    }

    pub(crate) fn receive_failed(&self) {
        self.dropped("receive");
    }

    pub(crate) fn sent(&self, method: &Method, result: &'static str) {
        self.sent.with(&[method.name(), result]).increment();
    }

    pub(crate) fn proof(&self, result: &'static str) {
        self.proofs.with(&[result]).increment();
    }

    pub(crate) fn pinged(&self) {
        self.pings.increment();
    }

    pub(crate) fn next_hop(&self, name: &str, is_up: bool) {
        self.next_hops.with(&[name]).set(i64::from(is_up));
    }

    pub(crate) fn forget_next_hop(&self, name: &str) {
        self.next_hops.forget(&[name]);
    }

    pub(crate) fn observe(&self, now: &Observed) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.bindings.set(number(now.bindings));
        self.reachable.set(number(now.reachable));
        self.connections.set(number(now.connections));
        self.sources.set(number(now.sources));
        let counts = [now.server_in_hand, now.server_kept, now.client];
        self.forgotten.add(now.forgotten.saturating_sub(self.forgotten.value()));
        for (side, count) in SIDES.into_iter().zip(counts) {
            self.transactions.with(&[side]).set(number(count));
        }
    }
}

/// What is so now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    pub(crate) bindings: usize,
    pub(crate) reachable: usize,
    pub(crate) connections: usize,
    pub(crate) sources: usize,
    pub(crate) server_in_hand: usize,
    pub(crate) server_kept: usize,
    pub(crate) client: usize,
    /// In all.
    pub(crate) forgotten: u64,
}
