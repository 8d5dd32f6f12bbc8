//! What was judged, and how it went.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};

/// Failures told in words; more are only counted.
const FAILURES_MAX: usize = 20;

/// How one part of one message went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The library read it, and it says what it should.
    Passed,
    /// It did not, in words.
    Failed(String),
    /// The library is known not to be able to judge it, in words.
    LeftOut(&'static str),
}

#[derive(Default)]
struct Row {
    passed: usize,
    failed: usize,
    left_out: usize,
}

/// Counts for each part of a message, with reasons.
#[derive(Default)]
pub(crate) struct Table {
    messages: usize,
    rows: BTreeMap<&'static str, Row>,
    reasons: BTreeMap<(&'static str, &'static str), usize>,
    failures: Vec<String>,
}

impl Table {
    /// Another message is judged.
    pub(crate) fn begin_message(&mut self) {
        self.messages += 1;
    }

    /// Counts an outcome; `about` names the message.
    pub(crate) fn note(&mut self, part: &'static str, outcome: Outcome, about: &str) {
        let row = self.rows.entry(part).or_default();
        match outcome {
            Outcome::Passed => row.passed += 1,
            Outcome::LeftOut(why) => {
                row.left_out += 1;
                *self.reasons.entry((part, why)).or_default() += 1;
            }
            Outcome::Failed(words) => {
                row.failed += 1;
                if self.failures.len() < FAILURES_MAX {
                    self.failures
                        .push(format!("message {}, {part}: {words} ({about})", self.messages));
                }
            }
        }
    }

    /// Whether something was judged and nothing failed.
    pub(crate) fn is_good(&self) -> bool {
        let judged = self.rows.values().any(|row| row.passed > 0);
        judged && self.rows.values().all(|row| row.failed == 0)
    }

    #[cfg(test)]
    pub(crate) fn counts(&self, part: &str) -> (usize, usize, usize) {
        self.rows.get(part).map_or((0, 0, 0), |row| (row.passed, row.failed, row.left_out))
    }
}

impl Display for Table {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(to, "{} messages", self.messages)?;
        writeln!(
            to,
            "{:<16}{:>8}{:>8}{:>8}{:>10}",
            "part", "judged", "passed", "failed", "left out"
        )?;
        for (part, row) in &self.rows {
            let Row { passed, failed, left_out } = row;
            writeln!(to, "{part:<16}{:>8}{passed:>8}{failed:>8}{left_out:>10}", passed + failed)?;
        }
        for ((part, why), count) in &self.reasons {
            writeln!(to, "left out: {part}, {why}: {count}")?;
        }
        for failure in &self.failures {
            writeln!(to, "failed: {failure}")?;
        }
        Ok(())
    }
}
