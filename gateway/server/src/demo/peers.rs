//! The simulated contact-centre server of `--cti`: another program beside this one, which ends with it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};

use super::{Folder, Ports};
use crate::node::NodeError;
use crate::secret_file;

/// The name of the demo's pair of servers.
pub(super) const PAIR: &str = "demo";
/// The program that plays the server.
const PROGRAM: &str = "jackfield-peers";
/// Its peripheral.
const PERIPHERAL: u32 = 5_000;

/// A running server.
pub(super) struct Peers {
    /// Where its sides listen, and its control socket.
    pub(super) side_a: String,
    pub(super) side_b: String,
    pub(super) control: String,
    child: Child,
    /// It ends when this does, however we end.
    _input: Option<ChildStdin>,
}

impl Peers {
    /// Starts it with the agents of these settings; when this returns, it listens.
    pub(super) fn start(
        folder: &Folder,
        ports: &Ports,
        settings: &Value,
    ) -> Result<Self, NodeError> {
        let agents = folder.file("cti-agents.json");
        secret_file::write(&agents, population(settings).to_string().as_bytes())?;
        let [side_a, side_b, control] = ports.peers.map(|port| format!("127.0.0.1:{port}"));
        let program = program();
        let failed = |why: String| NodeError::Peers { program: program.clone(), why };
        let mut child = Command::new(&program)
            .args(["cti-server", "--until-input-ends", "--wrap-up-seconds", "20", "--listen-a"])
            .args([&side_a, "--listen-b", &side_b, "--control", &control, "--agents"])
            .arg(&agents)
            .args(["--peripheral", &PERIPHERAL.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let input = child.stdin.take();
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            let mut output = BufReader::new(output);
            output.read_line(&mut line).map_err(|error| failed(error.to_string()))?;
        }
        if !line.starts_with("ready ") {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(
                "it ended before it was ready; its own message is above".to_owned(),
            ));
        }
        Ok(Self { side_a, side_b, control, child, _input: input })
    }

    /// Puts the pair into settings. Its server judges passwords; those in the settings are not asked for.
    pub(super) fn add_to(&self, settings: &mut Value) {
        let Some(members) = settings.as_object_mut() else { return };
        let pair = json!([{
            "name": PAIR,
            "side_a": self.side_a,
            "side_b": self.side_b,
            "peripheral_id": PERIPHERAL,
        }]);
        members.insert("cti_pairs".to_owned(), pair);
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self._input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beside our own program, else wherever the system finds it.
pub(super) fn program() -> PathBuf {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(PROGRAM));
    beside.filter(|program| program.exists()).unwrap_or_else(|| PathBuf::from(PROGRAM))
}

/// Agents and queues for the server, out of the demo's settings.
fn population(settings: &Value) -> Value {
    let list = |name: &str| settings.get(name).and_then(Value::as_array).into_iter().flatten();
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let teams: Vec<_> = list("teams").map(|team| text(team, "name")).collect();
    let number = |team: &str| teams.iter().position(|name| name == team).map_or(0, |at| at + 1);
    let agents: Vec<_> = list("agents")
        .map(|agent| {
            let line = text(agent, "extension");
            let has_line = |device: &&Value| {
                let lines = device.get("lines").and_then(Value::as_array).into_iter().flatten();
                lines.into_iter().any(|it| it.as_str() == Some(&line))
            };
            let devices: Vec<_> =
                list("devices").filter(has_line).map(|device| text(device, "name")).collect();
            let team = number(&text(agent, "team"));
            let roles = agent.get("roles").and_then(Value::as_array).into_iter().flatten();
            json!({
                "id": text(agent, "id"),
                "password": text(agent, "password"),
                "extension": line,
                // A line on one phone is not shared.
                "devices": if devices.len() > 1 { devices } else { Vec::new() },
                "team": team,
                "supervisor": roles.into_iter().any(|role| role == "supervisor"),
                "mobile": true,
                "skill_groups": [team.max(1)],
            })
        })
        .collect();
    let named = |(at, name): (usize, &String)| json!({"number": at + 1, "name": name});
    let groups: Vec<_> = teams.iter().enumerate().map(named).collect();
    json!({"agents": agents, "teams": groups, "skill_groups": groups})
}
