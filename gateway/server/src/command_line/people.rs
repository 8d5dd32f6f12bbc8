//! Plans, the audit log and tokens as lines for people.

use serde_json::{Value, json};

use clap::Subcommand;

use super::WhichNode;
use super::import::planned_lines;

/// What is asked of the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum AuditDeed {
    /// Print the last entries, newest first.
    Show {
        /// How many, 1 to 1000.
        #[arg(long, default_value_t = 50)]
        limit: u64,
        /// Of that account only.
        #[arg(long)]
        who: Option<String>,
        /// About what begins so only: `agents/1001`, `sessions`.
        #[arg(long)]
        object: Option<String>,
        /// Entries before that number only.
        #[arg(long)]
        before: Option<u64>,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Whether no entry was altered, removed or moved.
    Check {
        #[command(flatten)]
        node: WhichNode,
    },
}

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum TokenDeed {
    /// Make one; it is printed once.
    Make {
        /// The account or agent it acts for.
        account: String,
        /// What it is for.
        #[arg(long)]
        name: String,
        /// A role it may use at most, several times; all of its owner's where none is given.
        #[arg(long = "role")]
        roles: Vec<String>,
        /// How many days it is good.
        #[arg(long)]
        days: Option<u32>,
        #[command(flatten)]
        node: WhichNode,
    },
    /// List them.
    List {
        #[command(flatten)]
        node: WhichNode,
    },
    /// Make one good no longer.
    Revoke {
        /// The part between `jf_` and the next `_`.
        id: String,
        #[command(flatten)]
        node: WhichNode,
    },
}

/// The request, and how its answer is shown.
pub(super) fn audit(deed: AuditDeed) -> (WhichNode, Value, fn(&Value) -> String) {
    match deed {
        AuditDeed::Show { limit, who, object, before, node } => {
            let request = json!({
                "do": "audit_list",
                "limit": limit,
                "who": who,
                "object": object,
                "before": before,
            });
            (node, request, entries)
        }
        AuditDeed::Check { node } => (node, json!({"do": "audit_check"}), checked),
    }
}

/// The request, and how its answer is shown.
pub(super) fn token(deed: TokenDeed) -> (WhichNode, Value, fn(&Value) -> String) {
    match deed {
        TokenDeed::Make { account, name, roles, days, node } => {
            let request = json!({
                "do": "token_make",
                "account": account,
                "name": name,
                "roles": roles,
                "days": days,
            });
            (node, request, |answer| format!("{}\n", text(answer, "token")))
        }
        TokenDeed::List { node } => (node, json!({"do": "tokens_list"}), tokens),
        TokenDeed::Revoke { id, node } => {
            (node, json!({"do": "token_revoke", "token": id}), |_| "revoked\n".to_owned())
        }
    }
}

/// What a file would change.
pub(super) fn plan(answer: &Value) -> String {
    let mut lines = planned_lines(answer);
    let number = |name: &str| answer.pointer(name).and_then(Value::as_u64).unwrap_or(0);
    let more = number("/more");
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    let (added, changed) = (number("/counts/added"), number("/counts/changed"));
    let removed = number("/counts/removed");
    lines.push(format!("{added} added, {changed} changed, {removed} removed"));
    lines.push(match added + changed + removed {
        0 => "all of it is in force already".to_owned(),
        _ => "nothing is changed yet: apply it without --dry-run".to_owned(),
    });
    clean(&lines)
}

fn entries(answer: &Value) -> String {
    let mut lines = Vec::new();
    for entry in list(answer, "entries") {
        let at = entry.get("at").and_then(Value::as_i64).unwrap_or_default();
        let at = crate::backup::when(domain::Timestamp::from_microseconds(at));
        let number = entry.get("number").and_then(Value::as_u64).unwrap_or_default();
        let part = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
        let outcome = part("/deed/outcome");
        lines.push(format!(
            "{number} {at} {} from {}: {} {}{}",
            part("/by/who"),
            part("/by/from"),
            part("/deed/action"),
            part("/deed/object"),
            if outcome == "done" { String::new() } else { format!(" ({outcome})") },
        ));
        for change in list(entry.get("deed").unwrap_or(&Value::Null), "changes") {
            let part = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or("nothing");
            lines.push(format!("    {}: {} -> {}", part("field"), part("before"), part("after")));
        }
    }
    if let Some(before) = answer.get("before").and_then(Value::as_u64) {
        lines.push(format!("older ones: --before {before}"));
    }
    clean(&lines)
}

fn checked(answer: &Value) -> String {
    let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or_default();
    match answer.get("intact").and_then(Value::as_bool) {
        Some(true) => format!(
            "entries {} to {} are as they were written; the last one's hash is {}\n",
            number("first"),
            number("last"),
            text(answer, "hash")
        ),
        _ => format!("NOT as it was written: {}\n", text(answer, "why")),
    }
}

fn tokens(answer: &Value) -> String {
    let line = |token: &Value| {
        let ends = token.get("ends_at").and_then(Value::as_i64).unwrap_or_default();
        let ends = crate::backup::when(domain::Timestamp::from_seconds(ends));
        let roles = list(token, "roles");
        let roles: Vec<_> = roles.iter().filter_map(Value::as_str).collect();
        format!(
            "{} for {} ({}), good until {ends}: {}",
            text(token, "id"),
            text(token, "for"),
            roles.join(", "),
            text(token, "name"),
        )
    };
    clean(&list(answer, "tokens").iter().map(line).collect::<Vec<_>>())
}

fn list(value: &Value, name: &str) -> Vec<Value> {
    value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("?")
}

/// What others wrote must not drive a terminal.
fn clean(lines: &[String]) -> String {
    let clean = lines.iter().map(|line| line.replace(char::is_control, "?"));
    clean.fold(String::new(), |text, line| text + &line + "\n")
}
