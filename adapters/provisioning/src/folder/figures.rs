//! What was asked for, and what became of it.

use engine::Metrics;
use engine::metrics::{Counter, Counters};

use crate::{NotServed, Via};

/// Figures of a folder.
pub(super) struct Figures {
    files: Counters,
    unmerged: Counter,
}

impl Figures {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let files = metrics.counters(
            "jackfield_provisioning_files_total",
            "Files that phones asked for, by the way they asked and by what became of it.",
            &["by", "result"],
        );
        for by in [Via::Tftp, Via::Http, Via::Https] {
            for result in RESULTS {
                files.with(&[way(by), result]);
            }
        }
        let unmerged = metrics.counters(
            "jackfield_provisioning_unmerged_total",
            "Device files that were served without our elements, which could not be merged in.",
            &[],
        );
        Self { files, unmerged: unmerged.with(&[]) }
    }

    pub(super) fn count(&self, by: Via, not_served: Option<NotServed>) {
        let result = match not_served {
            None => "served",
            Some(NotServed::BadName) => "bad_name",
            Some(NotServed::Unknown) => "unknown",
            Some(NotServed::Forbidden) => "forbidden",
            Some(NotServed::TooLarge) => "too_large",
            Some(NotServed::Unreadable) => "unreadable",
            Some(NotServed::Busy) => "busy",
        };
        self.files.with(&[way(by), result]).increment();
    }

    pub(super) fn count_unmerged(&self) {
        self.unmerged.increment();
    }
}

const RESULTS: [&str; 7] =
    ["served", "bad_name", "unknown", "forbidden", "too_large", "unreadable", "busy"];

fn way(by: Via) -> &'static str {
    match by {
        Via::Tftp => "tftp",
        Via::Http => "http",
        Via::Https => "https",
    }
}
