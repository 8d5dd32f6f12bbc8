//! Figures of links to CTI servers. Labels are pair names, sides and closed lists.

use engine::metrics::{Counters, Gauges, Metrics};
use protocols::cti::{CloseReason, Counts};

/// Figures of all pairs.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// 1 for the side that serves the pair, by pair and side.
    pub(crate) active: Gauges,
    /// Agents that are to be asked about, by pair.
    pub(crate) unknown: Gauges,
    /// Calls that are known, by pair.
    pub(crate) calls: Gauges,
    /// Commands that wait to be seen, by pair.
    pub(crate) waiting: Gauges,
    /// Sessions that ended, by pair, side and reason.
    pub(crate) closed: Counters,
    /// Messages, by what became of them.
    pub(crate) events: Counters,
    /// Commands, by kind and what became of them.
    pub(crate) commands: Counters,
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            active: metrics.gauges(
                "jackfield_cti_side_active",
                "1 where the side serves the pair of contact-centre servers, else 0.",
                &["pair", "side"],
            ),
            unknown: metrics.gauges(
                "jackfield_cti_agents_unknown",
                "Agents of a pair that are still to be asked about after its link came back.",
                &["pair"],
            ),
            calls: metrics.gauges(
                "jackfield_cti_calls",
                "Calls that are known of a pair, those being wrapped up included.",
                &["pair"],
            ),
            waiting: metrics.gauges(
                "jackfield_cti_requests_waiting",
                "Requests about agents whose outcome a contact-centre server has not shown yet.",
                &["pair"],
            ),
            closed: metrics.counters(
                "jackfield_cti_sessions_closed_total",
                "Sessions with contact-centre servers that ended, or never opened, by reason.",
                &["pair", "side", "reason"],
            ),
            events: metrics.counters(
                "jackfield_cti_messages_total",
                "Messages of contact-centre servers, and fields passed over, by what became of them.",
                &["result"],
            ),
            commands: metrics.counters(
                "jackfield_cti_requests_total",
                "Requests to contact-centre servers that were sent or could not be.",
                &["pair", "result"],
            ),
        }
    }

    /// Adds what a session met between two looks at its counts.
    pub(crate) fn met(&self, before: &Counts, now: &Counts) {
        for (result, before, now) in [
            ("read", before.received, now.received),
            ("unknown_message", before.unknown_messages, now.unknown_messages),
            ("ignored_field", before.ignored_fields, now.ignored_fields),
            ("unknown_answer", before.unknown_answers, now.unknown_answers),
            ("out_of_place", before.out_of_place, now.out_of_place),
        ] {
            let more = now.saturating_sub(before);
            if more > 0 {
                self.events.with(&[result]).add(more);
            }
        }
    }
}

/// Why a session ended, as figures say it.
pub(crate) fn label(reason: &CloseReason) -> &'static str {
    match reason {
        CloseReason::Asked => "asked",
        CloseReason::LinkClosed => "closed",
        CloseReason::OpenTimeout => "open_timeout",
        CloseReason::Refused(_) => "refused",
        CloseReason::HeartbeatsUnanswered => "heartbeats",
        CloseReason::Idle => "idle",
        CloseReason::Offline(_) => "offline",
        CloseReason::Ended(_) => "ended",
        CloseReason::Malformed(_) => "malformed",
        CloseReason::Protocol(_) => "protocol",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cti_01_only_what_is_new_is_counted() {
        let figures = Figures::new(&Metrics::new());
        let mut counts = Counts { received: 3, ignored_fields: 2, ..Counts::default() };
        figures.met(&Counts::default(), &counts);
        let before = counts.clone();
        counts.received = 7;
        counts.unknown_messages = 1;
        figures.met(&before, &counts);
        figures.met(&counts, &counts);
        let value = |result| figures.events.with(&[result]).value();
        assert_eq!((value("read"), value("ignored_field")), (7, 2));
        assert_eq!((value("unknown_message"), value("out_of_place")), (1, 0));
    }
}
