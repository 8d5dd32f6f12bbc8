//! What monitoring sees of mail.

use std::time::Duration;

use engine::Metrics;
use engine::metrics::{Counter, Counters, Gauges};

/// How a round ended.
const ROUNDS: [&str; 4] = ["ok", "server", "sign_in", "store"];
/// What became of a try to send.
const SENDING: [&str; 4] = ["accepted", "refused", "later", "unknown"];
/// Whether an accepted mail lies in the folder of sent ones.
const FILING: [&str; 4] = ["filed", "moved", "there", "failed"];
/// What became of a record for the site's own systems.
const RECORDS: [&str; 3] = ["delivered", "failed", "nobody"];

/// Figures of all mailboxes of a node.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    rounds: Counters,
    fetched: Counter,
    passed_over: Counter,
    sending: Counters,
    filing: Counters,
    records: Counters,
    mailboxes: Gauges,
    unsent_age: Gauges,
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let counters = |name: &str, help: &str, values: &[&str]| {
            let counters = metrics.counters(name, help, &["result"]);
            for value in values {
                counters.with(&[value]);
            }
            counters
        };
        let single = |name: &str, help: &str| metrics.counters(name, help, &[]).with(&[]);
        let figures = Self {
            rounds: counters(
                "jackfield_mail_rounds_total",
                "Rounds of reading mailboxes, by how they ended.",
                &ROUNDS,
            ),
            fetched: single(
                "jackfield_mail_fetched_total",
                "Mails that were fetched from mailboxes.",
            ),
            passed_over: single(
                "jackfield_mail_passed_over_total",
                "Mails that a server did not give out, and that became contacts that say so.",
            ),
            sending: counters(
                "jackfield_mail_sent_total",
                "Tries to hand answers to mail servers, by what came of each.",
                &SENDING,
            ),
            filing: counters(
                "jackfield_mail_filed_total",
                "Tries to file answers in the folder of sent mails, by what came of each.",
                &FILING,
            ),
            records: counters(
                "jackfield_mail_records_total",
                "Tries to tell the site's own systems of contacts, by what came of each.",
                &RECORDS,
            ),
            mailboxes: metrics.gauges(
                "jackfield_mailboxes",
                "Mailboxes that this node reads, by how they stand.",
                &["state"],
            ),
            unsent_age: metrics.gauges(
                "jackfield_mail_unsent_age_seconds",
                "For how long the oldest mail waits that this node is to send, 0 where none does.",
                &[],
            ),
        };
        figures.set_mailboxes(0, 0);
        figures.set_unsent_age(Duration::ZERO);
        figures
    }

    pub(crate) fn round(&self, result: &str) {
        self.rounds.with(&[result]).increment();
    }

    pub(crate) fn fetched(&self) {
        self.fetched.increment();
    }

    pub(crate) fn passed_over(&self) {
        self.passed_over.increment();
    }

    pub(crate) fn sending(&self, result: &str) {
        self.sending.with(&[result]).increment();
    }

    pub(crate) fn filing(&self, result: &str) {
        self.filing.with(&[result]).increment();
    }

    pub(crate) fn record(&self, result: &str) {
        self.records.with(&[result]).increment();
    }

    pub(crate) fn set_unsent_age(&self, age: Duration) {
        self.unsent_age.with(&[]).set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    }

    pub(crate) fn set_mailboxes(&self, well: usize, failing: usize) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.mailboxes.with(&["ok"]).set(number(well));
        self.mailboxes.with(&["failing"]).set(number(failing));
    }
}
