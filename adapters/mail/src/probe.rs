//! A test of a CSQ's mailbox, step by step, for whoever sets it up (CCP-04).

use domain::settings::MailServerKind;
use engine::probe::{Probe, StepOutcome};

use crate::imap::{Check, Mailbox, Outcome, Subject};
use crate::smtp;

/// Tries everything; nothing in the mailbox changes, and nothing is sent.
pub(crate) async fn probe(
    csq: &str,
    kind: MailServerKind,
    mailbox: Result<Mailbox, String>,
) -> Probe {
    let mut probe = Probe::new(format!("mailbox of {csq}"));
    let mailbox = match mailbox {
        Ok(mailbox) => mailbox,
        Err(why) => {
            probe.note("settings", StepOutcome::Failed, why);
            return probe;
        }
    };
    let mut checks = mailbox.test().await;
    checks.push(smtp::test(mailbox.account(), mailbox.tokens()).await);
    note(&mut probe, kind, &mailbox.account().folders, checks);
    probe
}

fn note(
    probe: &mut Probe,
    kind: MailServerKind,
    folders: &crate::account::Folders,
    checks: Vec<Check>,
) {
    for Check { subject, outcome } in checks {
        let folder = match subject {
            Subject::Inbox => Some(&folders.inbox),
            Subject::Drafts => Some(&folders.drafts),
            Subject::Outbox => Some(&folders.outbox),
            Subject::Sent => Some(&folders.sent),
            Subject::Connection | Subject::SignIn | Subject::Sending => None,
        };
        let what = match subject {
            Subject::Connection => "connection for reading",
            Subject::SignIn => "sign-in for reading",
            Subject::Inbox => "inbox folder",
            Subject::Drafts => "drafts folder",
            Subject::Outbox => "outbox folder",
            Subject::Sent => "folder of sent mails",
            Subject::Sending => "connection and sign-in for sending",
        };
        let has_outbox = matches!(kind, MailServerKind::Exchange | MailServerKind::Office365);
        if subject == Subject::Outbox && !has_outbox {
            let words = "servers of this kind have no folder of what waits to be sent";
            probe.note(what, StepOutcome::LeftOut, words);
            continue;
        }
        let (outcome, words) = match outcome {
            Outcome::Passed => {
                let words = folder.map_or_else(
                    || "it works".to_owned(),
                    |folder| format!("{folder} is there, with the rights that are needed"),
                );
                (StepOutcome::Ok, words)
            }
            Outcome::Failed(why) => (StepOutcome::Failed, why),
            Outcome::NotTried => {
                (StepOutcome::LeftOut, "something before it has to work first".to_owned())
            }
        };
        probe.note(what, outcome, words);
    }
}
