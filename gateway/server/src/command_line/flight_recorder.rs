//! `jackfield flight-recorder`: what every link said in the last minutes.

use clap::Args;
use serde_json::{Value, json};

use super::WhichNode;

pub(super) const HELP: &str = "\
A running node keeps what its links said for some minutes, in memory alone ([flight_recorder] in the configuration \
says how much). Passwords, cookies, tokens, links and what customers wrote are not in it; numbers of callers are, so \
treat what is printed as personal data. Each node has what it saw itself: ask each of them.

An agent behind ~ was not named by the message, but follows from the device, line or call. Links: engine (what was \
decided here), cti, sip, phone, push, headset, provisioning, directory, identity.

Examples:
  jackfield flight-recorder --agent 1001 --minutes 5
  jackfield flight-recorder --device SEP001122334455 --link sip
  jackfield flight-recorder --contact east/16777225 --json > incident.jsonl";

/// Which records to print.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Those of that agent, on all links.
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Those of that device, and of whoever was at it.
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Those of that call, and of its agents meanwhile.
    #[arg(long, value_name = "ID")]
    contact: Option<String>,
    /// Those of that sort of link.
    #[arg(long, value_name = "LINK")]
    link: Option<String>,
    /// Those of the last so many minutes.
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// At most so many, the newest; 1000 where not given, and never more than 10000.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    node: WhichNode,
}

impl Arguments {
    /// The node that is asked, and what.
    pub(super) fn request(self) -> (WhichNode, Value) {
        let format = if self.json { "jsonl" } else { "text" };
        let mut request = json!({"do": "flight_recorder_export", "format": format});
        let given = [
            ("agent", self.agent.map(Value::from)),
            ("device", self.device.map(Value::from)),
            ("contact", self.contact.map(Value::from)),
            ("link", self.link.map(Value::from)),
            ("minutes", self.minutes.map(Value::from)),
            ("limit", self.limit.map(Value::from)),
        ];
        if let Some(members) = request.as_object_mut() {
            let given =
                given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            members.extend(given);
        }
        (self.node, request)
    }
}
