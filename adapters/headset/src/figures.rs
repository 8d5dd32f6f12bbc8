//! Figures of headsets. Label values come from closed sets, and all are shown from 0.

use engine::metrics::{Counter, Counters, Gauge, Metrics};

use crate::identity::Proven;
use crate::judge::Why;

/// What a phone asked for, as figures name it.
pub(crate) const REQUESTS: [&str; 6] =
    ["discovery", "configuration", "update", "inventory", "template", "unknown"];

/// Figures of the adapter.
pub(crate) struct Figures {
    requests: Counters,
    proofs: Vec<(Option<Proven>, Counter)>,
    updates: Counters,
    left_out: Counter,
    pub(crate) phones: Gauge,
    pub(crate) phones_dead: Gauge,
    pub(crate) phones_without_agent: Gauge,
    pub(crate) tells_waiting: Gauge,
    pub(crate) news_left: Gauge,
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let requests = metrics.counters(
            "jackfield_headset_requests_total",
            "Requests of headsets, by what was asked for and by the status of the answer.",
            &["request", "status"],
        );
        for request in REQUESTS {
            requests.with(&[request, "200"]);
        }
        let proofs = metrics.counters(
            "jackfield_headset_proofs_total",
            "Requests of headsets, by how they were proven to be of their device.",
            &["proof"],
        );
        let ways = Proven::ALL.map(Some).into_iter().chain([None]);
        let proofs = ways.map(|way| (way, proofs.with(&[way.map_or("none", Proven::name)])));
        let updates = metrics.counters(
            "jackfield_headset_updates_total",
            "States that headsets asked for, by what became of it.",
            &["result"],
        );
        let results = Why::ALL.into_iter().map(Why::name);
        for result in results.chain(RESULTS) {
            updates.with(&[result]);
        }
        let left_out = metrics.counters(
            "jackfield_headset_inventory_left_out_total",
            "Headsets that phones reported and that were not kept, since too many are kept already.",
            &[],
        );
        let gauge = |name, help| metrics.gauges(name, help, &[]).with(&[]);
        Self {
            requests,
            proofs: proofs.collect(),
            updates,
            left_out: left_out.with(&[]),
            phones: gauge("jackfield_headset_phones", "Phones that are told of agent states."),
            phones_dead: gauge(
                "jackfield_headset_phones_dead",
                "Phones that gave no answer twice and are told nothing until they register.",
            ),
            phones_without_agent: gauge(
                "jackfield_headset_phones_ambiguous",
                "Phones whose headset shows nobody's state, since several agents may be meant.",
            ),
            tells_waiting: gauge(
                "jackfield_headset_tells_waiting",
                "Phones that wait to be told of an agent's state.",
            ),
            news_left: gauge(
                "jackfield_headset_news_waiting",
                "Phones that are still to hear that services or configuration changed.",
            ),
        }
    }

    pub(crate) fn answered(&self, request: &str, status: u16) {
        self.requests.with(&[request, &status.to_string()]).increment();
    }

    pub(crate) fn proven(&self, proven: Option<Proven>) {
        if let Some((_, counter)) = self.proofs.iter().find(|(way, _)| *way == proven) {
            counter.increment();
        }
    }

    pub(crate) fn left_out(&self, headsets: u64) {
        self.left_out.add(headsets);
    }

    pub(crate) fn updated(&self, result: &str) {
        self.updates.with(&[result]).increment();
    }
}

/// What may become of an update that was judged.
pub(crate) const RESULTS: [&str; 7] =
    ["already", "done", "in_hand", "refused", "unreachable", "malformed", "too_many"];
