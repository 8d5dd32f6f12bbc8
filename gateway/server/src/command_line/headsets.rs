//! `jackfield headsets`: the inventory as lines for people and as a table, and what else is asked of headsets.

use std::io::Write;

use clap::{Args, Subcommand};
use console::{headset_csv_head, headset_csv_lines};
use serde_json::{Value, json};

use super::{Problem, WhichNode, ask, headset_phones};

/// How many are asked for at once.
const PAGE: u64 = 1_000;

pub(super) const HEADSETS_HELP: &str = "\
`list` shows the inventory. Phones report headsets when these come and go. One that was not connected for 30 days is told as inactive; \
somebody who has more than 15 is marked. Headsets that no phone reported for retention.headset_days are \
removed.

Example:
  jackfield headsets list --owner 1001
  jackfield headsets list --csv > headsets.csv
  jackfield headsets phones --device SEP001122334455
  jackfield headsets unknown";

/// What is done with headsets.
#[derive(Debug, Subcommand)]
pub(super) enum HeadsetsDeed {
    /// List those that phones reported, by serial number.
    List(ListArguments),
    /// List the phones that this node tells of agent states, or that asked it, by name.
    Phones(headset_phones::PhonesArguments),
    /// Show requests that the profile does not know, the newest first; values are masked.
    Unknown {
        #[command(flatten)]
        node: WhichNode,
    },
}

/// Which headsets to list, and how.
#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// As a table (CSV) with all that is known.
    #[arg(long)]
    csv: bool,
    /// Those whose serial number holds that.
    #[arg(long, value_name = "TEXT")]
    serial: Option<String>,
    /// Those at a phone whose name holds that.
    #[arg(long, value_name = "TEXT")]
    device: Option<String>,
    /// Those of somebody whose name holds that.
    #[arg(long, value_name = "TEXT")]
    owner: Option<String>,
    /// Those whose model holds that.
    #[arg(long, value_name = "TEXT")]
    model: Option<String>,
    #[command(flatten)]
    node: WhichNode,
}

pub(super) fn headsets(deed: HeadsetsDeed, out: &mut impl Write) -> Result<(), Problem> {
    match deed {
        HeadsetsDeed::List(wanted) => list(&wanted, out),
        HeadsetsDeed::Phones(wanted) => headset_phones::phones(&wanted, out),
        HeadsetsDeed::Unknown { node } => headset_phones::unknown(&node, out),
    }
}

/// Asks page by page and prints each as it comes.
fn list(wanted: &ListArguments, out: &mut impl Write) -> Result<(), Problem> {
    let socket = ask::socket(&wanted.node)?;
    if wanted.csv {
        write!(out, "{}", headset_csv_head())?;
    }
    let mut after: Option<String> = None;
    loop {
        let request = json!({
            "do": "headsets_list",
            "limit": PAGE,
            "after": after,
            "serial": wanted.serial,
            "device": wanted.device,
            "owner": wanted.owner,
            "model": wanted.model,
        });
        let answer = ask::exchange(&socket, &request)?;
        match wanted.csv {
            true => write!(out, "{}", headset_csv_lines(&answer))?,
            false => write!(out, "{}", lines(&answer))?,
        }
        after = answer.get("next").and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            return Ok(());
        }
    }
}

/// One line for each; what phones said must not drive a terminal.
fn lines(answer: &Value) -> String {
    let headsets = answer.get("headsets").and_then(Value::as_array).into_iter().flatten();
    headsets.map(|it| line(it).replace(char::is_control, "?") + "\n").collect()
}

fn line(headset: &Value) -> String {
    let text = |name: &str| headset.get(name).and_then(Value::as_str);
    let since = headset.get("since_at").and_then(Value::as_i64).unwrap_or_default();
    let since = crate::backup::when(domain::Timestamp::from_microseconds(since));
    let owner = text("owner").or(text("user"));
    let is = |name: &str| headset.get(name) == Some(&Value::Bool(true));
    let mut line = format!(
        "{} {}: {} at {} since {since}, firmware {}, of {}",
        text("serial").unwrap_or("?"),
        text("model").unwrap_or("of unknown model"),
        text("status").unwrap_or("?"),
        text("device").unwrap_or("?"),
        text("firmware").unwrap_or("unknown"),
        owner.unwrap_or("nobody"),
    );
    if !is("active") {
        line.push_str(", inactive");
    }
    if is("owner_has_too_many") {
        line.push_str(", who has more than 15");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headset_is_told_in_a_line_that_drives_no_terminal() {
        let headset = json!({
            "serial": "WTN1", "model": "CP-HS-562", "status": "disconnected", "device": "SEP1",
            "since_at": 1_800_000_000_000_000_i64, "firmware": "2-1\u{1b}[2J", "owner": null,
            "user": "1001", "active": false, "owner_has_too_many": true,
        });
        let told = lines(&json!({"headsets": [headset], "next": null}));
        assert_eq!(
            told,
            "WTN1 CP-HS-562: disconnected at SEP1 since 2027-01-15 08:00:00 UTC, firmware 2-1?[2J, \
             of \
             1001, inactive, who has more than 15\n"
        );
    }
}
