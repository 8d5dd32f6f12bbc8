//! Sign-ins of agents in the audit log (OPS-02).
//!
//! A shift begins with thousands of sign-ins, which would wait for each other at the end of the audit log
//! if each wrote its own entry. The event log has them in the commit of the session; the node with the
//! lease takes them over from there, many at once, and the head of the audit log says how far.
//!
//! ```text
//!   event log --after head.taken--> sign-ins, sign-outs, locks --TellPast--> entries, head.taken
//! ```

use std::sync::Arc;
use std::time::Duration;

use domain::{Actor, Command, ConsoleCommand, Deed, Input, InputId, Key, Kind, Past, TakenUpTo};
use serde_json::json;
use store::{Cursor, LogEntry, LogPage};

use crate::SubmitError;
use crate::engine::Engine;
use crate::lease::HeldLease;

/// How often it is looked for more.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// For how long the node that looks holds the lease.
const LEASE: Duration = Duration::from_secs(30);
/// Lines of the event log that are read at once.
const LINES: u32 = 500;
/// How far back the first look goes: what was before this log began to tell stays where it is.
const FIRST_LOOK: Duration = Duration::from_secs(24 * 3600);
/// Lines without a sign-in that are passed over before it is noted that they were.
const PASSED_MAX: u64 = 5_000;
/// Events that are told.
const TOLD: [&str; 4] =
    ["agent_signed_in", "agent_taken_over", "agent_signed_out", "account_locked"];

/// Takes over until the engine stops, on one node at a time.
pub(crate) async fn keep(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut lease = HeldLease::new(Arc::clone(&engine), "audit".to_owned(), LEASE);
    // Where nothing was told, it need not be looked at again.
    let mut passed = None;
    let mut waiting = LOOK_EVERY;
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(waiting) => {}
        }
        waiting = LOOK_EVERY;
        if !matches!(lease.hold().await, Ok(Some(_))) {
            passed = None;
            continue;
        }
        match take(&engine, &mut passed).await {
            // A log that grows by more than a page between two looks is caught up with all the same.
            Ok(Taken::InPart) => waiting = Duration::ZERO,
            Ok(Taken::All) => {}
            Err(error) => {
                tracing::debug!(%error, "sign-ins are told in the audit log later");
                passed = None;
            }
        }
    }
    let _ = lease.release().await;
}

/// How much of the log was taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// All that is there by now.
    All,
    /// A page of it; more is there.
    InPart,
}

/// Takes over what is there by now, or what one commit tells of it.
async fn take(engine: &Engine, passed: &mut Option<TakenUpTo>) -> Result<Taken, SubmitError> {
    let before = engine.audit_head().await.and_then(|head| head.taken);
    let mut from = passed.or(before);
    loop {
        let cursor = match from {
            Some(TakenUpTo { epoch, number }) => Cursor { epoch, number },
            None => first_look(engine).await?,
        };
        let page = engine.noting(engine.store.read_log(cursor, LINES).await)?;
        let lines = match page {
            LogPage::Lines(lines) => lines,
            // The log is another one, by a restore: what it had before is in the audit log it came with.
            LogPage::Restarted(cursor) => {
                let upto = TakenUpTo { epoch: cursor.epoch, number: cursor.number };
                return tell(engine, before, upto, Vec::new()).await;
            }
        };
        let Some(last) = lines.last().map(|line| line.cursor) else { return Ok(Taken::All) };
        let is_full = u32::try_from(lines.len()).is_ok_and(|lines| lines >= LINES);
        let upto = TakenUpTo { epoch: last.epoch, number: last.number };
        let past: Vec<_> = lines.iter().filter_map(past).collect();
        let far = upto.number.saturating_sub(before.map_or(0, |before| before.number));
        if !past.is_empty() || far > PASSED_MAX {
            *passed = None;
            let told = tell(engine, before, upto, past).await?;
            return Ok(if is_full { told } else { Taken::All });
        }
        *passed = Some(upto);
        from = Some(upto);
        if !is_full {
            return Ok(Taken::All);
        }
    }
}

/// Before the first line of the last day; lines stand in the order of their times, so it is found by halving.
async fn first_look(engine: &Engine) -> Result<Cursor, SubmitError> {
    let end = engine.noting(engine.store.end_of_log().await)?;
    let now = engine.clock.now();
    let (mut old, mut recent) = (0, end.number);
    while old < recent {
        let middle = old + (recent - old) / 2;
        let after = Cursor { number: middle, ..end };
        match engine.noting(engine.store.read_log(after, 1).await)? {
            LogPage::Lines(lines) => match lines.first() {
                Some(line) if now.since(line.at) > FIRST_LOOK => old = line.cursor.number,
                _ => recent = middle,
            },
            // The next look begins in the other log.
            LogPage::Restarted(cursor) => return Ok(cursor),
        }
    }
    Ok(Cursor { number: old, ..end })
}

async fn tell(
    engine: &Engine,
    before: Option<TakenUpTo>,
    upto: TakenUpTo,
    past: Vec<Past>,
) -> Result<Taken, SubmitError> {
    let id = InputId::new("audit_past", format_args!("{}/{}", upto.epoch, upto.number));
    let command = Command::Console(ConsoleCommand::TellPast { before, upto, past });
    engine.submit(Input::command(id, command)).await?;
    let taken = engine.audit_head().await.and_then(|head| head.taken);
    // Where another node tells as well, the two do not race each other.
    Ok(if taken == Some(upto) { Taken::InPart } else { Taken::All })
}

fn past(line: &LogEntry) -> Option<Past> {
    let name = TOLD.into_iter().find(|name| *name == line.event.name)?;
    let who = called(&line.event.subject);
    let mut deed = Deed::done(name, format!("agents/{who}"));
    for (detail, value) in &line.event.details {
        deed = deed.with(detail, &json!(value));
    }
    let by = Actor { who, how: None, from: None, reference: None };
    Some(Past { at: line.at, by, deed })
}

/// The agent or account that an event is about.
fn called(subject: &Key) -> String {
    match (subject.kind, subject.id.split_once(':')) {
        (Kind::Session, Some((_, id))) => id.to_owned(),
        _ => subject.id.clone(),
    }
}
