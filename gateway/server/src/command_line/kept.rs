//! `jackfield retention` and `erase`: what they say of an answer.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::{Problem, WhichNode};

pub(super) const RETENTION_HELP: &str = "\
How long is kept what, the settings say (retention.audit_days, retention.headset_days). Once a day one of the \
nodes removes what is older by itself; this does so now. The event log is kept for 90 days and outcomes for \
one, and are removed as they fall due.

Example:
  jackfield retention --dry-run";

pub(super) const ERASE_HELP: &str = "\
Removes the session document, the password's verifier, counts of wrong passwords, browser sessions, tokens \
and headsets of somebody who is no longer in the settings and not signed in. Lines of the log and the audit \
log name the id alone, and go when they are old enough; backups keep what they hold until you remove them.

Example:
  jackfield erase --agent 1001 --dry-run
  jackfield erase --agent 1001 --yes";

/// Whom to erase.
#[derive(Debug, Args)]
pub(super) struct EraseArguments {
    /// The agent's id, or the account's name.
    #[arg(long, value_name = "ID")]
    agent: String,
    /// Tell what is kept, and remove nothing.
    #[arg(long, required_unless_present = "yes", conflicts_with = "yes")]
    dry_run: bool,
    /// Remove it; there is no way back.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    node: WhichNode,
}

impl EraseArguments {
    pub(super) fn request(self) -> (WhichNode, Value) {
        (self.node, json!({"do": "erase", "agent": self.agent, "dry_run": self.dry_run}))
    }
}

/// What was, or would be, removed.
pub(super) fn show_retention(answer: &Value, out: &mut impl Write) -> Result<(), Problem> {
    let dry_run = answer.get("dry_run") == Some(&Value::Bool(true));
    let kinds = answer.get("kinds").and_then(Value::as_array).into_iter().flatten();
    for kind in kinds {
        let text = |name: &str| kind.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
        let number = |name: &str| kind.get(name).and_then(Value::as_u64).unwrap_or(0);
        let (name, days, count) = (text("kind"), number("days"), number("count"));
        if count == 0 {
            writeln!(out, "{name}: kept for {days} days, nothing is older")?;
            continue;
        }
        let verb = if dry_run { "would be removed" } else { "removed" };
        writeln!(
            out,
            "{name}: kept for {days} days, {count} {verb}, from {} to {}",
            text("oldest"),
            text("newest")
        )?;
    }
    Ok(())
}

/// What was, or would be, erased, and what stays.
pub(super) fn show_erasure(answer: &Value, out: &mut impl Write) -> Result<(), Problem> {
    let dry_run = answer.get("dry_run") == Some(&Value::Bool(true));
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or("?");
    let documents = answer.get("documents").and_then(Value::as_array).into_iter().flatten();
    let documents: Vec<_> = documents.filter_map(Value::as_str).collect();
    match (documents.is_empty(), dry_run) {
        (true, _) => writeln!(out, "nothing is kept under that id")?,
        (false, true) => writeln!(out, "would be removed: {}", documents.join(", "))?,
        (false, false) => writeln!(out, "removed: {}", documents.join(", "))?,
    }
    writeln!(
        out,
        "what names the id alone stays: the event log until {}, the audit log until {}; backups until \
         you remove them",
        text("log_until"),
        text("audit_until")
    )?;
    Ok(())
}
