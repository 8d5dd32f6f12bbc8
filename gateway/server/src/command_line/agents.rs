//! What can be done for one agent and their calls, and how a node is asked for it.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::WhichNode;

#[derive(Debug, Subcommand)]
pub(super) enum AgentDeed {
    /// Sign an agent in.
    SignIn {
        /// The agent's id.
        id: String,
        /// Their line.
        #[arg(long)]
        extension: String,
        /// The phone that carries the voice, where several have the line.
        #[arg(long)]
        device: Option<String>,
        /// The number of a remote phone, for a mobile agent.
        #[arg(long, value_name = "NUMBER")]
        mobile: Option<String>,
        /// How the remote phone is connected.
        #[arg(long, requires = "mobile", value_enum)]
        mode: Option<Mode>,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Take calls.
    Ready {
        /// The agent's id.
        id: String,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Take no calls.
    NotReady {
        /// The agent's id.
        id: String,
        /// Why: the code of a not_ready reason.
        #[arg(long, value_name = "CODE")]
        reason: Option<u16>,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Sign an agent out, whatever they do.
    SignOut {
        /// The agent's id.
        id: String,
        /// Why: a code, shown as it is.
        #[arg(long, value_name = "CODE")]
        reason: Option<u16>,
        #[command(flatten)]
        node: WhichNode,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CallDeed {
    /// A call reaches the agent, or is placed.
    Begin {
        /// The agent's id.
        id: String,
        /// The other side's number.
        #[arg(long)]
        number: String,
        /// The agent placed it.
        #[arg(long)]
        outbound: bool,
        /// The call's own id, where it matters.
        #[arg(long, value_name = "CALL")]
        call: Option<String>,
        /// A call variable; may be given several times.
        #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
        variables: Vec<(String, String)>,
        #[command(flatten)]
        node: WhichNode,
    },
    /// The call is over.
    End {
        /// The agent's id.
        id: String,
        /// The call's own id; where the agent is in another call by now, nothing changes.
        #[arg(long, value_name = "CALL")]
        call: Option<String>,
        #[command(flatten)]
        node: WhichNode,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Mode {
    /// Called for each call.
    CallByCall,
    /// Connected from sign-in to sign-out.
    NailedConnection,
}

/// What a node is asked for an agent.
pub(super) fn agent(deed: AgentDeed) -> (WhichNode, Value) {
    let state = |id: String, state: &str, reason: Option<u16>| json!({"do": "agent_state", "agent": id, "state": state, "reason": reason});
    match deed {
        AgentDeed::SignIn { id, extension, device, mobile, mode, node } => {
            let mode = match mode {
                Some(Mode::NailedConnection) => "nailed_connection",
                Some(Mode::CallByCall) | None => "call_by_call",
            };
            let request = json!({
                "do": "agent_sign_in",
                "agent": id,
                "extension": extension,
                "device": device,
                "mobile": mobile.map(|number| json!({"number": number, "mode": mode})),
            });
            (node, request)
        }
        AgentDeed::Ready { id, node } => (node, state(id, "ready", None)),
        AgentDeed::NotReady { id, reason, node } => (node, state(id, "not_ready", reason)),
        AgentDeed::SignOut { id, reason, node } => (node, state(id, "signed_out", reason)),
    }
}

/// What a node is asked about a call.
pub(super) fn call(deed: CallDeed) -> (WhichNode, Value) {
    match deed {
        CallDeed::Begin { id, number, outbound, call, variables, node } => {
            let variables: serde_json::Map<_, _> =
                variables.into_iter().map(|(name, value)| (name, value.into())).collect();
            let request = json!({
                "do": "call_begin",
                "agent": id,
                "number": number,
                "direction": if outbound { "outbound" } else { "inbound" },
                "call": call,
                "variables": variables,
            });
            (node, request)
        }
        CallDeed::End { id, call, node } => {
            (node, json!({"do": "call_end", "agent": id, "call": call}))
        }
    }
}

/// A call variable as it is written on the command line.
fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must be NAME=VALUE".to_owned()),
    }
}
