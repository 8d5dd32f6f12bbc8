//! The Test buttons of CSQs and mail servers (CCP-04): one test for somebody who waits, check by check.
//!
//! ```text
//!   begin: a place? -> what is saved | what stands in the form, judged as if it were saved, kept nowhere
//!            `-> kept secrets and other hosts than they were kept for? refused at the secret
//!   task:  planned -> check, check ... -> end     the reader goes -> the test ends
//!            `-> one entry of the audit log, however it ended
//! ```
//!
//! A test signs in at other people's servers, so few run at once and not many in a minute.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::console::{Context, Failure, MailTest, MailTested};
use domain::settings::{MASK, Section, Settings};
use domain::{Deed, Problems, Timestamp};
use mail::trial::{Check, Outcome, Side, Subject, Trial};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::deeds::failure;
use super::people;
use crate::node::Shared;

/// So many run at once.
const AT_ONCE_MAX: usize = 2;
/// So many begin within a minute.
const PER_MINUTE_MAX: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// A test that is not over by then is ended.
const TEST_MAX: Duration = Duration::from_secs(120);
/// More than there are things to tell of one test.
const TOLD_MAX: usize = 32;

/// Tests that run and that began a short time ago, and how mail servers were last reached.
#[derive(Debug, Default)]
pub(crate) struct MailTests {
    begun: Arc<Mutex<Begun>>,
    /// How often that began.
    pub(super) reachings: AtomicU64,
    /// The number of the last time, and what is told of each.
    pub(super) reached: tokio::sync::Mutex<(u64, Vec<Value>)>,
}

#[derive(Debug, Default)]
struct Begun {
    running: usize,
    lately: VecDeque<Timestamp>,
}

/// A place for one test, given back when it is dropped.
struct Place(Arc<Mutex<Begun>>);

impl Drop for Place {
    fn drop(&mut self) {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.running = begun.running.saturating_sub(1);
    }
}

impl MailTests {
    fn place(&self, now: Timestamp) -> Result<Place, Failure> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes nobody wait longer.
        begun.lately.retain(|at| *at <= now && now.since(*at) < MINUTE);
        if begun.running >= AT_ONCE_MAX {
            let message = format!(
                "{AT_ONCE_MAX} tests of mail run on this node already; wait until one has ended"
            );
            return Err(Failure::new("busy", message));
        }
        if begun.lately.len() >= PER_MINUTE_MAX {
            let message = format!(
                "{PER_MINUTE_MAX} tests of mail began within a minute; wait a little, since mail servers lock \
                 accounts that sign in too often"
            );
            return Err(Failure::new("busy", message));
        }
        begun.running += 1;
        begun.lately.push_back(now);
        Ok(Place(Arc::clone(&self.begun)))
    }
}

/// Begins a test; what is wrong with what stands in the form is told at once.
pub(crate) async fn begin(
    shared: &Arc<Shared>,
    wish: MailTest,
    context: Context,
) -> Result<mpsc::Receiver<Value>, Failure> {
    let mailboxes = shared.mailboxes.clone();
    let mailboxes =
        mailboxes.ok_or_else(|| Failure::new("unavailable", "this node reads no mailboxes"))?;
    let place = shared.mail_tests.place(shared.engine.now())?;
    let in_force = shared.engine.settings();
    let MailTest { of, name, unsaved } = wish;
    let is_unsaved = unsaved.is_some();
    let settings = match unsaved {
        None => Arc::clone(&in_force),
        Some(document) => {
            let section = section(of);
            let settings = shared.with_unsaved(section, &name, document.clone()).await;
            let settings = settings.map_err(failure)?;
            if of == MailTested::Csq {
                refuse_kept_secrets(&in_force, &settings, &name, &document)?;
            }
            Arc::new(settings)
        }
    };
    let trial = match of {
        MailTested::Csq => {
            let found = settings.csqs.get(&name).and_then(|csq| csq.email.as_ref());
            found.ok_or_else(|| not_found(format!("there is no CSQ {name:?} for email")))?;
            mailboxes.mailbox_trial(&settings, &name)
        }
        MailTested::MailServer => {
            let found = settings.mail_servers.get(&name);
            found.ok_or_else(|| not_found(format!("there is no mail server {name:?}")))?;
            mailboxes.server_trial(&settings, &name)
        }
    };
    let trial = trial.map_err(|why| Failure::new("refused", why))?;
    let object = format!("{}/{name}", section(of).file_key());
    let deed = Deed::done("mail_tested", object)
        .with("hosts", &json!(trial.hosts()))
        .with("unsaved", &json!(is_unsaved));
    let (tell, told) = mpsc::channel(TOLD_MAX);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let _place = place;
        let outcome = run(trial, &tell).await;
        people::note(&shared, &context, deed.with_outcome(outcome)).await;
    });
    Ok(told)
}

