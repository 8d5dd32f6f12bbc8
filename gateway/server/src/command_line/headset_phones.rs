//! `jackfield headsets phones` and `unknown`: what phones with headsets were told, and what nobody understood.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::{Problem, WhichNode, ask};

/// How many are asked for at once.
const PAGE: u64 = 1_000;

pub(super) const PROFILE_HELP: &str = "\
No node has to run. A profile says how paths, names and values of the headset service look; profile_file of \
[listeners.headset] in the configuration names one. `jackfield headsets unknown` shows what phones asked for that \
the profile in use does not know.

Example:
  jackfield headset-profile > headset.toml";

/// Which phones to list, and how.
#[derive(Debug, Args)]
pub(super) struct PhonesArguments {
    /// Those whose name holds that.
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    node: WhichNode,
}

/// Asks page by page and prints each as it comes; JSON is printed whole.
pub(super) fn phones(wanted: &PhonesArguments, out: &mut impl Write) -> Result<(), Problem> {
    let socket = ask::socket(&wanted.node)?;
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let request = json!({
            "do": "headset_phones", "limit": PAGE, "after": after, "device": wanted.device,
        });
        let answer = ask::exchange(&socket, &request)?;
        match wanted.json {
            true => all.extend(listed(&answer, "phones").cloned()),
            false => write!(out, "{}", phone_lines(&answer))?,
        }
        after = answer.get("next").and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    if wanted.json {
        let all = json!({"phones": all});
        writeln!(out, "{}", serde_json::to_string_pretty(&all).unwrap_or_default())?;
    }
    Ok(())
}

/// Prints what nobody understood.
pub(super) fn unknown(node: &WhichNode, out: &mut impl Write) -> Result<(), Problem> {
    let socket = ask::socket(node)?;
    let answer = ask::exchange(&socket, &json!({"do": "headset_unknown_requests"}))?;
    Ok(write!(out, "{}", unknown_lines(&answer))?)
}

fn listed<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn when(at: &Value) -> Option<String> {
    at.as_i64().map(|at| crate::backup::when(domain::Timestamp::from_microseconds(at)))
}

/// One line for each phone.
fn phone_lines(answer: &Value) -> String {
    listed(answer, "phones")
        .map(|it| phone_line(it).replace(char::is_control, "?") + "\n")
        .collect()
}

fn phone_line(phone: &Value) -> String {
    let text = |name: &str| phone.get(name).and_then(Value::as_str);
    let is = |name: &str| phone.get(name) == Some(&Value::Bool(true));
    let told = match (text("state"), phone.get("reason").and_then(Value::as_u64)) {
        (None, _) => "nothing".to_owned(),
        (Some(state), None) => state.replace('_', " "),
        (Some(state), Some(reason)) => format!("{} (reason {reason})", state.replace('_', " ")),
    };
    let reached = match (is("dead"), is("reached")) {
        (true, _) => "DEAD",
        (false, true) => "reached",
        (false, false) => "not reached",
    };
    let discovered = phone.get("discovered_at").and_then(when);
    let mut line = format!(
        "{}: {}, told {told}, light {}, {reached}, discovered {}, proof {}",
        text("device").unwrap_or("?"),
        text("agent").map_or("nobody".to_owned(), |agent| format!("agent {agent}")),
        text("light").unwrap_or("?"),
        discovered.as_deref().unwrap_or("never"),
        text("proof").unwrap_or("none"),
    );
    if let Some(problem) = text("problem") {
        line.push_str("; ");
        line.push_str(problem);
    }
    line
}

/// Each request as it was sent, indented; what phones said must not drive a terminal.
fn unknown_lines(answer: &Value) -> String {
    let mut lines = String::new();
    for request in listed(answer, "requests") {
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let count = request.get("count").and_then(Value::as_u64).unwrap_or(0);
        let at = request.get("at").and_then(when).unwrap_or_default();
        let mut whole = format!("{} {}\n", text(request, "method"), text(request, "target"));
        for header in listed(request, "headers") {
            whole.push_str(&format!("{}: {}\n", text(header, "name"), text(header, "value")));
        }
        let body = text(request, "body");
        if !body.is_empty() {
            whole.push_str(&format!("\n{body}\n"));
        }
        lines.push_str(&format!("{count} times, the last at {at}:\n"));
        for line in whole.lines() {
            let line = format!("  {}", line.replace(char::is_control, "?"));
            lines.push_str(line.trim_end());
            lines.push('\n');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_told_in_a_line_with_what_is_wrong() {
        let well = json!({
            "device": "SEP1", "agent": "east:1001", "state": "not_ready", "reason": 7, "light": "red",
            "reached": true, "dead": false, "discovered_at": 1_800_000_000_000_000_i64,
            "configured_at": null, "proof": "certificate", "problem": null,
        });
        let dead = json!({
            "device": "SEP2", "agent": null, "state": null, "reason": null, "light": "off",
            "reached": true, "dead": true, "discovered_at": null, "configured_at": null,
            "proof": null, "problem": "no answer\u{1b}[2J",
        });
        assert_eq!(
            phone_lines(&json!({"phones": [well, dead], "next": null})),
            "SEP1: agent east:1001, told not ready (reason 7), light red, reached, discovered \
             2027-01-15 08:00:00 UTC, proof certificate\n\
             SEP2: nobody, told nothing, light off, DEAD, discovered never, proof none; no \
             answer?[2J\n"
        );
    }

    #[test]
    fn a_request_that_nobody_understood_is_shown_as_it_was_sent_and_drives_no_terminal() {
        let request = json!({
            "at": 1_800_000_000_000_000_i64, "count": 3, "method": "PUT", "target": "/x/SEP#12?a=#3",
            "headers": [{"name": "Content-Type", "value": "text/xml"}],
            "body": "<a>\n<b>\u{1b}</b></a>",
        });
        assert_eq!(
            unknown_lines(&json!({"requests": [request]})),
            "3 times, the last at 2027-01-15 08:00:00 UTC:\n  PUT /x/SEP#12?a=#3\n  Content-Type: \
             text/xml\n\n  <a>\n  <b>?</b></a>\n"
        );
    }
}
