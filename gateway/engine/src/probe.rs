//! A test of one peer, step by step, with the time and the words of each (OPS-15).

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// It went well.
    Ok,
    /// It did not.
    Failed,
    /// It was not done, and the words say why: it would disturb somebody, or has nothing to go by.
    LeftOut,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was done, to whom.
    pub what: String,
    /// How it went.
    pub outcome: StepOutcome,
    /// What came of it, or why not.
    pub words: String,
    /// How long it took.
    pub took: Duration,
}

/// How a peer stands, all steps together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every step that was done went well.
    Ok,
    /// Some did and some did not.
    Partial,
    /// None did.
    Failed,
}

/// A test of one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Which peer: its kind and its name.
    pub peer: String,
    /// What was done, in order.
    pub steps: Vec<Step>,
}

impl Probe {
    /// A test of that peer with nothing done yet.
    pub fn new(peer: impl Into<String>) -> Self {
        Self { peer: peer.into(), steps: Vec::new() }
    }

    /// Does one step: what it gives for the next ones, beside its words; or in words why not.
    pub async fn step<T>(
        &mut self,
        what: impl Into<String>,
        doing: impl Future<Output = Result<(T, String), String>>,
    ) -> Option<T> {
        let began = Instant::now();
        let done = doing.await;
        let took = began.elapsed();
        let (given, outcome, words) = match done {
            Ok((given, words)) => (Some(given), StepOutcome::Ok, words),
            Err(words) => (None, StepOutcome::Failed, words),
        };
        self.steps.push(Step { what: what.into(), outcome, words, took });
        given
    }

    /// Notes what was known without doing anything.
    pub fn note(
        &mut self,
        what: impl Into<String>,
        outcome: StepOutcome,
        words: impl Into<String>,
    ) {
        let (what, words) = (what.into(), words.into());
        self.steps.push(Step { what, outcome, words, took: Duration::ZERO });
    }

    /// How the peer stands.
    pub fn verdict(&self) -> Verdict {
        let any = |outcome| self.steps.iter().any(|step| step.outcome == outcome);
        match (any(StepOutcome::Ok), any(StepOutcome::Failed)) {
            (true, false) => Verdict::Ok,
            (true, true) => Verdict::Partial,
            (false, _) => Verdict::Failed,
        }
    }

    /// The test as JSON.
    pub fn json(&self) -> Value {
        let verdict = match self.verdict() {
            Verdict::Ok => "ok",
            Verdict::Partial => "partial",
            Verdict::Failed => "failed",
        };
        let steps = self.steps.iter().map(|step| {
            let outcome = match step.outcome {
                StepOutcome::Ok => "ok",
                StepOutcome::Failed => "failed",
                StepOutcome::LeftOut => "left_out",
            };
            let milliseconds = u64::try_from(step.took.as_millis()).unwrap_or(u64::MAX);
            json!({
                "what": step.what,
                "outcome": outcome,
                "words": step.words,
                "milliseconds": milliseconds,
            })
        });
        json!({"peer": self.peer, "verdict": verdict, "steps": steps.collect::<Vec<_>>()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ops_15_a_probe_is_ok_partial_or_failed() {
        let mut probe = Probe::new("x");
        assert_eq!(probe.verdict(), Verdict::Failed);
        probe.note("one", StepOutcome::LeftOut, "not now");
        let given = probe.step("two", async { Ok((7, "went well".to_owned())) }).await;
        assert_eq!((given, probe.verdict()), (Some(7), Verdict::Ok));
        let none: Option<()> = probe.step("three", async { Err("did not".to_owned()) }).await;
        assert_eq!((none, probe.verdict()), (None, Verdict::Partial));
        let told = probe.json();
        assert_eq!(told.pointer("/steps/2/words"), Some(&json!("did not")));
        assert_eq!(told.pointer("/steps/0/outcome"), Some(&json!("left_out")));
    }
}