fn section(of: MailTested) -> Section {
    match of {
        MailTested::Csq => Section::Csq,
        MailTested::MailServer => Section::MailServer,
    }
}

fn not_found(message: String) -> Failure {
    Failure::new("not_found", message)
}

/// Runs a test to its end, and says how it ended.
async fn run(trial: Trial, tell: &mpsc::Sender<Value>) -> &'static str {
    let planned: Vec<Value> = trial.planned().into_iter().map(named).collect();
    // There is room for all of it, and a reader who left ends the test.
    let _ = tell.try_send(json!({"planned": planned, "hosts": trial.hosts()}));
    let (mut passed, mut failed) = (0_usize, 0_usize);
    let mut each = |check: Check| {
        passed += usize::from(check.outcome == Outcome::Passed);
        failed += usize::from(matches!(check.outcome, Outcome::Failed(_)));
        let _ = tell.try_send(json!({"check": check_json(&check)}));
    };
    let ended = tokio::select! {
        biased;
        () = tell.closed() => return "left",
        ended = tokio::time::timeout(TEST_MAX, trial.run(&mut each)) => ended,
    };
    let verdict = match (ended.is_err(), passed > 0, failed > 0) {
        (true, ..) => "timed_out",
        (false, true, false) => "ok",
        (false, true, true) => "partial",
        (false, false, _) => "failed",
    };
    let _ = tell.try_send(json!({"end": {"verdict": verdict}}));
    verdict
}

fn named((side, subject): (Side, Subject)) -> Value {
    json!({"side": side.name(), "check": subject.name()})
}

/// A check as it is told; what is not so is null.
pub(super) fn check_json(check: &Check) -> Value {
    let fault = match &check.outcome {
        Outcome::Failed(fault) => Some(fault),
        _ => None,
    };
    let outcome = match &check.outcome {
        Outcome::Passed => "ok",
        Outcome::Failed(_) => "failed",
        Outcome::NotTried => "not_tried",
        Outcome::NotApplicable => "not_applicable",
    };
    json!({
        "side": check.side.name(),
        "check": check.subject.name(),
        "folder": check.folder,
        "outcome": outcome,
        "code": fault.map(|it| it.kind.name()),
        "host": fault.and_then(|it| it.host.as_deref()),
        "said": fault.and_then(|it| it.said.as_deref()),
        "meant": fault.and_then(|it| it.meant.as_deref()),
        "words": fault.map(|it| it.words.as_str()),
        "remedy": fault.map(|it| it.kind.remedy()),
    })
}

/// A secret that is kept goes nowhere else than where it goes now: whoever types another server types the secret
/// too.
fn refuse_kept_secrets(
    in_force: &Settings,
    unsaved: &Settings,
    name: &str,
    document: &Value,
) -> Result<(), Failure> {
    let before = mail::trial::destinations(in_force, name).unwrap_or_default();
    let after = mail::trial::destinations(unsaved, name).unwrap_or_default();
    let new: Vec<&String> = after.iter().filter(|place| !before.contains(place)).collect();
    let email = unsaved.csqs.get(name).and_then(|csq| csq.email.as_ref());
    let (Some(email), false) = (email, new.is_empty()) else { return Ok(()) };
    let secrets = [
        ("password", email.password.is_some()),
        ("google_key", email.google_key.is_some()),
        ("client_secret", email.client_secret.is_some()),
    ];
    let mut problems = Problems::default();
    let new: Vec<&str> = new.into_iter().map(String::as_str).collect();
    for (secret, is_there) in secrets {
        let typed = document.pointer(&format!("/email/{secret}")).and_then(Value::as_str);
        if is_there && typed.is_none_or(|typed| typed == MASK) {
            let message = format_args!(
                "was kept for another server, and is not sent to {}; type it anew to test it there",
                new.join(" or ")
            );
            problems.add(format!("email.{secret}"), message);
        }
    }
    problems.into_result().map_err(|problems| Failure::problems("problems", problems))
}

#[cfg(test)]
mod tests;
