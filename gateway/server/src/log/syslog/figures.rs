//! What operators see of syslog. Labels are a closed list, and the names that the settings give
//! receivers.

use engine::metrics::{Counter, Gauge, Gauges, Metrics};

/// Figures of all receivers.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    sent: Counter,
    dropped: Counter,
    waiting: Gauges,
}

/// Figures of one receiver; what it counts is counted for all.
#[derive(Clone, Debug)]
pub(super) struct ReceiverFigures {
    /// Handed to the network.
    pub(super) sent: Counter,
    /// Never sent: there was no room any more.
    pub(super) dropped: Counter,
    /// Still to be sent.
    pub(super) waiting: Gauge,
}

impl Figures {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let messages = metrics.counters(
            "jackfield_syslog_messages_total",
            "Messages for syslog receivers, by what became of them.",
            &["result"],
        );
        Self {
            sent: messages.with(&["sent"]),
            dropped: messages.with(&["dropped"]),
            waiting: metrics.gauges(
                "jackfield_syslog_queue_length",
                "Messages that wait for a syslog receiver.",
                &["receiver"],
            ),
        }
    }

    pub(super) fn of(&self, receiver: &str) -> ReceiverFigures {
        ReceiverFigures {
            sent: self.sent.clone(),
            dropped: self.dropped.clone(),
            waiting: self.waiting.with(&[receiver]),
        }
    }
}
