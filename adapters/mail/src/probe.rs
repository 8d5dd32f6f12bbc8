//! A test of a CSQ's mailbox as a probe, for the command line and the page of all tests (CCP-04, OPS-15).

use engine::Port;
use engine::probe::{Probe, Step, StepOutcome};

use crate::trial::{Check, Outcome, Side, Subject, Trial};

/// Tries everything; nothing in the mailbox changes, and nothing is sent.
pub(crate) async fn probe(port: &Port, csq: &str, trial: Result<Trial, String>) -> Probe {
    let mut probe = Probe::new(format!("mailbox of {csq}"));
    let trial = match trial {
        Ok(trial) => trial,
        Err(why) => {
            probe.note("settings", StepOutcome::Failed, why);
            return probe;
        }
    };
    let steps = &mut probe.steps;
    let mut before = port.now();
    trial
        .run(&mut |check| {
            let now = port.now();
            let took = now.since(before);
            before = now;
            let what = what(&check).to_owned();
            let (outcome, words) = how(check);
            steps.push(Step { what, outcome, words, took });
        })
        .await;
    probe
}

fn what(check: &Check) -> &'static str {
    match (check.side, check.subject) {
        (Side::Reading, Subject::Token) => "token for reading",
        (Side::Reading, Subject::Connection) => "connection for reading",
        (Side::Reading, Subject::Tls) => "TLS for reading",
        (Side::Reading, Subject::Greeting) => "greeting for reading",
        (Side::Reading, Subject::SignIn) => "sign-in for reading",
        (Side::Sending, Subject::Token) => "token for sending",
        (Side::Sending, Subject::Connection) => "connection for sending",
        (Side::Sending, Subject::Tls) => "TLS for sending",
        (Side::Sending, Subject::Greeting) => "greeting for sending",
        (Side::Sending, Subject::SignIn) => "sign-in for sending",
        (_, Subject::Inbox) => "inbox folder",
        (_, Subject::Drafts) => "drafts folder",
        (_, Subject::Outbox) => "outbox folder",
        (_, Subject::Sent) => "folder of sent mails",
    }
}

fn how(check: Check) -> (StepOutcome, String) {
    match check.outcome {
        Outcome::Passed => (
            StepOutcome::Ok,
            check.folder.map_or_else(
                || "it works".to_owned(),
                |folder| format!("{folder} is there, with the rights that are needed"),
            ),
        ),
        Outcome::Failed(fault) => {
            (StepOutcome::Failed, format!("{}; {}", fault.words, fault.kind.remedy()))
        }
        Outcome::NotTried => {
            (StepOutcome::LeftOut, "something before it has to work first".to_owned())
        }
        Outcome::NotApplicable => {
            let words = "servers of this kind have no folder of what waits to be sent";
            (StepOutcome::LeftOut, words.to_owned())
        }
    }
}
