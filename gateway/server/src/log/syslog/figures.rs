//! What operators see of syslog. Labels are the names that the settings give receivers.

use engine::metrics::{Counter, Counters, Gauge, Gauges, Metrics};

/// Figures of all receivers.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    messages: Counters,
    waiting: Gauges,
}

/// Figures of one receiver.
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
        Self {
            messages: metrics.counters(
                "jackfield_syslog_messages_total",
                "Messages for syslog receivers, by what became of them.",
                &["receiver", "result"],
            ),
            waiting: metrics.gauges(
                "jackfield_syslog_queue_length",
                "Messages that wait for a syslog receiver.",
                &["receiver"],
            ),
        }
    }

    pub(super) fn of(&self, receiver: &str) -> ReceiverFigures {
        ReceiverFigures {
            sent: self.messages.with(&[receiver, "sent"]),
            dropped: self.messages.with(&[receiver, "dropped"]),
            waiting: self.waiting.with(&[receiver]),
        }
    }
}
